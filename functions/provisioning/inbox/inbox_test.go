package inbox_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/provisioning/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// sample reads a payload of template/events.
func sample(tb testing.TB, name string) []byte {
	tb.Helper()
	text, err := os.ReadFile("../../../template/events/" + name + ".json")
	if err != nil {
		tb.Fatal(err)
	}
	return text
}

func accepted() inbox.Accepted {
	return inbox.Accepted{
		Account: "1234567890123456", Sources: []string{"acme.hr"}, Topics: []string{"hr"},
		Now: func() time.Time { return time.Date(2026, 11, 26, 12, 5, 0, 0, time.UTC) },
	}
}

// said writes an event for people to compare: kind, order, and its part as JSON.
func said(t *testing.T, e lifecycle.Event) string {
	t.Helper()
	if err := e.Check(); err != nil {
		t.Error(err)
	}
	var part any
	switch e.Kind {
	case lifecycle.KindPerson:
		part = e.Person
	case lifecycle.KindMember:
		part = e.Member
	case lifecycle.KindGroup:
		part = e.Group
	case lifecycle.KindSuspend:
		part = e.Why
	case lifecycle.KindPropose:
		part = e.Proposal
	case lifecycle.KindSignIn, lifecycle.KindRefresh, lifecycle.KindAgain:
	}
	text, err := json.Marshal(part)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{e.From, string(e.Kind), e.IdP, string(rune('0' + e.Order.Version)), e.Order.At.Format(time.RFC3339Nano), string(text)}, " ")
}

const (
	changed = `person okta 7 2026-11-26T12:00:00Z {"id":"10042","person":"ada@acme.com","userName":"ada@acme.com","displayName":"Ada Lovelace","email":"ada@acme.com","attributes":{"costCenter":["4711"],"department":["Engineering"],"sites":["Hangzhou","London"]},"status":"active"}`
	added   = `member okta 7 2026-11-26T12:00:00Z {"person":"10042","group":"sre","in":true}`
	left    = `person okta 9 2026-11-26T12:00:00Z {"id":"10042","person":"ada@acme.com","status":"gone"}`
)

func disabled() string {
	return strings.NewReplacer("okta 7", "okta 8", "active", "inactive").Replace(changed)
}

// read says of each sample what it is: events, a refusal, or an errand.
func read() map[string][]string {
	return map[string][]string{
		"eventbridge-person-changed":  {"eventbridge " + changed},
		"eventbridge-person-disabled": {"eventbridge " + disabled()},
		"eventbridge-person-left":     {"eventbridge " + left},
		"eventbridge-group-changed":   {`eventbridge group okta 3 2026-11-26T12:00:00Z {"id":"sre","name":"site-reliability"}`},
		"eventbridge-group-removed":   {`eventbridge group okta 4 2026-11-26T12:00:00Z {"id":"sre","gone":true}`},
		"eventbridge-member-added":    {"eventbridge " + added},
		"eventbridge-member-removed":  {`eventbridge member okta 8 2026-11-26T12:00:00Z {"person":"10042","group":"sre","in":false}`},
		"eventbridge-idp-suspend":     {`eventbridge suspend okta 0 2026-11-26T12:00:00Z "an administrator's session was stolen there, case 815"`},
		"eventbridge-idp-refresh":     {`eventbridge refresh okta 0 2026-11-26T12:00:00Z null`},
		"eventbridge-idp-propose": {
			`eventbridge propose globex 0 2026-11-26T12:00:00Z {"id":"globex","displayName":"Globex","preset":"entra","saml":{"metadataURL":"https://login.globex.com/federationmetadata.xml"},"attributes":{"email":"mail"}}`,
		},
		"eventbridge-stream-objects": {"eventbridge " + changed, "eventbridge " + added},
		"eventbridge-stream-texts":   {"eventbridge " + changed, "eventbridge " + added},
		"eventbridge-time-prc":       {"eventbridge " + strings.NewReplacer("okta 7", "okta 6", "2026-11-26T12:00:00Z", "2020-11-19T13:04:42.179Z").Replace(changed)},
		"eventbridge-actiontrail":    {"event_refused"},
		"mns-person-left":            {"mns " + left},
		"mns-several":                {"mns " + changed, "mns " + added},
		"mns-stream-format":          {"event_malformed"},
		"timer":                      {"errand"},
		"invocation-subject":         {"errand"},
	}
}

