package push

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/push/memory"
)

// settling is one run over things that are named by a letter. known says since when
// each is: "A10" was confirmed 10 hours ago, "A30-2" was confirmed 30 hours ago and
// left 2 hours ago, "A" is known and was never confirmed; negative: in the future.
type settling struct {
	name                    string
	wanted, believed        string
	has, known              string
	limit                   int
	repair                  bool
	grace                   time.Duration
	target, removes, lacks  string
	strange                 string
	forgotten, nowConfirmed string
}

func settlings() []settling {
	return []settling{
		{name: "nothing is known of the record", has: "AB", known: "A30", target: "AB"},
		{name: "all is as it should be", wanted: "A", has: "A", known: "A30", target: "A"},
		{name: "RAM was right before we came", wanted: "A", has: "A", target: "A", nowConfirmed: "A"},
		{name: "the next beside the old", wanted: "AB", has: "A", known: "A99", target: "AB"},
		{name: "the new one before the old one goes", wanted: "B", has: "A", known: "A99", target: "BA"},
		{name: "it is there, and a day is not over", wanted: "B", has: "AB", known: "A99-23 B23", target: "BA"},
		{name: "a day is over", wanted: "B", has: "AB", known: "A99-24 B24", target: "B", removes: "A"},
		{name: "the old one left a moment ago, the new one is there for long", wanted: "B", has: "AB", known: "A99 B48", target: "B", removes: "A"},
		{name: "a thing that comes and goes", wanted: "B", has: "AB", known: "A99 B48", grace: day, target: "BA"},
		{name: "a thing that came and went", wanted: "B", has: "AB", known: "A99-24 B48", grace: day, target: "B", removes: "A"},
		{name: "believed still", wanted: "B", believed: "A", has: "AB", known: "A99-50 B48", target: "BA"},
		{name: "never the last one", wanted: "B", has: "A", known: "A99-99 B99", target: "BA"},
		{name: "the new one was removed by hand", wanted: "B", has: "A", known: "A99-30 B30", target: "BA"},
		{name: "of three that came one is not there", wanted: "BCD", has: "ABC", known: "A99-30 B30 C30", target: "BCDA", limit: 5},
		{name: "of three that came one is not there, and has no room", wanted: "BCD", has: "ABC", known: "A99-30 B30 C30", target: "BCD", removes: "A", limit: 3},
		{name: "no room: what left goes first", wanted: "C", has: "AB", known: "A99-9 B99-3", target: "CB", removes: "A"},
		{name: "no room: the longest unseen first", wanted: "C", has: "AB", known: "A99-2 B99-3", target: "CA", removes: "B"},
		{name: "no room: what is believed goes last", wanted: "C", believed: "A", has: "AB", known: "A99-9 B99-3", target: "CA", removes: "B"},
		{name: "no room for two: both go", wanted: "CD", has: "AB", known: "A99 B99", target: "CD", removes: "AB"},
		{name: "all are published: what is there stays", wanted: "CAB", has: "AB", known: "A99 B99 C", target: "AB", lacks: "C"},
		{name: "all are published: then the better", wanted: "CDA", has: "A", known: "A99", target: "AC", lacks: "D"},
		{name: "a stranger stays", wanted: "A", has: "AX", known: "A99", target: "AX", strange: "X"},
		{name: "a stranger goes where that is allowed", wanted: "A", has: "AX", known: "A99", repair: true, target: "A", removes: "X", strange: "X"},
		{name: "not before a day is over", wanted: "A", has: "AX", known: "A23", repair: true, target: "AX", strange: "X"},
		{name: "not with what replaces it", wanted: "A", has: "X", repair: true, target: "AX", strange: "X"},
		{name: "strangers have all the room", wanted: "A", has: "XY", target: "XY", strange: "XY", lacks: "A"},
		{name: "one of them makes room where that is allowed", wanted: "A", has: "XY", repair: true, target: "AY", removes: "X", strange: "XY"},
		{name: "a stranger beside two that are published", wanted: "AB", has: "XA", known: "A99", target: "AX", lacks: "B", strange: "X"},
		{name: "what is ours makes room before a stranger", wanted: "B", has: "AX", known: "A99", target: "BX", removes: "A", strange: "X"},
		{name: "what left and is gone is forgotten", wanted: "B", has: "B", known: "A99-30 B30", target: "B", forgotten: "A"},
		{name: "what was forgotten and comes back by hand is a stranger", wanted: "B", has: "AB", known: "B30", target: "BA", strange: "A"},
		{name: "what left comes back", wanted: "AB", has: "AB", known: "A99-23 B50", target: "AB"},
		{name: "the clock was set back", wanted: "B", has: "AB", known: "A99-30 B-5", target: "BA", nowConfirmed: "B"},
		{name: "RAM has more than its limit", wanted: "ABC", has: "ABC", known: "A99 B99 C99", target: "ABC"},
	}
}

