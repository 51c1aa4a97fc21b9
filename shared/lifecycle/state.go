package lifecycle

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// maxEdges is far more groups than RAM lets a user be in; an identity provider may name
// others too, for rules.
const maxEdges = 2000

// ErrTooMany is of who is in more groups than are kept.
var ErrTooMany = errors.New("a person's groups are more than are kept")

// State is what is known of one subject. Its zero value is that of whom no event told.
type State struct {
	Person      *Person `json:"person,omitempty"`
	PersonOrder Order   `json:"personOrder,omitzero"`
	Group       *Group  `json:"group,omitempty"`
	GroupOrder  Order   `json:"groupOrder,omitzero"`
	SignIn      *SignIn `json:"signin,omitempty"`
	SignInOrder Order   `json:"signinOrder,omitzero"`

	Known      *Person `json:"known,omitempty"` // the newest of whom it is said what they are, not that they are gone
	KnownOrder Order   `json:"knownOrder,omitzero"`
	Joined     Order   `json:"joined,omitzero"` // of the newest event by which they were active

	Gone  Order           `json:"gone,omitzero"`   // of the newest event by which the subject was gone
	Edges map[string]Edge `json:"edges,omitempty"` // a person's groups, by their IDs

	Names []string            `json:"names,omitempty"` // what RAM was told to call a group, or sign-ins call a person; the last one last
	Users map[string][]string `json:"users,omitempty"` // what RAM was told to call a person, by account; likewise
	Told  string              `json:"told,omitempty"`  // how a group was when its members were last looked at again for it
	Lease Lease               `json:"lease,omitzero"`
}

// Edge says whether a person is in a group.
type Edge struct {
	In    bool  `json:"in"`
	Order Order `json:"order"`
}

// Lease is who is at work for the subject.
type Lease struct {
	Owner string    `json:"owner"`
	Until time.Time `json:"until"`
}

// Held says that somebody else than owner is at work.
func (l Lease) Held(owner string, now time.Time) bool {
	return l.Owner != "" && l.Owner != owner && now.Before(l.Until)
}

// Merge adds what an event says of the state's subject, and says whether that is news.
// It never changes s. An event that is older than what is known changes nothing; what
// somebody was in before they were gone they are out of, also where that arrives later.
// The error is [ErrTooMany].
func (s State) Merge(e Event) (State, bool, error) {
	switch e.Kind {
	case KindPerson:
		return s.mergePerson(e)
	case KindMember:
		return s.mergeMember(e)
	case KindGroup:
		return s.mergeGroup(e)
	case KindSignIn:
		if !e.Order.After(s.SignInOrder) {
			return s, false, nil
		}
		s.SignIn, s.SignInOrder = e.SignIn, e.Order
		return s, true, nil
	case KindAgain:
		return s, false, nil
	case KindSuspend, KindRefresh, KindPropose:
	}
	return s, false, fmt.Errorf("an event of kind %q has no state", e.Kind)
}

func (s State) mergePerson(e Event) (State, bool, error) {
	news := false
	if e.Person.Status == Gone && e.Order.After(s.Gone) {
		s, news = s.gone(e.Order), true
	}
	if e.Person.Status != Gone && e.Order.After(s.KnownOrder) {
		s.Known, s.KnownOrder, news = e.Person, e.Order, true
	}
	if e.Person.Status == Active && e.Order.After(s.Joined) {
		s.Joined, news = e.Order, true
	}
	if e.Order.After(s.PersonOrder) {
		s.Person, s.PersonOrder, news = e.Person, e.Order, true
	}
	return s, news, nil
}

// Wanted is the person for whom there is to be a RAM user, as they were last known, with
// how they stand now; false where no event ever made them active. Where users of who is
// gone are removed, who did not join again since is gone.
//
// It is a matter of what events said, not of when they came: who was suspended or
// removed before anybody got to work ends as who was so afterwards.
func (s State) Wanted(removes bool) (Person, bool) {
	if s.Joined.IsZero() {
		return Person{}, false
	}
	p := *s.Known
	p.Status = s.Person.Status
	if removes && !s.Joined.After(s.Gone) {
		p.Status = Gone
	}
	return p, true
}

// gone takes the person out of the groups that they were in until then. That they were in
// them is kept, for they are to be taken out of them in RAM too.
func (s State) gone(at Order) State {
	s.Gone = at
	s.Edges = maps.Clone(s.Edges)
	for group, edge := range s.Edges {
		if !edge.Order.After(at) {
			s.Edges[group] = Edge{Order: at}
		}
	}
	return s
}

func (s State) mergeMember(e Event) (State, bool, error) {
	edge := Edge{e.Member.In, e.Order}
	if !e.Order.After(s.Gone) {
		edge = Edge{Order: s.Gone}
	}
	known, is := s.Edges[e.Member.Group]
	switch {
	case is && !edge.Order.After(known.Order):
		return s, false, nil
	case !is && len(s.Edges) >= maxEdges:
		return s, false, ErrTooMany
	}
	s.Edges = maps.Clone(s.Edges)
	if s.Edges == nil {
		s.Edges = map[string]Edge{}
	}
	s.Edges[e.Member.Group] = edge
	return s, true, nil
}

func (s State) mergeGroup(e Event) (State, bool, error) {
	news := false
	if e.Group.Gone && e.Order.After(s.Gone) {
		s.Gone, news = e.Order, true
	}
	if e.Order.After(s.GroupOrder) {
		s.Group, s.GroupOrder, news = e.Group, e.Order, true
	}
	return s, news, nil
}

// Groups are the IDs of the groups in which events put the person, or out of which they
// took them, in order. Whether a group itself is gone its own state says: [State.Has].
func (s State) Groups(in bool) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(s.Edges)) {
		if s.Edges[id].In == in {
			ids = append(ids, id)
		}
	}
	return ids
}

// Has says, of a group's state, whether a member's edge counts: nobody is in a group
// since before it was gone.
func (s State) Has(edge Edge) bool {
	return edge.In && s.Group != nil && !s.Group.Gone && edge.Order.After(s.Gone)
}

// Look is all about a group by which its members have other users or groups than before;
// "" of whom no event told that they are a group.
func (s State) Look() string {
	if s.Group == nil {
		return ""
	}
	return fmt.Sprintf("%q %v %s", s.Group.Name, s.Group.Gone, s.Gone.Text())
}

// Newest is the order of the newest event that s knows of.
func (s State) Newest() Order {
	newest := s.Gone
	for _, o := range []Order{s.PersonOrder, s.GroupOrder, s.SignInOrder} {
		if o.After(newest) {
			newest = o
		}
	}
	for _, edge := range s.Edges {
		if edge.Order.After(newest) {
			newest = edge.Order
		}
	}
	return newest
}
