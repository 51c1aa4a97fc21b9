package main

import (
	"maps"
	"slices"
	"testing"
)

func TestNamesAreCollectedFromAnyFederationFile(t *testing.T) {
	got := names([]byte(`
accounts:
  - id: "1234567890123456"
    alias: acme-prod
    maintenanceRole: acs:ram::1234567890123456:role/maintenance
    samlProviders: {okta: acs:ram::1234567890123456:saml-provider/okta}
  - id: 2345678901234567
rules:
  - roles: [acs:ram::1234567890123456:role/admin, acs:ram::3456789012345678:role/other]
  - roles: [acs:ram::1000000000000001:role/fc-sso-portal, not-an-arn]
  - assertedRoles: {accounts: ["2345678901234567"], roles: ["dev-*", auditor]}
`))
	accounts := map[string]string{"1234567890123456": "acme-prod", "2345678901234567": "", "3456789012345678": ""}
	if !maps.Equal(got.accounts, accounts) {
		t.Errorf("accounts %v", got.accounts)
	}
	issuers := []string{"fc-sso-portal", "fc-sso-oidc-exchange"}
	roles := map[string][]string{
		"acs:ram::1234567890123456:role/maintenance": {"fc-sso-metadata-rotation"},
		"acs:ram::1234567890123456:role/admin":       issuers,
		"acs:ram::3456789012345678:role/other":       issuers,
		"acs:ram::2345678901234567:role/auditor":     issuers,
	}
	if !maps.EqualFunc(got.roles, roles, slices.Equal) {
		t.Errorf("roles %v", got.roles)
	}
	if !slices.Equal(got.providers, []string{"acs:ram::1234567890123456:saml-provider/okta"}) {
		t.Errorf("providers %v", got.providers)
	}
}

func TestFaultyFederationFileNamesWhatItCan(t *testing.T) {
	for _, content := range []string{"", "[", "accounts: 1", "accounts: [[]]", "rules: [{assertedRoles: x}]", "a: &a [*a]"} {
		if got := names([]byte(content)); len(got.roles) > 0 {
			t.Errorf("%q names %v", content, got.roles)
		}
	}
}
