package idp

import (
	"net/http"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

// start begins a sign-in at the identity provider: nobody asked for it, so its
// response has no InResponseTo. RelayState goes along as it is.
func (p *IdP) start(w http.ResponseWriter, r *http.Request) {
	if !p.mayStart() {
		p.desk.Notice(w, http.StatusForbidden, "Start at the service", "This identity provider signs people in only when the service asks for it.")
		return
	}
	sp, err := p.fetchSP(r.Context())
	if err != nil {
		p.desk.Notice(w, http.StatusBadGateway, "The service cannot be reached", err.Error())
		return
	}
	p.ask(w, r, authnRequest{issuer: sp.entityID, acs: sp.acs[0], relayState: r.URL.Query().Get("RelayState")})
}

// ask sends a person to the desk, which answers the request by what it learns.
func (p *IdP) ask(w http.ResponseWriter, r *http.Request, request authnRequest) {
	p.desk.Ask(w, r, desk.Wish{
		Again:   func(desk.Session) bool { return request.forceAuthn },
		Enough:  func(who desk.Session) bool { return class(who, request.contexts) != "" },
		Phone:   request.takesPhone(),
		Answer:  func(w http.ResponseWriter, r *http.Request, who desk.Session) { p.answer(w, r, request, who) },
		Decline: func(w http.ResponseWriter, r *http.Request) { p.decline(w, r, request) },
	})
}

// answer sends the browser to the service provider with a form that posts itself.
func (p *IdP) answer(w http.ResponseWriter, r *http.Request, request authnRequest, who desk.Session) {
	text, err := p.response(answer{
		user:       who.User,
		audience:   request.issuer,
		acs:        request.acs,
		inResponse: request.id,
		now:        p.now(),
		signin:     who.At,
		session:    who.Index,
		class:      class(who, request.contexts),
	})
	if err != nil {
		p.desk.Notice(w, http.StatusInternalServerError, "The answer could not be made", err.Error())
		return
	}
	p.log.InfoContext(r.Context(), "answered", "idp", p.o.ID, "username", who.User.Username, "in_response_to", request.id)
	p.showPost(w, postPage{Action: request.acs, Response: text, RelayState: request.relayState})
}
