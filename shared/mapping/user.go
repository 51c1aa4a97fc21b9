package mapping

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// UserGrant is permission to sign in as one RAM user once, now. Only [Decide] and
// [TakeUser] make one; who gets a zero UserGrant refuses it.
type UserGrant struct {
	account federation.Account
	upn     ram.UPN
	rule    string
	create  bool
}

// Account is the user's account.
func (g UserGrant) Account() federation.Account { return g.account }

// UPN is the user's login name.
func (g UserGrant) UPN() ram.UPN { return g.upn }

// Rule is the name of the rule that gave the user.
func (g UserGrant) Rule() string { return g.rule }

// Create says that the rule lets the user be made where RAM has none.
func (g UserGrant) Create() bool { return g.create }

// IsZero says that nobody was granted.
func (g UserGrant) IsZero() bool { return g.upn.IsZero() || g.account.IsZero() || g.rule == "" }

// UserTaking is what came of a person's wish to be the RAM user of one account.
type UserTaking struct {
	Grant  UserGrant
	StepUp StepUp   // what would make them one, where they are not
	Audit  []string // names of the audit rules that would make them one too
}

// TakeUser decides which RAM user of one account the person is. Where none, the refusal
// is step_up_needed where they would be one after signing in again; principal_invalid or
// principal_suffix where a rule means them and its login name is none that it may give;
// else user_not_granted, with what each rule lacked that could have given one.
func TakeUser(rev federation.Revision, who validate.Identity, at Context, account ram.AccountID) (UserTaking, error) {
	d := decide(rev, who, at)
	if d.trace.Note != "" || account.IsZero() {
		return UserTaking{}, reason.New(reason.UserNotGranted, "account %q: %s", account, d.trace.why())
	}
	var t UserTaking
	code := reason.UserNotGranted
	for rule := range rev.RulesOf(d.source.ID) {
		if rule.User().Account() != account || len(d.users) > 0 && !rule.Audit() {
			continue
		}
		var e Evaluation
		d.evaluate(rule, &e)
		if e.code != "" && !e.Audit && code == reason.UserNotGranted {
			code = e.code
		}
		if e.audits() && e.User != "" {
			t.Audit = append(t.Audit, e.Rule)
		}
		d.tell(e)
	}
	switch {
	case len(d.users) > 0:
		t.Grant = d.users[0]
		return t, nil
	case len(d.stepUps) > 0:
		t.StepUp, code = d.stepUps[0], reason.StepUpNeeded
	}
	return t, reason.New(code, "user of account %s: %s", account, d.trace.why())
}

// Person is who somebody is beyond one sign-in: as the identity provider's person
// template says, else the subject. RAM users belong to a person, so who cannot be told
// from others by it is refused.
func Person(source trust.Source, who validate.Identity) (string, error) {
	return personOf(source, who)
}

func personOf(source trust.Source, who person) (string, error) {
	source.Person = cmp.Or(source.Person, "{{"+federation.NameID+"}}")
	template, err := federation.PersonTemplate(source)
	if err != nil {
		return "", reason.New(reason.ConfigurationInvalid, "person of identity provider %q: %w", source.ID, err)
	}
	d := decision{source: source, who: who}
	person, err := template.Expand(d.sole)
	switch {
	case err != nil:
		return "", reason.New(reason.PersonUnclear, "person of identity provider %q: %w"+noSole, source.ID, err)
	case strings.TrimSpace(person) == "":
		return "", reason.New(reason.PersonUnclear, "person of identity provider %q: %q is blank", source.ID, source.Person)
	}
	// By {{email | default "x"}} all without an address would be one.
	if anybody, err := template.Expand(func(string) (string, bool) { return "", false }); err == nil && anybody == person {
		return "", reason.New(reason.PersonUnclear, "person of identity provider %q: %q is anybody of whom a sign-in says nothing", source.ID, person)
	}
	return person, nil
}

// giveUser makes a person a RAM user; of several rules for one account the first
// decides which.
func (d *decision) giveUser(rule federation.Rule, e *Evaluation) {
	upn, err := d.principal(rule.User())
	if err != nil {
		e.Note, e.code = fmt.Sprintf("gives nothing, for principal: %s", reason.Detail(err)), reason.Of(err)
		return
	}
	e.User = upn.String()
	account, listed := d.revision.Account(rule.User().Account())
	again := d.wantsMore(rule, e)
	switch {
	case rule.Audit() || !listed || d.isUserOf(account):
	case again:
		d.offer(rule, StepUp{User: upn, Account: account})
	default:
		d.users = append(d.users, UserGrant{account, upn, rule.Name(), rule.User().Create()})
	}
}

// principal is a login name of RAM's own characters or nothing: what only looks like
// one is somebody else.
func (d *decision) principal(user federation.User) (ram.UPN, error) {
	text, err := user.Principal().Expand(d.sole)
	if err != nil {
		return ram.UPN{}, reason.New(reason.PrincipalInvalid, "%w"+noSole, err)
	}
	upn, err := ram.ParseUPN(text)
	if err != nil {
		return ram.UPN{}, reason.New(reason.PrincipalInvalid, "%w", err)
	}
	if !user.Allows(upn.Suffix()) {
		return ram.UPN{}, reason.New(reason.PrincipalSuffix, "%s is of a suffix that the rule's domains do not have", upn)
	}
	return upn, nil
}

const (
	transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

	// noSole goes on where a template says that a variable has no value.
	noSole = " that is somebody's alone: one is wanted, not several, nor a blank, nor a transient NameID"
)

// sole is the value of a variable that says who somebody is. Of several the identity
// provider, or the person, may choose which comes first. A transient NameID is another
// with each sign-in (saml-core 8.3.8): who came by one would own a user whom nobody could
// ever be again.
func (d *decision) sole(name string) (string, bool) {
	value, ok := d.variable(name)
	if slices.Contains(federation.SubjectVariables(d.source), name) {
		return value, ok && d.who.NameIDFormat() != transient
	}
	others := slices.ContainsFunc(d.who.Attribute(d.source.AttributeName(name)), func(v string) bool { return v != value })
	return value, ok && !others && strings.TrimSpace(value) != ""
}

func (d *decision) isUserOf(account federation.Account) bool {
	return slices.ContainsFunc(d.users, func(g UserGrant) bool { return g.account.ID() == account.ID() })
}
