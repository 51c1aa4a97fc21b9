package cloud_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

const (
	bundle    = "1000000000000001"
	portal    = "acs:ram::1000000000000001:role/fc-sso-portal"
	samlACS   = "acs:ram::1000000000000001:role/fc-sso-saml-acs"
	adminRole = "acs:ram::1234567890123456:role/admin"
	longRole  = "acs:ram::1234567890123456:role/long"
	shutRole  = "acs:ram::1234567890123456:role/shut"
	keyedRole = "acs:ram::1234567890123456:role/keyed"
)

// world is a cloud with a clock that tests turn.
type world struct {
	*cloud.Cloud
	t   *testing.T
	now time.Time

	later []string // events that Function Compute took for later
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 23, 18, 0, 0, 0, time.UTC)}
	made, err := cloud.New(cloud.Options{
		DataDir:       t.TempDir(),
		BundleAccount: bundle,
		SigninURL:     "http://localhost:9",
		Now:           func() time.Time { return w.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Cloud = made
	w.must(made.AddAccount("1234567890123456", "acme-prod"))
	w.must(made.AddRole(cloud.Role{ARN: adminRole, Trust: cloud.Trusting(portal)}))
	w.must(made.AddRole(cloud.Role{ARN: longRole, Trust: cloud.Trusting("acs:ram::" + bundle + ":root"), MaxSession: 12 * time.Hour}))
	w.must(made.AddRole(cloud.Role{ARN: shutRole, Trust: cloud.Trusting("acs:ram::1234567890123456:root")}))
	w.must(made.AddRole(cloud.Role{ARN: keyedRole, Trust: strings.Replace(cloud.Trusting(portal), `"Effect"`, `"Condition":{"StringEquals":{"sts:ExternalId":"bundle-7"}},"Effect"`, 1)}))
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) function(arn, name string) signer {
	w.t.Helper()
	c, err := w.FunctionRole(arn, name)
	w.must(err)
	return signer{c.AccessKeyID, c.AccessKeySecret, c.SecurityToken, w.now}
}

func (w *world) portal() signer { return w.function(portal, "sso-portal") }

func (w *world) admin() signer {
	k := w.AdminKey()
	return signer{id: k.AccessKeyID, secret: k.AccessKeySecret, now: w.now}
}

type answer struct {
	status int
	body   string
	json   struct {
		RequestId, HostId, Code, Message                          string
		IdentityType, AccountId, PrincipalId, UserId, RoleId, Arn string
		AssumedRoleUser                                           struct{ Arn, AssumedRoleId string }
		Credentials                                               struct{ AccessKeyId, AccessKeySecret, SecurityToken, Expiration string }
	}
}

func (w *world) sts(r *http.Request) answer {
	w.t.Helper()
	rec := httptest.NewRecorder()
	w.STS().ServeHTTP(rec, r)
	a := answer{status: rec.Code, body: rec.Body.String()}
	if strings.HasPrefix(a.body, "{") {
		w.must(json.Unmarshal([]byte(a.body), &a.json))
	}
	return a
}

func assume(role, session string, more ...pair) []pair {
	return append([]pair{{"Action", "AssumeRole"}, {"RoleArn", role}, {"RoleSessionName", session}}, more...)
}

func whoAmI() pair { return pair{"Action", "GetCallerIdentity"} }

func TestThePortalAssumesARoleThatTrustsIt(t *testing.T) {
	w := newWorld(t)
	p := w.portal()
	for name, r := range map[string]*http.Request{
		"V1, query": p.v1(assume(adminRole, "alice@acme.com")...),
		"V1, form":  p.v1Form(assume(adminRole, "alice@acme.com")...),
		"ACS3":      p.acs3("AssumeRole", []pair{{"RoleArn", adminRole}, {"RoleSessionName", "alice@acme.com"}}, nil),
	} {
		t.Run(name, func(t *testing.T) {
			got := w.sts(r)
			if got.status != http.StatusOK || got.json.AssumedRoleUser.Arn != adminRole+"/alice@acme.com" || got.json.Credentials.Expiration != "2026-11-23T19:00:00Z" {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			if !strings.HasPrefix(got.json.Credentials.AccessKeyId, "STS.") || len(got.json.Credentials.SecurityToken) < 500 {
				t.Errorf("credentials do not look like STS's: %s", got.body)
			}
			alice := signer{got.json.Credentials.AccessKeyId, got.json.Credentials.AccessKeySecret, got.json.Credentials.SecurityToken, w.now}
			me := w.sts(alice.v1(whoAmI()))
			if me.json.Arn != "acs:ram::1234567890123456:assumed-role/admin/alice@acme.com" || me.json.IdentityType != "AssumedRoleUser" ||
				me.json.PrincipalId != me.json.RoleId+":alice@acme.com" || me.json.AccountId != "1234567890123456" {
				t.Errorf("GetCallerIdentity: %s", me.body)
			}
		})
	}
}

func TestLongLivedKeysSayWhoTheyAre(t *testing.T) {
	w := newWorld(t)
	if me := w.sts(w.admin().acs3("GetCallerIdentity", nil, nil)); me.json.Arn != "acs:ram::"+bundle+":user/fc-sso-admin" || me.json.IdentityType != "RAMUser" {
		t.Error(me.body)
	}
	root := w.RootKey()
	me := w.sts(signer{id: root.AccessKeyID, secret: root.AccessKeySecret, now: w.now}.v1(whoAmI()))
	if me.json.Arn != "acs:ram::"+bundle+":root" || me.json.IdentityType != "Account" {
		t.Error(me.body)
	}
}

func TestXMLIsAnsweredWhenAsked(t *testing.T) {
	w := newWorld(t)
	if got := w.sts(w.admin().v1(whoAmI(), pair{"Format", "xml"})); !strings.Contains(got.body, "<GetCallerIdentityResponse><RequestId>") {
		t.Error(got.body)
	}
	if got := w.sts(w.admin().v1(pair{"Action", "Nothing"}, pair{"Format", "XML"})); !strings.Contains(got.body, "<Error><RequestId>") || !strings.Contains(got.body, "<Code>InvalidAction.NotFound</Code>") {
		t.Error(got.body)
	}
}

func TestEachRefusalHasItsCode(t *testing.T) {
	w := newWorld(t)
	p, admin := w.portal(), w.admin()
	root := signer{id: w.RootKey().AccessKeyID, secret: w.RootKey().AccessKeySecret, now: w.now}
	acs := w.function(samlACS, "sso-saml-acs")
	wrong := func(s signer, change func(*signer)) signer { change(&s); return s }
	longPolicy := `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"` + strings.Repeat("x", 2048) + `"}]}`
	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
		code   string
	}{
		{"no action", admin.v1(pair{"Action", ""}), 400, "MissingAction"},
		{"no version", admin.v1(whoAmI(), pair{"Version", ""}), 400, "MissingVersion"},
		{"old version", admin.v1(whoAmI(), pair{"Version", "2014-01-01"}), 400, "InvalidVersion"},
		{"unknown action", admin.v1(pair{"Action", "AssumeRoleWithOAuth"}), 404, "InvalidAction.NotFound"},
		{"method", httptest.NewRequest(http.MethodPut, "/", nil), 405, "UnsupportedHTTPMethod"},
		{"twice", httptest.NewRequest(http.MethodGet, "/?Action=GetCallerIdentity&Action=AssumeRole", nil), 400, "InvalidParameter"},
		{"no key", admin.v1(whoAmI(), pair{"AccessKeyId", ""}), 400, "MissingAccessKeyId"},
		{"no nonce", admin.v1(whoAmI(), pair{"SignatureNonce", ""}), 400, "MissingSignatureNonce"},
		{"other method of signing", admin.v1(whoAmI(), pair{"SignatureMethod", "HMAC-SHA256"}), 400, "InvalidSignatureMethod"},
		{"time form", admin.v1(whoAmI(), pair{"Timestamp", "yesterday"}), 400, "InvalidTimeStamp.Format"},
		{"late", wrong(admin, func(s *signer) { s.now = s.now.Add(-16 * time.Minute) }).v1(whoAmI()), 400, "InvalidTimeStamp.Expired"},
		{"early, ACS3", wrong(admin, func(s *signer) { s.now = s.now.Add(16 * time.Minute) }).acs3("GetCallerIdentity", nil, nil), 400, "InvalidTimeStamp.Expired"},
		{"unknown key", wrong(admin, func(s *signer) { s.id = "LTAInobody" }).v1(whoAmI()), 404, "InvalidAccessKeyId.NotFound"},
		{"wrong secret", wrong(admin, func(s *signer) { s.secret += "x" }).v1(whoAmI()), 400, "SignatureDoesNotMatch"},
		{"wrong secret, ACS3", wrong(admin, func(s *signer) { s.secret += "x" }).acs3("GetCallerIdentity", nil, nil), 400, "SignatureDoesNotMatch"},
		{"other body, ACS3", admin.acs3("GetCallerIdentity", nil, func(h http.Header) { h.Set("x-acs-content-sha256", strings.Repeat("0", 64)) }), 400, "IncompleteSignature"},
		{"SM3", changed(admin.acs3("GetCallerIdentity", nil, nil), "Authorization", "ACS3-HMAC-SM3 Credential=a,SignedHeaders=b,Signature=c"), 400, "InvalidSignatureMethod"},
		{"unsigned header", changed(admin.acs3("GetCallerIdentity", nil, nil), "x-acs-extra", "1"), 400, "IncompleteSignature"},
		{"no token", wrong(p, func(s *signer) { s.token = "" }).v1(whoAmI()), 400, "MissingSecurityToken"},
		{"garbled token", wrong(p, func(s *signer) { s.token = "x" }).v1(whoAmI()), 400, "InvalidSecurityToken.Malformed"},
		{"another's token", wrong(p, func(s *signer) { s.token = acs.token }).v1(whoAmI()), 400, "InvalidSecurityToken.MismatchWithAccessKey"},
		{"token for a long-lived key", wrong(admin, func(s *signer) { s.token = p.token }).v1(whoAmI()), 400, "InvalidSecurityToken.MismatchWithAccessKey"},
		{"no role", p.v1(assume("", "alice")...), 400, "MissingParameter.RoleArn"},
		{"no session", p.v1(assume(adminRole, "")...), 400, "MissingParameter.RoleSessionName"},
		{"bad role", p.v1(assume("acs:ram::x:role/admin", "alice")...), 400, "InvalidParameter.RoleArn"},
		{"blank in session", p.v1(assume(adminRole, "alice smith")...), 400, "InvalidParameter.RoleSessionName"},
		{"Chinese session", p.v1(assume(adminRole, "王芳")...), 400, "InvalidParameter.RoleSessionName"},
		{"short session", p.v1(assume(adminRole, "a")...), 400, "InvalidParameter.RoleSessionName"},
		{"long session", p.v1(assume(adminRole, strings.Repeat("a", 65))...), 400, "InvalidParameter.RoleSessionName"},
		{"too short", p.v1(assume(adminRole, "alice", pair{"DurationSeconds", "899"})...), 400, "InvalidParameter.DurationSeconds"},
		{"too long for the role", p.v1(assume(adminRole, "alice", pair{"DurationSeconds", "3601"})...), 400, "InvalidParameter.DurationSeconds"},
		{"not a number", p.v1(assume(adminRole, "alice", pair{"DurationSeconds", "1h"})...), 400, "InvalidParameter.DurationSeconds"},
		{"policy too large", p.v1(assume(adminRole, "alice", pair{"Policy", longPolicy})...), 400, "InvalidParameter.PolicySize"},
		{"policy without resource", p.v1(assume(adminRole, "alice", pair{"Policy", `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*"}]}`})...), 400, "InvalidParameter.PolicyGrammar"},
		{"policy no JSON", p.v1(assume(adminRole, "alice", pair{"Policy", `{`})...), 400, "InvalidParameter.PolicyGrammar"},
		{"no such role", p.v1(assume(adminRole+"2", "alice")...), 404, "EntityNotExist.Role"},
		{"role trusts others", p.v1(assume(shutRole, "alice")...), 403, "NoPermission"},
		{"role trusts with a condition", p.v1(assume(keyedRole, "alice")...), 403, "NoPermission"},
		{"caller without permission", acs.v1(assume(longRole, "alice")...), 403, "NoPermission"},
		{"root", root.v1(assume(longRole, "alice")...), 403, "NoPermission"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := w.sts(c.r)
			if got.status != c.status || got.json.Code != c.code {
				t.Errorf("got %d %s, want %d %s", got.status, got.body, c.status, c.code)
			}
			if got.json.HostId != "sts.aliyuncs.com" || len(got.json.RequestId) != 36 || got.json.Message == "" {
				t.Errorf("not the real shape: %s", got.body)
			}
		})
	}
}

func changed(r *http.Request, header, value string) *http.Request {
	r.Header.Set(header, value)
	return r
}

func TestWhatTheRoleAllowsIsGiven(t *testing.T) {
	w := newWorld(t)
	p := w.portal()
	for name, params := range map[string][]pair{
		"twelve hours":   assume(longRole, "alice", pair{"DurationSeconds", "43200"}),
		"session policy": assume(adminRole, "alice", pair{"Policy", `{"Version":"1","Statement":[{"Effect":"Allow","Action":["oss:Get*"],"Resource":"*","Condition":{"Bool":{"acs:SecureTransport":true}}}]}`}),
		"external ID":    assume(keyedRole, "alice", pair{"ExternalId", "bundle-7"}),
	} {
		if got := w.sts(p.v1(params...)); got.status != http.StatusOK {
			t.Errorf("%s: %s", name, got.body)
		}
	}
}

func TestASessionPolicyNarrowsTheSession(t *testing.T) {
	w := newWorld(t)
	const first = "acs:ram::1234567890123456:role/first"
	w.must(w.AddRole(cloud.Role{
		ARN: first, Trust: cloud.Trusting(portal),
		Permission: `{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	}))
	w.must(w.AddRole(cloud.Role{ARN: "acs:ram::1234567890123456:role/second", Trust: cloud.Trusting(first)}))
	w.narrows(func(more ...pair) answer {
		return w.sts(w.portal().v1(append(assume(first, "alice"), slices.DeleteFunc(more, func(p pair) bool { return p.value == "" })...)...))
	})
}

func TestANonceWorksOnce(t *testing.T) {
	w := newWorld(t)
	nonce := pair{"SignatureNonce", "n-1"}
	if got := w.sts(w.admin().v1(whoAmI(), nonce)); got.status != http.StatusOK {
		t.Fatal(got.body)
	}
	if got := w.sts(w.admin().v1(whoAmI(), nonce)); got.json.Code != "SignatureNonceUsed" {
		t.Error(got.body)
	}
	if got := w.sts(w.portal().v1(whoAmI(), nonce)); got.status != http.StatusOK {
		t.Errorf("another's nonce counted: %s", got.body)
	}
}

func TestAStrangerCannotSpendANonce(t *testing.T) {
	w := newWorld(t)
	stranger := w.admin()
	stranger.secret = "guess"
	nonce := pair{"SignatureNonce", "n-1"}
	w.sts(stranger.v1(whoAmI(), nonce))
	if got := w.sts(w.admin().v1(whoAmI(), nonce)); got.status != http.StatusOK {
		t.Error(got.body)
	}
}

func TestCredentialsEnd(t *testing.T) {
	w := newWorld(t)
	made := w.sts(w.portal().v1(assume(adminRole, "alice", pair{"DurationSeconds", "900"})...)).json.Credentials
	w.now = w.now.Add(15 * time.Minute)
	alice := signer{made.AccessKeyId, made.AccessKeySecret, made.SecurityToken, w.now}
	if got := w.sts(alice.v1(whoAmI())); got.json.Code != "InvalidSecurityToken.Expired" {
		t.Error(got.body)
	}
	if _, _, ok := w.Lookup(made.AccessKeyId); ok {
		t.Error("Lookup knows a dead key")
	}
}

func TestAFunctionsOldCredentialsAreRefused(t *testing.T) {
	w := newWorld(t)
	old := w.portal()
	w.now = w.now.Add(5*time.Minute - time.Second)
	if again := w.portal(); again.id != old.id {
		t.Fatal("rotated too early")
	}
	w.now = w.now.Add(time.Second)
	fresh := w.portal()
	if fresh.id == old.id {
		t.Fatal("not rotated after five minutes")
	}
	old.now = w.now
	if got := w.sts(old.v1(whoAmI())); got.status != http.StatusOK {
		t.Errorf("a request in flight failed: %s", got.body)
	}
	w.now = w.now.Add(30 * time.Second)
	old.now, fresh.now = w.now, w.now
	if got := w.sts(old.v1(whoAmI())); got.json.Code != "InvalidSecurityToken.Expired" {
		t.Errorf("old credentials: %s", got.body)
	}
	if _, _, ok := w.Lookup(old.id); ok {
		t.Error("Lookup knows replaced credentials")
	}
	me := w.sts(fresh.v1(whoAmI()))
	if me.json.Arn != "acs:ram::"+bundle+":assumed-role/fc-sso-portal/sso-portal" {
		t.Error(me.body)
	}
}

// TestEachInvocationMayHaveCredentialsOfItsOwn, which end with it or sooner.
func TestEachInvocationMayHaveCredentialsOfItsOwn(t *testing.T) {
	w := newWorld(t)
	before := w.portal()
	w.must(w.Rotate(cloud.Rotation{Each: true}))
	if got := w.sts(before.v1(whoAmI())); got.json.Code != "InvalidSecurityToken.Expired" {
		t.Errorf("those of before: %s", got.body)
	}
	one, other := w.portal(), w.portal()
	if one.id == other.id {
		t.Fatal("two invocations have the same")
	}
	w.InvocationOver(one.id)
	if got := w.sts(one.v1(whoAmI())); got.json.Code != "InvalidSecurityToken.Expired" {
		t.Errorf("afterwards: %s", got.body)
	}
	if _, _, ok := w.Lookup(one.id); ok {
		t.Error("Lookup knows credentials of an invocation that is over")
	}
	for range 3 {
		if got := w.sts(other.v1(whoAmI())); got.status != http.StatusOK {
			t.Errorf("the other's: %s", got.body)
		}
	}

	w.must(w.Rotate(cloud.Rotation{Each: true, Uses: 2}))
	short := w.portal()
	if _, _, ok := w.Lookup(short.id); !ok {
		t.Error("the first use is refused")
	}
	if got := w.sts(short.v1(whoAmI())); got.status != http.StatusOK {
		t.Errorf("the second use: %s", got.body)
	}
	if got := w.sts(short.v1(whoAmI())); got.json.Code != "InvalidSecurityToken.Expired" {
		t.Errorf("the third use: %s", got.body)
	}
	for _, wrong := range []cloud.Rotation{{Uses: 1}, {Each: true, Uses: -1}} {
		if err := w.Rotate(wrong); err == nil {
			t.Errorf("%+v is taken", wrong)
		}
	}
}

func TestAFunctionNeedsARoleThatTrustsFunctionCompute(t *testing.T) {
	w := newWorld(t)
	for _, arn := range []string{adminRole, portal + "2"} {
		if _, err := w.FunctionRole(arn, "f"); err == nil {
			t.Errorf("%s was given to a function", arn)
		}
	}
}

func TestLookupGivesWhatAServerChecks(t *testing.T) {
	w := newWorld(t)
	p := w.portal()
	if secret, token, ok := w.Lookup(p.id); !ok || secret != p.secret || token != p.token {
		t.Error("function's credentials are not found")
	}
	if secret, token, ok := w.Lookup(w.AdminKey().AccessKeyID); !ok || secret != w.AdminKey().AccessKeySecret || token != "" {
		t.Error("the admin's key is not found")
	}
	if _, _, ok := w.Lookup("nobody"); ok {
		t.Error("an unknown key is found")
	}
}

func TestKeysSurviveAndStayPrivate(t *testing.T) {
	dir := t.TempDir()
	first, err := cloud.New(cloud.Options{DataDir: dir, BundleAccount: bundle})
	if err != nil {
		t.Fatal(err)
	}
	second, err := cloud.New(cloud.Options{DataDir: dir, BundleAccount: bundle})
	if err != nil {
		t.Fatal(err)
	}
	if first.AdminKey() != second.AdminKey() || first.RootKey() != second.RootKey() {
		t.Error("new keys at the second start")
	}
	info, err := os.Stat(filepath.Join(dir, "cloud.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("cloud.json: %v %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "cloud.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := cloud.New(cloud.Options{DataDir: dir, BundleAccount: bundle}); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged file: %v", err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	w := newWorld(t)
	c, err := w.FunctionRole(portal, "sso-portal")
	w.must(err)
	printed := fmt.Sprintf("%v %+v %#v %s %v %#v", c, c, c, c, w.AdminKey(), w.AdminKey())
	for _, secret := range []string{c.AccessKeySecret, c.SecurityToken, w.AdminKey().AccessKeySecret} {
		if strings.Contains(printed, secret) {
			t.Errorf("printed: %s", printed)
		}
	}
}

func TestBadRolesAreRefusedWithTheirName(t *testing.T) {
	w := newWorld(t)
	for name, r := range map[string]cloud.Role{
		"ARN":             {ARN: "acs:ram::1:role/x", Trust: cloud.Trusting(portal)},
		"unknown account": {ARN: "acs:ram::9999999999999999:role/x", Trust: cloud.Trusting(portal)},
		"no trust":        {ARN: adminRole},
		"trust no JSON":   {ARN: adminRole, Trust: "portal"},
		"unknown key":     {ARN: adminRole, Trust: `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principle":{}}]}`},
		"session":         {ARN: adminRole, Trust: cloud.Trusting(portal), MaxSession: 13 * time.Hour},
		"permission":      {ARN: adminRole, Trust: cloud.Trusting(portal), Permission: cloud.Trusting(portal)},
	} {
		if err := w.AddRole(r); err == nil || !strings.Contains(err.Error(), r.ARN) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestADenyAndAnUnknownConditionRefuse(t *testing.T) {
	w := newWorld(t)
	for name, trust := range map[string]string{
		"deny wins":         `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:*","Principal":{"RAM":"` + portal + `"}},{"Effect":"Deny","Action":"sts:AssumeRole","Principal":{"RAM":["` + portal + `"]}}]}`,
		"unknown operator":  `{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":"` + portal + `"},"Condition":{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}}]}`,
		"only for services": cloud.TrustingService("fc.aliyuncs.com"),
	} {
		w.must(w.AddRole(cloud.Role{ARN: adminRole, Trust: trust}))
		if got := w.sts(w.portal().v1(assume(adminRole, "alice")...)); got.json.Code != "NoPermission" {
			t.Errorf("%s: %s", name, got.body)
		}
	}
}

func TestARoleThatIsTakenAwayIsNotAssumed(t *testing.T) {
	w := newWorld(t)
	w.RemoveRole(adminRole)
	w.RemoveRole(adminRole)
	if got := w.sts(w.portal().v1(assume(adminRole, "alice")...)); got.json.Code != "EntityNotExist.Role" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	w.must(w.AddRole(cloud.Role{ARN: adminRole, Trust: cloud.Trusting(portal)}))
	if got := w.sts(w.portal().v1(assume(adminRole, "alice")...)); got.status != http.StatusOK {
		t.Errorf("got %d %s", got.status, got.body)
	}
}
