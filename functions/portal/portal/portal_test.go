package portal_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/portal/portal"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/book/booktest"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/session/sessiontest"
	"github.com/fc-sso/fc-sso/shared/store/peopletest"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	origin = "https://sso.example"
	prod   = "1234567890123456"
	dev    = "2345678901234567"
	admin  = "acs:ram::" + prod + ":role/admin"
)

// stage is the portal with memory behind it and a person before it.
type stage struct {
	handler http.Handler
	idp     validatetest.IdP
	rows    *sessiontest.Rows
	mint    *mint
	log     *bytes.Buffer
	now     time.Time
	draft   federation.Draft
	err     error                    // what the store of the trust answers
	longest map[string]time.Duration // of sessions, as RAM was seen to let them last
	silent  error                    // why nobody says
	read    *book.Book               // the trust, where the store is a real one
	people  *peopletest.People

	certificates []*x509.Certificate // of our own keys
	unsigned     error               // why they cannot be used
	making       portal.Making       // of RAM users
}

// mint stands for STS and the console's sign-in, which live outside.
type mint struct {
	taken  []string
	within string // session policy of the last
	login  string
	authn  samldoc.AuthnStatement
	shown  issue.Proof
	length mapping.Length // what STS makes of it; zero: what was granted
	signs  issue.Issuer
	err    error
}

func (m *mint) Issue(_ context.Context, grant mapping.Grant, proof issue.Proof, authn samldoc.AuthnStatement) (issue.Issued, error) {
	if m.err != nil {
		return issue.Issued{}, m.err
	}
	m.authn, m.shown = authn, proof
	length := m.length
	if length == (mapping.Length{}) {
		length = grant.Length()
	}
	m.taken, m.within = append(m.taken, grant.Role().String()), grant.SessionPolicy()
	return issue.Issued{Credentials: ram.Credentials{
		AccessKeyID: "STS.example", AccessKeySecret: "s3cr3t", SecurityToken: "t0k3n", Expiration: validatetest.Now().Add(length.Lasts),
	}, Length: length}, nil
}

func (m *mint) RoleForm(context.Context, mapping.Grant, samldoc.AuthnStatement, issue.Destination) (issue.Form, error) {
	return issue.Form{}, errors.New("no account is federated")
}

func (m *mint) ConsoleURL(_ context.Context, _ ram.Credentials, _ federation.Site, to issue.Destination, loginURL string) (string, error) {
	m.login = loginURL
	return "https://signin.aliyun.com/federation?" + url.Values{"Destination": {to.String()}}.Encode(), nil
}

// UserForm is the real one: to sign is all that it does.
func (m *mint) UserForm(ctx context.Context, grant mapping.UserGrant, authn samldoc.AuthnStatement, inResponseTo, relayState string) (issue.Form, error) {
	return m.signs.UserForm(ctx, grant, authn, inResponseTo, relayState)
}

func (m *mint) SigninOrigin(federation.Site) string { return "http://localhost:4711" }

func newStage(tb testing.TB) *stage {
	tb.Helper()
	s := &stage{idp: validatetest.New(tb), mint: &mint{}, log: &bytes.Buffer{}, now: validatetest.Now(), draft: draft()}
	clock := func() time.Time { return s.now }
	s.rows = sessiontest.NewRows(clock)
	s.people = &peopletest.People{Sessions: s.rows}
	s.mint.signs = issue.New(issue.Config{Own: issue.Own{Origin: origin, Now: clock, Random: rand.Reader, Signing: ourKey(tb)}})
	s.handler = s.portal(tb, s.mint)
	return s
}

func (s *stage) portal(tb testing.TB, issuer portal.Issuer) http.Handler {
	tb.Helper()
	pages, err := page.New(origin, page.Brand{Name: "Acme Cloud", Help: "it@acme.com"})
	if err != nil {
		tb.Fatal(err)
	}
	return portal.New(portal.Config{
		URL: origin, Pages: pages, Log: slog.New(slog.NewJSONHandler(s.log, nil)), Now: func() time.Time { return s.now }, Random: rand.Reader,
		Trust: s.trust(tb), Longest: s.allows, Sessions: s.rows, Issuer: issuer,
		People:       s.people,
		Making:       s.making,
		SourceIP:     func(context.Context) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		Certificates: func(context.Context) ([]*x509.Certificate, error) { return s.certificates, s.unsigned },
		Held:         []string{"key-a", "key-b"},
	})
}

