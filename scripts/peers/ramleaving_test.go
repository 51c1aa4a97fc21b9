package peers_test

import (
	"testing"

	ims "github.com/alibabacloud-go/ims-20190815/v4/client"
	ram "github.com/alibabacloud-go/ram-20150501/v2/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// judgeLeaving takes from a user, by the maintenance role, what their owner gave them:
// first so that they can do nothing more, then all of it, in RAM's order.
func judgeLeaving(t *testing.T, s *stack.Stack, c *ims.Client) {
	t.Helper()
	owner, older, eve := imsClient(t, s, ownersRole), ramClient(t, s, maintenanceRole), tea.String("eve")
	ownerOlder := ramClient(t, s, ownersRole)
	must(c.CreateUser(&ims.CreateUserRequest{UserPrincipalName: upn("eve"), DisplayName: tea.String("Eve")}))(t)
	must(owner.CreateLoginProfile(&ims.CreateLoginProfileRequest{UserPrincipalName: upn("eve"), Password: tea.String("Corr3ct-horse")}))(t)
	key := must(owner.CreateAccessKey(&ims.CreateAccessKeyRequest{UserPrincipalName: upn("eve")}))(t).Body.AccessKey
	must(ownerOlder.AttachPolicyToUser(&ram.AttachPolicyToUserRequest{UserName: eve, PolicyType: tea.String("System"), PolicyName: tea.String("AdministratorAccess")}))(t)
	s.BindDevice(t, "1234567890123456", "eve")

	asEve := person.Credentials{AccessKeyID: tea.StringValue(key.AccessKeyId), AccessKeySecret: tea.StringValue(key.AccessKeySecret)}
	hers := must(ram.NewClient(configured(s.Cloud.RAM, asEve)))(t)
	must(hers.ListRoles(&ram.ListRolesRequest{}))(t)
	left, custom := tea.String("fc-sso-left"), tea.String("Custom")
	must(older.CreatePolicy(&ram.CreatePolicyRequest{PolicyName: left, PolicyDocument: tea.String(`{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}`)}))(t)
	must(older.AttachPolicyToUser(&ram.AttachPolicyToUserRequest{UserName: eve, PolicyType: custom, PolicyName: left}))(t)
	_, err := hers.ListRoles(&ram.ListRolesRequest{})
	wantCode(t, "denied", err, "NoPermission")
	must(older.UpdateAccessKey(&ram.UpdateAccessKeyRequest{UserName: eve, UserAccessKeyId: key.AccessKeyId, Status: tea.String("Inactive")}))(t)
	_, err = hers.ListRoles(&ram.ListRolesRequest{})
	wantCode(t, "with an inactive key", err, "InvalidAccessKeyId.Inactive")
	_, err = c.CreateAccessKey(&ims.CreateAccessKeyRequest{UserPrincipalName: upn("eve")})
	wantCode(t, "a key from the maintenance role", err, "NoPermission")
	_, err = older.DetachPolicyFromUser(&ram.DetachPolicyFromUserRequest{UserName: eve, PolicyType: tea.String("System"), PolicyName: tea.String("AdministratorAccess")})
	wantCode(t, "another's policy", err, "NoPermission")

	remove := func(still string) {
		t.Helper()
		_, err := c.DeleteUser(&ims.DeleteUserRequest{UserPrincipalName: upn("eve")})
		wantCode(t, "by the newer API", err, "DeleteConflict.User."+still)
		_, err = older.DeleteUser(&ram.DeleteUserRequest{UserName: eve})
		wantCode(t, "by the older", err, "DeleteConflict.User."+still)
	}
	policies := must(older.ListPoliciesForUser(&ram.ListPoliciesForUserRequest{UserName: eve}))(t).Body.Policies.Policy
	if len(policies) != 2 {
		t.Errorf("%v", policies)
	}
	for _, policy := range policies {
		remove("Policy")
		must(ownerOlder.DetachPolicyFromUser(&ram.DetachPolicyFromUserRequest{UserName: eve, PolicyType: policy.PolicyType, PolicyName: policy.PolicyName}))(t)
	}
	remove("AccessKey")
	for _, key := range must(older.ListAccessKeys(&ram.ListAccessKeysRequest{UserName: eve}))(t).Body.AccessKeys.AccessKey {
		if tea.StringValue(key.Status) != "Inactive" {
			t.Errorf("%v", key)
		}
		must(older.DeleteAccessKey(&ram.DeleteAccessKeyRequest{UserName: eve, UserAccessKeyId: key.AccessKeyId}))(t)
	}
	remove("MFADevice")
	if device := must(c.GetUserMFAInfo(&ims.GetUserMFAInfoRequest{UserPrincipalName: upn("eve")}))(t).Body; !tea.BoolValue(device.IsMFAEnable) || tea.StringValue(device.MFADevice.SerialNumber) == "" {
		t.Errorf("%v", device)
	}
	must(c.UnbindMFADevice(&ims.UnbindMFADeviceRequest{UserPrincipalName: upn("eve")}))(t)
	remove("LoginProfile")
	if profile := must(c.GetLoginProfile(&ims.GetLoginProfileRequest{UserPrincipalName: upn("eve")}))(t).Body.LoginProfile; tea.StringValue(profile.Status) != "Active" {
		t.Errorf("%v", profile)
	}
	must(older.DeleteLoginProfile(&ram.DeleteLoginProfileRequest{UserName: eve}))(t)
	_, err = c.GetLoginProfile(&ims.GetLoginProfileRequest{UserPrincipalName: upn("eve")})
	wantCode(t, "no password", err, "EntityNotExist.User.LoginProfile")
	must(c.DeleteUser(&ims.DeleteUserRequest{UserPrincipalName: upn("eve")}))(t)
	policy := must(older.GetPolicy(&ram.GetPolicyRequest{PolicyName: left, PolicyType: custom}))(t).Body
	if tea.Int32Value(policy.Policy.AttachmentCount) != 0 || tea.StringValue(policy.DefaultPolicyVersion.PolicyDocument) == "" {
		t.Errorf("%v", policy)
	}
}
