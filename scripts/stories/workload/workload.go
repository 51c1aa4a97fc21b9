// Package workload is a platform whose workloads bring ID tokens: a CI service, a
// cluster.
//
// In: a test. Out: an issuer on this machine that publishes its keys, and tokens of
// it that say what a story wants. It signs with the standard library alone: what
// verifies its tokens shares no code with it.
package workload

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Audience is whom its tokens are for.
const Audience = "sts.aliyuncs.com"

// Issuer is the platform.
type Issuer struct {
	URL string // as it stands in iss

	key *rsa.PrivateKey
}

// New starts one; it ends with the test.
func New(tb testing.TB) Issuer {
	tb.Helper()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	tb.Cleanup(server.Close)
	return open(tb, mux, server.URL)
}

// open publishes what an issuer of this address does.
func open(tb testing.TB, mux *http.ServeMux, address string) Issuer {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	publish(mux, "/.well-known/openid-configuration", map[string]any{
		"issuer": address, "jwks_uri": address + "/keys",
		"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	})
	publish(mux, "/keys", map[string]any{"keys": []any{map[string]string{
		"kty": "RSA", "kid": "one", "use": "sig", "alg": "RS256",
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": "AQAB",
	}}})
	return Issuer{address, key}
}

func publish(mux *http.ServeMux, path string, document any) {
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document) // the client went away: nobody to tell
	})
}

// Token is one of a job, with these claims changed; a nil takes one away. Each has
// a jti of its own.
func (i Issuer) Token(tb testing.TB, changes map[string]any) string {
	tb.Helper()
	now := time.Now().Unix()
	claims := map[string]any{
		"iss": i.URL, "aud": Audience, "sub": "repo:acme/shop:ref:refs/heads/main", "jti": rand.Text(),
		"iat": now, "nbf": now, "exp": now + 300, "repository_owner_id": "1234567",
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	signed := part(tb, map[string]string{"alg": "RS256", "typ": "JWT", "kid": "one"}) + "." + part(tb, claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	if err != nil {
		tb.Fatal(err)
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func part(tb testing.TB, v any) string {
	tb.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// Federation writes a file in which ISSUER stands for the issuer, and returns its
// name.
func (i Issuer) Federation(tb testing.TB, text string) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "federation.yaml")
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(text, "ISSUER", i.URL)), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// Jobs is a federation whose jobs take one role, and whose pods, by an audience of
// their own, take another as often as they like.
const Jobs = `
identityProviders:
  - id: ci
    oidc: {issuer: ISSUER, audiences: [sts.aliyuncs.com]}
  - id: pods
    oidc: {issuer: ISSUER, audiences: [pods], tokenUse: until-expiry}
accounts:
  - id: "1234567890123456"
    alias: acme-prod
    oidcProviders:
      ci: acs:ram::1234567890123456:oidc-provider/ci
      pods: acs:ram::1234567890123456:oidc-provider/pods
  - {id: "2345678901234567", alias: acme-dev, issue: direct, oidcProviders: {ci: acs:ram::2345678901234567:oidc-provider/ci}}
rules:
  - name: the shop deploys from main
    idp: ci
    roles: [acs:ram::1234567890123456:role/deploy]
    condition:
      StringEquals: {"oidc:sub": repo:acme/shop:ref:refs/heads/main, "oidc:repository_owner_id": "1234567"}
    session: {name: "{{sub | after \"repo:\" | before \":\"}}"}
  - name: the shop's pods read its pictures
    idp: pods
    roles: [acs:ram::1234567890123456:role/pictures]
    condition:
      StringEquals: {"oidc:sub": system:serviceaccount:shop:web}
    session: {name: shop-web}
`

// The roles and providers of [Jobs].
const (
	Deploy       = "acs:ram::1234567890123456:role/deploy"
	Pictures     = "acs:ram::1234567890123456:role/pictures"
	CIProvider   = "acs:ram::1234567890123456:oidc-provider/ci"
	PodsProvider = "acs:ram::1234567890123456:oidc-provider/pods"
)

// Pod changes a token into one of a pod.
func Pod() map[string]any {
	return map[string]any{"aud": []string{"pods"}, "sub": "system:serviceaccount:shop:web", "repository_owner_id": nil}
}
