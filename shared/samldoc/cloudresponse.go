package samldoc

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

const (
	// responseLife is how long a response of ours may be used.
	responseLife = 120 * time.Second
	// responseLead is for a clock there that is behind ours.
	responseLead = 30 * time.Second

	cloudAttributes     = "https://www.aliyun.com/SAML-Role/Attributes/"
	formatUnspecified   = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified" // which all of Alibaba Cloud's metadata lists
	contextUnspecified  = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
	confirmationBearer  = "urn:oasis:names:tc:SAML:2.0:cm:bearer" //nolint:gosec // a URN, no credential
	statusSuccess       = "urn:oasis:names:tc:SAML:2.0:status:Success"
	nameFormatURI       = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri"
	longestContextClass = 256
)

// Lengths of a session of a role (RAM, MaxSessionDuration; the SAML attribute).
const (
	leastSession = 15 * time.Minute
	mostSession  = 12 * time.Hour
)

// RoleSession is a session of exactly one role.
type RoleSession struct {
	Role     ram.RoleARN
	Provider ram.SAMLProviderARN // us, as the account's RAM calls us
	Name     string              // what ActionTrail calls the person
	Duration time.Duration       // of the console; 0: as long as the role allows
}

// UserSignIn is a sign-in as exactly one RAM user.
type UserSignIn struct {
	UPN          ram.UPN
	Bare         bool   // RAM's SsoLoginWithDomain is false: it wants the name alone
	InResponseTo string // "": nobody asked
}

// CloudResponse is a response of ours by which Alibaba Cloud signs somebody in: for one
// account, as one role or one RAM user, for 120 s. Only [OurIdP.ForRole] and
// [OurIdP.ForUser] make one; the zero value is not written.
type CloudResponse struct {
	issuer       string
	to           cloud
	subject      string
	attributes   []Attribute
	inResponseTo string
	authn        AuthnStatement
	now          time.Time
	id, inner    string
}

// ForRole is the response for Alibaba Cloud's role-based SSO, or for its STS.
func (p OurIdP) ForRole(s RoleSession, authn AuthnStatement, now time.Time, random io.Reader) (CloudResponse, error) {
	if err := s.check(p.Account); err != nil {
		return CloudResponse{}, err
	}
	r := CloudResponse{to: p.roleSSO(), subject: s.Name, attributes: []Attribute{
		{cloudAttributes + "Role", []string{s.Role.String() + "," + s.Provider.String()}},
		{cloudAttributes + "RoleSessionName", []string{s.Name}},
	}}
	if s.Duration != 0 {
		seconds := strconv.Itoa(int(s.Duration / time.Second))
		r.attributes = append(r.attributes, Attribute{cloudAttributes + "SessionDuration", []string{seconds}})
	}
	return r.made(p, authn, now, random)
}

func (s RoleSession) check(account ram.AccountID) error {
	clean, err := ram.CleanSessionName(s.Name)
	switch {
	case s.Role.IsZero() || s.Provider.IsZero() || s.Role.Account() != account || s.Provider.Account() != account:
		return fmt.Errorf("samldoc: role %q by %q is not of account %s", s.Role, s.Provider, account)
	case err != nil || clean != s.Name:
		return fmt.Errorf("samldoc: %.80q names no session", s.Name)
	case s.Duration != 0 && (s.Duration < leastSession || s.Duration > mostSession):
		return fmt.Errorf("samldoc: a session of %s", s.Duration)
	}
	return nil
}

// ForUser is the response for Alibaba Cloud's user-based SSO.
func (p OurIdP) ForUser(u UserSignIn, authn AuthnStatement, now time.Time, random io.Reader) (CloudResponse, error) {
	if u.UPN.IsZero() {
		return CloudResponse{}, errors.New("samldoc: a sign-in as nobody")
	}
	if u.InResponseTo != "" && !isID(u.InResponseTo) {
		return CloudResponse{}, fmt.Errorf("samldoc: %.80q is no ID of a request", u.InResponseTo)
	}
	r := CloudResponse{to: p.userSSO(), subject: u.UPN.String(), inResponseTo: u.InResponseTo}
	if u.Bare {
		r.subject = u.UPN.Name()
	}
	return r.made(p, authn, now, random)
}

// made is the response with all that both kinds have.
func (r CloudResponse) made(p OurIdP, authn AuthnStatement, now time.Time, random io.Reader) (CloudResponse, error) {
	if err := p.check(); err != nil {
		return CloudResponse{}, err
	}
	if authn.AuthnInstant.IsZero() || now.IsZero() {
		return CloudResponse{}, errors.New("samldoc: nobody says when the person signed in")
	}
	if end := authn.SessionNotOnOrAfter; !end.IsZero() && !now.Before(end) {
		return CloudResponse{}, reason.New(reason.Expired, "the sign-in may be used until %s, it is %s", stamp(end), stamp(now))
	}
	if authn.AuthnInstant.After(now) { // by the identity provider's clock
		authn.AuthnInstant = now
	}
	authn.ContextClass = contextClass(authn.ContextClass)
	r.issuer, r.authn, r.now = p.EntityID(), authn, now
	var err error
	if r.id, err = freshID(random); err != nil {
		return CloudResponse{}, err
	}
	r.inner, err = freshID(random)
	return r, err
}

// contextClass passes on what is an absolute URI, as SAML wants it (saml-core 1.3.2);
// an acr of OpenID Connect may be anything.
func contextClass(class string) string {
	u, err := url.Parse(class)
	if err != nil || !u.IsAbs() || len(class) > longestContextClass || strings.ContainsFunc(class, outsideURI) {
		return contextUnspecified
	}
	return class
}

