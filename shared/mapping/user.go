package mapping

import (
	"fmt"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// UserGrant is permission to sign in as one RAM user once, now. Only Decide makes
// one; who gets a zero UserGrant refuses it.
type UserGrant struct {
	account federation.Account
	upn     ram.UPN
	rule    string
}

// Account is the user's account.
func (g UserGrant) Account() federation.Account { return g.account }

// UPN is the user's login name.
func (g UserGrant) UPN() ram.UPN { return g.upn }

// Rule is the name of the rule that gave the user.
func (g UserGrant) Rule() string { return g.rule }

// IsZero says that nobody was granted.
func (g UserGrant) IsZero() bool { return g.upn.IsZero() || g.account.IsZero() || g.rule == "" }

// giveUser makes a person a RAM user; of several rules for one account the first
// decides which.
func (d *decision) giveUser(rule federation.Rule, e *Evaluation) {
	upn, err := d.principal(rule.User())
	if err != nil {
		e.Note = fmt.Sprintf("gives nothing, for %s", err)
		return
	}
	e.User = upn.String()
	account, listed := d.revision.Account(rule.User().Account())
	if d.wantsMore(rule, e) || rule.Audit() || !listed || d.isUserOf(account) {
		return
	}
	d.users = append(d.users, UserGrant{account, upn, rule.Name()})
}

func (d *decision) principal(user federation.User) (ram.UPN, error) {
	text, err := user.Principal().Expand(d.variable)
	if err != nil {
		return ram.UPN{}, fmt.Errorf("principal: %w", err)
	}
	upn, err := ram.ParseUPN(text)
	if err != nil {
		return ram.UPN{}, fmt.Errorf("principal: %w", err)
	}
	if !user.Allows(upn.Suffix()) {
		return ram.UPN{}, fmt.Errorf("principal: %s is of a suffix that the rule's domains do not have", upn)
	}
	return upn, nil
}

func (d *decision) isUserOf(account federation.Account) bool {
	for _, g := range d.users {
		if g.account.ID() == account.ID() {
			return true
		}
	}
	return false
}
