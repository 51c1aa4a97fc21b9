package portal_test

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// withOIDC adds an issuer by which people sign in, whose platform engineers
// administer production with a second factor.
func withOIDC(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	source := validatetest.TokenSource()
	validatetest.ForLogin(&source)
	source.DisplayName, source.EmailDomains, source.Attributes = "Entra", []string{"entra.example"}, map[string]string{"email": "email", "groups": "groups"}
	s.draft.IdentityProviders = append(s.draft.IdentityProviders, source)
	s.draft.Rules = append(s.draft.Rules,
		federation.RuleDraft{
			Name: "Entra's platform engineers", IdP: "issuer", Roles: []string{admin},
			Condition: &federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": {"oidc:groups": {"platform"}}}},
			Requires:  &federation.RequiresDraft{ACR: []string{"mfa"}},
		},
		federation.RuleDraft{
			Name: "Entra's people", IdP: "issuer", Roles: []string{"acs:ram::" + dev + ":role/dev"},
			Condition: &federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": {"oidc:iss": {validatetest.IssuerURL}}}},
		})
	return s
}

// bob signed in by OpenID Connect.
func (s *stage) bob(t *testing.T, claims map[string]any) session.Session {
	t.Helper()
	keeper := session.Keeper{Rows: s.rows, Now: func() time.Time { return s.now }, Rand: rand.Reader}
	begun, err := keeper.Begin(t.Context(), validatetest.NewIssuer(t).Person(claims))
	if err != nil {
		t.Fatal(err)
	}
	return begun
}

func TestAProviderOfOpenIDConnectIsAWayIn(t *testing.T) {
	s := withOIDC(t)
	wantOnPage(t, s.do(t, get("/")), `href="/oidc/issuer/login"`, "Entra", `href="/saml/test/login"`)
	if a := s.do(t, get("/?email=ada@Entra.example")); a.leadsTo() != "/oidc/issuer/login" {
		t.Errorf("by its domain %s to %s", a.Status, a.leadsTo())
	}
	for i := range s.draft.IdentityProviders[:2] {
		s.draft.IdentityProviders[i].Suspended = true
	}
	if a := s.do(t, get("/go/acme-prod/admin")); a.leadsTo() != "/oidc/issuer/login?to=%2Fgo%2Facme-prod%2Fadmin" {
		t.Errorf("alone %s to %s", a.Status, a.leadsTo())
	}
	s.draft.IdentityProviders[0].Suspended, s.draft.IdentityProviders[2].Suspended = false, true
	if a := s.do(t, get("/?email=ada@entra.example")); strings.Contains(a.text, "Entra") || a.leadsTo() != "" {
		t.Errorf("suspended it is offered: %s to %s", a.Status, a.leadsTo())
	}
}

// A person is called by the claim that the federation names, and gets what rules over
// claims give.
func TestAPersonOfOpenIDConnectTakesARole(t *testing.T) {
	s := withOIDC(t)
	bob := s.bob(t, map[string]any{"email": "bob@entra.example", "groups": []string{"platform"}, "acr": "mfa"})
	a := s.do(t, get("/", bob.Cookie()))
	wantOnPage(t, a, "bob@entra.example", "acme-prod", "admin", "dev", "2 roles", `value="`+admin+`"`)
	fields := url.Values{"role": {admin}, "token": {token(t, a.text)}}
	if a := s.do(t, fromOwnPage("/console", fields, bob.Cookie())); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.leadsTo(), "https://signin.aliyun.com/") {
		t.Errorf("%s to %s", a.Status, a.leadsTo())
	}
	wantOnPage(t, s.do(t, fromOwnPage("/credentials", fields, bob.Cookie())), "STS.example")
	if taken := strings.Join(s.mint.taken, " "); taken != admin+" "+admin {
		t.Errorf("taken %s", taken)
	}
	wantOnPage(t, s.do(t, get("/", s.bob(t, map[string]any{"groups": []string{"sales"}}).Cookie())), "ada", "1 role")
}

func TestAStepUpLeadsBackToOpenIDConnect(t *testing.T) {
	s := withOIDC(t)
	bob := s.bob(t, map[string]any{"email": "bob@entra.example", "groups": []string{"platform"}, "acr": "pwd"})
	const link = "/oidc/issuer/login?stepup=acs%3Aram%3A%3A1234567890123456%3Arole%2Fadmin&to="
	wantOnPage(t, s.do(t, get("/", bob.Cookie())), "You could also have", `href="`+link+`%2F"`)
	if a := s.do(t, with(get("/go/acme-prod/admin", bob.Cookie()), "Sec-Fetch-Site", "none")); a.leadsTo() != link+"%2Fgo%2Facme-prod%2Fadmin" {
		t.Errorf("%s to %s", a.Status, a.leadsTo())
	}
}

// Where the login is taken away, what is left are rules for workloads.
func TestWhereNobodySignsInAnyMoreNobodyIsSignedIn(t *testing.T) {
	s := withOIDC(t)
	bob := s.bob(t, map[string]any{"groups": []string{"platform"}, "acr": "mfa"})
	fields := url.Values{"role": {admin}, "token": {token(t, s.do(t, get("/", bob.Cookie())).text)}}
	s.draft.IdentityProviders[2].OIDC.Login = nil
	if a := s.do(t, fromOwnPage("/credentials", fields, bob.Cookie())); a.StatusCode != http.StatusNotFound || len(s.mint.taken) > 0 {
		t.Errorf("%s, taken %q", a.Status, s.mint.taken)
	}
	wantOnPage(t, s.do(t, get("/", bob.Cookie())), "Contoso") // the session is over
}

func TestOnlyWhatHasALoginIsListed(t *testing.T) {
	for want, l := range map[bool]federation.Listed{true: {Kind: trust.KindOIDC, Login: true}, false: {Kind: trust.KindOIDC}} {
		if l.WayIn() != want {
			t.Errorf("%+v", l)
		}
	}
}
