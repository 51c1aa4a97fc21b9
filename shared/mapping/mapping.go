// Package mapping decides what a person may become.
//
// In: one revision of the federation, an identity that validate has made, and
// the circumstances. Out: a [Grant] for each role that some rule gives, a
// [UserGrant] for each RAM user, a [StepUp] for each of both that only another sign-in
// stands before, a [Near] for each role that a rule shows to who lacks something for it,
// and a [Trace] that says of every rule whether it held and, where not, which condition
// failed, what it expected and what came. Refused: roles that no rule gives, and what
// only looks like a role. The same evaluation makes them all, so that the explanation
// cannot differ from the decision.
//
// To whom a RAM user belongs, [Person] says. Of an event, which proves nothing, [Places]
// says by the same evaluation which RAM users its person has; no grant comes of it.
//
// Why a missing attribute fails: RAM has operators that hold where a key is
// absent. An identity provider that stops sending an attribute must not widen
// anybody's rights. So a clause whose attribute has no value fails, also where it
// is negated or begins with ForAllValues, unless its operator says otherwise by
// name: IfExists, Null. A value that is empty counts as none.
//
// Why a negated operator wants every value to pass: a person is in many groups,
// and who is in contractors is not to pass StringNotEquals contractors by being in
// another one too. ForAnyValue and ForAllValues say the one or the other.
package mapping

import (
	"net/netip"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Context is what a decision depends on beside the person.
type Context struct {
	Now      time.Time
	SourceIP netip.Addr
	Ends     time.Time // of the person's session here; zero: there is none

	unseen bool // where the person is: nobody came
}

// Roles are all roles that the identity may take, in the order of the rules; of
// several rules that give one role the first decides its session.
func Roles(rev federation.Revision, who validate.Identity, at Context) ([]Grant, Trace) {
	d := Decide(rev, who, at)
	return d.Grants, d.Trace
}

// Role is the grant of one role, as [Take] decides.
func Role(rev federation.Revision, who validate.Identity, at Context, role ram.RoleARN) (Grant, error) {
	t, err := Take(rev, who, at, role)
	return t.Grant, err
}

// decide prepares an evaluation, or notes in the trace why no rule is to be read.
func decide(rev federation.Revision, who person, at Context) *decision {
	d := &decision{revision: rev, who: who, at: at, taken: map[ram.RoleARN]bool{}, attributes: map[string]*fact{}}
	d.trace = Trace{Revision: rev.ID(), IdP: who.IdentityProvider()}
	d.source, d.trace.Note = reader(rev, who, at)
	if d.trace.Note == "" {
		d.circumstances()
	}
	return d
}

// reader finds whose rules are to be read, or says why none are.
func reader(rev federation.Revision, who person, at Context) (source trust.Source, note string) {
	if who.IsZero() || at.Now.IsZero() || rev.IsZero() {
		return trust.Source{}, "there is no identity, no time or no federation to decide by"
	}
	source, ok := rev.IdentityProvider(who.IdentityProvider())
	switch {
	case !ok:
		return trust.Source{}, "the identity provider is no longer in the federation"
	case source.Suspended:
		return trust.Source{}, "the identity provider is suspended"
	}
	return source, ""
}

// decision is one evaluation of rules for one person.
type decision struct {
	revision federation.Revision
	source   trust.Source
	who      person
	at       Context
	taken    map[ram.RoleARN]bool
	grants   []Grant
	users    []UserGrant
	stepUps  []StepUp
	missed   []missed
	trace    Trace

	attributes                     map[string]*fact // that were looked up
	last                           *fact            // of them
	subject, sourceIP, currentTime *fact
	conditions                     []Condition // of all rules, one after the other
}

// expect makes room for the trace of many rules at once.
func (d *decision) expect(rules int) {
	d.trace.Rules = make([]Evaluation, 0, rules)
	d.conditions = make([]Condition, 0, rules)
}

// mostTold is how many rules, or roles, a refusal names.
const mostTold = 20

// tell keeps what a rule lacked for the refusal, which of very many names some.
func (d *decision) tell(e Evaluation) {
	if len(d.trace.Rules) < mostTold {
		d.trace.Rules = append(d.trace.Rules, e)
		return
	}
	d.trace.untold++
	d.conditions = d.conditions[:len(d.conditions)-len(e.Conditions)]
}

// evaluate writes down what came of a rule, and adds to the grants what it gives.
func (d *decision) evaluate(rule federation.Rule, e *Evaluation) {
	e.Rule, e.Audit, e.Holds = rule.Name(), rule.Audit(), true
	first := len(d.conditions)
	for clause := range rule.Clauses() {
		f := d.fact(clause)
		holds := f.passes(clause)
		d.conditions = append(d.conditions, Condition{clause, f, holds})
		e.Holds = e.Holds && holds
	}
	e.Conditions = slices.Clip(d.conditions[first:])
	if e.Holds {
		d.give(rule, e)
	}
}

// give turns the roles of a rule that holds into grants, and its user.
func (d *decision) give(rule federation.Rule, e *Evaluation) {
	if !rule.User().IsZero() {
		d.giveUser(rule, e)
		return
	}
	session, err := d.session(rule)
	if err != nil {
		e.Note = err.Error()
		return
	}
	e.Note = session.note
	again := d.wantsMore(rule, e)
	for _, role := range d.rolesOf(rule, e) {
		e.Roles = append(e.Roles, role.String())
		account, ok := d.revision.Account(role.Account())
		if rule.Audit() || d.taken[role] || !ok || !federation.Grantable(role) {
			continue
		}
		if again {
			d.offer(rule, StepUp{Role: role, Account: account})
			continue
		}
		d.taken[role] = true
		d.grants = append(d.grants, Grant{
			role: role, account: account, rule: rule.Name(),
			sessionName: session.name, length: session.length, policy: rule.SessionPolicy(),
		})
	}
}

func (d *decision) rolesOf(rule federation.Rule, e *Evaluation) []ram.RoleARN {
	if rule.Asserted().IsZero() {
		return rule.Roles()
	}
	return d.asserted(rule, e)
}
