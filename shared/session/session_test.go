package session_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/session/sessiontest"
	"github.com/fc-sso/fc-sso/shared/store/peopletest"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// desk is a keeper over memory, with a clock that a test moves.
type desk struct {
	session.Keeper
	rows   *sessiontest.Rows
	people *peopletest.People
	now    time.Time
	called map[string]string // what people are called by their subjects; else nobody in particular
	silent error             // why nobody says
}

func newDesk() *desk {
	d := &desk{now: validatetest.Now()}
	clock := func() time.Time { return d.now }
	d.rows = sessiontest.NewRows(clock)
	d.people = &peopletest.People{Sessions: d.rows}
	d.Keeper = session.Keeper{
		Rows: d.rows, Now: clock, Rand: rand.Reader, People: d.people,
		Person: func(_ context.Context, who validate.Identity) (string, error) {
			return d.called[who.Subject()], d.silent
		},
	}
	return d
}

func (d *desk) begin(t *testing.T, options ...validatetest.Option) session.Session {
	t.Helper()
	s, err := d.Begin(t.Context(), validatetest.New(t).Identity(options...))
	if err != nil {
		t.Fatal(err)
	}
	d.rows.Calls()
	return s
}

func wantReason(t *testing.T, err error, want reason.Code) {
	t.Helper()
	if got := reason.Of(err); got != want {
		t.Errorf("%v: reason %q, want %q", err, got, want)
	}
}

func TestASessionGivesTheIdentityBack(t *testing.T) {
	d := newDesk()
	begun := d.begin(t, validatetest.Attribute("groups", "platform", "sre"))
	got, err := d.Get(t.Context(), begun.Cookie().Value)
	if err != nil {
		t.Fatal(err)
	}
	who := got.Identity()
	if who.Subject() == "" || who.Subject() != begun.Identity().Subject() || len(who.Attribute("groups")) != 2 {
		t.Errorf("identity %v %v", who.Subject(), who.Attribute("groups"))
	}
	if !got.Ends().Equal(begun.Ends()) || !got.Began().Equal(d.now) || !got.Same(begun) {
		t.Errorf("from %v to %v", got.Began(), got.Ends())
	}
}

func TestNobodyGetsASession(t *testing.T) {
	d := newDesk()
	if _, err := d.Begin(t.Context(), session.Session{}.Identity()); err == nil {
		t.Error("the zero identity got a session")
	}
	if len(d.rows.All()) != 0 {
		t.Error("a row was written")
	}
}

func TestUnknownHandlesAreNoSession(t *testing.T) {
	d := newDesk()
	cookie := d.begin(t).Cookie().Value
	for _, value := range []string{
		"", "x", strings.Repeat("A", 43), cookie + "A", cookie[:42], cookie + "=", strings.Repeat("é", 43),
	} {
		_, err := d.Get(t.Context(), value)
		wantReason(t, err, reason.SessionMissing)
	}
}

func TestASessionEndsWhenItIsIdle(t *testing.T) {
	d := newDesk()
	s := d.begin(t)
	d.now = d.now.Add(session.Idle - time.Second)
	if _, err := d.Get(t.Context(), s.Cookie().Value); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(session.Idle)
	_, err := d.Get(t.Context(), s.Cookie().Value)
	wantReason(t, err, reason.SessionMissing)
}

func TestASessionEndsThoughItIsUsed(t *testing.T) {
	d := newDesk()
	s := d.begin(t)
	if lasts := s.Ends().Sub(d.now); lasts > session.Absolute {
		t.Errorf("it lasts %s", lasts)
	}
	for step := session.Idle / 2; d.now.Add(step).Before(s.Ends()); {
		d.now = d.now.Add(step)
		if _, err := d.Get(t.Context(), s.Cookie().Value); err != nil {
			t.Fatal(err)
		}
	}
	d.now = s.Ends()
	_, err := d.Get(t.Context(), s.Cookie().Value)
	wantReason(t, err, reason.SessionMissing)
}

