// Package respondtest is what strangers try on handlers that answer browsers.
//
// In: a handler, and the places where it takes a value from outside. Out: a failed test
// where what an attacker writes there makes an answer lead to another host, begin a
// header or become part of one, or leave without the headers that guard it.
package respondtest

import (
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Place is where a handler takes a value from outside.
type Place struct {
	Name string
	Ask  func(value string) *http.Request
	// Good is an honest value, which must be taken: else it is something else that is
	// refused. Line breaks are tried behind it.
	Good string
	// Carries says that the value goes along as it is and leads nowhere, such as a
	// RelayState: then it need not be refused.
	Carries bool
}

// Attack writes into each place what strangers would. trusted are the hosts, and the
// addresses that are none of http, to which an answer may lead beside our own.
func Attack(t *testing.T, handler http.Handler, trusted []string, places ...Place) {
	t.Helper()
	for _, place := range places {
		t.Run(place.Name, func(t *testing.T) {
			if got := Answer(handler, place.Ask(place.Good)); place.Good != "" && got.StatusCode >= http.StatusBadRequest {
				t.Errorf("%q is not taken: %s", place.Good, got.Status)
			}
			values := Elsewhere()
			if place.Carries { // what may look as it likes needs no look-alikes
				values = values[:leading]
			}
			for _, value := range values {
				got := Answer(handler, place.Ask(value))
				WantInside(t, value, got, trusted...)
				if !place.Carries && got.StatusCode < http.StatusBadRequest {
					t.Errorf("%.120q is taken: %s to %q", value, got.Status, got.Header.Get("Location"))
				}
			}
			for _, value := range BrokenLines() {
				WantInside(t, value, Answer(handler, place.Ask(place.Good+value)), trusted...)
			}
		})
	}
}

// Reply is an answer, read whole.
type Reply struct {
	*http.Response

	Text string
}

// Answer asks the handler.
func Answer(handler http.Handler, r *http.Request) Reply {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return Reply{w.Result(), w.Body.String()}
}

// Patterns are the routes of a handler that respond made.
func Patterns(t *testing.T, handler http.Handler) []string {
	t.Helper()
	served, ok := handler.(interface{ Patterns() []string })
	if !ok {
		t.Fatalf("%T does not say its routes", handler)
	}
	return served.Patterns()
}

// WantInside demands that an answer leads to our own paths and the trusted hosts alone,
// and has no header, and in no header a character, that somebody else wrote.
func WantInside(t *testing.T, value string, a Reply, trusted ...string) {
	t.Helper()
	for name, values := range a.Header {
		if !slices.Contains(ours(), name) || len(values) != 1 || strings.ContainsFunc(values[0], unprintable) {
			t.Errorf("%.120q: header %s: %q", value, name, values)
		}
	}
	for _, cookie := range a.Cookies() {
		if cookie.Domain != "" || cookie.Path != "/" || !cookie.Secure {
			t.Errorf("%.120q: cookie %s", value, cookie)
		}
	}
	if a.StatusCode >= http.StatusInternalServerError {
		t.Errorf("%.120q: %s", value, a.Status)
	}
	if policy := a.Header.Get("Content-Security-Policy"); strings.Contains(policy, "evil") {
		t.Errorf("%.120q: policy %s", value, policy)
	}
	for _, link := range links(a) {
		if to := host(link); to != "" && !slices.Contains(trusted, to) {
			t.Errorf("%.120q: the answer leads to %s by %q", value, to, link)
		}
	}
}

// ours are the headers that answers of ours have.
func ours() []string {
	return []string{
		"Allow", "Cache-Control", "Content-Language", "Content-Security-Policy", "Content-Type", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
		"Location", "Permissions-Policy", "Referrer-Policy", "Refresh", "Retry-After", "Set-Cookie", "Strict-Transport-Security", "Vary",
		"X-Content-Type-Options", "X-Frame-Options",
	}
}

func unprintable(c rune) bool { return c < ' ' || c > '~' }

// address is every attribute by which a page leads anywhere or loads anything, in
// whatever quotes.
var address = regexp.MustCompile(`(?i)[\s"'/](?:href|src|action|formaction|data|poster|srcset|ping|background|manifest)\s*=\s*("[^"]*"|'[^']*'|[^\s>"']+)`)

// moving is a tag that moves all of them, or the whole page.
var moving = regexp.MustCompile(`(?i)<(?:base|meta[^>]+http-equiv)[\s>]`)

// links are all addresses of an answer.
func links(a Reply) []string {
	all := []string{a.Header.Get("Location")}
	if moment, ok := a.Header["Refresh"]; ok {
		_, to, _ := strings.Cut(moment[0], "url=")
		all = append(all, to)
	}
	if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
		return all
	}
	for _, found := range address.FindAllStringSubmatch(a.Text, -1) {
		all = append(all, html.UnescapeString(strings.Trim(found[1], `"'`)))
	}
	for _, found := range moving.FindAllString(a.Text, -1) {
		all = append(all, "moved:"+found)
	}
	return all
}

