// Package lifecycle knows what is wanted of people and groups, and the events that
// change it.
//
// In: events, whichever way they came: an identity provider's SCIM client, a bus, a
// topic, a first sign-in. Out: the state of one subject, a person or a group, into which
// they are merged. Refused: events that name nobody, or say more than a row can hold.
//
// Why a merge and not a queue: whoever delivers events delivers some twice, some late
// and in any order. So each event says how things are from some moment on, not what to
// do, and what is kept of each thing is the newest that was said of it. Such a merge
// comes to the same in any order and however often it happens, and nothing has to
// remember which events were seen. What is given up: an event cannot say "one more".
package lifecycle

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Kind says what an event is about.
type Kind string

// The kinds.
const (
	KindPerson  Kind = "person"  // a person as they are now
	KindMember  Kind = "member"  // whether a person is in a group
	KindGroup   Kind = "group"   // a group as it is now
	KindSignIn  Kind = "signin"  // a person who signs in needs their RAM user
	KindSuspend Kind = "suspend" // an identity provider is believed no more
	KindRefresh Kind = "refresh" // an identity provider's keys are to be fetched
	KindPropose Kind = "propose" // somebody would like an identity provider to be added
	KindAgain   Kind = "again"   // a person is to be looked at again, for a group of theirs changed
)

// Event is one thing that is so from a moment on. Of the parts only that of its kind is
// set.
type Event struct {
	Key   string `json:"key"`  // hex SHA-256 of who sent it and its ID there
	From  string `json:"from"` // the door it came by, for the log
	Kind  Kind   `json:"kind"`
	IdP   string `json:"idp"` // ID of the identity provider's record
	Order Order  `json:"order"`

	Person   *Person         `json:"person,omitempty"`
	Member   *Member         `json:"member,omitempty"`
	Group    *Group          `json:"group,omitempty"`
	SignIn   *SignIn         `json:"signin,omitempty"`
	Why      string          `json:"why,omitempty"`      // of suspend: for people
	Proposal json.RawMessage `json:"proposal,omitempty"` // of propose: an entry of identityProviders
}

// Status is how a person stands with who sends the events.
type Status string

// The statuses.
const (
	Active   Status = "active"
	Inactive Status = "inactive" // may do nothing now, and may come back
	Gone     Status = "gone"     // was removed: who comes back is a new joiner
)

// Person is a person, whole, as of the event: what it leaves out they do not have.
type Person struct {
	ID          string              `json:"id"`               // what the sender calls them for ever
	Person      string              `json:"person,omitempty"` // what sign-ins call them
	UserName    string              `json:"userName,omitempty"`
	DisplayName string              `json:"displayName,omitempty"`
	Email       string              `json:"email,omitempty"`
	Attributes  map[string][]string `json:"attributes,omitempty"` // by alias or name, for rules
	Status      Status              `json:"status"`
}

// HasLeft says that the person may do nothing here.
func (p Person) HasLeft() bool { return p.Status != Active }

// Member says whether a person is in a group.
type Member struct {
	Person string `json:"person"` // their ID
	Group  string `json:"group"`  // its ID
	In     bool   `json:"in"`
}

// Group is a group as of the event.
type Group struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	Gone bool   `json:"gone,omitempty"`
}

// SignIn is a person who signs in as a RAM user that is not known to be there.
type SignIn struct {
	Person      string `json:"person"` // what the sign-in calls them
	Account     string `json:"account"`
	User        string `json:"user"` // the RAM user's login name, NAME@SUFFIX
	DisplayName string `json:"displayName,omitempty"`
	Email       string `json:"email,omitempty"`
}

// Limits of what an event says, so that a row of Tablestore holds a state.
const (
	maxName       = 1024 // bytes of an ID or a name
	maxAttributes = 100
	maxValues     = 200  // of one attribute
	maxValue      = 1024 // bytes
	maxProposal   = 64 << 10
)

// Check refuses an event that names nobody, lacks its part or says too much.
func (e Event) Check() error {
	if len(e.Key) != 64 || strings.Trim(e.Key, "0123456789abcdef") != "" {
		return errors.New("the event's key is no SHA-256 in hex")
	}
	if err := names("idp", e.IdP, "from", e.From); err != nil {
		return err
	}
	if e.Order.At.IsZero() || e.Order.At.Before(epoch()) || e.Order.Version < 0 || e.Order.Key != e.Key {
		return errors.New("the event has no order among others")
	}
	return e.checkPart()
}

func (e Event) checkPart() error {
	parts := map[Kind]func() error{
		KindPerson: func() error { return checkPart(e.Person, Person.check) },
		KindMember: func() error {
			return checkPart(e.Member, func(m Member) error { return names("person", m.Person, "group", m.Group) })
		},
		KindGroup: func() error { return checkPart(e.Group, Group.check) },
		KindSignIn: func() error {
			return checkPart(e.SignIn, func(s SignIn) error { return names("person", s.Person, "account", s.Account, "user", s.User) })
		},
		KindAgain: func() error {
			return checkPart(e.Member, func(m Member) error { return names("person", m.Person, "group", m.Group) })
		},
		KindSuspend: func() error { return nil },
		KindRefresh: func() error { return nil },
		KindPropose: func() error { return limited("proposal", len(e.Proposal), maxProposal) },
	}
	check, known := parts[e.Kind]
	if !known {
		return fmt.Errorf("there is no kind of event %.80q", e.Kind)
	}
	return check()
}

func checkPart[P any](part *P, check func(P) error) error {
	if part == nil {
		return errors.New("the event lacks what it is about")
	}
	return check(*part)
}

func (p Person) check() error {
	if err := names("id", p.ID); err != nil {
		return err
	}
	if p.Status != Active && p.Status != Inactive && p.Status != Gone {
		return fmt.Errorf("there is no status %.80q", p.Status)
	}
	for _, text := range []string{p.Person, p.UserName, p.DisplayName, p.Email} {
		if err := limited("a name of the person", len(text), maxName); err != nil {
			return err
		}
	}
	if err := limited("attributes", len(p.Attributes), maxAttributes); err != nil {
		return err
	}
	for name, values := range p.Attributes {
		if err := errors.Join(names("an attribute's name", name), limited("values of "+name, len(values), maxValues)); err != nil {
			return err
		}
		for _, value := range values {
			if err := limited("a value of "+name, len(value), maxValue); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g Group) check() error {
	if g.Gone {
		return names("id", g.ID)
	}
	return names("id", g.ID, "name", g.Name)
}

// names wants each of some texts, by what it is called.
func names(pairs ...string) error {
	for i := 0; i+1 < len(pairs); i += 2 {
		what, text := pairs[i], pairs[i+1]
		if strings.TrimSpace(text) == "" || !utf8.ValidString(text) {
			return fmt.Errorf("%s is %.80q: a name is wanted", what, text)
		}
		if err := limited(what, len(text), maxName); err != nil {
			return err
		}
	}
	return nil
}

func limited(what string, size, most int) error {
	if size > most {
		return fmt.Errorf("%.80q has %d, more than %d", what, size, most)
	}
	return nil
}

// epoch is before every event: an order is written with nanoseconds since then.
func epoch() time.Time { return time.Unix(0, 0) }
