package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Decision is everything that the rules say of one person at one moment.
type Decision struct {
	Grants  []Grant     // in the order of the rules, each role once
	Users   []UserGrant // likewise, each account once
	StepUps []StepUp    // what only another sign-in stands before
	Near    []Near      // what the person lacks something for, where a rule discloses that
	Trace   Trace
}

// Decide evaluates all rules of the person's identity provider once.
func Decide(rev federation.Revision, who validate.Identity, at Context) Decision {
	d := decide(rev, who, at)
	if d.trace.Note != "" {
		return Decision{Trace: d.trace}
	}
	d.expect(rev.CountRulesOf(d.source.ID))
	for rule := range rev.RulesOf(d.source.ID) {
		d.trace.Rules = append(d.trace.Rules, Evaluation{})
		e := &d.trace.Rules[len(d.trace.Rules)-1]
		d.evaluate(rule, e)
		d.miss(rule, e)
	}
	open := d.openStepUps()
	return Decision{d.grants, d.users, open, d.nearlyHad(open), d.trace}
}

// Taking is what came of a person's wish for one role.
type Taking struct {
	Grant  Grant
	StepUp StepUp   // what would give the role, where it was not granted
	Audit  []string // names of the audit rules that would give it too
}

// Take decides about one role: a grant, or step_up_needed where the person would
// have it after signing in again, or role_not_granted with what each rule that
// could have given it lacked. Of the rules after the first that gives the role
// only those that audit are read: the others could not change the grant.
func Take(rev federation.Revision, who validate.Identity, at Context, role ram.RoleARN) (Taking, error) {
	d := decide(rev, who, at)
	if d.trace.Note != "" || role.IsZero() {
		return Taking{}, reason.New(reason.RoleNotGranted, "role %q: %s", role, d.trace.why())
	}
	var t Taking
	for rule := range rev.RulesFor(d.source.ID, role) {
		if !t.Grant.IsZero() && !rule.Audit() {
			continue
		}
		var e Evaluation
		d.evaluate(rule, &e)
		if len(e.Roles) > 0 && t.Grant.IsZero() {
			t.Grant = d.granted(role)
		}
		if e.audits() && slices.Contains(e.Roles, role.String()) {
			t.Audit = append(t.Audit, e.Rule)
		}
		d.tell(e)
	}
	if !t.Grant.IsZero() {
		return t, nil
	}
	if i := slices.IndexFunc(d.stepUps, func(s StepUp) bool { return s.Role == role }); i >= 0 {
		t.StepUp = d.stepUps[i]
		return t, reason.New(reason.StepUpNeeded, "role %q: %s", role, d.trace.why())
	}
	return t, reason.New(reason.RoleNotGranted, "role %q: %s", role, d.trace.why())
}

func (d *decision) granted(role ram.RoleARN) Grant {
	for _, g := range d.grants {
		if g.role == role {
			return g
		}
	}
	return Grant{}
}

// TakeOnly decides about the one role that the identity may take. Where there are
// several it refuses as role_unclear and names them; where there is none, as [Take].
func TakeOnly(rev federation.Revision, who validate.Identity, at Context) (Taking, error) {
	d := Decide(rev, who, at)
	t := Taking{Audit: d.Trace.Auditors()}
	switch {
	case len(d.Grants) == 1:
		t.Grant = d.Grants[0]
		return t, nil
	case len(d.Grants) > 1:
		return t, reason.New(reason.RoleUnclear, "name one of the roles %s", rolesOf(d.Grants))
	}
	if i := slices.IndexFunc(d.StepUps, func(s StepUp) bool { return !s.Role.IsZero() }); i >= 0 {
		t.StepUp = d.StepUps[i]
		return t, reason.New(reason.StepUpNeeded, "no role: %s", d.Trace.short().why())
	}
	return t, reason.New(reason.RoleNotGranted, "no role: %s", d.Trace.short().why())
}

func rolesOf(grants []Grant) string {
	names := make([]string, 0, mostTold)
	for _, g := range grants[:min(len(grants), mostTold)] {
		names = append(names, g.role.String())
	}
	list := strings.Join(names, ", ")
	if more := len(grants) - len(names); more > 0 {
		list += fmt.Sprintf(" and %d more", more)
	}
	return list
}
