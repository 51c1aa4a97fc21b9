package cloud_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

const (
	provisioning = "acs:ram::1000000000000001:role/fc-sso-provisioning"
)

type shownUser struct {
	UserId, UserName, UserPrincipalName, DisplayName, Comments, Email, MobilePhone string
	CreateDate, UpdateDate, LastLoginDate, ProvisionType, Status, JoinDate         string
}

type shownGroup struct {
	GroupId, GroupName, DisplayName, Comments, CreateDate, UpdateDate, JoinDate string
}

// provisioner is the maintenance role of acme, as the function that provisions has it.
func (w *world) provisioner() signer {
	w.t.Helper()
	w.must(w.AddMaintenanceRole(keeperRole))
	return w.assumed(w.function(provisioning, "sso-provisioning"), keeperRole)
}

// refusals are calls of one API that are refused.
type refusals []struct {
	name, action string
	params       []string
	status       int
	code         string
}

func (all refusals) try(t *testing.T, call func(action string, params ...string) shown) {
	t.Helper()
	for _, c := range all {
		call(c.action, c.params...).want(t, c.name, c.status, c.code)
	}
}

func (w *world) as(s signer, call func(signer, string, ...string) shown) func(string, ...string) shown {
	return func(action string, params ...string) shown {
		w.t.Helper()
		return call(s, action, params...)
	}
}

// both are IMS and RAM to one caller.
func (w *world) both(s signer) (ims, ram func(string, ...string) shown) {
	return w.as(s, w.ims), w.as(s, w.ram)
}

// done fails unless all calls are done.
func (w *world) done(call func(string, ...string) shown, calls ...[]string) {
	w.t.Helper()
	for _, c := range calls {
		call(c[0], c[1:]...).want(w.t, strings.Join(c, " "), http.StatusOK, "")
	}
}

