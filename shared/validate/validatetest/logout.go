package validatetest

import (
	"encoding/base64"
	"time"

	"github.com/beevik/etree"
)

// Service is the single logout service that logout requests are made for.
const Service = "https://sso.example/saml/test/slo"

// Logout makes the form field SAMLRequest of a logout request to service. Of the
// options those of a response count that make sense; Signed(false, false) leaves
// it unsigned.
func (i IdP) Logout(service string, options ...Option) string {
	i.tb.Helper()
	m := i.message(options)
	request := m.buildLogout(i.nextID("logout"), service)
	apply(m.before, request)
	if m.response || m.assertion {
		i.sign(request, m)
	}
	apply(m.after, request)
	return base64.StdEncoding.EncodeToString(i.Write(request))
}

func (m message) buildLogout(id, service string) *etree.Element {
	request := etree.NewElement("samlp:LogoutRequest")
	set(request, "xmlns:samlp", nsProtocol, "xmlns:saml", nsAssertion, "ID", id, "Version", "2.0",
		"IssueInstant", m.stamp(0), "NotOnOrAfter", m.stamp(5*time.Minute), "Destination", service)
	request.CreateElement("saml:Issuer").SetText(EntityID)
	name := request.CreateElement("saml:NameID")
	set(name, "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
	name.SetText(m.subject)
	request.CreateElement("samlp:SessionIndex").SetText("_session")
	return request
}
