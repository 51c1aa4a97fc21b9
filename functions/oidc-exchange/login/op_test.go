package login_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// op is an OpenID provider that checks what it is asked by itself, and does wrong
// only what a test tells it to.
type op struct {
	*httptest.Server
	issuer   validatetest.Issuer
	way      string // in which our client must prove itself: basic, post, none
	secret   string
	issParam bool
	claims   map[string]any                            // of the ID token, beside those of a good one; nil takes one away
	sign     func(claims map[string]any) string        // another way to sign
	answer   func(w http.ResponseWriter, token string) // instead of a good answer of the token endpoint

	mu     sync.Mutex
	codes  map[string]url.Values // that were not used yet, and the request of each
	came   int                   // requests at the token endpoint
	faults []string              // what was wrong with them
	issued string                // the last ID token
}

func newOP(t *testing.T, start func(http.Handler) *httptest.Server) *op {
	t.Helper()
	p := &op{issuer: validatetest.NewIssuer(t), way: "basic", secret: "s:e c+r/e%t€", issParam: true, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	p.Server = start(mux)
	t.Cleanup(p.Close)
	return p
}

func send(w http.ResponseWriter, text string) {
	_, _ = w.Write([]byte(text)) // the reader may be gone
}

// authorize is where somebody types a password; here they always have.
func (p *op) authorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	for name, want := range map[string]string{
		"tenant": "acme", "response_type": "code", "client_id": validatetest.ClientID, "code_challenge_method": "S256", "scope": "openid email",
	} {
		if got := query[name]; len(got) != 1 || got[0] != want {
			http.Error(w, fmt.Sprintf("%s is %q", name, got), http.StatusBadRequest)
			return
		}
	}
	back, err := url.Parse(query.Get("redirect_uri"))
	if err != nil || len(query.Get("code_challenge")) != 43 || query.Get("state") == "" || query.Get("nonce") == "" {
		http.Error(w, "request", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := fmt.Sprintf("code+%d/=", len(p.codes)+1)
	p.codes[code] = query
	answer := url.Values{"code": {code}, "state": query["state"], "session_state": {"x"}}
	if p.issParam {
		answer.Set("iss", validatetest.IssuerURL)
	}
	back.RawQuery = answer.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (p *op) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.came++
	asked, fault := p.redeem(r)
	if fault != "" {
		p.faults = append(p.faults, fault)
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": fault, "error_description": "AB1234: " + r.PostFormValue("code") + " is refused, and so is " + p.secret})
		return
	}
	token := p.idToken(asked)
	p.issued = token
	if p.answer != nil {
		p.answer(w, token)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	send(w, fmt.Sprintf(`{"access_token":"access","token_type":"bearer","expires_in":300,"id_token":%q}`, token))
}

// redeem gives the request of a code that may be used.
func (p *op) redeem(r *http.Request) (asked url.Values, fault string) {
	if err := r.ParseForm(); err != nil || r.URL.RawQuery != "" {
		return nil, "invalid_request"
	}
	for _, values := range r.PostForm {
		if len(values) != 1 {
			return nil, "invalid_request"
		}
	}
	if !p.proved(r) {
		return nil, "invalid_client"
	}
	code := r.PostForm.Get("code")
	asked, ok := p.codes[code]
	delete(p.codes, code)
	challenge := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
	if !ok || r.PostForm.Get("grant_type") != "authorization_code" || r.PostForm.Get("redirect_uri") != asked.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(challenge[:]) != asked.Get("code_challenge") {
		return nil, "invalid_grant"
	}
	return asked, ""
}

// proved wants one proof, in the way that the client is registered for (RFC 6749
// section 2.3).
func (p *op) proved(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	inForm := slices.Contains(slices.Collect(maps.Keys(r.PostForm)), "client_secret")
	switch p.way {
	case "basic":
		return basic && idErr == nil && secretErr == nil && id == validatetest.ClientID && secret == p.secret && !inForm && !r.PostForm.Has("client_id")
	case "post":
		return !basic && r.PostForm.Get("client_id") == validatetest.ClientID && r.PostForm.Get("client_secret") == p.secret
	default:
		return !basic && !inForm && r.PostForm.Get("client_id") == validatetest.ClientID
	}
}

func (p *op) idToken(asked url.Values) string {
	half := sha256.Sum256([]byte("access"))
	claims := validatetest.Claims(map[string]any{
		"sub": "ada", "aud": validatetest.ClientID, "nonce": asked.Get("nonce"), "email": "ada@acme.com", "groups": []string{"platform"},
		"at_hash": base64.RawURLEncoding.EncodeToString(half[:16]), "jti": asked.Get("state"), "nbf": nil,
	})
	maps.Copy(claims, p.claims)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	if p.sign != nil {
		return p.sign(claims)
	}
	return p.issuer.Sign(p.issuer.JSON(p.issuer.Header(nil)), p.issuer.JSON(claims))
}

// lastToken is the ID token that was given out last.
func (p *op) lastToken() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.issued
}

// requests is how often the token endpoint was asked, and what was wrong with it.
func (p *op) requests() (int, string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.came, strings.Join(p.faults, " ")
}
