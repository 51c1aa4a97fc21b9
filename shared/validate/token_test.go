package validate_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// tokenAttack makes one vector of testdata/oidc: a good token, but for one thing.
type tokenAttack struct {
	name, expect, why string

	claims  map[string]any // changed; nil takes one away
	header  map[string]any
	payload func(json string) string // the text of the claims
	token   func(i validatetest.Issuer, good string) string
	issuer  func(validatetest.Issuer) validatetest.Issuer
	source  func(*trust.Source)
	keys    func(i validatetest.Issuer) []json.RawMessage
	retires time.Duration // when all its keys were replaced; 0: they were not
	want    validate.TokenWant
	post    int
}

func seconds(after int64) int64 { return validatetest.Now().Unix() + after }

func tokenAttacks() []tokenAttack {
	return slices.Concat(honestTokens(), spelledTokens(), headerTokens(), signatureTokens(), claimTokens(), dateTokens(), loginTokens(), replayedTokens())
}

func honestTokens() []tokenAttack {
	edwards := func(i validatetest.Issuer) validatetest.Issuer { return i.By("EdDSA") }
	return []tokenAttack{
		{name: "good-github", expect: "verified", why: "a workflow's token"},
		{name: "good-aud-list", expect: "verified", why: "aud may be a list (RFC 7519 4.1.3)", claims: map[string]any{"aud": []string{"https://else.example", validatetest.Audience}}},
		{name: "good-no-jti", expect: "verified", why: "panva and zitadel send none", claims: map[string]any{"jti": nil}},
		{name: "good-no-nbf", expect: "verified", why: "nbf is optional", claims: map[string]any{"nbf": nil}},
		{name: "good-no-typ", expect: "verified", why: "Kubernetes sends none", header: map[string]any{"typ": nil}},
		{name: "good-typ-lower-case", expect: "verified", why: "a media type has no case", header: map[string]any{"typ": "jwt"}},
		{name: "good-no-kid", expect: "verified", why: "with no kid every key that fits is tried", header: map[string]any{"kid": nil}},
		{name: "good-x5t", expect: "verified", why: "Entra ID sends x5t; headers that we do not know mean nothing (RFC 7515 4)", header: map[string]any{"x5t": "abc"}},
		{name: "good-azp", expect: "verified", why: "a workload's azp is its own", claims: map[string]any{"azp": "somebody"}},
		{name: "good-date-with-fraction", expect: "verified", why: "NumericDate may have a fraction (RFC 7519 2)", payload: func(s string) string {
			return strings.Replace(s, `"exp":`+strconv.FormatInt(seconds(300), 10), `"exp":`+strconv.FormatInt(seconds(300), 10)+".5", 1)
		}},
		{name: "good-eddsa", expect: "verified", why: "Ed25519", issuer: edwards},
		{name: "good-clock-behind", expect: "verified", why: "issued a minute ahead of us", claims: map[string]any{"iat": seconds(59), "nbf": seconds(59)}},
		{name: "good-until-expiry-again", expect: "verified", why: "a pod presents its token until it expires", post: 3, source: func(s *trust.Source) { s.OIDC.TokenUse = trust.UntilExpiry }},
		{name: "good-nested-claims", expect: "verified", why: "Kubernetes and Keycloak nest", claims: map[string]any{"kubernetes.io": map[string]any{"namespace": "shop"}, "realm_access": map[string]any{"roles": []string{"a", "b"}}}},
		{name: "good-deep-login", expect: "verified", why: "a sign-in: our client, our nonce", source: validatetest.ForLogin, claims: map[string]any{"aud": validatetest.ClientID, "nonce": "n"}, want: validate.TokenWant{Login: true, Nonce: "n"}},
	}
}

