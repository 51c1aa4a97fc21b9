package portal_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhatIsNotThereYetSaysSo(t *testing.T) {
	s := newStage(t)
	for _, route := range []string{
		"POST /device-authorization", "POST /token", "GET /access-assignments/accounts?MaxResults=100",
		"GET /access-assignments/access-configurations", "POST /cloud-credentials",
	} {
		method, target, _ := strings.Cut(route, " ")
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest(method, origin+target, nil))
		if body := w.Body.String(); w.Code != http.StatusNotImplemented || !strings.HasPrefix(body, "not_implemented: portal ") {
			t.Errorf("%s: %d %.200s", route, w.Code, body)
		}
	}
}
