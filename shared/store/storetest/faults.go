package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// runFaults runs what needs a server that breaks on purpose.
func runFaults(t *testing.T, open func(*testing.T) Backend) {
	t.Helper()
	for name, f := range afterCommit() {
		t.Run("AnHonestUseGoesThroughOnce/"+name, func(t *testing.T) {
			if b := open(t); b.Faults != "" {
				honestUse(t, newBench(t, b), f)
			}
		})
	}
	for name, run := range map[string]func(*testing.T, bench){
		"TheWritesOfOthersSurviveALostAnswer": otherWrites,
		"ANonceIsNeverAcceptedWithoutAnswer":  noAnswer,
		"ANonceNeverCommittedIsNotAccepted":   neverCommitted,
		"AStaleBookIsNotUsed":                 staleBook,
		"TablesAreWaitedFor":                  tableNotReady,
	} {
		t.Run(name, func(t *testing.T) {
			if b := open(t); b.Faults != "" {
				run(t, newBench(t, b))
			}
		})
	}
}

// afterCommit are the ways in which a put takes effect and its caller does not
// learn of it.
func afterCommit() map[string]fault {
	return map[string]fault{
		"lost":     {Kind: "lost", Commit: true, Times: 1},
		"lost5":    {Kind: "lost", Commit: true, Times: 5},
		"slow":     {Kind: "slow", Commit: true, Times: 1, DelayMS: 1000},
		"busy":     {Kind: "error", Commit: true, Times: 1, Code: "OTSServerBusy"},
		"timeout":  {Kind: "error", Commit: true, Times: 2, Code: "OTSTimeout"},
		"internal": {Kind: "error", Commit: true, Times: 1, Code: "OTSInternalServerError"},
		"conflict": {Kind: "error", Commit: false, Times: 1, Code: "OTSRowOperationConflict"},
		"dropped":  {Kind: "lost", Commit: false, Times: 1},
	}
}

func honestUse(t *testing.T, b bench, f fault) {
	b = b.with(func(c *store.Config) { c.Request = 250 * time.Millisecond })
	f.Table, f.Action = "sso_nonce", "PutRow"
	b.breaks(t, f)
	key := randomKey()
	want(t, b.nonces().Use(t.Context(), key, soon()), "")
	want(t, b.nonces().Use(t.Context(), key, soon()), reason.Replayed)
}

// otherWrites loses the answer of every conditional write that store makes.
func otherWrites(t *testing.T, b bench) {
	lost := fault{Action: "PutRow", Kind: "lost", Commit: true, Times: 1}
	before, rev, idp := head(t, b), newRevision(), newRevision()
	b.breaks(t, lost)
	want(t, b.trust().Commit(t.Context(), rev, nil, before), "")
	b.breaks(t, lost)
	want(t, b.trust().Commit(t.Context(), newRevision(), nil, rev), "")
	b.breaks(t, lost)
	want(t, b.trust().PutKeys(t.Context(), idp, []byte("one"), 0), "")
	b.breaks(t, lost)
	want(t, b.trust().PutKeys(t.Context(), idp, []byte("two"), 1), "")
	b.breaks(t, lost)
	key := randomKey()
	want(t, b.sessions().Put(t.Context(), key, store.Row{Kind: "a", Expires: soon()}), "")
	b.breaks(t, fault{Action: "BatchWriteRow", Kind: "lost", Commit: true, Times: 1})
	want(t, b.trust().Commit(t.Context(), newRevision(), []store.Item{{ID: "a"}}, head(t, b)), "")
	b.breaks(t, fault{Action: "DeleteRow", Kind: "lost", Commit: true, Times: 1})
	want(t, b.sessions().Delete(t.Context(), key), "")
}

func noAnswer(t *testing.T, b bench) {
	b = b.with(func(c *store.Config) { c.Budget = 300 * time.Millisecond })
	b.breaks(t, fault{Table: "sso_nonce", Action: "PutRow", Kind: "lost", Commit: true})
	began := time.Now()
	want(t, b.nonces().Use(t.Context(), randomKey(), soon()), reason.StoreUnavailable)
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
}

// neverCommitted loses the read-back too: then there is no clear answer left.
func neverCommitted(t *testing.T, b bench) {
	b = b.with(func(c *store.Config) { c.Budget = 300 * time.Millisecond })
	key := randomKey()
	want(t, b.nonces().Use(t.Context(), key, soon()), "")
	b.breaks(t, fault{Table: "sso_nonce", Action: "GetRow", Kind: "lost"})
	want(t, b.nonces().Use(t.Context(), key, soon()), reason.StoreUnavailable)
}

func staleBook(t *testing.T, b bench) {
	c := new(clock)
	b = b.with(func(config *store.Config) { config.Budget = 200 * time.Millisecond })
	book := store.NewBook(b.trust(), c.now)
	want(t, b.trust().Commit(t.Context(), newRevision(), nil, head(t, b)), "")
	_, err := book.Load(t.Context())
	want(t, err, "")
	b.breaks(t, fault{Table: "sso_trust", Kind: "lost"})
	c.turn(29 * time.Second)
	_, err = book.Load(t.Context())
	want(t, err, "")
	c.turn(2 * time.Second)
	_, err = book.Load(t.Context())
	want(t, err, reason.StoreUnavailable)
	c.turn(-time.Hour) // nor when the clock was set back
	_, err = book.Load(t.Context())
	want(t, err, reason.StoreUnavailable)
}

func tableNotReady(t *testing.T, b bench) {
	b.breaks(t, fault{Table: "sso_nonce", Kind: "error", Code: "OTSTableNotReady", Times: 3})
	if _, err := store.CreateTables(t.Context(), b.client); err != nil {
		t.Error(err)
	}
}

func noCredentials(t *testing.T, b bench) {
	b = b.with(func(c *store.Config) {
		c.Credentials = func(context.Context) (ram.Credentials, error) { return ram.Credentials{}, errors.New("none") }
	})
	began := time.Now()
	want(t, b.nonces().Use(t.Context(), randomKey(), soon()), reason.CredentialsMissing)
	if took := time.Since(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
}
