package cloud_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestAGroupIsMadeChangedAndDeleted(t *testing.T) {
	w := newWorld(t)
	ims, ram := w.both(w.provisioner())
	made := ims("CreateGroup", "GroupName", "Dev-Team", "DisplayName", "Developers", "Comments", "all of them")
	want := shownGroup{
		GroupId: made.Group.GroupId, GroupName: "Dev-Team", DisplayName: "Developers", Comments: "all of them",
		CreateDate: "2026-11-23T18:00:00Z", UpdateDate: "2026-11-23T18:00:00Z",
	}
	if made.Group != want || want.GroupId == "" {
		t.Errorf("made: %s", made.body)
	}
	w.done(ram, []string{"CreateUser", "UserName", "ada"})
	w.now = w.now.Add(time.Minute)
	w.done(ims, []string{"AddUserToGroup", "UserPrincipalName", ada, "GroupName", "Dev-Team"}, []string{"UpdateGroup", "GroupName", "Dev-Team", "NewGroupName", "dev.team", "NewComments", "some"})
	want.GroupName, want.Comments, want.UpdateDate = "dev.team", "some", "2026-11-23T18:01:00Z"
	if got := ims("GetGroup", "GroupName", "dev.team"); got.Group != want {
		t.Errorf("renamed: %s", got.body)
	}
	want.DisplayName = ""
	if got := ram("GetGroup", "GroupName", "dev.team"); got.Group != want {
		t.Errorf("to the older API: %s", got.body)
	}
	joined := shownGroup{GroupId: want.GroupId, GroupName: "dev.team", DisplayName: "Developers", Comments: "some", JoinDate: "2026-11-23T18:01:00Z"}
	if got := ims("ListGroupsForUser", "UserPrincipalName", ada); len(got.Groups.Group) != 1 || got.Groups.Group[0] != joined {
		t.Errorf("whose user stays: %s", got.body)
	}
	if got := ims("ListUsersForGroup", "GroupName", "dev.team"); len(got.Users.User) != 1 || got.Users.User[0].UserPrincipalName != ada || got.Users.User[0].JoinDate != joined.JoinDate {
		t.Errorf("its users: %s", got.body)
	}
	if got := ram("ListUsersForGroup", "GroupName", "dev.team"); len(got.Users.User) != 1 || got.Users.User[0] != (shownUser{UserName: "ada", JoinDate: joined.JoinDate}) {
		t.Errorf("its users, to the older API: %s", got.body)
	}
	w.done(ram, []string{"RemoveUserFromGroup", "UserName", "ada", "GroupName", "dev.team"}, []string{"DeleteGroup", "GroupName", "dev.team"})
	ims("GetGroup", "GroupName", "dev.team").want(t, "deleted", http.StatusNotFound, "EntityNotExist.Group")
}

func TestWhatIsWrongWithAGroupIsRefused(t *testing.T) {
	w := newWorld(t)
	ims, ram := w.both(w.provisioner())
	w.done(ram,
		[]string{"CreateUser", "UserName", "ada"}, []string{"CreateUser", "UserName", "bob"},
		[]string{"CreateGroup", "GroupName", "dev"}, []string{"CreateGroup", "GroupName", "ops"}, []string{"AddUserToGroup", "UserName", "ada", "GroupName", "dev"})
	long := strings.Repeat("g", 65)
	refusals{
		{"without a name", "CreateGroup", nil, 400, "MissingGroupName"},
		{"of 65 characters", "CreateGroup", []string{"GroupName", long}, 400, "InvalidParameter.GroupName.Length"},
		{"with a blank", "CreateGroup", []string{"GroupName", "dev team"}, 400, "InvalidParameter.GroupName.InvalidChars"},
		{"comments of 129", "CreateGroup", []string{"GroupName", "new", "Comments", strings.Repeat("c", 129)}, 400, "InvalidParameter.Comments.Length"},
		{"a display name of 25", "CreateGroup", []string{"GroupName", "new", "DisplayName", long[:25]}, 400, "InvalidParameter.DisplayName.Length"},
		{"again", "CreateGroup", []string{"GroupName", "dev"}, 409, "EntityAlreadyExists.Group"},
		{"again, in capitals", "CreateGroup", []string{"GroupName", "DEV"}, 409, "EntityAlreadyExists.Group"},
		{"another's name", "UpdateGroup", []string{"GroupName", "dev", "NewGroupName", "OPS"}, 409, "EntityAlreadyExists.Group"},
		{"a new one with a blank", "UpdateGroup", []string{"GroupName", "dev", "NewGroupName", "d e"}, 400, "InvalidParameter.NewGroupName.InvalidChars"},
		{"none", "UpdateGroup", []string{"GroupName", "none"}, 404, "EntityNotExist.Group"},
		{"none to delete", "DeleteGroup", []string{"GroupName", "none"}, 404, "EntityNotExist.Group"},
		{"another case", "GetGroup", []string{"GroupName", "Dev"}, 404, "EntityNotExist.Group"},
		{"with users", "DeleteGroup", []string{"GroupName", "dev"}, 409, "DeleteConflict.Group.User"},
		{"a user that is not there", "AddUserToGroup", []string{"UserPrincipalName", "no@acme-prod.onaliyun.com", "GroupName", "dev"}, 404, "EntityNotExist.User"},
		{"a user into none", "AddUserToGroup", []string{"UserPrincipalName", ada, "GroupName", "none"}, 404, "EntityNotExist.Group"},
		{"who is in it", "AddUserToGroup", []string{"UserPrincipalName", ada, "GroupName", "dev"}, 409, "EntityAlreadyExists.User.Group"},
		{"who is not in it", "RemoveUserFromGroup", []string{"UserPrincipalName", ada, "GroupName", "ops"}, 404, "EntityNotExist.User.Group"},
		{"a user in a group", "DeleteUser", []string{"UserPrincipalName", ada}, 409, "DeleteConflict.User.Group"},
		{"the users of none", "ListUsersForGroup", []string{"GroupName", "none"}, 404, "EntityNotExist.Group"},
		{"the groups of nobody", "ListGroupsForUser", []string{"UserPrincipalName", "no@acme-prod.onaliyun.com"}, 404, "EntityNotExist.User"},
	}.try(t, ims)
}
