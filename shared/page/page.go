// Package page makes what a person sees: every page, its static files and all
// texts in English and Chinese.
//
// In: a view, a plain value that says what a page is about, and a language.
// Out: HTML with the headers that guard it. Texts stand in one catalogue, so
// that a missing translation is a failing test; nothing of a page is written
// by its handler. Refused by construction: script or style inside a page,
// framing, foreign files, caching. A view's strings are escaped by
// html/template; secrets come only in [Credentials], to their owner.
package page

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Brand is what a company says of itself on its pages.
type Brand struct {
	Name string // "" = "Sign in to Alibaba Cloud"
	Help string // a mail address, a URL, or words; "" = none
	Logo string // a file, SVG or PNG; "" = ours
}

// Pages renders views. It is safe for use by several goroutines.
type Pages struct {
	brand  Brand
	https  bool
	static Static
	texts  map[string]text
	parsed map[string]func() (*template.Template, error)
}

// New returns pages for the public origin (https://host) of the bundle.
func New(origin string, brand Brand) (*Pages, error) {
	static, err := newStatic(brand.Logo)
	if err != nil {
		return nil, err
	}
	p := &Pages{
		brand:  brand,
		https:  strings.HasPrefix(origin, "https://"),
		static: static,
		texts:  catalogue(),
		parsed: map[string]func() (*template.Template, error){},
	}
	// Parsed at first use: a cold start pays for the page that it shows.
	for _, v := range views() {
		name := v.view().template
		p.parsed[name] = sync.OnceValues(func() (*template.Template, error) {
			return template.ParseFS(templateFiles, "templates/layout.html", "templates/"+name+".html")
		})
	}
	return p, nil
}

// Static returns the files that the pages link to.
func (p *Pages) Static() Static { return p.static }

// Rendered is a page ready to be sent.
type Rendered struct {
	Header http.Header
	Body   []byte
	Long   bool // worth compressing, which it allows: its token is masked, and it repeats nothing of its request
}

// aPage is more than what a page has that holds no list.
const aPage = 8 << 10

// Render makes the page that answers r. now is shown as the page's time where
// it counts down.
func (p *Pages) Render(r *http.Request, now time.Time, v View) (Rendered, error) {
	about := v.view()
	parsed, err := p.parsed[about.template]()
	if err != nil {
		return Rendered{}, fmt.Errorf("page %s: %w", about.template, err)
	}
	f := p.frame(r, now, v)
	var body bytes.Buffer
	body.Grow(about.size + aPage)
	if err := parsed.ExecuteTemplate(&body, "layout", f); err != nil {
		return Rendered{}, fmt.Errorf("page %s: %w", about.template, err)
	}
	if !p.https && slices.Contains(about.formAction, anywhere) {
		about.formAction = append(about.formAction, "http:")
	}
	return Rendered{Header: p.headers(f.Lang, about.formAction), Body: body.Bytes(), Long: about.long}, nil
}

// headers are the same for every page but for form-action, which browsers apply
// to the redirects that follow a form too.
func (p *Pages) headers(lang Lang, formAction []string) http.Header {
	h := http.Header{}
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang.Tag())
	h.Set("Cache-Control", "no-store") // the back button never shows a secret
	h.Set("Vary", "Accept-Language, Cookie")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "+
		"form-action "+strings.Join(append([]string{"'self'"}, formAction...), " ")+"; frame-ancestors 'none'; base-uri 'none'")
	// same-origin, not no-referrer: with the latter a browser sends "Origin: null"
	// with our own forms, and the check of forged requests would refuse them.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()")
	if p.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	return h
}

// switchLink leads to the same page in the other language. The answer to a form has
// no address of its own: from there it leads to the start. Nor has the answer to what
// an identity provider sent by a redirect, which has a state: that is good once.
//
// A long page repeats nothing of its request: it goes out compressed, and what somebody
// else put into its address would stand beside the person's own (BREACH). And where a
// session's end is said, the same address signs in: who only wants to read it goes to the
// page of who signed out.
func switchLink(r *http.Request, v View, other Lang) string {
	query := r.URL.Query()
	if v.view().long {
		query = url.Values{}
	}
	if _, ended := v.(Ended); ended {
		return "/?" + url.Values{"signedout": {""}, "lang": {string(other)}}.Encode()
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead || query.Has("state") {
		return "/?lang=" + string(other)
	}
	query.Set("lang", string(other))
	// The page of a path that does not exist has the link too, and "//host/" is
	// another host to a browser (RFC 3986 4.2).
	target := url.URL{Path: "/" + strings.TrimLeft(r.URL.Path, "/"), RawQuery: query.Encode()}
	return target.RequestURI()
}
