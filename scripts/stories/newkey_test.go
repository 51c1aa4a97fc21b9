package stories_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
)

// TestANewKeyWorksOnItsFirstUse, at every instance, and for all who come at once.
func TestANewKeyWorksOnItsFirstUse(t *testing.T) {
	t.Parallel()
	const jobs = 16
	platform := workload.New(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Jobs), Instances: 4})
	if got := exchange(t, s, platform.Token(t, nil)); got.status != http.StatusOK {
		t.Fatalf("%d %s", got.status, got.body)
	}
	before := platform.Fetched()
	platform.Rotate(t)
	var all sync.WaitGroup
	for range jobs {
		token := platform.Token(t, nil)
		all.Go(func() {
			if got, err := bring(t.Context(), s, token); err != nil || got.status != http.StatusOK {
				t.Errorf("%v, %d %s", err, got.status, got.body)
			}
		})
	}
	all.Wait()
	if n := platform.Fetched() - before; n < 1 || n > 2 {
		t.Errorf("the keys were fetched %d times", n)
	}
}

// TestAPersonSignsInByANewCertificate of which nobody was told, at every instance, by
// a request of ours and unasked.
func TestAPersonSignsInByANewCertificate(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Instances: 2, Partner: true})
	for _, idp := range []string{"acme", "fabrikam"} {
		s.TurnKeys(t, idp, "rotate")
		s.TurnKeys(t, idp, "forget")
	}
	for range 2 {
		wantRoles(t, must[*browser.Page](t)(person.New(s.Ready, "acme", "alice").SignIn(t.Context())), admin, readonly, developer)
		startAtTheIdP(t, s)
	}
}

// TestThePlatformsFirstTokenFetchesItsFirstKeys: it was down when it was declared.
func TestThePlatformsFirstTokenFetchesItsFirstKeys(t *testing.T) {
	t.Parallel()
	platform := workload.New(t)
	platform.Misbehave(workload.Moods("")["an error"])
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Jobs)})
	if got := exchange(t, s, platform.Token(t, nil)); got.status != http.StatusServiceUnavailable || got.Code != "keys_unavailable" {
		t.Errorf("%d %s", got.status, got.body)
	}
	platform.Misbehave(nil)
	if got := exchange(t, s, platform.Token(t, nil)); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestTheTimerFetchesKeysToo, so that nobody need meet them first.
func TestTheTimerFetchesKeysToo(t *testing.T) {
	t.Parallel()
	platform := workload.New(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Jobs)})
	before := platform.Fetched()
	platform.Rotate(t)
	answer := s.Invoke(t, "metadata-rotation", map[string]string{
		"triggerTime": "2027-03-01T12:07:00Z", "triggerName": "hourly", "payload": `{"job":"rotate"}`,
	})
	if after := platform.Fetched(); after != before+2 || !strings.Contains(string(answer), `"status":200`) { // two records of one issuer
		t.Errorf("fetched %d times, then %d: %s", before, after, answer)
	}
}

// TestAFloodOfUnknownKeysReachesThePlatformTwice, and a key that is really new works
// within ten seconds after it.
func TestAFloodOfUnknownKeysReachesThePlatformTwice(t *testing.T) {
	t.Parallel()
	const unknown, bad, atOnce = 200, 50, 8
	platform := workload.New(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Jobs), Instances: 2})
	forger := workload.New(t)
	forger.URL = platform.URL
	before := platform.Fetched()
	begun := time.Now()
	flood(t, s, bad, atOnce, "signature_invalid", func(int) string { return forger.Token(t, nil) })
	if n := platform.Fetched() - before; n != 0 {
		t.Errorf("bad signatures under a known key had the keys fetched %d times", n)
	}
	flood(t, s, unknown, atOnce, "key_unknown", func(n int) string {
		return forger.Token(t, map[string]any{workload.KeyID: fmt.Sprintf("no-such-%d", n)})
	})
	fetched := platform.Fetched() - before
	if most := 2 + int(time.Since(begun)/(10*time.Second)); fetched < 1 || fetched > most {
		t.Errorf("%d unknown keys had the keys fetched %d times, not 1 to %d", unknown, fetched, most)
	}
	platform.Rotate(t)
	ended := time.Now()
	until(t, time.Minute, "a new key works", func() bool {
		got := exchange(t, s, platform.Token(t, nil))
		if got.status != http.StatusOK && got.Code != "key_unknown" {
			t.Fatalf("%s after the flood: %d %s", time.Since(ended), got.status, got.body)
		}
		return got.status == http.StatusOK
	})
	t.Logf("the flood took %s and fetched the keys %d times; a new key worked %s after it", ended.Sub(begun), fetched, time.Since(ended))
}

// flood sends n tokens, several at once; each is refused by this code.
func flood(t *testing.T, s *stack.Stack, n, atOnce int, code string, token func(int) string) {
	t.Helper()
	tokens := make(chan string, n)
	for i := range n {
		tokens <- token(i)
	}
	close(tokens)
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for token := range tokens {
				if got, err := bring(t.Context(), s, token); err != nil || got.Code != code {
					t.Errorf("%v, %d %s, want %s", err, got.status, got.body, code)
				}
			}
		})
	}
	all.Wait()
}

// TestAPlatformThatMisbehavesHarmsItselfAlone: its old keys serve, it is asked twice,
// nobody else is asked, and whoever brings a new key is refused in good time.
func TestAPlatformThatMisbehavesHarmsItselfAlone(t *testing.T) {
	t.Parallel()
	const tokens = 4 // more than the two that may be asked at once; each waits for the slow
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	moods := workload.Moods(other.URL)
	platforms := map[string]workload.Issuer{}
	var records, rules strings.Builder
	for n, mood := range slices.Sorted(maps.Keys(moods)) {
		platforms[mood] = workload.New(t)
		fmt.Fprintf(&records, "  - {id: ci%d, oidc: {issuer: %q, audiences: [sts.aliyuncs.com]}}\n", n, platforms[mood].URL)
		fmt.Fprintf(&rules, "  - {name: rule %d, idp: ci%d, roles: [%s], condition: any}\n", n, n, workload.Deploy)
	}
	file := filepath.Join(t.TempDir(), "federation.yaml")
	text := "identityProviders:\n" + records.String() + "accounts:\n  - {id: \"1234567890123456\"}\nrules:\n" + rules.String()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := stack.Start(t, stack.Options{Federation: file, Instances: 4})
	var slowest atomic.Int64
	t.Run("all", func(t *testing.T) {
		for mood, platform := range platforms {
			t.Run(mood, func(t *testing.T) {
				t.Parallel()
				good, before := platform.Token(t, nil), platform.Fetched()
				platform.Misbehave(moods[mood])
				platform.Rotate(t)
				begun := time.Now()
				for range tokens {
					sent := time.Now()
					exchange(t, s, platform.Token(t, nil)).want(t, "invalid_request", "key_unknown", "")
					slowest.Store(max(slowest.Load(), int64(time.Since(sent))))
				}
				if n, most := platform.Fetched()-before, 2+int(time.Since(begun)/(10*time.Second)); n < 1 || n > most {
					t.Errorf("it was asked for its keys %d times, not 1 to %d", n, most)
				}
				if got := exchange(t, s, good); got.status != http.StatusOK {
					t.Errorf("its old key: %d %s", got.status, got.body)
				}
			})
		}
	})
	if n := elsewhere.Load(); n > 0 {
		t.Errorf("another host was asked %d times", n)
	}
	t.Logf("the slowest answer took %s", time.Duration(slowest.Load()))
}
