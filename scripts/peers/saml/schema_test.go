package saml_test

import (
	"bytes"
	"compress/flate"
	"crypto/x509"
	"encoding/base64"
	"io"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// Where Debian's opensaml-schemas and xmltooling-schemas put what OASIS and W3C
// published.
const (
	schemas = "/usr/share/xml/opensaml/"
	w3c     = "/usr/share/xml/xmltooling/"
)

// catalog leads xmllint from the addresses in the schemas to the files here: the
// packages' own catalogs know the namespaces alone.
const catalog = `<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
	<system systemId="http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd" uri="` + w3c + `xmldsig-core-schema.xsd"/>
	<system systemId="http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd" uri="` + w3c + `xenc-schema.xsd"/>
	<system systemId="http://www.w3.org/2001/xml.xsd" uri="` + w3c + `xml.xsd"/>
</catalog>`

// lint is xmllint's opinion of a document by one of the schemas.
func lint(t *testing.T, schema string, xml []byte) error {
	t.Helper()
	command := exec.CommandContext(t.Context(), "xmllint", "--nonet", "--noout", "--schema", schemas+schema, write(t, xml))
	command.Env = append(command.Environ(), "XML_CATALOG_FILES="+write(t, []byte(catalog)))
	out, err := command.CombinedOutput()
	if err != nil {
		t.Logf("%s", out)
	}
	return err
}

const (
	metadataSchema = "saml-schema-metadata-2.0.xsd"
	protocolSchema = "saml-schema-protocol-2.0.xsd"
)

func ourMetadata(t *testing.T) []byte {
	t.Helper()
	_, current := pair(t, "idp")
	_, next := pair(t, "sp")
	xml, err := samldoc.ServiceProvider{
		EntityID: "https://sso.example/saml/test/metadata", ACSURL: "https://sso.example/saml/test/acs", SLOURL: "https://sso.example/saml/test/slo",
		Certificates: []*x509.Certificate{current, next}, Encryption: []*x509.Certificate{current, next},
	}.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	return xml
}

func TestOurMetadataHoldsTheSchema(t *testing.T) {
	if err := lint(t, metadataSchema, ourMetadata(t)); err != nil {
		t.Error(err)
	}
}

// TestTheSchemaRefusesWhatIsOutOfOrder: a judge that never says no is none.
func TestTheSchemaRefusesWhatIsOutOfOrder(t *testing.T) {
	xml := string(ourMetadata(t))
	format := "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>"
	xml = strings.Replace(strings.Replace(xml, format, "", 1), "</md:SPSSODescriptor>", format+"</md:SPSSODescriptor>", 1)
	if err := lint(t, metadataSchema, []byte(xml)); err == nil {
		t.Error("a format stands behind the assertion consumer service, and nobody minds")
	}
}

func TestOurRequestsHoldTheSchema(t *testing.T) {
	key, certificate := pair(t, "idp")
	request := samldoc.AuthnRequest{
		ID: "_0123456789abcdef", Destination: "https://idp.example/sso", Issuer: "https://sso.example/saml/test/metadata",
		ACSURL: "https://sso.example/saml/test/acs", IssueInstant: validatetest.Now(),
	}
	demanding := request
	demanding.ForceAuthn = true
	demanding.AuthnContexts = []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract", "urn:oasis:names:tc:SAML:2.0:ac:classes:X509"}
	for name, r := range map[string]samldoc.AuthnRequest{"plain": request, "demanding": demanding} {
		form, err := r.PostForm("state", key, certificate)
		if err != nil {
			t.Fatal(err)
		}
		if err := lint(t, protocolSchema, decoded(t, form.SAMLRequest)); err != nil {
			t.Errorf("%s, by form: %v", name, err)
		}
		address, err := r.RedirectURL("state", key)
		if err != nil {
			t.Fatal(err)
		}
		if err := lint(t, protocolSchema, inflated(t, address)); err != nil {
			t.Errorf("%s, by redirect: %v", name, err)
		}
	}
}

func TestOurLogoutAnswerHoldsTheSchema(t *testing.T) {
	key, certificate := pair(t, "idp")
	form, err := samldoc.LogoutResponse{
		ID: "_0123456789abcdef", Destination: "https://idp.example/slo", Issuer: "https://sso.example/saml/test/metadata",
		InResponseTo: "_request", IssueInstant: validatetest.Now(),
	}.PostForm("state", key, certificate)
	if err != nil {
		t.Fatal(err)
	}
	if err := lint(t, protocolSchema, decoded(t, form.SAMLResponse)); err != nil {
		t.Error(err)
	}
}

func decoded(t *testing.T, field string) []byte {
	t.Helper()
	xml, err := base64.StdEncoding.DecodeString(field)
	if err != nil {
		t.Fatal(err)
	}
	return xml
}

func inflated(t *testing.T, address string) []byte {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	xml, err := io.ReadAll(flate.NewReader(bytes.NewReader(decoded(t, u.Query().Get("SAMLRequest")))))
	if err != nil {
		t.Fatal(err)
	}
	return xml
}
