package login

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/signin"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// What the secrets of a sign-in are for. See [session.Pending.Secret] for why they
// are made of the state and of the browser's cookie, and kept nowhere.
const (
	purposeNonce    = "oidc nonce"
	purposeVerifier = "oidc code verifier" // its 43 characters are what RFC 7636 section 4.1 wants
)

// login sends the browser to the identity provider, and remembers what for.
func (p party) login(r *http.Request) (respond.Outcome, error) {
	begun, err := p.host.Begin(r, p.requireReady)
	if err != nil {
		return respond.Outcome{}, err
	}
	address, err := p.request(begun)
	return begun.Send(respond.Redirect(address)), err
}

// requireReady refuses what would fail on the way back, before anybody types a
// password for it.
func (p party) requireReady(record trust.Record) error {
	if record.OIDC().Login == nil {
		return reason.New(reason.IdPUnknown, "nobody signs in by identity provider %q: it has no login", record.ID())
	}
	if err := signin.RequireReady(record); err != nil {
		return err
	}
	if i := record.Issuer(); i.AuthorizationEndpoint == "" || i.TokenEndpoint == "" {
		return reason.New(reason.MetadataInvalid, "identity provider %q named no endpoints for a login when its keys were read: run ssoctl trust refresh %s", record.ID(), record.ID())
	}
	_, err := p.client(record)
	return err
}

// request is the address that asks for a sign-in (OpenID Connect Core 3.1.2.1). The
// endpoint's own query stays (RFC 6749 section 3.1): some name a tenant or a policy
// there.
func (p party) request(begun signin.Begun) (string, error) {
	secrets, err := secretsOf(begun.Pending, begun.Browser)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(begun.Record.Issuer().AuthorizationEndpoint)
	if err != nil {
		return "", fmt.Errorf("authorization endpoint: %w", err)
	}
	client := begun.Record.OIDC().Login
	challenge := sha256.Sum256([]byte(secrets.verifier))
	query := u.Query()
	for name, value := range map[string]string{
		"response_type": "code", "client_id": client.ClientID, "redirect_uri": p.callbackURL(begun.Record),
		"scope": scope(client.Scopes), "state": begun.RelayState, "nonce": secrets.nonce,
		"code_challenge": base64.RawURLEncoding.EncodeToString(challenge[:]), "code_challenge_method": "S256",
	} {
		query.Set(name, value)
	}
	stepUp(query, begun)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

// scope always has openid: without it there is no ID token.
func scope(scopes []string) string {
	const openID = "openid"
	if !slices.Contains(scopes, openID) {
		scopes = append([]string{openID}, scopes...)
	}
	return strings.Join(scopes, " ")
}

// stepUp asks for what the sign-in was begun to prove. max_age also makes the
// identity provider say when the sign-in was; prompt is for those that leave it at
// that.
func stepUp(query url.Values, begun signin.Begun) {
	if len(begun.ACR) > 0 {
		query.Set("acr_values", strings.Join(begun.ACR, " "))
	}
	if begun.MaxAge > 0 {
		query.Set("max_age", strconv.Itoa(int(begun.MaxAge/time.Second)))
	}
	if begun.Force {
		query.Set("prompt", "login")
	}
}

// secrets are what proves that a code and a token are of this sign-in.
type secrets struct{ nonce, verifier string }

func secretsOf(pending session.Pending, browser session.Browser) (s secrets, err error) {
	if s.nonce, err = pending.Secret(browser, purposeNonce); err != nil {
		return secrets{}, err
	}
	s.verifier, err = pending.Secret(browser, purposeVerifier)
	return s, err
}
