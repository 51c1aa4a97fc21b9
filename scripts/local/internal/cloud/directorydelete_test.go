package cloud_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

type shownPolicy struct {
	PolicyName, PolicyType, Description, DefaultVersion, CreateDate, UpdateDate, AttachDate string
	AttachmentCount                                                                         int
}

// authenticator makes codes as an app does that has scanned the seed.
func authenticator(t *testing.T, seed string, at time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(seed)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(at.Unix()/30))
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1e6)
}

// laden is a user on whom everything hangs.
func (w *world) laden(ram func(string, ...string) shown) (key string, device shown) {
	w.t.Helper()
	w.must(w.AddUser(acme, "ada"))
	w.done(ram,
		[]string{"CreateGroup", "GroupName", "dev"}, []string{"AddUserToGroup", "UserName", "ada", "GroupName", "dev"},
		[]string{"CreatePolicy", "PolicyName", "read", "Description", "to read", "PolicyDocument", readRoles},
		[]string{"AttachPolicyToUser", "UserName", "ada", "PolicyType", "Custom", "PolicyName", "read"},
		[]string{"CreateLoginProfile", "UserName", "ada", "Password", "Corr3ct-horse"})
	key = ram("CreateAccessKey", "UserName", "ada").AccessKey.AccessKeyId
	device = ram("CreateVirtualMFADevice", "VirtualMFADeviceName", "phone")
	bind := func(at time.Time) []string {
		return []string{
			"BindMFADevice", "UserName", "ada", "SerialNumber", device.VirtualMFADevice.SerialNumber,
			"AuthenticationCode1", authenticator(w.t, device.VirtualMFADevice.Base32StringSeed, at.Add(-30*time.Second)),
			"AuthenticationCode2", authenticator(w.t, device.VirtualMFADevice.Base32StringSeed, at),
		}
	}
	old := bind(w.now.Add(-10 * time.Minute))
	ram(old[0], old[1:]...).want(w.t, "old codes", http.StatusForbidden, "CheckAuthenticationCodeFail")
	w.done(ram, bind(w.now))
	return key, device
}

const readRoles = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:ListRoles","Resource":"*"}]}`

// TestAUserGoesLast, after all that hangs on it, with either API.
func TestAUserGoesLast(t *testing.T) {
	for name, last := range map[string]func(ims, ram func(string, ...string) shown) shown{
		"IMS": func(ims, _ func(string, ...string) shown) shown { return ims("DeleteUser", "UserPrincipalName", ada) },
		"RAM": func(_, ram func(string, ...string) shown) shown { return ram("DeleteUser", "UserName", "ada") },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ims, ram := w.both(w.owner())
			key, device := w.laden(ram)
			for _, step := range [][]string{
				{"Group", "RemoveUserFromGroup", "GroupName", "dev"},
				{"Policy", "DetachPolicyFromUser", "PolicyType", "Custom", "PolicyName", "read"},
				{"AccessKey", "DeleteAccessKey", "UserAccessKeyId", key},
				{"MFADevice", "UnbindMFADevice"},
				{"LoginProfile", "DeleteLoginProfile"},
			} {
				last(ims, ram).want(t, "with a "+step[0], http.StatusConflict, "DeleteConflict.User."+step[0])
				w.done(ram, append([]string{step[1], "UserName", "ada"}, step[2:]...))
			}
			last(ims, ram).want(t, "with nothing", http.StatusOK, "")
			w.done(ram, []string{"DeleteVirtualMFADevice", "SerialNumber", device.VirtualMFADevice.SerialNumber}, []string{"DeletePolicy", "PolicyName", "read"}, []string{"DeleteGroup", "GroupName", "dev"})
			if got := w.Directory(acme); len(got.Users)+len(got.Groups)+len(got.Policies) > 0 {
				t.Errorf("left: %+v", got)
			}
		})
	}
}

