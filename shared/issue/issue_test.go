package issue_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
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
	role = "acs:ram::1234567890123456:role/admin"
	made = `{"RequestId":"R1","AssumedRoleUser":{"Arn":"x"},"Credentials":{"AccessKeyId":"STS.made","AccessKeySecret":"hush","SecurityToken":"token","Expiration":"2027-03-01T13:00:00Z"}}`
)

// grant is one that a rule gives: there is no other way to one.
func grant(t *testing.T, duration time.Duration) mapping.Grant {
	t.Helper()
	return grantOf(t, federation.AccountDraft{ID: "1234567890123456", Alias: "acme-prod"}, duration, "")
}

func grantOf(t *testing.T, account federation.AccountDraft, duration time.Duration, policy string) mapping.Grant {
	t.Helper()
	rev, problems := federation.Compile(federation.Draft{
		IdentityProviders: []trust.Source{validatetest.Source()},
		Accounts:          []federation.AccountDraft{account},
		Rules: []federation.RuleDraft{{
			Name: "admins", IdP: "test", Roles: []string{role}, Condition: &federation.ConditionDraft{Any: true},
			Session: federation.SessionDraft{DurationSeconds: int(duration / time.Second), Policy: policy},
		}},
	}, federation.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	arn, err := ram.ParseRoleARN(role)
	if err != nil {
		t.Fatal(err)
	}
	who := validatetest.New(t).Identity(validatetest.Subject("ada@acme.com"))
	g, err := mapping.Role(rev, who, mapping.Context{Now: validatetest.Now()}, arn)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// cloud answers each request in turn with a status and a body, the last for ever;
// $SAMLAssertion in it is the one that came.
type cloud struct {
	config  issue.Config
	issuer  issue.Issuer
	asked   []url.Values
	answers []string
}

func newCloud(t *testing.T, answers ...string) *cloud {
	t.Helper()
	c := &cloud{answers: answers}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	c.config = issue.Config{
		API:         openapi.New(validatetest.Now, rand.Reader),
		STSEndpoint: server.URL, SigninEndpoint: server.URL,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: "STS.own", AccessKeySecret: "own", SecurityToken: "own"}, nil
		},
	}
	c.issuer = issue.New(c.config)
	return c
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	c.asked = append(c.asked, r.Form)
	var status int
	answer := c.answers[min(len(c.asked), len(c.answers))-1]
	code, body, _ := strings.Cut(answer, " ")
	if _, err := fmt.Sscan(code, &status); err != nil {
		status, body = http.StatusOK, answer
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(strings.ReplaceAll(body, "$SAMLAssertion", r.Form.Get("SAMLAssertion"))))
}

func TestAGrantBecomesCredentials(t *testing.T) {
	c := newCloud(t, made)
	issued, err := c.issuer.AssumeRole(t.Context(), grant(t, 2*time.Hour))
	got, want := issued.Credentials, ram.Credentials{AccessKeyID: "STS.made", AccessKeySecret: "hush", SecurityToken: "token", Expiration: validatetest.Now().Add(time.Hour)}
	if err != nil || got != want || issued.Length.By != mapping.ByRule || issued.Length.Lasts != 2*time.Hour {
		t.Errorf("%+v, %v", issued, err)
	}
	asked := c.asked[0]
	if asked.Get("RoleArn") != role || asked.Get("RoleSessionName") != "ada@acme.com" || asked.Get("DurationSeconds") != "7200" || len(asked) != 3 {
		t.Errorf("asked %v", asked)
	}
}

