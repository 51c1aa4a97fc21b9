package samldoc

import (
	"bytes"
	"crypto/x509"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// IdentityProvider is what the metadata of one identity provider says
// (saml-metadata 2.4.3).
type IdentityProvider struct {
	EntityID                string
	ValidUntil              time.Time         // the earliest on the way down; zero: none
	WantAuthnRequestsSigned bool              //
	SSO, SLO                []Endpoint        // in document order
	Certificates            []string          // base64 without blanks, those for signing
	Signer                  *x509.Certificate // of Wanted.Signers; nil where those were not asked for
}

// Endpoint is one SingleSignOnService or SingleLogoutService.
type Endpoint struct {
	Binding, Location string
	ResponseLocation  string // "": that of requests
}

// Wanted says which identity provider is looked for, and who must have signed
// what the document says of it.
type Wanted struct {
	EntityID string              // "": the one that there is
	Signers  []*x509.Certificate // none: nobody need have signed
}

// ParseMetadata reads the metadata of one identity provider: an
// EntityDescriptor, or an EntitiesDescriptor with the wanted entity or with one
// identity provider alone. Everything that is not its IDPSSODescriptor for SAML
// 2.0 is passed over, such as AD FS's WS-Federation roles.
func ParseMetadata(xml []byte, want Wanted) (IdentityProvider, error) {
	provider, err := parseMetadata(xml, want)
	if err != nil {
		return IdentityProvider{}, reason.New(reason.MetadataInvalid, "%w", err)
	}
	return provider, nil
}

func parseMetadata(xml []byte, want Wanted) (IdentityProvider, error) {
	xml = bytes.TrimPrefix(xml, []byte("\uFEFF")) // AD FS begins with a byte order mark
	root, err := scan(xml, metadataLimits())
	if err != nil {
		return IdentityProvider{}, err
	}
	if err := checkIDs(root); err != nil {
		return IdentityProvider{}, err
	}
	way, err := findProvider(root, want.EntityID)
	if err != nil {
		return IdentityProvider{}, err
	}
	signer, err := verifyMetadata(xml, way, want.Signers)
	if err != nil {
		return IdentityProvider{}, err
	}
	provider, err := readProvider(way)
	provider.Signer = signer
	return provider, err
}

// path is the way from the root down to an IDPSSODescriptor.
type path []*element

func (p path) entity() *element     { return p[len(p)-2] }
func (p path) descriptor() *element { return p[len(p)-1] }

// findProvider picks one of several by the entity ID that is known from before:
// whatever else a federation's aggregate holds is not ours.
func findProvider(root *element, entityID string) (path, error) {
	if !root.is(nsMetadata, "EntityDescriptor") && !root.is(nsMetadata, "EntitiesDescriptor") {
		return nil, malformed("the root is %s, not an EntityDescriptor", root)
	}
	found := descriptors(path{root})
	if len(found) > 1 && entityID != "" {
		found = slices.DeleteFunc(found, func(p path) bool { return entityIDOf(p.entity()) != entityID })
		if len(found) != 1 {
			return nil, malformed("%d of its identity providers are %q, one is wanted", len(found), entityID)
		}
	}
	if len(found) != 1 {
		return nil, malformed("%d identity providers for SAML 2.0, one is wanted", len(found))
	}
	return found[0], nil
}

func entityIDOf(entity *element) string { return strings.TrimSpace(entity.attribute("entityID")) }

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
	descriptor := way.descriptor()
	r.required(way.entity(), "entityID")
	p := IdentityProvider{
		EntityID:                entityIDOf(way.entity()),
		WantAuthnRequestsSigned: isTrue(descriptor.attribute("WantAuthnRequestsSigned")),
	}
	for _, e := range way {
		if until := r.time(e, "validUntil"); !until.IsZero() && (p.ValidUntil.IsZero() || until.Before(p.ValidUntil)) {
			p.ValidUntil = until
		}
	}
	p.SSO = r.endpoints(descriptor.all(nsMetadata, "SingleSignOnService"))
	p.SLO = r.endpoints(descriptor.all(nsMetadata, "SingleLogoutService"))
	for _, key := range descriptor.all(nsMetadata, "KeyDescriptor") {
		if use := key.attribute("use"); use == "" || use == "signing" {
			p.Certificates = append(p.Certificates, r.certificates(key)...)
		}
	}
	return p, r.err
}

func (r *reader) endpoints(services []*element) []Endpoint {
	var list []Endpoint
	for _, service := range services {
		list = append(list, Endpoint{
			Binding:          strings.TrimSpace(r.required(service, "Binding")),
			Location:         strings.TrimSpace(r.required(service, "Location")),
			ResponseLocation: strings.TrimSpace(service.attribute("ResponseLocation")),
		})
	}
	return list
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
