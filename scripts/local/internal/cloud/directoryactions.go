package cloud

import "strings"

const (
	onUser   = "user"
	onGroup  = "group"
	onPolicy = "policy"
	onDevice = "mfa"
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
		"AddUserToGroup":      {onUser + " " + onGroup, inDirectory(visit.addUserToGroup)},
		"RemoveUserFromGroup": {onUser + " " + onGroup, inDirectory(visit.removeUserFromGroup)},
		"ListGroupsForUser":   {onUser, inDirectory(visit.listGroupsForUser)},
		"ListUsersForGroup":   {onGroup, inDirectory(visit.listUsersForGroup)},

		"CreateLoginProfile": {onUser, inDirectory(visit.createLoginProfile)},
		"GetLoginProfile":    {onUser, inDirectory(visit.getLoginProfile)},
		"UpdateLoginProfile": {onUser, inDirectory(visit.updateLoginProfile)},
		"DeleteLoginProfile": {onUser, inDirectory(visit.deleteLoginProfile)},

		"CreateAccessKey": {onUser, inDirectory(visit.createAccessKey)},
		"ListAccessKeys":  {onUser, inDirectory(visit.listAccessKeys)},
		"UpdateAccessKey": {onUser, inDirectory(visit.updateAccessKey)},
		"DeleteAccessKey": {onUser, inDirectory(visit.deleteAccessKey)},

		"CreateVirtualMFADevice": {onDevice, inDirectory(visit.createVirtualMFADevice)},
		"DeleteVirtualMFADevice": {onDevice, inDirectory(visit.deleteVirtualMFADevice)},
		"BindMFADevice":          {onUser, inDirectory(visit.bindMFADevice)},
		"UnbindMFADevice":        {onUser, inDirectory(visit.unbindMFADevice)},
		"GetUserMFAInfo":         {onUser, inDirectory(visit.getUserMFAInfo)},
	}
}

// policyActions are the older API's alone.
func policyActions() map[string]ramAction {
	return map[string]ramAction{
		"CreatePolicy":          {onPolicy, inDirectory(visit.createPolicy)},
		"GetPolicy":             {onPolicy, inDirectory(visit.getPolicy)},
		"DeletePolicy":          {onPolicy, inDirectory(visit.deletePolicy)},
		"AttachPolicyToUser":    {onUser + " " + onPolicy, inDirectory(forUser(visit.attachToUser))},
		"DetachPolicyFromUser":  {onUser + " " + onPolicy, inDirectory(forUser(visit.detachFromUser))},
		"AttachPolicyToGroup":   {onGroup + " " + onPolicy, inDirectory(forGroup(visit.attachToGroup))},
		"DetachPolicyFromGroup": {onGroup + " " + onPolicy, inDirectory(forGroup(visit.detachFromGroup))},
		"ListPoliciesForUser":   {onUser, inDirectory(forUser(visit.list))},
		"ListPoliciesForGroup":  {onGroup, inDirectory(forGroup(visit.list))},
	}
}

// resourceOf is what a request is about, of this kind. A policy of Alibaba Cloud's own
// is no account's.
func (c *Cloud) resourceOf(account, kind string, q rpcRequest) string {
	name := c.nameOf(account, kind, q)
	if name == "" {
		name = "*"
	}
	if kind == onPolicy && q.params.Get("PolicyType") == systemPolicy {
		account = "system"
	}
	return arnOf(account, kind, name)
}

func (c *Cloud) nameOf(account, kind string, q rpcRequest) string {
	switch kind {
	case onUser:
		return c.userMeant(account, q)
	case onGroup:
		return q.params.Get("GroupName")
	case onPolicy:
		return q.params.Get("PolicyName")
	case onDevice:
		return q.params.Get("VirtualMFADeviceName") + strings.TrimPrefix(q.params.Get("SerialNumber"), arnOf(account, onDevice, ""))
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
	u, ok := d.userOf(q.params.Get("UserId"))
	if !ok {
		u, ok = d.userWithKey(q.params.Get("UserAccessKeyId"))
	}
	if !ok {
		return ""
	}
	return u.name
}

// userIn is the user that a request names, without domain.
func userIn(q rpcRequest) string {
	name, _, _ := strings.Cut(q.params.Get("UserPrincipalName"), "@")
	return name + q.params.Get("UserName")
}