func TestTheDirectoryShowsAWholeAccount(t *testing.T) {
	w := newWorld(t)
	ims, ram := w.both(w.provisioner())
	w.done(ims,
		[]string{"CreateUser", "UserPrincipalName", "grace@acme-prod.onaliyun.com", "DisplayName", "Grace Hopper", "Comments", "fc-sso", "Email", "grace@acme.example"},
		[]string{"CreateUser", "UserPrincipalName", "ada@acme-prod.onaliyun.com", "DisplayName", "Ada"},
		[]string{"CreateGroup", "GroupName", "ops", "DisplayName", "Operators", "Comments", "on call"})
	w.done(ram,
		[]string{"CreateGroup", "GroupName", "dev"},
		[]string{"AddUserToGroup", "UserName", "grace", "GroupName", "ops"},
		[]string{"AddUserToGroup", "UserName", "grace", "GroupName", "dev"},
		[]string{"AddUserToGroup", "UserName", "ada", "GroupName", "ops"})
	want := cloud.Directory{Account: acme, Users: []cloud.DirectoryUser{
		{Name: "ada", DisplayName: "Ada", Groups: []string{"ops"}},
		{Name: "grace", DisplayName: "Grace Hopper", Comments: "fc-sso", Email: "grace@acme.example", Groups: []string{"dev", "ops"}},
	}, Groups: []cloud.DirectoryGroup{
		{Name: "dev", Users: []string{"grace"}},
		{Name: "ops", DisplayName: "Operators", Comments: "on call", Users: []string{"ada", "grace"}},
	}}
	recorder := httptest.NewRecorder()
	w.Directories().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/directory?account="+acme, nil))
	var got cloud.Directory
	w.must(json.Unmarshal(recorder.Body.Bytes(), &got))
	for i, u := range got.Users {
		if len(u.ID) != 18 {
			t.Errorf("ID %q", u.ID)
		}
		got.Users[i].ID = ""
	}
	for i := range got.Groups {
		got.Groups[i].ID = ""
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	recorder = httptest.NewRecorder()
	w.Directories().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/directory?account=99999", nil))
	if recorder.Code != http.StatusNotFound {
		t.Errorf("an account that is not there: %d %s", recorder.Code, recorder.Body)
	}
}

func TestTheFunctionThatProvisionsMayDoWhatItNeedsAndNoMore(t *testing.T) {
	w := newWorld(t)
	p := w.provisioner()
	ims, ram := w.both(p)
	w.done(ims, []string{"CreateUser", "UserPrincipalName", "ada@acme-prod.onaliyun.com", "DisplayName", "Ada"}, []string{"CreateGroup", "GroupName", "dev"})
	refusals{
		{"nobody", "GetUser", []string{"UserName", "nobody"}, 404, "EntityNotExist.User"},
		{"a role", "UpdateRole", []string{"RoleName", "admin", "NewMaxSessionDuration", "3600"}, 403, "NoPermission"},
	}.try(t, ram)
	const narrow = "acs:ram::1234567890123456:role/narrow"
	w.must(w.AddRole(cloud.Role{ARN: narrow, Trust: cloud.Trusting(portal), Permission: `{"Version":"1","Statement":[
		{"Effect":"Allow","Action":"ram:*","Resource":"*"},
		{"Effect":"Deny","Action":"ram:*","Resource":["acs:ram::1234567890123456:user/ada","acs:ram::1234567890123456:group/dev"]}]}`}))
	w.done(ims, []string{"CreateUser", "UserPrincipalName", "bob@acme-prod.onaliyun.com", "DisplayName", "Bob"}, []string{"CreateGroup", "GroupName", "ops"})
	ada := ims("GetUser", "UserPrincipalName", "ada@acme-prod.onaliyun.com").User.UserId
	ims, ram = w.both(w.assumed(w.portal(), narrow))
	w.done(ram, []string{"AddUserToGroup", "UserName", "bob", "GroupName", "ops"})
	refusals{
		{"the user, by name", "GetUser", []string{"UserName", "ada"}, 403, "NoPermission"},
		{"the group", "GetGroup", []string{"GroupName", "dev"}, 403, "NoPermission"},
		{"the user into a group", "AddUserToGroup", []string{"UserName", "ada", "GroupName", "ops"}, 403, "NoPermission"},
		{"a user into the group", "AddUserToGroup", []string{"UserName", "bob", "GroupName", "dev"}, 403, "NoPermission"},
	}.try(t, ram)
	refusals{
		{"the user, by UPN", "GetUser", []string{"UserPrincipalName", "ada@acme-prod.onaliyun.com"}, 403, "NoPermission"},
		{"the user, by ID", "DeleteUser", []string{"UserId", ada}, 403, "NoPermission"},
	}.try(t, ims)
	for _, other := range []string{"fc-sso-scim", "fc-sso-saml-acs", "fc-sso-portal"} {
		s := w.function("acs:ram::"+bundle+":role/"+other, other)
		if got := w.sts(s.v1(assume(keeperRole, "sso-other")...)); got.json.Code != "NoPermission" {
			t.Errorf("%s has the maintenance role: %s", other, got.body)
		}
	}
}

func TestCallsSayWhichUserAndWhichGroup(t *testing.T) {
	w := newWorld(t)
	ims, ram := w.both(w.provisioner())
	w.done(ims, []string{"CreateUser", "UserPrincipalName", "ada@acme-prod.onaliyun.com", "DisplayName", "Ada"}, []string{"CreateGroup", "GroupName", "dev"})
	w.done(ram, []string{"AddUserToGroup", "UserName", "ada", "GroupName", "dev"})
	var got [][3]string
	for _, call := range w.Calls() {
		got = append(got, [3]string{call.Action, call.Name, call.Group})
	}
	if want := [][3]string{{"CreateUser", "ada", ""}, {"CreateGroup", "dev", ""}, {"AddUserToGroup", "ada", "dev"}}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}

// TestNobodyIsLostBetweenPages, with whatever length.
func TestNobodyIsLostBetweenPages(t *testing.T) {
	w := newWorld(t)
	ims, ram := w.both(w.provisioner())
	for _, name := range []string{"e", "d", "C", "b", "a"} {
		w.done(ram, []string{"CreateUser", "UserName", name}, []string{"CreateGroup", "GroupName", "g" + name})
	}
	w.now = w.now.Add(time.Minute)
	for _, call := range []func(string, ...string) shown{ims, ram} {
		var users, groups []string
		for marker, more := "", true; more; {
			page := call("ListUsers", "MaxItems", "2", "Marker", marker)
			page.want(t, "users", http.StatusOK, "")
			for _, u := range page.Users.User {
				name, _, _ := strings.Cut(u.UserName+u.UserPrincipalName, "@")
				users = append(users, name)
			}
			marker, more = page.Marker, page.IsTruncated
		}
		for marker, more := "", true; more; {
			page := call("ListGroups", "MaxItems", "3", "Marker", marker)
			for _, g := range page.Groups.Group {
				groups = append(groups, g.GroupName)
			}
			marker, more = page.Marker, page.IsTruncated
		}
		if strings.Join(users, " ") != "a b C d e" || strings.Join(groups, " ") != "ga gb gC gd ge" {
			t.Errorf("%v, %v", users, groups)
		}
		call("ListUsers", "MaxItems", "1001").want(t, "too long a page", http.StatusBadRequest, "InvalidParameter.MaxItems")
		call("ListUsers", "MaxItems", "1000").want(t, "the longest page", http.StatusOK, "")
		call("ListGroups", "MaxItems", "101").want(t, "too long a page of groups", http.StatusBadRequest, "InvalidParameter.MaxItems")
	}
	if got := ims("ListUsers", "Status", "freeze"); len(got.Users.User) > 0 || got.Code != "" {
		t.Errorf("frozen: %s", got.body)
	}
	ims("ListUsers", "Status", "gone").want(t, "a status", http.StatusBadRequest, "InvalidParameter.Status")
}
