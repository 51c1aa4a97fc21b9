package samldoc

import (
	"crypto/x509"
	"fmt"

	"github.com/beevik/etree"
)

// maxIntroduced is how many certificates RAM takes of one identity provider: the old
// one and the new.
const maxIntroduced = 2

// Introduction is what a service provider must know of an identity provider: of one
// whose metadata we read, told on to RAM, or of ourselves where we are one.
type Introduction struct {
	EntityID     string
	SSO          []Endpoint          // in order of preference
	Certificates []*x509.Certificate // of the keys that sign; two while one replaces the other
}

// Metadata writes it as one IDPSSODescriptor (saml-metadata 2.4.3) and nothing else:
// whoever reads it need not understand what a product puts into its own. It has no
// validUntil: what was uploaded once must not end by itself.
func (i Introduction) Metadata() ([]byte, error) {
	if i.EntityID == "" || len(i.SSO) == 0 {
		return nil, fmt.Errorf("samldoc: the identity provider %.200q lacks its entity ID or a single sign-on service", i.EntityID)
	}
	if n := len(i.Certificates); n == 0 || n > maxIntroduced {
		return nil, fmt.Errorf("samldoc: the identity provider %.200q has %d certificates, not 1 to %d", i.EntityID, n, maxIntroduced)
	}
	entity := etree.NewElement("md:EntityDescriptor")
	entity.CreateAttr("xmlns:md", nsMetadata)
	entity.CreateAttr("entityID", i.EntityID)
	idp := entity.CreateElement("md:IDPSSODescriptor")
	idp.CreateAttr("protocolSupportEnumeration", nsProtocol)
	for _, certificate := range i.Certificates {
		keyDescriptor(idp, "signing", certificate)
	}
	for _, endpoint := range i.SSO {
		sso := idp.CreateElement("md:SingleSignOnService")
		sso.CreateAttr("Binding", endpoint.Binding)
		sso.CreateAttr("Location", endpoint.Location)
	}
	return written(entity)
}
