package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	prod    = "1234567890123456" // acme-prod of the operator's file
	staging = "2234567890123456"
)

// owning is an operator of a bundle where some people own RAM users.
func owning(t *testing.T) (operator, *store.People) {
	t.Helper()
	op := newOperator(t)
	text, err := os.ReadFile(op.file(1, false))
	if err != nil {
		t.Fatal(err)
	}
	op.apply("-f", write(t, strings.Replace(string(text), "rules:", "    alias: acme-prod\nrules:", 1)))
	p := program{lookup: func(name string) (string, bool) { value, ok := op.env[name]; return value, ok }, now: validatetest.Now}
	d, err := p.deployment()
	if err != nil {
		t.Fatal(err)
	}
	people := store.NewPeople(d.client)
	for _, o := range []store.Owned{
		{Account: prod, User: "Ada", Owner: store.Owner{IdP: "okta", Person: "ada@acme.com"}},
		{Account: prod, User: "bob", Owner: store.Owner{IdP: "entra", Person: "b\n\u202eob"}},
		{Account: staging, User: "ada", Owner: store.Owner{IdP: "okta", Person: "ada@acme.com"}},
	} {
		owns(t, people, o.Account, o.User, o.Owner)
	}
	return op, people
}

// owns makes owner the owner, since noon.
func owns(t *testing.T, people *store.People, account, user string, owner store.Owner) {
	t.Helper()
	owner.Since = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)
	holder, err := people.Claim(t.Context(), account, user, owner)
	if err != nil || holder.IdP != owner.IdP || holder.Person != owner.Person {
		t.Fatalf("%+v holds it, %v", holder, err)
	}
}

const (
	sinceNoon  = ", since 2027-03-01 12:00:00 UTC\n"
	prodAda    = prod + ` ada: "ada@acme.com" of okta` + sinceNoon
	prodBob    = prod + ` bob: "b\n\u202eob" of entra` + sinceNoon
	stagingAda = staging + ` ada: "ada@acme.com" of okta` + sinceNoon
	nobodyOwns = "nobody owns such a user\n"
)

func TestOwnersAreShown(t *testing.T) {
	op, _ := owning(t)
	for _, tt := range []struct{ args, want string }{
		{"", prodAda + prodBob + stagingAda},
		{prod, prodAda + prodBob},
		{"acme-prod", prodAda + prodBob},
		{prod + " ADA", prodAda},
		{"-idp okta", prodAda + stagingAda},
		{prod + " -idp okta", prodAda},
		{staging + " bob", nobodyOwns},
		{"3234567890123456", nobodyOwns},
		{"-idp okt", nobodyOwns},
	} {
		op.run(append([]string{"owners"}, strings.Fields(tt.args)...)...).want(t, statusDone, tt.want, "")
	}
	var list []owned
	if r := op.run("owners", "-o", "json", prod, "bob"); r.status != statusDone || json.Unmarshal([]byte(r.stdout), &list) != nil || len(list) != 1 ||
		list[0] != (owned{prod, "bob", "entra", "b\n\u202eob", time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)}) {
		t.Errorf("%+v, %+v", r, list)
	}
	op.run("owners", "-o", "json", staging, "bob").want(t, statusDone, "[]\n", "")
}

func TestWrongWordsAboutOwnersAreSaid(t *testing.T) {
	op := newOperator(t)
	const write = "; write ssoctl "
	for _, tt := range []struct{ args, want string }{
		{"a b c", `owners: what is "c" for?` + strings.TrimPrefix(write, ";") + ownersForm},
		{"-o xml", `owners: there is no output "xml"; write -o text or -o json`},
		{"acme-prod", "nothing was applied yet; write ssoctl apply -f FILE"},
		{prod + " ada@acme.com", `owners: "ada@acme.com": the name has U+0040 '@'; letters, digits, . - and _ are allowed; write the name of the RAM user without its @ and suffix, all of which mean the same user`},
		{"release", "owners release: name an account and a user, or an identity provider all of whose people are meant" + write + releaseForm},
		{"release " + prod, "owners release: name an account and a user, or an identity provider all of whose people are meant" + write + releaseForm},
		{"release -n", "owners release: flag provided but not defined: -n" + write + releaseForm},
	} {
		op.run(append([]string{"owners"}, strings.Fields(tt.args)...)...).want(t, statusWrong, "", "ssoctl: "+tt.want+"\n")
	}
	r := op.run("owners", prod)
	r.stderr = requestID.ReplaceAllString(r.stderr, "REQUEST")
	r.want(t, statusFailed, "", "ssoctl: cannot read owners: store_unavailable: owners: OTSObjectNotExist Requested table does not exist. REQUEST; ssoctl apply makes the table if that is missing\n")
}

