// Package signin is what a sign-in is in every protocol: how it begins here, what
// it was begun for, and how a person arrives from it.
//
// In: a browser that wants to sign in, and later the identity that the guard made
// of what that browser brought back. Out: a sign-in under way, which for a role
// that needs more than the session at hand asks for just that; then a session and
// the way on. Refused: identity providers that are unknown, suspended or without
// keys, people who have left, sign-ins that this browser did not begin or that do not
// prove what they were begun for. What is sent to an identity provider, and whether its answer is
// believed, is each protocol's own.
package signin

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/netip"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Host receives people of one protocol. All fields are needed.
type Host struct {
	Kind   trust.Kind // the protocol: who speaks another is unknown here
	Pages  *page.Pages
	Keeper session.Keeper

	Record   func(ctx context.Context, idp string) (trust.Record, error)        // idp_unknown where there is none
	Rules    func(ctx context.Context, idp string) (federation.Revision, error) // those for its people; they say what a step-up asks for
	SourceIP func(context.Context) netip.Addr
	Fresh    freshness.Keeper
	People   People
}

// Named is the record that the path names: never the message's.
func (h Host) Named(r *http.Request) (trust.Record, error) {
	record, err := h.Record(r.Context(), r.PathValue("idp"))
	if err != nil {
		return trust.Record{}, err
	}
	if record.Kind() != h.Kind {
		return trust.Record{}, reason.New(reason.IdPUnknown, "identity provider %q does not speak %s", record.ID(), h.Kind)
	}
	decision := audit.Of(r.Context())
	decision.Record, decision.Revision = record.ID(), record.Revision()
	decision.Issuer = cmp.Or(record.EntityID(), record.OIDC().Issuer)
	return record, nil
}

// RequireReady refuses early what the guard would refuse on the way back.
func RequireReady(record trust.Record) error {
	switch {
	case record.Suspended():
		return reason.New(reason.IdPSuspended, "identity provider %q is suspended", record.ID())
	case record.Pending():
		return reason.New(reason.KeysUnavailable, "identity provider %q has no keys yet", record.ID())
	default:
		return nil
	}
}

// Pending is the sign-in of a RelayState, or state, that this browser brings back.
// The path's record, whose answer it is to be, must be the one that it was begun
// with.
func (h Host) Pending(r *http.Request, record trust.Record, relayState string) (session.Pending, error) {
	pending, err := h.Keeper.Pending(r.Context(), relayState, session.BrowserOf(r))
	if err != nil {
		return session.Pending{}, err
	}
	if pending.IdP != record.ID() {
		return session.Pending{}, reason.New(reason.RequestMismatch, "the sign-in was begun at %q, the answer came to the address of %q", pending.IdP, record.ID())
	}
	return pending, nil
}

// Refuse is the page of a refusal. What ended a step-up alone leaves the session
// that was as good as before.
func (h Host) Refuse(r *http.Request, refusal respond.Refusal) (respond.Outcome, error) {
	view := page.Refusal{
		Code: refusal.Code, Reference: refusal.Reference, At: refusal.At, SignIn: true, Retry: "/",
	}
	if refusal.Code == reason.PersonLeft {
		view.Retry = "" // it would end here again
	}
	if failed, ok := errors.AsType[stepUpError](refusal.Err); ok {
		view.SignIn, view.Proof = false, failed.proof
	}
	return h.Render(r, view)
}

// Render is a page.
func (h Host) Render(r *http.Request, v page.View) (respond.Outcome, error) {
	rendered, err := h.Pages.Render(r, h.Keeper.Now(), v)
	if err != nil {
		return respond.Outcome{}, err
	}
	return respond.Page(rendered.Header, rendered.Body), nil
}
