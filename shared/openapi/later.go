package openapi

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// InvokeLater has the platform hand an event to a function when it can, and returns once
// the platform has taken it (202): what comes of it nobody learns here. It is not
// repeated. The platform carries 128 KB so, and may deliver twice.
func (c *Client) InvokeLater(ctx context.Context, q FunctionCall) error {
	const action = "InvokeFunction"
	r, err := c.invocation(ctx, q, "Async")
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	got, err := c.do(r)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	if got.status == http.StatusAccepted {
		return nil
	}
	secrets := []ram.Secret{q.Credentials.AccessKeySecret, q.Credentials.SecurityToken}
	if got.status == http.StatusOK {
		return fmt.Errorf("%s: the event was answered and not taken for later", action)
	}
	return fmt.Errorf("%s: %w", action, refusal(got.status, got.text, secrets))
}
