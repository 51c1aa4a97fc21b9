package stories_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
)

// stsAnswer is what STS answers, or we at /sts.
type stsAnswer struct {
	status int
	body   string

	RequestID       string `json:"RequestId"`
	Code, Message   string
	AssumedRoleUser struct{ Arn string }
	Credentials     struct{ SecurityToken string }
}

// callSTS posts a call of an action to /sts.
func callSTS(t *testing.T, s *stack.Stack, action string, more ...string) stsAnswer {
	t.Helper()
	form := url.Values{"Action": {action}, "Version": {"2015-04-01"}}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/sts", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := stsAnswer{status: response.StatusCode, body: string(body)}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return answer
}

// TestRAMDecidesTooWhereAnAccountIssuesDirectly: the job's own token goes on to STS,
// which asks the issuer itself. When the issuer changes its certification authority,
// the bundle goes on believing it, and STS does not until RAM knows the new one.
func TestRAMDecidesTooWhereAnAccountIssuesDirectly(t *testing.T) {
	platform := workload.NewSecure(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Direct)})
	job := func(more ...string) stsAnswer {
		t.Helper()
		return callSTS(t, s, "AssumeRoleWithOIDC", append([]string{
			"RoleArn", workload.DirectTry, "OIDCProviderArn", workload.DirectCI, "RoleSessionName", "run-17", "OIDCToken", platform.Token(t, nil),
		}, more...)...)
	}

	if got := exchange(t, s, platform.Token(t, nil), "duration", "15m"); got.status != http.StatusOK || got.SecurityToken == "" || got.ExpiresIn > 900 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if got := job(); got.status != http.StatusOK || got.AssumedRoleUser.Arn != workload.DirectTry+"/run-17" || got.Credentials.SecurityToken == "" {
		t.Fatalf("%d %s", got.status, got.body)
	}
	exchange(t, s, platform.Token(t, map[string]any{"sub": "repo:evil/shop:ref:refs/heads/main"}), "resource", workload.DirectTry).
		want(t, "invalid_target", "role_not_granted", "oidc:sub")

	platform.ChangeAuthority()
	const mismatch = "AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch"
	exchange(t, s, platform.Token(t, nil)).want(t, "invalid_target", "proof_refused", mismatch)
	if got := job(); got.status != http.StatusUnauthorized || got.Code != mismatch || !strings.Contains(got.Message, "proof_refused") {
		t.Errorf("%d %s", got.status, got.body)
	}
	s.Reapply(t) // the stack registers what is served now
	if got := job(); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}
