package federation

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
)

const (
	maxRuleName = 200
	defaultName = "{{" + NameID + "}}" // of a session
)

func (c *compiler) allRules(drafts []RuleDraft) {
	names := map[string]bool{}
	for i, d := range drafts {
		path := fmt.Sprintf("rules[%d]", i)
		c.ruleName(path, d.Name, names)
		names[d.Name] = true
		c.reader = d.IdP
		rule := c.rule(path, d)
		c.rules = append(c.rules, rule)
		c.ofIdP[rule.idp] = append(c.ofIdP[rule.idp], rule)
	}
}

func (c *compiler) ruleName(path, name string, taken map[string]bool) {
	switch {
	case name == "":
		c.problem(path+".name", "the rule has no name", "add name: what it is for, in a few words; it stands in every trace")
	case len(name) > maxRuleName:
		c.problem(path+".name", fmt.Sprintf("the name has %d bytes, %d is the most", len(name), maxRuleName), "shorten it")
	case taken[name]:
		c.problem(path+".name", fmt.Sprintf("two rules are called %q", name), "give each its own name: a trace names a rule by it")
	}
}

func (c *compiler) rule(path string, d RuleDraft) Rule {
	source, found := c.ruleIdP(path, d.IdP)
	rule := Rule{&rule{
		name:     d.Name,
		idp:      d.IdP,
		roles:    c.roles(path+".roles", d.Roles),
		asserted: c.asserted(path+".assertedRoles", d, found),
		clauses:  c.condition(path, d.Condition, source),
		user:     c.user(path+".user", d.User, source, found),
		requires: c.requires(path+".requires", d.Requires, source),
		policy:   c.sessionPolicy(path+".session.policyFile", d.Session.Policy),
		audit:    c.mode(path+".mode", d.Mode),
		disclose: c.disclose(path+".disclose", d),
	}}
	c.oneGift(path, d)
	if d.User != nil {
		c.noSession(path+".session", d.Session)
		return rule
	}
	rule.duration = c.duration(path+".session.duration", d.Session.DurationSeconds)
	if found {
		rule.session = c.template(path+".session.name", cmp.Or(d.Session.Name, defaultName), source)
		rule.assertedName = d.Session.Name == ""
		c.direct(path, d, rule, source)
	}
	return rule
}

// oneGift: what a rule gives stands under exactly one key.
func (c *compiler) oneGift(path string, d RuleDraft) {
	var gifts []string
	for _, g := range []struct {
		key   string
		given bool
	}{{"roles", len(d.Roles) > 0}, {"assertedRoles", d.AssertedRoles != nil}, {"user", d.User != nil}} {
		if g.given {
			gifts = append(gifts, g.key)
		}
	}
	switch len(gifts) {
	case 0:
		c.problem(path+".roles", "the rule gives nothing", "add roles, assertedRoles or user")
	case 1:
	default:
		c.problem(path, "the rule has "+strings.Join(gifts, " and "), "make a rule of each")
	}
}

// noSession: a RAM user signs in with the user's own rights and for as long as
// the account says.
func (c *compiler) noSession(path string, s SessionDraft) {
	if s != (SessionDraft{}) {
		c.problem(path, "a rule that makes people RAM users has no session to name or to limit", "remove session")
	}
}

func (c *compiler) ruleIdP(path, idp string) (trust.Source, bool) {
	if idp == "" {
		c.problem(path+".idp", "the rule names no identity provider", "add idp: "+some(c.names()))
		return trust.Source{}, false
	}
	if !c.knownIdP(path+".idp", idp) {
		return trust.Source{}, false
	}
	return c.idps[c.idp[idp]], true
}

