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
	body, err := formBody(r, maxForm)
	if err != nil {
		return nil, err
	}
	return once(body)
}

// once reads fields of which none may stand there twice: two readers might take
// different ones.
func once(text string) (url.Values, error) {
	fields, err := url.ParseQuery(text)
	if err != nil {
		return nil, reason.New(reason.RequestMalformed, "the fields are not URL encoded: %w", err)
	}
	for name, values := range fields {
		if len(values) != 1 {
			return nil, reason.New(reason.RequestMalformed, "%.40q stands there %d times", name, len(values))
		}
	}
	return fields, nil
}

// formBody is the text of a form.
func formBody(r *http.Request, most int64) (string, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return "", reason.New(reason.RequestMalformed, "content type %q, not a form", r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, most+1))
	if err != nil {
		return "", reason.New(reason.RequestMalformed, "the form could not be read: %w", err)
	}
	if int64(len(body)) > most {
		return "", reason.New(reason.RequestTooLarge, "the form is larger than %d bytes", most)
	}
	return string(body), nil
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
