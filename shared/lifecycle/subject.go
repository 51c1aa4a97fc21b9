package lifecycle

import (
	"encoding/json"
	"fmt"
)

// Subject is whose state an event changes. Of trust events it is the identity provider
// itself, which has no state here.
type Subject struct {
	IdP  string `json:"idp"`
	Kind Kind   `json:"kind"` // person, group, signin
	ID   string `json:"id"`
}

// Subject returns whose state e changes; zero for a trust event.
func (e Event) Subject() Subject {
	switch {
	case e.Kind == KindPerson && e.Person != nil:
		return Subject{e.IdP, KindPerson, e.Person.ID}
	case (e.Kind == KindMember || e.Kind == KindAgain) && e.Member != nil:
		return Subject{e.IdP, KindPerson, e.Member.Person}
	case e.Kind == KindGroup && e.Group != nil:
		return Subject{e.IdP, KindGroup, e.Group.ID}
	case e.Kind == KindSignIn && e.SignIn != nil:
		return Subject{e.IdP, KindSignIn, e.SignIn.Account + " " + e.SignIn.Person}
	}
	return Subject{}
}

// IsZero says that s is nobody.
func (s Subject) IsZero() bool { return s.Kind == "" }

// String is the text by which [ParseSubject] finds s again.
func (s Subject) String() string {
	text, err := json.Marshal(s)
	if err != nil {
		return "" // texts always marshal
	}
	return string(text)
}

// ParseSubject reads what String wrote.
func ParseSubject(text string) (Subject, error) {
	var s Subject
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return Subject{}, fmt.Errorf("%.80q names no subject: %w", text, err)
	}
	if err := names("idp", s.IdP, "id", s.ID); err != nil {
		return Subject{}, err
	}
	if s.Kind != KindPerson && s.Kind != KindGroup && s.Kind != KindSignIn {
		return Subject{}, fmt.Errorf("a subject of kind %.80q has no state", s.Kind)
	}
	return s, nil
}
