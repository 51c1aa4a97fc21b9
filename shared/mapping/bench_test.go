package mapping_test

import (
	"fmt"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
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

// BenchmarkRole takes the role that only the last rule gives.
func BenchmarkRole(b *testing.B) {
	ada := validatetest.New(b).Identity()
	wanted, err := ram.ParseRoleARN(arn(prod, "admin"))
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 100, 10_000} {
		rev := manyRules(b, n)
		b.Run(fmt.Sprint(n, " rules"), func(b *testing.B) {
			for b.Loop() {
				if grant, err := mapping.Role(rev, ada, now(), wanted); err != nil || grant.IsZero() {
					b.Fatal(err)
				}
			}
		})
	}
}

func manyRules(b *testing.B, n int) federation.Revision {
	b.Helper()
	draft := federation.Draft{
		IdentityProviders: []trust.Source{validatetest.Source()},
		Accounts:          []federation.AccountDraft{{ID: prod}},
	}
	for i := range n {
		group := fmt.Sprintf("group-%d", i)
		if i == n-1 {
			group = "sre"
		}
		draft.Rules = append(draft.Rules, rule(fmt.Sprint("rule ", i), where(map[string][]string{"saml:groups": {group}})))
	}
	rev, problems := federation.Compile(draft, federation.Options{})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	return rev
}
