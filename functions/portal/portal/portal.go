// Package portal is where people choose a role: the pages for who is signed in
// and for who is not, the way into the console, and credentials.
//
// In: browsers, with or without a session, some with a request of Alibaba Cloud's that
// somebody sign in as a RAM user. Out: pages, an STS token for its owner, a redirect
// into Alibaba Cloud's console, or a page that posts our response there. Refused are
// forms that our own pages did not send in this session, roles and users that no rule
// gives at this moment, users that belong to somebody else, and every way out but the
// console's hosts.
package portal

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/session"
)

// Issuer turns a grant into what a person can use: issue.Issuer.
type Issuer interface {
	Issue(ctx context.Context, grant mapping.Grant, proof issue.Proof, authn samldoc.AuthnStatement) (issue.Issued, error)
	RoleForm(ctx context.Context, grant mapping.Grant, authn samldoc.AuthnStatement, to issue.Destination) (issue.Form, error)
	ConsoleURL(ctx context.Context, made ram.Credentials, site federation.Site, to issue.Destination, loginURL string) (string, error)
	UserForm(ctx context.Context, grant mapping.UserGrant, authn samldoc.AuthnStatement, inResponseTo, relayState string) (issue.Form, error)
	SigninOrigin(site federation.Site) string
}

// Reading is one revision of the federation, of which nothing is fetched that is
// not asked for: book.Reading.
type Reading interface {
	IdentityProviders(ctx context.Context) ([]federation.Listed, error)
	Part(ctx context.Context, idp string) (federation.Revision, error)          // idp_unknown where there is none
	Account(ctx context.Context, number string) (federation.AccountPart, error) // account_unknown where there is none
}

// Config is what the portal works with. All fields are needed.
type Config struct {
	URL    string // the public origin, https://host
	Pages  *page.Pages
	Log    *slog.Logger
	Now    func() time.Time
	Random io.Reader

	Trust    func(context.Context) (Reading, error)
	Longest  func(ctx context.Context, roles ...ram.RoleARN) (map[ram.RoleARN]time.Duration, error) // as RAM was last seen to let them last
	Sessions session.Rows
	Issuer   Issuer
	SourceIP func(context.Context) netip.Addr

	People People // nobody becomes a RAM user without being asked about, and no session counts
	Making Making // of RAM users that are not there yet

	Certificates func(context.Context) ([]*x509.Certificate, error) // of our own keys, as others are told of them
	Held         []string                                           // handles of those of them that can sign here
}

type portal struct {
	Config
	keeper session.Keeper
	files  map[string]respond.Outcome // by their paths
}

// New returns the handler of everything that no other function serves.
func New(c Config) http.Handler {
	p := portal{Config: c, keeper: session.Keeper{Rows: c.Sessions, Now: c.Now, Rand: c.Random, People: c.People}}
	p.keeper.Person = p.person
	p.files = map[string]respond.Outcome{}
	for path, file := range c.Pages.Static().All() {
		p.files[path] = respond.Document(file.ContentType, file.Body).WithHeader("Cache-Control", page.CacheForever).Kept()
	}
	desk := respond.Desk{Function: function, Log: c.Log, Now: c.Now, Refuse: p.refuse}
	return desk.Routes(withLater(map[string]respond.Func{
		"GET /{$}":                    p.start,
		"GET /go/{account}/{role}":    p.open,
		"GET /idp/{account}/metadata": p.metadata,
		"GET /idp/{account}/sso":      p.askedByGet,
		"POST /idp/{account}/sso":     p.askedByPost,
		"GET /idp/{account}/start":    p.begin,
		"POST /user":                  p.chosen,
		"POST /console":               p.console,
		"POST /credentials":           p.credentials,
		"POST /arrival":               p.choose,
		"POST /favourite":             p.favourite,
		"POST /signout":               p.signOut,
		"GET /static/{file}":          p.static,
		"GET /healthz":                respond.Health(p.Held...),
	}))
}

func (p portal) static(r *http.Request) (respond.Outcome, error) {
	file, ok := p.files[r.URL.Path]
	if !ok {
		return respond.Outcome{}, reason.New(reason.NotFound, "no static file %q", r.URL.Path)
	}
	return file, nil
}

// render shows a view to who is here. A language that was chosen by ?lang is
// kept, unless the answer's one cookie is needed for more.
func (p portal) render(r *http.Request, here visit, v page.View) (respond.Outcome, error) {
	rendered, err := p.Pages.Render(r, p.Now(), v)
	if err != nil {
		return respond.Outcome{}, err
	}
	outcome := respond.Page(rendered.Header, rendered.Body)
	if rendered.Long {
		outcome = outcome.Packable()
	}
	if lang, ok := page.LanguageCookie(r); ok && here.cookie == nil {
		return outcome.WithCookie(lang), nil
	}
	return here.keep(outcome), nil
}

func (p portal) refuse(r *http.Request, refusal respond.Refusal) (respond.Outcome, error) {
	if refusal.Code == reason.NotImplemented {
		return refuseLater(refusal), nil
	}
	if view, ok := ended(r, refusal.Err); ok {
		return p.render(r, visit{}, view)
	}
	view := page.Refusal{
		Code: refusal.Code, Reference: refusal.Reference, At: refusal.At,
		SignIn: refusal.Code == reason.SessionMissing || refusal.Code == reason.PersonLeft, Retry: "/",
	}
	if elsewhere, ok := errors.AsType[elsewhereError](refusal.Err); ok {
		view.Others = elsewhere.others
	}
	if refusal.Code == reason.NotFound || refusal.Code == reason.PersonLeft {
		view.Retry = "" // trying again would not find it, nor bring them back
	}
	return p.render(r, visit{}, view)
}
