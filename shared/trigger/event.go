package trigger

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// The platform's limits for what arrives. It keeps them itself; we do not lean
// on that.
const (
	requestHeaderLimit = 8 << 10
	targetLimit        = 4 << 10 // path and query
)

// Event is the payload of an HTTP trigger, "version v1". Any part of it may be
// null or absent.
type Event struct {
	RawPath         string            `json:"rawPath"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Headers         map[string]string `json:"headers"`         // several values joined by ","
	QueryParameters map[string]string `json:"queryParameters"` // likewise; see plainQuery
	RequestContext  struct {
		DomainName string `json:"domainName"`
		RequestID  string `json:"requestId"`
		HTTP       struct {
			Method   string `json:"method"`
			SourceIP string `json:"sourceIp"`
		} `json:"http"`
	} `json:"requestContext"`
}

func readEvent(payload []byte) (Event, error) {
	var event Event
	if err := json.Unmarshal(payload, &event); err != nil {
		return Event{}, reason.New(reason.RequestMalformed, "the payload is not an HTTP event: %w", err)
	}
	return event, nil
}

// request turns event into the request that a handler sees. Where that fails
// the request is good enough to be refused.
func (d door) request(ctx context.Context, event Event) (*http.Request, error) {
	r := d.nobodysRequest(ctx)
	r.Header = readHeader(event.Headers)
	if from := SourceIP(ctx); from.IsValid() {
		r.RemoteAddr = netip.AddrPortFrom(from, 0).String()
	}
	for _, step := range []func(*http.Request, Event) error{
		requireSize, d.requireOurHost, requireSync, readMethod, readTarget, readBody,
	} {
		if err := step(r, event); err != nil {
			return r, err
		}
	}
	return r, nil
}

// claims are headers in which a client or proxy says where a request came from
// or what it was for. Nobody behind the door reads them, so that nobody believes
// them by mistake.
func claims() []string {
	return []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "X-Original-Url", "X-Rewrite-Url"}
}

// readHeader makes names canonical, whatever their case was. Names are taken in
// order: a header that comes in two spellings must not depend on chance.
func readHeader(headers map[string]string) http.Header {
	header := http.Header{}
	for _, name := range slices.Sorted(maps.Keys(headers)) {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if isToken(name) && !slices.Contains(claims(), canonical) {
			header[canonical] = append(header[canonical], headers[name])
		}
	}
	if cookies, ok := header["Cookie"]; ok {
		header["Cookie"] = []string{splitCookies(cookies)}
	}
	return header
}

// splitCookies undoes the platform's joining by commas. HTTP/2 lets a client
// send each cookie as a header of its own (RFC 9113 8.2.3), so "a=1,b=2" may be
// two cookies. It may also be one: a neighbour under the same parent domain can
// set a=1,__Host-s=evil here, and splitting that would hand him the prefix that
// browsers guard. So a comma separates only behind a __Host- cookie, which no
// neighbour can have written; behind any other the rest is dropped. No cookie of
// ours has a comma in its value (RFC 6265 4.1.1 allows none).
func splitCookies(lines []string) string {
	var cookies []string
	for part := range strings.SplitSeq(strings.Join(lines, ";"), ";") {
		for piece := range strings.SplitSeq(part, ",") {
			cookies = append(cookies, strings.TrimSpace(piece))
			if !strings.HasPrefix(strings.TrimSpace(piece), "__Host-") {
				break
			}
		}
	}
	return strings.Join(cookies, "; ")
}

func requireSize(_ *http.Request, event Event) error {
	size := 0
	for name, value := range event.Headers {
		size += headerSize(name, value)
	}
	if size > requestHeaderLimit {
		return reason.New(reason.RequestTooLarge, "the headers have %d bytes, the limit is %d", size, requestHeaderLimit)
	}
	size = len(event.RawPath)
	for name, value := range event.QueryParameters {
		size += len(name) + len(value)
	}
	if size > targetLimit {
		return reason.New(reason.RequestTooLarge, "path and query have %d bytes, the limit is %d", size, targetLimit)
	}
	return nil
}

// headerSize counts a header as a line on the wire.
func headerSize(name, value string) int { return len(name) + len(": ") + len(value) + len("\r\n") }

// requireOurHost compares what the client asked for with our origin. Whether
// the platform hands over the Host header, and what domainName is under a custom
// domain, is not documented: the header decides where there is one.
func (d door) requireOurHost(r *http.Request, event Event) error {
	host := r.Header.Get("Host")
	if host == "" {
		host = event.RequestContext.DomainName
	}
	if !d.isOurs(host) {
		return reason.New(reason.WrongHost, "host %q, we are %q", host, d.host())
	}
	return nil
}

func (d door) isOurs(host string) bool {
	defaultPort := ":443"
	if strings.HasPrefix(d.origin, "http:") {
		defaultPort = ":80"
	}
	host = strings.TrimSuffix(strings.ToLower(host), defaultPort)
	return host == strings.TrimSuffix(d.host(), defaultPort)
}

// requireSync: nobody would get the answer, and the platform would try again
// what failed.
func requireSync(r *http.Request, _ Event) error {
	if kind := r.Header.Get("X-Fc-Invocation-Type"); kind != "" && !strings.EqualFold(kind, "Sync") {
		return reason.New(reason.RequestMalformed, "invocation type %q is not served", kind)
	}
	return nil
}

func readMethod(r *http.Request, event Event) error {
	if !isToken(event.RequestContext.HTTP.Method) {
		return reason.New(reason.RequestMalformed, "method %q", event.RequestContext.HTTP.Method)
	}
	r.Method = event.RequestContext.HTTP.Method
	return nil
}

func readTarget(r *http.Request, event Event) error {
	raw := event.RawPath
	if raw == "" {
		raw = "/"
	}
	path, err := url.PathUnescape(raw)
	if err != nil || !strings.HasPrefix(raw, "/") {
		return reason.New(reason.RequestMalformed, "path %q", raw)
	}
	r.URL = &url.URL{Path: path, RawPath: raw, RawQuery: plainQuery(event.QueryParameters).Encode()}
	r.RequestURI = r.URL.RequestURI()
	return nil
}

func readBody(r *http.Request, event Event) error {
	body := []byte(event.Body)
	if event.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(event.Body); err != nil {
			return reason.New(reason.RequestMalformed, "the body is not base64: %w", err)
		}
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

// isToken says whether s may be a method or a header's name (RFC 9110 5.6.2).
func isToken(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", c)
	}) < 0
}

// sourceIP is the zero address when the platform names none.
func (e Event) sourceIP() netip.Addr {
	addr, err := netip.ParseAddr(e.RequestContext.HTTP.SourceIP)
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