const day = 24 * time.Hour

func TestTheNewComesBeforeTheOldGoes(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range settlings() {
		t.Run(c.name, func(t *testing.T) {
			limit := c.limit
			if limit == 0 {
				limit = 2
			}
			s := set{limit: limit, wanted: letters(c.wanted), believed: letters(c.believed), grace: c.grace}
			got := s.settle(letters(c.has), knownAt(t, now, c.known), now, c.repair)
			for what, pair := range map[string][2]string{
				"target":  {strings.Join(got.target, ""), c.target},
				"removes": {strings.Join(got.removes, ""), c.removes},
				"lacks":   {strings.Join(got.lacking, ""), c.lacks},
				"strange": {strings.Join(got.strange, ""), c.strange},
			} {
				if pair[0] != pair[1] {
					t.Errorf("%s %s, want %s", what, pair[0], pair[1])
				}
			}
			if adds := without(got.target, letters(c.has)); !slices.Equal(adds, got.adds) {
				t.Errorf("adds %v, of the target %v are new", got.adds, adds)
			}
			for _, name := range letters(c.forgotten) {
				if _, ok := got.known[name]; ok {
					t.Errorf("%s is remembered", name)
				}
			}
			for _, name := range letters(c.nowConfirmed) {
				if !got.known[name].Confirmed.Equal(now) {
					t.Errorf("%s is known since %v", name, got.known[name])
				}
			}
		})
	}
}

// TestSettlingAgainChangesNothing: what a run wrote is what the next finds, and of
// every set something stays that is wanted or was there before.
func TestSettlingAgainChangesNothing(t *testing.T) {
	now := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range settlings() {
		s := set{limit: 2, wanted: letters(c.wanted), believed: letters(c.believed), grace: c.grace}
		first := s.settle(letters(c.has), knownAt(t, now, c.known), now, c.repair)
		again := s.settle(first.target, first.known, now, c.repair)
		if len(again.adds) > 0 || len(again.removes) > 0 {
			t.Errorf("%s: adds %v, removes %v", c.name, again.adds, again.removes)
		}
		if len(first.target) == 0 {
			t.Errorf("%s: nothing is left", c.name)
		}
		for _, name := range first.target {
			if k := again.known[name]; slices.Contains(letters(c.wanted), name) && k.Confirmed.IsZero() {
				t.Errorf("%s: %s is not confirmed", c.name, name)
			}
		}
	}
}

func letters(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "")
}

func knownAt(t *testing.T, now time.Time, text string) map[string]memory.Known {
	t.Helper()
	known := map[string]memory.Known{}
	for _, word := range strings.Fields(text) {
		var k memory.Known
		confirmed, left, _ := strings.Cut(strings.TrimPrefix(word[1:], "-"), "-")
		if confirmed != "" {
			k.Confirmed = hoursAgo(t, now, confirmed)
			if strings.HasPrefix(word[1:], "-") {
				k.Confirmed = now.Add(now.Sub(k.Confirmed))
			}
		}
		if left != "" {
			k.Left = hoursAgo(t, now, left)
		}
		known[word[:1]] = k
	}
	return known
}

func hoursAgo(t *testing.T, now time.Time, hours string) time.Time {
	t.Helper()
	ago, err := time.ParseDuration(hours + "h")
	if err != nil {
		t.Fatal(err)
	}
	return now.Add(-ago)
}
