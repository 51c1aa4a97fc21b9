package inbox

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// stand notes whether the person has left. Who is called otherwise from now on has left
// under their old name, until an event says that somebody has it: a session under it
// would outlive them. So it is with what an event calls them that comes late: by what is
// known since.
func (i Inbox) stand(ctx context.Context, idp string, before, state lifecycle.State, events []lifecycle.Event) error {
	if state.Person == nil {
		return nil
	}
	was, name := CalledBy(before), CalledBy(state)
	others := map[string]lifecycle.Order{}
	for _, e := range events {
		others[calls(e, state)] = since(e.Order, state)
	}
	if state.PersonOrder.After(before.PersonOrder) {
		others[was] = state.PersonOrder
	}
	delete(others, "")
	delete(others, name)
	for _, other := range slices.Sorted(maps.Keys(others)) {
		if err := i.People.Standing(ctx, idp, other, true, others[other], i.Now()); err != nil {
			return err
		}
	}
	if name == "" || name == was && !state.PersonOrder.After(before.PersonOrder) {
		return nil
	}
	return i.People.Standing(ctx, idp, name, state.Person.HasLeft(), state.PersonOrder, i.Now())
}

// calls is what sign-ins call the person by an event's word, "" where it is about
// something else.
func calls(e lifecycle.Event, state lifecycle.State) string {
	if e.Person == nil {
		return ""
	}
	return CalledBy(lifecycle.State{Person: e.Person, Known: state.Known})
}

// since is the oldest that is known of the person after a moment. A newer one would take
// the name from who was given it in between.
func since(at lifecycle.Order, state lifecycle.State) lifecycle.Order {
	oldest := state.PersonOrder
	for _, o := range []lifecycle.Order{state.KnownOrder, state.Gone} {
		if o.After(at) && oldest.After(o) {
			oldest = o
		}
	}
	return oldest
}

// CalledBy is what sign-ins call a person: as the newest event says, or where that says
// nothing, such as one that they are gone, the newest that told what they are; else their
// user name. "" where no event said any of it.
func CalledBy(s lifecycle.State) string {
	var person, userName []string
	for _, p := range []*lifecycle.Person{s.Person, s.Known} {
		if p != nil {
			person, userName = append(person, p.Person), append(userName, p.UserName)
		}
	}
	return cmp.Or(append(person, userName...)...)
}
