package peers_test

import (
	"slices"
	"strings"
	"testing"

	ims "github.com/alibabacloud-go/ims-20190815/v4/client"
	ram "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

func ramClient(t *testing.T, s *stack.Stack, role string) *ram.Client {
	t.Helper()
	return must(ram.NewClient(configured(s.Cloud.RAM, inRole(t, s, role))))(t)
}

func judgeRoles(t *testing.T, s *stack.Stack) {
	t.Helper()
	c := ramClient(t, s, maintenanceRole)
	role := must(c.GetRole(&ram.GetRoleRequest{RoleName: tea.String("admin")}))(t).Body.Role
	if tea.Int64Value(role.MaxSessionDuration) != 43200 || !strings.Contains(tea.StringValue(role.AssumeRolePolicyDocument), "fc-sso-portal") || tea.StringValue(role.RoleId) == "" {
		t.Errorf("%v", role)
	}
	var names []string
	for request, more := (&ram.ListRolesRequest{MaxItems: tea.Int32(2)}), true; more; {
		page := must(c.ListRoles(request))(t).Body
		for _, role := range page.Roles.Role {
			names = append(names, tea.StringValue(role.RoleName))
		}
		request.Marker, more = page.Marker, tea.BoolValue(page.IsTruncated)
	}
	if strings.Join(names, " ") != stack.DirectoryRole+" admin fc-sso-maintenance" {
		t.Errorf("%v", names)
	}
	owner := ramClient(t, s, ownersRole)
	shorter := must(owner.UpdateRole(&ram.UpdateRoleRequest{RoleName: tea.String("admin"), NewMaxSessionDuration: tea.Int64(3600)}))(t).Body.Role
	if tea.Int64Value(shorter.MaxSessionDuration) != 3600 || tea.StringValue(shorter.AssumeRolePolicyDocument) != tea.StringValue(role.AssumeRolePolicyDocument) {
		t.Errorf("%v", shorter)
	}
	_, err := c.GetRole(&ram.GetRoleRequest{RoleName: tea.String("nobody")})
	wantCode(t, "unknown", err, "EntityNotExist.Role")
}

// upn names a user of the account as the newer API wants it.
func upn(name string) *string { return tea.String(name + "@acme-prod.onaliyun.com") }

// judgeUsers lets the newer SDK make and rename a user whom the older one reads.
func judgeUsers(t *testing.T, s *stack.Stack, c *ims.Client) {
	t.Helper()
	older := ramClient(t, s, maintenanceRole)
	made := must(c.CreateUser(&ims.CreateUserRequest{UserPrincipalName: upn("ada"), DisplayName: tea.String("Ada Lovelace"), Comments: tea.String("fc-sso"), Email: tea.String("ada@acme.example")}))(t).Body.User
	if tea.StringValue(made.UserId) == "" || tea.StringValue(made.ProvisionType) != "Manual" || tea.StringValue(made.CreateDate) == "" {
		t.Errorf("made: %v", made)
	}
	must(c.UpdateUser(&ims.UpdateUserRequest{UserId: made.UserId, NewUserPrincipalName: upn("countess"), NewDisplayName: tea.String("Countess")}))(t)
	read := must(older.GetUser(&ram.GetUserRequest{UserName: tea.String("countess")}))(t).Body.User
	if tea.StringValue(read.UserId) != tea.StringValue(made.UserId) || tea.StringValue(read.DisplayName) != "Countess" || tea.StringValue(read.Comments) != "fc-sso" || tea.StringValue(read.Email) != "ada@acme.example" {
		t.Errorf("renamed: %v", read)
	}
	must(older.CreateUser(&ram.CreateUserRequest{UserName: tea.String("grace")}))(t)
	if listed, shown := userNames(t, c), s.Directory(t, "1234567890123456").Users; !slices.Contains(listed, "grace@acme-prod.onaliyun.com") || len(listed) != len(shown) {
		t.Errorf("listed: %v, and there are %+v", listed, shown)
	}
	_, err := c.GetUser(&ims.GetUserRequest{UserPrincipalName: upn("ada")})
	wantCode(t, "the old name", err, "EntityNotExist.User")
	_, err = c.CreateUser(&ims.CreateUserRequest{UserPrincipalName: upn("Grace"), DisplayName: tea.String("Grace")})
	wantCode(t, "a name that is taken", err, "EntityAlreadyExists.User")
	_, err = c.UpdateUser(&ims.UpdateUserRequest{UserPrincipalName: upn("grace"), NewUserPrincipalName: upn("countess")})
	wantCode(t, "another's name", err, "EntityAlreadyExists.User")
	_, err = c.CreateUser(&ims.CreateUserRequest{UserPrincipalName: upn("a+b"), DisplayName: tea.String("x")})
	wantCode(t, "characters", err, "InvalidParameter.UserPrincipalName.InvalidChars")
	_, err = c.CreateUser(&ims.CreateUserRequest{UserPrincipalName: upn("new"), DisplayName: tea.String(strings.Repeat("x", 25))})
	wantCode(t, "a long name", err, "InvalidParameter.DisplayName.Length")
	_, err = older.CreateUser(&ram.CreateUserRequest{UserName: tea.String(strings.Repeat("x", 65))})
	wantCode(t, "a longer name", err, "InvalidParameter.UserName.Length")
	must(c.DeleteUser(&ims.DeleteUserRequest{UserId: made.UserId}))(t)
	must(older.DeleteUser(&ram.DeleteUserRequest{UserName: tea.String("grace")}))(t)
	_, err = older.DeleteUser(&ram.DeleteUserRequest{UserName: tea.String("grace")})
	wantCode(t, "gone", err, "EntityNotExist.User")
}

func userNames(t *testing.T, c *ims.Client) []string {
	t.Helper()
	var names []string
	for request, more := (&ims.ListUsersRequest{MaxItems: tea.Int32(1)}), true; more; {
		page := must(c.ListUsers(request))(t).Body
		for _, user := range page.Users.User {
			names = append(names, tea.StringValue(user.UserPrincipalName))
		}
		request.Marker, more = page.Marker, tea.BoolValue(page.IsTruncated)
	}
	return names
}

func judgeGroups(t *testing.T, s *stack.Stack, c *ims.Client) {
	t.Helper()
	older, dev := ramClient(t, s, maintenanceRole), tea.String("dev")
	must(c.CreateUser(&ims.CreateUserRequest{UserPrincipalName: upn("bob"), DisplayName: tea.String("Bob")}))(t)
	made := must(c.CreateGroup(&ims.CreateGroupRequest{GroupName: tea.String("developers"), DisplayName: tea.String("Developers"), Comments: tea.String("fc-sso")}))(t).Body.Group
	renamed := must(c.UpdateGroup(&ims.UpdateGroupRequest{GroupName: tea.String("developers"), NewGroupName: dev}))(t).Body.Group
	if tea.StringValue(made.GroupId) == "" || tea.StringValue(renamed.GroupId) != tea.StringValue(made.GroupId) || tea.StringValue(renamed.Comments) != "fc-sso" {
		t.Errorf("%v, then %v", made, renamed)
	}
	must(older.AddUserToGroup(&ram.AddUserToGroupRequest{UserName: tea.String("bob"), GroupName: dev}))(t)
	in := must(c.ListGroupsForUser(&ims.ListGroupsForUserRequest{UserPrincipalName: upn("bob")}))(t).Body.Groups.Group
	of := must(older.ListUsersForGroup(&ram.ListUsersForGroupRequest{GroupName: dev}))(t).Body.Users.User
	if len(in) != 1 || tea.StringValue(in[0].GroupName) != "dev" || tea.StringValue(in[0].JoinDate) == "" || len(of) != 1 || tea.StringValue(of[0].UserName) != "bob" {
		t.Errorf("bob is in %v, in dev are %v", in, of)
	}
	if groups := must(older.ListGroups(&ram.ListGroupsRequest{}))(t).Body.Groups.Group; len(groups) != 1 || tea.StringValue(groups[0].GroupName) != "dev" {
		t.Errorf("%v", groups)
	}
	_, err := c.AddUserToGroup(&ims.AddUserToGroupRequest{UserPrincipalName: upn("bob"), GroupName: dev})
	wantCode(t, "again", err, "EntityAlreadyExists.User.Group")
	_, err = c.CreateGroup(&ims.CreateGroupRequest{GroupName: tea.String("DEV")})
	wantCode(t, "a name that is taken", err, "EntityAlreadyExists.Group")
	_, err = c.CreateGroup(&ims.CreateGroupRequest{GroupName: tea.String("dev team")})
	wantCode(t, "characters", err, "InvalidParameter.GroupName.InvalidChars")
	_, err = c.GetGroup(&ims.GetGroupRequest{GroupName: tea.String("developers")})
	wantCode(t, "the old name", err, "EntityNotExist.Group")
	_, err = c.DeleteGroup(&ims.DeleteGroupRequest{GroupName: dev})
	wantCode(t, "with a user", err, "DeleteConflict.Group.User")
	s.Limit(t, "1234567890123456", stack.Limits{Groups: 1, GroupsPerUser: 1})
	_, err = c.CreateGroup(&ims.CreateGroupRequest{GroupName: tea.String("ops")})
	wantCode(t, "one group too many", err, "LimitExceeded.Group")
	s.Limit(t, "1234567890123456", stack.Limits{Groups: 50})
	must(c.CreateGroup(&ims.CreateGroupRequest{GroupName: tea.String("ops")}))(t)
	_, err = c.AddUserToGroup(&ims.AddUserToGroupRequest{UserPrincipalName: upn("bob"), GroupName: tea.String("ops")})
	wantCode(t, "one group of a user too many", err, "LimitExceeded.User.Group")
	must(older.RemoveUserFromGroup(&ram.RemoveUserFromGroupRequest{UserName: tea.String("bob"), GroupName: dev}))(t)
	_, err = c.RemoveUserFromGroup(&ims.RemoveUserFromGroupRequest{UserPrincipalName: upn("bob"), GroupName: dev})
	wantCode(t, "out again", err, "EntityNotExist.User.Group")
	for _, name := range []string{"dev", "ops"} {
		must(older.DeleteGroup(&ram.DeleteGroupRequest{GroupName: &name}))(t)
	}
	must(c.DeleteUser(&ims.DeleteUserRequest{UserPrincipalName: upn("bob")}))(t)
}
