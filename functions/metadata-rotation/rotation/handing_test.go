package rotation_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// refreshPause is after when a source may be asked again.
const refreshPause = time.Minute

// carrier is who carries alerts on; down it carries none.
type carrier struct {
	down    bool
	asked   int
	carried []alert.Alert
}

func (c *carrier) carry(a alert.Alert) error {
	c.asked++
	if c.down {
		return errors.New("topic down")
	}
	c.carried = append(c.carried, a)
	return nil
}

func (c *carrier) ids() []string {
	var ids []string
	for _, a := range c.carried {
		ids = append(ids, a.ID())
	}
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}

// handOn is nil where alerts are in the log alone.
func (w *world) handOn() func(context.Context, alert.Alert) error {
	if w.carry == nil {
		return nil
	}
	return func(_ context.Context, a alert.Alert) error {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.carry(a)
	}
}

// failing runs the timer until the sources of all records are told of.
func (w *world) failing(t *testing.T) {
	t.Helper()
	for _, id := range w.ids {
		w.faults[id] = reason.New(reason.SourceUnavailable, "status 500")
	}
	for range 3 {
		if err := w.send(t, timer); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAnAlertThatCannotBeHandedOnWaits, is in the log once, keeps no other record from
// its refresh, and arrives once.
func TestAnAlertThatCannotBeHandedOnWaits(t *testing.T) {
	w, c := newWorld(), &carrier{down: true}
	for n := range 100 {
		w.ids = append(w.ids, fmt.Sprintf("idp-%d", n))
	}
	w.carry = c.carry
	w.failing(t)
	if c.asked < 3 || c.asked > 3+16 || len(w.asked) != 300 { // who was under way when the third failed
		t.Errorf("asked %d times, %d refreshes", c.asked, len(w.asked))
	}
	c.down = false
	for range 3 {
		if err := w.send(t, timer); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.carried) != 100 || len(c.ids()) != 100 || strings.Count(w.log.String(), "msg=alert ") != 100 {
		t.Errorf("%d arrived, %d of them different, %d in the log", len(c.carried), len(c.ids()), strings.Count(w.log.String(), "msg=alert "))
	}
	for id, body := range w.watches {
		if strings.Contains(string(body), "waiting") {
			t.Errorf("%s: %s", id, body)
		}
	}
}

// TestARunThatIsKilledHandsOnOnceMore at most, as the same event: whichever write was
// its last.
func TestARunThatIsKilledHandsOnOnceMore(t *testing.T) {
	for cut := range 2 * 5 {
		w, c := newWorld("okta"), &carrier{}
		w.carry, w.cut, w.early = c.carry, 1+cut/2, cut%2 == 0
		w.faults["okta"] = reason.New(reason.SourceUnavailable, "status 500")
		for range 6 {
			if err := w.send(t, timer); err != nil {
				t.Error(err)
			}
		}
		if len(c.carried) < 1 || len(c.carried) > 2 || len(c.ids()) != 1 {
			t.Errorf("killed at write %d, early %t: %d arrived, %d of them different", w.cut, w.early, len(c.carried), len(c.ids()))
		}
		if twice := w.cut == 4 && w.early; (len(c.carried) == 2) != twice { // it was handed on, and nobody could write that
			t.Errorf("killed at write %d, early %t: %d arrived", w.cut, w.early, len(c.carried))
		}
	}
}

// TestWhoSignsInWaitsForNoTopic: that all keys were replaced is in the log at once, and
// handed on by the timer.
func TestWhoSignsInWaitsForNoTopic(t *testing.T) {
	w, c := newWorld("okta"), &carrier{}
	w.carry, w.replaced = c.carry, "d1"
	if err := w.send(t, `{"record":"okta"}`); err != nil || c.asked != 0 || strings.Count(w.log.String(), "msg=alert kind=keys_replaced") != 1 {
		t.Errorf("%v, asked %d times: %s", err, c.asked, w.log.String())
	}
	w.replaced = ""
	for range 2 {
		if err := w.send(t, timer); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.carried) != 1 || c.carried[0].Kind != alert.KeysReplaced || strings.Count(w.log.String(), "msg=alert ") != 1 {
		t.Errorf("%+v: %s", c.carried, w.log.String())
	}
	w.replaced, w.stuck = "d2", reason.New(reason.StoreUnavailable, "down")
	w.now = w.now.Add(refreshPause)
	if err := w.send(t, `{"record":"okta"}`); err != nil || !strings.Contains(w.log.String(), "not remembered") {
		t.Errorf("the keys are there: %v", err)
	}
}
