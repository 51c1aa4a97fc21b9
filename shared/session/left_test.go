package session_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// stands has the n-th event say whether Ada has left.
func (d *desk) stands(t *testing.T, left bool, n int) {
	t.Helper()
	order := lifecycle.Order{At: time.Unix(int64(n), 0), Key: fmt.Sprint(n)}
	if err := d.people.Standing(t.Context(), "test", "ada@acme.com", left, order, d.now); err != nil {
		t.Fatal(err)
	}
}

// TestWhoHasLeftHasNoSession, not even one that began later: the sign-in may have been
// under way.
func TestWhoHasLeftHasNoSession(t *testing.T) {
	d := named()
	phone := d.begin(t, validatetest.Subject("ada"))
	others := []session.Session{d.begin(t, validatetest.Subject("bob")), d.begin(t, validatetest.Subject("ada"), validatetest.As("other"))}
	d.stands(t, true, 1)
	d.now = d.now.Add(time.Second)
	late, asleep := d.begin(t, validatetest.Subject("_f3a1")), d.begin(t, validatetest.Subject("ada"))
	for _, s := range []session.Session{phone, late} {
		_, err := d.Get(t.Context(), s.Cookie().Value)
		wantReason(t, err, reason.PersonLeft)
		_, err = d.Get(t.Context(), s.Cookie().Value)
		wantReason(t, err, reason.SessionMissing)
	}
	d.wantAlive(t, others...)

	d.now = d.now.Add(time.Second)
	d.stands(t, false, 2)
	d.wantEnded(t, asleep)
	d.now = d.now.Add(time.Second)
	d.wantAlive(t, d.begin(t, validatetest.Subject("ada")))
}
