package runtime

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// The platform's limits for what arrives.
const (
	requestHeaderLimit = 8 << 10
	targetLimit        = 4 << 10 // path and query
	bodyLimit          = 32 << 20
)

// Route sends a path to a function: an exact path, or a prefix and "*".
type Route struct {
	Path     string
	Function string
	Methods  []string
}

// Settings choose between behaviours that the platform does not document.
type Settings struct {
	Body  string `json:"body"`  // plain, base64, or alternate: one after the other
	Query string `json:"query"` // decoded, raw
}

// Front is the custom domain with its routes and the functions behind it.
type Front struct {
	manager *Manager
	routes  []Route
	domain  string
	aliases []string

	mu       sync.Mutex
	settings Settings
	requests int
}

// NewFront returns the front for a domain (host and port of the bundle's URL).
// Requests to an alias are requests to the domain: the same domain on its TLS
// port. Any other host is passed on as it came, for the functions to refuse.
func NewFront(manager *Manager, routes []Route, domain string, aliases ...string) *Front {
	return &Front{
		manager: manager, routes: routes, domain: domain, aliases: aliases,
		settings: Settings{Body: "alternate", Query: "decoded"},
	}
}

// Set changes the settings; an empty field stays as it is.
func (f *Front) Set(s Settings) error {
	if !slices.Contains([]string{"", "plain", "base64", "alternate"}, s.Body) {
		return fmt.Errorf("body %q: want plain, base64 or alternate", s.Body)
	}
	if !slices.Contains([]string{"", "decoded", "raw"}, s.Query) {
		return fmt.Errorf("query %q: want decoded or raw", s.Query)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.Body != "" {
		f.settings.Body = s.Body
	}
	if s.Query != "" {
		f.settings.Query = s.Query
	}
	return nil
}

// ServeHTTP answers one request through the function that its path belongs to.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := f.manager.newRequestID()
	w.Header().Set("X-Fc-Request-Id", requestID)
	status, headers, body, err := f.answer(w, r, requestID)
	if err != nil {
		asFault(err).write(w, requestID)
		return
	}
	reflectOrigin(headers, r.Header.Get("Origin"))
	w.Header()["Content-Type"] = nil // what the function does not say, net/http must not guess
	maps.Copy(w.Header(), headers)
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // what the function answers is the function's to escape
}

func (f *Front) answer(w http.ResponseWriter, r *http.Request, requestID string) (int, http.Header, []byte, error) {
	if err := checkLimits(r); err != nil {
		return 0, nil, nil, err
	}
	route, err := f.route(r.Method, r.URL.EscapedPath())
	if err != nil {
		return 0, nil, nil, err
	}
	body, err := readBody(w, r)
	if err != nil {
		return 0, nil, nil, err
	}
	payload, err := newEvent(r, body, f.meta(r, requestID))
	if err != nil {
		return 0, nil, nil, invalidArgument(err.Error())
	}
	result, err := f.manager.Do(r.Context(), Call{Function: route.Function, RequestID: requestID, Payload: payload})
	if err != nil {
		return 0, nil, nil, err
	}
	return readResponse(result)
}

func (f *Front) meta(r *http.Request, requestID string) eventMeta {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	domain := r.Host
	if slices.Contains(f.aliases, r.Host) {
		domain = f.domain
	}
	return eventMeta{
		requestID:   requestID,
		accountID:   f.manager.options.AccountID,
		domain:      domain,
		now:         f.manager.options.Now(),
		base64:      f.settings.Body == "base64" || f.settings.Body == "alternate" && f.requests%2 == 0,
		decodeQuery: f.settings.Query == "decoded",
	}
}

// route finds the route: an exact path beats any wildcard, a longer wildcard
// beats a shorter one.
func (f *Front) route(method, path string) (Route, error) {
	var best Route
	for _, route := range f.routes {
		if matches(route.Path, path) && (best.Path == "" || moreExact(route.Path, best.Path)) {
			best = route
		}
	}
	if best.Path == "" {
		return Route{}, &PlatformError{Status: http.StatusNotFound, Code: "DomainRouteNotFound", Message: "no route for path " + path}
	}
	if !slices.Contains(best.Methods, method) {
		return Route{}, &PlatformError{Status: http.StatusMethodNotAllowed, Code: "MethodNotAllowed", Message: "the route does not take " + method}
	}
	return best, nil
}

func matches(pattern, path string) bool {
	prefix, wildcard := strings.CutSuffix(pattern, "*")
	if wildcard {
		return strings.HasPrefix(path, prefix)
	}
	return path == pattern
}

func moreExact(a, b string) bool {
	aWild, bWild := strings.HasSuffix(a, "*"), strings.HasSuffix(b, "*")
	if aWild != bWild {
		return bWild
	}
	return len(a) > len(b)
}

func checkLimits(r *http.Request) error {
	size := headerSize("Host", r.Host)
	for name, values := range r.Header {
		for _, value := range values {
			size += headerSize(name, value)
		}
	}
	if size > requestHeaderLimit {
		return invalidArgument(fmt.Sprintf("the request's headers have %d bytes, the limit is %d", size, requestHeaderLimit))
	}
	if len(r.RequestURI) > targetLimit {
		return invalidArgument(fmt.Sprintf("path and query have %d bytes, the limit is %d", len(r.RequestURI), targetLimit))
	}
	return nil
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, invalidArgument(fmt.Sprintf("the body is larger than %d bytes", bodyLimit))
	}
	if err != nil {
		return nil, invalidArgument("the body broke off: " + err.Error())
	}
	return body, nil
}
