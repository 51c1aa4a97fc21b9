package stories_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
)

const (
	auditor    = "acs:ram::7890123456789012:role/auditor"
	global     = "7890123456789012"
	prodOurs   = "acs:ram::1234567890123456:saml-provider/fc-sso"
	globalOurs = "acs:ram::7890123456789012:saml-provider/fc-sso"
)

// TestAnAccountThatTakesUsForItsIdentityProvider is a federated account of each site,
// and what comes of our responses there. The one in China becomes federated while the
// stack runs.
func TestAnAccountThatTakesUsForItsIdentityProvider(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	becomeFederated(t, s)
	t.Run("RAM was told of us", func(t *testing.T) { compareWithRAM(t, s) })
	t.Run("a response opens one console, once", func(t *testing.T) { openAConsole(t, s) })
	t.Run("credentials come of a response that stays here", func(t *testing.T) { takeCredentials(t, s) })
	t.Run("the holder gets no more than the rule gave", func(t *testing.T) { tryForMore(t, s) })
	t.Run("after two minutes it is nothing", func(t *testing.T) { waitTooLong(t, s) })
	t.Run("who is given less gets no response", func(t *testing.T) { giveLess(t, s) })
}

// becomeFederated turns the demo's first account, adds roles that are given in part, and
// has the timer look how long roles last.
func becomeFederated(t *testing.T, s *stack.Stack) {
	t.Helper()
	policy := `{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*"}]}`
	if err := os.WriteFile(filepath.Join(filepath.Dir(s.Federation), "describe.json"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	rewrite(t, s, func(text string) string {
		text = instead(t, text, "    alias: acme-prod\n    site: china\n    issue: assume-role\n", `    alias: acme-prod
    site: china
    issue: federated
    federatedProvider: `+prodOurs+`
    maintenanceRole: acs:ram::1234567890123456:role/fc-sso-maintenance
`)
		return instead(t, text, "rules:\n", `rules:
  - {name: everybody describes, idp: acme, roles: ["acs:ram::1234567890123456:role/narrow"], condition: any, session: {policyFile: describe.json, duration: 1h}}
  - {name: everybody hurries, idp: acme, roles: ["acs:ram::1234567890123456:role/short"], condition: any, session: {duration: 20m}}
`)
	})
	runTimer(t, s, 1)
}

// compareWithRAM: what RAM has is what the portal serves, to the byte, also for users.
func compareWithRAM(t *testing.T, s *stack.Stack) {
	t.Helper()
	for account, action := range map[string][]string{
		"1234567890123456": {"GetSAMLProvider", "SAMLProviderName", "fc-sso"},
		global:             {"GetSAMLProvider", "SAMLProviderName", "fc-sso"},
		"2345678901234567": {"GetUserSsoSettings"},
	} {
		_, served := get(t, s.URL+"/idp/"+account+"/metadata")
		if !strings.Contains(served, `entityID="`+s.URL+`/idp/`+account+`/metadata"`) {
			t.Errorf("%s: %s", account, served)
		}
		if kept := newOperator(t, s, account).ims(action[0], action[1:]...); !strings.Contains(kept, base64.StdEncoding.EncodeToString([]byte(served))) {
			t.Errorf("%s: RAM has %s", account, kept)
		}
	}
}

// witness sees all that a browser is answered.
type witness struct {
	mu   sync.Mutex
	seen strings.Builder
}

func (w *witness) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	w.mu.Lock()
	defer w.mu.Unlock()
	_ = answer.Header.Write(&w.seen)
	w.seen.Write(body)
	return answer, nil
}

// holder is a person with the page that posts our response for a role, and that response.
func holder(t *testing.T, s *stack.Stack, name, arn string) (*person.Person, *browser.Page, browser.Form) {
	t.Helper()
	p := person.New(s.Ready, "acme", name)
	roles := must[*browser.Page](t)(p.SignIn(t.Context()))
	page := must[*browser.Page](t)(p.Take(t.Context(), roles, "/console", arn))
	if page.Status != http.StatusOK {
		t.Fatalf("%s: %d %s", page.URL, page.Status, person.Reason(page))
	}
	return p, page, must[browser.Form](t)(page.Form("/saml-role/sso"))
}

func openAConsole(t *testing.T, s *stack.Stack) {
	t.Helper()
	for who, arn := range map[string]string{"alice": admin, "wangfang": auditor} {
		p, page, form := holder(t, s, who, arn)
		wantConsole(t, s, must[*browser.Page](t)(p.Submit(t.Context(), page, form, nil)), arn[strings.LastIndex(arn, "/")+1:], arn[10:26], who+"@acme.example")
		if again := must[*browser.Page](t)(p.Submit(t.Context(), page, form, nil)); again.Status/100 != 4 {
			t.Errorf("%s: a second time: %d %s", arn, again.Status, again.Body)
		}
	}
	wang := person.New(s.Ready, "acme", "wangfang")
	must[*browser.Page](t)(wang.SignIn(t.Context()))
	const bucket = "https://oss.console.alibabacloud.com/bucket/oss-eu/a?x=1&y=2"
	page := must[*browser.Page](t)(wang.Open(t.Context(), s.URL+"/go/acme-global/auditor?to="+url.QueryEscape(bucket)))
	form := must[browser.Form](t)(page.Form("/saml-role/sso"))
	wantConsole(t, s, must[*browser.Page](t)(wang.Submit(t.Context(), page, form, nil)), "oss.console.alibabacloud.com/bucket/oss-eu/a")
}

func takeCredentials(t *testing.T, s *stack.Stack) {
	t.Helper()
	alice := person.New(s.Ready, "acme", "alice")
	roles := must[*browser.Page](t)(alice.SignIn(t.Context()))
	for _, arn := range []string{admin, "acs:ram::1234567890123456:role/narrow"} {
		made := must[person.Credentials](t)(alice.Credentials(t.Context(), roles, arn))
		if left := time.Until(made.Expiration); !strings.HasPrefix(made.AccessKeyID, "STS.") || left > time.Hour || left < 55*time.Minute {
			t.Errorf("%s: %q, %s left", arn, made.AccessKeyID, left)
		}
	}
}

// withSAML is STS itself, asked by whoever holds a response.
func withSAML(t *testing.T, s *stack.Stack, response, role, provider, seconds string) stsAnswer {
	t.Helper()
	form := url.Values{
		"Action": {"AssumeRoleWithSAML"}, "Version": {"2015-04-01"}, "Format": {"JSON"},
		"RoleArn": {role}, "SAMLProviderArn": {provider}, "SAMLAssertion": {response}, "DurationSeconds": {seconds},
	}
	status, body := postForm(t, s.Cloud.STS+"/", form)
	answer := stsAnswer{status: status, body: body}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return answer
}

func tryForMore(t *testing.T, s *stack.Stack) {
	t.Helper()
	_, _, form := holder(t, s, "alice", admin)
	response := form.Fields.Get("SAMLResponse")
	for why, c := range map[string]struct{ role, provider, seconds, code string }{
		"longer than its role":    {admin, prodOurs, "3601", "InvalidParameter.DurationSeconds"},
		"another role":            {readonly, prodOurs, "3600", "AuthenticationFail.SAMLAssertion.Invalid"},
		"another account's role":  {auditor, prodOurs, "3600", ""},
		"another account, as us":  {auditor, globalOurs, "3600", "AuthenticationFail.SAMLAssertion.Invalid"},
		"another account's us":    {admin, globalOurs, "3600", ""},
		"a provider that is none": {admin, prodOurs + "-2", "3600", ""},
	} {
		if got := withSAML(t, s, response, c.role, c.provider, c.seconds); got.status/100 != 4 || !strings.HasPrefix(got.Code, c.code) || got.Credentials.SecurityToken != "" {
			t.Errorf("%s: %d %s", why, got.status, got.body)
		}
	}
	if got := withSAML(t, s, response, admin, prodOurs, "3600"); got.status != http.StatusOK || got.AssumedRoleUser.Arn != "acs:sts::1234567890123456:assumed-role/admin/alice@acme.example" {
		t.Errorf("what the rule gave: %d %s", got.status, got.body)
	}
}

func waitTooLong(t *testing.T, s *stack.Stack) {
	t.Helper()
	alice, page, form := holder(t, s, "alice", admin)
	s.Clock(t, 121*time.Second)
	defer s.Clock(t, 0)
	if late := must[*browser.Page](t)(alice.Submit(t.Context(), page, form, nil)); late.Status/100 != 4 {
		t.Errorf("%d %s", late.Status, late.Body)
	}
	if got := withSAML(t, s, form.Fields.Get("SAMLResponse"), admin, prodOurs, "3600"); got.status/100 != 4 {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// giveLess: the console opens all the same, and nothing that the browser was answered
// holds a response of ours.
func giveLess(t *testing.T, s *stack.Stack) {
	t.Helper()
	saw := &witness{}
	bob := person.New(s.Ready, "acme", "bob")
	bob.Browser = browser.New(saw)
	roles := must[*browser.Page](t)(bob.SignIn(t.Context()))
	saw.seen.Reset()
	for _, name := range []string{"narrow", "short"} {
		wantConsole(t, s, must[*browser.Page](t)(bob.Take(t.Context(), roles, "/console", "acs:ram::1234567890123456:role/"+name)), name, "bob@acme.example")
		wantConsole(t, s, must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/go/acme-prod/"+name)), name)
	}
	if seen := saw.seen.String(); !strings.Contains(seen, "SigninToken") || strings.Contains(seen, "SAMLResponse") || strings.Contains(seen, base64.StdEncoding.EncodeToString([]byte("<samlp:Response"))) {
		t.Errorf("the browser was answered\n%s", seen)
	}
}

// ours is a federated account that workloads get roles in, too.
const ours = `
identityProviders:
  - id: ci
    oidc: {issuer: ISSUER, audiences: [sts.aliyuncs.com]}
accounts:
  - id: "2345678901234567"
    alias: acme-dev
    issue: federated
    federatedProvider: acs:ram::2345678901234567:saml-provider/fc-sso
    oidcProviders: {ci: "acs:ram::2345678901234567:oidc-provider/ci"}
rules:
  - {name: jobs, idp: ci, roles: ["acs:ram::2345678901234567:role/job"], condition: any, session: {duration: 1h}}
`

// TestWorkloadsGetRolesByOurResponse, as they ask for them: for less than the rule gives,
// and with a policy. The roles trust nobody else.
func TestWorkloadsGetRolesByOurResponse(t *testing.T) {
	t.Parallel()
	const job, provider = "acs:ram::2345678901234567:role/job", "acs:ram::2345678901234567:saml-provider/fc-sso"
	platform := workload.New(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, ours)})
	policy := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:Get*","Resource":"*"}]}`
	got := exchange(t, s, platform.Token(t, nil), "resource", job, "duration", "15m", "policy", policy)
	if got.status != http.StatusOK || got.SecurityToken == "" || got.ExpiresIn > 900 || got.DurationBy != "asked" {
		t.Errorf("%d %s", got.status, got.body)
	}
	ask := func() stsAnswer {
		return callSTS(t, s, "AssumeRoleWithOIDC", "RoleArn", job, "OIDCProviderArn", "acs:ram::2345678901234567:oidc-provider/ci", "RoleSessionName", "run-17", "OIDCToken", platform.Token(t, nil))
	}
	if got := ask(); got.status != http.StatusOK || got.AssumedRoleUser.Arn != "acs:sts::2345678901234567:assumed-role/job/run-17" {
		t.Errorf("%d %s", got.status, got.body)
	}
	newOperator(t, s, "2345678901234567").ims("DeleteSAMLProvider", "SAMLProviderName", "fc-sso")
	if got := ask(); got.status != http.StatusForbidden || got.Code != "NoPermission" || got.Credentials.SecurityToken != "" {
		t.Errorf("without %s: %d %s", provider, got.status, got.body)
	}
}
