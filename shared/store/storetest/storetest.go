// Package storetest holds what package store promises as one suite of tests, to
// be run against every Tablestore there is: the embedded server and the cloud.
package storetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// Backend is an instance to test against.
type Backend struct {
	Config store.Config
	Faults string // where the embedded server takes faults; "": it cannot break
}

// Run runs the suite. open is called for every test; what it returns may be a
// new instance or always the same one.
func Run(t *testing.T, open func(*testing.T) Backend) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(*testing.T, bench)
	}{
		{"ANonceIsUsedOnce", nonceOnce},
		{"ANonceThatLivesTooLongIsRefused", nonceTooLong},
		{"OneOfTwoClientsWinsANonce", nonceRace},
		{"ASessionLivesUntilItExpires", sessionLife},
		{"ASessionKeyIsTakenOnce", sessionTwice},
		{"ADeletedSessionStaysDeleted", sessionDeleted},
		{"ARevisionIsReadAsItWasWritten", revisionWhole},
		{"TheHeadSwitchesOnlyFromTheOneThatWasSeen", headConflict},
		{"AnItemBeyondTheLimitIsRefused", itemTooLarge},
		{"KeysChangeOnlyFromTheVersionThatWasSeen", keysConflict},
		{"TheBookNoticesWithin30Seconds", bookNotices},
		{"ADeadStoreIsARefusalInTime", deadStore},
		{"WithoutCredentialsNothingIsAsked", noCredentials},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, newBench(t, open(t))) })
	}
	runFaults(t, open)
}

// bench is an instance with its tables.
type bench struct {
	Backend
	client *store.Client
}

func newBench(t *testing.T, b Backend) bench {
	t.Helper()
	client := store.Open(b.Config)
	if _, err := store.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	return bench{b, client}
}

func (b bench) nonces() *store.Nonces     { return store.NewNonces(b.client) }
func (b bench) sessions() *store.Sessions { return store.NewSessions(b.client) }
func (b bench) trust() *store.Trust       { return store.NewTrust(b.client) }

// with is the same instance through a client of another configuration.
func (b bench) with(change func(*store.Config)) bench {
	change(&b.Config)
	b.client = store.Open(b.Config)
	return b
}

// clock is a clock that tests turn.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// fault is a fault of the embedded server, in its own words.
type fault struct {
	Table   string `json:"table,omitempty"`
	Action  string `json:"action,omitempty"`
	Kind    string `json:"kind"`
	Commit  bool   `json:"commit,omitempty"`
	Times   int    `json:"times,omitempty"`
	DelayMS int    `json:"delay_ms,omitempty"`
	Code    string `json:"code,omitempty"`
}

func (b bench) breaks(t *testing.T, f fault) {
	t.Helper()
	body, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.Faults, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("the fault was refused: %s", resp.Status)
	}
}

func randomKey() (key [32]byte) {
	_, _ = rand.Read(key[:])
	return key
}

func soon() time.Time { return time.Now().Add(5 * time.Minute) }

func want(t *testing.T, err error, code reason.Code) {
	t.Helper()
	if got := reason.Of(err); got != code {
		t.Fatalf("got %q (%v), want %q", got, err, code)
	}
}

func nonceOnce(t *testing.T, b bench) {
	key := randomKey()
	want(t, b.nonces().Use(t.Context(), key, soon()), "")
	want(t, b.nonces().Use(t.Context(), key, soon()), reason.Replayed)
	want(t, store.NewNonces(store.Open(b.Config)).Use(t.Context(), key, soon()), reason.Replayed)
	want(t, b.nonces().Use(t.Context(), randomKey(), soon()), "")
}

func nonceTooLong(t *testing.T, b bench) {
	key := randomKey()
	want(t, b.nonces().Use(t.Context(), key, time.Now().Add(24*time.Hour)), reason.LifetimeTooLong)
	want(t, b.nonces().Use(t.Context(), key, time.Now().Add(22*time.Hour)), "")
}

