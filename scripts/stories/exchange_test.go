package stories_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/workload"
)

// exchanged is what /oidc/token answers.
type exchanged struct {
	status      int
	cache, body string

	AccessToken     string    `json:"access_token"`
	TokenType       string    `json:"token_type"`
	ExpiresIn       int       `json:"expires_in"`
	AccessKeyID     string    `json:"access_key_id"`
	AccessKeySecret string    `json:"access_key_secret"`
	SecurityToken   string    `json:"security_token"`
	Expiration      time.Time `json:"expiration"`
	DurationBy      string    `json:"duration_by"`
	DurationNote    string    `json:"duration_note"`

	Error       string `json:"error"`
	Description string `json:"error_description"`
	Code        string `json:"code"`
	Reference   string `json:"reference"`
}

// exchange brings a token; more are other parameters.
func exchange(t *testing.T, s *stack.Stack, token string, more ...string) exchanged {
	t.Helper()
	return must[exchanged](t)(bring(t.Context(), s, token, more...))
}

func bring(ctx context.Context, s *stack.Stack, token string, more ...string) (exchanged, error) {
	form := url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:token-exchange"}, "subject_token": {token},
		"subject_token_type": {"urn:ietf:params:oauth:token-type:id_token"},
	}
	for i := 0; i+1 < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/oidc/token", strings.NewReader(form.Encode()))
	if err != nil {
		return exchanged{}, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return exchanged{}, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return exchanged{}, err
	}
	answer := exchanged{status: response.StatusCode, cache: response.Header.Get("Cache-Control"), body: string(body)}
	return answer, json.Unmarshal(body, &answer)
}

func (e exchanged) want(t *testing.T, oauth, code, says string) {
	t.Helper()
	if e.status != http.StatusBadRequest || e.Error != oauth || e.Code != code || !strings.Contains(e.Description, says) || e.Reference == "" {
		t.Errorf("want %s, %s, %q: %d %s", oauth, code, says, e.status, e.body)
	}
}

// TestAJobLeavesWithCredentials is the exchange through the real binaries.
func TestAJobLeavesWithCredentials(t *testing.T) {
	t.Parallel()
	platform := workload.New(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Jobs), Instances: 2})

	token := platform.Token(t, nil)
	got := exchange(t, s, token+"\n", "resource", workload.Deploy)
	left := time.Until(got.Expiration)
	if got.status != http.StatusOK || !strings.HasPrefix(got.AccessKeyID, "STS.") || got.AccessKeySecret == "" || got.SecurityToken == "" ||
		got.AccessToken != got.SecurityToken || got.TokenType != "N_A" || got.cache != "no-store" || left < 55*time.Minute || left > time.Hour {
		t.Fatalf("%d %s, %v left", got.status, got.body, left)
	}
	for range 2 { // either instance
		exchange(t, s, token, "resource", workload.Deploy).want(t, "invalid_request", "replayed", "")
	}
	if got := exchange(t, s, platform.Token(t, nil), "duration", "15m", "session_name", "run-17"); got.status != http.StatusOK || got.ExpiresIn > 900 || got.ExpiresIn < 600 {
		t.Errorf("the only role, for a quarter of an hour: %d %s", got.status, got.body)
	}

	pod := platform.Token(t, workload.Pod())
	for range 4 {
		if got := exchange(t, s, pod); got.status != http.StatusOK {
			t.Errorf("a pod's token, until it expires: %d %s", got.status, got.body)
		}
	}

	exchange(t, s, platform.Token(t, map[string]any{"repository_owner_id": "666"}), "resource", workload.Deploy).
		want(t, "invalid_target", "role_not_granted", "rule 'the shop deploys from main': oidc:repository_owner_id is ['666'], one of ['1234567'] is wanted")
	exchange(t, s, platform.Token(t, map[string]any{"aud": "elsewhere"})).want(t, "invalid_request", "audience_mismatch", "one of ['sts.aliyuncs.com' 'pods'] is wanted")
	exchange(t, s, workload.New(t).Token(t, nil)).want(t, "invalid_request", "idp_unknown", "")
	forged := workload.New(t)
	forged.URL = platform.URL
	exchange(t, s, forged.Token(t, nil)).want(t, "invalid_request", "signature_invalid", "")
}

// TestADeadStoreExchangesNothing, and the same token is good afterwards.
func TestADeadStoreExchangesNothing(t *testing.T) {
	t.Parallel()
	platform := workload.New(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Jobs)})
	token := platform.Token(t, nil)
	s.Fault(t, map[string]any{"table": "sso_nonce", "kind": "error", "code": "OTSServerUnavailable"})
	if got := exchange(t, s, token); got.status != http.StatusServiceUnavailable || got.Error != "temporarily_unavailable" || got.Code != "store_unavailable" {
		t.Errorf("%d %s", got.status, got.body)
	}
	s.ClearFaults(t)
	if got := exchange(t, s, token); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestOfManyCopiesOneIsExchanged: 32 at once, at two instances.
func TestOfManyCopiesOneIsExchanged(t *testing.T) {
	t.Parallel()
	const copies = 32
	platform := workload.New(t)
	s := stack.Start(t, stack.Options{Federation: platform.Federation(t, workload.Jobs), Instances: 2})
	for round := range 5 {
		token := platform.Token(t, nil)
		answers, errs := make([]exchanged, copies), make([]error, copies)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i], errs[i] = bring(t.Context(), s, token) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		won := 0
		for _, a := range answers {
			switch {
			case a.status == http.StatusOK:
				won++
			case a.Code != "replayed":
				t.Errorf("round %d: %d %s", round, a.status, a.body)
			}
		}
		if won != 1 {
			t.Errorf("round %d: %d were exchanged", round, won)
		}
	}
}
