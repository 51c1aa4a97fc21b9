package cloud

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// functionService is Function Compute's name in trust policies.
const functionService = "fc.aliyuncs.com"

// inFlight is how long replaced credentials still work: the request that holds
// them may be half done.
const inFlight = 30 * time.Second

// functionLifetime is what the credentials claim for themselves. They are dead
// long before, by rotation: nothing may count on Expiration.
const functionLifetime = time.Hour

type functionCredentials struct {
	Credentials
	made time.Time
}

// addFunctionRoles makes the bundle's own roles. Function Compute may assume
// each. The two that issue and the two that keep accounts' RAM up to date, and no
// other, may go on to assume others; the two where people and workloads sign in and the
// one that hears of events, and no other, may have keys fetched; the two that learn of
// people may have them provisioned at once; and those that sign requests and responses,
// and no other, may use the key of ours that KMS holds, of which the one that decrypts
// has the secret too. Alerts are handed on by the one that makes them.
func (c *Cloud) addFunctionRoles() error {
	const assume = `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`
	const invoke = `{"Effect":"Allow","Action":"fc:InvokeFunction","Resource":"acs:fc:*:*:functions/sso-metadata-rotation"}`
	const provision = `{"Effect":"Allow","Action":"fc:InvokeFunction","Resource":"acs:fc:*:*:functions/sso-provisioning"}`
	const sign = `{"Effect":"Allow","Action":"kms:AsymmetricSign","Resource":"acs:kms:*:*:key/fc-sso-*"}`
	const decrypt = `{"Effect":"Allow","Action":"kms:GetSecretValue","Resource":"acs:kms:*:*:secret/fc-sso-*"}`
	const tell = `{"Effect":"Allow","Action":["eventbridge:PutEvents","mns:PublishMessage"],"Resource":["acs:eventbridge:*:*:eventbus/fc-sso*","acs:mns:*:*:/topics/fc-sso*/messages"]}`
	var faults []error
	for name, may := range map[string]string{
		"saml-acs": invoke + "," + sign + "," + decrypt, "oidc-exchange": assume + "," + invoke + "," + sign, "portal": assume + "," + sign + "," + provision,
		"metadata-rotation": assume + "," + tell, "scim": provision, "provisioning": assume + "," + invoke,
	} {
		r := Role{ARN: c.functionRole(name), Trust: TrustingService(functionService)}
		if may != "" {
			r.Permission = `{"Version":"1","Statement":[` + may + `]}`
		}
		faults = append(faults, c.AddRole(r))
	}
	return errors.Join(faults...)
}

func (c *Cloud) functionRole(name string) string {
	return arnOf(c.bundle, onRole, "fc-sso-"+name)
}

// AddMaintenanceRole makes the role by which the bundle keeps an account's RAM up to
// date. Besides the two functions that do so the operator may assume it. It may read and
// write providers, but not delete them, read roles, and set user-based SSO. It may make,
// change and delete users and groups and take from a user what hangs on one, but give
// nobody a password or a key; and of policies it may give and take one, which forbids.
func (c *Cloud) AddMaintenanceRole(arn string) error {
	parts := roleARN.FindStringSubmatch(arn)
	if parts == nil {
		return fmt.Errorf("%q is not a role's ARN", arn)
	}
	return c.AddRole(Role{
		ARN: arn, Description: "by which fc-sso keeps this account's identity providers, users and groups up to date",
		Trust:      Trusting(c.functionRole("metadata-rotation"), c.functionRole("provisioning"), c.adminARN()),
		Permission: strings.ReplaceAll(maintenance, "ACCOUNT", parts[1]),
	})
}

