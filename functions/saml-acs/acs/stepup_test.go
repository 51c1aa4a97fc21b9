package acs_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	account    = "1234567890123456"
	admin      = "acs:ram::1234567890123456:role/admin"
	auditor    = "acs:ram::1234567890123456:role/auditor"
	reader     = "acs:ram::1234567890123456:role/reader"
	byPassword = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	byPhone    = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"
	byKey      = "urn:x-acme:key"
)

// rules let people of the test identity provider administer by a second factor,
// audit within an hour of their sign-in, and read anyway.
func (s *stage) rules(context.Context, string) (federation.Revision, error) {
	anybody := &federation.ConditionDraft{Any: true}
	rev, problems := federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{validatetest.Source()},
		Accounts:          []federation.AccountDraft{{ID: account, UserSSO: &federation.UserSSO{Suffixes: []string{"acme.onaliyun.com"}, WithDomain: true}}},
		Rules: []federation.RuleDraft{
			{Name: "administer", IdP: "test", Roles: []string{admin}, Condition: anybody, Requires: &federation.RequiresDraft{ACR: []string{byPhone, byKey}}},
			{Name: "audit", IdP: "test", Roles: []string{auditor}, Condition: anybody, Requires: &federation.RequiresDraft{MaxAgeSeconds: 3600}},
			{
				Name: "be root", IdP: "test", Condition: anybody, Requires: &federation.RequiresDraft{ACR: []string{byKey}},
				User: &federation.UserDraft{Account: account, Principal: "root@acme.onaliyun.com", Domains: []string{"acme.onaliyun.com"}},
			},
			{Name: "read", IdP: "test", Roles: []string{reader}, Condition: anybody},
		},
	}, federation.Options{})
	if len(problems) > 0 {
		return federation.Revision{}, reason.New(reason.ConfigurationInvalid, "%v", problems)
	}
	return rev, nil
}

// by is a sign-in of this class, so long ago.
func (s *stage) by(class string, ago time.Duration) validatetest.Option {
	return validatetest.Before(func(response *etree.Element) {
		statement := response.FindElement("//AuthnStatement")
		statement.CreateAttr("AuthnInstant", s.now.Add(-ago).Format(time.RFC3339))
		statement.FindElement("//AuthnContextClassRef").SetText(class)
	})
}

func (s *stage) signedIn(t *testing.T, options ...validatetest.Option) *http.Cookie {
	t.Helper()
	keeper := session.Keeper{Rows: s.rows, Now: func() time.Time { return s.now }, Rand: rand.Reader}
	begun, err := keeper.Begin(t.Context(), s.idp.Identity(options...))
	if err != nil {
		t.Fatal(err)
	}
	return begun.Cookie()
}

// stepUp begins a sign-in for a role and gives our request, beside what login does.
func (s *stage) stepUp(t *testing.T, role string, cookies ...*http.Cookie) (request, id, relayState string, browser *http.Cookie) {
	t.Helper()
	return s.begin(t, url.Values{"to": {"/go/1234567890123456/admin"}, "stepup": {role}}, cookies...)
}

func (s *stage) begin(t *testing.T, query url.Values, cookies ...*http.Cookie) (request, id, relayState string, browser *http.Cookie) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, origin+"/saml/test/login?"+query.Encode(), nil)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	a := s.do(r)
	location, err := url.Parse(a.leadsTo())
	if err != nil || a.Code != http.StatusFound {
		t.Fatalf("%d to %q, %v", a.Code, a.leadsTo(), err)
	}
	request = inflate(t, location.Query().Get("SAMLRequest"))
	_, rest, _ := strings.Cut(request, ` ID="`)
	id, _, _ = strings.Cut(rest, `"`)
	return request, id, location.Query().Get("RelayState"), a.cookies()[0]
}

func TestAStepUpAsksForWhatTheRuleRequires(t *testing.T) {
	s := newStage(t)
	const classes = `<samlp:RequestedAuthnContext Comparison="exact"><saml:AuthnContextClassRef>` + byPhone +
		`</saml:AuthnContextClassRef><saml:AuthnContextClassRef>` + byKey + `</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`
	const keyAlone = `<saml:AuthnContextClassRef>` + byKey + `</saml:AuthnContextClassRef></samlp:RequestedAuthnContext>`
	byPasswordNow, byPhoneOnceUponATime := s.signedIn(t, s.by(byPassword, time.Minute)), s.signedIn(t, s.by(byPhone, 2*time.Hour))
	for name, tt := range map[string]struct {
		role, asks string
		forced     bool
		cookie     *http.Cookie
	}{
		"a class that the sign-in is not":   {admin, classes, false, byPasswordNow},
		"a fresher sign-in":                 {auditor, "", true, byPhoneOnceUponATime},
		"a role that asks for nothing":      {reader, "", false, byPasswordNow},
		"a role that is to be had already":  {admin, "", false, byPhoneOnceUponATime},
		"a role that no rule gives":         {"acs:ram::1234567890123456:role/root", "", false, byPasswordNow},
		"a RAM user":                        {account, keyAlone, false, byPasswordNow},
		"a RAM user that they are already":  {account, "", false, s.signedIn(t, s.by(byKey, time.Hour))},
		"a RAM user of another account":     {"2345678901234567", "", false, byPasswordNow},
		"nobody is signed in":               {admin, "", false, &http.Cookie{Name: "x", Value: "y"}},
		"a session that ended":              {admin, "", false, &http.Cookie{Name: session.SessionCookie, Value: strings.Repeat("A", 43)}},
		"somebody of another company is in": {admin, "", false, s.signedIn(t, validatetest.As("other"), s.by(byPassword, 0))},
	} {
		t.Run(name, func(t *testing.T) {
			request, _, _, _ := s.stepUp(t, tt.role, tt.cookie)
			if strings.Contains(request, `ForceAuthn="true"`) != tt.forced || strings.Contains(request, "RequestedAuthnContext") != (tt.asks != "") || !strings.Contains(request, tt.asks) {
				t.Errorf("asks %s", request)
			}
		})
	}
	for _, text := range []string{"admin", "acme-prod", "1234567890123456/", "%31234567890123456%20", "acs:ram::1234567890123456:user/root"} {
		if a := s.do(httptest.NewRequest(http.MethodGet, origin+"/saml/test/login?stepup="+text, nil)); a.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", text, a.Code)
		}
	}
}

