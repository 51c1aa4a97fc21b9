package exchange

import (
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// What STS 2015-04-01 says of its anonymous actions.
const (
	withOIDC    = "AssumeRoleWithOIDC"
	withSAML    = "AssumeRoleWithSAML"
	stsVersion  = "2015-04-01"
	stsTime     = "2006-01-02T15:04:05Z" // the only form that its SDKs read
	leastLife   = 900
	longestLife = 43_200

	// maxSTSForm holds a response of 100,000 characters and a policy, whatever has to
	// be URL encoded of them.
	maxSTSForm = 320 << 10
)

// sts is AssumeRoleWithOIDC and AssumeRoleWithSAML, for clients that speak no other
// protocol than that of Alibaba Cloud's STS and are told another address for it. What
// decides is what decides at /oidc/token.
func (e exchange) sts(r *http.Request) (respond.Outcome, error) {
	params, err := stsParameters(r)
	if err != nil {
		return respond.Outcome{}, shapedBy(r.URL.Query(), err)
	}
	made, err := e.assume(r, params)
	if err != nil {
		return respond.Outcome{}, shapedBy(params, err)
	}
	outcome, err := stsOutcome(made.answer, isXML(params))
	return outcome.WithHeader(lengthHeader, note(made.length, page.English)), err
}

// lengthHeader says what decided how long the credentials last. STS refuses a length
// that is too long, and has no word for one that is cut; its clients, which take what it
// answers for all there is, need not read this.
const lengthHeader = "X-Sso-Duration-Note"

// stsMade is what STS would answer, and how long what is in it lasts.
type stsMade struct {
	answer any
	length mapping.Length
}

func (e exchange) assume(r *http.Request, params url.Values) (stsMade, error) {
	if err := requireAction(params); err != nil {
		return stsMade{}, err
	}
	if params.Get("Action") == withSAML {
		return e.assumeRoleWithSAML(r, params)
	}
	return e.assumeRoleWithOIDC(r, params)
}

func (e exchange) assumeRoleWithOIDC(r *http.Request, params url.Values) (stsMade, error) {
	call, err := readSTS(params)
	if err != nil {
		return stsMade{}, err
	}
	if err := requireJWT(call.token); err != nil {
		return stsMade{}, err
	}
	record, err := e.record(r.Context(), call.token)
	if err != nil {
		return stsMade{}, err
	}
	if err := e.requireProvider(r, record, call); err != nil {
		return stsMade{}, err
	}
	made, err := e.exchange(r, record, call.asked)
	if err != nil {
		return stsMade{}, err
	}
	answer, err := answerOf(audit.RequestID(r.Context()), made, call.token)
	return stsMade{answer, made.Length}, err
}

// requireProvider wants the ARN to be what the role's account calls the record that
// the token's issuer leads to: a caller that names another means another trust.
func (e exchange) requireProvider(r *http.Request, record trust.Record, call stsCall) error {
	rules, err := e.Rules(r.Context(), record.ID())
	if err != nil {
		return err
	}
	account, ok := rules.Account(call.role.Account())
	if ok {
		known, declared := account.OIDCProvider(record.ID())
		ok = declared && known == call.provider
	}
	if !ok {
		return faultError{
			http.StatusUnauthorized, "AuthenticationFail.NoPermission", "No such OIDC Provider registered.",
			reason.New(reason.IdPUnknown, "account %s does not call the token's identity provider %s", call.role.Account(), call.provider),
		}
	}
	return nil
}

// requireJWT finds what STS has words of its own for; all else is the guard's.
func requireJWT(compact string) error {
	malformed := func(message string, err error) error { return unauthorized("OIDCToken.Invalid", message).because(err) }
	token, err := jose.Parse(compact)
	switch parts := strings.Split(compact, "."); {
	case err == nil && !jose.Known(token.Algorithm):
		return malformed(fmt.Sprintf("The algorithm %.40s that be specified in Jwt header is unknown.", token.Algorithm),
			reason.New(reason.SignatureAlgorithm, "alg is %.40q", token.Algorithm))
	case err != nil && len(parts) != 3:
		return malformed("The number of Jwt field should be divided into 3 parts with '.' .", err)
	case err != nil && slices.ContainsFunc(parts, undecodable):
		return malformed("Cannot decode base64 encoded response(format invalided).", err)
	}
	return err
}

func undecodable(part string) bool {
	_, err := base64.RawURLEncoding.DecodeString(part)
	return err != nil
}

// stsParameters are those of the query and the form alike, each once.
func stsParameters(r *http.Request) (url.Values, error) {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, reason.New(reason.RequestMalformed, "the query is not URL encoded")
	}
	if r.Method == http.MethodPost && r.ContentLength != 0 {
		form, err := readForm(r, maxSTSForm)
		if err != nil {
			return nil, err
		}
		for name, values := range form {
			params[name] = append(params[name], values...)
		}
	}
	for name, values := range params {
		if len(values) > 1 {
			return nil, reason.New(reason.RequestMalformed, "parameter %.80q stands %d times", name, len(values))
		}
	}
	return params, nil
}

func isXML(params url.Values) bool { return strings.EqualFold(params.Get("Format"), "XML") }

// stsCall is what an AssumeRoleWithOIDC asks.
type stsCall struct {
	asked

	provider ram.OIDCProviderARN
}

func requireAction(params url.Values) error {
	switch action := params.Get("Action"); {
	case action == "":
		return missingParameter("Action")
	case action != withOIDC && action != withSAML:
		return faultError{
			http.StatusNotFound, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.",
			reason.New(reason.NotFound, "action %.80q", action),
		}
	case params.Get("Version") != stsVersion:
		return faultError{
			http.StatusBadRequest, "InvalidVersion", "Specified parameter Version is not valid.",
			reason.New(reason.RequestMalformed, "version %.80q, %s is spoken", params.Get("Version"), stsVersion),
		}
	}
	return nil
}