func nonceRace(t *testing.T, b bench) {
	const rounds = 200
	clients := []*store.Nonces{b.nonces(), store.NewNonces(store.Open(b.Config))}
	for round := range rounds {
		key, expires := randomKey(), soon()
		results := make(chan error, len(clients))
		for _, c := range clients {
			go func() { results <- c.Use(t.Context(), key, expires) }()
		}
		wins := 0
		for range clients {
			switch code := reason.Of(<-results); code {
			case "":
				wins++
			case reason.Replayed:
			default:
				t.Errorf("round %d: %s", round, code)
			}
		}
		if wins != 1 {
			t.Fatalf("round %d: %d winners", round, wins)
		}
	}
}

func sessionLife(t *testing.T, b bench) {
	c := new(clock)
	b = b.with(func(config *store.Config) { config.Now = c.now })
	key, now := randomKey(), time.Unix(time.Now().Unix(), 0)
	row := store.Row{Kind: "session", Body: []byte{0, 1, 2}, Expires: now.Add(time.Hour), Seen: now}
	want(t, b.sessions().Put(t.Context(), key, row), "")
	want(t, b.sessions().Touch(t.Context(), key, now.Add(time.Minute)), "")
	got, err := b.sessions().Get(t.Context(), key)
	want(t, err, "")
	row.Seen = now.Add(time.Minute)
	if got.Kind != row.Kind || !bytes.Equal(got.Body, row.Body) || !got.Expires.Equal(row.Expires) || !got.Seen.Equal(row.Seen) {
		t.Errorf("got %+v, want %+v", got, row)
	}
	c.turn(time.Hour)
	_, err = b.sessions().Get(t.Context(), key)
	want(t, err, reason.SessionMissing)
}

func sessionTwice(t *testing.T, b bench) {
	key := randomKey()
	want(t, b.sessions().Put(t.Context(), key, store.Row{Kind: "a", Expires: soon()}), "")
	want(t, b.sessions().Put(t.Context(), key, store.Row{Kind: "b", Expires: soon()}), reason.StoreConflict)
	got, err := b.sessions().Get(t.Context(), key)
	want(t, err, "")
	if got.Kind != "a" {
		t.Errorf("the first row was replaced by %+v", got)
	}
}

func sessionDeleted(t *testing.T, b bench) {
	key := randomKey()
	want(t, b.sessions().Put(t.Context(), key, store.Row{Kind: "a", Expires: soon()}), "")
	want(t, b.sessions().Delete(t.Context(), key), "")
	want(t, b.sessions().Delete(t.Context(), key), "")
	want(t, b.sessions().Touch(t.Context(), key, time.Now()), reason.SessionMissing)
	_, err := b.sessions().Get(t.Context(), key)
	want(t, err, reason.SessionMissing)
}

// newRevision names a revision that no other run has used.
func newRevision() string {
	key := randomKey()
	return fmt.Sprintf("test-%x", key[:8])
}

func head(t *testing.T, b bench) string {
	t.Helper()
	rev, err := b.trust().Head(t.Context())
	want(t, err, "")
	return rev
}

// revisionWhole takes more rows than a batch and more bytes than a page.
func revisionWhole(t *testing.T, b bench) {
	items := make([]store.Item, 450)
	for i := range items {
		items[i] = store.Item{ID: fmt.Sprintf("idp/%04d", i), Body: bytes.Repeat([]byte{byte(i)}, 12<<10)}
	}
	items[7].Body = bytes.Repeat([]byte("x"), 2<<20)
	rev := newRevision()
	want(t, b.trust().Commit(t.Context(), rev, items, head(t, b)), "")
	if got := head(t, b); got != rev {
		t.Fatalf("the head is %q, want %q", got, rev)
	}
	got, err := b.trust().Revision(t.Context(), rev)
	want(t, err, "")
	if len(got) != len(items) {
		t.Fatalf("%d items, want %d", len(got), len(items))
	}
	for i := range items {
		if got[i].ID != items[i].ID || !bytes.Equal(got[i].Body, items[i].Body) {
			t.Fatalf("item %d is another: %q", i, got[i].ID)
		}
	}
}

