package validate_test

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// respelling is another text for what was signed once.
type respelling struct {
	name   string
	of     string // the algorithm; "" for any
	change func(input string, signature []byte) string
	want   reason.Code
}

func respellings() []respelling {
	text := func(change func(encoded string) string) func(string, []byte) string {
		return func(input string, signature []byte) string {
			return input + "." + change(base64.RawURLEncoding.EncodeToString(signature))
		}
	}
	octets := func(change func(signature []byte) []byte) func(string, []byte) string {
		return func(input string, signature []byte) string {
			return input + "." + base64.RawURLEncoding.EncodeToString(change(slices.Clone(signature)))
		}
	}
	return []respelling{
		{"itself", "", text(strings.Clone), reason.Replayed},
		{"a line break in it", "", text(func(s string) string { return s[:20] + "\n" + s[20:] }), reason.TokenMalformed},
		{"a line break behind it", "", text(func(s string) string { return s + "\r\n" }), reason.TokenMalformed},
		{"padding", "", text(func(s string) string { return s + "==" }), reason.TokenMalformed},
		{"trailing bits", "", text(trailingBits), reason.TokenMalformed},
		{"a blank", "", text(func(s string) string { return s + " " }), reason.TokenMalformed},
		{"a fourth part", "", text(func(s string) string { return s + "." }), reason.TokenMalformed},
		{"a byte more", "", octets(func(s []byte) []byte { return append([]byte{0}, s...) }), reason.SignatureInvalid},
		{"a byte behind it", "", octets(func(s []byte) []byte { return append(s, 0) }), reason.SignatureInvalid},
		{"as JSON", "", func(input string, signature []byte) string {
			header, payload, _ := strings.Cut(input, ".")
			return fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, header, payload, base64.RawURLEncoding.EncodeToString(signature))
		}, reason.TokenMalformed},
		{"the twin of ECDSA", "ES256", octets(ecdsaTwin), reason.Replayed}, // r and n-s: whoever has the first can make it
		{"r and s in DER", "ES256", octets(inDER), reason.SignatureInvalid},
		{"halves with a zero before", "ES256", octets(func(s []byte) []byte { return slices.Concat([]byte{0}, s[:32], []byte{0}, s[32:]) }), reason.SignatureInvalid},
		{"the twin of Ed25519", "EdDSA", octets(edwardsTwin), reason.SignatureInvalid},
	}
}

func trailingBits(encoded string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	end := len(encoded) - 1
	return encoded[:end] + alphabet[strings.IndexByte(alphabet, encoded[end])^1:][:1]
}

func ecdsaTwin(signature []byte) []byte {
	order := p256Order()
	order.Sub(order, new(big.Int).SetBytes(signature[32:])).FillBytes(signature[32:])
	return signature
}

func inDER(signature []byte) []byte {
	der, _ := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])})
	return der
}

// TestNoRespellingOfAUsedTokenIsBelieved: it is a replay, or no token at all.
func TestNoRespellingOfAUsedTokenIsBelieved(t *testing.T) {
	for _, algorithm := range []string{"RS256", "PS256", "ES256", "EdDSA"} {
		for _, jti := range []any{"one", nil, 1} {
			issuer := validatetest.NewIssuer(t).By(algorithm)
			token := issuer.Token(map[string]any{"jti": jti})
			guard, record := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}, issuer.Record()
			if _, err := guard.Token(t.Context(), record, validate.TokenWant{}, token); err != nil {
				t.Fatal(err)
			}
			end := strings.LastIndexByte(token, '.')
			signature, err := base64.RawURLEncoding.DecodeString(token[end+1:])
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range respellings() {
				if r.of != "" && r.of != algorithm {
					continue
				}
				if _, err := guard.Token(t.Context(), record, validate.TokenWant{}, r.change(token[:end], signature)); reason.Of(err) != r.want {
					t.Errorf("%s, jti %v, %s: %v, want %s", algorithm, jti, r.name, err, r.want)
				}
			}
		}
	}
}

// TestATokenSignedAnewIsAReplayByItsJTI: only the issuer can; it says that both are
// one.
func TestATokenSignedAnewIsAReplayByItsJTI(t *testing.T) {
	issuer := validatetest.NewIssuer(t).By("ES256")
	guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
	for i, changes := range []map[string]any{nil, nil, {"sub": "repo:acme/shop:pull_request"}, {"exp": seconds(200)}} {
		if _, err := guard.Token(t.Context(), issuer.Record(), validate.TokenWant{}, issuer.Token(changes)); (err == nil) != (i == 0) || i > 0 && reason.Of(err) != reason.Replayed {
			t.Errorf("%v: %v", changes, err)
		}
	}
}

