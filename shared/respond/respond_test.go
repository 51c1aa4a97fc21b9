package respond_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

var update = flag.Bool("update", false, "write testdata/answers.txt")

// clock stands still, so that took_ms is 0.
func clock() time.Time { return time.Date(2026, 11, 23, 17, 58, 4, 0, time.UTC) }

func desk(log *slog.Logger) respond.Desk {
	return respond.Desk{Function: "test", Log: log, Now: clock, Refuse: respond.Plain}
}

func fails(err error) respond.Func {
	return func(*http.Request) (respond.Outcome, error) { return respond.Outcome{}, err }
}

func gives(o respond.Outcome) respond.Func {
	return func(*http.Request) (respond.Outcome, error) { return o, nil }
}

func routes() map[string]respond.Func {
	cookie := &http.Cookie{Name: "__Host-s", Value: "abc", Path: "/", Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode}
	return map[string]respond.Func{
		"GET /page": gives(respond.Page(http.Header{
			"Content-Type": {"text/html; charset=utf-8"}, "Content-Security-Policy": {"default-src 'none'; style-src 'self'"},
		}, []byte("<p>hello</p>\n"))),
		"GET /metadata":     gives(respond.Document("application/samlmetadata+xml", []byte("<EntityDescriptor/>\n"))),
		"POST /metadata":    gives(respond.Text("posted")),
		"GET /json":         func(*http.Request) (respond.Outcome, error) { return respond.JSON(map[string]int{"a": 1}) },
		"GET /static/{f}":   gives(respond.Document("text/css", []byte("p{}\n")).WithHeader("Cache-Control", "public, max-age=31536000, immutable")),
		"POST /acs":         gives(respond.SeeOther("/").WithCookie(cookie)),
		"GET /login":        gives(respond.Redirect("https://idp.example/sso?SAMLRequest=x")),
		"GET /refused":      fails(reason.New(reason.AudienceMismatch, "audience %q", "secret detail")),
		"GET /store":        fails(reason.New(reason.StoreUnavailable, "no answer")),
		"GET /broken":       fails(errors.New("secret internals")),
		"GET /panic":        func(*http.Request) (respond.Outcome, error) { panic("secret internals") },
		"GET /zero":         gives(respond.Outcome{}),
		"GET /no-type":      gives(respond.Page(http.Header{}, []byte("x"))),
		"GET /two-cookies":  gives(respond.Text("x").WithHeader("Set-Cookie", "a=b").WithCookie(cookie)),
		"GET /bad-cookie":   gives(respond.Text("x").WithCookie(&http.Cookie{Name: "a", Value: "x;y"})),
		"GET /line-break":   gives(respond.SeeOther("/\r\nSet-Cookie: a=b")),
		"GET /nowhere":      gives(respond.SeeOther("")),
		"GET /subtree/path": gives(respond.Text("deep")),
	}
}