func headConflict(t *testing.T, b bench) {
	before, one, two := head(t, b), newRevision(), newRevision()
	want(t, b.trust().Commit(t.Context(), one, nil, before), "")
	want(t, b.trust().Commit(t.Context(), two, nil, before), reason.StoreConflict)
	want(t, b.trust().Commit(t.Context(), two, nil, "never-there"), reason.StoreConflict)
	want(t, b.trust().Commit(t.Context(), two, nil, ""), reason.StoreConflict)
	if got := head(t, b); got != one {
		t.Errorf("the head is %q, want %q", got, one)
	}
	want(t, b.trust().Commit(t.Context(), two, nil, one), "")
}

func itemTooLarge(t *testing.T, b bench) {
	before := head(t, b)
	large := []store.Item{{ID: "large", Body: make([]byte, 2<<20+1)}}
	want(t, b.trust().Commit(t.Context(), newRevision(), large, before), reason.RequestTooLarge)
	if got := head(t, b); got != before {
		t.Errorf("the head is %q, want %q", got, before)
	}
}

func keysConflict(t *testing.T, b bench) {
	idp := newRevision()
	body, version, err := b.trust().Keys(t.Context(), idp)
	want(t, err, "")
	if body != nil || version != 0 {
		t.Fatalf("keys that were never put: %q of version %d", body, version)
	}
	want(t, b.trust().PutKeys(t.Context(), idp, []byte("one"), 0), "")
	want(t, b.trust().PutKeys(t.Context(), idp, []byte("other"), 0), reason.StoreConflict)
	want(t, b.trust().PutKeys(t.Context(), idp, []byte("two"), 1), "")
	want(t, b.trust().PutKeys(t.Context(), idp, []byte("other"), 1), reason.StoreConflict)
	body, version, err = b.trust().Keys(t.Context(), idp)
	want(t, err, "")
	if string(body) != "two" || version != 2 {
		t.Errorf("got %q of version %d, want two of version 2", body, version)
	}
	all, err := b.trust().AllKeys(t.Context())
	want(t, err, "")
	if string(all[idp]) != "two" {
		t.Errorf("among all keys: %q", all[idp])
	}
}

func bookNotices(t *testing.T, b bench) {
	c, idp, one, two := new(clock), newRevision(), newRevision(), newRevision()
	book := store.NewBook(b.trust(), c.now)
	want(t, b.trust().Commit(t.Context(), one, []store.Item{{ID: "a", Body: []byte("1")}}, head(t, b)), "")
	first, err := book.Load(t.Context())
	want(t, err, "")
	want(t, b.trust().Commit(t.Context(), two, []store.Item{{ID: "a", Body: []byte("2")}}, one), "")
	want(t, b.trust().PutKeys(t.Context(), idp, []byte("key"), 0), "")

	c.turn(29 * time.Second)
	if still, err := book.Load(t.Context()); err != nil || still.Generation != first.Generation {
		t.Errorf("read again before its time: %v", err)
	}
	c.turn(2 * time.Second)
	second, err := book.Load(t.Context())
	want(t, err, "")
	if second.Revision != two || string(second.Items[0].Body) != "2" || string(second.Keys[idp]) != "key" || second.Generation <= first.Generation {
		t.Errorf("after 31 s: %+v", second)
	}
	c.turn(31 * time.Second)
	if same, err := book.Load(t.Context()); err != nil || same.Generation != second.Generation {
		t.Errorf("nothing changed, but the generation did: %v", err)
	}
}

func deadStore(t *testing.T, b bench) {
	dead := b.with(func(c *store.Config) {
		c.Endpoint = "http://127.0.0.1:1" // nobody listens there
		c.Budget = 300 * time.Millisecond
	})
	began := time.Now()
	want(t, dead.nonces().Use(t.Context(), randomKey(), soon()), reason.StoreUnavailable)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began = time.Now()
	_, err := b.with(func(c *store.Config) { c.Endpoint = "http://127.0.0.1:1" }).sessions().Get(ctx, randomKey())
	want(t, err, reason.StoreUnavailable)
	if took := time.Since(began); took > time.Second {
		t.Errorf("the caller's deadline of 50 ms was kept after %s", took)
	}
}
