package stories_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/store"
)

const (
	kept         = "2345678901234567" // the account whose RAM is kept fresh
	keptEntityID = "https://okta.example/entity"
)

// keptFresh is a federation with an account whose RAM is kept fresh, of an identity
// provider by SAML and of an issuer of which there are two records.
const keptFresh = `
identityProviders:
  - {id: okta, saml: {metadataURL: ADDRESS}}
  - id: ci
    oidc: {issuer: ISSUER, audiences: [sts.aliyuncs.com]}
    fetch: {caFile: ca.pem}
  - id: pods
    oidc: {issuer: ISSUER, audiences: [pods], tokenUse: until-expiry}
    fetch: {caFile: ca.pem}
accounts:
  - id: "2345678901234567"
    alias: acme-dev
    issue: direct
    maintenanceRole: acs:ram::2345678901234567:role/maintenance
    samlProviders: {okta: acs:ram::2345678901234567:saml-provider/okta}
    oidcProviders:
      ci: acs:ram::2345678901234567:oidc-provider/platform
      pods: acs:ram::2345678901234567:oidc-provider/platform
    manage: {repair: true}
rules:
  - name: the shop tries things out from any branch
    idp: ci
    roles: [acs:ram::2345678901234567:role/try]
    condition: {StringLike: {"oidc:sub": "repo:acme/shop:ref:refs/heads/*"}}
`

// keeper is a stack with that federation, and who it is about.
type keeper struct {
	*stack.Stack
	operator

	t        *testing.T
	platform workload.Secure
	certs    atomic.Pointer[[]string] // that okta publishes
}

func newKeeper(t *testing.T, more ...string) *keeper {
	t.Helper()
	k := &keeper{t: t, platform: workload.NewSecure(t)}
	k.publishes(newCertificate(t))
	okta := httptest.NewServer(http.HandlerFunc(k.metadata))
	t.Cleanup(okta.Close)
	k.Stack = stack.Start(t, stack.Options{Federation: k.platform.Federation(t, strings.ReplaceAll(strings.Replace(keptFresh, "rules:", strings.Join(append(more, "rules:"), "\n"), 1), "ADDRESS", okta.URL))})
	k.operator = newOperator(t, k.Stack, kept)
	return k
}

func newCertificate(t *testing.T) string {
	t.Helper()
	_, der := selfSigned(t)
	return base64.StdEncoding.EncodeToString(der)
}

func (k *keeper) publishes(certificates ...string) { k.certs.Store(&certificates) }

func (k *keeper) metadata(w http.ResponseWriter, _ *http.Request) {
	var keys strings.Builder
	for _, c := range *k.certs.Load() {
		fmt.Fprintf(&keys, `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`, c)
	}
	_, _ = fmt.Fprintf(w, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">%s
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://okta.example/sso"/></IDPSSODescriptor></EntityDescriptor>`, keptEntityID, keys.String())
}

// certificates are those that RAM has of okta.
func (k *keeper) certificates() []string {
	k.t.Helper()
	var answer struct {
		SAMLProvider struct{ EncodedSAMLMetadataDocument string }
	}
	k.read("GetSAMLProvider", "SAMLProviderName", "okta", &answer)
	document, err := base64.StdEncoding.DecodeString(answer.SAMLProvider.EncodedSAMLMetadataDocument)
	if err != nil {
		k.t.Fatal(err)
	}
	read, err := samldoc.ParseMetadata(document, samldoc.Wanted{})
	if err != nil || read.EntityID != keptEntityID {
		k.t.Fatalf("%v: %s", err, document)
	}
	return slices.Sorted(slices.Values(read.Certificates))
}

// issuer is what RAM has of the platform: fingerprints and client IDs, in order.
func (k *keeper) issuer() (fingerprints, clientIDs []string) {
	k.t.Helper()
	var answer struct {
		OIDCProvider struct{ Fingerprints, ClientIds string }
	}
	k.read("GetOIDCProvider", "OIDCProviderName", "platform", &answer)
	sorted := func(joined string) []string { return slices.Sorted(slices.Values(strings.Split(joined, ","))) }
	return sorted(answer.OIDCProvider.Fingerprints), sorted(answer.OIDCProvider.ClientIds)
}

func (k *keeper) read(action, param, name string, answer any) {
	k.t.Helper()
	if err := json.Unmarshal([]byte(k.ims(action, param, name)), answer); err != nil {
		k.t.Fatal(err)
	}
}

// asked is what the function asked IMS for: all, and what changes something.
func (k *keeper) asked() (all, writes []string) {
	k.t.Helper()
	for _, call := range k.Seen(k.t, "service", "ims", "account", kept).Calls {
		if !strings.HasSuffix(call.Caller, ":role/maintenance") {
			continue
		}
		all = append(all, call.Action)
		if call.Write {
			writes = append(writes, call.Action)
		}
	}
	return all, writes
}

// remembers is what is known of the account.
func (k *keeper) remembers() memory.Account {
	k.t.Helper()
	client := store.Open(store.Config{
		Endpoint: k.Tablestore.Endpoint, Instance: k.Tablestore.Instance, Now: time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: k.Tablestore.AccessKeyID, AccessKeySecret: ram.Secret(k.Tablestore.AccessKeySecret)}, nil
		},
	})
	row, _, err := store.NewTrust(client).Account(k.t.Context(), kept)
	if err != nil {
		k.t.Fatal(err)
	}
	account, err := memory.Parse(row)
	if err != nil {
		k.t.Fatal(err)
	}
	return account
}
