package rotation_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/metadata-rotation/rotation"
	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// world has sources, some of them at fault.
type world struct {
	now     time.Time
	ids     []string
	faults  map[string]error // of a refresh
	listing error

	mu       sync.Mutex
	asked    []string
	lease    []byte
	version  int64
	watches  map[string][]byte
	stuck    error  // of writing a watch
	written  int    // watches
	cut      int    // the watch at whose writing a run is killed; 0: none
	early    bool   // before it is written, not after
	replaced string // digest of keys that replaced all others
	carry    func(alert.Alert) error
	deadline time.Duration // of the last refresh
	log      strings.Builder
}

func newWorld(ids ...string) *world {
	return &world{now: validatetest.Now(), ids: ids, faults: map[string]error{}, watches: map[string][]byte{}}
}

func (w *world) Lease(context.Context, string) ([]byte, int64, error) { return w.lease, w.version, nil }

func (w *world) PutLease(_ context.Context, _ string, body []byte, _ int64) error {
	w.lease, w.version = body, w.version+1
	return nil
}

func (w *world) Watch(_ context.Context, idp string) ([]byte, int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.watches[idp], 1, nil
}

func (w *world) PutWatch(_ context.Context, idp string, body []byte, _ int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stuck != nil {
		return w.stuck
	}
	w.written++
	if w.written == w.cut && w.early {
		runtime.Goexit()
	}
	w.watches[idp] = body
	if w.written == w.cut {
		runtime.Goexit()
	}
	return nil
}

func (w *world) send(t *testing.T, event string) error {
	t.Helper()
	return rotation.New(rotation.Config{
		Log: slog.New(slog.NewTextHandler(&w.log, nil)), Now: func() time.Time { return w.now },
		Records: func(context.Context) ([]string, error) { return w.ids, w.listing },
		Record: func(_ context.Context, idp string) (trust.Record, error) {
			if !slices.Contains(w.ids, idp) {
				return trust.Record{}, reason.New(reason.IdPUnknown, "no %q", idp)
			}
			source := validatetest.Source()
			source.ID, source.Suspended = idp, idp == "suspended"
			return validatetest.Record(t, source, nil), nil
		},
		Refresh: func(ctx context.Context, source trust.Source) (refresh.Result, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.asked = append(w.asked, source.ID)
			if end, ok := ctx.Deadline(); ok {
				w.deadline = time.Until(end)
			}
			change := trust.Change{Replaces: w.replaced != "", Digest: w.replaced}
			return refresh.Result{Changed: true, Change: change}, w.faults[source.ID]
		},
		Leases: w, Watches: w, Send: w.handOn(),
	})(t.Context(), []byte(event))
}

const timer = `{"triggerTime":"2027-03-01T12:07:00Z","triggerName":"hourly","payload":"{\"job\":\"rotate\"}"}`

// TestTheTimerAsksEverySource, one at fault too, which is the source's own matter.
func TestTheTimerAsksEverySource(t *testing.T) {
	w := newWorld()
	for n := range 100 {
		w.ids = append(w.ids, fmt.Sprintf("idp-%d", n))
	}
	w.faults["idp-3"] = reason.New(reason.SourceUnavailable, "it answers with status 500")
	w.faults["idp-4"] = reason.New(reason.MetadataInvalid, "HTML")
	w.faults["idp-5"] = reason.New(reason.KeysHeld, "approve them")
	if err := w.send(t, timer); err != nil {
		t.Error(err)
	}
	slices.Sort(w.asked)
	if len(slices.Compact(w.asked)) != 100 {
		t.Errorf("%d sources were asked", len(w.asked))
	}
	for _, says := range []string{"record=idp-3", "status 500", "record=idp-4", "HTML", "record=idp-5", "approve them"} {
		if !strings.Contains(w.log.String(), says) {
			t.Errorf("the log has no %s", says)
		}
	}
}

func TestARunThatCannotStoreFails(t *testing.T) {
	w := newWorld("a", "b", "c")
	w.faults["b"] = reason.New(reason.StoreUnavailable, "down")
	if err := w.send(t, timer); reason.Of(err) != reason.StoreUnavailable || len(w.asked) != 3 {
		t.Errorf("%v after %q", err, w.asked)
	}
	w.listing = reason.New(reason.FederationMissing, "nothing was applied")
	if err := w.send(t, timer); reason.Of(err) != reason.FederationMissing {
		t.Errorf("%v", err)
	}
}