// allows is what RAM was seen to let roles last.
func (s *stage) allows(_ context.Context, roles ...ram.RoleARN) (map[ram.RoleARN]time.Duration, error) {
	longest := map[ram.RoleARN]time.Duration{}
	for _, role := range roles {
		if most, ok := s.longest[role.String()]; ok {
			longest[role] = most
		}
	}
	return longest, s.silent
}

// draft has two identity providers; people with the group platform administer
// production, and everybody of the first may look.
func draft() federation.Draft {
	first := validatetest.Source()
	first.DisplayName, first.EmailDomains = "Zeta ID", []string{"acme.com"}
	first.Attributes = map[string]string{"email": "emailAddress", "groups": "memberOf"}
	second := validatetest.Source()
	second.ID, second.DisplayName = "contoso", "Contoso"
	second.SAML.MetadataURL = "https://contoso.example/metadata"
	return federation.Draft{
		IdentityProviders: []trust.Source{first, second},
		Accounts: []federation.AccountDraft{
			{ID: prod, Alias: "acme-prod", MaintenanceRole: "acs:ram::" + prod + ":role/fc-sso-maintenance"},
			{ID: dev, MaintenanceRole: "acs:ram::" + dev + ":role/fc-sso-maintenance"},
		},
		Rules: []federation.RuleDraft{
			{
				Name: "platform engineers administer production", IdP: "test", Roles: []string{admin},
				Condition: &federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": {"saml:groups": {"platform"}}}},
			},
			{
				Name: "platform engineers develop", IdP: "test", Roles: []string{"acs:ram::" + dev + ":role/dev"},
				Condition: &federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": {"saml:groups": {"platform"}}}},
			},
		},
	}
}

func (s *stage) trust(tb testing.TB) func(context.Context) (portal.Reading, error) {
	tb.Helper()
	return func(ctx context.Context) (portal.Reading, error) {
		if s.read != nil {
			return s.read.Read(ctx)
		}
		shelf := &booktest.Shelf{Err: s.err}
		shelf.Put(tb, s.draft)
		return book.New(shelf, func() time.Time { return s.now }).Read(ctx)
	}
}

func (s *stage) signIn(tb testing.TB, options ...validatetest.Option) session.Session {
	tb.Helper()
	keeper := session.Keeper{Rows: s.rows, Now: func() time.Time { return s.now }, Rand: rand.Reader}
	begun, err := keeper.Begin(tb.Context(), s.idp.Identity(options...))
	if err != nil {
		tb.Fatal(err)
	}
	return begun
}

// ada may administer production.
func (s *stage) ada(tb testing.TB) session.Session {
	tb.Helper()
	return s.signIn(tb, validatetest.Subject("ada"), validatetest.Attribute("emailAddress", "ada@acme.com"), validatetest.Attribute("memberOf", "platform", "staff"))
}

// eve is somebody else.
func (s *stage) eve(tb testing.TB) session.Session {
	tb.Helper()
	return s.signIn(tb, validatetest.Subject("eve@acme.com"))
}

type answer struct {
	*http.Response
	text string
}

func (s *stage) do(tb testing.TB, r *http.Request) answer {
	tb.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	got := w.Result()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return answer{got, html.UnescapeString(string(body))}
}

func (a answer) leadsTo() string { return a.Header.Get("Location") }

