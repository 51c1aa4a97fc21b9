package session_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// arrive begins a session by an ID token that is good for five minutes, and keeps it.
func (d *desk) arrive(t *testing.T, token session.Token) session.Session {
	t.Helper()
	s, err := d.Begin(t.Context(), validatetest.NewIssuer(t).Person(nil))
	if err != nil {
		t.Fatal(err)
	}
	d.rows.Calls()
	if err := d.Keep(t.Context(), s, token); err != nil {
		t.Fatal(err)
	}
	return s
}

func (d *desk) good(text string) session.Token {
	return session.NewToken(text, d.now.Add(5*time.Minute))
}

func TestATokenIsKeptForAsLongAsItIsGood(t *testing.T) {
	d := newDesk()
	begun := d.arrive(t, d.good("a.b.c"))
	if calls := d.rows.Calls(); !maps.Equal(calls, map[string]int{"put": 1}) {
		t.Errorf("calls %v", calls)
	}
	s, err := d.Get(t.Context(), begun.Cookie().Value)
	if err != nil {
		t.Fatal(err)
	}
	token, err := d.Token(t.Context(), s)
	if err != nil || token.Reveal() != "a.b.c" || token.IsZero() {
		t.Errorf("%q, %v", token.Reveal(), err)
	}
	ends := s.Identity().TokenEnds()
	if !ends.Equal(d.now.Add(5*time.Minute)) || !token.Outlasts(ends.Add(-time.Second)) || token.Outlasts(ends) {
		t.Errorf("it is over at %s", ends)
	}
	d.now = ends
	if token, err := d.Token(t.Context(), s); err != nil || !token.IsZero() {
		t.Errorf("afterwards it is %q, %v", token.Reveal(), err)
	}
	if _, err := d.Get(t.Context(), begun.Cookie().Value); err != nil {
		t.Errorf("the session went with it: %v", err)
	}
}

func TestATokenThatIsOfNoUseIsNotKept(t *testing.T) {
	d := newDesk()
	for name, token := range map[string]session.Token{"none": {}, "one that is over": session.NewToken("a.b.c", d.now)} {
		s := d.arrive(t, token)
		if calls := d.rows.Calls(); len(calls) > 0 {
			t.Errorf("%s: calls %v", name, calls)
		}
		if got, err := d.Token(t.Context(), s); err != nil || !got.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestATokenIsSealed: neither the table nor another session says what it is, and what
// was changed in the table does not open.
func TestATokenIsSealed(t *testing.T) {
	d := newDesk()
	s, other := d.arrive(t, d.good("a.b.c")), d.arrive(t, d.good("d.e.f"))
	rows := d.rows.All()
	for key, row := range rows {
		if row.Kind != "id-token" {
			continue
		}
		if bytes.Contains(row.Body, []byte("a.b.c")) || bytes.Contains(row.Body, []byte("d.e.f")) {
			t.Errorf("a row has it: %q", row.Body)
		}
		for i := range row.Body {
			changed := row
			changed.Body = bytes.Clone(row.Body)
			changed.Body[i] ^= 1
			d.rows.Set(key, changed)
			_, one := d.Token(t.Context(), s)
			_, two := d.Token(t.Context(), other)
			wantReason(t, errors.Join(one, two), reason.SessionMissing)
		}
		for _, wrong := range []session.Row{{Kind: "session", Body: row.Body}, {Kind: row.Kind, Body: row.Body[:7]}, {Kind: row.Kind, Body: row.Body[:12]}} {
			wrong.Expires = row.Expires
			d.rows.Set(key, wrong)
			_, one := d.Token(t.Context(), s)
			_, two := d.Token(t.Context(), other)
			wantReason(t, errors.Join(one, two), reason.SessionMissing)
		}
		d.rows.Set(key, row)
	}
	var keys [][32]byte
	for key, row := range rows {
		if row.Kind == "id-token" {
			keys = append(keys, key)
		}
	}
	d.rows.Set(keys[0], rows[keys[1]])
	d.rows.Set(keys[1], rows[keys[0]])
	_, err := d.Token(t.Context(), s)
	wantReason(t, err, reason.SessionMissing)
}

func TestATokenDoesNotPrint(t *testing.T) {
	token := session.NewToken("a.b.c", validatetest.Now())
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if printed := fmt.Sprintf(format, token); printed != "[redacted]" {
			t.Errorf("%s prints %s", format, printed)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "token", token)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "token", token)
	if strings.Contains(log.String(), "a.b.c") {
		t.Error(log.String())
	}
}

func TestATokenEndsWithItsSession(t *testing.T) {
	for left, want := range map[time.Duration]int{0: 2, 5 * time.Minute: 1} {
		d := newDesk()
		s := d.arrive(t, d.good("a.b.c"))
		d.rows.Calls()
		d.now = d.now.Add(left)
		if err := d.End(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if calls := d.rows.Calls()["delete"]; calls != want {
			t.Errorf("after %s %d rows are deleted, not %d", left, calls, want)
		}
		if got, err := d.Token(t.Context(), s); err != nil || !got.IsZero() {
			t.Errorf("%v", err)
		}
	}
}

func TestAStoreThatDoesNotAnswerIsNoToken(t *testing.T) {
	d := newDesk()
	s := d.arrive(t, d.good("a.b.c"))
	d.rows.Err = reason.New(reason.StoreUnavailable, "down")
	_, err := d.Token(t.Context(), s)
	wantReason(t, err, reason.StoreUnavailable)
	wantReason(t, d.Keep(t.Context(), s, d.good("x")), reason.StoreUnavailable)
	wantReason(t, d.End(t.Context(), s), reason.StoreUnavailable)
	d.Rand = bytes.NewReader(nil)
	if err := d.Keep(t.Context(), s, d.good("x")); err == nil || strings.Contains(err.Error(), "a.b.c") {
		t.Error(err)
	}
}

// TestASessionOfBeforeOpens: a row that was written before tokens were kept.
func TestASessionOfBeforeOpens(t *testing.T) {
	recorded, err := os.ReadFile("testdata/session-before-tokens.txt")
	if err != nil {
		t.Fatal(err)
	}
	var row, key, cookie string
	if n, err := fmt.Sscanf(string(recorded), "cookie %s\nkey %s\nbody %s\n", &cookie, &key, &row); n != 3 {
		t.Fatal(err)
	}
	d := newDesk()
	d.rows.Set([32]byte(decode(t, key)), session.Row{Kind: "session", Body: decode(t, row), Expires: d.now.Add(session.Absolute), Seen: d.now})
	s, err := d.Get(t.Context(), cookie)
	if err != nil {
		t.Fatal(err)
	}
	if who := s.Identity(); who.Subject() != "ada" || !who.TokenEnds().Equal(d.now.Add(5*time.Minute)) {
		t.Errorf("it is of %q until %s", who.Subject(), who.TokenEnds())
	}
	if token, err := d.Token(t.Context(), s); err != nil || !token.IsZero() {
		t.Errorf("%v", err)
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
