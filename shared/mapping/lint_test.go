package mapping_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// alike makes a rule that has much in common with another, and often too much.
func (w world) alike(d federation.RuleDraft) federation.RuleDraft {
	d.Name += " again"
	if len(d.Roles) > 0 {
		d.Roles = w.some(slices.Clone(d.Roles)...)
	}
	if w.IntN(4) == 0 {
		d.Session.Name = w.pick("", "{{email}}")
	}
	d.Session.DurationSeconds = 900 * (1 + w.IntN(8))
	if w.IntN(2) == 0 {
		all := w.operators()
		maps.Copy(all, d.Condition.Operators)
		d.Condition = &federation.ConditionDraft{Operators: all}
	}
	if w.IntN(4) == 0 {
		d.Requires = &federation.RequiresDraft{MaxAgeSeconds: 3600 * (1 + w.IntN(3))}
	}
	return d
}

func found(rev federation.Revision, code string) []federation.Finding {
	return slices.DeleteFunc(rev.Lint(federation.LintOptions{Now: validatetest.Now()}), func(f federation.Finding) bool { return f.Code != code })
}

// TestAShadowedRuleDecidesNothing takes away what the lint calls shadowed: nobody's
// roles, names or durations change, nor which rule gave them.
func TestAShadowedRuleDecidesNothing(t *testing.T) {
	shadowed := 0
	inManyWorlds(t, func(s scene) {
		rules := append(slices.Clone(s.rules), s.alike(s.rules[s.IntN(len(s.rules))]))
		rev, problems := compileRules(rules...)
		if len(problems) > 0 { // two clauses that contradict each other
			return
		}
		before, _ := mapping.Roles(rev, s.who, s.at)
		for _, finding := range found(rev, "rule_shadowed") {
			shadowed++
			i, err := strconv.Atoi(strings.Trim(finding.Path, "rules[]"))
			if err != nil {
				t.Fatal(err)
			}
			without, _ := compileRules(slices.Delete(slices.Clone(rules), i, i+1)...)
			if after, _ := mapping.Roles(without, s.who, s.at); summary(before) != summary(after) {
				t.Errorf("without %+v:\n%s\n%s", rules[i], summary(before), summary(after))
			}
		}
	})
	if shadowed < 100 {
		t.Errorf("only %d rules were shadowed: this shows little", shadowed)
	}
}

// ranged makes a rule that compares one fact twice, and often leaves nothing.
func (w world) ranged() federation.RuleDraft {
	compare := func() string {
		return w.pick("LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals", "Equals", "NotEquals")
	}
	each := func() string { return w.pick("", "", "ForAllValues:", "ForAnyValue:") }
	exists := func() string { return w.pick("", "", "IfExists") }
	one, other, key, values := "", "", "saml:level", []string{"-3", "1", "1.5", "2.5", "3"}
	switch w.IntN(3) {
	case 0:
		one, other = "Numeric"+compare(), "Numeric"+compare()
	case 1:
		one, other, key = "Date"+compare(), "Date"+compare(), w.pick("saml:hired", "currentTime")
		values = []string{"2026-01-02T15:04:05Z", "2026-12-01T00:00:00Z", "2027-03-01T12:00:00Z"}
	case 2:
		one, other, key = w.pick("IpAddress", "NotIpAddress"), "IpAddress", "sourceIp"
		values = []string{"10.0.0.0/8", "10.1.0.0/16", "203.0.113.1", "fd00::/8", "::/0"}
	}
	all := map[string]map[string][]string{each() + one + exists(): {key: w.some(slices.Clone(values)...)[:1]}}
	all[each()+other+exists()] = map[string][]string{key: w.some(slices.Clone(values)...)[:1]}
	return rule("ranged", operators(all))
}

// TestARuleThatNeverHoldsNeverHolds asks for many people at many hours, and wants
// that a rule which somebody meets is not called so.
func TestARuleThatNeverHoldsNeverHolds(t *testing.T) {
	never, met := 0, 0
	inManyWorlds(t, func(s scene) {
		for range 20 {
			draft := s.ranged()
			rev, problems := compileRules(draft)
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			holds := len(s.granted(draft)) > 0
			if holds {
				met++
			}
			if len(found(rev, "rule_never_holds")) == 0 {
				continue
			}
			never++
			if holds {
				t.Errorf("it holds: %+v", draft.Condition)
			}
		}
	})
	if never < 500 || met < 500 {
		t.Errorf("%d rules never hold, and %d were met: this shows little", never, met)
	}
}

