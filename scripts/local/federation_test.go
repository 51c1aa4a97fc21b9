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

// TestRolesOfDirectAccountsTrustTheAccountsProviders, and no others do.
func TestRolesOfDirectAccountsTrustTheAccountsProviders(t *testing.T) {
	got := names([]byte(`
identityProviders:
  - {id: ci, oidc: {issuer: "https://issuer.example", audiences: [sts.aliyuncs.com, b], maxAge: 1h}}
  - {id: pods, oidc: {issuer: "https://issuer.example", audiences: [pods]}}
  - {id: okta, saml: {metadataFile: okta.xml, clockSkew: []}, fetch: {caFile: ca.pem}}
  - {id: stranger, oidc: {issuer: "https://stranger.example"}}
accounts:
  - id: 1234567890123456
    site: international
    issue: direct
    maintenanceRole: acs:ram::1234567890123456:role/maintenance
    samlProviders: {okta: acs:ram::1234567890123456:saml-provider/okta}
    oidcProviders: {ci: acs:ram::1234567890123456:oidc-provider/ci, pods: acs:ram::1234567890123456:oidc-provider/ci}
    userSSO: {suffixes: [acme.onaliyun.com, ACME.com, b.example], withDomain: false}
  - {id: "2345678901234567", userSSO: {}, oidcProviders: {ci: acs:ram::2345678901234567:oidc-provider/ci}}
rules:
  - roles: [acs:ram::1234567890123456:role/deploy, acs:ram::2345678901234567:role/deploy]
`))
	if len(got.oidc) != 2 || got.oidc[0].Issuer != "https://issuer.example" || !slices.Equal(got.oidc[0].ClientIDs, []string{"sts.aliyuncs.com", "b", "pods"}) {
		t.Errorf("OIDC providers %+v", got.oidc)
	}
	if want := map[string]source{"acs:ram::1234567890123456:saml-provider/okta": {"", "okta.xml", "ca.pem"}}; !maps.Equal(got.saml, want) {
		t.Errorf("SAML providers %+v", got.saml)
	}
	if want := map[string]bool{"1234567890123456": false, "2345678901234567": true}; !maps.Equal(got.userSSO, want) {
		t.Errorf("user-based SSO %v", got.userSSO)
	}
	if !maps.Equal(got.domains, map[string]string{"1234567890123456": "acme.com"}) || !slices.Equal(got.abroad, []string{"1234567890123456"}) {
		t.Errorf("domain aliases %v, international %v", got.domains, got.abroad)
	}
	const functions = `"acs:ram::1000000000000001:role/fc-sso-portal","acs:ram::1000000000000001:role/fc-sso-oidc-exchange"`
	for role, want := range map[string]string{
		"acs:ram::2345678901234567:role/deploy": `{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":[` + functions + `]}}],"Version":"1"}`,
		"acs:ram::1234567890123456:role/deploy": `{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"RAM":[` + functions + `]}},` +
			`{"Action":"sts:AssumeRole","Condition":{"StringEquals":{"oidc:aud":["sts.aliyuncs.com","b"],"oidc:iss":["https://issuer.example"]}},"Effect":"Allow","Principal":{"Federated":["acs:ram::1234567890123456:oidc-provider/ci"]}},` +
			`{"Action":"sts:AssumeRole","Condition":{"StringEquals":{"oidc:aud":["pods"],"oidc:iss":["https://issuer.example"]}},"Effect":"Allow","Principal":{"Federated":["acs:ram::1234567890123456:oidc-provider/ci"]}},` +
			`{"Action":"sts:AssumeRole","Condition":{"StringEquals":{"saml:recipient":["https://signin.alibabacloud.com/saml-role/sso"]}},"Effect":"Allow","Principal":{"Federated":["acs:ram::1234567890123456:saml-provider/okta"]}}],"Version":"1"}`,
	} {
		if got := got.trust(role); got != want {
			t.Errorf("%s: %s", role, got)
		}
	}
}

// TestRolesOfFederatedAccountsTrustTheBundleAsProvider, for their own site, and nobody else.
func TestRolesOfFederatedAccountsTrustTheBundleAsProvider(t *testing.T) {
	got := names([]byte(`
identityProviders: [{id: okta, saml: {metadataFile: okta.xml}}]
accounts:
  - id: 1234567890123456
    issue: federated
    federatedProvider: acs:ram::1234567890123456:saml-provider/fc-sso
    samlProviders: {okta: acs:ram::1234567890123456:saml-provider/okta}
rules: [{roles: [acs:ram::1234567890123456:role/admin]}]
`))
	const want = `{"Statement":[` +
		`{"Action":"sts:AssumeRole","Condition":{"StringEquals":{"saml:recipient":["https://signin.aliyun.com/saml-role/sso"]}},"Effect":"Allow","Principal":{"Federated":["acs:ram::1234567890123456:saml-provider/fc-sso"]}}],"Version":"1"}`
	if got := got.trust("acs:ram::1234567890123456:role/admin"); got != want {
		t.Error(got)
	}
	if !slices.Contains(got.providers, "acs:ram::1234567890123456:saml-provider/fc-sso") {
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
