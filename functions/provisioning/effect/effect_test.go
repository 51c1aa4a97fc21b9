package effect_test

import (
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/functions/provisioning/effect"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

const (
	ada   = "{name:ada,display_name:Ada L,comments:OURS,email:ada@acme.com,groups:[dev]}"
	dev   = "{name:dev,display_name:dev,comments:OKTAS,users:[ada]}"
	empty = "{name:dev,display_name:dev,comments:OKTAS}"
)

// TestRAM tells scenes against the emulated RAM, which judges by itself.
func TestRAM(t *testing.T) {
	t.Parallel()
	s := startStack(t)
	scenes := []struct {
		name   string
		manage federation.Manage
		play   func(*scene)
	}{
		{"a joiner", all(), (*scene).joiner},
		{"a user made by hand", all(), (*scene).adopted},
		{"a new name", all(), (*scene).renamed},
		{"a leaver who comes back", all(), (*scene).disabled},
		{"a leaver who is gone", all(), (*scene).gone},
		{"a leaver with more than may be taken", all(), (*scene).held},
		{"a leaver in capitals", all(), (*scene).capitals},
		{"a policy that does not forbid", all(), (*scene).otherPolicy},
		{"groups", all(), (*scene).groups},
		{"limits", all(), (*scene).limits},
		{"a role that may not", all(), (*scene).denied},
		{"names", all(), (*scene).names},
		{"one role is assumed once", all(), (*scene).once},
	}
	for n, tt := range scenes {
		t.Run(tt.name, func(t *testing.T) { tt.play(newScene(t, s, n, tt.manage)) })
	}
	t.Run("answers of nothing", func(t *testing.T) { nonsense(t, s, len(scenes)) })
	t.Run("lost answers", func(t *testing.T) { lostAnswers(t, s, len(scenes)+8) })
}

func (c *scene) joiner() {
	want := "create user ada\ncreate group dev\nput user ada into group dev"
	if did := c.user(c.wanted(lifecycle.Active)); did != want {
		c.Errorf("did\n%s", did)
	}
	c.wantHas(ada, dev)
	c.settled(c.wanted(lifecycle.Active))
	moved := func(w *effect.Wanted) {
		w.DisplayName, w.Email, w.Groups, w.Left = "Ada King", "king@acme.com", []string{"ops"}, []string{"dev"}
	}
	c.user(c.wanted(lifecycle.Active, moved))
	c.wantHas("{name:ada,display_name:Ada King,comments:OURS,email:king@acme.com,groups:[ops]}", empty, "{name:ops,display_name:ops,comments:OKTAS,users:[ada]}")
	c.settled(c.wanted(lifecycle.Active, moved))
}

func (c *scene) adopted() {
	c.ram("CreateUser", "UserName", "ada", "DisplayName", "Countess", "Comments", "by hand")
	c.ram("CreateLoginProfile", "UserName", "ada", "Password", "Aa1!Aa1!Aa1!")
	c.ram("CreateGroup", "GroupName", "Dev", "Comments", "by hand")
	c.ram("CreateGroup", "GroupName", "other")
	c.ram("AddUserToGroup", "UserName", "ada", "GroupName", "other")
	c.user(c.wanted(lifecycle.Active))
	const countess = "{name:ada,display_name:Countess,comments:by hand,"
	c.wantHas(countess+"groups:[other],login_profile:Active}", "{name:Dev,comments:by hand}", "{name:other,users:[ada]}")
	c.again()
	if did := c.user(c.wanted(lifecycle.Active)); !strings.HasSuffix(did, "leave user ada out of group Dev, which was not made for okta") {
		c.Errorf("did\n%s", did)
	}
	c.ram("AddUserToGroup", "UserName", "ada", "GroupName", "Dev") // by hand too
	moved := func(w *effect.Wanted) { w.Groups, w.Left = nil, []string{"dev"} }
	if did := c.user(c.wanted(lifecycle.Active, moved)); did != "leave user ada in group Dev, which was not made for okta" {
		c.Errorf("did\n%s", did)
	}
	c.settled(c.wanted(lifecycle.Active))

	did := c.user(c.wanted(lifecycle.Gone))
	if !strings.HasPrefix(did, "keep user ada, who was not made here: it is disabled instead of deleted\n") {
		c.Errorf("did\n%s", did)
	}
	c.wantHas(countess+"groups:[other],policies:[Custom/fc-sso-left]}", "{name:Dev,comments:by hand}", "{name:other,users:[ada]}", "policy fc-sso-left")
}

func (c *scene) renamed() {
	c.user(c.wanted(lifecycle.Active))
	king := func(w *effect.Wanted) { w.Name, w.Formerly = "ada.king", "ada" }
	if did := c.user(c.wanted(lifecycle.Active, king)); did != "rename user ada to ada.king" {
		c.Errorf("did\n%s", did)
	}
	c.wantHas("{name:ada.king,display_name:Ada L,comments:OURS,email:ada@acme.com,groups:[dev]}", "{name:dev,display_name:dev,comments:OKTAS,users:[ada.king]}")
	c.settled(c.wanted(lifecycle.Active, king))
	c.settled(c.wanted(lifecycle.Active, func(w *effect.Wanted) { w.Name, w.Formerly = "ada.king", "nobody" }))
	c.user(c.wanted(lifecycle.Active)) // somebody else becomes ada
	c.settled(c.wanted(lifecycle.Active, king))
	if did := c.user(c.wanted(lifecycle.Active, func(w *effect.Wanted) { w.Name, w.Formerly = "Ada", "ada" })); did != "rename user ada to Ada" {
		c.Errorf("other capitals: did\n%s", did)
	}
}

// laden makes ada with all that may hang on her.
func (c *scene) laden() {
	c.user(c.wanted(lifecycle.Active))
	c.ram("CreateAccessKey", "UserName", "ada")
	c.ram("CreateAccessKey", "UserName", "ada")
	c.ram("CreateLoginProfile", "UserName", "ada", "Password", "Aa1!Aa1!Aa1!")
	c.ram("CreateGroup", "GroupName", "other")
	c.ram("AddUserToGroup", "UserName", "ada", "GroupName", "other")
	c.s.BindDevice(c.T, c.id, "ada")
}

func (c *scene) disabled() {
	c.laden()
	c.user(c.wanted(lifecycle.Inactive))
	device := "mfa_device:acs:ram::" + c.id + ":mfa/ada,keys:[{status:Inactive},{status:Inactive}]"
	off := "{name:ada,display_name:Ada L,comments:OURS,email:ada@acme.com,groups:[other]," + device + ",policies:[Custom/fc-sso-left]}"
	c.wantHas(off, empty, "{name:other,users:[ada]}", "policy fc-sso-left")
	c.settled(c.wanted(lifecycle.Inactive))

	if did := c.user(c.wanted(lifecycle.Active)); did != "allow user ada again\nput user ada into group dev" {
		c.Errorf("did\n%s", did)
	}
	c.wantHas("{name:ada,display_name:Ada L,comments:OURS,email:ada@acme.com,groups:[dev,other],"+device+"}", dev, "{name:other,users:[ada]}", "policy fc-sso-left")
	c.settled(c.wanted(lifecycle.Active))
	c.user(c.wanted(lifecycle.Inactive))
	c.settled(c.wanted(lifecycle.Inactive, func(w *effect.Wanted) { w.Name = "nobody" }))
}

func (c *scene) gone() {
	c.laden()
	did := c.user(c.wanted(lifecycle.Gone))
	if !strings.HasSuffix(did, "\nunbind the MFA device of user ada\ndelete user ada") {
		c.Errorf("did\n%s", did)
	}
	c.wantHas(empty, "{name:other}", "policy fc-sso-left")
	c.settled(c.wanted(lifecycle.Gone))
	c.user(c.wanted(lifecycle.Active)) // a new joiner of the name
	c.wantHas(ada, dev, "{name:other}", "policy fc-sso-left")
}

// held: the maintenance role may take no policy but its own from anybody.
func (c *scene) held() {
	c.laden()
	c.ram("AttachPolicyToUser", "UserName", "ada", "PolicyName", "AdministratorAccess", "PolicyType", "System")
	err := c.effects.User(c.Context(), c.wanted(lifecycle.Gone))
	if reason.Of(err) != reason.RAMDenied || effect.Final(err) || !strings.Contains(reason.Detail(err), "DetachPolicyFromUser") {
		c.Errorf("%v", err)
	}
	if has := c.has(); !strings.Contains(has, "Custom/fc-sso-left") || strings.Contains(has, "status:Active") || strings.Contains(has, "login_profile") {
		c.Errorf("who cannot be deleted is not disabled:\n%s", has)
	}
	c.ram("DetachPolicyFromUser", "UserName", "ada", "PolicyName", "AdministratorAccess", "PolicyType", "System")
	c.user(c.wanted(lifecycle.Gone))
	c.wantHas(empty, "{name:other}", "policy fc-sso-left")
}

// capitals: whose a user is stands in small letters.
func (c *scene) capitals() {
	c.ram("CreateUser", "UserName", "Ada", "Comments", "fc-sso")
	c.user(c.wanted(lifecycle.Active))
	c.user(c.wanted(lifecycle.Active))
	c.user(c.wanted(lifecycle.Inactive))
	if has := c.has(); strings.Count(has, "{name:Ada,") != 1 || !strings.Contains(has, "Custom/fc-sso-left") {
		c.Errorf("has\n%s", has)
	}
	c.user(c.wanted(lifecycle.Gone))
	c.wantHas(empty, "policy fc-sso-left")
}

func (c *scene) otherPolicy() {
	c.user(c.wanted(lifecycle.Active))
	c.ram("CreatePolicy", "PolicyName", "fc-sso-left", "PolicyDocument", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`)
	err := c.effects.User(c.Context(), c.wanted(lifecycle.Inactive))
	if reason.Of(err) != reason.RAMConflict || effect.Final(err) {
		c.Errorf("%v", err)
	}
	if has := c.has(); strings.Contains(has, "Custom/fc-sso-left") {
		c.Errorf("has\n%s", has)
	}
}

func (c *scene) groups() {
	c.user(c.wanted(lifecycle.Active, func(w *effect.Wanted) { w.Groups = []string{"dev", "devs"} })) // somebody is early
	c.ram("AttachPolicyToGroup", "GroupName", "dev", "PolicyName", "AdministratorAccess", "PolicyType", "System")
	c.group(effect.Group{Name: "devs", Formerly: "dev"})
	c.wantHas("{name:ada,display_name:Ada L,comments:OURS,email:ada@acme.com,groups:[devs]}",
		"{name:devs,display_name:devs,comments:OKTAS,users:[ada],policies:[System/AdministratorAccess]}")
	if did := c.group(effect.Group{Name: "devs", Formerly: "dev"}) + c.group(effect.Group{Name: "All Employees", Gone: true}) + c.group(effect.Group{Name: "none", Gone: true}); did != "" {
		c.Errorf("there was more to do:\n%s", did)
	}
	err := c.effects.Group(c.Context(), effect.Group{Account: c.account, IdP: "okta", Name: "devs", Gone: true})
	if reason.Of(err) != reason.RAMConflict || effect.Final(err) {
		c.Errorf("%v", err)
	}
	c.ram("DetachPolicyFromGroup", "GroupName", "devs", "PolicyName", "AdministratorAccess", "PolicyType", "System")
	c.group(effect.Group{Name: "devs", Gone: true})
	c.ram("CreateGroup", "GroupName", "hand")
	c.group(effect.Group{Name: "hand", Gone: true})
	err = c.effects.Group(c.Context(), effect.Group{Account: c.account, IdP: "okta", Name: "HAND"})
	if reason.Of(err) != reason.RAMConflict || effect.Final(err) {
		c.Errorf("%v", err)
	}
	c.wantHas("{name:ada,display_name:Ada L,comments:OURS,email:ada@acme.com}", "{name:hand}")
	err = c.effects.Group(c.Context(), effect.Group{Account: c.account, Name: "All Employees"})
	if reason.Of(err) != reason.GroupInvalid || !effect.Final(err) {
		c.Errorf("%v", err)
	}
}
