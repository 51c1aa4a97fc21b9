package session_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// named is a desk at which two subjects are one person, as who comes under a new NameID
// each time is.
func named() *desk {
	d := newDesk()
	d.called = map[string]string{"ada": "ada@acme.com", "_f3a1": "ada@acme.com", "bob": "bob@acme.com"}
	return d
}

func (d *desk) wantEnded(t *testing.T, s session.Session) {
	t.Helper()
	_, err := d.Get(t.Context(), s.Cookie().Value)
	wantReason(t, err, reason.SessionMissing)
	if !errors.Is(err, session.ErrEnded) {
		t.Errorf("nobody ended it: %v", err)
	}
	_, err = d.Get(t.Context(), s.Cookie().Value)
	wantReason(t, err, reason.SessionMissing)
	if errors.Is(err, session.ErrEnded) {
		t.Error("its row is still there")
	}
}

func (d *desk) wantAlive(t *testing.T, sessions ...session.Session) {
	t.Helper()
	for _, s := range sessions {
		_, err := d.Get(t.Context(), s.Cookie().Value)
		wantReason(t, err, "")
	}
}

func TestTheSessionsOfWhoLeftEnd(t *testing.T) {
	d := named()
	phone, laptop := d.begin(t, validatetest.Subject("ada")), d.begin(t, validatetest.Subject("_f3a1"))
	others := []session.Session{d.begin(t, validatetest.Subject("bob")), d.begin(t, validatetest.Subject("ada"), validatetest.As("other")), d.begin(t, validatetest.Subject("nobody in particular"))}
	if err := d.people.EndSessions(t.Context(), "test", "ada@acme.com", d.now); err != nil { // in the moment of the sign-in
		t.Fatal(err)
	}
	d.wantEnded(t, phone)
	d.wantEnded(t, laptop)
	d.wantAlive(t, others...)
	d.now = d.now.Add(time.Nanosecond)
	d.wantAlive(t, d.begin(t, validatetest.Subject("ada")))
}

// TestAnEndIsNotForgotten: it stands longer than any session, whatever else is.
func TestAnEndIsNotForgotten(t *testing.T) {
	d := named()
	ended := d.begin(t, validatetest.Subject("ada"))
	handle, rows := ended.Cookie().Value, d.rows.All()
	if err := d.people.EndSessions(t.Context(), "test", "ada@acme.com", d.now); err != nil {
		t.Fatal(err)
	}
	for ; d.now.Before(ended.Ends()); d.now = d.now.Add(session.Idle / 2) {
		for key, row := range rows { // as if somebody brought it back
			row.Seen = d.now
			d.rows.Set(key, row)
		}
		_, err := d.Get(t.Context(), handle)
		wantReason(t, err, reason.SessionMissing)
	}
}

func TestTheTokenOfAnEndedSessionGoesToo(t *testing.T) {
	d := newDesk()
	s := d.arrive(t, d.good("a.b.c"))
	who := s.Identity()
	d.called = map[string]string{who.Subject(): "ada@acme.com"}
	if err := d.people.EndSessions(t.Context(), who.IdentityProvider(), "ada@acme.com", d.now); err != nil {
		t.Fatal(err)
	}
	d.wantEnded(t, s)
	if rows := d.rows.All(); len(rows) != 0 {
		t.Errorf("%d rows are left", len(rows))
	}
	wantReason(t, d.EndAll(t.Context(), d.arrive(t, d.good("a.b.c"))), "")
	if rows := d.rows.All(); len(rows) != 2 { // the session, and since when sign-ins count
		t.Errorf("%d rows are left of who signed out everywhere", len(rows))
	}
}

func TestSigningOutEverywhereEndsAllSessions(t *testing.T) {
	for name, called := range map[string]map[string]string{
		"who is somebody": {"ada": "ada@acme.com", "_f3a1": "ada@acme.com", "bob": "bob@acme.com"}, "who is nobody in particular": {},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.called = called
			here, phone, laptop := d.begin(t, validatetest.Subject("ada")), d.begin(t, validatetest.Subject("ada")), d.begin(t, validatetest.Subject("_f3a1"))
			bob := d.begin(t, validatetest.Subject("bob"))
			found, err := d.Get(t.Context(), here.Cookie().Value)
			wantReason(t, err, "")
			wantReason(t, d.EndAll(t.Context(), found), "")
			d.wantEnded(t, phone)
			d.wantEnded(t, here) // as a second click learns
			if len(called) > 0 {
				d.wantEnded(t, laptop)
			} else {
				d.wantAlive(t, laptop) // for nobody knows whose it is
			}
			d.wantAlive(t, bob)
			wantReason(t, d.EndAll(t.Context(), found), "") // by a second click
			d.now = d.now.Add(time.Nanosecond)
			d.wantAlive(t, d.begin(t, validatetest.Subject("ada")))
		})
	}
}

