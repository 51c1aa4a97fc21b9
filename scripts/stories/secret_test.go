package stories_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestWhatIsEncryptedIsOpenedByASecretOfKMS: by the version that is current and by the
// one before, while our metadata names the first alone.
func TestWhatIsEncryptedIsOpenedByASecretOfKMS(t *testing.T) {
	t.Parallel()
	idp, dir := validatetest.New(t), t.TempDir()
	for name, text := range map[string]string{
		"federation.yaml": `
identityProviders:
  - {id: okta, saml: {metadataFile: okta.xml, allowIdPInitiated: true}}
`,
		"okta.xml": `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="` + idp.Keys().EntityID + `">` +
			`<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
			idp.Keys().Certificates[0] + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>` +
			`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	options := stack.Options{Federation: filepath.Join(dir, "federation.yaml"), KMS: true, Data: t.TempDir()}
	s := stack.Start(t, options)
	kms := operator{t, s, ram.Credentials{AccessKeyID: s.Cloud.AccessKeyID, AccessKeySecret: ram.Secret(s.Cloud.AccessKeySecret)}}
	for i, decrypter := range validatetest.Decrypters(t) {
		var answer struct{}
		key := decrypter.(*rsa.PrivateKey)
		kms.call(s.Cloud.KMS, "2016-01-20", "PutSecretValue", &answer, "SecretName", "fc-sso-decryption", "VersionId", fmt.Sprint("turn-", i), "SecretData", keyText(t, key))
	}
	s.Kill() // who has read the secret already does so again after a minute, for which nobody waits here
	options.Listen = strings.TrimPrefix(s.URL, "http://")
	s = stack.Start(t, options)
	for _, next := range []bool{false, true} {
		response := idp.Response(
			validatetest.For(validate.Expectation{EntityID: s.URL + "/saml/okta/metadata", ACSURL: s.URL + "/saml/okta/acs"}),
			validatetest.At(time.Now()), validatetest.Signed(true, true), validatetest.Encrypted(validatetest.Encryption{Next: next}),
		)
		status, body := postForm(t, s.URL+"/saml/okta/acs", url.Values{"SAMLResponse": {response}})
		if status != http.StatusSeeOther {
			t.Errorf("for the next key %t: %d %s", next, status, body)
		}
	}
	_, metadata := get(t, s.URL+"/saml/okta/metadata")
	if n := strings.Count(metadata, `use="encryption"`); n != 1 {
		t.Errorf("%d keys to encrypt for: %s", n, metadata)
	}
}

// keyText is a private key with a certificate, as a key file has them.
func keyText(t *testing.T, key *rsa.PrivateKey) string {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	return string(append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...))
}

// postForm posts, and follows nothing.
func postForm(t *testing.T, address string, fields url.Values) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(fields.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}
