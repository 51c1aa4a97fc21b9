package push_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/reason"
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

func TestDriftIsToldOnceAndWhenItIsGone(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("AB")))
	w.hasRole("Deploy", `{"Statement":[{"Effect":"Allow","Principal":{"Federated":["`+ci.String()+`"]}}]}`, 7200)
	w.hasRole("dev-1", `{"Statement":[{"Effect":"Allow","Principal":{"RAM":["acs:ram::1:root"]}}]}`, 3600)
	w.hasRole("fc-sso-portal", "", 3600)
	wanted := b.wantsSAML("A", federation.Manage{})
	wanted.Roles = roles(t)
	if got := alerts(w.mustPush(wanted)); got != "certificate_unknown role_trusts_any_subject" {
		t.Errorf("at first: %s", got)
	}
	account := must(memory.Parse(w.row))
	if longest, ok := account.LongestSession(role); !ok || longest != 2*time.Hour || len(account.MaxSession) != 2 {
		t.Errorf("%v, %v: %v", longest, ok, account.MaxSession)
	}
	if got := alerts(w.mustPush(wanted)); got != "" {
		t.Errorf("again: %s", got)
	}
	w.trouble = func(rw http.ResponseWriter, action string, _ url.Values) bool {
		if action == "GetSAMLProvider" {
			refuse(rw, 403, "NoPermission")
		}
		return action == "GetSAMLProvider"
	}
	if result, err := w.push(wanted); err != nil || result.Trouble == nil || alerts(result) != "" {
		t.Errorf("unread: %+v, %v", result, err)
	}
	if got := alerts(w.mustPush(wanted.Only("nobody"))); got != "" {
		t.Errorf("a part: %s", got)
	}
	w.trouble = nil
	w.hasSAML("okta", encoded(b.metadata("A")))
	if got := alerts(w.mustPush(wanted)); got != "drift_gone" {
		t.Errorf("gone: %s", got)
	}
	w.hasRole("Deploy", `{"Statement":[{"Effect":"Allow","Principal":{"RAM":["acs:ram::1:root"]}}]}`, 3600)
	if got := alerts(w.mustPush(wanted)); got != "drift_gone" {
		t.Errorf("all gone: %s", got)
	}
}

// TestARAMInTroubleIsToldOfAndConfirmsNothing: whatever is answered, nothing counts that
// was not read, and the third run in a row tells.
func TestARAMInTroubleIsToldOfAndConfirmsNothing(t *testing.T) {
	b := newBench(t)
	says := func(status int, body string) func(http.ResponseWriter) {
		return func(rw http.ResponseWriter) {
			rw.WriteHeader(status)
			_, _ = rw.Write([]byte(body))
		}
	}
	for _, at := range []string{"AssumeRole", "GetSAMLProvider", "UpdateSAMLProvider"} {
		for trouble, answer := range map[string]func(http.ResponseWriter){
			"throttled":     says(400, `{"Code":"Throttling.User","Message":"flow control"}`),
			"no permission": says(403, `{"Code":"NoPermission","Message":"`+token+`"}`),
			"500":           says(500, `{"Code":"InternalError"}`),
			"HTML":          says(200, `<html>`),
			"nothing":       says(200, ``),
			"hangs up":      func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		} {
			w := newWorld(t)
			w.hasSAML("okta", encoded(b.metadata("A")))
			w.trouble = func(rw http.ResponseWriter, action string, _ url.Values) bool {
				if action == at {
					answer(rw)
				}
				return action == at
			}
			if at == "AssumeRole" && trouble == "no permission" {
				continue // it knows no token yet
			}
			for run := range 4 {
				result, err := w.push(b.wantsSAML("B", federation.Manage{}))
				if err != nil || result.Trouble == nil || (alerts(result) == string(alert.PushFailing)) != (run == 2) {
					t.Errorf("%s at %s, run %d: %+v, %v", trouble, at, run, result, err)
				}
				if strings.Contains(result.Trouble.Error(), "the+role") {
					t.Errorf("%s: %v", trouble, result.Trouble)
				}
			}
			if _, ok := must(memory.Parse(w.row)).Confirmed(okta.String(), name(b, "B")); ok {
				t.Errorf("%s at %s: it is confirmed", trouble, at)
			}
			w.trouble = nil
			if got := alerts(w.mustPush(b.wantsSAML("B", federation.Manage{}))); !strings.Contains(got, string(alert.PushRecovered)) {
				t.Errorf("%s at %s: afterwards %s", trouble, at, got)
			}
		}
	}
}

