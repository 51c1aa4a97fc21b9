package validate_test

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// FuzzLogout: no bytes make the guard panic, and whom it signs out is whom the
// test key said.
func FuzzLogout(f *testing.F) {
	idp := validatetest.New(f)
	record := idp.Record()
	for _, option := range []validatetest.Option{
		validatetest.Signed(true, false),
		validatetest.Before(func(e *etree.Element) { e.RemoveAttr("NotOnOrAfter") }),
		validatetest.After(func(e *etree.Element) { e.CreateElement("saml:NameID").SetText("bob") }),
		validatetest.After(func(e *etree.Element) { e.SelectElement("saml:NameID").CreateComment("x") }),
	} {
		xml, err := base64.StdEncoding.DecodeString(idp.Logout(validatetest.Service, option))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(xml)
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		logout, err := guard().Logout(t.Context(), record, validatetest.Service, base64.StdEncoding.EncodeToString(xml))
		if reason.Of(err) == reason.Internal || err == nil && logout.Subject() != "ada@example.com" {
			t.Errorf("%q, %v", logout.Subject(), err)
		}
	})
}

// FuzzMetadata: no bytes give a pinned signer's word to other keys than it signed.
func FuzzMetadata(f *testing.F) {
	signer := validatetest.New(f)
	want := validate.MetadataWant{EntityID: validatetest.EntityID, Signers: []*x509.Certificate{certificateOf(f, signer)}}
	entity, other := metadata(f), metadata(f, validatetest.EntityID, "https://other.example")
	signed := signedMetadata(f, signer, entity, "EntityDescriptor")
	for _, seed := range [][]byte{entity, signed, aggregate(other, signed), signedMetadata(f, signer, aggregate(other, entity), "EntitiesDescriptor")} {
		f.Add(seed)
	}
	learn := func(xml []byte) (string, error) {
		keys, err := validate.Metadata(xml, validatetest.Now(), want)
		return fmt.Sprint(keys.EntityID, keys.SSO, keys.SLO, keys.Certificates, keys.SignedBy, keys.WantAuthnRequestsSigned), err
	}
	honest, err := learn(signed)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, xml []byte) {
		learned, err := learn(xml)
		if reason.Of(err) == reason.Internal || err == nil && learned != honest {
			t.Errorf("learned %s, %v", learned, err)
		}
	})
}
