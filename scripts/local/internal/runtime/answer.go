package runtime

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
)

// response is what an HTTP function answers.
type response struct {
	StatusCode      *int              `json:"statusCode"`
	Headers         map[string]string `json:"headers"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Body            string            `json:"body"`
}

const responseHeaderLimit = 8 << 10

// forbiddenHeaders lists what a function may not set; so is all that begins
// with X-Fc-. The platform drops or overwrites some of them silently; here they
// are an error, because nobody finds a dropped header.
func forbiddenHeaders() []string {
	return []string{"Connection", "Content-Length", "Date", "Keep-Alive", "Server", "Upgrade"}
}

// readResponse turns a function's answer into status, headers and body. An
// answer without a status is refused: what the platform makes of it is not
// documented.
func readResponse(answer []byte) (int, http.Header, []byte, error) {
	var r response
	if err := json.Unmarshal(answer, &r); err != nil {
		return 0, nil, nil, badResponse("the function's answer is not an HTTP response: " + err.Error())
	}
	if r.StatusCode == nil || *r.StatusCode < 200 || *r.StatusCode > 599 {
		return 0, nil, nil, badResponse("the function's answer has no statusCode between 200 and 599")
	}
	headers, err := readHeaders(r.Headers)
	if err != nil {
		return 0, nil, nil, err
	}
	body := []byte(r.Body)
	if r.IsBase64Encoded {
		if body, err = base64.StdEncoding.DecodeString(r.Body); err != nil {
			return 0, nil, nil, badResponse("the function's body is not base64: " + err.Error())
		}
	}
	return *r.StatusCode, headers, body, nil
}

func readHeaders(set map[string]string) (http.Header, error) {
	headers, size := http.Header{}, 0
	for name, value := range set {
		canonical := textproto.CanonicalMIMEHeaderKey(name)
		if err := checkHeader(canonical, value); err != nil {
			return nil, err
		}
		if _, twice := headers[canonical]; twice {
			return nil, badResponse(fmt.Sprintf("the function set header %s twice, in two spellings", canonical))
		}
		headers[canonical] = []string{value}
		size += headerSize(name, value)
	}
	if size > responseHeaderLimit {
		return nil, badResponse(fmt.Sprintf("the function's headers have %d bytes, the limit is %d", size, responseHeaderLimit))
	}
	return headers, nil
}

func checkHeader(name, value string) error {
	forced := name == "Content-Disposition" && strings.HasPrefix(strings.ToLower(strings.TrimSpace(value)), "attachment")
	if forced || strings.HasPrefix(name, "X-Fc-") || slices.Contains(forbiddenHeaders(), name) {
		return badResponse("a function may not set header " + name)
	}
	if strings.ContainsAny(name, " \r\n:") || strings.ContainsAny(value, "\r\n\x00") {
		return badResponse(fmt.Sprintf("the function's header %q is malformed", name))
	}
	return nil
}

// headerSize counts a header as a line on the wire.
func headerSize(name, value string) int { return len(name) + len(": ") + len(value) + len("\r\n") }

// reflectOrigin is the platform's default when a function says nothing about
// CORS: the caller's origin, with credentials. It is why each of our answers
// must say something.
func reflectOrigin(headers http.Header, origin string) {
	if origin == "" {
		return
	}
	for name := range headers {
		if strings.HasPrefix(name, "Access-Control-") {
			return
		}
	}
	headers.Set("Access-Control-Allow-Origin", origin)
	headers.Set("Access-Control-Allow-Credentials", "true")
}
