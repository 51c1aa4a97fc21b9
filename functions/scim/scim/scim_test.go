package scim_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/scim/scim"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/respond/respondtest"
)

func TestRefusalsAreSCIMs(t *testing.T) {
	reference := audit.Reference("1-2-3")
	handler := scim.New(respond.Desk{Function: scim.Name, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	for request, want := range map[string]struct {
		status int
		body   string
	}{
		"GET /scim/healthz":       {200, "ok\n"},
		"GET /scim/v2/Users":      {501, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"501","detail":"scim does not do this yet; reference ` + reference + `"}`},
		"DELETE /scim/v2/Users/1": {501, `"status":"501"`},
		"GET /scim/v1/Users":      {404, `"status":"404","detail":"not_found; reference ` + reference + `"`},
		"POST /scim/healthz":      {405, `"status":"405"`},
	} {
		method, path, _ := strings.Cut(request, " ")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequestWithContext(audit.Begin(t.Context(), "1-2-3"), method, "https://sso.example"+path, http.NoBody))
		if w.Code != want.status || !strings.Contains(w.Body.String(), want.body) {
			t.Errorf("%s: %d %s", request, w.Code, w.Body.String())
		}
		if w.Code >= 400 && w.Header().Get("Content-Type") != "application/scim+json" {
			t.Errorf("%s: %s", request, w.Header().Get("Content-Type"))
		}
	}
	respondtest.WantAllGuarded(t, handler)
}
