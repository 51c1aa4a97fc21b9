package scim_test

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/scim/scim"
	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/bearer"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/store"
)

const origin = "https://sso.example"

// world is a handler over a real Tablestore, with what it tells and whom it calls.
type world struct {
	t       *testing.T
	handler http.Handler
	store   *counted
	log     *strings.Builder
	client  *store.Client
	inbox   scim.Inbox // nil: the world itself

	mu        sync.Mutex
	now       time.Time
	events    []lifecycle.Event
	woken     [][]lifecycle.Subject
	deaf      error // what the inbox answers
	asleep    error // what provisioning answers
	tokens    map[string]bearer.Tokens
	suspended bool
	asked     int // how often for tokens
}

// counted is the store with the calls that were made of it.
type counted struct {
	*store.Resources

	mu    sync.Mutex
	rows  int
	fails map[string]error // by what is put: user, group
	frees func()           // before a name is freed
}

func (c *counted) FreeName(ctx context.Context, idp, name, holder string, since time.Time) error {
	c.mu.Lock()
	first := c.frees
	c.frees = nil
	c.mu.Unlock()
	if first != nil {
		first()
	}
	return c.Resources.FreeName(ctx, idp, name, holder, since)
}

func (c *counted) Page(ctx context.Context, idp, kind, from string, most int, members bool) ([]scim.Resource, error) {
	rows, err := c.Resources.Page(ctx, idp, kind, from, most, members)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows += len(rows)
	return rows, err
}

func (c *counted) Put(ctx context.Context, idp, kind string, r scim.Resource) error {
	c.mu.Lock()
	err := c.fails[kind]
	c.mu.Unlock()
	if err != nil {
		return err
	}
	return c.Resources.Put(ctx, idp, kind, r)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	server := stack.Tablestore(t)
	client := store.Open(store.Config{
		Endpoint: server.Tablestore.Endpoint, Instance: server.Tablestore.Instance, Now: time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: server.Tablestore.AccessKeyID, AccessKeySecret: ram.Secret(server.Tablestore.AccessKeySecret)}, nil
		},
	})
	if _, err := store.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	resources := &counted{Resources: store.NewResources(client), fails: map[string]error{}}
	w := &world{t: t, client: client, store: resources, log: &strings.Builder{}, now: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC), tokens: map[string]bearer.Tokens{}}
	w.handler = scim.New(
		respond.Desk{Function: scim.Name, Log: slog.New(slog.NewTextHandler(w.log, nil)), Now: w.clock},
		scim.Config{
			URL: origin, Now: w.clock, Random: &counter{}, Tokens: w.row, Provider: w.provider,
			Resources: resources, Inbox: w, Wake: w.wake,
		})
	return w
}

// counter is randomness that rises, so that people of one moment have IDs in the order in
// which they came.
type counter struct{ read atomic.Uint64 }

func (c *counter) Read(into []byte) (int, error) {
	clear(into)
	binary.BigEndian.PutUint64(into[len(into)-8:], c.read.Add(1))
	return len(into), nil
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) row(_ context.Context, idp string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if len(w.tokens[idp]) == 0 {
		return nil, nil
	}
	return w.tokens[idp].Row()
}

func (w *world) provider(_ context.Context, idp string) (scim.Provider, error) {
	if idp == "removed" {
		return scim.Provider{}, reason.New(reason.IdPUnknown, "no identity provider %s", idp)
	}
	return scim.Provider{Suspended: w.suspended, Person: func(p lifecycle.Person) (string, error) {
		if p.UserName == "nameless" {
			return "", reason.New(reason.PersonUnclear, "person of identity provider %q: mail is missing", idp)
		}
		return strings.ToLower(p.UserName), nil
	}}, nil
}

func (w *world) Accept(ctx context.Context, events ...lifecycle.Event) error {
	if w.inbox != nil {
		return w.inbox.Accept(ctx, events...)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf != nil {
		return w.deaf
	}
	for _, e := range events {
		if err := e.Check(); err != nil {
			w.t.Errorf("%+v: %v", e, err)
		}
	}
	w.events = append(w.events, events...)
	return nil
}

func (w *world) wake(_ context.Context, subjects []lifecycle.Subject) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.woken = append(w.woken, subjects)
	return w.asleep
}

// told are the events since it was asked last, in the order of their time.
func (w *world) told() []lifecycle.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	events := w.events
	w.events = nil
	return events
}

// token gives an identity provider one.
func (w *world) token(idp string) string {
	w.t.Helper()
	secret, token, err := bearer.New(rand.Reader, idp, "LTAI", w.clock())
	if err != nil {
		w.t.Fatal(err)
	}
	w.tokens[idp] = append(w.tokens[idp], token)
	return secret.Reveal()
}

// asked is an answer, read whole.
type asked struct {
	status int
	header http.Header
	text   string
}

func (w *world) ask(token, method, path, body string, header ...string) asked {
	w.t.Helper()
	var content io.Reader = http.NoBody
	if body != "" {
		content = strings.NewReader(body)
	}
	r := httptest.NewRequestWithContext(audit.Begin(context.Background(), "1-2-3"), method, origin+path, content)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
	}
	for pair := range slices.Chunk(header, 2) {
		r.Header.Set(pair[0], pair[1])
	}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, r)
	return asked{recorder.Code, recorder.Header(), recorder.Body.String()}
}
