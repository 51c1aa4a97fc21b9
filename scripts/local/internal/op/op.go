// Package op is a demo OpenID Provider with a sign-in page of its own: it stands for
// a company's Entra ID, Okta or Keycloak on the local stack.
//
// In come authorization requests of its one client, people with a password, and
// codes to be exchanged; out go ID tokens. It is as strict as the specifications let
// it be, so that a client that is careless fails here and not at somebody's
// provider: PKCE by S256 always, redirect URIs compared as text, a code of use once,
// within 60 seconds, and by who asked for it, no parameter twice.
//
// It shares no code with what it tests. Not for production: its users and their
// passwords are printed at start.
package op

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

// Client is who may send people here.
type Client struct {
	ID           string
	Secret       string // "": a public client, which PKCE alone protects
	RedirectURIs []string
}

// Options are what a provider needs.
type Options struct {
	ID       string // part of file and cookie names; the record's id in federation.yaml
	Title    string
	BaseURL  string // own origin, http://localhost:PORT, and the issuer
	DataDir  string // op-ID.pem with the keys; made when missing
	Client   Client
	LoginURL string // where the client starts a sign-in: the tile's target
	Users    []desk.User
	Now      func() time.Time // nil = time.Now
	Log      *slog.Logger     // nil = nothing
}

// OP is an http.Handler for one provider, at the root of its origin.
type OP struct {
	o       Options
	desk    *desk.Desk
	ring    *ring
	handler http.Handler

	mu     sync.Mutex
	codes  map[string]grant
	quirks Quirks
}

// New reads the keys, or makes one at the first start.
func New(o Options) (*OP, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	p := &OP{o: o, codes: map[string]grant{}}
	errs := []error{desk.RequireLoopback(o.BaseURL)}
	for _, uri := range o.Client.RedirectURIs {
		errs = append(errs, desk.RequireLoopback(uri))
	}
	err := errors.Join(errs...)
	if err == nil {
		p.desk, err = desk.New(desk.Options{
			ID: o.ID, Title: o.Title, Look: "partner", Tile: o.LoginURL, Users: o.Users, Redirect: true, Now: o.Now, Log: o.Log,
		})
	}
	if err == nil {
		p.ring, err = openRing(o)
	}
	if err != nil {
		return nil, fmt.Errorf("op %s: %w", o.ID, err)
	}
	p.handler = p.routes()
	return p, nil
}

func (p *OP) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /authorize", p.authorize) // OIDC Core 3.1.2.1: both
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /signout", p.signout)
	p.desk.Route(mux)
	return mux
}

// ServeHTTP answers one request.
func (p *OP) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// Users lists who can sign in, passwords included.
func (p *OP) Users() []desk.User { return p.desk.Users() }

// Issuer is the provider's name in its tokens.
func (p *OP) Issuer() string {
	if p.habits().IssuerSlash {
		return p.o.BaseURL + "/"
	}
	return p.o.BaseURL
}

// discovery is what OpenID Connect Discovery 1.0 section 3 requires, and what a
// careful client looks for (RFC 8414, RFC 9207).
func (p *OP) discovery(w http.ResponseWriter, _ *http.Request) {
	methods := []string{"none"}
	if p.o.Client.Secret != "" {
		methods = []string{"client_secret_basic"}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                         p.Issuer(),
		"authorization_endpoint":                         p.o.BaseURL + "/authorize",
		"token_endpoint":                                 p.o.BaseURL + "/token",
		"jwks_uri":                                       p.o.BaseURL + "/keys",
		"response_types_supported":                       []string{"code"},
		"response_modes_supported":                       []string{"query"},
		"grant_types_supported":                          []string{"authorization_code"},
		"subject_types_supported":                        []string{"public"},
		"id_token_signing_alg_values_supported":          []string{"RS256"},
		"token_endpoint_auth_methods_supported":          methods,
		"code_challenge_methods_supported":               []string{"S256"},
		"scopes_supported":                               []string{"openid", "email", "profile"},
		"claims_supported":                               []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "email", "email_verified", "name", "preferred_username", "groups"},
		"acr_values_supported":                           []string{byPassword, byPhone},
		"prompt_values_supported":                        []string{"none", "login"},
		"authorization_response_iss_parameter_supported": true,
		"claims_parameter_supported":                     false,
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
	})
}

// signout ends the session here, and only here: this provider does not speak any of
// OpenID Connect's ways to sign out elsewhere.
func (p *OP) signout(w http.ResponseWriter, r *http.Request) {
	p.desk.End(w, r)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func writeJSON(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document) // the client went away: nobody to tell
}
