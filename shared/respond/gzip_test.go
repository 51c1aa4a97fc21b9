package respond_test

import (
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fc-sso/fc-sso/shared/respond"
)

func asking(t *testing.T, o respond.Outcome, accept ...string) (http.Header, io.Reader) {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	if len(accept) > 0 {
		r.Header["Accept-Encoding"] = accept
	}
	w := httptest.NewRecorder()
	desk(slog.New(slog.DiscardHandler)).Handler(gives(o)).ServeHTTP(w, r)
	return w.Header(), w.Body
}

func TestWhoTakesGzipGetsIt(t *testing.T) {
	text := strings.Repeat("a long list of roles\n", 500)
	long := respond.Page(http.Header{"Content-Type": {"text/html"}, "Vary": {"Cookie"}}, []byte(text)).Packable()
	for accept, want := range map[string]string{
		"gzip": "gzip", "gzip, deflate, br, zstd": "gzip", "br;q=1.0, GZIP ; Q=0.8 , *;q=0.1": "gzip", "x-gzip": "gzip", "*": "gzip", "deflate, *;q=0.5": "gzip",
		"identity": "", "br": "", "": "", "gzip;q=0": "", "gzip;q=0.000, *": "", "*;q=0": "", "*, gzip; q=0": "", "gzip;q=2": "", "gzip;q=x": "", "gzip;q=NaN, *": "", "gzip;level=9": "", "gzipped": "",
	} {
		header, body := asking(t, long, accept)
		if header.Get("Content-Encoding") != want || header.Get("Vary") != "Cookie, Accept-Encoding" {
			t.Errorf("%q: %v", accept, header)
		}
		if want != "" {
			unpacked, err := gzip.NewReader(body)
			if err != nil {
				t.Fatal(err)
			}
			body = unpacked
		}
		if all, err := io.ReadAll(body); string(all) != text {
			t.Errorf("%q: %d bytes, %v", accept, len(all), err)
		}
	}
	if header, _ := asking(t, long, "br", "gzip;q=0.5"); header.Get("Content-Encoding") != "gzip" {
		t.Errorf("on two lines: %v", header)
	}
	if header, _ := asking(t, long); header.Get("Content-Encoding") != "" {
		t.Errorf("without being asked: %v", header)
	}
}

// TestNothingElseIsCompressed: what has a secret, and what is short.
func TestNothingElseIsCompressed(t *testing.T) {
	for name, o := range map[string]respond.Outcome{
		"a secret": respond.Text("%s", strings.Repeat("secret", 1000)),
		"short":    respond.Text("ok").Packable(),
		"on":       respond.SeeOther("/").Packable(),
	} {
		if header, _ := asking(t, o, "gzip"); header.Get("Content-Encoding") != "" || header.Get("Vary") != "" {
			t.Errorf("%s: %v", name, header)
		}
	}
}

// TestAnswersSideBySideAreEachTheirOwn: a writer serves one answer after another, and a
// file that is kept is the same in each.
func TestAnswersSideBySideAreEachTheirOwn(t *testing.T) {
	file := strings.Repeat("a style for all\n", 500)
	served := desk(slog.New(slog.DiscardHandler)).Routes(map[string]respond.Func{
		"GET /file": gives(respond.Document("text/css", []byte(file)).Kept()),
		"GET /{of}": func(r *http.Request) (respond.Outcome, error) {
			return respond.Text("%s", strings.Repeat(r.PathValue("of")+", ", 500)).Packable(), nil
		},
	})
	var all sync.WaitGroup
	for i := range 40 {
		of, want := strconv.Itoa(i), strings.Repeat(strconv.Itoa(i)+", ", 500)+"\n"
		if i%4 == 0 {
			of, want = "file", file
		}
		all.Go(func() {
			r := httptest.NewRequest(http.MethodGet, "/"+of, nil)
			r.Header.Set("Accept-Encoding", "gzip")
			w := httptest.NewRecorder()
			served.ServeHTTP(w, r)
			unpacked, err := gzip.NewReader(w.Body)
			if err != nil {
				t.Errorf("%s: %v", of, err)
				return
			}
			if text, err := io.ReadAll(unpacked); string(text) != want {
				t.Errorf("%s: %d bytes, %v", of, len(text), err)
			}
		})
	}
	all.Wait()
}
