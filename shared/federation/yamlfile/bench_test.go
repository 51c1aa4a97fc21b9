package yamlfile_test

import (
	"bytes"
	"fmt"
	"math"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
)

// large has n identity providers, accounts and rules each.
func large(n int) []byte {
	var b bytes.Buffer
	b.WriteString("identityProviders:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - id: idp-%d\n    displayName: Subsidiary %d\n    preset: okta\n    saml: {metadataURL: https://idp-%d.example/metadata, clockSkew: 90s}\n    emailDomains: [idp-%d.example]\n", i, i, i, i)
	}
	b.WriteString("accounts:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - id: \"%016d\"\n    alias: account-%d\n    samlProviders: {idp-%d: acs:ram::%016d:saml-provider/okta}\n", i, i, i, i)
	}
	b.WriteString("rules:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - name: rule %d\n    idp: idp-%d\n    roles: [acs:ram::%016d:role/admin, acs:ram::%016d:role/reader]\n    condition:\n      StringEquals: {\"saml:groups\": [platform-%d, sre-%d]}\n    session: {name: \"{{email}}\", duration: 1h}\n", i, i, i, i, i, i)
	}
	return b.Bytes()
}

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 1_000, federation.MaxEntries} {
		text := large(n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, faults := yamlfile.Parse(text, nil, federation.Options{}); len(faults) > 0 {
					b.Fatal(faults[0])
				}
			}
		})
	}
}

// Ten thousand of each are what a file may have, and all of them fit.
func TestTheLargestFederationIsRead(t *testing.T) {
	text := large(federation.MaxEntries)
	revision, faults := yamlfile.Parse(text, nil, federation.Options{})
	if len(faults) > 0 || len(revision.Rules()) != federation.MaxEntries || len(revision.IdentityProviders()) != federation.MaxEntries {
		t.Fatalf("%d bytes: %.500s", len(text), format(faults))
	}
}

// Who makes one mistake in a large file makes it everywhere. Five times the file
// may take five times as long; a quadratic reader takes twenty-five times.
func TestALargeFileFullOfOneMistakeIsReadInTime(t *testing.T) {
	few, many := string(large(200)), string(large(1_000))
	for name, mistake := range map[string]func(string) string{
		"an operator":            func(s string) string { return strings.ReplaceAll(s, "StringEquals", "StringEqual") },
		"an identity provider":   func(s string) string { return strings.ReplaceAll(s, "    idp: idp-", "    idp: idq-") },
		"a key":                  func(s string) string { return strings.ReplaceAll(s, "    roles:", "    rolls:") },
		"no YAML at its end":     func(s string) string { return s + "x: [" },
		"no YAML from the start": func(s string) string { return `"` + s },
	} {
		if ratio := float64(parseTime(t, mistake(many))) / float64(parseTime(t, mistake(few))); ratio > 15 {
			t.Errorf("%s: five times the file takes %.0f times as long", name, ratio)
		}
	}
}

// parseTime is the best of three, in the time that this thread had of a processor:
// what else the machine does is no matter of the file's.
func parseTime(t *testing.T, text string) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	best := time.Duration(math.MaxInt64)
	for range 3 {
		began := processorTime(t)
		if _, faults := yamlfile.Parse([]byte(text), nil, federation.Options{}); len(faults) == 0 {
			t.Error("no fault")
		}
		best = min(best, processorTime(t)-began)
	}
	return best
}

// processorTime reads the thread's own clock, to the nanosecond: getrusage counts in
// ticks, of which a small file takes none.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	const threadClock = 3 // CLOCK_THREAD_CPUTIME_ID, clock_gettime(2)
	var used syscall.Timespec
	if _, _, fault := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&used)), 0); fault != 0 {
		t.Fatal(fault)
	}
	return time.Duration(used.Nano())
}

// A list that would have to be compared with itself ends where no product needs
// more.
func TestListsThatNobodyNeedsAreRefused(t *testing.T) {
	list := func(n int) string { return strings.TrimSuffix(strings.Repeat("a, ", n), ", ") }
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "a%d: a, ", i)
		}
		return strings.TrimSuffix(b.String(), ", ")
	}
	for _, tt := range []struct{ text, want string }{
		{"accounts: [{id: '12345', userSSO: {suffixes: [" + list(21) + "]}}]", "21 entries, 20 is the most"},
		{"identityProviders: [{id: a, oidc: {issuer: https://a.example, audiences: [a], login: {clientID: a, scopes: [" + list(21) + "]}}}]", "21 entries, 20 is the most"},
		{"identityProviders: [{id: a, oidc: {issuer: https://a.example, audiences: [" + list(51) + "]}}]", "51 audiences, 50 is the most"},
		{"identityProviders: [{id: a, person: '{{a1}}', saml: {metadataURL: https://a.example}, attributes: {" + attributes(101) + "}}]", "101 entries, 100 is the most"},
		{"rules: [{name: a, requires: {acr: [" + list(51) + "]}}]", "51 entries, 50 is the most"},
	} {
		if faults := faultsOf(tt.text); !strings.Contains(faults, tt.want) {
			t.Errorf("%.60s…: %s", tt.text, faults)
		}
	}
}