// outsideURI characters stand in no URI (RFC 3986, appendix A), nor in xs:anyURI as
// libxml2 reads it.
func outsideURI(c rune) bool {
	return c <= ' ' || c >= 0x7f || strings.ContainsRune("<>\"{}|\\^`", c)
}

// freshID is an XML name that nobody can guess (saml-core 1.3.4).
func freshID(random io.Reader) (string, error) {
	var b [16]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return "", fmt.Errorf("samldoc: an ID: %w", err)
	}
	return "_" + hex.EncodeToString(b[:]), nil
}

// ACSURL is the one address that the response may be posted to.
func (r CloudResponse) ACSURL() string { return r.to.acsURL }

// Encode signs the whole assertion and writes the response as a form field of the
// HTTP-POST binding, or as the SAMLAssertion of STS. Who holds it may become what it
// says.
func (r CloudResponse) Encode(key crypto.Signer, certificate *x509.Certificate) (ram.Secret, error) {
	if r.id == "" {
		return "", errors.New("samldoc: a zero response was to be signed")
	}
	if err := requirePair(key, certificate); err != nil {
		return "", err
	}
	assertion := r.assertion()
	if err := sign(assertion, key, certificate); err != nil {
		return "", err
	}
	response := r.envelope()
	response.AddChild(assertion)
	xml, err := serialize(response)
	if err != nil {
		return "", err
	}
	return ram.Secret(base64.StdEncoding.EncodeToString(xml)), nil
}

// requirePair: what is signed by another key than it shows would be refused by all who
// read it, after STS or the person was sent on the way.
func requirePair(key crypto.Signer, certificate *x509.Certificate) error {
	if err := requireRSA(key); err != nil {
		return err
	}
	if certificate == nil {
		return errors.New("samldoc: no certificate to show")
	}
	if public, ok := certificate.PublicKey.(*rsa.PublicKey); !ok || !public.Equal(key.Public()) {
		return errors.New("samldoc: the certificate is of another key than signs")
	}
	return nil
}

// envelope is the response round the assertion. It is not signed, and says nothing
// that the assertion does not.
func (r CloudResponse) envelope() *etree.Element {
	response := etree.NewElement("samlp:Response")
	response.CreateAttr("xmlns:samlp", nsProtocol)
	response.CreateAttr("xmlns:saml", nsAssertion)
	response.CreateAttr("ID", r.id)
	response.CreateAttr("Version", "2.0")
	response.CreateAttr("IssueInstant", stamp(r.now))
	response.CreateAttr("Destination", r.to.acsURL)
	r.answers(response)
	response.CreateElement("saml:Issuer").SetText(r.issuer)
	response.CreateElement("samlp:Status").CreateElement("samlp:StatusCode").CreateAttr("Value", statusSuccess)
	return response
}

func (r CloudResponse) answers(e *etree.Element) {
	if r.inResponseTo != "" {
		e.CreateAttr("InResponseTo", r.inResponseTo)
	}
}

// assertion declares its own namespace: it is signed alone, and must be the same where
// it stands.
func (r CloudResponse) assertion() *etree.Element {
	assertion := etree.NewElement("saml:Assertion")
	assertion.CreateAttr("xmlns:saml", nsAssertion)
	assertion.CreateAttr("ID", r.inner)
	assertion.CreateAttr("Version", "2.0")
	assertion.CreateAttr("IssueInstant", stamp(r.now))
	assertion.CreateElement("saml:Issuer").SetText(r.issuer)
	r.describe(assertion.CreateElement("saml:Subject"))
	conditions := assertion.CreateElement("saml:Conditions")
	conditions.CreateAttr("NotBefore", stamp(r.now.Add(-responseLead)))
	conditions.CreateAttr("NotOnOrAfter", stamp(r.now.Add(responseLife)))
	conditions.CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText(r.to.entityID)
	r.authenticate(assertion.CreateElement("saml:AuthnStatement"))
	if len(r.attributes) > 0 {
		r.attribute(assertion.CreateElement("saml:AttributeStatement"))
	}
	return assertion
}

func (r CloudResponse) describe(subject *etree.Element) {
	name := subject.CreateElement("saml:NameID")
	name.CreateAttr("Format", formatUnspecified)
	name.SetText(r.subject)
	confirmation := subject.CreateElement("saml:SubjectConfirmation")
	confirmation.CreateAttr("Method", confirmationBearer)
	data := confirmation.CreateElement("saml:SubjectConfirmationData")
	data.CreateAttr("NotOnOrAfter", stamp(r.now.Add(responseLife)))
	data.CreateAttr("Recipient", r.to.acsURL)
	r.answers(data)
}

func (r CloudResponse) authenticate(statement *etree.Element) {
	statement.CreateAttr("AuthnInstant", stamp(r.authn.AuthnInstant))
	if end := r.authn.SessionNotOnOrAfter; !end.IsZero() {
		statement.CreateAttr("SessionNotOnOrAfter", stamp(end))
	}
	statement.CreateElement("saml:AuthnContext").CreateElement("saml:AuthnContextClassRef").SetText(r.authn.ContextClass)
}

func (r CloudResponse) attribute(statement *etree.Element) {
	for _, a := range r.attributes {
		attribute := statement.CreateElement("saml:Attribute")
		attribute.CreateAttr("Name", a.Name)
		attribute.CreateAttr("NameFormat", nameFormatURI)
		for _, value := range a.Values {
			attribute.CreateElement("saml:AttributeValue").SetText(value)
		}
	}
}

func stamp(at time.Time) string { return at.UTC().Format(instant) }

// isID says whether s is an xs:ID as SAML's partners write them: an XML name without
// colon, of ASCII.
func isID(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_':
		case i > 0 && ('0' <= c && c <= '9' || c == '-' || c == '.'):
		default:
			return false
		}
	}
	return s != "" && len(s) <= longestName
}
