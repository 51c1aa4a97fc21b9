package acs_test

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/saml-acs/acs"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/keys"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/session/sessiontest"
	"github.com/fc-sso/fc-sso/shared/store/peopletest"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const origin = "https://sso.example"

// stage is the service provider with an identity provider before it and memory
// behind it.
type stage struct {
	handler http.Handler
	idp     validatetest.IdP
	rows    *sessiontest.Rows
	known   *peopletest.People // who has left
	nonces  *validatetest.Nonces
	log     *bytes.Buffer
	now     time.Time
	records map[string]trust.Record
	trust   *book.Book // where the records are those of a real one
	own     *ownKeys
	learn   func() // what a refresh brings; nil: it is refused
}

func newStage(t *testing.T) *stage {
	t.Helper()
	s := &stage{idp: validatetest.New(t), nonces: validatetest.NewNonces(), log: &bytes.Buffer{}, now: validatetest.Now()}
	clock := func() time.Time { return s.now }
	s.rows = sessiontest.NewRows(clock)
	s.known = &peopletest.People{Sessions: s.rows}
	initiated := func(source *trust.Source, _ *trust.Keys) {
		source.SAML.AllowIdPInitiated, source.SAML.AllowUnsignedCBC = true, true
	}
	s.records = map[string]trust.Record{
		"test":      s.idp.Record(),
		"initiated": s.idp.Record(named("initiated"), initiated),
		"form": s.idp.Record(named("form"), func(_ *trust.Source, k *trust.Keys) {
			k.SSO = []trust.Endpoint{{Binding: trust.BindingPOST, Location: "https://idp.example/post"}}
		}),
		"suspended": s.idp.Record(named("suspended"), func(source *trust.Source, _ *trust.Keys) { source.Suspended = true }),
		"pending":   validatetest.Record(t, trust.Source{ID: "pending", DisplayName: "Pending", SAML: validatetest.Source().SAML}, nil),
		"oidc": validatetest.Record(t, trust.Source{ID: "oidc", DisplayName: "OIDC", OIDC: &trust.OIDC{
			Issuer: "https://idp.example", Audiences: []string{"client"}, TokenUse: trust.Once, MaxAgeSeconds: 3600,
		}}, nil),
	}
	pages, err := page.New(origin, page.Brand{Name: "Acme Cloud"})
	if err != nil {
		t.Fatal(err)
	}
	key, certificate := newKey(t)
	s.own = &ownKeys{
		signing:    keys.Signing{Signer: key, Certificates: []*x509.Certificate{certificate, certificate}, Encryption: []*x509.Certificate{certificate, certificate}},
		decrypters: validatetest.Decrypters(t),
	}
	s.handler = acs.New(acs.Config{
		URL: origin, Pages: pages, Log: slog.New(slog.NewJSONHandler(s.log, nil)), Now: clock, Random: rand.Reader,
		Record: s.record, Rules: s.rules, SourceIP: func(context.Context) netip.Addr { return netip.MustParseAddr("192.0.2.1") }, Fresh: s.keys(), Nonces: s.nonces, Sessions: s.rows, People: s.known,
		Own: s.own,
	})
	return s
}

// ownKeys are ours; asking anew may bring others.
type ownKeys struct {
	signing    keys.Signing
	decrypters []crypto.Decrypter
	later      []crypto.Decrypter // nil: there are no others
	err        error              // why it cannot be known
	asked      int
}

func (o *ownKeys) Signing(context.Context, string) (keys.Signing, error) { return o.signing, o.err }

func (o *ownKeys) Decrypters() []crypto.Decrypter { return o.decrypters }

func (o *ownKeys) Refresh(context.Context, []crypto.Decrypter) (newer bool, err error) {
	o.asked++
	if o.err == nil && o.later != nil {
		o.decrypters, o.later, newer = o.later, nil, true
	}
	return newer, o.err
}

func named(id string) func(*trust.Source, *trust.Keys) {
	return func(source *trust.Source, _ *trust.Keys) { source.ID = id }
}

func (s *stage) record(ctx context.Context, idp string) (trust.Record, error) {
	if s.trust != nil {
		return s.trust.Record(ctx, idp)
	}
	record, ok := s.records[idp]
	if !ok {
		return trust.Record{}, reason.New(reason.IdPUnknown, "no identity provider %q", idp)
	}
	return record, nil
}

