package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/fetch"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// atOnce is how many sources are fetched side by side: a slow one delays few.
const atOnce = 8

// refresher brings the keys of one revision's records up to date.
type refresher struct {
	refresh.Refresher
	revision federation.Revision
}

// refresh fetches what the identity providers say of themselves. One that cannot
// be had is told, and does not undo the revision: its record waits for keys.
func (p program) refresh(ctx context.Context, book *store.Trust, revision federation.Revision, local bool) error {
	r := refresher{revision: revision, Refresher: refresh.Refresher{
		Store: book,
		Fetch: func(ctx context.Context, address string, how trust.Fetch) ([]byte, error) {
			return fetch.Get(ctx, address, fetch.Options{AllowCIDRs: how.AllowCIDRs, CA: how.CA, AllowLoopback: local})
		},
		Now:           p.now,
		AllowLoopback: local,
	}}
	lines, err := r.all(ctx)
	p.say("%s", strings.Join(lines, ""))
	if err != nil {
		return fmt.Errorf("cannot store keys: %w", err)
	}
	return nil
}

// all gives a line for each SAML identity provider, in the order of the file.
func (r refresher) all(ctx context.Context) ([]string, error) {
	sources := slices.DeleteFunc(r.revision.IdentityProviders(), func(s trust.Source) bool { return s.Kind() != trust.KindSAML })
	lines, failed := make([]string, len(sources)), make([]error, len(sources))
	turn := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i, source := range sources {
		wait.Go(func() {
			turn <- struct{}{}
			defer func() { <-turn }()
			lines[i], failed[i] = r.one(ctx, source)
		})
	}
	wait.Wait()
	return lines, errors.Join(failed...)
}

func (r refresher) one(ctx context.Context, source trust.Source) (line string, failed error) {
	result, err := r.Record(ctx, source)
	if err == nil {
		return describe(source, result), nil
	}
	if code := reason.Of(err); code == reason.SourceUnavailable || code == reason.MetadataInvalid {
		return fmt.Sprintf("%s: %s: %v\n", source.ID, r.standing(ctx, source), err), nil
	}
	return "", err
}

// standing says what a record is that could not be refreshed.
func (r refresher) standing(ctx context.Context, source trust.Source) string {
	const pending = "pending, it refuses sign-ins until its metadata can be read"
	keys, _, err := r.Store.Keys(ctx, source.ID)
	if err != nil {
		return pending
	}
	record, err := r.revision.Record(source.ID, keys)
	if err != nil || record.Pending() {
		return pending
	}
	return "keeps the keys that it has"
}

func describe(source trust.Source, result refresh.Result) string {
	verb := "keys unchanged"
	if result.Changed {
		verb = "keys fetched"
	}
	certificates, err := result.Keys.Parse()
	if err != nil {
		return fmt.Sprintf("%s: %s: %v\n", source.ID, verb, err)
	}
	ends := certificates[0].NotAfter
	for _, c := range certificates {
		if c.NotAfter.Before(ends) {
			ends = c.NotAfter
		}
	}
	return fmt.Sprintf("%s: %s: entity ID %s, %s, valid until %s\n",
		source.ID, verb, result.Keys.EntityID, count(len(certificates), "certificate"), ends.UTC().Format(time.DateOnly))
}
