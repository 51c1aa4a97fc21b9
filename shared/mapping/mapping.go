// Package mapping decides what a person may become.
//
// In: one revision of the federation, an identity that validate has made, and
// the circumstances. Out: a [Grant] for each role that some rule gives, and a
// [Trace] that says of every rule whether it held and, where not, which condition
// failed, what it expected and what came. Refused: roles that no rule gives, and
// what only looks like a role. The same evaluation makes grants and trace, so
// that the explanation cannot differ from the decision.
//
// Why a missing attribute fails: RAM has operators that hold where a key is
// absent. An identity provider that stops sending an attribute must not widen
// anybody's rights.
package mapping

import (
	"net/netip"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Context is what a decision depends on beside the person.
type Context struct {
	Now      time.Time
	SourceIP netip.Addr
}

// Roles are all roles that the identity may take, in the order of the rules; of
// several rules that give one role the first decides its session.
func Roles(rev federation.Revision, who validate.Identity, at Context) ([]Grant, Trace) {
	d := decision{revision: rev, who: who, at: at, taken: map[ram.RoleARN]bool{}}
	d.trace = Trace{Revision: rev.ID(), IdP: who.IdentityProvider()}
	d.source, d.trace.Note = reader(rev, who, at)
	if d.trace.Note != "" {
		return nil, d.trace
	}
	for _, rule := range rev.RulesOf(d.source.ID) {
		d.trace.Rules = append(d.trace.Rules, d.evaluate(rule))
	}
	return d.grants, d.trace
}

// Role is the grant of one role, or role_not_granted with what each rule that
// could have given it lacked.
func Role(rev federation.Revision, who validate.Identity, at Context, role ram.RoleARN) (Grant, error) {
	grants, trace := Roles(rev, who, at)
	for _, grant := range grants {
		if !role.IsZero() && grant.role == role {
			return grant, nil
		}
	}
	return Grant{}, reason.New(reason.RoleNotGranted, "role %q: %s", role, trace.why(rev, role))
}

// reader finds whose rules are to be read, or says why none are.
func reader(rev federation.Revision, who validate.Identity, at Context) (source trust.Source, note string) {
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

// decision is one evaluation of all rules for one person.
type decision struct {
	revision federation.Revision
	source   trust.Source
	who      validate.Identity
	at       Context
	taken    map[ram.RoleARN]bool
	grants   []Grant
	trace    Trace
}

func (d *decision) evaluate(rule federation.Rule) Evaluation {
	e := Evaluation{Rule: rule.Name(), Audit: rule.Audit(), Holds: true}
	for _, clause := range rule.Clauses() {
		c := d.compare(clause)
		e.Conditions = append(e.Conditions, c)
		e.Holds = e.Holds && c.Holds
	}
	if e.Holds {
		d.give(rule, &e)
	}
	return e
}

// compare has the meaning of RAM's StringEquals: exact, case included. Where the
// attribute has several values one is enough, as with ForAnyValue: a person is in
// many groups, and a rule asks for one of them.
func (d *decision) compare(clause federation.Clause) Condition {
	c := Condition{
		Operator: string(clause.Operator()),
		Key:      clause.Key(),
		Name:     clause.Attribute(),
		Expected: clause.Values(),
		Received: d.who.Attribute(clause.Attribute()),
	}
	if clause.Operator() != federation.StringEquals {
		return c // an operator that nobody taught us holds never
	}
	for _, value := range c.Received {
		c.Holds = c.Holds || clause.Wants(value)
	}
	return c
}

// give turns the roles of a rule that holds into grants.
func (d *decision) give(rule federation.Rule, e *Evaluation) {
	session, err := d.session(rule)
	if err != nil {
		e.Note = err.Error()
		return
	}
	e.Note = session.note
	for _, role := range d.rolesOf(rule, e) {
		e.Roles = append(e.Roles, role.String())
		account, ok := d.revision.Account(role.Account())
		if rule.Audit() || d.taken[role] || !ok || !federation.Grantable(role) {
			continue
		}
		d.taken[role] = true
		d.grants = append(d.grants, Grant{
			role: role, account: account, rule: rule.Name(),
			sessionName: session.name, duration: session.duration, policy: rule.SessionPolicy(),
		})
	}
}

func (d *decision) rolesOf(rule federation.Rule, e *Evaluation) []ram.RoleARN {
	if rule.Asserted().IsZero() {
		return rule.Roles()
	}
	return d.asserted(rule, e)
}