// keys has metadata-rotation called, which here is the test.
func (s *stage) keys() freshness.Keeper {
	return freshness.Keeper{Newest: s.record, Refresh: func(context.Context, string) error {
		if s.learn == nil {
			return reason.New(reason.RefreshLimited, "often enough")
		}
		s.learn()
		return nil
	}}
}

func newKey(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: validatetest.Now().AddDate(1, 0, 0)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return key, certificate
}

// answer is what came back, read whole.
type answer struct {
	*httptest.ResponseRecorder
	text string
}

func (s *stage) do(r *http.Request) answer {
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return answer{w, w.Body.String()}
}

func (a answer) leadsTo() string { return a.Header().Get("Location") }

func (a answer) cookies() []*http.Cookie {
	r := http.Response{Header: a.Header()}
	return r.Cookies()
}

// login begins a sign-in and returns its request ID, RelayState and cookie.
func (s *stage) login(t *testing.T, target string, headers ...string) (requestID, relayState string, cookie *http.Cookie) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, origin+target, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	a := s.do(r)
	if a.Code != http.StatusFound || len(a.cookies()) != 1 {
		t.Fatalf("login: %d %v", a.Code, a.Header())
	}
	location, err := url.Parse(a.leadsTo())
	if err != nil {
		t.Fatal(err)
	}
	request := inflate(t, location.Query().Get("SAMLRequest"))
	id := regexp.MustCompile(` ID="([^"]+)"`).FindStringSubmatch(request)
	if id == nil || location.Host != "idp.example" || location.Query().Get("Signature") == "" {
		t.Fatalf("login leads to %s with %s", location, request)
	}
	return id[1], location.Query().Get("RelayState"), a.cookies()[0]
}

func inflate(t *testing.T, message string) string {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(message)
	if err != nil {
		t.Fatal(err)
	}
	xml, err := io.ReadAll(flate.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	return string(xml)
}

func expectation(idp, requestID string) validate.Expectation {
	return validate.Expectation{EntityID: origin + "/saml/" + idp + "/metadata", ACSURL: origin + "/saml/" + idp + "/acs", RequestID: requestID}
}

func form(fields ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		v.Add(fields[i], fields[i+1])
	}
	return v
}

func post(idp string, fields url.Values, cookies ...*http.Cookie) *http.Request {
	r := httptest.NewRequest(http.MethodPost, origin+"/saml/"+idp+"/acs", strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range cookies {
		r.AddCookie(c)
	}
	return r
}

// wantRefusal demands a page with code and reference, no cookie, no way on.
func wantRefusal(t *testing.T, a answer, want reason.Code) {
	t.Helper()
	if a.Code != reason.Lookup(want).Status || !strings.Contains(a.text, "<code>"+string(want)+"</code>") {
		t.Errorf("%d with %s; want %s", a.Code, regexp.MustCompile(`<code>[^<]*`).FindAllString(a.text, -1), want)
	}
	if !regexp.MustCompile(`<code>[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{2}</code>`).MatchString(a.text) || !strings.Contains(a.text, "UTC") {
		t.Error("the page has no reference or no time")
	}
	if a.Header().Get("Set-Cookie") != "" || a.leadsTo() != "" {
		t.Errorf("a refusal sets or leads: %v", a.Header())
	}
	if strings.Contains(a.Header().Get("Content-Security-Policy"), "unsafe") || a.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.Header())
	}
}

func TestASignInThatBeganHere(t *testing.T) {
	s := newStage(t)
	id, relayState, browser := s.login(t, "/saml/test/login?to=%2Fgo%2Facme-prod%2Fadmin")
	if browser.Name != session.BrowserCookie || len(relayState) > 80 {
		t.Errorf("cookie %s, RelayState of %d bytes", browser.Name, len(relayState))
	}
	s.rows.Calls()
	response := s.idp.Response(validatetest.For(expectation("test", id)), validatetest.Subject("ada@acme.com"))
	fields := form("SAMLResponse", response, "RelayState", relayState)
	a := s.do(post("test", fields, browser))
	if a.Code != http.StatusSeeOther || a.leadsTo() != "/go/acme-prod/admin" {
		t.Fatalf("%d to %s", a.Code, a.leadsTo())
	}
	if calls := s.rows.Calls(); calls["get"] != 1 || calls["put"] != 1 || len(calls) != 2 {
		t.Errorf("calls of the store: %v", calls)
	}
	cookies := a.cookies()
	if len(cookies) != 1 || cookies[0].Name != session.SessionCookie || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookies %v", cookies)
	}
	got, err := s.keeper().Get(t.Context(), cookies[0].Value)
	if err != nil || got.Identity().Subject() != "ada@acme.com" {
		t.Errorf("session of %q: %v", got.Identity().Subject(), err)
	}
	if strings.Contains(s.log.String(), response) || strings.Contains(s.log.String(), cookies[0].Value) {
		t.Error("the log has the message or the cookie")
	}
	if !strings.Contains(s.log.String(), validate.MessageSHA256(response)) {
		t.Error("the log does not name the message by its hash")
	}

	wantRefusal(t, s.do(post("test", fields, browser)), reason.Replayed)
}

