package cloud_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"log"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

const (
	deployRole   = "acs:ram::1234567890123456:role/deploy"
	anyRole      = "acs:ram::1234567890123456:role/any-branch"
	ciProvider   = "acs:ram::1234567890123456:oidc-provider/ci"
	fromMain     = "repo:acme/shop:ref:refs/heads/main"
	testAudience = "sts.aliyuncs.com"
)

// issuer publishes what it is told to, and signs with the standard library.
type issuer struct {
	*httptest.Server
	key   *rsa.PrivateKey
	pages map[string]string
}

// issuersKey is every issuer's: what tells them apart is their address.
var issuersKey = sync.OnceValue(newRSAKey)

func newRSAKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
}

func newIssuer(t *testing.T, certificate *tls.Certificate) *issuer {
	t.Helper()
	i := &issuer{key: issuersKey()}
	i.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, ok := i.pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, page)
	}))
	i.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes
	if certificate == nil {
		i.Start()
	} else {
		i.TLS = &tls.Config{Certificates: []tls.Certificate{*certificate}}
		i.StartTLS()
	}
	t.Cleanup(i.Close)
	i.pages = map[string]string{
		"/.well-known/openid-configuration": `{"issuer":"` + i.URL + `","jwks_uri":"` + i.URL + `/keys"}`,
		"/keys": `{"keys":[{"kty":"EC"},{"kty":"RSA","kid":"old","n":"AQAB","e":"AQAB"},{"kty":"RSA","kid":"one","use":"sig","alg":"RS256","e":"AQAB","n":"` +
			base64.RawURLEncoding.EncodeToString(i.key.N.Bytes()) + `"}]}`,
	}
	return i
}

func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// token is a good one at this time, with these claims changed; nil takes one away.
func (i *issuer) token(now time.Time, changes map[string]any) string {
	return i.signed(map[string]any{"alg": "RS256", "kid": "one"}, now, changes)
}