func TestTouchingIsRare(t *testing.T) {
	d := newDesk()
	s := d.begin(t)
	for range 10 {
		d.now = d.now.Add(20 * time.Second)
		if _, err := d.Get(t.Context(), s.Cookie().Value); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := d.rows.Calls(), map[string]int{"get": 20, "touch": 3}; !maps.Equal(got, want) {
		t.Errorf("calls %v, want %v", got, want)
	}
}

func TestAnEndedSessionIsGone(t *testing.T) {
	d := newDesk()
	s := d.begin(t)
	if err := d.End(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	_, err := d.Get(t.Context(), s.Cookie().Value)
	wantReason(t, err, reason.SessionMissing)
}

// Who can read the table learns no handle and no name; who can write it can't
// make a session last longer, or be somebody else's.
func TestTheTableIsNoKey(t *testing.T) {
	d := newDesk()
	s := d.begin(t, validatetest.Attribute("groups", "platform"))
	other := d.begin(t)
	rows := d.rows.All()
	for key, row := range rows {
		for _, secret := range []string{s.Cookie().Value, s.Identity().Subject(), "platform"} {
			if bytes.Contains(row.Body, []byte(secret)) || bytes.Contains(key[:], []byte(secret)) {
				t.Errorf("a row has %q", secret)
			}
		}
	}
	for i := range 16 + 4 {
		for key, row := range rows {
			row.Body = bytes.Clone(row.Body)
			row.Body[i] ^= 1
			d.rows.Set(key, row)
		}
		_, err := d.Get(t.Context(), s.Cookie().Value)
		wantReason(t, err, reason.SessionMissing)
	}
	swapRows(d, rows)
	for _, each := range []session.Session{s, other} {
		_, err := d.Get(t.Context(), each.Cookie().Value)
		wantReason(t, err, reason.SessionMissing)
	}
}

func swapRows(d *desk, rows map[[32]byte]session.Row) {
	var keys [][32]byte
	for key := range rows {
		keys = append(keys, key)
	}
	d.rows.Set(keys[0], rows[keys[1]])
	d.rows.Set(keys[1], rows[keys[0]])
}

func TestAStoreAtFaultIsNoSession(t *testing.T) {
	d := newDesk()
	s := d.begin(t)
	d.rows.Err = reason.New(reason.StoreUnavailable, "down")
	_, err := d.Get(t.Context(), s.Cookie().Value)
	wantReason(t, err, reason.StoreUnavailable)
	_, err = d.Begin(t.Context(), s.Identity())
	wantReason(t, err, reason.StoreUnavailable)
	_, err = d.Expect(t.Context(), session.Wish{IdP: "okta"}, session.Browser{})
	wantReason(t, err, reason.StoreUnavailable)
}

func TestTokensAreOfOneSessionAndOnePurpose(t *testing.T) {
	d := newDesk()
	s, other := d.begin(t), d.begin(t)
	token, err := s.Token("form")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CheckToken("form", token); err != nil {
		t.Error(err)
	}
	wantReason(t, s.CheckToken("go /go/a/b", token), reason.RequestForged)
	wantReason(t, s.CheckToken("form", ""), reason.RequestForged)
	wantReason(t, other.CheckToken("form", token), reason.RequestForged)
	wantReason(t, other.CheckToken("form", s.Cookie().Value), reason.RequestForged)
}

// TestATokenIsAnotherEachTimeItIsWritten, and the same to who checks it.
func TestATokenIsAnotherEachTimeItIsWritten(t *testing.T) {
	d := newDesk()
	s, other := d.begin(t), d.begin(t)
	plain, err := s.Token("form")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 50 {
		masked, err := s.Masked("form", rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CheckToken("form", masked); err != nil {
			t.Errorf("%s: %v", masked, err)
		}
		// Not the plain one, nor any piece of an earlier one: eight letters are 48 bits.
		for i := range len(masked) - 8 {
			if piece := masked[i : i+8]; seen[piece] || strings.Contains(plain, piece) {
				t.Errorf("%s stands there again", piece)
			}
		}
		for i := range len(masked) - 8 {
			seen[masked[i:i+8]] = true
		}
		wantReason(t, s.CheckToken("arrival", masked), reason.RequestForged)
		wantReason(t, other.CheckToken("form", masked), reason.RequestForged)
		for _, wrong := range []string{masked[:43], masked[1:], masked + "A", "A" + masked, masked + masked, strings.Repeat("A", len(masked)), masked + "=", " " + masked} {
			wantReason(t, s.CheckToken("form", wrong), reason.RequestForged)
		}
	}
	if _, err := s.Masked("form", strings.NewReader("too little")); err == nil {
		t.Error("a token without enough randomness")
	}
}

func TestASessionDoesNotPrintItsHandle(t *testing.T) {
	d := newDesk()
	s := d.begin(t)
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		printed := fmt.Sprintf(format, s)
		if printed != "[redacted]" {
			t.Errorf("%s prints %s", format, printed)
		}
	}
}

func requestWith(cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func newBrowser(t *testing.T) session.Browser {
	t.Helper()
	b, err := session.NewBrowser(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return b.Through("okta")
}

func TestAPendingSignInComesBackToItsBrowser(t *testing.T) {
	d := newDesk()
	browser := newBrowser(t)
	want := session.Wish{IdP: "okta", To: "/go/acme-prod/admin", Direct: true, ACR: []string{"urn:x:mfa"}, MaxAge: time.Hour, Token: true}
	begun, err := d.Expect(t.Context(), want, browser)
	if err != nil {
		t.Fatal(err)
	}
	if len(begun.RelayState) > 80 || !session.IsRelayState(begun.RelayState) {
		t.Errorf("RelayState %q", begun.RelayState)
	}
	returned := session.BrowserOf(requestWith(browser.Cookie()))
	got, err := d.Pending(t.Context(), begun.RelayState, returned)
	if err != nil || !reflect.DeepEqual(got, begun) || !reflect.DeepEqual(got.Wish, want) {
		t.Errorf("%+v, %v; want %+v", got, err, begun)
	}
	if returned.LastIdP() != "okta" {
		t.Errorf("last used %q", returned.LastIdP())
	}

	_, err = d.Pending(t.Context(), begun.RelayState, newBrowser(t))
	wantReason(t, err, reason.SignInOtherBrowser)
	_, err = d.Pending(t.Context(), begun.RelayState, session.Browser{})
	wantReason(t, err, reason.SignInOtherBrowser)
	_, err = d.Pending(t.Context(), "sso_"+strings.Repeat("A", 43), browser)
	wantReason(t, err, reason.SignInUnknown)

	d.now = d.now.Add(session.PendingFor)
	_, err = d.Pending(t.Context(), begun.RelayState, browser)
	wantReason(t, err, reason.SignInUnknown)
}

// What an answer's address says, and what the table says, are not enough for the
// secrets of a sign-in.
func TestTheSecretsOfASignInAreItsBrowsersAlone(t *testing.T) {
	d := newDesk()
	browser := newBrowser(t)
	expect := func() session.Pending {
		begun, err := d.Expect(t.Context(), session.Wish{IdP: "okta"}, browser)
		if err != nil {
			t.Fatal(err)
		}
		return begun
	}
	one, other := expect(), expect()
	seen := map[string]bool{}
	for _, of := range []struct {
		pending session.Pending
		browser session.Browser
		purpose string
	}{{one, browser, "a"}, {one, browser, "b"}, {other, browser, "a"}, {one, newBrowser(t), "a"}} {
		secret, err := of.pending.Secret(of.browser, of.purpose)
		if raw, wrong := base64.RawURLEncoding.DecodeString(secret); err != nil || wrong != nil || len(raw) != 32 || seen[secret] {
			t.Errorf("%q, %v, %v", secret, err, wrong)
		}
		seen[secret] = true
		for _, row := range d.rows.All() {
			if bytes.Contains(row.Body, []byte(secret)) || bytes.Contains(row.Body, []byte(of.pending.RelayState)) {
				t.Errorf("a row has it: %s", row.Body)
			}
		}
	}
	returned, err := d.Pending(t.Context(), one.RelayState, session.BrowserOf(requestWith(browser.Cookie())))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := returned.Secret(session.BrowserOf(requestWith(browser.Cookie())), "a"); err != nil || !seen[again] {
		t.Errorf("on its way back it is %q, %v", again, err)
	}
	if secret, err := one.Secret(session.Browser{}, "a"); err == nil {
		t.Errorf("nobody's is %q", secret)
	}
	if secret, err := (session.Pending{}).Secret(browser, "a"); err == nil {
		t.Errorf("of no sign-in it is %q", secret)
	}
}

func TestASignInIsUsedOnce(t *testing.T) {
	d := newDesk()
	begun, err := d.Expect(t.Context(), session.Wish{IdP: "okta"}, newBrowser(t))
	if err != nil {
		t.Fatal(err)
	}
	nonces := validatetest.NewNonces()
	if err := begun.Use(t.Context(), nonces, d.now); err != nil {
		t.Error(err)
	}
	wantReason(t, begun.Use(t.Context(), nonces, d.now), reason.Replayed)
	if until := nonces.Used()[0]; until.Before(d.now.Add(session.PendingFor)) {
		t.Errorf("forgotten at %s", until)
	}
}

func TestForeignRelayStatesAreNotOurs(t *testing.T) {
	for _, s := range []string{"", "https://evil.example/", "sso_", "sso_" + strings.Repeat("A", 42), "SSO_" + strings.Repeat("A", 43)} {
		if session.IsRelayState(s) {
			t.Errorf("%q is taken for ours", s)
		}
	}
}

func TestCookiesAreGuarded(t *testing.T) {
	d := newDesk()
	s := d.begin(t)
	for _, c := range []*http.Cookie{s.Cookie(), s.ArrivalCookie(), newBrowser(t).Cookie(), session.Forget(session.SessionCookie)} {
		text := c.String()
		if !strings.HasPrefix(c.Name, "__Host-") || !strings.Contains(text, "; Path=/;") && !strings.Contains(text, "; Path=/ ") ||
			!strings.Contains(text, "Secure") || !strings.Contains(text, "HttpOnly") || strings.Contains(text, "Domain") {
			t.Errorf("cookie %s", text)
		}
	}
	if c := s.Cookie(); c.SameSite != http.SameSiteLaxMode || c.MaxAge != 0 {
		t.Errorf("session cookie %s", c)
	}
	if c := newBrowser(t).Cookie(); c.SameSite != http.SameSiteNoneMode {
		t.Errorf("browser cookie %s", c)
	}
}

func TestADoubledCookieCountsAsNone(t *testing.T) {
	d := newDesk()
	s := d.begin(t)
	if got := session.CookieOf(requestWith(s.Cookie(), d.begin(t).Cookie()), session.SessionCookie); got != "" {
		t.Error("one of two was taken")
	}
	if !session.BrowserOf(requestWith(&http.Cookie{Name: session.BrowserCookie, Value: "short.okta"})).IsZero() {
		t.Error("a browser's cookie of the wrong form was taken")
	}
}
