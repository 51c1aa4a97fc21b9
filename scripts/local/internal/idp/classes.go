package idp

import (
	"net/http"
	"slices"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

// The classes of sign-in that this identity provider knows
// (saml-authn-context 3.4): by password, and by a code on the telephone after it.
const (
	byPassword = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport" //nolint:gosec // a URN, no credential
	byPhone    = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"
)

// classes are those that a session may be told as, what was asked for first. Who
// gave a code gave a password before it.
func classes(s desk.Session) []string {
	if s.Phone {
		return []string{byPhone, byPassword}
	}
	return []string{byPassword}
}

// class is what a request is answered with: one of the classes that it asks for,
// exactly, or "" where the session is none of them.
func class(s desk.Session, asked []string) string {
	if len(asked) == 0 {
		return classes(s)[0]
	}
	for _, wanted := range asked {
		if slices.Contains(classes(s), wanted) {
			return wanted
		}
	}
	return ""
}

// decline says that nobody can be signed in as asked (saml-core 3.2.2.2).
func (p *IdP) decline(w http.ResponseWriter, r *http.Request, request authnRequest) {
	text, err := p.noAuthnContext(request, p.now())
	if err != nil {
		p.desk.Notice(w, http.StatusInternalServerError, "The answer could not be made", err.Error())
		return
	}
	p.log.InfoContext(r.Context(), "declined", "idp", p.o.ID, "asked", request.contexts, "in_response_to", request.id)
	p.showPost(w, postPage{Action: request.acs, Response: text, RelayState: request.relayState})
}
