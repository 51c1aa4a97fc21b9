package exchange_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/functions/oidc-exchange/exchange"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	samlProvider  = "acs:ram::" + prod + ":saml-provider/okta"
	developer     = "acs:ram::" + prod + ":role/dev-shop"
	roleAttribute = "https://www.aliyun.com/SAML-Role/Attributes/Role"
)

// alibabaCloud is what a response must be made for, at each site.
func alibabaCloud(site string) validate.Expectation {
	if site == "international" {
		return validate.Expectation{EntityID: "urn:alibaba:cloudcomputing:international", ACSURL: "https://signin.alibabacloud.com/saml-role/sso"}
	}
	return validate.Expectation{EntityID: "urn:alibaba:cloudcomputing", ACSURL: "https://signin.aliyun.com/saml-role/sso"}
}

// samlBench is a bench whose identity provider speaks SAML.
type samlBench struct {
	*bench

	idp     validatetest.IdP
	account federation.AccountDraft
	record  func(*trust.Source, *trust.Keys)
	pending bool

	published bool // its metadata may be asked for again, and has its key
}

func newSAMLBench(t *testing.T, changes ...func(*samlBench)) *samlBench {
	t.Helper()
	b := &samlBench{
		bench: &bench{}, idp: validatetest.New(t), record: func(*trust.Source, *trust.Keys) {},
		account: federation.AccountDraft{ID: prod, Alias: "prod", SAMLProviders: map[string]string{"test": samlProvider}},
	}
	for _, change := range changes {
		change(b)
	}
	var problems []federation.Problem
	if b.rev, problems = federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{validatetest.Source()}, Accounts: []federation.AccountDraft{b.account},
		Rules: []federation.RuleDraft{{
			Name: "roles that the IdP names", IdP: "test", AssertedRoles: &federation.AssertedDraft{Accounts: []string{prod}, Roles: []string{"dev-*"}},
			Condition: &federation.ConditionDraft{Any: true}, Session: federation.SessionDraft{DurationSeconds: 7200},
		}},
	}, federation.Options{}); len(problems) > 0 {
		t.Fatal(problems)
	}
	known := b.idp.Record(b.record)
	if b.pending {
		known = validatetest.Record(t, validatetest.Source(), nil)
	}
	record := func(context.Context, string) (trust.Record, error) { return known, nil }
	b.Handler = exchange.New(exchange.Config{
		Log: audit.Logger(&b.log), Now: validatetest.Now, Nonces: validatetest.NewNonces(), Issuer: b, People: &b.people,
		Provider: func(_ context.Context, account, arn string) (string, error) {
			if account != prod || arn != samlProvider {
				return "", reason.New(reason.IdPUnknown, "account %s calls no identity provider %s", account, arn)
			}
			return "test", nil
		},
		Record:   record,
		Rules:    func(context.Context, string) (federation.Revision, error) { return b.rev, nil },
		Longest:  b.allows,
		SourceIP: func(context.Context) netip.Addr { return netip.MustParseAddr("203.0.113.7") },
		Fresh: freshness.Keeper{Newest: record, Refresh: func(context.Context, string) error {
			if !b.published {
				return reason.New(reason.RefreshLimited, "often enough")
			}
			known = b.idp.Record()
			return nil
		}},
	})
	return b
}

// response is one for Alibaba Cloud that names a role.
func (b *samlBench) response(options ...validatetest.Option) string {
	return b.idp.Response(append([]validatetest.Option{
		validatetest.For(alibabaCloud(b.account.Site)), validatetest.Attribute(roleAttribute, developer+","+samlProvider),
	}, options...)...)
}

func (b *samlBench) params(assertion string, changes map[string]string) url.Values {
	params := url.Values{}
	fields := map[string]string{
		"Action": "AssumeRoleWithSAML", "Version": "2015-04-01", "Format": "JSON",
		"RoleArn": developer, "SAMLProviderArn": samlProvider, "SAMLAssertion": assertion,
	}
	maps.Copy(fields, changes)
	for name, value := range fields {
		if value != "" {
			params.Set(name, value)
		}
	}
	return params
}

func (b *samlBench) assume(t *testing.T, assertion string, changes map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	return b.post(t, "/sts", b.params(assertion, changes).Encode())
}

