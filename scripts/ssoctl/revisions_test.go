package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// operator is somebody with a deployment and a file.
type operator struct {
	t   *testing.T
	env map[string]string
	idp *source
}

func newOperator(t *testing.T) operator {
	t.Helper()
	return operator{t, newDeployment(t), newSource(t)}
}

func (o operator) run(args ...string) result {
	o.t.Helper()
	return ssoctl(o.t, o.env, args...)
}

// file is the federation whose rule lasts so long.
func (o operator) file(hours int, suspended bool) string {
	o.t.Helper()
	text := o.idp.federation(fmt.Sprintf("    session: {duration: %dh}\n", hours))
	if suspended {
		text = strings.Replace(text, "  - id: test\n", "  - id: test\n    suspended: true\n", 1)
	}
	return write(o.t, text)
}

// apply returns the revision that counts then.
func (o operator) apply(args ...string) string {
	o.t.Helper()
	if r := o.run(append([]string{"apply"}, args...)...); r.status != statusDone {
		o.t.Fatalf("%+v", r)
	}
	return o.head().Revision
}

func (o operator) trust() *store.Trust {
	o.t.Helper()
	p := program{lookup: func(name string) (string, bool) { value, ok := o.env[name]; return value, ok }, now: validatetest.Now}
	d, err := p.deployment()
	if err != nil {
		o.t.Fatal(err)
	}
	return d.trust
}

