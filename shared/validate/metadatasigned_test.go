package validate_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// signedMetadata has idp sign the element of that tag, below or at the root,
// where the metadata schema wants the signature: before everything else.
func signedMetadata(tb testing.TB, idp validatetest.IdP, xml []byte, tag string) []byte {
	tb.Helper()
	document := etree.NewDocument()
	if err := document.ReadFromBytes(xml); err != nil {
		tb.Fatal(err)
	}
	e := document.FindElement("//" + tag)
	e.CreateAttr("ID", "_metadata")
	idp.Sign(e)
	e.InsertChildAt(0, e.RemoveChild(e.SelectElement("ds:Signature")))
	signed, err := document.WriteToBytes()
	if err != nil {
		tb.Fatal(err)
	}
	return signed
}

func aggregate(entities ...[]byte) []byte {
	xml := `<EntitiesDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata">`
	for _, entity := range entities {
		xml += strings.TrimPrefix(string(entity), `<?xml version="1.0"?>`)
	}
	return []byte(xml + `</EntitiesDescriptor>`)
}

func certificateOf(tb testing.TB, idp validatetest.IdP) *x509.Certificate {
	tb.Helper()
	der, err := base64.StdEncoding.DecodeString(idp.Keys().Certificates[0])
	if err != nil {
		tb.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return certificate
}

func TestSignedMetadataIsVerified(t *testing.T) {
	signer, stranger := validatetest.New(t), validatetest.Stranger(t)
	entity, other := metadata(t), metadata(t, validatetest.EntityID, "https://other.example")
	inner := bytes.ReplaceAll(signedMetadata(t, stranger, entity, "EntityDescriptor"), []byte("_metadata"), []byte("_inner"))
	for name, xml := range map[string][]byte{
		"the entity":            signedMetadata(t, signer, entity, "EntityDescriptor"),
		"the aggregate":         signedMetadata(t, signer, aggregate(other, entity), "EntitiesDescriptor"),
		"an entity of several":  aggregate(other, signedMetadata(t, signer, entity, "EntityDescriptor")),
		"both, each by its own": signedMetadata(t, signer, aggregate(inner), "EntitiesDescriptor"),
	} {
		keys, err := validate.Metadata(xml, validatetest.Now(), validate.MetadataWant{
			EntityID: validatetest.EntityID, Signers: []*x509.Certificate{certificateOf(t, stranger), certificateOf(t, signer)},
		})
		if err != nil || keys.EntityID != validatetest.EntityID || keys.SignedBy != trust.Fingerprint(certificateOf(t, signer)) {
			t.Errorf("%s: %+v, %v", name, keys, err)
		}
	}
}

func TestMetadataThatNobodyPinnedSignedIsRefused(t *testing.T) {
	signer := validatetest.New(t)
	entity := metadata(t)
	good := string(signedMetadata(t, signer, entity, "EntityDescriptor"))
	changed := func(old, changedTo string) []byte {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not in it", old)
		}
		return []byte(strings.ReplaceAll(good, old, changedTo))
	}
	begin, end := strings.Index(good, "<ds:Signature "), strings.Index(good, "</ds:Signature>")+len("</ds:Signature>")
	signature := good[begin:end]
	evil := strings.ReplaceAll(string(metadata(t, "https://idp.example/post", "https://evil.example/post")), `<?xml version="1.0"?>`, "")
	for name, xml := range map[string][]byte{
		"unsigned":                entity,
		"by a stranger":           signedMetadata(t, validatetest.Stranger(t), entity, "EntityDescriptor"),
		"changed":                 changed("https://idp.example/post", "https://evil.example/post"),
		"the descriptor alone":    signedMetadata(t, signer, entity, "IDPSSODescriptor"),
		"SHA-1":                   changed("xmldsig-more#rsa-sha256", "xmldsig#rsa-sha1"),
		"the signature last":      []byte(strings.Replace(good[:begin]+good[end:], "</EntityDescriptor>", signature+"</EntityDescriptor>", 1)),
		"two signatures":          []byte(good[:end] + signature + good[end:]),
		"of another element":      []byte(strings.Replace(good, `URI="#_metadata"`, `URI="#_other"`, 1)),
		"of the whole by no name": []byte(strings.Replace(good, `URI="#_metadata"`, `URI=""`, 1)),
		"wrapped":                 aggregate([]byte(strings.Replace(evil, "<IDPSSODescriptor", signature+"<IDPSSODescriptor", 1)), entity),
		"comment in a key":        changed("</ds:X509Certificate>", "<!-- --></ds:X509Certificate>"),
		"too much to verify":      signedMetadata(t, signer, metadata(t, "<SPSSODescriptor ", strings.Repeat("<Extensions/>", 900)+"<SPSSODescriptor "), "EntityDescriptor"),
	} {
		_, err := validate.Metadata(xml, validatetest.Now(), validate.MetadataWant{
			EntityID: validatetest.EntityID, Signers: []*x509.Certificate{certificateOf(t, signer)},
		})
		if reason.Of(err) != reason.MetadataInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAnAggregateGivesTheEntityThatIsKnown(t *testing.T) {
	entity, other := metadata(t), metadata(t, validatetest.EntityID, "https://other.example")
	third := metadata(t, validatetest.EntityID, "https://third.example")
	for name, c := range map[string]struct {
		xml  []byte
		want string
		ok   bool
	}{
		"known":           {aggregate(other, entity, third), validatetest.EntityID, true},
		"known elsewhere": {aggregate(other, third), validatetest.EntityID, false},
		"twice":           {aggregate(entity, other, entity), validatetest.EntityID, false},
		"not known yet":   {aggregate(entity, other), "", false},
		"only one":        {aggregate(entity), "", true},
		"nested":          {aggregate(other, aggregate(third, entity)), validatetest.EntityID, true},
	} {
		keys, err := validate.Metadata(c.xml, validatetest.Now(), validate.MetadataWant{EntityID: c.want})
		if (err == nil) != c.ok || c.ok && keys.EntityID != validatetest.EntityID || !c.ok && reason.Of(err) != reason.MetadataInvalid {
			t.Errorf("%s: %q, %v", name, keys.EntityID, err)
		}
	}
}

func TestWhereLogoutIsAnswered(t *testing.T) {
	const service = `<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-`
	xml := metadata(t, "<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\"", service+`Redirect" Location="https://idp.example/redirect"/>`+
		service+`POST" Location="http://idp.example/plain"/>`+
		service+`POST" Location="https://idp.example/slo" ResponseLocation="https://idp.example/done"/>`+
		"<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:SOAP\"")
	keys, err := validate.Metadata(xml, validatetest.Now(), validate.MetadataWant{})
	if err != nil || len(keys.SLO) != 1 || keys.SLO[0] != (trust.Endpoint{Binding: trust.BindingPOST, Location: "https://idp.example/done"}) {
		t.Errorf("%+v, %v", keys.SLO, err)
	}
}
