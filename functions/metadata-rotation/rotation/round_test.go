package rotation_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/metadata-rotation/rotation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// rounds is a rotation over many records whose runs are cut off.
type rounds struct {
	*world

	mu       sync.Mutex
	asked    []string      // in one run
	each     time.Duration // by which the clock goes on with each record
	deadline time.Time
	killed   func(id string) bool // the process dies when it comes to this one
}

func newRounds(n int) *rounds {
	r := &rounds{world: newWorld(), killed: func(string) bool { return false }}
	for i := range n {
		r.ids = append(r.ids, fmt.Sprintf("idp-%03d", n-1-i)) // in any order
	}
	return r
}

// run is one of the timer; it says which records it asked, in order.
func (r *rounds) run(t *testing.T) []string {
	t.Helper()
	r.asked = nil
	ctx, kill := context.WithCancel(until{t.Context(), r.deadline})
	defer kill()
	now := func() time.Time { r.mu.Lock(); defer r.mu.Unlock(); return r.now }
	_ = rotation.New(rotation.Config{ // what it says is another test's
		Log: slog.New(slog.NewTextHandler(&r.log, nil)), Now: now,
		Records: func(context.Context) ([]string, error) { return r.ids, nil },
		Record: func(_ context.Context, idp string) (trust.Record, error) {
			source := validatetest.Source()
			source.ID = idp
			return validatetest.Record(t, source, nil), nil
		},
		Refresh: func(ctx context.Context, source trust.Source) (refresh.Result, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.killed(source.ID) {
				kill()
			}
			if ctx.Err() != nil {
				return refresh.Result{}, reason.New(reason.StoreUnavailable, "gone")
			}
			r.asked, r.now = append(r.asked, source.ID), r.now.Add(r.each)
			return refresh.Result{}, nil
		},
		Leases: r.leases(), Watches: r,
	})(ctx, []byte(timer))
	return r.asked
}

// leases are those of a store that answers nobody who was killed.
func (r *rounds) leases() refresh.Leases { return &killable{r} }

type killable struct{ of *rounds }

func (k *killable) Lease(ctx context.Context, idp string) ([]byte, int64, error) {
	return k.of.Lease(ctx, idp)
}

func (k *killable) PutLease(ctx context.Context, idp string, body []byte, version int64) error {
	switch {
	case ctx.Err() != nil:
		return reason.New(reason.StoreUnavailable, "gone")
	case version != k.of.version:
		return reason.New(reason.StoreConflict, "version %d", version)
	}
	return k.of.PutLease(ctx, idp, body, version)
}

// TestARunThatIsCutOffGoesOnAtTheNext, so that each record has its turn.
func TestARunThatIsCutOffGoesOnAtTheNext(t *testing.T) {
	const records, perRun = 1000, 300
	r := newRounds(records)
	r.each = time.Second
	seen := map[string]int{}
	for range 4 {
		r.deadline = r.now.Add(perRun * time.Second).Add(8 * time.Second)
		asked := r.run(t)
		if len(asked) < perRun || len(asked) > perRun+16 {
			t.Errorf("%d records in one run", len(asked))
		}
		for _, id := range asked {
			seen[id]++
		}
	}
	if len(seen) != records {
		t.Errorf("%d of %d records had a turn in four runs", len(seen), records)
	}
	r.deadline = r.now.Add(time.Hour)
	if asked := r.run(t); len(asked) != records {
		t.Errorf("a run with time enough: %d records", len(asked))
	}
	if asked := r.run(t); asked[0] > "idp-016" {
		t.Errorf("after it the next begins with %s", asked[0])
	}
}

// TestARunThatIsKilledGoesOnNearBy: kill -9 writes nothing, so that what was written on
// the way decides.
func TestARunThatIsKilledGoesOnNearBy(t *testing.T) {
	const records = 1000
	r := newRounds(records)
	r.deadline = r.now.Add(time.Hour)
	r.killed = func(id string) bool { return id >= "idp-450" }
	first := r.run(t)
	r.killed = func(string) bool { return false }
	var left struct{ Next string }
	if err := json.Unmarshal(r.lease, &left); err != nil || left.Next == "" {
		t.Fatalf("nothing was written on the way: %s, %v", r.lease, err)
	}
	for _, id := range r.ids {
		if id < left.Next && !slices.Contains(first, id) {
			t.Errorf("the next run begins with %s, and nobody asked %s", left.Next, id)
		}
	}
	if again := r.run(t); len(again) != records {
		t.Errorf("%d records, then %d", len(first), len(again))
	}
}

// TestARecordThatIsGoneIsNoPlaceToBegin: the next one is.
func TestARecordThatIsGoneIsNoPlaceToBegin(t *testing.T) {
	r := newRounds(3)
	r.deadline = r.now.Add(time.Hour)
	for next, want := range map[string]string{"idp-001": "idp-001", "idp-0005": "idp-001", "zzz": "idp-000", "": "idp-000"} {
		r.lease, r.version = []byte(`{"next":"`+next+`"}`), 1
		r.ids = []string{"idp-002", "idp-000", "idp-001"}
		if asked := r.run(t); len(asked) != 3 || !slices.Contains(asked, want) || string(r.lease) != `{}` && next != "" {
			t.Errorf("%q: %q, then %s", next, asked, r.lease)
		}
	}
}
