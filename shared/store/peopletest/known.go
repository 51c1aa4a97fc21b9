package peopletest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// How many marks store keeps.
const (
	mostFavourites = 100
	mostRecent     = 8
)

// Sessions is where the row beside a person stands: sessiontest.Rows.
type Sessions interface {
	Get(ctx context.Context, key [32]byte) (store.Row, error)
}

// Known is that of store.People.
func (p *People) Known(ctx context.Context, idp, person string, beside [32]byte) (store.Known, store.Row, error) {
	var known store.Known
	err := p.change("known", idp, person, func(there store.Known) store.Known {
		known = there
		return there
	})
	if err != nil {
		return store.Known{}, store.Row{}, err
	}
	row, err := p.Sessions.Get(ctx, beside)
	if reason.Of(err) == reason.SessionMissing {
		return known, store.Row{}, nil
	}
	return known, row, err
}

// EndSessions is that of store.People.
func (p *People) EndSessions(_ context.Context, idp, person string, at time.Time) error {
	return p.change("endSessions", idp, person, func(there store.Known) store.Known {
		if there.ValidFrom.Before(at) {
			there.ValidFrom = at
		}
		return there
	})
}

// Favour is that of store.People.
func (p *People) Favour(_ context.Context, idp, person string, seen store.Known, role store.Marked) error {
	if role.Role.IsZero() {
		return errors.New("no role cannot be a favourite")
	}
	return p.change("favour", idp, person, func(there store.Known) store.Known {
		if !isMarked(seen.Favourites, role.Role) {
			there.Favourites = marked(there.Favourites, role, mostFavourites)
		}
		return there
	})
}

// Unfavour is that of store.People.
func (p *People) Unfavour(_ context.Context, idp, person string, role ram.RoleARN) error {
	return p.change("unfavour", idp, person, func(there store.Known) store.Known {
		there.Favourites = without(there.Favourites, role)
		return there
	})
}

// Remember is that of store.People.
func (p *People) Remember(_ context.Context, idp, person string, _ store.Known, role store.Marked) error {
	if role.Role.IsZero() {
		return errors.New("no role was taken")
	}
	return p.change("remember", idp, person, func(there store.Known) store.Known {
		there.Recent = marked(there.Recent, role, mostRecent)
		return there
	})
}

func (p *People) change(name, idp, person string, do func(store.Known) store.Known) error {
	if idp == "" || idp[0] == '@' || person == "" {
		return errors.New("that is nobody")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.call(name); err != nil {
		return err
	}
	if p.stuck != nil && name != "known" && name != "left" {
		return p.stuck
	}
	if p.known == nil {
		p.known = map[[2]string]store.Known{}
	}
	who := [2]string{idp, person}
	p.known[who] = do(p.known[who])
	return nil
}

// marked has role among others, the newest first.
func marked(marks []store.Marked, role store.Marked, most int) []store.Marked {
	role.At = time.Unix(role.At.Unix(), 0)
	all := append(without(marks, role.Role), role)
	slices.SortFunc(all, func(a, b store.Marked) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Role.String(), b.Role.String()))
	})
	return all[:min(len(all), most)]
}

func without(marks []store.Marked, role ram.RoleARN) []store.Marked {
	return slices.DeleteFunc(slices.Clone(marks), func(m store.Marked) bool { return m.Role == role })
}

func isMarked(marks []store.Marked, role ram.RoleARN) bool {
	return slices.ContainsFunc(marks, func(m store.Marked) bool { return m.Role == role })
}
