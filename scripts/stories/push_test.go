package stories_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// TestRAMKnowsWhatIsPublished after the next run of the timer, and is written to once.
func TestRAMKnowsWhatIsPublished(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	first, old := (*k.certs.Load())[0], k.platform.Fingerprint()
	runTimer(t, k.Stack, 2)
	if _, writes := k.asked(); len(writes) > 0 {
		t.Errorf("RAM was right, and was written to: %q", writes)
	}
	second := newCertificate(t)
	k.publishes(first, second)
	k.platform.ChangeAuthority()
	runTimer(t, k.Stack, 2)
	if got := k.certificates(); !slices.Equal(got, slices.Sorted(slices.Values([]string{first, second}))) {
		t.Errorf("%d certificates", len(got))
	}
	fingerprints, clientIDs := k.issuer()
	if want := slices.Sorted(slices.Values([]string{old, k.platform.Fingerprint()})); !slices.Equal(fingerprints, want) || !slices.Equal(clientIDs, []string{"pods", "sts.aliyuncs.com"}) {
		t.Errorf("%q, %q", fingerprints, clientIDs)
	}
	if _, writes := k.asked(); !slices.Equal(writes, []string{"UpdateSAMLProvider", "AddFingerprintToOIDCProvider"}) {
		t.Errorf("written by %q", writes)
	}
	if got := exchange(t, k.Stack, k.platform.Token(t, nil)); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	role, err := ram.ParseRoleARN("acs:ram::" + kept + ":role/try")
	if err != nil {
		t.Fatal(err)
	}
	if longest, ok := k.remembers().LongestSession(role); !ok || longest != 12*time.Hour {
		t.Errorf("its sessions last %v, %v", longest, ok)
	}
	k.logSays(`"msg":"ram changed"`, 2)
}

// logSays counts lines of the function's logs.
func (k *keeper) logSays(text string, times int) {
	k.t.Helper()
	files, err := filepath.Glob(filepath.Join(k.Data, "logs", "*"))
	if err != nil || len(files) == 0 {
		k.t.Fatalf("%q, %v", files, err)
	}
	n := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			k.t.Fatal(err)
		}
		n += strings.Count(string(content), text)
	}
	if n != times {
		k.t.Errorf("%d lines say %s, want %d", n, text, times)
	}
}

// TestAnAuthorityThatChangedIsPushedAtItsFirstUse: nobody waits for the timer.
func TestAnAuthorityThatChangedIsPushedAtItsFirstUse(t *testing.T) {
	t.Parallel()
	k := newKeeper(t)
	k.platform.ChangeAuthority()
	if got := exchange(t, k.Stack, k.platform.Token(t, nil)); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	if _, writes := k.asked(); !slices.Equal(writes, []string{"AddFingerprintToOIDCProvider"}) {
		t.Errorf("written by %q", writes)
	}
}

// another is an account beside the one that is kept.
const another = `
  - id: "3456789012345678"
    alias: acme-prod
    maintenanceRole: acs:ram::3456789012345678:role/maintenance
    samlProviders: {okta: acs:ram::3456789012345678:saml-provider/okta}
`

// TestAnAccountInTroubleDelaysNoOther: the third run in a row that finds it so tells, and
// the first that does not.
func TestAnAccountInTroubleDelaysNoOther(t *testing.T) {
	t.Parallel()
	k := newKeeper(t, another)
	k.publishes(append(*k.certs.Load(), newCertificate(t))...)
	k.TroubleAs(t, stack.Trouble{Service: "ims", Kind: "hang", Account: kept})
	runTimer(t, k.Stack, 1)
	if calls := k.Seen(t, "service", "ims", "account", "3456789012345678", "action", "UpdateSAMLProvider").Calls; len(calls) != 1 {
		t.Errorf("the other account: %+v", calls)
	}
	for _, kind := range []string{"throttling", "null", "page"} {
		k.TroubleAs(t, stack.Trouble{Service: "ims", Kind: kind, Account: kept})
		runTimer(t, k.Stack, 1)
	}
	if got := k.remembers(); got.Failing != 4 || len(got.Providers) != 0 {
		t.Errorf("%+v", got)
	}
	k.Trouble(t, "ims", "")
	runTimer(t, k.Stack, 2)
	if got := k.certificates(); len(got) != 2 {
		t.Errorf("%d certificates", len(got))
	}
	k.logSays(`"kind":"push_failing"`, 1)
	k.logSays(`"kind":"push_recovered"`, 1)
}

