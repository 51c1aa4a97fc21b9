// Package jose reads JSON Web Signatures and the keys that verify them.
//
// In: the compact form of a token, and JSON Web Keys. Out: a [Token], whose claims
// are what the signed bytes say and nothing else, once [Key.Verify] has held.
// Refused: every second way to spell the same thing. Base64 with padding, line
// breaks or bits to spare; members that stand twice, at any depth; names that
// differ from what is asked for by case; text that is no UTF-8; numbers that no
// reader agrees on; critical headers; and algorithms that do not follow from the
// key.
//
// Why a reader of our own before golang-jwt: that one, like every library tried,
// takes dozens of tokens that RFC 7515, 7519 and 8725 say to refuse, and what two
// readers understand differently is how one token is used twice. Its verification
// of signatures is right, and used.
package jose

import (
	"encoding/base64"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Limits of a token. STS takes 20,000 characters, and no identity provider that is
// known sends more.
const (
	MaxToken  = 20_000
	MinToken  = 16
	maxHeader = 4096
)

// Token is a JSON Web Signature in its compact form, read and not believed.
type Token struct {
	Algorithm string
	KeyID     string // "" where none is named
	HasKeyID  bool
	Type      string // typ, as it was written

	signed    string // header and payload, as they came
	signature []byte
	claims    Object
}

// Parse reads a token (RFC 7515 section 5.2, RFC 7519 section 7.2).
func Parse(compact string) (Token, error) {
	if len(compact) < MinToken || len(compact) > MaxToken {
		return Token{}, reason.New(reason.TokenMalformed, "the token has %d characters, not %d to %d", len(compact), MinToken, MaxToken)
	}
	head, rest, _ := strings.Cut(compact, ".")
	body, signature, three := strings.Cut(rest, ".")
	if !three || strings.Contains(signature, ".") {
		return Token{}, reason.New(reason.TokenMalformed, "the token has %d parts, a signed one has 3", strings.Count(compact, ".")+1)
	}
	header, err := readObject("header", head, maxHeader)
	if err != nil {
		return Token{}, err
	}
	token, err := readHeader(header)
	if err != nil {
		return Token{}, err
	}
	token.signed = compact[:len(head)+1+len(body)]
	if token.claims, err = readObject("payload", body, MaxToken); err != nil {
		return Token{}, err
	}
	if token.signature, err = part("signature", signature, MaxToken, nil); err != nil {
		return Token{}, err
	}
	return token, nil
}

// Claims are what the payload says. Nobody may believe them before a key of the
// issuer has verified the token.
func (t Token) Claims() Object { return t.claims }

// SigningInput is what the signature covers: header and payload, as they came. It
// names a token, for the signature itself can be spelled in more than one way.
func (t Token) SigningInput() string { return t.signed }

// readObject reads header or payload. Most of them pass through the stack.
func readObject(name, text string, most int) (Object, error) {
	var room [1536]byte
	data, err := part(name, text, most, room[:0])
	if err != nil {
		return Object{}, err
	}
	o, err := ParseObject(data)
	if err != nil {
		return Object{}, reason.New(reason.TokenMalformed, "the %s: %w", name, err)
	}
	return o, nil
}

// part decodes base64url in its one spelling (RFC 7515 section 2): Go's decoder
// skips line breaks, also where it is strict.
func part(name, text string, most int, room []byte) ([]byte, error) {
	if text == "" || len(text) > most || broken(text) {
		return nil, reason.New(reason.TokenMalformed, "the %s has %d characters, or a line break", name, len(text))
	}
	data, err := base64.RawURLEncoding.Strict().AppendDecode(room, []byte(text))
	if err != nil {
		return nil, reason.New(reason.TokenMalformed, "the %s is not base64url as RFC 7515 has it: %w", name, err)
	}
	return data, nil
}

func broken(text string) bool {
	return strings.IndexByte(text, '\n') >= 0 || strings.IndexByte(text, '\r') >= 0
}

// readHeader takes what we need. Keys that a header brings along (jwk, jku, x5c,
// x5u) are nobody's: they are not looked at (RFC 8725 section 3.10).
func readHeader(header Object) (t Token, err error) {
	for _, name := range []string{"crit", "b64", "zip", "enc"} {
		if header.Has(name) {
			return Token{}, reason.New(reason.TokenMalformed, "the header has %s, which no ID token needs and we do not understand", name)
		}
	}
	var ok bool
	if t.Algorithm, ok = header.Text("alg"); !ok {
		return Token{}, reason.New(reason.TokenMalformed, "the header names no algorithm")
	}
	t.HasKeyID = header.Has("kid")
	if t.KeyID, ok = header.Text("kid"); t.HasKeyID && !ok {
		return Token{}, reason.New(reason.TokenMalformed, "kid is no text")
	}
	t.Type, err = readType(header)
	return t, err
}

// readType refuses what says to be another kind of token: an access token or a
// logout token with our audience must not sign anybody in (RFC 8725 section 3.11).
func readType(header Object) (string, error) {
	if !header.Has("typ") {
		return "", nil
	}
	kind, ok := header.Text("typ")
	if !ok {
		return "", reason.New(reason.TokenMalformed, "typ is no text")
	}
	if !strings.EqualFold(kind, "JWT") && !strings.EqualFold(kind, "application/jwt") {
		return "", reason.New(reason.TokenType, "the token is of type %.80q, an ID token is a JWT", kind)
	}
	return kind, nil
}