func TestEachSampleIsReadAsWhatItIs(t *testing.T) {
	files, err := filepath.Glob("../../../template/events/*.json")
	if err != nil || len(files) != len(read()) {
		t.Errorf("%d files, and %d are known: %v", len(files), len(read()), err)
	}
	for name, want := range read() {
		payload := sample(t, name)
		events, bad := inbox.Read(payload, accepted())
		var got []string
		for _, e := range events {
			got = append(got, said(t, e))
		}
		for _, b := range bad {
			got = append(got, string(b.Code))
		}
		if _, ok := inbox.ReadErrand(payload); ok {
			got = append(got, "errand")
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestErrands(t *testing.T) {
	if got, ok := inbox.ReadErrand(sample(t, "timer")); !ok || !got.Timer {
		t.Errorf("%+v %v", got, ok)
	}
	ada := lifecycle.Subject{IdP: "okta", Kind: lifecycle.KindPerson, ID: "10042"}
	if got, ok := inbox.ReadErrand(sample(t, "invocation-subject")); !ok || got != (inbox.Errand{Subject: ada}) {
		t.Errorf("%+v %v", got, ok)
	}
	for _, payload := range []string{``, `{}`, `null`, `{"key":"x"}`, `{"subject":{"idp":"okta"}}`, `{"triggerName":"x"}`, `{"specversion":"1.0","triggerName":"x","triggerTime":"x"}`} {
		if got, ok := inbox.ReadErrand([]byte(payload)); ok {
			t.Errorf("%s is %+v", payload, got)
		}
	}
}

// TestTheSameEventHasOneKey, whichever door it came by.
func TestTheSameEventHasOneKey(t *testing.T) {
	byBus, _ := inbox.Read(sample(t, "eventbridge-person-left"), accepted())
	byTopic, _ := inbox.Read(sample(t, "mns-person-left"), accepted())
	other, _ := inbox.Read(sample(t, "eventbridge-person-changed"), accepted())
	if byBus[0].Key != byTopic[0].Key || byBus[0].Order != byTopic[0].Order || byBus[0].Key == other[0].Key || byBus[0].Order.Key != byBus[0].Key {
		t.Errorf("%+v %+v %+v", byBus[0], byTopic[0], other[0])
	}
}

// TestABadEventSpoilsNoOther, and is kept as far as a row holds it.
func TestABadEventSpoilsNoOther(t *testing.T) {
	for _, name := range []string{"eventbridge-stream-objects", "eventbridge-stream-texts"} {
		batch := spoilt(t, name, "fcsso.person.changed", "fcsso.person.promoted")
		events, bad := inbox.Read(batch, accepted())
		if len(events) != 1 || events[0].Kind != lifecycle.KindMember || len(bad) != 1 || bad[0].Code != reason.EventUnknown {
			t.Errorf("%s: %+v %+v", name, events, bad)
		}
		if sum, err := hex.DecodeString(bad[0].Key); err != nil || len(sum) != 32 || !strings.Contains(bad[0].Text, "promoted") {
			t.Errorf("%s: %+v", name, bad)
		}
	}
	long := []byte(strings.Repeat("\xe4\xb8\xad", 50_000))
	_, bad := inbox.Read(long, accepted())
	if len(bad) != 1 || len(bad[0].Text) > 4<<10 || !strings.HasPrefix(bad[0].Text, "中") {
		t.Errorf("%d bytes", len(bad[0].Text))
	}
	for _, payload := range []string{"", "null", "7", `"x"`, "{}", "[1]", "[[]]", "<xml/>"} {
		if events, bad := inbox.Read([]byte(payload), accepted()); len(events) != 0 || len(bad) != 1 || bad[0].Code != reason.EventMalformed {
			t.Errorf("%q: %+v %+v", payload, events, bad)
		}
	}
	if events, bad := inbox.Read([]byte("[]"), accepted()); len(events)+len(bad) != 0 {
		t.Errorf("an empty batch: %+v %+v", events, bad)
	}
}

// FuzzRead: nothing breaks the door, what comes out passes lifecycle's own check or has
// a reason, and nothing comes in for who accepts nobody that there is.
func FuzzRead(f *testing.F) {
	for name := range read() {
		f.Add(sample(f, name))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		events, bad := inbox.Read(payload, accepted())
		for _, e := range events {
			if err := e.Check(); err != nil {
				t.Errorf("%+v: %v", e, err)
			}
		}
		for _, b := range bad {
			if !strings.HasPrefix(string(b.Code), "event_") || b.Detail == "" || len(b.Key) != 64 || len(b.Text) > 4<<10 {
				t.Errorf("%+v", b)
			}
		}
		stranger := accepted()
		stranger.Sources, stranger.Topics = []string{"f3b1c6a2e5d94c07"}, []string{"8d2e4f7a91c05b36"}
		if events, _ := inbox.Read(payload, stranger); len(events) != 0 {
			t.Errorf("%+v came from nowhere", events)
		}
	})
}
