package cloud

// askedBoth are the user and the group that the request is about.
func (v visit) askedBoth() (*user, *group, *fault) {
	u, f := v.askedUser()
	if f != nil {
		return nil, nil, f
	}
	g, f := v.askedGroup()
	return u, g, f
}

func (v visit) addUserToGroup() (ramAnswer, *fault) {
	u, g, f := v.askedBoth()
	if f != nil {
		return ramAnswer{}, f
	}
	if _, member := g.members[u]; member {
		return ramAnswer{}, knownAlready("User.Group")
	}
	if len(v.groupsOf(u)) >= v.limits.GroupsPerUser {
		return ramAnswer{}, beyondLimit("User.Group")
	}
	g.members[u] = v.now
	return ramAnswer{}, nil
}

func (v visit) removeUserFromGroup() (ramAnswer, *fault) {
	u, g, f := v.askedBoth()
	if f != nil {
		return ramAnswer{}, f
	}
	if _, member := g.members[u]; !member {
		return ramAnswer{}, noEntity("User.Group")
	}
	delete(g.members, u)
	return ramAnswer{}, nil
}

func (v visit) listGroupsForUser() (ramAnswer, *fault) {
	u, f := v.askedUser()
	if f != nil {
		return ramAnswer{}, f
	}
	list := groupList{Group: []groupBody{}}
	for _, g := range v.groupsOf(u) {
		body := v.groupBody(g)
		body.CreateDate, body.UpdateDate, body.JoinDate = "", "", stsTime(g.members[u])
		list.Group = append(list.Group, body)
	}
	return ramAnswer{Groups: &list}, nil
}

func (v visit) listUsersForGroup() (ramAnswer, *fault) {
	g, f := v.askedGroup()
	if f != nil {
		return ramAnswer{}, f
	}
	most := maxListed
	if v.ims {
		most = pageLength
	}
	members := map[string]*user{}
	for u := range g.members {
		members[lower(u.name)] = u
	}
	names, marker, f := page(v.q, namesIn(members), most)
	list := userList{User: []userBody{}}
	for _, name := range names {
		list.User = append(list.User, v.memberBody(members[name], g))
	}
	more := marker != ""
	return ramAnswer{Users: &list, IsTruncated: &more, Marker: marker}, f
}

func (v visit) memberBody(u *user, g *group) userBody {
	body := userBody{DisplayName: u.displayName, JoinDate: stsTime(g.members[u])}
	if v.ims {
		body.UserId, body.UserPrincipalName = u.id, v.upn(u)
	} else {
		body.UserName = u.name
	}
	return body
}
