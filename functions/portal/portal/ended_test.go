package portal_test

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

// clicks are what a person does on the pages that they have open: each way to a role, a
// user, or a page of theirs.
func clicks() map[string]func(tok string, cookie *http.Cookie) *http.Request {
	form := func(path string, fields ...string) func(string, *http.Cookie) *http.Request {
		return func(tok string, cookie *http.Cookie) *http.Request {
			return fromOwnPage(path, url.Values{"token": {tok}, fields[0]: {fields[1]}}, cookie)
		}
	}
	visit := func(path string) func(string, *http.Cookie) *http.Request {
		return func(_ string, cookie *http.Cookie) *http.Request {
			return with(get(path, cookie), "Sec-Fetch-Site", "none")
		}
	}
	return map[string]func(string, *http.Cookie) *http.Request{
		"list": visit("/"), "link": visit("/go/acme-prod/admin"), "user": visit(start()), "asked": visit(start("request", "a1")),
		"console": form("/console", "role", admin), "credentials": form("/credentials", "role", admin), "chosen": form("/user", "start", start()),
	}
}

// wantNothing wants that nobody got anything, or learned whose session it was.
func (s *stage) wantNothing(t *testing.T, a answer) {
	t.Helper()
	if len(s.mint.taken) > 0 || s.people.Calls()["claim"] > 0 || strings.Contains(a.text, "SAMLResponse") || strings.Contains(a.text, "ada@acme") {
		t.Errorf("%s: taken %q\n%s", a.Status, s.mint.taken, a.text)
	}
}

// TestWhoLeftIsInNoMore: whatever page their browser has open, on any instance, for what
// ends their sessions is read with each of them.
func TestWhoLeftIsInNoMore(t *testing.T) {
	for name, click := range clicks() {
		t.Run(name, func(t *testing.T) {
			leads := map[string]string{
				"list": "/", "credentials": "/", "console": "/go/" + prod + "/admin", "link": "/go/acme-prod/admin",
				"user": start(), "chosen": start(), "asked": start("request", "a1"),
			}
			s := withUsers(t)
			cookie, other := s.ada(t).Cookie(), s.ada(t).Cookie()
			tok := token(t, s.do(t, get("/", cookie)).text)
			if err := s.people.EndSessions(t.Context(), "test", "ada", s.now); err != nil {
				t.Fatal(err)
			}
			a := s.do(t, click(tok, cookie))
			s.wantNothing(t, a)
			wantEnded(t, a, leads[name])
			if len(s.rows.All()) != 1 {
				t.Errorf("%d sessions are left, of two of whom one was used", len(s.rows.All()))
			}
			s.wantNothing(t, s.do(t, click(tok, other)))
			s.now = s.now.Add(time.Nanosecond)
			wantOnPage(t, s.do(t, get("/", s.ada(t).Cookie())), "ada@acme.com") // and may come again
		})
	}
}

// TestASuspendedProviderEndsASessionWhereverItIsUsed: who is refused for it is signed in
// no more.
func TestASuspendedProviderEndsASessionWhereverItIsUsed(t *testing.T) {
	for name, click := range clicks() {
		t.Run(name, func(t *testing.T) {
			s := withUsers(t)
			cookie := s.ada(t).Cookie()
			tok := token(t, s.do(t, get("/", cookie)).text)
			s.draft.IdentityProviders[0].Suspended = true
			a := s.do(t, click(tok, cookie))
			wantRefusal(t, a, reason.IdPSuspended)
			s.wantNothing(t, a)
			if len(s.rows.All()) != 0 {
				t.Error("the session is left")
			}
		})
	}
}

// TestOfAStoreThatDoesNotAnswerNobodyIsSignedIn: not by the sessions, nor by the people.
func TestOfAStoreThatDoesNotAnswerNobodyIsSignedIn(t *testing.T) {
	for name, click := range clicks() {
		s := withUsers(t)
		cookie := s.ada(t).Cookie()
		tok := token(t, s.do(t, get("/", cookie)).text)
		s.people.Break(reason.New(reason.StoreUnavailable, "down"))
		a := s.do(t, click(tok, cookie))
		wantRefusal(t, a, reason.StoreUnavailable)
		s.wantNothing(t, a)
		if len(s.rows.All()) != 1 {
			t.Errorf("%s: the session is gone", name)
		}
	}
}

