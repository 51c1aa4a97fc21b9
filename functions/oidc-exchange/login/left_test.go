package login_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func TestWhoHasLeftDoesNotSignIn(t *testing.T) {
	s := newStage(t)
	for n, left := range []bool{true, false} {
		order := lifecycle.Order{At: time.Unix(int64(n+1), 0), Key: "key"}
		if err := s.known.Standing(t.Context(), "test", "ada", left, order, s.now); err != nil {
			t.Fatal(err)
		}
		callback, browser := s.arrive(t, "/oidc/test/login")
		s.rows.Calls()
		a := s.do(get(callback, browser))
		calls := s.rows.Calls()
		if !left {
			if a.Code != http.StatusSeeOther {
				t.Errorf("back again: %d %s", a.Code, s.log)
			}
			continue
		}
		wantRefusal(t, a, reason.PersonLeft)
		if calls["put"] > 0 || s.known.Calls()["left"] != 1 {
			t.Errorf("a session was begun: %v", calls)
		}
	}
	callback, browser := s.arrive(t, "/oidc/test/login")
	s.known.Break(reason.New(reason.StoreUnavailable, "down"))
	wantRefusal(t, s.do(get(callback, browser)), reason.StoreUnavailable)
}
