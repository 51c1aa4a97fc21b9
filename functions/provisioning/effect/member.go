package effect

import (
	"net/url"
	"slices"
	"strings"
)

// join puts the user into the groups that it lacks; one that is missing is made first.
func (p *planner) join(user string, in []string) {
	for _, group := range p.wanted.Groups {
		if contains(in, group) {
			continue
		}
		if err := checkGroupName(group); err != nil { // which an event about the group is refused for
			p.steps = append(p.steps, Step{Subject: user, Words: "leave user " + user + " out of a group: " + err.Error()})
			continue
		}
		there, ok := p.has.Groups[group]
		switch {
		case !ok:
			there.Name = group
			p.steps = append(p.steps, newGroup(p.wanted.IdP, group))
		case !fills(p.wanted.IdP, there.Comments): // likewise
			p.steps = append(p.steps, Step{Subject: user, Words: "leave user " + user + " out of group " + there.Name + ", which was not made for " + p.wanted.IdP})
			continue
		}
		p.ims(addToGroup, user, "put user "+user+" into group "+there.Name, url.Values{groupParam: {there.Name}})
	}
}

// leave takes the user out of those of the groups that it is in.
func (p *planner) leave(u UserHas, groups []string) {
	for _, group := range u.Groups {
		if contains(groups, group) {
			p.ims(takeFrom, u.Name, "take user "+u.Name+" out of group "+group, url.Values{groupParam: {group}})
		}
	}
}

// fillable are the groups that the user is to be taken out of, as far as that is for events
// to say. Who is disabled leaves all that events named: they are to have less.
func (p *planner) fillable(u UserHas) []string {
	return slices.DeleteFunc(slices.Clone(p.wanted.Left), func(group string) bool {
		there, ok := p.has.Groups[group]
		if !ok || fills(p.wanted.IdP, there.Comments) {
			return false
		}
		p.steps = append(p.steps, Step{Subject: u.Name, Words: "leave user " + u.Name + " in group " + there.Name + ", which was not made for " + p.wanted.IdP})
		return true
	})
}

// contains: RAM tells no two groups apart by case.
func contains(groups []string, group string) bool {
	return slices.ContainsFunc(groups, func(g string) bool { return strings.EqualFold(g, group) })
}
