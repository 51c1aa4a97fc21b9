package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/stories/browser"
)

// server answers every path with what came, and sets two cookies at /set.
func server(t *testing.T, page string) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/set", func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "lax", Value: "1", Path: "/", SameSite: http.SameSiteLaxMode})
		http.SetCookie(w, &http.Cookie{Name: "none", Value: "1", Path: "/", SameSite: http.SameSiteNoneMode, Secure: true})
	})
	mux.HandleFunc("/seen", func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "%s %s %s", r.Method, r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Cookie"))
	})
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, page)
	})
	mux.Handle("/away", http.RedirectHandler("/seen", http.StatusSeeOther))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestACrossSitePostCarriesOnlyCookiesThatAllowIt(t *testing.T) {
	own := server(t, "")
	stranger := server(t, `<!doctype html><form method="post" action="`+own.URL+`/seen"><input type="hidden" name="a" value="b"><button>Go</button></form>`)
	foreign := strings.Replace(stranger.URL, "127.0.0.1", "localhost", 1)
	b := browser.New(nil)
	if _, err := b.Open(t.Context(), own.URL+"/set"); err != nil {
		t.Fatal(err)
	}
	page, err := b.Open(t.Context(), foreign+"/page")
	if err != nil {
		t.Fatal(err)
	}
	form, err := page.Form("/seen", "Go")
	if err != nil {
		t.Fatal(err)
	}
	answer, err := b.Submit(t.Context(), page, form, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "POST cross-site none=1"; answer.Body != want {
		t.Errorf("a cross-site post: %q, want %q", answer.Body, want)
	}
	followed, err := b.Follow(t.Context(), page, own.URL+"/away")
	if err != nil {
		t.Fatal(err)
	}
	if want := "GET cross-site lax=1; none=1"; followed.Body != want {
		t.Errorf("a cross-site link: %q, want %q", followed.Body, want)
	}
}

func TestATypedAddressComesFromNowhere(t *testing.T) {
	own := server(t, "")
	b := browser.New(nil)
	page, err := b.Open(t.Context(), own.URL+"/away")
	if err != nil {
		t.Fatal(err)
	}
	if want := "GET none "; page.Body != want {
		t.Errorf("got %q, want %q", page.Body, want)
	}
	if len(page.Trail) != 2 {
		t.Errorf("trail %q", page.Trail)
	}
}

func TestAFormIsSentAsItStands(t *testing.T) {
	own := server(t, `<!doctype html><form action="/seen"><input name="q" value="x &amp; y"><input type="radio" name="r" value="1">
<input type="radio" name="r" value="2" checked><select name="s"><option value="a">A</option><option value="b" selected>B</option></select><button name="go">Find</button>
<button formaction="/other" name="s" value="c">Other</button></form>`)
	b := browser.New(nil)
	page, err := b.Open(t.Context(), own.URL+"/page")
	if err != nil {
		t.Fatal(err)
	}
	form, err := page.Form("/seen", "Find")
	if err != nil {
		t.Fatal(err)
	}
	want := url.Values{"q": {"x & y"}, "r": {"2"}, "s": {"b"}}
	if form.Fields.Encode() != want.Encode() {
		t.Errorf("fields %v, want %v", form.Fields, want)
	}
	other, err := b.Submit(t.Context(), page, form.By(form.Buttons[1]), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := "/other?q=x+%26+y&r=2&s=c"; other.URL.RequestURI() != want || form.Fields.Get("s") != "b" {
		t.Errorf("by its other button %s, want %s", other.URL.RequestURI(), want)
	}
	if _, err := page.Form("/elsewhere"); err == nil {
		t.Error("a form that is not there was found")
	}
}
