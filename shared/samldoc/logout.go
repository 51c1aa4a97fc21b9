package samldoc

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Logout is a logout request of which we know the one meaning, but not yet
// whether anybody signed it.
type Logout struct {
	document Document
	claimed  LogoutRequest
}

// LogoutRequest says that a person has signed out elsewhere (saml-core 3.7.1).
type LogoutRequest struct {
	ID, Version                string
	IssueInstant, NotOnOrAfter time.Time
	Destination                string
	Issuer                     Issuer
	NameID, NameIDFormat       string // "": encrypted, or nobody
	SessionIndexes             []string
}

// ParseLogout reads a logout request as strictly as [Parse] reads a response.
func ParseLogout(xml []byte) (*Logout, error) {
	root, tree, err := readProtocol(xml, "LogoutRequest")
	if err != nil {
		return nil, err
	}
	claimed, err := readLogout(root)
	if err != nil {
		return nil, err
	}
	return &Logout{document: Document{root: root, tree: tree}, claimed: claimed}, nil
}

// Claimed returns what the request says, whoever wrote it.
func (l *Logout) Claimed() LogoutRequest { return l.claimed }

// CheckSignature refuses a request without a signature, or with one of another
// form than that of a response.
func (l *Logout) CheckSignature(policy Policy) error {
	if signatureOf(l.document.root) == nil {
		return reason.New(reason.SignatureMissing, "the logout request is not signed")
	}
	return checkSignature(l.document.root, policy)
}

// Verify returns the request if one of keys signed it.
func (l *Logout) Verify(keys []*x509.Certificate, policy Policy) (LogoutRequest, error) {
	if err := l.CheckSignature(policy); err != nil {
		return LogoutRequest{}, err
	}
	verified, _, err := l.document.verify(l.document.root, keys, policy)
	if err != nil {
		return LogoutRequest{}, err
	}
	return readLogout(verified)
}

func readLogout(e *element) (LogoutRequest, error) {
	var r reader
	request := LogoutRequest{
		ID:           r.required(e, "ID"),
		Version:      e.attribute("Version"),
		IssueInstant: r.requiredTime(e, "IssueInstant"),
		NotOnOrAfter: r.time(e, "NotOnOrAfter"),
		Destination:  e.attribute("Destination"),
		Issuer:       r.issuer(e),
	}
	if id := e.one(nsAssertion, "NameID"); id != nil {
		request.NameID, request.NameIDFormat = r.text(id), id.attribute("Format")
	}
	for _, index := range e.all(nsProtocol, "SessionIndex") {
		request.SessionIndexes = append(request.SessionIndexes, r.text(index))
	}
	return request, r.err
}

// LogoutResponse answers a logout request: the person has no session here any
// more (saml-core 3.7.2).
type LogoutResponse struct {
	ID           string // a fresh XML name
	Destination  string // the identity provider's single logout service
	Issuer       string // our entity ID
	InResponseTo string
	IssueInstant time.Time
}

// LogoutForm holds the fields to be posted to Action.
type LogoutForm struct {
	Action, SAMLResponse, RelayState string
}

// PostForm writes the answer for the HTTP-POST binding, signed inside the
// document as saml-profiles 4.4.4.2 demands. RelayState goes back as it came.
func (r LogoutResponse) PostForm(relayState string, key crypto.Signer, certificate *x509.Certificate) (LogoutForm, error) {
	switch {
	case r.ID == "" || r.Destination == "" || r.Issuer == "" || r.InResponseTo == "" || r.IssueInstant.IsZero():
		return LogoutForm{}, errors.New("samldoc: the logout response lacks a field")
	case len(relayState) > mostRelayState:
		return LogoutForm{}, errors.New("samldoc: RelayState is too long")
	}
	if err := requireRSA(key); err != nil {
		return LogoutForm{}, err
	}
	response := r.element()
	if err := sign(response, key, certificate); err != nil {
		return LogoutForm{}, err
	}
	xml, err := serialize(response)
	if err != nil {
		return LogoutForm{}, err
	}
	return LogoutForm{Action: r.Destination, SAMLResponse: base64.StdEncoding.EncodeToString(xml), RelayState: relayState}, nil
}

func (r LogoutResponse) element() *etree.Element {
	response := etree.NewElement("samlp:LogoutResponse")
	response.CreateAttr("xmlns:samlp", nsProtocol)
	response.CreateAttr("xmlns:saml", nsAssertion)
	response.CreateAttr("ID", r.ID)
	response.CreateAttr("InResponseTo", r.InResponseTo)
	response.CreateAttr("Version", "2.0")
	response.CreateAttr("IssueInstant", r.IssueInstant.UTC().Format(instant))
	response.CreateAttr("Destination", r.Destination)
	response.CreateElement("saml:Issuer").SetText(r.Issuer)
	status := response.CreateElement("samlp:Status").CreateElement("samlp:StatusCode")
	status.CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Success")
	return response
}
