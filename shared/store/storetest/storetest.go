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
		run  func(bench)
	}{
		{"ANonceIsUsedOnce", nonceOnce},
		{"ANonceThatLivesTooLongIsRefused", nonceTooLong},
		{"OneOfTwoClientsWinsANonce", nonceRace},
		{"ASessionLivesUntilItExpires", sessionLife},
		{"ASessionKeyIsTakenOnce", sessionTwice},
		{"AReplacedRowIsTheNewOne", sessionReplaced},
		{"ADeletedSessionStaysDeleted", sessionDeleted},
		{"ARevisionIsReadAsItWasWritten", revisionWhole},
		{"TheHeadSwitchesOnlyFromTheOneThatWasSeen", headConflict},
		{"AnItemBeyondTheLimitIsRefused", itemTooLarge},
		{"KeysChangeOnlyFromTheVersionThatWasSeen", keysConflict},
		{"AccountsAreReadAtOnce", accountsAtOnce},
		{"RowsAreFoundByTheBeginningOfTheirIDs", rowsByPrefix},
		{"TheHeadAndKeysAreReadTogether", frontWhole},
		{"ProposalsWaitUntilTheyAreDropped", proposalLife},
		{"TheLogIsAChainOfWhatCounted", logChain},
		{"AResourceChangesOnlyFromTheVersionThatWasSeen", resourceLife},
		{"ResourcesAreListedInOrder", resourceLists},
		{"ANameIsOneResources", resourceNames},
		{"MarksAreThereUntilTheyAreNot", resourceMarks},
		{"TokensChangeOnlyFromTheVersionThatWasSeen", tokensKept},
		{"WhoWasEverInAGroupIsFound", membersKept},
		{"ADeadStoreIsARefusalInTime", deadStore},
		{"WithoutCredentialsNothingIsAsked", noCredentials},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(newBench(t, open(t))) })
	}
	RunOwners(t, func(t *testing.T) Owners {
		t.Helper()
		return newBench(t, open(t)).people()
	})
	RunPeople(t, func(t *testing.T) (People, Putter) {
		t.Helper()
		b := newBench(t, open(t))
		return b.people(), b.sessions()
	})
	runEvents(t, open)
	runFaults(t, open)
}

// bench is an instance with its tables.
type bench struct {
	Backend
	t      *testing.T
	client *store.Client
}

func newBench(t *testing.T, b Backend) bench {
	t.Helper()
	client := store.Open(b.Config)
	if _, err := store.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	return bench{b, t, client}
}

func (b bench) nonces() *store.Nonces     { return store.NewNonces(b.client) }
func (b bench) sessions() *store.Sessions { return store.NewSessions(b.client) }
func (b bench) trust() *store.Trust       { return store.NewTrust(b.client) }
func (b bench) people() *store.People     { return store.NewPeople(b.client) }

// with is the same instance through a client of another configuration.
func (b bench) with(change func(*store.Config)) bench {
	change(&b.Config)
	b.client = store.Open(b.Config)
	return b
}

// clock is a clock that tests turn.
type clock struct {
	real func() time.Time

	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.real().Add(c.offset)
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

func (b bench) breaks(f fault) {
	t := b.t
	t.Helper()
	body, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.Faults, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("the fault was refused: %s", resp.Status)
	}
}

func randomKey() (key [32]byte) {
	_, _ = rand.Read(key[:])
	return key
}

func (b bench) soon() time.Time { return b.Config.Now().Add(5 * time.Minute) }

func want(t *testing.T, err error, code reason.Code) {
	t.Helper()
	if got := reason.Of(err); got != code {
		t.Fatalf("got %q (%v), want %q", got, err, code)
	}
}

func nonceOnce(b bench) {
	t := b.t
	key := randomKey()
	want(t, b.nonces().Use(t.Context(), key, b.soon()), "")
	want(t, b.nonces().Use(t.Context(), key, b.soon()), reason.Replayed)
	want(t, store.NewNonces(store.Open(b.Config)).Use(t.Context(), key, b.soon()), reason.Replayed)
	want(t, b.nonces().Use(t.Context(), randomKey(), b.soon()), "")
}

