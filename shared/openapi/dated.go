package openapi

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // Content-MD5 is what these services sign of a body
	"crypto/sha1" //nolint:gosec // their signature is HMAC-SHA1
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// dated is the older way of EventBridge and MNS to sign: the date, the type and the
// MD5 of the body, the headers of one family, and the path.
type dated struct {
	family string // of headers that are signed: x-acs-, x-mns-
	scheme string // what Authorization begins with
}

func (c *Client) signDated(r *http.Request, d dated, by ram.Credentials) {
	r.Header.Set("Date", c.now().UTC().Format(http.TimeFormat))
	mac := hmac.New(sha1.New, []byte(by.AccessKeySecret.Reveal()))
	mac.Write([]byte(d.text(r)))
	signature := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	r.Header.Set("Authorization", d.scheme+by.AccessKeyID+":"+signature)
}

// text is what is signed. No request of ours has a query.
func (d dated) text(r *http.Request) string {
	var headers []string
	for name := range r.Header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, d.family) {
			headers = append(headers, lower+":"+strings.TrimSpace(r.Header.Get(name))+"\n")
		}
	}
	slices.Sort(headers)
	return strings.Join([]string{
		r.Method, r.Header.Get("Content-MD5"), r.Header.Get("Content-Type"), r.Header.Get("Date"),
		strings.Join(headers, "") + r.URL.EscapedPath(),
	}, "\n")
}

// contentMD5 is the Base64 of the hexadecimal digits, not of the bytes as RFC 1864
// has it: so all official SDKs of MNS send it.
func contentMD5(body []byte) string {
	return base64.StdEncoding.EncodeToString([]byte(hexMD5(body)))
}

func hexMD5(text []byte) string {
	sum := md5.Sum(text) //nolint:gosec // it finds a body that was cut, not one that was forged
	return hex.EncodeToString(sum[:])
}
