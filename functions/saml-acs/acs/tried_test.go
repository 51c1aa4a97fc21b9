package acs_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond/respondtest"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func asks(path string) *http.Request { return httptest.NewRequest(http.MethodGet, origin+path, nil) }

// TestNothingLeadsElsewhere but to the identity provider, by whatever a stranger writes
// into an address, a form, a header or a cookie.
func TestNothingLeadsElsewhere(t *testing.T) {
	s := newStage(t)
	query := func(path, name string) func(string) *http.Request {
		return func(value string) *http.Request { return asks(path + "?" + url.Values{name: {value}}.Encode()) }
	}
	path := func(after string) func(string) *http.Request {
		return func(value string) *http.Request { return asks("/saml/" + url.PathEscape(value) + after) }
	}
	header := func(name string) func(string) *http.Request {
		return func(value string) *http.Request {
			r := asks("/saml/form/login?lang=zh")
			r.Header.Set(name, value)
			return r
		}
	}
	const link = "/go/acme-prod/admin?to="
	respondtest.Attack(t, s.handler, []string{"idp.example"},
		respondtest.Place{Name: "to of a login", Ask: query("/saml/test/login", "to"), Good: link},
		respondtest.Place{Name: "to of a login by a form", Ask: query("/saml/form/login", "to"), Good: link},
		respondtest.Place{Name: "stepup of a login", Ask: query("/saml/test/login", "stepup"), Good: "acs:ram::1234567890123456:role/admin"},
		respondtest.Place{Name: "a RelayState that is not ours", Ask: func(v string) *http.Request {
			return post("test", form("SAMLResponse", "x", "RelayState", v))
		}},
		respondtest.Place{Name: "a response", Ask: func(v string) *http.Request { return post("test", form("SAMLResponse", v)) }},
		respondtest.Place{Name: "a logout", Ask: func(v string) *http.Request {
			return signOut("test", form("SAMLRequest", v, "RelayState", v))
		}},
		respondtest.Place{Name: "an identity provider at its login", Ask: path("/login"), Good: "test"},
		respondtest.Place{Name: "an identity provider at its metadata", Ask: path("/metadata"), Good: "test"},
		respondtest.Place{Name: "a page that is none", Ask: path("")},
		respondtest.Place{Name: "a language", Ask: query("/saml/form/login", "lang"), Good: "zh", Carries: true},
		respondtest.Place{Name: "an Accept-Language", Ask: header("Accept-Language"), Good: "zh", Carries: true},
		respondtest.Place{Name: "a cookie", Ask: header("Cookie"), Good: session.BrowserCookie + "=", Carries: true},
		respondtest.Place{Name: "a Host", Ask: func(v string) *http.Request {
			r := asks("/saml/test/login")
			r.Host = v
			return r
		}, Good: "sso.example", Carries: true},
	)
}

// TestARelayStateLeadsNowhere, though the response that it comes with is believed.
func TestARelayStateLeadsNowhere(t *testing.T) {
	s := newStage(t)
	for _, value := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "/go/acme-prod/admin", "\r\nX-Evil: 1", "javascript:alert(1)", "https%3A%2F%2Fevil.example"} {
		a := respondtest.Answer(s.handler, post("initiated", form("SAMLResponse", s.idp.Response(validatetest.For(expectation("initiated", ""))), "RelayState", value)))
		if respondtest.WantInside(t, value, a); a.Header.Get("Location") != "/" {
			t.Errorf("%q leads to %q", value, a.Header.Get("Location"))
		}
	}
}

// TestNobodyComesInByAPlantedCookie: what was in the browser before a sign-in is no
// session after it; each sign-in has a handle of its own, asked for or not.
func TestNobodyComesInByAPlantedCookie(t *testing.T) {
	s := newStage(t)
	planted := strings.Repeat("A", 43)
	known, err := s.keeper().Begin(t.Context(), s.idp.Identity(validatetest.Subject("mallory"))) // the attacker's own
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{planted: true, known.Cookie().Value: true}
	for _, idp := range []string{"test", "initiated"} {
		for _, value := range []string{planted, known.Cookie().Value, "x"} {
			cookies := session.SessionCookie + "=" + value + "; " + session.ArrivalCookie + "=" + value
			fields, want := url.Values{}, ""
			if idp == "test" { // in a browser whose ID the attacker knows too
				id, relayState, browser := s.login(t, "/saml/test/login", "Sec-Fetch-Site", "none", "Cookie", cookies+"; "+session.BrowserCookie+"="+planted+".")
				if !strings.HasPrefix(browser.Value, planted) {
					t.Fatalf("the browser is now %s", browser)
				}
				cookies, want = cookies+"; "+browser.Name+"="+browser.Value, id
				fields.Set("RelayState", relayState)
			}
			fields.Set("SAMLResponse", s.idp.Response(validatetest.For(expectation(idp, want)), validatetest.Subject("ada")))
			r := post(idp, fields)
			r.Header.Set("Cookie", cookies)
			a := s.do(r)
			if len(a.cookies()) != 1 || seen[a.cookies()[0].Value] {
				t.Fatalf("%s: %d with cookies %v", idp, a.Code, a.cookies())
			}
			handle := a.cookies()[0].Value
			if got, err := s.keeper().Get(t.Context(), handle); err != nil || got.Identity().Subject() != "ada" {
				t.Errorf("%s: the session is of %q, %v", idp, got.Identity().Subject(), err)
			}
			seen[handle] = true
		}
	}
	if got, err := s.keeper().Get(t.Context(), planted); err == nil {
		t.Errorf("the planted handle is a session of %q", got.Identity().Subject())
	}
}

