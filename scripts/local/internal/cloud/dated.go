package cloud

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // Content-MD5
	"crypto/sha1" //nolint:gosec // this signature is HMAC-SHA1
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// datedSignature is how MNS and EventBridge have requests signed: HMAC-SHA1 over
// method, Content-MD5, Content-Type, Date, the headers of one family, and the path.
type datedSignature struct {
	authorization *regexp.Regexp // key and signature
	family        string
	token         string // header with the security token
}

func mnsSignature() datedSignature {
	return datedSignature{regexp.MustCompile(`^MNS ([^:\s]+):([A-Za-z0-9+/]{27}=)$`), "x-mns-", "Security-Token"}
}

// eventBridgeSignature takes the header as the pages write it (acs KEY:…) and as the
// SDKs do (acs:KEY:…).
func eventBridgeSignature() datedSignature {
	return datedSignature{regexp.MustCompile(`^acs[ :]([^:\s]+):([A-Za-z0-9+/]{27}=)$`), "x-acs-", "X-Acs-Security-Token"}
}

// authenticateDated says who signed the request. Codes are those of the services'
// tables of errors; that EventBridge has MNS's for dates and headers is a guess.
func (c *Cloud) authenticateDated(r *http.Request, body []byte, d datedSignature) (caller, *fault) {
	if r.Header.Get("Authorization") == "" {
		return caller{}, refuse(http.StatusBadRequest, "MissingAuthorizationHeader", "Authorization header is required.")
	}
	parts := d.authorization.FindStringSubmatch(r.Header.Get("Authorization"))
	if parts == nil {
		return caller{}, refuse(http.StatusBadRequest, "InvalidAuthorizationHeader", "The Authorization header format is invalid.")
	}
	if f := c.checkDate(r.Header.Get("Date")); f != nil {
		return caller{}, f
	}
	if !goodMD5(r.Header.Get("Content-Md5"), body) {
		return caller{}, refuse(http.StatusBadRequest, "InvalidDegist", "The Content-MD5 you specified is invalid.")
	}
	e, f := c.datedKey(parts[1], r.Header.Get(d.token))
	if f != nil {
		return caller{}, f
	}
	mac := hmac.New(sha1.New, []byte(e.secret))
	mac.Write([]byte(d.text(r)))
	if want := base64.StdEncoding.EncodeToString(mac.Sum(nil)); subtle.ConstantTimeCompare([]byte(want), []byte(parts[2])) != 1 {
		return caller{}, refuse(http.StatusForbidden, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. Check your key and signing method.")
	}
	return e.who, nil
}

func (d datedSignature) text(r *http.Request) string {
	var headers []string
	for name, values := range r.Header {
		if name = strings.ToLower(name); strings.HasPrefix(name, d.family) {
			headers = append(headers, name+":"+strings.TrimSpace(values[0])+"\n")
		}
	}
	slices.Sort(headers)
	resource := r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		resource += "?" + r.URL.RawQuery
	}
	return r.Method + "\n" + r.Header.Get("Content-Md5") + "\n" + r.Header.Get("Content-Type") + "\n" + r.Header.Get("Date") + "\n" + strings.Join(headers, "") + resource
}

func (c *Cloud) checkDate(text string) *fault {
	if text == "" {
		return refuse(http.StatusBadRequest, "MissingDateHeader", "Date header is required.")
	}
	at, err := time.Parse(http.TimeFormat, text)
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidDateHeader", "The Date header format is invalid.")
	}
	if off := c.now().Sub(at); off > tolerance || off < -tolerance {
		return refuse(http.StatusRequestTimeout, "TimeExpired", "The http request you sent is expired.")
	}
	return nil
}

// datedKey is checkKey in these services' words.
func (c *Cloud) datedKey(id, token string) (entry, *fault) {
	e, ok := c.ring.use(id)
	switch {
	case !ok && token != "":
		return entry{}, refuse(http.StatusForbidden, "InvalidStsAccessKeyId", "The sts access Id you provided is not exist.")
	case !ok, e.off, e.token != "" && token == "": // what they call one that was made inactive is not known
		return entry{}, refuse(http.StatusForbidden, "InvalidAccessKeyId", "The access Id you provided is not exist.")
	case subtle.ConstantTimeCompare([]byte(token), []byte(e.token)) != 1:
		return entry{}, refuse(http.StatusForbidden, "SecurityTokenInvalid", "The Security token that your provide is invalid.")
	case e.expired(c.now()):
		return entry{}, refuse(http.StatusForbidden, "StsAccessIdExpired", "The sts accessid has expired.")
	}
	return e, nil
}

// goodMD5 takes RFC 1864's form, which the pages name, and the Base64 of hexadecimal
// digits, which all SDKs send. It may be missing.
func goodMD5(given string, body []byte) bool {
	sum := md5.Sum(body) //nolint:gosec // see above
	return slices.Contains([]string{
		"", base64.StdEncoding.EncodeToString(sum[:]), base64.StdEncoding.EncodeToString([]byte(hex.EncodeToString(sum[:]))),
	}, given)
}
