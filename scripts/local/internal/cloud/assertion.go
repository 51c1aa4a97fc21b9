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
	roleAttribute    = "https://www.aliyun.com/SAML-Role/Attributes/Role"
	sessionAttribute = "https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName"
	nameIDPrefix     = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
	statusSuccess    = "urn:oasis:names:tc:SAML:2.0:status:Success"
	methodBearer     = "urn:oasis:names:tc:SAML:2.0:cm:bearer" //nolint:gosec // a URN, no credential
	maxAssertion     = 100_000
)

// recipients are the two sites: which assertion consumer service an audience has.
func recipients() map[string]string {
	return map[string]string{
		"urn:alibaba:cloudcomputing":               "https://signin.aliyun.com/saml-role/sso",
		"urn:alibaba:cloudcomputing:international": "https://signin.alibabacloud.com/saml-role/sso",
	}
}

// samlSays is what an assertion says, all of it signed.
type samlSays struct {
	issuer, subject, format, recipient string
	session                            string
	roles                              []string // pairs
}

func assertionFault(code, message string) *fault {
	return refuse(http.StatusUnauthorized, "AuthenticationFail.SAMLAssertion."+code, "%s", message)
}

func invalidAssertion() *fault { return assertionFault("Invalid", "The SAML Assertion is invalid.") }

func expiredAssertion() *fault { return assertionFault("Expired", "The SAML Assertion is expired.") }

// verifiedAssertion reads a whole response. STS says no more than "invalid" of all
// that is wrong with it, but for its time.
func (p samlProvider) verifiedAssertion(encoded string, now time.Time) (samlSays, *fault) {
	assertion := p.signedAssertion(encoded, now)
	if assertion == nil {
		return samlSays{}, invalidAssertion()
	}
	says := samlSays{issuer: textOf(only(assertion, nsAssertion, "Issuer"))}
	if says.issuer != p.entityID || len(children(assertion, nsAssertion, "AuthnStatement")) == 0 {
		return samlSays{}, invalidAssertion()
	}
	if f := says.readSubject(only(assertion, nsAssertion, "Subject"), now); f != nil {
		return samlSays{}, f
	}
	if f := says.requireConditions(only(assertion, nsAssertion, "Conditions"), now); f != nil {
		return samlSays{}, f
	}
	return says, says.readAttributes(assertion)
}

// signedAssertion is the one assertion of a successful response, as a certificate of
// the provider signed it: the whole assertion must be, the response need not.
func (p samlProvider) signedAssertion(encoded string, now time.Time) *etree.Element {
	text, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(encoded), ""))
	if err != nil {
		return nil
	}
	document := etree.NewDocument()
	if document.ReadFromBytes(text) != nil || document.Root() == nil || !named(document.Root(), nsProtocol, "Response") {
		return nil
	}
	response := document.Root()
	code := only(only(response, nsProtocol, "Status"), nsProtocol, "StatusCode")
	assertion := only(response, nsAssertion, "Assertion")
	if code == nil || code.SelectAttrValue("Value", "") != statusSuccess || assertion == nil || only(assertion, nsSignature, "Signature") == nil {
		return nil
	}
	alone, err := detached(assertion)
	if err != nil {
		return nil
	}
	for _, certificate := range p.certs {
		validation := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
		validation.Clock = dsig.NewFakeClockAt(now)
		if signed, err := validation.Validate(alone); err == nil {
			return signed
		}
	}
	return nil
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
		return invalidAssertion()
	}
	s.subject, s.format = textOf(name), strings.TrimPrefix(name.SelectAttrValue("Format", ""), nameIDPrefix)
	s.recipient = data.SelectAttrValue("Recipient", "")
	end, err := time.Parse(time.RFC3339, data.SelectAttrValue("NotOnOrAfter", ""))
	switch {
	case s.subject == "" || err != nil:
		return invalidAssertion()
	case !now.Before(end):
		return expiredAssertion()
	}
	return nil
}

// requireConditions wants one audience restriction with the audience of the site
// that the recipient belongs to.
func (s *samlSays) requireConditions(conditions *etree.Element, now time.Time) *fault {
	restriction := only(conditions, nsAssertion, "AudienceRestriction")
	if restriction == nil {
		return invalidAssertion()
	}
	ours := slices.ContainsFunc(children(restriction, nsAssertion, "Audience"), func(e *etree.Element) bool {
		recipient, ok := recipients()[textOf(e)]
		return ok && recipient == s.recipient
	})
	if !ours {
		return invalidAssertion()
	}
	if text := conditions.SelectAttrValue("NotBefore", ""); text != "" {
		if begin, err := time.Parse(time.RFC3339, text); err != nil || now.Before(begin) {
			return invalidAssertion()
		}
	}
	if text := conditions.SelectAttrValue("NotOnOrAfter", ""); text != "" {
		end, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return invalidAssertion()
		}
		if !now.Before(end) {
			return expiredAssertion()
		}
	}
	return nil
}

func (s *samlSays) readAttributes(assertion *etree.Element) *fault {
	var sessions []string
	for _, statement := range children(assertion, nsAssertion, "AttributeStatement") {
		for _, attribute := range children(statement, nsAssertion, "Attribute") {
			for _, value := range children(attribute, nsAssertion, "AttributeValue") {
				switch attribute.SelectAttrValue("Name", "") {
				case roleAttribute:
					s.roles = append(s.roles, textOf(value))
				case sessionAttribute:
					sessions = append(sessions, textOf(value))
				}
			}
		}
	}
	if len(sessions) != 1 || !roleSessionName.MatchString(sessions[0]) {
		return refuse(http.StatusBadRequest, "InvalidParameter.RoleSessionName", "The RoleSessionName is invalid.")
	}
	s.session = sessions[0]
	return nil
}

// names answers whether the assertion names the role with this provider, in either
// order.
func (s *samlSays) names(role, provider string) bool {
	return slices.ContainsFunc(s.roles, func(pair string) bool {
		first, second, _ := strings.Cut(pair, ",")
		first, second = strings.TrimSpace(first), strings.TrimSpace(second)
		return first == role && second == provider || first == provider && second == role
	})
}

func textOf(e *etree.Element) string {
	if e == nil {
		return ""
	}
	return strings.TrimSpace(e.Text())
}
