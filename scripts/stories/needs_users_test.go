package stories_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/functions/provisioning/effect"
	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/needs"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// staff has RAM need each of the calls that the maintenance role allows for users.
func (n *needing) staff(arn string) map[string]thing {
	n.t.Helper()
	n.Limit(n.t, staffed, stack.Limits{Groups: 500})
	trusting, whole := n.policy("users", "maintenance.trust.json"), n.policy("users", "users.permission.json")
	put := func() { n.PutRole(n.t, arn, trusting, whole) }
	const nobody = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::9999999999999999:root"]}}]}`
	all := map[string]thing{
		"role":       {put, func() { n.RemoveRole(n.t, arn) }},
		"trust":      {put, func() { n.PutRole(n.t, arn, nobody, whole) }},
		"permission": {func() { n.provisioner(n.policy("users", "maintenance.function.json")) }, func() { n.provisioner("") }},
	}
	for _, way := range needs.Ways() {
		for _, need := range way.Needs {
			if way.Name == "users" && strings.HasPrefix(need.Name, "ram:") {
				all[need.Name] = thing{put, func() { n.PutRole(n.t, arn, trusting, lacking(n.t, whole, need.Name)) }}
			}
		}
	}
	return all
}

const provisionerRole = "acs:ram::" + bundleAccount + ":role/fc-sso-provisioning"

// provisioner gives the function's role a policy of permission. Function Compute is not
// the only one to have it: here somebody is the function.
func (n *needing) provisioner(permission string) {
	n.t.Helper()
	n.PutRole(n.t, provisionerRole, n.words("users").Replace(`{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",
		"Principal":{"Service":["fc.aliyuncs.com"],"RAM":["acs:ram::BUNDLE:user/OPERATOR"]}}]}`), permission)
}

// provisioned is a person's whole life, and what is told of the first call that is
// refused.
func (n *needing) provisioned() (code, detail string) {
	n.t.Helper()
	n.forgetLeft()
	account, effects := n.staffedAccount(), n.effects()
	name := fmt.Sprintf("ada-%d", time.Now().UnixNano())
	ada := effect.Wanted{Account: account, IdP: "okta", Name: name, Status: lifecycle.Active, There: true, Groups: []string{name}}
	king, gone := ada, effect.Group{Account: account, IdP: "okta", Name: "Of-" + name, Gone: true}
	king.Name, king.Formerly, king.Groups = name+"-king", name, []string{gone.Name}
	off, deleted := king, king
	off.Status, deleted.Status = lifecycle.Inactive, lifecycle.Gone
	user := func(w effect.Wanted) func() error { return func() error { return effects.User(n.t.Context(), w) } }
	group := func(g effect.Group) func() error { return func() error { return effects.Group(n.t.Context(), g) } }
	for _, step := range []func() error{
		user(ada), group(effect.Group{Account: account, IdP: "okta", Name: gone.Name, Formerly: name}), user(king),
		func() error { n.burden(king.Name); return nil },
		user(off), user(king), user(deleted), user(deleted), group(gone), group(gone),
	} {
		if err := step(); err != nil {
			return string(reason.Of(err)), reason.Detail(err)
		}
	}
	return "", ""
}

// burden gives a user what has to go before they can.
func (n *needing) burden(name string) {
	n.t.Helper()
	o := n.ram[staffed]
	o.ims("CreateAccessKey", "UserPrincipalName", name+"@"+staffed+".onaliyun.com")
	o.ims("CreateLoginProfile", "UserPrincipalName", name+"@"+staffed+".onaliyun.com", "Password", "Aa1!Aa1!Aa1!")
	n.BindDevice(n.t, staffed, name)
}

// forgetLeft takes away the policy that forbids all, from whoever has it.
func (n *needing) forgetLeft() {
	n.t.Helper()
	o, there := n.ram[staffed], n.Directory(n.t, staffed)
	var answer struct{}
	for _, u := range there.Users {
		if len(u.Policies) > 0 {
			o.call(n.Cloud.RAM, "2015-05-01", "DetachPolicyFromUser", &answer, "UserName", u.Name, "PolicyName", "fc-sso-left", "PolicyType", "Custom")
		}
	}
	for _, p := range there.Policies {
		o.call(n.Cloud.RAM, "2015-05-01", "DeletePolicy", &answer, "PolicyName", p.Name)
	}
}

func (n *needing) staffedAccount() federation.Account {
	n.t.Helper()
	revision, problems := federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{{ID: "okta", SAML: trust.SAML{MetadataURL: "https://okta.example/"}}},
		Accounts: []federation.AccountDraft{{
			ID: staffed, MaintenanceRole: "acs:ram::" + staffed + ":role/maintenance", UserSSO: &federation.UserSSO{Suffixes: []string{"staff.example"}},
			Manage: federation.Manage{Users: true, Groups: true, Delete: true, Deny: true},
		}},
	}, federation.Options{})
	if len(problems) > 0 {
		n.t.Fatal(problems)
	}
	return revision.Accounts()[0]
}

func (n *needing) effects() *effect.Effects {
	api := openapi.New(time.Now, rand.Reader)
	role := must[ram.RoleARN](n.t)(ram.ParseRoleARN(provisionerRole))
	operator := ram.Credentials{AccessKeyID: n.Cloud.AccessKeyID, AccessKeySecret: ram.Secret(n.Cloud.AccessKeySecret)}
	return effect.New(effect.Config{
		API: api, STSEndpoint: n.Cloud.STS, IMSEndpoint: n.Cloud.IMS, RAMEndpoint: n.Cloud.RAM, Now: time.Now,
		Credentials: func(ctx context.Context) (ram.Credentials, error) {
			return api.AssumeRole(ctx, openapi.Assuming{Endpoint: n.Cloud.STS, Role: role, SessionName: "sso-provisioning", Lasts: 15 * time.Minute, Credentials: operator})
		},
		Wrote: func(context.Context, ram.AccountID, effect.Step, error) {},
	})
}