// TestAnAnswerThatIsAboutNothingSaysNothing: RAM would be taken to have nothing.
func TestAnAnswerThatIsAboutNothingSaysNothing(t *testing.T) {
	b := newBench(t)
	for _, body := range []string{`null`, `{}`, `[]`, `{"SAMLProvider":{}}`, `{"SAMLProvider":{"Arn":"acs:ram::1234567890123456:saml-provider/another"}}`, `{"SAMLProvider":{"Arn":"` + okta.String() + `","EncodedSAMLMetadataDocument":"%"}}`} {
		w := newWorld(t)
		w.trouble = func(rw http.ResponseWriter, action string, _ url.Values) bool {
			if action != "AssumeRole" {
				_, _ = rw.Write([]byte(body))
			}
			return action != "AssumeRole"
		}
		wanted := b.wantsSAML("B", federation.Manage{Create: true, Repair: true})
		own := b.introduced("A")
		wanted.UserSSO, wanted.OIDC, wanted.Roles = &push.UserSSO{Introduced: &own}, wantsOIDC([]string{"x"}, []string{"aa"}, wanted.Manage).OIDC, roles(t)
		if result, err := w.push(wanted); err != nil || result.Trouble == nil || len(result.Alerts) > 0 || len(w.calls) > 0 {
			t.Errorf("%s: %+v, %v, %q", body, result, err, w.calls)
		}
	}
}

// TestALostAnswerIsReadBack: the call was made.
func TestALostAnswerIsReadBack(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("A")))
	w.trouble = func(_ http.ResponseWriter, action string, q url.Values) bool {
		if action == "UpdateSAMLProvider" {
			w.write(action, nameIn(q), q)
			panic(http.ErrAbortHandler)
		}
		return false
	}
	w.mustPush(b.wantsSAML("AB", federation.Manage{}))
	if _, ok := must(memory.Parse(w.row)).Confirmed(okta.String(), name(b, "B")); !ok || len(w.wrote) != 1 {
		t.Errorf("%s, %q", w.row, w.wrote)
	}
}

// TestOfManyRolesSomeAreLookedAtInEachRun, and how long sessions last is known of all.
func TestOfManyRolesSomeAreLookedAtInEachRun(t *testing.T) {
	w := newWorld(t)
	for n := range 250 {
		w.hasRole(fmt.Sprintf("dev-%03d", n), `{"Statement":[{"Effect":"Allow","Principal":{"RAM":["acs:ram::1:root"]}}]}`, 7200)
	}
	w.hasRole("dev-249", `{"Statement":[{"Effect":"Allow","Principal":{"Federated":["`+ci.String()+`"]}}]}`, 3600)
	wanted := push.Wanted{Account: role.Account(), Roles: roles(t)}
	told := ""
	for run := range 5 {
		w.asked = nil
		told += alerts(w.mustPush(wanted))
		looked := len(slices.DeleteFunc(slices.Clone(w.asked), func(call string) bool { return !strings.HasPrefix(call, "GetRole") }))
		if known := must(memory.Parse(w.row)); looked != 101 || len(known.MaxSession) != 250 || known.MaxSession["acs:ram::1234567890123456:role/dev-249"] != 3600 {
			t.Errorf("run %d: looked at %d roles, knows %d", run, looked, len(known.MaxSession))
		}
		w.now = w.now.Add(time.Hour)
	}
	if told != string(alert.RoleTrustsAnySubject) {
		t.Errorf("told %q", told)
	}
	delete(w.roles, "dev-249")
	if got := alerts(w.mustPush(wanted)); got != string(alert.DriftGone) {
		t.Errorf("it is gone: %q", got)
	}
	wanted.Roles = push.Roles{}
	w.mustPush(wanted)
	if known := must(memory.Parse(w.row)); len(known.MaxSession) != 0 {
		t.Errorf("no rule names a role any more: %v", known.MaxSession)
	}
}

