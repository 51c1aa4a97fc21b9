package idp

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

const (
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"

	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"

	formatEmail      = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
	formatPersistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"

	maxMetadata = 1 << 20
)

// metadata is ours: an IDPSSODescriptor that wants signed requests.
func (p *IdP) metadata(w http.ResponseWriter, _ *http.Request) {
	root := etree.NewElement("md:EntityDescriptor")
	root.CreateAttr("xmlns:md", nsMetadata)
	root.CreateAttr("xmlns:ds", nsSignature)
	root.CreateAttr("entityID", p.EntityID())
	role := root.CreateElement("md:IDPSSODescriptor")
	role.CreateAttr("WantAuthnRequestsSigned", "true")
	role.CreateAttr("protocolSupportEnumeration", nsProtocol)
	for _, cert := range p.published() {
		key := role.CreateElement("md:KeyDescriptor")
		key.CreateAttr("use", "signing")
		key.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
			SetText(base64.StdEncoding.EncodeToString(cert.Raw))
	}
	slo := role.CreateElement("md:SingleLogoutService")
	slo.CreateAttr("Binding", bindingPOST)
	slo.CreateAttr("Location", p.sloURL())
	role.CreateElement("md:NameIDFormat").SetText(p.nameIDFormat())
	bindings := []string{bindingRedirect, bindingPOST}
	if p.habits().FormOnly {
		bindings = bindings[1:]
	}
	for _, binding := range bindings {
		sso := role.CreateElement("md:SingleSignOnService")
		sso.CreateAttr("Binding", binding)
		sso.CreateAttr("Location", p.ssoURL())
	}
	document := etree.NewDocumentWithRoot(root)
	document.Indent(2)
	text, err := document.WriteToBytes()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	_, _ = w.Write(text) // the client went away: nobody to tell
}

// serviceProvider is what its metadata says: who it is, with which keys it signs
// and where it takes answers.
type serviceProvider struct {
	entityID string
	certs    []*x509.Certificate
	acs      []string // HTTP-POST only, the default first
	slo      string   // HTTP-POST only; "": none
}

// fetchSP reads the service provider's metadata, anew each time: it may have been
// restarted with another key.
func (p *IdP) fetchSP(ctx context.Context) (serviceProvider, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.o.SPMetadataURL, nil)
	if err != nil {
		return serviceProvider{}, err
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return serviceProvider{}, fmt.Errorf("the service provider's metadata cannot be read: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	if answer.StatusCode != http.StatusOK {
		return serviceProvider{}, fmt.Errorf("%s answered %s", p.o.SPMetadataURL, answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxMetadata))
	if err != nil {
		return serviceProvider{}, err
	}
	return parseSP(text)
}

// newClient talks to this machine only, follows no redirect and does not wait.
func newClient() *http.Client {
	dialer := &net.Dialer{Timeout: time.Second}
	return &http.Client{
		Timeout: 10 * time.Second, // a function's cold start
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				host, _, err := net.SplitHostPort(address)
				if err != nil || !desk.IsLoopback(host) {
					return nil, fmt.Errorf("%s is not on this machine", address)
				}
				return dialer.DialContext(ctx, network, address)
			},
			DisableKeepAlives: true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func parseSP(text []byte) (serviceProvider, error) {
	root, err := parseXML(text)
	if err != nil {
		return serviceProvider{}, err
	}
	if root.Tag != "EntityDescriptor" || root.NamespaceURI() != nsMetadata {
		return serviceProvider{}, errors.New("not an EntityDescriptor")
	}
	sp := serviceProvider{entityID: root.SelectAttrValue("entityID", "")}
	role := child(root, nsMetadata, "SPSSODescriptor")
	if sp.entityID == "" || role == nil {
		return serviceProvider{}, errors.New("no entityID, or no SPSSODescriptor")
	}
	for _, e := range role.ChildElements() {
		switch e.Tag {
		case "KeyDescriptor":
			if err := sp.addKeys(e); err != nil {
				return serviceProvider{}, err
			}
		case "AssertionConsumerService":
			sp.addACS(e)
		case "SingleLogoutService":
			if e.SelectAttrValue("Binding", "") == bindingPOST {
				sp.slo = e.SelectAttrValue("Location", "")
			}
		}
	}
	if len(sp.acs) == 0 {
		return serviceProvider{}, errors.New("no AssertionConsumerService that takes HTTP-POST")
	}
	return sp, nil
}

func (sp *serviceProvider) addKeys(descriptor *etree.Element) error {
	if descriptor.SelectAttrValue("use", "signing") != "signing" {
		return nil
	}
	for _, e := range descriptor.FindElements(".//X509Certificate") {
		der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(e.Text()), ""))
		if err != nil {
			return fmt.Errorf("signing certificate: %w", err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return fmt.Errorf("signing certificate: %w", err)
		}
		sp.certs = append(sp.certs, cert)
	}
	return nil
}

func (sp *serviceProvider) addACS(e *etree.Element) {
	if e.SelectAttrValue("Binding", "") != bindingPOST {
		return
	}
	location := e.SelectAttrValue("Location", "")
	if e.SelectAttrValue("isDefault", "") == "true" {
		sp.acs = slices.Insert(sp.acs, 0, location)
		return
	}
	sp.acs = append(sp.acs, location)
}

// parseXML reads a document without a DTD.
func parseXML(text []byte) (*etree.Element, error) {
	document := etree.NewDocument()
	document.ReadSettings.MaxDepth = 32
	if err := document.ReadFromBytes(text); err != nil {
		return nil, err
	}
	for _, token := range document.Child {
		if _, ok := token.(*etree.Directive); ok {
			return nil, errors.New("a DOCTYPE is refused")
		}
	}
	if document.Root() == nil {
		return nil, errors.New("no XML document")
	}
	return document.Root(), nil
}

func child(e *etree.Element, namespace, tag string) *etree.Element {
	for _, c := range e.ChildElements() {
		if c.Tag == tag && c.NamespaceURI() == namespace {
			return c
		}
	}
	return nil
}
