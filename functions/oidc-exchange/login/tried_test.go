package login_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond/respondtest"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestNothingLeadsElsewhere but to the identity provider, by whatever a stranger writes
// into an address, a header or a cookie.
func TestNothingLeadsElsewhere(t *testing.T) {
	s := newStage(t)
	op, err := url.Parse(s.op.URL)
	if err != nil {
		t.Fatal(err)
	}
	callback, browser := s.arrive(t, "/oidc/test/login")
	param := func(address, name string) func(string) *http.Request {
		return func(value string) *http.Request { return get(query(t, address, name, value), browser) }
	}
	path := func(after string) func(string) *http.Request {
		return func(value string) *http.Request {
			return get(origin + "/oidc/" + url.PathEscape(value) + after)
		}
	}
	header := func(name string) func(string) *http.Request {
		return func(value string) *http.Request { return with(get(origin+"/oidc/test/login"), name, value) }
	}
	respondtest.Attack(t, s.people, []string{op.Host},
		respondtest.Place{Name: "to of a login", Ask: param(origin+"/oidc/test/login", "to"), Good: "/go/acme-prod/admin?to="},
		respondtest.Place{Name: "stepup of a login", Ask: param(origin+"/oidc/test/login", "stepup"), Good: admin},
		respondtest.Place{Name: "state", Ask: param(callback, "state")},
		respondtest.Place{Name: "iss", Ask: param(callback, "iss")},
		respondtest.Place{Name: "error", Ask: param(query(t, callback, "code", ""), "error")},
		respondtest.Place{Name: "error_description", Ask: param(query(t, callback, "code", "", "error", "access_denied"), "error_description")},
		respondtest.Place{Name: "error_uri", Ask: param(query(t, callback, "code", "", "error", "access_denied"), "error_uri")},
		respondtest.Place{Name: "redirect_uri and other words of the protocol", Ask: param(origin+"/oidc/test/login", "redirect_uri"), Carries: true},
		respondtest.Place{Name: "an identity provider at its login", Ask: path("/login"), Good: "test"},
		respondtest.Place{Name: "an identity provider at its callback", Ask: path("/callback?code=x&state=" + aLot)},
		respondtest.Place{Name: "a language of a refusal", Ask: param(origin+"/oidc/nobody/login", "lang")},
		respondtest.Place{Name: "an Accept-Language", Ask: header("Accept-Language"), Good: "zh", Carries: true},
		respondtest.Place{Name: "a cookie", Ask: header("Cookie"), Good: session.BrowserCookie + "=", Carries: true},
		respondtest.Place{Name: "a Host", Ask: func(v string) *http.Request {
			r := get(origin + "/oidc/test/login")
			r.Host = v
			return r
		}, Good: "sso.example", Carries: true},
	)
	if came, _ := s.op.requests(); came > 0 {
		t.Errorf("the code was sent %d times", came)
	}
	if a := s.do(get(callback, browser)); a.Code != http.StatusSeeOther || a.leadsTo() != "/" {
		t.Errorf("after all the attacks the honest sign-in gets %d to %s", a.Code, a.leadsTo())
	}
}

// TestNobodyComesInByAPlantedCookie: what was in the browser before a sign-in is no
// session after it; each sign-in has a handle of its own.
func TestNobodyComesInByAPlantedCookie(t *testing.T) {
	s := newStage(t)
	planted := strings.Repeat("A", 43)
	known, err := s.keeper().Begin(t.Context(), validatetest.New(t).Identity(validatetest.Subject("mallory"))) // the attacker's own
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{planted: true, known.Cookie().Value: true}
	for _, site := range []string{"none", "cross-site"} {
		for _, value := range []string{planted, known.Cookie().Value, "x"} {
			cookies := session.SessionCookie + "=" + value + "; " + session.ArrivalCookie + "=" + value
			r := with(get(origin+"/oidc/test/login"), "Sec-Fetch-Site", site)
			address, browser := s.begin(t, with(r, "Cookie", cookies+"; "+session.BrowserCookie+"="+planted+"."))
			if !strings.HasPrefix(browser.Value, planted) { // in a browser whose ID the attacker knows too
				t.Fatalf("the browser is now %s", browser)
			}
			a := s.do(with(get(s.through(t, address)), "Cookie", cookies+"; "+browser.Name+"="+browser.Value))
			if len(a.cookies()) != 1 || seen[a.cookies()[0].Value] {
				t.Fatalf("%d with cookies %v", a.Code, a.cookies())
			}
			handle := a.cookies()[0].Value
			if got, err := s.keeper().Get(t.Context(), handle); err != nil || got.Identity().Subject() != "ada" {
				t.Errorf("the session is of %q, %v", got.Identity().Subject(), err)
			}
			seen[handle] = true
		}
	}
	if got, err := s.keeper().Get(t.Context(), planted); err == nil {
		t.Errorf("the planted handle is a session of %q", got.Identity().Subject())
	}
}

