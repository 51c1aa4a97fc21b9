package push

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/push/memory"
)

// world is RAM and what is remembered of it, while an identity provider publishes this
// and that, somebody has hands of their own in RAM, and rows get lost.
type world struct {
	random *rand.Rand
	now    time.Time
	set    set
	repair bool
	has    []string
	known  map[string]memory.Known
}

func (w *world) some(most int) []string {
	names := letters("ABCDEFGH")
	w.random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names[:w.random.IntN(most+1)]
}

// step is what happens between two runs.
func (w *world) step() {
	w.now = w.now.Add(time.Duration(w.random.IntN(90)) * time.Minute)
	switch w.random.IntN(30) {
	case 0, 1:
		old := w.set.wanted
		if w.set.wanted = w.some(3); w.random.IntN(2) == 0 {
			w.set.wanted = without(slices.Concat(w.set.wanted, old), nil)
		}
		w.set.believed = without(old, w.set.wanted)
	case 2:
		w.set.believed = nil
	case 3:
		w.has = without(slices.Concat(w.has, []string{"X", "Y"}[:w.random.IntN(3)]), nil)
		w.has = w.has[:min(len(w.has), w.set.limit)]
	case 4:
		if len(w.has) > 1 {
			w.has = w.has[1:]
		}
	case 5:
		w.known = nil
	case 6:
		w.now = w.now.Add(-48 * time.Hour)
	}
}

// TestWhateverHappensRAMKeepsWhatIsPublished and what is not ours to remove.
func TestWhateverHappensRAMKeepsWhatIsPublished(t *testing.T) {
	for seed := range uint64(150) {
		random := rand.New(rand.NewPCG(seed, 7))
		w := &world{random: random, now: time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC), repair: random.IntN(2) == 0}
		w.set = set{limit: []int{2, 5}[random.IntN(2)], wanted: []string{"A"}, grace: []time.Duration{0, settleTime}[random.IntN(2)]}
		for range 1000 {
			w.step()
			out := w.set.settle(w.has, w.known, w.now, w.repair)
			w.judge(t, seed, out)
			w.has, w.known = out.target, out.known
		}
	}
}

func (w *world) judge(t *testing.T, seed uint64, out settled) {
	t.Helper()
	in := func(list []string) func(string) bool {
		return func(name string) bool { return slices.Contains(list, name) }
	}
	ours := func(name string) bool { _, ok := out.known[name]; return ok }
	foreign := len(slices.DeleteFunc(slices.Clone(w.has), ours))
	gone := without(w.has, out.target)
	for what, broken := range map[string]bool{
		"RAM has no room for it":           len(out.target) > max(w.set.limit, len(w.has)),
		"what is wanted went":              slices.ContainsFunc(gone, in(w.set.wanted)),
		"it went and was not said to go":   !slices.Equal(slices.Sorted(slices.Values(gone)), slices.Sorted(slices.Values(out.removes))),
		"a stranger's went":                !w.repair && slices.ContainsFunc(gone, func(name string) bool { return !ours(name) }),
		"nothing that is wanted is there":  len(w.set.wanted) > 0 && !slices.ContainsFunc(out.target, in(w.set.wanted)) && (w.repair || foreign < w.set.limit),
		"there was room, and one is not":   len(w.set.wanted) > 0 && len(w.set.wanted) <= w.set.limit && len(out.lacking) > 0 && (w.repair || len(w.set.wanted)+foreign <= w.set.limit),
		"it went though nobody knew":       len(w.set.wanted) == 0 && len(gone) > 0,
		"it went early, and not for room":  len(gone) > 0 && len(out.target) < w.set.limit && !w.settledLong(out),
		"what is believed went without it": len(out.target) < w.set.limit && slices.ContainsFunc(gone, in(w.set.believed)),
	} {
		if broken {
			t.Fatalf("world %d: %s: RAM had %v, wanted %v, believed %v; now %v", seed, what, w.has, w.set.wanted, w.set.believed, out.target)
		}
	}
}

// settledLong says whether RAM has all that is wanted for a day.
func (w *world) settledLong(out settled) bool {
	return !slices.ContainsFunc(w.set.wanted, func(name string) bool {
		confirmed := out.known[name].Confirmed
		return confirmed.IsZero() || w.now.Sub(confirmed) < settleTime
	})
}