func (c *compiler) roles(path string, texts []string) []ram.RoleARN {
	var roles []ram.RoleARN
	seen := map[ram.RoleARN]bool{}
	for i, text := range texts {
		path := fmt.Sprintf("%s[%d]", path, i)
		role, err := ram.ParseRoleARN(text)
		switch {
		case err != nil:
			c.problem(path, err.Error(), "write acs:ram::ACCOUNT:role/NAME, one role each; * only in assertedRoles")
		case !Grantable(role):
			c.problem(path, fmt.Sprintf("%s is a role of fc-sso itself", role), "give people roles of their own: nobody may become a function")
		case seen[role]:
			c.problem(path, fmt.Sprintf("%s stands here twice", role), "remove one")
		default:
			c.listed(path, role.Account())
			roles, seen[role] = append(roles, role), true
		}
	}
	return roles
}

// listed wants an account of the federation, and notes that the rule names it:
// people of the rule's identity provider then read the account too.
func (c *compiler) listed(path string, id ram.AccountID) bool {
	i, ok := c.account[id]
	if !ok {
		c.problem(path, fmt.Sprintf("account %s is not listed", id), "add it to accounts")
		return false
	}
	if c.named[c.reader] == nil {
		c.named[c.reader] = map[int]bool{}
	}
	c.named[c.reader][i] = true
	return true
}

func (c *compiler) asserted(path string, d RuleDraft, knownIdP bool) Asserted {
	if d.AssertedRoles == nil {
		return Asserted{}
	}
	if len(d.AssertedRoles.Accounts) == 0 || len(d.AssertedRoles.Roles) == 0 {
		c.problem(path, "assertedRoles names no accounts or no roles", `write {accounts: ["ACCOUNT"], roles: ["dev-*"]}`)
	}
	var a Asserted
	for i, text := range d.AssertedRoles.Accounts {
		c.assertedAccount(&a, fmt.Sprintf("%s.accounts[%d]", path, i), text, d.IdP, knownIdP)
	}
	for i, pattern := range d.AssertedRoles.Roles {
		c.assertedName(&a, fmt.Sprintf("%s.roles[%d]", path, i), pattern)
	}
	return a
}

// assertedAccount refuses an account that does not say what it calls the
// identity provider: the Role attribute names role and provider, and without the
// second to compare no value could ever be believed.
func (c *compiler) assertedAccount(a *Asserted, path, text, idp string, knownIdP bool) {
	id, err := ram.ParseAccountID(text)
	if err != nil {
		c.problem(path, err.Error(), "write the number of a listed account")
		return
	}
	if !c.listed(path, id) {
		return
	}
	if _, ok := c.accounts[c.account[id]].samlProviders[idp]; !ok && knownIdP {
		c.problem(path, fmt.Sprintf("account %s does not say what it calls %s, so no asserted role could be believed", id, idp),
			fmt.Sprintf("add samlProviders: {%s: acs:ram::%s:saml-provider/NAME} to the account", idp, id))
	}
	a.accounts = append(a.accounts, id)
}

func (c *compiler) assertedName(a *Asserted, path, pattern string) {
	example := strings.ReplaceAll(pattern, "*", "x")
	if _, err := ram.ParseRoleARN("acs:ram::00000:role/" + example); err != nil {
		c.problem(path, fmt.Sprintf("%.200q is no name of a role, nor a pattern of one", pattern), "write the role's name without its ARN; * stands for any run of characters")
		return
	}
	if strings.HasPrefix(strings.ToLower(pattern), "fc-sso-") {
		c.problem(path, fmt.Sprintf("%q are roles of fc-sso itself", pattern), "give people roles of their own: nobody may become a function")
		return
	}
	a.names = append(a.names, pattern)
}

func (c *compiler) duration(path string, seconds int) time.Duration {
	d := time.Duration(seconds) * time.Second
	if d < MinDuration || d > MaxDuration {
		c.problem(path, fmt.Sprintf("duration %s is not within 15m and 12h", short(d)), "write it as 45m or 8h; a role's own maximum, 1h by default, holds too")
	}
	return d
}

// modeAudit is that of a rule that only watches.
const modeAudit = "audit"

func (c *compiler) mode(path, mode string) bool {
	if mode != "" && mode != modeAudit {
		c.problem(path, fmt.Sprintf("there is no mode %.80q", mode), "write mode: audit, or leave it out")
	}
	return mode == modeAudit
}
