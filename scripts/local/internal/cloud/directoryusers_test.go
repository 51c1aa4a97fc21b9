package cloud_test

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

const ada = "ada@acme-prod.onaliyun.com"

func TestAUserIsMadeChangedAndDeleted(t *testing.T) {
	w := newWorld(t)
	ims, ram := w.both(w.provisioner())
	made := ims("CreateUser", "UserPrincipalName", ada, "DisplayName", "Ada Lovelace", "Comments", "fc-sso", "Email", "ada@acme.example", "MobilePhone", "86-18600008888")
	want := shownUser{
		UserId: made.User.UserId, UserPrincipalName: ada, DisplayName: "Ada Lovelace", Comments: "fc-sso", Email: "ada@acme.example", MobilePhone: "86-18600008888",
		CreateDate: "2026-11-23T18:00:00Z", UpdateDate: "2026-11-23T18:00:00Z", ProvisionType: "Manual",
	}
	if made.User != want || len(made.User.UserId) != 18 {
		t.Errorf("made: %s", made.body)
	}
	w.now = w.now.Add(time.Minute)
	got := ims("UpdateUser", "UserId", want.UserId, "NewUserPrincipalName", "countess@acme-prod.onaliyun.com", "NewDisplayName", "Countess")
	want.UserPrincipalName, want.DisplayName, want.UpdateDate = "countess@acme-prod.onaliyun.com", "Countess", "2026-11-23T18:01:00Z"
	if got.User != want {
		t.Errorf("renamed: %s", got.body)
	}
	want.UserName = "countess"
	if got := ims("GetUser", "UserPrincipalName", "countess@acme-prod.onaliyun.com"); got.User != want {
		t.Errorf("by its new name: %s", got.body)
	}
	if got := ims("GetUser", "UserId", want.UserId); got.User != want {
		t.Errorf("by its ID: %s", got.body)
	}
	ims("GetUser", "UserPrincipalName", ada).want(t, "by its old name", http.StatusNotFound, "EntityNotExist.User")
	want.UserPrincipalName, want.ProvisionType = "", ""
	if got := ram("GetUser", "UserName", "countess"); got.User != want {
		t.Errorf("to the older API: %s", got.body)
	}
	w.done(ram, []string{"UpdateUser", "UserName", "countess", "NewUserName", "Countess"}, []string{"DeleteUser", "UserName", "Countess"})
	ims("DeleteUser", "UserPrincipalName", "Countess@acme-prod.onaliyun.com").want(t, "again", http.StatusNotFound, "EntityNotExist.User")
	if again := ims("CreateUser", "UserPrincipalName", ada, "DisplayName", "Ada"); again.User.UserId == want.UserId || again.Code != "" {
		t.Errorf("who comes later is the same: %s", again.body)
	}
}

