package validatetest

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"maps"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// IssuerURL is the issuer's, Audience whom its tokens are for.
const (
	IssuerURL = "https://issuer.example"
	Audience  = "sts.aliyuncs.com"
	ClientID  = "client"
)

// Issuer signs ID tokens.
type Issuer struct {
	key       crypto.Signer
	algorithm string
	kid       string
	tb        testing.TB
}

// NewIssuer returns the one whose key [Issuer.Record] trusts; it signs by RS256.
func NewIssuer(tb testing.TB) Issuer {
	tb.Helper()
	return Issuer{load(tb, "idp").key, "RS256", "one", tb}
}

// OtherIssuer returns one of the same name, and the same kid, with another key.
func OtherIssuer(tb testing.TB) Issuer {
	tb.Helper()
	return Issuer{load(tb, "other").key, "RS256", "one", tb}
}

// By changes how it signs: PS256 with the same key, ES256 and ES384 with theirs,
// EdDSA with one that everybody may know.
func (i Issuer) By(algorithm string) Issuer {
	i.tb.Helper()
	i.algorithm = algorithm
	switch algorithm {
	case "ES256":
		i.key, i.kid = load(i.tb, "p256").key, "p256"
	case "ES384":
		i.key, i.kid = load(i.tb, "p384").key, "p384"
	case "EdDSA":
		i.key, i.kid = ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), "edwards"
	}
	return i
}

// Named gives its key another kid; "" none.
func (i Issuer) Named(kid string) Issuer {
	i.kid = kid
	return i
}

// Claims are those of a good token, with these changed; a nil takes one away.
func Claims(changes map[string]any) map[string]any {
	claims := map[string]any{
		"iss": IssuerURL, "aud": Audience, "sub": "repo:acme/shop:ref:refs/heads/main", "jti": "one",
		"iat": Now().Unix(), "nbf": Now().Unix(), "exp": Now().Unix() + 300,
		"repository": "acme/shop", "repository_owner_id": "12345", "ref_protected": "true",
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	return claims
}

// Header is that of a good token, with these changed; a nil takes one away.
func (i Issuer) Header(changes map[string]any) map[string]any {
	header := map[string]any{"alg": i.algorithm, "typ": "JWT", "kid": i.kid}
	if i.kid == "" {
		delete(header, "kid")
	}
	maps.Copy(header, changes)
	maps.DeleteFunc(header, func(_ string, value any) bool { return value == nil })
	return header
}

// Token signs the claims of a good token with these changed.
func (i Issuer) Token(changes map[string]any) string {
	i.tb.Helper()
	return i.Sign(i.JSON(i.Header(nil)), i.JSON(Claims(changes)))
}

// JSON writes members, ordered by their names.
func (i Issuer) JSON(members map[string]any) string {
	i.tb.Helper()
	text, err := json.Marshal(members)
	if err != nil {
		i.tb.Fatal(err)
	}
	return string(text)
}

// Sign signs any header and payload as they are.
func (i Issuer) Sign(header, payload string) string {
	i.tb.Helper()
	input := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return input + "." + base64.RawURLEncoding.EncodeToString(i.Signature(input))
}

// Signature signs any text.
func (i Issuer) Signature(input string) []byte {
	i.tb.Helper()
	signature, err := jwt.GetSigningMethod(i.algorithm).Sign(input, i.key)
	if err != nil {
		i.tb.Fatal(err)
	}
	return signature
}

// Key is its public key as the key set has it, with these members changed.
func (i Issuer) Key(changes map[string]any) json.RawMessage {
	i.tb.Helper()
	encode := base64.RawURLEncoding.EncodeToString
	members := map[string]any{"kid": i.kid, "use": "sig"}
	switch key := i.key.Public().(type) {
	case *rsa.PublicKey:
		members["kty"], members["n"], members["e"] = "RSA", encode(key.N.Bytes()), "AQAB"
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			i.tb.Fatal(err)
		}
		half := len(point) / 2
		members["kty"], members["crv"], members["x"], members["y"] = "EC", key.Curve.Params().Name, encode(point[1:1+half]), encode(point[1+half:])
	case ed25519.PublicKey:
		members["kty"], members["crv"], members["x"] = "OKP", "Ed25519", encode(key)
	}
	maps.Copy(members, changes)
	maps.DeleteFunc(members, func(_ string, value any) bool { return value == nil })
	return json.RawMessage(i.JSON(members))
}

