package respond

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// Outcome is an answer that is ready to be sent. Its makers are the functions
// of this package; the zero value is refused. FC carries one Set-Cookie per
// answer, so there is room for one.
type Outcome struct {
	status int
	header http.Header
	cookie *http.Cookie
	body   []byte

	packable bool  // it may go out compressed
	kept     *kept // and is so once; nil: anew each time
}

// Page is a rendered page with the headers that guard it.
func Page(header http.Header, body []byte) Outcome {
	return Outcome{status: http.StatusOK, header: header.Clone(), body: body}
}

// Document is a body of any type, such as SAML metadata.
func Document(contentType string, body []byte) Outcome {
	return Page(http.Header{"Content-Type": {contentType}}, body)
}

// Text is a plain sentence.
func Text(format string, args ...any) Outcome {
	return Document("text/plain; charset=utf-8", fmt.Appendf(nil, format+"\n", args...))
}

// Health answers whoever asks whether a function runs, and which keys of ours it can
// sign with: their handles, a line each, which are no secrets.
func Health(held ...string) Func {
	body := strings.Join(append([]string{"ok"}, held...), "\n")
	return func(*http.Request) (Outcome, error) { return Text("%s", body), nil }
}

// JSON is v as JSON.
func JSON(v any) (Outcome, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return Outcome{}, fmt.Errorf("answer as JSON: %w", err)
	}
	return Document("application/json", append(body, '\n')), nil
}

// SeeOther leads on with 303: the browser gets the next page by GET, whatever
// this request was.
func SeeOther(location string) Outcome { return redirect(http.StatusSeeOther, location) }

// Redirect leads on with 302, as SAML's and OpenID Connect's redirects do.
func Redirect(location string) Outcome { return redirect(http.StatusFound, location) }

func redirect(status int, location string) Outcome {
	return Outcome{status: status, header: http.Header{"Location": {location}}}
}

// WithCookie returns o with its one cookie.
func (o Outcome) WithCookie(c *http.Cookie) Outcome {
	o.cookie = c
	return o
}

// WithHeader returns o with a header added or replaced.
func (o Outcome) WithHeader(name, value string) Outcome {
	o.header = o.header.Clone()
	if o.header == nil {
		o.header = http.Header{}
	}
	o.header.Set(name, value)
	return o
}

// WithStatus returns o with another status than 200.
func (o Outcome) WithStatus(status int) Outcome {
	o.status = status
	return o
}

// check finds the programming faults that would otherwise be sent.
func (o Outcome) check() error {
	switch {
	case o.status < 200 || o.status > 599:
		return fmt.Errorf("an outcome has status %d", o.status)
	case len(o.body) > 0 && o.header.Get("Content-Type") == "":
		return errors.New("an outcome has a body without a content type")
	case o.header.Get("Set-Cookie") != "":
		return errors.New("an outcome sets a cookie beside WithCookie")
	case o.leadsOn() && o.header.Get("Location") == "":
		return errors.New("an outcome leads nowhere")
	case o.cookie != nil && o.cookie.Valid() != nil:
		return fmt.Errorf("cookie %s: %w", o.cookie.Name, o.cookie.Valid())
	}
	for name, values := range o.header {
		if strings.ContainsAny(strings.Join(values, ""), "\r\n\x00") {
			return fmt.Errorf("header %s of an outcome has a line break", name)
		}
	}
	return nil
}

func (o Outcome) leadsOn() bool { return o.status >= 300 && o.status < 400 }

// withoutConsequence is what of o may go out as a refusal: trouble never sets a
// cookie and never leads anywhere (DESIGN: a refusal must not be a redirector).
func (o Outcome) withoutConsequence() Outcome {
	o.cookie = nil
	o.header = o.header.Clone()
	o.header.Del("Location")
	return o
}

func (o Outcome) send(w http.ResponseWriter) {
	h := w.Header()
	for name, values := range guards() {
		h[name] = values
	}
	for name, values := range o.header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	if o.cookie != nil {
		h.Set("Set-Cookie", o.cookie.String())
	}
	w.WriteHeader(o.status)
	_, _ = w.Write(o.body) // the client went away: nobody to tell
}

// guards are the headers of every answer that does not say otherwise. Pages
// bring a policy of their own, which lets in our style and our script.
func guards() http.Header {
	return http.Header{
		"Cache-Control":                {"no-store"},
		"Content-Security-Policy":      {"default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"Referrer-Policy":              {"no-referrer"},
		"X-Content-Type-Options":       {"nosniff"},
		"X-Frame-Options":              {"DENY"},
	}
}
