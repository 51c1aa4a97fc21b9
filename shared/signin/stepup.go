package signin

import (
	"net/http"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// wanted is what a sign-in is to bring: a better proof of who it is, or an ID token that
// STS can be shown, since that of the sign-in before is over.
type wanted struct {
	mapping.StepUp

	token bool
}

// stepUp is what the identity provider is to be asked for, where somebody who is
// signed in comes for a role, or to be the RAM user of an account, that their sign-in is
// not enough for. The query names the role, or the account by its number, alone: what is
// needed its rule says, by the same decision that the portal takes. Whoever has no
// session, or one of another identity provider, signs in as always; the portal then sees
// what is missing.
func (h Host) stepUp(r *http.Request, record trust.Record) (wanted, error) {
	text := r.URL.Query().Get("stepup")
	if text == "" {
		return wanted{}, nil
	}
	take, err := taker(text)
	if err != nil {
		return wanted{}, err
	}
	who, err := h.signedIn(r)
	if err != nil || who.IdentityProvider() != record.ID() {
		return wanted{}, err
	}
	rev, err := h.Rules(r.Context(), record.ID())
	if err != nil {
		return wanted{}, err
	}
	step, err := take(rev, who, mapping.Context{Now: h.Keeper.Now(), SourceIP: h.SourceIP(r.Context())})
	if err != nil && reason.Of(err) != reason.StepUpNeeded {
		return wanted{}, nil // not to be had by signing in
	}
	audit.Of(r.Context()).StepUp = step.Rule
	return step, nil
}

// taker reads what is to be taken. What is granted already wants nothing more, but for a
// role whose account's STS is shown the token.
func taker(text string) (func(federation.Revision, validate.Identity, mapping.Context) (wanted, error), error) {
	if account, err := ram.ParseAccountID(text); err == nil {
		return func(rev federation.Revision, who validate.Identity, at mapping.Context) (wanted, error) {
			taking, err := mapping.TakeUser(rev, who, at, account)
			return wanted{StepUp: taking.StepUp}, err
		}, nil
	}
	role, err := ram.ParseRoleARN(text)
	if err != nil {
		return nil, reason.New(reason.RequestMalformed, "stepup is neither an account's number nor a role: %w", err)
	}
	return func(rev federation.Revision, who validate.Identity, at mapping.Context) (wanted, error) {
		taking, err := mapping.Take(rev, who, at, role)
		if !taking.Grant.Account().TakesTokensOf(who.IdentityProvider()) {
			return wanted{StepUp: taking.StepUp}, err
		}
		return wanted{mapping.StepUp{Rule: taking.Grant.Rule()}, true}, err
	}, nil
}

// asks is what a sign-in is begun with: what a step-up needs and, where its target
// answers a request that wants the person to sign in anew, that.
func asks(step mapping.StepUp, target string) mapping.StepUp {
	if _, fresh := session.FreshSince(target); !fresh {
		return step
	}
	step.Force = true
	if step.MaxAge == 0 || step.MaxAge > session.FreshFor {
		step.MaxAge = session.FreshFor
	}
	return step
}

// signedIn is whose session the browser has, nobody where it has none.
func (h Host) signedIn(r *http.Request) (validate.Identity, error) {
	cookie := session.CookieOf(r, session.SessionCookie)
	if cookie == "" {
		return validate.Identity{}, nil
	}
	who, err := h.Keeper.Identity(r.Context(), cookie)
	if reason.Of(err) == reason.SessionMissing {
		return validate.Identity{}, nil
	}
	return who, err
}

// demand is what this sign-in was begun to prove.
func demand(pending session.Pending) mapping.Demand {
	return mapping.Demand{ACR: pending.ACR, MaxAge: pending.MaxAge}
}

// stepUpError is a sign-in that does not prove what it was begun for.
type stepUpError struct {
	error

	proof page.Proof
}

func (e stepUpError) Unwrap() error { return e.error }

// requireAsked ends here what would go round in circles: an identity provider
// that does not do what it was asked for would be asked again by the portal.
func (h Host) requireAsked(pending session.Pending, who validate.Identity, token session.Token) error {
	d := demand(pending)
	lacks := d.Unmet(who, h.Keeper.Now())
	if lacks == "" {
		return h.requireToken(pending, who, token)
	}
	return stepUpError{
		reason.New(reason.StepUpFailed, "%s", lacks),
		page.Proof{Classes: d.ACR, MaxAge: d.MaxAge, Class: who.AuthnContext(), At: who.AuthenticatedAt()},
	}
}

// requireToken likewise: an identity provider whose tokens are over as soon as they are
// here would be asked for one after the other.
func (h Host) requireToken(pending session.Pending, who validate.Identity, token session.Token) error {
	now := h.Keeper.Now()
	if !pending.Token || token.IsZero() || token.Outlasts(now.Add(session.TokenComes)) {
		return nil
	}
	return stepUpError{
		error: reason.New(reason.ProofOver, "the ID token of a sign-in that was begun for it is over at %s, %s from now; %s are needed", who.TokenEnds().Format(time.RFC3339), who.TokenEnds().Sub(now).Truncate(time.Second), session.TokenComes),
	}
}

// Declined explains a refusal by the identity provider itself: one that cannot sign
// somebody in as it was asked says so (SAML by the status NoAuthnContext, saml-core
// 3.2.2.2; OpenID Connect by an error code), and the sign-in that was is none the
// worse for it; nor is it where the person would rather not.
func Declined(pending session.Pending, err error) error {
	d := demand(pending)
	switch code := reason.Of(err); {
	case d.IsZero() && !pending.Token:
		return err
	case code == reason.SignInDeclined:
		return stepUpError{err, page.Proof{}}
	case code != reason.StatusNotSuccess || d.IsZero():
		return err
	}
	return stepUpError{
		reason.New(reason.StepUpFailed, "asked for one of %q, not older than %s: %w", d.ACR, d.MaxAge, err),
		page.Proof{Classes: d.ACR, MaxAge: d.MaxAge},
	}
}