// TestWhoMustSignInAnewIsAskedOnce: Alibaba Cloud's request may want that, of whoever
// comes with it, and a sign-in that the identity provider remembered is no answer.
func TestWhoMustSignInAnewIsAskedOnce(t *testing.T) {
	s := newStage(t)
	target := session.Start{Account: account, Request: "a1", Fresh: s.now}.Path()
	for name, cookie := range map[string]*http.Cookie{"nobody": {Name: "x", Value: "y"}, "Ada": s.signedIn(t, s.by(byKey, 0))} {
		request, id, relayState, browser := s.begin(t, url.Values{"to": {target}}, cookie)
		if !strings.Contains(request, `ForceAuthn="true"`) {
			t.Errorf("%s: asks %s", name, request)
		}
		old := s.idp.Response(validatetest.For(expectation("test", id)), s.by(byPassword, 6*time.Minute))
		wantRefusal(t, s.do(post("test", form("SAMLResponse", old, "RelayState", relayState), browser)), reason.StepUpFailed)
		_, id, relayState, browser = s.begin(t, url.Values{"to": {target}}, cookie)
		anew := s.idp.Response(validatetest.For(expectation("test", id)), s.by(byPassword, time.Minute))
		if a := s.do(post("test", form("SAMLResponse", anew, "RelayState", relayState), browser)); a.Code != http.StatusSeeOther || !strings.HasPrefix(a.leadsTo(), target+"&ticket=") {
			t.Errorf("%s: %d to %s %s", name, a.Code, a.leadsTo(), s.log)
		}
	}
	strict := url.Values{"to": {target}, "stepup": {account}} // and by a key, as the rule wants it
	if request, _, _, _ := s.begin(t, strict, s.signedIn(t, s.by(byPassword, 0))); !strings.Contains(request, `ForceAuthn="true"`) || !strings.Contains(request, byKey) {
		t.Errorf("asks %s", request)
	}
}

func TestAStepUpEndsWithTheSignInThatWasAskedFor(t *testing.T) {
	s := newStage(t)
	before := s.signedIn(t, s.by(byPassword, time.Minute))
	_, id, relayState, browser := s.stepUp(t, admin, before)
	response := s.idp.Response(validatetest.For(expectation("test", id)), s.by(byKey, 0))
	a := s.do(post("test", form("SAMLResponse", response, "RelayState", relayState), browser, before))
	if a.Code != http.StatusSeeOther || !strings.HasPrefix(a.leadsTo(), "/go/1234567890123456/admin?ticket=") || a.cookies()[0].Name != session.SessionCookie {
		t.Errorf("%d to %s with %v", a.Code, a.leadsTo(), a.cookies())
	}
}

func TestAnIdentityProviderThatDoesNotDoWhatItWasAskedIsNotAskedAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		role    string
		session time.Duration // age of the sign-in before
		answer  func(*stage) validatetest.Option
		shows   string
	}{
		"it asks for the password alone": {admin, 0, func(s *stage) validatetest.Option { return s.by(byPassword, 0) }, byPassword},
		"it answers by its session":      {auditor, 2 * time.Hour, func(s *stage) validatetest.Option { return s.by(byPassword, 2*time.Hour) }, "2027-03-01 10:00:00 UTC"},
		"it says that it cannot":         {admin, 0, func(*stage) validatetest.Option { return noAuthnContext() }, byPhone},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			before := s.signedIn(t, s.by(byPassword, tt.session))
			_, id, relayState, browser := s.stepUp(t, tt.role, before)
			response := s.idp.Response(validatetest.For(expectation("test", id)), tt.answer(s))
			a := s.do(post("test", form("SAMLResponse", response, "RelayState", relayState), browser, before))
			wantRefusal(t, a, reason.StepUpFailed)
			if !strings.Contains(a.text, tt.shows) || strings.Contains(a.text, "You are not signed in") {
				t.Errorf("the page does not show %s:\n%s", tt.shows, a.text)
			}
			if !strings.Contains(s.log.String(), `"step_up":"`) {
				t.Errorf("log %s", s.log)
			}
		})
	}
}

// noAuthnContext is how a well-behaved identity provider refuses.
func noAuthnContext() validatetest.Option {
	return validatetest.Before(func(response *etree.Element) {
		code := response.FindElement("./Status/StatusCode")
		code.CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
		code.CreateElement("samlp:StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext")
	})
}