func (s *stage) keeper() session.Keeper {
	return session.Keeper{
		Rows: s.rows, Now: func() time.Time { return s.now }, Rand: rand.Reader, People: &peopletest.People{Sessions: s.rows},
		Person: func(_ context.Context, who validate.Identity) (string, error) { return who.Subject(), nil },
	}
}

// Begun by a bookmark or on our own page, a sign-in opens what it was begun for;
// begun by a foreign page's link, the portal asks first: it sees no ticket.
func TestOnlyAnOwnWishGetsATicket(t *testing.T) {
	s := newStage(t)
	for site, ticket := range map[string]bool{"none": true, "same-origin": true, "cross-site": false, "same-site": false} {
		id, relayState, browser := s.login(t, "/saml/test/login?to=%2Fgo%2Facme-prod%2Fadmin", "Sec-Fetch-Site", site)
		response := s.idp.Response(validatetest.For(expectation("test", id)))
		a := s.do(post("test", form("SAMLResponse", response, "RelayState", relayState), browser))
		if strings.HasPrefix(a.leadsTo(), "/go/acme-prod/admin?ticket=") != ticket {
			t.Errorf("%s: leads to %s", site, a.leadsTo())
		}
	}
}

func TestASignInThatBeganAtTheIdentityProvider(t *testing.T) {
	s := newStage(t)
	for origin, cookie := range map[string]string{"": session.SessionCookie, "https://idp.example": session.ArrivalCookie} {
		response := s.idp.Response(validatetest.For(expectation("initiated", "")))
		r := post("initiated", form("SAMLResponse", response, "RelayState", "https://evil.example/"))
		if origin != "" {
			r.Header.Set("Origin", origin)
		}
		a := s.do(r)
		if a.Code != http.StatusSeeOther || a.leadsTo() != "/" {
			t.Fatalf("%d to %s", a.Code, a.leadsTo())
		}
		if cookies := a.cookies(); len(cookies) != 1 || cookies[0].Name != cookie {
			t.Errorf("origin %q: cookies %v, want %s", origin, cookies, cookie)
		}
		wantRefusal(t, s.do(post("initiated", form("SAMLResponse", response))), reason.Replayed)
	}
}

func TestAnotherSessionIsNotReplacedUnasked(t *testing.T) {
	s := newStage(t)
	response := s.idp.Response(validatetest.For(expectation("initiated", "")))
	live := &http.Cookie{Name: session.SessionCookie, Value: strings.Repeat("A", 43)}
	a := s.do(post("initiated", form("SAMLResponse", response), live))
	if cookies := a.cookies(); len(cookies) != 1 || cookies[0].Name != session.ArrivalCookie {
		t.Errorf("cookies %v", cookies)
	}
}

// A foreign page can sign a browser in as somebody else at the identity provider
// and then send it to our login: what comes of that asks before it replaces a
// session, as an unsolicited response does.
func TestALoginThatAForeignPageBeganReplacesNobodyUnasked(t *testing.T) {
	s := newStage(t)
	for site, cookie := range map[string]string{
		"none": session.SessionCookie, "same-origin": session.SessionCookie,
		"cross-site": session.ArrivalCookie, "same-site": session.ArrivalCookie, "": session.ArrivalCookie,
	} {
		id, relayState, browser := s.login(t, "/saml/test/login", "Sec-Fetch-Site", site)
		response := s.idp.Response(validatetest.For(expectation("test", id)))
		r := post("test", form("SAMLResponse", response, "RelayState", relayState), browser)
		r.Header.Set("Origin", "https://idp.example")
		if cookies := s.do(r).cookies(); len(cookies) != 1 || cookies[0].Name != cookie {
			t.Errorf("%q: cookies %v, want %s", site, cookies, cookie)
		}
	}
}

