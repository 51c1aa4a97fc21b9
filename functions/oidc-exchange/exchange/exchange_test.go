package exchange_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/functions/oidc-exchange/exchange"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/respond/respondtest"
)

func TestEachProtocolIsToldInItsOwnShape(t *testing.T) {
	reference := audit.Reference("1-2-3")
	config := quiet
	config.Held = []string{"key-a", "key-b"}
	handler := exchange.New(config)
	for request, want := range map[string]struct {
		status            int
		contentType, body string
	}{
		"GET /oidc/healthz":             {200, "text/plain; charset=utf-8", "ok\nkey-a\nkey-b\n"},
		"GET /oidc/token":               {405, "application/json", `{"error":"invalid_request","error_description":"method_not_allowed: method 'GET': the path takes POST","code":"method_not_allowed","reference":"` + reference + `"}`},
		"GET /oidc/entra":               {404, "text/plain; charset=utf-8", "not_found\nreference " + reference},
		"POST /sts?Action=x&Format=xml": {404, "text/xml;charset=utf-8", "<Error><RequestId>1-2-3</RequestId><HostId>sso.example</HostId><Code>InvalidAction.NotFound</Code><Message>Specified api is not found, please check your url and method. (not_found: action &#34;x&#34;; reference " + reference + ")</Message></Error>"},
		"POST /sts/?Format=json":        {400, "application/json;charset=utf-8", `{"RequestId":"1-2-3","HostId":"sso.example","Code":"MissingParameter.Action","Message":"Parameter Action is required. (request_malformed: Action is missing; reference ` + reference + `)"}`},
		"GET /sts":                      {400, "application/json;charset=utf-8", `{"RequestId":"1-2-3"`},
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
	respondtest.WantAllGuarded(t, handler)
}
