package page

import (
	"fmt"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"time"
)

// frame is what a template sees: its view, and what all pages share. Its
// methods are the templates' words.
type frame struct {
	View       View
	Lang       Lang
	Brand      string
	Help       help
	CSS        string
	JS         string
	Icon       string
	IconType   string
	SwitchLang Lang
	SwitchLink string
	Now        time.Time
	Title      string

	texts map[string]text
}

// help is the contact as it is shown, with a link where it is one.
type help struct{ Text, Link string }

func (p *Pages) frame(r *http.Request, now time.Time, v View) *frame {
	lang := Language(r)
	f := &frame{
		View: v, Lang: lang, Now: now,
		Help: parseHelp(p.brand.Help),
		CSS:  p.static.css, JS: p.static.js, Icon: p.static.icon, IconType: p.static.iconType,
		SwitchLang: lang.other(), SwitchLink: switchLink(r, v, lang.other()),
		texts: p.texts,
	}
	f.Brand = p.brand.Name
	if f.Brand == "" {
		f.Brand = f.T("brand")
	}
	f.Title = f.T(v.view().title)
	return f
}

// parseHelp makes a link of a mail address or an https URL; other words stay
// words.
func parseHelp(s string) help {
	if a, err := mail.ParseAddress(s); err == nil && a.Address == s {
		return help{s, "mailto:" + s}
	}
	if u, err := url.Parse(s); err == nil && u.Scheme == "https" && u.Host != "" {
		return help{strings.TrimSuffix(u.Host+u.Path, "/"), s}
	}
	return help{Text: s}
}

// T is the text of key in the page's language.
func (f *frame) T(key string, args ...any) string {
	s := f.texts[key].in(f.Lang)
	if len(args) == 0 {
		return s
	}
	return fmt.Sprintf(s, args...)
}

// N is the text of a number of things: key.one for one where a language
// has it, else key.
func (f *frame) N(key string, n int) string {
	if one, ok := f.texts[key+".one"]; ok && n == 1 {
		return one.in(f.Lang)
	}
	return f.T(key, n)
}

// Span writes a duration in hours and minutes, rounded down: nobody is promised
// a minute that is not there.
func (f *frame) Span(d time.Duration) string {
	minutes := int(max(d, 0) / time.Minute)
	h, m := minutes/60, minutes%60
	switch {
	case h == 0:
		return f.T("span.m", m)
	case m == 0:
		return f.T("span.h", h)
	default:
		return f.T("span.hm", h, m)
	}
}

// Left is the time from the page's now to t.
func (f *frame) Left(t time.Time) string { return f.Span(t.Sub(f.Now)) }

// UTC writes t for people; the script adds the local time beside it.
func (f *frame) UTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// ISO writes t for the datetime attribute.
func (f *frame) ISO(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// Initial is the letter on an identity provider's badge.
func (f *frame) Initial(name string) string {
	for _, r := range name {
		return strings.ToUpper(string(r))
	}
	return "?"
}
