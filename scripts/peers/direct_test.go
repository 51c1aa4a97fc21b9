package peers_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	ims "github.com/alibabacloud-go/ims-20190815/v4/client"
	sts "github.com/alibabacloud-go/sts-20150401/v2/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// under is the SDK's own hook for an HTTP client. STS's SDK knows no path but "/", and
// sends an endpoint with a path as the name of a host, which nobody answers to: so the
// path is added here, and nothing else is touched.
type under struct{ path string }

func (u under) Call(r *http.Request, transport *http.Transport) (*http.Response, error) {
	r.URL.Path = u.path
	return (&http.Client{Transport: transport}).Do(r)
}

// stsSDK carries an order out with STS's own SDK, over TLS.
func (o order) stsSDK() (person.Credentials, error) {
	token, err := os.ReadFile(o.TokenFile)
	if err != nil {
		return person.Credentials{}, err
	}
	host, path, _ := strings.Cut(o.Endpoint, "/")
	client, err := sts.NewClient(&openapi.Config{Endpoint: &host, Protocol: tea.String("HTTPS"), HttpClient: under{"/" + path}})
	if err != nil {
		return person.Credentials{}, err
	}
	return assumeWithOIDC(client, o.Role, o.Provider, string(token), o.Duration)
}

func assumeWithOIDC(client *sts.Client, role, provider, token string, duration int) (person.Credentials, error) {
	answer, err := client.AssumeRoleWithOIDC(&sts.AssumeRoleWithOIDCRequest{
		RoleArn: &role, OIDCProviderArn: &provider, OIDCToken: &token, RoleSessionName: tea.String("peer"), DurationSeconds: tea.Int64(int64(duration)),
	})
	if err != nil {
		return person.Credentials{}, err
	}
	made := answer.Body.Credentials
	return person.Credentials{
		AccessKeyID: tea.StringValue(made.AccessKeyId), AccessKeySecret: tea.StringValue(made.AccessKeySecret), SecurityToken: tea.StringValue(made.SecurityToken),
	}, nil
}

