package issue_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	oidcProvider = "acs:ram::1234567890123456:oidc-provider/issuer"
	noPermission = `401 {"RequestId":"R1","Code":"AuthenticationFail.NoPermission","Message":"There is no permission for e30.e30.c2ln"}`
)

// direct is a grant of a role whose account has RAM decide too.
func direct(t *testing.T, way string, wish mapping.Wish) mapping.Grant {
	t.Helper()
	rev, problems := federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{validatetest.TokenSource()},
		Accounts:          []federation.AccountDraft{{ID: "1234567890123456", Issue: way, OIDCProviders: map[string]string{"issuer": oidcProvider}}},
		Rules: []federation.RuleDraft{{
			Name: "main", IdP: "issuer", Roles: []string{role}, Session: federation.SessionDraft{Name: "run", DurationSeconds: 7200},
			Condition: &federation.ConditionDraft{Any: true},
		}},
	}, federation.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	arn, err := ram.ParseRoleARN(role)
	if err != nil {
		t.Fatal(err)
	}
	g, err := mapping.Role(rev, validatetest.NewIssuer(t).Workload(nil), mapping.Context{Now: validatetest.Now()}, arn)
	if err != nil {
		t.Fatal(err)
	}
	if g, err = g.Narrowed(wish); err != nil {
		t.Fatal(err)
	}
	return g
}

func TestWhereRAMDecidesTooTheCallersOwnTokenGoesOn(t *testing.T) {
	const policy = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:Get*","Resource":"*"}]}`
	wish, err := mapping.ParseWish("ci-17", 20*time.Minute, policy)
	if err != nil {
		t.Fatal(err)
	}
	c := newCloud(t, made)
	got, err := c.issuer.Issue(t.Context(), direct(t, "direct", wish), issue.OIDCToken("issuer", "e30.e30.c2ln"), signedIn())
	if err != nil || got.AccessKeyID != "STS.made" || got.User.Arn != "x" {
		t.Fatalf("%+v, %v", got, err)
	}
	asked := c.asked[0]
	for name, want := range map[string]string{
		"Action": "AssumeRoleWithOIDC", "RoleArn": role, "OIDCProviderArn": oidcProvider, "OIDCToken": "e30.e30.c2ln",
		"RoleSessionName": "ci-17", "DurationSeconds": "1200", "Policy": policy, "Signature": "", "AccessKeyId": "",
	} {
		if asked.Get(name) != want {
			t.Errorf("%s is %q, not %q", name, asked.Get(name), want)
		}
	}
}

// TestTheCallersOwnResponseGoesOn without a session name: the assertion has one.
func TestTheCallersOwnResponseGoesOn(t *testing.T) {
	const provider = "acs:ram::1234567890123456:saml-provider/test"
	account := federation.AccountDraft{ID: "1234567890123456", Issue: "direct", SAMLProviders: map[string]string{"test": provider}}
	c := newCloud(t, made)
	if _, err := c.issuer.Issue(t.Context(), grantOf(t, account, time.Hour, ""), issue.SAMLResponse("test", "PHg+"), signedIn()); err != nil {
		t.Fatal(err)
	}
	asked := c.asked[0]
	for name, want := range map[string]string{
		"Action": "AssumeRoleWithSAML", "RoleArn": role, "SAMLProviderArn": provider, "SAMLAssertion": "PHg+", "DurationSeconds": "3600", "RoleSessionName": "",
	} {
		if asked.Get(name) != want {
			t.Errorf("%s is %q, not %q", name, asked.Get(name), want)
		}
	}
	c = newCloud(t, `401 {"Code":"AuthenticationFail.SAMLAssertion.Invalid","Message":"PHg+ is invalid"}`)
	if _, err := c.issuer.Issue(t.Context(), grantOf(t, account, time.Hour, ""), issue.SAMLResponse("test", "PHg+"), signedIn()); reason.Of(err) != reason.ProofRefused || strings.Contains(err.Error(), "PHg") {
		t.Errorf("%v", err)
	}
}

func TestElsewhereTheTokenStaysHere(t *testing.T) {
	c := newCloud(t, made)
	if _, err := c.issuer.Issue(t.Context(), direct(t, "assume-role", mapping.Wish{}), issue.OIDCToken("issuer", "e30.e30.c2ln"), signedIn()); err != nil {
		t.Fatal(err)
	}
	if asked := c.asked[0]; asked.Get("OIDCToken") != "" || asked.Get("RoleSessionName") != "run" || asked.Get("Action") != "" {
		t.Errorf("asked %v", asked)
	}
}

