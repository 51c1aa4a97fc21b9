package peers_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sts "github.com/alibabacloud-go/sts-20150401/v2/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	ours      = "2345678901234567" // RAM has our metadata of this account
	another   = "3456789012345678" // and, by somebody's mistake, the same here
	ourOrigin = "https://sso.example"
)

func providerOf(account string) string { return "acs:ram::" + account + ":saml-provider/fc-sso" }

func roleOf(account, name string) string { return "acs:ram::" + account + ":role/" + name }

// TestTheEmulatedSTSBelievesOurResponses as far as they go: for the account whose entity
// ID they are of, and as STS is told beside them.
func TestTheEmulatedSTSBelievesOurResponses(t *testing.T) {
	s := stack.Start(t, stack.Options{Federation: believers(t)})
	issuer := ourIssuer(t, s)
	take := func(account string, duration time.Duration, policy string) (issue.Issued, error) {
		return issuer.WithResponse(t.Context(), granted(t, account, duration, policy), signedIn())
	}
	made, err := take(ours, 15*time.Minute, `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	wantCaller(t, s, person.Credentials{
		AccessKeyID: made.AccessKeyID, AccessKeySecret: made.AccessKeySecret.Reveal(), SecurityToken: made.SecurityToken.Reveal(),
	}, "acs:ram::"+ours+":assumed-role/shop/ada@acme.com")
	if left := time.Until(made.Expiration); left > 15*time.Minute || left < 10*time.Minute {
		t.Errorf("the credentials last %s", left)
	}
	if _, err = take(another, time.Hour, ""); reason.Of(err) != reason.RoleRefused || !strings.Contains(said(err), "AuthenticationFail.SAMLAssertion.Invalid") {
		t.Errorf("for an account whose RAM knows us by another name: %v", err)
	}
}

// TestTheHolderOfOurFormGetsNoMoreThanTheRuleGave, and no other role.
func TestTheHolderOfOurFormGetsNoMoreThanTheRuleGave(t *testing.T) {
	s := stack.Start(t, stack.Options{Federation: believers(t)})
	const most = 12 * time.Hour // of every role there
	whole := granted(t, ours, most, "").Allowed(most)
	form, err := ourIssuer(t, s).RoleForm(t.Context(), whole, signedIn(), issue.Destination{})
	if err != nil {
		t.Fatal(err)
	}
	try := func(account, role string, seconds int64) error {
		_, err := client(t, s, person.Credentials{}).AssumeRoleWithSAML(&sts.AssumeRoleWithSAMLRequest{
			RoleArn: tea.String(roleOf(account, role)), SAMLProviderArn: tea.String(providerOf(account)),
			SAMLAssertion: tea.String(form.SAMLResponse.Reveal()), DurationSeconds: &seconds,
		})
		return err
	}
	wantRefusal(t, said(try(ours, "shop", 43201)), "InvalidParameter.DurationSeconds", "")
	wantRefusal(t, said(try(ours, "bank", 43200)), "AuthenticationFail.SAMLAssertion.Invalid", "")
	wantRefusal(t, said(try(another, "shop", 43200)), "AuthenticationFail.SAMLAssertion.Invalid", "")
	if err := try(ours, "shop", 43200); err != nil {
		t.Error(err)
	}
}

// TestTheEmulatedConsoleOpensByOurForm, once.
func TestTheEmulatedConsoleOpensByOurForm(t *testing.T) {
	s := stack.Start(t, stack.Options{Federation: believers(t)})
	to, err := issue.ParseDestination("https://ram.console.aliyun.com/roles")
	if err != nil {
		t.Fatal(err)
	}
	const most = 12 * time.Hour
	form, err := ourIssuer(t, s).RoleForm(t.Context(), granted(t, ours, most, "").Allowed(most), signedIn(), to)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	post := func() (int, string) {
		answer, err := browser.PostForm(form.Action, url.Values{"SAMLResponse": {form.SAMLResponse.Reveal()}, "RelayState": {form.RelayState}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, answer.Header.Get("Location") + string(body)
	}
	if status, said := post(); status/100 != 3 || !strings.Contains(said, "ram.console.aliyun.com") {
		t.Errorf("%d %s", status, said)
	}
	if status, said := post(); status/100 != 4 {
		t.Errorf("again: %d %s", status, said)
	}
}

// believers is a federation in whose accounts RAM has our metadata.
func believers(t *testing.T) string {
	t.Helper()
	account, err := ram.ParseAccountID(ours)
	if err != nil {
		t.Fatal(err)
	}
	_, certificate := validatetest.Signing(t)
	document, err := samldoc.OurIdP{Origin: ourOrigin, Account: account}.Introduction([]*x509.Certificate{certificate}).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"ours.xml": string(document), "federation.yaml": `
identityProviders: [{id: ours, saml: {metadataFile: ours.xml}}]
accounts:
  - {id: "` + ours + `", issue: direct, samlProviders: {ours: "` + providerOf(ours) + `"}}
  - {id: "` + another + `", issue: direct, samlProviders: {ours: "` + providerOf(another) + `"}}
rules:
  - {name: all, idp: ours, roles: ["` + roleOf(ours, "shop") + `", "` + roleOf(ours, "bank") + `", "` + roleOf(another, "shop") + `"], condition: any}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "federation.yaml")
}

func ourIssuer(t *testing.T, s *stack.Stack) issue.Issuer {
	t.Helper()
	return issue.New(issue.Config{
		API: openapi.New(time.Now, rand.Reader), STSEndpoint: s.Cloud.STS, SigninEndpoint: s.Cloud.Signin,
		Own: issue.Own{Origin: ourOrigin, Now: time.Now, Random: rand.Reader, Signing: func(context.Context) (crypto.Signer, *x509.Certificate, error) {
			key, certificate := validatetest.Signing(t)
			return key, certificate, nil
		}},
	})
}

func signedIn() samldoc.AuthnStatement {
	return samldoc.AuthnStatement{AuthnInstant: time.Now().Add(-time.Minute)}
}

// granted is a role of an account in which we issue by our own responses.
func granted(t *testing.T, account string, duration time.Duration, policy string) mapping.Grant {
	t.Helper()
	rev, problems := federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{validatetest.Source()},
		Accounts:          []federation.AccountDraft{{ID: account, Issue: "federated", FederatedProvider: providerOf(account)}},
		Rules: []federation.RuleDraft{{
			Name: "all", IdP: "test", Roles: []string{roleOf(account, "shop")}, Condition: &federation.ConditionDraft{Any: true},
			Session: federation.SessionDraft{DurationSeconds: int(duration / time.Second), Policy: policy},
		}},
	}, federation.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	arn, err := ram.ParseRoleARN(roleOf(account, "shop"))
	if err != nil {
		t.Fatal(err)
	}
	endless := func(response *etree.Element) {
		response.FindElement("//saml:AuthnStatement").RemoveAttr("SessionNotOnOrAfter")
	}
	who := validatetest.New(t).Identity(validatetest.Subject("ada@acme.com"), validatetest.Before(endless))
	g, err := mapping.Role(rev, who, mapping.Context{Now: validatetest.Now()}, arn)
	if err != nil {
		t.Fatal(err)
	}
	return g
}