func nonceTooLong(b bench) {
	t := b.t
	key := randomKey()
	want(t, b.nonces().Use(t.Context(), key, b.Config.Now().Add(24*time.Hour)), reason.LifetimeTooLong)
	want(t, b.nonces().Use(t.Context(), key, b.Config.Now().Add(22*time.Hour)), "")
}

func nonceRace(b bench) {
	t := b.t
	const rounds = 200
	clients := []*store.Nonces{b.nonces(), store.NewNonces(store.Open(b.Config))}
	for round := range rounds {
		key, expires := randomKey(), b.soon()
		results := make(chan error, len(clients))
		for _, c := range clients {
			go func() { results <- c.Use(t.Context(), key, expires) }()
		}
		wins := 0
		for range clients {
			err := <-results
			if err == nil {
				wins++
			} else if reason.Of(err) != reason.Replayed {
				t.Errorf("round %d: %v", round, err)
			}
		}
		if wins != 1 {
			t.Fatalf("round %d: %d winners", round, wins)
		}
	}
}

func sessionLife(b bench) {
	t := b.t
	c := &clock{real: b.Config.Now}
	b = b.with(func(config *store.Config) { config.Now = c.now })
	key, now := randomKey(), time.Unix(b.Config.Now().Unix(), 0)
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

func sessionTwice(b bench) {
	t := b.t
	key := randomKey()
	want(t, b.sessions().Put(t.Context(), key, store.Row{Kind: "a", Expires: b.soon()}), "")
	want(t, b.sessions().Put(t.Context(), key, store.Row{Kind: "b", Expires: b.soon()}), reason.StoreConflict)
	got, err := b.sessions().Get(t.Context(), key)
	want(t, err, "")
	if got.Kind != "a" {
		t.Errorf("the first row was replaced by %+v", got)
	}
}

func sessionReplaced(b bench) {
	t := b.t
	key, now := randomKey(), time.Unix(b.Config.Now().Unix(), 0)
	for i := range 3 {
		row := store.Row{Kind: "a", Body: []byte{byte(i)}, Expires: b.soon().Add(time.Duration(i) * time.Minute), Seen: now}
		want(t, b.sessions().Replace(t.Context(), key, row), "")
		got, err := b.sessions().Get(t.Context(), key)
		want(t, err, "")
		if got.Body[0] != byte(i) || got.Expires.Unix() != row.Expires.Unix() {
			t.Errorf("got %+v, want %+v", got, row)
		}
	}
	want(t, b.sessions().Put(t.Context(), key, store.Row{Kind: "b", Expires: b.soon()}), reason.StoreConflict)
}

func sessionDeleted(b bench) {
	t := b.t
	key := randomKey()
	want(t, b.sessions().Put(t.Context(), key, store.Row{Kind: "a", Expires: b.soon()}), "")
	want(t, b.sessions().Delete(t.Context(), key), "")
	want(t, b.sessions().Delete(t.Context(), key), "")
	want(t, b.sessions().Touch(t.Context(), key, b.Config.Now()), reason.SessionMissing)
	_, err := b.sessions().Get(t.Context(), key)
	want(t, err, reason.SessionMissing)
}

// newRevision names a revision that no other run has used.
func newRevision() string {
	key := randomKey()
	return fmt.Sprintf("test-%x", key[:8])
}

func (b bench) head() store.Head {
	b.t.Helper()
	head, err := b.trust().Head(b.t.Context())
	want(b.t, err, "")
	return head
}

// revisionWhole takes more rows than a batch and more bytes than a page.
func revisionWhole(b bench) {
	t := b.t
	items := make([]store.Item, 450)
	for i := range items {
		items[i] = store.Item{ID: fmt.Sprintf("idp/%04d", i), Body: bytes.Repeat([]byte{byte(i)}, 12<<10)}
	}
	items[7].Body = bytes.Repeat([]byte("x"), 2<<20)
	rev := newRevision()
	want(t, b.trust().Commit(t.Context(), rev, items, b.head(), store.Note{}), "")
	if got := b.head(); got.Revision != rev {
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

func headConflict(b bench) {
	t := b.t
	before, one, two := b.head(), newRevision(), newRevision()
	want(t, b.trust().Commit(t.Context(), one, nil, before, store.Note{}), "")
	want(t, b.trust().Commit(t.Context(), two, nil, before, store.Note{}), reason.StoreConflict)
	want(t, b.trust().Commit(t.Context(), two, nil, store.Head{Revision: "never-there", Entry: "never"}, store.Note{}), reason.StoreConflict)
	want(t, b.trust().Commit(t.Context(), two, nil, store.Head{}, store.Note{}), reason.StoreConflict)
	if got := b.head(); got.Revision != one {
		t.Errorf("the head is %q, want %q", got, one)
	}
	want(t, b.trust().Commit(t.Context(), two, nil, b.head(), store.Note{}), "")
}

func itemTooLarge(b bench) {
	t := b.t
	before := b.head()
	large := []store.Item{{ID: "large", Body: make([]byte, 2<<20+1)}}
	want(t, b.trust().Commit(t.Context(), newRevision(), large, before, store.Note{}), reason.RequestTooLarge)
	if got := b.head(); got != before {
		t.Errorf("the head is %q, want %q", got, before)
	}
}

func keysConflict(b bench) {
	t := b.t
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
	want(t, b.trust().PutLease(t.Context(), idp, []byte("lease"), 0), "") // of the same id, and another row
	want(t, b.trust().PutWatch(t.Context(), idp, []byte("watch"), 0), "")
	want(t, b.trust().PutWatch(t.Context(), idp, []byte("other"), 0), reason.StoreConflict)
	want(t, b.trust().PutAccount(t.Context(), idp, []byte("account"), 0), "")
	want(t, b.trust().PutAccount(t.Context(), idp, []byte("other"), 0), reason.StoreConflict)
	lease, _, err := b.trust().Lease(t.Context(), idp)
	want(t, err, "")
	watch, _, err := b.trust().Watch(t.Context(), idp)
	want(t, err, "")
	account, version, err := b.trust().Account(t.Context(), idp)
	want(t, err, "")
	if body, _, err := b.trust().Keys(t.Context(), idp); string(lease) != "lease" || string(watch) != "watch" || string(account) != "account" || version != 1 || string(body) != "two" || err != nil {
		t.Errorf("lease %q, watch %q, account %q of version %d, keys %q, %v", lease, watch, account, version, body, err)
	}
}

func accountsAtOnce(b bench) {
	t := b.t
	known := newRevision()
	want(t, b.trust().PutAccount(t.Context(), known, []byte("account"), 0), "")
	for _, n := range []int{0, 1, 19, 20, 250} { // more than one call takes
		names := make([]string, n)
		for i := range names {
			names[i] = fmt.Sprintf("%s-%d", known, i)
		}
		names = append(names, known)
		rows, err := b.trust().Accounts(t.Context(), names)
		want(t, err, "")
		if len(rows) != n+1 || string(rows[n]) != "account" || n > 0 && (rows[0] != nil || rows[n-1] != nil) {
			t.Errorf("%d accounts: %d rows, the last is %q", n+1, len(rows), rows[max(0, len(rows)-1)])
		}
	}
	if rows, err := b.trust().Accounts(t.Context(), nil); len(rows) != 0 || err != nil {
		t.Errorf("of nobody: %q, %v", rows, err)
	}
}

func rowsByPrefix(b bench) {
	t := b.t
	rev := newRevision()
	for _, id := range []string{"idp/a-b/source", "idp/a/part/0", "idp/a/source", "idp/aa/source", "index/0"} {
		items := []store.Item{{ID: id, Body: []byte(id), Proof: []byte("why " + id)}}
		want(t, b.trust().Commit(t.Context(), rev, items, b.head(), store.Note{}), "")
	}
	got, err := b.trust().Rows(t.Context(), rev, "idp/a/")
	want(t, err, "")
	if len(got) != 2 || got[0].ID != "idp/a/part/0" || string(got[1].Body) != "idp/a/source" || string(got[1].Proof) != "why idp/a/source" {
		t.Errorf("rows %q", got)
	}
	one, err := b.trust().Row(t.Context(), rev, "index/0")
	want(t, err, "")
	if one == nil || string(one.Body) != "index/0" || string(one.Proof) != "why index/0" {
		t.Errorf("row %q", one)
	}
	none, err := b.trust().Row(t.Context(), rev, "index/1")
	want(t, err, "")
	if none != nil {
		t.Errorf("a row that nobody wrote: %q", none)
	}
}

func frontWhole(b bench) {
	t := b.t
	idp := newRevision()
	want(t, b.trust().Commit(t.Context(), newRevision(), nil, b.head(), store.Note{}), "")
	want(t, b.trust().PutKeys(t.Context(), idp, []byte("one"), 0), "")
	_, version, err := b.trust().Own(t.Context())
	want(t, err, "")
	want(t, b.trust().PutOwn(t.Context(), []byte(idp), version), "")
	want(t, b.trust().PutOwn(t.Context(), []byte("too late"), version), reason.StoreConflict)
	for id, keys := range map[string]string{idp: "one", newRevision(): ""} {
		front, err := b.trust().Front(t.Context(), id)
		want(t, err, "")
		if front.Head != b.head() || string(front.Keys) != keys || string(front.Own) != idp {
			t.Errorf("front %+v, want %+v, keys %q and our own %q", front, b.head(), keys, idp)
		}
	}
	stopsWhole(b)
}

// logChain writes entries that come to count and one that does not.
func logChain(b bench) {
	t := b.t
	before, at := b.head(), time.Unix(b.Config.Now().Unix(), 0)
	one, two := newRevision(), newRevision()
	want(t, b.trust().Commit(t.Context(), one, nil, before, store.Note{At: at, Who: "LTAIann", Message: "first", Summary: "1 rule"}), "")
	first := b.head()
	want(t, b.trust().Commit(t.Context(), two, nil, before, store.Note{At: at, Who: "LTAIbob", Message: "too late"}), reason.StoreConflict)
	want(t, b.trust().Switch(t.Context(), one, first, store.Note{At: at, Who: "LTAIann"}), "") // the same again
	entry, err := b.trust().Entry(t.Context(), b.head())
	want(t, err, "")
	if entry.Revision != one || entry.Before != first || entry.Message != "" || entry.Who != "LTAIann" {
		t.Errorf("the last entry is %+v", entry)
	}
	entry, err = b.trust().Entry(t.Context(), entry.Before)
	want(t, err, "")
	if wanted := (store.Entry{Note: store.Note{At: at, Who: "LTAIann", Message: "first", Summary: "1 rule"}, Revision: one, Before: before}); entry != wanted {
		t.Errorf("the entry before is %+v, want %+v", entry, wanted)
	}
	want(t, b.trust().Switch(t.Context(), two, first, store.Note{}), reason.StoreConflict) // its revision counts again, but not by it
	_, err = b.trust().Entry(t.Context(), store.Head{Revision: one, Entry: "never"})
	want(t, err, reason.NotFound)
}

func deadStore(b bench) {
	t := b.t
	dead := b.with(func(c *store.Config) {
		c.Endpoint = "http://127.0.0.1:1" // nobody listens there
		c.Budget = 300 * time.Millisecond
	})
	began := b.Config.Now()
	want(t, dead.nonces().Use(t.Context(), randomKey(), b.soon()), reason.StoreUnavailable)
	if took := b.Config.Now().Sub(began); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began = b.Config.Now()
	_, err := b.with(func(c *store.Config) { c.Endpoint = "http://127.0.0.1:1" }).sessions().Get(ctx, randomKey())
	want(t, err, reason.StoreUnavailable)
	if took := b.Config.Now().Sub(began); took > time.Second {
		t.Errorf("the caller's deadline of 50 ms was kept after %s", took)
	}
}
