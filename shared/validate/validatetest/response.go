package validatetest

import (
	"crypto/ecdsa"
	"encoding/base64"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/validate"
)

// The namespaces of a response.
const (
	nsAssertion  = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol   = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsSignature  = "http://www.w3.org/2000/09/xmldsig#"
	nsEncryption = "http://www.w3.org/2001/04/xmlenc#"
	stampFormat  = "2006-01-02T15:04:05.000Z"
)

// Option changes a response before it is made.
type Option func(*message)

type message struct {
	record     string
	want       validate.Expectation
	at         time.Time
	subject    string
	attributes []attribute
	response   bool // signed
	assertion  bool // signed
	method     Method
	encryption *Encryption
	before     []func(*etree.Element)
	info       []func(*etree.Element)
	after      []func(*etree.Element)
}

type attribute struct {
	name   string
	values []string
}

// For makes the response for another service provider or request; without a
// RequestID nobody asked for it.
func For(want validate.Expectation) Option { return func(m *message) { m.want = want } }

// As lets [IdP.Identity] use a record of that ID.
func As(record string) Option { return func(m *message) { m.record = record } }

// At makes the response at another time.
func At(now time.Time) Option { return func(m *message) { m.at = now } }

// Subject signs somebody else in.
func Subject(nameID string) Option { return func(m *message) { m.subject = nameID } }

// Attribute adds an attribute.
func Attribute(name string, values ...string) Option {
	return func(m *message) { m.attributes = append(m.attributes, attribute{name, values}) }
}

// Signed says what is signed: by default the assertion alone, as Entra ID and
// AD FS do it.
func Signed(response, assertion bool) Option {
	return func(m *message) { m.response, m.assertion = response, assertion }
}

// By signs with another algorithm than the key's with SHA-256.
func By(method Method) Option { return func(m *message) { m.method = method } }

// Before changes the Response element before anything is signed.
func Before(change func(response *etree.Element)) Option {
	return func(m *message) { m.before = append(m.before, change) }
}

// Info changes each SignedInfo before it is signed: what only the holder of the
// key can do.
func Info(change func(signedInfo *etree.Element)) Option {
	return func(m *message) { m.info = append(m.info, change) }
}

// After changes the Response element after the signatures were made.
func After(change func(response *etree.Element)) Option {
	return func(m *message) { m.after = append(m.after, change) }
}

func (i IdP) message(options []Option) message {
	m := message{record: "test", want: Expectation(), at: Now(), subject: "ada@example.com", assertion: true, method: RSASHA256()}
	if _, ok := i.key.(*ecdsa.PrivateKey); ok {
		m.method = ECDSASHA256()
	}
	for _, option := range options {
		option(&m)
	}
	if m.attributes == nil {
		m.attributes = []attribute{{"mail", []string{"ada@example.com"}}, {"groups", []string{"platform", "sre"}}}
	}
	return m
}

// Response makes the form field SAMLResponse.
func (i IdP) Response(options ...Option) string {
	i.tb.Helper()
	return base64.StdEncoding.EncodeToString(i.XML(options...))
}

// XML makes the document of a response.
func (i IdP) XML(options ...Option) []byte {
	i.tb.Helper()
	m := i.message(options)
	response := m.build(i.nextID("response"), i.nextID("assertion"))
	apply(m.before, response)
	if assertion := response.SelectElement("saml:Assertion"); m.assertion && assertion != nil {
		i.sign(assertion, m)
	}
	if m.encryption != nil {
		i.encrypt(response, *m.encryption)
	}
	if m.response {
		i.sign(response, m)
	}
	apply(m.after, response)
	return i.Write(response)
}

// Write makes a document of a root element.
func (i IdP) Write(root *etree.Element) []byte {
	i.tb.Helper()
	document := etree.NewDocument()
	document.SetRoot(root)
	document.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	xml, err := document.WriteToBytes()
	if err != nil {
		i.tb.Fatal(err)
	}
	return xml
}

func apply(changes []func(*etree.Element), e *etree.Element) {
	for _, change := range changes {
		change(e)
	}
}

func (m message) build(responseID, assertionID string) *etree.Element {
	response := etree.NewElement("samlp:Response")
	set(response, "xmlns:samlp", nsProtocol, "xmlns:saml", nsAssertion, "ID", responseID, "Version", "2.0",
		"IssueInstant", m.stamp(0), "Destination", m.want.ACSURL)
	setUnlessEmpty(response, "InResponseTo", m.want.RequestID)
	response.CreateElement("saml:Issuer").SetText(EntityID)
	set(response.CreateElement("samlp:Status").CreateElement("samlp:StatusCode"), "Value", "urn:oasis:names:tc:SAML:2.0:status:Success")
	m.buildAssertion(response.CreateElement("saml:Assertion"), assertionID)
	return response
}

func (m message) buildAssertion(assertion *etree.Element, id string) {
	set(assertion, "ID", id, "Version", "2.0", "IssueInstant", m.stamp(0))
	assertion.CreateElement("saml:Issuer").SetText(EntityID)

	subject := assertion.CreateElement("saml:Subject")
	name := subject.CreateElement("saml:NameID")
	set(name, "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress")
	name.SetText(m.subject)
	confirmation := subject.CreateElement("saml:SubjectConfirmation")
	set(confirmation, "Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer")
	data := confirmation.CreateElement("saml:SubjectConfirmationData")
	set(data, "NotOnOrAfter", m.stamp(5*time.Minute), "Recipient", m.want.ACSURL)
	setUnlessEmpty(data, "InResponseTo", m.want.RequestID)

	conditions := assertion.CreateElement("saml:Conditions")
	set(conditions, "NotBefore", m.stamp(-5*time.Minute), "NotOnOrAfter", m.stamp(5*time.Minute))
	conditions.CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText(m.want.EntityID)

	authn := assertion.CreateElement("saml:AuthnStatement")
	set(authn, "AuthnInstant", m.stamp(-time.Minute), "SessionNotOnOrAfter", m.stamp(8*time.Hour), "SessionIndex", "_session")
	authn.CreateElement("saml:AuthnContext").CreateElement("saml:AuthnContextClassRef").
		SetText("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport")
	m.buildAttributes(assertion.CreateElement("saml:AttributeStatement"))
}

func (m message) buildAttributes(statement *etree.Element) {
	for _, a := range m.attributes {
		e := statement.CreateElement("saml:Attribute")
		set(e, "Name", a.name)
		for _, value := range a.values {
			e.CreateElement("saml:AttributeValue").SetText(value)
		}
	}
}

func (m message) stamp(offset time.Duration) string {
	return m.at.Add(offset).UTC().Format(stampFormat)
}

func set(e *etree.Element, pairs ...string) {
	for i := 0; i+1 < len(pairs); i += 2 {
		e.CreateAttr(pairs[i], pairs[i+1])
	}
}

func setUnlessEmpty(e *etree.Element, name, value string) {
	if value != "" {
		set(e, name, value)
	}
}
