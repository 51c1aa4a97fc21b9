package page

import "time"

// StepUp says that a role, or a user, is there for the person after signing in again,
// and leads there.
type StepUp struct {
	Account, AccountID, Role string
	User                     string // instead of the role; both "": of the account at large
	Person, IdP              string
	Link                     string // own path that asks the identity provider
	Over                     bool   // nothing is wrong with the sign-in but that its proof is over
	Proof                    Proof
}

func (StepUp) view() about { return about{template: "stepup", title: "stepup.title"} }

// Proof is what a role wants of a sign-in, beside what the sign-in is.
type Proof struct {
	Classes []string      // of which it must have one; none: any
	MaxAge  time.Duration // how long ago it may have been; 0: any time

	Class string    // that it has; "" = none was named
	At    time.Time // when it was; zero: there was none, or it is not said
}

// Wants says whether there is anything to show of it.
func (p Proof) Wants() bool { return len(p.Classes) > 0 || p.MaxAge > 0 }

// Again is a row of [Roles]: a role, or a user, that only another sign-in stands before.
type Again struct {
	Account, AccountID string
	Name, Rule         string
	Fresh              bool // it is the sign-in's age that is in the way
	Link               string
}
