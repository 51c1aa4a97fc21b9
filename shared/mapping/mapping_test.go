package mapping_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	prod = "1234567890123456"
	dev  = "2345678901234567"
)

func arn(account, role string) string { return "acs:ram::" + account + ":role/" + role }

func role(t *testing.T, text string) ram.RoleARN {
	t.Helper()
	r, err := ram.ParseRoleARN(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// revision has one identity provider, two accounts and these rules.
func revision(t *testing.T, rules ...federation.RuleDraft) federation.Revision {
	t.Helper()
	return revisionOf(t, func(*trust.Source) {}, rules...)
}

func revisionOf(t *testing.T, change func(*trust.Source), rules ...federation.RuleDraft) federation.Revision {
	t.Helper()
	source := validatetest.Source()
	source.Attributes = map[string]string{"email": "mail", "team": "groups"}
	change(&source)
	rev, problems := federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{source, {ID: "other", SAML: trust.SAML{MetadataURL: "https://other.example/"}}},
		Accounts: []federation.AccountDraft{
			{
				ID: prod, Alias: "acme-prod", SAMLProviders: map[string]string{"test": "acs:ram::" + prod + ":saml-provider/idp"},
				UserSSO:         &federation.UserSSO{Suffixes: []string{"acme.onaliyun.com", "acme.com"}, WithDomain: true},
				MaintenanceRole: arn(prod, "fc-sso-maintenance"), Manage: federation.Manage{Users: true},
			},
			{ID: dev},
		},
		Rules: rules,
	}, federation.Options{})
	if len(problems) > 0 {
		t.Fatalf("problems: %v", problems)
	}
	return rev
}

func rule(name string, change ...func(*federation.RuleDraft)) federation.RuleDraft {
	d := federation.RuleDraft{Name: name, IdP: "test", Roles: []string{arn(prod, "admin")}, Condition: &federation.ConditionDraft{Any: true}}
	for _, c := range change {
		c(&d)
	}
	return d
}

func where(keys map[string][]string) func(*federation.RuleDraft) {
	return operators(map[string]map[string][]string{"StringEquals": keys})
}

func operators(all map[string]map[string][]string) func(*federation.RuleDraft) {
	return func(d *federation.RuleDraft) { d.Condition = &federation.ConditionDraft{Operators: all} }
}

func asserts(accounts []string, names ...string) func(*federation.RuleDraft) {
	return func(d *federation.RuleDraft) {
		d.Roles, d.AssertedRoles = nil, &federation.AssertedDraft{Accounts: accounts, Roles: names}
	}
}

func now() mapping.Context { return mapping.Context{Now: validatetest.Now()} }

func summary(grants []mapping.Grant) string {
	var parts []string
	for _, g := range grants {
		parts = append(parts, strings.Join([]string{g.Role().String(), g.SessionName(), g.Duration().String(), g.Rule()}, " "))
	}
	return strings.Join(parts, "\n")
}

func TestConditionsMeanWhatRAMMeans(t *testing.T) {
	ada := validatetest.New(t).Identity(
		validatetest.Attribute("groups", "platform", "sre"),
		validatetest.Attribute("mail", "ada@example.com"),
		validatetest.Attribute("blank", ""),
	)
	for name, tt := range map[string]struct {
		keys map[string][]string
		want bool
	}{
		"one value":                 {map[string][]string{"saml:groups": {"sre"}}, true},
		"any of the values":         {map[string][]string{"saml:groups": {"finance", "platform"}}, true},
		"none of the values":        {map[string][]string{"saml:groups": {"finance", "hr"}}, false},
		"an alias":                  {map[string][]string{"saml:team": {"sre"}}, true},
		"all of the keys":           {map[string][]string{"saml:team": {"sre"}, "saml:email": {"ada@example.com"}}, true},
		"one of the keys fails":     {map[string][]string{"saml:team": {"sre"}, "saml:email": {"bob@example.com"}}, false},
		"a missing attribute":       {map[string][]string{"saml:department": {"x"}}, false},
		"a missing one beside":      {map[string][]string{"saml:team": {"sre"}, "saml:department": {"x"}}, false},
		"an empty value":            {map[string][]string{"saml:blank": {"x"}}, false},
		"another case":              {map[string][]string{"saml:groups": {"SRE"}}, false},
		"a blank more":              {map[string][]string{"saml:groups": {"sre "}}, false},
		"only a part":               {map[string][]string{"saml:groups": {"sr"}}, false},
		"wildcards are themselves":  {map[string][]string{"saml:groups": {"*", "s?e"}}, false},
		"the name in another case":  {map[string][]string{"saml:Groups": {"sre"}}, false},
		"a list is not one value":   {map[string][]string{"saml:groups": {"platform,sre", "platform sre"}}, false},
		"the subject":               {map[string][]string{"saml:nameID": {"ada@example.com"}}, true},
		"another subject":           {map[string][]string{"saml:nameID": {"bob@example.com"}}, false},
		"every value of the person": {map[string][]string{"saml:groups": {"platform", "sre"}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			grants, trace := mapping.Roles(revision(t, rule("r", where(tt.keys))), ada, now())
			if (len(grants) == 1) != tt.want || trace.Rules[0].Holds != tt.want {
				t.Errorf("grants %q, trace %+v", summary(grants), trace)
			}
		})
	}
}

