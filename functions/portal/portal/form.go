package portal

import (
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// What tokens are for: one of the list's does not answer the question of two
// sessions.
const (
	purposeForm    = "form"
	purposeArrival = "arrival"
)

const maxForm = 16 << 10

// readForm reads a form that one of our own pages sent. Whether it was this
// session's page its token says.
func (p portal) readForm(r *http.Request) (url.Values, error) {
	if err := p.requireOwnPage(r); err != nil {
		return nil, err
	}
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, reason.New(reason.RequestMalformed, "content type %q, not a form", r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxForm+1))
	if err != nil {
		return nil, reason.New(reason.RequestMalformed, "the form could not be read: %w", err)
	}
	if len(body) > maxForm {
		return nil, reason.New(reason.RequestTooLarge, "the form is larger than %d bytes", maxForm)
	}
	fields, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, reason.New(reason.RequestMalformed, "the form is not URL encoded: %w", err)
	}
	for name, values := range fields {
		if len(values) != 1 {
			return nil, reason.New(reason.RequestMalformed, "the form has %q %d times", name, len(values))
		}
	}
	return fields, nil
}

// requireOwnPage believes Sec-Fetch-Site, which no page can write, and of
// browsers that don't have it Origin; who sends neither is no browser on our
// pages.
func (p portal) requireOwnPage(r *http.Request) error {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		if site != "same-origin" {
			return reason.New(reason.RequestForged, "Sec-Fetch-Site is %q", site)
		}
		return nil
	}
	if origin := r.Header.Get("Origin"); origin != p.URL {
		return reason.New(reason.RequestForged, "Origin is %q, we are %q", origin, p.URL)
	}
	return nil
}
