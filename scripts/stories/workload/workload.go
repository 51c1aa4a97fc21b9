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
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Audience is whom its tokens are for.
const Audience = "sts.aliyuncs.com"

// Issuer is the platform.
type Issuer struct {
	URL string // as it stands in iss

	*platform
}

// platform is what may change while others ask.
type platform struct {
	mu    sync.Mutex
	keys  []*rsa.PrivateKey // the last one signs
	mood  Mood
	asked map[string]int // by path
}

// New starts one; it ends with the test.
func New(tb testing.TB) Issuer {
	tb.Helper()
	return open(tb, func(platform http.Handler) string {
		server := httptest.NewServer(platform)
		tb.Cleanup(server.Close)
		return server.URL
	})
}

// open serves a platform, and returns it under the address that it has then.
func open(tb testing.TB, serve func(http.Handler) string) Issuer {
	tb.Helper()
	p := &platform{asked: map[string]int{}}
	i := Issuer{serve(p), p}
	i.Rotate(tb)
	return i
}

// Rotate makes it sign by a new key, which it publishes beside the old ones.
func (i Issuer) Rotate(tb testing.TB) {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, key)
}

func (p *platform) signer() (*rsa.PrivateKey, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.keys[len(p.keys)-1], kid(len(p.keys) - 1)
}

func kid(n int) string { return "key-" + strconv.Itoa(n) }

const (
	discoveryPath = "/.well-known/openid-configuration"
	keysPath      = "/keys"
)

// ServeHTTP publishes what an issuer publishes, in its mood.
func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked[r.URL.Path]++
	mood, documents := p.mood, map[string]any{discoveryPath: discovery(r), keysPath: p.keySet()}
	p.mu.Unlock()
	if mood != nil && mood(w, r) {
		return
	}
	document, ok := documents[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(document) // the client went away: nobody to tell
}

func discovery(r *http.Request) map[string]any {
	issuer := "http://" + r.Host
	if r.TLS != nil {
		issuer = "https://" + r.Host
	}
	return map[string]any{
		"issuer": issuer, "jwks_uri": issuer + keysPath,
		"response_types_supported": []string{"id_token"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
	}
}

func (p *platform) keySet() map[string]any {
	var set []any
	for n, key := range p.keys {
		set = append(set, map[string]string{
			"kty": "RSA", "kid": kid(n), "use": "sig", "alg": "RS256",
			"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()), "e": "AQAB",
		})
	}
	return map[string]any{"keys": set}
}

// KeyID stands among the changes to a token for the key that its header names.
const KeyID = "(kid)"

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
	key, id := i.signer()
	if named, ok := claims[KeyID].(string); ok {
		id = named
		delete(claims, KeyID)
	}
	signed := part(tb, map[string]string{"alg": "RS256", "typ": "JWT", "kid": id}) + "." + part(tb, claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
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
      ci: acs:ram::1234567890123456:oidc-provider/platform
      pods: acs:ram::1234567890123456:oidc-provider/platform
  - {id: "2345678901234567", alias: acme-dev, issue: direct, oidcProviders: {ci: acs:ram::2345678901234567:oidc-provider/platform}}
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
	Deploy   = "acs:ram::1234567890123456:role/deploy"
	Pictures = "acs:ram::1234567890123456:role/pictures"
	Provider = "acs:ram::1234567890123456:oidc-provider/platform" // RAM has one for an issuer
)

// Pod changes a token into one of a pod.
func Pod() map[string]any {
	return map[string]any{"aud": []string{"pods"}, "sub": "system:serviceaccount:shop:web", "repository_owner_id": nil}
}
