// Package issue is the mint: it turns a decision into credentials.
//
// In: a mapping.Grant, which only a decision makes, and the role credentials of
// the invocation or, where the account says issue: direct, the caller's own proof or,
// where it says federated, our own signed response. Out: an STS token of the granted
// role, and what opens Alibaba Cloud's console: an address, or a form with our response.
// Refused: a zero Grant, an account whose credentials are declared to come about
// otherwise, a form that would give its holder more than the grant does, console pages
// that are not Alibaba Cloud's. What STS refuses is role_refused, or proof_refused, with
// its own code and request ID for the operator; what does not answer is unavailable.
package issue

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Config is what an Issuer works with. All fields but SigninEndpoint are needed, and Own
// where it is to respond as an identity provider.
type Config struct {
	API            *openapi.Client
	STSEndpoint    string
	SigninEndpoint string                                             // "" = that of the account's site
	Credentials    func(ctx context.Context) (ram.Credentials, error) // the function's role, for this invocation
	Own            Own
}

// Issuer calls STS and the console's sign-in.
type Issuer struct{ config Config }

// New returns an Issuer. It connects when it is first used.
func New(config Config) Issuer { return Issuer{config} }

// Issued are credentials that were made, and whose STS says they are.
type Issued struct {
	ram.Credentials
	Length mapping.Length          // how long they were asked for, and what decided that
	User   openapi.AssumedRoleUser // what STS calls the session
}

// AssumeRole makes credentials of the granted role, for as long as granted or,
// where STS says that the role allows less, for an hour: never longer. How much less
// STS does not say, and every role allows that hour.
func (i Issuer) AssumeRole(ctx context.Context, grant mapping.Grant) (Issued, error) {
	if grant.IsZero() {
		return Issued{}, errors.New("a zero grant was to be issued")
	}
	if err := requireOwnWay(grant.Account()); err != nil {
		return Issued{}, err
	}
	own, err := i.config.Credentials(ctx)
	if err != nil {
		return Issued{}, err
	}
	made, err := withinMaximum(grant, func(grant mapping.Grant) (Issued, error) {
		return i.assume(ctx, own, sessionParams(grant))
	})
	if err != nil {
		return Issued{}, refusal(grant, lack(grant, "", err))
	}
	return made, nil
}

// requireOwnWay: AssumeRole is no other way to what an account declares.
func requireOwnWay(account federation.Account) error {
	way := account.Issue()
	if way == federation.Direct {
		return reason.New(reason.ProofMissing, "account %s has issue: %s, and there is no token or assertion to pass on to STS", account.ID(), way)
	}
	if way != federation.AssumeRole {
		return fmt.Errorf("account %s has issue: %s, and AssumeRole is no other way to the same", account.ID(), way)
	}
	return nil
}

// withinMaximum asks for as long as granted and, where that is more than the role
// allows, for an hour. What was read of the role's maximum is in the grant already: it
// may never have been read, or have shrunk since.
func withinMaximum(grant mapping.Grant, ask func(mapping.Grant) (Issued, error)) (Issued, error) {
	made, err := ask(grant)
	if least, shorter := grant.Least(); shorter && exceedsMaximum(err) {
		grant = least
		made, err = ask(grant)
	}
	made.Length = grant.Length()
	return made, err
}

func sessionParams(grant mapping.Grant) url.Values {
	params := url.Values{
		"RoleArn":         {grant.Role().String()},
		"RoleSessionName": {grant.SessionName()},
		"DurationSeconds": {strconv.Itoa(int(grant.Duration() / time.Second))},
	}
	if policy := grant.SessionPolicy(); policy != "" {
		params.Set("Policy", policy)
	}
	return params
}

func (i Issuer) assume(ctx context.Context, own ram.Credentials, params url.Values) (Issued, error) {
	var answer openapi.Assumed
	err := i.config.API.Call(ctx, openapi.Request{
		Endpoint: i.config.STSEndpoint, Version: openapi.STSVersion, Action: "AssumeRole", Params: params, Credentials: own,
	}, &answer)
	if err != nil {
		return Issued{}, err
	}
	made, err := answer.RoleCredentials()
	return Issued{Credentials: made, User: answer.AssumedRoleUser}, err
}

func exceedsMaximum(err error) bool {
	e, ok := errors.AsType[*openapi.Error](err)
	return ok && e.Code == "InvalidParameter.DurationSeconds"
}

// refusal says whose turn it is: what STS decided about the role is the
// account's administrator's, all else is the service's.
func refusal(grant mapping.Grant, err error) error {
	if e, ok := errors.AsType[*openapi.Error](err); ok && aboutTheRole(e.Code) {
		return reason.New(reason.RoleRefused, "%s: %w", grant.Role(), err)
	}
	return reason.New(reason.STSUnavailable, "%s: %w", grant.Role(), err)
}

// aboutTheRole: a missing role, one that does not trust us, and parameters that
// it does not take. STS answers a trust policy that refuses as NoPermission or
// as AuthenticationFail.NoPermission.
func aboutTheRole(code string) bool {
	for _, prefix := range []string{"NoPermission", "EntityNotExist", "AuthenticationFail", "InvalidParameter"} {
		if code == prefix || strings.HasPrefix(code, prefix+".") {
			return true
		}
	}
	return false
}
