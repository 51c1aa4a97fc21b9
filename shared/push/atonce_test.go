package push_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// TestARunThatReadTheRecordBeforeTakesNothingAway: a sign-in had the new key pushed
// while the timer's run was at other accounts.
func TestARunThatReadTheRecordBeforeTakesNothingAway(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("A")))
	w.hasOIDC("ci", "x", "a1")
	both := func(letters string, clientIDs, thumbprints []string) push.Wanted {
		wanted := b.wantsSAML(letters, federation.Manage{})
		wanted.OIDC = wantsOIDC(clientIDs, thumbprints, wanted.Manage).OIDC
		return wanted
	}
	before := both("A", []string{"x"}, []string{"a1"})
	w.mustPush(before)
	w.now = noon.Add(9 * day)
	w.mustPush(both("B", []string{"x", "y"}, []string{"b1"}))
	w.now = w.now.Add(time.Minute)
	w.mustPush(before)
	if got := b.letters(w.saml["okta"]["EncodedSAMLMetadataDocument"]); got != "AB" || w.oidc["ci"]["ClientIds"] != "x,y" || w.oidc["ci"]["Fingerprints"] != "a1,b1" {
		t.Errorf("%s, %v", got, w.oidc["ci"])
	}
}

// TestWhatBecameDueDuringARunWaitsForTheNext: it is no trouble.
func TestWhatBecameDueDuringARunWaitsForTheNext(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("A")))
	w.hasRole("Deploy", `{"Statement":[{"Effect":"Allow","Principal":{"RAM":["acs:ram::1:root"]}}]}`, 3600)
	w.mustPush(b.wantsSAML("A", federation.Manage{}))
	w.mustPush(b.wantsSAML("B", federation.Manage{}))
	w.now = noon.Add(day - time.Second)
	w.trouble = func(_ http.ResponseWriter, action string, _ url.Values) bool {
		if action == "ListRoles" {
			w.now = noon.Add(day)
		}
		return false
	}
	wanted := b.wantsSAML("B", federation.Manage{})
	wanted.Roles = roles(t)
	w.mustPush(wanted)
	w.mustPush(wanted)
	if got := b.letters(w.saml["okta"]["EncodedSAMLMetadataDocument"]); got != "B" || len(w.calls) != 2 {
		t.Errorf("RAM has %s after %q", got, w.calls)
	}
}

// TestTwoRunsAtOnceDoNoHarm: who may not remember leaves the account to the other.
func TestTwoRunsAtOnceDoNoHarm(t *testing.T) {
	b := newBench(t)
	for _, code := range []reason.Code{reason.StoreConflict, reason.StoreUnavailable} {
		w := newWorld(t)
		w.hasSAML("okta", encoded(b.metadata("A")))
		w.stored = func() error { return reason.New(code, "somebody else") }
		result, err := w.push(b.wantsSAML("B", federation.Manage{}))
		if len(result.Alerts) > 0 || len(w.calls) > 0 || (err == nil) != (code == reason.StoreConflict) || err != nil && reason.Of(err) != code {
			t.Errorf("%s: %+v, %v, %q", code, result, err, w.calls)
		}
	}
}

// TestWhoWaitsTriesAgain where another run was at the account: what he waits for may not
// be in what that one wrote.
func TestWhoWaitsTriesAgain(t *testing.T) {
	b := newBench(t)
	for conflicts, want := range map[int]string{0: "AB", 2: "AB", 3: "A"} {
		w := newWorld(t)
		w.hasSAML("okta", encoded(b.metadata("A")))
		left := conflicts
		w.stored = func() error {
			if left--; left >= 0 {
				return reason.New(reason.StoreConflict, "somebody else")
			}
			return nil
		}
		if _, err := w.push(b.wantsSAML("AB", federation.Manage{}).Only("okta")); err != nil {
			t.Errorf("%d: %v", conflicts, err)
		}
		if got := b.letters(w.saml["okta"]["EncodedSAMLMetadataDocument"]); got != want {
			t.Errorf("after %d conflicts RAM has %s", conflicts, got)
		}
	}
}

// TestARunThatPlannedByAnOlderRowWritesNothing: what another one has just written looks
// like a stranger to it.
func TestARunThatPlannedByAnOlderRowWritesNothing(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("A")))
	wanted := b.wantsSAML("A", federation.Manage{Repair: true})
	w.mustPush(wanted)
	w.now = noon.Add(9 * day)
	w.trouble = func(_ http.ResponseWriter, action string, _ url.Values) bool {
		if action == "GetSAMLProvider" {
			w.hasSAML("okta", encoded(b.metadata("AB")))
			w.version++
		}
		return false
	}
	if result, err := w.push(wanted); err != nil || len(result.Alerts) > 0 || len(w.calls) > 0 {
		t.Errorf("%+v, %v, %q", result, err, w.calls)
	}
}

// TestWhatWasChangedMeanwhileIsNotWrittenOver: an administrator switches user-based SSO
// off while we are elsewhere, and another run knows a newer key.
func TestWhatWasChangedMeanwhileIsNotWrittenOver(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("A")))
	w.hasSAML("other", encoded(b.metadata("A")))
	w.settings["MetadataDocument"] = encoded(b.metadata("A"))
	wanted, own := b.wantsSAML("AB", federation.Manage{}), b.introduced("AE")
	wanted.SAML = append(wanted.SAML, push.SAMLProvider{Introduced: b.introduced("AB"), ARN: other, By: "other"})
	wanted.UserSSO = &push.UserSSO{Introduced: &own}
	w.changed = func(w *world) {
		w.changed, w.settings["SsoEnabled"] = nil, false
		w.hasSAML("other", encoded(b.metadata("AC")))
	}
	result, err := w.push(wanted)
	if err != nil || result.Trouble == nil || !strings.Contains(result.Trouble.Error(), "meanwhile") || len(w.calls) != 1 {
		t.Errorf("%+v, %v, %q", result, err, w.calls)
	}
	if got := b.letters(w.saml["other"]["EncodedSAMLMetadataDocument"]); got != "AC" || w.settings["SsoEnabled"] != false {
		t.Errorf("RAM has %s, %v", got, w.settings)
	}
	w.mustPush(wanted)
	if got := b.letters(w.settings["MetadataDocument"].(string)); got != "AE" || w.settings["SsoEnabled"] != false {
		t.Errorf("%s, %v", got, w.settings)
	}
}
