package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// session is what a rule says of a session, for this person and hour.
type session struct {
	name   string
	length Length
	note   string
}

func (d *decision) session(rule federation.Rule) (session, error) {
	name, notes, err := d.sessionName(rule)
	if err != nil {
		return session{}, fmt.Errorf("gives nothing, for it makes no session name: %w", err)
	}
	limits, err := d.limits(rule)
	if err != nil {
		return session{}, fmt.Errorf("gives nothing: %w", err)
	}
	s := session{name: name, length: Length{rule.Duration(), rule.Duration(), ByRule}}
	for _, limit := range limits {
		switch {
		case limit.most < federation.MinDuration:
			return session{}, fmt.Errorf("gives nothing, for %s and STS makes no session shorter than %s", limit.why, federation.MinDuration)
		case limit.most < s.length.Lasts:
			notes = append(notes, fmt.Sprintf("duration %s instead of %s, for %s", limit.most, s.length.Lasts, limit.why))
			s.length = s.length.within(limit.most, limit.by)
		}
	}
	s.note = strings.Join(notes, "; ")
	return s, nil
}

// limit bounds a session beside its rule.
type limit struct {
	most time.Duration
	by   Bound
	why  string
}

func (d *decision) limits(rule federation.Rule) ([]limit, error) {
	var limits []limit
	if end := d.who.SessionNotOnOrAfter(); !end.IsZero() {
		left := end.Sub(d.at.Now).Truncate(time.Second)
		limits = append(limits, limit{left, BySignIn, "the sign-in ends at " + end.UTC().Format(time.RFC3339)})
	}
	if end := d.at.Ends; !end.IsZero() {
		// The limit is our own. In the last minutes of a session it gives way to the
		// shortest that STS makes, or the page would be empty before it ends.
		left := max(end.Sub(d.at.Now).Truncate(time.Second), federation.MinDuration)
		limits = append(limits, limit{left, BySession, "the session here ends at " + end.UTC().Format(time.RFC3339)})
	}
	if rule.Asserted().IsZero() {
		return limits, nil
	}
	asserted, ok, err := d.assertedDuration()
	if ok {
		limits = append(limits, limit{asserted, ByIdentityProvider, fmt.Sprintf("the identity provider allows %s", asserted)})
	}
	return limits, err
}

// sessionName is the template's, or where the rule leaves it open, the one that
// the identity provider says.
func (d *decision) sessionName(rule federation.Rule) (name string, notes []string, err error) {
	if rule.AssertedName() {
		name, note := d.assertedName()
		if name != "" {
			return name, nil, nil
		}
		notes = note
	}
	text, err := rule.SessionName().Expand(d.variable)
	if err != nil {
		return "", nil, fmt.Errorf("template: %w", err)
	}
	if name, err = ram.CleanSessionName(text); err != nil {
		return "", nil, errors.New("all its variables are blank")
	}
	return name, notes, nil
}

// variable is the subject, or the first value of an attribute: a name is for
// finding a person again, and decides nothing.
func (d *decision) variable(name string) (string, bool) {
	if slices.Contains(federation.SubjectVariables(d.source), name) {
		return d.who.Subject(), true
	}
	values := d.who.Attribute(d.source.AttributeName(name))
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}
