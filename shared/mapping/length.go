package mapping

import "time"

// Bound is what decided how long a session lasts.
type Bound string

// The bounds. Of two that are equal the one that stands further up decided.
const (
	ByRule             Bound = "rule"
	BySignIn           Bound = "sign_in"
	BySession          Bound = "session"
	ByIdentityProvider Bound = "identity_provider"
	ByRequest          Bound = "asked"
	ByRole             Bound = "role"
	ByUnknownRole      Bound = "role_unknown"
	ByShrunkRole       Bound = "role_shrank"
)

// BoundRow says what a bound is.
type BoundRow struct {
	Bound   Bound
	Meaning string
}

// Bounds are all of them.
func Bounds() []BoundRow {
	return []BoundRow{
		{ByRule, "the rule's `session.duration`"},
		{BySignIn, "the end of the sign-in, where the identity provider says one (`SessionNotOnOrAfter`)"},
		{BySession, "the end of the session at the portal, twelve hours after the sign-in; in its last quarter of an hour a role lasts the 15 minutes that STS gives at least"},
		{ByIdentityProvider, "its `SessionDuration`, in a rule with `assertedRoles`"},
		{ByRequest, "what the request asks for"},
		{ByRole, "the role's MaxSessionDuration as `metadata-rotation` last read it: within the hour, in accounts with a `maintenanceRole`"},
		{ByUnknownRole, "STS refused that length, and nobody has read the role's maximum: an hour, which every role allows"},
		{ByShrunkRole, "STS refused that length though the role was read to allow it: an hour, until the next run reads it again"},
	}
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

// Long says that the grant lasts longer than the hour that every role allows, so that
// it matters how long its own does.
func (g Grant) Long() bool { return g.length.Lasts > leastMaximum }

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
	if !g.Long() {
		return g, false
	}
	by := ByUnknownRole
	if g.maximum > 0 {
		by = ByShrunkRole
	}
	g.length = g.length.within(leastMaximum, by)
	return g, true
}