func TestWhatHangsOnAUserIsShownAndRefusedTwice(t *testing.T) {
	w := newWorld(t)
	ims, ram := w.both(w.owner())
	key, device := w.laden(ram)
	serial := device.VirtualMFADevice.SerialNumber
	shown := w.Directory(acme)
	if u := shown.Users[0]; u.LoginProfile != "Active" || u.MFADevice != serial || u.Keys[0] != (cloud.DirectoryKey{ID: key, Status: "Active"}) || u.Policies[0] != "Custom/read" ||
		len(shown.Policies) != 1 || shown.Policies[0].Document != readRoles {
		t.Errorf("%+v", shown)
	}
	if got := ims("GetUserMFAInfo", "UserPrincipalName", ada); got.IsMFAEnable == nil || !*got.IsMFAEnable || got.MFADevice.SerialNumber != serial || got.MFADevice.Type != "VMFA" {
		t.Errorf("%s", got.body)
	}
	if got := ram("ListPoliciesForUser", "UserName", "ada").Policies.Policy; len(got) != 1 || got[0] != (shownPolicy{PolicyName: "read", PolicyType: "Custom", Description: "to read", DefaultVersion: "v1", AttachDate: "2026-11-23T18:00:00Z"}) {
		t.Errorf("%+v", got)
	}
	if got := ram("GetPolicy", "PolicyName", "read", "PolicyType", "Custom"); got.Policy.AttachmentCount != 1 || got.DefaultPolicyVersion.PolicyDocument != readRoles {
		t.Errorf("%s", got.body)
	}
	w.done(ram, []string{"CreateAccessKey", "UserName", "ada"})
	read := []string{"PolicyName", "read", "PolicyType", "Custom"}
	refusals{
		{"a third key", "CreateAccessKey", []string{"UserName", "ada"}, 409, "LimitExceeded.User.AccessKey"},
		{"another's key", "UpdateAccessKey", []string{"UserName", "ada", "UserAccessKeyId", "LTAI", "Status", "Inactive"}, 404, "EntityNotExist.User.AccessKey"},
		{"no key", "DeleteAccessKey", []string{"UserName", "ada"}, 400, "MissingUserAccessKeyId"},
		{"a status", "UpdateAccessKey", []string{"UserName", "ada", "UserAccessKeyId", key, "Status", "off"}, 400, "InvalidParameter.Status"},
		{"the device's name again", "CreateVirtualMFADevice", []string{"VirtualMFADeviceName", "Phone"}, 409, "EntityAlreadyExists.VirtualMFADevice"},
		{"a device again", "BindMFADevice", []string{"UserName", "ada", "SerialNumber", serial}, 409, "EntityAlreadyExists.User.MFADevice"},
		{"a device in use", "DeleteVirtualMFADevice", []string{"SerialNumber", serial}, 409, "DeleteConflict.VirtualMFADevice.User"},
		{"a device that is none", "DeleteVirtualMFADevice", []string{"SerialNumber", serial + "x"}, 404, "EntityNotExist.VirtualMFADevice"},
		{"the policy again", "AttachPolicyToUser", append(read, "UserName", "ada"), 409, "EntityAlreadyExists.User.Policy"},
		{"one that the group has not", "DetachPolicyFromGroup", append(read, "GroupName", "dev"), 404, "EntityNotExist.Group.Policy"},
		{"in a part of the account", "AttachPolicyToGroup", append(read, "GroupName", "dev", "ResourceGroupId", "rg-1"), 400, "InvalidParameter.ResourceGroupId"},
		{"a policy in use", "DeletePolicy", []string{"PolicyName", "read"}, 409, "DeleteConflict.Policy.User"},
		{"one that is there", "CreatePolicy", []string{"PolicyName", "Read", "PolicyDocument", readRoles}, 409, "EntityAlreadyExists.Policy"},
		{"with a dot", "CreatePolicy", []string{"PolicyName", "re.ad", "PolicyDocument", readRoles}, 400, "InvalidParameter.PolicyName.InvalidChars"},
		{"of 129 characters", "CreatePolicy", []string{"PolicyName", strings.Repeat("p", 129), "PolicyDocument", readRoles}, 400, "InvalidParameter.PolicyName.Length"},
		{"of nothing", "CreatePolicy", []string{"PolicyName", "new"}, 400, "MissingPolicyDocument"},
		{"of nonsense", "CreatePolicy", []string{"PolicyName", "new", "PolicyDocument", "{}"}, 400, "MalformedPolicyDocument"},
		{"too much", "CreatePolicy", []string{"PolicyName", "new", "PolicyDocument", strings.Repeat(" ", 6145)}, 400, "InvalidParameter.PolicyDocument.Length"},
		{"a type", "GetPolicy", []string{"PolicyName", "read", "PolicyType", "Mine"}, 400, "InvalidParameter.PolicyType"},
		{"no type", "GetPolicy", []string{"PolicyName", "read"}, 400, "MissingPolicyType"},
		{"none of that type", "GetPolicy", []string{"PolicyName", "read", "PolicyType", "System"}, 404, "EntityNotExist.Policy"},
	}.try(t, ram)
	w.done(ram, append([]string{"AttachPolicyToGroup", "GroupName", "dev"}, read...), []string{"RemoveUserFromGroup", "UserName", "ada", "GroupName", "dev"},
		append([]string{"DetachPolicyFromUser", "UserName", "ada"}, read...), []string{"UnbindMFADevice", "UserName", "ada"})
	refusals{
		{"a group with a policy", "DeleteGroup", []string{"GroupName", "dev"}, 409, "DeleteConflict.Group.Policy"},
		{"a policy of a group", "DeletePolicy", []string{"PolicyName", "read"}, 409, "DeleteConflict.Policy.Group"},
		{"no device", "UnbindMFADevice", []string{"UserName", "ada"}, 404, "EntityNotExist.User.MFADevice"},
		{"no device to see", "GetUserMFAInfo", []string{"UserName", "ada"}, 404, "EntityNotExist.User.MFADevice"},
		{"codes", "BindMFADevice", []string{"UserName", "ada", "SerialNumber", serial, "AuthenticationCode1", "1", "AuthenticationCode2", "2"}, 400, "InvalidParameter.AuthenticationCode.Format"},
	}.try(t, ram)
	if got := ims("GetUserMFAInfo", "UserPrincipalName", ada); got.Code != "" || *got.IsMFAEnable {
		t.Errorf("%s", got.body)
	}
	w.must(w.BindDevice(acme, "ada"))
	w.done(ims, []string{"UnbindMFADevice", "UserPrincipalName", ada})
}

func TestAnAccountHoldsSoManyAndNoMore(t *testing.T) {
	w := newWorld(t)
	w.must(w.SetLimits(acme, cloud.Limits{Users: 2, Groups: 2, GroupsPerUser: 1}))
	_, ram := w.both(w.owner())
	w.done(ram,
		[]string{"CreateUser", "UserName", "a"}, []string{"CreateUser", "UserName", "b"},
		[]string{"CreateGroup", "GroupName", "x"}, []string{"CreateGroup", "GroupName", "y"}, []string{"AddUserToGroup", "UserName", "a", "GroupName", "x"})
	refusals{
		{"a third user", "CreateUser", []string{"UserName", "c"}, 409, "LimitExceeded.User"},
		{"a third group", "CreateGroup", []string{"GroupName", "z"}, 409, "LimitExceeded.Group"},
		{"a second group of a user", "AddUserToGroup", []string{"UserName", "a", "GroupName", "y"}, 409, "LimitExceeded.User.Group"},
	}.try(t, ram)
	if w.SetLimits("99999", cloud.Limits{Users: 1}) == nil || w.SetLimits(acme, cloud.Limits{Users: -1}) == nil {
		t.Error("limits of nobody, or below none")
	}
}
