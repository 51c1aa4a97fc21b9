package idp_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/internal/idp"
)

// adopt has the identity provider take on a quirk.
func (s *site) adopt(quirks string) int {
	recorder := httptest.NewRecorder()
	s.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/quirks", strings.NewReader(quirks)))
	return recorder.Code
}

// TestRequestsAreSentOnToAnotherHost: as they are, and taken there.
func TestRequestsAreSentOnToAnotherHost(t *testing.T) {
	const elsewhere = "http://login.localhost:9000"
	s := newSite(t, func(baseURL, bundleURL, dataDir string) idp.Options {
		o := idp.Fabrikam(baseURL, bundleURL, dataDir)
		o.Elsewhere = elsewhere
		return o
	})
	s.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if status := s.adopt(`{"elsewhere": true}`); status != http.StatusOK {
		t.Fatal(status)
	}
	form := url.Values{"SAMLRequest": {s.sp.posted(s.sp.request(s.IdP, nil))}}
	query := "/sso?" + s.sp.redirect(s.sp.request(s.IdP, nil), "state+1&2")
	for _, request := range []*http.Request{
		httptest.NewRequest(http.MethodGet, s.url+query, nil),
		httptest.NewRequest(http.MethodPost, s.url+"/sso", strings.NewReader(form.Encode())),
	} {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer := httptest.NewRecorder()
		s.ServeHTTP(answer, request)
		if want := elsewhere + request.URL.RequestURI(); answer.Code != http.StatusTemporaryRedirect || answer.Header().Get("Location") != want {
			t.Errorf("%s: %d to %q, want %q", request.Method, answer.Code, answer.Header().Get("Location"), want)
		}
		request.Host = "login.localhost:9000"
		answer = httptest.NewRecorder()
		s.ServeHTTP(answer, request)
		if !strings.HasPrefix(answer.Header().Get("Location"), "/signin?request=") {
			t.Errorf("%s there: %d %v %s", request.Method, answer.Code, answer.Header(), answer.Body)
		}
	}
}

func TestMetadataMayNameTheFormAlone(t *testing.T) {
	s := newSite(t, idp.Fabrikam)
	if status := s.adopt(`{"form_only": true}`); status != http.StatusOK {
		t.Fatal(status)
	}
	if text := s.get("/metadata").text; strings.Contains(text, "HTTP-Redirect") || !strings.Contains(text, "HTTP-POST") {
		t.Error(text)
	}
}

func TestAQuirkThatCannotBeIsRefused(t *testing.T) {
	s := newSite(t, idp.Acme)
	for _, quirks := range []string{`{"elsewhere": true}`, `{"elsewere": true}`, `yes`} {
		if status := s.adopt(quirks); status != http.StatusBadRequest {
			t.Errorf("%s: %d", quirks, status)
		}
	}
}
