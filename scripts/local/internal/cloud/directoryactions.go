package cloud

import "strings"

const (
	onUser  = "user"
	onGroup = "group"
	onBoth  = onUser + " " + onGroup
)

// directoryActions are those on users and groups, which both APIs have.
func directoryActions() map[string]ramAction {
	return map[string]ramAction{
		"CreateUser":          {onUser, inDirectory(visit.createUser)},
		"GetUser":             {onUser, inDirectory(visit.getUser)},
		"UpdateUser":          {onUser, inDirectory(visit.updateUser)},
		"DeleteUser":          {onUser, inDirectory(visit.deleteUser)},
		"ListUsers":           {onUser, inDirectory(visit.listUsers)},
		"CreateGroup":         {onGroup, inDirectory(visit.createGroup)},
		"GetGroup":            {onGroup, inDirectory(visit.getGroup)},
		"UpdateGroup":         {onGroup, inDirectory(visit.updateGroup)},
		"DeleteGroup":         {onGroup, inDirectory(visit.deleteGroup)},
		"ListGroups":          {onGroup, inDirectory(visit.listGroups)},
		"AddUserToGroup":      {onBoth, inDirectory(visit.addUserToGroup)},
		"RemoveUserFromGroup": {onBoth, inDirectory(visit.removeUserFromGroup)},
		"ListGroupsForUser":   {onUser, inDirectory(visit.listGroupsForUser)},
		"ListUsersForGroup":   {onGroup, inDirectory(visit.listUsersForGroup)},
	}
}

// nameOf is the name of what a request is about, of this kind.
func (c *Cloud) nameOf(account, kind string, q rpcRequest) string {
	switch kind {
	case onUser:
		return c.userMeant(account, q)
	case onGroup:
		return q.params.Get("GroupName")
	default:
		return nameIn(q)
	}
}

// userMeant: policies name users by name, whichever way a request does.
func (c *Cloud) userMeant(account string, q rpcRequest) string {
	if name := userIn(q); name != "" {
		return name
	}
	d := c.directory(account)
	d.mu.Lock()
	defer d.mu.Unlock()
	if u, ok := d.userOf(q.params.Get("UserId")); ok {
		return u.name
	}
	return ""
}

// userIn is the user that a request names, without domain.
func userIn(q rpcRequest) string {
	name, _, _ := strings.Cut(q.params.Get("UserPrincipalName"), "@")
	return name + q.params.Get("UserName")
}