// spelledTokens are second spellings of a good one.
func spelledTokens() []tokenAttack {
	last := func(change func(signature string) string) func(validatetest.Issuer, string) string {
		return func(_ validatetest.Issuer, good string) string {
			end := strings.LastIndexByte(good, '.') + 1
			return good[:end] + change(good[end:])
		}
	}
	return []tokenAttack{
		{name: "empty", expect: "token_malformed", why: "nothing", token: func(validatetest.Issuer, string) string { return "" }},
		{name: "not-a-token", expect: "token_malformed", why: "HTML", token: func(validatetest.Issuer, string) string { return "<html>this is no token</html>" }},
		{name: "jwe", expect: "token_malformed", why: "CVE-2026-29000: a JWE round a PlainJWT", token: func(_ validatetest.Issuer, good string) string { return good + ".a.b" }},
		{name: "jwe-round-plain", expect: "token_malformed", why: "the same, made with nothing but a public key", token: func(i validatetest.Issuer, _ string) string {
			return encoded(`{"alg":"RSA-OAEP-256","enc":"A256GCM","cty":"JWT"}`) + ".AAAA.AAAA." + encoded(`{"alg":"none"}.`+i.JSON(validatetest.Claims(nil))+".") + ".AAAA"
		}},
		{name: "json-serialization", expect: "token_malformed", why: "RFC 7515 7.2.2: go-oidc takes it", token: func(_ validatetest.Issuer, good string) string {
			p := strings.Split(good, ".")
			return fmt.Sprintf(`{"protected":%q,"payload":%q,"signature":%q}`, p[0], p[1], p[2])
		}},
		{name: "json-serialization-general", expect: "token_malformed", why: "RFC 7515 7.2.1: with a list of signatures", token: func(_ validatetest.Issuer, good string) string {
			p := strings.Split(good, ".")
			return fmt.Sprintf(`{"payload":%q,"signatures":[{"protected":%q,"signature":%q}]}`, p[1], p[0], p[2])
		}},
		{name: "dots", expect: "token_malformed", why: "CVE-2025-30204, CVE-2025-27144: dots without end", token: func(validatetest.Issuer, string) string { return strings.Repeat(".", 19_000) }},
		{name: "too-long", expect: "token_malformed", why: "20,000 characters are all that STS takes", claims: map[string]any{"x": strings.Repeat("x", 20_000)}},
		{name: "padded", expect: "token_malformed", why: "RFC 7515 2: no padding", token: last(func(s string) string { return s + "==" })},
		{name: "crlf-in-signature", expect: "token_malformed", why: "golang-jwt, go-oidc, jwx and zitadel take it: RFC 7515 5.2", token: last(func(s string) string { return s[:10] + "\r\n" + s[10:] })},
		{name: "crlf-in-payload", expect: "token_malformed", why: "the same in another part", token: func(_ validatetest.Issuer, good string) string {
			return strings.Replace(good, ".", ".\r\n", 1)
		}},
		{name: "line-break-in-header", expect: "token_malformed", why: "the same in another part", token: func(_ validatetest.Issuer, good string) string {
			return strings.Replace(good, ".", "\n.", 1)
		}},
		{name: "standard-alphabet", expect: "token_malformed", why: "RFC 7515 2: - and _, never + and /", token: last(strings.NewReplacer("-", "+", "_", "/").Replace)},
		{name: "blank-before", expect: "token_malformed", why: "RFC 7515 5.2: no white space", token: func(_ validatetest.Issuer, good string) string { return " " + good }},
		{name: "blank-behind", expect: "token_malformed", why: "RFC 7515 5.2: no white space", token: last(func(s string) string { return s + " " })},
		{name: "trailing-bits", expect: "token_malformed", why: "the last character has bits to spare", token: last(trailingBits)},
		{name: "signature-empty", expect: "token_malformed", why: "CVE-2015-9235 family: nothing behind the last dot", token: last(func(string) string { return "" })},
		{name: "header-null", expect: "token_malformed", why: "a header of null", token: func(i validatetest.Issuer, _ string) string { return i.Sign("null", i.JSON(validatetest.Claims(nil))) }},
		{name: "header-not-utf8", expect: "token_malformed", why: "RFC 7515 5.2: UTF-8", token: func(i validatetest.Issuer, _ string) string {
			return i.Sign(`{"alg":"RS256","kid":"one","x":"`+"\xff"+`"}`, i.JSON(validatetest.Claims(nil)))
		}},
		{name: "header-trailing-object", expect: "token_malformed", why: "what stands behind is another's header", token: func(i validatetest.Issuer, _ string) string {
			return i.Sign(`{"alg":"RS256","kid":"one"}{"alg":"none"}`, i.JSON(validatetest.Claims(nil)))
		}},
		{name: "payload-null", expect: "token_malformed", why: "zitadel panics: a payload of null", payload: func(string) string { return "null" }},
		{name: "payload-list", expect: "token_malformed", why: "a payload that is no object", payload: func(s string) string { return "[" + s + "]" }},
		{name: "payload-trailing-object", expect: "token_malformed", why: "golang-jwt with WithJSONNumber reads the first alone", payload: func(s string) string { return s + `{"sub":"admin"}` }},
		{name: "payload-not-utf8", expect: "token_malformed", why: "RFC 7519 7.2: UTF-8", payload: func(s string) string { return strings.Replace(s, "acme/shop", "acme/\xff", 1) }},
		{name: "payload-byte-order-mark", expect: "token_malformed", why: "RFC 8259 8.1", payload: func(s string) string { return "\ufeff" + s }},
		{name: "claim-twice", expect: "token_malformed", why: "RFC 7519 4: the last would win", payload: func(s string) string { return strings.Replace(s, `"sub":`, `"sub":"admin","sub":`, 1) }},
		{name: "claim-twice-escaped", expect: "token_malformed", why: "the same name, spelled with an escape", payload: func(s string) string { return strings.Replace(s, `"sub":`, `"s\u0075b":"admin","sub":`, 1) }},
		{name: "claim-twice-deep", expect: "token_malformed", why: "at every depth", payload: func(s string) string { return strings.Replace(s, `{`, `{"x":{"a":[{"b":1,"b":2}]},`, 1) }},
		{name: "nested-lists", expect: "token_malformed", why: "7,000 lists inside each other", payload: func(s string) string { return strings.Replace(s, `{`, `{"x":`+strings.Repeat("[", 7000), 1) }},
	}
}