func TestTheFirstRuleDecidesTheSession(t *testing.T) {
	const policy = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}`
	ada := validatetest.New(t).Identity()
	long := func(d *federation.RuleDraft) {
		d.Session = federation.SessionDraft{Name: "{{email}}", DurationSeconds: 4 * 3600, Policy: policy}
	}
	both := func(d *federation.RuleDraft) { d.Roles = []string{arn(dev, "reader"), arn(prod, "admin")} }
	grants, _ := mapping.Roles(revision(t,
		rule("not for her", where(map[string][]string{"saml:team": {"finance"}})),
		rule("first", long),
		rule("second", both),
	), ada, now())
	want := arn(prod, "admin") + " ada@example.com 4h0m0s first\n" + arn(dev, "reader") + " ada@example.com 1h0m0s second"
	if summary(grants) != want {
		t.Errorf("got\n%s\nwant\n%s", summary(grants), want)
	}
	if grants[0].Account().Name() != "acme-prod" || grants[0].IsZero() || grants[0].SessionPolicy() != policy || grants[1].SessionPolicy() != "" {
		t.Errorf("grant %+v", grants[0])
	}
}

func TestRulesOfOthersDoNotCount(t *testing.T) {
	ada := validatetest.New(t).Identity()
	foreign := rule("other", func(d *federation.RuleDraft) { d.IdP = "other" })
	if grants, trace := mapping.Roles(revision(t, foreign), ada, now()); len(grants) > 0 || len(trace.Rules) > 0 {
		t.Errorf("grants %q", summary(grants))
	}
}

func TestASuspendedIdentityProviderGivesNothing(t *testing.T) {
	ada := validatetest.New(t).Identity()
	rev := revisionOf(t, func(s *trust.Source) { s.Suspended = true }, rule("r"))
	grants, trace := mapping.Roles(rev, ada, now())
	if len(grants) > 0 || !strings.Contains(trace.Note, "suspended") {
		t.Errorf("grants %q, note %q", summary(grants), trace.Note)
	}
}

func TestAnAuditRuleHoldsAndGivesNothing(t *testing.T) {
	ada := validatetest.New(t).Identity()
	audit := rule("audit", func(d *federation.RuleDraft) { d.Mode = "audit" })
	grants, trace := mapping.Roles(revision(t, audit), ada, now())
	if len(grants) > 0 || !trace.Rules[0].Holds || !trace.Rules[0].Audit || len(trace.Rules[0].Roles) != 1 {
		t.Errorf("grants %q, trace %+v", summary(grants), trace)
	}
	if grants, _ := mapping.Roles(revision(t, audit, rule("real")), ada, now()); len(grants) != 1 || grants[0].Rule() != "real" {
		t.Errorf("grants %q", summary(grants))
	}
}

func TestNobodyGetsNothing(t *testing.T) {
	ada := validatetest.New(t).Identity()
	rev := revision(t, rule("r"))
	for name, roles := range map[string]func() ([]mapping.Grant, mapping.Trace){
		"no identity":   func() ([]mapping.Grant, mapping.Trace) { return mapping.Roles(rev, validate.Identity{}, now()) },
		"no time":       func() ([]mapping.Grant, mapping.Trace) { return mapping.Roles(rev, ada, mapping.Context{}) },
		"no federation": func() ([]mapping.Grant, mapping.Trace) { return mapping.Roles(federation.Revision{}, ada, now()) },
		"unknown provider": func() ([]mapping.Grant, mapping.Trace) {
			return mapping.Roles(rev, validatetest.New(t).Identity(validatetest.As("gone")), now())
		},
	} {
		if grants, trace := roles(); len(grants) > 0 || trace.Note == "" {
			t.Errorf("%s: %q", name, summary(grants))
		}
	}
}

func TestSessionNames(t *testing.T) {
	idp := validatetest.New(t)
	named := func(template string) federation.RuleDraft {
		return rule("r", func(d *federation.RuleDraft) { d.Session.Name = template })
	}
	zhang := idp.Identity(validatetest.Subject("张三"), validatetest.Attribute("mail", "zhang@acme.cn", "second@acme.cn"))
	for template, want := range map[string]string{
		"":                       "x-1d841bc0",
		"{{nameID}}":             "x-1d841bc0",
		"{{email}}":              "zhang@acme.cn",
		"sso {{email}}":          "sso-zhang@acme.cn",
		"{{email}}_{{ nameID }}": "zhang@acme.cn_-821c963b",
	} {
		grants, _ := mapping.Roles(revision(t, named(template)), zhang, now())
		if len(grants) != 1 || grants[0].SessionName() != want {
			t.Errorf("%q: got %q, want %q", template, summary(grants), want)
		}
	}
	grants, trace := mapping.Roles(revision(t, named("{{team}}")), zhang, now())
	if len(grants) > 0 || !strings.Contains(trace.Rules[0].Note, "{{team}} has no value") {
		t.Errorf("grants %q, note %q", summary(grants), trace.Rules[0].Note)
	}
	grants, _ = mapping.Roles(revision(t, named("{{team}}"), rule("next")), zhang, now())
	if len(grants) != 1 || grants[0].Rule() != "next" {
		t.Errorf("a rule without a name took the role away: %q", summary(grants))
	}
}

func TestASessionEndsWithTheSignIn(t *testing.T) {
	idp := validatetest.New(t)
	rev := revision(t, rule("r", func(d *federation.RuleDraft) { d.Session.DurationSeconds = 12 * 3600 }))
	ada := idp.Identity() // ends 8 hours after Now
	for _, tt := range []struct {
		later time.Duration
		want  time.Duration
	}{
		{0, 8 * time.Hour},
		{time.Hour + 500*time.Millisecond, 7*time.Hour - time.Second},
		{7*time.Hour + 45*time.Minute, 15 * time.Minute},
		{7*time.Hour + 45*time.Minute + time.Second, 0},
		{9 * time.Hour, 0},
	} {
		grants, trace := mapping.Roles(rev, ada, mapping.Context{Now: validatetest.Now().Add(tt.later)})
		var got time.Duration
		if len(grants) == 1 {
			got = grants[0].Duration()
		}
		if got != tt.want || !strings.Contains(trace.Rules[0].Note, "the sign-in ends at 2027-03-01T20:00:00Z") {
			t.Errorf("%s later: %s, note %q", tt.later, got, trace.Rules[0].Note)
		}
	}
}

func TestASignInWithoutAnEndIsBoundByTheRule(t *testing.T) {
	ada := validatetest.New(t).Identity(validatetest.Before(func(response *etree.Element) {
		response.FindElement("//saml:AuthnStatement").RemoveAttr("SessionNotOnOrAfter")
	}))
	grants, trace := mapping.Roles(revision(t, rule("r")), ada, now())
	if len(grants) != 1 || grants[0].Duration() != time.Hour || trace.Rules[0].Note != "" {
		t.Errorf("grants %q, trace %+v", summary(grants), trace)
	}
}

func TestAssertedRolesAreBelievedOnlyWithinTheRule(t *testing.T) {
	const provider = "acs:ram::" + prod + ":saml-provider/idp"
	for name, tt := range map[string]struct {
		value string
		want  string // part of why it is dropped; empty: believed
	}{
		"role first":          {arn(prod, "dev-a") + "," + provider, ""},
		"provider first":      {provider + "," + arn(prod, "dev-a"), ""},
		"blanks":              {"  " + arn(prod, "dev-a") + " ,\n " + provider + " ", ""},
		"one token":           {arn(prod, "dev-a"), "1 parts"},
		"three tokens":        {arn(prod, "dev-a") + "," + provider + ",", "3 parts"},
		"two roles":           {arn(prod, "dev-a") + "," + arn(prod, "dev-b"), "provider:"},
		"two providers":       {provider + "," + provider, "role:"},
		"another name":        {arn(prod, "admin") + "," + provider, "the name admin"},
		"another account":     {arn(dev, "dev-a") + ",acs:ram::" + dev + ":saml-provider/idp", "account " + dev},
		"an unlisted account": {arn("9999999999999999", "dev-a") + ",acs:ram::9999999999999999:saml-provider/idp", "account 9999999999999999"},
		"mixed accounts":      {arn(prod, "dev-a") + ",acs:ram::" + dev + ":saml-provider/idp", "different accounts"},
		"another provider":    {arn(prod, "dev-a") + ",acs:ram::" + prod + ":saml-provider/other", "calls test acs:ram::" + prod + ":saml-provider/idp"},
		"provider's case":     {arn(prod, "dev-a") + ",acs:ram::" + prod + ":saml-provider/IdP", "calls test"},
		"a wildcard":          {arn(prod, "dev-*") + "," + provider, "'*'"},
		"AWS":                 {"arn:aws:iam::123456789012:role/dev-a,arn:aws:iam::123456789012:saml-provider/idp", "role:"},
	} {
		t.Run(name, func(t *testing.T) {
			ada := validatetest.New(t).Identity(validatetest.Attribute(mapping.RoleAttribute, tt.value))
			grants, trace := mapping.Roles(revision(t, rule("r", asserts([]string{prod}, "dev-*"))), ada, now())
			if tt.want == "" {
				if len(grants) != 1 || grants[0].Role().String() != arn(prod, "dev-a") {
					t.Errorf("grants %q, trace %+v", summary(grants), trace)
				}
				return
			}
			if len(grants) > 0 || len(trace.Rules[0].Dropped) != 1 || !strings.Contains(trace.Rules[0].Dropped[0].Why, tt.want) {
				t.Errorf("grants %q, dropped %+v", summary(grants), trace.Rules[0].Dropped)
			}
		})
	}
}

func TestAssertedRolesNeverReachTheBundle(t *testing.T) {
	ada := validatetest.New(t).Identity(validatetest.Attribute(mapping.RoleAttribute,
		arn(prod, "fc-sso-portal")+",acs:ram::"+prod+":saml-provider/idp",
		arn(prod, "FC-sso-Portal")+",acs:ram::"+prod+":saml-provider/idp",
	))
	grants, trace := mapping.Roles(revision(t, rule("all", asserts([]string{prod}, "*"))), ada, now())
	if len(grants) > 0 || len(trace.Rules[0].Dropped) != 2 {
		t.Errorf("grants %q, trace %+v", summary(grants), trace)
	}
}

func TestOneRoleIsRefusedWithTheReason(t *testing.T) {
	ada := validatetest.New(t).Identity()
	rev := revision(t,
		rule("finance", where(map[string][]string{"saml:team": {"finance"}})),
		rule("audit", func(d *federation.RuleDraft) { d.Mode = "audit" }),
		rule("dev", asserts([]string{prod}, "dev-*")),
	)
	if grant, err := mapping.Role(revision(t, rule("r")), ada, now(), role(t, arn(prod, "admin"))); err != nil || grant.Rule() != "r" {
		t.Errorf("%+v, %v", grant, err)
	}
	for wanted, want := range map[string]string{
		arn(prod, "admin"):  `rule "finance": saml:team is ["platform" "sre"], one of ["finance"] is wanted; rule "audit" only audits`,
		arn(prod, "dev-x"):  `rule "dev": the identity provider does not name the role`,
		arn(prod, "reader"): "no rule gives it to people of test",
		arn(dev, "admin"):   "no rule gives it to people of test",
	} {
		grant, err := mapping.Role(rev, ada, now(), role(t, wanted))
		if reason.Of(err) != reason.RoleNotGranted || !grant.IsZero() || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", wanted, err)
		}
	}
	if _, err := mapping.Role(rev, ada, now(), ram.RoleARN{}); reason.Of(err) != reason.RoleNotGranted {
		t.Errorf("no role: %v", err)
	}
}

func TestATraceIsReadable(t *testing.T) {
	ada := validatetest.New(t).Identity()
	_, trace := mapping.Roles(revision(t, rule("r", where(map[string][]string{"saml:team": {"finance"}}))), ada, now())
	body, err := json.Marshal(trace.Rules)
	if err != nil {
		t.Fatal(err)
	}
	want := `[{"rule":"r","holds":false,"conditions":[{"operator":"StringEquals","key":"saml:team","name":"groups","expected":["finance"],"received":["platform","sre"],"holds":false}]}]`
	if string(body) != want {
		t.Errorf("got %s", body)
	}
}
