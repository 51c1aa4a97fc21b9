package stories_test

import (
	"flag"
	"os"
	"testing"
	"time"
)

// TestMain tells several stories at once on each processor: in most of them somebody
// waits for most of the time, for a limit to pass or a process to start.
func TestMain(m *testing.M) {
	flag.Parse()
	chosen := false
	flag.Visit(func(f *flag.Flag) { chosen = chosen || f.Name == "test.parallel" })
	if !chosen {
		if err := flag.Set("test.parallel", "6"); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// until asks again and again, and leaves the processor to others in between.
func until(t *testing.T, limit time.Duration, what string, is func() bool) {
	t.Helper()
	deadline, tick := time.Now().Add(limit), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for ; !is(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not after %s: %s", limit, what)
		}
	}
}
