package cloud

import "time"

// groupBody is a group as both APIs show one; the older knows no display names.
type groupBody struct {
	GroupId     string `json:",omitempty" xml:",omitempty"`
	GroupName   string `json:",omitempty" xml:",omitempty"`
	DisplayName string `json:",omitempty" xml:",omitempty"`
	Comments    string `json:",omitempty" xml:",omitempty"`
	CreateDate  string `json:",omitempty" xml:",omitempty"`
	UpdateDate  string `json:",omitempty" xml:",omitempty"`
	JoinDate    string `json:",omitempty" xml:",omitempty"` // in lists of a user's groups, instead of the others
}

type groupList struct{ Group []groupBody }

const maxGroupsListed = 100 // on a page

func (v visit) groupBody(g *group) groupBody {
	body := groupBody{
		GroupId: g.id, GroupName: g.name, DisplayName: g.displayName, Comments: g.comments,
		CreateDate: stsTime(g.created), UpdateDate: stsTime(g.updated),
	}
	if !v.ims {
		body.DisplayName = ""
	}
	return body
}

func (v visit) answerGroup(g *group) (ramAnswer, *fault) {
	body := v.groupBody(g)
	return ramAnswer{Group: &body}, nil
}

func (v visit) groupName(param string) (string, *fault) {
	name := v.q.params.Get(param)
	if name == "" {
		return "", missing(param)
	}
	return name, requireEntityName(param, name)
}

func (v visit) askedGroup() (*group, *fault) {
	name, f := v.groupName("GroupName")
	if f != nil {
		return nil, f
	}
	if g, ok := v.group(name); ok {
		return g, nil
	}
	return nil, noEntity("Group")
}

func (v visit) readGroup(prefix string, g *group) *fault {
	if f := v.read(prefix+"Comments", maxComments, &g.comments); f != nil || !v.ims {
		return f
	}
	return v.readDisplayName(prefix+"DisplayName", &g.displayName)
}

func (v visit) createGroup() (ramAnswer, *fault) {
	name, f := v.groupName("GroupName")
	if f != nil {
		return ramAnswer{}, f
	}
	made := &group{name: name, id: "g-" + lower(text(16)), created: v.now, updated: v.now, members: map[*user]time.Time{}, policies: attached{}}
	if f := v.readGroup("", made); f != nil {
		return ramAnswer{}, f
	}
	if _, known := v.groups[lower(name)]; known {
		return ramAnswer{}, knownAlready("Group")
	}
	if len(v.groups) >= v.limits.Groups {
		return ramAnswer{}, beyondLimit("Group")
	}
	v.groups[lower(name)] = made
	return v.answerGroup(made)
}

func (v visit) getGroup() (ramAnswer, *fault) {
	g, f := v.askedGroup()
	if f != nil {
		return ramAnswer{}, f
	}
	return v.answerGroup(g)
}

func (v visit) updateGroup() (ramAnswer, *fault) {
	g, f := v.askedGroup()
	if f != nil {
		return ramAnswer{}, f
	}
	changed := *g
	if v.q.params.Has("NewGroupName") {
		if changed.name, f = v.groupName("NewGroupName"); f != nil {
			return ramAnswer{}, f
		}
	}
	if f := v.readGroup("New", &changed); f != nil {
		return ramAnswer{}, f
	}
	if other, known := v.groups[lower(changed.name)]; known && other != g {
		return ramAnswer{}, knownAlready("Group")
	}
	delete(v.groups, lower(g.name))
	*g = changed
	g.updated = v.now
	v.groups[lower(g.name)] = g
	return v.answerGroup(g)
}

func (v visit) deleteGroup() (ramAnswer, *fault) {
	g, f := v.askedGroup()
	if f != nil {
		return ramAnswer{}, f
	}
	switch {
	case len(g.members) > 0:
		return ramAnswer{}, inTheWay("Group.User")
	case len(g.policies) > 0:
		return ramAnswer{}, inTheWay("Group.Policy")
	}
	delete(v.groups, lower(g.name))
	return ramAnswer{}, nil
}

func (v visit) listGroups() (ramAnswer, *fault) {
	names, marker, f := page(v.q, namesIn(v.groups), maxGroupsListed)
	list := groupList{Group: []groupBody{}}
	for _, name := range names {
		list.Group = append(list.Group, v.groupBody(v.groups[name]))
	}
	more := marker != ""
	return ramAnswer{Groups: &list, IsTruncated: &more, Marker: marker}, f
}
