package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const anAda = `{"idp":"test","kind":"person","id":"7"}`

// withLetters is an operator of a deployment with two events given up and some poison.
func withLetters(t *testing.T) (operator, *store.Events) {
	t.Helper()
	op, _ := owning(t)
	p := program{lookup: func(name string) (string, bool) { value, ok := op.env[name]; return value, ok }, now: validatetest.Now}
	d, err := p.deployment()
	if err != nil {
		t.Fatal(err)
	}
	events := store.NewEvents(d.client)
	at := time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	for i, l := range []store.DeadLetter{
		{Key: "aa", Subject: anAda, Body: []byte(`{"key":"aa"}`), Attempts: 1, Code: reason.PrincipalTaken, Detail: "ada is \u202e somebody else's"},
		{Key: "bb", Subject: anAda, Body: []byte(`{"key":"bb"}`), Attempts: 12, Code: reason.SubjectUnknown, Detail: "no group"},
		{Key: "cc", Body: []byte("{\x1b"), Attempts: 1, Code: reason.EventMalformed, Detail: "no JSON"},
	} {
		l.First, l.At = at, at.Add(time.Duration(i)*time.Minute)
		if err := events.Dead(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	return op, events
}

func TestDeadLettersAreListedAndShown(t *testing.T) {
	op, _ := withLetters(t)
	op.run("events", "list").want(t, statusDone, `aa given up 2027-03-01 12:00:00 UTC, tried 1 time
  "{\"idp\":\"test\",\"kind\":\"person\",\"id\":\"7\"}"
  principal_taken: "ada is \u202e somebody else's"
bb given up 2027-03-01 12:01:00 UTC, tried 12 times
  "{\"idp\":\"test\",\"kind\":\"person\",\"id\":\"7\"}"
  subject_unknown: "no group"
cc given up 2027-03-01 12:02:00 UTC, tried 1 time
  not taken in
  event_malformed: "no JSON"
`, "")
	op.run("events", "list", "-pending").want(t, statusDone, "there are none\n", "")
	op.run("events", "show", "cc").want(t, statusDone, `cc given up 2027-03-01 12:02:00 UTC, tried 1 time
  not taken in
  event_malformed: "no JSON"
  came 2027-03-01 12:00:00 UTC
  "{\x1b"
`, "")
	var letters []map[string]any
	if err := json.Unmarshal([]byte(op.run("events", "list", "-o", "json").stdout), &letters); err != nil || len(letters) != 3 || letters[1]["code"] != "subject_unknown" {
		t.Errorf("%v, %v", letters, err)
	}
	if r := op.run("events", "show", "dd"); r.status != statusWrong || !strings.Contains(r.stderr, `there is no dead letter "dd"; ssoctl events list names them`) {
		t.Errorf("%+v", r)
	}
}

func TestDeadLettersAreTriedAgainOrDropped(t *testing.T) {
	op, events := withLetters(t)
	op.run("events", "retry", "-all", "-code", "subject_unknown").want(t, statusDone, "waits again: bb\n", "")
	op.run("events", "retry", "-all", "-code", "subject_unknown").want(t, statusDone, "nothing to retry\n", "")
	if r := op.run("events", "list", "-pending"); r.status != statusDone || !strings.HasPrefix(r.stdout, "bb due ") || !strings.HasSuffix(r.stdout, "\n  not tried yet\n") {
		t.Errorf("%+v", r)
	}
	op.run("events", "retry", "-all").want(t, statusDone, "waits again: aa\n", "")
	if waiting, err := events.PendingOf(t.Context(), anAda); err != nil || len(waiting) != 2 || waiting[0].Attempts != 0 {
		t.Errorf("%+v, %v", waiting, err)
	}
	if r := op.run("events", "retry", "cc"); r.status == statusDone || !strings.Contains(r.stderr, "is no event") {
		t.Errorf("%+v", r)
	}
	op.run("events", "drop", "cc").want(t, statusDone, "dropped: cc\n", "")
	op.run("events", "list").want(t, statusDone, "there are none\n", "")
}

func TestWrongWordsAboutEventsAreSaid(t *testing.T) {
	op := newOperator(t)
	for _, args := range [][]string{
		{},
		{"delete"},
		{"list", "aa"},
		{"list", "-o", "yaml"},
		{"show"},
		{"show", "a", "b"},
		{"retry"},
		{"retry", "-all", "aa"},
		{"retry", "aa", "-code", "internal"},
		{"drop"},
	} {
		if r := op.run(append([]string{"events"}, args...)...); r.status != statusWrong || !strings.Contains(r.stderr, "write ") {
			t.Errorf("%q: %+v", args, r)
		}
	}
}
