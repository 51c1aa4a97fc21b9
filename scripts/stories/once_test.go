package stories_test

import (
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// rounds is how often two instances race for one response.
func rounds(t *testing.T) int {
	t.Helper()
	if set := os.Getenv("SSO_TEST_ROUNDS"); set != "" {
		n, err := strconv.Atoi(set)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return 200
}

// TestTwoInstancesOneResponseOneWinner posts each response to both instances of
// saml-acs at once: with a request of ours, and unasked.
func TestTwoInstancesOneResponseOneWinner(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Instances: 2, Partner: true})
	if instances := s.PIDs(t)["saml-acs"]; len(instances) != 2 {
		t.Fatalf("instances %v", instances)
	}
	alice, frank := person.New(s.Ready, "acme", "alice"), person.New(s.Ready, "fabrikam", "frank")
	for round := range rounds(t) {
		answer, form := answerOf(t, s, alice)
		race(t, round, "asked", form, answer.URL, "__Host-b="+alice.Cookie("127.0.0.1", "__Host-b"))
		if round%4 == 0 {
			unasked := must[*browser.Page](t)(frank.StartAtIdP(t.Context()))
			unasked = must[*browser.Page](t)(frank.Answer(t.Context(), unasked))
			race(t, round, "unasked", must[browser.Form](t)(unasked.Form("/acs")), unasked.URL, "")
		}
		if t.Failed() {
			return
		}
	}
}

func race(t *testing.T, round int, kind string, form browser.Form, from *url.URL, cookies string) {
	t.Helper()
	statuses := make([]int, 2)
	start := make(chan struct{})
	var both sync.WaitGroup
	for i := range statuses {
		both.Go(func() {
			<-start
			statuses[i] = postRaw(t, form, from, cookies)
		})
	}
	close(start)
	both.Wait()
	won, lost := 0, 0
	for _, status := range statuses {
		switch status {
		case http.StatusSeeOther:
			won++
		case http.StatusConflict:
			lost++
		}
	}
	if won != 1 || lost != 1 {
		t.Errorf("round %d, %s: statuses %v, want one 303 and one 409", round, kind, statuses)
	}
}

func postRaw(t *testing.T, form browser.Form, from *url.URL, cookies string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, form.Action.String(), strings.NewReader(form.Fields.Encode()))
	if err != nil {
		t.Error(err)
		return 0
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Origin", from.Scheme+"://"+from.Host)
	request.Header.Set("Cookie", cookies)
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

// TestALostAnswerDoesNotLoseTheSignIn: the insert took effect, its answer never
// came. The honest person is let in, and only once.
func TestALostAnswerDoesNotLoseTheSignIn(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	for name, fault := range map[string]map[string]any{
		"lost": {"kind": "lost", "commit": true},
		"busy": {"kind": "error", "commit": true, "code": "OTSServerBusy"},
		"slow": {"kind": "slow", "commit": true, "delay_ms": 2500},
	} {
		t.Run(name, func(t *testing.T) {
			alice := person.New(s.Ready, "acme", "alice")
			answer, form := answerOf(t, s, alice)
			fault["table"], fault["action"], fault["times"] = "sso_nonce", "PutRow", 1
			s.Fault(t, fault)
			defer s.ClearFaults(t)
			wantRoles(t, must[*browser.Page](t)(alice.Submit(t.Context(), answer, form, nil)), admin, readonly, developer)
			wantRefusal(t, must[*browser.Page](t)(alice.Submit(t.Context(), answer, form, nil)), http.StatusConflict, "replayed")
		})
	}
}

// TestADeadStoreIsARefusal: nobody is let in while Tablestore does not answer,
// and the same response is good afterwards.
func TestADeadStoreIsARefusal(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	alice := person.New(s.Ready, "acme", "alice")
	answer, form := answerOf(t, s, alice)
	s.Fault(t, map[string]any{"table": "sso_nonce", "kind": "error", "code": "OTSServerUnavailable"})
	wantRefusal(t, must[*browser.Page](t)(alice.Submit(t.Context(), answer, form, nil)), http.StatusServiceUnavailable, "store_unavailable")
	s.ClearFaults(t)
	wantRoles(t, must[*browser.Page](t)(alice.Submit(t.Context(), answer, form, nil)), admin, readonly, developer)
}
