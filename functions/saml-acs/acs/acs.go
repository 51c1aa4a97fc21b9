// Package acs is our SAML service provider: its metadata, the way to an identity
// provider, the assertion consumer service, which takes the way back, and the
// single logout service.
//
// In: browsers on their way to and from an identity provider. Out: an
// AuthnRequest, which for a role that needs more than the session at hand asks for
// just that; a session; or word that all of a person's sessions have ended. Nothing
// is issued here. Refused is every response that the guard does not believe, every
// sign-in that this browser did not begin or that does not prove what it was begun
// for, and whatever the path's record does not permit: the record is the path's,
// never the message's.
package acs

import (
	"context"
	"crypto"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/keys"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/signin"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Config is what the service provider works with. All fields are needed.
type Config struct {
	URL    string // the public origin, https://host
	Pages  *page.Pages
	Log    *slog.Logger
	Now    func() time.Time
	Random io.Reader

	Record   func(ctx context.Context, idp string) (trust.Record, error)        // idp_unknown where there is none
	Rules    func(ctx context.Context, idp string) (federation.Revision, error) // those for its people; they say what a step-up asks for
	SourceIP func(context.Context) netip.Addr
	Fresh    freshness.Keeper
	Nonces   validate.Nonces
	Sessions session.Rows
	People   signin.People

	Own Keys
}

// Keys are our own, as keys.Ring has them.
type Keys interface {
	// Signing is what signs now, and what our metadata says of our keys.
	Signing(ctx context.Context, idp string) (keys.Signing, error)
	// Decrypters are those at hand. Refresh looks for others, which a message may need.
	Decrypters() []crypto.Decrypter
	Refresh(ctx context.Context, had []crypto.Decrypter) (newer bool, err error)
}

type provider struct {
	Config
	guard validate.Guard
	host  signin.Host
}

// New returns the handler of everything below /saml/.
func New(c Config) http.Handler {
	p := provider{
		Config: c,
		guard:  validate.Guard{Nonces: c.Nonces, Now: c.Now},
		host: signin.Host{
			Kind: trust.KindSAML, Pages: c.Pages, Keeper: session.Keeper{Rows: c.Sessions, Now: c.Now, Rand: c.Random},
			Record: c.Record, Rules: c.Rules, SourceIP: c.SourceIP, Fresh: c.Fresh, People: c.People,
		},
	}
	desk := respond.Desk{Function: "saml-acs", Log: c.Log, Now: c.Now, Refuse: p.host.Refuse}
	return desk.Routes(map[string]respond.Func{
		"GET /saml/healthz":        respond.Health(),
		"GET /saml/{idp}/metadata": p.metadata,
		"GET /saml/{idp}/login":    p.login,
		"POST /saml/{idp}/acs":     p.acs,
		"POST /saml/{idp}/slo":     p.logout,
	})
}

// metadata serves what an identity provider must know about us, also while its
// own keys are still unknown: one of the two has to begin.
func (p provider) metadata(r *http.Request) (respond.Outcome, error) {
	record, err := p.host.Named(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	// An identity provider that read of no key to encrypt for would send in the clear
	// what it encrypted before: rather nothing than that.
	if _, err := p.Own.Refresh(r.Context(), p.Own.Decrypters()); err != nil && len(p.Own.Decrypters()) == 0 {
		return respond.Outcome{}, err
	}
	signing, err := p.Own.Signing(r.Context(), record.ID())
	if err != nil {
		return respond.Outcome{}, err
	}
	sp := samldoc.ServiceProvider{
		EntityID: p.entityID(record), ACSURL: p.acsURL(record), SLOURL: p.sloURL(record),
		Certificates: signing.Certificates, Encryption: signing.Encryption,
	}
	xml, err := sp.Metadata()
	if err != nil {
		return respond.Outcome{}, err
	}
	return respond.Document("application/samlmetadata+xml", xml), nil
}

// entityID is ours for one identity provider: the address of our metadata.
func (p provider) entityID(record trust.Record) string {
	return p.URL + "/saml/" + record.ID() + "/metadata"
}

func (p provider) acsURL(record trust.Record) string {
	return p.URL + "/saml/" + record.ID() + "/acs"
}

func (p provider) sloURL(record trust.Record) string {
	return p.URL + "/saml/" + record.ID() + "/slo"
}