// TestWhoIsNobodyInParticularIsSignedInToo: nothing is known of them, so nothing is asked.
func TestWhoIsNobodyInParticularIsSignedInToo(t *testing.T) {
	s := newStage(t)
	s.draft.IdentityProviders[0].Person = "{{email}}"
	nobody := s.signIn(t, validatetest.Subject("_f3a1"), validatetest.Attribute("memberOf", "platform"))
	s.people.Break(reason.New(reason.StoreUnavailable, "down")) // for nothing is asked of it
	wantOnPage(t, s.do(t, get("/", nobody.Cookie())), "_f3a1", "admin")
}

// TestAPageReadsTheStoreTwice: the session, and in one call what is known of the person
// and whether they signed out; a third call notes, once a minute, that it is in use.
func TestAPageReadsTheStoreTwice(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	for _, path := range []string{"/", "/go/acme-prod/admin"} {
		s.do(t, get(path, cookie))
		s.rows.Calls()
		s.people.Calls()
		s.do(t, get(path, cookie))
		calls, known := s.rows.Calls(), s.people.Calls()
		if calls["get"] != 2 || len(calls) != 1 || known["known"] != 1 || len(known) != 1 { // the second get is the twin's, for the row beside the person
			t.Errorf("%s: %v, %v", path, calls, known)
		}
		s.now = s.now.Add(time.Minute)
		s.do(t, get(path, cookie))
		if calls := s.rows.Calls(); calls["touch"] != 1 || calls["get"] != 2 {
			t.Errorf("%s after a minute: %v", path, calls)
		}
		s.do(t, get(path, cookie))
		if calls := s.rows.Calls(); calls["touch"] != 0 {
			t.Errorf("%s again: %v", path, calls)
		}
	}
}

// wantEnded wants the page of a session's end, and nothing that follows from it.
func wantEnded(t *testing.T, a answer, link string) {
	t.Helper()
	if a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.text, "Your session has ended") || !strings.Contains(a.text, `href="`+link+`">Sign in again`) {
		t.Errorf("%s, to lead to %s\n%s", a.Status, link, a.text)
	}
	if strings.Contains(a.text, "session_missing") || strings.Contains(a.text, "<form") {
		t.Error("a code, or a form")
	}
	if a.Header.Get("Set-Cookie") != "" || a.leadsTo() != "" {
		t.Errorf("it sets or leads: %v", a.Header)
	}
}

// wantLedOn wants a way to a page of this session, and nothing done.
func wantLedOn(t *testing.T, a answer) {
	t.Helper()
	if a.StatusCode != http.StatusSeeOther || a.leadsTo() != "/" || a.Header.Get("Set-Cookie") != "" {
		t.Errorf("%s to %q, %v", a.Status, a.leadsTo(), a.Cookies())
	}
}

// TestASessionThatEndsInTheMiddleOfAClick: no cookie, one of a session that is over, or
// that was signed out in another tab. A page says so and leads on, by a link: a form's
// answer may not lead to an identity provider. The log knows why.
func TestASessionThatEndsInTheMiddleOfAClick(t *testing.T) {
	role := url.Values{"role": {admin}, "to": {"https://ecs.console.aliyun.com/x"}}
	for name, tt := range map[string]struct {
		path string
		form url.Values
		link string
	}{
		"console":               {"/console", role, "/go/" + prod + "/admin?to=https%3A%2F%2Fecs.console.aliyun.com%2Fx"},
		"console, no such page": {"/console", url.Values{"role": {admin}, "to": {"https://evil.example"}}, "/"},
		"console, no role":      {"/console", url.Values{"role": {"//evil.example"}}, "/"},
		"credentials":           {"/credentials", role, "/"},
		"favourite":             {"/favourite", url.Values{"on": {admin}}, "/"},
		"user":                  {"/user", url.Values{"start": {start("to", ecs)}}, start("to", ecs)},
		"user, elsewhere":       {"/user", url.Values{"start": {"https://evil.example/idp/" + prod + "/start"}}, "/"},
		"arrival":               {"/arrival", url.Values{"keep": {"new"}}, "/"},
		"sign-out everywhere":   {"/signout", url.Values{"everywhere": {"yes"}}, "/"},
	} {
		t.Run(name, func(t *testing.T) {
			s := withUsers(t)
			ada := s.ada(t)
			tt.form.Set("token", token(t, s.do(t, get("/", ada.Cookie())).text))
			wantEnded(t, s.do(t, fromOwnPage(tt.path, tt.form)), tt.link)
			s.now = s.now.Add(session.Idle)
			wantEnded(t, s.do(t, fromOwnPage(tt.path, tt.form, ada.Cookie())), tt.link)
			s.wantNothing(t, answer{Response: &http.Response{}})
			if !strings.Contains(s.log.String(), `"reason":"session_missing"`) {
				t.Error("the log does not say why")
			}
			r := with(fromOwnPage(tt.path, tt.form), "Sec-Fetch-Site", "cross-site")
			wantRefusal(t, s.do(t, r), reason.RequestForged)
		})
	}
}

