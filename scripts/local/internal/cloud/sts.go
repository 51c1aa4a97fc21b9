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

type stsCall func(*Cloud, caller, rpcRequest, string) (any, *fault)

// STS answers at every host name and at path /, as the real one.
func (c *Cloud) STS() http.Handler {
	return c.troubles.at("sts", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := newRequestID()
		q, f := readRequest(w, r)
		if f != nil {
			writeFault(w, stsHost, id, false, f)
			return
		}
		who, answer, f := c.callSTS(q, id)
		c.log.InfoContext(r.Context(), "sts", "request_id", id, "action", q.action(), "caller", who.arn, "session", who.session, "refusal", codeOf(f))
		if f != nil {
			writeFault(w, stsHost, id, q.wantsXML(), f)
			return
		}
		write(w, http.StatusOK, q.wantsXML(), q.action()+"Response", answer)
	}))
}

func codeOf(f *fault) string {
	if f == nil {
		return ""
	}
	return f.code
}

func (c *Cloud) callSTS(q rpcRequest, requestID string) (caller, any, *fault) {
	call, f := findSTSCall(q)
	if f != nil {
		return caller{}, nil, f
	}
	who, f := c.authenticate(q)
	if f != nil {
		return caller{}, nil, f
	}
	answer, f := call(c, who, q, requestID)
	return who, answer, f
}

func findSTSCall(q rpcRequest) (stsCall, *fault) {
	switch {
	case q.path != "/" && q.path != "":
		return nil, noSuchAPI()
	case q.action() == "":
		return nil, missing("Action")
	case q.version() == "":
		return nil, missing("Version")
	case q.version() != stsVersion:
		return nil, refuse(http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid.")
	}
	switch q.action() {
	case "AssumeRole":
		return (*Cloud).assumeRole, nil
	case "GetCallerIdentity":
		return (*Cloud).getCallerIdentity, nil
	default: // AssumeRoleWithSAML and AssumeRoleWithOIDC too: not emulated yet
		return nil, noSuchAPI()
	}
}

func noSuchAPI() *fault {
	return refuse(http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
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
	if ask.duration < minDuration || ask.duration > target.maxSession {
		return nil, refuse(http.StatusBadRequest, "InvalidParameter.DurationSeconds", "The Min/Max value of DurationSeconds is 15min/%dhr.", int(target.maxSession.Hours()))
	}
	made := c.ring.mint(caller{kind: kindRole, account: target.account, arn: target.arn, id: target.id, session: ask.session, within: ask.within}, ask.duration)
	return assumeRoleBody{
		RequestId:       requestID,
		AssumedRoleUser: assumedRoleUser{sessionARN(target.arn, ask.session, false), target.id + ":" + ask.session},
		Credentials:     credentialsBody{made.AccessKeyID, made.AccessKeySecret, made.SecurityToken, stsTime(made.Expiration)},
	}, nil
}

// stsTime is the only form of time that the official SDKs read.
func stsTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

type assumeRoleAsk struct {
	role, session string
	duration      time.Duration
	facts         map[string]string // what the trust policy's conditions may ask
	within        *policy           // session policy
}

func readAssumeRole(q rpcRequest) (assumeRoleAsk, *fault) {
	ask := assumeRoleAsk{role: q.params.Get("RoleArn"), session: q.params.Get("RoleSessionName"), duration: time.Hour, facts: map[string]string{}}
	switch {
	case ask.role == "":
		return ask, required("RoleArn")
	case ask.session == "":
		return ask, required("RoleSessionName")
	case !roleARN.MatchString(ask.role):
		return ask, malformed("RoleArn")
	case !roleSessionName.MatchString(ask.session):
		return ask, malformed("RoleSessionName")
	}
	if text := q.params.Get("DurationSeconds"); text != "" {
		seconds, err := strconv.ParseUint(text, 10, 31)
		if err != nil {
			return ask, malformed("DurationSeconds")
		}
		ask.duration = time.Duration(seconds) * time.Second
	}
	if id, ok := q.params["ExternalId"]; ok {
		if len(id[0]) < 2 || len(id[0]) > 1224 || !externalID.MatchString(id[0]) {
			return ask, malformed("ExternalId")
		}
		ask.facts["sts:ExternalId"] = id[0]
	}
	within, f := readSessionPolicy(q.params.Get("Policy"))
	ask.within = within
	return ask, f
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
