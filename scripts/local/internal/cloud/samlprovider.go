package cloud

import (
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/beevik/etree"
)

const (
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"

	maxCertificates = 2 // of one descriptor
)

// samlProvider is what RAM reads from the metadata that was uploaded; without any it
// vouches for nobody.
type samlProvider struct {
	entityID string
	certs    []*x509.Certificate
	signOn   map[string]string // by binding: where user-based SSO sends people
	document string            // in Base64, as it was uploaded

	description      string
	signs            string // how Alibaba Cloud signs what it asks of this provider
	created, updated time.Time
}

// AddSAMLProvider makes a SAML provider, or gives it other metadata; with nil it has
// what it had, or none yet.
func (c *Cloud) AddSAMLProvider(arn string, metadata []byte) error {
	if !samlProviderARN.MatchString(arn) {
		return fmt.Errorf("%q is not a SAML provider's ARN", arn)
	}
	var read samlProvider
	if metadata != nil {
		var err error
		if read, err = parseMetadata(metadata); err != nil {
			return fmt.Errorf("SAML provider %s: metadata: %w", arn, err)
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	kept, known := c.providers[arn]
	if known && metadata == nil {
		return nil
	}
	now := c.now()
	if !known {
		kept = samlProvider{signs: signsSHA1, created: now}
	}
	kept.entityID, kept.certs, kept.document, kept.updated = read.entityID, read.certs, base64.StdEncoding.EncodeToString(metadata), now
	c.providers[arn] = kept
	return nil
}

func (c *Cloud) samlProvider(arn string) (samlProvider, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.providers[arn]
	return p, ok
}

// Registered answers whether RAM has a provider, of SAML with metadata.
func (c *Cloud) Registered(arn string) bool {
	saml, _ := c.samlProvider(arn)
	_, known := c.oidcProvider(arn)
	return known || saml.entityID != ""
}

// parseMetadata holds metadata to RAM's limits: one descriptor, two certificates.
func parseMetadata(text []byte) (samlProvider, error) {
	document := etree.NewDocument()
	if err := document.ReadFromBytes(text); err != nil {
		return samlProvider{}, err
	}
	root := document.Root()
	if root == nil || !named(root, nsMetadata, "EntityDescriptor") {
		return samlProvider{}, errors.New("not an EntityDescriptor")
	}
	made := samlProvider{entityID: root.SelectAttrValue("entityID", ""), signOn: map[string]string{}}
	roles := children(root, nsMetadata, "IDPSSODescriptor")
	if made.entityID == "" || len(roles) != 1 {
		return samlProvider{}, fmt.Errorf("an entityID and one IDPSSODescriptor are wanted, not %d", len(roles))
	}
	for _, key := range children(roles[0], nsMetadata, "KeyDescriptor") {
		if key.SelectAttrValue("use", "signing") != "signing" {
			continue
		}
		for _, e := range key.FindElements(".//X509Certificate") {
			certificate, err := parseCertificate(e.Text())
			if err != nil {
				return samlProvider{}, err
			}
			made.certs = append(made.certs, certificate)
		}
	}
	for _, e := range children(roles[0], nsMetadata, "SingleSignOnService") {
		made.signOn[e.SelectAttrValue("Binding", "")] = e.SelectAttrValue("Location", "")
	}
	if len(made.certs) == 0 || len(made.certs) > maxCertificates {
		return samlProvider{}, fmt.Errorf("%d certificates for signing: 1 or %d are wanted", len(made.certs), maxCertificates)
	}
	return made, nil
}

func parseCertificate(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

func named(e *etree.Element, space, tag string) bool {
	return e.Tag == tag && e.NamespaceURI() == space
}

func children(e *etree.Element, space, tag string) []*etree.Element {
	var list []*etree.Element
	for _, child := range e.ChildElements() {
		if named(child, space, tag) {
			list = append(list, child)
		}
	}
	return list
}

// only is the one child of this name, nil where there are none or several.
func only(e *etree.Element, space, tag string) *etree.Element {
	if e == nil {
		return nil
	}
	list := children(e, space, tag)
	if len(list) != 1 {
		return nil
	}
	return list[0]
}
