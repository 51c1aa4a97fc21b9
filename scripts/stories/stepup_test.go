package stories_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// stricter are rules beside the demo's: one asks for the telephone, one for a
// fresh sign-in, one for what the identity provider does not have.
const stricter = `
  - name: the vault opens by a second factor
    idp: acme
    roles: [acs:ram::1234567890123456:role/vault]
    condition: any
    session: {name: '{{email | before "@" | upper}}', duration: 15m, policyFile: vault.json}
    requires: {acr: [urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract]}
  - name: the payroll within ten minutes of signing in
    idp: acme
    roles: [acs:ram::1234567890123456:role/payroll]
    condition: any
    requires: {maxAge: 10m}
  - name: the strongroom by a card that nobody has
    idp: acme
    roles: [acs:ram::1234567890123456:role/strongroom]
    condition: any
    requires: {acr: [urn:x-acme:card]}
  - name: partners open the vault by a second factor
    idp: contoso
    roles: [acs:ram::1234567890123456:role/vault]
    condition: any
    session: {name: '{{email | before "@" | upper}}', duration: 15m}
    requires: {acr: ["https://refeds.org/profile/mfa"]}
  - name: partners open the payroll within ten minutes of signing in
    idp: contoso
    roles: [acs:ram::1234567890123456:role/payroll]
    condition: any
    session: {name: "{{email}}"}
    requires: {maxAge: 10m}
  - name: partners open the strongroom by a card that nobody has
    idp: contoso
    roles: [acs:ram::1234567890123456:role/strongroom]
    condition: any
    requires: {acr: [urn:x-acme:card]}
`

const (
	vault   = "acs:ram::1234567890123456:role/vault"
	payroll = "acs:ram::1234567890123456:role/payroll"
)

func TestARoleMayAskForAStrongerOrAFresherSignIn(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	addRules(t, s)
	t.Run("a second factor", func(t *testing.T) { takeBySecondFactor(t, s) })
	t.Run("by OpenID Connect", func(t *testing.T) { stepUpByOpenIDConnect(t, s) })
	t.Run("from the list", func(t *testing.T) { takeFromTheList(t, s) })
	t.Run("a fresh sign-in", func(t *testing.T) { takeByFreshSignIn(t, s) })
	t.Run("what the identity provider does not have", func(t *testing.T) { askInVain(t, s) })
}

