package login

import (
	"context"
	"net/http"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/signin"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// callback takes an identity provider's answer: the walk from a code to a session.
func (p party) callback(r *http.Request) (respond.Outcome, error) {
	a, err := readAnswer(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	record, err := p.host.Named(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	if err := p.requireReady(record); err != nil {
		return respond.Outcome{}, err
	}
	pending, err := p.host.Pending(r, record, a.state)
	if err != nil {
		return respond.Outcome{}, err
	}
	if err := requireIssuer(record, a); err != nil {
		return respond.Outcome{}, err
	}
	if err := a.refused(); err != nil {
		return respond.Outcome{}, signin.Declined(pending, err)
	}
	who, err := p.redeem(r, record, pending, a.code)
	if err != nil {
		return respond.Outcome{}, err
	}
	return p.host.Arrive(r, pending, who)
}

// redeem turns the code into a person, once: the sign-in is used up before the code
// leaves, so that neither a reload of the callback nor the answer of a copied address
// sends it again, and a code that failed has failed.
func (p party) redeem(r *http.Request, record trust.Record, pending session.Pending, code string) (validate.Identity, error) {
	secrets, err := secretsOf(pending, session.BrowserOf(r))
	if err != nil {
		return validate.Identity{}, err
	}
	if err := pending.Use(r.Context(), p.Nonces, p.Now()); err != nil {
		return validate.Identity{}, err
	}
	tokens, err := p.exchange(r.Context(), record, code, secrets.verifier)
	if err != nil {
		return validate.Identity{}, err
	}
	audit.Of(r.Context()).TokenSHA256 = validate.MessageSHA256(tokens.id.Reveal())
	want := validate.TokenWant{Login: true, Nonce: secrets.nonce, AccessToken: tokens.access.Reveal()}
	return p.believe(r.Context(), record, want, tokens)
}

// believe is the one place where a token of a sign-in is judged.
func (p party) believe(ctx context.Context, record trust.Record, want validate.TokenWant, t tokens) (validate.Identity, error) {
	var who validate.Identity
	err := p.Fresh.Try(ctx, record, func(ctx context.Context, record trust.Record) (err error) {
		who, err = p.guard.Token(ctx, record, want, t.id.Reveal())
		return err
	})
	return who, err
}
