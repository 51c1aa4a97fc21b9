package portal_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
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
			s := withUsers(t)
			cookie, other := s.ada(t).Cookie(), s.ada(t).Cookie()
			tok := token(t, s.do(t, get("/", cookie)).text)
			if err := s.people.EndSessions(t.Context(), "test", "ada", s.now); err != nil {
				t.Fatal(err)
			}
			s.wantNothing(t, s.do(t, click(tok, cookie)))
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
