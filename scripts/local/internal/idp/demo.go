package idp

import (
	"strings"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

// Acme is the company's own identity provider (Corporate). SP-initiated only:
// its tile leads to the service provider's login. Its people, who have the
// attributes mail, displayName and memberOf, and their e-mail address as NameID:
//
//	alice     platform, sre    Alice Meyer
//	bob       staff            Bob Tan
//	wangfang  finance          王芳
//
// Everybody is in staff too, so that one rule can name them all.
func Acme(baseURL, bundleURL, dataDir string) Options {
	return demo(Options{ID: "acme", Title: "Acme", Style: Corporate, Users: []desk.User{
		{Username: "alice", Password: "alice-demo", Email: "alice@acme.example", DisplayName: "Alice Meyer", Groups: []string{"platform", "sre", "staff"}},
		{Username: "bob", Password: "bob-demo", Email: "bob@acme.example", DisplayName: "Bob Tan", Groups: []string{"staff"}},
		{Username: "wangfang", Password: "wangfang-demo", Email: "wangfang@acme.example", DisplayName: "王芳", Groups: []string{"finance", "staff"}},
	}}, baseURL, bundleURL, dataDir)
}

// Fabrikam is a partner's identity provider (Partner). People may start at it. The
// same attributes, a persistent NameID, and for frank Alibaba Cloud's own Role
// attribute, which names the role dev-support of account 2345678901234567 by way
// of the provider acs:ram::2345678901234567:saml-provider/fabrikam:
//
//	frank  partners  Frank Moreau  asserts dev-support, and admin of 1234567890123456, which no rule should grant him
//	grace  (none)    Grace Lind    asserts nothing: a sign-in without any role
func Fabrikam(baseURL, bundleURL, dataDir string) Options {
	return demo(Options{ID: "fabrikam", Title: "Fabrikam", Style: Partner, Users: []desk.User{
		{
			Username: "frank", Password: "frank-demo", Email: "frank@fabrikam.example", DisplayName: "Frank Moreau", Groups: []string{"partners"},
			Roles: []string{"acs:ram::2345678901234567:role/dev-support", "acs:ram::1234567890123456:role/admin"},
		},
		{Username: "grace", Password: "grace-demo", Email: "grace@fabrikam.example", DisplayName: "Grace Lind"},
	}}, baseURL, bundleURL, dataDir)
}

func demo(o Options, baseURL, bundleURL, dataDir string) Options {
	record := strings.TrimSuffix(bundleURL, "/") + "/saml/" + o.ID
	o.BaseURL, o.DataDir = strings.TrimSuffix(baseURL, "/"), dataDir
	o.SPMetadataURL, o.SPLoginURL = record+"/metadata", record+"/login"
	return o
}