func (i *issuer) signed(header map[string]any, now time.Time, changes map[string]any) string {
	claims := map[string]any{"iss": i.URL, "aud": []string{"other", testAudience}, "sub": fromMain, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix()}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	text := encoded(header) + "." + encoded(claims)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// register makes the provider of the tests, and roles that trust it.
func (w *world) register(i *issuer, fingerprints ...string) {
	w.t.Helper()
	w.must(w.AddOIDCProvider(cloud.OIDCProvider{ARN: ciProvider, Issuer: i.URL, ClientIDs: []string{testAudience, "second"}, Fingerprints: fingerprints}))
	w.must(w.AddRole(cloud.Role{ARN: deployRole, Trust: cloud.TrustingFederated(nil, cloud.Federated{Provider: ciProvider, Equals: map[string][]string{
		"oidc:iss": {i.URL}, "oidc:aud": {testAudience}, "oidc:sub": {fromMain},
	}})}))
	like := strings.Replace(cloud.TrustingFederated([]string{portal}, cloud.Federated{Provider: ciProvider, Equals: map[string][]string{"oidc:sub": {"repo:acme/shop:*"}}}), "StringEquals", "StringLike", 1)
	w.must(w.AddRole(cloud.Role{ARN: anyRole, Trust: like, MaxSession: 12 * time.Hour}))
}

// withOIDC asks as credentials-go does: the action in the query, the rest in a form.
func (w *world) withOIDC(token string, more ...pair) answer {
	w.t.Helper()
	form := url.Values{"RoleArn": {deployRole}, "OIDCProviderArn": {ciProvider}, "RoleSessionName": {"run-17"}, "OIDCToken": {token}}
	for _, p := range more {
		form.Set(p.name, p.value)
		if p.value == "" {
			form.Del(p.name)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/?Action=AssumeRoleWithOIDC&Version=2015-04-01&Format=JSON", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.sts(r)
}

func TestATokenBecomesASessionOfARoleThatTrustsItsIssuer(t *testing.T) {
	w := newWorld(t)
	i := newIssuer(t, nil)
	w.register(i)
	got := w.withOIDC(i.token(w.now, nil))
	if got.status != http.StatusOK || got.json.AssumedRoleUser.Arn != deployRole+"/run-17" || got.json.Credentials.Expiration != "2026-11-23T19:00:00Z" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	info := `"OIDCTokenInfo":{"Subject":"` + fromMain + `","Issuer":"` + i.URL + `","ClientIds":"other,sts.aliyuncs.com",` +
		`"IssuanceTime":"2026-11-23T18:00:00Z","ExpirationTime":"2026-11-23T18:05:00Z","VerificationInfo":"Success"}`
	if !strings.Contains(got.body, info) {
		t.Errorf("%s lacks %s", got.body, info)
	}
	run := signer{got.json.Credentials.AccessKeyId, got.json.Credentials.AccessKeySecret, got.json.Credentials.SecurityToken, w.now}
	if me := w.sts(run.v1(whoAmI())); me.json.Arn != "acs:ram::1234567890123456:assumed-role/deploy/run-17" || me.json.PrincipalId != me.json.RoleId+":run-17" {
		t.Error(me.body)
	}
	// The official STS SDK puts all into the address of a POST.
	query := url.Values{"Action": {"AssumeRoleWithOIDC"}, "Version": {"2015-04-01"}, "Format": {"xml"}, "RoleArn": {anyRole}, "OIDCProviderArn": {ciProvider}, "RoleSessionName": {"x1"}, "OIDCToken": {i.token(w.now, nil)}, "DurationSeconds": {"43200"}}
	if got := w.sts(httptest.NewRequest(http.MethodPost, "/?"+query.Encode(), nil)); got.status != http.StatusOK || !strings.Contains(got.body, "<AssumeRoleWithOIDCResponse>") || !strings.Contains(got.body, "<Expiration>2026-11-24T06:00:00Z") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestATokensSessionIsNarrowed as a response's is, whatever nonce the token has: RAM does
// not ask for one.
func TestATokensSessionIsNarrowed(t *testing.T) {
	w := newWorld(t)
	i := newIssuer(t, nil)
	w.register(i)
	w.must(w.AddRole(cloud.Role{
		ARN: deployRole, Trust: cloud.TrustingFederated(nil, cloud.Federated{Provider: ciProvider, Equals: map[string][]string{"oidc:sub": {fromMain}}}),
		Permission: allowing("sts:*"),
	}))
	w.must(w.AddRole(cloud.Role{ARN: "acs:ram::1234567890123456:role/second", Trust: cloud.Trusting(deployRole)}))
	w.narrows(func(more ...pair) answer { return w.withOIDC(i.token(w.now, map[string]any{"nonce": "n"}), more...) })
}

func TestEachRefusalOfATokenHasItsCode(t *testing.T) {
	w := newWorld(t)
	i, other := newIssuer(t, nil), newIssuer(t, nil)
	w.register(i)
	claims := func(changes map[string]any) string { return i.token(w.now, changes) }
	good := claims(nil)
	forged := &issuer{Server: i.Server, key: newRSAKey()}
	for _, c := range []struct {
		name, token   string
		more          []pair
		status        int
		code, message string
	}{
		{"no role", good, []pair{{"RoleArn", ""}}, 400, "MissingParameter.RoleArn", "RoleArn"},
		{"no provider", good, []pair{{"OIDCProviderArn", ""}}, 400, "MissingParameter.OIDCProviderArn", "OIDCProviderArn"},
		{"no session", good, []pair{{"RoleSessionName", ""}}, 400, "MissingParameter.RoleSessionName", "RoleSessionName"},
		{"role's form", good, []pair{{"RoleArn", "deploy"}}, 400, "InvalidParameter.RoleArn", "wrongly formed"},
		{"provider's form", good, []pair{{"OIDCProviderArn", deployRole}}, 400, "InvalidParameter.OIDCProviderArn", "wrongly formed"},
		{"session's form", good, []pair{{"RoleSessionName", "a b"}}, 400, "InvalidParameter.RoleSessionName", "wrongly formed"},
		{"short session name", good, []pair{{"RoleSessionName", "a"}}, 400, "InvalidParameter.RoleSessionName", "wrongly formed"},
		{"long session name", good, []pair{{"RoleSessionName", strings.Repeat("a", 65)}}, 400, "InvalidParameter.RoleSessionName", "wrongly formed"},
		{"duration's form", good, []pair{{"DurationSeconds", "1h"}}, 400, "InvalidParameter.DurationSeconds", "wrongly formed"},
		{"too short", good, []pair{{"DurationSeconds", "899"}}, 400, "InvalidParameter.DurationSeconds", "15min/1hr"},
		{"too long for the role", good, []pair{{"DurationSeconds", "3601"}}, 400, "InvalidParameter.DurationSeconds", "15min/1hr"},
		{"policy's size", good, []pair{{"Policy", strings.Repeat(" ", 2049)}}, 400, "InvalidParameter.PolicySize", "2048 bytes"},
		{"policy's form", good, []pair{{"Policy", "{}"}}, 400, "InvalidParameter.PolicyGrammar", "grammar"},
		{"no such provider", good, []pair{{"OIDCProviderArn", ciProvider + "2"}}, 401, "AuthenticationFail.NoPermission", "No such OIDC Provider registered."},
		{"no such role", good, []pair{{"RoleArn", deployRole + "2"}}, 404, "EntityNotExist.Role", "The role not exists: " + deployRole + "2 . "},

		{"empty", "", []pair{{"OIDCToken", ""}}, 401, "AuthenticationFail.OIDCToken.Invalid", "The OIDCToken can not empty."},
		{"a token too long", strings.Repeat("a", 20_001), nil, 400, "InvalidParameter.OIDCToken", "wrongly formed"},
		{"two parts", "aaaa.bbbb", nil, 401, "AuthenticationFail.OIDCToken.Invalid", "divided into 3 parts with '.' ."},
		{"no base64", "a=.b.c", nil, 401, "AuthenticationFail.OIDCToken.Invalid", "Cannot decode base64"},
		{"a line break behind", good + "\n", nil, 401, "AuthenticationFail.OIDCToken.Invalid", "Cannot decode base64"},
		{"no JSON", "e30.e3.e30", nil, 401, "AuthenticationFail.OIDCToken.Invalid", "content is invalid"},
		{"an aud that is a number", claims(map[string]any{"aud": 1}), nil, 401, "AuthenticationFail.OIDCToken.Invalid", "content is invalid"},
		{"HS256", i.signed(map[string]any{"alg": "HS256"}, w.now, nil), nil, 401, "AuthenticationFail.OIDCToken.Invalid", "The algorithm HS256 that"},
		{"none", i.signed(map[string]any{"alg": "none"}, w.now, nil), nil, 401, "AuthenticationFail.OIDCToken.Invalid", "The algorithm none that"},
		{"another issuer", claims(map[string]any{"iss": other.URL}), nil, 401, "AuthenticationFail.OIDCToken.IssuerNotMatch", "doesn't match"},
		{"a slash more", claims(map[string]any{"iss": i.URL + "/"}), nil, 401, "AuthenticationFail.OIDCToken.IssuerNotMatch", "doesn't match"},
		{"another audience", claims(map[string]any{"aud": "other"}), nil, 401, "AuthenticationFail.OIDCToken.AudienceNotMatch", "Invalid audience."},
		{"no subject", claims(map[string]any{"sub": nil}), nil, 401, "AuthenticationFail.OIDCToken.Invalid", "content is invalid"},
		{"no end", claims(map[string]any{"exp": nil}), nil, 401, "AuthenticationFail.OIDCToken.Invalid", "content is invalid"},
		{"expired", claims(map[string]any{"exp": w.now.Unix()}), nil, 401, "AuthenticationFail.OIDCToken.Expired", "This JsonWebToken is expired."},
		{"issued 12 hours and a second ago", claims(map[string]any{"iat": w.now.Unix() - 12*3600 - 1}), nil, 401, "AuthenticationFail.OIDCToken.Expired", "This JsonWebToken is expired."},
		{"another's key", forged.token(w.now, nil), nil, 401, "AuthenticationFail.OIDCToken.InvalidSignature", "invalid signature"},
		{"an unknown key", i.signed(map[string]any{"alg": "RS256", "kid": "two"}, w.now, nil), nil, 401, "AuthenticationFail.OIDCToken.InvalidSignature", "invalid signature"},

		{"another subject", claims(map[string]any{"sub": "repo:acme/shop:ref:refs/heads/dev"}), nil, 401, "AuthenticationFail.NoPermission", "There is no permission"},
		{"an audience that the role does not want", claims(map[string]any{"aud": "second"}), nil, 401, "AuthenticationFail.NoPermission", "There is no permission"},
		{"another repository", claims(map[string]any{"sub": "repo:evil/shop:x"}), []pair{{"RoleArn", anyRole}}, 401, "AuthenticationFail.NoPermission", "There is no permission"},
		{"a role that trusts functions alone", good, []pair{{"RoleArn", adminRole}}, 401, "AuthenticationFail.NoPermission", "There is no permission"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.withOIDC(c.token, c.more...)
			if got.status != c.status || got.json.Code != c.code || !strings.Contains(got.json.Message, c.message) {
				t.Errorf("got %d %s, want %d %s, %s", got.status, got.body, c.status, c.code, c.message)
			}
		})
	}
	if got := w.withOIDC(claims(map[string]any{"sub": "repo:acme/shop:x", "iat": w.now.Unix() - 12*3600}), pair{"RoleArn", anyRole}); got.status != http.StatusOK {
		t.Errorf("StringLike, and 12 hours old: %s", got.body)
	}
}

// TestTheIssuerIsReallyAsked: what it publishes counts, at the moment.
func TestTheIssuerIsReallyAsked(t *testing.T) {
	for name, spoil := range map[string]func(*issuer){
		"it is gone":               func(i *issuer) { i.Close() },
		"no discovery":             func(i *issuer) { delete(i.pages, "/.well-known/openid-configuration") },
		"no JSON":                  func(i *issuer) { i.pages["/keys"] = "<html>" },
		"no keys":                  func(i *issuer) { delete(i.pages, "/keys") },
		"another's discovery":      func(i *issuer) { i.pages["/.well-known/openid-configuration"] = `{"issuer":"https://other.example"}` },
		"keys elsewhere, in plain": func(i *issuer) { i.page("http://keys.example/") },
	} {
		w := newWorld(t)
		i := newIssuer(t, nil)
		w.register(i)
		spoil(i)
		if got := w.withOIDC(i.token(w.now, nil)); got.status != http.StatusUnauthorized || got.json.Code != "AuthenticationFail.OIDCToken.IssuerConfigurationBroken" || !strings.HasSuffix(got.json.Message, "the issuer is "+i.URL+".") {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
}

func (i *issuer) page(keys string) {
	i.pages["/.well-known/openid-configuration"] = `{"issuer":"` + i.URL + `","jwks_uri":"` + keys + `"}`
}

// authority signs servers' certificates.
type authority struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{key, cert}
}

// serve makes a server's certificate; chain is what is sent behind it.
func (a authority) serve(t *testing.T, until time.Time, address string, chain ...*x509.Certificate) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), DNSNames: []string{address}, NotBefore: a.cert.NotBefore, NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	made := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	for _, more := range chain {
		made.Certificate = append(made.Certificate, more.Raw)
	}
	return made
}

func printOf(c *x509.Certificate) string {
	return strings.ToUpper(hexSHA1(c.Raw))
}

// TestTheLastCertificateThatIsServedIsRegistered: a stale fingerprint refuses, as
// does a chain that does not hold together.
func TestTheLastCertificateThatIsServedIsRegistered(t *testing.T) {
	old, fresh := newAuthority(t, "old"), newAuthority(t, "new")
	later := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	leaf := func(c *tls.Certificate) string { return hexSHA1(c.Certificate[0]) }
	whole := old.serve(t, later, "localhost", old.cert)
	alone := old.serve(t, later, "localhost")
	for _, c := range []struct {
		name   string
		served *tls.Certificate
		prints []string
		code   string // "": taken
	}{
		{"the root's", whole, []string{printOf(old.cert)}, ""},
		{"the root's with colons", whole, []string{printOf(old.cert)[:2] + ":" + printOf(old.cert)[2:]}, ""},
		{"old and new", whole, []string{printOf(fresh.cert), printOf(old.cert)}, ""},
		{"the leaf's, where it comes alone", alone, []string{leaf(alone)}, ""},
		{"a stale one", fresh.serve(t, later, "localhost", fresh.cert), []string{printOf(old.cert)}, "PublicKeyFingerprintMismatch"},
		{"the root's, which is not sent", alone, []string{printOf(old.cert)}, "PublicKeyFingerprintMismatch"},
		{"the leaf's, which is not the last", whole, []string{leaf(whole)}, "PublicKeyFingerprintMismatch"},
		{"none", whole, nil, "PublicKeyFingerprintMismatch"},
		{"a root that did not sign", fresh.serve(t, later, "localhost", old.cert), []string{printOf(old.cert)}, "HttpsUrlInvalid"},
		{"another host's", old.serve(t, later, "other.example", old.cert), []string{printOf(old.cert)}, "HttpsUrlInvalid"},
		{"an expired one", old.serve(t, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), "localhost", old.cert), []string{printOf(old.cert)}, "HttpsUrlInvalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			i := newIssuer(t, c.served)
			i.URL = strings.Replace(i.URL, "127.0.0.1", "localhost", 1)
			i.page(i.URL + "/keys")
			w.register(i, c.prints...)
			got := w.withOIDC(i.token(w.now, nil))
			if c.code == "" && got.status != http.StatusOK || c.code != "" && (got.status != http.StatusUnauthorized || got.json.Code != "AuthenticationFail.OIDCToken."+c.code) {
				t.Errorf("%d %s", got.status, got.body)
			}
			served, err := cloud.Served(t.Context(), i.URL)
			if last := c.served.Certificate[len(c.served.Certificate)-1]; err != nil || !strings.EqualFold(served, hexSHA1(last)) {
				t.Errorf("served %q, %v", served, err)
			}
		})
	}
}