// Learned is what the issuer publishes: all keys that it can sign with.
func (i Issuer) Learned(keys ...json.RawMessage) trust.Issuer {
	i.tb.Helper()
	if keys == nil {
		keys = []json.RawMessage{i.Key(nil), i.By("ES256").Key(nil), i.By("ES384").Key(nil), i.By("EdDSA").Key(nil)}
	}
	learned := trust.Issuer{
		Issuer: IssuerURL, JWKSURI: IssuerURL + "/keys", AuthorizationEndpoint: IssuerURL + "/authorize", TokenEndpoint: IssuerURL + "/token", FetchedAt: Now(),
	}
	for _, text := range keys {
		key, err := jose.ParseKey(text)
		if err != nil {
			i.tb.Fatal(err)
		}
		learned.Keys = append(learned.Keys, key.Text())
	}
	return learned
}

// TokenSource is what a federation says of the issuer: workloads exchange its
// tokens, each once.
func TokenSource() trust.Source {
	return trust.Source{ID: "issuer", DisplayName: "Issuer", OIDC: &trust.OIDC{
		Issuer: IssuerURL, Audiences: []string{Audience, ClientID}, TokenUse: trust.Once, MaxAgeSeconds: 3600,
	}}
}

// ForLogin lets people sign in by the issuer, and nobody exchange.
func ForLogin(source *trust.Source) { source.OIDC.Login = &trust.Login{ClientID: ClientID} }

// Record is the trust record, after the changes.
func (i Issuer) Record(changes ...func(*trust.Source)) trust.Record {
	i.tb.Helper()
	source := TokenSource()
	for _, change := range changes {
		change(&source)
	}
	return IssuerRecord(i.tb, source, i.Learned())
}

// IssuerRecord makes a record of an issuer.
func IssuerRecord(tb testing.TB, source trust.Source, learned trust.Issuer) trust.Record {
	tb.Helper()
	declared, err := json.Marshal(source)
	if err != nil {
		tb.Fatal(err)
	}
	keys, err := json.Marshal(learned)
	if err != nil {
		tb.Fatal(err)
	}
	record, err := trust.Parse("revision-1", declared, keys)
	if err != nil {
		tb.Fatal(err)
	}
	return record
}

// Workload is who a good token with these claims changed makes.
func (i Issuer) Workload(changes map[string]any) validate.Identity {
	i.tb.Helper()
	guard := validate.Guard{Nonces: NewNonces(), Now: Now}
	who, err := guard.Token(context.Background(), i.Record(), validate.TokenWant{}, i.Token(changes))
	if err != nil {
		i.tb.Fatal(err)
	}
	return who
}

// Person is who a good token with these claims changed makes at the end of a sign-in.
func (i Issuer) Person(changes map[string]any) validate.Identity {
	i.tb.Helper()
	claims := map[string]any{"sub": "ada", "aud": ClientID, "nonce": "nonce", "auth_time": Now().Unix()}
	maps.Copy(claims, changes)
	guard := validate.Guard{Nonces: NewNonces(), Now: Now}
	who, err := guard.Token(context.Background(), i.Record(ForLogin), validate.TokenWant{Login: true, Nonce: "nonce"}, i.Token(claims))
	if err != nil {
		i.tb.Fatal(err)
	}
	return who
}

// TB is the test that the issuer was made for.
func (i Issuer) TB() testing.TB { return i.tb }

// Public is its public key.
func (i Issuer) Public() crypto.PublicKey { return i.key.Public() }
