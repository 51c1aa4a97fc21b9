// Package session keeps who is signed in, and sign-ins that are under way.
//
// In: an Identity that validate made, and the values of cookies and RelayState
// that browsers bring back. Out: a Session, which holds that Identity again, or
// what a pending sign-in was begun for. Refused: handles that are unknown, idle
// for an hour or twelve hours old, sessions whose person has left, or has signed out
// everywhere since, or been signed out, and sign-ins that another browser began.
//
// The store never sees a handle: a row's key is its hash, its content is sealed
// with a key derived from it, and so is the ID token that is kept beside some
// sessions. Who reads the table learns no session. Who writes into it can make no
// session and change nobody's person, beginning or end; they can keep one from
// idling out, and begin or spoil sign-ins.
package session

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// A session ends when nobody used it for an hour, and after twelve hours in any
// case (or when the identity provider says so).
const (
	Idle     = time.Hour
	Absolute = 12 * time.Hour

	touchEvery = time.Minute // a write per page would be one too many
)

// Row is what the store keeps under a key.
type Row = struct {
	Kind    string
	Body    []byte
	Expires time.Time
	Seen    time.Time
}

// Rows is the table of sessions. Get refuses with session_missing what is not
// there or has expired; Put refuses to overwrite, Replace does.
type Rows interface {
	Put(ctx context.Context, key [32]byte, row Row) error
	Replace(ctx context.Context, key [32]byte, row Row) error
	Get(ctx context.Context, key [32]byte) (Row, error)
	Touch(ctx context.Context, key [32]byte, seen time.Time) error
	Delete(ctx context.Context, key [32]byte) error
}

// Keeper begins, finds and ends sessions and pending sign-ins. The last two only Get
// needs, without which it refuses.
type Keeper struct {
	Rows Rows
	Now  func() time.Time
	Rand io.Reader

	People People
	Person func(ctx context.Context, who validate.Identity) (string, error) // who somebody is beyond one sign-in, "" where that is not clear
}

// The kinds of rows.
const (
	kindSession   = "session"
	kindPending   = "pending"
	kindSignedOut = "signed-out"
	kindToken     = "id-token"
)

// Session is a person who is signed in. Only Begin and Get make one; the zero
// value is nobody.
type Session struct {
	handle handle
	who    validate.Identity
	span   span
	seen   time.Time
	person string
	known  Known
}

// Identity is who is signed in.
func (s Session) Identity() validate.Identity { return s.who }

// Began is when the person signed in here.
func (s Session) Began() time.Time { return s.span.began }

// Ends is when the session ends at the latest.
func (s Session) Ends() time.Time { return s.span.ends }

// Idles is when the session ends unless it is used.
func (s Session) Idles() time.Time {
	if idles := s.seen.Add(Idle); idles.Before(s.span.ends) {
		return idles
	}
	return s.span.ends
}

// Person is who is signed in as they are beyond this sign-in, "" where that is not clear.
func (s Session) Person() string { return s.person }

// Known is what was known of the person when the session was read.
func (s Session) Known() Known { return s.known }

// IsZero says that nobody is signed in.
func (s Session) IsZero() bool { return s.who.IsZero() }

// Format prints nothing of a session: it holds a secret.
func (Session) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// Same says whether s and other are the same session, under one handle.
func (s Session) Same(other Session) bool {
	return subtle.ConstantTimeCompare(s.handle[:], other.handle[:]) == 1
}

// SamePerson says whether both are one person at one identity provider, as who comes
// under a new NameID each time may be.
func (s Session) SamePerson(other Session) bool {
	known := s.person != "" && s.person == other.person
	return s.who.IdentityProvider() == other.who.IdentityProvider() && (known || s.who.Subject() == other.who.Subject())
}

// Begin opens a session for who. Each sign-in gets a handle of its own.
func (k Keeper) Begin(ctx context.Context, who validate.Identity) (Session, error) {
	if who.IsZero() {
		return Session{}, reason.New(reason.Internal, "session: nobody was verified")
	}
	h, err := newHandle(k.Rand)
	if err != nil {
		return Session{}, err
	}
	s := Session{handle: h, who: who, span: newSpan(k.Now(), who.SessionNotOnOrAfter())}
	s.seen = s.span.began
	key, err := h.derive("identity", s.span.bytes())
	if err != nil {
		return Session{}, err
	}
	box, err := who.Seal(key, k.Rand)
	if err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	row := Row{Kind: kindSession, Body: append(s.span.bytes(), box...), Expires: s.span.ends, Seen: s.span.began}
	if err := k.Rows.Put(ctx, h.row(), row); err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	return s, nil
}