func headerTokens() []tokenAttack {
	return []tokenAttack{
		{name: "alg-none", expect: "signature_algorithm", why: "CVE-2015-9235", header: map[string]any{"alg": "none"}},
		{name: "alg-none-unsigned", expect: "token_malformed", why: "the same as RFC 7519 6.1 has it: nothing behind the last dot", token: func(i validatetest.Issuer, _ string) string {
			return encoded(`{"alg":"none"}`) + "." + encoded(i.JSON(validatetest.Claims(nil))) + "."
		}},
		{name: "alg-none-mixed-case", expect: "signature_algorithm", why: "the same, for a list of what is forbidden", header: map[string]any{"alg": "nOnE"}},
		{name: "alg-hs256-with-public-key", expect: "signature_algorithm", why: "CVE-2016-5431: the public key as a secret", header: map[string]any{"alg": "HS256"}},
		{name: "alg-missing", expect: "token_malformed", why: "RFC 7515 4.1.1", header: map[string]any{"alg": nil}},
		{name: "alg-of-another-key", expect: "signature_algorithm", why: "RFC 8725 3.1: ES256 by the kid of an RSA key", header: map[string]any{"alg": "ES256"}},
		{name: "alg-of-another-curve", expect: "signature_algorithm", why: "RFC 7518 3.4: ES384 is P-384", header: map[string]any{"alg": "ES384", "kid": "p256"}},
		{name: "alg-changed", expect: "signature_invalid", why: "the key's other algorithm: PS256 named, PKCS #1 v1.5 signed", header: map[string]any{"alg": "PS256"}},
		{name: "alg-twice", expect: "token_malformed", why: "RFC 7515 4: header names are unique", token: func(i validatetest.Issuer, _ string) string {
			return i.Sign(`{"alg":"RS256","kid":"one","alg":"none"}`, i.JSON(validatetest.Claims(nil)))
		}},
		{name: "crit-unknown", expect: "token_malformed", why: "CVE-2025-59420: golang-jwt ignores crit", header: map[string]any{"crit": []string{"x"}, "x": 1}},
		{name: "crit-empty", expect: "token_malformed", why: "RFC 7515 4.1.11: never empty", header: map[string]any{"crit": []string{}}},
		{name: "crit-known", expect: "token_malformed", why: "an extension that we do not have", header: map[string]any{"crit": []string{"exp"}, "exp": 1}},
		{name: "crit-text", expect: "token_malformed", why: "crit is a list", header: map[string]any{"crit": "b64"}},
		{name: "enc", expect: "token_malformed", why: "a JWE's header before a signature", header: map[string]any{"enc": "A256GCM"}},
		{name: "b64-false", expect: "token_malformed", why: "RFC 7797 7: never in a JWT", header: map[string]any{"b64": false}},
		{name: "zip", expect: "token_malformed", why: "compression (RFC 8725 3.6)", header: map[string]any{"zip": "DEF"}},
		{name: "typ-at-jwt", expect: "token_type", why: "RFC 8725 3.11, RFC 9068: an access token", header: map[string]any{"typ": "at+jwt"}},
		{name: "typ-logout-jwt", expect: "token_type", why: "a back-channel logout token", header: map[string]any{"typ": "logout+jwt"}},
		{name: "typ-secevent-jwt", expect: "token_type", why: "a security event (RFC 8417)", header: map[string]any{"typ": "secevent+jwt"}},
		{name: "typ-missing-logout-token", expect: "token_type", why: "RFC 8725 3.12: a back-channel logout token is known by its events, where it has no type", header: map[string]any{"typ": nil}, claims: map[string]any{
			"events": map[string]any{"http://schemas.openid.net/event/backchannel-logout": map[string]any{}},
		}},
		{name: "typ-media-type", expect: "token_type", why: "the same by its whole media type", header: map[string]any{"typ": "application/at+jwt"}},
		{name: "typ-number", expect: "token_malformed", why: "typ is text", header: map[string]any{"typ": 1}},
		{name: "kid-number", expect: "token_malformed", why: "RFC 7515 4.1.4: kid is text", header: map[string]any{"kid": 1}},
		{name: "kid-path", expect: "key_unknown", why: "RFC 8725 3.10: a kid is compared, nothing else", header: map[string]any{"kid": "../../dev/null"}},
		{name: "kid-other-case", expect: "key_unknown", why: "RFC 7515 4.1.4: case counts", header: map[string]any{"kid": "ONE"}},
		{name: "jwk-embedded", expect: "signature_invalid", why: "CVE-2018-0114: the attacker's key in the header", token: brought(func(other validatetest.Issuer) map[string]any { return map[string]any{"jwk": other.Key(nil)} })},
		{name: "jwk-embedded-no-kid", expect: "signature_invalid", why: "the same where nothing names another key", token: brought(func(other validatetest.Issuer) map[string]any {
			return map[string]any{"jwk": other.Key(nil), "kid": nil}
		})},
		{name: "jku", expect: "signature_invalid", why: "a key to be fetched where the header says", token: brought(members("jku", "https://evil.example/keys"))},
		{name: "x5u", expect: "signature_invalid", why: "a certificate to be fetched: 100.100.100.200 has the function's credentials", token: brought(members("x5u", "http://100.100.100.200/latest/meta-data/"))},
		{name: "x5c", expect: "signature_invalid", why: "a certificate that nobody asked for", token: brought(members("x5c", []string{"MIIB"}))},
	}
}

// brought is a token by another's key, with what its header brings along for it.
func brought(header func(other validatetest.Issuer) map[string]any) func(validatetest.Issuer, string) string {
	return func(i validatetest.Issuer, _ string) string {
		other := validatetest.OtherIssuer(i.TB())
		return other.Sign(other.JSON(other.Header(header(other))), other.JSON(validatetest.Claims(nil)))
	}
}

func members(name string, value any) func(validatetest.Issuer) map[string]any {
	return func(validatetest.Issuer) map[string]any { return map[string]any{name: value} }
}