func TestWhatIsNotBelievedHereIsRefused(t *testing.T) {
	s := newStage(t)
	id, relayState, browser := s.login(t, "/saml/test/login")
	mine := validatetest.For(expectation("test", id))
	good := s.idp.Response(mine)
	for name, c := range map[string]struct {
		request *http.Request
		want    reason.Code
	}{
		"no cookie":             {post("test", form("SAMLResponse", good, "RelayState", relayState)), reason.SignInOtherBrowser},
		"unknown sign-in":       {post("test", form("SAMLResponse", good, "RelayState", "sso_"+strings.Repeat("A", 43)), browser), reason.SignInUnknown},
		"no RelayState":         {post("test", form("SAMLResponse", good), browser), reason.UnsolicitedResponse},
		"nobody asked":          {post("test", form("SAMLResponse", s.idp.Response(validatetest.For(expectation("test", "")))), browser), reason.UnsolicitedResponse},
		"a stranger":            {post("test", form("SAMLResponse", validatetest.Stranger(t).Response(mine), "RelayState", relayState), browser), reason.SignatureInvalid},
		"for another":           {post("test", form("SAMLResponse", s.idp.Response(validatetest.For(validate.Expectation{EntityID: "x", ACSURL: origin + "/saml/test/acs", RequestID: id})), "RelayState", relayState), browser), reason.AudienceMismatch},
		"too late":              {post("test", form("SAMLResponse", s.idp.Response(mine, validatetest.At(s.now.Add(-time.Hour))), "RelayState", relayState), browser), reason.Expired},
		"unknown provider":      {post("nobody", form("SAMLResponse", good), browser), reason.IdPUnknown},
		"suspended":             {post("suspended", form("SAMLResponse", good), browser), reason.IdPSuspended},
		"pending":               {post("pending", form("SAMLResponse", good), browser), reason.KeysUnavailable},
		"of OpenID Connect":     {post("oidc", form("SAMLResponse", good), browser), reason.IdPUnknown},
		"no response":           {post("test", form("RelayState", relayState), browser), reason.RequestMalformed},
		"two responses":         {post("test", form("SAMLResponse", good, "SAMLResponse", good), browser), reason.RequestMalformed},
		"an artifact":           {post("test", form("SAMLResponse", good, "SAMLart", "x"), browser), reason.RequestMalformed},
		"two RelayStates":       {post("test", form("SAMLResponse", good, "RelayState", "a", "RelayState", "b"), browser), reason.RequestMalformed},
		"a long RelayState":     {post("test", form("SAMLResponse", good, "RelayState", strings.Repeat("x", 81)), browser), reason.RequestMalformed},
		"no base64":             {post("test", form("SAMLResponse", "!!!", "RelayState", relayState), browser), reason.MessageMalformed},
		"no XML":                {post("test", form("SAMLResponse", "aGVsbG8=", "RelayState", relayState), browser), reason.MessageMalformed},
		"a megabyte":            {post("test", form("SAMLResponse", strings.Repeat("A", 1<<20)), browser), reason.RequestTooLarge},
		"a get":                 {httptest.NewRequest(http.MethodGet, origin+"/saml/test/acs?SAMLResponse=x", nil), reason.MethodNotAllowed},
		"an unknown path":       {httptest.NewRequest(http.MethodGet, origin+"/saml/test/nothing", nil), reason.NotFound},
		"another content type":  {retyped(post("test", form("SAMLResponse", good), browser), "text/plain"), reason.RequestMalformed},
		"a broken escape":       {rewritten(post("test", form("SAMLResponse", good), browser), "SAMLResponse=%zz"), reason.RequestMalformed},
		"login: unknown":        {httptest.NewRequest(http.MethodGet, origin+"/saml/nobody/login", nil), reason.IdPUnknown},
		"login: suspended":      {httptest.NewRequest(http.MethodGet, origin+"/saml/suspended/login", nil), reason.IdPSuspended},
		"login: pending":        {httptest.NewRequest(http.MethodGet, origin+"/saml/pending/login", nil), reason.KeysUnavailable},
		"login: foreign target": {httptest.NewRequest(http.MethodGet, origin+"/saml/test/login?to=https://evil.example/", nil), reason.TargetNotAllowed},
		"login: OIDC":           {httptest.NewRequest(http.MethodGet, origin+"/saml/oidc/login", nil), reason.IdPUnknown},
		"metadata: OIDC":        {httptest.NewRequest(http.MethodGet, origin+"/saml/oidc/metadata", nil), reason.IdPUnknown},
		"metadata: unknown":     {httptest.NewRequest(http.MethodGet, origin+"/saml/nobody/metadata", nil), reason.IdPUnknown},
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, s.do(c.request), c.want) })
	}
	if used := s.nonces.Used(); len(used) != 0 {
		t.Errorf("%d things were used up by refused messages", len(used))
	}
	a := s.do(post("test", form("SAMLResponse", good, "RelayState", relayState), browser))
	if a.Code != http.StatusSeeOther {
		t.Errorf("after all the attacks the honest sign-in gets %d", a.Code)
	}
}

