package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/store"
)

const nothingKnown = "nothing was known of such a person before; is this what person of the record calls them?\n"

func TestAPersonsSessionsAreEnded(t *testing.T) {
	op, people := owning(t)
	of := func(idp, person string) store.Known {
		t.Helper()
		known, _, err := people.Known(t.Context(), idp, person, [32]byte{})
		if err != nil {
			t.Fatal(err)
		}
		return known
	}
	began := time.Now().Add(-time.Minute)
	first := op.run("sessions", "end", "-idp", "test", "ada@acme.com")
	if first.status != statusDone || !strings.HasPrefix(first.stdout, `sessions of "ada@acme.com" of test that began until 20`) || !strings.HasSuffix(first.stdout, " UTC have ended\n"+nothingKnown) || first.stderr != "" {
		t.Fatalf("%+v", first)
	}
	since := of("test", "ada@acme.com").ValidFrom
	if since.Before(began) {
		t.Errorf("since %s", since)
	}
	again := op.run("sessions", "end", "ada@acme.com", "-idp", "test")
	if again.status != statusDone || strings.Contains(again.stdout, nothingKnown) {
		t.Errorf("%+v", again)
	}
	if next := of("test", "ada@acme.com").ValidFrom; next.Before(since) {
		t.Errorf("%s, then %s", since, next)
	}
	for _, other := range [][2]string{{"test", "Ada@acme.com"}, {"okta", "ada@acme.com"}} {
		if known := of(other[0], other[1]); !known.ValidFrom.IsZero() {
			t.Errorf("%s too: %+v", other, known)
		}
	}
	if r := op.run("sessions", "end", "-idp", "test", "a\u202eda b"); r.status != statusDone || !strings.HasPrefix(r.stdout, `sessions of "a\u202eda b" of test`) {
		t.Errorf("%+v", r)
	}
}

func TestWrongWordsAboutSessionsAreSaid(t *testing.T) {
	op := newOperator(t)
	const write = "; write ssoctl " + sessionsEndForm
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, "sessions: write ssoctl " + sessionsEndForm},
		{[]string{"stop"}, "sessions: write ssoctl " + sessionsEndForm},
		{[]string{"end"}, "sessions end: name an identity provider and a person" + write},
		{[]string{"end", "ada"}, "sessions end: name an identity provider and a person" + write},
		{[]string{"end", "-idp", "okta"}, "sessions end: name an identity provider and a person" + write},
		{[]string{"end", "-idp", "okta", ""}, "sessions end: name an identity provider and a person" + write},
		{[]string{"end", "-idp", "okta", "ada", "bob"}, `sessions end: what is "bob" for?` + strings.TrimPrefix(write, ";")},
		{[]string{"end", "-all"}, "sessions end: flag provided but not defined: -all" + write},
		{[]string{"end", "-idp", "okta", "a\xff"}, `sessions end: "a\xff" is no text in UTF-8`},
		{[]string{"end", "-idp", "okta", "ada"}, "nothing was applied yet; write ssoctl apply -f FILE"},
	} {
		op.run(append([]string{"sessions"}, tt.args...)...).want(t, statusWrong, "", "ssoctl: "+tt.want+"\n")
	}
	op, _ = owning(t)
	op.run("sessions", "end", "-idp", "okt", "ada").want(t, statusWrong, "", `ssoctl: sessions end: there is no identity provider "okt", so nobody is signed in by it`+"\n")
}

func TestTheReadmeHasTheCommandsOfSessions(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "| `ssoctl "+sessionsEndForm+"` |") || !strings.Contains(usage, "  "+sessionsEndForm+"\n") {
		t.Errorf("README.md or the usage has no %s", sessionsEndForm)
	}
}
