package portal_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func arrived(s session.Session) *http.Cookie { return s.ArrivalCookie() }

func TestAnArrivedSessionIsTakenWhereNobodyIs(t *testing.T) {
	s := newStage(t)
	ada := s.ada(t)
	a := s.do(t, get("/", arrived(ada)))
	wantOnPage(t, a, "ada@acme.com", "acme-prod")
	kept := a.cookie(session.SessionCookie)
	if kept == nil || kept.Value != ada.Cookie().Value {
		t.Fatalf("cookies %v", a.Cookies())
	}
	a = s.do(t, get("/", arrived(ada), kept))
	wantOnPage(t, a, "ada@acme.com")
	if c := a.cookie(session.ArrivalCookie); c == nil || c.MaxAge >= 0 {
		t.Errorf("the arrival is not forgotten: %v", a.Cookies())
	}
}

func TestTheSamePersonsNewSessionReplacesTheOld(t *testing.T) {
	s := newStage(t)
	old, fresh := s.ada(t), s.ada(t)
	a := s.do(t, get("/", old.Cookie(), arrived(fresh)))
	wantOnPage(t, a, "ada@acme.com")
	if c := a.cookie(session.SessionCookie); c == nil || c.Value != fresh.Cookie().Value {
		t.Errorf("cookies %v", a.Cookies())
	}
	if len(s.rows.All()) != 1 {
		t.Error("the old session lives on")
	}
}

// What arrived before the person signed in anew is of no more use, and must not
// come back when they sign out.
func TestAStaleArrivalIsEnded(t *testing.T) {
	s := newStage(t)
	stale := s.eve(t)
	s.now = s.now.Add(time.Minute)
	a := s.do(t, get("/", s.ada(t).Cookie(), arrived(stale)))
	wantOnPage(t, a, "ada@acme.com")
	if c := a.cookie(session.ArrivalCookie); c == nil || c.MaxAge >= 0 || len(s.rows.All()) != 1 {
		t.Errorf("cookies %v, %d sessions", a.Cookies(), len(s.rows.All()))
	}
}

func TestADeadArrivalIsForgotten(t *testing.T) {
	s := newStage(t)
	a := s.do(t, get("/", s.ada(t).Cookie(), &http.Cookie{Name: session.ArrivalCookie, Value: "dead"}))
	wantOnPage(t, a, "ada@acme.com")
	if c := a.cookie(session.ArrivalCookie); c == nil || c.MaxAge >= 0 {
		t.Errorf("cookies %v", a.Cookies())
	}
}

func TestAnotherPersonsSessionAsksFirst(t *testing.T) {
	for keep, want := range map[string]string{"current": "ada@acme.com", "new": "eve@acme.com"} {
		s := newStage(t)
		ada, eve := s.ada(t), s.eve(t)
		both := []*http.Cookie{ada.Cookie(), arrived(eve)}
		question := s.do(t, get("/", both...))
		wantOnPage(t, question, "Which one are you?", "Stay ada@acme.com", "Change to eve@acme.com")
		wantOnPage(t, s.do(t, with(get("/go/acme-prod/admin", both...), "Sec-Fetch-Site", "none")), "Which one are you?")
		form := url.Values{"token": {token(t, s.do(t, get("/", ada.Cookie())).text)}, "role": {admin}}
		wantRefusal(t, s.do(t, fromOwnPage("/credentials", form, both...)), reason.SessionOtherPerson)

		tok := token(t, question.text)
		wantLedOn(t, s.do(t, fromOwnPage("/arrival", url.Values{"token": {form.Get("token")}, "keep": {keep}}, both...)))
		wantRefusal(t, s.do(t, fromOwnPage("/arrival", url.Values{"token": {tok}, "keep": {"both"}}, both...)), reason.RequestMalformed)
		a := s.do(t, fromOwnPage("/arrival", url.Values{"token": {tok}, "keep": {keep}}, both...))
		if a.leadsTo() != "/" || len(a.Cookies()) != 1 {
			t.Fatalf("%s to %s with %v", a.Status, a.leadsTo(), a.Cookies())
		}
		if c := a.cookie(session.SessionCookie); c != nil {
			both[0] = c
		}
		wantOnPage(t, s.do(t, get("/", both...)), want)
		if len(s.rows.All()) != 1 {
			t.Errorf("%d sessions live", len(s.rows.All()))
		}
		if again := s.do(t, fromOwnPage("/arrival", url.Values{"token": {tok}, "keep": {keep}}, both...)); again.leadsTo() != "/" {
			t.Errorf("a second click: %s", again.Status)
		}
	}
}

// While the page asks about one who arrived, another page can bring a third
// person's response: the answer is not about them.
func TestAnAnswerIsAboutThoseWhoWereNamed(t *testing.T) {
	for _, keep := range []string{"current", "new"} {
		s := newStage(t)
		ada, eve := s.ada(t), s.eve(t)
		question := s.do(t, get("/", ada.Cookie(), arrived(eve)))
		mallory := s.signIn(t, validatetest.Subject("mallory@evil.example"))
		form := url.Values{"token": {token(t, question.text)}, "keep": {keep}}
		wantLedOn(t, s.do(t, fromOwnPage("/arrival", form, ada.Cookie(), arrived(mallory))))
		wantOnPage(t, s.do(t, get("/", ada.Cookie(), arrived(mallory))), "Change to mallory@evil.example")
	}
}