// changed is a keeper of whom a lot is to be written: a certificate more, a client ID
// that somebody removed, another authority, and no room for its fingerprint.
func changed(t *testing.T) (k *keeper, certificates []string) {
	t.Helper()
	k = newKeeper(t)
	runTimer(t, k.Stack, 1)
	for n := range 4 {
		k.ims("AddFingerprintToOIDCProvider", "OIDCProviderName", "platform", "Fingerprint", strings.Repeat(fmt.Sprint(n), 40))
	}
	k.ims("UpdateOIDCProvider", "OIDCProviderName", "platform", "ClientIds", "sts.aliyuncs.com")
	certificates = append(*k.certs.Load(), newCertificate(t))
	k.publishes(certificates...)
	k.platform.ChangeAuthority()
	return k, slices.Sorted(slices.Values(certificates))
}

// wantAll is how RAM is in the end.
func (k *keeper) wantAll(certificates []string) {
	k.t.Helper()
	if got := k.certificates(); !slices.Equal(got, certificates) {
		k.t.Errorf("%d certificates", len(got))
	}
	fingerprints, clientIDs := k.issuer()
	if len(fingerprints) != 5 || !slices.Contains(fingerprints, k.platform.Fingerprint()) || !slices.Equal(clientIDs, []string{"pods", "sts.aliyuncs.com"}) {
		k.t.Errorf("%q, %q", fingerprints, clientIDs)
	}
	account := k.remembers()
	for subject, provider := range account.Providers {
		for _, known := range []map[string]memory.Known{provider.Certificates, provider.Fingerprints, provider.ClientIDs} {
			for name, of := range known {
				if of.Confirmed.IsZero() || !of.Left.IsZero() {
					k.t.Errorf("%s: of %s is known %+v", subject, name, of)
				}
			}
		}
	}
	if len(account.Providers) != 2 || len(account.Told) != 5 || account.Failing != 0 {
		k.t.Errorf("%+v", account)
	}
}

// TestAKilledRunIsEndedByTheNext: with kill -9 before each single request that it makes
// of IMS, and at no time does RAM have no certificate that is published.
func TestAKilledRunIsEndedByTheNext(t *testing.T) {
	t.Parallel()
	k, certificates := changed(t)
	before, _ := k.asked()
	runTimer(t, k.Stack, 1)
	after, writes := k.asked()
	k.wantAll(certificates)
	if want := []string{"UpdateSAMLProvider", "RemoveFingerprintFromOIDCProvider", "AddFingerprintToOIDCProvider", "UpdateOIDCProvider"}; !slices.Equal(writes, want) {
		t.Fatalf("written by %q", writes)
	}
	k.Stop()
	for n := range len(after) - len(before) {
		t.Run(fmt.Sprint(n+1), func(t *testing.T) {
			t.Parallel()
			k, certificates := changed(t)
			defer k.Stop()
			k.TroubleAs(t, stack.Trouble{Service: "ims", Kind: "hang", After: n + 1, Account: kept})
			k.killAtTrouble()
			k.Trouble(t, "ims", "")
			if has := k.certificates(); !slices.Contains(has, certificates[0]) && !slices.Contains(has, certificates[1]) {
				t.Errorf("RAM has no certificate that is published")
			}
			runTimer(t, k.Stack, 1)
			k.wantAll(certificates)
		})
	}
}

// killAtTrouble runs the timer and kills the function when IMS does not answer it.
func (k *keeper) killAtTrouble() {
	k.t.Helper()
	troubled := k.Seen(k.t).Troubled["ims"]
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		response, err := http.Post(k.AdminURL+"/functions/metadata-rotation", "application/json", strings.NewReader(`{"triggerTime":"x","triggerName":"hourly","payload":""}`))
		if err == nil {
			_ = response.Body.Close()
		}
	}()
	until(k.t, time.Minute, "a request meets trouble", func() bool { return k.Seen(k.t).Troubled["ims"] != troubled })
	for _, pid := range k.PIDs(k.t)["metadata-rotation"] {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			k.t.Error(err)
		}
	}
	<-ended
}
