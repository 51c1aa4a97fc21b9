package push

import (
	"maps"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/push/memory"
)

// settleTime is how long RAM keeps the old beside the new: its own advice for
// fingerprints is a day, since what reads them may have them cached for as long.
const settleTime = 24 * time.Hour

// staleTime is how long a thing stays at least after it was wanted last: of two runs at
// once one may have read a record before it had what the other one wrote.
const staleTime = time.Hour

// set is what a provider in RAM should have of one kind: certificates, fingerprints or
// client IDs.
type set struct {
	limit  int      // RAM's
	wanted []string // the better first; none: nobody knows, and nothing changes
	// believed are wanted no more but stay while there is room, such as a key that is
	// published no more and that messages under way may still be signed with.
	believed []string
	grace    time.Duration // how long after it was wanted last a thing stays at least
}

// settled is what follows for RAM.
type settled struct {
	target  []string // what RAM should have after this run
	adds    []string
	removes []string // in the order in which they should go
	strange []string // RAM has them, and no record ever published them
	lacking []string // wanted, and there is no room
	known   map[string]memory.Known
}

// settle compares. Only repair removes what is strange.
func (s set) settle(has []string, known map[string]memory.Known, now time.Time, repair bool) settled {
	if len(s.wanted) == 0 {
		return settled{target: has, known: known}
	}
	out := settled{known: s.remember(has, known, now)}
	chosen := s.chosen(has)
	ripe := ripens(chosen, out.known)
	var stay, mayGo []string // of what RAM has and nobody wants
	for _, h := range s.byAge(has, out.known) {
		k, ours := out.known[h]
		if !ours {
			out.strange = append(out.strange, h)
		}
		over := !ripe.IsZero() && !now.Before(later(ripe, k.Left.Add(s.grace)))
		switch {
		case !ours && !repair:
			stay = append(stay, h)
		case over && !slices.Contains(s.believed, h):
			out.removes = append(out.removes, h)
		default:
			mayGo = append(mayGo, h)
		}
	}
	gone := clamp(len(chosen)+len(stay)+len(mayGo)-s.limit, len(mayGo))
	out.removes = append(out.removes, mayGo[:gone]...)
	stay = append(stay, mayGo[gone:]...)
	out.adds = without(chosen, has)
	lacks := clamp(len(chosen)+len(stay)-s.limit, len(out.adds))
	chosen, out.adds = chosen[:len(chosen)-lacks], out.adds[:len(out.adds)-lacks]
	out.target = slices.Concat(chosen, stay)
	out.lacking = without(s.wanted, out.target)
	return out
}

// remember is what is known after RAM was read to have this. A clock that was set back
// makes what it said before begin now.
func (s set) remember(has []string, known map[string]memory.Known, now time.Time) map[string]memory.Known {
	next := map[string]memory.Known{}
	for _, w := range s.wanted {
		confirmed := known[w].Confirmed
		switch {
		case !slices.Contains(has, w):
			confirmed = time.Time{}
		case confirmed.IsZero() || confirmed.After(now):
			confirmed = now
		}
		next[w] = memory.Known{Confirmed: confirmed}
	}
	for _, name := range slices.Concat(s.believed, slices.Collect(maps.Keys(known))) {
		k, ours := known[name]
		if _, wanted := next[name]; wanted || !slices.Contains(has, name) || !ours && !slices.Contains(s.believed, name) {
			continue
		}
		if k.Left.IsZero() || k.Left.After(now) {
			k.Left = now
		}
		next[name] = k
	}
	return next
}

// chosen are those of the wanted that find room: what RAM has already, then the better.
func (s set) chosen(has []string) []string {
	lacked := without(s.wanted, has)
	there := without(s.wanted, lacked)
	return slices.Concat(there, lacked[:clamp(s.limit-len(there), len(lacked))])
}

// byAge are those of has that nobody wants, in the order in which they should make
// room: published no more and believed no more, the longest first; then the believed;
// then the strange.
func (s set) byAge(has []string, known map[string]memory.Known) []string {
	rank := func(name string) int {
		_, ours := known[name]
		switch {
		case !ours:
			return 2
		case slices.Contains(s.believed, name):
			return 1
		}
		return 0
	}
	rest := without(has, s.wanted)
	slices.SortStableFunc(rest, func(a, b string) int {
		if order := rank(a) - rank(b); order != 0 {
			return order
		}
		return known[a].Left.Compare(known[b].Left)
	})
	return rest
}

// ripens is when what these replace may go: a day after RAM was known to have the last
// of them; zero: it does not have all.
func ripens(chosen []string, known map[string]memory.Known) time.Time {
	var newest time.Time
	for _, name := range chosen {
		at := known[name].Confirmed
		if at.IsZero() {
			return time.Time{}
		}
		newest = later(newest, at)
	}
	return newest.Add(settleTime)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func clamp(n, most int) int { return max(0, min(n, most)) }

// without is a copy of list that has none of these, in its order and once each.
func without(list, these []string) []string {
	var rest []string
	for _, name := range list {
		if !slices.Contains(these, name) && !slices.Contains(rest, name) {
			rest = append(rest, name)
		}
	}
	return rest
}