func (a answer) cookie(name string) *http.Cookie {
	for _, c := range a.Cookies() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func get(path string, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodGet, origin+path, nil)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// fromOwnPage is a form of our own pages.
func fromOwnPage(path string, fields url.Values, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodPost, origin+path, strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

func with(r *http.Request, name, value string) *http.Request {
	r.Header.Set(name, value)
	return r
}

func token(t *testing.T, text string) string {
	t.Helper()
	m := regexp.MustCompile(`name="token" value="([^"]+)"`).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no token on the page:\n%s", text)
	}
	return m[1]
}

func wantRefusal(t *testing.T, a answer, want reason.Code) {
	t.Helper()
	if a.StatusCode != reason.Lookup(want).Status || !strings.Contains(a.text, "<code>"+string(want)+"</code>") {
		t.Errorf("%s with %s; want %s", a.Status, regexp.MustCompile(`<code>[^<]*`).FindAllString(a.text, -1), want)
	}
	if !regexp.MustCompile(`<code>[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}</code>`).MatchString(a.text) {
		t.Error("the page has no reference")
	}
	if a.Header.Get("Set-Cookie") != "" || a.leadsTo() != "" {
		t.Errorf("a refusal sets or leads: %v", a.Header)
	}
}

func wantOnPage(t *testing.T, a answer, texts ...string) {
	t.Helper()
	if a.StatusCode != http.StatusOK {
		t.Errorf("status %s", a.Status)
	}
	for _, text := range texts {
		if !strings.Contains(a.text, text) {
			t.Errorf("the page lacks %q", text)
		}
	}
	if t.Failed() {
		t.Log(a.text)
	}
}

func TestWithoutASessionThereIsAChoice(t *testing.T) {
	s := newStage(t)
	a := s.do(t, get("/"))
	wantOnPage(t, a, `href="/saml/test/login"`, `href="/saml/contoso/login"`, `type="email"`)
	if strings.Index(a.text, "Contoso") > strings.Index(a.text, "Zeta ID") {
		t.Error("not in order of their names")
	}
	browser, err := session.NewBrowser(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a = s.do(t, get("/", browser.Through("test").Cookie()))
	wantOnPage(t, a, "Last used")
	if strings.Index(a.text, "Contoso") < strings.Index(a.text, "Zeta ID") {
		t.Error("the last used one is not the first")
	}
}

func TestOneProviderIsNoChoice(t *testing.T) {
	s := newStage(t)
	s.draft.IdentityProviders[1].Suspended = true
	for path, want := range map[string]string{
		"/": "/saml/test/login", "/go/acme-prod/admin": "/saml/test/login?to=%2Fgo%2Facme-prod%2Fadmin",
	} {
		a := s.do(t, get(path))
		if a.StatusCode != http.StatusSeeOther || a.leadsTo() != want {
			t.Errorf("%s: %s to %s", path, a.Status, a.leadsTo())
		}
	}
	wantOnPage(t, s.do(t, get("/?signedout")), "You are signed out")
}

// Workloads never sign in here.
func TestAnIssuerOfTokensIsNoWayIn(t *testing.T) {
	s := newStage(t)
	s.draft.IdentityProviders = append(s.draft.IdentityProviders, trust.Source{
		ID: "github", DisplayName: "GitHub", EmailDomains: []string{"github.example"}, OIDC: &trust.OIDC{Issuer: "https://github.example", Audiences: []string{"sts"}},
	})
	for _, path := range []string{"/", "/?email=ada@github.example"} {
		a := s.do(t, get(path))
		wantOnPage(t, a, "Contoso")
		if strings.Contains(a.text, "GitHub") {
			t.Errorf("%s leads to it", path)
		}
	}
}

// A deep link that a newsletter or an attacker has lengthened leads through all the
// same: FC takes addresses of 4 KB, and a link is escaped once more on its way.
func TestADeepLinkIsCarriedWithoutWhatHangsOnIt(t *testing.T) {
	s := newStage(t)
	s.draft.IdentityProviders[1].Suspended = true
	const to = "to=https%3A%2F%2Fecs.console.aliyun.com%2F"
	a := s.do(t, get("/go/acme-prod/admin?utm_source=mail&"+to+"&ticket=x&lang=zh&"+strings.Repeat("a=&", 1000)))
	if a.leadsTo() != "/saml/test/login?to="+url.QueryEscape("/go/acme-prod/admin?"+to) {
		t.Errorf("%s to %.200s", a.Status, a.leadsTo())
	}
}

func TestAnEMailAddressFindsItsProvider(t *testing.T) {
	s := newStage(t)
	const found = "/saml/test/login"
	for email, want := range map[string]string{
		"ada@acme.com": found, "ADA@ACME.com": found, " ada@acme.com\t": found, "ada@acme.com\u3000": found, `"ada@home"@acme.com`: found, "@acme.com": found,
		"ada@nowhere.example": "", "ada@sub.acme.com": "", "ada@notacme.com": "", "ada@acme.com.evil.example": "", "ada@acme.com@evil.example": "", "acme.com": "", "@": "",
	} {
		a := s.do(t, get("/?email="+url.QueryEscape(email)))
		if a.leadsTo() != want {
			t.Errorf("%s leads to %q", email, a.leadsTo())
		}
		if want == "" {
			wantOnPage(t, a, "Nobody here answers for "+email, `value="`+email+`"`, "Zeta ID", "Contoso")
		}
	}
	if a := s.do(t, get("/?email=+")); a.StatusCode != http.StatusOK || strings.Contains(a.text, "Nobody here answers") {
		t.Errorf("nothing was typed: %s", a.Status)
	}
}

// TestAnEMailAddressGoesOnToWhatWasAskedFor, and one that is not known loses it not.
func TestAnEMailAddressGoesOnToWhatWasAskedFor(t *testing.T) {
	s := newStage(t)
	const to = "/go/acme-prod/admin"
	if a := s.do(t, get("/?email=ada%40acme.com&to="+url.QueryEscape(to))); a.leadsTo() != "/saml/test/login?to="+url.QueryEscape(to) {
		t.Errorf("to %s", a.leadsTo())
	}
	a := s.do(t, get("/?email=ada%40nowhere.example&to="+url.QueryEscape(to)))
	wantOnPage(t, a, "You asked for admin in acme-prod", `name="to" value="`+to+`"`, `href="/saml/contoso/login?to=`+url.QueryEscape(to)+`"`)
}

func TestTheListHasWhatTheRulesGive(t *testing.T) {
	s := newStage(t)
	a := s.do(t, get("/", s.ada(t).Cookie()))
	wantOnPage(t, a, "ada@acme.com", "acme-prod", "admin", "dev", "2 roles", "in 2 accounts", `value="`+admin+`"`, `href="/go/acme-prod/admin"`, "/go/"+dev+"/dev")
	if len(a.Cookies()) != 0 || !strings.Contains(a.Header.Get("Content-Security-Policy"), "form-action 'self';") {
		t.Errorf("headers %v", a.Header)
	}
	if head := s.do(t, httptest.NewRequest(http.MethodHead, origin+"/healthz", nil)); head.StatusCode != http.StatusOK {
		t.Errorf("HEAD: %s", head.Status)
	}
}

// TestTheHealthSaysWhichKeysCanSign, to whoever is about to let one of them.
func TestTheHealthSaysWhichKeysCanSign(t *testing.T) {
	a := newStage(t).do(t, get("/healthz"))
	if a.text != "ok\nkey-a\nkey-b\n" || a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%q %v", a.text, a.Header)
	}
}

func TestAnEmptyListSaysWhy(t *testing.T) {
	s := newStage(t)
	one := s.signIn(t, validatetest.Subject("bob"), validatetest.Attribute("memberOf", "sales", "staff"))
	wantOnPage(t, s.do(t, get("/", one.Cookie())), "there is no role for you yet", "Zeta ID", "memberOf", "2 values", "sales", "bob")
}

func TestTheLanguageIsKept(t *testing.T) {
	s := newStage(t)
	a := s.do(t, get("/?lang=zh"))
	wantOnPage(t, a, "登录阿里云")
	wantOnPage(t, s.do(t, get("/", a.Cookies()...)), "登录阿里云")
	wantOnPage(t, s.do(t, with(get("/"), "Accept-Language", "zh-CN")), "登录阿里云")
}

func TestCredentialsOfARole(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	form := url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "role": {admin}}
	a := s.do(t, fromOwnPage("/credentials", form, cookie))
	wantOnPage(t, a, "STS.example", "s3cr3t", "t0k3n", "aliyun configure set --profile 'acme-prod-admin'", "platform engineers administer production", admin)
	if a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the page may be kept: %v", a.Header)
	}
	for _, secret := range []string{"s3cr3t", "t0k3n", cookie.Value} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	if !strings.Contains(s.log.String(), admin) {
		t.Error("the log does not say what was given")
	}
}

