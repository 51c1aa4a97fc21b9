package login

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/fetch"
	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// tokens are what the token endpoint gives for a code. We ask nobody anything with
// the access token; the ID token may vouch for it.
type tokens struct{ id, access ram.Secret }

// exchange sends the code to the token endpoint (OpenID Connect Core 3.1.3.1). It
// does so once, whatever comes of it.
func (p party) exchange(ctx context.Context, record trust.Record, code, verifier string) (tokens, error) {
	c, err := p.client(record)
	if err != nil {
		return tokens{}, err
	}
	form := c.form(url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {p.callbackURL(record)}, "code_verifier": {verifier},
	})
	source := record.Source().Fetch
	answer, err := fetch.Post(ctx, record.Issuer().TokenEndpoint, form, fetch.Options{
		AllowCIDRs: source.AllowCIDRs, CA: source.CA, AllowLoopback: p.AllowLoopback,
		MaxSize: validate.MaxIssuerDocument, Accept: "application/json",
	})
	if err != nil {
		return tokens{}, err
	}
	if answer.Status != http.StatusOK {
		return tokens{}, refusedBy(answer, code, verifier, c.secret.Reveal())
	}
	return parseTokens(answer.Body)
}

// parseTokens reads a token answer (RFC 6749 section 5.1, OpenID Connect Core
// 3.1.3.3) in its one meaning: a name that stands twice has two.
func parseTokens(body []byte) (tokens, error) {
	o, err := jose.ParseObject(body)
	if err != nil {
		return tokens{}, malformed("%w", err)
	}
	if kind, ok := o.Text("token_type"); o.Has("token_type") && (!ok || !strings.EqualFold(kind, "Bearer")) {
		return tokens{}, malformed("token_type is %.80q, not Bearer", kind)
	}
	access, ok := o.Text("access_token")
	if o.Has("access_token") && !ok {
		return tokens{}, malformed("access_token is no text")
	}
	id, ok := o.Text("id_token")
	if !ok {
		return tokens{}, malformed("there is no id_token: is the scope openid allowed to our client?")
	}
	return tokens{ram.Secret(id), ram.Secret(access)}, nil
}

func malformed(format string, args ...any) error {
	return reason.New(reason.TokenAnswerMalformed, "the answer of the token endpoint: "+format, args...)
}

// refusedBy says what the token endpoint has against the code (RFC 6749 section
// 5.2). Its words help whoever set up the client, but they may quote what we sent.
func refusedBy(a fetch.Answer, sent ...string) error {
	o, err := jose.ParseObject(a.Body)
	if err != nil {
		return reason.New(reason.CodeRefused, "the token endpoint answers with status %d and no error code", a.Status)
	}
	fault, _ := o.Text("error")
	description, _ := o.Text("error_description")
	for _, secret := range sent {
		if secret != "" {
			fault = strings.ReplaceAll(fault, secret, "[redacted]")
			description = strings.ReplaceAll(description, secret, "[redacted]")
		}
	}
	return reason.New(reason.CodeRefused, "the token endpoint answers with status %d, error %.80q: %.300q", a.Status, fault, description)
}

// The ways in which a client proves itself (OpenID Connect Core 9).
const (
	byBasic = "client_secret_basic"
	byPost  = "client_secret_post"
)

// client is ours at one identity provider.
type client struct {
	id     string
	secret ram.Secret // "": a public client, which PKCE alone protects
	way    string
}

// client says how ours proves itself: by one way, which the identity provider
// named. To try another after the first failed would send the code twice, and what
// it means to send a code twice is to be attacked (RFC 6749 section 4.1.2).
func (p party) client(record trust.Record) (client, error) {
	login := record.OIDC().Login
	c := client{id: login.ClientID}
	variable, ok := login.ClientSecret.Variable()
	if !ok { // none, also where the issuer does not list it: Entra ID takes it of public clients all the same
		return c, nil
	}
	var err error
	if c.secret, err = p.Secret(variable); err != nil {
		return client{}, err
	}
	offered := record.Issuer().TokenAuth
	switch {
	case slices.Contains(offered, byBasic):
		c.way = byBasic
	case slices.Contains(offered, byPost):
		c.way = byPost
	default:
		return client{}, reason.New(reason.ConfigurationInvalid, "the token endpoint of %q takes no client secret: remove login.clientSecret", record.ID())
	}
	return c, nil
}

// form adds the client to what is sent.
func (c client) form(fields url.Values) fetch.Form {
	if c.way == byBasic {
		return fetch.Form{Body: ram.Secret(fields.Encode()), Authorization: c.basic()}
	}
	fields.Set("client_id", c.id)
	if c.way == byPost {
		fields.Set("client_secret", c.secret.Reveal())
	}
	return fetch.Form{Body: ram.Secret(fields.Encode())}
}

// basic encodes both halves before they are joined (RFC 6749 section 2.3.1): a secret
// may have any character, and an id a colon.
func (c client) basic() ram.Secret {
	pair := url.QueryEscape(c.id) + ":" + url.QueryEscape(c.secret.Reveal())
	return ram.Secret("Basic " + base64.StdEncoding.EncodeToString([]byte(pair)))
}
