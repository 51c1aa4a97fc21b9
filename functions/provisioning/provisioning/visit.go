package provisioning

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

const (
	leaseTime = 20 * time.Second
	visitTime = 15 * time.Second
	notes     = 3 * time.Second // is kept free before the platform's deadline, to write what came of it
	again     = 10              // times a visit begins anew for what came meanwhile
)

// errHeld is of a subject that somebody else is at.
var errHeld = errors.New("another visit is under way")

// visit is one stay at a subject.
type visit struct {
	machine
	subject  lifecycle.Subject
	owner    string // of the lease
	state    lifecycle.State
	revision federation.Revision
	held     []Holding // what belongs to the person, once it was read; nil: it was not
	began    time.Time
	left     bool // whoever is called as the person is has left
}

// visit does what waits in a place. Its error is the store's.
func (m machine) visit(ctx context.Context, place string) error {
	for range again {
		waiting, err := m.Events.PendingOf(ctx, place)
		if err != nil || len(waiting) == 0 {
			return err
		}
		if inbox.IsAboutTrust(place) {
			return m.trust(ctx, waiting)
		}
		more, err := m.stay(ctx, place, waiting)
		if err != nil || !more || !m.timely(ctx) {
			return err
		}
	}
	return nil
}

// trust does events about an identity provider, each for itself and in their order.
func (m machine) trust(ctx context.Context, waiting []inbox.Waiting) error {
	slices.SortFunc(waiting, func(a, b inbox.Waiting) int { return a.First.Compare(b.First) })
	waiting = slices.DeleteFunc(waiting, func(w inbox.Waiting) bool { return m.Now().Before(w.Due) })
	return m.settleEach(ctx, waiting, func(e lifecycle.Event) error { return m.Trust(ctx, e) }, m.Now())
}

// stay is one visit with the lease of its subject; it says whether something came that it
// did not see.
func (m machine) stay(ctx context.Context, place string, waiting []inbox.Waiting) (more bool, err error) {
	v := &visit{machine: m, owner: rand.Text(), began: m.Now()}
	if v.subject, err = lifecycle.ParseSubject(place); err != nil {
		err = reason.New(reason.EventMalformed, "%w", err)
		return false, m.settleEach(ctx, waiting, func(lifecycle.Event) error { return err }, v.began)
	}
	short, cancel := m.cut(ctx)
	defer cancel()
	state, tooMany, err := m.Inbox.Merge(short, v.subject, decodeAll(waiting), v.take)
	switch {
	case errors.Is(err, errHeld):
		m.Log.InfoContext(ctx, "subject is visited already", "subject", place)
		return false, nil
	case isStore(err):
		return false, err
	case err != nil:
		return false, m.settleEach(ctx, waiting, func(lifecycle.Event) error { return err }, v.began)
	}
	v.state = state
	result := v.work(short)
	if err := v.tellMembers(short, result); err != nil {
		result.err = err
	}
	failed := v.settleEach(ctx, waiting, func(e lifecycle.Event) error { return result.of(e, tooMany) }, v.began)
	if err := errors.Join(failed, v.release(ctx, result)); isStore(err) {
		return false, err
	}
	return v.unseen(ctx, place, waiting)
}

// cut is how long the calls of a visit may go on.
func (m machine) cut(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := visitTime
	if deadline, limited := ctx.Deadline(); limited {
		limit = min(limit, deadline.Sub(m.Now())-notes)
	}
	return context.WithTimeout(ctx, limit)
}

// decodeAll leaves out what cannot be read: settleEach meets it again.
func decodeAll(waiting []inbox.Waiting) []lifecycle.Event {
	var events []lifecycle.Event
	for _, w := range waiting {
		if e, err := decode(w); err == nil {
			events = append(events, e)
		}
	}
	return events
}

// take takes the lease. One that reaches further than leases do was written by a clock
// that went wrong, and would hold up everybody until then.
func (v *visit) take(s *lifecycle.State) error {
	now := v.Now()
	if s.Lease.Held(v.owner, now) && s.Lease.Until.Sub(now) <= leaseTime {
		return errHeld
	}
	s.Lease = lifecycle.Lease{Owner: v.owner, Until: now.Add(leaseTime).Round(0).UTC()}
	if name := nameOf(*s); name != "" {
		s.Names = append(slices.DeleteFunc(slices.Clone(s.Names), func(n string) bool { return n == name }), name)
	}
	return nil
}

// note changes the state while the lease is this visit's.
func (v *visit) note(ctx context.Context, change func(*lifecycle.State)) error {
	state, _, err := v.Inbox.Merge(ctx, v.subject, nil, func(s *lifecycle.State) error {
		if s.Lease.Owner != v.owner {
			return fmt.Errorf("%w: this one took too long", errHeld)
		}
		change(s)
		return nil
	})
	if err == nil { // what came meanwhile is the next visit's
		v.state.Names, v.state.Users = state.Names, state.Users
	}
	return err
}

// release gives the lease back. Where it is not there any more, that is no matter.
func (v *visit) release(ctx context.Context, r result) error {
	_, _, err := v.Inbox.Merge(ctx, v.subject, nil, func(s *lifecycle.State) error {
		if s.Lease.Owner != v.owner {
			return errHeld
		}
		s.Lease = lifecycle.Lease{}
		v.forgetNames(s, r)
		return nil
	})
	if errors.Is(err, errHeld) {
		return nil
	}
	return err
}

// forgetNames leaves the one name that RAM has now, if that is known.
func (v *visit) forgetNames(s *lifecycle.State, r result) {
	if r.err == nil && len(s.Names) > 0 && nameOf(*s) == nameOf(v.state) {
		s.Names = s.Names[len(s.Names)-1:]
	}
}

// unseen says whether an event waits that the visit did not have.
func (v *visit) unseen(ctx context.Context, place string, seen []inbox.Waiting) (bool, error) {
	now, err := v.Events.PendingOf(ctx, place)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(now, func(w inbox.Waiting) bool {
		return !slices.ContainsFunc(seen, func(s inbox.Waiting) bool { return s.Key == w.Key })
	}), nil
}

// nameOf is what is kept in a state's names.
func nameOf(s lifecycle.State) string {
	if s.Group != nil && !s.Group.Gone {
		return s.Group.Name
	}
	return inbox.CalledBy(s)
}
