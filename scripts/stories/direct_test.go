package stories_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// stsAnswer is what STS answers, or we at /sts.
type stsAnswer struct {
	status int
	body   string
	note   string // what decided how long it lasts

	RequestID       string `json:"RequestId"`
	Code, Message   string
	AssumedRoleUser struct{ Arn string }
	Credentials     struct {
		SecurityToken string
		Expiration    time.Time
	}
}

// callSTS posts a call of an action to /sts.
func callSTS(t *testing.T, s *stack.Stack, action string, more ...string) stsAnswer {
	t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2015-04-01"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/sts", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := stsAnswer{status: response.StatusCode, body: string(body), note: response.Header.Get("X-Sso-Duration-Note")}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return answer
}

// TestRAMDecidesTooWhereAnAccountIssuesDirectly: the job's own token goes on to STS,
// which asks the issuer itself. When the issuer changes its certification authority,
// the bundle goes on believing it, and STS does not until RAM knows the new one.
func TestRAMDecidesTooWhereAnAccountIssuesDirectly(t *testing.T) {
	t.Parallel()
	platform := workload.NewSecure(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Direct)})
	job := func(more ...string) stsAnswer {
		t.Helper()
		return callSTS(t, s, "AssumeRoleWithOIDC", append([]string{
			"RoleArn", workload.DirectTry, "OIDCProviderArn", workload.DirectProvider, "RoleSessionName", "run-17", "OIDCToken", platform.Token(t, nil),
		}, more...)...)
	}

	if got := exchange(t, s, platform.Token(t, nil), "duration", "15m"); got.status != http.StatusOK || got.SecurityToken == "" || got.ExpiresIn > 900 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := job(); got.status != http.StatusOK || got.AssumedRoleUser.Arn != workload.DirectTry+"/run-17" || got.Credentials.SecurityToken == "" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	exchange(t, s, platform.Token(t, map[string]any{"sub": "repo:evil/shop:ref:refs/heads/main"}), "resource", workload.DirectTry).
		want(t, "invalid_target", "role_not_granted", "oidc:sub")

	platform.ChangeAuthority()
	const mismatch = "AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch"
	exchange(t, s, platform.Token(t, nil)).want(t, "invalid_target", "proof_refused", mismatch)
	if got := job(); got.status != http.StatusUnauthorized || got.Code != mismatch || !strings.Contains(got.Message, "proof_refused") {
		t.Errorf("%d %s", got.status, got.body)
	}
	s.Reapply(t) // which leaves RAM alone
	if got := job(); got.Code != mismatch {
		t.Errorf("%d %s", got.status, got.body)
	}
	operator := newOperator(t, s, "2345678901234567")
	if got := operator.ims("AddFingerprintToOIDCProvider", "OIDCProviderName", "platform", "Fingerprint", platform.Fingerprint()); !strings.Contains(got, ","+platform.Fingerprint()+`"`) {
		t.Error(got)
	}
	if got := job(); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	operator.ims("DeleteOIDCProvider", "OIDCProviderName", "platform")
	if got := job(); got.Code != "AuthenticationFail.NoPermission" {
		t.Errorf("%d %s", got.status, got.body)
	}
	s.Reapply(t) // which adds what RAM lacks
	if got := job(); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// responses is a federation whose identity provider makes responses for Alibaba
// Cloud's own role sign-in. In one account RAM decides too, in the other it is not
// asked.
const responses = `
identityProviders:
  - {id: okta, saml: {metadataFile: okta.xml}}
accounts:
  - {id: "1234567890123456", alias: acme-prod, samlProviders: {okta: "acs:ram::1234567890123456:saml-provider/okta"}}
  - {id: "2345678901234567", alias: acme-dev, issue: direct, samlProviders: {okta: "acs:ram::2345678901234567:saml-provider/okta"}}
rules:
  - name: roles that Okta names itself
    idp: okta
    assertedRoles: {accounts: ["1234567890123456", "2345678901234567"], roles: [dev-shop]}
    condition: any
  - name: everybody tries
    idp: okta
    roles: ["acs:ram::2345678901234567:role/try"]
    condition: any
`

// TestAResponseForAlibabaCloudIsTakenInItsPlace: by the bundle alone, or by STS after
// it, which judges the whole response once more.
func TestAResponseForAlibabaCloudIsTakenInItsPlace(t *testing.T) {
	t.Parallel()
	idp := validatetest.New(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"federation.yaml": responses, "okta.xml": `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + idp.Keys().EntityID + `">` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
		idp.Keys().Certificates[0] + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>` +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := stack.Start(t, stack.Options{Federation: filepath.Join(dir, "federation.yaml")})
	account := func(id, role string) (arn, provider string) {
		return "acs:ram::" + id + ":role/" + role, "acs:ram::" + id + ":saml-provider/okta"
	}
	response := func(role, provider string) string {
		return idp.Response(
			validatetest.For(validate.Expectation{EntityID: "urn:alibaba:cloudcomputing", ACSURL: "https://signin.aliyun.com/saml-role/sso"}),
			validatetest.At(time.Now()), validatetest.Subject("ada"), validatetest.Signed(true, true),
			validatetest.Attribute("https://www.aliyun.com/SAML-Role/Attributes/Role", role+","+provider),
			validatetest.Attribute("https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName", "ada@acme.com"),
		)
	}
	for id, session := range map[string]string{
		"1234567890123456": "acs:ram::1234567890123456:role/dev-shop/ada@acme.com",
		"2345678901234567": "acs:sts::2345678901234567:assumed-role/dev-shop/ada@acme.com", // as STS calls what it makes of a response
	} {
		role, provider := account(id, "dev-shop")
		once := response(role, provider)
		if got := callSTS(t, s, "AssumeRoleWithSAML", "RoleArn", role, "SAMLProviderArn", provider, "SAMLAssertion", once); got.status != http.StatusOK || got.AssumedRoleUser.Arn != session || got.Credentials.SecurityToken == "" {
			t.Errorf("%d %s", got.status, got.body)
		}
		if got := callSTS(t, s, "AssumeRoleWithSAML", "RoleArn", role, "SAMLProviderArn", provider, "SAMLAssertion", once); got.status != http.StatusUnauthorized || got.Code != "AuthenticationFail.SAMLAssertion.Invalid" || !strings.Contains(got.Message, "replayed") {
			t.Errorf("again: %d %s", got.status, got.body)
		}
	}
	named, provider := account("2345678901234567", "dev-shop")
	unnamed, _ := account("2345678901234567", "try")
	if got := callSTS(t, s, "AssumeRoleWithSAML", "RoleArn", unnamed, "SAMLProviderArn", provider, "SAMLAssertion", response(named, provider)); got.status != http.StatusUnauthorized || got.Code != "AuthenticationFail.SAMLAssertion.Invalid" || !strings.Contains(got.Message, "proof_refused") {
		t.Errorf("a role that a rule gives and the response does not name: %d %s", got.status, got.body)
	}
}