func TestWhatIsWrongWithAUserIsRefused(t *testing.T) {
	w := newWorld(t)
	ims, ram := w.both(w.provisioner())
	w.done(ims, []string{"CreateUser", "UserPrincipalName", ada, "DisplayName", "Ada"}, []string{"CreateUser", "UserPrincipalName", "bob@acme-prod.onaliyun.com", "DisplayName", "Bob"})
	w.must(w.SetDomainAlias(acme, "acme.example"))
	long := strings.Repeat("a", 65)
	user := func(params ...string) []string {
		return append([]string{"UserPrincipalName", "new@acme-prod.onaliyun.com", "DisplayName", "New"}, params...)
	}
	change := func(params ...string) []string { return append([]string{"UserPrincipalName", ada}, params...) }
	refusals{
		{"without a name", "CreateUser", []string{"DisplayName", "x"}, 400, "MissingUserPrincipalName"},
		{"without a display name", "CreateUser", user()[:2], 400, "MissingDisplayName"},
		{"without a domain", "CreateUser", []string{"UserPrincipalName", "new", "DisplayName", "x"}, 400, "InvalidParameter.UserPrincipalName.Format"},
		{"in a domain alias", "CreateUser", []string{"UserPrincipalName", "new@acme.example", "DisplayName", "x"}, 400, "InvalidParameter.UserPrincipalName.Format"},
		{"of 65 characters", "CreateUser", []string{"UserPrincipalName", long + "@acme-prod.onaliyun.com", "DisplayName", "x"}, 400, "InvalidParameter.UserPrincipalName.Length"},
		{"with a plus", "CreateUser", []string{"UserPrincipalName", "a+b@acme-prod.onaliyun.com", "DisplayName", "x"}, 400, "InvalidParameter.UserPrincipalName.InvalidChars"},
		{"of none", "CreateUser", []string{"UserPrincipalName", "@acme-prod.onaliyun.com", "DisplayName", "x"}, 400, "InvalidParameter.UserPrincipalName.Length"},
		{"again", "CreateUser", change("DisplayName", "x"), 409, "EntityAlreadyExists.User"},
		{"again, in capitals", "CreateUser", []string{"UserPrincipalName", "ADA@acme-prod.onaliyun.com", "DisplayName", "x"}, 409, "EntityAlreadyExists.User"},
		{"a display name of none", "CreateUser", []string{"UserPrincipalName", "new@acme-prod.onaliyun.com", "DisplayName", ""}, 400, "InvalidParameter.DisplayName.Length"},
		{"one of 25", "CreateUser", []string{"UserPrincipalName", "new@acme-prod.onaliyun.com", "DisplayName", strings.Repeat("名", 25)}, 400, "InvalidParameter.DisplayName.Length"},
		{"one in lines", "CreateUser", []string{"UserPrincipalName", "new@acme-prod.onaliyun.com", "DisplayName", "a\nb"}, 400, "InvalidParameter.DisplayName.InvalidChars"},
		{"comments of none", "CreateUser", user("Comments", ""), 400, "InvalidParameter.Comments.Length"},
		{"comments of 129", "CreateUser", user("Comments", strings.Repeat("c", 129)), 400, "InvalidParameter.Comments.Length"},
		{"no address", "CreateUser", user("Email", "ada"), 400, "InvalidParameter.Email.Format"},
		{"no number", "CreateUser", user("MobilePhone", "18600008888"), 400, "InvalidParameter.MobilePhone.Format"},
		{"tags", "CreateUser", user("Tag.1.Key", "team"), 400, "InvalidParameter.Tag"},
		{"by name and ID", "GetUser", change("UserId", "1"), 400, "InvalidParameter.UserId"},
		{"by ID and key", "GetUser", []string{"UserId", "1", "UserAccessKeyId", "2"}, 400, "InvalidParameter.UserId"},
		{"an ID that is none", "GetUser", []string{"UserId", "1"}, 404, "EntityNotExist.User"},
		{"another case", "GetUser", []string{"UserPrincipalName", "Ada@acme-prod.onaliyun.com"}, 404, "EntityNotExist.User"},
		{"another's name", "UpdateUser", change("NewUserPrincipalName", "bob@acme-prod.onaliyun.com"), 409, "EntityAlreadyExists.User"},
		{"another's, in capitals", "UpdateUser", change("NewUserPrincipalName", "Bob@acme-prod.onaliyun.com"), 409, "EntityAlreadyExists.User"},
		{"another domain later", "UpdateUser", change("NewUserPrincipalName", "ada@acme.example"), 400, "InvalidParameter.NewUserPrincipalName.Format"},
		{"comments of 129 later", "UpdateUser", change("NewUserPrincipalName", "x@acme-prod.onaliyun.com", "NewComments", strings.Repeat("c", 129)), 400, "InvalidParameter.NewComments.Length"},
		{"nobody", "UpdateUser", []string{"UserPrincipalName", "no@acme-prod.onaliyun.com"}, 404, "EntityNotExist.User"},
	}.try(t, ims)
	refusals{
		{"without a name", "CreateUser", nil, 400, "MissingUserName"},
		{"with a domain", "CreateUser", []string{"UserName", ada}, 400, "InvalidParameter.UserName.InvalidChars"},
		{"of 65 characters", "CreateUser", []string{"UserName", long}, 400, "InvalidParameter.UserName.Length"},
		{"with a blank", "CreateUser", []string{"UserName", "new", "DisplayName", "New User"}, 400, "InvalidParameter.DisplayName.InvalidChars"},
		{"a new name with a blank", "UpdateUser", []string{"UserName", "ada", "NewUserName", "a b"}, 400, "InvalidParameter.NewUserName.InvalidChars"},
		{"one of 65", "UpdateUser", []string{"UserName", "ada", "NewUserName", long}, 400, "InvalidParameter.NewUserName.Length"},
	}.try(t, ram)
	if got := w.Directory(acme); len(got.Users) != 2 || got.Users[0].Name != "ada" || got.Users[0].DisplayName != "Ada" {
		t.Errorf("what was refused was done: %+v", got)
	}
	w.SetInternational(acme)
	ims("CreateUser", user("Email", "ada@acme.example")...).want(t, "an address, abroad", http.StatusBadRequest, "InvalidParameter.Email.Format")
	ram("CreateUser", "UserName", "zoë").want(t, "a letter of elsewhere", http.StatusBadRequest, "InvalidParameter.UserName.InvalidChars")
	w.done(ram, []string{"CreateUser", "UserName", "zoe", "DisplayName", "Zoë.林"})
}

func TestUsersOfTheConsoleAreTheOnesOfTheAPIs(t *testing.T) {
	w := newWorld(t)
	ims, _ := w.both(w.provisioner())
	w.must(w.AddUser(acme, "ada"))
	w.must(w.AddUser(acme, "ada"))
	if err := w.AddUser(acme, "Ada"); err == nil {
		t.Error("Ada stands beside ada")
	}
	before := ims("GetUser", "UserPrincipalName", ada)
	before.want(t, "added", http.StatusOK, "")
	w.done(ims, []string{"CreateGroup", "GroupName", "dev"}, []string{"AddUserToGroup", "UserPrincipalName", ada, "GroupName", "dev"})
	w.RemoveUser(acme, "ada")
	ims("GetUser", "UserPrincipalName", ada).want(t, "removed", http.StatusNotFound, "EntityNotExist.User")
	if got := ims("ListUsersForGroup", "GroupName", "dev"); len(got.Users.User) > 0 {
		t.Errorf("still in the group: %s", got.body)
	}
	w.RemoveUser(acme, "ada")
}

func TestAUserKnowsTheLastSignIn(t *testing.T) {
	w, i := organization(t)
	ims, ram := w.both(w.provisioner())
	if got := ims("GetUser", "UserPrincipalName", ada); got.User.LastLoginDate != "" {
		t.Errorf("before: %s", got.body)
	}
	w.entered(t, w.post(userSSO, saml(i.response(userAssertion()...))), "home.console.aliyun.com/")
	if got := ram("GetUser", "UserName", "ada"); got.User.LastLoginDate != "2026-11-23T18:00:00Z" {
		t.Errorf("after: %s", got.body)
	}
}
