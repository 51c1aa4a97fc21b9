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
	form, err := readForm(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	record, err := p.record(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	audit.Of(r.Context()).TokenSHA256 = validate.MessageSHA256(form.response)
	pending, err := p.pending(r, record, form.relayState)
	if err != nil {
		return respond.Outcome{}, err
	}
	who, err := p.guard.Response(r.Context(), record, p.expectation(record, pending), form.response)
	if err != nil {
		return respond.Outcome{}, err
	}
	audit.Of(r.Context()).Subject = who.Subject()
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
// A response that nobody asked for must not replace another person's session
// unasked, but a browser hides the SameSite=Lax cookie of that session on an
// identity provider's post. So such a session comes under a name of its own, and
// the portal, which sees both, takes it or asks.
func arrive(r *http.Request, begun session.Session, pending session.Pending) (respond.Outcome, error) {
	if pending.RequestID == "" {
		cookie := begun.Cookie()
		if fromElsewhere(r) || session.CookieOf(r, session.SessionCookie) != "" {
			cookie = begun.ArrivalCookie()
		}
		return respond.SeeOther("/").WithCookie(cookie), nil
	}
	target, err := session.Target(pending.To)
	if err != nil {
		return respond.Outcome{}, err
	}
	if pending.Direct && target != "/" {
		target, err = begun.Ticketed(target)
	}
	return respond.SeeOther(target).WithCookie(begun.Cookie()), err
}

// fromElsewhere says whether a page posted this, so that our cookies may be
// hidden: every browser names the page's origin with a post.
func fromElsewhere(r *http.Request) bool { return r.Header.Get("Origin") != "" }

type answer struct{ response, relayState string }

// readForm does the checks that cost nothing. Only the body counts, so that an
// address cannot add a field to a form.
func readForm(r *http.Request) (answer, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return answer{}, reason.New(reason.RequestMalformed, "content type %q, not a form", r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return answer{}, reason.New(reason.RequestTooLarge, "the form is larger than %d bytes", maxBody)
	}
	if err != nil {
		return answer{}, reason.New(reason.RequestMalformed, "the form could not be read: %w", err)
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return answer{}, reason.New(reason.RequestMalformed, "the form is not URL encoded: %w", err)
	}
	return fieldsOf(fields)
}

func fieldsOf(fields url.Values) (answer, error) {
	responses, relayStates := fields["SAMLResponse"], fields["RelayState"]
	switch {
	case fields.Has("SAMLart"):
		return answer{}, reason.New(reason.RequestMalformed, "the artifact binding is not spoken: set the identity provider to HTTP-POST")
	case len(responses) != 1 || responses[0] == "":
		return answer{}, reason.New(reason.RequestMalformed, "the form has SAMLResponse %d times, once is wanted", len(responses))
	case len(relayStates) > 1:
		return answer{}, reason.New(reason.RequestMalformed, "the form has RelayState %d times", len(relayStates))
	}
	a := answer{response: responses[0], relayState: fields.Get("RelayState")}
	if len(a.relayState) > maxRelayState {
		return answer{}, reason.New(reason.RequestMalformed, "RelayState has %d bytes, at most %d are allowed", len(a.relayState), maxRelayState)
	}
	return a, nil
}
