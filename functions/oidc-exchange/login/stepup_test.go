package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// signIn signs Ada in with these claims and gives her session's cookie.
func (s *stage) signIn(t *testing.T, claims map[string]any) *http.Cookie {
	t.Helper()
	s.op.claims = claims
	callback, browser := s.arrive(t, "/oidc/test/login")
	a := s.do(get(callback, browser))
	if a.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", a.Code, s.log)
	}
	s.op.claims = nil
	return a.cookies()[0]
}

func ago(d time.Duration) int64 { return validatetest.Now().Add(-d).Unix() }

// stepUp begins a sign-in for a role.
func (s *stage) stepUp(t *testing.T, role string, cookies ...*http.Cookie) (address string, browser *http.Cookie) {
	t.Helper()
	to := url.Values{"to": {"/go/1234567890123456/admin"}, "stepup": {role}}
	return s.begin(t, with(get(origin+"/oidc/test/login?"+to.Encode(), cookies...), "Sec-Fetch-Site", "same-origin"))
}

func TestAStepUpAsksForWhatTheRuleRequires(t *testing.T) {
	for name, tt := range map[string]struct {
		role                  string
		claims                map[string]any
		classes, age, prompts string
	}{
		"a class that the sign-in is not":  {admin, map[string]any{"acr": "pwd"}, "mfa key", "", ""},
		"a class that it is":               {admin, map[string]any{"acr": "key"}, "", "", ""},
		"a fresher sign-in":                {auditor, map[string]any{"auth_time": ago(2 * time.Hour)}, "", "3600", "login"},
		"one that is fresh":                {auditor, map[string]any{"auth_time": ago(time.Minute)}, "", "", ""},
		"one that does not say when it is": {auditor, nil, "", "3600", "login"},
		"a role that no rule gives":        {"acs:ram::1234567890123456:role/root", nil, "", "", ""},
	} {
		s := newStage(t)
		address, _ := s.stepUp(t, tt.role, s.signIn(t, tt.claims))
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		for parameter, want := range map[string]string{"acr_values": tt.classes, "max_age": tt.age, "prompt": tt.prompts} {
			if got := u.Query().Get(parameter); got != want || u.Query().Has(parameter) != (want != "") {
				t.Errorf("%s: %s is %q, want %q", name, parameter, got, want)
			}
		}
	}
	wantRefusal(t, newStage(t).do(get(origin+"/oidc/test/login?stepup=admin")), reason.RequestMalformed)
}

func TestAStepUpEndsWithTheSignInThatWasAskedFor(t *testing.T) {
	s := newStage(t)
	before := s.signIn(t, map[string]any{"acr": "pwd"})
	address, browser := s.stepUp(t, admin, before)
	s.op.claims = map[string]any{"acr": "mfa"}
	a := s.do(get(s.through(t, address), browser, before))
	if a.Code != http.StatusSeeOther || !strings.HasPrefix(a.leadsTo(), "/go/1234567890123456/admin?ticket=") || a.cookies()[0].Name != session.SessionCookie {
		t.Errorf("%d to %s with %v", a.Code, a.leadsTo(), a.cookies())
	}
}

// A provider that ignores what it was asked for, or leaves out when the person signed
// in although max_age was sent, is not asked again.
func TestAProviderThatDoesNotDoWhatItWasAskedIsNotAskedAgain(t *testing.T) {
	for name, tt := range map[string]struct {
		role   string
		claims map[string]any // of the answer
		fault  string
		want   reason.Code
		shows  string
	}{
		"it asks for the password alone": {admin, map[string]any{"acr": "pwd"}, "", reason.StepUpFailed, "pwd"},
		"it names no class":              {admin, nil, "", reason.StepUpFailed, "mfa"},
		"it answers by its session":      {auditor, map[string]any{"auth_time": ago(2 * time.Hour)}, "", reason.StepUpFailed, "2027-03-01 10:00:00 UTC"},
		"it does not say when it was":    {auditor, nil, "", reason.StepUpFailed, "at most 1 h ago"},
		"it says when it was by text":    {auditor, map[string]any{"auth_time": "1"}, "", reason.StepUpFailed, "at most 1 h ago"},
		"it says that it cannot":         {admin, nil, "unmet_authentication_requirements", reason.StepUpFailed, "mfa"},
		"it says that it would ask":      {auditor, nil, "login_required", reason.StepUpFailed, "at most 1 h ago"},
		"the person would rather not":    {admin, nil, "access_denied", reason.SignInDeclined, "cancelled"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			before := s.signIn(t, map[string]any{"acr": "pwd", "auth_time": ago(2 * time.Hour)})
			address, browser := s.stepUp(t, tt.role, before)
			callback := s.through(t, address)
			if tt.fault != "" {
				callback = query(t, callback, "code", "", "error", tt.fault)
			}
			s.op.claims = tt.claims
			a := s.do(get(callback, browser, before))
			wantRefusal(t, a, tt.want)
			if !strings.Contains(a.text, tt.shows) || strings.Contains(a.text, "You are not signed in") {
				t.Errorf("the page does not show %s:\n%s", tt.shows, a.text)
			}
		})
	}
}

// Alibaba Cloud's request may want whoever comes with it to sign in anew.
func TestWhoMustSignInAnewIsAskedForIt(t *testing.T) {
	s := newStage(t)
	target := session.Start{Account: "1234567890123456", Request: "a1", Fresh: validatetest.Now()}.Path()
	address, _ := s.begin(t, get(origin+"/oidc/test/login?"+url.Values{"to": {target}}.Encode()))
	u, err := url.Parse(address)
	if err != nil || u.Query().Get("max_age") != "300" || u.Query().Get("prompt") != "login" {
		t.Errorf("%s, %v", address, err)
	}
}