var requestID = regexp.MustCompile(`[0-9a-f]{32}`)

// digest is what a run of release without one says to write.
func (r result) digest(t *testing.T) string {
	t.Helper()
	found := regexp.MustCompile(`write ssoctl (owners release .*-expect [0-9a-f]{32}.*)\n`).FindStringSubmatch(r.stdout + r.stderr)
	if found == nil {
		t.Fatalf("no digest: %+v", r)
	}
	return found[1]
}

func TestAnOwnerIsReleasedOnceShown(t *testing.T) {
	op, people := owning(t)
	shown := op.run("owners", "release", prod, "Ada")
	command := shown.digest(t)
	shown.want(t, statusChanges, prodAda+"to release 1 user, write ssoctl "+command+"\n", "")
	op.run("owners").want(t, statusDone, prodAda+prodBob+stagingAda, "")
	op.run(strings.Fields(command)...).want(t, statusDone, "released "+prodAda, "")
	op.run("owners").want(t, statusDone, prodBob+stagingAda, "")
	op.run(strings.Fields(command)...).want(t, statusDone, "nothing to release: "+nobodyOwns, "")

	eve := store.Owner{IdP: "okta", Person: "eve@acme.com"}
	owns(t, people, prod, "ada", eve)
	const prodEve = prod + ` ada: "eve@acme.com" of okta` + sinceNoon
	late := op.run(strings.Fields(command)...)
	next := late.digest(t)
	late.want(t, statusFailed, prodEve, "ssoctl: nothing was released: these are others than -expect "+strings.Fields(command)[3]+"; read them, and write ssoctl "+next+"\n")
	owns(t, people, prod, "ada", eve)
}

func TestACompanyMovesToAnotherIdentityProvider(t *testing.T) {
	op, people := owning(t)
	command := op.run("owners", "release", "-idp", "okta").digest(t)
	owns(t, people, prod, "zoe", store.Owner{IdP: "okta", Person: "zoe@acme.com"})
	if r := op.run(strings.Fields(command)...); r.status != statusFailed || !strings.Contains(r.stdout, "zoe@acme.com") {
		t.Fatalf("who came in between is released too: %+v", r)
	}
	command = op.run("owners", "release", "-idp", "okta").digest(t)
	if r := op.run(strings.Fields(command)...); r.status != statusDone || strings.Count(r.stdout, "released ") != 3 {
		t.Fatalf("%+v", r)
	}
	op.run("owners").want(t, statusDone, prodBob, "")
	owns(t, people, prod, "ada", store.Owner{IdP: "entra", Person: "ada"})
}

// TestWhoChangesAtTheLastMomentStays has an owner change when they were read already.
func TestWhoChangesAtTheLastMomentStays(t *testing.T) {
	op, people := owning(t)
	list, err := people.Owned(t.Context(), prod)
	if err != nil {
		t.Fatal(err)
	}
	if err := people.Release(t.Context(), list[0]); err != nil {
		t.Fatal(err)
	}
	owns(t, people, prod, "ada", store.Owner{IdP: "okta", Person: "eve"})
	var out, complaints strings.Builder
	err = program{stdout: &out, stderr: &complaints}.release(t.Context(), people, list)
	if want := "1 of 2 users were not released: " + prod + " ada stays: store_conflict: "; err == nil || !strings.HasPrefix(err.Error(), want) || out.String() != "released "+prodBob {
		t.Errorf("%v\n%s", err, out.String())
	}
	op.run("owners", prod).want(t, statusDone, prod+` ada: "eve" of okta`+sinceNoon, "")
}

func TestTheReadmeHasTheCommandsOfOwners(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{ownersForm, releaseForm} {
		if !strings.Contains(string(text), "| `ssoctl "+form+"` |") {
			t.Errorf("README.md has no row of %s", form)
		}
		if !strings.Contains(usage, "  "+form+"\n") {
			t.Errorf("the usage has no %s", form)
		}
	}
}
