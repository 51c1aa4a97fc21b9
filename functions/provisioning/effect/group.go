package effect

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// GroupsHas is what RAM has of a wanted group.
type GroupsHas struct {
	Domain        string    // the account's default domain
	Group, Former *GroupHas // nil: there is none
}

// GroupHas is a RAM group.
type GroupHas struct {
	Name, Comments string

	Users    []string // without domain; read where the group may have to go
	Policies []Policy // likewise
}

// GroupSteps are the calls that make RAM what is wanted of a group, in their order.
//
// Where RAM has it under its former name and its new one, the two become one: a person
// may have been put into the new one before anybody renamed the former. The former stays
// if it can, for policies may hang on it.
func GroupSteps(w Group, has GroupsHas) ([]Step, error) {
	group, former := has.Group, has.Former
	p := groupPlanner{has.Domain, nil}
	switch {
	case w.Gone && group == nil: // as it is wanted
	case w.Gone && !fills(w.IdP, group.Comments):
		p.keep(*group)
	case w.Gone:
		return p.steps, p.remove(*group)
	case group != nil && !fills(w.IdP, group.Comments):
		return nil, othersGroup(w.IdP, *group)
	case group == nil && former != nil && fills(w.IdP, former.Comments):
		p.rename(*former, w.Name)
	case group == nil:
		p.steps = append(p.steps, newGroup(w.IdP, w.Name))
	case former == nil || strings.EqualFold(former.Name, group.Name):
	case !fills(w.IdP, former.Comments):
		p.keep(*former)
	case len(group.Policies) == 0:
		p.move(*group, *former)
		err := p.remove(GroupHas{Name: group.Name})
		p.rename(*former, w.Name)
		return p.steps, err
	default:
		if err := removable(*former); err != nil {
			return nil, err
		}
		p.move(*former, *group)
		return p.steps, p.remove(GroupHas{Name: former.Name})
	}
	return p.steps, nil
}

type groupPlanner struct {
	domain string
	steps  []Step
}

func (p *groupPlanner) add(action, group, words string, params url.Values) {
	params.Set(groupParam, group)
	p.steps = append(p.steps, Step{Action: action, Subject: group, Words: words, Params: params})
}

// othersGroup is of a group that was there before, or is another identity provider's.
func othersGroup(idp string, g GroupHas) error {
	return reason.New(reason.RAMConflict, "RAM has a group %s that was not made for identity provider %s, so its events put nobody into it: give the group another name at the identity provider; or, if they are to fill this one, begin its comments in RAM with %q", g.Name, idp, markOf(idp))
}

func newGroup(idp, name string) Step {
	return Step{Action: createGroup, Subject: name, Words: "create group " + name, Params: url.Values{
		groupParam: {name}, "DisplayName": {shortened(name, maxDisplayName)}, "Comments": {commentOf(idp)},
	}}
}

func (p *groupPlanner) keep(g GroupHas) {
	p.steps = append(p.steps, Step{Subject: g.Name, Words: "keep group " + g.Name + ", which was not made here"})
}

func (p *groupPlanner) rename(g GroupHas, name string) {
	p.add(updateGroup, g.Name, "rename group "+g.Name+" to "+name, url.Values{"NewGroupName": {name}, "NewDisplayName": {shortened(name, maxDisplayName)}})
}

// move takes users from one group to the other, into that one first: who is cut off
// between the two leaves nobody without.
func (p *groupPlanner) move(from, to GroupHas) {
	for _, user := range from.Users {
		if !contains(to.Users, user) {
			p.add(addToGroup, to.Name, "put user "+user+" into group "+to.Name, url.Values{upnParam: {user + "@" + p.domain}})
		}
	}
	p.empty(from)
}

func (p *groupPlanner) empty(g GroupHas) {
	for _, user := range g.Users {
		p.add(takeFrom, g.Name, "take user "+user+" out of group "+g.Name, url.Values{upnParam: {user + "@" + p.domain}})
	}
}

func (p *groupPlanner) remove(g GroupHas) error {
	if err := removable(g); err != nil {
		return err
	}
	p.empty(g)
	p.add(deleteGroup, g.Name, "delete group "+g.Name, url.Values{})
	return nil
}

// removable refuses to take a policy from a group: who gave it has to say what becomes of
// it.
func removable(g GroupHas) error {
	if len(g.Policies) == 0 {
		return nil
	}
	return reason.New(reason.RAMConflict, "group %s is to be deleted, and the policy %s is attached to it: detach its policies", g.Name, g.Policies[0].Name)
}

func checkGroup(w Group) error {
	if err := checkGroupName(w.Name); err != nil && !w.Gone { // else RAM never had it
		return reason.New(reason.GroupInvalid, "account %s: %w", w.Account.ID(), err)
	}
	return nil
}

func holdable(group string) bool { return checkGroupName(group) == nil }

func checkGroupName(name string) error {
	outside := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
	}
	switch i := strings.IndexFunc(name, outside); {
	case i >= 0:
		return fmt.Errorf("group %.100q has %q, where RAM takes letters, digits, . - and _ of ASCII: give it another name at the identity provider", name, []rune(name[i:])[0])
	case name == "" || len(name) > maxGroupName:
		return fmt.Errorf("group %.100q has %d characters, where RAM takes 1 to %d: give it another name at the identity provider", name, len(name), maxGroupName)
	}
	return nil
}
