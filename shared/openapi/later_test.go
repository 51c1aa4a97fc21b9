package openapi_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/openapi"
)

func TestAnEventForLaterIsTakenAndNotAnswered(t *testing.T) {
	endpoint, calls := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := checkACS3(r); err != nil {
			t.Error(err)
		}
		if r.Header.Get("X-Fc-Invocation-Type") != "Async" {
			t.Errorf("%v", r.Header)
		}
		w.WriteHeader(http.StatusAccepted)
	})
	if err := client().InvokeLater(t.Context(), functionCall(endpoint)); err != nil || calls.Load() != 1 {
		t.Errorf("%v, %d calls", err, calls.Load())
	}
}

// TestAnEventThatIsNotTakenIsAnError: also where it was handled at once, by a platform
// that takes no heed of the type.
func TestAnEventThatIsNotTakenIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		code   string
	}{
		"answered":    {answers(200, `{}`), ""},
		"no right to": {answers(403, `{"Code":"AccessDenied","Message":"no `+secret+`","RequestId":"1"}`), "AccessDenied"},
		"throttled":   {answers(429, `{"Code":"ResourceExhausted","Message":"x","RequestId":"1"}`), "ResourceExhausted"},
		"a function's failure": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Fc-Error-Type", "HandledInvocationError")
			_, _ = io.WriteString(w, `{}`)
		}, ""},
	} {
		endpoint, calls := serve(t, c.answer)
		err := client().InvokeLater(t.Context(), functionCall(endpoint))
		code := ""
		if e, ok := errors.AsType[*openapi.Error](err); ok {
			code = e.Code
		}
		if err == nil || code != c.code || strings.Contains(err.Error(), secret) || calls.Load() != 1 {
			t.Errorf("%s: %v, %d calls", name, err, calls.Load())
		}
	}
}
