package stories_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// The accounts, on both sites, in which STS is shown the token of a sign-in.
const (
	directAccounts = `
  - {id: "3456789012345678", alias: acme-lab, issue: direct, oidcProviders: {contoso: "acs:ram::3456789012345678:oidc-provider/contoso"}}
  - {id: "4567890123456789", alias: acme-intl, site: international, issue: direct, oidcProviders: {contoso: "acs:ram::4567890123456789:oidc-provider/contoso"}}

rules:
  - name: partners try things out
    idp: contoso
    roles: ["acs:ram::3456789012345678:role/try", "acs:ram::4567890123456789:role/try"]
    condition: any
    session: {name: "{{email}}", duration: 1h}
`
	labTry  = "acs:ram::3456789012345678:role/try"
	intlTry = "acs:ram::4567890123456789:role/try"
)

// showTheirToken is the console of an account that trusts the provider itself: RAM
// decides too, by the ID token of the person's own sign-in, as long as that is good.
func showTheirToken(t *testing.T, s *stack.Stack) {
	t.Helper()
	edit(t, s, "\nrules:\n", directAccounts)
	edit(t, s, "      audiences: [fc-sso]\n", "      audiences: [fc-sso]\n      exchange: true\n")
	endInstances(t, s)
	dave := newDave(s)
	roles := must[*browser.Page](t)(dave.SignIn(t.Context()))
	wantRoles(t, roles, devSupport, labTry, intlTry)
	for arn, account := range map[string]string{labTry: "3456789012345678", intlTry: "4567890123456789"} {
		made := issued(t, s)
		wantConsole(t, s, must[*browser.Page](t)(dave.Take(t.Context(), roles, "/console", arn)), "try", "dave@contoso.example", account)
		if got := must[person.Credentials](t)(dave.Credentials(t.Context(), roles, arn)); !strings.HasPrefix(got.AccessKeyID, "STS.") || made() != 2 {
			t.Errorf("credentials %q, %d issued", got.AccessKeyID, made())
		}
	}
	comeBackForAToken(t, s)

	token := tokenOfDave(t, s, "n") // as the browser's is
	exchange(t, s, token, "resource", labTry).want(t, "invalid_request", "nonce_unexpected", "")
	got := callSTS(t, s, "AssumeRoleWithOIDC", "RoleArn", labTry, "OIDCProviderArn", "acs:ram::3456789012345678:oidc-provider/contoso", "RoleSessionName", "dave", "OIDCToken", token)
	if got.status != http.StatusUnauthorized || !strings.Contains(got.Message, "nonce_unexpected") {
		t.Errorf("at /sts: %d %s", got.status, got.body)
	}
	edit(t, s, directAccounts, "\nrules:\n")
	edit(t, s, "      exchange: true\n", "")
	endInstances(t, s)
}

// comeBackForAToken: whose token is over is asked for another, once, and is then in the
// console, at the page that was wanted.
func comeBackForAToken(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.Quirks(t, "contoso", map[string]any{"token_life": 5})
	defer s.Quirks(t, "contoso", map[string]any{})
	dave := newDave(s)
	roles := must[*browser.Page](t)(dave.SignIn(t.Context()))
	wantRoles(t, roles, devSupport, labTry, intlTry) // to the others their links lead over the provider
	link := "/go/acme-lab/try?to=" + url.QueryEscape("https://ecs.console.aliyun.com/server")
	wantRefusal(t, must[*browser.Page](t)(dave.Open(t.Context(), s.URL+link)), http.StatusForbidden, "proof_over")
	wantRoles(t, must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/")), devSupport, labTry, intlTry)

	s.Quirks(t, "contoso", map[string]any{})
	page := must[*browser.Page](t)(dave.Open(t.Context(), s.URL+link))
	wantConsole(t, s, page, "try", "ecs.console.aliyun.com")
	if trail := strings.Join(page.Trail, " "); strings.Count(trail, "/oidc/contoso/login") != 1 {
		t.Errorf("trail %s", trail)
	}
	wantRoles(t, must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/")), devSupport, labTry, intlTry)
	if page := must[*browser.Page](t)(dave.Open(t.Context(), s.URL+link)); strings.Contains(strings.Join(page.Trail, " "), "/oidc/") {
		t.Errorf("another sign-in for a token that is good: %q", page.Trail)
	}
}
