package effect_test

import (
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/functions/provisioning/effect"
	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
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

// nonsense has each read and each write in turn answered by nothing that could be believed:
// who is to be disabled is so all the same, or it is said that it is to be tried again.
func nonsense(t *testing.T, s *stack.Stack, n int) {
	t.Helper()
	for _, kind := range []string{"null", "page"} {
		for _, service := range []string{"ims", "ram"} {
			c := newScene(t, s, n, all())
			n++
			c.laden()
			for request := 1; ; request++ {
				c.again()
				before := troubled(t, s, service)
				s.TroubleAs(t, stack.Trouble{Service: service, Kind: kind, After: request})
				err := c.effects.User(t.Context(), c.wanted(lifecycle.Inactive))
				met := troubled(t, s, service) > before
				s.Trouble(t, service, "")
				if err != nil && reason.Of(err) != reason.RAMUnavailable {
					t.Fatalf("%s of %s at request %d: %v", kind, service, request, err)
				}
				if err != nil {
					c.user(c.wanted(lifecycle.Inactive))
				}
				if has := c.has(); !strings.Contains(has, "Custom/fc-sso-left") || strings.Contains(has, "status:Active") || strings.Contains(has, "login_profile") {
					t.Fatalf("%s of %s at request %d: done, and RAM has\n%s", kind, service, request, has)
				}
				if !met {
					break
				}
				c.user(c.wanted(lifecycle.Active))
				c.ram("CreateLoginProfile", "UserName", "ada", "Password", "Aa1!Aa1!Aa1!")
			}
		}
	}
}