func TestTheConsoleOfARole(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	form := url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "role": {admin}, "to": {"https://ecs.console.aliyun.com/x"}}
	a := s.do(t, fromOwnPage("/console", form, cookie))
	if a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.leadsTo(), "https://signin.aliyun.com/federation?Destination=https%3A%2F%2Fecs") {
		t.Errorf("%s to %s", a.Status, a.leadsTo())
	}
	if s.mint.login != origin+"/go/acme-prod/admin" {
		t.Errorf("the console leads back to %s", s.mint.login)
	}
}

func TestWhatIsNotGivenIsNotTaken(t *testing.T) {
	s := newStage(t)
	ada := s.ada(t)
	tok := token(t, s.do(t, get("/", ada.Cookie())).text)
	post := func(path, role, to string) *http.Request {
		return fromOwnPage(path, url.Values{"token": {tok}, "role": {role}, "to": {to}}, ada.Cookie())
	}
	for name, c := range map[string]struct {
		request *http.Request
		want    reason.Code
	}{
		"a role without a rule":  {post("/credentials", "acs:ram::"+prod+":role/owner", ""), reason.RoleNotGranted},
		"an unknown account":     {post("/console", "acs:ram::9999999999999999:role/admin", ""), reason.RoleNotGranted},
		"no role":                {post("/console", "admin", ""), reason.RequestMalformed},
		"a foreign destination":  {post("/console", admin, "https://evil.example/"), reason.TargetNotAllowed},
		"too large":              {post("/console", strings.Repeat("x", 20<<10), ""), reason.RequestTooLarge},
		"go: no such role":       {get("/go/acme-prod/owner", ada.Cookie()), reason.RoleNotGranted},
		"go: no such account":    {get("/go/nowhere/admin", ada.Cookie()), reason.RoleNotGranted},
		"go: no role at all":     {get("/go/acme-prod/%20", ada.Cookie()), reason.RoleNotGranted},
		"start: a foreign page":  {get("/?to=https://evil.example/"), reason.TargetNotAllowed},
		"an unknown page":        {get("/nothing", ada.Cookie()), reason.NotFound},
		"an unknown static file": {get("/static/app.0000000000000000.css"), reason.NotFound},
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, s.do(t, c.request), c.want) })
	}
	if len(s.mint.taken) > 0 {
		t.Errorf("roles were taken: %v", s.mint.taken)
	}
}

