package login_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/functions/oidc-exchange/login"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/store/peopletest"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func (s *stage) keeper() session.Keeper {
	return session.Keeper{
		Rows: s.rows, Now: s.rows.Now, Rand: rand.Reader, People: &peopletest.People{Sessions: s.rows},
		Person: func(_ context.Context, who validate.Identity) (string, error) { return who.Subject(), nil },
	}
}

func TestAPersonSignsIn(t *testing.T) {
	s := newStage(t)
	callback, browser := s.arrive(t, "/oidc/test/login?to=%2Fgo%2Facme-prod%2Fadmin")
	if !strings.HasPrefix(callback, origin+"/oidc/test/callback?") {
		t.Fatalf("sent back to %s", callback)
	}
	s.rows.Calls()
	a := s.do(get(callback, browser))
	if a.Code != http.StatusSeeOther || !strings.HasPrefix(a.leadsTo(), "/go/acme-prod/admin?ticket=") {
		t.Fatalf("%d to %s: %s", a.Code, a.leadsTo(), s.log)
	}
	if calls := s.rows.Calls(); calls["get"] != 1 || calls["put"] != 1 || len(calls) != 2 || len(s.nonces.Used()) != 2 {
		t.Errorf("calls of the store: %v, used %d", calls, len(s.nonces.Used()))
	}
	cookies := a.cookies()
	if len(cookies) != 1 || cookies[0].Name != session.SessionCookie || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookies %v", cookies)
	}
	got, err := s.keeper().Get(t.Context(), cookies[0].Value)
	who := got.Identity()
	if err != nil || who.Subject() != "ada" || who.IdentityProvider() != "test" || strings.Join(who.Attribute("groups"), "") != "platform" {
		t.Errorf("session of %q, %v", who.Subject(), err)
	}
	u, err := url.Parse(callback)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{u.Query().Get("code"), u.Query().Get("state"), s.op.secret, cookies[0].Value, browser.Value, `"access"`, "eyJ"} {
		if strings.Contains(s.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
	for _, said := range []string{`"record":"test"`, `"issuer":"` + validatetest.IssuerURL + `"`, `"subject":"ada"`, `"token_sha256":"` + validate.MessageSHA256(s.op.lastToken()) + `"`, `"revision":"revision-1"`} {
		if !strings.Contains(s.log.String(), said) {
			t.Errorf("the decision lacks %s", said)
		}
	}

	// A reload of the callback says so, and sends the code nowhere.
	wantRefusal(t, s.do(get(callback, browser)), reason.Replayed)
	if came, faults := s.op.requests(); came != 1 || faults != "" {
		t.Errorf("%d requests, faults %q", came, faults)
	}
}

// What is asked is new for each sign-in, hard to guess, and found in no row; the
// address alone, which proxies log, does not make the verifier.
func TestASignInHasSecretsOfItsOwn(t *testing.T) {
	s := newStage(t)
	seen := map[string]bool{}
	_, browser := s.begin(t, get(origin+"/oidc/test/login"))
	for range 3 {
		address, again := s.begin(t, get(origin+"/oidc/test/login", browser))
		if again.Value != browser.Value {
			t.Error("the browser gets another ID")
		}
		u, err := url.Parse(address)
		if err != nil || u.Fragment != "" {
			t.Fatal(address, err)
		}
		for _, name := range []string{"state", "nonce", "code_challenge"} {
			value := u.Query().Get(name)
			raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(value, "sso_"))
			if err != nil || len(raw) < 16 || seen[value] {
				t.Errorf("%s is %q, %v", name, value, err)
			}
			seen[value] = true
			for _, row := range s.rows.All() {
				if strings.Contains(string(row.Body), value) {
					t.Errorf("%s stands in the table: %s", name, row.Body)
				}
			}
		}
	}
}

// A client proves itself in one way, which the provider named, and the code is sent
// once.
func TestAClientProvesItselfInTheWayThatIsAsked(t *testing.T) {
	for _, way := range []string{"basic", "post", "none"} {
		s := newStage(t, func(s *stage) { s.op.way = way })
		idp := map[string]string{"basic": "test", "post": "test", "none": "public"}[way]
		callback, browser := s.arrive(t, "/oidc/"+idp+"/login")
		if a := s.do(get(callback, browser)); a.Code != http.StatusSeeOther || a.leadsTo() != "/" {
			t.Errorf("%s: %d %s", way, a.Code, s.log)
		}
		if came, faults := s.op.requests(); came != 1 || faults != "" {
			t.Errorf("%s: %d requests, %q", way, came, faults)
		}
	}
}

// A provider that does not have its name in its answers is taken as it is.
func TestAProviderNeedNotNameItself(t *testing.T) {
	s := newStage(t, func(s *stage) { s.op.issParam = false })
	callback, browser := s.arrive(t, "/oidc/test/login")
	if a := s.do(get(callback, browser)); a.Code != http.StatusSeeOther {
		t.Errorf("%d %s", a.Code, s.log)
	}
	callback, browser = s.arrive(t, "/oidc/test/login")
	wantRefusal(t, s.do(get(query(t, callback, "iss", "https://evil.example"), browser)), reason.IssuerMismatch)
}

func TestTokensOfOtherKeysAndWithoutAnAccessToken(t *testing.T) {
	for name, change := range map[string]func(*stage){
		"ES256":           func(s *stage) { s.op.issuer = s.op.issuer.By("ES256") },
		"EdDSA":           func(s *stage) { s.op.issuer = s.op.issuer.By("EdDSA"); s.op.claims = map[string]any{"at_hash": nil} },
		"no access token": func(s *stage) { s.op.answer = saying(`{"id_token":"TOKEN"}`) },
		"several audiences, one party": func(s *stage) {
			s.op.claims = map[string]any{"aud": []string{"x", validatetest.ClientID}, "azp": validatetest.ClientID}
		},
	} {
		s := newStage(t, change)
		callback, browser := s.arrive(t, "/oidc/test/login")
		if a := s.do(get(callback, browser)); a.Code != http.StatusSeeOther {
			t.Errorf("%s: %d %s", name, a.Code, s.log)
		}
	}
}

