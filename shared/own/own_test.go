package own_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func now() time.Time { return time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) }

// certificate of a new key that is good for two years.
func certificate(t *testing.T) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: now().Add(-time.Hour), NotAfter: now().AddDate(2, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// stored is what a reader gets of keys that were written.
func stored(t *testing.T, k own.Keys) own.Keys {
	t.Helper()
	row, err := k.Row()
	if err != nil {
		t.Fatal(err)
	}
	read, err := own.Parse(row)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func states(k own.Keys) string {
	var list []string
	for _, key := range k.All() {
		list = append(list, string(key.State))
	}
	return strings.Join(list, " ")
}

// TestOneKeyFollowsAnother through a whole change: nothing happens too early, the one
// that signs is always published, and never more than two are.
func TestOneKeyFollowsAnother(t *testing.T) {
	first, second := certificate(t), certificate(t)
	keys, err := own.Begin(first, own.Place{}, now()).Announce(second, own.Place{Key: "key-1", Version: "v"}, now())
	if err != nil {
		t.Fatal(err)
	}
	confirmed := map[string]time.Time{}
	needs := []own.Need{{Account: "1", What: "user SSO", Confirmed: confirmed}}
	fingerprint := keys.All()[1].Fingerprint()
	for _, step := range []struct {
		hours  int
		ready  bool
		at     int // hours; 0: nobody knows
		states string
	}{
		{0, false, 0, "current next"},
		{30, false, 0, "current next"}, // published long enough, and the account has it not
		{31, false, 54, "current next"},
		{53, false, 54, "current next"},
		{54, true, 54, "retiring current"},
		{55, false, 78, "retiring current"},
		{78, true, 78, "gone current"},
		{900, false, 0, "gone current"},
	} {
		at := now().Add(time.Duration(step.hours) * time.Hour)
		if step.hours == 31 {
			confirmed[fingerprint] = now().Add(30 * time.Hour)
		}
		keys = stored(t, keys)
		plan := keys.Plan(at, needs)
		if want := now().Add(time.Duration(step.at) * time.Hour); plan.Ready != step.ready || step.at > 0 && !plan.At.Equal(want) || step.at == 0 && !plan.At.IsZero() {
			t.Errorf("after %d hours: %+v", step.hours, plan)
		}
		if keys = keys.After(plan, at); states(keys) != step.states {
			t.Errorf("after %d hours: %s, want %s", step.hours, states(keys), step.states)
		}
		current, _ := keys.In(own.Current)
		if shown := keys.Certificates(); len(shown) > 2 || !shown[0].Equal(current.Certificate) {
			t.Errorf("after %d hours %d certificates are published", step.hours, len(shown))
		}
	}
	if last, _ := keys.In(own.Current); !last.InKMS() || last.KMS.Version != "v" || last.ID != own.ID(second) {
		t.Errorf("%+v signs in the end", last)
	}
}

func TestWhoHoldsTheSwitchIsNamed(t *testing.T) {
	keys, err := own.Begin(certificate(t), own.Place{}, now()).Announce(certificate(t), own.Place{}, now())
	if err != nil {
		t.Fatal(err)
	}
	next, _ := keys.In(own.Next)
	has := map[string]time.Time{next.Fingerprint(): now()}
	plan := keys.Plan(now().Add(100*24*time.Hour), []own.Need{{"1", "user SSO", has}, {"2", "user SSO", nil}, {"3", "SAML provider", map[string]time.Time{"other": now()}}})
	if plan.Ready || len(plan.Holds) != 2 || plan.Holds[0].Account != "2" || plan.Holds[1].Account != "3" {
		t.Errorf("%+v", plan)
	}
	if states(keys.After(plan, now())) != "current next" {
		t.Error("what is held was done")
	}
	if plan := keys.Plan(next.Certificate.NotAfter.Add(time.Hour), nil); plan.Ready || len(plan.Holds) != 1 {
		t.Errorf("a certificate that has ended: %+v", plan)
	}
}

func TestOneKeyIsOnItsWayAtATime(t *testing.T) {
	one, two, three := certificate(t), certificate(t), certificate(t)
	begun := own.Begin(one, own.Place{}, now())
	under, err := begun.Announce(two, own.Place{}, now())
	if err != nil {
		t.Fatal(err)
	}
	switched := under.After(under.Plan(now().Add(own.Pause), nil), now().Add(own.Pause))
	for name, c := range map[string]struct {
		keys        own.Keys
		certificate *x509.Certificate
		at          time.Time
	}{
		"the one that signs":            {begun, one, now()},
		"a second":                      {under, three, now()},
		"one while another retires":     {switched, three, now()},
		"one whose certificate is over": {begun, two, now().AddDate(3, 0, 0)},
		"one of tomorrow":               {begun, two, now().AddDate(-1, 0, 0)},
	} {
		if _, err := c.keys.Announce(c.certificate, own.Place{}, c.at); err == nil {
			t.Errorf("%s was announced", name)
		}
	}
	if back := under.Withdraw(); states(back) != "current" || states(switched.Withdraw()) != "retiring current" {
		t.Errorf("withdrawn: %s", states(back))
	}
}

func TestGoneKeysAreForgottenInTheEnd(t *testing.T) {
	at := now()
	keys := own.Begin(certificate(t), own.Place{}, at)
	for range 8 {
		announced, err := keys.Announce(certificate(t), own.Place{}, at)
		if err != nil {
			t.Fatal(err)
		}
		keys = announced
		for range 2 {
			at = at.Add(own.Pause)
			keys = keys.After(keys.Plan(at, nil), at)
		}
	}
	if got := states(stored(t, keys)); got != strings.Repeat("gone ", 5)+"current" {
		t.Error(got)
	}
}

func TestARowThatBreaksItsRulesIsRefused(t *testing.T) {
	good, err := own.Begin(certificate(t), own.Place{}, now()).Announce(certificate(t), own.Place{}, now())
	if err != nil {
		t.Fatal(err)
	}
	row, err := good.Row()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no JSON":             "{",
		"no list":             "{}",
		"none":                "[]",
		"nobody signs":        strings.Replace(string(row), `"current"`, `"gone"`, 1),
		"two sign":            strings.Replace(string(row), `"next"`, `"current"`, 1),
		"a state of its own":  strings.Replace(string(row), `"next"`, `"soon"`, 1),
		"another key's":       strings.Replace(string(row), good.All()[0].ID, good.All()[1].ID, 1),
		"no certificate":      `[{"id":"x","state":"current"}]`,
		"a broken one":        strings.Replace(string(row), `"certificate":"M`, `"certificate":"A`, 1),
		"one that is twice":   string(row[:len(row)-1]) + "," + string(row[1:]),
		"next and retiring":   strings.Replace(string(row), `]`, `,`+strings.Replace(string(row[1:]), `"current"`, `"retiring"`, 1), 1),
		"a certificate twice": "[" + strings.Repeat(string(row[1:len(row)-1])+",", 1) + string(row[1:]),
	} {
		if k, err := own.Parse([]byte(text)); reason.Of(err) != reason.ConfigurationInvalid || !k.IsZero() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if none, err := own.Parse(nil); err != nil || !none.IsZero() || len(none.Certificates()) != 0 || none.Plan(now(), nil).Ready {
		t.Errorf("no row: %v", err)
	}
	if !slices.Equal(good.Certificates(), []*x509.Certificate{good.All()[0].Certificate, good.All()[1].Certificate}) {
		t.Error("the one that signs is not the first")
	}
}