func encoded(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

func signatureTokens() []tokenAttack {
	elliptic := func(i validatetest.Issuer) validatetest.Issuer { return i.By("ES256") }
	octets := func(change func([]byte) []byte) func(validatetest.Issuer, string) string {
		return func(_ validatetest.Issuer, good string) string {
			end := strings.LastIndexByte(good, '.') + 1
			signature, _ := base64.RawURLEncoding.DecodeString(good[end:])
			return good[:end] + base64.RawURLEncoding.EncodeToString(change(signature))
		}
	}
	return []tokenAttack{
		{name: "stranger", expect: "signature_invalid", why: "another key under the same kid", token: func(i validatetest.Issuer, _ string) string { return validatetest.OtherIssuer(i.TB()).Token(nil) }},
		{name: "payload-changed", expect: "signature_invalid", why: "the subject was changed afterwards", token: func(i validatetest.Issuer, good string) string {
			parts := strings.Split(good, ".")
			parts[1] = base64.RawURLEncoding.EncodeToString([]byte(i.JSON(validatetest.Claims(map[string]any{"sub": "admin"}))))
			return strings.Join(parts, ".")
		}},
		{name: "expired-and-forged", expect: "expired", why: "CVE-2024-51744: two faults, and neither hides the other", claims: map[string]any{"exp": seconds(-600)}, token: func(i validatetest.Issuer, good string) string { return good[:len(good)-8] + "AAAAAAAA" }},
		{name: "psychic", expect: "signature_invalid", why: "CVE-2022-21449: r and s are zero", issuer: elliptic, token: zeroSignature},
		{name: "psychic-order", expect: "signature_invalid", why: "r and s are the group's order, which is zero again", issuer: elliptic, token: func(i validatetest.Issuer, _ string) string {
			order := p256Order().Bytes()
			return signingInput(i) + "." + encoded(string(order)+string(order))
		}},
		{name: "signature-cut", expect: "signature_invalid", why: "a byte less", token: octets(func(s []byte) []byte { return s[:len(s)-1] })},
		{name: "signature-longer", expect: "signature_invalid", why: "a byte more, which means nothing as a number", token: octets(func(s []byte) []byte { return append([]byte{0}, s...) })},
		{name: "edwards-twin", expect: "signature_invalid", why: "RFC 8032 5.1.7: S below the group's order, or one signature has two spellings", issuer: func(i validatetest.Issuer) validatetest.Issuer { return i.By("EdDSA") }, token: octets(edwardsTwin)},
		{name: "ecdsa-der", expect: "signature_invalid", why: "RFC 7518 3.4: not in DER", issuer: elliptic, token: func(i validatetest.Issuer, _ string) string {
			input := signingInput(i)
			return input + "." + base64.RawURLEncoding.EncodeToString(append([]byte{0x30, 0x44}, make([]byte, 68)...))
		}},
		{name: "good-retiring-key", expect: "verified", why: "the key was published until 59 minutes ago", retires: -59 * time.Minute},
		{name: "retired-key", expect: "key_unknown", why: "an hour after it was published last nobody believes it", retires: -time.Hour},
		{name: "retiring-some-day", expect: "key_unknown", why: "it retires from tomorrow on: a clock was wrong, and nobody knows for how long it is to be believed", retires: 24 * time.Hour},
		{name: "key-for-encryption", expect: "key_unknown", why: "use=enc: it was never learned", keys: func(i validatetest.Issuer) []json.RawMessage {
			return []json.RawMessage{i.Named("two").Key(nil)}
		}},
		{name: "key-for-one-algorithm", expect: "signature_algorithm", why: "RFC 8725 3.1: the key says PS256 alone", keys: func(i validatetest.Issuer) []json.RawMessage {
			return []json.RawMessage{i.Key(map[string]any{"alg": "PS256"})}
		}},
		{name: "good-kid-twice", expect: "verified", why: "two keys under one kid: each is tried", keys: func(i validatetest.Issuer) []json.RawMessage {
			return []json.RawMessage{validatetest.OtherIssuer(i.TB()).Key(nil), i.Key(nil)}
		}},
		{name: "no-kid-stranger", expect: "signature_invalid", why: "every key was tried", header: map[string]any{"kid": nil}, token: func(i validatetest.Issuer, _ string) string {
			return validatetest.OtherIssuer(i.TB()).Named("").Token(nil)
		}},
		{name: "good-no-kid-several-keys", expect: "verified", why: "the second of those that fit", header: map[string]any{"kid": nil}, keys: func(i validatetest.Issuer) []json.RawMessage {
			return []json.RawMessage{validatetest.OtherIssuer(i.TB()).Named("other").Key(nil), i.Key(nil)}
		}},
		{name: "kid-of-none-that-has-one", expect: "key_unknown", why: "a kid is named, and the issuer's key has none", keys: func(i validatetest.Issuer) []json.RawMessage {
			return []json.RawMessage{i.Key(map[string]any{"kid": nil})}
		}},
		{name: "no-kid-and-no-key-fits", expect: "key_unknown", why: "PS512 by an issuer with ES256 alone", header: map[string]any{"kid": nil}, keys: func(i validatetest.Issuer) []json.RawMessage {
			return []json.RawMessage{i.By("ES256").Key(nil)}
		}},
		{name: "suspended", expect: "idp_suspended", why: "the record is switched off", source: func(s *trust.Source) { s.Suspended = true }},
	}
}

func p256Order() *big.Int {
	order, _ := new(big.Int).SetString("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", 16)
	return order
}

// edwardsTwin adds the group's order to S.
func edwardsTwin(signature []byte) []byte {
	order, _ := new(big.Int).SetString("1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
	s := slices.Clone(signature[32:])
	slices.Reverse(s)
	new(big.Int).Add(order, new(big.Int).SetBytes(s)).FillBytes(s)
	slices.Reverse(s)
	return append(signature[:32:32], s...)
}

func signingInput(i validatetest.Issuer) string {
	token := i.Token(nil)
	return token[:strings.LastIndexByte(token, '.')]
}

func zeroSignature(i validatetest.Issuer, _ string) string {
	return signingInput(i) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64))
}

