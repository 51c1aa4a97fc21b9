package validate

import (
	"context"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Logout is an identity provider's word, verifiably and just now, that a person
// has signed out. Its only maker is [Guard.Logout]; the zero value is nobody's.
type Logout struct {
	identityProvider, subject, requestID string
}

// IsZero says that nobody signed out.
func (l Logout) IsZero() bool { return l.subject == "" || l.identityProvider == "" }

// IdentityProvider is the ID of the trust record.
func (l Logout) IdentityProvider() string { return l.identityProvider }

// Subject is the NameID, as [Identity.Subject] has it.
func (l Logout) Subject() string { return l.subject }

// RequestID is what the answer answers.
func (l Logout) RequestID() string { return l.requestID }

const kindLogout = "saml-logout"

// Logout judges the form field SAMLRequest that arrived at the single logout
// service of this URL (saml-profiles 4.4.4.1).
func (g Guard) Logout(ctx context.Context, record trust.Record, service, encoded string) (Logout, error) {
	t, err := g.trial(record, Expectation{EntityID: service, ACSURL: service}, encoded)
	if err != nil {
		return Logout{}, err
	}
	l := &logoutTrial{trial: t, service: service}
	if err := judge(ctx, l, logoutChecks(), g.Nonces); err != nil {
		return Logout{}, err
	}
	return Logout{record.ID(), l.request.NameID, l.request.ID}, nil
}

// LogoutChecks lists what a logout request must pass, in order.
func LogoutChecks() []Check { return listed(logoutChecks()) }

// logoutTrial is one request on its way through the checks.
type logoutTrial struct {
	*trial
	service  string
	document *samldoc.Logout
	request  samldoc.LogoutRequest // read from what the signature covers
}

// logoutChecks is the table: nothing of the request is read before its signature
// holds, and what can be used once is used up last.
func logoutChecks() []check[*logoutTrial] {
	return []check[*logoutTrial]{
		{1, "the record is active and has keys", 0, func(l *logoutTrial) error { return requireRecord(l.trial) }},
		{2, "the field holds a logout request of one meaning, in base64, within limits", 0, requireLogoutDocument},
		{3, "its signature covers the whole of it, by an allowed algorithm", 0, requireLogoutSigned},
		{4, "a certificate of the record verifies the signature", 0, requireLogoutVerified},
		{5, "it is SAML 2.0", verified, requireLogoutVersion},
		{6, "the issuer is the record's entity ID", verified, requireLogoutIssuer},
		{7, "the destination is our single logout service", verified, requireLogoutDestination},
		{8, "it was issued just now, and has not expired", verified, requireLogoutInTime},
		{9, "it names one person", verified, requireLogoutSubject},
		{10, "it was not used before", verified | live, requireLogoutFirst},
	}
}

func requireLogoutDocument(l *logoutTrial) error {
	xml, err := samldoc.DecodePOST(l.encoded)
	if err != nil {
		return err
	}
	l.document, err = samldoc.ParseLogout(xml)
	return err
}

func requireLogoutSigned(l *logoutTrial) error { return l.document.CheckSignature(l.policy()) }

func requireLogoutVerified(l *logoutTrial) (err error) {
	if l.request, err = l.document.Verify(l.record.Certificates(l.now), l.policy()); err != nil {
		return err
	}
	l.has |= verified
	return nil
}

func requireLogoutVersion(l *logoutTrial) error {
	if l.request.Version != "2.0" {
		return reason.New(reason.VersionUnsupported, "the version is %.20q, it must be 2.0", l.request.Version)
	}
	return nil
}

func requireLogoutIssuer(l *logoutTrial) error { return l.requireIssuedBy(l.request.Issuer) }

// requireLogoutDestination: the request is signed, so it must say where it goes
// (saml-bindings 3.5.5.2); what was meant for another service ends nothing here.
func requireLogoutDestination(l *logoutTrial) error {
	if l.request.Destination == l.service {
		return nil
	}
	return reason.New(reason.DestinationMismatch, "the destination is %.300q, we are %q", l.request.Destination, l.service)
}

func requireLogoutInTime(l *logoutTrial) error {
	if err := l.notAhead("the logout request", "is issued", l.request.IssueInstant); err != nil {
		return err
	}
	if age := l.now.Sub(l.request.IssueInstant); age > oldestResponse+l.skew {
		return reason.New(reason.Expired, "the logout request was issued %s ago (%s), at most %s and %s are allowed",
			ago(age), stamp(l.request.IssueInstant), oldestResponse, l.skew)
	}
	return l.within("the logout request", time.Time{}, l.request.NotOnOrAfter)
}

// requireLogoutSubject: whom an EncryptedID hides cannot be signed out.
func requireLogoutSubject(l *logoutTrial) error {
	if l.request.NameID == "" {
		return reason.New(reason.SubjectMissing, "the logout request has no readable NameID")
	}
	return nil
}

// requireLogoutFirst remembers the request for as long as its age would be taken.
func requireLogoutFirst(l *logoutTrial) error {
	expires := l.request.IssueInstant.Add(oldestResponse + l.skew)
	return l.spend(nonceKey(kindLogout, l.record.EntityID(), l.request.ID), expires)
}
