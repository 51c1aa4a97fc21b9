package mapping

import (
	"fmt"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Demand is how a person must have signed in.
type Demand struct {
	ACR    []string      // classes of which the sign-in must have one; none: any
	MaxAge time.Duration // how long ago it may have been; 0: any time
}

func demandOf(r federation.Requires) Demand { return Demand{r.AuthnContexts(), r.MaxAge()} }

// IsZero says that any sign-in will do.
func (d Demand) IsZero() bool { return len(d.ACR) == 0 && d.MaxAge == 0 }

// Unmet says what is wrong with a sign-in at this moment, "" where nothing is.
func (d Demand) Unmet(who validate.Identity, now time.Time) string { return d.unmet(who, now) }

func (d Demand) unmet(who person, now time.Time) string {
	if class := who.AuthnContext(); len(d.ACR) > 0 && !slices.Contains(d.ACR, class) {
		return fmt.Sprintf("the sign-in is of class %q, one of %q is wanted", class, d.ACR)
	}
	if at := who.AuthenticatedAt(); d.stale(who, now) {
		if at.IsZero() {
			return fmt.Sprintf("the identity provider does not say when the sign-in was, at most %s ago is wanted", d.MaxAge)
		}
		return fmt.Sprintf("the sign-in was at %s, %s ago, %s is the most", at.UTC().Format(time.RFC3339), now.Sub(at).Truncate(time.Second), d.MaxAge)
	}
	return ""
}

func (d Demand) stale(who person, now time.Time) bool {
	return d.MaxAge > 0 && now.Sub(who.AuthenticatedAt()) > d.MaxAge
}

// StepUp is a role, or a RAM user, that the person would have after signing in again,
// and with what.
type StepUp struct {
	Demand

	Role    ram.RoleARN // zero where it is about a user
	User    ram.UPN
	Account federation.Account
	Rule    string
	// Force says that the identity provider must ask anew: it may hold a session
	// whose age is what the rule does not accept.
	Force bool
}

// IsZero says that no other sign-in would help.
func (s StepUp) IsZero() bool { return s.Role.IsZero() && s.User.IsZero() }

// sameAs says that both lead to one thing: a role, or being a user of an account.
func (s StepUp) sameAs(other StepUp) bool {
	if s.User.IsZero() || other.User.IsZero() {
		return s.Role == other.Role && s.User.IsZero() == other.User.IsZero()
	}
	return s.Account.ID() == other.Account.ID()
}

// wantsMore notes what the sign-in lacks for the rule. The trace has the roles all
// the same, since they say what signing in again is good for.
func (d *decision) wantsMore(rule federation.Rule, e *Evaluation) bool {
	demand := demandOf(rule.Requires())
	e.Lacks = demand.unmet(d.who, d.at.Now)
	return e.Lacks != ""
}

// offer adds what the rule asks of the sign-in.
func (d *decision) offer(rule federation.Rule, s StepUp) {
	s.Demand, s.Rule = demandOf(rule.Requires()), rule.Name()
	s.Force = s.stale(d.who, d.at.Now)
	d.stepUps = append(d.stepUps, s)
}

// openStepUps are those to what no rule gives as it is, each once.
func (d *decision) openStepUps() []StepUp {
	var open []StepUp
	for _, s := range d.stepUps {
		if !d.hasTaken(s) && !slices.ContainsFunc(open, s.sameAs) {
			open = append(open, s)
		}
	}
	return open
}

func (d *decision) hasTaken(s StepUp) bool {
	if !s.User.IsZero() {
		return d.isUserOf(s.Account)
	}
	return d.taken[s.Role]
}
