// Package trigger is the door: it turns Function Compute's events into
// net/http requests, timers and plain bytes, and answers back into what the
// platform takes.
//
// In: the raw payload of an invocation. Out: a [Response], always: a malformed
// event, a refusal, a panic and an answer that the platform would not carry are
// answers too, because what it makes of a handler's error is not documented.
// Refused here: another host than ours, asynchronous invocation (any stranger
// can ask for it by a header), and what exceeds the platform's limits.
//
// Only this package and the mains know the FC SDK. The origin is configured and
// never taken from the request; the source address is the platform's, and the
// headers in which a client could claim another are dropped.
package trigger

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"runtime/debug"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

// HTTP returns an HTTP function for fc.Start. origin is the one public origin
// ("https://host"); what the door itself refuses goes out over desk.
//
// It takes the payload as bytes: had the SDK to decode it, a payload that is no
// event would leave the function as an error.
func HTTP(desk respond.Desk, origin string, handler http.Handler) func(context.Context, []byte) (Response, error) {
	d := door{desk: desk, origin: strings.ToLower(origin), handler: handler}
	return func(ctx context.Context, payload []byte) (Response, error) {
		return d.answer(ctx, payload), nil
	}
}

type door struct {
	desk    respond.Desk
	origin  string
	handler http.Handler
}

func (d door) answer(ctx context.Context, payload []byte) Response {
	event, err := readEvent(payload)
	ctx, cancel := begin(ctx, event)
	defer cancel()
	r := d.nobodysRequest(ctx)
	if err == nil {
		r, err = d.request(ctx, event)
	}
	var response Response
	if err == nil {
		response, err = d.attempt(d.handler, r)
	}
	if err != nil {
		response, err = d.attempt(d.desk.Refusing(err), r)
	}
	if err != nil {
		d.desk.Log.ErrorContext(ctx, "the refusal could not leave", "error", err)
		response = Response{StatusCode: http.StatusInternalServerError, Headers: d.headers(), Body: string(reason.Internal) + "\n"}
	}
	return response
}

// nobodysRequest stands for a request that never became one.
func (d door) nobodysRequest(ctx context.Context) *http.Request {
	r := &http.Request{
		Method: http.MethodGet, URL: &url.URL{Path: "/"}, Host: d.host(), RequestURI: "/",
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{}, Body: http.NoBody,
	}
	return r.WithContext(ctx)
}

// attempt lets h answer r. A panic that h did not catch is an error with its
// place.
func (d door) attempt(h http.Handler, r *http.Request) (response Response, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	w := &recorder{header: http.Header{}}
	h.ServeHTTP(w, r)
	if r.Method == http.MethodHead { // RFC 9110 9.3.2: as GET, without the content
		w.body = nil
	}
	return d.response(w)
}

// host is the origin's host, with its port if it has one.
func (d door) host() string {
	_, host, _ := strings.Cut(d.origin, "://")
	return host
}

// recorder keeps what a handler writes. One answer is one JSON value, so there
// is nothing to stream.
type recorder struct {
	status int
	header http.Header
	body   []byte
}

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(text []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	w.body = append(w.body, text...)
	return len(text), nil
}
