package yamlfile

import (
	"fmt"

	"go.yaml.in/yaml/v3"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// The tables below are the format: each key, what reads it, what it means.

func (r *reader) federation(d *federation.Draft) object {
	return object{
		"identityProviders": r.objects(func() object {
			d.IdentityProviders = append(d.IdentityProviders, trust.Source{})
			return r.identityProvider(&d.IdentityProviders[len(d.IdentityProviders)-1])
		}).needed().says("Who is believed: one entry for each SAML identity provider or issuer of ID tokens."),
		"accounts": r.objects(func() object {
			d.Accounts = append(d.Accounts, federation.AccountDraft{})
			return r.account(&d.Accounts[len(d.Accounts)-1])
		}).says("The Alibaba Cloud accounts whose roles may be given."),
		"rules": r.objects(func() object {
			d.Rules = append(d.Rules, federation.RuleDraft{})
			return r.rule(&d.Rules[len(d.Rules)-1])
		}).says("Who may become what. No rule, no role; where several give the same role, the first decides session name, policy and duration."),
	}
}

func (r *reader) rule(d *federation.RuleDraft) object {
	return object{
		"name":  r.text(&d.Name).needed().says("What the rule is for, in a few words; it stands in every trace, so no two are alike."),
		"idp":   r.text(&d.IdP).needed().says("The id of the identity provider whose people or workloads the rule is for."),
		"roles": r.texts(&d.Roles).like(roleARN).says("ARNs of the roles that the rule gives."),
		"assertedRoles": r.object(func() object {
			d.AssertedRoles = &federation.AssertedDraft{}
			return r.assertedRoles(d.AssertedRoles)
		}).instead("roles").says("Instead of roles: which of the roles that the identity provider names itself, by Alibaba Cloud's Role attribute, are believed."),
		"user": r.object(func() object {
			d.User = &federation.UserDraft{}
			return r.user(d.User)
		}).instead("roles").says("Instead of roles: the RAM user that a person becomes."),
		"condition": field{shape: shape{kind: kindCondition}, read: func(path string, _, node *yaml.Node) {
			d.Condition = r.condition(path, node)
		}}.needed().says("When the rule holds, in RAM's words: operators, their keys, and the values of which one is to match; all keys must. The word any stands for everybody of the identity provider."),
		"session": r.object(func() object { return r.session(&d.Session) }).says("What the session is like."),
		"requires": r.object(func() object {
			d.Requires = &federation.RequiresDraft{}
			return r.requires(d.Requires)
		}).says("How the person must have signed in. Who did not is sent to sign in again when they take what the rule gives."),
		"disclose": r.boolean(&d.Disclose).says("true shows the roles, with what is missing, to people of the identity provider who do not meet the condition. They cannot take them. Who somebody is, an address or a name, is never shown."),
		"mode":     r.text(&d.Mode).oneOf("audit").says("audit evaluates and logs the rule, which gives nothing yet."),
	}
}

func (r *reader) assertedRoles(d *federation.AssertedDraft) object {
	return object{
		"accounts": r.texts(&d.Accounts).like(accountID).needed().says("Numbers of the accounts of which asserted roles are believed."),
		"roles":    r.texts(&d.Roles).needed().says("Names of roles, without the ARN; * stands for any run of characters."),
	}
}

func (r *reader) user(d *federation.UserDraft) object {
	return object{
		"account":   r.text(&d.Account).like(accountID).needed().says("Number of a listed account that has userSSO."),
		"principal": r.text(&d.Principal).says("Template of the user's login name, NAME@SUFFIX; {{nameID}} by default."),
		"domains":   r.texts(&d.Domains).needed().says("The login suffixes that may come of the template, each one of the account's."),
		"create":    r.boolean(&d.Create).says("true lets the user be made in RAM where it is missing: when an event names the person, and at their first sign-in. The account then says manage: {users: true}."),
	}
}

func (r *reader) requires(d *federation.RequiresDraft) object {
	return object{
		"acr":    r.texts(&d.ACR).says("Classes of sign-in (SAML AuthnContextClassRef, acr of OpenID Connect) of which one must hold, each exactly as the identity provider names it."),
		"maxAge": r.positive(&d.MaxAgeSeconds).says("How long ago the person may have signed in at the identity provider: 1m to 720h."),
	}
}

func (r *reader) session(s *federation.SessionDraft) object {
	return object{
		"name":       r.text(&s.Name).says("Template of the session's name, which ActionTrail shows; {{nameID}} by default. Behind a bar each, a variable may pass through after, before, clean, default, lower, max, replace and upper."),
		"duration":   r.positive(&s.DurationSeconds).says("How long credentials last: 15m to 12h, 1h by default, and never longer than the role's own maximum."),
		"policyFile": r.file(func(content []byte) { s.Policy = string(content) }).says("A file beside this one with a RAM policy that narrows the session, taken in at apply; STS takes 2,048 characters, blanks apart."),
	}
}

// condition reads the word any, or operators; which of them there are is for the
// compiler to say.
func (r *reader) condition(path string, node *yaml.Node) *federation.ConditionDraft {
	if node.Kind == yaml.ScalarNode {
		if node.Value != "any" {
			r.fault(path, node, fmt.Sprintf("%.80q is no condition", node.Value), "any is the only word; else write StringEquals: {KEY: VALUE}")
		}
		return &federation.ConditionDraft{Any: true}
	}
	if node.Kind != yaml.MappingNode {
		r.fault(path, node, "the condition is a list", "write StringEquals: {KEY: VALUE}")
		return nil
	}
	c := &federation.ConditionDraft{Operators: map[string]map[string][]string{}}
	r.pairs(path, node, func(path string, key, value *yaml.Node) {
		c.Operators[key.Value] = r.keys(path, value)
	})
	return c
}

func (r *reader) keys(path string, node *yaml.Node) map[string][]string {
	keys := map[string][]string{}
	if node.Kind != yaml.MappingNode {
		r.fault(path, node, describe(path)+" is no map of keys and values", `write StringEquals: {"saml:groups": platform}`)
		return keys
	}
	r.pairs(path, node, func(path string, key, value *yaml.Node) { keys[key.Value] = r.oneOrMore(path, value) })
	return keys
}
