package stories_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// TestAFirstSignInHasItsRAMUserMade while the person waits: everybody at Acme has a user
// in development made, partners have one only where somebody made it by hand.
func TestAFirstSignInHasItsRAMUserMade(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	edit(t, s, "rules:\n", `rules:
  - name: a partner is called as somebody else
    idp: contoso
    user: {account: "`+development+`", principal: alice@acme-dev.onaliyun.com, domains: [acme-dev.onaliyun.com], create: true}
    condition: {StringEquals: {"oidc:email": erin@contoso.example}}
`)
	for _, name := range []string{"alice", "bob", "dave", "wangfang"} {
		s.RemoveUser(t, development, name)
	}
	t.Run("a page waits while RAM is busy", func(t *testing.T) { waitForRAM(t, s) })
	t.Run("a user is made for the first", func(t *testing.T) { comeSecond(t, s) })
	t.Run("a rule that makes nobody", func(t *testing.T) { findNobody(t, s) })
	t.Run("RAM is full", func(t *testing.T) { findNoRoom(t, s) })
	t.Run("who has left", func(t *testing.T) { comeTooLate(t, s) })
}

// comes begins at Alibaba Cloud with a new browser, and ends where the identity provider's
// answer leads.
func comes(t *testing.T, s *stack.Stack, idp, name string) (*person.Person, *browser.Page) {
	t.Helper()
	p := person.New(s.Ready, idp, name)
	return p, must[*browser.Page](t)(p.Choose(t.Context(), asked(t, s, p, "acme-dev", "https://ecs.console.aliyun.com/server")))
}

func waitForRAM(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.Trouble(t, "ims", "throttling")
	alice, page := comes(t, s, "acme", "alice")
	wantWaiting(t, page, "alice")
	page = lookAgain(t, alice, page)
	wantWaiting(t, page, "alice")
	if len(usersCalled(t, s, "alice")) > 0 {
		t.Error("RAM was busy, and has her")
	}
	s.Trouble(t, "ims", "")
	wantConsole(t, s, handOver(t, alice, lookAgain(t, alice, page)), "acs:ram::"+development+":user/alice", "ecs.console.aliyun.com/server")
	made := usersCalled(t, s, "alice")
	if len(made) != 1 || !strings.HasPrefix(made[0].Comments, "fc-sso") || made[0].DisplayName != "Alice Meyer" {
		t.Errorf("%+v", made)
	}
	before := len(s.Seen(t, "service", "ims").Calls)
	wantConsole(t, s, handOver(t, alice, asked(t, s, alice, "acme-dev", "")), "user/alice")
	if after := len(s.Seen(t, "service", "ims").Calls); after != before {
		t.Errorf("RAM was asked for what is known: %d calls, before %d", after, before)
	}
}

func wantWaiting(t *testing.T, page *browser.Page, name string) {
	t.Helper()
	if page.Status != http.StatusAccepted || !strings.Contains(page.Body, "Your user is being made") || !strings.Contains(page.Body, name+"@acme-dev.onaliyun.com") {
		t.Fatalf("%d %s: %s", page.Status, person.Reason(page), page.Body)
	}
}

// lookAgain goes where the page goes by itself.
func lookAgain(t *testing.T, p *person.Person, page *browser.Page) *browser.Page {
	t.Helper()
	after, to, found := strings.Cut(page.Header.Get("Refresh"), "; url=")
	if !found || after != "2" {
		t.Fatalf("the page does not go on by itself: %q", page.Header.Get("Refresh"))
	}
	return must[*browser.Page](t)(p.Follow(t.Context(), page, to))
}

func usersCalled(t *testing.T, s *stack.Stack, name string) []stack.DirectoryUser {
	t.Helper()
	return slices.DeleteFunc(s.Directory(t, development).Users, func(u stack.DirectoryUser) bool { return u.Name != name })
}

func comeSecond(t *testing.T, s *stack.Stack) {
	t.Helper()
	_, page := comes(t, s, "contoso", "erin")
	wantRefusal(t, page, http.StatusForbidden, "principal_taken")
	if strings.Contains(page.Body, "alice@acme.example") {
		t.Errorf("she is told whose it is: %s", page.Body)
	}
}

func findNobody(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave, page := comes(t, s, "contoso", "dave")
	if page = handOver(t, dave, page); page.Status != http.StatusForbidden || !strings.Contains(page.Body, "The user does not exist") {
		t.Errorf("%d %s", page.Status, page.Body)
	}
	if made := usersCalled(t, s, "dave"); len(made) > 0 {
		t.Errorf("%+v", made)
	}
}

func findNoRoom(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.Limit(t, development, stack.Limits{Users: len(s.Directory(t, development).Users)})
	bob, page := comes(t, s, "acme", "bob")
	wantRefusal(t, page, http.StatusConflict, "ram_limit")
	wantRefusal(t, asked(t, s, bob, "acme-dev", ""), http.StatusConflict, "ram_limit") // and is not begun again
	list := operate(t, s, "events", "list")
	letter := regexp.MustCompile(`^([0-9a-f]{64}) given up .*\n.*\n  ram_limit: .*\n$`).FindStringSubmatch(list)
	if letter == nil {
		t.Fatalf("ssoctl says %s", list)
	}
	s.Limit(t, development, stack.Limits{Users: 100})
	operate(t, s, "events", "retry", letter[1])
	wantConsole(t, s, handOver(t, bob, asked(t, s, bob, "acme-dev", "")), "user/bob")
	if list := operate(t, s, "events", "list"); list != "there are none\n" {
		t.Errorf("ssoctl says %s", list)
	}
}

func comeTooLate(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.PutEvents(t, map[string]any{
		"id": "hr-1", "source": "acme.hr", "specversion": "1.0", "type": "fcsso.person.left", "datacontenttype": "application/json",
		"time": time.Now().UTC().Format(time.RFC3339), "data": map[string]any{"idp": "acme", "id": "10044", "person": "wangfang@acme.example"},
	})
	if status := s.AwaitDelivered(t); len(status.Dead) > 0 {
		t.Fatalf("%+v", status)
	}
	_, page := comes(t, s, "acme", "wangfang")
	wantRefusal(t, page, http.StatusForbidden, "person_left")
	if made := usersCalled(t, s, "wangfang"); len(made) > 0 {
		t.Errorf("%+v", made)
	}
}