func claimTokens() []tokenAttack {
	return []tokenAttack{
		{name: "iss-missing", expect: "issuer_mismatch", why: "OpenID Connect Core 2", claims: map[string]any{"iss": nil}},
		{name: "iss-slash", expect: "issuer_mismatch", why: "Core 3.1.3.7 (2): exactly", claims: map[string]any{"iss": validatetest.IssuerURL + "/"}},
		{name: "iss-other-case", expect: "issuer_mismatch", why: "compared as strings", claims: map[string]any{"iss": strings.ToUpper(validatetest.IssuerURL)}},
		{name: "iss-list", expect: "issuer_mismatch", why: "one issuer", claims: map[string]any{"iss": []string{validatetest.IssuerURL}}},
		{name: "iss-empty", expect: "issuer_mismatch", why: "nobody", claims: map[string]any{"iss": ""}},
		{name: "iss-shadow", expect: "issuer_mismatch", why: "ISS is another name", claims: map[string]any{"iss": "https://else.example", "ISS": validatetest.IssuerURL}},
		{name: "iss-long-s", expect: "issuer_mismatch", why: "iſſ (U+017F) is another name", payload: func(s string) string { return strings.Replace(s, `"iss"`, `"iſſ"`, 1) }},
		{name: "aud-missing", expect: "audience_mismatch", why: "RFC 8725 3.9: reject when absent", claims: map[string]any{"aud": nil}},
		{name: "aud-other", expect: "audience_mismatch", why: "GitHub's default is the owner's address", claims: map[string]any{"aud": "https://github.com/acme"}},
		{name: "aud-empty-list", expect: "audience_mismatch", why: "nobody", claims: map[string]any{"aud": []string{}}},
		{name: "aud-prefix", expect: "audience_mismatch", why: "exactly", claims: map[string]any{"aud": validatetest.Audience + ".evil.example"}},
		{name: "aud-null", expect: "audience_mismatch", why: "nobody", claims: map[string]any{"aud": json.RawMessage("null")}},
		{name: "aud-object", expect: "audience_mismatch", why: "a text or a list of texts", claims: map[string]any{"aud": map[string]any{validatetest.Audience: true}}},
		{name: "aud-list-in-list", expect: "audience_mismatch", why: "a list of nothing but text", claims: map[string]any{"aud": [][]string{{validatetest.Audience}}}},
		{name: "aud-other-case", expect: "audience_mismatch", why: "compared as strings", claims: map[string]any{"aud": strings.ToUpper(validatetest.Audience)}},
		{name: "aud-list-with-number", expect: "audience_mismatch", why: "CVE-2020-26160: a list of nothing but text", claims: map[string]any{"aud": []any{1, validatetest.Audience}}},
		{name: "aud-shadow", expect: "audience_mismatch", why: "AUD is another name", claims: map[string]any{"aud": "https://else.example", "AUD": validatetest.Audience}},
		{name: "sub-missing", expect: "subject_missing", why: "Core 2: required", claims: map[string]any{"sub": nil}},
		{name: "sub-empty", expect: "subject_missing", why: "nobody", claims: map[string]any{"sub": ""}},
		{name: "sub-number", expect: "subject_missing", why: "sub is text", claims: map[string]any{"sub": 1}},
		{name: "sub-null", expect: "subject_missing", why: "nobody", claims: map[string]any{"sub": json.RawMessage("null")}},
		{name: "sub-list", expect: "subject_missing", why: "one subject", claims: map[string]any{"sub": []string{"admin"}}},
		{name: "sub-long-s", expect: "subject_missing", why: "ſub (U+017F) is another name", payload: func(s string) string { return strings.Replace(s, `"sub"`, `"ſub"`, 1) }},
		{name: "good-sub-longest", expect: "verified", why: "Core 2: 255 are allowed", claims: map[string]any{"sub": strings.Repeat("x", 255)}},
		{name: "sub-too-long", expect: "subject_missing", why: "Core 2: at most 255", claims: map[string]any{"sub": strings.Repeat("x", 256)}},
		{name: "sub-not-ascii", expect: "subject_missing", why: "Core 2: ASCII; a zero width joiner makes two of one", claims: map[string]any{"sub": "ad\u200dmin"}},
		{name: "sub-null-byte", expect: "subject_missing", why: "what is cut at NUL is another", claims: map[string]any{"sub": "admin\x00x"}},
		{name: "sub-shadow", expect: "subject_missing", why: "SUB is another name: Go's struct decoding takes it", claims: map[string]any{"sub": nil, "SUB": "admin"}},
	}
}