func TestASessionPolicyGoesToSTS(t *testing.T) {
	const policy = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"ecs:Describe*","Resource":"*"}]}`
	c := newCloud(t, made)
	if _, err := c.issuer.AssumeRole(t.Context(), grantOf(t, federation.AccountDraft{ID: "1234567890123456"}, time.Hour, policy)); err != nil || c.asked[0].Get("Policy") != policy {
		t.Errorf("asked %v, %v", c.asked, err)
	}
	c = newCloud(t, `400 {"Code":"InvalidParameter.PolicyGrammar","Message":"The parameter Policy has not passed grammar check."}`)
	if _, err := c.issuer.AssumeRole(t.Context(), grantOf(t, federation.AccountDraft{ID: "1234567890123456"}, time.Hour, policy)); reason.Of(err) != reason.RoleRefused {
		t.Errorf("%v", err)
	}
}

func TestARoleThatAllowsLessGivesAnHour(t *testing.T) {
	const tooLong = `400 {"Code":"InvalidParameter.DurationSeconds","Message":"The Min/Max value of DurationSeconds is 15min/1hr."}`
	c := newCloud(t, tooLong, made)
	got, err := c.issuer.AssumeRole(t.Context(), grant(t, 2*time.Hour))
	if want := (mapping.Length{Lasts: time.Hour, Rule: 2 * time.Hour, By: mapping.ByUnknownRole}); err != nil || got.Length != want || got.AccessKeyID != "STS.made" {
		t.Fatalf("%+v, %v", got, err)
	}
	if len(c.asked) != 2 || c.asked[1].Get("DurationSeconds") != "3600" {
		t.Errorf("asked %v", c.asked)
	}
	for _, short := range []time.Duration{time.Hour, 15 * time.Minute} { // never longer than granted
		c := newCloud(t, tooLong, made)
		if _, err := c.issuer.AssumeRole(t.Context(), grant(t, short)); reason.Of(err) != reason.RoleRefused || len(c.asked) != 1 {
			t.Errorf("%v: %v after %d calls", short, err, len(c.asked))
		}
	}
}

// TestAMaximumThatIsKnownIsNotExceeded: STS is asked once, unless it has shrunk since.
func TestAMaximumThatIsKnownIsNotExceeded(t *testing.T) {
	const tooLong = `400 {"Code":"InvalidParameter.DurationSeconds","Message":"The Min/Max value of DurationSeconds is 15min/1hr."}`
	for name, tt := range map[string]struct {
		maximum time.Duration
		answers []string
		asked   []string
		want    mapping.Length
	}{
		"below the rule": {4 * time.Hour, []string{made}, []string{"14400"}, mapping.Length{Lasts: 4 * time.Hour, Rule: 8 * time.Hour, By: mapping.ByRole}},
		"above the rule": {12 * time.Hour, []string{made}, []string{"28800"}, mapping.Length{Lasts: 8 * time.Hour, Rule: 8 * time.Hour, By: mapping.ByRule}},
		"unknown":        {0, []string{tooLong, made}, []string{"28800", "3600"}, mapping.Length{Lasts: time.Hour, Rule: 8 * time.Hour, By: mapping.ByUnknownRole}},
		"unknown, long":  {0, []string{made}, []string{"28800"}, mapping.Length{Lasts: 8 * time.Hour, Rule: 8 * time.Hour, By: mapping.ByRule}},
		"shrunk since":   {4 * time.Hour, []string{tooLong, made}, []string{"14400", "3600"}, mapping.Length{Lasts: time.Hour, Rule: 8 * time.Hour, By: mapping.ByShrunkRole}},
	} {
		c := newCloud(t, tt.answers...)
		got, err := c.issuer.AssumeRole(t.Context(), grant(t, 8*time.Hour).Allowed(tt.maximum))
		var asked []string
		for _, form := range c.asked {
			asked = append(asked, form.Get("DurationSeconds"))
		}
		if err != nil || got.Length != tt.want || !slices.Equal(asked, tt.asked) {
			t.Errorf("%s: %+v, %v, asked for %q", name, got.Length, err, asked)
		}
	}
}

func TestRefusalsOfSTSHaveAReason(t *testing.T) {
	for answer, want := range map[string]reason.Code{
		`403 {"Code":"NoPermission","Message":"You are not authorized","RequestId":"R7"}`:                       reason.RoleRefused,
		`404 {"Code":"EntityNotExist.Role","Message":"The specified Role not exists.","RequestId":"R7"}`:        reason.RoleRefused,
		`401 {"Code":"AuthenticationFail.NoPermission","Message":"There is no permission","RequestId":"R7"}`:    reason.RoleRefused,
		`400 {"Code":"InvalidParameter.PolicyGrammar","Message":"grammar","RequestId":"R7"}`:                    reason.RoleRefused,
		`404 {"Code":"InvalidAccessKeyId.NotFound","Message":"not found","RequestId":"R7"}`:                     reason.STSUnavailable,
		`400 {"Code":"Throttling.User","Message":"flow control","RequestId":"R7"}`:                              reason.STSUnavailable,
		`500 {"Code":"InternalError","Message":"error","RequestId":"R7"}`:                                       reason.STSUnavailable,
		`200 {"RequestId":"R7","Credentials":{"AccessKeyId":"STS.made","Expiration":"2027-03-01T13:00:00Z"}}`:   reason.STSUnavailable,
		`200 {"RequestId":"R7","Credentials":{"AccessKeyId":"STS.made","Expiration":"soon","SecurityToken":1}}`: reason.STSUnavailable,
	} {
		_, err := newCloud(t, answer).issuer.AssumeRole(t.Context(), grant(t, time.Hour))
		if reason.Of(err) != want {
			t.Errorf("%s: %v", answer, err)
		}
		if strings.Contains(answer, `"Code"`) && (!strings.Contains(reason.Detail(err), "R7") || !strings.Contains(reason.Detail(err), role)) {
			t.Errorf("the operator is told %v", err)
		}
	}
}

func TestAZeroGrantIsNotIssued(t *testing.T) {
	c := newCloud(t, made)
	if _, err := c.issuer.AssumeRole(t.Context(), mapping.Grant{}); reason.Of(err) != reason.Internal || len(c.asked) > 0 {
		t.Error(err)
	}
}

func TestWithoutARoleOfItsOwnNothingIsIssued(t *testing.T) {
	issuer := issue.New(issue.Config{Credentials: func(context.Context) (ram.Credentials, error) {
		return ram.Credentials{}, reason.New(reason.CredentialsMissing, "none")
	}})
	if _, err := issuer.AssumeRole(t.Context(), grant(t, time.Hour)); reason.Of(err) != reason.CredentialsMissing {
		t.Error(err)
	}
}

func TestCredentialsOpenTheConsole(t *testing.T) {
	for site, home := range map[federation.Site]string{"china": "https://home.console.aliyun.com/", "international": "https://home.console.alibabacloud.com/"} {
		c := newCloud(t, `{"RequestId":"R","SigninToken":"ticket+/="}`)
		credentials := ram.Credentials{AccessKeyID: "STS.made", AccessKeySecret: "hush", SecurityToken: "token"}
		address, err := c.issuer.ConsoleURL(t.Context(), credentials, site, issue.Destination{}, "https://sso.acme.com/go/a/b")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if u.Path != "/federation" || q.Get("Action") != "Login" || q.Get("SigninToken") != "ticket+/=" || q.Get("Destination") != home ||
			q.Get("LoginUrl") != "https://sso.acme.com/go/a/b" || len(q) != 4 {
			t.Errorf("%s: %s", site, address)
		}
		asked := c.asked[0]
		if asked.Get("Action") != "GetSigninToken" || asked.Get("AccessKeyId") != "STS.made" || asked.Get("AccessKeySecret") != "hush" ||
			asked.Get("SecurityToken") != "token" || asked.Get("TicketType") != "mini" || len(asked) != 5 {
			t.Errorf("asked %v", asked)
		}
	}
}

func TestAConsoleThatRefusesIsUnavailable(t *testing.T) {
	credentials := ram.Credentials{AccessKeyID: "STS.made", AccessKeySecret: "hushhush", SecurityToken: "tokentoken"}
	for _, answer := range []string{`400 {"Code":"InvalidParameter.SecurityToken","Message":"tokentoken is wrong"}`, `200 {}`, `502 <html>`} {
		_, err := newCloud(t, answer).issuer.ConsoleURL(t.Context(), credentials, federation.China, issue.Destination{}, "https://sso.acme.com/")
		if reason.Of(err) != reason.ConsoleUnavailable || strings.Contains(err.Error(), "tokentoken") {
			t.Errorf("%s: %v", answer, err)
		}
	}
}

func TestOnlyConsolePagesAreDestinations(t *testing.T) {
	for _, to := range []string{
		"", "https://home.console.aliyun.com/", "https://ram.console.aliyun.com/roles?a=1&b=%E4%B8%AD#x", "https://HOME.console.alibabacloud.com",
		"https://ecs.cn-hangzhou.console.aliyun.com/",
	} {
		if got, err := issue.ParseDestination(to); err != nil || got.String() != to {
			t.Errorf("%q: %q, %v", to, got, err)
		}
	}
	for _, to := range []string{
		"http://home.console.aliyun.com/", "//home.console.aliyun.com/", "/relative", "home.console.aliyun.com", "javascript:alert(1)",
		"https://console.aliyun.com/", "https://.console.aliyun.com/", "https://a..console.aliyun.com/", "https://a.console.aliyun.com./",
		"https://evil.example/", "https://console.aliyun.com.evil.example/", "https://xconsole.aliyun.com/", "https://a.xconsole.aliyun.com/",
		"https://evil.example/.console.aliyun.com", "https://evil.example?.console.aliyun.com", "https://evil.example#.console.aliyun.com",
		`https://evil.example\.console.aliyun.com/`, "https://a@home.console.aliyun.com/", "https://evil.example:x@a.console.aliyun.com",
		"https://home.console.aliyun.com:8443/", "https://evil.example%2f.console.aliyun.com/", "https://home.console.aliyun.com/\r\nSet-Cookie:a=b",
		" https://home.console.aliyun.com/", "https://\u212aome.console.aliyun.com/", "https:home.console.aliyun.com",
		"https://home.console.aliyun.com/" + strings.Repeat("x", 2000), "https://home.console.aliyun.com/?" + strings.Repeat("%41", 600), "https://[::1].console.aliyun.com/", "https://%zz",
	} {
		if got, err := issue.ParseDestination(to); reason.Of(err) != reason.TargetNotAllowed || got != (issue.Destination{}) {
			t.Errorf("%q: %q, %v", to, got, err)
		}
	}
}