const maintenance = `{"Version":"1","Statement":[
	{"Effect":"Allow","Resource":"acs:ram::ACCOUNT:saml-provider/*","Action":[
		"ram:CreateSAMLProvider","ram:UpdateSAMLProvider","ram:GetSAMLProvider","ram:ListSAMLProviders"]},
	{"Effect":"Allow","Resource":"acs:ram::ACCOUNT:oidc-provider/*","Action":[
		"ram:CreateOIDCProvider","ram:UpdateOIDCProvider","ram:GetOIDCProvider","ram:ListOIDCProviders",
		"ram:AddFingerprintToOIDCProvider","ram:RemoveFingerprintFromOIDCProvider",
		"ram:AddClientIdToOIDCProvider","ram:RemoveClientIdFromOIDCProvider"]},
	{"Effect":"Allow","Resource":"acs:ram::ACCOUNT:role/*","Action":["ram:GetRole","ram:ListRoles"]},
	{"Effect":"Allow","Resource":"acs:ram::ACCOUNT:user/*","Action":[
		"ram:CreateUser","ram:GetUser","ram:UpdateUser","ram:DeleteUser","ram:ListUsers",
		"ram:AddUserToGroup","ram:RemoveUserFromGroup","ram:ListGroupsForUser",
		"ram:GetLoginProfile","ram:DeleteLoginProfile","ram:GetUserMFAInfo","ram:UnbindMFADevice",
		"ram:ListAccessKeys","ram:UpdateAccessKey","ram:DeleteAccessKey",
		"ram:ListPoliciesForUser","ram:AttachPolicyToUser","ram:DetachPolicyFromUser"]},
	{"Effect":"Allow","Resource":"acs:ram::ACCOUNT:group/*","Action":[
		"ram:CreateGroup","ram:GetGroup","ram:UpdateGroup","ram:DeleteGroup","ram:ListGroups",
		"ram:AddUserToGroup","ram:RemoveUserFromGroup","ram:ListUsersForGroup","ram:ListPoliciesForGroup"]},
	{"Effect":"Allow","Resource":"acs:ram::ACCOUNT:policy/fc-sso-left","Action":[
		"ram:CreatePolicy","ram:GetPolicy","ram:AttachPolicyToUser","ram:DetachPolicyFromUser"]},
	{"Effect":"Allow","Resource":"*","Action":["ram:GetUserSsoSettings","ram:SetUserSsoSettings","ram:GetDefaultDomain"]}]}`

// FunctionRole gives what Function Compute hands to an invocation of a function:
// credentials of its role, with the function's name as session. They are the same
// for five minutes (Options.RotateEvery); then come new ones, and 30 seconds
// later the old ones are refused everywhere.
func (c *Cloud) FunctionRole(roleARN, function string) (Credentials, error) {
	r, ok := c.role(roleARN)
	if !ok {
		return Credentials{}, fmt.Errorf("function %s: role %s does not exist", function, roleARN)
	}
	if !r.trustsService(functionService) {
		return Credentials{}, fmt.Errorf("function %s: role %s does not trust %s", function, roleARN, functionService)
	}
	mint := func() Credentials {
		return c.ring.mint(caller{kind: kindRole, account: r.account, arn: r.arn, id: r.id, session: function}, functionLifetime)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rotation.Each {
		made := mint()
		c.ring.limit(made.AccessKeyID, c.rotation.Uses)
		return made, nil
	}
	now, slot := c.now(), roleARN+" "+function
	current, ok := c.functions[slot]
	if ok && now.Sub(current.made) < c.rotate {
		return current.Credentials, nil
	}
	c.ring.shorten(current.AccessKeyID, now.Add(inFlight))
	fresh := mint()
	c.functions[slot] = functionCredentials{fresh, now}
	return fresh, nil
}

// Rotation is how often functions' credentials are replaced, where five minutes are not
// often enough to a test.
type Rotation struct {
	// Each gives each invocation credentials of its own, which are refused everywhere
	// as soon as it is over: whoever kept them is found out at the next call.
	Each bool `json:"each"`
	// Uses has them refused after so many calls, in the middle of the invocation too,
	// as when Function Compute gave out what was about to end; 0: none.
	Uses int `json:"uses"`
}

// Rotate has credentials replaced in this way from the next invocation on. What
// invocations had until now is refused.
func (c *Cloud) Rotate(wish Rotation) error {
	if wish.Uses < 0 || wish.Uses > 0 && !wish.Each {
		return fmt.Errorf("%d uses: they are counted where each invocation has credentials of its own", wish.Uses)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rotation = wish
	for slot, current := range c.functions {
		c.ring.shorten(current.AccessKeyID, c.now())
		delete(c.functions, slot)
	}
	return nil
}

// InvocationOver hears that an invocation with these credentials has ended.
func (c *Cloud) InvocationOver(accessKeyID string) {
	c.mu.Lock()
	each := c.rotation.Each
	c.mu.Unlock()
	if each {
		c.ring.shorten(accessKeyID, c.now())
	}
}
