package login_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/oidc-exchange/login"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/session/sessiontest"
	"github.com/fc-sso/fc-sso/shared/store/peopletest"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const origin = "https://sso.example"

// stage is the relying party with an OpenID provider before it and memory behind it.
type stage struct {
	handler http.Handler
	people  http.Handler // of it, what serves people
	op      *op
	rows    *sessiontest.Rows
	known   *peopletest.People // who has left
	nonces  *validatetest.Nonces
	log     *bytes.Buffer
	now     time.Time
	env     map[string]string
	records map[string]trust.Record
	learned func(*trust.Issuer) // changes what is known of the provider
	declare func(*trust.Source) // and what was declared of it
	cloud   bool                // this is no local stack
	learn   func()              // what a refresh brings; nil: it is refused
	revise  func(*federation.Draft)
	unread  error // why the rules cannot be read
}

func newStage(t *testing.T, changes ...func(*stage)) *stage {
	t.Helper()
	s := &stage{op: newOP(t, httptest.NewServer), nonces: validatetest.NewNonces(), log: &bytes.Buffer{}, now: validatetest.Now(), learned: func(*trust.Issuer) {}, declare: func(*trust.Source) {}}
	s.env = map[string]string{"SSO_SECRET_TEST": s.op.secret}
	for _, change := range changes {
		change(s)
	}
	clock := func() time.Time { return s.now }
	s.rows = sessiontest.NewRows(clock)
	s.known = &peopletest.People{Sessions: s.rows}
	s.records = map[string]trust.Record{
		"test":  s.record(t, "test"),
		"other": s.record(t, "other"),
		"public": s.record(t, "public", func(source *trust.Source) {
			source.OIDC.Login.ClientSecret, source.OIDC.Login.Scopes = "", []string{"email"} // openid goes without saying
		}),
		"suspended": s.record(t, "suspended", func(source *trust.Source) { source.Suspended = true }),
		"workloads": s.record(t, "workloads", func(source *trust.Source) { source.OIDC.Login = nil }),
		"saml":      validatetest.New(t).Record(func(source *trust.Source, _ *trust.Keys) { source.ID = "saml" }),
		"pending":   validatetest.Record(t, declared("pending"), nil),
		"early": s.record(t, "early", func(*trust.Source) {
			s.learned = func(learned *trust.Issuer) { learned.TokenEndpoint = "" }
		}),
	}
	pages, err := page.New(origin, page.Brand{Name: "Acme Cloud"})
	if err != nil {
		t.Fatal(err)
	}
	s.people = login.New(login.Config{
		URL: origin, Pages: pages, Log: slog.New(slog.NewJSONHandler(s.log, nil)), Now: clock, Random: rand.Reader,
		Record: s.find, Rules: s.rules, SourceIP: func(context.Context) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		Fresh: s.keys(), Nonces: s.nonces, Sessions: s.rows, People: s.known, AllowLoopback: !s.cloud,
		Secret: config.Secrets(func(name string) (string, bool) { value, ok := s.env[name]; return value, ok }),
	})
	s.handler = login.Beside(s.people, http.NotFoundHandler())
	return s
}

// keys has metadata-rotation called, which here is the test.
func (s *stage) keys() freshness.Keeper {
	return freshness.Keeper{Newest: s.find, Refresh: func(context.Context, string) error {
		if s.learn == nil {
			return reason.New(reason.RefreshLimited, "often enough")
		}
		s.learn()
		return nil
	}}
}

// declared is what a federation says of the provider.
func declared(id string) trust.Source {
	source := validatetest.TokenSource()
	source.ID = id
	source.OIDC.Login = &trust.Login{ClientID: validatetest.ClientID, ClientSecret: "env:SSO_SECRET_TEST", Scopes: []string{"openid", "email"}}
	return source
}

func (s *stage) record(t *testing.T, id string, changes ...func(*trust.Source)) trust.Record {
	t.Helper()
	source := declared(id)
	s.declare(&source)
	for _, change := range changes {
		change(&source)
	}
	learned := s.op.issuer.Learned()
	learned.AuthorizationEndpoint, learned.TokenEndpoint = s.op.URL+"/authorize?tenant=acme&state=mine", s.op.URL+"/token"
	learned.TokenAuth, learned.ISSParameter = []string{"client_secret_basic", "client_secret_post"}, s.op.issParam
	if s.op.way == "post" {
		learned.TokenAuth = []string{"client_secret_post"}
	}
	s.learned(&learned)
	return validatetest.IssuerRecord(t, source, learned)
}

