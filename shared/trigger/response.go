package trigger

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

// responseHeaderLimit is the platform's: beyond it the client gets 502.
const responseHeaderLimit = 8 << 10

// Response is what an HTTP function returns. Headers have one value each and
// are never null.
type Response struct {
	StatusCode      int               `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Body            string            `json:"body"`
}

// response makes what the handler wrote fit for the platform, or says why it
// does not fit.
func (d door) response(w *recorder) (Response, error) {
	if w.status == 0 {
		return Response{}, errNoAnswer
	}
	if w.status < 200 || w.status > 599 {
		return Response{}, fmt.Errorf("the handler answered status %d", w.status)
	}
	headers, err := d.joinHeaders(w.header)
	if err != nil {
		return Response{}, err
	}
	text, isBase64 := string(w.body), false
	if !utf8.Valid(w.body) { // JSON could not carry it
		text, isBase64 = base64.StdEncoding.EncodeToString(w.body), true
	}
	return Response{StatusCode: w.status, Headers: headers, IsBase64Encoded: isBase64, Body: text}, nil
}

// headers are those of every answer. Without a word about CORS the platform
// would allow the caller's origin, with credentials: our own says that nobody
// else may read. Access-Control-Allow-Credentials is never set.
func (d door) headers() map[string]string {
	headers := map[string]string{"Access-Control-Allow-Origin": d.origin}
	if strings.HasPrefix(d.origin, "https://") {
		headers["Strict-Transport-Security"] = "max-age=31536000"
	}
	return headers
}

func (d door) joinHeaders(header http.Header) (map[string]string, error) {
	if len(header["Set-Cookie"]) > 1 {
		return nil, fmt.Errorf("the handler set %d cookies, the platform carries one", len(header["Set-Cookie"]))
	}
	joined, size := d.headers(), 0
	for name, values := range header {
		if name = http.CanonicalHeaderKey(name); !forbidden(name, values) {
			joined[name] = strings.Join(values, ", ")
		}
	}
	for name, value := range joined {
		if !isToken(name) || strings.ContainsFunc(value, breaksLines) {
			return nil, fmt.Errorf("the handler set a malformed header %q", name)
		}
		size += headerSize(name, value)
	}
	if size > responseHeaderLimit {
		return nil, fmt.Errorf("the handler's headers have %d bytes, the limit is %d", size, responseHeaderLimit)
	}
	return joined, nil
}

// breaksLines says whether c may not stand in a header (RFC 9110 5.5). The
// platform's headers are JSON text: beyond ASCII nothing is agreed upon.
func breaksLines(c rune) bool { return c < ' ' && c != '\t' || c >= 0x7f }

// forbidden names what the platform sets itself, and CORS, which is the door's.
func forbidden(name string, values []string) bool {
	theirs := []string{"Connection", "Content-Length", "Date", "Keep-Alive", "Server", "Upgrade"}
	forced := name == "Content-Disposition" && slices.ContainsFunc(values, func(v string) bool {
		return strings.HasPrefix(strings.ToLower(strings.TrimSpace(v)), "attachment")
	})
	return forced || slices.Contains(theirs, name) ||
		strings.HasPrefix(name, "X-Fc-") || strings.HasPrefix(name, "Access-Control-")
}

var errNoAnswer = errors.New("the handler wrote no answer")
