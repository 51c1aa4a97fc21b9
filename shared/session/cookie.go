package session

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Function Compute carries one Set-Cookie per answer, so each cookie has its own
// moment. All have the __Host- prefix (RFC 6265bis 4.1.3.2), which keeps other
// hosts of the domain from setting them; Chromium takes it on
// http://127.0.0.1 as well, which is how the local stack needs no exception.
const (
	// BrowserCookie holds the browser's ID from its first login on. SameSite=None,
	// for an identity provider's answer is a POST from another site.
	BrowserCookie = "__Host-b"
	// SessionCookie holds the session's handle.
	SessionCookie = "__Host-s"
	// ArrivalCookie holds the handle of a session that nobody here asked for,
	// until the portal has seen whether it would replace another person's: on the
	// identity provider's POST the browser does not show us [SessionCookie].
	ArrivalCookie = "__Host-n"
)

const browserFor = 180 * 24 * time.Hour

// Browser is one browser that began a sign-in, and through whom it last did.
type Browser struct {
	id  string
	idp string
}

// NewBrowser gives a browser its ID.
func NewBrowser(random io.Reader) (Browser, error) {
	var id [32]byte
	if _, err := io.ReadFull(random, id[:]); err != nil {
		return Browser{}, fmt.Errorf("browser: randomness: %w", err)
	}
	return Browser{id: encode(id[:])}, nil
}

// BrowserOf reads the browser's cookie; the zero value where there is none.
func BrowserOf(r *http.Request) Browser {
	id, idp, _ := strings.Cut(CookieOf(r, BrowserCookie), ".")
	if b, err := base64.RawURLEncoding.Strict().DecodeString(id); err != nil || len(b) != 32 {
		return Browser{}
	}
	return Browser{id, idp}
}

// IsZero says that the browser has no ID.
func (b Browser) IsZero() bool { return b.id == "" }

// LastIdP is the identity provider of the last login that it began, "" if unknown.
func (b Browser) LastIdP() string { return b.idp }

// Through is b on its way to idp.
func (b Browser) Through(idp string) Browser { return Browser{b.id, idp} }

// Cookie keeps the browser's ID.
func (b Browser) Cookie() *http.Cookie {
	return &http.Cookie{ //nolint:gosec // SameSite=None on purpose: it must come with the identity provider's post
		Name: BrowserCookie, Value: b.id + "." + b.idp, Path: "/", MaxAge: int(browserFor / time.Second),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteNoneMode,
	}
}

func (b Browser) hash() string {
	sum := hashOf("fc-sso browser", b.id)
	return hex.EncodeToString(sum[:])
}

// Cookie is a new session's cookie. It has no Max-Age: it ends with the browser,
// and in the store at the latest.
func (s Session) Cookie() *http.Cookie {
	return lax(SessionCookie, encode(s.handle[:]), 0)
}

// ArrivalCookie is the cookie of a session that nobody here asked for.
func (s Session) ArrivalCookie() *http.Cookie {
	return lax(ArrivalCookie, encode(s.handle[:]), 0)
}

// Forget is a cookie that removes the one of this name.
func Forget(name string) *http.Cookie {
	return lax(name, "", -1)
}

// CookieOf returns the value of r's cookie of this name, "" where it has none.
// One that comes twice counts as none: a __Host- cookie cannot, so somebody is
// playing.
func CookieOf(r *http.Request, name string) string {
	found := r.CookiesNamed(name)
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

func lax(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
