package mapping_test

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
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

// TestARuleWhoseHoursNeverComeNeverHolds asks at every hour around its bounds.
func TestARuleWhoseHoursNeverComeNeverHolds(t *testing.T) {
	rev := revision(t, rule("never", operators(map[string]map[string][]string{
		"DateGreaterThan": {"currentTime": {"2026-12-01T00:00:00Z"}}, "DateLessThan": {"currentTime": {"2026-11-30T00:00:00Z"}},
	})))
	if len(found(rev, "rule_never_holds")) != 1 {
		t.Error("nobody says so")
	}
	ada := validatetest.New(t).Identity()
	for hour := range 96 {
		begin := time.Date(2026, 11, 29, hour, 0, 0, 0, time.UTC)
		if grants, _ := mapping.Roles(rev, ada, mapping.Context{Now: begin}); len(grants) > 0 {
			t.Errorf("it holds at %s", begin)
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
