package fetch_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/fc-sso/fc-sso/shared/fetch"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func form() fetch.Form { return fetch.Form{Body: "code=one", Authorization: "Basic eA=="} }

func TestAFormIsSentAndAnswered(t *testing.T) {
	for _, status := range []int{200, 400, 401, 429} {
		address, options := serve(t, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil || r.Method != http.MethodPost || string(body) != "code=one" || r.Header.Get("Authorization") != "Basic eA==" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
				t.Errorf("%s %q %v, %v", r.Method, body, r.Header, err)
			}
			w.WriteHeader(status)
			send(w, `{"error":"x"}`)
		})
		if answer, err := fetch.Post(t.Context(), address, form(), options); err != nil || answer.Status != status || string(answer.Body) != `{"error":"x"}` {
			t.Errorf("%d %q, %v", answer.Status, answer.Body, err)
		}
	}
}

// A server that refuses without a word has refused.
func TestAnEmptyRefusalIsAnAnswer(t *testing.T) {
	address, options := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
	if answer, err := fetch.Post(t.Context(), address, form(), options); err != nil || answer.Status != http.StatusUnauthorized {
		t.Errorf("%+v, %v", answer, err)
	}
}

// TestAFormIsSentOnce: not to where a redirect points, and not again where the
// connection ends without an answer.
func TestAFormIsSentOnce(t *testing.T) {
	for name, handle := range map[string]http.HandlerFunc{
		"a redirect that keeps the method": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/next", http.StatusTemporaryRedirect)
		},
		"a redirect":                func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/next", http.StatusSeeOther) },
		"the end of the connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"an error":                  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"nothing":                   func(http.ResponseWriter, *http.Request) {},
		"too much":                  func(w http.ResponseWriter, _ *http.Request) { send(w, strings.Repeat("x", 101)) },
	} {
		t.Run(name, func(t *testing.T) {
			var came atomic.Int32
			address, options := serve(t, func(w http.ResponseWriter, r *http.Request) {
				came.Add(1)
				_, _ = io.Copy(io.Discard, r.Body) // an early end is the client's
				handle(w, r)
			})
			options.MaxSize = 100
			if answer, err := fetch.Post(t.Context(), address, form(), options); reason.Of(err) != reason.SourceUnavailable || came.Load() != 1 {
				t.Errorf("%+v, %v, after %d requests", answer, err, came.Load())
			}
		})
	}
}

// TestAFormGoesWhereADocumentMayBe: there is one way out.
func TestAFormGoesWhereADocumentMayBe(t *testing.T) {
	for address, want := range map[string]string{
		"http://192.0.2.1/": "not https", "https://10.0.0.1/": "is not dialled", "https://100.100.100.200/": "is never dialled", "https://a:b@idp.example/": "no web address",
	} {
		if _, err := fetch.Post(t.Context(), address, form(), fetch.Options{}); reason.Of(err) != reason.SourceUnavailable || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestAFormDoesNotPrint(t *testing.T) {
	if text := fmt.Sprintf("%v %+v %#v", form(), form(), form()); strings.Contains(text, "one") || strings.Contains(text, "eA==") {
		t.Error(text)
	}
}
