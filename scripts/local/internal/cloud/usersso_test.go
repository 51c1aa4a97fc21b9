package cloud_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

func TestUserSSOIsSetAsAWhole(t *testing.T) {
	w := newWorld(t)
	k, other := w.keeper("1234567890123456"), w.keeper(otherAccount)
	okta := newSAMLIssuer(t)
	document := base64Of(okta.metadata(okta.cert))
	w.AddUserSSO("1234567890123456", false)
	if got := w.ims(k, "GetUserSsoSettings"); !strings.Contains(got.body, `"UserSsoSettings":{"MetadataDocument":"","SsoEnabled":true,"AuxiliaryDomain":"","AuthnSignAlgo":"rsa-sha1","SsoLoginWithDomain":false}`) {
		t.Error(got.body)
	}
	set := w.ims(k, "SetUserSsoSettings", "MetadataDocument", document, "SsoEnabled", "true", "AuxiliaryDomain", "acme.com", "AuthnSignAlgo", "rsa-sha256", "SsoLoginWithDomain", "false")
	w.AddUserSSO("1234567890123456", true) // there is something already
	got := w.ims(k, "GetUserSsoSettings").UserSsoSettings
	if got != set.UserSsoSettings || got.MetadataDocument != document || !got.SsoEnabled || got.AuxiliaryDomain != "acme.com" || got.AuthnSignAlgo != "rsa-sha256" || got.SsoLoginWithDomain {
		t.Errorf("%+v", got)
	}
	for name, c := range map[string][]string{
		"MetadataDocument": {"MetadataDocument", base64Of(okta.metadata())}, "SsoEnabled": {"SsoEnabled", "on"},
		"AuthnSignAlgo": {"AuthnSignAlgo", "none"}, "SsoLoginWithDomain": {"SsoLoginWithDomain", "maybe"},
	} {
		w.ims(k, "SetUserSsoSettings", c...).want(t, name, http.StatusBadRequest, "InvalidParameter."+name)
	}
	if after := w.ims(k, "GetUserSsoSettings").UserSsoSettings; after != got {
		t.Errorf("a refused change left a trace: %+v", after)
	}
	forgetful := w.ims(k, "SetUserSsoSettings", "MetadataDocument", document).UserSsoSettings
	if forgetful.SsoEnabled || forgetful.AuxiliaryDomain != "" || forgetful.AuthnSignAlgo != "rsa-sha1" || !forgetful.SsoLoginWithDomain {
		t.Errorf("what was not said: %+v", forgetful)
	}
	if none := w.ims(other, "GetUserSsoSettings").UserSsoSettings; none.SsoEnabled || none.MetadataDocument != "" || !none.SsoLoginWithDomain || none.AuthnSignAlgo != "rsa-sha1" {
		t.Errorf("of another account: %+v", none)
	}
	w.must(w.AddAccount("1234567890123456", "acme-prod"))
	if a, b := w.ims(k, "GetDefaultDomain").DefaultDomainName, w.ims(other, "GetDefaultDomain").DefaultDomainName; a != "acme-prod.onaliyun.com" || b != otherAccount+".onaliyun.com" {
		t.Errorf("default domains %q, %q", a, b)
	}
}

func TestARoleThatIsChangedInRAMIsAnotherToSTS(t *testing.T) {
	w := newWorld(t)
	k := w.owner()
	p := w.portal()
	hours := func(n string) string {
		return w.sts(p.v1(assume(adminRole, "ada@acme.com", pair{"DurationSeconds", n})...)).json.Code
	}
	if code := hours("7200"); code != "InvalidParameter.DurationSeconds" {
		t.Errorf("two hours of one: %q", code)
	}
	got := w.ram(k, "UpdateRole", "RoleName", "admin", "NewMaxSessionDuration", "7200")
	if got.Role.MaxSessionDuration != 7200 || hours("7200") != "" {
		t.Errorf("two hours of two: %s", got.body)
	}
	nobody := cloud.TrustingService("ecs.aliyuncs.com")
	if got := w.ram(k, "UpdateRole", "RoleName", "admin", "NewAssumeRolePolicyDocument", nobody); got.Role.AssumeRolePolicyDocument != nobody || hours("7200") != "NoPermission" {
		t.Errorf("trusting nobody: %s", got.body)
	}
	for name, value := range map[string]string{"NewMaxSessionDuration": "43201", "NewAssumeRolePolicyDocument": `{"Version":"1"}`} {
		w.ram(k, "UpdateRole", "RoleName", "admin", name, value).want(t, name, http.StatusBadRequest, "InvalidParameter."+name)
	}
	w.ram(w.keeper("1234567890123456"), "UpdateRole", "RoleName", "admin", "NewMaxSessionDuration", "3600").want(t, "the bundle", http.StatusForbidden, "NoPermission")
}

func TestRolesAreReadInRAM(t *testing.T) {
	w := newWorld(t)
	trust := cloud.Trusting(portal)
	w.now = w.now.Add(time.Hour)
	k := w.keeper("1234567890123456")
	w.must(w.AddRole(cloud.Role{ARN: longRole, Trust: trust, MaxSession: 12 * time.Hour, Description: "long"}))
	got := w.ram(k, "GetRole", "RoleName", "long")
	want := shownRole{
		RoleId: got.Role.RoleId, RoleName: "long", Arn: longRole, Description: "long", AssumeRolePolicyDocument: trust, MaxSessionDuration: 43200,
		CreateDate: "2026-11-23T18:00:00Z", UpdateDate: "2026-11-23T19:00:00Z",
	}
	if got.Role != want || len(got.Role.RoleId) != 18 {
		t.Error(got.body)
	}
	first := w.ram(k, "ListRoles", "MaxItems", "2")
	rest := w.ram(k, "ListRoles", "MaxItems", "1000", "Marker", first.Marker)
	var names []string
	for _, r := range append(first.Roles.Role, rest.Roles.Role...) {
		if r.AssumeRolePolicyDocument != "" || r.MaxSessionDuration < 3600 {
			t.Errorf("listed: %+v", r)
		}
		names = append(names, r.RoleName)
	}
	if !first.IsTruncated || rest.IsTruncated || rest.Marker != "" || strings.Join(names, " ") != cloud.DirectoryRole+" admin fc-sso-maintenance keyed long shut" {
		t.Errorf("%v, %s", names, rest.body)
	}
	w.ram(k, "GetRole").want(t, "no name", http.StatusBadRequest, "MissingRoleName")
	w.ram(k, "GetRole", "RoleName", "a/b").want(t, "a bad name", http.StatusBadRequest, "InvalidParameter.RoleName.InvalidChars")
	w.ram(k, "GetRole", "RoleName", "nobody").want(t, "unknown", http.StatusNotFound, "EntityNotExist.Role")
	w.ram(k, "ListRoles", "MaxItems", "1001").want(t, "a page too long", http.StatusBadRequest, "InvalidParameter.MaxItems")
	w.ram(w.portal(), "GetRole", "RoleName", "fc-sso-scim").want(t, "without permission", http.StatusForbidden, "NoPermission")
}
