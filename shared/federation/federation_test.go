package federation_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

func draft() federation.Draft {
	return federation.Draft{
		IdentityProviders: []trust.Source{
			{ID: "okta", SAML: trust.SAML{MetadataURL: "https://acme.okta.com/metadata"}, Attributes: map[string]string{"email": "mail", "groups": "memberOf"}, EmailDomains: []string{"ACME.com"}},
			{ID: "adfs", DisplayName: "AD FS", SAML: trust.SAML{Metadata: []byte("<EntityDescriptor/>"), ClockSkewSeconds: 60}, Suspended: true},
		},
		Accounts: []federation.AccountDraft{
			{ID: "2345678901234567", Alias: "dev", Site: "international"},
			{ID: "1234567890123456", SAMLProviders: map[string]string{"okta": "acs:ram::1234567890123456:saml-provider/okta"}},
		},
		Rules: []federation.RuleDraft{
			{
				Name: "admins", IdP: "okta", Roles: []string{"acs:ram::1234567890123456:role/admin"},
				Condition: &federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": {"saml:groups": {"a", "b"}, "saml:dept": {"x"}}}},
				Session:   federation.SessionDraft{Name: "{{email}}", DurationSeconds: 1800},
			},
			{
				Name: "asserted", IdP: "okta", AssertedRoles: &federation.AssertedDraft{Accounts: []string{"1234567890123456"}, Roles: []string{"dev-*"}},
				Condition: &federation.ConditionDraft{Any: true}, Mode: "audit",
			},
		},
	}
}

func compile(t *testing.T, d federation.Draft) federation.Revision {
	t.Helper()
	r, problems := federation.Compile(d, federation.Options{})
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	return r
}

func TestAStoredRevisionIsReadBackAsItWas(t *testing.T) {
	r := compile(t, draft())
	items := r.Items()
	if len(items) != 6 {
		t.Fatalf("%d items", len(items))
	}
	slices.Reverse(items)
	again, err := federation.FromItems(items)
	if err != nil {
		t.Fatal(err)
	}
	if again.ID() != r.ID() || len(r.ID()) != 16 {
		t.Errorf("ID %q became %q", r.ID(), again.ID())
	}
	checkRead(t, again)
}

func checkRead(t *testing.T, r federation.Revision) {
	t.Helper()
	idps, accounts, rules := r.IdentityProviders(), r.Accounts(), r.Rules()
	if idps[0].ID != "okta" || idps[0].DisplayName != "okta" || idps[0].EmailDomains[0] != "acme.com" || string(idps[1].SAML.Metadata) != "<EntityDescriptor/>" || !idps[1].Suspended {
		t.Errorf("identity providers %+v", idps)
	}
	if accounts[0].Name() != "dev" || accounts[0].Site() != federation.International || accounts[1].Name() != "1234567890123456" || accounts[1].Site() != federation.China {
		t.Errorf("accounts %+v", accounts)
	}
	if arn, ok := accounts[1].SAMLProvider("okta"); !ok || arn.Name() != "okta" {
		t.Errorf("provider %v %v", arn, ok)
	}
	if rules[0].Name() != "admins" || rules[0].Duration() != 30*time.Minute || rules[0].Roles()[0].Name() != "admin" || rules[0].Audit() {
		t.Errorf("rule %+v", rules[0])
	}
	clauses := slices.Collect(rules[0].Clauses())
	if len(clauses) != 2 || clauses[1].Key() != "saml:groups" || clauses[1].Attribute() != "memberOf" || clauses[0].Attribute() != "dept" || !clauses[1].Wants(federation.ValueOf("b")) || clauses[1].Wants(federation.ValueOf("c")) {
		t.Errorf("clauses %+v", clauses)
	}
	if !rules[1].Audit() || rules[1].Duration() != time.Hour || len(slices.Collect(rules[1].Clauses())) != 0 || rules[1].Asserted().IsZero() {
		t.Errorf("rule %+v", rules[1])
	}
	if n := len(slices.Collect(r.RulesOf("okta"))); n != 2 || n != r.CountRulesOf("okta") || r.CountRulesOf("adfs") != 0 {
		t.Errorf("%d rules of okta", n)
	}
}

func TestTheIDTellsEveryDifference(t *testing.T) {
	seen := map[string]string{compile(t, draft()).ID(): "itself"}
	for name, change := range map[string]func(*federation.Draft){
		"order of rules":     func(d *federation.Draft) { slices.Reverse(d.Rules) },
		"order of accounts":  func(d *federation.Draft) { slices.Reverse(d.Accounts) },
		"a value":            func(d *federation.Draft) { d.Rules[0].Condition.Operators["StringEquals"]["saml:dept"][0] = "y" },
		"suspended":          func(d *federation.Draft) { d.IdentityProviders[0].Suspended = true },
		"what a file said":   func(d *federation.Draft) { d.IdentityProviders[1].SAML.Metadata = []byte("<E/>") },
		"one rule less":      func(d *federation.Draft) { d.Rules = d.Rules[:1] },
		"duration of a rule": func(d *federation.Draft) { d.Rules[0].Session.DurationSeconds = 3600 },
	} {
		d := draft()
		change(&d)
		id := compile(t, d).ID()
		if other, ok := seen[id]; ok {
			t.Errorf("%s has the ID of %s", name, other)
		}
		seen[id] = name
	}
	if id := compile(t, draft()).ID(); seen[id] != "itself" {
		t.Error("equal federations have different IDs")
	}
}

