package openapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
)

func functionCall(endpoint string) openapi.FunctionCall {
	return openapi.FunctionCall{
		Endpoint: endpoint, Function: "sso-metadata-rotation", Payload: []byte(`{"record":"okta"}`),
		Credentials: ram.Credentials{AccessKeyID: "STS.id", AccessKeySecret: secret, SecurityToken: token},
	}
}

func TestAnEventIsSignedWithItsBody(t *testing.T) {
	endpoint, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != `{"record":"okta"}` {
			t.Errorf("body %q, %v", body, err)
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if err := checkACS3(r); err != nil {
			t.Error(err)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/2023-03-30/functions/sso-metadata-rotation/invocations" ||
			r.Header.Get("X-Acs-Action") != "InvokeFunction" || r.Header.Get("X-Acs-Version") != "2023-03-30" ||
			r.Header.Get("X-Fc-Invocation-Type") != "Sync" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		answers(200, `{"A":"b"}`)(w, r)
	})
	var got answer
	if err := client().Invoke(t.Context(), functionCall(endpoint), &got); err != nil || got.A != "b" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAFunctionThatFailsIsAnErrorThoughTheStatusIs200, and nothing is sent twice.
func TestAFunctionThatFailsIsAnErrorThoughTheStatusIs200(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   string
	}{
		"a handled error": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Fc-Error-Type", "HandledInvocationError")
			_, _ = io.WriteString(w, `{"errorMessage":"source_unavailable, reference 1","errorType":"errorString"}`)
		}, "HandledInvocationError"},
		"no right to": {answers(403, `{"Code":"AccessDenied","Message":"no `+secret+`","RequestId":"1"}`), "AccessDenied"},
		"an outage":   {answers(503, `gone`), "Unknown"},
		"no function": {answers(404, `{"Code":"FunctionNotFound","Message":"x","RequestId":"1"}`), "FunctionNotFound"},
		"a redirection": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
		}, "Unknown"},
	} {
		endpoint, calls := serve(t, c.answer)
		err := client().Invoke(t.Context(), functionCall(endpoint), &answer{})
		e, ok := errors.AsType[*openapi.Error](err)
		if !ok || e.Code != c.code || strings.Contains(err.Error(), secret) || calls.Load() != 1 {
			t.Errorf("%s: %v, %d calls", name, err, calls.Load())
		}
	}
}

func TestAnEventTakesAsLongAsTheCallerWaits(t *testing.T) {
	release := make(chan struct{})
	endpoint, calls := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := client().Invoke(ctx, functionCall(endpoint), &answer{}); !errors.Is(err, context.DeadlineExceeded) || calls.Load() != 1 {
		t.Errorf("%v, %d calls", err, calls.Load())
	}
}
