package openapi

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// STSVersion is that of STS's actions.
const STSVersion = "2015-04-01"

// Assumed is STS's answer to AssumeRole and to its kin that want a proof instead of a
// signature.
type Assumed struct {
	AssumedRoleUser AssumedRoleUser
	Credentials     struct {
		AccessKeyID     string `json:"AccessKeyId"`
		AccessKeySecret string
		SecurityToken   string
		Expiration      time.Time
	}
}

// AssumedRoleUser is what STS calls the session.
type AssumedRoleUser struct {
	Arn           string
	AssumedRoleID string `json:"AssumedRoleId"`
}

// RoleCredentials are the credentials in the answer, all parts of them.
func (a Assumed) RoleCredentials() (ram.Credentials, error) {
	c := a.Credentials
	if c.AccessKeyID == "" || c.AccessKeySecret == "" || c.SecurityToken == "" || c.Expiration.IsZero() {
		return ram.Credentials{}, errors.New("STS's answer lacks a part of the credentials")
	}
	return ram.Credentials{
		AccessKeyID: c.AccessKeyID, AccessKeySecret: ram.Secret(c.AccessKeySecret),
		SecurityToken: ram.Secret(c.SecurityToken), Expiration: c.Expiration,
	}, nil
}

// Assuming is a wish to be a role.
type Assuming struct {
	Endpoint    string // of STS
	Role        ram.RoleARN
	SessionName string // what the account's audit trail calls us
	Lasts       time.Duration
	Credentials ram.Credentials // of whom the role trusts
}

// AssumeRole asks STS for a role's credentials. The error names the role.
func (c *Client) AssumeRole(ctx context.Context, a Assuming) (ram.Credentials, error) {
	var answer Assumed
	err := c.Call(ctx, Request{
		Endpoint: a.Endpoint, Version: STSVersion, Action: "AssumeRole", Credentials: a.Credentials, Params: url.Values{
			"RoleArn": {a.Role.String()}, "RoleSessionName": {a.SessionName}, "DurationSeconds": {strconv.Itoa(int(a.Lasts.Seconds()))},
		},
	}, &answer)
	if err != nil {
		return ram.Credentials{}, fmt.Errorf("%s: %w", a.Role, NotAssumed(a.Role, err))
	}
	credentials, err := answer.RoleCredentials()
	if err != nil {
		return ram.Credentials{}, fmt.Errorf("%s: %w", a.Role, err)
	}
	return credentials, nil
}

// NotAssumed adds to STS's refusal of AssumeRole what may be missing: it has one code
// for the two sides that both have to agree.
func NotAssumed(role ram.RoleARN, err error) error {
	if e, ok := errors.AsType[*Error](err); !ok || e.Code != "NoPermission" && e.Code != "AuthenticationFail.NoPermission" {
		return err
	}
	return fmt.Errorf("%w; either the trust policy of %s does not name the caller's role (Principal, RAM), or the caller's role is not allowed sts:AssumeRole on it", err, role)
}