func (o operator) head() store.Head {
	o.t.Helper()
	head, err := o.trust().Head(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	return head
}

func TestPlanShowsWhatApplyWouldDo(t *testing.T) {
	o := newOperator(t)
	file := o.file(1, false)
	first := o.run("plan", "-f", file)
	if first.status != statusChanges || first.stderr != "" || !strings.Contains(first.stdout, "  + everybody reads\n") ||
		!strings.Contains(first.stdout, "instead of none; to apply exactly this: ssoctl apply -expect none -f FILE\n") {
		t.Errorf("%+v", first)
	}
	if o.head() != (store.Head{}) {
		t.Fatal("plan applied something")
	}
	one := o.apply("-f", file, "-expect", "none")
	o.run("plan", "-f", file).want(t, statusDone, "revision "+one+" counts: no change\n", "")

	o.run("plan", "-f", o.file(2, true)).want(t, statusChanges, `identity providers
  ~ test
      suspended: false -> true
      ! nobody signs in there any more, and who has signed in takes no role

rules
  ~ everybody reads
      session.duration: 1h -> 2h

2 changed; 1 to look at twice (!)
`+"revision "+o.planned(2, true)+" instead of "+one+"; to apply exactly this: ssoctl apply -expect "+one+" -f FILE\n", "")
}

// planned asks a program's plan which revision it would be.
func (o operator) planned(hours int, suspended bool) string {
	o.t.Helper()
	r := o.run("plan", "-o", "json", "-f", o.file(hours, suspended))
	var plan planned
	if err := json.Unmarshal([]byte(r.stdout), &plan); err != nil || r.status != statusChanges || len(plan.Rules) != 1 || plan.Rules[0].Fields[0].New != fmt.Sprintf("%dh", hours) {
		o.t.Errorf("%+v, %v", r, err)
	}
	return plan.Revision
}

func TestPlanKnowsWhatDecidesNothing(t *testing.T) {
	o := newOperator(t)
	const accounts = "accounts:\n  - id: \"1234567890123456\"\n"
	text := o.idp.federation("")
	other := strings.Replace(text, accounts, accounts+"  - id: \"2345678901234567\"\n", 1)
	turned := strings.Replace(text, accounts, "accounts:\n  - id: \"2345678901234567\"\n  - id: \"1234567890123456\"\n", 1)
	o.apply("-f", write(t, other))
	r := o.run("plan", "-f", write(t, turned))
	if r.status != statusChanges || !strings.HasPrefix(r.stdout, "no change but the order of entries, which decides nothing\n") {
		t.Errorf("%+v", r)
	}
}

func TestApplyTakesThePlaceOfWhatIsExpectedOnly(t *testing.T) {
	o := newOperator(t)
	one := o.apply("-f", o.file(1, false), "-m", "the first")
	for _, expect := range []string{"none", "0123456789abcdef"} {
		r := o.run("apply", "-f", o.file(2, false), "-expect", expect)
		want := "ssoctl: nothing was applied: " + expect + " was expected and revision " + one + " counts, which " +
			o.env["ALIBABA_CLOUD_ACCESS_KEY_ID"] + " applied at " + moment(validatetest.Now()) + ": the first; look at it with plan and apply again\n"
		r.want(t, statusFailed, "", want)
	}
	if o.head().Revision != one {
		t.Error("it was applied all the same")
	}
	if two := o.apply("-f", o.file(2, false), "-expect", one); two == one {
		t.Error("what was expected was there, and nothing was applied")
	}
}

// TestWhoComesSecondIsTold: both saw the same head.
func TestWhoComesSecondIsTold(t *testing.T) {
	o := newOperator(t)
	o.apply("-f", o.file(1, false))
	p := program{stdout: &strings.Builder{}, stderr: &strings.Builder{}, now: validatetest.Now, lookup: func(name string) (string, bool) { value, ok := o.env[name]; return value, ok }}
	d, err := p.deployment()
	if err != nil {
		t.Fatal(err)
	}
	stale := o.head()
	two := o.apply("-f", o.file(2, false), "-m", "faster\n\x1b[31m")
	err = p.notSwitched(t.Context(), d, d.trust.Switch(t.Context(), stale.Revision, stale, store.Note{}))
	want := "nothing was applied: another came first: revision " + two + " counts, which " + d.who + " applied at " + moment(validatetest.Now()) + ": faster  [31m; look at it with plan and apply again"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestHistoryIsWhatCounted(t *testing.T) {
	o := newOperator(t)
	o.run("history").want(t, statusDone, "nothing was applied yet\n", "")
	o.run("history", "-o", "json").want(t, statusDone, "[]\n", "")
	one := o.apply("-f", o.file(1, false), "-m", "a beginning")
	two := o.apply("-f", o.file(2, false))
	o.apply("-f", o.file(2, false)) // once more changes nothing, and is no history
	who, at := o.env["ALIBABA_CLOUD_ACCESS_KEY_ID"], moment(validatetest.Now())
	last := "* " + two + "  " + at + "  " + who + "\n    1 identity provider, 1 account, 1 rule; 1 changed\n"
	o.run("history").want(t, statusDone, last+
		"  "+one+"  "+at+"  "+who+": a beginning\n    1 identity provider, 1 account, 1 rule; 3 added; 1 to look at twice (!)\n", "")
	o.run("history", "-n", "1").want(t, statusDone, last, "")

	r := o.run("history", "-o", "json")
	var all []past
	if err := json.Unmarshal([]byte(r.stdout), &all); err != nil || len(all) != 2 || !all[0].Head || all[0].Before != one || all[1].Message != "a beginning" || !all[1].At.Equal(validatetest.Now()) {
		t.Errorf("%+v, %v", r, err)
	}
	for _, args := range [][]string{{"history", "-n", "0"}, {"history", "-o", "xml"}, {"plan", "-o", "xml", "-f", "x"}, {"rollback"}, {"rollback", "a", "b"}, {"rollback", "-x"}} {
		if r := o.run(args...); r.status != statusWrong || strings.Count(r.stderr, "\n") != 1 {
			t.Errorf("%q: %+v", args, r)
		}
	}
}

func TestRollbackMakesCountWhatCounted(t *testing.T) {
	o := newOperator(t)
	one := o.apply("-f", o.file(1, false))
	two := o.apply("-f", o.file(2, false))
	keys := o.keys()
	r := o.run("rollback", one, "-m", "two hours are too long")
	r.want(t, statusDone, `rules
  ~ everybody reads
      session.duration: 2h -> 1h

1 changed
`+"revision "+one+" counts again: 1 identity provider, 1 account, 1 rule; before it "+two+"\n", "")
	if o.head().Revision != one {
		t.Errorf("head %+v", o.head())
	}
	if got := o.keys(); !maps.Equal(got, keys) {
		t.Errorf("keys were touched: %v", got)
	}
	if r := o.run("history", "-n", "1"); !strings.Contains(r.stdout, ": two hours are too long\n    back to "+one) {
		t.Errorf("%+v", r)
	}
	o.run("rollback", one).want(t, statusWrong, "", "ssoctl: revision "+one+" counts already\n")
	o.run("rollback", "0123456789abcdef").want(t, statusWrong, "", "ssoctl: no revision \"0123456789abcdef\" was ever applied; ssoctl history lists them\n")
	o.run("rollback", "-m", "and again", two).want(t, statusDone, `rules
  ~ everybody reads
      session.duration: 1h -> 2h

1 changed
`+"revision "+two+" counts again: 1 identity provider, 1 account, 1 rule; before it "+one+"\n", "")
}

func (o operator) keys() map[string]string {
	o.t.Helper()
	all, err := o.trust().AllKeys(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	keys := map[string]string{}
	for idp, body := range all {
		keys[idp] = string(body)
	}
	return keys
}

func TestRollbackNeverEndsASuspension(t *testing.T) {
	o := newOperator(t)
	one := o.apply("-f", o.file(1, false))
	suspended := o.apply("-f", o.file(1, true))
	o.run("rollback", one).want(t, statusDone, "revision "+suspended+" stays: it is "+one+" with test still suspended\n", "")

	late := o.apply("-f", o.file(2, true))
	r := o.run("rollback", one)
	if back := o.head().Revision; back != suspended || r.status != statusDone ||
		!strings.HasSuffix(r.stdout, "revision "+suspended+" counts again: 1 identity provider, 1 account, 1 rule; before it "+late+"\nit is revision "+one+" with test still suspended; to end that, write suspended: false and apply\n") {
		t.Errorf("%+v", r)
	}
	if r := o.run("rollback", "nonsense"); r.status != statusWrong {
		t.Errorf("%+v", r)
	}
}

// TestRollbackRevivesNoKeys: an old address has no keys any more, and says so.
func TestRollbackRevivesNoKeys(t *testing.T) {
	o := newOperator(t)
	one := o.apply("-f", o.file(1, false))
	other := newSource(t)
	o.apply("-f", write(t, other.federation("")))
	keys := o.keys()
	r := o.run("rollback", one)
	if r.status != statusDone || !strings.HasSuffix(r.stdout, "test: pending, it believes nobody until its keys are fetched: ssoctl trust refresh test\n") {
		t.Errorf("%+v", r)
	}
	if !maps.Equal(o.keys(), keys) {
		t.Error("keys were touched")
	}
}

// TestARevisionThatWasNeverWrittenWholeDoesNotCount: its writer was killed.
func TestARevisionThatWasNeverWrittenWholeDoesNotCount(t *testing.T) {
	o := newOperator(t)
	one := o.apply("-f", o.file(1, false))
	rows, err := o.trust().Revision(t.Context(), one)
	if err != nil {
		t.Fatal(err)
	}
	const half = "0000000000000000"
	if err := o.trust().Commit(t.Context(), half, rows[1:], o.head(), store.Note{}); err != nil {
		t.Fatal(err)
	}
	two := o.apply("-f", o.file(2, false)) // whatever is there, it can be replaced
	r := o.run("rollback", half)
	if r.status != statusFailed || o.head().Revision != two {
		t.Errorf("%+v", r)
	}
}

// TestADeploymentIsNeeded: and a key that it knows.
func TestADeploymentIsNeeded(t *testing.T) {
	for _, args := range [][]string{{"plan", "-f", "../../template/federation.example.yaml"}, {"history"}, {"rollback", "x"}} {
		if r := ssoctl(t, nil, args...); r.status != statusWrong || !strings.Contains(r.stderr, "SSO_OTS_ENDPOINT: is needed") {
			t.Errorf("%q: %+v", args, r)
		}
	}
	env := settings(stack.Tablestore(t))
	env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "swordfish"
	for _, args := range [][]string{{"plan", "-f", "../../template/federation.example.yaml"}, {"history"}, {"rollback", "x"}} {
		if r := ssoctl(t, env, args...); r.status != statusFailed || !strings.Contains(r.stderr, "Signature mismatch.") || strings.Contains(r.stderr, "swordfish") {
			t.Errorf("%q: %+v", args, r)
		}
	}
}

func TestApplySaysHowMuchDeservesASecondLook(t *testing.T) {
	o := newOperator(t)
	file := write(t, o.idp.federation("    session: {name: everybody}\n"))
	look := file + " deserves a second look, 1 warning: ssoctl check -f " + file + "\n"
	if r := o.run("apply", "-f", file); r.status != statusDone || !strings.Contains(r.stdout, look) {
		t.Errorf("%+v", r)
	}
	accepted := write(t, o.idp.federation("    session: {name: everybody} # sso-check: allow session_nameless because it is a test\n"))
	if r := o.run("apply", "-f", accepted); r.status != statusDone || strings.Contains(r.stdout, "second look") {
		t.Errorf("%+v", r)
	}
}