// Which cookie comes depends on whose wish it was and on what the browser may hide.
func TestASignInReplacesNobodyUnasked(t *testing.T) {
	live := &http.Cookie{Name: session.SessionCookie, Value: strings.Repeat("A", 43)}
	for name, tt := range map[string]struct {
		site, dest string
		live       bool
		want       string
	}{
		"own wish, nobody there":            {"same-origin", "document", false, session.SessionCookie},
		"own wish, somebody there":          {"none", "document", true, session.SessionCookie},
		"a foreign link, nobody there":      {"cross-site", "document", false, session.SessionCookie},
		"a foreign link, somebody there":    {"cross-site", "document", true, session.ArrivalCookie},
		"a foreign page's frame":            {"cross-site", "iframe", false, session.ArrivalCookie},
		"a foreign page's picture":          {"cross-site", "image", false, session.ArrivalCookie},
		"a browser too old to say so":       {"", "", true, session.ArrivalCookie},
		"the same, and nobody is signed in": {"", "", false, session.SessionCookie},
	} {
		s := newStage(t)
		r := get(origin + "/oidc/test/login?to=%2Fgo%2Facme-prod%2Fadmin")
		if tt.site != "" {
			r.Header.Set("Sec-Fetch-Site", tt.site)
		}
		address, browser := s.begin(t, r)
		back := get(s.through(t, address), browser)
		if tt.dest != "" {
			back.Header.Set("Sec-Fetch-Dest", tt.dest)
		}
		if tt.live {
			back.AddCookie(live)
		}
		a := s.do(back)
		if cookies := a.cookies(); len(cookies) != 1 || cookies[0].Name != tt.want {
			t.Errorf("%s: cookies %v", name, cookies)
		}
		own := tt.site == "same-origin" || tt.site == "none"
		if strings.Contains(a.leadsTo(), "ticket=") != own || !strings.HasPrefix(a.leadsTo(), "/go/acme-prod/admin") {
			t.Errorf("%s: leads to %s", name, a.leadsTo())
		}
	}
}

func TestALoginThatCannotEndWellDoesNotBegin(t *testing.T) {
	s := newStage(t)
	for path, want := range map[string]reason.Code{
		"/oidc/nobody/login":                            reason.IdPUnknown,
		"/oidc/saml/login":                              reason.IdPUnknown,
		"/oidc/workloads/login":                         reason.IdPUnknown,
		"/oidc/suspended/login":                         reason.IdPSuspended,
		"/oidc/pending/login":                           reason.KeysUnavailable,
		"/oidc/early/login":                             reason.MetadataInvalid,
		"/oidc/test/login?to=https://evil.example/":     reason.TargetNotAllowed,
		"/oidc/nobody/callback?code=x&state=y":          reason.SignInUnknown,
		"/oidc/workloads/callback?code=x&state=" + aLot: reason.IdPUnknown,
	} {
		t.Run(path, func(t *testing.T) { wantRefusal(t, s.do(get(origin+path)), want) })
	}
	if n := len(s.rows.All()); n != 0 {
		t.Errorf("%d sign-ins are under way", n)
	}
}

const aLot = "sso_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// The operator reads which variable it is; the person does not.
func TestASecretThatIsNotThereIsNamedToTheOperator(t *testing.T) {
	s := newStage(t, func(s *stage) { s.env = nil })
	a := s.do(get(origin + "/oidc/test/login"))
	wantRefusal(t, a, reason.ConfigurationInvalid)
	if strings.Contains(a.text, "SSO_SECRET") || !strings.Contains(s.log.String(), "SSO_SECRET_TEST is not set") {
		t.Errorf("page or log %s", s.log)
	}
	s = newStage(t, func(s *stage) { s.learned = func(learned *trust.Issuer) { learned.TokenAuth = []string{"none"} } })
	wantRefusal(t, s.do(get(origin+"/oidc/test/login")), reason.ConfigurationInvalid)
}

func TestWhatIsServedHere(t *testing.T) {
	for path, want := range map[string]bool{
		"/oidc/test/login": true, "/oidc/test/callback": true, "/oidc/token": false, "/oidc/healthz": false, "/oidc/login": false,
		"/oidc/a/b/login": false, "/sts": false, "//oidc/test/login": false, "/oidc/test/login/": false, "/saml/test/login": false,
	} {
		if login.Serves(path) != want {
			t.Errorf("%s: %t", path, !want)
		}
	}
	s := newStage(t)
	r := get(origin + "/oidc/test/callback")
	r.Method = http.MethodPost
	wantRefusal(t, s.do(r), reason.MethodNotAllowed)
	if a := s.do(get(origin + "/oidc/token")); a.Code != http.StatusNotFound {
		t.Errorf("%d", a.Code)
	}
}

func TestAStoreAtFaultIsNoSignIn(t *testing.T) {
	s := newStage(t)
	callback, browser := s.arrive(t, "/oidc/test/login")
	s.rows.Err = reason.New(reason.StoreUnavailable, "down")
	wantRefusal(t, s.do(get(callback, browser)), reason.StoreUnavailable)
	wantRefusal(t, s.do(get(origin+"/oidc/test/login")), reason.StoreUnavailable)
	if came, _ := s.op.requests(); came != 0 {
		t.Errorf("the code was sent %d times", came)
	}
}
