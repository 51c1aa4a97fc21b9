package idp

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fc-sso/fc-sso/scripts/local/internal/desk"
)

const (
	lifetime = 5 * time.Minute

	success         = "urn:oasis:names:tc:SAML:2.0:status:Success"
	confirmedBy     = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
	responder       = "urn:oasis:names:tc:SAML:2.0:status:Responder"
	noAuthnContext  = "urn:oasis:names:tc:SAML:2.0:status:NoAuthnContext"
	unspecifiedName = "urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified"

	// roleAttribute is Alibaba Cloud's own: pairs "role ARN,provider ARN".
	roleAttribute        = "https://www.aliyun.com/SAML-Role/Attributes/Role"
	roleSessionAttribute = "https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName"
)

// answer is all that a response says.
type answer struct {
	user        desk.User
	audience    string
	acs         string
	inResponse  string // ID of the request; empty when the sign-in started here
	now, signin time.Time
	session     string // SessionIndex
	class       string // how the person signed in
}

// dialect is how a style writes XML: the same content, other prefixes.
type dialect struct {
	protocol, assertion, signature string // prefixes; empty = default namespace
	instant                        string // layout of times
	typed                          bool   // attribute values carry xsi:type
	signResponse                   bool   // beside the assertion
	nameFormat                     bool   // attributes carry a NameFormat
}

func (s Style) dialect() dialect {
	if s == Partner {
		return dialect{protocol: "samlp", instant: "2006-01-02T15:04:05.0000000Z"}
	}
	return dialect{
		protocol: "saml2p", assertion: "saml2", signature: "ds", instant: "2006-01-02T15:04:05.000Z",
		typed: true, signResponse: true, nameFormat: true,
	}
}

func (p *IdP) nameIDFormat() string {
	if p.o.Style == Partner {
		return formatPersistent
	}
	return formatEmail
}

func (p *IdP) nameID(u desk.User) string {
	if p.o.Style == Partner {
		return u.Username + "@" + p.o.ID + ".persistent"
	}
	return u.Email
}

// response builds and signs; the text is what goes into SAMLResponse.
func (p *IdP) response(a answer) (string, error) {
	d := p.o.Style.dialect()
	assertion, err := p.signed(p.assertion(d, a), d)
	if err != nil {
		return "", err
	}
	root, status := p.envelope(d, a.acs, a.inResponse, a.now)
	status.CreateAttr("Value", success)
	root.AddChild(assertion)
	if d.signResponse {
		if root, err = p.signed(root, d); err != nil {
			return "", err
		}
	}
	return encode(root)
}

// noAuthnContext is a response without an assertion. It is signed by either style:
// there is nothing else that could be.
func (p *IdP) noAuthnContext(request authnRequest, now time.Time) (string, error) {
	d := p.o.Style.dialect()
	root, status := p.envelope(d, request.acs, request.id, now)
	status.CreateAttr("Value", responder)
	add(status, d.protocol, "StatusCode").CreateAttr("Value", noAuthnContext)
	root, err := p.signed(root, d)
	if err != nil {
		return "", err
	}
	return encode(root)
}

// envelope is a response up to its status.
func (p *IdP) envelope(d dialect, acs, inResponse string, now time.Time) (root, status *etree.Element) {
	root = element(d.protocol, "Response", nsProtocol)
	identify(root, d, now)
	root.CreateAttr("Destination", acs)
	if inResponse != "" {
		root.CreateAttr("InResponseTo", inResponse)
	}
	p.addIssuer(root, d)
	return root, add(add(root, d.protocol, "Status"), d.protocol, "StatusCode")
}

func encode(root *etree.Element) (string, error) {
	document := etree.NewDocumentWithRoot(root)
	document.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	text, err := document.WriteToBytes()
	return base64.StdEncoding.EncodeToString(text), err
}

// assertion declares its own namespaces, so that it is signed as it will stand in
// the response.
func (p *IdP) assertion(d dialect, a answer) *etree.Element {
	e := element(d.assertion, "Assertion", nsAssertion)
	identify(e, d, a.now)
	p.addIssuer(e, d)
	p.addSubject(e, d, a)
	conditions := add(e, d.assertion, "Conditions")
	conditions.CreateAttr("NotBefore", a.now.UTC().Format(d.instant))
	conditions.CreateAttr("NotOnOrAfter", a.now.Add(lifetime).UTC().Format(d.instant))
	add(add(conditions, d.assertion, "AudienceRestriction"), d.assertion, "Audience").SetText(a.audience)
	statement := add(e, d.assertion, "AuthnStatement")
	statement.CreateAttr("AuthnInstant", a.signin.UTC().Format(d.instant))
	statement.CreateAttr("SessionIndex", a.session)
	add(add(statement, d.assertion, "AuthnContext"), d.assertion, "AuthnContextClassRef").SetText(a.class)
	p.addAttributes(e, d, a.user)
	return e
}