var scheme = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*:`)

// host is where an address leads as browsers read it (url.spec.whatwg.org 4.4), which is
// not as net/url does: "" for our own, the whole of one that is not of http. It is
// stricter than they are, never looser.
func host(link string) string {
	link = strings.TrimFunc(link, func(c rune) bool { return c <= ' ' })
	link = strings.NewReplacer("\t", "", "\r", "", "\n", "", `\`, "/").Replace(link)
	named := scheme.FindString(link)
	switch strings.ToLower(named) {
	case "http:", "https:", "ftp:", "ws:", "wss:":
		link = "//" + link[len(named):]
	case "":
	default:
		return link
	}
	if !strings.HasPrefix(link, "//") {
		return ""
	}
	authority := strings.TrimLeft(link, "/")
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority = authority[:end]
	}
	return strings.ToLower(authority[strings.LastIndex(authority, "@")+1:])
}

// WantAllGuarded asks each route of a handler for nothing in particular, and by a method
// that it does not take. What a good request gets is each handler's own to show.
func WantAllGuarded(t *testing.T, handler http.Handler) {
	t.Helper()
	for _, pattern := range Patterns(t, handler) {
		method, path, _ := strings.Cut(pattern, " ")
		path = wildcard.ReplaceAllString(strings.TrimSuffix(path, "{$}"), "x")
		for _, by := range []string{method, http.MethodTrace} {
			r := httptest.NewRequestWithContext(t.Context(), by, "https://sso.example"+path, http.NoBody)
			WantGuarded(t, pattern+" by "+by, Answer(handler, r))
		}
	}
}

var wildcard = regexp.MustCompile(`\{[^}]*\}`)

// WantGuarded demands the headers that keep an answer out of frames, caches and other
// sites' hands. What the door adds to all of them, CORS and HSTS, is its own to test.
func WantGuarded(t *testing.T, name string, a Reply) {
	t.Helper()
	for header, want := range map[string]string{
		"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := a.Header.Values(header); len(got) != 1 || got[0] != want {
			t.Errorf("%s: %s is %q, not %s", name, header, got, want)
		}
	}
	policy := a.Header.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} {
		if !strings.Contains(policy, want) || strings.Contains(policy, "unsafe") {
			t.Errorf("%s: policy %s", name, policy)
		}
	}
	if cache := a.Header.Get("Cache-Control"); cache != "no-store" && (a.StatusCode != http.StatusOK || !strings.Contains(cache, "immutable")) {
		t.Errorf("%s: may be kept: %q", name, cache)
	}
	if referrer := a.Header.Get("Referrer-Policy"); referrer != "no-referrer" && referrer != "same-origin" {
		t.Errorf("%s: Referrer-Policy is %q", name, referrer)
	}
	if cookies := a.Header.Values("Set-Cookie"); len(cookies) > 1 {
		t.Errorf("%s: cookies %q", name, cookies)
	}
}
