package saml_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// TestXmlsecVerifiesWhatThePortalPosts: the response on its page, by the certificate of
// the metadata that it serves, with our keys in a file and in KMS; and no longer once a
// letter of it is another.
func TestXmlsecVerifiesWhatThePortalPosts(t *testing.T) {
	const account, role = "7890123456789012", "acs:ram::7890123456789012:role/auditor"
	for name, options := range map[string]stack.Options{"a file": {}, "KMS": {KMS: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := stack.Start(t, options)
			p := person.New(s.Ready, "acme", "wangfang")
			roles, err := p.SignIn(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			page, err := p.Take(t.Context(), roles, "/console", role)
			if err != nil {
				t.Fatal(err)
			}
			form, err := page.Form("/saml-role/sso")
			if err != nil {
				t.Fatal(err)
			}
			response, err := base64.StdEncoding.DecodeString(form.Fields.Get("SAMLResponse"))
			if err != nil {
				t.Fatal(err)
			}
			certificate := served(t, s.URL+"/idp/"+account+"/metadata")
			verify(t, write(t, response), certificate, "Assertion")
			changed := strings.Replace(string(response), "role/auditor,", "role/auditoR,", 1)
			if out, err := xmlsec(t, verifyArguments(write(t, []byte(changed)), certificate, "Assertion")...); err == nil || changed == string(response) {
				t.Errorf("xmlsec1 believes another role: %s", out)
			}
		})
	}
}

// served is a PEM file with the first certificate of metadata.
func served(t *testing.T, address string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var metadata struct {
		Certificates []string `xml:"IDPSSODescriptor>KeyDescriptor>KeyInfo>X509Data>X509Certificate"`
	}
	if err := xml.NewDecoder(answer.Body).Decode(&metadata); err != nil || len(metadata.Certificates) == 0 {
		t.Fatalf("%s: %v", answer.Status, err)
	}
	der, err := base64.StdEncoding.DecodeString(metadata.Certificates[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return write(t, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}