// recordOf is a record of an issuer of this name, with the key of who signs for it.
func recordOf(t *testing.T, name string, signer validatetest.Issuer) trust.Record {
	t.Helper()
	source, learned := validatetest.TokenSource(), signer.Learned(signer.Key(nil))
	source.OIDC.Issuer, learned.Issuer = name, name
	return validatetest.IssuerRecord(t, source, learned)
}

// TestAKidAndAJTIAreTheirIssuersOwn: two issuers may use the same ones.
func TestAKidAndAJTIAreTheirIssuersOwn(t *testing.T) {
	const elsewhere = "https://else.example"
	one, two := validatetest.NewIssuer(t), validatetest.OtherIssuer(t) // both sign as kid "one"
	first, second := recordOf(t, validatetest.IssuerURL, one), recordOf(t, elsewhere, two)
	guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
	for _, c := range []struct {
		name   string
		signer validatetest.Issuer
		iss    string
		record trust.Record
		want   reason.Code
	}{
		{"the second's key for the first", two, validatetest.IssuerURL, first, reason.SignatureInvalid},
		{"the first's key for the second", one, elsewhere, second, reason.SignatureInvalid},
		{"the second's token before the first's record", two, elsewhere, first, reason.IssuerMismatch},
		{"the first's token", one, validatetest.IssuerURL, first, ""},
		{"the second's with the same jti", two, elsewhere, second, ""},
		{"the second's again", two, elsewhere, second, reason.Replayed},
	} {
		_, err := guard.Token(t.Context(), c.record, validate.TokenWant{}, c.signer.Token(map[string]any{"iss": c.iss}))
		if (err == nil) != (c.want == "") || err != nil && reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// TestNamesThatDifferByCaseAreOthers: decoding into a Go struct takes each of them
// for the claim itself.
func TestNamesThatDifferByCaseAreOthers(t *testing.T) {
	who := validatetest.NewIssuer(t).Workload(map[string]any{
		"SUB": "admin", "Sub": "admin", "\u017fub": "admin", "ISS": "https://else.example", "i\u017fs": "https://else.example", "AUD": "else",
		"EXP": 1, "NBF": seconds(900), "IAT": 1, "NONCE": "n", "REPOSITORY": "acme/keys", "Repo\u017fitory": "acme/keys",
	})
	if who.Subject() != "repo:acme/shop:ref:refs/heads/main" || strings.Join(who.Attribute("repository"), " ") != "acme/shop" || strings.Join(who.Attribute("sub"), " ") != who.Subject() {
		t.Errorf("%q, %q", who.Subject(), who.Attribute("repository"))
	}
}

// TestTheHashOfTheAccessTokenIsTheSignatures (OpenID Connect Core 3.1.3.8): half of
// the hash that alg names.
func TestTheHashOfTheAccessTokenIsTheSignatures(t *testing.T) {
	short, middle, long := sha256.Sum256([]byte("access")), sha512.Sum384([]byte("access")), sha512.Sum512([]byte("access"))
	for algorithm, half := range map[string][]byte{"RS256": short[:16], "PS256": short[:16], "ES256": short[:16], "ES384": middle[:24], "RS384": middle[:24], "PS512": long[:32], "EdDSA": long[:32]} {
		issuer := validatetest.NewIssuer(t).By(algorithm)
		for name, hash := range map[string][]byte{"its own": half, "no hash": nil, "another": append([]byte{1}, half[1:]...), "another's": middle[:16]} {
			token := issuer.Token(map[string]any{"aud": validatetest.ClientID, "nonce": "n", "at_hash": base64.RawURLEncoding.EncodeToString(hash)})
			guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
			_, err := guard.Token(t.Context(), issuer.Record(validatetest.ForLogin), validate.TokenWant{Login: true, Nonce: "n", AccessToken: "access"}, token)
			if (err == nil) != (name == "its own") || err != nil && reason.Of(err) != reason.AccessTokenMismatch {
				t.Errorf("%s, %s: %v", algorithm, name, err)
			}
		}
	}
}
