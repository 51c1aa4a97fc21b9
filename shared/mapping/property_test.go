package mapping_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// world makes rules and people of few words, so that they meet.
type world struct{ *rand.Rand }

func (w world) pick(list ...string) string { return list[w.IntN(len(list))] }

func (w world) some(list ...string) []string {
	w.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:1+w.IntN(len(list))]
}

func (w world) groups() []string { return w.some("dev", "ops", "sre", "Dev", "") }
func (w world) levels() []string { return w.some("1", "2.5", "-3", "x") }

func (w world) person(idp validatetest.IdP) validate.Identity {
	options := []validatetest.Option{validatetest.Attribute("hired", w.pick("2026-01-02T15:04:05Z", "2027-01-01T00:00:00+08:00", "soon"))}
	if w.IntN(4) > 0 {
		options = append(options, validatetest.Attribute("groups", w.groups()...))
	}
	if w.IntN(3) > 0 {
		options = append(options, validatetest.Attribute("level", w.levels()...))
	}
	if w.IntN(2) > 0 {
		options = append(options, validatetest.Attribute("mail", "ada@example.com"))
	}
	if w.IntN(8) == 0 {
		options = append(options, validatetest.Attribute(entraLink, graph))
	}
	pair := func(name string) string { return arn(prod, name) + ",acs:ram::" + prod + ":saml-provider/idp" }
	if w.IntN(2) > 0 {
		options = append(options, validatetest.Attribute(mapping.RoleAttribute, pair("dev-a"), pair("admin"), pair("dev-b")))
	}
	return idp.Identity(options...)
}

func (w world) at() mapping.Context {
	at := mapping.Context{Now: validatetest.Now().Add(time.Duration(w.IntN(3)-1) * time.Hour)}
	if w.IntN(3) > 0 {
		at.SourceIP = netip.MustParseAddr(w.pick("10.1.2.3", "203.0.113.1", "fd00::1"))
	}
	return at
}

func (w world) rule(name string) federation.RuleDraft {
	return rule(name, func(d *federation.RuleDraft) {
		d.Roles = w.some(arn(prod, "admin"), arn(prod, "reader"), arn(dev, "admin"), arn(prod, "dev-a"))
		if w.IntN(4) == 0 {
			asserts([]string{prod}, w.some("dev-*", "*", "admin")...)(d)
		}
		if w.IntN(8) == 0 {
			d.Mode = "audit"
		}
		if w.IntN(4) == 0 {
			d.Requires = &federation.RequiresDraft{MaxAgeSeconds: 60 * w.IntN(90)}
		}
		d.Session = federation.SessionDraft{Name: w.pick("", "{{nameID}}", "{{email}}", "on-call"), DurationSeconds: 900 * (1 + w.IntN(8))}
		if w.IntN(6) > 0 {
			d.Condition = &federation.ConditionDraft{Operators: w.operators()}
		}
	})
}

func (w world) operators() map[string]map[string][]string {
	all := map[string]map[string][]string{}
	for range 1 + w.IntN(2) {
		operator, key, values := w.clause()
		all[operator] = map[string][]string{key: values}
	}
	return all
}

func (w world) clause() (operator, key string, values []string) {
	prefix, suffix := w.pick("", "", "ForAnyValue:", "ForAllValues:"), w.pick("", "", "IfExists")
	switch w.IntN(7) {
	case 0:
		return prefix + w.pick("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase") + suffix, "saml:team", w.some("dev", "ops", "OPS")
	case 1:
		return prefix + w.pick("StringLike", "StringNotLike") + suffix, w.pick("saml:groups", "saml:mail", "saml:nameID"), w.some("d*", "?ps", "*@example.com")
	case 2:
		return prefix + "Numeric" + w.pick("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals") + suffix, "saml:level", w.some("1", "2.50", "-3")
	case 3:
		return prefix + "Date" + w.pick("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals") + suffix, w.pick("saml:hired", "currentTime"), w.some("2026-01-02T15:04:05Z", "2027-03-01T12:00:00Z")
	case 4:
		return prefix + w.pick("IpAddress", "NotIpAddress") + suffix, "sourceIp", w.some("10.0.0.0/8", "fd00::/8")
	case 5:
		return "Null", w.pick("saml:groups", "saml:level", "saml:mail", "sourceIp"), w.some("true", "false")[:1]
	}
	return prefix + "Bool" + suffix, "saml:level", []string{"true"}
}

// rules makes n rules that compile.
func (w world) rules(n int) []federation.RuleDraft {
	var list []federation.RuleDraft
	for len(list) < n {
		d := w.rule(fmt.Sprint("rule ", len(list)))
		if _, problems := compileRules(d); len(problems) == 0 {
			list = append(list, d)
		}
	}
	return list
}

func compileRules(rules ...federation.RuleDraft) (federation.Revision, []federation.Problem) {
	source := validatetest.Source()
	source.Attributes = map[string]string{"email": "mail", "team": "groups"}
	return federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{source},
		Accounts: []federation.AccountDraft{{
			ID: prod, SAMLProviders: map[string]string{"test": "acs:ram::" + prod + ":saml-provider/idp"},
			UserSSO: &federation.UserSSO{Suffixes: []string{"acme.onaliyun.com"}}, MaintenanceRole: arn(prod, "fc-sso-maintenance"), Manage: federation.Manage{Users: true},
		}, {ID: dev}},
		Rules: rules,
	}, federation.Options{})
}

// scene is one person at one hour before some rules.
type scene struct {
	world

	t     *testing.T
	rules []federation.RuleDraft
	who   validate.Identity
	at    mapping.Context
}

