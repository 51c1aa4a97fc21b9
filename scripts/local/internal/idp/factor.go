package idp

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The classes of sign-in that this identity provider knows
// (saml-authn-context 3.4): by password, and by a code on the telephone after it.
const (
	byPassword = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport" //nolint:gosec // a URN, no credential
	byPhone    = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"
)

// classes are those that a session may be told as, what was asked for first. Who
// gave a code gave a password before it.
func (s session) classes() []string {
	if s.phone {
		return []string{byPhone, byPassword}
	}
	return []string{byPassword}
}

// class is what a request is answered with: one of the classes that it asks for,
// exactly, or "" where the session is none of them.
func (s session) class(asked []string) string {
	if len(asked) == 0 {
		return s.classes()[0]
	}
	for _, class := range asked {
		if slices.Contains(s.classes(), class) {
			return class
		}
	}
	return ""
}

// stepUp goes on with somebody whose sign-in is not of a class that was asked
// for: to the code, or back with NoAuthnContext where a code would not help.
func (p *IdP) stepUp(w http.ResponseWriter, r *http.Request, name string, wish pending) {
	if !slices.Contains(wish.request.contexts, byPhone) {
		p.forget(name)
		p.decline(w, r, wish.request)
		return
	}
	p.showCode(w, http.StatusOK, name, wish.code, false)
}

// newCode is what the demo's telephone shows.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "000000" // never (crypto/rand since Go 1.24), and no secret
	}
	return fmt.Sprintf("%06d", n)
}

// factor takes the code. AuthnInstant becomes that of the code: the person has
// proved anew who they are.
func (p *IdP) factor(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
	name := r.PostFormValue("request")
	wish, ok := p.find(name)
	handle, _, signedIn := p.current(r)
	if !ok || !signedIn || wish.logout != "" {
		p.gone(w)
		return
	}
	given := strings.TrimSpace(r.PostFormValue("code"))
	if subtle.ConstantTimeCompare([]byte(given), []byte(wish.code)) != 1 {
		p.showCode(w, http.StatusUnauthorized, name, wish.code, true)
		return
	}
	p.strengthen(handle)
	http.Redirect(w, r, "/signin?request="+url.QueryEscape(name), http.StatusSeeOther)
}

func (p *IdP) strengthen(handle string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if who, ok := p.sessions[handle]; ok {
		who.phone, who.at = true, p.now().Truncate(time.Millisecond)
		p.sessions[handle] = who
	}
}

// decline says that nobody can be signed in as asked (saml-core 3.2.2.2).
func (p *IdP) decline(w http.ResponseWriter, r *http.Request, request authnRequest) {
	text, err := p.noAuthnContext(request, p.now())
	if err != nil {
		p.trouble(w, http.StatusInternalServerError, "The answer could not be made", err.Error())
		return
	}
	p.log.InfoContext(r.Context(), "declined", "idp", p.o.ID, "asked", request.contexts, "in_response_to", request.id)
	p.showPost(w, postPage{Action: request.acs, Response: text, RelayState: request.relayState})
}
