package cloud

import (
	"context"
	"fmt"
	"net/http"
)

type assertionInfoBody struct {
	SubjectType string
	Subject     string
	Recipient   string
	Issuer      string
}

type withSAMLBody struct {
	RequestId         string
	SAMLAssertionInfo assertionInfoBody
	AssumedRoleUser   assumedRoleUser
	Credentials       credentialsBody
}

// assumeRoleWithSAML is anonymous: the assertion says who comes, and what the session
// is called.
func (c *Cloud) assumeRoleWithSAML(_ context.Context, q rpcRequest, requestID string) (any, *fault) {
	answer, f := c.byResponse(q, requestID)
	if f != nil {
		return nil, f.inSAMLsWords()
	}
	return answer, nil
}

// inSAMLsWords is a refusal as this action has it, which words some of them otherwise
// than the other two. Of a policy's size its page says 1024, as theirs did.
func (f *fault) inSAMLsWords() *fault {
	message, ok := map[string]string{
		"InvalidParameter.RoleSessionName": "The RoleSessionName is invalid.",
		"InvalidParameter.DurationSeconds": "The DurationSeconds is invalid.",
		"InvalidParameter.PolicyGrammar":   "Invalid Policy.",
		"InvalidParameter.PolicySize":      fmt.Sprintf("The max size of policy string is %d.", maxPolicy),
	}[f.code]
	if !ok {
		return f
	}
	worded := *f
	worded.message = message
	return &worded
}

func (c *Cloud) byResponse(q rpcRequest, requestID string) (any, *fault) {
	ask, f := readAsk(q, "RoleArn", "SAMLProviderArn", "SAMLAssertion")
	if f != nil {
		return nil, f
	}
	arn, encoded := q.params.Get("SAMLProviderArn"), q.params.Get("SAMLAssertion")
	switch {
	case !samlProviderARN.MatchString(arn):
		return nil, malformed("SAMLProviderArn")
	case len(encoded) < 4 || len(encoded) > maxAssertion:
		return nil, malformed("SAMLAssertion")
	}
	provider, ok := c.samlProvider(arn)
	switch {
	case !ok:
		return nil, refuse(http.StatusNotFound, "EntityNotExist.SAMLProvider", "Can not find SAML provider.")
	case provider.entityID == "":
		return nil, noMetadata()
	}
	says, f := provider.verifiedAssertion(encoded, c.now())
	if f != nil {
		return nil, f
	}
	if !says.names(ask.role, arn) { // the code of the real STS is not known
		return nil, invalidAssertion("it does not name %s with %s", ask.role, arn)
	}
	ask.session = says.session
	target, made, f := c.federate(ask, arn, map[string]string{"saml:recipient": says.recipient})
	if f != nil {
		return nil, f
	}
	return withSAMLBody{
		RequestId:         requestID,
		SAMLAssertionInfo: assertionInfoBody{says.format, says.subject, says.recipient, says.issuer},
		AssumedRoleUser:   assumedRoleUser{"acs:sts::" + target.account + ":assumed-role/" + target.name + "/" + ask.session, target.id + ":" + ask.session},
		Credentials:       credentialsOf(made),
	}, nil
}