// TestAPageOfAnEarlierSessionDoesNothing: who signed in again in another tab is shown a
// page where they can ask again, not a fault.
func TestAPageOfAnEarlierSessionDoesNothing(t *testing.T) {
	s := withUsers(t)
	before := s.ada(t)
	old := token(t, s.do(t, get("/", before.Cookie())).text)
	cookie := s.ada(t).Cookie()
	role := url.Values{"token": {old}, "role": {admin}, "on": {admin}, "to": {ecs}}
	for _, path := range []string{"/credentials", "/favourite", "/signout"} {
		wantLedOn(t, s.do(t, fromOwnPage(path, role, cookie)))
	}
	question := s.do(t, fromOwnPage("/console", role, cookie))
	wantOnPage(t, question, "Open the console?", "admin", "ada@acme.com", ecs)
	user := s.do(t, fromOwnPage("/user", url.Values{"token": {old}, "start": {start()}}, cookie))
	wantOnPage(t, user, "Open the console?", "ada@acme.onaliyun.com")
	if len(s.mint.taken) > 0 || s.people.Calls()["claim"]+s.people.Calls()["favour"] > 0 || len(s.rows.All()) != 2 {
		t.Errorf("it was done: %q", s.mint.taken)
	}
	if !strings.Contains(s.log.String(), `"form":"of another session"`) {
		t.Error("the log does not say so")
	}
	role.Set("token", token(t, question.text))
	if a := s.do(t, fromOwnPage("/console", role, cookie)); !strings.HasPrefix(a.leadsTo(), "https://signin.aliyun.com/") {
		t.Errorf("asked again: %s", a.Status)
	}
	role.Set("role", "acs:ram::"+prod+":role/other") // of which no page of theirs knew
	role.Set("token", old)
	wantRefusal(t, s.do(t, fromOwnPage("/console", role, cookie)), reason.RoleNotGranted)
}

// TestSigningOutEverywhere: all browsers, whoever clicks twice.
func TestSigningOutEverywhere(t *testing.T) {
	s := newStage(t)
	here, phone, eve := s.ada(t).Cookie(), s.ada(t).Cookie(), s.eve(t).Cookie()
	form := url.Values{"token": {token(t, s.do(t, get("/", here)).text)}, "everywhere": {"yes"}}
	for click := range 2 { // the second with the cookie yet
		a := s.do(t, fromOwnPage("/signout", form, here))
		if c := a.cookie(session.SessionCookie); a.leadsTo() != "/?signedout=everywhere" || c == nil || c.MaxAge >= 0 {
			t.Errorf("click %d: %s to %s, %v", click, a.Status, a.leadsTo(), a.Cookies())
		}
	}
	wantOnPage(t, s.do(t, get("/?signedout=everywhere")), "You are signed out", "in every browser")
	wantEnded(t, s.do(t, get("/", phone)), "/")
	if a := s.do(t, get("/", phone)); a.StatusCode >= http.StatusBadRequest {
		t.Errorf("afterwards: %s", a.Status) // where they sign in
	}
	wantOnPage(t, s.do(t, get("/", eve)), "eve@acme.com")
	s.now = s.now.Add(time.Nanosecond)
	again := s.ada(t).Cookie()
	wantOnPage(t, s.do(t, get("/", again)), "ada@acme.com")
	s.people.Break(reason.New(reason.StoreUnavailable, "down"))
	form.Set("token", "")
	wantRefusal(t, s.do(t, fromOwnPage("/signout", form, again)), reason.StoreUnavailable)
}

// TestWhoArrivesAfterAnEndIsIn: the session before was ended, the one that came is new.
func TestWhoArrivesAfterAnEndIsIn(t *testing.T) {
	s := newStage(t)
	before := s.ada(t).Cookie()
	if err := s.people.EndSessions(t.Context(), "test", "ada", s.now); err != nil {
		t.Fatal(err)
	}
	ended := arrived(s.ada(t))
	s.now = s.now.Add(time.Nanosecond)
	a := s.do(t, get("/", before, arrived(s.ada(t))))
	wantOnPage(t, a, "ada@acme.com")
	if a.cookie(session.SessionCookie) == nil {
		t.Error("it has no cookie")
	}
	wantOnPage(t, s.do(t, get("/", s.ada(t).Cookie(), ended)), "ada@acme.com") // and one that came and was ended is not
}
