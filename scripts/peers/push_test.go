package peers_test

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	ims "github.com/alibabacloud-go/ims-20190815/v4/client"
	"github.com/alibabacloud-go/tea/tea"
	"github.com/crewjam/saml"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// fresh is a federation whose account is kept fresh, and may be given what it lacks.
const fresh = `
identityProviders:
  - {id: okta, saml: {metadataURL: ADDRESS}}
  - id: ci
    oidc: {issuer: ISSUER, audiences: [sts.aliyuncs.com]}
    fetch: {caFile: ca.pem}
  - id: pods
    oidc: {issuer: ISSUER, audiences: [pods], tokenUse: until-expiry}
    fetch: {caFile: ca.pem}
accounts:
  - id: "1234567890123456"
    alias: acme-prod
    maintenanceRole: acs:ram::1234567890123456:role/fc-sso-maintenance
    samlProviders: {okta: "acs:ram::1234567890123456:saml-provider/okta"}
    oidcProviders: {ci: "acs:ram::1234567890123456:oidc-provider/ci", pods: "acs:ram::1234567890123456:oidc-provider/ci"}
    manage: {create: true}
rules:
  - {name: all, idp: okta, roles: ["acs:ram::1234567890123456:role/admin"], condition: any, session: {name: "{{nameID}}"}}
`

// TestTheOfficialSDKsReadWhatTheFunctionPushed: providers that it made, and what it added
// to them when the identity providers changed.
func TestTheOfficialSDKsReadWhatTheFunctionPushed(t *testing.T) {
	one, two := validatetest.New(t).Keys().Certificates[0], validatetest.Stranger(t).Keys().Certificates[0]
	var both atomic.Bool
	okta := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		text := metadataOf(validatetest.New(t))
		if both.Load() {
			key, rest, _ := strings.Cut(text, "</md:KeyDescriptor>")
			text = key + "</md:KeyDescriptor>" + strings.Replace(key[strings.Index(key, "<md:KeyDescriptor"):], one, two, 1) + "</md:KeyDescriptor>" + rest
		}
		_, _ = w.Write([]byte(text))
	}))
	defer okta.Close()
	platform := workload.NewSecure(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, strings.ReplaceAll(fresh, "ADDRESS", okta.URL))})
	owner, c := imsClient(t, s, ownersRole), imsClient(t, s, maintenanceRole)
	must(owner.DeleteSAMLProvider(&ims.DeleteSAMLProviderRequest{SAMLProviderName: tea.String("okta")}))(t)
	must(owner.DeleteOIDCProvider(&ims.DeleteOIDCProviderRequest{OIDCProviderName: tea.String("ci")}))(t)

	hourly(t, s)
	wantPushed(t, c, platform, []string{one}, []string{platform.Fingerprint()})
	both.Store(true)
	before := platform.Fingerprint()
	platform.ChangeAuthority()
	hourly(t, s)
	wantPushed(t, c, platform, []string{one, two}, []string{before, platform.Fingerprint()})
}

func hourly(t *testing.T, s *stack.Stack) {
	t.Helper()
	answer := s.Invoke(t, "metadata-rotation", map[string]string{"triggerTime": "2027-03-01T12:07:00Z", "triggerName": "hourly", "payload": ""})
	if !strings.Contains(string(answer), `"status":200`) {
		t.Fatalf("%s", answer)
	}
}

func wantPushed(t *testing.T, c *ims.Client, platform workload.Secure, certificates, fingerprints []string) {
	t.Helper()
	provider := must(c.GetSAMLProvider(&ims.GetSAMLProviderRequest{SAMLProviderName: tea.String("okta")}))(t).Body.SAMLProvider
	document, err := base64.StdEncoding.DecodeString(tea.StringValue(provider.EncodedSAMLMetadataDocument))
	var metadata saml.EntityDescriptor
	if err != nil || xml.Unmarshal(document, &metadata) != nil || len(metadata.IDPSSODescriptors) != 1 {
		t.Fatalf("%v: %s", err, document)
	}
	var got []string
	for _, key := range metadata.IDPSSODescriptors[0].KeyDescriptors {
		got = append(got, key.KeyInfo.X509Data.X509Certificates[0].Data)
	}
	if metadata.EntityID != validatetest.EntityID || !sameSet(got, certificates) {
		t.Errorf("SAML: %s with %d certificates", metadata.EntityID, len(got))
	}
	oidc := must(c.GetOIDCProvider(&ims.GetOIDCProviderRequest{OIDCProviderName: tea.String("ci")}))(t).Body.OIDCProvider
	if tea.StringValue(oidc.IssuerUrl) != platform.URL || !sameSet(strings.Split(tea.StringValue(oidc.ClientIds), ","), []string{"sts.aliyuncs.com", "pods"}) ||
		!sameSet(strings.Split(tea.StringValue(oidc.Fingerprints), ","), fingerprints) {
		t.Errorf("OIDC: %s", oidc)
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