// TestASignInHasOneSourceAsked, twice at once and then each ten seconds, and not for
// longer than it waits.
func TestASignInHasOneSourceAsked(t *testing.T) {
	w := newWorld("okta", "other")
	w.faults["okta"] = reason.New(reason.SourceUnavailable, "slow")
	for n, want := range []reason.Code{reason.SourceUnavailable, reason.SourceUnavailable, reason.RefreshLimited, reason.RefreshLimited} {
		if err := w.send(t, `{"record":"okta"}`); reason.Of(err) != want {
			t.Errorf("%d: %v, want %s", n, err, want)
		}
	}
	if !slices.Equal(w.asked, []string{"okta", "okta"}) || w.deadline > refresh.TurnTime || w.deadline < time.Second {
		t.Errorf("asked %q, for %s at most", w.asked, w.deadline)
	}
	w.now = w.now.Add(10 * time.Second)
	delete(w.faults, "okta")
	if err := w.send(t, `{"record":"okta"}`); err != nil {
		t.Error(err)
	}
}

func TestWhatNobodyMaySendIsRefused(t *testing.T) {
	for event, want := range map[string]reason.Code{
		``:                                 reason.RequestMalformed,
		`null`:                             reason.RequestMalformed,
		`{}`:                               reason.RequestMalformed,
		`[]`:                               reason.RequestMalformed,
		`{"record":7}`:                     reason.RequestMalformed,
		`{"record":"okta","url":"x"}`:      reason.RequestMalformed,
		`{"record":"nobody"}`:              reason.IdPUnknown,
		`{"record":"suspended"}`:           reason.IdPSuspended,
		`{"triggerTime":"x","payload":""}`: reason.RequestMalformed,
	} {
		w := newWorld("okta", "suspended")
		if err := w.send(t, event); reason.Of(err) != want || len(w.asked) > 0 {
			t.Errorf("%s: %v after %q, want %s", event, err, w.asked, want)
		}
	}
}

// TestATurnThatCannotBeEndedIsNoFailure: it ends by itself.
func TestATurnThatCannotBeEndedIsNoFailure(t *testing.T) {
	w := newWorld("okta")
	stuck := &stuckLeases{world: w}
	err := rotation.New(rotation.Config{
		Log: slog.New(slog.NewTextHandler(&w.log, nil)), Now: validatetest.Now,
		Record: func(context.Context, string) (trust.Record, error) {
			return validatetest.Record(t, validatetest.Source(), nil), nil
		},
		Refresh: func(context.Context, trust.Source) (refresh.Result, error) {
			stuck.down = true
			return refresh.Result{}, nil
		},
		Leases: stuck,
	})(t.Context(), []byte(`{"record":"okta"}`))
	if err != nil || !strings.Contains(w.log.String(), "under way") {
		t.Errorf("%v, %s", err, w.log.String())
	}
}

type stuckLeases struct {
	*world

	down bool
}

func (s *stuckLeases) Lease(ctx context.Context, idp string) ([]byte, int64, error) {
	if s.down {
		return nil, 0, errors.New("down")
	}
	return s.world.Lease(ctx, idp)
}

// TestAnAlertIsWrittenByWhoeverMayRemember, once: of two runs at once the other is
// silent, and what cannot be remembered is not told as if it were.
func TestAnAlertIsWrittenByWhoeverMayRemember(t *testing.T) {
	w := newWorld("okta")
	w.faults["okta"] = reason.New(reason.SourceUnavailable, "status 500")
	alerts := func() int {
		return strings.Count(w.log.String(), "msg=alert kind=source_failing severity=warning record=okta")
	}
	for range 2 {
		if err := w.send(t, timer); err != nil {
			t.Fatal(err)
		}
	}
	w.stuck = reason.New(reason.StoreConflict, "another run was first")
	if err := w.send(t, timer); err != nil || alerts() != 0 {
		t.Errorf("%v, %d alerts", err, alerts())
	}
	w.stuck = reason.New(reason.StoreUnavailable, "down")
	if err := w.send(t, timer); reason.Of(err) != reason.StoreUnavailable || alerts() != 0 {
		t.Errorf("%v, %d alerts", err, alerts())
	}
	w.stuck = nil
	for range 3 {
		if err := w.send(t, timer); err != nil {
			t.Fatal(err)
		}
	}
	if alerts() != 1 {
		t.Errorf("%d alerts: %s", alerts(), w.log.String())
	}
}
