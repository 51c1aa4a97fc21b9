package signin

import (
	"context"
	"net/http"

	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Begun is a sign-in on its way to the identity provider.
type Begun struct {
	session.Pending

	Record  trust.Record
	Browser session.Browser
	Force   bool // the identity provider must ask anew who it is
}

// Send gives what leads to the identity provider the browser's cookie.
func (b Begun) Send(outcome respond.Outcome) respond.Outcome {
	return outcome.WithCookie(b.Browser.Through(b.Record.ID()).Cookie())
}

// Begin notes what a browser goes to sign in for. ready is what else the protocol
// needs of a record before it sends anybody there.
func (h Host) Begin(r *http.Request, ready func(trust.Record) error) (Begun, error) {
	target, err := session.Target(r.URL.Query().Get("to"))
	if err != nil {
		return Begun{}, err
	}
	record, err := h.Named(r)
	if err != nil {
		return Begun{}, err
	}
	err = h.Fresh.Try(r.Context(), record, func(_ context.Context, newer trust.Record) error {
		record = newer
		return ready(record)
	})
	if err != nil {
		return Begun{}, err
	}
	step, err := h.stepUp(r, record)
	if err != nil {
		return Begun{}, err
	}
	step.StepUp = asks(step.StepUp, target)
	browser, err := h.browser(r)
	if err != nil {
		return Begun{}, err
	}
	wish := session.Wish{IdP: record.ID(), To: target, Direct: ownWish(r), ACR: step.ACR, MaxAge: step.MaxAge, Token: step.token}
	pending, err := h.Keeper.Expect(r.Context(), wish, browser)
	return Begun{pending, record, browser, step.Force}, err
}

// browser keeps the ID that the browser has: several tabs may be on their way.
func (h Host) browser(r *http.Request) (session.Browser, error) {
	if b := session.BrowserOf(r); !b.IsZero() {
		return b, nil
	}
	return session.NewBrowser(h.Keeper.Rand)
}

// ownWish says whether the person asked for this sign-in on our pages or by a
// bookmark; a foreign page's link is not their wish. A browser too old to say
// gets a question more.
func ownWish(r *http.Request) bool {
	site := r.Header.Get("Sec-Fetch-Site")
	return site == "none" || site == "same-origin"
}
