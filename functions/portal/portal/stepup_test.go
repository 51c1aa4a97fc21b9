package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	byPassword = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	byPhone    = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"
	stepUp     = "/saml/test/login?stepup=acs%3Aram%3A%3A1234567890123456%3Arole%2Fadmin&to="
)

// strict asks of who administers production a second factor, not older than an
// hour.
func strict(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.draft.Rules[0].Requires = &federation.RequiresDraft{ACR: []string{byPhone}, MaxAgeSeconds: 3600}
	return s
}

// adaBy is Ada, who signed in by this class so long ago.
func (s *stage) adaBy(t *testing.T, class string, ago time.Duration) session.Session {
	t.Helper()
	return s.signIn(t, validatetest.Subject("ada"), validatetest.Attribute("emailAddress", "ada@acme.com"), validatetest.Attribute("memberOf", "platform"),
		validatetest.Before(func(response *etree.Element) {
			statement := response.FindElement("//AuthnStatement")
			statement.CreateAttr("AuthnInstant", s.now.Add(-ago).Format(time.RFC3339))
			statement.FindElement("//AuthnContextClassRef").SetText(class)
		}))
}

func TestARoleThatNeedsMoreLeadsToTheSignInForIt(t *testing.T) {
	s := strict(t)
	ada := s.adaBy(t, byPassword, time.Minute)
	a := s.do(t, with(get("/go/acme-prod/admin?to=https%3A%2F%2Fecs.console.aliyun.com%2F&x=y", ada.Cookie()), "Sec-Fetch-Site", "none"))
	if want := stepUp + url.QueryEscape("/go/acme-prod/admin?to=https%3A%2F%2Fecs.console.aliyun.com%2F"); a.StatusCode != http.StatusSeeOther || a.leadsTo() != want {
		t.Errorf("%s to %s, want %s", a.Status, a.leadsTo(), want)
	}
	if !strings.Contains(s.log.String(), `"step_up":"platform engineers administer production"`) || len(s.mint.taken) > 0 {
		t.Errorf("log %s, taken %q", s.log, s.mint.taken)
	}
}

// A foreign page's link must not send people to their identity provider; a form's
// answer could not, by its page's form-action.
func TestWhoDidNotAskForItSeesAPageFirst(t *testing.T) {
	s := strict(t)
	ada := s.adaBy(t, byPassword, time.Minute)
	fields := url.Values{"role": {admin}, "token": {token(t, s.do(t, get("/", ada.Cookie())).text)}}
	elsewhere := "/go/acme-prod/admin?to=" + url.QueryEscape("https://ecs.console.aliyun.com/")
	withTo := url.Values{"role": fields["role"], "token": fields["token"], "to": {"https://ecs.console.aliyun.com/"}}
	for name, tt := range map[string]struct {
		request *http.Request
		to      string
	}{
		"a link":                  {with(get("/go/acme-prod/admin", ada.Cookie()), "Sec-Fetch-Site", "cross-site"), "/go/acme-prod/admin"},
		"the console":             {fromOwnPage("/console", fields, ada.Cookie()), "/go/acme-prod/admin"},
		"a page of the console":   {fromOwnPage("/console", withTo, ada.Cookie()), elsewhere},
		"credentials of the role": {fromOwnPage("/credentials", fields, ada.Cookie()), "/"},
	} {
		a := s.do(t, tt.request)
		if a.StatusCode != http.StatusForbidden || a.leadsTo() != "" || len(s.mint.taken) > 0 {
			t.Errorf("%s: %s to %q, taken %q", name, a.Status, a.leadsTo(), s.mint.taken)
		}
		for _, want := range []string{`href="` + stepUp + url.QueryEscape(tt.to) + `"`, "Zeta ID", byPhone, "at most 1 h ago", byPassword, "ada@acme.com"} {
			if !strings.Contains(a.text, want) {
				t.Errorf("%s: the page lacks %s:\n%s", name, want, a.text)
			}
		}
	}
}

func TestTheListOffersWhatAnotherSignInGives(t *testing.T) {
	s := strict(t)
	a := s.do(t, get("/", s.adaBy(t, byPassword, time.Minute).Cookie()))
	wantOnPage(t, a, "1 role", "You could also have", "needs a stronger sign-in", `href="`+stepUp+`%2F"`)
	if strings.Contains(a.text, `value="`+admin+`"`) {
		t.Error("the role can be taken")
	}
	wantOnPage(t, s.do(t, get("/", s.adaBy(t, byPhone, 2*time.Hour).Cookie())), "needs a fresh sign-in")
	a = s.do(t, get("/", s.adaBy(t, byPhone, time.Minute).Cookie()))
	wantOnPage(t, a, "2 roles", `value="`+admin+`"`)
	if strings.Contains(a.text, "You could also have") {
		t.Error("the list offers what is there")
	}
}

func TestASignInThatIsEnoughTakesTheRole(t *testing.T) {
	s := strict(t)
	ada := s.adaBy(t, byPhone, 59*time.Minute)
	page := s.do(t, get("/", ada.Cookie()))
	fields := url.Values{"role": {admin}, "token": {token(t, page.text)}}
	if a := s.do(t, fromOwnPage("/console", fields, ada.Cookie())); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.leadsTo(), "https://signin.aliyun.com/") {
		t.Errorf("%s to %s", a.Status, a.leadsTo())
	}
	s.now = s.now.Add(2 * time.Minute) // and with the hour over, no more
	if a := s.do(t, fromOwnPage("/console", fields, ada.Cookie())); a.StatusCode != http.StatusForbidden || len(s.mint.taken) != 1 {
		t.Errorf("%s, taken %q", a.Status, s.mint.taken)
	}
}

func TestAuditRulesAreLoggedAndGiveNothing(t *testing.T) {
	s := newStage(t)
	s.draft.Rules[0].Mode = "audit"
	ada := s.ada(t)
	wantOnPage(t, s.do(t, get("/", ada.Cookie())), "1 role")
	wantRefusal(t, s.do(t, with(get("/go/acme-prod/admin", ada.Cookie()), "Sec-Fetch-Site", "none")), "role_not_granted")
	if n := strings.Count(s.log.String(), `"audit_rules":"platform engineers administer production"`); n != 2 {
		t.Errorf("%d lines name it:\n%s", n, s.log)
	}
}

// Nothing issues RAM users yet: such a rule must not look like a role.
func TestAUserRuleIsNoRole(t *testing.T) {
	s := newStage(t)
	s.draft.Accounts[0].UserSSO = &federation.UserSSO{Suffixes: []string{"acme.com"}, WithDomain: true}
	s.draft.Rules[0].Roles = nil
	s.draft.Rules[0].User = &federation.UserDraft{Account: prod, Principal: "{{email}}", Domains: []string{"acme.com"}}
	wantOnPage(t, s.do(t, get("/", s.ada(t).Cookie())), "1 role", "in 1 account")
}

func TestASessionIsMadeWithinTheRulesPolicy(t *testing.T) {
	const policy = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}`
	s := newStage(t)
	s.draft.Rules[0].Session.Policy = policy
	ada := s.ada(t)
	fields := url.Values{"token": {token(t, s.do(t, get("/", ada.Cookie())).text)}}
	for role, want := range map[string]string{admin: policy, "acs:ram::" + dev + ":role/dev": ""} {
		fields.Set("role", role)
		wantOnPage(t, s.do(t, fromOwnPage("/credentials", fields, ada.Cookie())), "STS.example")
		if s.mint.within != want {
			t.Errorf("%s within %q", role, s.mint.within)
		}
	}
}
