package op

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

const (
	codeLifetime  = time.Minute
	tokenLifetime = 5 * time.Minute
)

// grant is what a code stands for.
type grant struct {
	asked   request
	who     desk.Session
	expires time.Time
}

func (p *OP) remember(asked request, who desk.Session) string {
	code, now := rand.Text(), p.o.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.DeleteFunc(p.codes, func(_ string, old grant) bool { return now.After(old.expires) })
	p.codes[code] = grant{asked, who, now.Add(codeLifetime)}
	return code
}

// redeem spends a code, whatever comes of it.
func (p *OP) redeem(code string) (grant, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, ok := p.codes[code]
	delete(p.codes, code)
	return found, ok && p.o.Now().Before(found.expires)
}

// token exchanges a code (RFC 6749 section 4.1.3, OIDC Core 3.1.3).
func (p *OP) token(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	answer, refusal := p.exchange(r)
	if refusal != (oauthError{}) {
		p.o.Log.InfoContext(r.Context(), "token refused", "idp", p.o.ID, "error", refusal)
		status := http.StatusBadRequest
		if refusal.code == "invalid_client" {
			status = http.StatusUnauthorized
			w.Header().Set("WWW-Authenticate", `Basic realm="`+p.o.ID+`"`)
		}
		writeJSON(w, status, map[string]string{"error": refusal.code, "error_description": refusal.description})
		return
	}
	writeJSON(w, http.StatusOK, answer)
}

func (p *OP) exchange(r *http.Request) (map[string]any, oauthError) {
	fields, refusal := tokenFields(r)
	if refusal == (oauthError{}) {
		refusal = p.authenticate(r, fields)
	}
	if refusal != (oauthError{}) {
		return nil, refusal
	}
	if fields.Get("grant_type") != "authorization_code" {
		return nil, oauthError{"unsupported_grant_type", "grant_type is authorization_code here"}
	}
	found, ok := p.redeem(fields.Get("code"))
	switch {
	case !ok:
		return nil, oauthError{"invalid_grant", "the code is unknown, used or over"}
	case fields.Get("redirect_uri") != found.asked.redirectURI:
		return nil, oauthError{"invalid_grant", "redirect_uri is not that of the authorization request"}
	case !proves(fields.Get("code_verifier"), found.asked.challenge):
		return nil, oauthError{"invalid_grant", "code_verifier is not that of the code_challenge"}
	}
	return p.tokens(found)
}

// tokenFields are the form's; the address is no place for a code (RFC 6749 section
// 3.2).
func tokenFields(r *http.Request) (url.Values, oauthError) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" {
		return nil, oauthError{"invalid_request", "a form is wanted, and nothing in the query"}
	}
	if err := r.ParseForm(); err != nil {
		return nil, oauthError{"invalid_request", "the form cannot be read"}
	}
	for name, values := range r.PostForm {
		if len(values) > 1 {
			return nil, oauthError{"invalid_request", name + " is given twice"}
		}
	}
	return r.PostForm, oauthError{}
}

// authenticate takes the one method that the client is registered for: Basic with
// both parts form-encoded (RFC 6749 section 2.3.1), or none.
func (p *OP) authenticate(r *http.Request, fields url.Values) oauthError {
	id, secret, basic := r.BasicAuth()
	id, idErr := url.QueryUnescape(id)
	secret, secretErr := url.QueryUnescape(secret)
	client := p.o.Client
	switch {
	case fields.Has("client_secret"):
		return oauthError{"invalid_client", "the secret goes by Basic, not in the form"}
	case basic != (client.Secret != "") || r.Header.Get("Authorization") != "" && !basic:
		return oauthError{"invalid_client", "not the method that the client is registered for"}
	case !basic && fields.Get("client_id") != client.ID, basic && fields.Has("client_id") && fields.Get("client_id") != id:
		return oauthError{"invalid_client", "client_id is not known here"}
	case basic && (idErr != nil || secretErr != nil || id != client.ID || subtle.ConstantTimeCompare([]byte(secret), []byte(client.Secret)) != 1):
		return oauthError{"invalid_client", "client or secret is wrong"}
	}
	return oauthError{}
}

// proves is PKCE (RFC 7636 sections 4.1 and 4.6).
func proves(verifier, challenge string) bool {
	if len(verifier) < 43 || len(verifier) > 128 || strings.ContainsFunc(verifier, func(c rune) bool { return !isUnreserved(c) }) {
		return false
	}
	sum := sha256.Sum256([]byte(verifier))
	return subtle.ConstantTimeCompare([]byte(encode(sum[:])), []byte(challenge)) == 1
}

// tokens are an ID token, and an access token because the protocol has one: it opens
// nothing here.
func (p *OP) tokens(found grant) (map[string]any, oauthError) {
	access := rand.Text()
	token, err := p.ring.signer().sign(p.claims(found, access))
	if err != nil {
		return nil, oauthError{"server_error", err.Error()}
	}
	return map[string]any{
		"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLifetime / time.Second),
		"id_token": token, "scope": strings.Join(found.asked.granted(), " "),
	}, oauthError{}
}

func (r request) granted() []string {
	return slices.DeleteFunc(slices.Clone(r.scopes), func(s string) bool { return !slices.Contains([]string{"openid", "email", "profile"}, s) })
}

// claims are those of OIDC Core section 2, and groups, which every provider sends in
// a way of its own.
func (p *OP) claims(found grant, access string) map[string]any {
	now, who, habits := p.o.Now(), found.who, p.habits()
	hash := sha256.Sum256([]byte(access))
	claims := map[string]any{
		"iss": p.Issuer(), "sub": subject(p.o.ID, who.User), "aud": p.o.Client.ID, "jti": rand.Text(),
		"iat": now.Unix(), "exp": now.Add(tokenLifetime).Unix(), "auth_time": who.At.Unix(),
		"acr": class(who, found.asked.classes), "amr": []string{"pwd"}, "sid": who.Index,
		"at_hash": encode(hash[:len(hash)/2]), // OIDC Core 3.1.3.6
	}
	if who.Phone {
		claims["amr"] = []string{"pwd", "otp", "mfa"} // RFC 8176
	}
	if found.asked.nonce != "" {
		claims["nonce"] = found.asked.nonce
	}
	if habits.AudienceList {
		claims["aud"], claims["azp"] = []string{p.o.Client.ID}, p.o.Client.ID
	}
	if habits.Life > 0 {
		claims["exp"] = now.Add(time.Duration(habits.Life) * time.Second).Unix()
	}
	if habits.NoID {
		delete(claims, "jti")
	}
	maps.Copy(claims, about(who.User, found.asked.scopes))
	return claims
}

func about(u desk.User, scopes []string) map[string]any {
	claims := map[string]any{}
	if slices.Contains(scopes, "email") {
		claims["email"], claims["email_verified"] = u.Email, true
	}
	if slices.Contains(scopes, "profile") {
		claims["name"], claims["preferred_username"] = u.DisplayName, u.Username
	}
	if len(u.Groups) > 0 {
		claims["groups"] = u.Groups
	}
	return claims
}

// subject names a person for ever and says nothing about them.
func subject(provider string, u desk.User) string {
	sum := sha256.Sum256([]byte(provider + "\x00" + u.Username))
	return hex.EncodeToString(sum[:16])
}
