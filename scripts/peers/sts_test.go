// Package peers_test lets the official Alibaba Cloud SDKs judge: they share no
// code with fc-sso, and a user has no other.
package peers_test

import (
	"errors"
	"strings"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	sts "github.com/alibabacloud-go/sts-20150401/v2/client"
	"github.com/alibabacloud-go/tea/tea"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

const role = "acs:ram::1234567890123456:role/admin"

// TestTheSTSTokenIsGood signs in, takes the credentials of a role, and asks the
// official SDK who that is.
func TestTheSTSTokenIsGood(t *testing.T) {
	s := stack.Start(t, stack.Options{})
	alice := person.New(s.Ready, "acme", "alice")
	roles, err := alice.SignIn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := alice.Credentials(t.Context(), roles, role)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := client(t, s, credentials).GetCallerIdentity()
	if err != nil {
		t.Fatal(err)
	}
	got := answer.Body
	t.Logf("GetCallerIdentity: %s", got)
	if arn := tea.StringValue(got.Arn); arn != "acs:ram::1234567890123456:assumed-role/admin/alice@acme.example" {
		t.Errorf("arn %q", arn)
	}
	if kind := tea.StringValue(got.IdentityType); kind != "AssumedRoleUser" {
		t.Errorf("identity type %q", kind)
	}
	if account := tea.StringValue(got.AccountId); account != "1234567890123456" {
		t.Errorf("account %q", account)
	}

	credentials.AccessKeySecret += "x"
	_, err = client(t, s, credentials).GetCallerIdentity()
	if refusal, ok := errors.AsType[*tea.SDKError](err); !ok || tea.StringValue(refusal.Code) != "SignatureDoesNotMatch" {
		t.Errorf("with a wrong secret: %v", err)
	}
}

func client(t *testing.T, s *stack.Stack, c person.Credentials) *sts.Client {
	t.Helper()
	made, err := sts.NewClient(&openapi.Config{
		AccessKeyId: &c.AccessKeyID, AccessKeySecret: &c.AccessKeySecret, SecurityToken: &c.SecurityToken,
		Endpoint: tea.String(strings.TrimPrefix(s.Cloud.STS, "http://")), Protocol: tea.String("HTTP"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}