func dateTokens() []tokenAttack {
	at := func(claim string, value any) map[string]any { return map[string]any{claim: value} }
	raw := func(claim, number string) func(string) string {
		return func(s string) string {
			from := strings.Index(s, `"`+claim+`":`) + len(claim) + 3
			return s[:from] + number + s[from+strings.IndexAny(s[from:], ",}"):]
		}
	}
	return []tokenAttack{
		{name: "exp-missing", expect: "token_malformed", why: "Core 2: required; a token without end lives for ever", claims: at("exp", nil)},
		{name: "exp-list", expect: "token_malformed", why: "one date", claims: at("exp", []int64{seconds(300)})},
		{name: "exp-true", expect: "token_malformed", why: "truth is no date", claims: at("exp", true)},
		{name: "good-exp-last-second", expect: "verified", why: "the last one of the skew", claims: at("exp", seconds(-59))},
		{name: "exp-reached", expect: "expired", why: "RFC 7519 4.1.4: on or after exp, skew added", claims: at("exp", seconds(-60))},
		{name: "exp-text", expect: "token_malformed", why: "a number in quotes: json.Number takes it", claims: at("exp", strconv.FormatInt(seconds(300), 10))},
		{name: "exp-shadow", expect: "expired", why: "EXP is another name: Go's struct decoding takes it", claims: map[string]any{"exp": seconds(-600), "EXP": seconds(600)}},
		{name: "exp-passed", expect: "expired", why: "a minute of skew and a second", claims: at("exp", seconds(-61))},
		{name: "exp-overflow", expect: "token_malformed", why: "2^63 wraps or saturates", payload: raw("exp", "9223372036854775808")},
		{name: "exp-huge", expect: "token_malformed", why: "1e300", payload: raw("exp", "1e300")},
		{name: "exp-infinite", expect: "token_malformed", why: "1e400 is infinite as a float", payload: raw("exp", "1e400")},
		{name: "exp-negative", expect: "token_malformed", why: "before 1970", payload: raw("exp", "-1")},
		{name: "exp-null", expect: "token_malformed", why: "null is no date", payload: raw("exp", "null")},
		{name: "nbf-ahead", expect: "not_yet_valid", why: "go-oidc allows five minutes, zitadel never looks", claims: at("nbf", seconds(90))},
		{name: "nbf-huge", expect: "token_malformed", why: "golang-jwt: 1e300 becomes negative", payload: raw("nbf", "1e300")},
		{name: "nbf-overflow", expect: "token_malformed", why: "2^63 becomes negative on amd64", payload: raw("nbf", "9223372036854775808")},
		{name: "nbf-null", expect: "token_malformed", why: "null is no date", payload: raw("nbf", "null")},
		{name: "nbf-shadow", expect: "not_yet_valid", why: "NBF is another name", claims: map[string]any{"nbf": seconds(90), "NBF": seconds(-90)}},
		{name: "nbf-text", expect: "token_malformed", why: "a date that is there is a number", claims: at("nbf", "now")},
		{name: "iat-missing", expect: "token_malformed", why: "Core 2: required", claims: at("iat", nil)},
		{name: "iat-text", expect: "token_malformed", why: "a number in quotes", claims: at("iat", strconv.FormatInt(seconds(0), 10))},
		{name: "iat-huge", expect: "token_malformed", why: "1e300", payload: raw("iat", "1e300")},
		{name: "iat-shadow", expect: "token_too_old", why: "IAT is another name", claims: map[string]any{"iat": seconds(-3700), "IAT": seconds(0)}},
		{name: "iat-ahead", expect: "not_yet_valid", why: "issued in the future: golang-jwt looks only if asked", claims: at("iat", seconds(90))},
		{name: "iat-too-old", expect: "token_too_old", why: "older than the record's maxAge", claims: at("iat", seconds(-3700))},
		{name: "lifetime", expect: "lifetime_too_long", why: "used once, and good for two days", claims: at("exp", seconds(2*86400))},
		{name: "good-lifetime-until-expiry", expect: "verified", why: "what may come again need not be remembered", claims: at("exp", seconds(2*86400)), source: func(s *trust.Source) { s.OIDC.TokenUse = trust.UntilExpiry }},
	}
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func loginTokens() []tokenAttack {
	want := validate.TokenWant{Login: true, Nonce: "n"}
	login := func(a tokenAttack) tokenAttack {
		claims := map[string]any{"aud": validatetest.ClientID, "nonce": "n"}
		for name, value := range a.claims {
			claims[name] = value
		}
		a.claims, a.source = claims, validatetest.ForLogin
		if a.want == (validate.TokenWant{}) {
			a.want = want
		}
		return a
	}
	beside := validate.TokenWant{Login: true, Nonce: "n", AccessToken: "access"}
	return []tokenAttack{
		login(tokenAttack{name: "login-nonce-missing", expect: "nonce_mismatch", why: "Core 3.1.3.7 (11)", claims: map[string]any{"nonce": nil}}),
		login(tokenAttack{name: "login-nonce-other", expect: "nonce_mismatch", why: "another sign-in's", claims: map[string]any{"nonce": "m"}}),
		login(tokenAttack{name: "login-nonce-number", expect: "nonce_mismatch", why: "nonce is text", claims: map[string]any{"nonce": 1}}),
		login(tokenAttack{name: "login-nonce-shadow", expect: "nonce_mismatch", why: "NONCE is another name", claims: map[string]any{"nonce": nil, "NONCE": "n"}}),
		login(tokenAttack{name: "login-azp-number", expect: "authorized_party_mismatch", why: "azp is text", claims: map[string]any{"azp": 1}}),
		login(tokenAttack{name: "login-aud-workload", expect: "audience_mismatch", why: "a workload's audience is no client", claims: map[string]any{"aud": validatetest.Audience}}),
		login(tokenAttack{name: "login-azp-other", expect: "authorized_party_mismatch", why: "Core 3.1.3.7 (5)", claims: map[string]any{"azp": "other"}}),
		login(tokenAttack{name: "login-several-aud-no-azp", expect: "authorized_party_mismatch", why: "Core 3.1.3.7 (4)", claims: map[string]any{"aud": []string{validatetest.ClientID, "other"}}}),
		login(tokenAttack{name: "good-login-several-aud-azp", expect: "verified", why: "zitadel sends both", claims: map[string]any{"aud": []string{validatetest.ClientID, "other"}, "azp": validatetest.ClientID}}),
		login(tokenAttack{name: "login-at-hash-other", expect: "at_hash_mismatch", why: "Core 3.1.3.8", claims: map[string]any{"at_hash": "AAAA"}, want: beside}),
		login(tokenAttack{name: "login-at-hash-number", expect: "at_hash_mismatch", why: "what is there must be it", claims: map[string]any{"at_hash": 1}, want: beside}),
		login(tokenAttack{name: "login-at-hash-whole", expect: "at_hash_mismatch", why: "the left half, not the whole", claims: map[string]any{"at_hash": hashed("access")}, want: beside}),
		login(tokenAttack{name: "good-login-at-hash", expect: "verified", why: "the left half of the access token's hash", claims: map[string]any{"at_hash": "oFYf1knNtrqnhAVfBRuteQ"}, want: beside}),
		login(tokenAttack{name: "login-twice", expect: "replayed", why: "a sign-in's token is good once", post: 2}),
		login(tokenAttack{name: "login-exchanged", expect: "login_only", why: "a person's token at the exchange", claims: map[string]any{"nonce": nil}, want: validate.TokenWant{AccessToken: "-"}}),
		{name: "exchange-with-nonce", expect: "nonce_unexpected", why: "made for a browser, whatever the record says", claims: map[string]any{"nonce": "n"}},
		{name: "exchange-with-nonce-null", expect: "nonce_unexpected", why: "it is there", claims: map[string]any{"nonce": json.RawMessage("null")}},
		{name: "login-without-login", expect: "idp_unknown", why: "nobody signs in by a record for workloads", claims: map[string]any{"nonce": "n"}, want: want},
		{name: "good-exchange-beside-login", expect: "verified", why: "the record says exchange: true", source: func(s *trust.Source) { validatetest.ForLogin(s); s.OIDC.Exchange = true }},
	}
}

func replayedTokens() []tokenAttack {
	return []tokenAttack{
		{name: "twice", expect: "replayed", why: "used once", post: 2},
		{name: "twice-no-jti", expect: "replayed", why: "known by what was signed", claims: map[string]any{"jti": nil}, post: 2},
		{name: "twice-jti-empty", expect: "replayed", why: "an empty jti names nothing", claims: map[string]any{"jti": ""}, post: 2},
		{name: "twice-jti-number", expect: "replayed", why: "a jti that is no text names nothing", claims: map[string]any{"jti": 1}, post: 2},
	}
}

func (a tokenAttack) archive(t *testing.T) archive {
	t.Helper()
	issuer := validatetest.NewIssuer(t)
	if a.issuer != nil {
		issuer = a.issuer(issuer)
	}
	source, learned := validatetest.TokenSource(), validatetest.NewIssuer(t).Learned()
	if a.source != nil {
		a.source(&source)
	}
	if a.keys != nil {
		learned = issuer.Learned(a.keys(issuer)...)
	}
	if a.retires != 0 {
		for _, key := range learned.Keys {
			learned.Retiring = append(learned.Retiring, trust.Retiring[json.RawMessage]{Key: key, Since: validatetest.Now().Add(a.retires)})
		}
		learned.Keys = issuer.Learned(validatetest.OtherIssuer(t).By("ES256").Named("new").Key(nil)).Keys
	}
	payload := issuer.JSON(validatetest.Claims(a.claims))
	if a.payload != nil {
		payload = a.payload(payload)
	}
	token := issuer.Sign(issuer.JSON(issuer.Header(nil)), payload)
	if a.header != nil {
		token = issuer.Sign(issuer.JSON(issuer.Header(a.header)), payload)
	}
	if a.token != nil {
		token = a.token(issuer, token)
	}
	record, err := json.MarshalIndent(struct {
		Source trust.Source `json:"source"`
		Keys   trust.Issuer `json:"keys"`
	}{source, learned}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf("expect: %s\nnow: %s\npost: %d\nlogin: %t\nnonce: %s\naccess_token: %s\nwhy: %s\n",
		a.expect, validatetest.Now().Format(time.RFC3339), max(a.post, 1), a.want.Login, a.want.Nonce, a.want.AccessToken, a.why)
	return archive{head: head, parts: []part{{"trust.json", string(record) + "\n"}, {"token.jwt", strconv.Quote(token) + "\n"}}}
}

func TestTokenVectorsAreWhatTheGeneratorMakes(t *testing.T) {
	made := map[string]archive{}
	for _, a := range tokenAttacks() {
		made[a.name] = a.archive(t)
	}
	holdVectors(t, "testdata/oidc", made)
}

// tokenVector is one file of testdata/oidc. Its token stands in quotes, as Go
// writes them: some are no text that an editor would keep.
type tokenVector struct {
	name, expect, why, token string
	now                      time.Time
	post                     int
	want                     validate.TokenWant
	record                   trust.Record
}

func tokenVectors(t *testing.T) []tokenVector {
	t.Helper()
	files, err := filepath.Glob("testdata/oidc/*.txtar")
	if err != nil || len(files) < 80 {
		t.Fatalf("%d vectors: %v", len(files), err)
	}
	var list []tokenVector
	for _, name := range files {
		list = append(list, parseTokenVector(t, strings.TrimSuffix(filepath.Base(name), ".txtar"), readArchive(t, name)))
	}
	return list
}

func parseTokenVector(t *testing.T, name string, a archive) tokenVector {
	t.Helper()
	v := tokenVector{name: name}
	fields := map[string]string{}
	for line := range strings.Lines(a.head) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		fields[key] = value
	}
	v.expect, v.why = fields["expect"], fields["why"]
	v.post, _ = strconv.Atoi(fields["post"])
	v.want = validate.TokenWant{Login: fields["login"] == "true", Nonce: fields["nonce"], AccessToken: fields["access_token"]}
	var err error
	if v.now, err = time.Parse(time.RFC3339, fields["now"]); err != nil {
		t.Fatal(err)
	}
	var record struct{ Source, Keys json.RawMessage }
	if err := json.Unmarshal([]byte(a.parts[0].text), &record); err != nil {
		t.Fatal(err)
	}
	if v.record, err = trust.Parse("revision-1", record.Source, record.Keys); err != nil {
		t.Fatal(err)
	}
	if v.token, err = strconv.Unquote(strings.TrimSpace(a.parts[1].text)); err != nil {
		t.Fatal(err)
	}
	if v.expect == "" || v.why == "" || v.post == 0 {
		t.Fatalf("%s is not whole", name)
	}
	return v
}

func TestTokenVectorsAreJudgedAsTheySay(t *testing.T) {
	for _, v := range tokenVectors(t) {
		t.Run(v.name, func(t *testing.T) {
			guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: func() time.Time { return v.now }}
			report, err := guard.ExplainToken(v.record, v.want, v.token)
			if err != nil {
				t.Fatal(err)
			}
			var who validate.Identity
			for range v.post {
				who, err = guard.Token(t.Context(), v.record, v.want, v.token)
			}
			got := string(reason.Of(err))
			if err == nil {
				got = "verified"
			}
			if got != v.expect || who.IsZero() != (err != nil) {
				t.Errorf("%s: %v, want %s: %s", got, err, v.expect, v.why)
			}
			if explained := report.Verdict; v.post == 1 && explained != reason.Of(err) && err != nil || err == nil && explained != "" {
				t.Errorf("explained as %q, judged as %v", explained, err)
			}
		})
	}
}

