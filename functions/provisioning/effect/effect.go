// Package effect makes an account's RAM what events want of it: users, the groups that
// they are in, and those groups.
//
// In: a user or a group as it is wanted; what RAM has, which is read each time. Out: the
// calls that are missing, and no others. Refused: names that RAM cannot hold, what is
// beyond its limits, and what is not ours. What was made here has a comment that says so;
// only that is described, renamed as a group or deleted. Who else's it is stays, and a
// user who should be deleted and was made by hand is disabled.
//
// A group's comment also says whose events may fill it. Policies hang on groups: without
// that, whoever names groups at an identity provider could name one of RAM that was made
// by hand, or for another identity provider, and be what its members are. Who writes
// comments in RAM may hand a group over.
//
// Why no call is remembered: one whose answer was lost may have been made. So after every
// surprise RAM is read again, and what follows from that is done. It comes to the same
// however often it is asked for, and wherever an earlier time was cut off.
//
// The order is that of danger. Who is disabled loses first what is used without a sign-in:
// by the policy that forbids all, then by keys that are switched off, then by groups. Who
// is enabled is given groups last.
package effect

import (
	"context"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Wanted is a RAM user as it is wanted. That the user belongs to the person was asked
// before.
type Wanted struct {
	Account      federation.Account
	IdP          string // whose events say so: those groups alone are touched that it may fill
	Name         string // before the @
	Formerly     string // what it was called, and is renamed from, if RAM has that; "": nothing
	DisplayName  string
	Email        string
	Status       lifecycle.Status // gone: to be deleted, where the account says so
	There        bool             // it is to be made where RAM has neither name, also one that is not active
	Groups, Left []string         // names of those that events say it is in, and is not in
}

// Group is a RAM group as it is wanted.
type Group struct {
	Account        federation.Account
	IdP            string
	Name, Formerly string
	Gone           bool
}

// Config is what effects work with. All fields are needed.
type Config struct {
	API                                   *openapi.Client
	STSEndpoint, IMSEndpoint, RAMEndpoint string
	Credentials                           func(ctx context.Context) (ram.Credentials, error) // whom maintenance roles trust
	Now                                   func() time.Time
	// Wrote is told of each step that was taken. err is of one that was refused or not
	// answered: it may have been taken.
	Wrote func(ctx context.Context, account ram.AccountID, s Step, err error)
}

// Effects makes RAM what is wanted. It is safe for concurrent use, and meant for one
// invocation: it asks once for what it may do in an account.
type Effects struct {
	Config

	stays *stays
}

// New returns what makes effects.
func New(c Config) *Effects { return &Effects{c, newStays()} }

// looks is how often RAM is read for one wish, where it changes under our hands. A second
// surprise may be RAM's own: what was made a moment ago it may not know everywhere.
const (
	looks     = 6
	lookPause = 100 * time.Millisecond
)

// User makes a RAM user as it is wanted. One that need not be there and is not is so.
func (e *Effects) User(ctx context.Context, w Wanted) error {
	if err := checkUser(w); err != nil {
		return err
	}
	return e.make(ctx, w.Account, func(s *stay, surprised bool) ([]Step, error) {
		has, err := s.readUser(ctx, w, surprised)
		if err != nil {
			return nil, err
		}
		return Steps(w, has), nil
	})
}

// Group makes a RAM group as it is wanted.
func (e *Effects) Group(ctx context.Context, w Group) error {
	if err := checkGroup(w); err != nil {
		return err
	}
	return e.make(ctx, w.Account, func(s *stay, surprised bool) ([]Step, error) {
		has, err := s.readGroups(ctx, w, surprised)
		if err != nil {
			return nil, err
		}
		return GroupSteps(w, has)
	})
}

// make reads and writes until nothing is left to do: what surprises is looked at again.
func (e *Effects) make(ctx context.Context, account federation.Account, plan func(s *stay, surprised bool) ([]Step, error)) error {
	s, err := e.enter(ctx, account)
	if err != nil {
		return err
	}
	for look := range looks {
		var steps []Step
		if steps, err = plan(s, look > 0); err == nil {
			err = s.take(ctx, steps)
		}
		if err == nil || !isSurprise(err) || look > 0 && !wait(ctx, lookPause<<look) {
			break
		}
	}
	if err != nil {
		return s.refusal(err)
	}
	return nil
}

// Final says that trying again would bring the same. What somebody may mend in RAM is not:
// it is tried again, and nobody need remember to ask for it.
func Final(err error) bool {
	return slices.Contains([]reason.Code{reason.PrincipalInvalid, reason.GroupInvalid, reason.RAMLimit}, reason.Of(err))
}

// Final is [Final].
func (e *Effects) Final(err error) bool { return Final(err) }
