package peers_test

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	ims "github.com/alibabacloud-go/ims-20190815/v4/client"
	sts "github.com/alibabacloud-go/sts-20150401/v2/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// kept is a federation whose account is kept up to date by the bundle.
const kept = `
identityProviders:
  - {id: okta, saml: {metadataFile: okta.xml}}
accounts:
  - id: "1234567890123456"
    alias: acme-prod
    maintenanceRole: acs:ram::1234567890123456:role/fc-sso-maintenance
    samlProviders: {okta: "acs:ram::1234567890123456:saml-provider/okta"}
    userSSO: {suffixes: [acme-prod.onaliyun.com], withDomain: true}
rules:
  - {name: all, idp: okta, roles: ["acs:ram::1234567890123456:role/admin"], condition: any}
`

func metadataOf(idp validatetest.IdP) string {
	return `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + idp.Keys().EntityID + `">` +
		`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
		idp.Keys().Certificates[0] + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>` +
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`
}

func startKept(t *testing.T) (s *stack.Stack, metadata string) {
	t.Helper()
	dir := t.TempDir()
	metadata = metadataOf(validatetest.New(t))
	for name, text := range map[string]string{"federation.yaml": kept, "okta.xml": metadata} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return stack.Start(t, stack.Options{Federation: filepath.Join(dir, "federation.yaml")}), metadata
}

// inRole are the operator's credentials in a role.
func inRole(t *testing.T, s *stack.Stack, role string) person.Credentials {
	t.Helper()
	operator := person.Credentials{AccessKeyID: s.Cloud.AccessKeyID, AccessKeySecret: s.Cloud.AccessKeySecret}
	answer, err := client(t, s, operator).AssumeRole(&sts.AssumeRoleRequest{RoleArn: &role, RoleSessionName: tea.String("operator")})
	if err != nil {
		t.Fatal(err)
	}
	made := answer.Body.Credentials
	return person.Credentials{
		AccessKeyID: tea.StringValue(made.AccessKeyId), AccessKeySecret: tea.StringValue(made.AccessKeySecret), SecurityToken: tea.StringValue(made.SecurityToken),
	}
}

func configured(endpoint string, c person.Credentials) *openapi.Config {
	config := &openapi.Config{
		AccessKeyId: &c.AccessKeyID, AccessKeySecret: &c.AccessKeySecret,
		Endpoint: tea.String(strings.TrimPrefix(endpoint, "http://")), Protocol: tea.String("HTTP"),
	}
	if c.SecurityToken != "" {
		config.SecurityToken = &c.SecurityToken
	}
	return config
}

func imsClient(t *testing.T, s *stack.Stack, role string) *ims.Client {
	t.Helper()
	made, err := ims.NewClient(configured(s.Cloud.IMS, inRole(t, s, role)))
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// must fails the test for an answer that is an error.
func must[A any](answer A, err error) func(*testing.T) A {
	return func(t *testing.T) A {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
}

// wantCode wants a refusal that the SDK read as one.
func wantCode(t *testing.T, name string, err error, code string) {
	t.Helper()
	refusal, ok := errors.AsType[*tea.SDKError](err)
	if !ok || tea.StringValue(refusal.Code) != code || tea.IntValue(refusal.StatusCode) < 400 {
		t.Errorf("%s: %#v, want %s", name, err, code)
	}
}

const (
	maintenanceRole = "acs:ram::1234567890123456:role/fc-sso-maintenance"
	ownersRole      = "acs:ram::1234567890123456:role/" + stack.DirectoryRole
)

// TestTheOfficialSDKsUseTheEmulatedRAM: what they create, change and read back is what
// their types say, and refusals are those that they understand.
func TestTheOfficialSDKsUseTheEmulatedRAM(t *testing.T) {
	s, metadata := startKept(t)
	c := imsClient(t, s, maintenanceRole)
	t.Run("SAML providers", func(t *testing.T) { judgeSAML(t, c, imsClient(t, s, ownersRole), metadata) })
	t.Run("OIDC providers", func(t *testing.T) { judgeOIDC(t, c, imsClient(t, s, ownersRole)) })
	t.Run("user-based SSO", func(t *testing.T) { judgeUserSSO(t, c, metadata) })
	t.Run("roles", func(t *testing.T) { judgeRoles(t, s) })
	t.Run("users", func(t *testing.T) { judgeUsers(t, s, c) })
	t.Run("groups", func(t *testing.T) { judgeGroups(t, s, c) })
	t.Run("what hangs on a user", func(t *testing.T) { judgeLeaving(t, s, c) })
	t.Run("a wrong secret", func(t *testing.T) {
		credentials := inRole(t, s, maintenanceRole)
		credentials.AccessKeySecret += "x"
		forger := must(ims.NewClient(configured(s.Cloud.IMS, credentials)))(t)
		_, err := forger.GetUserSsoSettings()
		wantCode(t, "forged", err, "SignatureDoesNotMatch")
	})
}

func judgeSAML(t *testing.T, c, owner *ims.Client, metadata string) {
	t.Helper()
	okta, name := tea.String("okta"), tea.String("another")
	document := tea.String(base64.StdEncoding.EncodeToString([]byte(metadata)))
	registered := must(c.GetSAMLProvider(&ims.GetSAMLProviderRequest{SAMLProviderName: okta}))(t).Body.SAMLProvider
	if tea.StringValue(registered.EncodedSAMLMetadataDocument) != *document || tea.StringValue(registered.AuthnSignAlgo) != "rsa-sha1" {
		t.Errorf("registered at the start: %v", registered)
	}
	made := must(c.CreateSAMLProvider(&ims.CreateSAMLProviderRequest{SAMLProviderName: name, EncodedSAMLMetadataDocument: document}))(t).Body.SAMLProvider
	if tea.StringValue(made.Arn) != "acs:ram::1234567890123456:saml-provider/another" || tea.StringValue(made.CreateDate) == "" {
		t.Errorf("created: %v", made)
	}
	changed := must(c.UpdateSAMLProvider(&ims.UpdateSAMLProviderRequest{
		SAMLProviderName: name, NewEncodedSAMLMetadataDocument: document, NewDescription: tea.String("ours"), AuthnSignAlgo: tea.String("rsa-sha256"),
	}))(t).Body.SAMLProvider
	if tea.StringValue(changed.Description) != "ours" || tea.StringValue(changed.AuthnSignAlgo) != "rsa-sha256" {
		t.Errorf("updated: %v", changed)
	}
	first := must(c.ListSAMLProviders(&ims.ListSAMLProvidersRequest{MaxItems: tea.Int32(1)}))(t).Body
	rest := must(c.ListSAMLProviders(&ims.ListSAMLProvidersRequest{Marker: first.Marker}))(t).Body
	if !tea.BoolValue(first.IsTruncated) || tea.BoolValue(rest.IsTruncated) || len(first.SAMLProviders.SAMLProvider) != 1 || len(rest.SAMLProviders.SAMLProvider) != 1 {
		t.Errorf("listed: %v, %v", first, rest)
	}
	_, err := c.CreateSAMLProvider(&ims.CreateSAMLProviderRequest{SAMLProviderName: name, EncodedSAMLMetadataDocument: document})
	wantCode(t, "again", err, "EntityAlreadyExists.SAMLProvider")
	_, err = c.UpdateSAMLProvider(&ims.UpdateSAMLProviderRequest{SAMLProviderName: tea.String("nobody"), NewDescription: tea.String("x")})
	wantCode(t, "unknown", err, "EntityNotExist.SAMLProvider")
	_, err = c.UpdateSAMLProvider(&ims.UpdateSAMLProviderRequest{SAMLProviderName: name, NewEncodedSAMLMetadataDocument: tea.String("PGh0bWwvPg==")})
	wantCode(t, "no metadata", err, "InvalidParameter.NewEncodedSAMLMetadataDocument")
	_, err = c.DeleteSAMLProvider(&ims.DeleteSAMLProviderRequest{SAMLProviderName: name})
	wantCode(t, "what the role may not", err, "NoPermission")
	must(owner.DeleteSAMLProvider(&ims.DeleteSAMLProviderRequest{SAMLProviderName: name}))(t)
}

func judgeOIDC(t *testing.T, c, owner *ims.Client) {
	t.Helper()
	name, one, two := tea.String("ci"), strings.Repeat("1a", 20), strings.Repeat("2b", 20)
	made := must(c.CreateOIDCProvider(&ims.CreateOIDCProviderRequest{
		OIDCProviderName: name, IssuerUrl: tea.String("https://issuer.example"), ClientIds: tea.String("a,b"), Fingerprints: &one, IssuanceLimitTime: tea.Int64(6),
	}))(t).Body.OIDCProvider
	if tea.StringValue(made.Arn) != "acs:ram::1234567890123456:oidc-provider/ci" || tea.Int64Value(made.IssuanceLimitTime) != 6 || len(tea.StringValue(made.GmtCreate)) != 13 {
		t.Errorf("created: %v", made)
	}
	must(c.AddFingerprintToOIDCProvider(&ims.AddFingerprintToOIDCProviderRequest{OIDCProviderName: name, Fingerprint: tea.String(strings.ToUpper(two))}))(t)
	must(c.RemoveFingerprintFromOIDCProvider(&ims.RemoveFingerprintFromOIDCProviderRequest{OIDCProviderName: name, Fingerprint: &one}))(t)
	must(c.AddClientIdToOIDCProvider(&ims.AddClientIdToOIDCProviderRequest{OIDCProviderName: name, ClientId: tea.String("c")}))(t)
	must(c.RemoveClientIdFromOIDCProvider(&ims.RemoveClientIdFromOIDCProviderRequest{OIDCProviderName: name, ClientId: tea.String("a")}))(t)
	got := must(c.GetOIDCProvider(&ims.GetOIDCProviderRequest{OIDCProviderName: name}))(t).Body.OIDCProvider
	if tea.StringValue(got.Fingerprints) != two || tea.StringValue(got.ClientIds) != "b,c" || tea.StringValue(got.IssuerUrl) != "https://issuer.example" {
		t.Errorf("read back: %v", got)
	}
	must(c.UpdateOIDCProvider(&ims.UpdateOIDCProviderRequest{OIDCProviderName: name, ClientIds: tea.String("d"), NewDescription: tea.String("CI")}))(t)
	listed := must(c.ListOIDCProviders(&ims.ListOIDCProvidersRequest{}))(t).Body.OIDCProviders.OIDCProvider
	if len(listed) != 1 || tea.StringValue(listed[0].ClientIds) != "d" || tea.StringValue(listed[0].Fingerprints) != two || tea.StringValue(listed[0].Description) != "CI" {
		t.Errorf("listed: %v", listed)
	}
	_, err := c.CreateOIDCProvider(&ims.CreateOIDCProviderRequest{OIDCProviderName: tea.String("ci2"), IssuerUrl: tea.String("https://issuer.example")})
	wantCode(t, "the issuer again", err, "EntityAlreadyExists.OIDCProvider.Url")
	_, err = c.AddFingerprintToOIDCProvider(&ims.AddFingerprintToOIDCProviderRequest{OIDCProviderName: name, Fingerprint: &two})
	wantCode(t, "the fingerprint again", err, "EntityAlreadyExists.OIDCProvider.Fingerprint")
	_, err = c.RemoveFingerprintFromOIDCProvider(&ims.RemoveFingerprintFromOIDCProviderRequest{OIDCProviderName: name, Fingerprint: &one})
	wantCode(t, "a fingerprint that is not there", err, "EntityNotExist.OIDCProvider.Fingerprint")
	_, err = c.GetOIDCProvider(&ims.GetOIDCProviderRequest{OIDCProviderName: tea.String("nobody")})
	wantCode(t, "unknown", err, "EntityNotExist.OIDCProvider")
	must(owner.DeleteOIDCProvider(&ims.DeleteOIDCProviderRequest{OIDCProviderName: name}))(t)
}

func judgeUserSSO(t *testing.T, c *ims.Client, metadata string) {
	t.Helper()
	before := must(c.GetUserSsoSettings())(t).Body.UserSsoSettings
	ours, err := base64.StdEncoding.DecodeString(tea.StringValue(before.MetadataDocument)) // the bundle's, as a deployer uploads it
	if err != nil || !strings.Contains(string(ours), "/idp/1234567890123456/metadata") {
		t.Errorf("at the start: %v, %s", err, ours)
	}
	if !tea.BoolValue(before.SsoEnabled) || !tea.BoolValue(before.SsoLoginWithDomain) || tea.StringValue(before.AuthnSignAlgo) != "rsa-sha1" {
		t.Errorf("at the start: %v", before)
	}
	document := tea.String(base64.StdEncoding.EncodeToString([]byte(metadata)))
	must(c.SetUserSsoSettings(&ims.SetUserSsoSettingsRequest{
		MetadataDocument: document, SsoEnabled: before.SsoEnabled, SsoLoginWithDomain: before.SsoLoginWithDomain,
		AuxiliaryDomain: before.AuxiliaryDomain, AuthnSignAlgo: tea.String("rsa-sha256"),
	}))(t)
	after := must(c.GetUserSsoSettings())(t).Body.UserSsoSettings
	if !tea.BoolValue(after.SsoEnabled) || tea.StringValue(after.MetadataDocument) != *document || tea.StringValue(after.AuthnSignAlgo) != "rsa-sha256" {
		t.Errorf("set: %v", after)
	}
	if domain := tea.StringValue(must(c.GetDefaultDomain())(t).Body.DefaultDomainName); domain != "acme-prod.onaliyun.com" {
		t.Errorf("default domain %q", domain)
	}
	_, err = c.SetUserSsoSettings(&ims.SetUserSsoSettingsRequest{AuthnSignAlgo: tea.String("none")})
	wantCode(t, "an algorithm", err, "InvalidParameter.AuthnSignAlgo")
}
