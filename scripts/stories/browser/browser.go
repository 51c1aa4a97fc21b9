// Package browser is a browser without JavaScript, by plain HTTP.
//
// In: addresses, links and forms that a person would follow. Out: pages. It
// keeps what decides whether a sign-in works in a real browser: a cookie jar
// that knows SameSite and Secure, the Sec-Fetch-Site and Origin headers
// of who started a request, and redirects. As Chromium does, it counts loopback
// as a secure place, and it tells sites apart by host, so that localhost and
// 127.0.0.1 are strangers.
package browser

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// maxRedirects is where Chromium gives up.
const maxRedirects = 20

// Browser holds the cookies of one person.
type Browser struct {
	Language string // Accept-Language; empty means "en"
	client   *http.Client
	cookies  []cookie
}

type cookie struct {
	*http.Cookie

	host string
}

// New returns a browser without cookies. transport may be nil; it must not
// follow redirects by itself.
func New(transport http.RoundTripper) *Browser {
	return &Browser{client: &http.Client{
		Transport:     transport,
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Page is what a navigation ended at.
type Page struct {
	URL    *url.URL
	Status int
	Header http.Header
	Body   string
	Forms  []Form
	Links  []string // targets, absolute
	Trail  []string // "status address" of every answer on the way, the last included
}

// Form is a form of a page.
type Form struct {
	Method string
	Action *url.URL
	Fields url.Values // as they would be sent without touching them; buttons left out
	Text   string     // all text inside, buttons included

	Buttons []Button // those that say something
}

// Button is a button with which a form can be sent.
type Button struct {
	Name, Value string
	Action      *url.URL // where it leads instead of the form's action; nil: there
}

// By is the form as it is sent by one of its buttons.
func (f Form) By(button Button) Form {
	fields := maps.Clone(f.Fields)
	fields.Set(button.Name, button.Value)
	f.Fields = fields
	if button.Action != nil {
		f.Action = button.Action
	}
	return f
}

// Open goes to an address as if typed or bookmarked.
func (b *Browser) Open(ctx context.Context, address string) (*Page, error) {
	return b.navigate(ctx, nil, http.MethodGet, address, nil)
}

// Follow goes to an address as by a link on page.
func (b *Browser) Follow(ctx context.Context, page *Page, address string) (*Page, error) {
	target, err := page.URL.Parse(address)
	if err != nil {
		return nil, err
	}
	return b.navigate(ctx, page.URL, http.MethodGet, target.String(), nil)
}

// Submit sends a form of page; fields overwrite or add to the form's own.
func (b *Browser) Submit(ctx context.Context, page *Page, form Form, fields url.Values) (*Page, error) {
	values := url.Values{}
	for name, own := range form.Fields {
		values[name] = slices.Clone(own)
	}
	for name, given := range fields {
		values[name] = given
	}
	if strings.EqualFold(form.Method, http.MethodGet) {
		target := *form.Action
		target.RawQuery = values.Encode()
		return b.navigate(ctx, page.URL, http.MethodGet, target.String(), nil)
	}
	return b.navigate(ctx, page.URL, http.MethodPost, form.Action.String(), values)
}

// Form returns the first form whose action contains where and whose text
// contains all the words.
func (p *Page) Form(where string, words ...string) (Form, error) {
	for _, form := range p.Forms {
		has := func(word string) bool { return !strings.Contains(form.Text, word) }
		if strings.Contains(form.Action.String(), where) && !slices.ContainsFunc(words, has) {
			return form, nil
		}
	}
	return Form{}, fmt.Errorf("no form to %q with %q on %s (status %d)", where, words, p.URL, p.Status)
}

// Cookie returns a cookie's value for a host, or "".
func (b *Browser) Cookie(host, name string) string {
	for _, c := range b.cookies {
		if c.host == host && c.Name == name {
			return c.Value
		}
	}
	return ""
}

func (b *Browser) navigate(ctx context.Context, from *url.URL, method, address string, form url.Values) (*Page, error) {
	target, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	initiator := from // redirects across sites stay cross-site, as Sec-Fetch-Site does
	crossed := false
	var trail []string
	for range maxRedirects {
		crossed = crossed || (initiator != nil && site(initiator) != site(target))
		page, err := b.send(ctx, initiator, crossed, method, target, form)
		if err != nil {
			return nil, err
		}
		trail = append(trail, fmt.Sprintf("%d %s", page.Status, target))
		location := page.Header.Get("Location")
		if location == "" || page.Status/100 != 3 {
			page.Trail = trail
			return page, page.read()
		}
		next, err := target.Parse(location)
		if err != nil {
			return nil, fmt.Errorf("%s redirects to %q: %w", target, location, err)
		}
		if page.Status != http.StatusTemporaryRedirect && page.Status != http.StatusPermanentRedirect {
			method, form = http.MethodGet, nil
		}
		if initiator != nil {
			crossed = crossed || site(target) != site(next)
		}
		target = next
	}
	return nil, fmt.Errorf("more than %d redirects: %s", maxRedirects, strings.Join(trail, ", "))
}

func (b *Browser) send(ctx context.Context, initiator *url.URL, crossed bool, method string, target *url.URL, form url.Values) (*Page, error) {
	req, err := http.NewRequestWithContext(ctx, method, target.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	language := b.Language
	if language == "" {
		language = "en"
	}
	req.Header.Set("Accept-Language", language)
	req.Header.Set("Accept", "text/html")
	req.Header.Set("Sec-Fetch-Mode", "navigate")
	req.Header.Set("Sec-Fetch-Site", fetchSite(initiator, target, crossed))
	if method == http.MethodPost && initiator != nil {
		req.Header.Set("Origin", initiator.Scheme+"://"+initiator.Host)
	}
	for _, c := range b.cookies {
		if c.goesTo(target, method, crossed) {
			req.AddCookie(c.Cookie)
		}
	}
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4<<20))
	if err != nil {
		return nil, err
	}
	b.keep(target, resp.Cookies())
	return &Page{URL: target, Status: resp.StatusCode, Header: resp.Header, Body: string(body)}, nil
}

// fetchSite is the Sec-Fetch-Site header of a navigation.
func fetchSite(initiator, target *url.URL, crossed bool) string {
	switch {
	case initiator == nil:
		return "none"
	case crossed:
		return "cross-site"
	case initiator.Host == target.Host:
		return "same-origin"
	default:
		return "same-site"
	}
}

func site(u *url.URL) string { return u.Hostname() }

func (c cookie) goesTo(target *url.URL, method string, crossed bool) bool {
	if c.host != target.Hostname() {
		return false
	}
	switch c.SameSite {
	case http.SameSiteNoneMode:
		return c.Secure
	case http.SameSiteStrictMode:
		return !crossed
	case http.SameSiteLaxMode, http.SameSiteDefaultMode: // browsers take silence for Lax
		return !crossed || method == http.MethodGet
	}
	return false
}

func (b *Browser) keep(from *url.URL, set []*http.Cookie) {
	for _, c := range set {
		b.cookies = slices.DeleteFunc(b.cookies, func(old cookie) bool {
			return old.host == from.Hostname() && old.Name == c.Name
		})
		if c.MaxAge >= 0 && c.Value != "" {
			b.cookies = append(b.cookies, cookie{c, from.Hostname()})
		}
	}
}

// read collects forms and links; the pages are written by html/template, so a
// lenient XML reader is enough.
func (p *Page) read() error {
	if !strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	decoder := xml.NewDecoder(strings.NewReader(p.Body))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	reader := formReader{page: p}
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("page %s: %w", p.URL, err)
		}
		if err := reader.take(token); err != nil {
			return err
		}
	}
}