// TestWhoComesUnderAnotherNameIDIsNobodyElse, so that they are not asked which of two
// people they are.
func TestWhoComesUnderAnotherNameIDIsNobodyElse(t *testing.T) {
	d := named()
	read := func(whom ...validatetest.Option) session.Session {
		s, err := d.Get(t.Context(), d.begin(t, whom...).Cookie().Value)
		wantReason(t, err, "")
		return s
	}
	ada := read(validatetest.Subject("ada"))
	for name, tt := range map[string]struct {
		other session.Session
		same  bool
	}{
		"another NameID":            {read(validatetest.Subject("_f3a1")), true},
		"another person":            {read(validatetest.Subject("bob")), false},
		"another identity provider": {read(validatetest.Subject("_f3a1"), validatetest.As("other")), false},
		"nobody in particular":      {read(validatetest.Subject("_0000")), false},
	} {
		if ada.SamePerson(tt.other) != tt.same || tt.other.SamePerson(ada) != tt.same {
			t.Errorf("%s: not %t", name, tt.same)
		}
	}
	if read(validatetest.Subject("_0000")).SamePerson(read(validatetest.Subject("_0001"))) {
		t.Error("two of whom nothing is known are one")
	}
}

// TestWhoIsCalledOtherwiseStaysSignedOut: the federation may change what people are
// called while sessions last.
func TestWhoIsCalledOtherwiseStaysSignedOut(t *testing.T) {
	d := named()
	here, phone := d.begin(t, validatetest.Subject("ada")), d.begin(t, validatetest.Subject("ada"))
	found, err := d.Get(t.Context(), here.Cookie().Value)
	wantReason(t, err, "")
	wantReason(t, d.EndAll(t.Context(), found), "")
	d.called["ada"] = "4711"
	d.wantEnded(t, phone)
}

// TestOfTwoThatEndAndReadNoneIsLeft: whatever the order, after both nothing is alive.
func TestOfTwoThatEndAndReadNoneIsLeft(t *testing.T) {
	for range 50 {
		d := named()
		here, there := d.begin(t, validatetest.Subject("ada")), d.begin(t, validatetest.Subject("ada"))
		found, err := d.Get(t.Context(), here.Cookie().Value)
		wantReason(t, err, "")
		var wait sync.WaitGroup
		wait.Go(func() { _ = d.EndAll(t.Context(), found) })
		wait.Go(func() { _, _ = d.Get(t.Context(), there.Cookie().Value) })
		wait.Go(func() { _ = d.EndAll(t.Context(), found) })
		wait.Wait()
		for _, s := range []session.Session{here, there} {
			_, err := d.Get(t.Context(), s.Cookie().Value)
			wantReason(t, err, reason.SessionMissing)
		}
	}
}

func TestWhatIsKnownComesWithTheSession(t *testing.T) {
	d := named()
	begun := d.begin(t, validatetest.Subject("ada"))
	if begun.Person() != "" || !begun.Idles().Equal(d.now.Add(session.Idle)) {
		t.Errorf("%q, %s", begun.Person(), begun.Idles())
	}
	d.now = d.now.Add(30 * time.Second)
	s, err := d.Get(t.Context(), begun.Cookie().Value)
	if err != nil || s.Person() != "ada@acme.com" || !s.Idles().Equal(d.now.Add(session.Idle-30*time.Second)) {
		t.Errorf("%v: %q, %s", err, s.Person(), s.Idles())
	}
	if calls := d.rows.Calls(); calls["get"] != 2 || len(calls) != 1 || d.people.Calls()["known"] != 1 { // the second get is of the twin of store, for one call there
		t.Errorf("%v", calls)
	}
	d.now = d.now.Add(session.Idle / 2)
	if s, err = d.Get(t.Context(), begun.Cookie().Value); err != nil || !s.Idles().Equal(d.now.Add(session.Idle)) {
		t.Errorf("%v: %s", err, s.Idles())
	}
	for d.now.Before(begun.Ends().Add(-session.Idle / 2)) {
		d.now = d.now.Add(session.Idle / 2)
		if s, err = d.Get(t.Context(), begun.Cookie().Value); err != nil {
			break
		}
	}
	if !s.Idles().Equal(begun.Ends()) {
		t.Errorf("%s, %v, ends %s", s.Idles(), err, begun.Ends())
	}
}

