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
				honestUse(newBench(t, b), f)
			}
		})
		t.Run("AnOwnerIsWrittenOnce/"+name, func(t *testing.T) {
			if b := open(t); b.Faults != "" {
				honestClaim(newBench(t, b), f)
			}
		})
		t.Run("OneOwnerWinsWhateverBreaks/"+name, func(t *testing.T) {
			if b := open(t); b.Faults != "" {
				brokenRace(newBench(t, b), f)
			}
		})
		t.Run("AResourceIsWrittenOnce/"+name, func(t *testing.T) {
			if b := open(t); b.Faults != "" {
				resourceOnce(newBench(t, b), f)
			}
		})
		t.Run("APersonsSessionsEndOnce/"+name, func(t *testing.T) {
			if b := open(t); b.Faults != "" {
				endedOnce(newBench(t, b), f)
			}
		})
		t.Run("AStandingIsWrittenOnce/"+name, func(t *testing.T) {
			if b := open(t); b.Faults != "" {
				standingOnce(newBench(t, b), f)
			}
		})
	}
	for name, run := range map[string]func(bench){
		"TheWritesOfOthersSurviveALostAnswer": otherWrites,
		"ANonceIsNeverAcceptedWithoutAnswer":  noAnswer,
		"ANonceNeverCommittedIsNotAccepted":   neverCommitted,
		"TablesAreWaitedFor":                  tableNotReady,
		"NobodyIsAnOwnerWithoutAnswer":        ownerNoAnswer,
		"AnOwnerIsReleasedOnce":               ownerReleaseLost,
		"NobodyIsKnownWithoutAnswer":          knownNoAnswer,
		"NobodyIsBackWithoutAnswer":           standingNoAnswer,
	} {
		t.Run(name, func(t *testing.T) {
			if b := open(t); b.Faults != "" {
				run(newBench(t, b))
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

func honestUse(b bench, f fault) {
	t := b.t
	b = b.with(func(c *store.Config) { c.Request = 250 * time.Millisecond })
	f.Table, f.Action = "sso_nonce", "PutRow"
	b.breaks(f)
	key := randomKey()
	want(t, b.nonces().Use(t.Context(), key, b.soon()), "")
	want(t, b.nonces().Use(t.Context(), key, b.soon()), reason.Replayed)
}

// otherWrites loses the answer of every conditional write that store makes.
func otherWrites(b bench) {
	t := b.t
	lost := fault{Action: "PutRow", Kind: "lost", Commit: true, Times: 1}
	before, rev, idp := b.head(), newRevision(), newRevision()
	b.breaks(lost)
	want(t, b.trust().Commit(t.Context(), rev, nil, before, store.Note{}), "")
	b.breaks(lost)
	want(t, b.trust().Commit(t.Context(), newRevision(), nil, b.head(), store.Note{}), "")
	b.breaks(lost)
	want(t, b.trust().PutKeys(t.Context(), idp, []byte("one"), 0), "")
	b.breaks(lost)
	want(t, b.trust().PutKeys(t.Context(), idp, []byte("two"), 1), "")
	b.breaks(lost)
	key := randomKey()
	want(t, b.sessions().Put(t.Context(), key, store.Row{Kind: "a", Expires: b.soon()}), "")
	b.breaks(fault{Action: "BatchWriteRow", Kind: "lost", Commit: true, Times: 1})
	want(t, b.trust().Commit(t.Context(), newRevision(), []store.Item{{ID: "a"}}, b.head(), store.Note{}), "")
	b.breaks(fault{Action: "DeleteRow", Kind: "lost", Commit: true, Times: 1})
	want(t, b.sessions().Delete(t.Context(), key), "")
}

func noAnswer(b bench) {
	t := b.t
	b = b.with(func(c *store.Config) { c.Budget = 300 * time.Millisecond })
	b.breaks(fault{Table: "sso_nonce", Action: "PutRow", Kind: "lost", Commit: true})
	began := b.Config.Now()
	want(t, b.nonces().Use(t.Context(), randomKey(), b.soon()), reason.StoreUnavailable)
	if took := b.Config.Now().Sub(began); took > 2*time.Second {
		t.Errorf("it took %s", took)
	}
}

// neverCommitted loses the read-back too: then there is no clear answer left.
func neverCommitted(b bench) {
	t := b.t
	b = b.with(func(c *store.Config) { c.Budget = 300 * time.Millisecond })
	key := randomKey()
	want(t, b.nonces().Use(t.Context(), key, b.soon()), "")
	b.breaks(fault{Table: "sso_nonce", Action: "GetRow", Kind: "lost"})
	want(t, b.nonces().Use(t.Context(), key, b.soon()), reason.StoreUnavailable)
}

func tableNotReady(b bench) {
	t := b.t
	b.breaks(fault{Table: "sso_nonce", Kind: "error", Code: "OTSTableNotReady", Times: 3})
	if _, err := store.CreateTables(t.Context(), b.client); err != nil {
		t.Error(err)
	}
}

func noCredentials(b bench) {
	t := b.t
	b = b.with(func(c *store.Config) {
		c.Credentials = func(context.Context) (ram.Credentials, error) { return ram.Credentials{}, errors.New("none") }
	})
	began := b.Config.Now()
	want(t, b.nonces().Use(t.Context(), randomKey(), b.soon()), reason.CredentialsMissing)
	if took := b.Config.Now().Sub(began); took > time.Second {
		t.Errorf("it took %s", took)
	}
}
