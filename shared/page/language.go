package page

import (
	"net/http"
	"strconv"
	"strings"
)

// Lang is a language that the catalogue has.
type Lang string

// The languages.
const (
	English Lang = "en"
	Chinese Lang = "zh"
)

const langCookie = "__Host-lang"

// Tag is the language's name for HTML and HTTP.
func (l Lang) Tag() string {
	if l == Chinese {
		return "zh-CN"
	}
	return "en"
}

func (l Lang) other() Lang {
	if l == Chinese {
		return English
	}
	return Chinese
}

func parseLang(s string) (Lang, bool) {
	switch l := Lang(s); l {
	case English, Chinese:
		return l, true
	default:
		return "", false
	}
}

// Language is what r asks for: by its lang parameter, else by the cookie of an
// earlier choice, else by the browser's settings, else English.
func Language(r *http.Request) Lang {
	if l, ok := parseLang(r.URL.Query().Get("lang")); ok {
		return l
	}
	if c, err := r.Cookie(langCookie); err == nil {
		if l, ok := parseLang(c.Value); ok {
			return l
		}
	}
	return accepted(r.Header.Get("Accept-Language"))
}

// LanguageCookie keeps a language that r chose by its lang parameter.
func LanguageCookie(r *http.Request) (*http.Cookie, bool) {
	l, ok := parseLang(r.URL.Query().Get("lang"))
	if !ok {
		return nil, false
	}
	return &http.Cookie{
		Name: langCookie, Value: string(l), Path: "/", MaxAge: 365 * 24 * 3600,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}, true
}

// accepted reads Accept-Language (RFC 9110 12.5.4); of equals the first wins.
func accepted(header string) Lang {
	best, weight := English, 0.0
	for entry := range strings.SplitSeq(header, ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(entry), ";")
		primary, _, _ := strings.Cut(strings.ToLower(tag), "-")
		l, ok := parseLang(primary)
		if q := quality(params); ok && q > weight {
			best, weight = l, q
		}
	}
	return best
}

func quality(params string) float64 {
	value, ok := strings.CutPrefix(strings.TrimSpace(params), "q=")
	if !ok {
		return 1
	}
	q, err := strconv.ParseFloat(value, 64)
	if err != nil || q < 0 || q > 1 {
		return 0
	}
	return q
}
