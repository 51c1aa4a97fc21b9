package openapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
)

const (
	algorithm  = "ACS3-HMAC-SHA256"
	timeLayout = "2006-01-02T15:04:05Z"
)

// signing is what a signature covers beside the request's address.
type signing struct {
	action, version, body string
	credentials           ram.Credentials
}

// sign puts an ACS3-HMAC-SHA256 signature on r. Parameters travel in the query, as
// the official SDKs send them.
func (c *Client) sign(r *http.Request, s signing) error {
	nonce := make([]byte, 16)
	if _, err := io.ReadFull(c.random, nonce); err != nil {
		return fmt.Errorf("nonce: %w", err)
	}
	r.Header.Set("Accept", "application/json")
	signed := map[string]string{
		"host":                  r.URL.Host,
		"x-acs-action":          s.action,
		"x-acs-version":         s.version,
		"x-acs-date":            c.now().UTC().Format(timeLayout),
		"x-acs-signature-nonce": hex.EncodeToString(nonce),
		"x-acs-content-sha256":  hash(s.body),
	}
	if token := s.credentials.SecurityToken.Reveal(); token != "" {
		signed["x-acs-security-token"] = token
	}
	for name, value := range signed {
		if name != "host" {
			r.Header.Set(name, value)
		}
	}
	r.Header.Set("Authorization", authorization(r.Method, r.URL, signed, s.credentials))
	return nil
}

// authorization is the header's value. The block of headers ends with a line
// break, and the join adds another: the blank line belongs to the form.
func authorization(method string, u *url.URL, signed map[string]string, by ram.Credentials) string {
	names := slices.Sorted(maps.Keys(signed))
	var headers strings.Builder
	for _, name := range names {
		headers.WriteString(name + ":" + strings.TrimSpace(signed[name]) + "\n")
	}
	list := strings.Join(names, ";")
	canonical := strings.Join([]string{method, u.EscapedPath(), u.RawQuery, headers.String(), list, signed["x-acs-content-sha256"]}, "\n")
	mac := hmac.New(sha256.New, []byte(by.AccessKeySecret.Reveal()))
	mac.Write([]byte(algorithm + "\n" + hash(canonical)))
	return algorithm + " Credential=" + by.AccessKeyID + ",SignedHeaders=" + list + ",Signature=" + hex.EncodeToString(mac.Sum(nil))
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// canonicalQuery sorts by name and escapes by RFC 3986; it is also what is sent.
func canonicalQuery(params url.Values) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		for _, value := range params[name] {
			pairs = append(pairs, escape(name)+"="+escape(value))
		}
	}
	return strings.Join(pairs, "&")
}

// escape is RFC 3986's: net/url's but for the blank.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