// addRules does so before anybody came, so that no function has read the old ones.
func addRules(t *testing.T, s *stack.Stack) {
	t.Helper()
	policy := `{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]}`
	if err := os.WriteFile(filepath.Join(filepath.Dir(s.Federation), "vault.json"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	rewrite(t, s, func(text string) string { return text + stricter })
}

// giveCode types what the demo's telephone shows.
func giveCode(t *testing.T, p *person.Person, page *browser.Page) *browser.Page {
	t.Helper()
	phone := regexp.MustCompile(`<code id="phone">(\d{6})</code>`).FindStringSubmatch(page.Body)
	if phone == nil {
		t.Fatalf("%s (status %d) asks for no code\ntrail %s", page.URL, page.Status, strings.Join(page.Trail, "\n"))
	}
	form := must[browser.Form](t)(page.Form("/factor"))
	return must[*browser.Page](t)(p.Submit(t.Context(), page, form, url.Values{"code": {phone[1]}}))
}

// intoTheConsole delivers the identity provider's answer; the way led across
// another site, so a page may ask once.
func intoTheConsole(t *testing.T, p *person.Person, answer *browser.Page) *browser.Page {
	t.Helper()
	page := must[*browser.Page](t)(p.Deliver(t.Context(), answer))
	if form, err := page.Form("/console"); err == nil && page.URL.Path != "/" {
		page = must[*browser.Page](t)(p.Submit(t.Context(), page, form, nil))
	}
	return page
}

func takeBySecondFactor(t *testing.T, s *stack.Stack) {
	t.Helper()
	alice := person.New(s.Ready, "acme", "alice")
	wantRoles(t, must[*browser.Page](t)(alice.SignIn(t.Context())), admin, readonly, developer, payroll)
	asks := must[*browser.Page](t)(alice.Open(t.Context(), s.URL+"/go/acme-prod/vault"))
	console := intoTheConsole(t, alice, giveCode(t, alice, asks))
	wantConsole(t, s, console, "vault", "ALICE")
	wantRoles(t, must[*browser.Page](t)(alice.Open(t.Context(), s.URL+"/")), admin, readonly, developer, payroll, vault)
}

func stepUpByOpenIDConnect(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave := person.New(s.Ready, "contoso", "dave")
	wantRoles(t, must[*browser.Page](t)(dave.SignIn(t.Context())), devSupport, payroll)
	asks := must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/go/acme-prod/vault"))
	wantConsole(t, s, intoTheConsole(t, dave, giveCode(t, dave, asks)), "vault", "DAVE")
	roles := must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/"))
	wantRoles(t, roles, devSupport, payroll, vault)

	refused := must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/go/acme-prod/strongroom"))
	wantRefusal(t, refused, http.StatusForbidden, "step_up_failed")
	if !strings.Contains(refused.Body, "urn:x-acme:card") {
		t.Error("the page does not say what was asked for")
	}
	wantRoles(t, must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/")), devSupport, payroll, vault)

	erin := person.New(s.Ready, "contoso", "erin")
	s.Clock(t, -20*time.Minute)
	home := must[*browser.Page](t)(erin.Open(t.Context(), s.IDPs[1].Issuer+"/signin"))
	form := must[browser.Form](t)(home.Form("/signin"))
	must[*browser.Page](t)(erin.Submit(t.Context(), home, form, url.Values{"username": {"erin"}, "password": {"erin-demo"}}))
	s.Clock(t, 0)
	wantRoles(t, must[*browser.Page](t)(erin.SignIn(t.Context())))
	fresh := must[*browser.Page](t)(erin.Open(t.Context(), s.URL+"/go/acme-prod/payroll"))
	if !strings.Contains(fresh.Body, "password again") {
		t.Fatalf("%s does not ask for the password again\ntrail %s", fresh.URL, strings.Join(fresh.Trail, "\n"))
	}
	wantConsole(t, s, intoTheConsole(t, erin, must[*browser.Page](t)(erin.Answer(t.Context(), fresh))), "payroll")
}

func takeFromTheList(t *testing.T, s *stack.Stack) {
	t.Helper()
	bob := person.New(s.Ready, "acme", "bob")
	roles := must[*browser.Page](t)(bob.SignIn(t.Context()))
	again := must[*browser.Page](t)(bob.Follow(t.Context(), roles, linkFor(t, roles, vault)))
	roles = must[*browser.Page](t)(bob.Deliver(t.Context(), giveCode(t, bob, again)))
	wantRoles(t, roles, readonly, developer, payroll, vault)
	credentials := must[person.Credentials](t)(bob.Credentials(t.Context(), roles, vault))
	if left := time.Until(credentials.Expiration); left > 15*time.Minute {
		t.Errorf("credentials for %s", left)
	}
}

func linkFor(t *testing.T, page *browser.Page, role string) string {
	t.Helper()
	for _, link := range page.Links {
		if strings.Contains(link, "stepup="+url.QueryEscape(role)) {
			return link
		}
	}
	t.Fatalf("%s offers no way to %s: %q", page.URL, role, page.Links)
	return ""
}

// takeByFreshSignIn: the identity provider knows Bob since twenty minutes, and
// would say so again if it was not told to ask him.
func takeByFreshSignIn(t *testing.T, s *stack.Stack) {
	t.Helper()
	bob := person.New(s.Ready, "acme", "bob")
	s.Clock(t, -20*time.Minute)
	home := must[*browser.Page](t)(bob.Open(t.Context(), strings.TrimSuffix(s.IDPs[0].MetadataURL, "/metadata")+"/signin"))
	must[*browser.Page](t)(bob.Answer(t.Context(), home))
	s.Clock(t, 0)
	roles := must[*browser.Page](t)(bob.SignIn(t.Context()))
	wantRoles(t, roles, readonly, developer)
	if !strings.Contains(roles.Body, "needs a fresh sign-in") {
		t.Error("the list does not say what the payroll needs")
	}
	asks := must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/go/acme-prod/payroll"))
	if !strings.Contains(asks.Body, "password again") {
		t.Fatalf("%s does not ask for the password again\ntrail %s", asks.URL, strings.Join(asks.Trail, "\n"))
	}
	wantConsole(t, s, intoTheConsole(t, bob, must[*browser.Page](t)(bob.Answer(t.Context(), asks))), "payroll")
}

// askInVain ends at a refusal that says what was asked, and the session lives on.
func askInVain(t *testing.T, s *stack.Stack) {
	t.Helper()
	bob := person.New(s.Ready, "acme", "bob")
	must[*browser.Page](t)(bob.SignIn(t.Context()))
	declined := must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/go/acme-prod/strongroom"))
	refused := must[*browser.Page](t)(bob.Deliver(t.Context(), declined))
	wantRefusal(t, refused, http.StatusForbidden, "step_up_failed")
	if !strings.Contains(refused.Body, "urn:x-acme:card") {
		t.Error("the page does not say what was asked for")
	}
	wantRoles(t, must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/")), readonly, developer, payroll)
}
