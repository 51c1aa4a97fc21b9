package mapping_test

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func BenchmarkRoles(b *testing.B) {
	ada := validatetest.New(b).Identity()
	for _, n := range []int{1, 100, 10_000} {
		rev := manyRules(b, n)
		b.Run(fmt.Sprint(n, " rules"), func(b *testing.B) {
			for b.Loop() {
				if grants, _ := mapping.Roles(rev, ada, now()); len(grants) != 1 {
					b.Fatalf("%d grants", len(grants))
				}
			}
		})
	}
}

// BenchmarkRole takes the role that all rules could give and only the last one
// does.
func BenchmarkRole(b *testing.B) {
	ada := validatetest.New(b).Identity()
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(n, " rules"), func(b *testing.B) { takeAdmin(b, manyRules(b, n), ada) })
		b.Run(fmt.Sprint(n, " rules of all operators"), func(b *testing.B) { takeAdmin(b, mixedRules(b, n), ada) })
		b.Run(fmt.Sprint(n, " rules of as many roles"), func(b *testing.B) { takeAdmin(b, ownRoles(b, n), ada) })
	}
}

func takeAdmin(b *testing.B, rev federation.Revision, who validate.Identity) {
	b.Helper()
	wanted, err := ram.ParseRoleARN(arn(prod, "admin"))
	if err != nil {
		b.Fatal(err)
	}
	at := mapping.Context{Now: validatetest.Now(), SourceIP: netip.MustParseAddr("203.0.113.1")}
	b.ReportAllocs()
	for b.Loop() {
		if grant, err := mapping.Role(rev, who, at, wanted); err != nil || grant.IsZero() {
			b.Fatal(err)
		}
	}
}

// TestThousandsOfRulesCostNoMoreMemory: what a grant allocates does not grow with
// the rules that do not give it.
func TestThousandsOfRulesCostNoMoreMemory(t *testing.T) {
	ada, wanted := validatetest.New(t).Identity(), role(t, arn(prod, "admin"))
	allocations := func(rules int) float64 {
		rev := manyRules(t, rules)
		return testing.AllocsPerRun(20, func() {
			if _, err := mapping.Role(rev, ada, now(), wanted); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(50), allocations(5000); many > few+1 {
		t.Errorf("50 rules: %v allocations, 5000: %v", few, many)
	}
}

// manyRules compare groups; the last one holds.
func manyRules(tb testing.TB, n int) federation.Revision {
	tb.Helper()
	return compiled(tb, n, func(i int) func(*federation.RuleDraft) {
		return where(map[string][]string{"saml:groups": {fmt.Sprintf("group-%d", i)}})
	})
}

// mixedRules compare by all kinds of operators and keys; the last one holds.
func mixedRules(tb testing.TB, n int) federation.Revision {
	tb.Helper()
	return compiled(tb, n, func(i int) func(*federation.RuleDraft) {
		operator, key, value := mixed(i)
		return operators(map[string]map[string][]string{operator: {key: {value}}})
	})
}

func mixed(i int) (operator, key, value string) {
	switch i % 6 {
	case 0:
		return "StringLike", "saml:groups", fmt.Sprintf("team-%d-*", i)
	case 1:
		return "NumericLessThan", "saml:mail", fmt.Sprint(i)
	case 2:
		return "DateLessThan", "currentTime", fmt.Sprintf("2026-01-01T00:00:%02dZ", i%60)
	case 3:
		return "IpAddress", "sourceIp", fmt.Sprintf("10.%d.0.0/16", i%256)
	case 4:
		return "StringNotEqualsIgnoreCase", "saml:groups", "SRE"
	}
	return "StringEquals", "saml:nameID", fmt.Sprintf("person-%d@example.com", i)
}

// ownRoles give a role each; the last one gives admin.
func ownRoles(tb testing.TB, n int) federation.Revision {
	tb.Helper()
	return compiled(tb, n, func(i int) func(*federation.RuleDraft) {
		return func(d *federation.RuleDraft) {
			d.Roles = []string{arn(prod, fmt.Sprintf("role-%d", i))}
		}
	})
}

func compiled(tb testing.TB, n int, condition func(i int) func(*federation.RuleDraft)) federation.Revision {
	tb.Helper()
	draft := federation.Draft{
		IdentityProviders: []trust.Source{validatetest.Source()},
		Accounts:          []federation.AccountDraft{{ID: prod}},
	}
	for i := range n - 1 {
		draft.Rules = append(draft.Rules, rule(fmt.Sprint("rule ", i), condition(i)))
	}
	draft.Rules = append(draft.Rules, rule("the last", where(map[string][]string{"saml:groups": {"sre"}})))
	rev, problems := federation.Compile(draft, federation.Options{})
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return rev
}
