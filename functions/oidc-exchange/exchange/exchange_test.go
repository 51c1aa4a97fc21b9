package exchange_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/oidc-exchange/exchange"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/respond"
)

func TestEachProtocolIsToldInItsOwnShape(t *testing.T) {
	reference := audit.Reference("1-2-3")
	handler := exchange.New(respond.Desk{Function: exchange.Name, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	sorry := "oidc-exchange does not do this yet; reference " + reference
	for request, want := range map[string]struct {
		status            int
		contentType, body string
	}{
		"GET /oidc/healthz":             {200, "text/plain; charset=utf-8", "ok\n"},
		"POST /oidc/token":              {501, "application/json", `{"error":"not_implemented","error_description":"` + sorry + `"}`},
		"GET /oidc/token":               {405, "application/json", `{"error":"method_not_allowed"`},
		"GET /oidc/entra/login":         {501, "text/plain; charset=utf-8", "not_implemented\nreference " + reference},
		"GET /oidc/entra/callback":      {501, "text/plain; charset=utf-8", "not_implemented"},
		"POST /sts?Action=x&Format=xml": {501, "text/xml;charset=utf-8", "<Error><RequestId>1-2-3</RequestId><HostId>sso.example</HostId><Code>not_implemented</Code><Message>" + sorry + "</Message></Error>"},
		"POST /sts/?Format=json":        {501, "application/json;charset=utf-8", `{"RequestId":"1-2-3","HostId":"sso.example","Code":"not_implemented","Message":"` + sorry + `"}`},
		"GET /sts":                      {501, "application/json;charset=utf-8", `{"RequestId":"1-2-3"`},
		"GET /sts/x":                    {404, "application/json;charset=utf-8", `{"RequestId":"1-2-3"`},
		"GET /oidc/":                    {404, "text/plain; charset=utf-8", "not_found"},
	} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(audit.Begin(t.Context(), "1-2-3"), method, "https://sso.example"+path, http.NoBody))
		body, err := io.ReadAll(w.Body)
		if err != nil || w.Code != want.status || w.Header().Get("Content-Type") != want.contentType || !strings.Contains(string(body), want.body) {
			t.Errorf("%s: %d %s %s", request, w.Code, w.Header().Get("Content-Type"), body)
		}
	}
}
