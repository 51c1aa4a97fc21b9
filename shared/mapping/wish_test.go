package mapping_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const getOnly = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:Get*","Resource":"*"}]}`

func anybody(name string, roles ...string) federation.RuleDraft {
	return federation.RuleDraft{Name: name, IdP: "test", Roles: roles, Condition: &federation.ConditionDraft{Any: true}}
}

func TestAGrantIsNarrowedAndNeverWidened(t *testing.T) {
	limited := anybody("limited", arn(prod, "limited"))
	limited.Session.Policy = getOnly
	rev := revision(t, anybody("free", arn(prod, "free")), limited)
	who, at := validatetest.New(t).Identity(), mapping.Context{Now: validatetest.Now()}
	for _, c := range []struct {
		role, name, policy string
		asked, want        time.Duration
		wantPolicy         string
		code               reason.Code
	}{
		{role: "free", want: time.Hour},
		{role: "free", asked: 20 * time.Minute, name: "a b", policy: getOnly, want: 20 * time.Minute, wantPolicy: getOnly},
		{role: "free", asked: 10 * time.Hour, want: time.Hour},
		{role: "limited", asked: 15 * time.Minute, want: 15 * time.Minute, wantPolicy: getOnly},
		{role: "limited", policy: getOnly, code: reason.NarrowingRefused},
		{role: "limited", policy: strings.Replace(getOnly, "oss:Get*", "*", 1), code: reason.NarrowingRefused},
	} {
		grant, err := mapping.Role(rev, who, at, role(t, arn(prod, c.role)))
		if err != nil {
			t.Fatal(err)
		}
		wish, err := mapping.ParseWish(c.name, c.asked, c.policy)
		if err != nil {
			t.Fatal(err)
		}
		got, err := grant.Narrowed(wish)
		if reason.Of(err) != c.code || got.IsZero() != (c.code != "") {
			t.Errorf("%+v: %+v, %v", c, got, err)
			continue
		}
		if c.code == "" && (got.Duration() != c.want || got.SessionPolicy() != c.wantPolicy || c.name != "" && got.SessionName() != "a-b" || got.Role() != grant.Role()) {
			t.Errorf("%+v: %+v", c, got)
		}
	}
}

func TestAWishThatCannotBeIsRefused(t *testing.T) {
	for _, c := range []struct {
		name     string
		duration time.Duration
		policy   string
	}{
		{name: " "},
		{duration: time.Minute},
		{duration: -time.Hour},
		{policy: "x"},
		{policy: `{"Version":"1","Version":"1","Statement":[]}`},
		{policy: strings.Replace(getOnly, "oss:Get*", strings.Repeat("a", 2048), 1)},
	} {
		if _, err := mapping.ParseWish(c.name, c.duration, c.policy); reason.Of(err) != reason.RequestMalformed {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestTheOnlyRoleIsTakenUnnamed(t *testing.T) {
	who, at := validatetest.New(t).Identity(), mapping.Context{Now: validatetest.Now()}
	many := make([]string, 25)
	for i := range many {
		many[i] = arn(prod, "r"+strings.Repeat("x", i))
	}
	audited := anybody("audited", arn(prod, "audited"))
	audited.Mode = "audit"
	nobody := anybody("nobody", arn(prod, "nobody"))
	nobody.Condition = &federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": {"saml:team": {"no such team"}}}}
	for _, c := range []struct {
		rules []federation.RuleDraft
		code  reason.Code
		says  string
	}{
		{[]federation.RuleDraft{anybody("a", arn(prod, "admin")), audited, nobody}, "", ""},
		{[]federation.RuleDraft{anybody("a", arn(prod, "admin"), arn(dev, "admin"))}, reason.RoleUnclear, arn(prod, "admin") + ", " + arn(dev, "admin")},
		{[]federation.RuleDraft{anybody("a", many...)}, reason.RoleUnclear, " and 5 more"},
		{[]federation.RuleDraft{nobody, audited}, reason.RoleNotGranted, `rule "nobody": saml:team`},
	} {
		taking, err := mapping.TakeOnly(revision(t, c.rules...), who, at)
		if reason.Of(err) != c.code || taking.Grant.IsZero() != (c.code != "") {
			t.Errorf("%s: %+v, %v", c.says, taking, err)
		}
		if err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("want %s: %v", c.says, err)
		}
		if len(c.rules) > 1 && (len(taking.Audit) != 1 || taking.Audit[0] != "audited") {
			t.Errorf("audit %q", taking.Audit)
		}
	}
}
