package mapping

import "time"

// Bound is what decided how long a session lasts.
type Bound string

// The bounds. Of two that are equal the one that stands further up decided.
const (
	ByRule             Bound = "rule"
	BySignIn           Bound = "sign_in"           // SessionNotOnOrAfter
	BySession          Bound = "session"           // that of the person here
	ByIdentityProvider Bound = "identity_provider" // its SessionDuration, where it names roles itself
	ByRequest          Bound = "asked"             // who takes the role wants no more
	ByRole             Bound = "role"              // its maximum, as RAM was read to have it
	ByUnknownRole      Bound = "role_unknown"      // STS refused more; how much the role allows was never read
	ByShrunkRole       Bound = "role_shrank"       // STS refused what the role was read to allow
)

// Bounds are all of them.
func Bounds() []Bound {
	return []Bound{ByRule, BySignIn, BySession, ByIdentityProvider, ByRequest, ByRole, ByUnknownRole, ByShrunkRole}
}

// leastMaximum is the least MaxSessionDuration that a role can have.
const leastMaximum = time.Hour

// Length is how long a session lasts, and what decided that.
type Length struct {
	Lasts time.Duration
	Rule  time.Duration // what the rule gives
	By    Bound
}

// String is for the log.
func (l Length) String() string { return l.Lasts.String() + " by " + string(l.By) }

// within is the length, and never more than most.
func (l Length) within(most time.Duration, by Bound) Length {
	if most < l.Lasts {
		l.Lasts, l.By = most, by
	}
	return l
}

// Allowed is the grant within the maximum of its role, as it was last read; 0 says
// that it never was. RAM has none below an hour: what says so is not believed.
func (g Grant) Allowed(most time.Duration) Grant {
	if most < leastMaximum {
		return g
	}
	g.maximum = most
	g.length = g.length.within(most, ByRole)
	return g
}

// Least is the grant for an hour, which every role allows: for STS that refused it as
// too long. false says that it is no longer than that.
func (g Grant) Least() (Grant, bool) {
	if g.length.Lasts <= leastMaximum {
		return g, false
	}
	by := ByUnknownRole
	if g.maximum > 0 {
		by = ByShrunkRole
	}
	g.length = g.length.within(leastMaximum, by)
	return g, true
}
