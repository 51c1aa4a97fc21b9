package cloud

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// rpcRequest is one call of an RPC API, read but not believed. Parameters come
// in the query, in a form or both (the official SDK puts them all into the URL
// of a POST); with an ACS3 signature action and version come in headers.
type rpcRequest struct {
	method, path, host string
	query              url.Values
	params             url.Values // query and form
	header             http.Header
	bodyHash           string // hex SHA-256
}

// maxBody is the API's own limit for a POST.
const maxBody = 10 << 20

func readRequest(w http.ResponseWriter, r *http.Request) (rpcRequest, *fault) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return rpcRequest{}, refuse(http.StatusMethodNotAllowed, "UnsupportedHTTPMethod", "This http method is not supported.")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return rpcRequest{}, refuse(http.StatusRequestEntityTooLarge, "RequestBodyTooLarge", "The request body is too large.")
	}
	sum := sha256.Sum256(body)
	req := rpcRequest{method: r.Method, path: r.URL.EscapedPath(), host: r.Host, header: r.Header, bodyHash: hex.EncodeToString(sum[:])}
	if req.query, err = url.ParseQuery(r.URL.RawQuery); err != nil {
		return rpcRequest{}, refuse(http.StatusBadRequest, "InvalidParameter", "The query cannot be read.")
	}
	form, err := parseForm(r.Header.Get("Content-Type"), body)
	if err != nil {
		return rpcRequest{}, refuse(http.StatusBadRequest, "InvalidParameter", "The form cannot be read.")
	}
	req.params = url.Values{}
	for _, from := range []url.Values{req.query, form} {
		for name, values := range from {
			req.params[name] = append(req.params[name], values...)
		}
	}
	return req, req.requireOneValueEach()
}

func parseForm(contentType string, body []byte) (url.Values, error) {
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind != "application/x-www-form-urlencoded" { // what is not a form has no parameters
		return url.Values{}, nil
	}
	return url.ParseQuery(string(bytes.TrimSpace(body)))
}

// requireOneValueEach: with two values of one name, signer and server could mean
// different ones.
func (q rpcRequest) requireOneValueEach() *fault {
	for name, values := range q.params {
		if len(values) > 1 {
			return refuse(http.StatusBadRequest, "InvalidParameter", "The parameter %s is given more than once.", name)
		}
	}
	return nil
}

func (q rpcRequest) action() string { return q.paramOrHeader("Action", "X-Acs-Action") }

func (q rpcRequest) version() string { return q.paramOrHeader("Version", "X-Acs-Version") }

func (q rpcRequest) paramOrHeader(param, header string) string {
	if q.header.Get("Authorization") != "" {
		return q.header.Get(header)
	}
	return q.params.Get(param)
}

// wantsXML: JSON is what all SDKs ask for, and the default of today's pages.
func (q rpcRequest) wantsXML() bool { return strings.EqualFold(q.params.Get("Format"), "XML") }
