package login

import (
	"context"
	"net/http"
	"slices"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
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
	who, token, err := p.redeem(r, record, pending, a.code)
	if err != nil {
		return respond.Outcome{}, err
	}
	kept, err := p.kept(r.Context(), who, token)
	if err != nil {
		return respond.Outcome{}, err
	}
	return p.host.Arrive(r, record, pending, who, kept)
}

// kept is the token where the rules for these people have an account whose STS is shown
// it, when they take a role there; else nothing is kept of a sign-in but who it was.
func (p party) kept(ctx context.Context, who validate.Identity, token ram.Secret) (session.Token, error) {
	rules, err := p.Rules(ctx, who.IdentityProvider())
	if err != nil {
		return session.Token{}, err
	}
	if !slices.ContainsFunc(rules.Accounts(), func(a federation.Account) bool { return a.TakesTokensOf(who.IdentityProvider()) }) {
		return session.Token{}, nil
	}
	kept := session.NewToken(token.Reveal(), who.TokenEnds())
	audit.Of(ctx).Token = "kept"
	if !kept.Outlasts(p.Now()) {
		audit.Of(ctx).Token = "over"
	}
	return kept, nil
}

// redeem turns the code into a person, once: the sign-in is used up before the code
// leaves, so that neither a reload of the callback nor the answer of a copied address
// sends it again, and a code that failed has failed.
func (p party) redeem(r *http.Request, record trust.Record, pending session.Pending, code string) (validate.Identity, ram.Secret, error) {
	secrets, err := secretsOf(pending, session.BrowserOf(r))
	if err != nil {
		return validate.Identity{}, "", err
	}
	if err := pending.Use(r.Context(), p.Nonces, p.Now()); err != nil {
		return validate.Identity{}, "", err
	}
	tokens, err := p.exchange(r.Context(), record, code, secrets.verifier)
	if err != nil {
		return validate.Identity{}, "", err
	}
	audit.Of(r.Context()).TokenSHA256 = validate.MessageSHA256(tokens.id.Reveal())
	want := validate.TokenWant{Login: true, Nonce: secrets.nonce, AccessToken: tokens.access.Reveal()}
	who, err := p.believe(r.Context(), record, want, tokens)
	return who, tokens.id, err
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
