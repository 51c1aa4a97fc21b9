package scim

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/bearer"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

const (
	// life is how long a token that was taken back may still be believed. It is wall
	// time: an instance freezes between requests.
	life = 30 * time.Second

	maxKnown = 1000    // identity providers whose tokens are kept in mind
	maxBody  = 2 << 20 // of a request: a group of 10,000 people, each as we show them
)

// call is a request of an identity provider that has shown its token.
type call struct {
	*handler

	r        *http.Request
	idp      string
	provider Provider
	kind     resource.Kind
	view     resource.View
	quiet    bool // provisioning is called anyway
}

// known are the tokens of an identity provider, and when they were read.
type known struct {
	tokens bearer.Tokens
	read   time.Time
}

// as lets in who shows a token, as the identity provider whose it is.
func (h *handler) as(do func(call) (respond.Outcome, error)) respond.Func {
	return func(r *http.Request) (respond.Outcome, error) {
		idp, err := h.authenticate(r)
		if err != nil {
			return respond.Outcome{}, err
		}
		provider, err := h.Provider(r.Context(), idp)
		switch {
		case reason.Of(err) == reason.IdPUnknown: // it was taken out of the federation, and its client does not know yet
			return respond.Outcome{}, reason.New(reason.IdPUnknown, "%w: %s", errNoMore, reason.Detail(err))
		case err != nil:
			return respond.Outcome{}, err
		case provider.Suspended:
			return respond.Outcome{}, reason.New(reason.IdPSuspended, "identity provider %s pushes people, and is suspended", idp)
		}
		return do(call{handler: h, r: r, idp: idp, provider: provider})
	}
}

// errNoMore makes 403 of a refusal that is 404 elsewhere: the path is right.
var errNoMore = errors.New("the token is good, and its identity provider is not in the federation")

// authenticate says whose token is shown. The digest is computed and compared as often
// for a right token, a wrong one and one of nobody's.
func (h *handler) authenticate(r *http.Request) (string, error) {
	token := shownToken(r)
	idp, named := bearer.IdP(token)
	var tokens bearer.Tokens
	if named {
		var err error
		if tokens, err = h.tokens(r.Context(), idp); err != nil {
			return "", err
		}
	}
	decision := audit.Of(r.Context())
	decision.TokenSHA256 = bearer.Digest(token)
	if !tokens.Holds(token) {
		return "", reason.New(reason.SCIMToken, "%w", &resource.FaultError{Detail: "send Authorization: Bearer and the token that ssoctl scim token printed for your identity provider"})
	}
	decision.Record = idp
	return idp, nil
}

func shownToken(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// tokens are read from the store once in 30 s, also those of who has none.
func (h *handler) tokens(ctx context.Context, idp string) (bearer.Tokens, error) {
	now := h.Now().Round(0)
	h.mu.Lock()
	kept, ok := h.known[idp]
	h.mu.Unlock()
	if age := now.Sub(kept.read); ok && age >= 0 && age < life {
		return kept.tokens, nil
	}
	if len(idp) > 63 {
		return nil, nil
	}
	row, err := h.Tokens(ctx, idp)
	if err != nil {
		return nil, err
	}
	tokens, err := bearer.Parse(row)
	if err != nil {
		return nil, reason.New(reason.StoreUnavailable, "%w", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.known) >= maxKnown {
		clear(h.known)
	}
	h.known[idp] = known{tokens, now}
	return tokens, nil
}

// body reads a request's JSON object.
func (c call) body() (resource.Object, error) {
	kind, _, err := mime.ParseMediaType(c.r.Header.Get("Content-Type"))
	if err != nil || kind != contentType && kind != "application/json" {
		return nil, refuse(resource.InvalidSyntax, "Content-Type is %.80q: send %s or application/json", c.r.Header.Get("Content-Type"), contentType)
	}
	text, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	if err != nil {
		return nil, reason.New(reason.RequestMalformed, "the body: %w", err)
	}
	if len(text) > maxBody {
		return nil, resource.Refuse(reason.RequestTooLarge, resource.TooMany, "the body has more than %d bytes: send fewer members or changes at a time", maxBody)
	}
	return resource.Read(text)
}

// seen reads which attributes the client wants to see.
func (c call) seen() (call, error) {
	var err error
	query := c.r.URL.Query()
	c.view, err = c.kind.NewView(query.Get("attributes"), query.Get("excludedAttributes"))
	return c, err
}

func (c call) location(kind resource.Kind, id string) string {
	return c.URL + "/scim/v2/" + kind.Endpoint + "/" + id
}

func refuse(is resource.Type, format string, args ...any) error {
	return resource.Refuse(reason.SCIMMalformed, is, format, args...)
}
