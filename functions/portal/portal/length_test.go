package portal_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// issuing is an account that issues in this way, with who takes its role and with what
// stands for STS.
func issuing(t *testing.T, way string) (*stage, *mint, *http.Cookie) {
	t.Helper()
	switch way {
	case "federated":
		s, p := federatedStage(t)
		return s, &p.mint, s.ada(t).Cookie()
	case "direct":
		s := withDirect(t)
		return s, s.mint, s.carol(t, 5*time.Minute)
	}
	s := newStage(t)
	return s, s.mint, s.ada(t).Cookie()
}

// TestHowLongARoleLastsIsExplained on the page of roles, beside the credentials and in
// the log, however it is issued: the sign-in ends 8 hours after it began, the session here
// after 12.
func TestHowLongARoleLastsIsExplained(t *testing.T) {
	for name, c := range map[string]struct {
		rule, later, maximum time.Duration
		sts                  mapping.Bound // what STS makes of it; "" = what it is asked for
		listed, says, logged string
	}{
		"by the rule":          {time.Hour, 0, 2 * time.Hour, "", "Lasts 1 h", "The rule gives 1 h.", "1h0m0s by rule"},
		"by the role":          {8 * time.Hour, 0, 2 * time.Hour, "", "Lasts 2 h", "The rule gives 8 h, but this role allows at most 2 h.", "2h0m0s by role"},
		"unknown, and allowed": {8 * time.Hour, 0, 0, "", "Lasts 8 h", "The rule gives 8 h.", "8h0m0s by rule"},
		"unknown, and refused": {8 * time.Hour, 0, 0, mapping.ByUnknownRole, "Lasts 8 h", "how much is not known here yet: an hour", "1h0m0s by role_unknown"},
		"shrunk since":         {8 * time.Hour, 0, 4 * time.Hour, mapping.ByShrunkRole, "Lasts 4 h", "less than when it was last looked at: an hour", "1h0m0s by role_shrank"},
		"by the sign-in":       {8 * time.Hour, 30 * time.Minute, 12 * time.Hour, "", "Lasts 7 h 30 min", "The rule gives 8 h, but your sign-in ends before that.", "7h30m0s by sign_in"},
	} {
		for _, way := range []string{"assume-role", "federated", "direct"} {
			if way == "direct" && c.later > 0 {
				continue // an ID token says of no sign-in when it ends
			}
			t.Run(name+", "+way, func(t *testing.T) {
				s, mint, cookie := issuing(t, way)
				for i := range s.draft.Rules {
					s.draft.Rules[i].Session.DurationSeconds = int(c.rule / time.Second)
				}
				s.longest = map[string]time.Duration{admin: c.maximum}
				s.now = s.now.Add(c.later)
				list := s.do(t, get("/", cookie))
				wantOnPage(t, list, c.listed)
				if cut := strings.Contains(c.logged, "by role") || strings.Contains(c.logged, "by sign_in"); c.sts == "" && cut {
					wantOnPage(t, list, c.says)
				}
				if c.sts != "" {
					mint.length = mapping.Length{Lasts: time.Hour, Rule: c.rule, By: c.sts}
				}
				form := url.Values{"token": {token(t, list.text)}, "role": {admin}}
				wantOnPage(t, s.do(t, fromOwnPage("/credentials", form, cookie)), c.says)
				if log := s.log.String(); !strings.Contains(log, `"length":"`+c.logged+`"`) || !strings.Contains(log, `"way":"`+way+`"`) {
					t.Errorf("the log does not say %s, %s: %s", c.logged, way, log)
				}
			})
		}
	}
}

