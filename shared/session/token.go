package session

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// How long an ID token must be good for yet: when it comes with a sign-in that was begun
// for it, and when STS is to be shown it. The first is longer: what a sign-in brings is
// then good enough for what it was begun for, and nobody is sent to sign in again and
// again.
const (
	TokenComes = 30 * time.Second
	TokenGoes  = 10 * time.Second
)

// Token is the ID token of a sign-in, kept so that STS can be shown it once more. It
// prints as [redacted]. The zero value is none. How long it may be is the guard's to
// say, which believes no longer one than STS takes.
type Token struct {
	text string
	ends time.Time
}

// NewToken is a token that is over at this time.
func NewToken(compact string, ends time.Time) Token { return Token{compact, ends} }

// Format keeps the token out of every %-verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// IsZero says that there is nothing to show.
func (t Token) IsZero() bool { return t.text == "" }

// Outlasts says whether there is a token that is still good then.
func (t Token) Outlasts(then time.Time) bool { return !t.IsZero() && then.Before(t.ends) }

// Reveal is the token itself, for STS alone.
func (t Token) Reveal() string { return t.text }

// Keep keeps the token of the sign-in that s was begun by, for as long as both last.
//
// Why in a row of its own: it is read where a role is taken that needs it, and not with
// each page, and the table forgets it when it is over, hours before the session. What
// reads sessions alone, a function of an earlier version too, reads them as before.
func (k Keeper) Keep(ctx context.Context, s Session, token Token) error {
	now, until := k.Now(), s.span.ends
	if token.ends.Before(until) {
		until = token.ends
	}
	if token.IsZero() || !now.Before(until) {
		return nil
	}
	ends := binary.BigEndian.AppendUint64(nil, unix(token.ends))
	key, err := s.tokenKey(ends)
	if err != nil {
		return err
	}
	box, err := seal(key, token.text, k.Rand)
	if err != nil {
		return err
	}
	row := Row{Kind: kindToken, Body: append(ends, box...), Expires: until, Seen: now}
	if err := k.Rows.Put(ctx, s.handle.tokenRow(), row); err != nil {
		return fmt.Errorf("session: token: %w", err)
	}
	return nil
}

// Token is what was kept of the sign-in that s was begun by, the zero value where
// nothing was or where it is over.
func (k Keeper) Token(ctx context.Context, s Session) (Token, error) {
	row, err := k.Rows.Get(ctx, s.handle.tokenRow())
	if reason.Of(err) == reason.SessionMissing {
		return Token{}, nil
	}
	if err != nil {
		return Token{}, fmt.Errorf("session: token: %w", err)
	}
	const endsSize = 8
	if row.Kind != kindToken || len(row.Body) < endsSize {
		return Token{}, reason.New(reason.SessionMissing, "the row is no token")
	}
	ends := row.Body[:endsSize]
	key, err := s.tokenKey(ends)
	if err != nil {
		return Token{}, err
	}
	text, err := unseal(key, row.Body[endsSize:])
	if err != nil {
		return Token{}, err
	}
	return Token{text, fromUnix(binary.BigEndian.Uint64(ends))}, nil
}

func (h handle) tokenRow() [32]byte { return hashOf("fc-sso session id token", string(h[:])) }

// tokenKey is of this session, its beginning and end, and of the token's end.
func (s Session) tokenKey(ends []byte) ([32]byte, error) {
	return s.handle.derive("id token", append(s.span.bytes(), ends...))
}

const boxLabel = "fc-sso id token 1"

// seal encrypts text with AES-256-GCM, by a key that seals one box.
func seal(key [32]byte, text string, random io.Reader) ([]byte, error) {
	aead, err := sealer(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	if _, err := io.ReadFull(random, nonce); err != nil {
		return nil, fmt.Errorf("session: token: randomness: %w", err)
	}
	return aead.Seal(nonce, nonce, []byte(text), []byte(boxLabel)), nil
}

func unseal(key [32]byte, box []byte) (string, error) {
	aead, err := sealer(key)
	if err != nil {
		return "", err
	}
	if len(box) < aead.NonceSize() {
		return "", reason.New(reason.SessionMissing, "the sealed token is cut short")
	}
	text, err := aead.Open(nil, box[:aead.NonceSize()], box[aead.NonceSize():], []byte(boxLabel))
	if err != nil {
		return "", reason.New(reason.SessionMissing, "the sealed token was changed or is not of this session: %w", err)
	}
	return string(text), nil
}

func sealer(key [32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, fmt.Errorf("session: token: %w", err)
	}
	return cipher.NewGCM(block)
}