// TestNobodyIsSignedInByAStoresSilence: neither of people, nor of what they are called.
func TestNobodyIsSignedInByAStoresSilence(t *testing.T) {
	d := named()
	s := d.begin(t, validatetest.Subject("ada"))
	d.people.Break(reason.New(reason.StoreUnavailable, "down"))
	_, err := d.Get(t.Context(), s.Cookie().Value)
	wantReason(t, err, reason.StoreUnavailable)
	if err := d.EndAll(t.Context(), s); err != nil { // of whom only the sign-in is known
		t.Error(err)
	}
	d.people.Break(nil)
	d.silent = reason.New(reason.FederationMissing, "nothing applied")
	_, err = d.Get(t.Context(), d.begin(t, validatetest.Subject("bob")).Cookie().Value)
	wantReason(t, err, reason.FederationMissing)
}

func TestASignOutEverywhereThatIsNotWrittenIsRefused(t *testing.T) {
	d := named()
	s, err := d.Get(t.Context(), d.begin(t, validatetest.Subject("ada")).Cookie().Value)
	wantReason(t, err, "")
	d.people.Break(reason.New(reason.StoreUnavailable, "down"))
	wantReason(t, d.EndAll(t.Context(), s), reason.StoreUnavailable)
	d.people.Break(nil)
	d.rows.Err = reason.New(reason.StoreUnavailable, "down")
	wantReason(t, d.EndAll(t.Context(), s), reason.StoreUnavailable)
}

// TestASignOutThatIsHalfWrittenIsNotTakenForAWhole: who clicks once more learns of the
// first click by the end of their own session, and is not to read that all have ended.
func TestASignOutThatIsHalfWrittenIsNotTakenForAWhole(t *testing.T) {
	d := named()
	here, laptop := d.begin(t, validatetest.Subject("ada")), d.begin(t, validatetest.Subject("_f3a1"))
	s, err := d.Get(t.Context(), here.Cookie().Value)
	wantReason(t, err, "")
	d.people.BreakWrites(reason.New(reason.StoreUnavailable, "down"))
	wantReason(t, d.EndAll(t.Context(), s), reason.StoreUnavailable)
	d.people.BreakWrites(nil)
	d.wantAlive(t, here, laptop)
	wantReason(t, d.EndAll(t.Context(), s), "")
	d.wantEnded(t, here)
	d.wantEnded(t, laptop)
}

// TestWhoSignsOutEverywhereIsSignedOutHere, also where the clock of the instance that
// signed them in is ahead.
func TestWhoSignsOutEverywhereIsSignedOutHere(t *testing.T) {
	for _, called := range []map[string]string{{"ada": "ada@acme.com"}, {}} {
		d := newDesk()
		d.called = called
		s, err := d.Get(t.Context(), d.begin(t, validatetest.Subject("ada")).Cookie().Value)
		wantReason(t, err, "")
		d.now = d.now.Add(-2 * time.Second)
		wantReason(t, d.EndAll(t.Context(), s), "")
		d.wantEnded(t, s)
	}
}

func TestWhoKnowsNoPeopleReadsNoSessions(t *testing.T) {
	d := named()
	s := d.begin(t, validatetest.Subject("ada"))
	for _, change := range []func(*session.Keeper){func(k *session.Keeper) { k.People = nil }, func(k *session.Keeper) { k.Person = nil }} {
		keeper := d.Keeper
		change(&keeper)
		_, err := keeper.Get(t.Context(), s.Cookie().Value)
		wantReason(t, err, reason.Internal)
	}
}

// TestWhoAsksForMoreKnowsWhoIsSignedIn though it knows nothing of people.
func TestWhoAsksForMoreKnowsWhoIsSignedIn(t *testing.T) {
	d := newDesk()
	s, other := d.begin(t), d.begin(t, validatetest.Subject("bob@example.com"))
	keeper := session.Keeper{Rows: d.rows, Now: d.Now, Rand: d.Rand}
	who, err := keeper.Identity(t.Context(), s.Cookie().Value)
	if err != nil || who.Subject() != s.Identity().Subject() {
		t.Errorf("%q, %v", who.Subject(), err)
	}
	if err := d.signOut(t); err != nil {
		t.Fatal(err)
	}
	if who, err = keeper.Identity(t.Context(), s.Cookie().Value); reason.Of(err) != reason.SessionMissing || !who.IsZero() {
		t.Errorf("%q, %v", who.Subject(), err)
	}
	d.now = d.now.Add(session.Idle)
	if who, err = keeper.Identity(t.Context(), other.Cookie().Value); reason.Of(err) != reason.SessionMissing || !who.IsZero() {
		t.Errorf("%q, %v", who.Subject(), err)
	}
	d.rows.Err = reason.New(reason.StoreUnavailable, "down")
	if who, err = keeper.Identity(t.Context(), other.Cookie().Value); reason.Of(err) != reason.StoreUnavailable || !who.IsZero() {
		t.Errorf("%q, %v", who.Subject(), err)
	}
}
