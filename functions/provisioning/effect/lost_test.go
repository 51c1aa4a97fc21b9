package effect_test

import (
	"testing"

	"github.com/fc-sso/fc-sso/functions/provisioning/effect"
	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// lostAnswers has each write of a person's whole life in turn made without an answer, or
// refused because there were too many: what RAM has in the end is the same.
func lostAnswers(t *testing.T, s *stack.Stack, n int) {
	t.Helper()
	life := func(c *scene) string {
		c.user(c.wanted(lifecycle.Active))
		c.group(effect.Group{Name: "devs", Formerly: "dev"})
		devs := func(w *effect.Wanted) { w.Groups = []string{"devs"} }
		king := func(w *effect.Wanted) { w.Name, w.Formerly = "king", "ada" }
		c.user(c.wanted(lifecycle.Active, devs, king))
		c.user(c.wanted(lifecycle.Inactive, devs, king))
		was := c.has()
		c.user(c.wanted(lifecycle.Active, devs, king))
		was += "\n" + c.has()
		c.user(c.wanted(lifecycle.Gone, devs, king))
		c.group(effect.Group{Name: "devs", Gone: true})
		return was + "\n" + c.has()
	}
	calm := newScene(t, s, n, all())
	want := life(calm)
	t.Logf("calm: %s", want)
	for _, service := range []string{"ims", "ram"} {
		for _, kind := range []string{"lost", "throttling"} {
			met := 0
			for write := 1; ; write++ {
				n++
				c := newScene(t, s, n, all())
				before := troubled(t, s, service)
				s.TroubleAs(t, stack.Trouble{Service: service, Kind: kind, After: write, Writes: true})
				if got := life(c); got != want {
					t.Fatalf("%s %s at write %d:\n%s\nwant\n%s", service, kind, write, got, want)
				}
				if troubled(t, s, service) == before {
					break
				}
				met++
			}
			if met < 3 {
				t.Errorf("%s %s was met %d times", service, kind, met)
			}
			s.Trouble(t, service, "")
		}
	}
}

func troubled(t *testing.T, s *stack.Stack, service string) int {
	t.Helper()
	return s.Seen(t, "account", "none").Troubled[service]
}