// Each algorithm, by its key; those of ECDSA and PSS are new each time.
func TestEachAlgorithmIsBelieved(t *testing.T) {
	for _, algorithm := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"} {
		issuer := validatetest.NewIssuer(t).By(algorithm)
		guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
		if _, err := guard.Token(t.Context(), issuer.Record(), validate.TokenWant{}, issuer.Token(nil)); err != nil {
			t.Errorf("%s: %v", algorithm, err)
		}
	}
}

func TestAWorkloadIsWhatItsTokenSays(t *testing.T) {
	who := validatetest.NewIssuer(t).Workload(map[string]any{
		"groups": []string{"a", "b"}, "n": 7, "yes": true, "realm_access": map[string]any{"roles": []string{"x"}}, "acr": "high", "auth_time": seconds(-60),
	})
	if who.Subject() != "repo:acme/shop:ref:refs/heads/main" || who.IdentityProvider() != "issuer" || who.AuthnContext() != "high" || !who.AuthenticatedAt().Equal(validatetest.Now().Add(-time.Minute)) {
		t.Errorf("%+v", who)
	}
	for name, want := range map[string]string{"groups": "a b", "n": "7", "yes": "true", "repository": "acme/shop", "/realm_access/roles": "x", "realm_access": "", "Groups": ""} {
		if got := strings.Join(who.Attribute(name), " "); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	var key [32]byte
	box, err := who.Seal(key, strings.NewReader(strings.Repeat("n", 12)))
	if err != nil {
		t.Fatal(err)
	}
	if again, err := validate.Unseal(key, box); err != nil || !slices.Equal(again.Attribute("groups"), who.Attribute("groups")) || len(again.AttributeNames()) != len(who.AttributeNames()) {
		t.Errorf("%v, %v", again.AttributeNames(), err)
	}
}

// TestWhenATokenWasIssuedIsNotWhenItsSubjectSignedIn: an issuer gives out a token of
// this second for a session of last week.
func TestWhenATokenWasIssuedIsNotWhenItsSubjectSignedIn(t *testing.T) {
	for _, when := range []any{nil, "1740000000", seconds(3600)} {
		if who := validatetest.NewIssuer(t).Workload(map[string]any{"auth_time": when}); !who.AuthenticatedAt().IsZero() {
			t.Errorf("auth_time %v: %s", when, who.AuthenticatedAt())
		}
	}
}

func TestARecordOfTheOtherProtocolBelievesNoToken(t *testing.T) {
	guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
	token := validatetest.NewIssuer(t).Token(nil)
	if _, err := guard.Token(t.Context(), validatetest.New(t).Record(), validate.TokenWant{}, token); reason.Of(err) != reason.IdPUnknown {
		t.Error(err)
	}
	if _, err := guard.Response(t.Context(), validatetest.NewIssuer(t).Record(), validatetest.Expectation(), validatetest.New(t).Response()); reason.Of(err) != reason.IdPUnknown {
		t.Error(err)
	}
}

// FuzzToken: whatever arrives is believed only if the test's key signed exactly it.
func FuzzToken(f *testing.F) {
	issuer := validatetest.NewIssuer(f)
	good, edwards := issuer.Token(nil), issuer.By("EdDSA").Token(nil) // neither algorithm is random
	f.Add(good)
	f.Add(edwards)
	record := issuer.Record()
	f.Fuzz(func(t *testing.T, token string) {
		guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
		who, err := guard.Token(t.Context(), record, validate.TokenWant{}, token)
		if err == nil && token != good && token != edwards || err != nil && !who.IsZero() {
			t.Fatalf("%q is believed: %v", token, err)
		}
	})
}
