package bearer

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"strings"
	"testing"
	"time"
)

func made(t *testing.T, idp string) (string, Token) {
	t.Helper()
	secret, token, err := New(rand.Reader, idp, "LTAI", time.Unix(1_800_000_000, 5))
	if err != nil {
		t.Fatal(err)
	}
	return secret.Reveal(), token
}

func TestATokenSaysWhoseItIs(t *testing.T) {
	for _, idp := range []string{"okta", "a", "entra_prod-2"} {
		text, token := made(t, idp)
		got, ok := IdP(text)
		if got != idp || !ok || token.SHA256 != Digest(text) || token.By != "LTAI" || !token.Since.Equal(time.Unix(1_800_000_000, 0)) {
			t.Errorf("%s: %q %v %+v", idp, got, ok, token)
		}
		if printed := fmt.Sprintf("%v %+v", token, token); strings.Contains(printed, text[len(text)-20:]) {
			t.Errorf("%s", printed)
		}
	}
	secret := strings.Repeat("A", secrets)
	for _, text := range []string{"", "scim_", "scim__" + secret, "scim_okta" + secret, "okta_" + secret, "scim_okta_" + secret[1:], secret} {
		if idp, ok := IdP(text); ok && idp != "" && idp != "okta_"[:4] {
			t.Errorf("%q is of %q", text, idp)
		}
	}
	if _, _, err := New(bytes.NewReader(nil), "okta", "", time.Now()); err == nil {
		t.Error("a token without randomness")
	}
}

// TestEveryTokenCostsTheSameWork counts: a right one, a wrong one, one for an identity
// provider with one token, and one where there is none.
func TestEveryTokenCostsTheSameWork(t *testing.T) {
	first, one := made(t, "okta")
	second, two := made(t, "okta")
	stranger, _ := made(t, "okta")
	for name, c := range map[string]struct {
		tokens Tokens
		shown  string
		want   bool
	}{
		"the first": {Tokens{one, two}, first, true}, "the second": {Tokens{one, two}, second, true}, "another": {Tokens{one, two}, stranger, false},
		"the only": {Tokens{one}, first, true}, "not the only": {Tokens{one}, second, false}, "none": {nil, first, false}, "nothing": {Tokens{one, two}, "", false},
		"a short digest": {Tokens{{SHA256: one.SHA256[:10]}}, first, false}, "an empty one": {Tokens{{}}, first, false},
	} {
		compared := 0
		got := c.tokens.holds(c.shown, func(a, b []byte) int {
			compared++
			return subtle.ConstantTimeCompare(a, b)
		})
		if got != c.want || compared != Most || c.tokens.Holds(c.shown) != c.want {
			t.Errorf("%s: %v after %d comparisons", name, got, compared)
		}
	}
}

func TestTokensAreKeptAsDigests(t *testing.T) {
	text, one := made(t, "okta")
	_, two := made(t, "okta")
	tokens, _ := Tokens(nil).With(one)
	tokens, ok := tokens.With(two)
	if _, third := tokens.With(one); !ok || third {
		t.Errorf("%v: a third token", ok)
	}
	row, err := tokens.Row()
	if err != nil || strings.Contains(string(row), text[10:]) {
		t.Errorf("%s, %v", row, err)
	}
	back, err := Parse(row)
	if err != nil || !back.Holds(text) || len(back.Without(one.SHA256[:12])) != 1 || back.Without(one.SHA256[:12]).Holds(text) || len(back.Without("")) != 0 {
		t.Errorf("%+v, %v", back, err)
	}
	if none, err := Parse(nil); len(none) > 0 || err != nil {
		t.Errorf("%v %v", none, err)
	}
	for _, bad := range []string{"x", "{}", `{"v":2}`, `{"v":1,"tokens":[{},{},{}]}`} {
		if tokens, err := Parse([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", bad, tokens)
		}
	}
}
