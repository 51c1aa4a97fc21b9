// Package booktest keeps a federation in memory, row by row as the store does, for
// tests of those who read it.
//
// In: a draft. Out: a source for book.New. Refused: a draft with problems.
package booktest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/store"
)

// Shelf is a store of which tests say what it holds. Its fields may be changed
// between readings.
type Shelf struct {
	Now  store.Head
	Stop []byte            // which identity providers events stopped
	Keys map[string][]byte // by identity provider
	Ours []byte            // our own keys
	RAM  map[string][]byte // what is remembered of each account's
	Err  error             // what every question is answered with, if it is set

	mu        sync.Mutex
	Revisions map[string][]store.Item
	Calls     []string
}

// Put stores a federation and makes it the head.
func (s *Shelf) Put(tb testing.TB, draft federation.Draft) federation.Revision {
	tb.Helper()
	revision, problems := federation.Compile(draft, federation.Options{})
	if len(problems) > 0 {
		tb.Fatalf("the federation has problems: %v", problems)
	}
	var items []store.Item
	for _, item := range revision.Items() {
		items = append(items, store.Item(item))
	}
	if s.Revisions == nil {
		s.Revisions = map[string][]store.Item{}
	}
	s.Revisions[revision.ID()] = items
	s.Now = store.Head{Revision: revision.ID(), Entry: revision.ID()}
	return revision
}

func (s *Shelf) call(what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Calls = append(s.Calls, what)
	return s.Err
}

// Top is the head that was put last, and who was stopped.
func (s *Shelf) Top(context.Context) (store.Front, error) {
	return store.Front{Head: s.Now, Stops: s.Stop}, s.call("head")
}

// Front is Top, keys and our own.
func (s *Shelf) Front(_ context.Context, idp string) (store.Front, error) {
	return store.Front{Head: s.Now, Stops: s.Stop, Keys: s.Keys[idp], Own: s.Ours}, s.call("front " + idp)
}

// Own are our own keys.
func (s *Shelf) Own(context.Context) ([]byte, int64, error) { return s.Ours, 0, s.call("own") }

// Accounts are what is remembered of them.
func (s *Shelf) Accounts(_ context.Context, accounts []string) ([][]byte, error) {
	var rows [][]byte
	for _, account := range accounts {
		rows = append(rows, s.RAM[account])
	}
	return rows, s.call("accounts " + strings.Join(accounts, " "))
}

// Row is one row of a revision.
func (s *Shelf) Row(_ context.Context, rev, id string) (*store.Item, error) {
	if err := s.call("row " + id); err != nil {
		return nil, err
	}
	for _, item := range s.Revisions[rev] {
		if item.ID == id {
			return &item, nil
		}
	}
	return nil, nil //nolint:nilnil // as the store says that there is none
}

// Rows are those of a revision whose IDs begin so.
func (s *Shelf) Rows(_ context.Context, rev, prefix string) ([]store.Item, error) {
	if err := s.call("rows " + prefix); err != nil {
		return nil, err
	}
	var items []store.Item
	for _, item := range s.Revisions[rev] {
		if strings.HasPrefix(item.ID, prefix) {
			items = append(items, item)
		}
	}
	return items, nil
}
