package acs

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Limits of what is posted: the body with everything, and RelayState
// (saml-bindings 3.5.3).
const (
	maxBody       = 768 << 10
	maxRelayState = 80
)

// acs takes an identity provider's answer: the walk from a post to a session.
func (p provider) acs(r *http.Request) (respond.Outcome, error) {
	form, err := readForm(r, "SAMLResponse")
	if err != nil {
		return respond.Outcome{}, err
	}
	record, err := p.record(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	audit.Of(r.Context()).TokenSHA256 = validate.MessageSHA256(form.message)
	pending, err := p.pending(r, record, form.relayState)
	if err != nil {
		return respond.Outcome{}, err
	}
	who, err := p.guard.Response(r.Context(), record, p.expectation(record, pending), form.message)
	if err != nil {
		return respond.Outcome{}, asked(pending, err)
	}
	audit.Of(r.Context()).Subject = who.Subject()
	if err := p.requireAsked(pending, who); err != nil {
		return respond.Outcome{}, err
	}
	begun, err := p.keeper.Begin(r.Context(), who)
	if err != nil {
		return respond.Outcome{}, err
	}
	return arrive(r, begun, pending)
}

func (p provider) expectation(record trust.Record, pending session.Pending) validate.Expectation {
	return validate.Expectation{EntityID: p.entityID(record), ACSURL: p.acsURL(record), RequestID: pending.RequestID}
}

// pending is the sign-in that the response answers; the zero value where nobody
// asked, which the guard then judges. A RelayState that is not ours belongs to
// the identity provider and means nothing here: it leads nowhere.
func (p provider) pending(r *http.Request, record trust.Record, relayState string) (session.Pending, error) {
	if !session.IsRelayState(relayState) {
		return session.Pending{}, nil
	}
	pending, err := p.keeper.Pending(r.Context(), relayState, session.BrowserOf(r))
	if err != nil {
		return session.Pending{}, err
	}
	if pending.IdP != record.ID() {
		return session.Pending{}, reason.New(reason.RequestMismatch, "the sign-in was begun at %q, the answer came to the address of %q", pending.IdP, record.ID())
	}
	return pending, nil
}

// arrive ends the walk: the session's cookie, and on to what it was begun for.
//
// A response that nobody here wished for, unsolicited or fetched by a foreign
// page's link to our login, must not replace another person's session unasked:
// that page may have signed the browser in as somebody else at the identity
// provider first. But a browser hides the SameSite=Lax cookie of that session on
// an identity provider's post. So such a session comes under a name of its own,
// and the portal, which sees both, takes it or asks.
func arrive(r *http.Request, begun session.Session, pending session.Pending) (respond.Outcome, error) {
	cookie := begun.Cookie()
	if !pending.Direct && mayReplace(r) {
		cookie = begun.ArrivalCookie()
	}
	target, err := session.Target(pending.To)
	if err != nil {
		return respond.Outcome{}, err
	}
	if pending.Direct && target != "/" {
		target, err = begun.Ticketed(target)
	}
	return respond.SeeOther(target).WithCookie(cookie), err
}

// mayReplace says whether the browser has a session, or may: where a page of
// another site posted this our cookies are hidden. Every browser names the page's
// origin with a post.
func mayReplace(r *http.Request) bool {
	return r.Header.Get("Origin") != "" || session.CookieOf(r, session.SessionCookie) != ""
}

// posted is what the HTTP-POST binding carries (saml-bindings 3.5.4).
type posted struct{ message, relayState string }

// readForm does the checks that cost nothing. Only the body counts, so that an
// address cannot add a field to a form.
func readForm(r *http.Request, field string) (posted, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return posted{}, reason.New(reason.RequestMalformed, "content type %q, not a form", r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return posted{}, reason.New(reason.RequestTooLarge, "the form is larger than %d bytes", maxBody)
	}
	if err != nil {
		return posted{}, reason.New(reason.RequestMalformed, "the form could not be read: %w", err)
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return posted{}, reason.New(reason.RequestMalformed, "the form is not URL encoded: %w", err)
	}
	return fieldsOf(fields, field)
}

func fieldsOf(fields url.Values, field string) (posted, error) {
	messages, relayStates := fields[field], fields["RelayState"]
	switch {
	case fields.Has("SAMLart"):
		return posted{}, reason.New(reason.RequestMalformed, "the artifact binding is not spoken: set the identity provider to HTTP-POST")
	case len(messages) != 1 || messages[0] == "":
		return posted{}, reason.New(reason.RequestMalformed, "the form has %s %d times, once is wanted", field, len(messages))
	case len(relayStates) > 1:
		return posted{}, reason.New(reason.RequestMalformed, "the form has RelayState %d times", len(relayStates))
	}
	a := posted{message: messages[0], relayState: fields.Get("RelayState")}
	if len(a.relayState) > maxRelayState {
		return posted{}, reason.New(reason.RequestMalformed, "RelayState has %d bytes, at most %d are allowed", len(a.relayState), maxRelayState)
	}
	return a, nil
}
