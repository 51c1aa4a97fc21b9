package federation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// stsClaims are the claims that a role's trust policy can compare; of SAML it sees
// none that a rule could name.
const stsClaims = "iss aud sub"

// direct refuses, for accounts whose callers go on to STS with their own proof,
// what STS would not see: whoever the rule turns away could go there without us,
// and the file would promise more than holds.
func (c *compiler) direct(path string, d RuleDraft, rule Rule, source trust.Source) {
	accounts := c.directAccounts(rule)
	if len(accounts) == 0 {
		return
	}
	for _, id := range accounts {
		c.directProvider(path+".idp", c.accounts[c.account[id]], source)
	}
	if d.Requires != nil {
		c.problem(path+".requires", fmt.Sprintf("account %s has issue: direct, and STS cannot see how somebody signed in", accounts[0]),
			"remove requires, or write issue: assume-role for the account")
	}
	if d.Session.Policy != "" {
		c.problem(path+".session.policyFile", fmt.Sprintf("account %s has issue: direct, and who goes to STS without us leaves the policy out", accounts[0]),
			"narrow the role itself, or write issue: assume-role for the account")
	}
	if d.Condition == nil {
		return
	}
	for _, operator := range slices.Sorted(maps.Keys(d.Condition.Operators)) {
		for _, key := range slices.Sorted(maps.Keys(d.Condition.Operators[operator])) {
			if !seenBySTS(key, source) {
				c.problem(path+".condition."+operator+"."+key,
					fmt.Sprintf("account %s has issue: direct, and STS cannot see %.80s", accounts[0], key),
					"compare oidc:iss, oidc:aud or oidc:sub alone, or write issue: assume-role for the account")
			}
		}
	}
}

// directAccounts are those of the rule's accounts whose issue is direct.
func (c *compiler) directAccounts(rule Rule) []ram.AccountID {
	ids := slices.Clone(rule.asserted.accounts)
	for _, role := range rule.roles {
		ids = append(ids, role.Account())
	}
	seen := map[ram.AccountID]bool{}
	return slices.DeleteFunc(ids, func(id ram.AccountID) bool {
		i, listed := c.account[id]
		double := seen[id]
		seen[id] = true
		return double || !listed || c.accounts[i].issue != Direct
	})
}

func (c *compiler) directProvider(path string, a Account, source trust.Source) {
	_, saml := a.samlProviders[source.ID]
	_, oidc := a.oidcProviders[source.ID]
	if kind := source.Kind(); kind != "" && !saml && !oidc {
		c.problem(path, fmt.Sprintf("account %s has issue: direct and does not say what it calls %s", a.id, source.ID),
			fmt.Sprintf("add %sProviders: {%s: acs:ram::%s:%s-provider/NAME} to the account", kind, source.ID, a.id, kind))
	}
}

func seenBySTS(key string, source trust.Source) bool {
	claim, ok := strings.CutPrefix(key, "oidc:")
	return ok && slices.Contains(strings.Fields(stsClaims), source.AttributeName(claim))
}
