package runtime

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// event is what an HTTP trigger hands to a go1 function, "version v1".
type event struct {
	Version         string            `json:"version"`
	RawPath         string            `json:"rawPath"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	Headers         map[string]string `json:"headers"`
	QueryParameters map[string]string `json:"queryParameters"`
	RequestContext  requestContext    `json:"requestContext"`
}

type requestContext struct {
	AccountID    string       `json:"accountId"`
	DomainName   string       `json:"domainName"`
	DomainPrefix string       `json:"domainPrefix"`
	RequestID    string       `json:"requestId"`
	Time         string       `json:"time"`
	TimeEpoch    string       `json:"timeEpoch"` // a string, in milliseconds
	HTTP         eventRequest `json:"http"`
}

type eventRequest struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// eventMeta is what the request itself does not say.
type eventMeta struct {
	requestID, accountID, domain string
	now                          time.Time
	base64, decodeQuery          bool
}

// newEvent writes r and its body as the trigger would. There is no raw query
// and no repeated header in it: both are joined by commas, as on the platform.
func newEvent(r *http.Request, body []byte, meta eventMeta) ([]byte, error) {
	query, err := joinQuery(r.URL.RawQuery, meta.decodeQuery)
	if err != nil {
		return nil, err
	}
	sourceIP, _, _ := net.SplitHostPort(r.RemoteAddr)
	prefix, _, _ := strings.Cut(meta.domain, ".")
	text, isBase64 := encodeBody(body, meta.base64)
	return json.Marshal(event{
		Version:         "v1",
		RawPath:         r.URL.EscapedPath(),
		Body:            text,
		IsBase64Encoded: isBase64,
		Headers:         joinHeaders(r.Header),
		QueryParameters: query,
		RequestContext: requestContext{
			AccountID:    meta.accountID,
			DomainName:   meta.domain,
			DomainPrefix: prefix,
			RequestID:    meta.requestID,
			Time:         meta.now.UTC().Format(time.RFC3339),
			TimeEpoch:    strconv.FormatInt(meta.now.UnixMilli(), 10),
			HTTP: eventRequest{
				Method: r.Method, Path: r.URL.Path, Protocol: r.Proto,
				SourceIP: sourceIP, UserAgent: r.UserAgent(),
			},
		},
	})
}

// encodeBody keeps bytes that are not text whole, whatever was asked for: JSON
// could not carry them otherwise.
func encodeBody(body []byte, asBase64 bool) (string, bool) {
	if asBase64 || !utf8.Valid(body) {
		return base64.StdEncoding.EncodeToString(body), true
	}
	return string(body), false
}

// joinHeaders keeps net/http's canonical spelling (X-Acs-Action), which is the
// platform's too. Host is not among them: requestContext.domainName is.
func joinHeaders(headers http.Header) map[string]string {
	joined := make(map[string]string, len(headers))
	for name, values := range headers {
		joined[name] = strings.Join(values, ",")
	}
	return joined
}

// joinQuery splits on & alone. Whether the platform decodes the values is not
// documented, so both exist.
func joinQuery(raw string, decode bool) (map[string]string, error) {
	joined := map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if decode {
			var err error
			if name, value, err = unescapePair(name, value); err != nil {
				return nil, err
			}
		}
		if earlier, ok := joined[name]; ok {
			value = earlier + "," + value
		}
		joined[name] = value
	}
	return joined, nil
}

func unescapePair(name, value string) (string, string, error) {
	name, err := url.QueryUnescape(name)
	if err != nil {
		return "", "", fmt.Errorf("query: %w", err)
	}
	value, err = url.QueryUnescape(value)
	if err != nil {
		return "", "", fmt.Errorf("query: %w", err)
	}
	return name, value, nil
}
