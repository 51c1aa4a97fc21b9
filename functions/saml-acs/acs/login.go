package acs

import (
	"net/http"

	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// login sends the browser to the identity provider with a signed request, and
// remembers what for.
func (p provider) login(r *http.Request) (respond.Outcome, error) {
	target, err := session.Target(r.URL.Query().Get("to"))
	if err != nil {
		return respond.Outcome{}, err
	}
	record, err := p.record(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	if err := requireReady(record); err != nil {
		return respond.Outcome{}, err
	}
	step, err := p.stepUp(r, record)
	if err != nil {
		return respond.Outcome{}, err
	}
	browser, err := p.browser(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	wish := session.Wish{IdP: record.ID(), To: target, Direct: ownWish(r), ACR: step.ACR, MaxAge: step.MaxAge}
	pending, err := p.keeper.Expect(r.Context(), wish, browser)
	if err != nil {
		return respond.Outcome{}, err
	}
	outcome, err := p.send(r, record, pending, step.Force)
	return outcome.WithCookie(browser.Through(record.ID()).Cookie()), err
}

// requireReady refuses early what the guard would refuse on the way back.
func requireReady(record trust.Record) error {
	switch {
	case record.Suspended():
		return reason.New(reason.IdPSuspended, "identity provider %q is suspended", record.ID())
	case record.Pending():
		return reason.New(reason.KeysUnavailable, "identity provider %q has no keys yet", record.ID())
	default:
		return nil
	}
}

// browser keeps the ID that the browser has: several tabs may be on their way.
func (p provider) browser(r *http.Request) (session.Browser, error) {
	if b := session.BrowserOf(r); !b.IsZero() {
		return b, nil
	}
	return session.NewBrowser(p.Random)
}

// ownWish says whether the person asked for this sign-in on our pages or by a
// bookmark; a foreign page's link is not their wish. A browser too old to say
// gets a question more.
func ownWish(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "none" || site == "same-origin"
}

// send prefers the redirect; the form is for identity providers that take
// nothing else.
func (p provider) send(r *http.Request, record trust.Record, pending session.Pending, force bool) (respond.Outcome, error) {
	request := samldoc.AuthnRequest{
		ID: pending.RequestID, Issuer: p.entityID(record), ACSURL: p.acsURL(record), IssueInstant: p.Now(),
		ForceAuthn: force, AuthnContexts: pending.ACR,
	}
	if location, ok := record.SSO(trust.BindingRedirect); ok {
		request.Destination = location
		address, err := request.RedirectURL(pending.RelayState, p.Key)
		return respond.Redirect(address), err
	}
	location, ok := record.SSO(trust.BindingPOST)
	if !ok {
		return respond.Outcome{}, reason.New(reason.MetadataInvalid, "identity provider %q names no place that takes requests by redirect or by form", record.ID())
	}
	request.Destination = location
	form, err := request.PostForm(pending.RelayState, p.Key, p.Certificate)
	if err != nil {
		return respond.Outcome{}, err
	}
	return p.render(r, page.Post{Action: form.Action, Name: record.DisplayName(), Fields: []page.Field{
		{Name: "SAMLRequest", Value: form.SAMLRequest}, {Name: "RelayState", Value: form.RelayState},
	}})
}
