package effect_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/functions/provisioning/effect"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

const (
	acme   = "1234567890123456"
	domain = "acme.onaliyun.com"
	made   = "fc-sso: made by provisioning, on events"
	filled = "fc-sso okta: made by provisioning, on events"
)

// account is acme's, with what may be done there.
func account(t *testing.T, manage federation.Manage, change ...func(*federation.AccountDraft)) federation.Account {
	t.Helper()
	d := federation.AccountDraft{
		ID: acme, Manage: manage, MaintenanceRole: "acs:ram::" + acme + ":role/maintenance", UserSSO: &federation.UserSSO{Suffixes: []string{domain}},
	}
	for _, c := range change {
		c(&d)
	}
	rev, problems := federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{{ID: "okta", SAML: trust.SAML{MetadataURL: "https://acme.okta.com/metadata"}}}, Accounts: []federation.AccountDraft{d},
	}, federation.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return rev.Accounts()[0]
}

// words are the steps as the operator reads them, and with what they were called.
func words(steps []effect.Step) string {
	var lines []string
	for _, s := range steps {
		line := s.Words
		if s.Action == "" {
			line = "(" + line + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

// user is one with all that may hang on it.
func user(comments string) *effect.UserHas {
	return &effect.UserHas{
		Name: "ada", DisplayName: "Ada L", Comments: comments, Email: "ada@acme.com",
		Groups: []string{"dev", "hand"}, Policies: []effect.Policy{{Name: "AdministratorAccess", Type: "System"}},
		Keys: []effect.Key{{ID: "LTAI1", Status: "Active"}, {ID: "LTAI2", Status: "Inactive"}}, Login: true, MFA: true,
	}
}

// TestThePlanIsWhatIsMissing lists all that is done, in its order.
func TestThePlanIsWhatIsMissing(t *testing.T) {
	left := effect.Policy{Name: "fc-sso-left", Type: "Custom"}
	all := federation.Manage{Users: true, Groups: true, Delete: true, Deny: true}
	some := federation.Manage{Users: true, Groups: true}
	denied := &effect.UserHas{Name: "ada", DisplayName: "Ada L", Comments: made, Policies: []effect.Policy{left}, Keys: []effect.Key{{ID: "LTAI1", Status: "Inactive"}}}
	there := map[string]effect.GroupHas{"dev": {Name: "dev", Comments: filled}, "ops": {Name: "Ops", Comments: filled}}
	ada := func(status lifecycle.Status) effect.Wanted {
		return effect.Wanted{Name: "ada", Status: status, There: status == lifecycle.Active, DisplayName: "Ada L", Groups: []string{"dev", "ops"}, Left: []string{"old"}}
	}
	for name, tt := range map[string]struct {
		manage federation.Manage
		wanted effect.Wanted
		has    effect.Has
		want   string
	}{
		"nobody is there":              {some, ada(lifecycle.Active), effect.Has{Groups: there}, "create user ada\nput user ada into group dev\nput user ada into group Ops"},
		"nor is a group":               {some, ada(lifecycle.Active), effect.Has{Groups: map[string]effect.GroupHas{"dev": {Name: "dev", Comments: filled}}}, "create user ada\nput user ada into group dev\ncreate group ops\nput user ada into group ops"},
		"all is there":                 {some, ada(lifecycle.Active), effect.Has{User: &effect.UserHas{Name: "ada", DisplayName: "Ada L", Comments: made, Groups: []string{"dev", "Ops", "hand"}}}, ""},
		"another display name":         {some, effect.Wanted{Name: "ada", Status: lifecycle.Active, DisplayName: "Ada King"}, effect.Has{User: &effect.UserHas{Name: "ada", DisplayName: "Ada L", Comments: made}}, "describe user ada anew"},
		"no display name":              {some, effect.Wanted{Name: "ada", Status: lifecycle.Active}, effect.Has{User: &effect.UserHas{Name: "ada", DisplayName: "Ada L", Comments: made}}, ""},
		"a user made by hand":          {some, ada(lifecycle.Active), effect.Has{User: &effect.UserHas{Name: "ada", DisplayName: "Countess", Comments: "by hand", Login: true}, Groups: there}, "put user ada into group dev\nput user ada into group Ops"},
		"a group that they left":       {some, effect.Wanted{Name: "ada", Status: lifecycle.Active, Left: []string{"DEV", "none"}}, effect.Has{User: user("by hand")}, "take user ada out of group dev"},
		"a group made by hand":         {some, effect.Wanted{Name: "ada", Status: lifecycle.Active, There: true, Groups: []string{"admins"}}, effect.Has{User: &effect.UserHas{Name: "ada"}, Groups: map[string]effect.GroupHas{"admins": {Name: "Admins", Comments: made}}}, "(leave user ada out of group Admins, which was not made for okta)"},
		"another's group":              {some, effect.Wanted{Name: "ada", Status: lifecycle.Active, There: true, Groups: []string{"dev"}}, effect.Has{User: &effect.UserHas{Name: "ada"}, Groups: map[string]effect.GroupHas{"dev": {Name: "dev", Comments: "fc-sso okta2: made by provisioning, on events"}}}, "(leave user ada out of group dev, which was not made for okta)"},
		"a group that was handed over": {some, effect.Wanted{Name: "ada", Status: lifecycle.Active, There: true, Groups: []string{"dev"}}, effect.Has{User: &effect.UserHas{Name: "ada"}, Groups: map[string]effect.GroupHas{"dev": {Name: "dev", Comments: "fc-sso entra okta"}}}, "put user ada into group dev"},
		"out of a group made by hand":  {some, effect.Wanted{Name: "ada", Status: lifecycle.Active, Left: []string{"hand"}}, effect.Has{User: user("by hand"), Groups: map[string]effect.GroupHas{"hand": {Name: "hand"}}}, "(leave user ada in group hand, which was not made for okta)"},
		"a password under SSO":         {some, effect.Wanted{Name: "ada", Status: lifecycle.Active}, effect.Has{User: user(made)}, "delete the password of user ada, who signs in by SSO"},
		"a new name":                   {some, effect.Wanted{Name: "ada.k", Formerly: "ada", Status: lifecycle.Active}, effect.Has{Former: &effect.UserHas{Name: "ada"}}, "rename user ada to ada.k"},
		"a new name that is there":     {some, effect.Wanted{Name: "ada.k", Formerly: "ada", Status: lifecycle.Active}, effect.Has{User: &effect.UserHas{Name: "ada.k"}}, ""},
		"a new name of nobody":         {some, effect.Wanted{Name: "ada.k", Formerly: "ada", Status: lifecycle.Active, There: true}, effect.Has{}, "create user ada.k"},
		"of nobody, who need not be":   {some, effect.Wanted{Name: "ada.k", Formerly: "ada", Status: lifecycle.Active}, effect.Has{}, ""},
		"who left before they came":    {some, effect.Wanted{Name: "ada", Status: lifecycle.Inactive, There: true}, effect.Has{}, "create user ada"},
		"a leaver's new name":          {some, effect.Wanted{Name: "ada.k", Formerly: "ada", Status: lifecycle.Inactive, There: true, DisplayName: "Ada King", Groups: []string{"dev"}}, effect.Has{Former: &effect.UserHas{Name: "ada", DisplayName: "Ada L", Comments: made, Groups: []string{"dev"}}}, "take user ada out of group dev\nrename user ada to ada.k\ndescribe user ada.k anew"},
		"who is gone before they came": {some, effect.Wanted{Name: "ada", Status: lifecycle.Gone, There: true}, effect.Has{}, ""},
		"a group of no name in RAM":    {some, effect.Wanted{Name: "ada", Status: lifecycle.Active, There: true, Groups: []string{"All Employees"}}, effect.Has{}, "create user ada\n(leave user ada out of a group: group \"All Employees\" has ' ', where RAM takes letters, digits, . - and _ of ASCII: give it another name at the identity provider)"},
		"who comes back":               {all, ada(lifecycle.Active), effect.Has{User: denied, Groups: there}, "allow user ada again\nput user ada into group dev\nput user ada into group Ops"},
		"who may not, and is not":      {all, ada(lifecycle.Inactive), effect.Has{}, ""},
		"who may not":                  {some, ada(lifecycle.Inactive), effect.Has{User: user(made)}, "switch off access key LTAI1 of user ada\ndelete the password of user ada\ntake user ada out of group dev"},
		"who may do nothing":           {all, ada(lifecycle.Inactive), effect.Has{User: user("by hand"), DenyPolicy: true}, "forbid user ada everything\nswitch off access key LTAI1 of user ada\ndelete the password of user ada\ntake user ada out of group dev"},
		"the first who may do nothing": {all, ada(lifecycle.Inactive), effect.Has{User: &effect.UserHas{Name: "ada"}}, "create policy fc-sso-left\nforbid user ada everything"},
		"who may do nothing already":   {all, ada(lifecycle.Inactive), effect.Has{User: denied, DenyPolicy: true}, ""},
		"who is gone, and kept":        {some, ada(lifecycle.Gone), effect.Has{User: user(made)}, "switch off access key LTAI1 of user ada\ndelete the password of user ada\ntake user ada out of group dev"},
		"who is gone": {all, ada(lifecycle.Gone), effect.Has{User: user(made)}, "create policy fc-sso-left\nforbid user ada everything\nswitch off access key LTAI1 of user ada\ndelete the password of user ada\ntake user ada out of group dev\ntake user ada out of group hand\n" +
			"take policy AdministratorAccess from user ada\ntake policy fc-sso-left from user ada\ndelete access key LTAI1 of user ada\ndelete access key LTAI2 of user ada\nunbind the MFA device of user ada\ndelete user ada"},
		"who is gone, made by hand": {federation.Manage{Users: true, Delete: true}, ada(lifecycle.Gone), effect.Has{User: &effect.UserHas{Name: "ada"}}, "(keep user ada, who was not made here: it is disabled instead of deleted)"},
		"who is gone already":       {all, ada(lifecycle.Gone), effect.Has{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt.wanted.Account, tt.wanted.IdP, tt.has.Domain = account(t, tt.manage), "okta", domain
			if got := words(effect.Steps(tt.wanted, tt.has)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestThePlanOfAGroup(t *testing.T) {
	group := func(name, comments string, users ...string) *effect.GroupHas {
		return &effect.GroupHas{Name: name, Comments: comments, Users: users}
	}
	used := func(g *effect.GroupHas) *effect.GroupHas {
		g.Policies = []effect.Policy{{Name: "AdministratorAccess", Type: "System"}}
		return g
	}
	others := func(name string) string {
		return "ram_conflict: RAM has a group " + name + " that was not made for identity provider okta, so its events put nobody into it: give the group another name at the identity provider; or, if they are to fill this one, begin its comments in RAM with \"fc-sso okta\""
	}
	for name, tt := range map[string]struct {
		wanted effect.Group
		has    effect.GroupsHas
		want   string
	}{
		"none":                           {effect.Group{Name: "dev"}, effect.GroupsHas{}, "create group dev"},
		"there":                          {effect.Group{Name: "dev"}, effect.GroupsHas{Group: group("dev", filled)}, ""},
		"there, and made by hand":        {effect.Group{Name: "dev"}, effect.GroupsHas{Group: group("dev", "by hand")}, others("dev")},
		"there, and another's":           {effect.Group{Name: "dev"}, effect.GroupsHas{Group: group("dev", "fc-sso entra: made by provisioning, on events")}, others("dev")},
		"there, and handed over":         {effect.Group{Name: "dev"}, effect.GroupsHas{Group: group("dev", "fc-sso entra okta: the developers")}, ""},
		"gone, and another's":            {effect.Group{Name: "dev", Gone: true}, effect.GroupsHas{Group: group("dev", "fc-sso entra", "ada")}, "(keep group dev, which was not made here)"},
		"renamed":                        {effect.Group{Name: "devs", Formerly: "dev"}, effect.GroupsHas{Former: group("dev", filled)}, "rename group dev to devs"},
		"renamed, made by hand":          {effect.Group{Name: "devs", Formerly: "dev"}, effect.GroupsHas{Former: group("dev", "")}, "create group devs"},
		"renamed already":                {effect.Group{Name: "devs", Formerly: "dev"}, effect.GroupsHas{Group: group("devs", filled)}, ""},
		"other capitals":                 {effect.Group{Name: "Dev", Formerly: "dev"}, effect.GroupsHas{Group: group("dev", filled), Former: group("dev", filled)}, ""},
		"somebody was put there early":   {effect.Group{Name: "devs", Formerly: "dev"}, effect.GroupsHas{Group: group("devs", filled, "ada", "bob"), Former: used(group("dev", filled, "ada"))}, "put user bob into group dev\ntake user ada out of group devs\ntake user bob out of group devs\ndelete group devs\nrename group dev to devs"},
		"the new one was made by hand":   {effect.Group{Name: "devs", Formerly: "dev"}, effect.GroupsHas{Group: group("devs", ""), Former: group("dev", filled, "ada")}, others("devs")},
		"the former was made by hand":    {effect.Group{Name: "devs", Formerly: "dev"}, effect.GroupsHas{Group: group("devs", filled), Former: group("dev", "", "ada")}, "(keep group dev, which was not made here)"},
		"policies hang on both":          {effect.Group{Name: "devs", Formerly: "dev"}, effect.GroupsHas{Group: used(group("devs", filled)), Former: used(group("dev", filled))}, "ram_conflict: group dev is to be deleted, and the policy AdministratorAccess is attached to it: detach its policies"},
		"gone":                           {effect.Group{Name: "dev", Gone: true}, effect.GroupsHas{Group: group("dev", filled, "ada")}, "take user ada out of group dev\ndelete group dev"},
		"gone, and made by hand":         {effect.Group{Name: "dev", Gone: true}, effect.GroupsHas{Group: group("dev", "by hand", "ada")}, "(keep group dev, which was not made here)"},
		"gone, and a policy hangs on it": {effect.Group{Name: "dev", Gone: true}, effect.GroupsHas{Group: used(group("dev", filled, "ada"))}, "ram_conflict: group dev is to be deleted, and the policy AdministratorAccess is attached to it: detach its policies"},
		"gone already":                   {effect.Group{Name: "dev", Gone: true}, effect.GroupsHas{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			tt.wanted.IdP = "okta"
			steps, err := effect.GroupSteps(tt.wanted, tt.has)
			got := words(steps)
			if err != nil {
				got = fmt.Sprintf("%s: %s", reason.Of(err), reason.Detail(err))
			}
			if got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestNamesAreCutWithCare(t *testing.T) {
	acmes := account(t, federation.Manage{Users: true})
	abroad := account(t, federation.Manage{Users: true}, func(d *federation.AccountDraft) { d.Site = "international" })
	for name, tt := range map[string]struct {
		wanted         effect.Wanted
		display, email string
	}{
		"plain":                      {effect.Wanted{DisplayName: "Ada Lovelace", Email: "ada@acme.com"}, "Ada Lovelace", "ada@acme.com"},
		"Chinese":                    {effect.Wanted{DisplayName: "王芳"}, "王芳", ""},
		"24 characters":              {effect.Wanted{DisplayName: strings.Repeat("王", 24)}, strings.Repeat("王", 24), ""},
		"25 characters":              {effect.Wanted{DisplayName: strings.Repeat("王", 25)}, strings.Repeat("王", 24), ""},
		"an accent beyond the limit": {effect.Wanted{DisplayName: strings.Repeat("a", 23) + "e\u0301x"}, strings.Repeat("a", 23), ""},
		"a family of one sign":       {effect.Wanted{DisplayName: strings.Repeat("a", 22) + "👩\u200d👧"}, strings.Repeat("a", 22), ""},
		"a blank at the limit":       {effect.Wanted{DisplayName: strings.Repeat("a", 23) + " bc"}, strings.Repeat("a", 23), ""},
		"controls and blanks":        {effect.Wanted{DisplayName: " Ada\t \x00\u202eL\n"}, "Ada L", ""},
		"bytes of no character":      {effect.Wanted{DisplayName: "Ada\xff L"}, "Ada L", ""},
		"nothing":                    {effect.Wanted{}, "ada", ""},
		"blanks alone":               {effect.Wanted{DisplayName: " \t\u200b"}, "ada", ""},
		"no address":                 {effect.Wanted{DisplayName: "A", Email: "ada"}, "A", ""},
		"an address of two":          {effect.Wanted{DisplayName: "A", Email: "a@b@acme.com"}, "A", ""},
		"a local address":            {effect.Wanted{DisplayName: "A", Email: "ada@localhost"}, "A", ""},
		"an address abroad":          {effect.Wanted{Account: abroad, DisplayName: "A", Email: "ada@acme.com"}, "A", ""},
		"an address beyond ASCII":    {effect.Wanted{DisplayName: "A", Email: "ädä@acme.com"}, "A", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := tt.wanted
			w.Name, w.Status, w.There = "ada", lifecycle.Active, true
			if w.Account.IsZero() {
				w.Account = acmes
			}
			params := effect.Steps(w, effect.Has{Domain: domain})[0].Params
			if got := params.Get("DisplayName"); got != tt.display || params.Get("Email") != tt.email {
				t.Errorf("%q, %q", got, params.Get("Email"))
			}
			if params.Get("UserPrincipalName") != "ada@"+domain || params.Get("Comments") != made {
				t.Errorf("%v", params)
			}
		})
	}
}