// A rule counts when the role is taken, not when the page was made.
func TestAChangedRuleHoldsAtOnce(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	form := url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "role": {admin}}
	s.draft.Rules = s.draft.Rules[1:]
	wantRefusal(t, s.do(t, fromOwnPage("/credentials", form, cookie)), reason.RoleNotGranted)
	s.draft = draft()
	s.draft.IdentityProviders[0].Suspended = true
	wantRefusal(t, s.do(t, fromOwnPage("/credentials", form, cookie)), reason.IdPSuspended)
	wantRefusal(t, s.do(t, get("/", s.ada(t).Cookie())), reason.IdPSuspended)
	s.err = reason.New(reason.FederationMissing, "nothing applied")
	wantRefusal(t, s.do(t, get("/", cookie)), reason.FederationMissing)
}

// A person of a provider that was suspended or removed is told so once, and can
// then sign in by another.
func TestASuspendedProviderLocksNobodyOut(t *testing.T) {
	for name, change := range map[string]func(*federation.Draft){
		string(reason.IdPSuspended): func(d *federation.Draft) { d.IdentityProviders[0].Suspended = true },
		string(reason.IdPUnknown): func(d *federation.Draft) {
			d.IdentityProviders[0].ID, d.Rules[0].IdP, d.Rules[1].IdP = "renamed", "renamed", "renamed"
		},
	} {
		s := newStage(t)
		cookie := s.ada(t).Cookie()
		change(&s.draft)
		wantRefusal(t, s.do(t, get("/", cookie)), reason.Code(name))
		if a := s.do(t, get("/", cookie)); a.StatusCode >= 400 || strings.Contains(a.text, "ada@acme.com") {
			t.Errorf("%s: then %s", name, a.Status)
		}
		s.draft = draft()
		wantOnPage(t, s.do(t, get("/", cookie)), `href="/saml/test/login"`) // the old session is no more
	}
}

func TestTroubleBehindUsIsARefusal(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	form := url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "role": {admin}}
	s.mint.err = reason.New(reason.STSUnavailable, "no answer")
	a := s.do(t, fromOwnPage("/credentials", form, cookie))
	wantRefusal(t, a, reason.STSUnavailable)
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.rows.Err = reason.New(reason.StoreUnavailable, "down")
	wantRefusal(t, s.do(t, get("/", cookie)), reason.StoreUnavailable)
}

