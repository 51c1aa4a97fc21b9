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
func (d Demand) Unmet(who validate.Identity, now time.Time) string {
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

func (d Demand) stale(who validate.Identity, now time.Time) bool {
	return d.MaxAge > 0 && now.Sub(who.AuthenticatedAt()) > d.MaxAge
}

// StepUp is a role that the person would have after signing in again, and with
// what.
type StepUp struct {
	Demand

	Role    ram.RoleARN
	Account federation.Account
	Rule    string
	// Force says that the identity provider must ask anew: it may hold a session
	// whose age is what the rule does not accept.
	Force bool
}

// IsZero says that no other sign-in would help.
func (s StepUp) IsZero() bool { return s.Role.IsZero() }

// wantsMore notes what the sign-in lacks for the rule. The trace has the roles all
// the same, since they say what signing in again is good for.
func (d *decision) wantsMore(rule federation.Rule, e *Evaluation) bool {
	demand := demandOf(rule.Requires())
	e.Lacks = demand.Unmet(d.who, d.at.Now)
	return e.Lacks != ""
}

func (d *decision) offer(rule federation.Rule, role ram.RoleARN, account federation.Account) {
	demand := demandOf(rule.Requires())
	d.stepUps = append(d.stepUps, StepUp{
		Demand: demand, Role: role, Account: account, Rule: rule.Name(), Force: demand.stale(d.who, d.at.Now),
	})
}

// openStepUps are those of roles that no rule gives as it is, each role once.
func (d *decision) openStepUps() []StepUp {
	var open []StepUp
	for _, s := range d.stepUps {
		if !d.taken[s.Role] && !slices.ContainsFunc(open, func(o StepUp) bool { return o.Role == s.Role }) {
			open = append(open, s)
		}
	}
	return open
}