func TestACertificateOfANameIsNoneOfAnAddress(t *testing.T) {
	w, ca := newWorld(t), newAuthority(t, "root")
	i := newIssuer(t, ca.serve(t, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC), "localhost", ca.cert)) // at 127.0.0.1
	w.register(i, printOf(ca.cert))
	if got := w.withOIDC(i.token(w.now, nil)); got.json.Code != "AuthenticationFail.OIDCToken.HttpsUrlInvalid" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

func hexSHA1(der []byte) string {
	sum := sha1.Sum(der)
	return hex.EncodeToString(sum[:])
}

func TestRAMRefusesProvidersThatItWouldNotKeep(t *testing.T) {
	w := newWorld(t)
	good := cloud.OIDCProvider{ARN: ciProvider, Issuer: "https://issuer.example/realm", ClientIDs: []string{"a"}, Fingerprints: []string{strings.Repeat("A1", 20)}, Issuance: time.Hour}
	w.must(w.AddOIDCProvider(good))
	w.must(w.AddOIDCProvider(good)) // replaced
	elsewhere := good
	elsewhere.ARN = "acs:ram::2345678901234567:oidc-provider/other"
	w.must(w.AddOIDCProvider(elsewhere))
	for name, spoil := range map[string]func(*cloud.OIDCProvider){
		"ARN":             func(p *cloud.OIDCProvider) { p.ARN = deployRole },
		"name":            func(p *cloud.OIDCProvider) { p.ARN = ciProvider + "." },
		"http":            func(p *cloud.OIDCProvider) { p.Issuer = "http://issuer.example" },
		"query":           func(p *cloud.OIDCProvider) { p.Issuer += "?a" },
		"fragment":        func(p *cloud.OIDCProvider) { p.Issuer += "#" },
		"userinfo":        func(p *cloud.OIDCProvider) { p.Issuer = "https://a@issuer.example" },
		"issuer's length": func(p *cloud.OIDCProvider) { p.Issuer += strings.Repeat("a", 255) },
		"client ID":       func(p *cloud.OIDCProvider) { p.ClientIDs = []string{".a"} },
		"51 client IDs":   func(p *cloud.OIDCProvider) { p.ClientIDs = strings.Split(strings.Repeat("a,", 50)+"a", ",") },
		"fingerprint":     func(p *cloud.OIDCProvider) { p.Fingerprints = []string{"a1"} },
		"six fingerprints": func(p *cloud.OIDCProvider) {
			p.Fingerprints = strings.SplitN(strings.Repeat(strings.Repeat("a", 40)+",", 5)+strings.Repeat("a", 40), ",", 6)
		},
		"half an hour":      func(p *cloud.OIDCProvider) { p.Issuance = 30 * time.Minute },
		"more than a week":  func(p *cloud.OIDCProvider) { p.Issuance = 169 * time.Hour },
		"not in full hours": func(p *cloud.OIDCProvider) { p.Issuance = 90 * time.Minute },
	} {
		p := good
		spoil(&p)
		if err := w.AddOIDCProvider(p); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}
