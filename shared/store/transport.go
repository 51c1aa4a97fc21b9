package store

import (
	"fmt"
	"io"
	"net"
	"net/http"
)

// maxAnswer bounds an answer: Tablestore ends a page at 4 MB, and a row may take
// it beyond that.
const maxAnswer = 16 << 20

// transport is the SDK's way out: no proxy, no redirects (the SDK would send the
// signed headers and the STS token along), bounded answers.
type transport struct{ inner *http.Transport }

func newTransport() *transport {
	dialer := &net.Dialer{Timeout: connectTimeout}
	return &transport{&http.Transport{
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: connectTimeout,
		IdleConnTimeout:     idleTimeout,
		MaxIdleConnsPerHost: 32,
	}}
}

// RoundTrip sends one request.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 && resp.StatusCode < 400 {
		_ = resp.Body.Close() // nothing of it is wanted
		return nil, fmt.Errorf("the store answered with a redirect (%s)", resp.Status)
	}
	resp.Body = limited{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

type limited struct {
	io.Reader
	io.Closer
}