// TestOurResponseLastsAsLongAsItsRole, where the rule would give more: then it gives all of
// the role, and Alibaba Cloud is told for how long.
func TestOurResponseLastsAsLongAsItsRole(t *testing.T) {
	s, _ := federatedStage(t)
	s.draft.Rules[0].Session.DurationSeconds = 8 * 3600
	s.longest = map[string]time.Duration{admin: 2 * time.Hour}
	a := s.do(t, with(get("/go/acme-prod/admin", s.ada(t).Cookie()), "Sec-Fetch-Site", "none"))
	seconds := regexp.MustCompile(`Attributes/SessionDuration"[^>]*><saml:AttributeValue[^>]*>(\d+)<`).FindStringSubmatch(posted(t, a.text))
	if len(seconds) != 2 || seconds[1] != "7200" || !strings.Contains(s.log.String(), `"length":"2h0m0s by role","way":"response"`) {
		t.Errorf("%q in %s: %s", seconds, posted(t, a.text), s.log)
	}
}

// TestEveryBoundHasASentence: a page that says nothing would be no explanation.
func TestEveryBoundHasASentence(t *testing.T) {
	for _, row := range mapping.Bounds() {
		for _, lang := range []page.Lang{page.English, page.Chinese} {
			if page.Why(lang, page.Length{By: string(row.Bound)}) == "" {
				t.Errorf("%s has no sentence in %s", row.Bound, lang)
			}
		}
	}
}

// TestARoleDoesNotOutliveTheSessionItIsTakenFrom by more than STS cannot help.
func TestARoleDoesNotOutliveTheSessionItIsTakenFrom(t *testing.T) {
	s := newStage(t)
	s.draft.Rules[0].Session.DurationSeconds = 12 * 3600
	begun := s.signIn(t, validatetest.Subject("ada"), validatetest.Attribute("memberOf", "platform"), validatetest.Before(func(response *etree.Element) {
		response.FindElement("//saml:AuthnStatement").RemoveAttr("SessionNotOnOrAfter")
	}))
	for _, c := range []struct {
		later time.Duration
		want  string
	}{{time.Minute, "11h59m0s by session"}, {11 * time.Hour, "1h0m0s by session"}, {11*time.Hour + 59*time.Minute, "15m0s by session"}} {
		for until := validatetest.Now().Add(c.later); s.now.Before(until); { // it ends after an hour without use
			s.now = s.now.Add(min(50*time.Minute, until.Sub(s.now)))
			s.do(t, get("/", begun.Cookie()))
		}
		s.log.Reset()
		list := s.do(t, get("/", begun.Cookie()))
		wantOnPage(t, list, "The rule gives 12 h, but your session here ends before that.")
		a := s.do(t, fromOwnPage("/console", url.Values{"token": {token(t, list.text)}, "role": {admin}}, begun.Cookie()))
		if a.StatusCode != http.StatusSeeOther || !strings.Contains(s.log.String(), `"length":"`+c.want+`"`) {
			t.Errorf("%s later: %s, %s", c.later, a.Status, s.log)
		}
	}
}

// TestNothingIsTakenWhileTheStoreOfMaximumsIsSilent, nor listed.
func TestNothingIsTakenWhileTheStoreOfMaximumsIsSilent(t *testing.T) {
	s := newStage(t)
	s.draft.Rules[0].Session.DurationSeconds = 7200
	cookie := s.ada(t).Cookie()
	form := url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "role": {admin}}
	s.silent = reason.New(reason.StoreUnavailable, "no answer")
	for _, a := range []answer{s.do(t, get("/", cookie)), s.do(t, fromOwnPage("/console", form, cookie)), s.do(t, fromOwnPage("/credentials", form, cookie))} {
		if a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(a.text, string(reason.StoreUnavailable)) {
			t.Errorf("%s: %s", a.Status, a.text)
		}
	}
	if len(s.mint.taken) > 0 {
		t.Errorf("taken %q", s.mint.taken)
	}
	s.draft.Rules[0].Session.DurationSeconds = 3600 // which every role allows: nobody is asked
	wantOnPage(t, s.do(t, get("/", cookie)), "Lasts 1 h")
	wantOnPage(t, s.do(t, fromOwnPage("/credentials", form, cookie)), "STS.example")
}
