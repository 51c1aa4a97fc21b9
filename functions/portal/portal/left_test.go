package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
)

// stands has an event at this second say whether Ada has left.
func (s *stage) stands(t *testing.T, left bool, second int64) {
	t.Helper()
	order := lifecycle.Order{At: time.Unix(second, 0), Key: "key"}
	if err := s.people.Standing(t.Context(), "test", "ada", left, order, s.now); err != nil {
		t.Fatal(err)
	}
}

// wantLeft wants the refusal of who has left, which leads nowhere.
func wantLeft(t *testing.T, a answer) {
	t.Helper()
	wantRefusal(t, a, reason.PersonLeft)
	if strings.Contains(a.text, "Try again") || !strings.Contains(a.text, "it@acme.com") {
		t.Errorf("it leads to where they were:\n%s", a.text)
	}
}

// TestWhoHasLeftSeesNothing on whatever page their browser has open, also of a session
// that began in the moment after.
func TestWhoHasLeftSeesNothing(t *testing.T) {
	for name, click := range clicks() {
		t.Run(name, func(t *testing.T) {
			s := withUsers(t)
			cookie := s.ada(t).Cookie()
			tok := token(t, s.do(t, get("/", cookie)).text)
			s.stands(t, true, 1)
			s.now = s.now.Add(time.Second)
			late := s.ada(t).Cookie()
			s.people.Calls()
			for _, cookie := range []*http.Cookie{cookie, late} {
				a := s.do(t, click(tok, cookie))
				s.wantNothing(t, a)
				wantLeft(t, a)
			}
			if len(s.rows.All()) > 0 {
				t.Error("a row of a session is still there")
			}
			s.now = s.now.Add(time.Second)
			s.stands(t, false, 2)
			s.now = s.now.Add(time.Second)
			wantOnPage(t, s.do(t, get("/", s.ada(t).Cookie())), "acme-prod")
		})
	}
}

// TestWhoHasLeftKeepsNobodyOut who uses the browser after them.
func TestWhoHasLeftKeepsNobodyOut(t *testing.T) {
	s := newStage(t)
	ada, eve := s.ada(t), s.eve(t)
	s.stands(t, true, 1)
	a := s.do(t, get("/", ada.Cookie(), eve.ArrivalCookie()))
	if cookies := a.Cookies(); a.StatusCode != http.StatusOK || len(cookies) != 1 || cookies[0].Value != eve.Cookie().Value {
		t.Errorf("Eve arrived: %s with %v", a.Status, cookies)
	}
	s.now = s.now.Add(time.Second)
	a = s.do(t, get("/", eve.Cookie(), s.ada(t).ArrivalCookie()))
	if cookies := a.Cookies(); a.StatusCode != http.StatusOK || len(cookies) != 1 || cookies[0].Name != session.ArrivalCookie {
		t.Errorf("Ada arrived: %s with %v", a.Status, cookies)
	}
	wantLeft(t, s.do(t, get("/", s.ada(t).ArrivalCookie())))
}
