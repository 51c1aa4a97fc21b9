//go:build prices

package saml_test

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"errors"
	"math/big"
	"net/url"
	"testing"

	"github.com/beevik/etree"
	crewjam "github.com/crewjam/saml"
	gosaml2 "github.com/russellhaering/gosaml2"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fc-sso/fc-sso/scripts/peers/price"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// ours is the guard, base64 and all.
func ours(tb testing.TB, idp validatetest.IdP, xml []byte) price.Judge {
	tb.Helper()
	encoded, record, decrypters := base64.StdEncoding.EncodeToString(xml), idp.Record(unsignedCBC), validatetest.Decrypters(tb)[:1]
	return price.Judge{Name: "ours", Run: func() error {
		guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now, Decrypters: decrypters}
		_, err := guard.Response(tb.Context(), record, validatetest.Expectation(), encoded)
		return err
	}}
}

// theCrewjam is given the XML decoded.
func theCrewjam(tb testing.TB, idp validatetest.IdP, xml []byte) price.Judge {
	tb.Helper()
	crewjam.TimeNow = validatetest.Now
	crewjam.Clock = dsig.NewFakeClockAt(validatetest.Now())
	want, key := validatetest.Expectation(), crewjam.KeyDescriptor{Use: "signing"}
	acs, err := url.Parse(want.ACSURL)
	if err != nil {
		tb.Fatal(err)
	}
	key.KeyInfo.X509Data.X509Certificates = []crewjam.X509Certificate{{Data: idp.Keys().Certificates[0]}}
	descriptor := crewjam.IDPSSODescriptor{}
	descriptor.KeyDescriptors = []crewjam.KeyDescriptor{key}
	provider := &crewjam.ServiceProvider{
		EntityID: want.EntityID, AcsURL: *acs,
		IDPMetadata: &crewjam.EntityDescriptor{EntityID: validatetest.EntityID, IDPSSODescriptors: []crewjam.IDPSSODescriptor{descriptor}},
	}
	provider.Key, provider.Certificate = pair(tb, "sp")
	xml = inASN1(tb, xml)
	return price.Judge{Name: "crewjam", Run: func() error {
		_, err := provider.ParseXMLResponse(xml, []string{want.RequestID}, *acs)
		if refusal, ok := errors.AsType[*crewjam.InvalidResponseError](err); ok {
			return refusal.PrivateErr
		}
		return err
	}}
}

func theGosaml2(tb testing.TB, idp validatetest.IdP, xml []byte) price.Judge {
	tb.Helper()
	want, encoded := validatetest.Expectation(), base64.StdEncoding.EncodeToString(inASN1(tb, xml))
	key, public := pair(tb, "sp")
	provider := &gosaml2.SAMLServiceProvider{
		IdentityProviderIssuer: validatetest.EntityID, AssertionConsumerServiceURL: want.ACSURL, AudienceURI: want.EntityID,
		IDPCertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate(idp)}},
		SPKeyStore:          dsig.TLSCertKeyStore(tls.Certificate{Certificate: [][]byte{public.Raw}, PrivateKey: key}),
		Clock:               dsig.NewFakeClockAt(validatetest.Now()),
	}
	return price.Judge{Name: "gosaml2", Run: func() error {
		_, err := provider.ValidateEncodedResponse(encoded)
		return err
	}}
}

// unsignedCBC is the consent with which a refusal is dearest.
func unsignedCBC(source *trust.Source, _ *trust.Keys) { source.SAML.AllowUnsignedCBC = true }

func certificate(idp validatetest.IdP) *x509.Certificate { return idp.Record().Published()[0] }