// TestASignInIsOfNoUseToAThief: who reads the callback's address lacks the browser, and
// whose browser it is cannot be made to finish another's sign-in.
func TestASignInIsOfNoUseToAThief(t *testing.T) {
	s := newStage(t)
	callback, browser := s.arrive(t, "/oidc/test/login")
	theirs, thief := s.arrive(t, "/oidc/test/login")
	for name, tt := range map[string]struct {
		address string
		cookie  string
		want    reason.Code
	}{
		"in the thief's browser":      {callback, thief.Name + "=" + thief.Value, reason.SignInOtherBrowser},
		"the thief's, in mine":        {theirs, browser.Name + "=" + browser.Value, reason.SignInOtherBrowser},
		"with both cookies":           {callback, browser.Name + "=" + browser.Value + "; " + thief.Name + "=" + thief.Value, reason.SignInOtherBrowser},
		"with the cookie cut short":   {callback, browser.Name + "=" + browser.Value[:42], reason.SignInOtherBrowser},
		"by the address of another":   {strings.Replace(callback, "/test/", "/other/", 1), browser.Name + "=" + browser.Value, reason.RequestMismatch},
		"by another's, as a workload": {strings.Replace(callback, "/test/", "/workloads/", 1), browser.Name + "=" + browser.Value, reason.IdPUnknown},
	} {
		s.rows.Calls()
		wantRefusal(t, s.do(with(get(tt.address), "Cookie", tt.cookie)), tt.want)
		came, _ := s.op.requests()
		if calls := s.rows.Calls(); calls["put"]+calls["replace"]+calls["delete"] > 0 || len(s.nonces.Used()) > 0 || came > 0 {
			t.Errorf("%s: calls of the store %v, used %v, the code was sent %d times", name, calls, s.nonces.Used(), came)
		}
	}
	if a := s.do(get(callback, browser)); a.Code != http.StatusSeeOther {
		t.Fatalf("the honest one: %d", a.Code)
	}
	wantRefusal(t, s.do(get(query(t, callback, "code", "another"), browser)), reason.Replayed)
	s.now = s.now.Add(session.PendingFor)
	wantRefusal(t, s.do(get(theirs, thief)), reason.SignInUnknown)
}

// TestEachAnswerIsGuarded: of every route, what it answers and what it refuses. None of
// them takes a post.
func TestEachAnswerIsGuarded(t *testing.T) {
	s := newStage(t)
	respondtest.WantAllGuarded(t, s.people)
	callback, browser := s.arrive(t, "/oidc/test/login")
	for _, pattern := range respondtest.Patterns(t, s.people) {
		method, path, _ := strings.Cut(pattern, " ")
		if method != http.MethodGet {
			t.Errorf("%s: nobody has tried to forge it", pattern)
		}
		good := get(origin+strings.Replace(path, "{idp}", "test", 1), browser)
		if path == "/oidc/{idp}/callback" {
			good = get(callback, browser)
		}
		a := respondtest.Answer(s.people, good)
		if a.StatusCode >= http.StatusBadRequest {
			t.Errorf("%s: %s", pattern, a.Status)
		}
		respondtest.WantGuarded(t, pattern, a)
		respondtest.WantGuarded(t, pattern+", refused", respondtest.Answer(s.people, get(origin+strings.Replace(path, "{idp}", "nobody", 1))))
	}
}