// TestKeysAreWrittenBeforeRolesAreLookedAt: there may be so many that no time is left.
func TestKeysAreWrittenBeforeRolesAreLookedAt(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.hasSAML("okta", encoded(b.metadata("A")))
	w.hasRole("Deploy", `{"Statement":[{"Effect":"Allow","Principal":{"RAM":["acs:ram::1:root"]}}]}`, 3600)
	wanted := b.wantsSAML("B", federation.Manage{})
	wanted.Roles = roles(t)
	w.mustPush(wanted)
	wrote, asked := slices.Index(w.asked, "UpdateSAMLProvider okta"), slices.IndexFunc(w.asked, func(call string) bool { return strings.HasSuffix(call, "Role Deploy") || call == "ListRoles" })
	if wrote < 0 || asked < wrote {
		t.Errorf("asked %q", w.asked)
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

func TestOneRAMThatHangsIsNotAskedForEver(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	wanted := b.wantsSAML("A", federation.Manage{})
	for range 50 {
		wanted.SAML = append(wanted.SAML, wanted.SAML[0])
	}
	w.trouble = func(rw http.ResponseWriter, action string, _ url.Values) bool {
		if action == "GetSAMLProvider" {
			refuse(rw, 503, "ServiceUnavailable")
		}
		return action == "GetSAMLProvider"
	}
	if result, err := w.push(wanted); err != nil || result.Trouble == nil || len(w.asked) != 3 { // a call is tried twice
		t.Errorf("%+v, %v, asked %q", result, err, w.asked)
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

func TestWithoutCredentialsNothingIsAsked(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	config := w.config()
	config.Credentials = nil
	for _, wanted := range []push.Wanted{b.wantsSAML("A", federation.Manage{})} {
		config.Credentials = noCredentials
		trouble, err := config.Push(t.Context(), wanted, w.tell)
		if err != nil || !errors.Is(trouble, errNone) || len(w.asked) > 0 {
			t.Errorf("%v, %v, %q", trouble, err, w.asked)
		}
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

// TestOfMuchDriftSomeIsToldInEachRun: what waits to be told has its limit.
func TestOfMuchDriftSomeIsToldInEachRun(t *testing.T) {
	w, told := newWorld(t), 0
	ids := []string{"x"}
	for n := range 20 {
		ids = append(ids, fmt.Sprintf("stranger-%d", n))
	}
	w.hasOIDC("ci", strings.Join(ids, ","), "aa")
	for range 4 {
		result := w.mustPush(wantsOIDC([]string{"x"}, []string{"aa"}, federation.Manage{}))
		if told += len(result.Alerts); len(result.Alerts) > 8 {
			t.Errorf("%d at once", len(result.Alerts))
		}
	}
	if told != 20 {
		t.Errorf("%d are told", told)
	}
	w.hasOIDC("ci", "x", "aa")
	for range 4 {
		told -= len(w.mustPush(wantsOIDC([]string{"x"}, []string{"aa"}, federation.Manage{})).Alerts)
	}
	if told != 0 {
		t.Errorf("of %d it is not told that they are gone", told)
	}
}

// TestWhatCouldNotBeToldWaits with what is remembered.
func TestWhatCouldNotBeToldWaits(t *testing.T) {
	b, w := newBench(t), newWorld(t)
	w.deaf = true
	w.mustPush(b.wantsSAML("A", federation.Manage{}))
	if account := must(memory.Parse(w.row)); len(account.Waiting) != 1 || len(account.Told) != 1 {
		t.Fatalf("%s", w.row)
	}
	w.deaf = false
	if got := alerts(w.mustPush(b.wantsSAML("A", federation.Manage{}))); got != string(alert.ProviderMissing) {
		t.Errorf("told %s", got)
	}
	if got := alerts(w.mustPush(b.wantsSAML("A", federation.Manage{}))); got != "" {
		t.Errorf("told again: %s", got)
	}
}
