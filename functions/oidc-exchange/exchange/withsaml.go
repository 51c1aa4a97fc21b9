package exchange

import (
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// What STS takes of an assertion, which is a whole response in base64.
const (
	leastAssertion   = 4
	longestAssertion = 100_000
	nameIDFormats    = "urn:oasis:names:tc:SAML:2.0:nameid-format:"
)

// samlCall is what an AssumeRoleWithSAML asks.
type samlCall struct {
	asked

	provider  ram.SAMLProviderARN
	assertion string
}

// assumeRoleWithSAML takes a response that an identity provider made for Alibaba
// Cloud's role sign-in: that is what its clients hold, and what STS takes itself where
// the account issues directly. In other accounts the rules alone decide, and the
// bundle's own role issues: an account opens that way by calling the identity provider
// its SAML provider, as it would in RAM. Such a response is good here once, and never
// at the assertion consumer service.
func (e exchange) assumeRoleWithSAML(r *http.Request, params url.Values) (stsMade, error) {
	call, err := readSAML(params)
	if err != nil {
		return stsMade{}, err
	}
	record, want, err := e.samlRecord(r, call)
	if err != nil {
		return stsMade{}, err
	}
	var who validate.Identity
	err = e.Fresh.Try(r.Context(), record, func(ctx context.Context, record trust.Record) (err error) {
		who, err = e.guard.Response(ctx, record, want, call.assertion)
		return err
	})
	if err != nil {
		return stsMade{}, err
	}
	made, err := e.give(r, record, who, call.asked, issue.SAMLResponse(record.ID(), call.assertion))
	if err != nil {
		return stsMade{}, err
	}
	return stsMade{samlAnswer{
		RequestID: audit.RequestID(r.Context()),
		SAMLAssertionInfo: samlInfo{
			strings.TrimPrefix(who.NameIDFormat(), nameIDFormats), who.Subject(), want.ACSURL, record.EntityID(),
		},
		AssumedRoleUser: stsUser(made.User), Credentials: stsCredentialsOf(made),
	}, made.Length}, nil
}

func readSAML(params url.Values) (c samlCall, err error) {
	if err := requireParameters(params, "RoleArn", "SAMLProviderArn", "SAMLAssertion"); err != nil {
		return samlCall{}, err
	}
	if c.role, err = ram.ParseRoleARN(params.Get("RoleArn")); err != nil {
		return samlCall{}, wrongParameter("RoleArn", err)
	}
	if c.provider, err = ram.ParseSAMLProviderARN(params.Get("SAMLProviderArn")); err != nil {
		return samlCall{}, wrongParameter("SAMLProviderArn", err)
	}
	c.assertion = params.Get("SAMLAssertion")
	if n := len(c.assertion); n < leastAssertion || n > longestAssertion {
		return samlCall{}, wrongParameter("SAMLAssertion", fmt.Errorf("%d characters, %d to %d are wanted", n, leastAssertion, longestAssertion))
	}
	c.wish, err = stsWish(params, "")
	return c, err
}

// samlRecord is the record that judges a response, that which the role's account calls
// by this ARN, and what the response must be made for. An account that none of the
// record's rules name gives nothing, whatever comes.
func (e exchange) samlRecord(r *http.Request, call samlCall) (trust.Record, validate.Expectation, error) {
	ctx, decision := r.Context(), audit.Of(r.Context())
	decision.TokenSHA256 = validate.MessageSHA256(call.assertion)
	id, err := e.Provider(ctx, call.role.Account().String(), call.provider.String())
	if err != nil {
		return trust.Record{}, validate.Expectation{}, err
	}
	record, err := e.Record(ctx, id)
	if err != nil {
		return trust.Record{}, validate.Expectation{}, err
	}
	decision.Record, decision.Revision, decision.Issuer = record.ID(), record.Revision(), record.EntityID()
	rules, err := e.Rules(ctx, id)
	if err != nil {
		return trust.Record{}, validate.Expectation{}, err
	}
	account, ok := rules.Account(call.role.Account())
	if !ok {
		return trust.Record{}, validate.Expectation{}, reason.New(reason.RoleNotGranted, "no rule of %s gives a role of account %s", id, call.role.Account())
	}
	return record, roleSignIn(account.Site()), nil
}

// roleSignIn is who Alibaba Cloud is at its role sign-in, which never sends requests.
func roleSignIn(site federation.Site) validate.Expectation {
	want := validate.Expectation{EntityID: "urn:alibaba:cloudcomputing", ACSURL: "https://signin.aliyun.com/saml-role/sso", AsksNobody: true}
	if site == federation.International {
		want.EntityID, want.ACSURL = "urn:alibaba:cloudcomputing:international", "https://signin.alibabacloud.com/saml-role/sso"
	}
	return want
}

// samlAnswer is STS's answer, in JSON and in XML.
type samlAnswer struct {
	XMLName           xml.Name `json:"-" xml:"AssumeRoleWithSAMLResponse"`
	RequestID         string   `json:"RequestId" xml:"RequestId"`
	SAMLAssertionInfo samlInfo
	AssumedRoleUser   stsUser
	Credentials       stsCredentials
}

type samlInfo struct {
	SubjectType string
	Subject     string
	Recipient   string
	Issuer      string
}
