package stories_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// freshness is how long the functions may go by what they have read.
const freshness = 30 * time.Second

// TestAnApplyIsTakenUp: while people work, a rule is taken away, then their
// identity provider is suspended. In scripts/test long the running instances are
// given their 30 seconds; else they are ended, and the new ones must know at once
// (that the old ones keep to the 30 seconds is tested beside the portal and the
// book, whose clock a test can turn).
func TestAnApplyIsTakenUp(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Instances: 2})
	alice, late := person.New(s.Ready, "acme", "alice"), person.New(s.Ready, "acme", "alice")
	roles := must[*browser.Page](t)(alice.SignIn(t.Context()))
	must[person.Credentials](t)(alice.Credentials(t.Context(), roles, admin))
	linked, listed := person.New(s.Ready, "acme", "alice"), person.New(s.Ready, "acme", "alice") // in two other browsers
	must[*browser.Page](t)(linked.SignIn(t.Context()))
	must[*browser.Page](t)(listed.SignIn(t.Context()))
	begun, form := answerOf(t, s, late) // a sign-in under way

	edit(t, s, "      StringEquals: {\"saml:groups\": [platform, sre]}", "      StringEquals: {\"saml:groups\": [nobody]}")
	takenUp(t, s, func() bool {
		return person.Reason(must[*browser.Page](t)(alice.Take(t.Context(), roles, "/credentials", admin))) == "role_not_granted"
	})
	wantRoles(t, must[*browser.Page](t)(alice.Open(t.Context(), s.URL+"/")), readonly, developer)

	edit(t, s, "  - id: acme\n", "  - id: acme\n    suspended: true\n")
	takenUp(t, s, func() bool {
		return person.Reason(must[*browser.Page](t)(browser.New(nil).Open(t.Context(), s.URL+"/saml/acme/login"))) == "idp_suspended"
	})
	for range 2 { // either instance
		wantRefusal(t, must[*browser.Page](t)(browser.New(nil).Open(t.Context(), s.URL+"/saml/acme/login")), http.StatusForbidden, "idp_suspended")
	}
	wantRefusal(t, must[*browser.Page](t)(late.Submit(t.Context(), begun, form, nil)), http.StatusForbidden, "idp_suspended")
	takenUp(t, s, func() bool { // by the portal too
		return !strings.Contains(must[*browser.Page](t)(browser.New(nil).Open(t.Context(), s.URL+"/")).Body, "/saml/acme/login")
	})
	// Whatever is asked first is refused and ends the session that asked.
	wantRefusal(t, must[*browser.Page](t)(alice.Take(t.Context(), roles, "/credentials", readonly)), http.StatusForbidden, "idp_suspended")
	wantRefusal(t, must[*browser.Page](t)(linked.Open(t.Context(), s.URL+"/go/acme-prod/readonly")), http.StatusForbidden, "idp_suspended")
	wantRefusal(t, must[*browser.Page](t)(listed.Open(t.Context(), s.URL+"/")), http.StatusForbidden, "idp_suspended")
	for _, p := range []*person.Person{alice, linked, listed} {
		wantRoles(t, must[*browser.Page](t)(p.Open(t.Context(), s.URL+"/")))
	}

	dave := person.New(s.Ready, "contoso", "dave") // whose identity provider is the only one left to choose
	signIn := must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/"))
	if page := must[*browser.Page](t)(dave.Authenticate(t.Context(), signIn)); page.Status != http.StatusOK || len(person.Roles(page)) == 0 {
		t.Errorf("%s: %d %s", page.URL, page.Status, person.Reason(page))
	}
}

// edit has the federation file say other words, and applies it.
func edit(t *testing.T, s *stack.Stack, before, after string) {
	t.Helper()
	rewrite(t, s, func(text string) string { return instead(t, text, before, after) })
}

func instead(t *testing.T, text, before, after string) string {
	t.Helper()
	if !strings.Contains(text, before) {
		t.Fatalf("the federation file does not say %q", before)
	}
	return strings.Replace(text, before, after, 1)
}

// rewrite changes the federation file and applies it.
func rewrite(t *testing.T, s *stack.Stack, change func(text string) string) {
	t.Helper()
	text := must[[]byte](t)(os.ReadFile(s.Federation))
	if err := os.WriteFile(s.Federation, []byte(change(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	if said := s.Reapply(t); !strings.HasPrefix(said, "local: applied ") {
		t.Fatal(said)
	}
}

// takenUp wants all instances to see a change that was applied just now.
func takenUp(t *testing.T, s *stack.Stack, seen func() bool) {
	t.Helper()
	if os.Getenv("SSO_TEST_ROUNDS") == "" {
		endInstances(t, s)
		if !seen() {
			t.Error("a new instance goes by what was before")
		}
		return
	}
	began := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for row := 0; row < 4; <-tick.C { // in turn, so that each of two has seen it twice
		asked := time.Since(began)
		row++
		if !seen() {
			row = 0
		}
		if row == 0 && asked > freshness {
			t.Fatalf("not taken up after %s", asked)
		}
	}
	t.Logf("seen four times in turn after %s", time.Since(began))
}

// endInstances ends those of the functions that read the trust, by kill -9, and
// waits until others stand in their places.
func endInstances(t *testing.T, s *stack.Stack) {
	t.Helper()
	old := trusting(t, s)
	for _, pid := range old {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatalf("kill %d: %v", pid, err)
		}
	}
	until(t, time.Minute, "others stand in the places of the instances that were killed", func() bool {
		now := trusting(t, s)
		return !slices.ContainsFunc(now, func(pid int) bool { return slices.Contains(old, pid) }) && len(now) == len(old)
	})
}

func trusting(t *testing.T, s *stack.Stack) []int {
	t.Helper()
	pids := s.PIDs(t)
	return slices.Concat(pids["saml-acs"], pids["oidc-exchange"], pids["portal"])
}