// inASN1 writes an ECDSA signature as goxmldsig takes it, against the standard:
// the others know no way round that.
func inASN1(tb testing.TB, xml []byte) []byte {
	tb.Helper()
	document := parse(tb, xml)
	element := document.FindElement("//ds:SignatureValue")
	if element == nil || document.FindElement("//ds:SignatureMethod[@Algorithm='"+nsMore+"ecdsa-sha256']") == nil {
		return xml
	}
	value := decode(tb, element)
	der := derOf(tb, value)
	return bytes.Replace(xml, []byte(element.Text()), []byte(base64.StdEncoding.EncodeToString(der)), 1)
}

func derOf(tb testing.TB, value []byte) []byte {
	tb.Helper()
	half := len(value) / 2
	der, err := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(value[:half]), new(big.Int).SetBytes(value[half:])})
	if err != nil {
		tb.Fatal(err)
	}
	return der
}

// bare is the floor: decryption, hashes and the public key operation alone, on
// the same canonical bytes.
func bare(tb testing.TB, idp validatetest.IdP, xml []byte) price.Judge {
	tb.Helper()
	document, open := parse(tb, xml), func() error { return nil }
	if box := document.FindElement("//saml:EncryptedAssertion"); box != nil {
		document, open = opening(tb, box)
	}
	assertion := document.FindElement("//saml:Assertion")
	assertion.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
	signature := assertion.SelectElement("ds:Signature")
	info := signature.SelectElement("ds:SignedInfo")
	info.CreateAttr("xmlns:ds", nsSignature)
	signedInfo, value := canonical(tb, info), decode(tb, signature.SelectElement("ds:SignatureValue"))
	assertion.RemoveChild(signature)
	content, verify := canonical(tb, assertion), verifier(tb, certificate(idp), value)
	return price.Judge{Name: "bare crypto", Run: func() error {
		if err := open(); err != nil {
			return err
		}
		_ = sha256.Sum256(content)
		digest := sha256.Sum256(signedInfo)
		return verify(digest[:])
	}}
}

func verifier(tb testing.TB, certificate *x509.Certificate, value []byte) func(digest []byte) error {
	tb.Helper()
	switch key := certificate.PublicKey.(type) {
	case *rsa.PublicKey:
		return func(digest []byte) error { return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest, value) }
	case *ecdsa.PublicKey:
		der := derOf(tb, value)
		return func(digest []byte) error {
			if !ecdsa.VerifyASN1(key, digest, der) {
				return errors.New("not verified")
			}
			return nil
		}
	}
	tb.Fatalf("the key is %T", certificate.PublicKey)
	return nil
}

// opening is what stands in an EncryptedAssertion, and the bare work to get it.
func opening(tb testing.TB, box *etree.Element) (*etree.Document, func() error) {
	tb.Helper()
	key := decode(tb, box.FindElement(".//xenc:EncryptedKey//xenc:CipherValue"))
	data := decode(tb, box.FindElement("./xenc:EncryptedData/xenc:CipherData/xenc:CipherValue"))
	decrypter := validatetest.Decrypters(tb)[0]
	var plain []byte
	open := func() error {
		content, err := decrypter.Decrypt(nil, key, &rsa.OAEPOptions{Hash: crypto.SHA1})
		if err != nil {
			return err
		}
		block, err := aes.NewCipher(content)
		if err != nil {
			return err
		}
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return err
		}
		plain, err = gcm.Open(nil, data[:gcm.NonceSize()], data[gcm.NonceSize():], nil)
		return err
	}
	if err := open(); err != nil {
		tb.Fatal(err)
	}
	return parse(tb, plain), open
}

func parse(tb testing.TB, xml []byte) *etree.Document {
	tb.Helper()
	document := etree.NewDocument()
	if err := document.ReadFromBytes(xml); err != nil {
		tb.Fatal(err)
	}
	return document
}

func decode(tb testing.TB, e *etree.Element) []byte {
	tb.Helper()
	value, err := base64.StdEncoding.DecodeString(e.Text())
	if err != nil {
		tb.Fatal(err)
	}
	return value
}

func canonical(tb testing.TB, e *etree.Element) []byte {
	tb.Helper()
	b, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(e.Copy())
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