// TestSTSHasTheLastWordOfAProof: its words are kept, the token is not.
func TestSTSHasTheLastWordOfAProof(t *testing.T) {
	proof := issue.OIDCToken("issuer", "e30.e30.c2ln")
	c := newCloud(t, noPermission)
	_, err := c.issuer.Issue(t.Context(), direct(t, "direct", mapping.Wish{}), proof, signedIn())
	said, ok := errors.AsType[*openapi.Error](err)
	if reason.Of(err) != reason.ProofRefused || !ok || said.Status != 401 || said.Code != "AuthenticationFail.NoPermission" || !strings.Contains(said.Message, "There is no permission") {
		t.Errorf("%v", err)
	}
	for _, text := range []string{err.Error(), fmt.Sprintf("%v %+v %#v %s %d", proof, proof, proof, proof, proof)} {
		if strings.Contains(text, "e30") {
			t.Errorf("the token is in %s", text)
		}
	}
	for code, stale := range map[string]bool{
		"AuthenticationFail.NoPermission": false, "AuthenticationFail.OIDCToken.Expired": false, "EntityNotExist.Role": false,
		"AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch": true, "AuthenticationFail.OIDCToken.AudienceNotMatch": true,
		"AuthenticationFail.SAMLAssertion.Invalid": true,
	} {
		c = newCloud(t, `401 {"Code":"`+code+`","Message":"no"}`)
		if _, err := c.issuer.Issue(t.Context(), direct(t, "direct", mapping.Wish{}), proof, signedIn()); reason.Of(err) != reason.ProofRefused || errors.Is(err, issue.ErrStaleProvider) != stale {
			t.Errorf("%s: %v", code, err)
		}
	}
	c = newCloud(t, `503 {"Code":"ServiceUnavailable","Message":"later"}`)
	if _, err := c.issuer.Issue(t.Context(), direct(t, "direct", mapping.Wish{}), proof, signedIn()); reason.Of(err) != reason.STSUnavailable {
		t.Errorf("%v", err)
	}
}

func TestARoleThatAllowsLessGivesAnHourByProofToo(t *testing.T) {
	c := newCloud(t, `400 {"Code":"InvalidParameter.DurationSeconds","Message":"The Min/Max value of DurationSeconds is 15min/1hr."}`, made)
	got, err := c.issuer.Issue(t.Context(), direct(t, "direct", mapping.Wish{}), issue.OIDCToken("issuer", "e30.e30.c2ln"), signedIn())
	if err != nil || got.Length.By != mapping.ByUnknownRole || got.Length.Lasts != time.Hour || len(c.asked) != 2 || c.asked[0].Get("DurationSeconds") != "7200" || c.asked[1].Get("DurationSeconds") != "3600" {
		t.Errorf("%+v, %v, asked %v", got, err, c.asked)
	}
}

// TestNothingIsIssuedByAProofOfNobody: of an identity provider that the account does
// not know, or without any text.
func TestNothingIsIssuedByAProofOfNobody(t *testing.T) {
	for _, proof := range []issue.Proof{{}, issue.OIDCToken("other", "e30.e30.c2ln"), issue.OIDCToken("issuer", "")} {
		c := newCloud(t, made)
		if got, err := c.issuer.Issue(t.Context(), direct(t, "direct", mapping.Wish{}), proof, signedIn()); err == nil || len(c.asked) > 0 || got.AccessKeyID != "" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	c := newCloud(t, made)
	if _, err := c.issuer.Issue(t.Context(), mapping.Grant{}, issue.OIDCToken("issuer", "e30.e30.c2ln"), signedIn()); err == nil {
		t.Error("a zero grant was issued")
	}
}

// TestWhereWeAreTheProviderTheTokenStaysHere, and what STS is shown is a response of ours.
func TestWhereWeAreTheProviderTheTokenStaysHere(t *testing.T) {
	c := newProvider(t, made)
	if _, err := c.issuer.Issue(t.Context(), federated(t, time.Hour, ""), issue.OIDCToken("issuer", "e30.e30.c2ln"), signedIn()); err != nil {
		t.Fatal(err)
	}
	if asked := c.asked[0]; asked.Get("Action") != "AssumeRoleWithSAML" || asked.Get("OIDCToken") != "" || asked.Get("SAMLProviderArn") != ourProvider {
		t.Errorf("asked %v", asked)
	}
}
