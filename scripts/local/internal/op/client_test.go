package op_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"maps"
	"math/big"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/op"
)

const (
	callback = "http://127.0.0.1:1/oidc/contoso/callback"
	verifier = "a-verifier-of-43-characters-0123456789-abcd"
	byPhone  = "https://refeds.org/profile/mfa"
	byWord   = "https://refeds.org/profile/sfa"
)

// site is a provider behind a real port, with a browser that keeps cookies and stops
// where it would leave the provider.
type site struct {
	*op.OP
	*http.Client

	t   *testing.T
	url string
	now time.Time
}

func newSite(t *testing.T, change func(*op.Options)) *site {
	t.Helper()
	s := &site{t: t, now: time.Now().Truncate(time.Second)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	s.url = server.URL
	o := op.Contoso(s.url, "http://127.0.0.1:1", t.TempDir())
	o.Now = func() time.Time { return s.now }
	if change != nil {
		change(&o)
	}
	var err error
	s.OP, err = op.New(o)
	s.must(err)
	jar, err := cookiejar.New(nil)
	s.must(err)
	s.Client = &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), s.url) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return s
}

func (s *site) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

type page struct {
	status int
	header http.Header
	text   string
	answer url.Values // where it would leave the provider: what goes along
}

func (s *site) send(r *http.Request, err error) page {
	s.t.Helper()
	s.must(err)
	if r.Method == http.MethodPost && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := s.Do(r)
	s.must(err)
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	s.must(err)
	p := page{answer.StatusCode, answer.Header, string(text), nil}
	if target, err := answer.Location(); err == nil {
		if !strings.HasPrefix(target.String(), callback+"?") {
			s.t.Fatalf("it leads to %s", target)
		}
		p.answer = target.Query()
	}
	return p
}

func (s *site) get(path string) page {
	s.t.Helper()
	return s.send(http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil))
}

func (s *site) submit(path string, form url.Values) page {
	s.t.Helper()
	return s.send(http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url+path, strings.NewReader(form.Encode())))
}

// wish is an authorization request as it should be, with changes: pairs of a name and
// its value, "" for none.
func wish(changes ...string) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	fields := url.Values{
		"response_type": {"code"}, "client_id": {"fc-sso"}, "redirect_uri": {callback}, "scope": {"openid email profile"},
		"state": {"state-1"}, "nonce": {"nonce-1"}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])},
	}
	return changed(fields, changes)
}

func changed(fields url.Values, changes []string) url.Values {
	for i := 0; i+1 < len(changes); i += 2 {
		fields.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			fields.Del(changes[i])
		}
	}
	return fields
}

func (s *site) ask(changes ...string) page {
	s.t.Helper()
	return s.get("/authorize?" + wish(changes...).Encode())
}

// password fills the form that the page shows.
func (s *site) password(form page, username string) page {
	s.t.Helper()
	return s.submit("/signin", url.Values{"request": {form.request()}, "username": {username}, "password": {username + "-demo"}})
}

// code gives the telephone's.
func (s *site) code(form page) page {
	s.t.Helper()
	phone := regexp.MustCompile(`<code id="phone">(\d{6})</code>`).FindStringSubmatch(form.text)
	if phone == nil {
		s.t.Fatalf("no code is asked for: %d %s", form.status, form.text)
	}
	return s.submit("/factor", url.Values{"request": {form.request()}, "code": {phone[1]}})
}

// request is the name that the page's form gives the wish.
func (p page) request() string {
	found := regexp.MustCompile(`name="request" value="([^"]*)"`).FindStringSubmatch(p.text)
	if found == nil {
		return ""
	}
	return html.UnescapeString(found[1])
}

func (p page) asksPassword() bool { return strings.Contains(p.text, `type="password"`) }

// redemption is a token request as it should be, with changes as for wish.
func redemption(code string, changes ...string) url.Values {
	fields := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback},
		"code_verifier": {verifier}, "client_id": {"fc-sso"},
	}
	return changed(fields, changes)
}

func (s *site) redeem(answer page, changes ...string) page {
	s.t.Helper()
	return s.submit("/token", redemption(answer.answer.Get("code"), changes...))
}

func (p page) json(t *testing.T) map[string]any {
	t.Helper()
	var document map[string]any
	if err := json.Unmarshal([]byte(p.text), &document); err != nil {
		t.Fatalf("%d %s: %v", p.status, p.text, err)
	}
	return document
}

func (p page) error(t *testing.T) string {
	t.Helper()
	if p.answer != nil {
		return p.answer.Get("error")
	}
	text, _ := p.json(t)["error"].(string)
	return text
}

// verified reads the claims of an ID token after checking it with the published keys.
func (s *site) verified(tokens page) map[string]any {
	s.t.Helper()
	token, _ := tokens.json(s.t)["id_token"].(string)
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		s.t.Fatalf("no ID token: %d %s", tokens.status, tokens.text)
	}
	var header struct{ Alg, Kid string }
	s.must(json.Unmarshal(s.decode(parts[0]), &header))
	key, ok := s.published()[header.Kid]
	if !ok || header.Alg != "RS256" {
		s.t.Fatalf("signed by %+v", header)
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	s.must(rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], s.decode(parts[2])))
	var claims map[string]any
	s.must(json.Unmarshal(s.decode(parts[1]), &claims))
	return claims
}

func (s *site) decode(text string) []byte {
	s.t.Helper()
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	s.must(err)
	return decoded
}

// published are the keys of the JWKS that discovery names.
func (s *site) published() map[string]*rsa.PublicKey {
	s.t.Helper()
	address, _ := s.get("/.well-known/openid-configuration").json(s.t)["jwks_uri"].(string)
	var set struct{ Keys []struct{ Kid, N, E string } }
	s.must(json.Unmarshal([]byte(s.get(strings.TrimPrefix(address, s.url)).text), &set))
	keys := map[string]*rsa.PublicKey{}
	for _, k := range set.Keys {
		keys[k.Kid] = &rsa.PublicKey{N: new(big.Int).SetBytes(s.decode(k.N)), E: int(new(big.Int).SetBytes(s.decode(k.E)).Int64())}
	}
	return keys
}

func (s *site) admin(path string, body any) int {
	s.t.Helper()
	var text bytes.Buffer
	s.must(json.NewEncoder(&text).Encode(body))
	w := httptest.NewRecorder()
	s.Admin().ServeHTTP(w, httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, path, &text))
	return w.Code
}

func (s *site) turn(wish string) {
	s.t.Helper()
	if status := s.admin("/keys", map[string]string{"do": wish}); status != http.StatusOK {
		s.t.Fatalf("%s: %d", wish, status)
	}
}

func with(form url.Values, name string, values ...string) url.Values {
	more := maps.Clone(form)
	more[name] = append(more[name], values...)
	return more
}