func (s *stage) find(_ context.Context, idp string) (trust.Record, error) {
	record, ok := s.records[idp]
	if !ok {
		return trust.Record{}, reason.New(reason.IdPUnknown, "no identity provider %q", idp)
	}
	return record, nil
}

const (
	admin   = "acs:ram::1234567890123456:role/admin"
	auditor = "acs:ram::1234567890123456:role/auditor"
)

// rules let people administer by a second factor, and audit within an hour of their
// sign-in.
func (s *stage) rules(context.Context, string) (federation.Revision, error) {
	if s.unread != nil {
		return federation.Revision{}, s.unread
	}
	anybody := &federation.ConditionDraft{Any: true}
	draft := federation.Draft{
		IdentityProviders: []trust.Source{declared("test")},
		Accounts:          []federation.AccountDraft{{ID: "1234567890123456"}},
		Rules: []federation.RuleDraft{
			{Name: "administer", IdP: "test", Roles: []string{admin}, Condition: anybody, Requires: &federation.RequiresDraft{ACR: []string{"mfa", "key"}}},
			{Name: "audit", IdP: "test", Roles: []string{auditor}, Condition: anybody, Requires: &federation.RequiresDraft{MaxAgeSeconds: 3600}},
		},
	}
	if s.revise != nil {
		s.revise(&draft)
	}
	rev, problems := federation.Compile(draft, federation.Options{})
	if len(problems) > 0 {
		return federation.Revision{}, reason.New(reason.ConfigurationInvalid, "%v", problems)
	}
	return rev, nil
}

// reply is what came back, read whole.
type reply struct {
	*httptest.ResponseRecorder
	text string
}

func (s *stage) do(r *http.Request) reply {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return reply{w, w.Body.String()}
}

func (a reply) leadsTo() string { return a.Header().Get("Location") }

func (a reply) cookies() []*http.Cookie {
	r := http.Response{Header: a.Header()}
	return r.Cookies()
}

func get(address string, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, address, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func with(r *http.Request, name, value string) *http.Request {
	r.Header.Set(name, value)
	return r
}

// begin goes to the login and gives where it leads and the browser's cookie.
func (s *stage) begin(t *testing.T, r *http.Request) (string, *http.Cookie) {
	t.Helper()
	a := s.do(r)
	if a.Code != http.StatusFound || len(a.cookies()) != 1 || a.cookies()[0].Name != session.BrowserCookie {
		t.Fatalf("login: %d %v %s", a.Code, a.Header(), a.text)
	}
	return a.leadsTo(), a.cookies()[0]
}

// through is the browser at the provider: it gives where it is sent back to.
func (s *stage) through(t *testing.T, address string) string {
	t.Helper()
	client := s.op.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusFound {
		t.Fatalf("the provider answers %s to %s", response.Status, address)
	}
	return response.Header.Get("Location")
}

// arrive is the whole way to the callback, which is not opened yet.
func (s *stage) arrive(t *testing.T, path string) (callback string, browser *http.Cookie) {
	t.Helper()
	address, browser := s.begin(t, with(get(origin+path), "Sec-Fetch-Site", "same-origin"))
	return s.through(t, address), browser
}

// wantRefusal demands a page with code and reference, no cookie, no way on.
func wantRefusal(t *testing.T, a reply, want reason.Code) {
	t.Helper()
	if a.Code != reason.Lookup(want).Status || !strings.Contains(a.text, "<code>"+string(want)+"</code>") {
		t.Errorf("%d with %s; want %s", a.Code, regexp.MustCompile(`<code>[^<]*`).FindAllString(a.text, -1), want)
	}
	if a.Header().Get("Set-Cookie") != "" || a.leadsTo() != "" || a.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("a refusal sets or leads: %v", a.Header())
	}
}

// query changes the query of an address; an empty value takes a parameter away.
func query(t *testing.T, address string, changes ...string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for i := 0; i < len(changes); i += 2 {
		q.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	u.RawQuery = q.Encode()
	return u.String()
}
