package trigger_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/fccontext"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/trigger"
)

var update = flag.Bool("update", false, "write testdata/*.txt")

const origin = "https://sso.acme.com"

func clock() time.Time { return time.Date(2026, 11, 23, 17, 58, 4, 0, time.UTC) }

func desk(out io.Writer) respond.Desk {
	return respond.Desk{Function: "test", Log: audit.Logger(out), Now: clock, Refuse: respond.Plain}
}

// serve lets handler answer payload, as the SDK would.
func serve(tb testing.TB, payload []byte, handler http.HandlerFunc) trigger.Response {
	tb.Helper()
	response, err := trigger.HTTP(desk(io.Discard), origin, handler)(tb.Context(), payload)
	if err != nil {
		tb.Fatalf("an error left the function: %v", err)
	}
	return response
}

// mirror answers with the request as the handler saw it.
func mirror(w http.ResponseWriter, r *http.Request) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\nHost: %s\nFrom: %s (%v)\n", r.Method, r.RequestURI, r.Host, r.RemoteAddr, trigger.SourceIP(r.Context()))
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		fmt.Fprintf(&b, "%s: %s\n", name, strings.Join(r.Header[name], " | "))
	}
	fmt.Fprintf(&b, "path %q\n", r.URL.Path)
	body, err := io.ReadAll(r.Body)
	fmt.Fprintf(&b, "body %q of %d, %v\n", body, r.ContentLength, err)
	w.Header().Set("X-Saw", base64.StdEncoding.EncodeToString([]byte(b.String())))
	w.Header().Set("Content-Type", "text/plain")
	_, _ = io.WriteString(w, "seen\n")
}

// TestRecordedEvents compares, for each event in testdata, what the handler sees
// and what the platform gets with the .txt beside it.
func TestRecordedEvents(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no events: %v", err)
	}
	for _, file := range files {
		payload, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := describe(t, serve(t, payload, mirror))
		golden := strings.TrimSuffix(file, ".json") + ".txt"
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
		}
	}
}

func describe(t *testing.T, r trigger.Response) string {
	t.Helper()
	seen, err := base64.StdEncoding.DecodeString(r.Headers["X-Saw"])
	if err != nil {
		t.Fatal(err)
	}
	delete(r.Headers, "X-Saw")
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(seen) + "---\n" + string(text) + "\n"
}

func get() []byte {
	return []byte(`{"rawPath":"/","headers":{},"requestContext":{"domainName":"sso.acme.com","requestId":"1-2-3","http":{"method":"GET"}}}`)
}

func TestAnAnswerThatThePlatformWouldNotCarryBecomesARefusal(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"two cookies": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Set-Cookie", "a=1")
			w.Header().Add("Set-Cookie", "b=2")
			w.WriteHeader(http.StatusOK)
		},
		"9 KB of headers": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "https://idp.example/?"+strings.Repeat("x", 9<<10))
			w.WriteHeader(http.StatusFound)
		},
		"a line break": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/\r\nSet-Cookie: a=b")
			w.WriteHeader(http.StatusFound)
		},
		"a broken name": func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["A b"] = []string{"c"}
			w.WriteHeader(http.StatusOK)
		},
		"a status of 99": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(99) },
		"nothing":        func(http.ResponseWriter, *http.Request) {},
		"a panic":        func(http.ResponseWriter, *http.Request) { panic("secret internals") },
		"a nil handler":  nil,
		"an abort":       func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"panic after all": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Set-Cookie", "a=1")
			w.WriteHeader(http.StatusOK)
			panic("late")
		},
	} {
		got := serve(t, get(), handler)
		if got.StatusCode != http.StatusInternalServerError || !strings.HasPrefix(got.Body, "internal\nreference "+audit.Reference("1-2-3")) {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Headers["Set-Cookie"] != "" || got.Headers["Location"] != "" || strings.Contains(got.Body, "secret") {
			t.Errorf("%s leaks: %+v", name, got)
		}
	}
}

func TestEvenABrokenWayOutAnswers(t *testing.T) {
	answer := trigger.HTTP(respond.Desk{Log: slog.New(slog.DiscardHandler)}, origin, nil) // without a clock each refusal panics
	got, err := answer(t.Context(), get())
	if err != nil || got.StatusCode != http.StatusInternalServerError || got.Body != "internal\n" || got.Headers["Access-Control-Allow-Origin"] != origin {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestHeadersOfThePlatformAreItsOwn(t *testing.T) {
	got := serve(t, get(), func(w http.ResponseWriter, _ *http.Request) {
		for _, name := range []string{
			"Connection", "content-length", "Date", "Keep-Alive", "Server", "Upgrade", "X-Fc-Request-Id",
			"Access-Control-Allow-Credentials",
		} {
			w.Header().Set(name, "x")
		}
		w.Header().Set("Content-Disposition", " Attachment; filename=x")
		w.Header().Set("Access-Control-Allow-Origin", "https://evil.example")
		w.Header().Add("Vary", "Cookie")
		w.Header().Add("Vary", "Accept-Language")
		w.WriteHeader(http.StatusNoContent)
	})
	want := map[string]string{
		"Access-Control-Allow-Origin": origin, "Strict-Transport-Security": "max-age=31536000", "Vary": "Cookie, Accept-Language",
	}
	if got.StatusCode != http.StatusNoContent || !maps.Equal(got.Headers, want) {
		t.Errorf("%+v", got)
	}
}

func TestABodyThatIsNoTextTravelsAsBase64(t *testing.T) {
	got := serve(t, get(), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte{0xff, 0x00}) })
	if !got.IsBase64Encoded || got.Body != "/wA=" {
		t.Errorf("%+v", got)
	}
}

