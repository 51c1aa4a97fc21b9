package provisioning_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/provisioning/provisioning"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

func user(account, name string, active bool, groups ...string) string {
	return fmt.Sprintf("user %s %s %q active=%v %v", account, name, name, active, groups)
}

func TestAnOlderEventNeverUndoesANewer(t *testing.T) {
	w := newWorld(t)
	joined, left := w.person(1, "7", "ada", lifecycle.Active), w.person(2, "7", "ada", lifecycle.Inactive)
	w.instance().takes(left)
	w.instance().takes(joined)
	w.wants(user(prod, "ada", false)) // as if they had joined first
	w.instance().takes(w.person(3, "7", "ada", lifecycle.Active))
	w.wants(user(prod, "ada", true))
	w.instance().takes(left, joined)
	w.wants(user(prod, "ada", true))
	if waiting, dead := w.waiting(), w.dead(); len(waiting) > 0 || len(dead) > 0 {
		t.Errorf("%q wait, %q are dead", waiting, dead)
	}
}

func TestADuplicateIsNotDoneAgain(t *testing.T) {
	w := newWorld(t)
	e := w.person(1, "7", "ada", lifecycle.Active)
	w.instance().takes(e, e)
	calls := len(w.ram.calls)
	e.From = "mns"
	w.instance().takes(e)
	if len(w.ram.calls) != calls || calls != 1 {
		t.Errorf("RAM was called for %q", w.ram.calls)
	}
}

// TestAPersonsLife: joins, moves, is renamed, leaves, comes back, is gone.
func TestAPersonsLife(t *testing.T) {
	w := newWorld(t)
	step := func(events ...lifecycle.Event) { w.instance().takes(events...) }
	step(w.group(1, "dev", false), w.member(2, "7", true), w.person(3, "7", "ada", lifecycle.Active))
	joined := []string{"group " + prod + " dev", user(prod, "ada", true, "dev"), user(test, "ada", true)}
	w.wants(joined...)
	step(w.member(4, "7", false))
	w.wants("group "+prod+" dev", user(prod, "ada", true), user(test, "ada", false))
	step(w.member(5, "7", true))
	w.wants(joined...)
	step(w.group(6, "dev", false), w.person(7, "7", "lovelace", lifecycle.Active))
	w.wants("group "+prod+" dev", user(prod, "lovelace", true, "dev"), user(test, "lovelace", true))
	if got, want := w.owners(), prod+" lovelace lovelace@acme.com\n"+test+" lovelace lovelace@acme.com"; got != want {
		t.Errorf("owners\n%s\nwant\n%s", got, want)
	}
	step(w.person(8, "7", "lovelace", lifecycle.Inactive))
	w.wants("group "+prod+" dev", user(prod, "lovelace", false), user(test, "lovelace", false))
	step(w.person(9, "7", "lovelace", lifecycle.Active))
	w.wants("group "+prod+" dev", user(prod, "lovelace", true, "dev"), user(test, "lovelace", true))
	gone := w.person(10, "7", "", lifecycle.Gone)
	gone.Person.Person, gone.Person.DisplayName = "", ""
	step(gone)
	w.wants("group "+prod+" dev", user(prod, "lovelace", false)) // prod does not delete
	if got, want := w.owners(), prod+" lovelace lovelace@acme.com"; got != want {
		t.Errorf("owners\n%s\nwant\n%s", got, want)
	}
	step(w.group(11, "", true))
	w.wants(user(prod, "lovelace", false))
	w.settles()
	if waiting, dead := w.waiting(), w.dead(); len(waiting) > 0 || len(dead) > 0 {
		t.Errorf("%q wait, %q are dead", waiting, dead)
	}
}

// TestMembersFollowTheirGroup: what a group is decides who has which user, whenever it is
// told.
func TestMembersFollowTheirGroup(t *testing.T) {
	t.Run("it is renamed, and the rule wants the old name", func(t *testing.T) {
		w := newWorld(t)
		w.instance().takes(w.group(1, "dev", false), w.member(2, "7", true), w.person(3, "7", "ada", lifecycle.Active))
		w.instance().takes(w.group(4, "engineers", false))
		w.wants("group "+prod+" engineers", user(prod, "ada", true, "engineers"), user(test, "ada", false))
	})
	t.Run("that it was removed in between is told late", func(t *testing.T) {
		w := newWorld(t)
		w.instance().takes(w.group(1, "dev", false), w.member(2, "7", true), w.person(3, "7", "ada", lifecycle.Active), w.group(6, "dev", false))
		w.wants("group "+prod+" dev", user(prod, "ada", true, "dev"), user(test, "ada", true))
		w.instance().takes(w.group(5, "", true))
		w.wants("group "+prod+" dev", user(prod, "ada", true), user(test, "ada", false))
	})
	t.Run("that it is there again is told late", func(t *testing.T) {
		w := newWorld(t)
		w.instance().takes(w.group(1, "dev", false), w.group(2, "", true), w.member(6, "7", true), w.person(3, "7", "ada", lifecycle.Active))
		w.wants(user(prod, "ada", true))
		w.instance().takes(w.group(4, "dev", false))
		w.wants("group "+prod+" dev", user(prod, "ada", true, "dev"), user(test, "ada", true))
	})
}

func TestAMemberWaitsForTheirGroup(t *testing.T) {
	w := newWorld(t)
	w.instance().takes(w.member(1, "7", true))
	w.instance().takes(w.person(2, "7", "ada", lifecycle.Active))
	w.wants(user(prod, "ada", true))
	if waiting := w.waiting(); len(waiting) != 1 || !strings.HasSuffix(waiting[0], " 1 subject_unknown") {
		t.Errorf("%q", waiting)
	}
	w.instance().takes(w.group(3, "dev", false))
	w.settles()
	w.wants("group "+prod+" dev", user(prod, "ada", true, "dev"), user(test, "ada", true))
}

func TestSomebodyElsesUserIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	w.instance().takes(w.person(1, "7", "ada", lifecycle.Active))
	second := w.person(2, "8", "ada", lifecycle.Active)
	second.Person.Person = "another@acme.com"
	w.instance().takes(second)
	second.Person.Status, second.Order.At = lifecycle.Inactive, second.Order.At.Add(time.Minute)
	leaves := w.person(3, "8", "ada", lifecycle.Inactive)
	leaves.Person.Person = "another@acme.com"
	w.instance().takes(leaves)
	w.wants(user(prod, "ada", true))
	if dead := w.dead(); !slices.Equal(dead, []string{"principal_taken"}) {
		t.Errorf("%q", dead)
	}
}

// TestWhoIsCalledOtherwiseKeepsTheirUser: sign-ins call them by another name, RAM does not.
func TestWhoIsCalledOtherwiseKeepsTheirUser(t *testing.T) {
	w := newWorld(t)
	w.instance().takes(w.person(1, "7", "ada", lifecycle.Active))
	e := w.person(2, "7", "ada", lifecycle.Active)
	e.Person.Person = "lovelace@acme.com"
	w.instance().takes(e)
	if got := w.owners(); got != prod+" ada lovelace@acme.com" {
		t.Error(got)
	}
	w.wants(user(prod, "ada", true))
	w.instance().takes(w.person(3, "7", "ada", lifecycle.Inactive))
	w.wants(user(prod, "ada", false))
}

func TestPoisonStopsNobody(t *testing.T) {
	w := newWorld(t)
	bad := []provisioning.Bad{{Key: "poison", Code: reason.EventMalformed, Detail: "no JSON", Text: "{"}}
	invalid := w.person(2, "8", strings.Repeat("x", 65), lifecycle.Active)
	e := []lifecycle.Event{w.person(1, "7", "ada", lifecycle.Active), invalid, w.person(3, "9", "bob", lifecycle.Active)}
	if err := w.instance().handle(provisioning.Delivery{Events: e, Bad: bad}); err != nil {
		t.Fatal(err)
	}
	w.wants(user(prod, "ada", true), user(prod, "bob", true))
	if dead, waiting := w.dead(), w.waiting(); !slices.Equal(dead, []string{"event_malformed", "principal_invalid"}) || len(waiting) > 0 {
		t.Errorf("%q are dead, %q wait", dead, waiting)
	}
	if log := w.log.String(); !strings.Contains(log, `"outcome":"dead","key":"poison"`) || !strings.Contains(log, `"key":"`+invalid.Key+`"`) {
		t.Error(log)
	}
}

func TestItIsTriedForADay(t *testing.T) {
	w := newWorld(t)
	w.ram.fails = func(string) error { return errors.New("throttled") }
	w.instance().takes(w.person(1, "7", "ada", lifecycle.Active))
	w.instance().sweeps() // nothing is due
	if len(w.ram.calls) != 1 {
		t.Errorf("RAM was called for %q", w.ram.calls)
	}
	for range 30 {
		w.turn(13 * time.Minute)
		w.instance().sweeps()
	}
	if len(w.ram.calls) != 12 || !slices.Equal(w.dead(), []string{"internal"}) {
		t.Errorf("%d calls, dead %q", len(w.ram.calls), w.dead())
	}
	w.ram.fails = nil
	if err := store.NewEvents(w.client).Retry(t.Context(), w.person(1, "", "", "").Key, w.now()); err != nil {
		t.Fatal(err)
	}
	w.instance().sweeps()
	w.wants(user(prod, "ada", true))
}

func TestASuspendedIdentityProvidersEventsWait(t *testing.T) {
	w := newWorld(t)
	w.draft.IdentityProviders[0].Suspended = true
	w.instance().takes(w.person(1, "7", "ada", lifecycle.Active))
	for range 20 {
		w.turn(2 * time.Hour)
		w.instance().sweeps()
	}
	w.wants()
	w.draft.IdentityProviders[0].Suspended = false
	w.turn(time.Hour)
	w.instance().sweeps()
	w.wants(user(prod, "ada", true))
}

func TestTrustEventsAreHandedOn(t *testing.T) {
	w := newWorld(t)
	e := w.event(1)
	e.Kind, e.Why = lifecycle.KindSuspend, "stolen key"
	w.instance().takes(e, e)
	w.instance().takes(e)
	if !slices.Equal(w.trust, []string{"suspend okta"}) || len(w.waiting()) > 0 {
		t.Errorf("%q, %q wait", w.trust, w.waiting())
	}
}

// TestTwoInstancesNeverMeet sends events of one person to two at once.
func TestTwoInstancesNeverMeet(t *testing.T) {
	w := newWorld(t)
	for round := range 20 {
		var wait sync.WaitGroup
		for i := range 3 {
			n := 3*round + i
			wait.Go(func() {
				status := lifecycle.Active
				if n%2 == 0 {
					status = lifecycle.Inactive
				}
				w.instance().takes(w.person(n, "7", "ada", status))
			})
		}
		wait.Wait()
		w.settles()
		w.wants(user(prod, "ada", (3*round+2)%2 != 0))
	}
}

// TestALeaseRunsOut: whoever had it is gone.
func TestALeaseRunsOut(t *testing.T) {
	w := newWorld(t)
	dead := w.mortal(6, false) // at its first call of RAM
	_ = dead.handle(provisioning.Delivery{Events: []lifecycle.Event{w.person(1, "7", "ada", lifecycle.Active)}})
	w.instance().sweeps()
	w.wants()
	w.turn(21 * time.Second)
	w.instance().sweeps()
	w.wants(user(prod, "ada", true))
}