func (p *IdP) addIssuer(e *etree.Element, d dialect) {
	issuer := add(e, d.assertion, "Issuer")
	if issuer.NamespaceURI() != nsAssertion { // in the response, whose namespace is another
		declare(issuer, d.assertion, nsAssertion)
	}
	issuer.SetText(p.EntityID())
}

func (p *IdP) addSubject(e *etree.Element, d dialect, a answer) {
	subject := add(e, d.assertion, "Subject")
	nameID := add(subject, d.assertion, "NameID")
	nameID.CreateAttr("Format", p.nameIDFormat())
	nameID.SetText(p.nameID(a.user))
	confirmation := add(subject, d.assertion, "SubjectConfirmation")
	confirmation.CreateAttr("Method", confirmedBy)
	data := add(confirmation, d.assertion, "SubjectConfirmationData")
	data.CreateAttr("NotOnOrAfter", a.now.Add(lifetime).UTC().Format(d.instant))
	data.CreateAttr("Recipient", a.acs)
	if a.inResponse != "" {
		data.CreateAttr("InResponseTo", a.inResponse)
	}
}

func (p *IdP) addAttributes(e *etree.Element, d dialect, u desk.User) {
	statement := add(e, d.assertion, "AttributeStatement")
	addAttribute(statement, d, "mail", u.Email)
	addAttribute(statement, d, "displayName", u.DisplayName)
	addAttribute(statement, d, "memberOf", u.Groups...)
	var pairs []string
	for _, role := range u.Roles {
		account, _, _ := strings.Cut(role, ":role/")
		pairs = append(pairs, role+","+account+":saml-provider/"+p.o.ID)
	}
	addAttribute(statement, d, roleAttribute, pairs...)
	if len(pairs) > 0 {
		addAttribute(statement, d, roleSessionAttribute, u.Email)
	}
}

// addAttribute leaves out what has no value: the schema allows an empty
// Attribute, no identity provider sends one.
func addAttribute(statement *etree.Element, d dialect, name string, values ...string) {
	if len(values) == 0 {
		return
	}
	attribute := add(statement, d.assertion, "Attribute")
	attribute.CreateAttr("Name", name)
	if d.nameFormat {
		attribute.CreateAttr("NameFormat", unspecifiedName)
	}
	for _, value := range values {
		e := add(attribute, d.assertion, "AttributeValue")
		if d.typed {
			e.CreateAttr("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
			e.CreateAttr("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
			e.CreateAttr("xsi:type", "xs:string")
		}
		e.SetText(value)
	}
}

// signed puts an enveloped rsa-sha256 signature behind the Issuer, where the
// schema wants it (saml-core 8.3).
func (p *IdP) signed(e *etree.Element, d dialect) (*etree.Element, error) {
	key, cert := p.signer()
	signer, err := dsig.NewSigningContext(key, [][]byte{cert.Raw})
	if err != nil {
		return nil, err
	}
	signer.Prefix = d.signature
	signer.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	if err := signer.SetSignatureMethod(rsaSHA256); err != nil {
		return nil, err
	}
	signature, err := signer.ConstructSignature(e, true)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", e.Tag, err)
	}
	e.InsertChildAt(1, signature)
	return e, nil
}

func identify(e *etree.Element, d dialect, now time.Time) {
	e.CreateAttr("ID", desk.NewName())
	e.CreateAttr("Version", "2.0")
	e.CreateAttr("IssueInstant", now.UTC().Format(d.instant))
}

func element(prefix, tag, namespace string) *etree.Element {
	e := etree.NewElement(tag)
	e.Space = prefix
	declare(e, prefix, namespace)
	return e
}

func declare(e *etree.Element, prefix, namespace string) {
	if prefix == "" {
		e.CreateAttr("xmlns", namespace)
		return
	}
	e.CreateAttr("xmlns:"+prefix, namespace)
}

func add(parent *etree.Element, prefix, tag string) *etree.Element {
	e := parent.CreateElement(tag)
	e.Space = prefix
	return e
}
