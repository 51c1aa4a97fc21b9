package mapping_test

import (
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// userRule makes people users of prod, of one of its two suffixes.
func userRule(name, principal string, change ...func(*federation.RuleDraft)) federation.RuleDraft {
	return rule(name, append([]func(*federation.RuleDraft){func(d *federation.RuleDraft) {
		d.Roles, d.User = nil, &federation.UserDraft{Account: prod, Principal: principal, Domains: []string{"Acme.onaliyun.com"}}
	}}, change...)...)
}

func TestAUserRuleMakesARAMUser(t *testing.T) {
	ada := validatetest.New(t).Identity(validatetest.Subject("Ada.L@evil.example"), validatetest.Attribute("mail", "ada@ACME.onaliyun.com"))
	for name, tt := range map[string]struct{ principal, upn, note string }{
		"an attribute":                      {"{{email}}", "ada@acme.onaliyun.com", ""},
		"a name with the rule's own suffix": {`{{nameID | before "@" | lower}}@acme.onaliyun.com`, "ada.l@acme.onaliyun.com", ""},
		"a suffix of another company":       {"{{nameID}}", "", "Ada.L@evil.example is of a suffix that the rule's domains do not have"},
		"the account's other suffix":        {`{{nameID | before "@"}}@acme.com`, "", "Ada.L@acme.com is of a suffix that the rule's domains do not have"},
		"no login name":                     {`{{email | before "@"}}`, "", `"ada" is not of the form NAME@SUFFIX`},
		"two suffixes":                      {"{{nameID}}@acme.onaliyun.com", "", "the suffix is no domain"},
		"no value":                          {"{{team}}", "", "{{team}} has no value"},
	} {
		t.Run(name, func(t *testing.T) {
			d := mapping.Decide(revision(t, userRule("r", tt.principal), rule("a role too")), ada, now())
			e := d.Trace.Rules[0]
			if e.User != tt.upn || !strings.Contains(e.Note, tt.note) || len(d.Grants) != 1 {
				t.Fatalf("trace %+v, grants %q", e, summary(d.Grants))
			}
			if tt.upn == "" {
				if len(d.Users) > 0 {
					t.Errorf("users %+v", d.Users)
				}
				return
			}
			if g := d.Users[0]; len(d.Users) != 1 || g.UPN().String() != tt.upn || g.Account().Name() != "acme-prod" || g.Rule() != "r" || g.IsZero() {
				t.Errorf("users %+v", d.Users)
			}
		})
	}
}

func TestTheFirstUserRuleOfAnAccountDecides(t *testing.T) {
	ada := validatetest.New(t).Identity(validatetest.Attribute("mail", "ada@acme.onaliyun.com"))
	audit := func(d *federation.RuleDraft) { d.Mode = "audit" }
	d := mapping.Decide(revision(t,
		userRule("audits", "root@acme.onaliyun.com", audit),
		userRule("fails", "root@acme.onaliyun.com", where(map[string][]string{"saml:team": {"finance"}})),
		userRule("lacks", "root@acme.onaliyun.com", requires(0, byKey)),
		userRule("first", "{{email}}"),
		userRule("second", "root@acme.onaliyun.com"),
	), ada, now())
	if len(d.Users) != 1 || d.Users[0].Rule() != "first" || len(d.Grants)+len(d.StepUps) > 0 {
		t.Errorf("users %+v", d.Users)
	}
	if d.Trace.Rules[2].Lacks == "" || d.Trace.Rules[4].User != "root@acme.onaliyun.com" {
		t.Errorf("trace %+v", d.Trace.Rules)
	}
	if (mapping.UserGrant{}).IsZero() != true {
		t.Error("nobody is somebody")
	}
}