func retyped(r *http.Request, contentType string) *http.Request {
	r.Header.Set("Content-Type", contentType)
	return r
}

func rewritten(r *http.Request, body string) *http.Request {
	r.Body = io.NopCloser(strings.NewReader(body))
	return r
}

func TestAStoreAtFaultIsNoSignIn(t *testing.T) {
	s := newStage(t)
	id, relayState, browser := s.login(t, "/saml/test/login")
	response := s.idp.Response(validatetest.For(expectation("test", id)))
	s.rows.Err = reason.New(reason.StoreUnavailable, "down")
	wantRefusal(t, s.do(post("test", form("SAMLResponse", response, "RelayState", relayState), browser)), reason.StoreUnavailable)
	wantRefusal(t, s.do(httptest.NewRequest(http.MethodGet, origin+"/saml/test/login", nil)), reason.StoreUnavailable)
}

func TestAProviderThatTakesOnlyFormsGetsOne(t *testing.T) {
	s := newStage(t)
	a := s.do(httptest.NewRequest(http.MethodGet, origin+"/saml/form/login?lang=zh", nil))
	for _, want := range []string{`action="https://idp.example/post"`, `name="SAMLRequest"`, `name="RelayState" value="sso_`, `lang="zh-CN"`, "data-autosubmit"} {
		if !strings.Contains(a.text, want) {
			t.Errorf("the form lacks %s", want)
		}
	}
	if csp := a.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://idp.example https:;") {
		t.Errorf("policy %s", csp)
	}
	if len(a.cookies()) != 1 {
		t.Errorf("cookies %v", a.cookies())
	}
}

// Several tabs may sign in at once: the browser keeps its ID.
func TestTheBrowserKeepsItsID(t *testing.T) {
	s := newStage(t)
	_, first, browser := s.login(t, "/saml/test/login")
	_, second, again := s.login(t, "/saml/test/login", "Cookie", browser.Name+"="+browser.Value)
	if browser.Value != again.Value || first == second {
		t.Error("the second tab got another browser ID, or the same sign-in")
	}
}

func TestMetadataIsServedBeforeTheProvidersKeysAreKnown(t *testing.T) {
	s := newStage(t)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		a := s.do(httptest.NewRequest(method, origin+"/saml/pending/metadata", nil))
		if a.Code != http.StatusOK || a.Header().Get("Content-Type") != "application/samlmetadata+xml" {
			t.Errorf("%d %v", a.Code, a.Header())
		}
		for _, want := range []string{`entityID="` + origin + `/saml/pending/metadata"`, origin + "/saml/pending/acs", "X509Certificate"} {
			if !strings.Contains(a.text, want) {
				t.Errorf("metadata lacks %s", want)
			}
		}
	}
}

func TestHealth(t *testing.T) {
	if a := newStage(t).do(httptest.NewRequest(http.MethodGet, origin+"/saml/healthz", nil)); a.Code != http.StatusOK {
		t.Error(a.Code)
	}
}

// A key that cannot sign is a fault of ours, and still a page.
func TestAKeyOfTheWrongKindIsRefused(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := newStage(t)
	pages, err := page.New(origin, page.Brand{})
	if err != nil {
		t.Fatal(err)
	}
	s.handler = acs.New(acs.Config{
		URL: origin, Pages: pages, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return s.now }, Random: rand.Reader,
		Record: s.record, Rules: s.rules, SourceIP: func(context.Context) netip.Addr { return netip.MustParseAddr("192.0.2.1") }, Fresh: s.keys(), Nonces: s.nonces, Sessions: s.rows,
		Own: &ownKeys{signing: keys.Signing{Signer: key, Certificates: []*x509.Certificate{nil}}},
	})
	a := s.do(httptest.NewRequest(http.MethodGet, origin+"/saml/test/login", nil))
	if a.Code != http.StatusInternalServerError || a.leadsTo() != "" {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}