func TestEachSiteHasItsOwnSignIn(t *testing.T) {
	issuer := issue.New(issue.Config{})
	if china, abroad := issuer.SigninOrigin(federation.China), issuer.SigninOrigin(federation.International); china != "https://signin.aliyun.com" || abroad != "https://signin.alibabacloud.com" {
		t.Errorf("%s, %s", china, abroad)
	}
}

func TestADestinationIsWhereTheConsoleOpens(t *testing.T) {
	c := newCloud(t, `{"SigninToken":"x"}`)
	to, err := issue.ParseDestination("https://ram.console.aliyun.com/roles?a=1")
	if err != nil {
		t.Fatal(err)
	}
	address, err := c.issuer.ConsoleURL(t.Context(), ram.Credentials{}, federation.China, to, "")
	if err != nil || !strings.Contains(address, "Destination="+url.QueryEscape(to.String())) {
		t.Errorf("%s, %v", address, err)
	}
}

// The longest destination, whatever is in it, still leaves in a redirect: FC
// answers 502 for headers beyond 8 KB, when STS has made the credentials already.
func TestTheLongestDestinationFitsIntoAnAnswer(t *testing.T) {
	ticket := strings.Repeat("t+/=", 512) // 2 KB; the real ones are shorter
	c := newCloud(t, `{"SigninToken":"`+ticket+`"}`)
	for _, piece := range []string{"x", "%41", "&a=/"} {
		var longest issue.Destination
		for n := 1; ; n++ {
			to, err := issue.ParseDestination("https://ecs.console.aliyun.com/?" + strings.Repeat(piece, n))
			if err != nil {
				break
			}
			longest = to
		}
		address, err := c.issuer.ConsoleURL(t.Context(), ram.Credentials{}, federation.China, longest, "https://sso.acme.com/go/"+strings.Repeat("a", 63)+"/"+strings.Repeat("b", 64))
		if err != nil || len(longest.String()) < 500 || len(address) > 7<<10 {
			t.Errorf("%s: a destination of %d bytes gives an address of %d, %v", piece, len(longest.String()), len(address), err)
		}
	}
}

// Whoever declared another way relies on it: on RAM deciding too, or on sessions
// of full length.
func TestNothingIsIssuedInAnotherWayThanDeclared(t *testing.T) {
	providers := map[string]string{"test": "acs:ram::1234567890123456:saml-provider/test"}
	for _, account := range []struct {
		federation.AccountDraft

		code reason.Code
	}{
		{federation.AccountDraft{ID: "1234567890123456", Issue: "direct", SAMLProviders: providers}, reason.ProofMissing},
		{federation.AccountDraft{ID: "1234567890123456", Issue: "federated", FederatedProvider: "acs:ram::1234567890123456:saml-provider/fc-sso"}, reason.Internal},
	} {
		c := newCloud(t, made)
		issued, err := c.issuer.AssumeRole(t.Context(), grantOf(t, account.AccountDraft, time.Hour, ""))
		if reason.Of(err) != account.code || issued.AccessKeyID != "" || len(c.asked) > 0 {
			t.Errorf("issue %s: %v, asked %d times", account.Issue, err, len(c.asked))
		}
	}
}
