package push_test

import (
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/push/memory"
)

func encoded(document []byte) string { return base64.StdEncoding.EncodeToString(document) }

func alerts(r outcome) string {
	var lines []string
	for _, a := range r.Alerts {
		lines = append(lines, string(a.Kind))
	}
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

// TestARotationReachesRAM, the new key at once, and the old one goes a day after.
func TestARotationReachesRAM(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("A")))
	has := func(want string) {
		t.Helper()
		if got := b.letters(w.saml["okta"]["EncodedSAMLMetadataDocument"]); got != want {
			t.Errorf("at %v RAM has %s, want %s", w.now, got, want)
		}
	}
	w.mustPush(b.wantsSAML("A", federation.Manage{}))
	if len(w.calls) != 0 || w.puts != 1 {
		t.Errorf("what is right already: %q, %d rows", w.calls, w.puts)
	}
	for hour := range 50 {
		w.now = noon.Add(time.Duration(hour) * time.Hour)
		w.mustPush(b.wantsSAML("B", federation.Manage{}))
		if hour < 24 {
			has("AB")
		} else {
			has("B")
		}
	}
	account, err := memory.Parse(w.row)
	if since, ok := account.Confirmed(okta.String(), name(b, "B")); err != nil || !ok || !since.Equal(noon) {
		t.Errorf("confirmed since %v, %v", since, err)
	}
	if _, ok := account.Confirmed(okta.String(), name(b, "A"), name(b, "B")); ok || len(w.calls) != 2 || len(w.wrote) != 2 || w.puts > 6 {
		t.Errorf("%q, %q, %d rows: %s", w.calls, w.wrote, w.puts, w.row)
	}
}

func name(b bench, letter string) string {
	for name, of := range b.names {
		if of == letter {
			return name
		}
	}
	return ""
}

// everything is an account in which all has to change, some of it twice.
func everything(b bench, w *world) push.Wanted {
	w.hasSAML("okta", encoded(b.metadata("AB")))
	w.hasOIDC("ci", "x,old", "a1,a2,a3,a4,a5")
	w.settings["MetadataDocument"] = encoded(b.metadata("A"))
	left := memory.Known{Confirmed: noon.Add(-9 * day), Left: noon.Add(-2 * day)}
	known := map[string]memory.Known{}
	for _, f := range strings.Fields("a1 a2 a3 a4 a5") {
		known[f] = left
	}
	known["a5"] = memory.Known{Confirmed: noon.Add(-9 * day)}
	before := memory.Account{Providers: map[string]memory.Provider{
		okta.String():  {Certificates: b.known("AB", 9*day)},
		ci.String():    {Fingerprints: known, ClientIDs: map[string]memory.Known{"x": left, "old": left}},
		memory.UserSSO: {Certificates: b.known("A", 9*day)},
	}}
	w.row, w.version = must(before.Row()), 7
	wanted := b.wantsSAML("BC", federation.Manage{Create: true})
	wanted.SAML = append(wanted.SAML, push.SAMLProvider{Introduced: b.introduced("D"), ARN: other, By: "other"})
	wanted.OIDC = wantsOIDC([]string{"x", "y"}, []string{"a5", "b1"}, wanted.Manage).OIDC
	own := b.introduced("AE")
	wanted.UserSSO = &push.UserSSO{Introduced: &own}
	return wanted
}

// TestARunThatIsCutOffIsEndedByTheNext, wherever that was; and at no time is a provider
// without a key that its identity provider uses.
func TestARunThatIsCutOffIsEndedByTheNext(t *testing.T) {
	b := newBench(t)
	whole := newWorld(t)
	whole.mustPush(everything(b, whole))
	if len(whole.calls) != 6 {
		t.Fatalf("%d calls: %q", len(whole.calls), whole.calls)
	}
	writes := len(whole.calls) + whole.puts
	for n := range writes {
		w := newWorld(t)
		wanted := everything(b, w)
		w.changed = func(w *world) {
			usable := strings.ContainsAny(b.letters(w.saml["okta"]["EncodedSAMLMetadataDocument"]), "BC") &&
				strings.ContainsAny(b.letters(w.settings["MetadataDocument"].(string)), "AE") &&
				strings.Contains(w.oidc["ci"]["Fingerprints"], "a5") && strings.Contains(w.oidc["ci"]["ClientIds"], "x")
			if !usable {
				t.Errorf("after %q no key is usable: %s", w.calls, w.state())
			}
		}
		w.lives = n
		if result, err := w.push(wanted); err == nil && result.Trouble == nil {
			t.Errorf("cut off after %d writes, and nothing is said", n)
		}
		w.lives = -1
		w.mustPush(wanted)
		if got, want := w.state(), whole.state(); got != want {
			t.Errorf("after %d writes:\n%s\nwant\n%s", n, got, want)
		}
	}
}

// TestWhatARunWroteIsItsOwn though it was cut off before it could say so: the next
// rotation came in between.
func TestWhatARunWroteIsItsOwn(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("A")))
	w.mustPush(b.wantsSAML("A", federation.Manage{}))
	w.lives = 2 // the row, and RAM
	if _, err := w.push(b.wantsSAML("B", federation.Manage{})); err == nil {
		t.Fatal("it was not cut off")
	}
	w.lives = -1
	if got := b.letters(w.saml["okta"]["EncodedSAMLMetadataDocument"]); got != "AB" {
		t.Fatalf("RAM has %s", got)
	}
	for range 3 {
		if result := w.mustPush(b.wantsSAML("C", federation.Manage{})); alerts(result) != "" {
			t.Errorf("told %+v", result.Alerts)
		}
		w.now = w.now.Add(day)
	}
	if got := b.letters(w.saml["okta"]["EncodedSAMLMetadataDocument"]); got != "C" {
		t.Errorf("RAM has %s", got)
	}
}

func TestAPreviewWritesNothing(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	wanted := everything(b, w)
	row := string(w.row)
	planned, err := w.config().Preview(t.Context(), wanted)
	if err != nil || len(planned.Calls) != 6 || len(w.calls) > 0 || w.puts > 0 || string(w.row) != row {
		t.Errorf("%v, %d calls, wrote %q, %d rows", err, len(planned.Calls), w.calls, w.puts)
	}
	const want = `UpdateSAMLProvider: add certificate C, remove certificate A
CreateSAMLProvider: add certificate D
RemoveFingerprintFromOIDCProvider: remove fingerprint a1
AddFingerprintToOIDCProvider: add fingerprint b1
UpdateOIDCProvider: add client ID y
SetUserSsoSettings: add certificate E, have requests signed by rsa-sha256`
	got := words(planned.Calls)
	for name, letter := range b.names {
		got = strings.ReplaceAll(got, name[:16]+" ("+b.certs[letter].NotAfter.Format(time.DateOnly)+")", letter)
	}
	if got != want {
		t.Errorf("it says\n%s", got)
	}
}
