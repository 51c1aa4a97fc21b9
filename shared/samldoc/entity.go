package samldoc

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// IdentityProvider is what the metadata of one identity provider says
// (saml-metadata 2.4.3).
type IdentityProvider struct {
	EntityID                string
	ValidUntil              time.Time  // the earliest on the way down; zero: none
	WantAuthnRequestsSigned bool       //
	SSO                     []Endpoint // in document order
	Certificates            []string   // base64 without blanks, those for signing
}

// Endpoint is one SingleSignOnService.
type Endpoint struct{ Binding, Location string }

// ParseMetadata reads the metadata of exactly one identity provider: an
// EntityDescriptor, or an EntitiesDescriptor in which one entity alone is one.
// Everything that is not its IDPSSODescriptor for SAML 2.0 is passed over, such
// as AD FS's WS-Federation roles.
func ParseMetadata(xml []byte) (IdentityProvider, error) {
	xml = bytes.TrimPrefix(xml, []byte("\uFEFF")) // AD FS begins with a byte order mark
	root, err := scan(xml, metadataLimits())
	if err == nil {
		err = checkIDs(root)
	}
	if err != nil {
		return IdentityProvider{}, reason.New(reason.MetadataInvalid, "%w", err)
	}
	provider, err := findProvider(root)
	if err != nil {
		return IdentityProvider{}, reason.New(reason.MetadataInvalid, "%w", err)
	}
	return provider, nil
}

// path is the way from the root down to an IDPSSODescriptor.
type path []*element

func findProvider(root *element) (IdentityProvider, error) {
	if !root.is(nsMetadata, "EntityDescriptor") && !root.is(nsMetadata, "EntitiesDescriptor") {
		return IdentityProvider{}, malformed("the root is %s, not an EntityDescriptor", root)
	}
	found := descriptors(path{root})
	if len(found) != 1 {
		return IdentityProvider{}, malformed("%d identity providers for SAML 2.0, one is wanted", len(found))
	}
	return readProvider(found[0])
}

func descriptors(at path) []path {
	var found []path
	for _, child := range at[len(at)-1].children {
		way := append(slices.Clone(at), child)
		switch {
		case child.is(nsMetadata, "EntityDescriptor"), child.is(nsMetadata, "EntitiesDescriptor"):
			found = append(found, descriptors(way)...)
		case child.is(nsMetadata, "IDPSSODescriptor") && speaksSAML2(child):
			found = append(found, way)
		}
	}
	return found
}

func speaksSAML2(e *element) bool {
	return slices.Contains(strings.Fields(e.attribute("protocolSupportEnumeration")), nsProtocol)
}

func readProvider(way path) (IdentityProvider, error) {
	var r reader
	entity, descriptor := way[len(way)-2], way[len(way)-1]
	p := IdentityProvider{
		EntityID:                strings.TrimSpace(r.required(entity, "entityID")),
		WantAuthnRequestsSigned: isTrue(descriptor.attribute("WantAuthnRequestsSigned")),
	}
	for _, e := range way {
		if until := r.time(e, "validUntil"); !until.IsZero() && (p.ValidUntil.IsZero() || until.Before(p.ValidUntil)) {
			p.ValidUntil = until
		}
	}
	for _, service := range descriptor.all(nsMetadata, "SingleSignOnService") {
		p.SSO = append(p.SSO, Endpoint{
			Binding:  strings.TrimSpace(r.required(service, "Binding")),
			Location: strings.TrimSpace(r.required(service, "Location")),
		})
	}
	for _, key := range descriptor.all(nsMetadata, "KeyDescriptor") {
		if use := key.attribute("use"); use == "" || use == "signing" {
			p.Certificates = append(p.Certificates, r.certificates(key)...)
		}
	}
	return p, r.err
}

// certificates collects all that a KeyDescriptor shows. Several of them, or
// several X509Data, are several keys in practice, never a chain to follow.
func (r *reader) certificates(key *element) []string {
	var list []string
	for _, info := range key.all(nsSignature, "KeyInfo") {
		for _, data := range info.all(nsSignature, "X509Data") {
			for _, certificate := range data.all(nsSignature, "X509Certificate") {
				list = append(list, strings.Join(strings.Fields(r.text(certificate)), ""))
			}
		}
	}
	return list
}

func isTrue(boolean string) bool { return boolean == "true" || boolean == "1" }