// TestOnlyRulesThatNeverHoldAreCalledSo tries every value of a grid: a rule of two
// bounds that nothing on it passes is found, and no other.
func TestOnlyRulesThatNeverHoldAreCalledSo(t *testing.T) {
	compared := []string{"LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals", "Equals", "NotEquals"}
	idp := validatetest.New(t)
	var people []validate.Identity
	for _, level := range []string{"0", "1", "1.5", "2", "3"} {
		people = append(people, idp.Identity(validatetest.Attribute("level", level)))
	}
	for _, one := range compared {
		for _, other := range compared {
			for _, bound := range []string{"1", "2"} {
				draft := rule("two bounds", operators(map[string]map[string][]string{
					"ForAllValues:Numeric" + one: {"saml:level": {bound}}, "Numeric" + other: {"saml:level": {"1"}},
				}))
				rev := revision(t, draft)
				met := slices.ContainsFunc(people, func(who validate.Identity) bool {
					grants, _ := mapping.Roles(rev, who, mapping.Context{Now: validatetest.Now()})
					return len(grants) > 0
				})
				if never := len(found(rev, "rule_never_holds")) > 0; never == met {
					t.Errorf("each %s %s and one %s 1: never holds: %v, met: %v", one, bound, other, never, met)
				}
			}
		}
	}
}

func TestARuleWhoseTimeIsOverHasHeld(t *testing.T) {
	over := operators(map[string]map[string][]string{"DateLessThanEquals": {"currentTime": {validatetest.Now().Add(-time.Second).Format(time.RFC3339)}}})
	rev := revision(t, rule("over", over))
	if len(found(rev, "rule_expired")) != 1 {
		t.Error("nobody says so")
	}
	ada := validatetest.New(t).Identity()
	for later, want := range map[time.Duration]int{-time.Hour: 1, 0: 0, time.Hour: 0} {
		if grants, _ := mapping.Roles(rev, ada, mapping.Context{Now: validatetest.Now().Add(later)}); len(grants) != want {
			t.Errorf("after %s: %d roles", later, len(grants))
		}
	}
}

// githubRule asks of a token in one or two of many ways, sound ones and others.
func (w world) githubRule() federation.RuleDraft {
	values := map[string][]string{
		"oidc:sub": {
			"repo:acme/shop:ref:refs/heads/main", "repo:acme/*", "repo:acme*", "repo:*", "repo:*/shop:*", "repo:acm?/shop:*", "*", "*acme/*",
			"environment:production", "environment:*", "ref:refs/heads/main", "repository_owner_id:12345:*", "repository_owner_id:1*", "repository_owner:acme:*",
		},
		"oidc:repository":          {"acme/shop", "acme/*", "acme*", "*/shop", "*"},
		"oidc:repository_owner_id": {"12345", "1*", "*"},
		"oidc:ref":                 {"refs/heads/main", "*"},
	}
	all := map[string]map[string][]string{}
	for range 1 + w.IntN(2) {
		key := w.pick(slices.Sorted(maps.Keys(values))...)
		operator := w.pick("", "", "ForAnyValue:", "ForAllValues:") + w.pick("StringEquals", "StringLike", "StringLike", "StringNotLike", "StringEqualsIgnoreCase") + w.pick("", "", "IfExists")
		all[operator] = map[string][]string{key: w.some(values[key]...)[:1]}
	}
	return rule("deploy", operators(all), func(d *federation.RuleDraft) { d.IdP = "issuer" })
}

// TestNoStrangerMeetsARuleThatIsNotTooWide: whatever a stranger's repository makes
// its subjects of, only rules that the lint names let it in.
func TestNoStrangerMeetsARuleThatIsNotTooWide(t *testing.T) {
	issuer := validatetest.NewIssuer(t)
	var strangers []validate.Identity
	for _, subject := range []string{
		"repo:acme-evil/shop:ref:refs/heads/main", "repo:acme-evil/shop:environment:acme/", "environment:production", "environment:acme/", "ref:refs/heads/main",
		"repository_owner_id:1999:ref:refs/heads/main", "repository_owner:acme-evil:x", "workflow:acme/:ref:refs/heads/main",
	} {
		strangers = append(strangers, issuer.Workload(map[string]any{
			"sub": subject, "jti": subject, "repository": "acme-evil/shop", "repository_owner": "acme-evil", "repository_owner_id": "1999", "ref": "refs/heads/main",
		}))
	}
	source := validatetest.TokenSource()
	source.Preset = "github"
	wide, sound := 0, 0
	for seed := range uint64(4000) {
		draft := world{rand.New(rand.NewPCG(seed, 6))}.githubRule()
		rev, problems := federation.Compile(federation.Draft{
			IdentityProviders: []trust.Source{source}, Accounts: []federation.AccountDraft{{ID: prod}}, Rules: []federation.RuleDraft{draft},
		}, federation.Options{})
		if len(problems) > 0 { // a pattern that nothing passes
			continue
		}
		if len(found(rev, "subject_too_wide")) > 0 {
			wide++
			continue
		}
		sound++
		for _, who := range strangers {
			if grants, _ := mapping.Roles(rev, who, mapping.Context{Now: validatetest.Now()}); len(grants) > 0 {
				t.Errorf("%s meets %v", who.Subject(), draft.Condition.Operators)
			}
		}
	}
	if wide < 500 || sound < 500 {
		t.Errorf("%d rules are too wide, %d are not: this shows little", wide, sound)
	}
}
