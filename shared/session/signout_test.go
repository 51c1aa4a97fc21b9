package session_test

import (
	"errors"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// signOut has the identity provider say that somebody has signed out.
func (d *desk) signOut(t *testing.T) error {
	t.Helper()
	idp := validatetest.New(t)
	guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: func() time.Time { return d.now }}
	encoded := idp.Logout(validatetest.Service, validatetest.At(d.now))
	logout, err := guard.Logout(t.Context(), idp.Record(), validatetest.Service, encoded)
	if err != nil {
		t.Fatal(err)
	}
	return d.SignOut(t.Context(), logout)
}

func TestSigningOutEndsAllSessionsOfThePerson(t *testing.T) {
	d := newDesk()
	phone, laptop := d.begin(t), d.begin(t)
	other, elsewhere := d.begin(t, validatetest.Subject("bob@example.com")), d.begin(t, validatetest.As("other"))
	d.now = d.now.Add(time.Minute)
	if err := d.signOut(t); err != nil {
		t.Fatal(err)
	}
	for _, s := range []session.Session{phone, laptop} {
		_, err := d.Get(t.Context(), s.Cookie().Value)
		wantReason(t, err, reason.SessionMissing)
	}
	for _, s := range []session.Session{other, elsewhere} {
		_, err := d.Get(t.Context(), s.Cookie().Value)
		wantReason(t, err, "")
	}
}

func TestWhoSignsInAgainIsSignedIn(t *testing.T) {
	d := newDesk()
	before := d.begin(t)
	if err := d.signOut(t); err != nil { // in the moment of the sign-in
		t.Fatal(err)
	}
	_, err := d.Get(t.Context(), before.Cookie().Value)
	wantReason(t, err, reason.SessionMissing)
	d.now = d.now.Add(time.Millisecond)
	after := d.begin(t, validatetest.At(d.now))
	_, err = d.Get(t.Context(), after.Cookie().Value)
	wantReason(t, err, "")
	if err := d.signOut(t); err != nil { // a second time
		t.Fatal(err)
	}
	_, err = d.Get(t.Context(), after.Cookie().Value)
	wantReason(t, err, reason.SessionMissing)
}

func TestASignOutIsRememberedLongerThanAnySession(t *testing.T) {
	d := newDesk()
	begun := d.begin(t)
	if err := d.signOut(t); err != nil {
		t.Fatal(err)
	}
	for step := session.Idle / 2; d.now.Before(begun.Ends()); d.now = d.now.Add(step) {
		_, err := d.Get(t.Context(), begun.Cookie().Value)
		wantReason(t, err, reason.SessionMissing)
		for key, row := range d.rows.All() { // as if somebody kept it in use
			row.Seen = d.now.Add(step)
			d.rows.Set(key, row)
		}
	}
}

func TestNobodysSignOutEndsNothing(t *testing.T) {
	d := newDesk()
	if err := d.SignOut(t.Context(), validate.Logout{}); err == nil || len(d.rows.All()) != 0 {
		t.Errorf("%v, %d rows", err, len(d.rows.All()))
	}
}

func TestAStoreThatDoesNotAnswerSignsNobodyOut(t *testing.T) {
	d := newDesk()
	d.rows.Err = reason.New(reason.StoreUnavailable, "down")
	if err := d.signOut(t); !errors.Is(err, d.rows.Err) {
		t.Error(err)
	}
}
