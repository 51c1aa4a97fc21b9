package provisioning

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

const (
	atOnce    = 8               // subjects, side by side: RAM takes so many calls a second
	lastVisit = 5 * time.Second // with less left none is begun
	page      = 500             // of events that are due
)

// sweep visits all subjects of which something is due. What another run is at is its; one
// that fails stops no other.
func (m machine) sweep(ctx context.Context) error {
	var failed []error
	var last inbox.Waiting
	for m.timely(ctx) {
		due, err := m.Events.Pending(ctx, last, m.Now(), page)
		if err != nil || len(due) == 0 {
			return errors.Join(append(failed, err)...)
		}
		last = due[len(due)-1]
		failed = append(failed, m.visitAll(ctx, placesOf(due)))
	}
	m.Log.WarnContext(ctx, "the run was cut off, the next one goes on")
	return errors.Join(failed...)
}

func placesOf(events []inbox.Waiting) []string {
	var places []string
	for _, w := range events {
		places = append(places, w.Subject)
	}
	slices.Sort(places)
	return slices.Compact(places)
}

// visitAll visits subjects, groups before their members, of whom some may be told by that.
func (m machine) visitAll(ctx context.Context, places []string) error {
	m.told = &told{}
	var groups, others []string
	for _, place := range slices.Compact(slices.Sorted(slices.Values(places))) {
		if s, err := lifecycle.ParseSubject(place); err == nil && s.Kind == lifecycle.KindGroup {
			groups = append(groups, place)
			continue
		}
		others = append(others, place)
	}
	failed := m.sideBySide(ctx, groups)
	others = append(others, m.told.places...)
	slices.Sort(others)
	return errors.Join(failed, m.sideBySide(ctx, slices.Compact(others)))
}

// sideBySide visits some at once. One that fails stops no other; those for which no time is
// left wait.
func (m machine) sideBySide(ctx context.Context, places []string) error {
	failed := make([]error, len(places))
	turn := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i, place := range places {
		if turn <- struct{}{}; !m.timely(ctx) {
			break
		}
		wait.Go(func() {
			defer func() { <-turn }()
			failed[i] = m.visit(ctx, place)
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}

func (m machine) timely(ctx context.Context) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() == nil && (!limited || deadline.Sub(m.Now()) > lastVisit)
}
