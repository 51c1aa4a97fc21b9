package validate

import (
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

// How old messages may be, skew aside. A response is made for the form that
// posts it. An assertion may come from a cache: Entra ID hands out one again
// for as long as it is valid, which is an hour.
const (
	oldestResponse  = 10 * time.Minute
	oldestAssertion = time.Hour

	// longestLife keeps every nonce within its table's day.
	longestLife = 23 * time.Hour
)

// within holds the clock to a window, either end of which may be open, and says
// by how much it missed.
func (p *progress) within(what string, notBefore, notOnOrAfter time.Time) error {
	if !notBefore.IsZero() && !notOnOrAfter.IsZero() && !notBefore.Before(notOnOrAfter) {
		return reason.New(reason.Expired, "%s ends (%s) before it begins (%s)", what, stamp(notOnOrAfter), stamp(notBefore))
	}
	if !notBefore.IsZero() {
		if err := p.notAhead(what, "begins", notBefore); err != nil {
			return err
		}
	}
	if !notOnOrAfter.IsZero() && !p.now.Before(notOnOrAfter.Add(p.skew)) {
		return reason.New(reason.Expired, "%s ended %s ago (%s), the record allows %s",
			what, ago(p.now.Sub(notOnOrAfter)), stamp(notOnOrAfter), p.skew)
	}
	return nil
}

func (p *progress) notAhead(what, verb string, at time.Time) error {
	if !p.now.Before(at.Add(-p.skew)) {
		return nil
	}
	return reason.New(reason.NotYetValid, "%s %s in %s (%s), the record allows %s",
		what, verb, ago(at.Sub(p.now)), stamp(at), p.skew)
}

// requireRecent holds IssueInstant to a window both ways: what claims to come
// from the future is a wrong clock at best.
func requireRecent(t *trial) error {
	for _, issued := range []struct {
		what   string
		at     time.Time
		oldest time.Duration
	}{
		{"the response", t.message.Response.IssueInstant, oldestResponse},
		{"the assertion", t.message.Assertion.IssueInstant, oldestAssertion},
	} {
		if err := t.notAhead(issued.what, "is issued", issued.at); err != nil {
			return err
		}
		if age := t.now.Sub(issued.at); age > issued.oldest+t.skew {
			return reason.New(reason.Expired, "%s was issued %s ago (%s), at most %s and %s are allowed",
				issued.what, ago(age), stamp(issued.at), issued.oldest, t.skew)
		}
	}
	return nil
}

func requireConditionsInTime(t *trial) error {
	if c := t.message.Assertion.Conditions; c != nil {
		return t.within("the assertion", c.NotBefore, c.NotOnOrAfter)
	}
	return nil
}

// requireAuthn: without a statement about a sign-in nobody has signed in
// (saml-profiles 4.1.4.2); a session that has ended there does not begin here.
func requireAuthn(t *trial) error {
	statements := t.message.Assertion.AuthnStatements
	if len(statements) == 0 {
		return reason.New(reason.AuthnMissing, "the assertion has no AuthnStatement")
	}
	for _, statement := range statements {
		if err := t.notAhead("the sign-in", "happens", statement.AuthnInstant); err != nil {
			return err
		}
	}
	if end := sessionEnd(statements); !end.IsZero() && !t.now.Before(end) {
		return reason.New(reason.Expired, "the session at the identity provider ended %s ago (%s)", ago(t.now.Sub(end)), stamp(end))
	}
	return nil
}

// sessionEnd is the earliest SessionNotOnOrAfter, zero if there is none.
func sessionEnd(statements []samldoc.AuthnStatement) time.Time {
	var end time.Time
	for _, s := range statements {
		if !s.SessionNotOnOrAfter.IsZero() && (end.IsZero() || s.SessionNotOnOrAfter.Before(end)) {
			end = s.SessionNotOnOrAfter
		}
	}
	return end
}

func requireShortLife(t *trial) error {
	if end := t.validUntil(); end.Sub(t.now) > longestLife {
		return reason.New(reason.LifetimeTooLong, "the assertion is valid for another %s (%s), at most %s", ago(end.Sub(t.now)), stamp(end), longestLife)
	}
	return nil
}

// validUntil is when the assertion can no longer be accepted: its last bearer
// confirmation or its conditions have ended, skew included.
func (t *trial) validUntil() time.Time {
	var end time.Time
	for _, c := range t.bearers() {
		if c.NotOnOrAfter.After(end) {
			end = c.NotOnOrAfter
		}
	}
	if c := t.message.Assertion.Conditions; c != nil && !c.NotOnOrAfter.IsZero() && c.NotOnOrAfter.Before(end) {
		end = c.NotOnOrAfter
	}
	return end.Add(t.skew)
}

func ago(d time.Duration) string { return d.Round(time.Millisecond).String() }

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }
