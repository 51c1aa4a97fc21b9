package freshness_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

func TestTheFunctionSaysWhatCameOfIt(t *testing.T) {
	for name, c := range map[string]struct {
		status       int
		kind, answer string
		want         reason.Code
	}{
		"done":            {200, "", `{"function":"metadata-rotation","status":200,"reference":"1"}`, ""},
		"too often":       {200, "", `{"function":"metadata-rotation","status":429,"code":"refresh_limited","reference":"1"}`, reason.RefreshLimited},
		"under way":       {200, "", `{"status":429,"code":"refresh_under_way","reference":"1"}`, reason.RefreshUnderWay},
		"source at fault": {200, "HandledInvocationError", `{"errorMessage":"source_unavailable, reference 1"}`, reason.SourceUnavailable},
		"no right":        {403, "", `{"Code":"AccessDenied","Message":"x"}`, reason.SourceUnavailable},
		"no JSON":         {200, "", `gone`, reason.SourceUnavailable},
	} {
		var body string
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			body = string(text)
			if c.kind != "" {
				w.Header().Set("X-Fc-Error-Type", c.kind)
			}
			w.WriteHeader(c.status)
			_, _ = io.WriteString(w, c.answer)
		}))
		f := freshness.Function{
			API: openapi.New(validatetest.Now, rand.Reader), Endpoint: server.URL, Name: "keys",
			Credentials: func(context.Context) (ram.Credentials, error) {
				return ram.Credentials{AccessKeyID: "id", AccessKeySecret: "secret"}, nil
			},
		}
		if err := f.Refresh(t.Context(), "okta"); reason.Of(err) != c.want || body != `{"record":"okta"}` {
			t.Errorf("%s: %v after %s", name, err, body)
		}
		server.Close()
		if err := f.Refresh(t.Context(), "okta"); reason.Of(err) != reason.SourceUnavailable || !strings.Contains(err.Error(), "keys") {
			t.Errorf("a dead endpoint: %v", err)
		}
	}
}

func TestWithoutCredentialsNobodyIsCalled(t *testing.T) {
	f := freshness.Function{Credentials: func(context.Context) (ram.Credentials, error) { return ram.Credentials{}, errors.New("none") }}
	if err := f.Refresh(t.Context(), "okta"); err == nil {
		t.Error("called without credentials")
	}
}
