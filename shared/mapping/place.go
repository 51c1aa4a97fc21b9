package mapping

import (
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// person is of whom a decision is made: an identity, of which alone grants come, or what
// an event says of somebody.
type person interface {
	IsZero() bool
	IdentityProvider() string
	Subject() string
	NameIDFormat() string
	Attribute(name string) []string
	AuthenticatedAt() time.Time
	AuthnContext() string
	SessionNotOnOrAfter() time.Time
}

// Place is a RAM user that the rules have for somebody: a name, and no permission to be
// that user. Where Problem is set they have none in the account, since the rule's
// principal gives no name that RAM could hold: principal_invalid or principal_suffix.
type Place struct {
	Account federation.Account
	UPN     ram.UPN
	Rule    string
	Problem error
}

// Places are the RAM users that may be made for somebody of an identity provider, one an
// account, in the order of the rules. An event does not say how and from where somebody
// signed in: a rule that asks it gives none. Of several rules for one account the first
// decides, as in [TakeUser]; where that one does not say create, there is no place.
func Places(rev federation.Revision, idp string, said Said, now time.Time) []Place {
	d := decide(rev, reported{idp, said}, Context{Now: now, unseen: true})
	if d.trace.Note != "" {
		return nil
	}
	var places, wrong []Place
	for rule := range rev.RulesOf(idp) {
		account, listed := rev.Account(rule.User().Account())
		if !listed || rule.Audit() || d.isUserOf(account) {
			continue
		}
		var e Evaluation
		d.evaluate(rule, &e)
		switch {
		case !rule.User().Create():
		case e.code != "":
			wrong = append(wrong, Place{Account: account, Rule: rule.Name(), Problem: reason.New(e.code, "rule %q %s", rule.Name(), e.Note)})
		case d.isUserOf(account):
			user := d.users[len(d.users)-1]
			places = append(places, Place{Account: user.account, UPN: user.upn, Rule: user.rule})
		}
	}
	return d.withProblems(places, wrong)
}

// withProblems adds what is wrong in accounts of which no rule makes them a user.
func (d *decision) withProblems(places, wrong []Place) []Place {
	for _, p := range wrong {
		same := func(other Place) bool { return other.Account.ID() == p.Account.ID() }
		if !d.isUserOf(p.Account) && !slices.ContainsFunc(places, same) {
			places = append(places, p)
		}
	}
	return places
}

// PersonOf is [Person] of whom an event speaks.
func PersonOf(source trust.Source, said Said) (string, error) {
	return personOf(source, reported{source.ID, said})
}

// reported is a person in the words of an event. Nobody signed in.
type reported struct {
	idp  string
	said Said
}

func (r reported) IsZero() bool                   { return r.idp == "" || r.said.Subject == "" }
func (r reported) IdentityProvider() string       { return r.idp }
func (r reported) Subject() string                { return r.said.Subject }
func (r reported) NameIDFormat() string           { return "" }
func (r reported) Attribute(name string) []string { return r.said.Attributes[name] }
func (r reported) AuthenticatedAt() time.Time     { return time.Time{} }
func (r reported) AuthnContext() string           { return "" }
func (r reported) SessionNotOnOrAfter() time.Time { return time.Time{} }
