package cloud_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

type shownKey struct {
	AccessKeyId, AccessKeySecret, Status, CreateDate, UpdateDate string
}

type shownLogin struct {
	UserName, UserPrincipalName, Status, CreateDate, UpdateDate string
	PasswordResetRequired, MFABindRequired                      bool
}

// keyOf gives a user a key, and signs by it.
func (w *world) keyOf(name string) signer {
	w.t.Helper()
	made := w.ram(w.owner(), "CreateAccessKey", "UserName", name)
	made.want(w.t, "a key", http.StatusOK, "")
	return signer{made.AccessKey.AccessKeyId, made.AccessKey.AccessKeySecret, "", w.now}
}

func TestAKeySignsAsItsUserUntilItIsMadeInactive(t *testing.T) {
	w := newWorld(t)
	w.must(w.AddUser(acme, "ada"))
	key := w.keyOf("ada")
	who := func() answer { return w.sts(key.v1(whoAmI())) }
	if me := who(); me.json.Arn != "acs:ram::1234567890123456:user/ada" || me.json.IdentityType != "RAMUser" {
		t.Errorf("%s", me.body)
	}
	if got := w.ims(w.owner(), "GetUser", "UserAccessKeyId", key.id); got.User.UserPrincipalName != ada {
		t.Errorf("whose key it is: %s", got.body)
	}
	ims, ram := w.both(w.provisioner())
	w.done(ram, []string{"UpdateUser", "UserName", "ada", "NewUserName", "countess"})
	if me := who(); me.json.Arn != "acs:ram::1234567890123456:user/countess" {
		t.Errorf("renamed: %s", me.body)
	}
	w.now = w.now.Add(time.Minute)
	key.now = w.now
	w.done(ram, []string{"UpdateAccessKey", "UserName", "countess", "UserAccessKeyId", key.id, "Status", "Inactive"})
	if got := who(); got.status != http.StatusBadRequest || got.json.Code != "InvalidAccessKeyId.Inactive" {
		t.Errorf("inactive: %s", got.body)
	}
	if _, _, ok := w.Lookup(key.id); ok {
		t.Error("other services take an inactive key")
	}
	list := ims("ListAccessKeys", "UserPrincipalName", "countess@acme-prod.onaliyun.com").AccessKeys.AccessKey
	if len(list) != 1 || list[0] != (shownKey{key.id, "", "Inactive", "2026-11-23T18:00:00Z", "2026-11-23T18:01:00Z"}) {
		t.Errorf("%+v", list)
	}
	w.done(ram, []string{"UpdateAccessKey", "UserName", "countess", "UserAccessKeyId", key.id, "Status", "Active"})
	if got := who(); got.json.Code != "" {
		t.Errorf("active again: %s", got.body)
	}
	w.done(ram, []string{"DeleteAccessKey", "UserName", "countess", "UserAccessKeyId", key.id})
	if got := who(); got.json.Code != "InvalidAccessKeyId.NotFound" {
		t.Errorf("deleted: %s", got.body)
	}
}

func TestAUserMayWhatTheirPoliciesSay(t *testing.T) {
	w := newWorld(t)
	w.must(w.AddUser(acme, "ada"))
	key := w.keyOf("ada")
	_, ram := w.both(w.owner())
	may := func(code string) {
		t.Helper()
		if got := w.ram(key, "ListRoles"); got.Code != code {
			t.Errorf("got %s, want %q", got.body, code)
		}
	}
	may("NoPermission")
	w.done(ram,
		[]string{"CreateGroup", "GroupName", "admins"},
		[]string{"AttachPolicyToGroup", "GroupName", "admins", "PolicyType", "System", "PolicyName", "AdministratorAccess"},
		[]string{"AddUserToGroup", "UserName", "ada", "GroupName", "admins"})
	may("")
	_, provisioner := w.both(w.provisioner())
	w.done(provisioner,
		[]string{"CreatePolicy", "PolicyName", "fc-sso-left", "PolicyDocument", `{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`},
		[]string{"AttachPolicyToUser", "UserName", "ada", "PolicyType", "Custom", "PolicyName", "fc-sso-left"})
	may("NoPermission")
	w.done(provisioner, []string{"DetachPolicyFromUser", "UserName", "ada", "PolicyType", "Custom", "PolicyName", "fc-sso-left"})
	may("")
	w.RemoveUser(acme, "ada")
	may("InvalidAccessKeyId.NotFound")
	refusals{
		{"another policy", "AttachPolicyToUser", []string{"UserName", "ada", "PolicyType", "Custom", "PolicyName", "other"}, 403, "NoPermission"},
		{"Alibaba Cloud's own", "AttachPolicyToUser", []string{"UserName", "ada", "PolicyType", "System", "PolicyName", "AdministratorAccess"}, 403, "NoPermission"},
		{"its own name as Alibaba Cloud's", "AttachPolicyToUser", []string{"UserName", "ada", "PolicyType", "System", "PolicyName", "fc-sso-left"}, 403, "NoPermission"},
		{"a key", "CreateAccessKey", []string{"UserName", "ada"}, 403, "NoPermission"},
		{"a password", "CreateLoginProfile", []string{"UserName", "ada"}, 403, "NoPermission"},
		{"another password", "UpdateLoginProfile", []string{"UserName", "ada"}, 403, "NoPermission"},
		{"a group's policy", "AttachPolicyToGroup", []string{"GroupName", "admins", "PolicyType", "Custom", "PolicyName", "fc-sso-left"}, 403, "NoPermission"},
	}.try(t, provisioner)
}

