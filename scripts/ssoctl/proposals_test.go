package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// proposes stores what an event would.
func (o operator) proposes(id, entry string) {
	o.t.Helper()
	p := trust.Proposal{At: time.Unix(1_800_000_000, 0), By: strings.Repeat("ab", 32), From: "eventbridge", Entry: json.RawMessage(entry)}
	row, err := p.Row()
	if err == nil {
		err = o.trust().PutProposal(o.t.Context(), store.Proposal{ID: id, Body: row})
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

const (
	globexEntry = `{"id":"globex","displayName":"Globex","oidc":{"issuer":"https://login.globex.example","audiences":["fc-sso"]}}`
	globexLines = `- id: globex
  displayName: Globex
  oidc:
    issuer: https://login.globex.example
    audiences:
      - fc-sso
`
)

// TestAProposalIsBelievedOnceItIsAppliedAndNotBefore.
func TestAProposalIsBelievedOnceItIsAppliedAndNotBefore(t *testing.T) {
	op := newOperator(t)
	file := op.file(1, false)
	op.apply("-f", file)
	op.run("proposals").want(t, statusDone, "nothing is proposed\n", "")
	op.proposes("globex", globexEntry)
	op.run("proposals").want(t, statusDone, "globex  proposed 2027-01-15 08:00Z by eventbridge, event abababababababab\n", "")
	event := "# globex, proposed 2027-01-15 08:00Z by eventbridge, event " + strings.Repeat("ab", 32) + "\n"
	op.run("proposals", "show", "globex").want(t, statusDone, event+globexLines+"# no faults; ssoctl proposals approve globex -f FILE\n", "")

	before := read(t, file)
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	r := op.run("proposals", "approve", "globex", "-f", file)
	if r.status != statusDone || !strings.Contains(r.stdout, ": globex was added:\n  "+strings.Split(globexLines, "\n")[0]) || !strings.Contains(r.stdout, "ssoctl plan -f "+file) {
		t.Fatalf("%+v", r)
	}
	after := read(t, file)
	if at := strings.Index(after, "  - id: globex\n"); at < 0 || after[:at]+after[at+len(indented(globexLines)):] != before {
		t.Errorf("more became other:\n%s", after)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(file + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	op.run("trust", "refresh", "globex").want(t, statusWrong, "", "ssoctl: there is no identity provider \"globex\" in revision "+op.head().Revision+"\n")
	if r := op.run("plan", "-f", file); r.status != statusChanges || !strings.Contains(r.stdout, "globex") {
		t.Errorf("%+v", r)
	}
	if r := op.run("proposals", "approve", "globex", "-f", file); r.status != statusWrong || !strings.Contains(r.stderr, `two identity providers have the id "globex"`) || !strings.HasSuffix(r.stderr, "nothing was written\n") || read(t, file) != after {
		t.Errorf("a second time: %+v", r)
	}
	op.run("proposals", "drop", "globex").want(t, statusDone, "globex is proposed no more\n", "")
	op.run("proposals", "drop", "globex").want(t, statusWrong, "", "ssoctl: nothing is proposed as \"globex\"; ssoctl proposals lists what is\n")
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAProposalWithFaultsIsShownAndNotApproved(t *testing.T) {
	op := newOperator(t)
	file := op.file(1, false)
	op.apply("-f", file)
	op.proposes("globex", strings.Replace(globexEntry, "displayName", "displayname", 1))
	r := op.run("proposals", "show", "globex")
	if r.status != statusDone || !strings.Contains(r.stdout, "# 2:3: unknown key \"displayname\"; did you mean \"displayName\"?\n") {
		t.Errorf("%+v", r)
	}
	before := read(t, file)
	if r := op.run("proposals", "approve", "-f", file, "globex"); r.status != statusWrong || !strings.Contains(r.stderr, `unknown key "displayname"`) || read(t, file) != before {
		t.Errorf("%+v", r)
	}
	op.proposes("unread", `["x"]`)
	if r := op.run("proposals", "approve", "-f", file, "unread"); r.status != statusWrong || read(t, file) != before {
		t.Errorf("%+v", r)
	}
}

func TestWrongWordsAboutProposalsAreSaid(t *testing.T) {
	op := newOperator(t)
	for args, want := range map[string]string{
		"accept":              "proposals: write ssoctl " + proposalsForm,
		"show":                "proposals show: name a proposal; write ssoctl proposals show ID",
		"show a b":            `proposals show: what is "b" for? write ssoctl proposals show ID`,
		"drop":                "proposals drop: name a proposal; write ssoctl proposals drop ID",
		"approve a":           "proposals approve: name a proposal and a file; write ssoctl proposals approve ID -f FILE",
		"approve nobody -f a": `nothing is proposed as "nobody"; ssoctl proposals lists what is`,
		"approve -g":          "proposals approve: flag provided but not defined: -g; write ssoctl proposals approve ID -f FILE",
	} {
		op.run(append([]string{"proposals"}, strings.Fields(args)...)...).want(t, statusWrong, "", "ssoctl: "+want+"\n")
	}
}

// stops has an event stop an identity provider.
func (o operator) stops(idp, event, why string) {
	o.t.Helper()
	row, version, err := o.trust().Stops(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	there, err := trust.ParseStops(row)
	if err != nil {
		o.t.Fatal(err)
	}
	there, _ = there.Stop(idp, event, why, time.Unix(1_800_000_000, 0))
	if row, err = there.Row(); err == nil {
		err = o.trust().PutStops(o.t.Context(), row, version)
	}
	if err != nil {
		o.t.Fatal(err)
	}
}

// TestWhatAnEventStoppedOneResumes, and what is applied between neither stops nor resumes.
func TestWhatAnEventStoppedOneResumes(t *testing.T) {
	op := newOperator(t)
	revision := op.apply("-f", op.file(1, false))
	op.stops("test", "5eed", "a key was \x1b[31mstolen")
	const since = `stopped 2027-01-15 08:00Z by event 5eed: "a key was \x1b[31mstolen"`
	show := func(want bool) {
		t.Helper()
		if r := op.run("trust", "show"); r.status != statusDone || strings.Contains(r.stdout, "  "+since+"; ssoctl trust resume test\n") != want {
			t.Errorf("%+v", r)
		}
	}
	show(true)
	op.run("trust", "resume", "other").want(t, statusWrong, "", "ssoctl: trust resume: no event has stopped \"other\"\n")
	if r := op.run("plan", "-f", op.file(1, false)); r.status != statusDone || !strings.Contains(r.stdout, revision) {
		t.Errorf("%+v", r)
	}
	op.apply("-f", op.file(2, false))
	show(true)
	op.run("trust", "resume", "test").want(t, statusDone, "test is believed again within 30 seconds; it was "+since+"\n", "")
	show(false)
	op.run("trust", "resume", "test").want(t, statusWrong, "", "ssoctl: trust resume: no event has stopped \"test\"\n")
	op.run("trust", "resume").want(t, statusWrong, "", "ssoctl: trust resume: name an identity provider; write ssoctl trust resume IDP\n")

	op.apply("-f", op.file(2, true))
	op.stops("test", "another", "")
	op.run("trust", "resume", "test").want(t, statusDone, "test is believed again within 30 seconds; it was stopped 2027-01-15 08:00Z by event another\nit stays suspended: the federation file says so\n", "")
}