func TestAResponseForAlibabaCloudIsTakenInItsPlace(t *testing.T) {
	for _, account := range []federation.AccountDraft{
		{Site: "china", Issue: "assume-role"}, {Site: "china", Issue: "direct"}, {Site: "international", Issue: "direct"},
	} {
		b := newSAMLBench(t, func(b *samlBench) { b.account.Site, b.account.Issue = account.Site, account.Issue })
		response := b.response(validatetest.Subject("ada@acme.com"))
		w := b.assume(t, response, map[string]string{"DurationSeconds": "1800", "Policy": readOnly})
		want := `{"RequestId":"1-2-3","SAMLAssertionInfo":{"SubjectType":"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress","Subject":"ada@acme.com","Recipient":"` + alibabaCloud(account.Site).ACSURL + `","Issuer":"https://idp.example/saml"},` +
			`"AssumedRoleUser":{"Arn":"` + developer + `/ada@acme.com","AssumedRoleId":"344:ada@acme.com"},` +
			`"Credentials":{"AccessKeyId":"STS.key","AccessKeySecret":"secret","SecurityToken":"token","Expiration":"2027-03-01T12:30:00Z"}}`
		if w.Code != http.StatusOK || w.Body.String() != want {
			t.Fatalf("%+v: %d %s", account, w.Code, w.Body)
		}
		if b.proofs[0] != issue.SAMLResponse("test", response) || b.grants[0].SessionPolicy() != readOnly || b.grants[0].Duration() != 30*time.Minute {
			t.Errorf("%+v: %+v", account, b.grants)
		}
		for _, said := range []string{`"record":"test"`, `"issuer":"https://idp.example/saml"`, `"grant":"` + developer, `"subject":"ada@acme.com"`, `"token_sha256":"` + validate.MessageSHA256(response)} {
			if !strings.Contains(b.log.String(), said) {
				t.Errorf("the decision lacks %s: %s", said, b.log.String())
			}
		}
		if again := b.assume(t, response, nil); again.Code != http.StatusUnauthorized || !strings.Contains(again.Body.String(), "replayed") {
			t.Errorf("again: %d %s", again.Code, again.Body)
		}
	}
}

// TestWhatDecidedTheLengthIsInTheLog, for an answer of STS has no place for it: of the
// rule's 2 hours, the end of the sign-in, the role's maximum and what was asked.
func TestWhatDecidedTheLengthIsInTheLog(t *testing.T) {
	for _, c := range []struct {
		left, longest time.Duration // of the sign-in, of the role
		said, asked   string        // by the identity provider, by the caller; in seconds
		want          string
	}{
		{8 * time.Hour, 12 * time.Hour, "", "", "2h0m0s by rule"},
		{90 * time.Minute, 12 * time.Hour, "", "7200", "1h30m0s by sign_in"},
		{90 * time.Minute, time.Hour, "", "", "1h0m0s by role"},
		{8 * time.Hour, 90 * time.Minute, "4000", "", "1h6m40s by identity_provider"},
		{8 * time.Hour, time.Hour, "", "900", "15m0s by asked"},
		{8 * time.Hour, 0, "", "43200", "2h0m0s by rule"},
	} {
		b := newSAMLBench(t)
		b.longest = c.longest
		options := []validatetest.Option{validatetest.Before(func(response *etree.Element) {
			response.FindElement("//saml:AuthnStatement").CreateAttr("SessionNotOnOrAfter", validatetest.Now().Add(c.left).Format(time.RFC3339))
		})}
		if c.said != "" {
			options = append(options, validatetest.Attribute(mapping.SessionDurationAttribute, c.said))
		}
		w := b.assume(t, b.response(options...), map[string]string{"DurationSeconds": c.asked})
		if w.Code != http.StatusOK || !strings.HasPrefix(c.want, b.grants[0].Duration().String()+" ") || !strings.Contains(b.log.String(), `"length":"`+c.want+`"`) {
			t.Errorf("%+v: %d %s, %s", c, w.Code, w.Body, b.log.String())
		}
	}
}

