package effect_test

import (
	"strings"

	"github.com/fc-sso/fc-sso/functions/provisioning/effect"
	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func (c *scene) limits() {
	six := func(w *effect.Wanted) { w.Groups = []string{"a", "b", "c", "d", "e", "f"} }
	err := c.effects.User(c.Context(), c.wanted(lifecycle.Active, six))
	if reason.Of(err) != reason.RAMLimit || !effect.Final(err) || !strings.Contains(reason.Detail(err), "LimitExceeded.User.Group") {
		c.Errorf("%v", err)
	}
	c.s.Limit(c.T, c.id, stack.Limits{GroupsPerUser: 6, Users: 1, Groups: 6})
	c.user(c.wanted(lifecycle.Active, six))
	err = c.effects.User(c.Context(), c.wanted(lifecycle.Active, func(w *effect.Wanted) { w.Name = "bob" }))
	if reason.Of(err) != reason.RAMLimit || !strings.Contains(reason.Detail(err), "LimitExceeded.User") {
		c.Errorf("%v", err)
	}
	err = c.effects.Group(c.Context(), effect.Group{Account: c.account, Name: "g"})
	if reason.Of(err) != reason.RAMLimit || !strings.Contains(reason.Detail(err), "LimitExceeded.Group") {
		c.Errorf("%v", err)
	}
}

func (c *scene) denied() {
	role := "acs:ram::" + c.id + ":role/maintenance"
	c.s.RemoveRole(c.T, role)
	err := c.effects.User(c.Context(), c.wanted(lifecycle.Active))
	if reason.Of(err) != reason.RAMDenied || effect.Final(err) || !strings.Contains(reason.Detail(err), role) {
		c.Errorf("no role: %v", err)
	}
	const trusts = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::1000000000000001:root"]}}]}`
	c.s.PutRole(c.T, role, trusts, "")
	err = c.effects.User(c.Context(), c.wanted(lifecycle.Active))
	if reason.Of(err) != reason.RAMDenied || !strings.Contains(reason.Detail(err), "status 403, NoPermission") || !strings.Contains(reason.Detail(err), "maintenance.permission.json") {
		c.Errorf("a role that may do nothing: %v", err)
	}
}

func (c *scene) names() {
	for _, name := range []string{"", ".ada", "ada l", "ada@acme.com", strings.Repeat("a", 65), "\u0430da"} {
		err := c.effects.User(c.Context(), c.wanted(lifecycle.Active, func(w *effect.Wanted) { w.Name = name }))
		if reason.Of(err) != reason.PrincipalInvalid || !effect.Final(err) {
			c.Errorf("%q: %v", name, err)
		}
	}
	if err := c.effects.User(c.Context(), c.wanted("")); err == nil {
		c.Error("a user of no status")
	}
	c.user(c.wanted(lifecycle.Active, func(w *effect.Wanted) {
		w.Name, w.DisplayName, w.Email, w.Groups = strings.Repeat("a", 64), "\u202e", "no address", []string{"All Employees"}
	}))
	c.wantHas("{name:" + strings.Repeat("a", 64) + ",display_name:" + strings.Repeat("a", 24) + ",comments:OURS}")
}

func (c *scene) once() {
	before := len(c.s.Seen(c.T, "account", c.id, "action", "GetDefaultDomain").Calls)
	for _, name := range []string{"ada", "bob", "eve"} {
		c.user(c.wanted(lifecycle.Active, func(w *effect.Wanted) { w.Name = name }))
	}
	if calls := c.s.Seen(c.T, "account", c.id, "action", "GetDefaultDomain").Calls; len(calls)-before != 1 {
		c.Errorf("asked for the domain %d times", len(calls)-before)
	}
}
