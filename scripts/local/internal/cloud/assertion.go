package cloud

import (
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

const (
	nameIDPrefix  = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
	statusSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success"
	methodBearer  = "urn:oasis:names:tc:SAML:2.0:cm:bearer" //nolint:gosec // a URN, no credential
	maxAssertion  = 100_000
)

// samlSays is what an assertion says, all of it signed.
type samlSays struct {
	id, issuer, subject, format, recipient string
	inResponseTo                           string
	end                                    time.Time // of its confirmation
	audiences                              []string
	attributes
}

func assertionFault(code, message string) *fault {
	return refuse(http.StatusUnauthorized, "AuthenticationFail.SAMLAssertion."+code, "%s", message)
}

func invalidAssertion(cause string, args ...any) *fault {
	return assertionFault("Invalid", "The SAML Assertion is invalid.").because(cause, args...)
}

func expiredAssertion(cause string, args ...any) *fault {
	return assertionFault("Expired", "The SAML Assertion is expired.").because(cause, args...)
}

// verifiedAssertion reads a whole response for roles. STS says no more than "invalid"
// of all that is wrong with it, but for its time.
func (p samlProvider) verifiedAssertion(encoded string, now time.Time) (samlSays, *fault) {
	assertion, says, f := p.believed(encoded, now)
	if f != nil {
		return samlSays{}, f
	}
	if _, ok := says.site([]site{china(), international()}); !ok {
		return samlSays{}, invalidAssertion("recipient %q and audiences %q are not one site's", says.recipient, says.audiences)
	}
	says.attributes = readAttributes(assertion)
	return says, says.requireSession()
}

// believed is what a provider says in a response, whomever it says it to.
func (p samlProvider) believed(encoded string, now time.Time) (*etree.Element, samlSays, *fault) {
	assertion, f := p.signedAssertion(encoded, now)
	if f != nil {
		return nil, samlSays{}, f
	}
	says := samlSays{id: assertion.SelectAttrValue("ID", ""), issuer: textOf(only(assertion, nsAssertion, "Issuer"))}
	switch {
	case says.id == "":
		return nil, says, invalidAssertion("it has no ID")
	case says.issuer != p.entityID:
		return nil, says, invalidAssertion("issuer %q, and the metadata is of %q", says.issuer, p.entityID)
	case len(children(assertion, nsAssertion, "AuthnStatement")) == 0:
		return nil, says, invalidAssertion("it has no AuthnStatement")
	}
	if f := says.readSubject(only(assertion, nsAssertion, "Subject"), now); f != nil {
		return nil, says, f
	}
	return assertion, says, says.readConditions(only(assertion, nsAssertion, "Conditions"), now)
}

// readResponse is a successful response and its one assertion, not believed.
func readResponse(encoded string) (response, assertion *etree.Element, f *fault) {
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		return nil, nil, invalidAssertion("it is not in Base64")
	}
	document := etree.NewDocument()
	if document.ReadFromBytes(text) != nil || document.Root() == nil || !named(document.Root(), nsProtocol, "Response") {
		return nil, nil, invalidAssertion("it is not a Response")
	}
	response = document.Root()
	code := only(only(response, nsProtocol, "Status"), nsProtocol, "StatusCode")
	if code == nil || code.SelectAttrValue("Value", "") != statusSuccess {
		return nil, nil, invalidAssertion("its status is not success")
	}
	if assertion = only(response, nsAssertion, "Assertion"); assertion == nil {
		return nil, nil, invalidAssertion("it has not exactly one assertion")
	}
	return response, assertion, nil
}

// signedAssertion is the assertion of a response, as a certificate of the provider
// signed it: the whole assertion must be, the response need not.
func (p samlProvider) signedAssertion(encoded string, now time.Time) (*etree.Element, *fault) {
	_, assertion, f := readResponse(encoded)
	if f != nil {
		return nil, f
	}
	if only(assertion, nsSignature, "Signature") == nil {
		return nil, invalidAssertion("the assertion is not signed")
	}
	alone, err := detached(assertion)
	if err != nil {
		return nil, invalidAssertion("its namespaces: %v", err)
	}
	for _, certificate := range p.certs {
		validation := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
		validation.Clock = dsig.NewFakeClockAt(now)
		var signed *etree.Element
		if signed, err = validation.Validate(alone); err == nil {
			return signed, nil
		}
	}
	return nil, invalidAssertion("its signature is of no uploaded certificate: %v", err)
}

// detached is an element with the namespaces that its parents declare for it.
func detached(e *etree.Element) (*etree.Element, error) {
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, err
	}
	return etreeutils.NSDetatch(around, e)
}

func (s *samlSays) readSubject(subject *etree.Element, now time.Time) *fault {
	name, confirmation := only(subject, nsAssertion, "NameID"), only(subject, nsAssertion, "SubjectConfirmation")
	data := only(confirmation, nsAssertion, "SubjectConfirmationData")
	if name == nil || data == nil || confirmation.SelectAttrValue("Method", "") != methodBearer {
		return invalidAssertion("it has not exactly one NameID and one bearer's SubjectConfirmation with its data")
	}
	s.subject, s.format = textOf(name), strings.TrimPrefix(name.SelectAttrValue("Format", ""), nameIDPrefix)
	s.recipient, s.inResponseTo = data.SelectAttrValue("Recipient", ""), data.SelectAttrValue("InResponseTo", "")
	var err error
	s.end, err = time.Parse(time.RFC3339, data.SelectAttrValue("NotOnOrAfter", ""))
	switch {
	case s.subject == "":
		return invalidAssertion("its NameID is empty")
	case err != nil:
		return invalidAssertion("its confirmation has no NotOnOrAfter")
	case !now.Before(s.end):
		return expiredAssertion("its confirmation ended at %v", s.end)
	}
	return nil
}

// readConditions wants one audience restriction.
func (s *samlSays) readConditions(conditions *etree.Element, now time.Time) *fault {
	s.audiences = audiencesOf(conditions)
	if s.audiences == nil {
		return invalidAssertion("it has not exactly one AudienceRestriction with an Audience")
	}
	if text := conditions.SelectAttrValue("NotBefore", ""); text != "" {
		if begin, err := time.Parse(time.RFC3339, text); err != nil || now.Before(begin) {
			return invalidAssertion("it holds from %q", text)
		}
	}
	if text := conditions.SelectAttrValue("NotOnOrAfter", ""); text != "" {
		end, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return invalidAssertion("it holds until %q", text)
		}
		if !now.Before(end) {
			return expiredAssertion("its conditions ended at %v", end)
		}
	}
	return nil
}

func audiencesOf(conditions *etree.Element) []string {
	restriction := only(conditions, nsAssertion, "AudienceRestriction")
	if restriction == nil {
		return nil
	}
	var list []string
	for _, e := range children(restriction, nsAssertion, "Audience") {
		list = append(list, textOf(e))
	}
	return list
}

// site is that whose role-based SSO the assertion is for, by recipient and audience.
func (s *samlSays) site(among []site) (site, bool) {
	i := slices.IndexFunc(among, func(one site) bool {
		return s.recipient == one.roleACS() && slices.Contains(s.audiences, one.audience)
	})
	if i < 0 {
		return site{}, false
	}
	return among[i], true
}

func textOf(e *etree.Element) string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.Text())
}