// TestAnswers compares each answer, as text, with testdata/answers.txt. What
// every answer carries is written once, for the plainest of them; below it only
// what differs.
func TestAnswers(t *testing.T) {
	requests := []string{
		"GET /page", "HEAD /page", "GET /metadata", "POST /metadata", "GET /json", "GET /static/app.css", "POST /acs", "GET /login",
		"GET /refused", "GET /store", "GET /broken", "GET /panic",
		"GET /zero", "GET /no-type", "GET /two-cookies", "GET /bad-cookie", "GET /line-break", "GET /nowhere",
		"GET /unknown", "GET /acs", "PUT /metadata", "GET //page", "GET /subtree/../page", "OPTIONS /page",
	}
	handler := desk(slog.New(slog.DiscardHandler)).Routes(routes())
	got, usual := answer(t, handler, "GET /subtree/path", nil)
	for _, request := range requests {
		text, _ := answer(t, handler, request, usual)
		got += text
	}
	if *update {
		if err := os.WriteFile("testdata/answers.txt", []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile("testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("answers differ from testdata/answers.txt (-update writes it):\n%s", got)
	}
}

// answer writes the answer as text, without the headers that are usual.
func answer(t *testing.T, handler http.Handler, request string, usual http.Header) (string, http.Header) {
	t.Helper()
	method, path, _ := strings.Cut(request, " ")
	r := httptest.NewRequestWithContext(audit.Begin(t.Context(), "1-64f6cd87-1"), method, "http://sso.example"+path, nil)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	var b strings.Builder
	fmt.Fprintf(&b, "> %s\n%d\n", request, w.Code)
	for _, name := range slices.Sorted(maps.Keys(w.Header())) {
		if !slices.Equal(w.Header()[name], usual[name]) {
			fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(w.Header()[name], " | "))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(usual)) {
		if len(w.Header()[name]) == 0 {
			fmt.Fprintf(&b, "no %s\n", name)
		}
	}
	b.WriteString("\n" + w.Body.String() + "\n")
	return b.String(), w.Header()
}

func TestOneRequestIsOneDecisionLine(t *testing.T) {
	for path, want := range map[string]string{
		"/page":    `"outcome":"done"`,
		"/refused": `"reason":"audience_mismatch"`,
		"/unknown": `"reason":"not_found"`,
		"/broken":  `"detail":"secret internals"`,
	} {
		var out bytes.Buffer
		handler := desk(audit.Logger(&out)).Routes(routes())
		answer(t, handler, "GET "+path, nil)
		if n := strings.Count(out.String(), `"msg":"decision"`); n != 1 || strings.Count(out.String(), "\n") != 1 {
			t.Errorf("%s: %d decision lines in\n%s", path, n, out.String())
		}
		if !strings.Contains(out.String(), want) || !strings.Contains(out.String(), `"request_id":"1-64f6cd87-1"`) {
			t.Errorf("%s: want %s in %s", path, want, out.String())
		}
	}
}

func TestARefusalNeverSetsACookieAndLeadsNowhere(t *testing.T) {
	d := desk(slog.New(slog.DiscardHandler))
	d.Refuse = func(*http.Request, respond.Refusal) (respond.Outcome, error) {
		return respond.SeeOther("https://evil.example/").WithCookie(&http.Cookie{Name: "s", Value: "x"}), nil
	}
	got, _ := answer(t, d.Handler(fails(reason.New(reason.Expired, "late"))), "GET /", nil)
	if !strings.Contains(got, "\n401\n") || strings.Contains(got, "Set-Cookie") || strings.Contains(got, "Location") {
		t.Error(got)
	}
}

func TestARefusalThatCannotBeShownIsStillOne(t *testing.T) {
	for name, refuse := range map[string]respond.Refuse{
		"error": func(*http.Request, respond.Refusal) (respond.Outcome, error) {
			return respond.Outcome{}, errors.New("no")
		},
		"panic": func(*http.Request, respond.Refusal) (respond.Outcome, error) { panic("no") },
		"zero":  func(*http.Request, respond.Refusal) (respond.Outcome, error) { return respond.Outcome{}, nil },
	} {
		d := desk(slog.New(slog.DiscardHandler))
		d.Refuse = refuse
		got, _ := answer(t, d.Handler(fails(reason.New(reason.Replayed, "twice"))), "GET /", nil)
		if !strings.Contains(got, "\n409\n") || !strings.Contains(got, "replayed\nreference "+audit.Reference("1-64f6cd87-1")) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

func TestAProtocolChoosesItsOwnStatus(t *testing.T) {
	d := desk(slog.New(slog.DiscardHandler))
	d.Refuse = func(_ *http.Request, refusal respond.Refusal) (respond.Outcome, error) {
		o, err := respond.JSON(map[string]string{"error": "invalid_request", "error_description": refusal.Reference})
		return o.WithStatus(http.StatusBadRequest), err
	}
	got, _ := answer(t, d.Handler(fails(reason.New(reason.Expired, "late"))), "POST /oidc/token", nil)
	if !strings.Contains(got, "\n400\n") {
		t.Error(got)
	}
}

func TestWithoutATriggerARequestHasADecisionToo(t *testing.T) {
	var out bytes.Buffer
	h := desk(audit.Logger(&out)).Handler(func(r *http.Request) (respond.Outcome, error) {
		audit.Of(r.Context()).Subject = "ada"
		return respond.Text("hello"), nil
	})
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil))
	if !strings.Contains(out.String(), `"subject":"ada"`) {
		t.Error(out.String())
	}
}
