package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/bearer"
)

// holds says whether the store knows a token of the operator's identity provider.
func (o operator) holds(token string) bool {
	o.t.Helper()
	row, _, err := o.trust().SCIM(o.t.Context(), "test")
	if err != nil {
		o.t.Fatal(err)
	}
	tokens, err := bearer.Parse(row)
	if err != nil || strings.Contains(string(row), token) {
		o.t.Fatalf("%s, %v", row, err)
	}
	return tokens.Holds(token)
}

func TestATokenIsGivenAndTakenBack(t *testing.T) {
	op := newOperator(t)
	op.apply("-f", op.file(1, false))
	op.run("scim", "list").want(t, statusDone, "no identity provider has a token\n", "")
	first := op.run("scim", "token", "test")
	found := regexp.MustCompile(`^url    \S+/scim/v2\ntoken  (scim_test_[A-Za-z0-9_-]{43})\nThis is the only time .* ssoctl scim revoke test ([0-9a-f]{12}) takes it back\.\n$`).FindStringSubmatch(first.stdout)
	if found == nil || first.status != statusDone || first.stderr != "" || !op.holds(found[1]) {
		t.Fatalf("%+v", first)
	}
	var second given
	if r := op.run("scim", "token", "-o", "json", "test"); json.Unmarshal([]byte(r.stdout), &second) != nil || !op.holds(second.Token) || !op.holds(found[1]) || bearer.Digest(second.Token) != second.SHA256 {
		t.Fatalf("%+v", r)
	}
	if r := op.run("scim", "token", "test"); r.status != statusWrong || r.stdout != "" || !strings.Contains(r.stderr, "test has 2 tokens, which is as many as may be") {
		t.Errorf("%+v", r)
	}
	var list []held
	if r := op.run("scim", "list", "-o", "json"); json.Unmarshal([]byte(r.stdout), &list) != nil || len(list) != 2 || list[1].SHA256 != second.SHA256 || list[0].IdP != "test" || list[0].By == "" {
		t.Errorf("%+v", r)
	}
	if r := op.run("scim", "list"); strings.Count(r.stdout, "\n") != 2 || !strings.HasPrefix(r.stdout, "test "+found[2]+", since 20") {
		t.Errorf("%+v", r)
	}
	if r := op.run("scim", "revoke", "test", found[2]); r.status != statusDone || !strings.HasPrefix(r.stdout, "test has 1 token fewer; ") || op.holds(found[1]) || !op.holds(second.Token) {
		t.Errorf("%+v", r)
	}
	if r := op.run("scim", "revoke", "test"); r.status != statusDone || op.holds(second.Token) {
		t.Errorf("%+v", r)
	}
}

func TestWrongWordsAboutTokensAreSaid(t *testing.T) {
	op := newOperator(t)
	op.run("scim", "token", "test").want(t, statusWrong, "", "ssoctl: nothing was applied yet; write ssoctl apply -f FILE\n")
	op.apply("-f", op.file(1, false))
	for args, want := range map[string]string{
		"scim":                          "scim: write ssoctl " + scimTokenForm + ", ssoctl " + scimListForm + " or ssoctl " + scimRevokeForm,
		"scim stop":                     "scim: write ssoctl " + scimTokenForm + ", ssoctl " + scimListForm + " or ssoctl " + scimRevokeForm,
		"scim token":                    "scim token: name an identity provider; write ssoctl " + scimTokenForm,
		"scim token tset":               `scim token: there is no identity provider "tset"`,
		"scim token -o xml test":        `scim token: there is no output "xml"; write -o text or -o json`,
		"scim list all":                 `scim list: what is "all" for? write ssoctl ` + scimListForm,
		"scim revoke":                   "scim revoke: name an identity provider; write ssoctl " + scimRevokeForm,
		"scim revoke test":              "scim revoke: test has no such token; ssoctl scim list shows them",
		"scim revoke test ab":           `scim revoke: "ab" names no token: write the 12 characters of its digest that ssoctl scim list shows`,
		"scim revoke test 0123456789ab": "scim revoke: test has no such token; ssoctl scim list shows them",
	} {
		op.run(strings.Fields(args)...).want(t, statusWrong, "", "ssoctl: "+want+"\n")
	}
}

func TestTheReadmeHasTheCommandsOfTokens(t *testing.T) {
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{scimTokenForm, scimListForm, scimRevokeForm} {
		if !strings.Contains(string(text), "| `ssoctl "+form+"` |") {
			t.Errorf("README.md has no row of %s", form)
		}
		if !strings.Contains(usage, "  "+form+"\n") {
			t.Errorf("the usage has no %s", form)
		}
	}
}
