// Package provisioning does what events about people and groups ask for.
//
// In: events as the door reads them, and errands: a timer's for all that waits, another
// function's for one subject. Out: RAM users and groups as they are wanted, and of each
// event that it is done, that it waits, or why it is given up. Refused, each for itself:
// events that will never go better, which become dead letters; the others go on.
//
// Nothing is lost and nothing is done twice, wherever somebody is cut off:
//
//   - Before an event is stored, its sender has no answer, and repeats it.
//   - Once it is stored, it waits. The timer's next run merges it, if nobody did, and
//     every visit merges what waits before it begins.
//   - A person's standing, by which they are let in, is written before their state; from
//     then on they are out, whatever becomes of RAM.
//   - A visit has the lease of its subject. It is cut at 15 seconds, and the lease runs
//     out at 20: who comes after somebody who was killed never meets their calls.
//   - What RAM is about to be told is noted in the state first, the user is claimed next,
//     then RAM is called. The effects read RAM before they write and make only the calls
//     that are missing, so that half of a visit is no other than none.
//   - A former name is released when RAM does not have it any more, and forgotten last.
//   - An event is done after all of it, and waits until then.
//   - Who gives up the lease looks for what came meanwhile: whoever brought it found the
//     lease held, and went.
package provisioning

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Name is the function's.
const Name = "provisioning"

// Config is what provisioning works with. All fields are needed.
type Config struct {
	Log *slog.Logger
	Now func() time.Time

	Read       func(payload []byte) Delivery
	Federation func(ctx context.Context) (federation.Revision, error)
	Inbox      inbox.Inbox
	Events     Events
	Owners     Owners
	Effects    Effects
	Trust      func(ctx context.Context, e lifecycle.Event) error // about an identity provider itself
}

// Delivery is what came with one invocation.
type Delivery struct {
	Events  []lifecycle.Event
	Bad     []Bad
	Timer   bool              // all that is due
	Subject lifecycle.Subject // or what waits of one
}

// Bad is something that came and is no event.
type Bad struct {
	Key    string
	Code   reason.Code
	Detail string
	Text   string
}

// Letter is an event that is given up: store.DeadLetter.
type Letter = struct {
	Key      string
	Subject  string
	Body     []byte
	First    time.Time
	At       time.Time
	Attempts int
	Code     reason.Code
	Detail   string
}

// Events keeps events until they are done: store.Events.
type Events interface {
	inbox.Events
	Pending(ctx context.Context, after inbox.Waiting, before time.Time, limit int) ([]inbox.Waiting, error)
	PendingOf(ctx context.Context, subject string) ([]inbox.Waiting, error)
	Later(ctx context.Context, event inbox.Waiting) error
	Done(ctx context.Context, at time.Time, events ...inbox.Waiting) error
	Dead(ctx context.Context, letter Letter) error
}

type machine struct {
	Config

	told *told // members who are to be visited too; visitAll has it
}

// New returns the handler of the function's events. Its error is the store's: whoever
// delivered is to deliver again. All else waits, or is given up, in the store.
func New(c Config) func(ctx context.Context, payload []byte) error { return machine{Config: c}.handle }

func (m machine) handle(ctx context.Context, payload []byte) error {
	d := m.Read(payload)
	for _, bad := range d.Bad {
		if err := m.bury(ctx, bad); err != nil {
			return err
		}
	}
	switch {
	case d.Timer:
		return m.sweep(ctx)
	case !d.Subject.IsZero():
		return m.visitAll(ctx, []string{d.Subject.String()})
	}
	places, err := m.accept(ctx, d.Events)
	if err != nil {
		return err
	}
	// They are kept: what goes wrong from here on, the timer's run meets again.
	if err := m.visitAll(ctx, places); err != nil {
		m.Log.WarnContext(ctx, "what was delivered waits for the next run", "reason", reason.Of(err), "detail", reason.Detail(err))
	}
	return nil
}

// bury keeps what is no event, for somebody to look at.
func (m machine) bury(ctx context.Context, bad Bad) error {
	now := m.Now()
	m.Log.WarnContext(ctx, "event", "outcome", "dead", "key", bad.Key, "reason", bad.Code, "detail", bad.Detail)
	return m.Events.Dead(ctx, Letter{Key: bad.Key, Body: []byte(bad.Text), First: now, At: now, Attempts: 1, Code: bad.Code, Detail: bad.Detail})
}

// accept keeps events and returns where they wait.
func (m machine) accept(ctx context.Context, events []lifecycle.Event) ([]string, error) {
	if len(events) == 0 {
		return nil, nil
	}
	revision, err := m.Federation(ctx)
	if err != nil {
		return nil, err
	}
	var places []string
	for i := range events {
		events[i] = named(revision, events[i])
		places = append(places, inbox.Place(events[i]))
	}
	return places, m.Inbox.Accept(ctx, events...)
}

// named adds what sign-ins call a person where the sender left it to the record. Where
// that cannot be told, they are called by their user name.
func named(revision federation.Revision, e lifecycle.Event) lifecycle.Event {
	source, known := revision.IdentityProvider(e.IdP)
	if !known || e.Person == nil || e.Person.Person != "" || e.Person.Status == lifecycle.Gone {
		return e
	}
	name, err := mapping.PersonOf(source, mapping.Says(source, described(*e.Person, nil)))
	if err != nil {
		return e
	}
	p := *e.Person
	p.Person = name
	e.Person = &p
	return e
}

func described(p lifecycle.Person, groups []string) mapping.Described {
	return mapping.Described{UserName: p.UserName, Email: p.Email, DisplayName: p.DisplayName, Attributes: p.Attributes, Groups: groups}
}

// decode reads an event that waits. One that another version wrote may be read by it.
func decode(w inbox.Waiting) (lifecycle.Event, error) {
	var e lifecycle.Event
	if err := json.Unmarshal(w.Body, &e); err != nil {
		return e, reason.New(reason.EventMalformed, "an event that waits cannot be read: %w", err)
	}
	if e.Key != w.Key || inbox.Place(e) != w.Subject {
		return e, reason.New(reason.EventMalformed, "an event that waits is another than its row says")
	}
	return e, nil
}

// isStore says that the store is in the way: nothing can be noted now.
func isStore(err error) bool {
	return reason.Of(err) == reason.StoreUnavailable || reason.Of(err) == reason.CredentialsMissing || errors.Is(err, context.Canceled)
}