// formReader follows the tokens of a page.
type formReader struct {
	page   *Page
	form   *Form
	choose string // name of the select that is open
	area   string // name of the textarea that is open
}

func (r *formReader) take(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return r.open(t)
	case xml.CharData:
		if r.form != nil {
			r.form.Text += string(t)
			if r.area != "" {
				r.form.Fields.Set(r.area, r.form.Fields.Get(r.area)+string(t))
			}
		}
	case xml.EndElement:
		r.close(t)
	}
	return nil
}

func (r *formReader) close(t xml.EndElement) {
	switch {
	case t.Name.Local == "form" && r.form != nil:
		r.page.Forms = append(r.page.Forms, *r.form)
		r.form = nil
	case t.Name.Local == "select":
		r.choose = ""
	case t.Name.Local == "textarea":
		r.area = ""
	}
}

func (r *formReader) open(t xml.StartElement) error {
	get := attributes(t)
	switch t.Name.Local {
	case "a":
		link, err := r.page.URL.Parse(get["href"])
		if err != nil {
			return err
		}
		r.page.Links = append(r.page.Links, link.String())
	case "form":
		action, err := r.page.URL.Parse(get["action"])
		if err != nil {
			return err
		}
		method := strings.ToUpper(get["method"])
		if method == "" {
			method = http.MethodGet
		}
		r.form = &Form{Method: method, Action: action, Fields: url.Values{}}
	case "select":
		r.choose = get["name"]
	case "textarea":
		r.area = get["name"]
	case "option", "input":
		r.field(t.Name.Local, get)
	case "button":
		return r.button(get)
	}
	return nil
}

func (r *formReader) button(get map[string]string) error {
	if r.form == nil || get["name"] == "" {
		return nil
	}
	button := Button{Name: get["name"], Value: get["value"]}
	if to, ok := get["formaction"]; ok {
		action, err := r.page.URL.Parse(to)
		if err != nil {
			return err
		}
		button.Action = action
	}
	r.form.Buttons = append(r.form.Buttons, button)
	return nil
}

func (r *formReader) field(element string, get map[string]string) {
	if r.form == nil {
		return
	}
	_, checked := get["checked"]
	_, selected := get["selected"]
	switch {
	case element == "option" && r.choose != "" && (selected || !r.form.Fields.Has(r.choose)):
		r.form.Fields.Set(r.choose, get["value"])
	case element == "option", get["name"] == "", get["type"] == "submit":
	case (get["type"] == "radio" || get["type"] == "checkbox") && !checked:
	default:
		r.form.Fields.Add(get["name"], get["value"])
	}
}

func attributes(t xml.StartElement) map[string]string {
	get := map[string]string{}
	for _, a := range t.Attr {
		get[a.Name.Local] = a.Value
	}
	return get
}
