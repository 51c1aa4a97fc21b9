package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const devA = "acs:ram::" + prod + ":role/dev-a,acs:ram::" + prod + ":saml-provider/idp"

func asserted(change ...func(*federation.RuleDraft)) federation.RuleDraft {
	return rule("r", append([]func(*federation.RuleDraft){asserts([]string{prod}, "dev-*")}, change...)...)
}

func says(names, durations []string) []validatetest.Option {
	options := []validatetest.Option{validatetest.Attribute(mapping.RoleAttribute, devA), validatetest.Attribute("mail", "ada@acme.com")}
	if names != nil {
		options = append(options, validatetest.Attribute(mapping.RoleSessionNameAttribute, names...))
	}
	if durations != nil {
		options = append(options, validatetest.Attribute(mapping.SessionDurationAttribute, durations...))
	}
	return options
}

func TestTheIdentityProviderNamesTheSessionOfItsRoles(t *testing.T) {
	named := func(d *federation.RuleDraft) { d.Session.Name = "{{email}}" }
	for name, tt := range map[string]struct {
		rule       federation.RuleDraft
		names      []string
		want, note string
	}{
		"it does":           {asserted(), []string{"ada.l"}, "ada.l", ""},
		"with odd letters":  {asserted(), []string{"ACME\\ada"}, "ACME-ada", ""},
		"it does not":       {asserted(), nil, "ada@example.com", ""},
		"the rule does":     {asserted(named), []string{"ada.l"}, "ada@acme.com", ""},
		"two names":         {asserted(), []string{"ada", "root"}, "ada@example.com", "2 names"},
		"a blank":           {asserted(), []string{" "}, "ada@example.com", "blank name"},
		"for roles by rule": {rule("r"), []string{"ada.l"}, "ada@example.com", ""},
	} {
		ada := validatetest.New(t).Identity(says(tt.names, nil)...)
		grants, trace := mapping.Roles(revision(t, tt.rule), ada, now())
		if len(grants) != 1 || grants[0].SessionName() != tt.want || !strings.Contains(trace.Rules[0].Note, tt.note) || tt.note == "" && trace.Rules[0].Note != "" {
			t.Errorf("%s: %q, note %q", name, summary(grants), trace.Rules[0].Note)
		}
	}
}

func TestTheIdentityProviderBoundsTheSessionOfItsRoles(t *testing.T) {
	long := func(d *federation.RuleDraft) { d.Session.DurationSeconds = 2 * 3600 }
	for name, tt := range map[string]struct {
		rule      federation.RuleDraft
		durations []string
		want      time.Duration // 0: no grant
		note      string
	}{
		"shorter":           {asserted(long), []string{"3600"}, time.Hour, "duration 1h0m0s instead of 2h0m0s, for the identity provider allows 1h0m0s"},
		"longer":            {asserted(long), []string{"43200"}, 2 * time.Hour, ""},
		"with blanks":       {asserted(long), []string{" 3600\n"}, time.Hour, "allows 1h"},
		"too short":         {asserted(), []string{"899"}, 0, "STS makes no session shorter"},
		"nothing":           {asserted(), []string{"0"}, 0, "STS makes no session shorter"},
		"no number":         {asserted(), []string{"1h"}, 0, "no number of seconds"},
		"negative":          {asserted(), []string{"-3600"}, 0, "no number of seconds"},
		"huge":              {asserted(), []string{"9999999999"}, 0, "no number of seconds"},
		"twice":             {asserted(), []string{"3600", "7200"}, 0, "2 times"},
		"for roles by rule": {rule("r", long), []string{"900"}, 2 * time.Hour, ""},
	} {
		ada := validatetest.New(t).Identity(says(nil, tt.durations)...)
		grants, trace := mapping.Roles(revision(t, tt.rule), ada, now())
		var got time.Duration
		if len(grants) == 1 {
			got = grants[0].Duration()
		}
		if got != tt.want || !strings.Contains(trace.Rules[0].Note, tt.note) || tt.note == "" && trace.Rules[0].Note != "" {
			t.Errorf("%s: %s, note %q", name, got, trace.Rules[0].Note)
		}
	}
}

func TestAStoredRuleStillLeavesTheNameToTheIdentityProvider(t *testing.T) {
	rev, err := federation.FromItems(revision(t, asserted()).Items())
	if err != nil {
		t.Fatal(err)
	}
	grants, _ := mapping.Roles(rev, validatetest.New(t).Identity(says([]string{"ada.l"}, nil)...), now())
	if len(grants) != 1 || grants[0].SessionName() != "ada.l" {
		t.Errorf("%q", summary(grants))
	}
}
