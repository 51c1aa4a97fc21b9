package issue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

const (
	withOIDC = "AssumeRoleWithOIDC"
	withSAML = "AssumeRoleWithSAML"
)

// Proof is what a caller brought to be granted a role, as it came: STS can judge it
// once more. It prints as [redacted].
type Proof struct {
	idp    string
	action string
	field  string // the parameter that it travels in
	text   ram.Secret
}

// Format hides the proof from every verb.
func (p Proof) Format(f fmt.State, _ rune) { p.text.Format(f, 's') }

// LogValue hides the proof from slog.
func (p Proof) LogValue() slog.Value { return p.text.LogValue() }

// OIDCToken is an ID token of this identity provider.
func OIDCToken(idp, compact string) Proof {
	return Proof{idp, withOIDC, "OIDCToken", ram.Secret(compact)}
}

// SAMLResponse is a response of this identity provider, in base64. What STS makes of
// it is called as the assertion says, not as the grant does.
func SAMLResponse(idp, encoded string) Proof {
	return Proof{idp, withSAML, "SAMLAssertion", ram.Secret(encoded)}
}

// provider is the parameter that says what the account calls the identity provider.
func (p Proof) provider(account federation.Account) (name, arn string, ok bool) {
	if p.action == withSAML {
		saml, ok := account.SAMLProvider(p.idp)
		return "SAMLProviderArn", saml.String(), ok
	}
	oidc, ok := account.OIDCProvider(p.idp)
	return "OIDCProviderArn", oidc.String(), ok
}

// Issue makes credentials of the granted role as its account has them made: by the
// bundle's own role; where issue is direct, by the proof, so that RAM decides too; where
// it is federated, by a response of ours about the sign-in that authn states. What the
// granted account has no use for may be zero.
func (i Issuer) Issue(ctx context.Context, grant mapping.Grant, proof Proof, authn samldoc.AuthnStatement) (Issued, error) {
	switch way := grant.Account().Issue(); {
	case way == federation.Federated:
		return i.WithResponse(ctx, grant, authn)
	case way == federation.Direct && proof != (Proof{}):
		return i.byProof(ctx, grant, proof)
	}
	return i.AssumeRole(ctx, grant)
}

// byProof has STS judge the caller's own proof. What it refuses is proof_refused.
func (i Issuer) byProof(ctx context.Context, grant mapping.Grant, proof Proof) (Issued, error) {
	name, provider, ok := proof.provider(grant.Account())
	if !ok || proof.text == "" {
		return Issued{}, fmt.Errorf("account %s has issue: direct, and no provider or no proof came of %q", grant.Account().ID(), proof.idp)
	}
	made, err := withinMaximum(grant, func(grant mapping.Grant) (Issued, error) {
		params := sessionParams(grant)
		params.Set(name, provider)
		if proof.action == withSAML {
			params.Del("RoleSessionName")
		}
		params.Set(proof.field, proof.text.Reveal())
		return i.withProof(ctx, proof, params)
	})
	if e, refused := errors.AsType[*openapi.Error](err); refused && aboutTheRole(e.Code) {
		if slices.Contains(staleCodes(), e.Code) {
			err = stale{err}
		}
		return Issued{}, reason.New(reason.ProofRefused, "%s, %s: %w", grant.Role(), provider, lack(grant, provider, err))
	}
	if err != nil {
		return Issued{}, reason.New(reason.STSUnavailable, "%s: %w", grant.Role(), err)
	}
	return made, nil
}

// ErrStaleProvider is among the causes of a refusal that RAM may owe to what it knows
// of the identity provider: the bundle believed the proof a moment ago.
var ErrStaleProvider = errors.New("RAM may know less of the identity provider than the bundle")

type stale struct{ error }

func (s stale) Unwrap() []error { return []error{s.error, ErrStaleProvider} }

// staleCodes are STS's words where a certificate, a fingerprint or a client ID is
// not what RAM was told.
func staleCodes() []string {
	return []string{
		"AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch", "AuthenticationFail.OIDCToken.HttpsUrlInvalid",
		"AuthenticationFail.OIDCToken.AudienceNotMatch",
		"AuthenticationFail.SAMLAssertion.Invalid", "AuthenticationFail.IDPMetadata.Invalid",
	}
}

func (i Issuer) withProof(ctx context.Context, proof Proof, params url.Values) (Issued, error) {
	var answer openapi.Assumed
	err := i.config.API.CallAnonymously(ctx, openapi.Request{
		Endpoint: i.config.STSEndpoint, Version: openapi.STSVersion, Action: proof.action, Params: params,
	}, &answer, proof.text)
	if err != nil {
		return Issued{}, err
	}
	made, err := answer.RoleCredentials()
	return Issued{Credentials: made, User: answer.AssumedRoleUser}, err
}
