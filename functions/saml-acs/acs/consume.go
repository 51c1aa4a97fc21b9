package acs

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/signin"
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
	record, err := p.host.Named(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	audit.Of(r.Context()).TokenSHA256 = validate.MessageSHA256(form.message)
	pending, err := p.pending(r, record, form.relayState)
	if err != nil {
		return respond.Outcome{}, err
	}
	var who validate.Identity
	err = p.Fresh.Try(r.Context(), record, func(ctx context.Context, record trust.Record) error {
		return p.opening(ctx, func(guard validate.Guard) (err error) {
			who, err = guard.Response(ctx, record, p.expectation(record, pending), form.message)
			return err
		})
	})
	if err != nil {
		return respond.Outcome{}, signin.Declined(pending, err)
	}
	return p.host.Arrive(r, record, pending, who, session.Token{})
}

// opening asks with the keys at hand that decrypt, and once more where none of them
// does and there are others by now. That a message does not open spends nothing of it.
func (p provider) opening(ctx context.Context, ask func(validate.Guard) error) error {
	guard := p.guard
	guard.Decrypters = p.Own.Decrypters()
	refusal := ask(guard)
	if reason.Of(refusal) != reason.DecryptionFailed {
		return refusal
	}
	newer, err := p.Own.Refresh(ctx, guard.Decrypters)
	if err != nil {
		return err
	}
	if !newer {
		return refusal
	}
	guard.Decrypters = p.Own.Decrypters()
	return ask(guard)
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
	return p.host.Pending(r, record, relayState)
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
