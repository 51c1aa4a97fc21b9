package validate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

const (
	formatEntity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
	methodBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer" //nolint:gosec // a URN, no credential
)

func requireVersion(t *trial) error {
	for _, v := range []string{t.message.Response.Version, t.message.Assertion.Version} {
		if v != "2.0" {
			return reason.New(reason.VersionUnsupported, "the version is %.20q, it must be 2.0", v)
		}
	}
	return nil
}

// requireIssuer: the assertion always names its issuer, the response may
// (saml-profiles 4.1.4.2). This is what parts identity providers that share a
// key, or one that signs in another's name.
func requireIssuer(t *trial) error {
	issuers := []samldoc.Issuer{t.message.Assertion.Issuer}
	if outer := t.message.Response.Issuer; outer != (samldoc.Issuer{}) {
		issuers = append(issuers, outer)
	}
	for _, issuer := range issuers {
		if err := t.requireIssuedBy(issuer); err != nil {
			return err
		}
	}
	return nil
}

func (t *trial) requireIssuedBy(issuer samldoc.Issuer) error {
	if issuer.Value != t.record.EntityID() {
		return reason.New(reason.IssuerMismatch, "the issuer is %.300q, the record says %q", issuer.Value, t.record.EntityID())
	}
	if issuer.Format != "" && issuer.Format != formatEntity {
		return reason.New(reason.IssuerMismatch, "the issuer is named in the format %.200q", issuer.Format)
	}
	return nil
}

// requireDestination: a signed response must say where it goes
// (saml-bindings 3.5.5.2), an unsigned one may leave it out, as PingFederate
// does; the signed recipient says it then.
func requireDestination(t *trial) error {
	got := t.message.Response.Destination
	signed, _ := t.document.Signed()
	if got == t.want.ACSURL || got == "" && !signed {
		return nil
	}
	return reason.New(reason.DestinationMismatch, "the destination is %.300q, we are %q", got, t.want.ACSURL)
}

// requireSubject takes the NameID as it is: a blank at its end may make it
// another person's. Blanks alone are nobody.
func requireSubject(t *trial) error {
	if strings.TrimSpace(t.message.Assertion.Subject.NameID) == "" {
		return reason.New(reason.SubjectMissing, "the assertion has no NameID")
	}
	return nil
}

// requireAnswer ties the response to the sign-in under way. Unasked responses
// are taken by the record's consent only, and must not claim to be answers:
// what was stolen from one browser would then fit another (login CSRF).
func requireAnswer(t *trial) error {
	got, want := t.message.Response.InResponseTo, t.want.RequestID
	switch {
	case want == "" && !t.want.AsksNobody && !t.record.AllowIdPInitiated():
		return reason.New(reason.UnsolicitedResponse, "no sign-in is under way, and the record does not allow responses unasked")
	case got != want:
		return reason.New(reason.RequestMismatch, "the response answers %.200q, the sign-in under way is %q", got, want)
	}
	return nil
}

// requireBearer: of several confirmations any one that holds wholly suffices
// (saml-core 2.4.1); others, such as sender-vouches for a proxy, may stand
// beside it.
func requireBearer(t *trial) error {
	refusal := reason.New(reason.ConfirmationMissing, "the subject has no bearer confirmation")
	for i, confirmation := range t.bearers() {
		err := t.holds(confirmation)
		if err == nil {
			return nil
		}
		if i == 0 {
			refusal = err
		}
	}
	return refusal
}

func (t *trial) bearers() []samldoc.Confirmation {
	var list []samldoc.Confirmation
	for _, c := range t.message.Assertion.Subject.Confirmations {
		if c.Method == methodBearer {
			list = append(list, c)
		}
	}
	return list
}

// holds is what saml-profiles 4.1.4.2 demands of a bearer confirmation.
// NotBefore must not be there, says the profile; who sends it all the same, as
// SecureWorks does, is held to it.
func (t *trial) holds(c samldoc.Confirmation) error {
	switch {
	case c.Recipient != t.want.ACSURL:
		return reason.New(reason.RecipientMismatch, "the recipient is %.300q, we are %q", c.Recipient, t.want.ACSURL)
	case c.InResponseTo != t.want.RequestID:
		return reason.New(reason.RequestMismatch, "the confirmation answers %.200q, the sign-in under way is %q", c.InResponseTo, t.want.RequestID)
	case c.NotOnOrAfter.IsZero():
		return reason.New(reason.ConfirmationMissing, "the bearer confirmation has no NotOnOrAfter")
	}
	return t.within("the bearer confirmation", c.NotBefore, c.NotOnOrAfter)
}

// requireKnownConditions: an assertion with a condition that we do not
// understand is neither valid nor invalid (saml-core 2.5.1.1), so not valid.
func requireKnownConditions(t *trial) error {
	if c := t.message.Assertion.Conditions; c != nil && len(c.Unknown) > 0 {
		return reason.New(reason.ConditionUnknown, "the condition %.200q", c.Unknown[0])
	}
	return nil
}

// requireAudience: several restrictions must all hold, of several audiences in
// one any (saml-core 2.5.1.4). None at all means everybody: then whatever
// another service got from the same identity provider would be good here.
func requireAudience(t *trial) error {
	c := t.message.Assertion.Conditions
	if c == nil || len(c.Audiences) == 0 {
		return reason.New(reason.AudienceMismatch, "the assertion is for no audience, we are %q", t.want.EntityID)
	}
	for _, audiences := range c.Audiences {
		if !slices.Contains(audiences, t.want.EntityID) {
			return reason.New(reason.AudienceMismatch, "the audience is %.500s, we are %q", fmt.Sprintf("%q", audiences), t.want.EntityID)
		}
	}
	return nil
}
