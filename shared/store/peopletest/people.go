// Package peopletest keeps in memory who owns which RAM user, and what else is known
// of people, for tests of what stands before the store; the store's own contract is
// tested on the real one, and this here by the same tests.
package peopletest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// People is a table of owners and of people, beside a table of sessions.
type People struct {
	Sessions Sessions

	mu    sync.Mutex
	err   error
	stuck error // what writes answer
	owned []store.Owned
	known map[[2]string]store.Known
	order map[[2]string]lifecycle.Order // of who was said to have left or not
	made  map[[2]string]bool            // by account and small name
	calls map[string]int
}

// Break makes every call answer err, for a store that is at fault; nil mends it.
func (p *People) Break(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// BreakWrites makes every write of what is known of people answer err.
func (p *People) BreakWrites(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stuck = err
}

// Calls says how often each method was called, and forgets it.
func (p *People) Calls() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := p.calls
	p.calls = nil
	return calls
}

// call counts one, and says what it has to answer.
func (p *People) call(name string) error {
	if p.calls == nil {
		p.calls = map[string]int{}
	}
	p.calls[name]++
	return p.err
}

// Claim is that of store.People.
func (p *People) Claim(_ context.Context, account, user string, owner store.Owner) (store.Owner, error) {
	if _, err := ram.ParseAccountID(account); err != nil {
		return store.Owner{}, err
	}
	name, err := ram.FoldUserName(user)
	if err != nil {
		return store.Owner{}, err
	}
	if owner.IdP == "" || owner.Person == "" {
		return store.Owner{}, errors.New("nobody cannot own a RAM user")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.call("claim"); err != nil {
		return store.Owner{}, err
	}
	if i := p.find(account, name); i >= 0 {
		return p.owned[i].Owner, nil
	}
	owner.Since = time.Unix(owner.Since.Unix(), 0)
	p.owned = append(p.owned, store.Owned{Account: account, User: name, Owner: owner})
	return owner, nil
}

// Owned is that of store.People.
func (p *People) Owned(_ context.Context, account string) ([]store.Owned, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.call("owned"); err != nil {
		return nil, err
	}
	list := []store.Owned{}
	for _, o := range p.owned {
		if account == "" || o.Account == account {
			list = append(list, o)
		}
	}
	slices.SortFunc(list, func(a, b store.Owned) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.User, b.User))
	})
	return list, nil
}

// Release is that of store.People.
func (p *People) Release(_ context.Context, o store.Owned) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.call("release"); err != nil {
		return err
	}
	i := p.find(o.Account, o.User)
	if i < 0 {
		return nil
	}
	if p.owned[i] != o {
		return reason.New(reason.StoreConflict, "%s of account %s belongs to somebody else now", o.User, o.Account)
	}
	p.owned = slices.Delete(p.owned, i, i+1)
	delete(p.made, [2]string{o.Account, o.User})
	return nil
}

func (p *People) find(account, name string) int {
	return slices.IndexFunc(p.owned, func(o store.Owned) bool { return o.Account == account && o.User == name })
}
