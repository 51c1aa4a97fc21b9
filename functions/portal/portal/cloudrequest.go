package portal

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/session"
)

const (
	// deflate is the one encoding of the HTTP-Redirect binding (saml-bindings 3.4.4.1).
	deflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"

	// mostRelay counts a RelayState as it travels, escaped: a sign-in carries it on
	// within our own address, and that within another.
	mostRelay = 1800
)

// askedByGet takes Alibaba Cloud's request from an address.
func (p portal) askedByGet(r *http.Request) (respond.Outcome, error) {
	fields, err := once(r.URL.RawQuery)
	if err != nil {
		return respond.Outcome{}, err
	}
	if encoding := fields.Get("SAMLEncoding"); fields.Has("SAMLEncoding") && encoding != deflate {
		return respond.Outcome{}, reason.New(reason.RequestMalformed, "SAMLEncoding is %.80q, %s is the only one", encoding, deflate)
	}
	xml, err := samldoc.DecodeRedirect(fields.Get("SAMLRequest"))
	if err != nil {
		return respond.Outcome{}, err
	}
	return p.asked(r, xml, fields.Get("RelayState"))
}

// askedByPost takes it from a form, which another site's page sent: with it the browser
// does not show us who is signed in, and none of it is believed.
func (p portal) askedByPost(r *http.Request) (respond.Outcome, error) {
	if r.URL.RawQuery != "" {
		return respond.Outcome{}, reason.New(reason.RequestMalformed, "the form's address has a query")
	}
	body, err := formBody(r, samldoc.MostRequestForm)
	if err != nil {
		return respond.Outcome{}, err
	}
	fields, err := once(body)
	if err != nil {
		return respond.Outcome{}, err
	}
	xml, err := samldoc.DecodePOST(fields.Get("SAMLRequest"))
	if err != nil {
		return respond.Outcome{}, err
	}
	return p.asked(r, xml, fields.Get("RelayState"))
}

// asked leads a request of the account's own user-based SSO to where all sign-ins as its
// users begin. Nothing is kept of it, and no cookie set: the address has all of it.
func (p portal) asked(r *http.Request, xml []byte, relay string) (respond.Outcome, error) {
	sum := sha256.Sum256(xml)
	audit.Of(r.Context()).TokenSHA256 = hex.EncodeToString(sum[:])
	_, part, err := p.userAccount(r, r.PathValue("account"))
	if err != nil {
		return respond.Outcome{}, err
	}
	request, err := p.ours(part.Account()).ReadRequest(xml)
	if err != nil {
		return respond.Outcome{}, err
	}
	if len(url.QueryEscape(relay)) > mostRelay {
		return respond.Outcome{}, reason.New(reason.RequestTooLarge, "RelayState has %d bytes, escaped, at most %d", len(url.QueryEscape(relay)), mostRelay)
	}
	start := session.Start{Account: part.Account().ID().String(), Request: request.ID(), Relay: relay}
	if request.ForceAuthn() {
		start.Fresh = p.Now()
	}
	target, err := session.Target(start.Path())
	if err != nil {
		return respond.Outcome{}, reason.New(reason.MessageMalformed, "the request's ID: %w", err)
	}
	audit.Of(r.Context()).AuthnRequest = request.ID() // which is as short now as its address
	if request.IsPassive() {
		target += "&" + passiveParam + "=" + passiveYes
	}
	return respond.SeeOther(target), nil
}

// userAccount is the account of this number, if people become its users.
func (p portal) userAccount(r *http.Request, number string) (Reading, federation.AccountPart, error) {
	reading, err := p.Trust(r.Context())
	if err != nil {
		return nil, federation.AccountPart{}, err
	}
	part, err := reading.Account(r.Context(), number)
	if err != nil {
		return nil, federation.AccountPart{}, err
	}
	if _, users := part.Account().UserSSO(); !users {
		return nil, federation.AccountPart{}, reason.New(reason.AccountUnknown, "account %s has no userSSO", part.Account().ID())
	}
	return reading, part, nil
}
