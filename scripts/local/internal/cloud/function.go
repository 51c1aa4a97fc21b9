package cloud

import (
	"errors"
	"fmt"
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
// each. The two that issue, and no other, may go on to assume others; the two where
// people and workloads sign in, and no other, may have keys fetched; and the one that
// signs requests, and no other, may use the keys of ours that KMS holds.
func (c *Cloud) addFunctionRoles() error {
	const assume = `{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}`
	const invoke = `{"Effect":"Allow","Action":"fc:InvokeFunction","Resource":"acs:fc:*:*:functions/sso-metadata-rotation"}`
	const sign = `{"Effect":"Allow","Action":["kms:AsymmetricSign","kms:GetSecretValue"],"Resource":["acs:kms:*:*:key/fc-sso-*","acs:kms:*:*:secret/fc-sso-*"]}`
	var faults []error
	for name, may := range map[string]string{
		"saml-acs": invoke + "," + sign, "oidc-exchange": assume + "," + invoke, "portal": assume,
		"metadata-rotation": "", "scim": "", "provisioning": "",
	} {
		r := Role{ARN: "acs:ram::" + c.bundle + ":role/fc-sso-" + name, Trust: TrustingService(functionService)}
		if may != "" {
			r.Permission = `{"Version":"1","Statement":[` + may + `]}`
		}
		faults = append(faults, c.AddRole(r))
	}
	return errors.Join(faults...)
}

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
	c.mu.Lock()
	defer c.mu.Unlock()
	now, slot := c.now(), roleARN+" "+function
	current, ok := c.functions[slot]
	if ok && now.Sub(current.made) < c.rotate {
		return current.Credentials, nil
	}
	c.ring.shorten(current.AccessKeyID, now.Add(inFlight))
	fresh := c.ring.mint(caller{kind: kindRole, account: r.account, arn: r.arn, id: r.id, session: function}, functionLifetime)
	c.functions[slot] = functionCredentials{fresh, now}
	return fresh, nil
}
