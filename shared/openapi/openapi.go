// Package openapi calls Alibaba Cloud.
//
// In: an action with its parameters and the credentials that sign it, an event for
// a function, a bus or a topic, or a form for the sign-in host, which wants no
// signature. Out: the answer, or an [*Error] with the service's own code, message and
// request ID. One retry, for what may go better: throttling, 5xx, a broken connection;
// never after a refusal, and never of an event for a function. Refused: redirects, which would carry the signature or the
// credentials elsewhere, proxies, and answers beyond a megabyte.
//
// Why not the official SDKs: they bring 46 modules and 3 ms of cold start to
// each function, for one POST. They check this client in scripts/peers instead.
package openapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// A login waits for these calls, so they are short.
const (
	connectLimit = time.Second
	attemptLimit = 2 * time.Second
	callLimit    = 3 * time.Second
	idleLimit    = 10 * time.Second // an instance freezes between requests, and the other side hangs up
	retryPause   = 100 * time.Millisecond
	answerLimit  = 1 << 20
)

// Client calls services. It is safe for use by several goroutines.
type Client struct {
	http   *http.Client
	now    func() time.Time
	random io.Reader
}

// New returns a client. now is the time that signatures carry, random (crypto/rand)
// makes their nonces.
func New(now func() time.Time, random io.Reader) *Client {
	transport := &http.Transport{
		DialContext:         (&net.Dialer{Timeout: connectLimit}).DialContext,
		TLSHandshakeTimeout: connectLimit,
		IdleConnTimeout:     idleLimit,
		MaxIdleConnsPerHost: 2,
		ForceAttemptHTTP2:   true,
	}
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{http: &http.Client{Transport: transport, CheckRedirect: refuse}, now: now, random: random}
}

// Request is one signed call.
type Request struct {
	Endpoint    string // https://sts.aliyuncs.com
	Version     string
	Action      string
	Params      url.Values
	Credentials ram.Credentials
}

// Call makes a signed call and reads the answer into out.
func (c *Client) Call(ctx context.Context, q Request, out any) error {
	secrets := []ram.Secret{q.Credentials.AccessKeySecret, q.Credentials.SecurityToken}
	return c.twice(ctx, attempt{q.Action, func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, q.Endpoint+"/?"+canonicalQuery(q.Params), nil)
		if err != nil {
			return nil, err
		}
		return r, c.sign(r, signing{action: q.Action, version: q.Version, credentials: q.Credentials})
	}, intoJSON(secrets, out)})
}

// Post sends an unsigned form and reads the answer into out. What is secret in
// the form stays out of errors.
func (c *Client) Post(ctx context.Context, address string, form url.Values, out any, secrets ...ram.Secret) error {
	return c.twice(ctx, attempt{form.Get("Action"), func(ctx context.Context) (*http.Request, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
		if err != nil {
			return nil, err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "application/json")
		return r, nil
	}, intoJSON(secrets, out)})
}

// attempt is how a call is made, and how its answer is read.
type attempt struct {
	action string
	build  func(context.Context) (*http.Request, error)
	read   func(received) error
}

// twice makes an attempt and, where that may help, another; each builds its
// request anew, because a nonce holds once.
func (c *Client) twice(ctx context.Context, a attempt) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	err := c.once(ctx, a)
	if err != nil && mayGoBetter(err) && pause(ctx) {
		err = c.once(ctx, a)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", a.action, err)
	}
	return nil
}

func pause(ctx context.Context) bool {
	timer := time.NewTimer(retryPause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (c *Client) once(ctx context.Context, a attempt) error {
	ctx, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	r, err := a.build(ctx)
	if err != nil {
		return bare(err)
	}
	got, err := c.do(r)
	if err != nil {
		return err
	}
	return a.read(got)
}

// received is an answer that was read to its end.
type received struct {
	status int
	header http.Header
	text   []byte
}

func (c *Client) do(r *http.Request) (received, error) {
	r.Header.Set("User-Agent", "fc-sso")
	response, err := c.http.Do(r)
	if err != nil {
		return received{}, &networkError{r.URL.Host, bare(err)}
	}
	defer func() { _ = response.Body.Close() }() // it was read: nothing more can be learned
	text, err := io.ReadAll(io.LimitReader(response.Body, answerLimit+1))
	if err != nil {
		return received{}, &networkError{r.URL.Host, bare(err)}
	}
	return received{response.StatusCode, response.Header, text}, nil
}

// intoJSON reads an answer into out.
func intoJSON(secrets []ram.Secret, out any) func(received) error {
	return func(got received) error { return read(got.status, got.text, secrets, out) }
}

func read(status int, text []byte, secrets []ram.Secret, out any) error {
	if status != http.StatusOK {
		return refusal(status, text, secrets)
	}
	if len(text) > answerLimit {
		return fmt.Errorf("the answer exceeds %d bytes", answerLimit)
	}
	if err := json.Unmarshal(text, out); err != nil {
		return errors.New("the answer is not the JSON that was expected") // the cause may quote credentials
	}
	return nil
}

// networkError is a call of which we don't know whether it was made.
type networkError struct {
	host string
	err  error
}

func (e *networkError) Error() string { return e.host + ": " + e.err.Error() }

func (e *networkError) Unwrap() error { return e.err }

// bare drops the URL that net/http puts before its errors.
func bare(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

func mayGoBetter(err error) bool {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Throttled() || e.Status >= http.StatusInternalServerError
	}
	_, broken := errors.AsType[*networkError](err)
	return broken
}