// TestASignInIsOfNoUseToAThief: who has its RelayState, and even a response to it, lacks
// the browser; who has the browser's cookie comes too late, or a second time.
func TestASignInIsOfNoUseToAThief(t *testing.T) {
	s := newStage(t)
	id, relayState, browser := s.login(t, "/saml/test/login")
	theirID, theirs, thief := s.login(t, "/saml/test/login")
	mine := func() string { return s.idp.Response(validatetest.For(expectation("test", id))) }
	ofThief := func() string { return s.idp.Response(validatetest.For(expectation("test", theirID))) }
	twice := post("test", form("SAMLResponse", mine(), "RelayState", relayState))
	twice.Header.Set("Cookie", browser.Name+"="+browser.Value+"; "+thief.Name+"="+thief.Value)
	for name, tt := range map[string]struct {
		request *http.Request
		want    reason.Code
	}{
		"from the thief's browser":               {post("test", form("SAMLResponse", mine(), "RelayState", relayState), thief), reason.SignInOtherBrowser},
		"from a browser with both cookies":       {twice, reason.SignInOtherBrowser},
		"the thief's response, my sign-in":       {post("test", form("SAMLResponse", ofThief(), "RelayState", relayState), browser), reason.RequestMismatch},
		"my response, the thief's sign-in":       {post("test", form("SAMLResponse", mine(), "RelayState", theirs), thief), reason.RequestMismatch},
		"the thief's response and sign-in to me": {post("test", form("SAMLResponse", ofThief(), "RelayState", theirs), browser), reason.SignInOtherBrowser},
		"by the address of another":              {post("initiated", form("SAMLResponse", mine(), "RelayState", relayState), browser), reason.RequestMismatch},
		"unasked, by the address of another":     {post("initiated", form("SAMLResponse", mine()), browser), reason.DestinationMismatch},
	} {
		s.rows.Calls()
		wantRefusal(t, s.do(tt.request), tt.want)
		if calls := s.rows.Calls(); calls["put"]+calls["replace"]+calls["delete"] > 0 || len(s.nonces.Used()) > 0 {
			t.Errorf("%s: calls of the store %v, used %v", name, calls, s.nonces.Used())
		}
	}
	if a := s.do(post("test", form("SAMLResponse", mine(), "RelayState", relayState), browser)); a.Code != http.StatusSeeOther {
		t.Fatalf("the honest one: %d", a.Code)
	}
	wantRefusal(t, s.do(post("test", form("SAMLResponse", mine(), "RelayState", relayState), browser)), reason.Replayed) // another response to the same request
	s.now = s.now.Add(session.PendingFor)
	wantRefusal(t, s.do(post("test", form("SAMLResponse", s.idp.Response(validatetest.For(expectation("test", theirID)), validatetest.At(s.now)), "RelayState", theirs), thief)), reason.SignInUnknown)
}

// TestNoAnswerMeansAnythingWithoutItsSignature: the routes that take a post take it from
// other sites, by their nature. One that is not named here fails.
func TestNoAnswerMeansAnythingWithoutItsSignature(t *testing.T) {
	s := newStage(t)
	stranger := validatetest.Stranger(t)
	for _, pattern := range respondtest.Patterns(t, s.handler) {
		method, path, _ := strings.Cut(pattern, " ")
		if method != http.MethodPost {
			continue
		}
		field := map[string]string{"/saml/{idp}/acs": "SAMLResponse", "/saml/{idp}/slo": "SAMLRequest"}[path]
		if field == "" {
			t.Errorf("%s: nobody has tried to forge it", pattern)
		}
		r := post("initiated", form(field, stranger.Response(validatetest.For(expectation("initiated", "")))))
		r.URL.Path = strings.Replace(path, "{idp}", "initiated", 1)
		s.rows.Calls()
		if a := s.do(r); a.Code < http.StatusBadRequest || len(s.rows.Calls()) > 0 || len(s.nonces.Used()) > 0 {
			t.Errorf("%s: %d", pattern, a.Code)
		}
	}
}

// TestEachAnswerIsGuarded: of every route, what it answers and what it refuses.
func TestEachAnswerIsGuarded(t *testing.T) {
	s := newStage(t)
	respondtest.WantAllGuarded(t, s.handler)
	asked := map[string]*http.Request{
		"POST /saml/{idp}/acs": post("initiated", form("SAMLResponse", s.idp.Response(validatetest.For(expectation("initiated", ""))))),
		"POST /saml/{idp}/slo": signOut("test", form("SAMLRequest", s.idp.Logout(service("test")))),
	}
	for _, pattern := range respondtest.Patterns(t, s.handler) {
		_, path, _ := strings.Cut(pattern, " ")
		for _, idp := range []string{"test", "form", "nobody"} {
			r := asks(strings.Replace(path, "{idp}", idp, 1))
			if good, ok := asked[pattern]; ok && idp == "test" {
				r = good
			}
			a := respondtest.Answer(s.handler, r)
			if idp == "test" && a.StatusCode >= http.StatusBadRequest {
				t.Errorf("%s: %s", pattern, a.Status)
			}
			respondtest.WantGuarded(t, pattern+" "+idp, a)
		}
	}
}