func TestLimitsAreKept(t *testing.T) {
	long := strings.Repeat("x", 9<<10)
	for name, payload := range map[string]string{
		"headers": `{"headers":{"X":"` + long + `"},"requestContext":{"domainName":"sso.acme.com","http":{"method":"GET"}}}`,
		"path":    `{"rawPath":"/` + long + `","requestContext":{"domainName":"sso.acme.com","http":{"method":"GET"}}}`,
		"query":   `{"queryParameters":{"a":"` + long + `"},"requestContext":{"domainName":"sso.acme.com","http":{"method":"GET"}}}`,
	} {
		got := serve(t, []byte(payload), mirror)
		if got.StatusCode != http.StatusRequestEntityTooLarge || !strings.HasPrefix(got.Body, string(reason.RequestTooLarge)) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestHostsAreComparedAsHosts(t *testing.T) {
	for _, c := range []struct {
		origin, host string
		status       int
	}{
		{"https://sso.acme.com", "sso.acme.com", 200},
		{"https://sso.acme.com", "SSO.ACME.COM:443", 200},
		{"https://sso.acme.com", "sso.acme.com:80", 400},
		{"https://sso.acme.com", "sso.acme.com.evil.example", 400},
		{"https://sso.acme.com", "", 400},
		{"https://sso.acme.com:8443", "sso.acme.com:8443", 200},
		{"https://sso.acme.com:8443", "sso.acme.com", 400},
		{"http://127.0.0.1:8080", "127.0.0.1:8080", 200},
		{"http://127.0.0.1:80", "127.0.0.1", 200},
		{"http://127.0.0.1:8080", "localhost:8080", 400},
	} {
		payload := fmt.Sprintf(`{"rawPath":"/","requestContext":{"domainName":%q,"http":{"method":"GET"}}}`, c.host)
		got, err := trigger.HTTP(desk(io.Discard), c.origin, http.HandlerFunc(mirror))(t.Context(), []byte(payload))
		if err != nil || got.StatusCode != c.status {
			t.Errorf("%s at %s: %d, %v", c.host, c.origin, got.StatusCode, err)
		}
	}
}

func TestTheInvocationReachesTheHandler(t *testing.T) {
	deadline := clock().AddDate(50, 0, 0)
	seen := false
	handler := func(w http.ResponseWriter, r *http.Request) {
		seen = true
		credentials, err := trigger.RoleCredentials(r.Context())
		if err != nil || credentials.AccessKeyID != "STS.a" || credentials.AccessKeySecret.Reveal() != "hush" || credentials.SecurityToken.Reveal() != "token" {
			t.Errorf("credentials %+v, %v", credentials, err)
		}
		if got := trigger.RequestID(r.Context()); got != "1-sdk" {
			t.Errorf("request ID %q", got)
		}
		if got, ok := r.Context().Deadline(); !ok || deadline.Sub(got) != 500*time.Millisecond {
			t.Errorf("deadline %v of %v", got, deadline)
		}
		w.WriteHeader(http.StatusNoContent)
	}
	function := trigger.HTTP(desk(io.Discard), origin, http.HandlerFunc(handler))
	ctx, cancel := context.WithDeadline(t.Context(), deadline)
	defer cancel()
	ctx = fccontext.NewContext(ctx, &fccontext.FcContext{
		RequestID:   "1-sdk",
		Credentials: fccontext.Credentials{AccessKeyId: "STS.a", AccessKeySecret: "hush", SecurityToken: "token"},
	})
	if _, err := function(ctx, get()); err != nil || !seen {
		t.Errorf("seen %v, %v", seen, err)
	}
}

func TestWithoutARoleThereAreNoCredentials(t *testing.T) {
	if _, err := trigger.RoleCredentials(t.Context()); reason.Of(err) != reason.CredentialsMissing {
		t.Errorf("%v", err)
	}
	if trigger.SourceIP(t.Context()).IsValid() {
		t.Error("a source address from nowhere")
	}
}

func TestARefusalAtTheDoorIsLoggedOnce(t *testing.T) {
	var out bytes.Buffer
	payload, err := os.ReadFile("testdata/wrong-host.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trigger.HTTP(desk(&out), origin, nil)(t.Context(), payload); err != nil {
		t.Fatal(err)
	}
	if strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), `"reason":"wrong_host"`) {
		t.Error(out.String())
	}
}

// FuzzEvent: whatever arrives, a valid answer leaves.
func FuzzEvent(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		payload, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		// The echo makes the fuzzer try the way out as well.
		got := serve(t, payload, func(w http.ResponseWriter, r *http.Request) {
			for name, values := range r.Header {
				w.Header()[name] = values
			}
			for name, values := range r.URL.Query() {
				w.Header()[name] = values
			}
			_, _ = io.Copy(w, r.Body)
		})
		requireValid(t, got)
	})
}

func requireValid(t *testing.T, got trigger.Response) {
	t.Helper()
	if got.StatusCode < 200 || got.StatusCode > 599 || got.Headers == nil || got.Headers["Access-Control-Allow-Origin"] != origin {
		t.Fatalf("%+v", got)
	}
	size := 0
	for name, value := range got.Headers {
		size += len(name) + len(value) + 4
		if strings.ContainsAny(name+value, "\r\n\x00") || strings.HasPrefix(name, "X-Fc-") || name == "Access-Control-Allow-Credentials" {
			t.Fatalf("header %q: %q", name, value)
		}
	}
	if size > 8<<10 {
		t.Fatalf("%d bytes of headers", size)
	}
	if _, err := base64.StdEncoding.DecodeString(got.Body); got.IsBase64Encoded && err != nil {
		t.Fatal(err)
	}
	if _, err := json.Marshal(got); err != nil {
		t.Fatal(err)
	}
}
