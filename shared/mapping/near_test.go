package mapping_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func disclosed(d *federation.RuleDraft) { d.Disclose = true }

func gives(roles ...string) func(*federation.RuleDraft) {
	return func(d *federation.RuleDraft) { d.Roles = roles }
}

func near(list []mapping.Near) string {
	var lines []string
	for _, n := range list {
		line := n.Account.Name() + "/" + n.Role.Name() + " (" + n.Rule + "):"
		for _, l := range n.Lacks {
			line += fmt.Sprintf(" %s", l.Kind)
			if l.Attribute != "" {
				line += fmt.Sprintf(" %s %q", l.Attribute, l.Values)
			}
			if l.More > 0 {
				line += fmt.Sprintf(" +%d", l.More)
			}
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// TestWhatIsMissingIsToldInAFewWords: the values where they are a plain choice, and no
// more than that there is something wherever a rule compares otherwise.
func TestWhatIsMissingIsToldInAFewWords(t *testing.T) {
	ada := validatetest.New(t).Identity(validatetest.Attribute("groups", "dev"), validatetest.Attribute("level", "2"))
	at := mapping.Context{Now: validatetest.Now(), SourceIP: netip.MustParseAddr("203.0.113.1")}
	later := validatetest.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for name, tt := range map[string]struct {
		operators map[string]map[string][]string
		want      string
	}{
		"an attribute":           {map[string]map[string][]string{"StringEquals": {"saml:department": {"x"}}}, `value department ["x"]`},
		"an alias":               {map[string]map[string][]string{"StringEquals": {"saml:team": {"platform", "sre"}}}, `value team ["platform" "sre"]`},
		"what has an alias":      {map[string]map[string][]string{"StringEquals": {"saml:groups": {"sre"}}}, `value team ["sre"]`},
		"in any case":            {map[string]map[string][]string{"StringEqualsIgnoreCase": {"saml:groups": {"SRE"}}}, `value team ["SRE"]`},
		"any, if there is one":   {map[string]map[string][]string{"ForAnyValue:StringEqualsIfExists": {"saml:groups": {"sre"}}}, `value team ["sre"]`},
		"a long choice":          {map[string]map[string][]string{"StringEquals": {"saml:groups": {"a", "b", "c", "d", "e", "f", "g"}}}, `value team ["a" "b" "c" "d" "e"] +2`},
		"what holds is left out": {map[string]map[string][]string{"StringEquals": {"saml:groups": {"dev"}, "saml:department": {"x"}}}, `value department ["x"]`},
		"all that fails": {map[string]map[string][]string{
			"StringEquals": {"saml:groups": {"sre"}, "saml:department": {"x"}}, "IpAddress": {"sourceIp": {"10.0.0.0/8"}},
			"NotIpAddress": {"sourceIp": {"203.0.113.0/24"}}, "DateGreaterThan": {"currentTime": {later}}, "StringLike": {"saml:groups": {"ops-*"}},
		}, `time network value department ["x"] value team ["sre"] other`},
		"only these":         {map[string]map[string][]string{"ForAllValues:StringEquals": {"saml:groups": {"sre"}}}, "other"},
		"not these":          {map[string]map[string][]string{"StringNotEquals": {"saml:groups": {"dev"}}}, "other"},
		"a pattern":          {map[string]map[string][]string{"StringLike": {"saml:groups": {"ops-*"}}}, "other"},
		"a number":           {map[string]map[string][]string{"NumericGreaterThan": {"saml:level": {"3"}}}, "other"},
		"a value at all":     {map[string]map[string][]string{"Null": {"saml:department": {"false"}}}, "other"},
		"a truth":            {map[string]map[string][]string{"Bool": {"saml:contractor": {"false"}}}, "other"},
		"a date of theirs":   {map[string]map[string][]string{"DateLessThan": {"saml:hired": {"2026-01-01T00:00:00Z"}}}, "other"},
		"another person":     {map[string]map[string][]string{"StringEquals": {"saml:nameID": {"bob@example.com"}}}, "other"},
		"another's address":  {map[string]map[string][]string{"StringEquals": {"saml:email": {"bob@example.com"}}}, "other"},
		"somebody's manager": {map[string]map[string][]string{"StringEquals": {"saml:manager": {"x", "eve@example.com"}}}, "other"},
		"a group's address":  {map[string]map[string][]string{"StringEquals": {"saml:groups": {"sre@example.com"}}}, `value team ["sre@example.com"]`},
		"several of a kind":  {map[string]map[string][]string{"Bool": {"saml:a": {"true"}, "saml:b": {"true"}}}, "other"},
		"another network":    {map[string]map[string][]string{"IpAddress": {"sourceIp": {"10.0.0.0/8"}}}, "network"},
		"a time to come":     {map[string]map[string][]string{"DateGreaterThan": {"currentTime": {later}}}, "time"},
		"a time that passed": {map[string]map[string][]string{"DateLessThan": {"currentTime": {"2026-01-01T00:00:00Z"}}}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := near(mapping.Decide(revision(t, rule("r", operators(tt.operators), disclosed)), ada, at).Near)
			if tt.want != "" {
				tt.want = "acme-prod/admin (r): " + tt.want
			}
			if got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestGroupsThatWereNotSentAreNotMissing: the person may be in all of them.
func TestGroupsThatWereNotSentAreNotMissing(t *testing.T) {
	ada := withoutGroups(t, validatetest.Attribute(entraLink, graph))
	d := mapping.Decide(revision(t, rule("r", where(map[string][]string{"saml:team": {"sre"}}), disclosed)), ada, now())
	if got := near(d.Near); got != `acme-prod/admin (r): unsent team []` {
		t.Error(got)
	}
}

// TestARoleIsNearlyHadOnlyWhereItIsSaid, and not by who has it, or has only to sign in
// again for it.
func TestARoleIsNearlyHadOnlyWhereItIsSaid(t *testing.T) {
	who := validatetest.New(t).Identity(validatetest.Attribute("groups", "dev"))
	sre := where(map[string][]string{"saml:groups": {"sre"}})
	had := where(map[string][]string{"saml:groups": {"dev"}})
	for name, tt := range map[string]struct {
		rules []federation.RuleDraft
		want  string
	}{
		"not said":            {[]federation.RuleDraft{rule("r", sre)}, ""},
		"said":                {[]federation.RuleDraft{rule("r", sre, disclosed)}, `acme-prod/admin (r): value team ["sre"]`},
		"it holds":            {[]federation.RuleDraft{rule("r", had, disclosed)}, ""},
		"only audited":        {[]federation.RuleDraft{rule("r", sre, disclosed, func(d *federation.RuleDraft) { d.Mode = "audit" })}, ""},
		"by another idp":      {[]federation.RuleDraft{rule("r", sre, disclosed, func(d *federation.RuleDraft) { d.IdP = "other" })}, ""},
		"given before":        {[]federation.RuleDraft{rule("a", had), rule("r", sre, disclosed)}, ""},
		"given after":         {[]federation.RuleDraft{rule("r", sre, disclosed), rule("a", had)}, ""},
		"to be stepped up to": {[]federation.RuleDraft{rule("r", sre, disclosed), rule("a", had, requires(0, byKey))}, ""},
		"audited elsewhere": {
			[]federation.RuleDraft{rule("r", sre, disclosed), rule("a", had, func(d *federation.RuleDraft) { d.Mode = "audit" })},
			`acme-prod/admin (r): value team ["sre"]`,
		},
		"said twice": {
			[]federation.RuleDraft{rule("hidden", sre), rule("r", sre, disclosed), rule("later", where(map[string][]string{"saml:groups": {"x"}}), disclosed)},
			`acme-prod/admin (r): value team ["sre"]`,
		},
		"some of its roles": {
			[]federation.RuleDraft{rule("a", had), rule("r", sre, disclosed, gives(arn(prod, "ops"), arn(prod, "admin"), arn(dev, "ops")))},
			"acme-prod/ops (r): value team [\"sre\"]\n" + dev + "/ops (r): value team [\"sre\"]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			rev := revision(t, tt.rules...)
			if got := near(mapping.Decide(rev, who, now()).Near); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
			if _, err := mapping.Role(rev, who, now(), role(t, arn(prod, "ops"))); err == nil {
				t.Error("a role that is nearly had was taken")
			}
		})
	}
}

func TestASuspendedIdentityProviderDisclosesNothing(t *testing.T) {
	rev := revisionOf(t, func(s *trust.Source) { s.Suspended = true }, rule("r", where(map[string][]string{"saml:groups": {"x"}}), disclosed))
	if d := mapping.Decide(rev, validatetest.New(t).Identity(), now()); len(d.Near) > 0 {
		t.Errorf("%+v", d)
	}
}

func TestManyRolesAreNotAllNearlyHad(t *testing.T) {
	var rules []federation.RuleDraft
	for i := range 300 {
		rules = append(rules, rule(fmt.Sprint("r", i), gives(arn(prod, fmt.Sprint("role-", i))), where(map[string][]string{"saml:groups": {"nobody"}}), disclosed))
	}
	if n := len(mapping.Decide(revision(t, rules...), validatetest.New(t).Identity(), now()).Near); n != mapping.MostNear {
		t.Errorf("%d", n)
	}
}

// TestWhatIsDisclosedDecidesNothing: the same roles are given with it and without, none is
// both given and nearly had, and each that is has something that it lacks, by a rule that
// says so.
func TestWhatIsDisclosedDecidesNothing(t *testing.T) {
	told := 0
	inManyWorlds(t, func(s scene) {
		open := slices.Clone(s.rules)
		for i := range open {
			open[i].Disclose = open[i].AssertedRoles == nil && s.IntN(3) > 0
		}
		before, after := mapping.Decide(s.revision(s.rules...), s.who, s.at), mapping.Decide(s.revision(open...), s.who, s.at)
		if summary(before.Grants) != summary(after.Grants) || len(before.Near) > 0 || len(before.StepUps) != len(after.StepUps) {
			t.Errorf("before %s, after %s", summary(before.Grants), summary(after.Grants))
		}
		seen := map[ram.RoleARN]bool{}
		for _, g := range after.Grants {
			seen[g.Role()] = true
		}
		for _, step := range after.StepUps {
			seen[step.Role] = true
		}
		for _, n := range after.Near {
			i := slices.IndexFunc(open, func(d federation.RuleDraft) bool { return d.Name == n.Rule })
			if seen[n.Role] || len(n.Lacks) == 0 || !open[i].Disclose || open[i].Mode != "" || !slices.Contains(open[i].Roles, n.Role.String()) {
				t.Errorf("%s beside %s", near([]mapping.Near{n}), summary(after.Grants))
			}
			seen[n.Role] = true
		}
		told += len(after.Near)
	})
	if told == 0 {
		t.Error("no world told anybody anything")
	}
}

// BenchmarkDecide is the list of a person for whom one rule holds, of as many as ask for
// some group; with and without telling them of the others.
func BenchmarkDecide(b *testing.B) {
	ada := validatetest.New(b).Identity()
	for _, n := range []int{100, 10_000} {
		for _, telling := range []bool{false, true} {
			rev := compiled(b, n, func(i int) func(*federation.RuleDraft) {
				return func(d *federation.RuleDraft) {
					d.Roles, d.Disclose = []string{arn(prod, fmt.Sprint("role-", i))}, telling
					where(map[string][]string{"saml:groups": {fmt.Sprint("group-", i)}})(d)
				}
			})
			b.Run(fmt.Sprintf("%d rules, disclosed %v", n, telling), func(b *testing.B) { decideAll(b, rev, ada) })
		}
	}
}

func decideAll(b *testing.B, rev federation.Revision, who validate.Identity) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if d := mapping.Decide(rev, who, now()); len(d.Grants) != 1 {
			b.Fatalf("%d grants", len(d.Grants))
		}
	}
}
