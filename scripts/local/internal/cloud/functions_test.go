package cloud_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

const (
	invocations = "/2023-03-30/functions/sso-metadata-rotation/invocations"
	wish        = `{"record":"okta"}`
)

// functions answers by what the event is, and keeps what is for later.
type functions struct{ later *[]string }

func (functions) Invoke(_ context.Context, function string, event []byte) (cloud.Invocation, error) {
	switch {
	case function != "sso-metadata-rotation":
		return cloud.Invocation{}, errors.New("function does not exist")
	case string(event) == "fail":
		return cloud.Invocation{Answer: []byte(`{"errorMessage":"x"}`), Failed: "HandledInvocationError"}, nil
	}
	return cloud.Invocation{Answer: event}, nil
}

func (f functions) Queue(function, requestID string, event []byte) error {
	if function != "sso-metadata-rotation" {
		return errors.New("function does not exist")
	}
	*f.later = append(*f.later, requestID+" "+string(event))
	return nil
}

func (w *world) invoke(r *http.Request) (status int, failed, body string) {
	w.t.Helper()
	recorder := httptest.NewRecorder()
	w.Functions("cn-hangzhou", functions{&w.later}).ServeHTTP(recorder, r)
	return recorder.Code, recorder.Header().Get("X-Fc-Error-Type"), recorder.Body.String()
}

func (s signer) event(path, body string, edit func(http.Header)) *http.Request {
	return s.acs3To(path, "InvokeFunction", nil, body, func(h http.Header) {
		h.Set("x-acs-version", "2023-03-30")
		if edit != nil {
			edit(h)
		}
	})
}

func TestAFunctionIsInvokedByWhoMay(t *testing.T) {
	w := newWorld(t)
	acs := w.function(samlACS, "sso-saml-acs")
	if status, failed, body := w.invoke(acs.event(invocations, wish, nil)); status != http.StatusOK || failed != "" || body != wish {
		t.Errorf("%d %s %s", status, failed, body)
	}
	if status, failed, body := w.invoke(acs.event(invocations, "fail", nil)); status != http.StatusOK || failed != "HandledInvocationError" || !strings.Contains(body, "errorMessage") {
		t.Errorf("%d %s %s", status, failed, body)
	}
	if status, _, body := w.invoke(w.admin().event(strings.Replace(invocations, "sso-metadata-rotation", "nothing", 1), wish, nil)); status != http.StatusNotFound || !strings.Contains(body, "FunctionNotFound") {
		t.Errorf("%d %s", status, body)
	}
}

func TestAFunctionIsNotInvokedByAnybodyElse(t *testing.T) {
	w := newWorld(t)
	acs := w.function(samlACS, "sso-saml-acs")
	replaced := acs.event(invocations, wish, nil)
	replaced.Body = io.NopCloser(strings.NewReader(`{"record":"evil"}`))
	again := acs.event(invocations, wish, nil)
	w.invoke(again.Clone(t.Context()))
	again.Body = io.NopCloser(strings.NewReader(wish))
	for name, c := range map[string]struct {
		request *http.Request
		status  int
		code    string
	}{
		"unsigned":                  {httptest.NewRequest(http.MethodPost, "http://sts.test"+invocations, strings.NewReader(wish)), 400, "MissingRequiredHeader"},
		"a forged signature":        {signer{acs.id, "wrong", acs.token, w.now}.event(invocations, wish, nil), 400, "SignatureDoesNotMatch"},
		"another body":              {replaced, 400, "IncompleteSignature"},
		"sent twice":                {again, 400, "SignatureNonceUsed"},
		"a role without permission": {w.portal().event(invocations, wish, nil), 403, "AccessDenied"},
		"a function that it may not": {
			acs.event("/2023-03-30/functions/sso-portal/invocations", wish, nil), 403, "AccessDenied",
		},
		"another action":  {acs.acs3To(invocations, "DeleteFunction", nil, wish, func(h http.Header) { h.Set("x-acs-version", "2023-03-30") }), 404, "InvalidAction.NotFound"},
		"another version": {acs.acs3To(invocations, "InvokeFunction", nil, wish, nil), 404, "InvalidAction.NotFound"},
		"another path":    {acs.event("/2023-03-30/functions", wish, nil), 404, "InvalidAction.NotFound"},
		"never":           {acs.event(invocations, wish, func(h http.Header) { h.Set("x-fc-invocation-type", "Never") }), 400, "InvalidArgument"},
	} {
		if status, _, body := w.invoke(c.request); status != c.status || !strings.Contains(body, `"Code":"`+c.code+`"`) {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// TestAnEventIsTakenForLater: nobody waits for what comes of it, and who may not have it
// done at once may not have it done later.
func TestAnEventIsTakenForLater(t *testing.T) {
	w := newWorld(t)
	later := func(h http.Header) { h.Set("x-fc-invocation-type", "Async") }
	recorder := httptest.NewRecorder()
	w.Functions("cn-hangzhou", functions{&w.later}).ServeHTTP(recorder, w.function(samlACS, "sso-saml-acs").event(invocations, wish, later))
	id := recorder.Header().Get("X-Fc-Request-Id")
	if recorder.Code != http.StatusAccepted || recorder.Body.Len() != 0 || id == "" || len(w.later) != 1 || w.later[0] != id+" "+wish {
		t.Errorf("%d %s %q", recorder.Code, recorder.Body, w.later)
	}
	for name, c := range map[string]struct {
		request *http.Request
		status  int
	}{
		"not allowed": {w.portal().event(invocations, wish, later), http.StatusForbidden},
		"too large":   {w.admin().event(invocations, strings.Repeat(" ", 128<<10+1), later), http.StatusRequestEntityTooLarge},
		"nobody":      {w.admin().event(strings.Replace(invocations, "sso-metadata-rotation", "nothing", 1), wish, later), http.StatusNotFound},
	} {
		if status, _, body := w.invoke(c.request); status != c.status || len(w.later) != 1 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// TestWhoLearnsOfPeopleMayHaveThemProvisioned, and the function that provisions may have
// keys fetched: what is allowed meets a function that is not there.
func TestWhoLearnsOfPeopleMayHaveThemProvisioned(t *testing.T) {
	w := newWorld(t)
	provision, rotate := strings.Replace(invocations, "metadata-rotation", "provisioning", 1), invocations
	for function, may := range map[string]map[string]int{
		"scim":              {provision: http.StatusNotFound, rotate: http.StatusForbidden},
		"portal":            {provision: http.StatusNotFound, rotate: http.StatusForbidden},
		"provisioning":      {provision: http.StatusForbidden, rotate: http.StatusOK},
		"saml-acs":          {provision: http.StatusForbidden, rotate: http.StatusOK},
		"metadata-rotation": {provision: http.StatusForbidden, rotate: http.StatusForbidden},
	} {
		s := w.function("acs:ram::"+bundle+":role/fc-sso-"+function, "sso-"+function)
		for path, want := range may {
			if status, _, body := w.invoke(s.event(path, wish, nil)); status != want {
				t.Errorf("%s at %s: %d %s", function, path, status, body)
			}
		}
	}
}
