// Package store keeps in Tablestore what outlives an instance: trust revisions
// and keys, what was used once, and sessions. It alone imports Tablestore's SDK.
//
// In: values and their keys. Out: values, or a refusal with a code. An answer
// that does not come, or does not say clearly what happened, is repeated within a
// budget and then refused as [reason.StoreUnavailable]: nothing is accepted
// because the store was silent.
//
// Why no retries by the SDK: it repeats a write whose answer was lost and then
// reports the caller's own row as a duplicate; it also knows no context. So it
// makes single attempts, and every conditional write here carries a claim, by
// which an attempt recognises an earlier one of its own.
package store

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// The limits of one call; Config may tighten them.
const (
	defaultBudget  = 5 * time.Second
	defaultRequest = 2 * time.Second
	connectTimeout = time.Second
	idleTimeout    = 10 * time.Second // instances freeze: an older connection is most likely dead
	keptClients    = 4
)

// Config says which instance is used, and with whose credentials.
type Config struct {
	Endpoint    string
	Instance    string
	Credentials func(context.Context) (ram.Credentials, error) // asked at every attempt: role credentials rotate
	Now         func() time.Time
	Budget      time.Duration // for one call with all its attempts; 0: 5 s
	Request     time.Duration // for one attempt; 0: 2 s
}

// Client speaks to one Tablestore instance.
type Client struct {
	config    Config
	transport *transport

	mu      sync.Mutex
	clients []credentialed // the latest last
}

// credentialed is an SDK client and the credentials that it signs with.
type credentialed struct {
	credentials ram.Credentials
	sdk         *tablestore.TableStoreClient
}

// Open returns a client. It connects when it is first used.
func Open(c Config) *Client {
	if c.Budget == 0 {
		c.Budget = defaultBudget
	}
	if c.Request == 0 {
		c.Request = defaultRequest
	}
	return &Client{config: c, transport: newTransport()}
}

// with returns the SDK client for these credentials. Those of the last few
// invocations are kept, and all share one pool of connections.
func (c *Client) with(credentials ram.Credentials) *tablestore.TableStoreClient {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.clients, func(k credentialed) bool { return k.credentials == credentials })
	if i >= 0 {
		return c.clients[i].sdk
	}
	if len(c.clients) >= keptClients {
		c.clients = slices.Delete(c.clients, 0, 1)
	}
	sdk := c.newSDK(credentials)
	c.clients = append(c.clients, credentialed{credentials, sdk})
	return sdk
}

func (c *Client) newSDK(credentials ram.Credentials) *tablestore.TableStoreClient {
	config := tablestore.NewDefaultTableStoreConfig()
	config.RetryTimes = 0
	config.HTTPTimeout.RequestTimeout = c.config.Request
	config.Transport = c.transport
	return tablestore.NewClientWithConfig(c.config.Endpoint, c.config.Instance,
		credentials.AccessKeyID, credentials.AccessKeySecret.Reveal(), credentials.SecurityToken.Reveal(), config)
}

// attempt makes one call. The SDK knows no context and panics on what it does
// not expect, so the call runs beside us: if ctx ends first it is left to its own
// timeout, and its outcome is unknown.
func attempt[T any](ctx context.Context, c *Client, do func(*tablestore.TableStoreClient) (T, error)) (T, error) {
	var none T
	if err := ctx.Err(); err != nil {
		return none, err
	}
	credentials, err := c.config.Credentials(ctx)
	if err != nil {
		return none, withoutCredentials(err)
	}
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() {
			if r := recover(); r != nil {
				o = outcome{err: fmt.Errorf("the Tablestore SDK panicked: %v", r)}
			}
			done <- o
		}()
		o.value, o.err = do(c.with(credentials))
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
		return none, ctx.Err()
	}
}

// withoutCredentials makes a refusal of it: asking again would bring no others.
func withoutCredentials(err error) error {
	if reason.Of(err) != reason.Internal {
		return err
	}
	return reason.New(reason.CredentialsMissing, "for the store: %w", err)
}

// call repeats an attempt until the answer is clear or ctx, which carries the
// budget, ends. What it repeats must be safe to happen twice.
func call[T any](ctx context.Context, c *Client, do func(*tablestore.TableStoreClient) (T, error)) (T, error) {
	var last error
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 320*time.Millisecond) {
		value, err := attempt(ctx, c, do)
		if !unclear(err) {
			return value, err
		}
		if ctx.Err() == nil || last == nil { // why the store was asked again says more than that time is up
			last = err
		}
		if !sleep(ctx, pause) {
			return value, last
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// budgeted bounds one call of a caller with all its attempts.
func (c *Client) budgeted(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.config.Budget)
}

// unavailable makes of whatever went wrong the one refusal that the rooms know;
// a refusal (no credentials, say) stays what it is.
func unavailable(what string, err error) error {
	if reason.Of(err) != reason.Internal {
		return err
	}
	return reason.New(reason.StoreUnavailable, "%s: %w", what, err)
}