// Get returns the session of a cookie's value and notes that it is in use.
func (k Keeper) Get(ctx context.Context, cookie string) (Session, error) {
	s, err := k.find(ctx, cookie)
	if err != nil {
		return Session{}, err
	}
	if s, err = k.stillSignedIn(ctx, s); err != nil {
		return Session{}, err
	}
	now := k.Now()
	if now.Sub(s.seen) < touchEvery {
		return s, nil
	}
	s.seen = now
	if err := k.Rows.Touch(ctx, s.handle.row(), now); err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	return s, nil
}

// Identity is who is signed in by a cookie's value, for a function that asks their
// identity provider for more and gives nothing: what is known of people beyond a sign-in
// it need not, and may not, read.
func (k Keeper) Identity(ctx context.Context, cookie string) (validate.Identity, error) {
	s, err := k.find(ctx, cookie)
	if err != nil {
		return validate.Identity{}, err
	}
	if _, since, err := k.since(ctx, s); err != nil || !s.counts(since) {
		return validate.Identity{}, cmp.Or(err, reason.New(reason.SessionMissing, "the person signed out at %s", since.UTC().Format(time.RFC3339)))
	}
	return s.who, nil
}

// find is the session of a cookie's value within its own limits.
func (k Keeper) find(ctx context.Context, cookie string) (Session, error) {
	h, err := parseHandle(cookie)
	if err != nil {
		return Session{}, err
	}
	row, err := k.Rows.Get(ctx, h.row())
	if err != nil {
		return Session{}, fmt.Errorf("session: %w", err)
	}
	s, err := open(h, row)
	if err != nil {
		return Session{}, err
	}
	if now := k.Now(); !now.Before(s.span.ends) || now.Sub(row.Seen) >= Idle {
		return Session{}, reason.New(reason.SessionMissing, "the session ended: it was last used at %s and lasted until %s at most", row.Seen.UTC().Format(time.RFC3339), s.span.ends.UTC().Format(time.RFC3339))
	}
	return s, nil
}

func open(h handle, row Row) (Session, error) {
	span, err := readSpan(row.Body)
	if row.Kind != kindSession || err != nil {
		return Session{}, reason.New(reason.SessionMissing, "the row is no session")
	}
	key, err := h.derive("identity", span.bytes())
	if err != nil {
		return Session{}, err
	}
	who, err := validate.Unseal(key, row.Body[spanSize:])
	if err != nil {
		return Session{}, reason.New(reason.SessionMissing, "the row was changed or is not of this handle: %w", err)
	}
	return Session{handle: h, who: who, span: span, seen: row.Seen}, nil
}

// End ends s for good, and forgets the token of its sign-in where there may be one.
func (k Keeper) End(ctx context.Context, s Session) error {
	if err := k.Rows.Delete(ctx, s.handle.row()); err != nil {
		return fmt.Errorf("session: %w", err)
	}
	return k.forgetToken(ctx, s)
}

func (k Keeper) forgetToken(ctx context.Context, s Session) error {
	if !k.Now().Before(s.who.TokenEnds()) {
		return nil
	}
	if err := k.Rows.Delete(ctx, s.handle.tokenRow()); err != nil {
		return fmt.Errorf("session: token: %w", err)
	}
	return nil
}

// span is when a session began and when it ends. It stands in the row before
// the sealed identity and goes into its key, so that it cannot be changed.
type span struct{ began, ends time.Time }

const spanSize = 16

// newSpan ends at the earliest of ours and the identity provider's
// SessionNotOnOrAfter (saml-core 2.7.2).
func newSpan(now, notOnOrAfter time.Time) span {
	ends := now.Add(Absolute)
	if !notOnOrAfter.IsZero() && notOnOrAfter.Before(ends) {
		ends = notOnOrAfter
	}
	return span{now, ends}
}

func (s span) bytes() []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, spanSize), unix(s.began))
	return binary.BigEndian.AppendUint64(b, unix(s.ends))
}

func readSpan(body []byte) (span, error) {
	if len(body) < spanSize {
		return span{}, reason.New(reason.SessionMissing, "the row is too short")
	}
	return span{
		fromUnix(binary.BigEndian.Uint64(body)),
		fromUnix(binary.BigEndian.Uint64(body[8:spanSize])),
	}, nil
}

// unix keeps the nanosecond: a person who signs out and at once in again is
// signed in.
func unix(t time.Time) uint64 { return uint64(t.UnixNano()) }

func fromUnix(u uint64) time.Time { return time.Unix(0, int64(u)) } //nolint:gosec // the bits that unix wrote

// hashOf is SHA-256 over a label and a value; the label keeps one kind's keys
// apart from another's.
func hashOf(label, value string) [32]byte { return sha256.Sum256([]byte(label + "\x00" + value)) }

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