func TestADeepLink(t *testing.T) {
	const link = "/go/acme-prod/admin?to=https%3A%2F%2Fecs.console.aliyun.com%2F"
	s := newStage(t)
	ada := s.ada(t)
	for _, path := range []string{link, "/go/" + prod + "/admin"} {
		for site, straight := range map[string]bool{"none": true, "same-origin": true, "cross-site": false, "same-site": false, "": false} {
			a := s.do(t, with(get(path, ada.Cookie()), "Sec-Fetch-Site", site))
			if got := a.StatusCode == http.StatusSeeOther; got != straight {
				t.Errorf("%s, %q: %s", path, site, a.Status)
			}
			if !straight {
				wantOnPage(t, a, "Open the console?", "ada@acme.com", `action="/console"`, token(t, a.text))
			}
		}
	}
	// An old browser says no more than which page its link was on.
	for referer, straight := range map[string]bool{
		origin + "/": true, origin + "/?lang=zh": true, origin: false, origin + ".evil.example/": false, "https://evil.example/?" + origin + "/": false,
	} {
		if a := s.do(t, with(get(link, ada.Cookie()), "Referer", referer)); (a.StatusCode == http.StatusSeeOther) != straight {
			t.Errorf("from %s: %s", referer, a.Status)
		}
	}
	if a := s.do(t, with(with(get(link, ada.Cookie()), "Referer", origin+"/"), "Sec-Fetch-Site", "cross-site")); a.StatusCode != http.StatusOK {
		t.Errorf("a browser that knows better: %s", a.Status)
	}
}

// Whoever changes the language of a page that asks has not answered it: a browser says of
// that link what it says of a person's own wish.
func TestAnotherLanguageOpensNothing(t *testing.T) {
	for name, s := range map[string]*stage{"to be confirmed": newStage(t), "to be signed in for": strict(t)} {
		ada := s.adaBy(t, byPassword, time.Minute)
		asked := s.do(t, with(get("/go/acme-prod/admin", ada.Cookie()), "Sec-Fetch-Site", "cross-site"))
		a := s.do(t, with(get("/go/acme-prod/admin?lang=zh", ada.Cookie()), "Sec-Fetch-Site", "same-origin"))
		if a.StatusCode != asked.StatusCode || a.leadsTo() != "" || len(s.mint.taken) > 0 || !strings.Contains(a.text, `lang="zh-CN"`) || a.cookie("__Host-lang") == nil {
			t.Errorf("%s: %s to %q, taken %q", name, a.Status, a.leadsTo(), s.mint.taken)
		}
	}
}

func TestADeepLinkWithoutASession(t *testing.T) {
	s := newStage(t)
	a := s.do(t, get("/go/acme-prod/admin?to=https%3A%2F%2Fecs.console.aliyun.com%2F"))
	wantOnPage(t, a, "You asked for admin in acme-prod", `href="/saml/test/login?to=%2Fgo%2Facme-prod%2Fadmin%3Fto%3Dhttps%253A%252F%252Fecs.console.aliyun.com%252F"`)
}

func TestSigningOut(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	form := url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}}
	a := s.do(t, fromOwnPage("/signout", form, cookie))
	if a.leadsTo() != "/?signedout" || a.cookie(session.SessionCookie) == nil || a.cookie(session.SessionCookie).MaxAge >= 0 {
		t.Errorf("%s to %s with %v", a.Status, a.leadsTo(), a.Cookies())
	}
	wantOnPage(t, s.do(t, get("/?signedout", cookie)), "You are signed out")
	if again := s.do(t, fromOwnPage("/signout", form, cookie)); again.leadsTo() != "/?signedout" {
		t.Errorf("a second click: %s", again.Status)
	}
}

func TestStaticFilesAreKeptForEver(t *testing.T) {
	s := newStage(t)
	paths := regexp.MustCompile(`/static/[a-z0-9.]+`).FindAllString(s.do(t, get("/")).text, -1)
	if len(paths) < 3 {
		t.Fatalf("files %v", paths)
	}
	for _, path := range paths {
		a := s.do(t, get(path))
		if a.StatusCode != http.StatusOK || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %s %v", path, a.Status, a.Header)
		}
	}
}