// TestTheLongestResponseArrives, all of it, in a form; and XML answers where asked.
func TestTheLongestResponseArrives(t *testing.T) {
	b := newSAMLBench(t)
	response := b.response(validatetest.Attribute("filler", strings.Repeat("x", 60_000)))
	if len(response) < 80_000 || len(response) > 100_000 {
		t.Fatalf("the response has %d characters", len(response))
	}
	w := b.assume(t, response, map[string]string{"Format": "XML"})
	var answer struct {
		XMLName xml.Name `xml:"AssumeRoleWithSAMLResponse"`
		Subject string   `xml:"SAMLAssertionInfo>Subject"`
		Key     string   `xml:"Credentials>AccessKeyId"`
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK || answer.Key != "STS.key" || answer.Subject == "" {
		t.Errorf("%d %v %s", w.Code, err, w.Body)
	}
}

// TestAResponseByANewKeyIsTakenAtItsFirstUse, as at a sign-in.
func TestAResponseByANewKeyIsTakenAtItsFirstUse(t *testing.T) {
	b := newSAMLBench(t, func(b *samlBench) {
		b.published = true
		b.record = func(_ *trust.Source, k *trust.Keys) {
			k.Certificates, k.FetchedAt = validatetest.Stranger(t).Keys().Certificates, validatetest.Now().Add(-time.Hour)
		}
	})
	if w := b.assume(t, b.response(), nil); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestEachRefusalOfAResponseAsSTS compares each with testdata/saml.txt.
func TestEachRefusalOfAResponseAsSTS(t *testing.T) {
	ours := validatetest.Expectation()
	ours.RequestID = ""
	answer := alibabaCloud("china")
	answer.RequestID = "_request"
	proofRefused := reason.New(reason.ProofRefused, "%s: %w", developer, &openapi.Error{Status: 401, Code: "AuthenticationFail.SAMLAssertion.Invalid", Message: "The SAML Assertion is invalid.", RequestID: "R-1"})
	var got strings.Builder
	for _, c := range []struct {
		why     string
		bench   func(*samlBench)
		options []validatetest.Option
		form    map[string]string
	}{
		{why: "no role", form: map[string]string{"RoleArn": ""}},
		{why: "no provider", form: map[string]string{"SAMLProviderArn": ""}},
		{why: "no assertion", form: map[string]string{"SAMLAssertion": ""}},
		{why: "a role without form", form: map[string]string{"RoleArn": "dev"}},
		{why: "a provider of the other kind", form: map[string]string{"SAMLProviderArn": provider}},
		{why: "an assertion too short", form: map[string]string{"SAMLAssertion": "PD4"}},
		{why: "an assertion too long", form: map[string]string{"SAMLAssertion": strings.Repeat("A", 100_001)}},
		{why: "a session too short", form: map[string]string{"DurationSeconds": "899"}},
		{why: "a policy that is none", form: map[string]string{"Policy": "{}"}},

		{why: "another provider of the account", form: map[string]string{"SAMLProviderArn": samlProvider + "2"}},
		{why: "a provider of another account than the role's", form: map[string]string{"RoleArn": "acs:ram::2345678901234567:role/dev-x"}},
		{why: "no keys yet", bench: func(b *samlBench) { b.pending = true }},
		{why: "suspended", bench: func(b *samlBench) { b.record = func(s *trust.Source, _ *trust.Keys) { s.Suspended = true } }},

		{why: "no XML", form: map[string]string{"SAMLAssertion": "aGVsbG8="}},
		{why: "made for our sign-in", options: []validatetest.Option{validatetest.For(ours)}},
		{why: "made for the other site", options: []validatetest.Option{validatetest.For(alibabaCloud("international"))}},
		{why: "an answer to somebody's request", options: []validatetest.Option{validatetest.For(answer)}},
		{why: "expired", options: []validatetest.Option{validatetest.At(validatetest.Now().Add(-time.Hour))}},
		{why: "unsigned", options: []validatetest.Option{validatetest.Signed(false, false)}},
		{why: "another's key", bench: func(b *samlBench) {
			b.record = func(_ *trust.Source, k *trust.Keys) { k.Certificates = validatetest.Stranger(t).Keys().Certificates }
		}},
		{why: "encrypted", options: []validatetest.Option{validatetest.Encrypted(validatetest.Encryption{})}},

		{why: "a role that the assertion does not name", form: map[string]string{"RoleArn": "acs:ram::" + prod + ":role/dev-other"}},
		{why: "a role that the rule does not believe", form: map[string]string{"RoleArn": deploy}},
		{why: "STS refuses the response itself", bench: func(b *samlBench) { b.err = proofRefused }},
		{why: "STS is silent", bench: func(b *samlBench) { b.err = reason.New(reason.STSUnavailable, "no answer") }},
	} {
		var changes []func(*samlBench)
		if c.bench != nil {
			changes = append(changes, c.bench)
		}
		b := newSAMLBench(t, changes...)
		w := b.assume(t, b.response(c.options...), c.form)
		var shape struct{ RequestID, HostID, Code, Message string }
		if err := json.Unmarshal(w.Body.Bytes(), &shape); err != nil || shape.Code == "" || len(b.grants) > 0 {
			t.Errorf("%s: %v %s", c.why, err, w.Body)
		}
		fmt.Fprintf(&got, "# %s\n%d %s\n%s\n", c.why, w.Code, shape.Code, shape.Message)
	}
	golden(t, "testdata/saml.txt", got.String())
}
