package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// bill is in none of the groups that give a role.
func (s *stage) bill(t *testing.T) session.Session {
	t.Helper()
	return s.signIn(t, validatetest.Subject("bill"), validatetest.Attribute("memberOf", "sales"))
}

// wantNothingNear says that the list tells nobody of roles that they lack something for.
func wantNothingNear(t *testing.T, a answer) {
	t.Helper()
	for _, word := range []string{"You could ask for", "needs groups", "“platform”", admin} {
		if a.StatusCode != http.StatusOK || strings.Contains(a.text, word) {
			t.Errorf("%s: the list says %s:\n%s", a.Status, word, a.text)
		}
	}
}

func TestTheListTellsOfRolesNearlyHadWhereARuleSaysSo(t *testing.T) {
	s := newStage(t)
	bill := s.bill(t)
	wantNothingNear(t, s.do(t, get("/", bill.Cookie())))

	s.draft.Rules[0].Disclose = true
	a := s.do(t, get("/", bill.Cookie()))
	wantOnPage(t, a, "there is no role for you yet", "You could ask for", "acme-prod · admin", "platform engineers administer production", "needs groups “platform”", "it@acme.com")
	if strings.Contains(a.text, "develop") || strings.Contains(a.text, admin) {
		t.Errorf("the list names a role that is not told of, or that can be taken:\n%s", a.text)
	}
	wantOnPage(t, s.do(t, with(get("/", bill.Cookie()), "Accept-Language", "zh")), "可以申请的角色", "需要 groups 为“platform”")
	a = s.do(t, get("/", s.ada(t).Cookie())) // who has it lacks nothing
	wantOnPage(t, a, "2 roles")
	if strings.Contains(a.text, "You could ask for") {
		t.Errorf("who has the role is to ask for it:\n%s", a.text)
	}
}

func TestARoleNearlyHadCannotBeTaken(t *testing.T) {
	s := newStage(t)
	s.draft.Rules[0].Disclose = true
	bill := s.bill(t).Cookie()
	form := url.Values{"role": {admin}, "token": {token(t, s.do(t, get("/", bill)).text)}}
	for name, r := range map[string]*http.Request{
		"credentials": fromOwnPage("/credentials", form, bill),
		"the console": fromOwnPage("/console", form, bill),
		"its link":    with(get("/go/acme-prod/admin", bill), "Sec-Fetch-Site", "none"),
	} {
		a := s.do(t, r)
		wantRefusal(t, a, reason.RoleNotGranted)
		if strings.Contains(a.text, "“platform”") || len(s.mint.taken) > 0 {
			t.Errorf("%s: taken %q, or told on a page that is not the list:\n%s", name, s.mint.taken, a.text)
		}
	}
}

// TestNobodyIsToldOfAnothersRoles: not of those for people of another identity provider,
// nor after one's own was suspended.
func TestNobodyIsToldOfAnothersRoles(t *testing.T) {
	s := newStage(t)
	s.draft.Rules[0].Disclose, s.draft.Rules[0].IdP = true, "contoso"
	s.draft.Rules[0].Condition.Operators = map[string]map[string][]string{"StringEquals": {"saml:groups": {"platform"}}}
	bill := s.bill(t)
	wantNothingNear(t, s.do(t, get("/", bill.Cookie())))
	s.draft.Rules[0].IdP, s.draft.IdentityProviders[0].Suspended = "test", true
	wantRefusal(t, s.do(t, get("/", bill.Cookie())), reason.IdPSuspended)
}

// TestEachThingThatIsMissingHasWords in both languages.
func TestEachThingThatIsMissingHasWords(t *testing.T) {
	s := newStage(t)
	s.draft.Rules = nil
	for name, operators := range map[string]map[string]map[string][]string{
		"value":   {"StringEquals": {"saml:groups": {"sre"}}},
		"network": {"IpAddress": {"sourceIp": {"10.0.0.0/8"}}},
		"time":    {"DateGreaterThan": {"currentTime": {"2099-01-01T00:00:00Z"}}},
		"other":   {"StringLike": {"saml:groups": {"sre-*"}}},
	} {
		s.draft.Rules = append(s.draft.Rules, federation.RuleDraft{
			Name: name, IdP: "test", Roles: []string{"acs:ram::" + dev + ":role/" + name}, Condition: &federation.ConditionDraft{Operators: operators}, Disclose: true,
		})
	}
	bill := s.bill(t)
	wantOnPage(t, s.do(t, get("/", bill.Cookie())), dev+" · time", "needs groups “sre”", "not from this network", "not at this time", "needs other facts about you")
	wantOnPage(t, s.do(t, get("/?lang=zh", bill.Cookie())), "需要 groups 为“sre”", "当前网络不可用", "当前时间不可用", "需要您的其他信息符合条件")
}
