package cloud

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

type tokenInfoBody struct {
	Subject          string
	Issuer           string
	ClientIds        string
	IssuanceTime     string
	ExpirationTime   string
	VerificationInfo string
}

type withOIDCBody struct {
	RequestId       string
	OIDCTokenInfo   tokenInfoBody
	AssumedRoleUser assumedRoleUser
	Credentials     credentialsBody
}

// assumeRoleWithOIDC is anonymous: the token says who comes.
func (c *Cloud) assumeRoleWithOIDC(ctx context.Context, q rpcRequest, requestID string) (any, *fault) {
	ask, f := readAsk(q, "RoleArn", "OIDCProviderArn", "RoleSessionName")
	if f != nil {
		return nil, f
	}
	if f := ask.name(q.params.Get("RoleSessionName")); f != nil {
		return nil, f
	}
	arn := q.params.Get("OIDCProviderArn")
	if !oidcProviderARN.MatchString(arn) {
		return nil, malformed("OIDCProviderArn")
	}
	provider, ok := c.oidcProvider(arn)
	if !ok {
		return nil, refuse(http.StatusUnauthorized, "AuthenticationFail.NoPermission", "No such OIDC Provider registered.")
	}
	token, f := c.verifiedToken(ctx, provider, q.params.Get("OIDCToken"))
	if f != nil {
		return nil, f
	}
	target, made, f := c.federate(ask, arn, token.facts(provider))
	if f != nil {
		return nil, f
	}
	return withOIDCBody{
		RequestId: requestID,
		OIDCTokenInfo: tokenInfoBody{
			token.claims.Subject, token.claims.Issuer, strings.Join(token.claims.Audience, ","),
			stsTime(date(token.claims.Issued)), stsTime(date(token.claims.Expires)), "Success",
		},
		AssumedRoleUser: assumedRoleUser{sessionARN(target.arn, ask.session, false), target.id + ":" + ask.session},
		Credentials:     credentialsOf(made),
	}, nil
}

// verifiedToken is a token that passed. What can be refused without the issuer is
// refused first.
func (c *Cloud) verifiedToken(ctx context.Context, p OIDCProvider, text string) (idToken, *fault) {
	token, f := parseToken(text)
	if f != nil {
		return idToken{}, f
	}
	if f := token.requireAlgorithm(); f != nil {
		return idToken{}, f
	}
	if f := token.requireClaims(p, c.now()); f != nil {
		return idToken{}, f
	}
	keys, f := c.keysOf(ctx, p)
	if f != nil {
		return idToken{}, f
	}
	return token, token.requireSignature(keys)
}

// federate makes credentials for somebody whom a provider has vouched for, if the
// role trusts that provider for what it says.
func (c *Cloud) federate(ask assumeRoleAsk, provider string, facts map[string]string) (role, Credentials, *fault) {
	target, ok := c.role(ask.role)
	if !ok {
		return role{}, Credentials{}, refuse(http.StatusNotFound, "EntityNotExist.Role", "The role not exists: %s . ", ask.role)
	}
	if !target.trustsFederated(provider, facts) {
		return role{}, Credentials{}, refuse(http.StatusUnauthorized, "AuthenticationFail.NoPermission", "There is no permission")
	}
	if f := target.requireDuration(ask.duration); f != nil {
		return role{}, Credentials{}, f
	}
	return target, c.session(target, ask), nil
}

func (c *Cloud) session(r role, ask assumeRoleAsk) Credentials {
	return c.ring.mint(caller{kind: kindRole, account: r.account, arn: r.arn, id: r.id, session: ask.session, within: ask.within}, ask.duration)
}

func (r role) requireDuration(wanted time.Duration) *fault {
	if wanted < minDuration || wanted > r.maxSession {
		return refuse(http.StatusBadRequest, "InvalidParameter.DurationSeconds", "The Min/Max value of DurationSeconds is 15min/%dhr.", int(r.maxSession.Hours()))
	}
	return nil
}

func (r role) trustsFederated(provider string, facts map[string]string) bool {
	return r.trust.decide(func(s statement) bool {
		return s.covers("sts:AssumeRole") && slices.Contains(s.Principal["Federated"], provider)
	}, facts)
}
