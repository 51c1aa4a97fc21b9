package openapi

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/fc-sso/fc-sso/shared/ram"
)

const functionVersion = "2023-03-30"

// FunctionCall is one event for a function of Function Compute 3.0.
type FunctionCall struct {
	Endpoint    string // https://ACCOUNT.REGION.fc.aliyuncs.com
	Function    string // its name
	Payload     []byte
	Credentials ram.Credentials
}

// Invoke hands an event to a function, waits for what it returns and reads that
// into out (InvokeFunction). How long that may take is the caller's deadline; it is
// not repeated, for nobody knows what the first did. A function that failed is an
// [*Error] whose code is the platform's word for how.
func (c *Client) Invoke(ctx context.Context, q FunctionCall, out any) error {
	const action = "InvokeFunction"
	r, err := c.invocation(ctx, q, "Sync")
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	got, err := c.do(r)
	if err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	secrets := []ram.Secret{q.Credentials.AccessKeySecret, q.Credentials.SecurityToken}
	if kind := got.header.Get("X-Fc-Error-Type"); kind != "" {
		return fmt.Errorf("%s: %w", action, &Error{
			Status: got.status, Code: clean(kind, secrets), Message: clean(string(got.text), secrets),
			RequestID: clean(got.header.Get("X-Fc-Request-Id"), secrets),
		})
	}
	if err := read(got.status, got.text, secrets, out); err != nil {
		return fmt.Errorf("%s: %w", action, err)
	}
	return nil
}

// invocation is a signed call of a function, of the platform's two types: Sync waits for
// what it returns, Async does not.
func (c *Client) invocation(ctx context.Context, q FunctionCall, kind string) (*http.Request, error) {
	address := q.Endpoint + "/" + functionVersion + "/functions/" + url.PathEscape(q.Function) + "/invocations"
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(q.Payload))
	if err != nil {
		return nil, bare(err)
	}
	r.Header.Set("Content-Type", "application/octet-stream")
	r.Header.Set("X-Fc-Invocation-Type", kind)
	return r, c.sign(r, signing{action: "InvokeFunction", version: functionVersion, body: string(q.Payload), credentials: q.Credentials})
}