func TestTheOperatorIsAUserToo(t *testing.T) {
	w := newWorld(t)
	got := w.Directory(bundle).Users
	if len(got) != 1 || got[0].Name != "fc-sso-admin" || len(got[0].Keys) != 1 || got[0].Keys[0] != (cloud.DirectoryKey{ID: w.AdminKey().AccessKeyID, Status: "Active"}) {
		t.Errorf("%+v", got)
	}
	w.ram(w.admin(), "DeleteUser", "UserName", "fc-sso-admin").want(t, "itself", http.StatusConflict, "DeleteConflict.User.Policy")
}

func TestALoginProfileIsMadeChangedAndDeleted(t *testing.T) {
	w := newWorld(t)
	w.must(w.AddUser(acme, "ada"))
	ims, ram := w.both(w.owner())
	made := ims("CreateLoginProfile", "UserPrincipalName", ada, "Password", "Corr3ct-horse", "MFABindRequired", "true")
	if made.LoginProfile != (shownLogin{UserPrincipalName: ada, Status: "Active", UpdateDate: "2026-11-23T18:00:00Z", MFABindRequired: true}) {
		t.Errorf("made: %s", made.body)
	}
	w.now = w.now.Add(time.Minute)
	if got := ims("UpdateLoginProfile", "UserPrincipalName", ada, "Status", "Inactive", "PasswordResetRequired", "true"); got.LoginProfile.Status != "Inactive" {
		t.Errorf("changed: %s", got.body)
	}
	if got := ims("GetLoginProfile", "UserPrincipalName", ada).LoginProfile; got != (shownLogin{UserPrincipalName: ada, Status: "Inactive", UpdateDate: "2026-11-23T18:01:00Z", MFABindRequired: true, PasswordResetRequired: true}) {
		t.Errorf("%+v", got)
	}
	if got := ram("GetLoginProfile", "UserName", "ada").LoginProfile; got != (shownLogin{UserName: "ada", CreateDate: "2026-11-23T18:00:00Z", MFABindRequired: true, PasswordResetRequired: true}) {
		t.Errorf("to the older API: %+v", got)
	}
	refusals{
		{"again", "CreateLoginProfile", []string{"UserPrincipalName", ada}, 409, "EntityAlreadyExists.User.LoginProfile"},
		{"a weak password", "UpdateLoginProfile", []string{"UserPrincipalName", ada, "Password", "correct"}, 400, "InvalidParameter.Password.TooWeak"},
		{"a status", "UpdateLoginProfile", []string{"UserPrincipalName", ada, "Status", "off"}, 400, "InvalidParameter.Status"},
	}.try(t, ims)
	w.done(ram, []string{"UpdateLoginProfile", "UserName", "ada", "Password", "Corr3ct-horses"}, []string{"DeleteLoginProfile", "UserName", "ada"})
	refusals{
		{"again", "DeleteLoginProfile", []string{"UserName", "ada"}, 404, "EntityNotExist.User.LoginProfile"},
		{"to read", "GetLoginProfile", []string{"UserName", "ada"}, 404, "EntityNotExist.User.LoginProfile"},
		{"to change", "UpdateLoginProfile", []string{"UserName", "ada"}, 404, "EntityNotExist.User.LoginProfile"},
		{"of nobody", "GetLoginProfile", []string{"UserName", "no"}, 404, "EntityNotExist.User"},
		{"without a password", "CreateLoginProfile", []string{"UserName", "ada"}, 400, "MissingPassword"},
	}.try(t, ram)
}
