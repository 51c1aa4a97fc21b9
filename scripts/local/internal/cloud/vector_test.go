package cloud

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The two signed requests that Alibaba Cloud's own pages publish, with the key
// testid, testsecret.
const (
	assumeRoleVector = "/?SignatureVersion=1.0&Format=JSON&Timestamp=2015-09-01T05%3A57%3A34Z&RoleArn=acs%3Aram%3A%3A1234567890123%3Arole%2Ffirstrole&RoleSessionName=client&AccessKeyId=testid&SignatureMethod=HMAC-SHA1&Version=2015-04-01&Signature=gNI7b0AyKZHxDgjBGPDgJ1Ce3L4%3D&Action=AssumeRole&SignatureNonce=571f8fb8-506e-11e5-8e12-b8e8563dc8d2"
	createUserVector = "Signature=02heLegtw4%2BBFamznl1Ltj%2BvJ4A%3D&AccessKeyId=testid&Action=CreateUser&DisplayName=test&Format=JSON&SignatureMethod=HMAC-SHA1&SignatureNonce=3f6b4e80-56f7-11eb-a256-a9f756ea7e85&SignatureVersion=1.0&Timestamp=2021-01-15T06%3A02%3A28Z&UserPrincipalName=test%40example.onaliyun.com&Version=2019-08-15"
)

// published is a cloud of which the pages' key has the admin.
func published(t *testing.T, account string, now time.Time) *Cloud {
	t.Helper()
	c, err := New(Options{DataDir: t.TempDir(), BundleAccount: account, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	c.ring.addKey(Key{"testid", "testsecret"}, c.ring.holder(c.admin.AccessKeyID))
	return c
}

func TestThePublishedAssumeRoleRequestIsTaken(t *testing.T) {
	c := published(t, "1234567890123", time.Date(2015, 9, 1, 6, 0, 0, 0, time.UTC))
	if err := c.AddRole(Role{ARN: "acs:ram::1234567890123:role/firstrole", Trust: Trusting(c.adminARN())}); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	c.STS().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, assumeRoleVector, nil))
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"Expiration":"2015-09-01T07:00:00Z"`) {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
}

func TestThePublishedCreateUserRequestIsTaken(t *testing.T) {
	c := published(t, "1234567890123", time.Date(2021, 1, 15, 6, 5, 0, 0, time.UTC))
	if err := c.AddAccount(c.bundle, "example"); err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	c.IMS().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/?"+createUserVector, nil))
	if answer.Code != http.StatusOK || !strings.Contains(answer.Body.String(), `"UserPrincipalName":"test@example.onaliyun.com"`) {
		t.Errorf("got %d %s", answer.Code, answer.Body)
	}
}

func TestThePublishedSignatureOfCreateUserIsComputed(t *testing.T) {
	params, err := url.ParseQuery(createUserVector)
	if err != nil {
		t.Fatal(err)
	}
	if got := signV1("testsecret", stringToSignV1(http.MethodGet, params)); got != params.Get("Signature") {
		t.Errorf("got %s", got)
	}
}