func requireParameters(params url.Values, names ...string) error {
	for _, name := range names {
		if params.Get(name) == "" {
			return missingParameter(name)
		}
	}
	return nil
}

func readSTS(params url.Values) (stsCall, error) {
	if err := requireParameters(params, "RoleArn", "OIDCProviderArn", "RoleSessionName"); err != nil {
		return stsCall{}, err
	}
	return parseSTS(params)
}

func parseSTS(params url.Values) (c stsCall, err error) {
	if c.token = trimmed(params.Get("OIDCToken")); c.token == "" {
		return stsCall{}, faultError{
			http.StatusUnauthorized, "AuthenticationFail.OIDCToken.Invalid", "The OIDCToken can not empty.",
			reason.New(reason.RequestMalformed, "OIDCToken is missing"),
		}
	}
	if c.role, err = ram.ParseRoleARN(params.Get("RoleArn")); err != nil {
		return stsCall{}, wrongParameter("RoleArn", err)
	}
	if c.provider, err = ram.ParseOIDCProviderARN(params.Get("OIDCProviderArn")); err != nil {
		return stsCall{}, wrongParameter("OIDCProviderArn", err)
	}
	name := params.Get("RoleSessionName")
	if clean, err := ram.CleanSessionName(name); err != nil || clean != name { // STS cleans nothing, and its clients know
		return stsCall{}, wrongParameter("RoleSessionName", fmt.Errorf("%.80q, 2 to 64 of A-Z a-z 0-9 . @ _ and - are wanted", name))
	}
	c.wish, err = stsWish(params, name)
	return c, err
}

func stsWish(params url.Values, name string) (mapping.Wish, error) {
	duration, err := stsDuration(params.Get("DurationSeconds"))
	if err != nil {
		return mapping.Wish{}, err
	}
	policy, err := stsPolicy(params.Get("Policy"))
	if err != nil {
		return mapping.Wish{}, err
	}
	return mapping.ParseWish(name, duration, policy)
}

func stsDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	seconds, err := strconv.ParseUint(text, 10, 31)
	if err != nil || seconds < leastLife || seconds > longestLife {
		return 0, faultError{
			http.StatusBadRequest, "InvalidParameter.DurationSeconds", "The Min/Max value of DurationSeconds is 15min/12hr.",
			reason.New(reason.RequestMalformed, "DurationSeconds is %.80q", text),
		}
	}
	return time.Duration(seconds) * time.Second, nil
}

func stsPolicy(text string) (string, error) {
	if text == "" {
		return "", nil
	}
	if utf8.RuneCountInString(text) > federation.MaxPolicy {
		return "", faultError{
			http.StatusBadRequest, "InvalidParameter.PolicySize", "The size of Policy must be smaller than " + strconv.Itoa(federation.MaxPolicy) + " bytes.",
			reason.New(reason.RequestMalformed, "Policy has %d characters", utf8.RuneCountInString(text)),
		}
	}
	policy, err := federation.SessionPolicy(text)
	if err != nil {
		return "", faultError{
			http.StatusBadRequest, "InvalidParameter.PolicyGrammar", "The parameter Policy has not passed grammar check.",
			reason.New(reason.RequestMalformed, "Policy: %w", err),
		}
	}
	return policy, nil
}

// stsAnswer is STS's answer, in JSON and in XML.
type stsAnswer struct {
	XMLName         xml.Name `json:"-" xml:"AssumeRoleWithOIDCResponse"`
	RequestID       string   `json:"RequestId" xml:"RequestId"`
	OIDCTokenInfo   stsTokenInfo
	AssumedRoleUser stsUser
	Credentials     stsCredentials
}

type stsTokenInfo struct {
	Subject          string
	Issuer           string
	ClientIDs        string `json:"ClientIds" xml:"ClientIds"`
	IssuanceTime     string
	ExpirationTime   string
	VerificationInfo string
}

type stsUser struct {
	Arn           string
	AssumedRoleID string `json:"AssumedRoleId" xml:"AssumedRoleId"`
}

type stsCredentials struct {
	AccessKeyID     string `json:"AccessKeyId" xml:"AccessKeyId"`
	AccessKeySecret string
	SecurityToken   string
	Expiration      string
}

// answerOf reads the token once more, which the guard has judged.
func answerOf(requestID string, made issue.Issued, compact string) (stsAnswer, error) {
	token, err := jose.Parse(compact)
	if err != nil {
		return stsAnswer{}, err
	}
	claims := token.Claims()
	info := stsTokenInfo{ClientIDs: strings.Join(claims.Texts("aud"), ","), VerificationInfo: "Success"}
	info.Subject, _ = claims.Text("sub")
	info.Issuer, _ = claims.Text("iss")
	info.IssuanceTime, info.ExpirationTime = stsDate(claims, "iat"), stsDate(claims, "exp")
	return stsAnswer{
		RequestID: requestID, OIDCTokenInfo: info, AssumedRoleUser: stsUser(made.User), Credentials: stsCredentialsOf(made),
	}, nil
}

func stsCredentialsOf(made issue.Issued) stsCredentials {
	return stsCredentials{
		made.AccessKeyID, made.AccessKeySecret.Reveal(), made.SecurityToken.Reveal(), made.Expiration.UTC().Format(stsTime),
	}
}

func stsDate(claims jose.Object, name string) string {
	seconds, _ := claims.Date(name)
	return time.Unix(seconds, 0).UTC().Format(stsTime)
}
