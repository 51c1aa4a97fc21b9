package samldoc

import (
	"crypto/x509"
	"encoding/base64"
	"errors"

	"github.com/beevik/etree"
)

// ServiceProvider is what an identity provider must know about us.
type ServiceProvider struct {
	EntityID, ACSURL string
	SLOURL           string              // "": we take no logout requests
	Certificates     []*x509.Certificate // of the keys that sign our requests; two while one replaces the other
	Encryption       []*x509.Certificate // of the keys that decrypt; none: we take no encrypted assertions
}

// Metadata writes our SPSSODescriptor (saml-metadata 2.4.4): requests are
// signed, assertions have to be, one assertion consumer service and one single
// logout service by POST. It has no validUntil: an identity provider that fetches once must not lose us.
func (p ServiceProvider) Metadata() ([]byte, error) {
	if p.EntityID == "" || p.ACSURL == "" || len(p.Certificates) == 0 {
		return nil, errors.New("samldoc: the service provider lacks entity ID, ACS URL or certificate")
	}
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("entityID", p.EntityID)
	sp := entity.CreateElement("md:SPSSODescriptor")
	sp.CreateAttr("AuthnRequestsSigned", "true")
	sp.CreateAttr("WantAssertionsSigned", "true")
	sp.CreateAttr("protocolSupportEnumeration", nsProtocol)
	for _, certificate := range p.Certificates {
		keyDescriptor(sp, "signing", certificate)
	}
	for _, certificate := range p.Encryption {
		encryptionMethods(keyDescriptor(sp, "encryption", certificate))
	}
	if p.SLOURL != "" { // before the formats, as the schema has it
		slo := sp.CreateElement("md:SingleLogoutService")
		slo.CreateAttr("Binding", bindingPOST)
		slo.CreateAttr("Location", p.SLOURL)
	}
	for _, format := range []string{
		"urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
		"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
		"urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
	} {
		sp.CreateElement("md:NameIDFormat").SetText(format)
	}
	acs := sp.CreateElement("md:AssertionConsumerService")
	acs.CreateAttr("Binding", bindingPOST)
	acs.CreateAttr("Location", p.ACSURL)
	acs.CreateAttr("index", "0")
	acs.CreateAttr("isDefault", "true")
	return written(entity)
}

func written(root *etree.Element) ([]byte, error) {
	document := etree.NewDocument()
	document.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	document.AddChild(root)
	document.Indent(2)
	return document.WriteToBytes()
}

func keyDescriptor(parent *etree.Element, use string, certificate *x509.Certificate) *etree.Element {
	key := parent.CreateElement("md:KeyDescriptor")
	key.CreateAttr("use", use)
	info := key.CreateElement("ds:KeyInfo")
	info.CreateAttr("xmlns:ds", nsSignature)
	info.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
		SetText(base64.StdEncoding.EncodeToString(certificate.Raw))
	return key
}

// encryptionMethods lists what we take, the best first, as Shibboleth reads it
// (saml-metadata 2.4.1.1); most others look at the certificate alone.
func encryptionMethods(key *etree.Element) {
	for _, method := range []string{
		nsEncrypt11 + "aes256-gcm", nsEncrypt11 + "aes192-gcm", nsEncrypt11 + "aes128-gcm",
		nsEncrypt + "aes256-cbc", nsEncrypt + "aes192-cbc", nsEncrypt + "aes128-cbc",
		nsEncrypt11 + "rsa-oaep", nsEncrypt + "rsa-oaep-mgf1p",
	} {
		key.CreateElement("md:EncryptionMethod").CreateAttr("Algorithm", method)
	}
}
