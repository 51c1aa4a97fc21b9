package provisioning_test

import (
	"slices"
	"testing"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// TestTrustEventsThatNothingWillHelpAreGivenUp at once; events about people wait for the
// federation to name their identity provider.
func TestTrustEventsThatNothingWillHelpAreGivenUp(t *testing.T) {
	for _, code := range []reason.Code{reason.IdPUnknown, reason.RequestTooLarge, reason.StoreConflict} {
		w := newWorld(t)
		w.denies = reason.New(code, "on purpose")
		e := w.event(1)
		e.Kind = lifecycle.KindSuspend
		w.instance().takes(e)
		if gone := code != reason.StoreConflict; gone != slices.Equal(w.dead(), []string{string(code)}) {
			t.Errorf("%s: %q are dead", code, w.dead())
		}
	}
}
