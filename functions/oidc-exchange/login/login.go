// Package login is our OpenID Connect relying party: the way to an identity
// provider, and the callback, which takes the way back.
//
// In: browsers on their way to and from an identity provider. Out: an authentication
// request, which for a role that needs more than the session at hand asks for just
// that; then the one exchange of the code that came back, and a session for whom the
// ID token names, which keeps the token where STS is to be shown it later. Nothing is
// issued here. Refused is every answer that another
// browser's sign-in, another identity provider or an earlier answer has to do with,
// whatever the token endpoint says amiss, and every token that the guard does not
// believe: the record is the path's, never the answer's.
package login

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"path"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/signin"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Config is what the relying party works with. All fields but the last are needed.
type Config struct {
	URL    string // the public origin, https://host
	Pages  *page.Pages
	Log    *slog.Logger
	Now    func() time.Time
	Random io.Reader

	Record   func(ctx context.Context, idp string) (trust.Record, error)        // idp_unknown where there is none
	Rules    func(ctx context.Context, idp string) (federation.Revision, error) // those for its people; they say what a step-up asks for, and who is shown tokens
	SourceIP func(context.Context) netip.Addr
	Fresh    freshness.Keeper
	Nonces   validate.Nonces
	Sessions session.Rows
	People   signin.People
	Secret   func(name string) (ram.Secret, error) // config.Secrets

	AllowLoopback bool // http and this machine as a token endpoint: the local stack alone
}

type party struct {
	Config
	guard validate.Guard
	host  signin.Host
}

// New returns the handler of what [Serves] names.
func New(c Config) http.Handler {
	p := party{
		Config: c,
		guard:  validate.Guard{Nonces: c.Nonces, Now: c.Now},
		host: signin.Host{
			Kind: trust.KindOIDC, Pages: c.Pages, Keeper: session.Keeper{Rows: c.Sessions, Now: c.Now, Rand: c.Random},
			Record: c.Record, Rules: c.Rules, SourceIP: c.SourceIP, Fresh: c.Fresh, People: c.People,
		},
	}
	desk := respond.Desk{Function: "oidc-exchange", Log: c.Log, Now: c.Now, Refuse: p.host.Refuse}
	return desk.Routes(map[string]respond.Func{
		"GET /oidc/{idp}/login":    p.login,
		"GET /oidc/{idp}/callback": p.callback,
	})
}

// Beside gives signIn what a person's browser opens, and all else to programs'.
func Beside(signIn, programs http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if Serves(r.URL.Path) {
			signIn.ServeHTTP(w, r)
			return
		}
		programs.ServeHTTP(w, r)
	})
}

// Serves says whether a path is one of a person's sign-in.
func Serves(p string) bool {
	for _, pattern := range []string{"/oidc/*/login", "/oidc/*/callback"} {
		if ok, err := path.Match(pattern, p); ok && err == nil {
			return true
		}
	}
	return false
}

// callbackURL is where the identity provider sends people back to: an address of
// its own for each, so that the answer of one is never taken for another's (RFC
// 9700 section 4.4).
func (p party) callbackURL(record trust.Record) string {
	return p.URL + "/oidc/" + record.ID() + "/callback"
}
