package provisioning

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"

	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// fromGroup is the door of events that a group's visit makes.
const fromGroup = "group"

// tellMembers has everybody looked at again of whom an event said that they are in the
// group, or not, once it is another than when that was done last: it was renamed, removed,
// or told of only now. Their visits read what the group is, so one before this knew less;
// and they go by the name that RAM is known to have, so that is noted first. Whoever is cut
// off here has not noted that members were told, and the next visit tells them once more.
func (v *visit) tellMembers(ctx context.Context, r result) error {
	look := v.state.Look()
	if v.subject.Kind != lifecycle.KindGroup || look == v.state.Told || r.err != nil && !v.isFinal(r.err) {
		return nil
	}
	if err := v.note(ctx, func(s *lifecycle.State) { v.forgetNames(s, r) }); err != nil {
		return err
	}
	members, err := v.Inbox.People.Members(ctx, v.subject.IdP, v.subject.ID)
	if err != nil {
		return err
	}
	events := make([]lifecycle.Event, 0, len(members))
	for _, person := range members {
		events = append(events, v.lookAgain(person, look))
	}
	if err := v.Inbox.Accept(ctx, events...); err != nil {
		return err
	}
	v.told.add(events)
	return v.note(ctx, func(s *lifecycle.State) { s.Told = look })
}

// told are places where members wait who were told about their groups.
type told struct {
	mu     sync.Mutex
	places []string
}

func (t *told) add(events []lifecycle.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range events {
		t.places = append(t.places, inbox.Place(e))
	}
}

// lookAgain is the event that a person is to be looked at for what the group is by now.
// It is the same each time that the same is told.
func (v *visit) lookAgain(person, look string) lifecycle.Event {
	e := lifecycle.Event{From: fromGroup, Kind: lifecycle.KindAgain, IdP: v.subject.IdP, Member: &lifecycle.Member{Person: person, Group: v.subject.ID}}
	h := sha256.New()
	for _, part := range []string{fromGroup, v.subject.IdP, v.subject.ID, person, look, v.state.GroupOrder.Text()} {
		h.Write([]byte(part + "\x00"))
	}
	e.Key = hex.EncodeToString(h.Sum(nil))
	e.Order = lifecycle.Order{At: v.Now().Round(0).UTC(), Key: e.Key}
	return e
}
