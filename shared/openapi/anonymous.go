package openapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// CallAnonymously makes a call that nobody signs, whose parameters prove who comes:
// they are the secrets. They travel in the form, and the action in the query, as
// credentials-go sends them; no address has a proof in it.
func (c *Client) CallAnonymously(ctx context.Context, q Request, out any, secrets ...ram.Secret) error {
	query := url.Values{"Action": {q.Action}, "Version": {q.Version}, "Format": {"JSON"}, "Timestamp": {c.now().UTC().Format(timeLayout)}}
	return c.twice(ctx, attempt{q.Action, func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, q.Endpoint+"/?"+canonicalQuery(query), strings.NewReader(q.Params.Encode()))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "application/json")
		return r, nil
	}, intoJSON(secrets, out)})
}
