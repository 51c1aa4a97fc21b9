package effect

import (
	"net/url"
	"slices"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// Step is one call that changes RAM; without an action it is only told.
type Step struct {
	Action  string
	Subject string // the user's or the group's name
	Words   string // what it does, for the operator
	Params  url.Values

	older bool // of RAM's two APIs
}

// Has is what RAM has of a wanted user.
type Has struct {
	Domain     string   // the account's default domain
	User       *UserHas // nil: there is none of the name
	Former     *UserHas // likewise; read where the former is missing
	DenyPolicy bool     // the account has the policy that forbids all

	Groups map[string]GroupHas // of the groups that the user is to be put into or taken out of, those that RAM has
}

// UserHas is a RAM user.
type UserHas struct {
	Name, DisplayName, Comments, Email string

	Groups   []string
	Policies []Policy
	Keys     []Key
	Login    bool // there is a login profile: a password
	MFA      bool // a device is bound
}

// Policy is one that is attached to somebody.
type Policy struct{ Name, Type string }

// Key is an access key.
type Key struct{ ID, Status string }

// The actions, as both APIs call them.
const (
	createUser   = "CreateUser"
	updateUser   = "UpdateUser"
	deleteUser   = "DeleteUser"
	addToGroup   = "AddUserToGroup"
	takeFrom     = "RemoveUserFromGroup"
	createGroup  = "CreateGroup"
	updateGroup  = "UpdateGroup"
	deleteGroup  = "DeleteGroup"
	deleteLogin  = "DeleteLoginProfile"
	updateKey    = "UpdateAccessKey"
	deleteKey    = "DeleteAccessKey"
	unbindMFA    = "UnbindMFADevice"
	createPolicy = "CreatePolicy"
	attachPolicy = "AttachPolicyToUser"
	detachPolicy = "DetachPolicyFromUser"
)

const (
	upnParam   = "UserPrincipalName"
	groupParam = "GroupName"
	inactive   = "Inactive"
)

// Steps are the calls that make RAM what is wanted of a user, in their order.
func Steps(w Wanted, has Has) []Step {
	p := planner{wanted: w, has: has}
	there := has.User != nil || has.Former != nil
	switch {
	case !there && (!w.There || w.Status == lifecycle.Gone): // it is as it is wanted
	case !there:
		p.create()
	case w.Status == lifecycle.Active:
		p.keep()
	case w.Status == lifecycle.Inactive || !w.Account.Manage().Delete:
		p.rest()
	case ours(has.named().Comments):
		p.remove()
	default:
		p.keepInstead()
	}
	return p.steps
}

type planner struct {
	wanted Wanted
	has    Has
	steps  []Step
}

// ims adds a call of the newer API about the user.
func (p *planner) ims(action, name, words string, params url.Values) {
	params.Set(upnParam, name+"@"+p.has.Domain)
	p.steps = append(p.steps, Step{Action: action, Subject: name, Words: words, Params: params})
}

func (p *planner) create() {
	w := p.wanted
	params := url.Values{"DisplayName": {displayName(w)}, "Comments": {comment}}
	if email := emailOf(w); email != "" {
		params.Set("Email", email)
	}
	p.ims(createUser, w.Name, "create user "+w.Name, params)
	if w.Status != lifecycle.Active {
		p.disable(UserHas{Name: w.Name})
		return
	}
	p.join(w.Name, nil)
}

// named is the user by the one name or the other.
func (h Has) named() UserHas {
	if h.User != nil {
		return *h.User
	}
	return *h.Former
}

// renamed is the user that is there, by the name that is wanted.
func (p *planner) renamed() UserHas {
	u := p.has.named()
	if p.has.User == nil {
		p.ims(updateUser, u.Name, "rename user "+u.Name+" to "+p.wanted.Name, url.Values{"New" + upnParam: {p.wanted.Name + "@" + p.has.Domain}})
		u.Name = p.wanted.Name
	}
	return u
}

// rest makes a user of one that is there who may do nothing, and that first: no name that
// RAM does not take is to stand before it.
func (p *planner) rest() {
	p.disable(p.has.named())
	u := p.renamed()
	if p.wanted.There {
		p.describe(u)
	}
}

// keep makes an active user of one that is there.
func (p *planner) keep() {
	u := p.renamed()
	p.describe(u)
	if u.Login && ours(u.Comments) {
		p.ims(deleteLogin, u.Name, "delete the password of user "+u.Name+", who signs in by SSO", url.Values{})
	}
	p.leave(u, p.fillable(u))
	if slices.Contains(u.Policies, leftPolicy()) {
		p.policy(detachPolicy, u, leftPolicy(), "allow user "+u.Name+" again")
	}
	p.join(u.Name, u.Groups)
}

// describe leaves what somebody wrote by hand.
func (p *planner) describe(u UserHas) {
	if !ours(u.Comments) {
		return
	}
	params := url.Values{}
	if name := displayName(p.wanted); p.wanted.DisplayName != "" && name != u.DisplayName {
		params.Set("NewDisplayName", name)
	}
	if email := emailOf(p.wanted); email != "" && email != u.Email {
		params.Set("NewEmail", email)
	}
	if len(params) > 0 {
		p.ims(updateUser, u.Name, "describe user "+u.Name+" anew", params)
	}
}

func (p *planner) disable(u UserHas) {
	manage := p.wanted.Account.Manage()
	if manage.Deny && !slices.Contains(u.Policies, leftPolicy()) {
		if !p.has.DenyPolicy {
			p.steps = append(p.steps, newLeftPolicy())
		}
		p.policy(attachPolicy, u, leftPolicy(), "forbid user "+u.Name+" everything")
	}
	for _, key := range u.Keys {
		if key.Status != inactive {
			p.ims(updateKey, u.Name, "switch off access key "+key.ID+" of user "+u.Name, url.Values{keyParam: {key.ID}, "Status": {inactive}})
		}
	}
	if u.Login {
		p.ims(deleteLogin, u.Name, "delete the password of user "+u.Name, url.Values{})
	}
	p.leave(u, slices.Concat(p.wanted.Groups, p.wanted.Left))
}

// remove disables first: a user may have what the maintenance role may not take from it,
// and stays until somebody does. Then it goes in the order that RAM demands: what hangs on
// a user goes before it.
func (p *planner) remove() {
	u := p.has.named()
	p.disable(u)
	p.leave(u, slices.DeleteFunc(slices.Clone(u.Groups), func(g string) bool { return contains(p.wanted.Groups, g) || contains(p.wanted.Left, g) }))
	policies := slices.DeleteFunc(slices.Clone(u.Policies), func(policy Policy) bool { return policy == leftPolicy() })
	if p.wanted.Account.Manage().Deny || len(policies) < len(u.Policies) {
		policies = append(policies, leftPolicy()) // the last
	}
	for _, policy := range policies {
		p.policy(detachPolicy, u, policy, "take policy "+policy.Name+" from user "+u.Name)
	}
	for _, key := range u.Keys {
		p.ims(deleteKey, u.Name, "delete access key "+key.ID+" of user "+u.Name, url.Values{keyParam: {key.ID}})
	}
	if u.MFA {
		p.ims(unbindMFA, u.Name, "unbind the MFA device of user "+u.Name, url.Values{})
	}
	p.ims(deleteUser, u.Name, "delete user "+u.Name, url.Values{})
}

// keepInstead disables a user who was not made here.
func (p *planner) keepInstead() {
	u := p.has.named()
	p.steps = append(p.steps, Step{Subject: u.Name, Words: "keep user " + u.Name + ", who was not made here: it is disabled instead of deleted"})
	p.disable(u)
}
