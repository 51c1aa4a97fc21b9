package acs

import (
	"net/http"

	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/signin"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// login sends the browser to the identity provider with a signed request, and
// remembers what for.
func (p provider) login(r *http.Request) (respond.Outcome, error) {
	begun, err := p.host.Begin(r, signin.RequireReady)
	if err != nil {
		return respond.Outcome{}, err
	}
	outcome, err := p.send(r, begun)
	return begun.Send(outcome), err
}

// send prefers the redirect; the form is for identity providers that take
// nothing else.
func (p provider) send(r *http.Request, begun signin.Begun) (respond.Outcome, error) {
	record := begun.Record
	request := samldoc.AuthnRequest{
		ID: begun.RequestID, Issuer: p.entityID(record), ACSURL: p.acsURL(record), IssueInstant: p.Now(),
		ForceAuthn: begun.Force, AuthnContexts: begun.ACR,
	}
	own, err := p.Own.Signing(r.Context(), record.ID())
	if err != nil {
		return respond.Outcome{}, err
	}
	if location, ok := record.SSO(trust.BindingRedirect); ok {
		request.Destination = location
		address, err := request.RedirectURL(begun.RelayState, own.Signer)
		return respond.Redirect(address), err
	}
	location, ok := record.SSO(trust.BindingPOST)
	if !ok {
		return respond.Outcome{}, reason.New(reason.MetadataInvalid, "identity provider %q names no place that takes requests by redirect or by form", record.ID())
	}
	request.Destination = location
	form, err := request.PostForm(begun.RelayState, own.Signer, own.Certificates[0])
	if err != nil {
		return respond.Outcome{}, err
	}
	return p.host.Render(r, page.Post{Action: form.Action, Name: record.DisplayName(), Fields: []page.Field{
		{Name: "SAMLRequest", Value: form.SAMLRequest}, {Name: "RelayState", Value: form.RelayState},
	}})
}
