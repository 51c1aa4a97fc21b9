package session

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// PendingFor is how long a person may take at the identity provider.
const PendingFor = 10 * time.Minute

// relayPrefix marks a RelayState as ours: identity providers send words of
// their own with a sign-in that they begin.
const relayPrefix = "sso_"

// Wish is what a sign-in is begun for.
type Wish struct {
	IdP string
	To  string // own path to open afterwards
	// Direct says that the person wished for this sign-in, not a foreign page's link:
	// To may open without asking again, and an earlier session be replaced.
	Direct bool
	// ACR and MaxAge are what the sign-in is to prove, where it was begun for
	// that: one of these classes, no longer ago than this. None, 0: nothing.
	ACR    []string
	MaxAge time.Duration
	// Token says that it is to bring an ID token that STS can be shown.
	Token bool
}

// Pending is a sign-in under way.
type Pending struct {
	Wish
	RequestID  string // of our AuthnRequest
	RelayState string
}

// pendingRow is the row's body. Nothing in it is secret, and nothing can be done
// with it without the RelayState and the browser's cookie.
type pendingRow struct {
	IdP       string        `json:"idp"`
	To        string        `json:"to"`
	Direct    bool          `json:"direct,omitempty"`
	ACR       []string      `json:"acr,omitempty"`
	MaxAge    time.Duration `json:"max_age,omitempty"`
	Token     bool          `json:"token,omitempty"`
	RequestID string        `json:"request_id"`
	Browser   string        `json:"browser"` // SHA-256
}

// Expect notes that browser goes to sign in, and gives what the answer will be
// recognised by.
func (k Keeper) Expect(ctx context.Context, wish Wish, browser Browser) (Pending, error) {
	var secret [32]byte
	var id [20]byte
	for _, b := range [][]byte{secret[:], id[:]} {
		if _, err := io.ReadFull(k.Rand, b); err != nil {
			return Pending{}, fmt.Errorf("pending sign-in: randomness: %w", err)
		}
	}
	// An ID must not begin with a digit (xs:ID).
	p := Pending{wish, "_" + hex.EncodeToString(id[:]), relayPrefix + encode(secret[:])}
	body, err := json.Marshal(pendingRow{wish.IdP, wish.To, wish.Direct, wish.ACR, wish.MaxAge, wish.Token, p.RequestID, browser.hash()})
	if err != nil {
		return Pending{}, fmt.Errorf("pending sign-in: %w", err)
	}
	now := k.Now()
	row := Row{Kind: kindPending, Body: body, Expires: now.Add(PendingFor), Seen: now}
	if err := k.Rows.Put(ctx, relayKey(p.RelayState), row); err != nil {
		return Pending{}, fmt.Errorf("pending sign-in: %w", err)
	}
	return p, nil
}

// IsRelayState says whether a RelayState is one of ours.
func IsRelayState(s string) bool {
	return strings.HasPrefix(s, relayPrefix) && len(s) == len(relayPrefix)+43
}

// Pending finds the sign-in of a RelayState, for the browser that began it alone.
// It does not use it up: the guard does, as the last of its checks, or [Pending.Use].
func (k Keeper) Pending(ctx context.Context, relayState string, browser Browser) (Pending, error) {
	row, err := k.Rows.Get(ctx, relayKey(relayState))
	if reason.Of(err) == reason.SessionMissing || err == nil && row.Kind != kindPending {
		return Pending{}, reason.New(reason.SignInUnknown, "no sign-in is under way for this RelayState")
	}
	if err != nil {
		return Pending{}, fmt.Errorf("pending sign-in: %w", err)
	}
	var body pendingRow
	if err := json.Unmarshal(row.Body, &body); err != nil {
		return Pending{}, fmt.Errorf("pending sign-in: %w", err)
	}
	if !k.Now().Before(row.Expires) {
		return Pending{}, reason.New(reason.SignInUnknown, "the sign-in was begun more than %s ago", PendingFor)
	}
	if browser.IsZero() || subtle.ConstantTimeCompare([]byte(body.Browser), []byte(browser.hash())) != 1 {
		return Pending{}, reason.New(reason.SignInOtherBrowser, "the cookie %s is absent or another than at the login", BrowserCookie)
	}
	return Pending{Wish{body.IdP, body.To, body.Direct, body.ACR, body.MaxAge, body.Token}, body.RequestID, relayState}, nil
}

// Secret is text of 256 bits for one purpose of this sign-in, which nobody can tell
// but its browser, on its way back. None of it is stored.
//
// Two things make it. The RelayState is of this sign-in alone, but stands in
// addresses: of the identity provider, in a browser's history, in a proxy's log; who
// reads the answer's address must not have with the code what the code is good with
// (RFC 7636). The browser's cookie stands in none of them. And who reads the table
// has a hash of each.
func (p Pending) Secret(browser Browser, purpose string) (string, error) {
	if browser.IsZero() || !IsRelayState(p.RelayState) {
		return "", reason.New(reason.Internal, "pending sign-in: no secret without a browser and its RelayState")
	}
	b, err := hkdf.Key(sha256.New, []byte(browser.id), []byte(p.RelayState), "fc-sso sign-in "+purpose, 32)
	if err != nil {
		return "", fmt.Errorf("pending sign-in: %s: %w", purpose, err)
	}
	return encode(b), nil
}

// Use uses the sign-in up, where the guard does not: the first that comes with it
// goes on, also of several at once.
func (p Pending) Use(ctx context.Context, nonces Nonces, now time.Time) error {
	return nonces.Use(ctx, hashOf("fc-sso sign-in used", p.RelayState), now.Add(PendingFor))
}

// Nonces remembers what was used: store.Nonces.
type Nonces interface {
	Use(ctx context.Context, key [32]byte, expires time.Time) error
}

func relayKey(relayState string) [32]byte { return hashOf("fc-sso relay state", relayState) }
