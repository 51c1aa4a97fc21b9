package cloud

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"
)

const (
	stsVersion  = "2015-04-01"
	stsHost     = "sts.aliyuncs.com"
	minDuration = 15 * time.Minute
)

var (
	roleSessionName = regexp.MustCompile(`^[A-Za-z0-9.@_-]{2,64}$`)
	externalID      = regexp.MustCompile(`^[\w+=,.@:/-]+$`)
)

// STS answers at every host name and at path /, as the real one.
func (c *Cloud) STS() http.Handler {
	return c.serve(rpcService{name: "sts", host: stsHost, version: stsVersion, find: findSTSCall})
}

func findSTSCall(action string) (rpcCall, bool) {
	switch action {
	case "AssumeRole":
		return rpcCall{signed: (*Cloud).assumeRole}, true
	case "AssumeRoleWithOIDC":
		return rpcCall{anonymous: (*Cloud).assumeRoleWithOIDC}, true
	case "AssumeRoleWithSAML":
		return rpcCall{anonymous: (*Cloud).assumeRoleWithSAML}, true
	case "GetCallerIdentity":
		return rpcCall{signed: (*Cloud).getCallerIdentity}, true
	default:
		return rpcCall{}, false
	}
}

type assumedRoleUser struct {
	Arn           string
	AssumedRoleId string
}

type credentialsBody struct {
	AccessKeyId     string
	AccessKeySecret string
	SecurityToken   string
	Expiration      string
}

type assumeRoleBody struct {
	RequestId       string
	AssumedRoleUser assumedRoleUser
	Credentials     credentialsBody
}

func (c *Cloud) assumeRole(who caller, q rpcRequest, requestID string) (any, *fault) {
	ask, f := readAssumeRole(q)
	if f != nil {
		return nil, f
	}
	if who.kind == kindAccount {
		return nil, refuse(http.StatusForbidden, "NoPermission", "Roles may not be assumed by root accounts.")
	}
	if !c.may(who, "sts:AssumeRole", ask.role) {
		return nil, notAllowed()
	}
	target, ok := c.role(ask.role)
	if !ok {
		return nil, refuse(http.StatusNotFound, "EntityNotExist.Role", "The specified Role not exists.")
	}
	if !target.trusts(who, ask.facts) {
		return nil, notAllowed()
	}
	if f := target.requireDuration(ask.duration); f != nil {
		return nil, f
	}
	return assumeRoleBody{
		RequestId:       requestID,
		AssumedRoleUser: assumedRoleUser{sessionARN(target.arn, ask.session, false), target.id + ":" + ask.session},
		Credentials:     credentialsOf(c.session(target, ask)),
	}, nil
}

func credentialsOf(made Credentials) credentialsBody {
	return credentialsBody{made.AccessKeyID, made.AccessKeySecret, made.SecurityToken, stsTime(made.Expiration)}
}

// stsTime is the only form of time that the official SDKs read.
func stsTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// assumeRoleAsk is what all three ways to a role ask for.
type assumeRoleAsk struct {
	role, session string
	duration      time.Duration
	facts         map[string]string // what the trust policy's conditions may ask
	within        *policy           // session policy
}

func readAssumeRole(q rpcRequest) (assumeRoleAsk, *fault) {
	ask, f := readAsk(q, "RoleArn", "RoleSessionName")
	if f != nil {
		return ask, f
	}
	if f := ask.name(q.params.Get("RoleSessionName")); f != nil {
		return ask, f
	}
	if id, ok := q.params["ExternalId"]; ok {
		if len(id[0]) < 2 || len(id[0]) > 1224 || !externalID.MatchString(id[0]) {
			return ask, malformed("ExternalId")
		}
		ask.facts["sts:ExternalId"] = id[0]
	}
	return ask, nil
}

// readAsk wants the parameters of these names, and reads those that all have.
func readAsk(q rpcRequest, names ...string) (assumeRoleAsk, *fault) {
	ask := assumeRoleAsk{role: q.params.Get("RoleArn"), duration: time.Hour, facts: map[string]string{}}
	for _, name := range names {
		if q.params.Get(name) == "" {
			return ask, required(name)
		}
	}
	if !roleARN.MatchString(ask.role) {
		return ask, malformed("RoleArn")
	}
	if text := q.params.Get("DurationSeconds"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return ask, malformed("DurationSeconds")
		}
		ask.duration = time.Duration(seconds) * time.Second
	}
	within, f := readSessionPolicy(q.params.Get("Policy"))
	ask.within = within
	return ask, f
}

// name takes the session's name.
func (a *assumeRoleAsk) name(session string) *fault {
	if !roleSessionName.MatchString(session) {
		return malformed("RoleSessionName")
	}
	a.session = session
	return nil
}

// maxPolicy is what STS takes today; the messages of older pages say 1024.
const maxPolicy = 2048

func readSessionPolicy(text string) (*policy, *fault) {
	if text == "" {
		return nil, nil
	}
	if utf8.RuneCountInString(text) > maxPolicy {
		return nil, refuse(http.StatusBadRequest, "InvalidParameter.PolicySize", "The size of Policy must be smaller than %d bytes.", maxPolicy)
	}
	within, err := parsePermission(text)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "InvalidParameter.PolicyGrammar", "The parameter Policy has not passed grammar check.")
	}
	return &within, nil
}

type callerIdentityBody struct {
	RequestId    string
	IdentityType string
	AccountId    string
	PrincipalId  string
	UserId       string `json:",omitempty" xml:",omitempty"`
	RoleId       string `json:",omitempty" xml:",omitempty"`
	Arn          string
}

func (c *Cloud) getCallerIdentity(who caller, _ rpcRequest, requestID string) (any, *fault) {
	body := callerIdentityBody{RequestId: requestID, IdentityType: who.kind, AccountId: who.account, PrincipalId: who.id, Arn: who.arn}
	if who.kind == kindRole {
		body.RoleId = who.id
		body.PrincipalId = fmt.Sprintf("%s:%s", who.id, who.session)
		body.Arn = sessionARN(who.arn, who.session, true)
		return body, nil
	}
	body.UserId = who.id
	return body, nil
}
