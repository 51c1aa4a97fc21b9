package issue_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	ourProvider = "acs:ram::1234567890123456:saml-provider/fc-sso"
	readOnly    = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}`
	lessAllowed = `400 {"Code":"InvalidParameter.DurationSeconds","Message":"The Min/Max value of DurationSeconds is 15min/1hr."}`
)

func federatedAccount() federation.AccountDraft {
	return federation.AccountDraft{ID: "1234567890123456", Issue: "federated", FederatedProvider: ourProvider}
}

func federated(t *testing.T, duration time.Duration, policy string) mapping.Grant {
	t.Helper()
	return grantOf(t, federatedAccount(), duration, policy)
}

func signedIn() samldoc.AuthnStatement {
	return samldoc.AuthnStatement{AuthnInstant: validatetest.Now().Add(-time.Minute), SessionNotOnOrAfter: validatetest.Now().Add(10 * time.Hour), ContextClass: "urn:x"}
}

// newProvider is a cloud in whose accounts we are a SAML provider.
func newProvider(t *testing.T, answers ...string) *cloud {
	t.Helper()
	c := newCloud(t, answers...)
	c.config.Own = issue.Own{
		Origin: "https://sso.example", Now: validatetest.Now, Random: rand.Reader,
		Signing: func(context.Context) (crypto.Signer, *x509.Certificate, error) {
			key, certificate := validatetest.Signing(t)
			return key, certificate, nil
		},
	}
	c.issuer = issue.New(c.config)
	return c
}

// believed reads a response as one who knows our certificate.
func believed(t *testing.T, encoded string) samldoc.Message {
	t.Helper()
	xml, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	document, err := samldoc.Parse(xml)
	if err != nil {
		t.Fatal(err)
	}
	_, certificate := validatetest.Signing(t)
	verified, err := document.Verify([]*x509.Certificate{certificate}, samldoc.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	return verified.Message()
}

func attribute(m samldoc.Message, name string) []string {
	for _, a := range m.Assertion.Attributes {
		if a.Name == name {
			return a.Values
		}
	}
	return nil
}

// TestOurResponseBecomesCredentials: with the session's policy and length as parameters,
// since the response does not leave the function.
func TestOurResponseBecomesCredentials(t *testing.T) {
	c := newProvider(t, made)
	got, err := c.issuer.WithResponse(t.Context(), federated(t, 20*time.Minute, readOnly), signedIn())
	if err != nil || got.AccessKeyID != "STS.made" || got.Length.Lasts != 20*time.Minute || got.User.Arn != "x" {
		t.Fatalf("%+v, %v", got, err)
	}
	asked := c.asked[0]
	for name, want := range map[string]string{
		"Action": "AssumeRoleWithSAML", "RoleArn": role, "SAMLProviderArn": ourProvider, "DurationSeconds": "1200", "Policy": readOnly,
		"RoleSessionName": "", "Signature": "", "AccessKeyId": "",
	} {
		if asked.Get(name) != want {
			t.Errorf("%s is %q, not %q", name, asked.Get(name), want)
		}
	}
	m := believed(t, asked.Get("SAMLAssertion"))
	if m.Assertion.Issuer.Value != "https://sso.example/idp/1234567890123456/metadata" || m.Assertion.AuthnStatements[0] != signedIn() ||
		!m.Assertion.Conditions.NotOnOrAfter.Equal(validatetest.Now().Add(120*time.Second)) {
		t.Errorf("we said %+v", m)
	}
	if pairs := attribute(m, mapping.RoleAttribute); !slices.Equal(pairs, []string{role + "," + ourProvider}) {
		t.Errorf("roles %q", pairs)
	}
	if names := attribute(m, mapping.RoleSessionNameAttribute); !slices.Equal(names, []string{"ada@acme.com"}) {
		t.Errorf("session names %q", names)
	}
}

// TestARoleThatAllowsLessGivesAnHourByResponseToo, and STS is given another response:
// it may have taken note of the first.
func TestARoleThatAllowsLessGivesAnHourByResponseToo(t *testing.T) {
	c := newProvider(t, lessAllowed, made)
	got, err := c.issuer.WithResponse(t.Context(), federated(t, 2*time.Hour, ""), signedIn())
	if err != nil || got.Length.By != mapping.ByUnknownRole || len(c.asked) != 2 || c.asked[1].Get("DurationSeconds") != "3600" {
		t.Fatalf("%+v, %v, asked %v", got, err, c.asked)
	}
	first, second := believed(t, c.asked[0].Get("SAMLAssertion")), believed(t, c.asked[1].Get("SAMLAssertion"))
	if first.Response.ID == second.Response.ID || first.Assertion.ID == second.Assertion.ID {
		t.Error("the same response goes twice")
	}
}

func TestWhatSTSSaysOfOurResponseIsKept(t *testing.T) {
	for answer, want := range map[string]reason.Code{
		`401 {"Code":"AuthenticationFail.SAMLAssertion.Invalid","Message":"$SAMLAssertion is invalid"}`: reason.RoleRefused,
		`404 {"Code":"EntityNotExist.SAMLProvider","Message":"Can not find SAML provider."}`:            reason.RoleRefused,
		`401 {"Code":"AuthenticationFail.NoPermission","Message":"There is no permission"}`:             reason.RoleRefused,
		`400 {"Code":"Throttling.User","Message":"flow control"}`:                                       reason.STSUnavailable,
		`200 {"RequestId":"R","Credentials":{"AccessKeyId":"STS.made"}}`:                                reason.STSUnavailable,
	} {
		c := newProvider(t, answer)
		got, err := c.issuer.WithResponse(t.Context(), federated(t, time.Hour, ""), signedIn())
		if reason.Of(err) != want || got.AccessKeyID != "" {
			t.Errorf("%s: %v", answer, err)
		}
		if said := c.asked[0].Get("SAMLAssertion"); len(said) < 1000 || strings.Contains(err.Error(), said[:100]) {
			t.Errorf("of a response of %d characters: %v", len(said), err)
		}
	}
}

// TestAWholeGrantGoesByForm to the role-based SSO of the account's site.
func TestAWholeGrantGoesByForm(t *testing.T) {
	to, err := issue.ParseDestination("https://ram.console.aliyun.com/roles?a=1")
	if err != nil {
		t.Fatal(err)
	}
	for site, want := range map[string]struct{ action, audience string }{
		"china":         {"https://signin.aliyun.com/saml-role/sso", "urn:alibaba:cloudcomputing"},
		"international": {"https://signin.alibabacloud.com/saml-role/sso", "urn:alibaba:cloudcomputing:international"},
	} {
		account := federatedAccount()
		account.Site = site
		whole := grantOf(t, account, 8*time.Hour, "").Allowed(4 * time.Hour)
		c := newProvider(t, made)
		local, err := c.issuer.RoleForm(t.Context(), whole, signedIn(), to)
		if err != nil || local.Action != c.config.SigninEndpoint+"/saml-role/sso" || local.RelayState != to.String() {
			t.Fatalf("%+v, %v", local, err)
		}
		c.config.SigninEndpoint = ""
		theirs, err := issue.New(c.config).RoleForm(t.Context(), whole, signedIn(), issue.Destination{})
		if err != nil || theirs.Action != want.action || theirs.RelayState != "" {
			t.Errorf("%+v, %v", theirs, err)
		}
		for _, form := range []issue.Form{local, theirs} {
			m := believed(t, form.SAMLResponse.Reveal())
			if m.Response.Destination != want.action || m.Assertion.Subject.Confirmations[0].Recipient != want.action || m.Assertion.Conditions.Audiences[0][0] != want.audience {
				t.Errorf("we said %+v", m)
			}
			if lasts := attribute(m, mapping.SessionDurationAttribute); !slices.Equal(lasts, []string{"14400"}) {
				t.Errorf("it lasts %q", lasts)
			}
			if text := fmt.Sprintf("%v %+v %#v", form, form, form); strings.Contains(text, form.SAMLResponse.Reveal()[:40]) {
				t.Errorf("it prints: %s", text)
			}
		}
		if len(c.asked) > 0 {
			t.Errorf("STS was asked %v", c.asked)
		}
	}
}

// TestNoBrowserHoldsMoreThanWasGranted: who has a response may ask STS for all that the
// role can give.
func TestNoBrowserHoldsMoreThanWasGranted(t *testing.T) {
	wished := func(duration time.Duration, policy string) mapping.Wish {
		wish, err := mapping.ParseWish("", duration, policy)
		if err != nil {
			t.Fatal(err)
		}
		return wish
	}
	narrowed := func(g mapping.Grant, w mapping.Wish) mapping.Grant {
		g, err := g.Narrowed(w)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	eight := federated(t, 8*time.Hour, "")
	for name, c := range map[string]struct {
		grant mapping.Grant
		whole bool
	}{
		"as long as the role allows":           {eight.Allowed(8 * time.Hour), true},
		"longer than the role allows":          {eight.Allowed(time.Hour), true},
		"shorter than the role allows":         {eight.Allowed(12 * time.Hour), false},
		"shorter by a second":                  {eight.Allowed(8*time.Hour + time.Second), false},
		"the role's maximum was never read":    {eight, false},
		"the role's maximum is read as none":   {eight.Allowed(0), false},
		"with a session policy":                {federated(t, 8*time.Hour, readOnly).Allowed(time.Hour), false},
		"the person wants less":                {narrowed(eight.Allowed(8*time.Hour), wished(7*time.Hour, "")), false},
		"the person wants less, of an old one": {narrowed(eight, wished(7*time.Hour, "")).Allowed(8 * time.Hour), false},
		"the person wants a policy":            {narrowed(eight.Allowed(8*time.Hour), wished(0, readOnly)), false},
		"STS refused it as too long":           {least(t, eight.Allowed(8*time.Hour)), false},
	} {
		p := newProvider(t, made)
		form, err := p.issuer.RoleForm(t.Context(), c.grant, signedIn(), issue.Destination{})
		if c.whole != c.grant.IsWhole() || c.whole != (err == nil) || c.whole == (form == issue.Form{}) {
			t.Errorf("%s: whole %v, %v, %v", name, c.grant.IsWhole(), form, err)
		}
		if _, err := p.issuer.WithResponse(t.Context(), c.grant, signedIn()); err != nil {
			t.Errorf("%s, by the function itself: %v", name, err)
		}
	}
}

func least(t *testing.T, g mapping.Grant) mapping.Grant {
	t.Helper()
	g, shorter := g.Least()
	if !shorter {
		t.Fatal("it is the least already")
	}
	return g
}

// userGrant is a sign-in as a RAM user that a rule gives.
func userGrant(t *testing.T, withDomain bool) mapping.UserGrant {
	t.Helper()
	rev, problems := federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{validatetest.Source()},
		Accounts: []federation.AccountDraft{{
			ID: "1234567890123456", UserSSO: &federation.UserSSO{Suffixes: []string{"acme.onaliyun.com"}, WithDomain: withDomain},
		}},
		Rules: []federation.RuleDraft{{
			Name: "staff", IdP: "test", Condition: &federation.ConditionDraft{Any: true},
			User: &federation.UserDraft{Account: "1234567890123456", Principal: "{{nameID}}", Domains: []string{"acme.onaliyun.com"}},
		}},
	}, federation.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d := mapping.Decide(rev, validatetest.New(t).Identity(validatetest.Subject("ada@acme.onaliyun.com")), mapping.Context{Now: validatetest.Now()})
	if len(d.Users) != 1 {
		t.Fatalf("users %+v", d.Users)
	}
	return d.Users[0]
}

func TestARAMUserSignsInByForm(t *testing.T) {
	for withDomain, nameID := range map[bool]string{true: "ada@acme.onaliyun.com", false: "ada"} {
		c := newProvider(t, made)
		local, err := c.issuer.UserForm(t.Context(), userGrant(t, withDomain), signedIn(), "a2f", "https://home.console.aliyun.com/")
		if err != nil || local.Action != c.config.SigninEndpoint+"/saml/SSO" || local.RelayState != "https://home.console.aliyun.com/" {
			t.Fatalf("%+v, %v", local, err)
		}
		m := believed(t, local.SAMLResponse.Reveal())
		if m.Assertion.Subject.NameID != nameID || m.Response.InResponseTo != "a2f" || m.Assertion.Subject.Confirmations[0].InResponseTo != "a2f" ||
			m.Assertion.Conditions.Audiences[0][0] != "https://signin.aliyun.com/1234567890123456/saml/SSO" || len(m.Assertion.Attributes) > 0 {
			t.Errorf("we said %+v", m)
		}
		c.config.SigninEndpoint = ""
		theirs, err := issue.New(c.config).UserForm(t.Context(), userGrant(t, withDomain), signedIn(), "", "")
		if m := believed(t, theirs.SAMLResponse.Reveal()); err != nil || theirs.Action != "https://signin.aliyun.com/saml/SSO" || m.Response.InResponseTo != "" {
			t.Errorf("%+v, %v", theirs, err)
		}
	}
}

func TestWhatCannotBeAnsweredIsNotSigned(t *testing.T) {
	whole := federated(t, time.Hour, "").Allowed(time.Hour)
	elsewhere := grant(t, time.Hour).Allowed(time.Hour) // issue: assume-role
	ended := signedIn()
	ended.SessionNotOnOrAfter = validatetest.Now()
	c := newProvider(t, made)
	c.config.Own.Signing = func(context.Context) (crypto.Signer, *x509.Certificate, error) {
		return nil, nil, reason.New(reason.OwnKeysUnavailable, "KMS is silent")
	}
	silent, honest, none := issue.New(c.config), newProvider(t, made).issuer, newCloud(t, made).issuer
	forms := func(i issue.Issuer, g mapping.Grant, authn samldoc.AuthnStatement) map[string]func() error {
		return map[string]func() error{
			"form": func() error { _, err := i.RoleForm(t.Context(), g, authn, issue.Destination{}); return err },
			"STS":  func() error { _, err := i.WithResponse(t.Context(), g, authn); return err },
		}
	}
	for name, try := range map[string]struct {
		ways map[string]func() error
		code reason.Code
	}{
		"our key is not to be had":           {forms(silent, whole, signedIn()), reason.OwnKeysUnavailable},
		"the sign-in has ended":              {forms(honest, whole, ended), reason.Expired},
		"nobody knows when it was":           {forms(honest, whole, samldoc.AuthnStatement{}), reason.Internal},
		"a zero grant":                       {forms(honest, mapping.Grant{}, signedIn()), reason.Internal},
		"the account has another way":        {forms(honest, elsewhere, signedIn()), reason.Internal},
		"the function has no side of itself": {forms(none, whole, signedIn()), reason.Internal},
	} {
		for way, ask := range try.ways {
			if err := ask(); reason.Of(err) != try.code {
				t.Errorf("%s, by %s: %v, want %s", name, way, err, try.code)
			}
		}
	}
	user := userGrant(t, true)
	for name, try := range map[string]struct {
		ask  func() (issue.Form, error)
		code reason.Code
	}{
		"a zero grant": {func() (issue.Form, error) {
			return honest.UserForm(t.Context(), mapping.UserGrant{}, signedIn(), "", "")
		}, reason.Internal},
		"no side":    {func() (issue.Form, error) { return none.UserForm(t.Context(), user, signedIn(), "", "") }, reason.Internal},
		"no key":     {func() (issue.Form, error) { return silent.UserForm(t.Context(), user, signedIn(), "", "") }, reason.OwnKeysUnavailable},
		"ended":      {func() (issue.Form, error) { return honest.UserForm(t.Context(), user, ended, "", "") }, reason.Expired},
		"no such ID": {func() (issue.Form, error) { return honest.UserForm(t.Context(), user, signedIn(), `a"b`, "") }, reason.Internal},
		"a long state": {func() (issue.Form, error) {
			return honest.UserForm(t.Context(), user, signedIn(), "", strings.Repeat("x", 1801))
		}, reason.RequestTooLarge},
	} {
		if form, err := try.ask(); reason.Of(err) != try.code || form != (issue.Form{}) {
			t.Errorf("%s: %v, %v, want %s", name, form, err, try.code)
		}
	}
}
