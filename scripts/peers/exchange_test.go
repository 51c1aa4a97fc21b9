package peers_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alibabacloud-go/tea/tea"
	"github.com/aliyun/credentials-go/credentials"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
)

// order is what an official client is to do, in a process of its own: whom it
// trusts for TLS it reads from SSL_CERT_FILE, once.
type order struct {
	Endpoint, Role, Provider, TokenFile string
	Duration                            int
	SDK                                 bool // sts-20150401/v2 instead of credentials-go
}

const orderVariable = "SSO_PEER_ORDER"

func TestMain(m *testing.M) {
	text, ordered := os.LookupEnv(orderVariable)
	if !ordered {
		os.Exit(m.Run())
	}
	var o order
	err := json.Unmarshal([]byte(text), &o)
	if err == nil {
		err = o.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (o order) run() error {
	take := o.credentialsGo
	if o.SDK {
		take = o.stsSDK
	}
	made, err := take()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(made)
}

// credentialsGo is the OIDC provider that every Go SDK of Alibaba Cloud uses.
func (o order) credentialsGo() (person.Credentials, error) {
	config := new(credentials.Config).SetType("oidc_role_arn").SetOIDCProviderArn(o.Provider).SetOIDCTokenFilePath(o.TokenFile).
		SetRoleArn(o.Role).SetRoleSessionName("peer").SetSTSEndpoint(o.Endpoint).SetRoleSessionExpiration(o.Duration)
	provider, err := credentials.NewCredential(config)
	if err != nil {
		return person.Credentials{}, err
	}
	made, err := provider.GetCredential()
	if err != nil {
		return person.Credentials{}, err
	}
	return person.Credentials{
		AccessKeyID: tea.StringValue(made.AccessKeyId), AccessKeySecret: tea.StringValue(made.AccessKeySecret), SecurityToken: tea.StringValue(made.SecurityToken),
	}, nil
}

// give has an official client carry an order out.
func give(t *testing.T, s *stack.Stack, o order) (made person.Credentials, refusal string) {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), orderVariable+"="+string(text), "SSL_CERT_FILE="+s.CAFile, "HOME="+t.TempDir())
	var said strings.Builder
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		return made, said.String()
	}
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return made, ""
}

// TestCredentialsGoTakesUsForSTS: unmodified, over TLS, and told another endpoint.
func TestCredentialsGoTakesUsForSTS(t *testing.T) {
	platform := workload.New(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Jobs)})
	endpoint := strings.TrimPrefix(s.TLSURL, "https://") + "/sts"
	file := filepath.Join(t.TempDir(), "token")
	bring := func(token string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	job := order{Endpoint: endpoint, Role: workload.Deploy, Provider: workload.Provider, TokenFile: file, Duration: 900}
	bring(platform.Token(t, nil))
	made, refusal := give(t, s, job)
	if refusal != "" {
		t.Fatal(refusal)
	}
	wantCaller(t, s, made, "acs:ram::1234567890123456:assumed-role/deploy/peer")
	_, refusal = give(t, s, job)
	wantRefusal(t, refusal, "AuthenticationFail.OIDCToken.Invalid", "replayed")

	pod := order{Endpoint: endpoint, Role: workload.Pictures, Provider: workload.Provider, TokenFile: file, Duration: 3600}
	bring(platform.Token(t, workload.Pod()))
	for range 3 { // as a refresh does
		if made, refusal = give(t, s, pod); refusal != "" {
			t.Fatal(refusal)
		}
		wantCaller(t, s, made, "acs:ram::1234567890123456:assumed-role/pictures/peer")
	}

	for _, c := range []struct {
		claims        map[string]any
		code, message string
	}{
		{map[string]any{"exp": 1, "iat": 0, "nbf": 0}, "AuthenticationFail.OIDCToken.Expired", "This JsonWebToken is expired."},
		{map[string]any{"aud": "elsewhere"}, "AuthenticationFail.OIDCToken.AudienceNotMatch", "Invalid audience."},
		{map[string]any{"repository_owner_id": "666"}, "AuthenticationFail.NoPermission", "oidc:repository_owner_id"},
	} {
		bring(platform.Token(t, c.claims))
		_, refusal = give(t, s, job)
		wantRefusal(t, refusal, c.code, c.message)
	}
}

func wantCaller(t *testing.T, s *stack.Stack, made person.Credentials, arn string) {
	t.Helper()
	answer, err := client(t, s, made).GetCallerIdentity()
	if err != nil || tea.StringValue(answer.Body.Arn) != arn {
		t.Errorf("the credentials are of %v, want %s: %v", answer, arn, err)
	}
}

// wantRefusal reads what a user of the client would see.
func wantRefusal(t *testing.T, said, code, message string) {
	t.Helper()
	if !strings.Contains(said, code) || !strings.Contains(said, message) {
		t.Errorf("want %s, %s: %s", code, message, said)
	}
}
