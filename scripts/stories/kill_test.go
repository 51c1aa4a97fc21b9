package stories_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// TestKillAndStartAgain kills the stack with SIGKILL five times in the middle of
// a sign-in. No child outlives it by two seconds, the data folder starts again,
// and what was answered is still true: who was signed in is, and what was used
// stays used.
func TestKillAndStartAgain(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	s := stack.Start(t, stack.Options{Data: data})
	listen := strings.TrimPrefix(s.URL, "http://")
	for round := range 5 {
		alice := person.New(s.Ready, "acme", "alice")
		used, usedForm := answerOf(t, s, alice)
		wantRoles(t, must[*browser.Page](t)(alice.Submit(t.Context(), used, usedForm, nil)), admin, readonly, developer)
		open, openForm := answerOf(t, s, alice) // a sign-in under way

		children := childrenOf(t, s)
		if len(children) < 4 {
			t.Fatalf("round %d: only %d children: %v", round, len(children), children)
		}
		s.Kill()
		waitGone(t, children)

		s = stack.Start(t, stack.Options{Data: data, Listen: listen})
		wantRoles(t, must[*browser.Page](t)(alice.Open(t.Context(), s.URL+"/")), admin, readonly, developer)
		wantRefusal(t, must[*browser.Page](t)(alice.Submit(t.Context(), used, usedForm, nil)), http.StatusConflict, "replayed")
		wantRoles(t, must[*browser.Page](t)(alice.Submit(t.Context(), open, openForm, nil)), admin, readonly, developer)
	}
}

// childrenOf lists all processes below the stack's.
func childrenOf(t *testing.T, s *stack.Stack) []int {
	t.Helper()
	below := map[int]bool{s.PID: true}
	for found := true; found; {
		found = false
		stats, err := filepath.Glob("/proc/[0-9]*/stat")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range stats {
			pid, parent, ok := parentOf(file)
			if ok && below[parent] && !below[pid] {
				below[pid], found = true, true
			}
		}
	}
	delete(below, s.PID)
	var children []int
	for pid := range below {
		children = append(children, pid)
	}
	return children
}

// parentOf reads /proc/PID/stat: "pid (name) state ppid …"; zombies are gone.
func parentOf(file string) (pid, parent int, ok bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, false
	}
	head, tail, found := strings.Cut(string(text), " (")
	if !found {
		return 0, 0, false
	}
	var state string
	tail = tail[strings.LastIndex(tail, ")")+1:]
	if _, err := fmt.Sscan(head, &pid); err != nil {
		return 0, 0, false
	}
	if _, err := fmt.Sscan(tail, &state, &parent); err != nil {
		return 0, 0, false
	}
	return pid, parent, state != "Z"
}

func waitGone(t *testing.T, pids []int) {
	t.Helper()
	deadline := time.After(2 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		var living []int
		for _, pid := range pids {
			if _, _, ok := parentOf(fmt.Sprintf("/proc/%d/stat", pid)); ok {
				living = append(living, pid)
			}
		}
		if len(living) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("children alive two seconds after the kill: %v", living)
		}
	}
}
