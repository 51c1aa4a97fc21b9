package mapping

import (
	"errors"
	"fmt"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// session is what a rule says of a session, for this person and hour.
type session struct {
	name     string
	duration time.Duration
	note     string
}

func (d *decision) session(rule federation.Rule) (session, error) {
	name, err := d.sessionName(rule.SessionName())
	if err != nil {
		return session{}, fmt.Errorf("gives nothing, for it makes no session name: %w", err)
	}
	s := session{name: name, duration: rule.Duration()}
	end := d.who.SessionNotOnOrAfter()
	if end.IsZero() {
		return s, nil
	}
	left := end.Sub(d.at.Now).Truncate(time.Second)
	switch {
	case left < federation.MinDuration:
		return session{}, fmt.Errorf("gives nothing, for the sign-in ends at %s and STS makes no session shorter than %s", end.UTC().Format(time.RFC3339), federation.MinDuration)
	case left < s.duration:
		s.note = fmt.Sprintf("duration %s instead of %s, for the sign-in ends at %s", left, s.duration, end.UTC().Format(time.RFC3339))
		s.duration = left
	}
	return s, nil
}

func (d *decision) sessionName(template federation.Template) (string, error) {
	text, err := template.Expand(d.variable)
	if err != nil {
		return "", fmt.Errorf("template: %w", err)
	}
	name, err := ram.CleanSessionName(text)
	if err != nil {
		return "", errors.New("all its variables are blank")
	}
	return name, nil
}

// variable is the subject, or the first value of an attribute: a name is for
// finding a person again, and decides nothing.
func (d *decision) variable(name string) (string, bool) {
	if name == federation.NameID {
		return d.who.Subject(), true
	}
	values := d.who.Attribute(d.source.AttributeName(name))
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}
