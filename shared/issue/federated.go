package issue

import (
	"context"
	"crypto"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

// longestState is what RelayState may have that Alibaba Cloud sent, or that we send: a
// console page, however long (saml-bindings 3.4.3 wants 80 bytes, nobody holds that).
const longestState = longestDestination

// Own is our side as an identity provider of accounts.
type Own struct {
	Origin  string // https://SSO_DOMAIN
	Signing func(ctx context.Context) (crypto.Signer, *x509.Certificate, error)
	Now     func() time.Time
	Random  io.Reader
}

func (o Own) check() error {
	if o.Origin == "" || o.Signing == nil || o.Now == nil || o.Random == nil {
		return errors.New("this function has no side of its own to respond with")
	}
	return nil
}

// Form is posted by the browser to Alibaba Cloud. Until it is, who holds it may become
// what it says.
type Form struct {
	Action       string
	SAMLResponse ram.Secret
	RelayState   string
}

// WithResponse makes credentials of the granted role by a response of ours, which does
// not leave the function: so STS can be told of a session policy and of a shorter
// session, as with [Issuer.AssumeRole]. authn is the person's sign-in here.
func (i Issuer) WithResponse(ctx context.Context, grant mapping.Grant, authn samldoc.AuthnStatement) (Issued, error) {
	if err := i.requireFederated(grant); err != nil {
		return Issued{}, err
	}
	return withinMaximum(grant, func(grant mapping.Grant) (Issued, error) {
		response, err := i.roleResponse(grant, authn) // a fresh one each time: STS may take it once
		if err != nil {
			return Issued{}, err
		}
		assertion, err := i.signed(ctx, response)
		if err != nil {
			return Issued{}, err
		}
		params := sessionParams(grant)
		params.Del("RoleSessionName") // the assertion has it
		provider := grant.Account().FederatedProvider().String()
		params.Set("SAMLProviderArn", provider)
		params.Set("SAMLAssertion", assertion.Reveal())
		made, err := i.withProof(ctx, Proof{action: withSAML, text: assertion}, params)
		if err != nil {
			return Issued{}, refusal(grant, fmt.Errorf("%s: %w", provider, lack(grant, provider, err)))
		}
		return made, nil
	})
}

// RoleForm opens the console with the granted role, by a response of ours that the
// browser brings there. Who holds it can as well take it to STS, and ask for the role's
// full length, without any policy: so a grant that is not whole goes by
// [Issuer.WithResponse] and [Issuer.ConsoleURL].
func (i Issuer) RoleForm(ctx context.Context, grant mapping.Grant, authn samldoc.AuthnStatement, to Destination) (Form, error) {
	if err := i.requireFederated(grant); err != nil {
		return Form{}, err
	}
	if !grant.IsWhole() {
		return Form{}, fmt.Errorf("a response for %s would give a browser more than rule %q does", grant.Role(), grant.Rule())
	}
	response, err := i.roleResponse(grant, authn)
	if err != nil {
		return Form{}, err
	}
	return i.form(ctx, response, to.address)
}

// UserForm signs the person in as the granted RAM user. inResponseTo is the ID of
// Alibaba Cloud's request, "" where it asked nothing; relayState goes back as it came.
func (i Issuer) UserForm(ctx context.Context, grant mapping.UserGrant, authn samldoc.AuthnStatement, inResponseTo, relayState string) (Form, error) {
	if grant.IsZero() {
		return Form{}, errors.New("a zero grant was to be issued")
	}
	if err := i.config.Own.check(); err != nil {
		return Form{}, err
	}
	sso, declared := grant.Account().UserSSO()
	if !declared {
		return Form{}, fmt.Errorf("account %s declares no userSSO", grant.Account().ID())
	}
	if len(relayState) > longestState {
		return Form{}, reason.New(reason.RequestTooLarge, "RelayState has %d bytes, at most %d", len(relayState), longestState)
	}
	user := samldoc.UserSignIn{UPN: grant.UPN(), Bare: !sso.WithDomain, InResponseTo: inResponseTo}
	response, err := i.ours(grant.Account()).ForUser(user, authn, i.config.Own.Now(), i.config.Own.Random)
	if err != nil {
		return Form{}, err
	}
	return i.form(ctx, response, relayState)
}

func (i Issuer) requireFederated(grant mapping.Grant) error {
	if grant.IsZero() {
		return errors.New("a zero grant was to be issued")
	}
	if err := i.config.Own.check(); err != nil {
		return err
	}
	if account := grant.Account(); account.Issue() != federation.Federated || account.FederatedProvider().IsZero() {
		return fmt.Errorf("account %s has issue: %s, and a response of ours is no other way to the same", account.ID(), account.Issue())
	}
	return nil
}

func (i Issuer) roleResponse(grant mapping.Grant, authn samldoc.AuthnStatement) (samldoc.CloudResponse, error) {
	session := samldoc.RoleSession{
		Role: grant.Role(), Provider: grant.Account().FederatedProvider(), Name: grant.SessionName(), Duration: grant.Duration(),
	}
	return i.ours(grant.Account()).ForRole(session, authn, i.config.Own.Now(), i.config.Own.Random)
}

func (i Issuer) ours(account federation.Account) samldoc.OurIdP {
	return samldoc.OurIdP{Origin: i.config.Own.Origin, Account: account.ID(), International: account.Site() == federation.International}
}

func (i Issuer) form(ctx context.Context, response samldoc.CloudResponse, relayState string) (Form, error) {
	encoded, err := i.signed(ctx, response)
	if err != nil {
		return Form{}, err
	}
	action, err := i.actionOf(response)
	return Form{Action: action, SAMLResponse: encoded, RelayState: relayState}, err
}

func (i Issuer) signed(ctx context.Context, response samldoc.CloudResponse) (ram.Secret, error) {
	key, certificate, err := i.config.Own.Signing(ctx)
	if err != nil {
		return "", err
	}
	return response.Encode(key, certificate)
}

// actionOf is Alibaba Cloud's own address, or its path where another stands in for it.
// What the response says that it is for does not change with that.
func (i Issuer) actionOf(response samldoc.CloudResponse) (string, error) {
	if i.config.SigninEndpoint == "" {
		return response.ACSURL(), nil
	}
	u, err := url.Parse(response.ACSURL())
	if err != nil {
		return "", err
	}
	return i.config.SigninEndpoint + u.Path, nil
}
