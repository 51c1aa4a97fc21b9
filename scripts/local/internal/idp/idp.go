// Package idp is a demo SAML 2.0 identity provider with a sign-in page of its
// own: it stands for a company's AD FS, Okta or Entra ID on the local stack.
//
// In come signed AuthnRequests of the one service provider whose metadata it
// reads, and people with a password; out go signed responses, posted by the
// browser. It refuses a request that is unsigned, not for it, stale, or that asks
// for an answer to an address which is not in the provider's metadata.
//
// It shares no code with what it tests. Not for production: its users and their
// passwords are printed at start.
package idp

import (
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

// Style is how an identity provider writes and signs its responses.
type Style int

const (
	// Corporate signs response and assertion, writes saml2p and saml2 prefixes and
	// typed attribute values, names people by e-mail address; like Okta.
	Corporate Style = iota
	// Partner signs the assertion alone, writes default namespaces and seven-digit
	// fractions, names people by a persistent identifier and says which roles of
	// Alibaba Cloud they have; like Microsoft Entra ID. People may start here.
	Partner
)

// Options are what an identity provider needs.
type Options struct {
	ID            string // part of file and cookie names; the record's id in federation.yaml
	Title         string
	BaseURL       string // own origin, http://localhost:PORT
	Elsewhere     string // another of its own, http(s)://NAME.localhost:PORT, for Quirks; "" = none
	DataDir       string // idp-ID.pem with key and certificate; made when missing
	SPMetadataURL string // of the service provider; loopback only, read at each sign-in
	SPLoginURL    string // where the service provider starts a sign-in; the tile's target when people cannot start here
	Style         Style
	Users         []desk.User      // Groups are sent as memberOf, Roles as Alibaba Cloud's Role attribute
	Now           func() time.Time // nil = time.Now
	Log           *slog.Logger     // nil = nothing
}

// IdP is an http.Handler for one identity provider, at the root of its origin.
type IdP struct {
	o       Options
	now     func() time.Time
	log     *slog.Logger
	client  *http.Client
	desk    *desk.Desk
	handler http.Handler

	mu      sync.Mutex
	key     *rsa.PrivateKey
	certs   []*x509.Certificate // published; the first is the key's
	quirks  Quirks
	logouts map[string]logout // by RelayState
}

// New reads the key, or makes it at the first start.
func New(o Options) (*IdP, error) {
	if err := errors.Join(desk.RequireLoopback(o.BaseURL), desk.RequireLoopback(o.SPMetadataURL), requireLocalName(o.Elsewhere)); err != nil {
		return nil, fmt.Errorf("idp %s: %w", o.ID, err)
	}
	p := &IdP{o: o, now: o.Now, log: o.Log, logouts: map[string]logout{}}
	if p.now == nil {
		p.now = time.Now
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	p.client = newClient()
	var err error
	if p.desk, err = desk.New(p.deskOptions()); err != nil {
		return nil, fmt.Errorf("idp %s: %w", o.ID, err)
	}
	key, cert, err := loadKey(o, p.now())
	if err != nil {
		return nil, fmt.Errorf("idp %s: %w", o.ID, err)
	}
	p.key, p.certs = key, []*x509.Certificate{cert}
	p.handler = p.routes()
	return p, nil
}

func (p *IdP) deskOptions() desk.Options {
	o := desk.Options{
		ID: p.o.ID, Title: p.o.Title, Look: "corporate", Tile: p.o.SPLoginURL,
		Users: p.o.Users, Pages: pageFiles, Now: p.now, Log: p.log,
	}
	if p.mayStart() {
		o.Look, o.Tile = "partner", "/start"
	}
	return o
}

func (p *IdP) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metadata", p.metadata)
	mux.HandleFunc("GET /sso", p.entrance(p.redirectBinding))
	mux.HandleFunc("POST /sso", p.entrance(p.postBinding))
	mux.HandleFunc("GET /start", p.start)
	mux.HandleFunc("POST /signout", p.signout)
	mux.HandleFunc("POST /slo", p.loggedOut)
	mux.HandleFunc("GET /static/post.js", serveScript)
	p.desk.Route(mux)
	return mux
}

// ServeHTTP answers one request.
func (p *IdP) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.handler.ServeHTTP(w, r) }

// ID is the identity provider's id, as in Options.
func (p *IdP) ID() string { return p.o.ID }

// EntityID is the metadata's URL.
func (p *IdP) EntityID() string { return p.o.BaseURL + "/metadata" }

// Users lists who can sign in, passwords included.
func (p *IdP) Users() []desk.User { return p.desk.Users() }

func (p *IdP) ssoURL() string { return p.o.BaseURL + "/sso" }

func (p *IdP) sloURL() string { return p.o.BaseURL + "/slo" }

// mayStart: people may begin at this identity provider.
func (p *IdP) mayStart() bool { return p.o.Style == Partner }