// TestOfficialClientsGetWhatSTSMakesOfTheirOwnTokens: in an account that issues
// directly, through us, and again with the same token; and they read what STS itself
// refuses.
func TestOfficialClientsGetWhatSTSMakesOfTheirOwnTokens(t *testing.T) {
	platform := workload.NewSecure(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Direct)})
	file := filepath.Join(t.TempDir(), "token")
	bring := func(changes map[string]any) {
		t.Helper()
		if err := os.WriteFile(file, []byte(platform.Token(t, changes)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, sdk := range map[string]bool{"credentials-go": false, "sts-20150401": true} {
		pod := order{
			SDK: sdk, Endpoint: strings.TrimPrefix(s.TLSURL, "https://") + "/sts", Role: workload.DirectPictures, Provider: workload.DirectProvider,
			TokenFile: file, Duration: 900,
		}
		job := pod
		job.Role = workload.DirectTry
		bring(workload.Pod())
		for range 3 { // as a refresh does
			made, refusal := give(t, s, pod)
			if refusal != "" {
				t.Fatalf("%s: %s", name, refusal)
			}
			wantCaller(t, s, made, "acs:ram::2345678901234567:assumed-role/pictures/peer")
		}
		for _, c := range []struct {
			claims        map[string]any
			code, message string
		}{
			{map[string]any{"exp": 1, "iat": 0, "nbf": 0}, "AuthenticationFail.OIDCToken.Expired", "This JsonWebToken is expired."},
			{map[string]any{"aud": "elsewhere"}, "AuthenticationFail.OIDCToken.AudienceNotMatch", "Invalid audience."},
			{map[string]any{"sub": "repo:evil/shop:x"}, "AuthenticationFail.NoPermission", "oidc:sub"},
		} {
			bring(c.claims)
			_, refusal := give(t, s, job)
			wantRefusal(t, refusal, c.code, c.message)
		}
		before := platform.Fingerprint()
		platform.ChangeAuthority()
		bring(nil)
		_, refusal := give(t, s, job)
		wantRefusal(t, refusal, "AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch", "proof_refused")
		tellRAM(t, s, before, platform.Fingerprint())
		_, refusal = give(t, s, job) // used up, whatever STS said of it
		wantRefusal(t, refusal, "AuthenticationFail.OIDCToken.Invalid", "replayed")
		bring(nil)
		if _, refusal := give(t, s, job); refusal != "" {
			t.Errorf("%s: with the new fingerprint: %s", name, refusal)
		}
	}
}

// tellRAM is an operator who tells RAM of the issuer's new authority by hand.
func tellRAM(t *testing.T, s *stack.Stack, before, after string) {
	t.Helper()
	c, name := imsClient(t, s, "acs:ram::2345678901234567:role/"+stack.DirectoryRole), tea.String("platform")
	must(c.AddFingerprintToOIDCProvider(&ims.AddFingerprintToOIDCProviderRequest{OIDCProviderName: name, Fingerprint: &after}))(t)
	must(c.RemoveFingerprintFromOIDCProvider(&ims.RemoveFingerprintFromOIDCProviderRequest{OIDCProviderName: name, Fingerprint: &before}))(t)
}

// TestTheEmulatedSTSIsOneToItsSDK: what judges us is judged itself, by the client that
// was written for the real one and puts all into the address.
func TestTheEmulatedSTSIsOneToItsSDK(t *testing.T) {
	platform := workload.NewSecure(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Direct)})
	anonymous := client(t, s, person.Credentials{})
	assume := func(changes map[string]any) (person.Credentials, error) {
		return assumeWithOIDC(anonymous, workload.DirectTry, workload.DirectProvider, platform.Token(t, changes), 900)
	}
	made, err := assume(nil)
	if err != nil {
		t.Fatal(err)
	}
	wantCaller(t, s, made, "acs:ram::2345678901234567:assumed-role/try/peer")
	for _, c := range []struct {
		claims        map[string]any
		code, message string
	}{
		{map[string]any{"exp": 1}, "AuthenticationFail.OIDCToken.Expired", "This JsonWebToken is expired."},
		{map[string]any{"iss": "https://elsewhere.example"}, "AuthenticationFail.OIDCToken.IssuerNotMatch", "doesn't match"},
		{map[string]any{"aud": "elsewhere"}, "AuthenticationFail.OIDCToken.AudienceNotMatch", "Invalid audience."},
	} {
		_, err := assume(c.claims)
		wantRefusal(t, said(err), c.code, c.message)
	}
	platform.ChangeAuthority()
	_, err = assume(nil)
	wantRefusal(t, said(err), "AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch", "fingerprint")
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestTheEmulatedSTSTakesItsSDKsAssertions, 60 KB of them in the address.
func TestTheEmulatedSTSTakesItsSDKsAssertions(t *testing.T) {
	const (
		role     = "acs:ram::2345678901234567:role/dev-shop"
		provider = "acs:ram::2345678901234567:saml-provider/okta"
	)
	idp := validatetest.New(t)
	dir := t.TempDir()
	for name, text := range map[string]string{"okta.xml": string(metadata(idp)), "federation.yaml": `
identityProviders: [{id: okta, saml: {metadataFile: okta.xml}}]
accounts: [{id: "2345678901234567", issue: direct, samlProviders: {okta: "` + provider + `"}}]
rules: [{name: all, idp: okta, roles: ["` + role + `"], condition: any}]
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := stack.Start(t, stack.Options{Federation: filepath.Join(dir, "federation.yaml")})
	assume := func(role string) (*sts.AssumeRoleWithSAMLResponse, error) {
		response := idp.Response(
			validatetest.For(validate.Expectation{EntityID: "urn:alibaba:cloudcomputing", ACSURL: "https://signin.aliyun.com/saml-role/sso"}),
			validatetest.At(time.Now()), validatetest.Attribute("https://www.aliyun.com/SAML-Role/Attributes/Role", "acs:ram::2345678901234567:role/dev-shop,"+provider),
			validatetest.Attribute("https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName", "ada"), validatetest.Attribute("filler", strings.Repeat("x", 40_000)),
		)
		return client(t, s, person.Credentials{}).AssumeRoleWithSAML(&sts.AssumeRoleWithSAMLRequest{RoleArn: &role, SAMLProviderArn: tea.String(provider), SAMLAssertion: &response})
	}
	answer, err := assume(role)
	if err != nil || tea.StringValue(answer.Body.AssumedRoleUser.Arn) != "acs:sts::2345678901234567:assumed-role/dev-shop/ada" || tea.StringValue(answer.Body.SAMLAssertionInfo.Issuer) != idp.Keys().EntityID {
		t.Errorf("%v, %v", answer, err)
	}
	_, err = assume(role + "2")
	wantRefusal(t, said(err), "AuthenticationFail.SAMLAssertion.Invalid", "The SAML Assertion is invalid.")
}

func metadata(idp validatetest.IdP) []byte {
	return []byte(`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + idp.Keys().EntityID + `">` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
		idp.Keys().Certificates[0] + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>` +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`)
}
