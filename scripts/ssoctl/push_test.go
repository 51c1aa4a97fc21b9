package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// published is an identity provider's metadata, which may get another certificate.
type published struct {
	url   string
	certs atomic.Pointer[[]string]
}

func publish(t *testing.T, certificates ...string) *published {
	t.Helper()
	p := &published{}
	p.certs.Store(&certificates)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		var keys strings.Builder
		for _, c := range *p.certs.Load() {
			fmt.Fprintf(&keys, `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`, c)
		}
		_, _ = fmt.Fprintf(w, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">%s
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"/></IDPSSODescriptor></EntityDescriptor>`, validatetest.EntityID, keys.String())
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

const pushed = `
identityProviders:
  - {id: okta, displayName: Okta, saml: {metadataURL: ADDRESS}}
accounts:
  - id: "1234567890123456"
    alias: acme-prod
    maintenanceRole: acs:ram::1234567890123456:role/maintenance
    samlProviders: {okta: acs:ram::1234567890123456:saml-provider/okta}
  - {id: "2345678901234567", alias: acme-dev}
rules:
  - name: everybody
    idp: okta
    roles: [acs:ram::1234567890123456:role/admin]
    condition: any
    session: {name: "{{nameID}}"}
`

// TestADryRunSaysWhatPushThenDoes, in the emulated RAM of a whole stack.
func TestADryRunSaysWhatPushThenDoes(t *testing.T) {
	first, second := validatetest.New(t).Keys().Certificates[0], validatetest.Stranger(t).Keys().Certificates[0]
	idp := publish(t, first)
	s := stack.Start(t, stack.Options{Federation: write(t, strings.ReplaceAll(pushed, "ADDRESS", idp.url))})
	env := map[string]string{
		"SSO_LOCAL_STACK": "1", "SSO_URL": s.URL, "SSO_OTS_ENDPOINT": s.Tablestore.Endpoint, "SSO_OTS_INSTANCE": s.Tablestore.Instance,
		"SSO_STS_ENDPOINT": s.Cloud.STS, "SSO_IMS_ENDPOINT": s.Cloud.IMS, "SSO_RAM_ENDPOINT": s.Cloud.RAM,
		"ALIBABA_CLOUD_ACCESS_KEY_ID": s.Cloud.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": s.Cloud.AccessKeySecret,
	}
	ssoctl := func(args ...string) result { // by the clock of the emulated cloud
		t.Helper()
		return ssoctlAt(t, time.Now, env, args...)
	}
	writes := func() (n int) {
		for _, call := range s.Seen(t, "service", "ims").Calls {
			if call.Write && call.Account == "1234567890123456" {
				n++
			}
		}
		return n
	}
	ssoctl("push", "-n").want(t, statusDone, "nothing to write\n", "")
	ssoctl("push").want(t, statusDone, "nothing to write\n", "")

	idp.certs.Store(&[]string{first, second})
	if r := ssoctl("trust", "refresh"); r.status != statusDone {
		t.Fatal(r)
	}
	dry := ssoctl("push", "-n", "acme-prod")
	if dry.status != statusChanges || !strings.HasPrefix(dry.stdout, "acme-prod: UpdateSAMLProvider okta: add certificate ") || strings.Count(dry.stdout, "\n") != 1 || writes() != 0 {
		t.Fatalf("%+v, %d writes", dry, writes())
	}
	ssoctl("push").want(t, statusDone, dry.stdout, "")
	ssoctl("push", "-n").want(t, statusDone, "nothing to write\n", "")
	if n := writes(); n != 1 {
		t.Errorf("%d writes", n)
	}

	s.Trouble(t, "ims", "error")
	if r := ssoctl("push"); r.status != statusFailed || !strings.Contains(r.stderr, "acme-prod: acs:ram::1234567890123456:saml-provider/okta: GetSAMLProvider: status 500") {
		t.Errorf("%+v", r)
	}
	for name, want := range map[string]string{
		"acme-dev": "push: account acme-dev has no maintenanceRole, by which its RAM could be written",
		"nobody":   `push: there is no account "nobody"`,
	} {
		ssoctl("push", name).want(t, statusWrong, "", "ssoctl: "+want+"\n")
	}
	delete(env, "SSO_IMS_ENDPOINT")
	if r := ssoctl("push", "-n"); r.status != statusWrong || !strings.Contains(r.stderr, "SSO_IMS_ENDPOINT: is needed") {
		t.Errorf("%+v", r)
	}
}
