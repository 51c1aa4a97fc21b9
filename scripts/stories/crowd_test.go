package stories_test

import (
	"net/http"
	"sync"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// TestACrowdWithOneResponse: sixty-four clients post one response to two
// instances at once, and one of them has a session. A lost answer of the store
// changes nothing: the one who wrote is let in, nobody else.
func TestACrowdWithOneResponse(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Instances: 2})
	if instances := s.PIDs(t)["saml-acs"]; len(instances) != 2 {
		t.Fatalf("instances %v", instances)
	}
	for name, fault := range map[string]map[string]any{
		"all is well":       nil,
		"an answer is lost": {"kind": "lost", "commit": true, "table": "sso_nonce", "action": "PutRow", "times": 1},
	} {
		t.Run(name, func(t *testing.T) {
			alice := person.New(s.Ready, "acme", "alice")
			answer, form := answerOf(t, s, alice)
			if fault != nil {
				s.Fault(t, fault)
				defer s.ClearFaults(t)
			}
			cookies := "__Host-b=" + alice.Cookie("127.0.0.1", "__Host-b")
			statuses := crowd(64, func() int { return postRaw(t, form, answer.URL, cookies) })
			if statuses[http.StatusSeeOther] != 1 || statuses[http.StatusConflict] != 63 {
				t.Errorf("statuses %v, want one 303 and sixty-three 409", statuses)
			}
		})
	}
}

// crowd lets n do the same at once, and counts what each got.
func crowd(n int, do func() int) map[int]int {
	got := make(chan int, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			<-start
			got <- do()
		})
	}
	close(start)
	all.Wait()
	close(got)
	counts := map[int]int{}
	for status := range got {
		counts[status]++
	}
	return counts
}
