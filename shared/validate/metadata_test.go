package validate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func metadata(tb testing.TB, oldnew ...string) []byte {
	tb.Helper()
	first := validatetest.New(tb).Keys().Certificates[0]
	second := validatetest.Stranger(tb).Keys().Certificates[0]
	xml := `<?xml version="1.0"?>
<!-- written by hand -->
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
    entityID="` + validatetest.EntityID + `">
  <RoleDescriptor protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706"/>
  <IDPSSODescriptor WantAuthnRequestsSigned="1" protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol
      urn:oasis:names:tc:SAML:2.0:protocol">
    <KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>
      ` + first[:64] + "\n      " + first[64:] + `
    </ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>` + second + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <KeyDescriptor use="encryption"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo></KeyDescriptor>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="http://idp.example/soap"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/post"/>
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example/redirect"/>
  </IDPSSODescriptor>
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/>
</EntityDescriptor>`
	return []byte(strings.NewReplacer(oldnew...).Replace(xml))
}

func TestMetadataBecomesKeys(t *testing.T) {
	now := validatetest.Now()
	wrapped := strings.TrimPrefix(string(metadata(t)), `<?xml version="1.0"?>`)
	for name, xml := range map[string][]byte{
		"alone":           metadata(t),
		"byte order mark": append([]byte("\uFEFF"), metadata(t)...),
		"still valid":     metadata(t, "<EntityDescriptor ", `<EntityDescriptor validUntil="2027-03-01T12:00:01Z" `),
		"the only one": []byte(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + wrapped +
			`<EntityDescriptor entityID="sp"><SPSSODescriptor/></EntityDescriptor></EntitiesDescriptor>`),
	} {
		keys, err := validate.Metadata(xml, now, validate.MetadataWant{EntityID: validatetest.EntityID})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := []string{validatetest.New(t).Keys().Certificates[0], validatetest.Stranger(t).Keys().Certificates[0]}
		switch {
		case keys.EntityID != validatetest.EntityID, !keys.WantAuthnRequestsSigned, !keys.FetchedAt.Equal(now),
			strings.Join(keys.Certificates, " ") != strings.Join(want, " "), len(keys.SSO) != 2,
			keys.SSO[0] != trust.Endpoint{Binding: trust.BindingPOST, Location: "https://idp.example/post"}:
			t.Errorf("%s: %+v", name, keys)
		}
	}
}

func TestMetadataThatIsNoUseIsRefused(t *testing.T) {
	twice := strings.TrimPrefix(string(metadata(t)), `<?xml version="1.0"?>`)
	for name, xml := range map[string][]byte{
		"empty":             nil,
		"no XML":            []byte("404 not found"),
		"HTML":              []byte("<!DOCTYPE html><html></html>"),
		"DOCTYPE":           metadata(t, `<!-- written by hand -->`, `<!DOCTYPE x [<!ENTITY y "z">]>`),
		"another entity":    metadata(t, validatetest.EntityID, "https://else.example"),
		"no entity ID":      metadata(t, "entityID", "entityId"),
		"expired":           metadata(t, "<EntityDescriptor ", `<EntityDescriptor validUntil="2027-03-01T12:00:00Z" `),
		"expired inside":    metadata(t, "<IDPSSODescriptor ", `<IDPSSODescriptor validUntil="2027-02-01T12:00:00Z" `),
		"no IdP":            metadata(t, "IDPSSODescriptor", "AttributeAuthorityDescriptor"),
		"SAML 1.1 alone":    metadata(t, "urn:oasis:names:tc:SAML:2.0:protocol", ""),
		"two IdPs":          []byte(`<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">` + twice + twice + `</EntitiesDescriptor>`),
		"two descriptors":   metadata(t, "<SPSSODescriptor ", "<IDPSSODescriptor "),
		"no signing key":    metadata(t, `use="signing"`, `use="encryption"`, "<KeyDescriptor>", `<KeyDescriptor use="encryption">`),
		"broken key":        metadata(t, `use="encryption"`, ""),
		"comment in a key":  metadata(t, "<ds:X509Certificate>AAAA", "<ds:X509Certificate>AA<!-- -->AA", `use="encryption"`, `use="signing"`),
		"http":              metadata(t, "https://idp.example/post", "http://idp.example/post"),
		"http to loopback":  metadata(t, "https://idp.example/post", "http://127.0.0.1/post"),
		"javascript":        metadata(t, "https://idp.example/post", "javascript:alert(1)"),
		"only SOAP":         metadata(t, "HTTP-POST", "PAOS", "HTTP-Redirect", "URI"),
		"no binding":        metadata(t, `Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP"`, ""),
		"too large":         metadata(t, "written by hand", strings.Repeat("x", 1<<20)),
		"too many elements": metadata(t, "<SPSSODescriptor ", strings.Repeat("<Extensions/>", 5000)+"<SPSSODescriptor "),
	} {
		_, err := validate.Metadata(xml, validatetest.Now(), validate.MetadataWant{EntityID: validatetest.EntityID})
		if reason.Of(err) != reason.MetadataInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheFirstMetadataNamesItsEntity(t *testing.T) {
	keys, err := validate.Metadata(metadata(t, validatetest.EntityID, "https://new.example"), validatetest.Now(), validate.MetadataWant{})
	if err != nil || keys.EntityID != "https://new.example" {
		t.Errorf("%+v, %v", keys, err)
	}
}

func TestLoopbackIsForTheLocalStackAlone(t *testing.T) {
	for location, allowed := range map[string]bool{
		"http://localhost:8081/sso": true, "http://127.0.0.1/": true, "http://[::1]/": true,
		"http://idp.example/": false, "http://localhost.evil.example/": false, "http://127.0.0.1.evil.example/": false,
	} {
		xml := metadata(t, "https://idp.example/post", location)
		if _, err := validate.Metadata(xml, validatetest.Now(), validate.MetadataWant{AllowLoopback: true}); (err == nil) != allowed {
			t.Errorf("%s: %v", location, err)
		}
	}
}

func TestRealMetadataIsRead(t *testing.T) {
	folder := crewjam(t)
	for name, want := range map[string]string{
		"TestSPCanHandlePlaintextResponse_IDPMetadata":                    "https://accounts.google.com/o/saml2?idpid=C02dfl1r1",
		"TestSPCanHandleOktaSignedResponseEncryptedAssertion_IDPMetadata": "http://www.okta.com/exkppsa1qwuFV4D7z0h7",
		"TestSPCanHandleOneloginResponse_IDPMetadata":                     "https://app.onelogin.com/saml/metadata/503983",
		"SP_IDPMetadata": "https://idp.testshib.org/idp/shibboleth",
	} {
		keys, err := validate.Metadata(read(t, folder, name), time.Date(2015, 1, 1, 0, 0, 0, 0, time.UTC), validate.MetadataWant{})
		if err != nil || keys.EntityID != want {
			t.Errorf("%s: %q, %v", name, keys.EntityID, err)
		}
	}
}
