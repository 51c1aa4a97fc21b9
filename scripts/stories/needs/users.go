package needs

// users is what provisioning needs beside, or instead of, what keeps trust up to date.
func users() Way {
	may := func(name, what string) Need {
		return Need{name, Account, "it may " + what, "users.permission.json", "ram_denied", name[len("ram:"):] + ": status 403, NoPermission"}
	}
	return Way{
		Name: "users", Title: "`manage: {users: true}`",
		Text: "`provisioning` makes RAM users and groups of ACCOUNT what events want of them, by ROLE, the account's `maintenanceRole`. It can make nobody more than they are: of policies it may attach and detach one, `fc-sso-left`, which forbids all; it gives no password and no key. So a user who is to be deleted and has other policies is disabled, and stays until somebody detaches them. What is missing stands in the function's log, and with the events that wait for it: `ssoctl events list`.",
		Needs: []Need{
			{"role", Account, "the role ROLE", "", "ram_denied", role + ": AssumeRole: status 404, EntityNotExist.Role"},
			{"trust", Account, "its trust policy lets in the function's role", "maintenance.trust.json", "ram_denied", notTaken},
			{"permission", Bundle, "the role `fc-sso-provisioning` is allowed to assume it", "maintenance.function.json", "ram_denied", notTaken},
			may("ram:GetDefaultDomain", "read what its users' names end in"),
			may("ram:GetUser", "read users"),
			may("ram:ListUsers", "find users whose names are written in other capitals"),
			may("ram:CreateUser", "make users; only for rules with `create: true`"),
			may("ram:UpdateUser", "rename and describe users"),
			may("ram:ListGroupsForUser", "read which groups a user is in"),
			may("ram:ListPoliciesForUser", "read which policies a user has"),
			may("ram:GetLoginProfile", "read whether a user has a password"),
			may("ram:DeleteLoginProfile", "take passwords away"),
			may("ram:ListAccessKeys", "read which access keys a user has"),
			may("ram:UpdateAccessKey", "switch access keys off"),
			may("ram:GetPolicy", "read the policy `fc-sso-left`; only for `manage: {deny: true}`"),
			may("ram:CreatePolicy", "make it; likewise"),
			may("ram:AttachPolicyToUser", "attach it; likewise"),
			may("ram:DetachPolicyFromUser", "detach it; likewise"),
			may("ram:GetGroup", "read groups; from here on only for `manage: {groups: true}`"),
			may("ram:ListGroups", "find groups whose names are written in other capitals"),
			may("ram:CreateGroup", "make groups"),
			may("ram:UpdateGroup", "rename groups"),
			may("ram:AddUserToGroup", "put users into groups"),
			may("ram:RemoveUserFromGroup", "take users out of groups"),
			may("ram:ListUsersForGroup", "read who is in a group that has to go"),
			may("ram:ListPoliciesForGroup", "read which policies hang on one"),
			may("ram:DeleteGroup", "delete groups"),
			may("ram:GetUserMFAInfo", "read whether a user has an MFA device; from here on only for `manage: {delete: true}`"),
			may("ram:UnbindMFADevice", "unbind MFA devices"),
			may("ram:DeleteAccessKey", "delete access keys"),
			may("ram:DeleteUser", "delete users"),
		},
	}
}
