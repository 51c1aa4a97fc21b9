package federation_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// whole is a federation that uses all that an account and an issuer may have.
func whole() federation.Draft {
	return federation.Draft{
		IdentityProviders: []trust.Source{
			{ID: "okta", SAML: trust.SAML{MetadataURL: "https://acme.okta.com/metadata"}, RequireOverlap: true},
			{ID: "github", Preset: "github", OIDC: &trust.OIDC{Audiences: []string{"sts.aliyuncs.com"}}},
			{ID: "entra", OIDC: &trust.OIDC{
				Issuer: "https://login.example/t/v2.0", Audiences: []string{"client"}, Login: &trust.Login{ClientID: "client", ClientSecret: "env:SSO_SECRET_ENTRA"},
			}},
		},
		Accounts: []federation.AccountDraft{
			{
				ID: "1234567890123456", Alias: "acme-prod", Issue: "direct",
				MaintenanceRole:   "acs:ram::1234567890123456:role/fc-sso-maintenance",
				SAMLProviders:     map[string]string{"okta": "acs:ram::1234567890123456:saml-provider/okta"},
				OIDCProviders:     map[string]string{"github": "acs:ram::1234567890123456:oidc-provider/github"},
				FederatedProvider: "acs:ram::1234567890123456:saml-provider/fc-sso",
				UserSSO:           &federation.UserSSO{Suffixes: []string{"ACME.onaliyun.com"}, WithDomain: true},
				Manage:            federation.Manage{Users: true, Groups: true, Deny: true},
			},
			{ID: "2345678901234567", Issue: "federated", FederatedProvider: "acs:ram::2345678901234567:saml-provider/fc-sso"},
			{ID: "3456789012345678"},
		},
	}
}

func TestAnAccountSaysWhatWasDeclared(t *testing.T) {
	stored, err := federation.FromItems(compile(t, whole()).Items())
	if err != nil {
		t.Fatal(err)
	}
	a := stored.Accounts()[0]
	oidc, found := a.OIDCProvider("github")
	if !found || oidc.Name() != "github" || a.MaintenanceRole().Name() != "fc-sso-maintenance" || a.FederatedProvider().Name() != "fc-sso" {
		t.Errorf("names: %v %v %v", oidc, a.MaintenanceRole(), a.FederatedProvider())
	}
	sso, found := a.UserSSO()
	if !found || strings.Join(sso.Suffixes, " ") != "acme.onaliyun.com" || !sso.WithDomain {
		t.Errorf("user SSO: %+v", sso)
	}
	if a.Issue() != federation.Direct || !a.Manage().Users || !a.Manage().Deny || a.Manage().Create || a.Manage().Delete {
		t.Errorf("issue %s, manage %+v", a.Issue(), a.Manage())
	}
	plain := stored.Accounts()[2]
	if _, found := plain.UserSSO(); found || plain.Issue() != federation.AssumeRole || !plain.MaintenanceRole().IsZero() || !plain.FederatedProvider().IsZero() {
		t.Errorf("an account that says nothing: %+v", plain)
	}
}

func TestAnAccountCannotBeChangedThroughWhatItGives(t *testing.T) {
	draft := whole()
	revision := compile(t, draft)
	given, _ := revision.Accounts()[0].UserSSO()
	given.Suffixes[0], draft.Accounts[0].UserSSO.Suffixes[0] = "evil.example", "evil.example"
	if sso, _ := revision.Accounts()[0].UserSSO(); sso.Suffixes[0] != "acme.onaliyun.com" {
		t.Errorf("suffixes %q", sso.Suffixes)
	}
}

// TestAStoredFederationIsNotRefusedForWhatWasAskedLater: groups without users did nothing
// and do nothing, and nobody's sign-in is to fail by it.
func TestAStoredFederationIsNotRefusedForWhatWasAskedLater(t *testing.T) {
	items := compile(t, whole()).Items()
	for i := range items {
		items[i].Body = bytes.ReplaceAll(items[i].Body, []byte(`"users":true,`), nil)
	}
	stored, err := federation.FromItems(items)
	if err != nil || stored.Accounts()[0].Manage().Users || !stored.Accounts()[0].Manage().Groups {
		t.Errorf("%v", err)
	}
	draft := whole()
	draft.Accounts[0].Manage.Users = false
	if _, problems := federation.Compile(draft, federation.Options{}); len(problems) != 2 {
		t.Errorf("problems %v", problems)
	}
}

func TestARuleSaysWhetherUsersAreMade(t *testing.T) {
	draft := whole()
	for _, create := range []bool{true, false} {
		draft.Rules = []federation.RuleDraft{{
			Name: "users", IdP: "okta", Condition: &federation.ConditionDraft{Any: true},
			User: &federation.UserDraft{Account: "1234567890123456", Domains: []string{"acme.onaliyun.com"}, Create: create},
		}}
		stored, err := federation.FromItems(compile(t, draft).Items())
		if err != nil || stored.Rules()[0].User().Create() != create {
			t.Errorf("create %v: %v", create, err)
		}
	}
}

// Nothing is declared that the functions do not do: the list is empty now.
func TestWhatIsDeclaredAndNotDoneIsSaid(t *testing.T) {
	if lines := compile(t, whole()).NotInEffect(); len(lines) > 0 {
		t.Errorf("%q", lines)
	}
	if lines := compile(t, withPreset("okta", nil)).NotInEffect(); len(lines) > 0 {
		t.Errorf("a file that asks for nothing of it: %q", lines)
	}
}
