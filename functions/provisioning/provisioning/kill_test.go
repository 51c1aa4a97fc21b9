package provisioning_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/provisioning/provisioning"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// lives are deliveries of two people and a group, in order.
func (w *world) lives() [][]lifecycle.Event {
	return [][]lifecycle.Event{
		{w.group(1, "dev", false), w.member(2, "7", true), w.person(3, "7", "ada", lifecycle.Active)},
		{w.person(4, "8", "bob", lifecycle.Active), w.member(5, "8", true)},
		{w.person(6, "7", "lovelace", lifecycle.Active)},
		{w.group(7, "engineers", false)},
		{w.person(8, "8", "bob", lifecycle.Inactive)},
		{w.member(9, "7", false)},
		{w.person(10, "8", "robert", lifecycle.Gone)},
	}
}

// end is all that is left after everything settled.
func (w *world) end() string {
	w.t.Helper()
	w.settles()
	return strings.ReplaceAll(w.ram.text()+"\n"+w.owners(), w.idp, "IDP")
}

// TestWhoeverIsKilledLosesNothing kills an instance at each of its writes in turn, before
// and after that took effect. The platform delivers again, and the timer's next run is
// another instance's: all ends as if nobody had been killed.
func TestWhoeverIsKilledLosesNothing(t *testing.T) {
	client := newStore(t)
	for _, n := range []int{0, 2, 3, 6} { // all joins, renames, and a leaver
		calm := worldOn(t, client, fmt.Sprint("calm-", n))
		calm.instance().takes(slices.Concat(calm.lives()[:n]...)...)
		calm.instance().takes(calm.lives()[n]...)
		want := calm.end()
		for at := 1; ; at++ {
			died := worldOn(t, client, fmt.Sprintf("before-%d-%d", n, at)).endsWith(n, at, false, want)
			if n == 2 { // and after it took effect, where most is written
				worldOn(t, client, fmt.Sprintf("after-%d-%d", n, at)).endsWith(n, at, true, want)
			}
			if !died {
				break
			}
		}
	}
}

// endsWith delivers until the n-th, which it hands to an instance that dies at its at-th
// write, if it gets there.
func (w *world) endsWith(n, at int, committed bool, want string) (died bool) {
	w.t.Helper()
	w.instance().takes(slices.Concat(w.lives()[:n]...)...)
	mortal, events := w.mortal(at, committed), w.lives()[n]
	err := mortal.handle(provisioning.Delivery{Events: events})
	if died = mortal.isDead(); died && (err != nil || at%2 == 0) { // the platform may have seen it go
		w.instance().takes(events...)
	}
	w.turn(21 * time.Second)
	w.instance().sweeps()
	if got := w.end(); got != want {
		w.t.Errorf("killed at write %d of delivery %d, committed %v:\n%s\nwant\n%s\n%s", at, n, committed, got, want, w.log.String())
	}
	if len(w.ram.overlap) > 0 {
		w.t.Errorf("two at once: %q", w.ram.overlap)
	}
	return died
}

// TestAnyOrderComesToTheSame shuffles events, doubles some, and has RAM fail some calls.
func TestAnyOrderComesToTheSame(t *testing.T) {
	client := newStore(t)
	calm := worldOn(t, client, "calm")
	for _, events := range calm.lives() {
		for _, e := range events {
			calm.instance().takes(e)
			calm.settles()
		}
	}
	// A group that somebody was taken out of before anybody got to work is none that they
	// were ever in, so the developers' account tells orders apart: see residence.settle.
	want := withoutAccount(calm.end(), test)
	for seed := range uint64(12) {
		chance := rand.New(rand.NewPCG(seed, 7))
		w := worldOn(t, client, fmt.Sprint("idp-", seed))
		w.ram.fails = func(string) error {
			if chance.IntN(5) == 0 {
				return errors.New("throttled")
			}
			return nil
		}
		var events []lifecycle.Event
		for _, some := range w.lives() {
			for _, e := range some {
				for range 1 + chance.IntN(3) {
					events = append(events, e)
				}
			}
		}
		chance.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
		for _, e := range events {
			w.instance().takes(e)
		}
		if got := withoutAccount(w.end(), test); got != want {
			t.Errorf("seed %d:\n%s\nwant\n%s\n%s", seed, got, want, w.log.String())
		}
	}
}

func withoutAccount(text, account string) string {
	var lines []string
	for line := range strings.Lines(text) {
		if !strings.Contains(line, account) {
			lines = append(lines, line)
		}
	}
	return strings.TrimSpace(strings.Join(lines, ""))
}