func TestRowsThatWereTamperedWithAreRefusedOrSeen(t *testing.T) {
	r := compile(t, draft())
	if less, err := federation.FromItems(r.Items()[1:]); err == nil && less.ID() == r.ID() {
		t.Error("a missing row is not seen")
	}
	for _, body := range []string{"", "{}", "null", `{"order":0,"rule":{"name":"x"},"more":1}`, `{"order":0} {}`} {
		items := r.Items()
		items[0].Body = []byte(body)
		if got, err := federation.FromItems(items); reason.Of(err) != reason.ConfigurationInvalid || !got.IsZero() {
			t.Errorf("body %q: %v", body, err)
		}
	}
	if _, err := federation.FromItems(nil); err == nil {
		t.Error("nothing was taken for a federation")
	}
}

func TestARevisionCannotBeChangedThroughWhatItGives(t *testing.T) {
	r := compile(t, draft())
	r.Items()[0].Body[0] = 'x'
	r.Rules()[0].Roles()[0] = ram.RoleARN{}
	r.IdentityProviders()[0].ID = "other"
	r.IdentityProviders()[0].EmailDomains[0] = "evil.example"
	source, _ := r.IdentityProvider("adfs")
	source.SAML.Metadata[0] = 'x'
	checkRead(t, r)
	if r.Items()[0].Body[0] != '{' {
		t.Error("items changed")
	}
}

func TestARecordJoinsDeclaredAndLearned(t *testing.T) {
	r := compile(t, draft())
	record, err := r.Record("adfs", nil)
	if err != nil || record.DisplayName() != "AD FS" || !record.Pending() || !record.Suspended() || record.Revision() != r.ID() {
		t.Errorf("%+v, %v", record, err)
	}
	if _, err := r.Record("nobody", nil); reason.Of(err) != reason.IdPUnknown {
		t.Errorf("got %v", err)
	}
}

func TestTheBundlesOwnRolesAreNotGrantable(t *testing.T) {
	for name, want := range map[string]bool{"admin": true, "my-fc-sso-x": true, "fc-sso": true, "fc-sso-portal": false, "FC-SSO-portal": false, "Fc-Sso-": false} {
		role, err := ram.ParseRoleARN("acs:ram::1234567890123456:role/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if federation.Grantable(role) != want {
			t.Errorf("%s: want %v", name, want)
		}
	}
	if federation.Grantable(ram.RoleARN{}) {
		t.Error("no role is grantable")
	}
}

func TestAStarStandsForAnyRun(t *testing.T) {
	for _, tt := range []struct {
		pattern, name string
		want          bool
	}{
		{"dev", "dev", true},
		{"dev", "dev-a", false},
		{"dev-*", "dev-", true},
		{"dev-*", "dev-ops", true},
		{"dev-*", "my-dev-ops", false},
		{"*-ro", "prod-ro", true},
		{"*-ro", "prod-row", false},
		{"a*b*c", "a1b2c", true},
		{"a*b*c", "abc", true},
		{"a*b*c", "ac", false},
		{"ab*ba", "aba", false},
		{"a*a", "a", false},
		{"*", "anything", true},
		{"**", "anything", true},
		{"d.v", "dev", false},
		{"Dev-*", "dev-x", false},
	} {
		d := draft()
		d.Rules[1].AssertedRoles.Roles = []string{tt.pattern}
		if got := compile(t, d).Rules()[1].Asserted().AllowsName(tt.name); got != tt.want {
			t.Errorf("%q on %q: %v", tt.pattern, tt.name, got)
		}
	}
}

func TestTemplatesNameWhatTheyLack(t *testing.T) {
	value := func(v string) (string, bool) { return map[string]string{"email": "ada@acme.com"}[v], v == "email" }
	template, err := federation.ParseTemplate("x-{{ email }}-y", []string{"email", "nameID"})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := template.Expand(value); err != nil || text != "x-ada@acme.com-y" {
		t.Errorf("got %q, %v", text, err)
	}
	template, err = federation.ParseTemplate("{{nameID}}", []string{"email", "nameID"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := template.Expand(value); err == nil || !strings.Contains(err.Error(), "nameID") {
		t.Errorf("got %v", err)
	}
	for _, text := range []string{"", "{{}}", "{{mail}}", "{{email}", "{email}", "}}", "{{email}}}", "{{{email}}}"} {
		if _, err := federation.ParseTemplate(text, []string{"email"}); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}

// /go/1234567890123456/admin would lead into whichever account stands first.
func TestAnAliasIsNotAnotherAccountsNumber(t *testing.T) {
	d := draft()
	d.Accounts[0].Alias = "1234567890123456"
	_, problems := federation.Compile(d, federation.Options{})
	if len(problems) != 1 || problems[0].Path != "accounts[0].alias" {
		t.Errorf("problems %v", problems)
	}
	d.Accounts[0].Alias = d.Accounts[0].ID
	compile(t, d)
}
