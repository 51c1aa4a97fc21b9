// Package bearer knows the tokens by which identity providers push people to us.
//
// In: a token as somebody shows it, and the row of what was given to an identity
// provider. Out: whose token it says it is, and whether it is one of theirs. Refused:
// everything else, with the same work whether there is such an identity provider, a token
// of it, or none.
//
// A token has 256 random bits and its SHA-256 alone is kept, so that who reads the store
// can show none. Nobody is locked out for guessing: it would take longer than there is,
// and a lock would let strangers keep leavers in.
package bearer

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// Most is how many tokens an identity provider has at once: one, and the next one until
// it has taken the other's place.
const Most = 2

const (
	prefix  = "scim_"
	secrets = 43 // of 32 bytes in base64url
	version = 1
)

// Token is a token that was given, by its digest.
type Token struct {
	SHA256 string    `json:"sha256"` // in hex
	Since  time.Time `json:"since"`
	By     string    `json:"by"` // whose access key made it
}

// Tokens are those of one identity provider, the oldest first.
type Tokens []Token

// New makes a token for an identity provider. It is shown once.
func New(random io.Reader, idp string, by string, now time.Time) (ram.Secret, Token, error) {
	secret := make([]byte, 32)
	if _, err := io.ReadFull(random, secret); err != nil {
		return "", Token{}, fmt.Errorf("a token: %w", err)
	}
	text := prefix + idp + "_" + base64.RawURLEncoding.EncodeToString(secret)
	return ram.Secret(text), Token{Digest(text), now.UTC().Truncate(time.Second), by}, nil
}

// Digest is the SHA-256 of a token in hex, by which it is told of.
func Digest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// IdP is whose token it says it is; false for what cannot be one.
func IdP(token string) (string, bool) {
	rest, ok := strings.CutPrefix(token, prefix)
	at := len(rest) - secrets - 1
	if !ok || at < 1 || rest[at] != '_' {
		return "", false
	}
	return rest[:at], true
}

// Holds says whether a token is one of these. It hashes and compares as often whether
// there are two, one or none.
func (t Tokens) Holds(token string) bool { return t.holds(token, subtle.ConstantTimeCompare) }

func (t Tokens) holds(token string, compare func(a, b []byte) int) bool {
	shown, found := Digest(token), 0
	for i := range Most {
		known, there := strings.Repeat("0", sha256.Size*2), 0
		if i < len(t) {
			known, there = t[i].SHA256, 1
		}
		found |= compare([]byte(known), []byte(shown)) & there
	}
	return found == 1
}

// With are the tokens with another one; false where there are as many as may be.
func (t Tokens) With(one Token) (Tokens, bool) {
	if len(t) >= Most {
		return t, false
	}
	return append(slices.Clone(t), one), true
}

// Without are the tokens but those whose digests begin so; "" begins all.
func (t Tokens) Without(digest string) Tokens {
	return slices.DeleteFunc(slices.Clone(t), func(one Token) bool { return strings.HasPrefix(one.SHA256, digest) })
}

type row struct {
	V      int    `json:"v"`
	Tokens Tokens `json:"tokens"`
}

// Row is how tokens are stored.
func (t Tokens) Row() ([]byte, error) { return json.Marshal(row{version, t}) }

// Parse reads a stored row; no row is no tokens.
func Parse(body []byte) (Tokens, error) {
	if len(body) == 0 {
		return nil, nil
	}
	var r row
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, fmt.Errorf("the tokens of an identity provider: %w", err)
	}
	if r.V != version || len(r.Tokens) > Most {
		return nil, fmt.Errorf("the tokens of an identity provider are %d, of version %d; this reads at most %d, of version %d", len(r.Tokens), r.V, Most, version)
	}
	return r.Tokens, nil
}
