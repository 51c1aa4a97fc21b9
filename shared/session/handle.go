package session

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// handle is the secret that a browser holds: whoever has it is signed in.
type handle [32]byte

// Format keeps the handle out of every %-verb. [Session] has one too: fmt does not
// ask an unexported field how it wants to be printed.
func (handle) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

func newHandle(random io.Reader) (handle, error) {
	var h handle
	if _, err := io.ReadFull(random, h[:]); err != nil {
		return handle{}, fmt.Errorf("session: randomness: %w", err)
	}
	return h, nil
}

// parseHandle is strict, so that a session has one spelling.
func parseHandle(cookie string) (handle, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(cookie)
	if err != nil || len(b) != len(handle{}) {
		return handle{}, reason.New(reason.SessionMissing, "the cookie is no session handle")
	}
	return handle(b), nil
}

func (h handle) row() [32]byte { return hashOf("fc-sso session", string(h[:])) }

// derive gives a key for one purpose (RFC 5869); context binds it to more.
func (h handle) derive(purpose string, context []byte) ([32]byte, error) {
	b, err := hkdf.Key(sha256.New, h[:], nil, "fc-sso session "+purpose+"\x00"+string(context), 32)
	if err != nil {
		return [32]byte{}, fmt.Errorf("session: key: %w", err)
	}
	return [32]byte(b), nil
}

// Token proves that a form or a link was made by us for this session and this
// purpose. It need not be stored, and says nothing about the handle.
func (s Session) Token(purpose string) (string, error) {
	token, err := s.mac(purpose)
	return encode(token), err
}

func (s Session) mac(purpose string) ([]byte, error) {
	key, err := s.handle.derive("token", nil)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(purpose))
	return mac.Sum(nil), nil
}

// Masked is [Session.Token] under a mask of its own each time it is written. A page that
// is compressed tells by its length where it repeats itself: what an attacker has put
// there beside a token that stays the same would find that out letter by letter (BREACH).
func (s Session) Masked(purpose string, random io.Reader) (string, error) {
	token, err := s.mac(purpose)
	if err != nil {
		return "", err
	}
	masked := make([]byte, 2*len(token))
	mask, covered := masked[:len(token)], masked[len(token):]
	if _, err := io.ReadFull(random, mask); err != nil {
		return "", fmt.Errorf("session: token: randomness: %w", err)
	}
	subtle.XORBytes(covered, mask, token)
	return encode(masked), nil
}

// ErrOtherSession is in the refusal of a token that looks like one of ours, and may be of
// a session before this one. That it is, nobody can say: its handle is gone.
var ErrOtherSession = errors.New("it may be of another session")

// CheckToken refuses a token that neither [Session.Token] nor [Session.Masked] made for
// this session and purpose.
func (s Session) CheckToken(purpose, token string) error {
	want, err := s.mac(purpose)
	if err != nil {
		return err
	}
	got, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err == nil && len(got) == 2*len(want) {
		subtle.XORBytes(got, got[:len(want)], got[len(want):])
		got = got[:len(want)]
	}
	switch {
	case err != nil || len(got) != len(want):
		return reason.New(reason.RequestForged, "the token is none that we make")
	case !hmac.Equal(want, got):
		return reason.New(reason.RequestForged, "the token is not of this session and of %q: %w", purpose, ErrOtherSession)
	}
	return nil
}