// inManyWorlds tries a promise with many rules, people and hours. What failed once
// fails again: the number of the world is its seed.
func inManyWorlds(t *testing.T, promise func(s scene)) {
	t.Helper()
	idp := validatetest.New(t)
	for seed := range uint64(40) {
		w := world{rand.New(rand.NewPCG(seed, 5))}
		who := w.person(idp)
		for range 6 {
			promise(scene{w, t, w.rules(1 + w.IntN(8)), who, w.at()})
		}
		if t.Failed() {
			t.Fatalf("in world %d", seed)
		}
	}
}

// granted are the roles that the person has by these rules.
func (s scene) granted(rules ...federation.RuleDraft) []string {
	s.t.Helper()
	grants, _ := mapping.Roles(s.revision(rules...), s.who, s.at)
	var roles []string
	for _, g := range grants {
		roles = append(roles, g.Role().String())
	}
	slices.Sort(roles)
	return roles
}

func (s scene) revision(rules ...federation.RuleDraft) federation.Revision {
	s.t.Helper()
	rev, problems := compileRules(rules...)
	if len(problems) > 0 {
		s.t.Fatal(problems)
	}
	return rev
}

func TestARuleAddedAnywhereTakesNoRoleAway(t *testing.T) {
	inManyWorlds(t, func(s scene) {
		before := s.granted(s.rules[1:]...)
		after := s.granted(slices.Insert(slices.Clone(s.rules[1:]), s.IntN(len(s.rules)), s.rules[0])...)
		for _, role := range before {
			if !slices.Contains(after, role) {
				s.t.Errorf("%s is gone: %v, %v", role, before, after)
			}
		}
	})
}

// TestTheLastMatchingRuleRemovedTakesTheRoleAway, and any before the last does not.
func TestTheLastMatchingRuleRemovedTakesTheRoleAway(t *testing.T) {
	inManyWorlds(t, func(s scene) {
		for _, role := range s.granted(s.rules...) {
			giving := func(d federation.RuleDraft) bool {
				return slices.Contains(s.granted(d), role)
			}
			left := slices.Clone(s.rules)
			for i := slices.IndexFunc(left, giving); i >= 0; i = slices.IndexFunc(left, giving) {
				if !slices.Contains(s.granted(left...), role) {
					s.t.Errorf("%s is gone before its last rule", role)
				}
				left = slices.Delete(left, i, i+1)
			}
			if slices.Contains(s.granted(left...), role) {
				s.t.Errorf("%s stays without a rule that gives it", role)
			}
		}
	})
}

// TestOrderChangesNoRole: it decides whose session a grant has, and nothing else.
func TestOrderChangesNoRole(t *testing.T) {
	inManyWorlds(t, func(s scene) {
		before := s.granted(s.rules...)
		turned := slices.Clone(s.rules)
		s.Shuffle(len(turned), func(i, j int) { turned[i], turned[j] = turned[j], turned[i] })
		if after := s.granted(turned...); !slices.Equal(before, after) {
			s.t.Errorf("%v became %v", before, after)
		}
		grants, trace := mapping.Roles(s.revision(turned...), s.who, s.at)
		for _, g := range grants {
			first := slices.IndexFunc(trace.Rules, func(e mapping.Evaluation) bool {
				return !e.Audit && e.Lacks == "" && slices.Contains(e.Roles, g.Role().String())
			})
			if trace.Rules[first].Rule != g.Rule() {
				s.t.Errorf("%s by %q, though %q stands before it", g.Role(), g.Rule(), trace.Rules[first].Rule)
			}
		}
	})
}

// TestTheExplanationIsTheDecision: a rule holds if all its conditions do; what
// holds, lacks nothing and does not only audit is granted, and nothing else is; and
// Role says of one role what Roles says of all.
func TestTheExplanationIsTheDecision(t *testing.T) {
	inManyWorlds(t, func(s scene) {
		grants, trace := mapping.Roles(s.revision(s.rules...), s.who, s.at)
		var explained []string
		for i, e := range trace.Rules {
			unmet := slices.IndexFunc(e.Conditions, func(c mapping.Condition) bool { return !c.Holds() })
			if e.Rule != s.rules[i].Name || e.Holds != (unmet < 0) || !e.Holds && len(e.Roles) > 0 {
				s.t.Errorf("%+v", e)
			}
			if e.Holds && !e.Audit && e.Lacks == "" {
				explained = append(explained, e.Roles...)
			}
		}
		slices.Sort(explained)
		if got := s.granted(s.rules...); !slices.Equal(got, slices.Compact(explained)) {
			s.t.Errorf("granted %v, explained %v", got, explained)
		}
		for _, wanted := range []string{arn(prod, "admin"), arn(prod, "reader"), arn(dev, "admin"), arn(prod, "dev-a"), arn(prod, "dev-b"), arn(dev, "x")} {
			s.checkOne(role(s.t, wanted), grants, trace)
		}
	})
}

func (s scene) checkOne(wanted ram.RoleARN, grants []mapping.Grant, trace mapping.Trace) {
	s.t.Helper()
	one, err := mapping.Role(s.revision(s.rules...), s.who, s.at, wanted)
	i := slices.IndexFunc(grants, func(g mapping.Grant) bool { return g.Role() == wanted })
	if i < 0 {
		if code := reason.Of(err); code != reason.RoleNotGranted && code != reason.StepUpNeeded || !one.IsZero() {
			s.t.Errorf("%s is in no list, and Role gives %+v, %v", wanted, one, err)
		}
		if err != nil && !strings.Contains(err.Error(), trace.Groups) {
			s.t.Errorf("the refusal does not say that %s: %v", trace.Groups, err)
		}
		return
	}
	if err != nil || summary([]mapping.Grant{one}) != summary(grants[i:i+1]) {
		s.t.Errorf("one %+v, %v; of all %q", one, err, summary(grants[i:i+1]))
	}
}
