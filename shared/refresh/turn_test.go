package refresh_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/refresh"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func (m *memory) Lease(ctx context.Context, idp string) ([]byte, int64, error) {
	return m.Keys(ctx, idp)
}

func (m *memory) PutLease(ctx context.Context, idp string, body []byte, version int64) error {
	return m.PutKeys(ctx, idp, body, version)
}

func take(t *testing.T, m *memory, now time.Time) error {
	t.Helper()
	return refresh.TakeTurn(t.Context(), m, "okta", now)
}

func end(t *testing.T, m *memory) {
	t.Helper()
	if err := refresh.EndTurn(t.Context(), m, "okta"); err != nil {
		t.Fatal(err)
	}
}

// turns takes as many turns as there are at one moment, one after the other.
func turns(t *testing.T, m *memory, now time.Time) int {
	t.Helper()
	for n := range 10 {
		err := take(t, m, now)
		if reason.Of(err) == reason.RefreshLimited {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		end(t, m)
	}
	return 10
}

// TestWhileASourceIsAskedNobodyElseAsks, and a turn that nobody ended ends by itself.
func TestWhileASourceIsAskedNobodyElseAsks(t *testing.T) {
	m, now := &memory{}, validatetest.Now()
	if err := take(t, m, now); err != nil {
		t.Fatal(err)
	}
	if err := take(t, m, now.Add(time.Second)); reason.Of(err) != reason.RefreshUnderWay {
		t.Errorf("%v", err)
	}
	end(t, m)
	if err := take(t, m, now.Add(time.Second)); err != nil {
		t.Errorf("the second turn: %v", err)
	}
	if err := take(t, m, now.Add(time.Hour)); err != nil {
		t.Errorf("after whoever took it is gone: %v", err)
	}
	if err := take(t, m, now); err != nil {
		t.Errorf("by a clock that was set back: %v", err)
	}
}

func TestTwoTurnsAtOnceAndThenOneEachTenSeconds(t *testing.T) {
	m, begin := &memory{}, validatetest.Now()
	for _, step := range []struct {
		at   time.Duration
		want int
	}{
		{0, 2},
		{9 * time.Second, 0},
		{10 * time.Second, 1},
		{11 * time.Second, 0},
		{20 * time.Second, 1},
		{time.Hour, 2},
	} {
		if got := turns(t, m, begin.Add(step.at)); got != step.want {
			t.Errorf("after %s: %d turns, want %d", step.at, got, step.want)
		}
	}
}

// TestAFloodDoesNotPushTheNextTurnAway: refused turns count for nothing.
func TestAFloodDoesNotPushTheNextTurnAway(t *testing.T) {
	m, begin := &memory{}, validatetest.Now()
	taken := 0
	for ms := range 200 {
		taken += turns(t, m, begin.Add(time.Duration(ms)*100*time.Millisecond))
	}
	if taken != 3 { // two at once, one after ten seconds, and the next would be at twenty
		t.Errorf("%d turns in 20 s", taken)
	}
}

func TestAClockThatWasSetBackHoldsNobodyUp(t *testing.T) {
	m, now := &memory{}, validatetest.Now()
	turns(t, m, now.Add(24*time.Hour))
	if got := turns(t, m, now); got != 2 {
		t.Errorf("%d turns", got)
	}
}

func TestALeaseThatCannotBeReadIsNone(t *testing.T) {
	for _, body := range []string{"", "x", "[]", `{"until":7}`} {
		if got := turns(t, &memory{body: []byte(body), version: 3}, validatetest.Now()); got != 2 {
			t.Errorf("%q: %d turns", body, got)
		}
	}
}

func TestOfTwoWhoTakeATurnAtOnceOneHasIt(t *testing.T) {
	m, now := &memory{}, validatetest.Now()
	m.between = func(m *memory) { // somebody else is first
		if err := take(t, m, now); err != nil {
			t.Error(err)
		}
	}
	if err := take(t, m, now); reason.Of(err) != reason.RefreshUnderWay {
		t.Errorf("%v", err)
	}
	end(t, m)
	if got := turns(t, m, now); got != 1 {
		t.Errorf("%d turns are left", got)
	}
}

func TestWithoutALeaseNobodyIsAsked(t *testing.T) {
	m := &memory{err: reason.New(reason.StoreUnavailable, "down")}
	if err := refresh.TakeTurn(t.Context(), m, "okta", validatetest.Now()); reason.Of(err) != reason.StoreUnavailable {
		t.Errorf("%v", err)
	}
	m = &memory{err: errors.New("broken")}
	if err := refresh.TakeTurn(t.Context(), m, "okta", validatetest.Now()); err == nil {
		t.Error("a turn without a store")
	}
}
