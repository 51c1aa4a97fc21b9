// Package inbox takes in what doors were told about people and groups.
//
// In: events, from SCIM, a bus, a topic or a first sign-in. Out: nothing but that they are
// kept: each waits in the store until provisioning did it, what is wanted of its subject
// has it merged in, and who left by it is let in nowhere from then on. Refused: nothing
// that [lifecycle.Event.Check] lets pass; whether it can be done shows when it is.
//
// Why in this order: an event that waits is merged again by whoever does it, so that who
// is cut off after the first write has lost nothing. A standing is written before the
// state that says so, or who is cut off between the two would leave a leaver who is let
// in: the next one finds in the state that there is no news. All of it may happen twice.
package inbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

const (
	// tries is of who changes a state that others change at the same time. Each conflict
	// is another's success, and few write of one person at once.
	tries = 50

	atOnce = 16 // subjects, side by side: a group of a thousand comes in one request
)

// Waiting is an event that waits to be done: store.Event.
type Waiting = struct {
	Key      string
	Subject  string
	Body     []byte
	First    time.Time
	Due      time.Time
	Attempts int
	Code     reason.Code
	Detail   string
	Version  int64
}

// Events keeps events until they are done: store.Events.
type Events interface {
	Append(ctx context.Context, event Waiting) (known bool, err error)
}

// People keeps what is wanted of subjects, with a version that each write checks, and
// whether people have left: store.People.
type People interface {
	Subject(ctx context.Context, idp, kind, id string) (row []byte, version int64, err error)
	PutSubject(ctx context.Context, idp, kind, id string, row []byte, version int64) error
	Standing(ctx context.Context, idp, person string, left bool, order lifecycle.Order, now time.Time) error
	Member(ctx context.Context, idp, group, person string) error
	Members(ctx context.Context, idp, group string) ([]string, error)
}

// Inbox takes events in. All fields are needed.
type Inbox struct {
	Events Events
	People People
	Now    func() time.Time
}

// Accept keeps events; all of them are kept where it returns nil. It may be repeated, and
// must be where it returns an error: some of them may be kept then.
func (i Inbox) Accept(ctx context.Context, events ...lifecycle.Event) error {
	groups := bySubject(events)
	failed := make([]error, len(groups))
	turn := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for n, group := range groups {
		turn <- struct{}{}
		wait.Go(func() {
			defer func() { <-turn }()
			failed[n] = i.accept(ctx, group)
		})
	}
	wait.Wait()
	return errors.Join(failed...)
}

// bySubject puts events together that change one state, in the order in which they came.
func bySubject(events []lifecycle.Event) [][]lifecycle.Event {
	var groups [][]lifecycle.Event
	at := map[string]int{}
	for _, e := range events {
		text := Place(e)
		n, there := at[text]
		if !there {
			n = len(groups)
			at[text] = n
			groups = append(groups, nil)
		}
		groups[n] = append(groups[n], e)
	}
	return groups
}

// accept keeps events of one subject.
func (i Inbox) accept(ctx context.Context, events []lifecycle.Event) error {
	var fresh []lifecycle.Event
	for _, e := range events {
		known, err := i.append(ctx, e)
		if err != nil {
			return err
		}
		if !known {
			fresh = append(fresh, e)
		}
	}
	if len(fresh) == 0 || fresh[0].Subject().IsZero() {
		return nil
	}
	_, _, err := i.Merge(ctx, fresh[0].Subject(), fresh, nil)
	return err
}

func (i Inbox) append(ctx context.Context, e lifecycle.Event) (known bool, err error) {
	if err := e.Check(); err != nil {
		return false, reason.New(reason.Internal, "an event that no door should have let in: %w", err)
	}
	body, err := json.Marshal(e)
	if err != nil {
		return false, fmt.Errorf("an event: %w", err)
	}
	now := i.Now()
	return i.Events.Append(ctx, Waiting{Key: e.Key, Subject: Place(e), Body: body, First: now, Due: now})
}

// aboutTrust begins the place of events about an identity provider itself.
const aboutTrust = "trust "

// Place is the text under which an event waits with all others of its subject; those about
// an identity provider itself wait under it.
func Place(e lifecycle.Event) string {
	if s := e.Subject(); !s.IsZero() {
		return s.String()
	}
	return aboutTrust + e.IdP
}

// IsAboutTrust says that what waits in this place has no state.
func IsAboutTrust(place string) bool { return strings.HasPrefix(place, aboutTrust) }

// Merge adds events to the state of their subject, changes it further as also says, and
// stores it. What is beside the state in one that cannot take more is told by left: those
// events are not in it. also may be called several times; its error ends the whole.
func (i Inbox) Merge(ctx context.Context, s lifecycle.Subject, events []lifecycle.Event, also func(*lifecycle.State) error) (state lifecycle.State, left []lifecycle.Event, err error) {
	for range tries {
		state, left, err = i.merge(ctx, s, events, also)
		if reason.Of(err) != reason.StoreConflict {
			break
		}
	}
	return state, left, err
}

func (i Inbox) merge(ctx context.Context, s lifecycle.Subject, events []lifecycle.Event, also func(*lifecycle.State) error) (lifecycle.State, []lifecycle.Event, error) {
	row, version, err := i.People.Subject(ctx, s.IdP, string(s.Kind), s.ID)
	if err != nil {
		return lifecycle.State{}, nil, err
	}
	before, err := lifecycle.ParseState(row)
	if err != nil {
		return lifecycle.State{}, nil, err
	}
	state, news, left, err := mergeAll(before, events)
	if err != nil {
		return lifecycle.State{}, nil, err
	}
	if also != nil {
		if err := also(&state); err != nil {
			return lifecycle.State{}, nil, err
		}
	}
	if err := i.stand(ctx, s.IdP, before, state, events); err != nil {
		return lifecycle.State{}, nil, err
	}
	if !news && also == nil {
		return state, left, nil
	}
	if err := i.join(ctx, s, before, state); err != nil {
		return lifecycle.State{}, nil, err
	}
	if row, err = state.Row(); err != nil {
		return lifecycle.State{}, nil, err
	}
	return state, left, i.People.PutSubject(ctx, s.IdP, string(s.Kind), s.ID, row, version)
}

func mergeAll(state lifecycle.State, events []lifecycle.Event) (_ lifecycle.State, news bool, left []lifecycle.Event, err error) {
	for _, e := range events {
		next, changed, err := state.Merge(e)
		if errors.Is(err, lifecycle.ErrTooMany) {
			left = append(left, e)
			continue
		}
		if err != nil {
			return state, false, nil, err
		}
		state, news = next, news || changed
	}
	return state, news, left, nil
}

// join notes of which groups a person's state speaks from now on, before it does: what
// becomes of a group later is to reach all of them.
func (i Inbox) join(ctx context.Context, s lifecycle.Subject, before, state lifecycle.State) error {
	for group := range state.Edges {
		if _, known := before.Edges[group]; known {
			continue
		}
		if err := i.People.Member(ctx, s.IdP, group, s.ID); err != nil {
			return err
		}
	}
	return nil
}
