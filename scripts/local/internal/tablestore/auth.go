package tablestore

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // the protocol's checksum
	"crypto/sha1" //nolint:gosec // the protocol's V2 signature
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The headers of the protocol in the form in which net/http keeps them: any other
// is made anew at every look.
const (
	headerPrefix      = "X-Ots-"
	headerDate        = "X-Ots-Date"
	headerVersion     = "X-Ots-Apiversion"
	headerAccessKey   = "X-Ots-Accesskeyid"
	headerMD5         = "X-Ots-Contentmd5"
	headerInstance    = "X-Ots-Instancename"
	headerToken       = "X-Ots-Ststoken" //nolint:gosec // the name of a header
	headerSignature   = "X-Ots-Signature"
	headerSignatureV4 = "X-Ots-Signaturev4"
	headerRegion      = "X-Ots-Signregion"
	headerDay         = "X-Ots-Signdate"
	headerRequestID   = "X-Ots-Requestid"
	headerContentType = "X-Ots-Contenttype"

	dateLayout = "2006-01-02T15:04:05Z" // a fraction of any length is taken, as the Go SDK's is garbled
	dayLayout  = "20060102"
	clockSkew  = 15 * time.Minute
)

// signer is whom a request was signed by; the answer is signed with the same key.
type signer struct{ id, secret string }

// authenticate holds the request's headers against its body, our clock, our
// instance and the caller's key.
func (s *Server) authenticate(r *http.Request, body []byte) (signer, error) {
	if err := s.checkHeaders(r, body); err != nil {
		return signer{}, err
	}
	id := r.Header.Get(headerAccessKey)
	secret, token, ok := s.lookup(id)
	if !ok {
		return signer{}, unauthorised("The AccessKeyID does not exist.")
	}
	if !same(token, r.Header.Get(headerToken)) {
		return signer{}, unauthorised("The security token is invalid.")
	}
	if !signed(r, secret) {
		return signer{}, unauthorised("Signature mismatch.")
	}
	return signer{id, secret}, nil
}

// signed verifies the signature of the version that the request has. The key of
// V4 is good for one day in one region.
func signed(r *http.Request, secret string) bool {
	if given := r.Header.Get(headerSignatureV4); given != "" {
		return same(signV4(signingKeyV4(secret, r.Header.Get(headerDay), r.Header.Get(headerRegion)), stringToSign(r)), given)
	}
	return same(sign(secret, stringToSign(r)), r.Header.Get(headerSignature))
}

func (s *Server) checkHeaders(r *http.Request, body []byte) error {
	for _, name := range requiredHeaders(r) {
		if r.Header.Get(name) == "" {
			return &refusal{http.StatusBadRequest, "OTSMissingHeader", "Missing header: '" + strings.ToLower(name) + "'."}
		}
	}
	if version := r.Header.Get(headerVersion); version != "2015-12-31" {
		return invalid("Invalid API version: '%s'.", version)
	}
	if r.Header.Get(headerInstance) != s.instance {
		return unauthorised("The instance is not found.")
	}
	if r.Header.Get(headerMD5) != contentMD5(body) {
		return unauthorised("Mismatch between MD5 value of request body and x-ots-contentmd5 in header.")
	}
	date := r.Header.Get(headerDate)
	sent, err := time.Parse(dateLayout, date)
	if err != nil || s.now().Sub(sent).Abs() > clockSkew {
		return unauthorised("Mismatch between system time and x-ots-date: %s.", date)
	}
	if day := r.Header.Get(headerDay); day != "" && !s.isToday(day) {
		return unauthorised("Mismatch between system time and x-ots-signdate: %s.", day)
	}
	return nil
}

func requiredHeaders(r *http.Request) []string {
	names := []string{headerDate, headerVersion, headerAccessKey, headerMD5, headerInstance}
	if r.Header.Get(headerSignatureV4) != "" {
		return append(names, headerRegion, headerDay)
	}
	return append(names, headerSignature)
}

// isToday allows the clocks to differ at midnight as they may at any time.
func (s *Server) isToday(day string) bool {
	now := s.now().UTC()
	return day == now.Format(dayLayout) || day == now.Add(-clockSkew).Format(dayLayout) || day == now.Add(clockSkew).Format(dayLayout)
}

// stringToSign is path, method, an empty query, and every x-ots- header but the
// signatures, in order of their names.
func stringToSign(r *http.Request) string {
	return r.URL.Path + "\n" + r.Method + "\n\n" + otsHeaders(r.Header) + "\n"
}

// otsHeaders writes the headers that are signed as lines "name:value".
func otsHeaders(h http.Header) string {
	names := make([]string, 0, len(h))
	for name := range h {
		if strings.HasPrefix(name, headerPrefix) && name != headerSignature && name != headerSignatureV4 {
			names = append(names, name)
		}
	}
	slices.Sort(names) // canonical names sort as lower-case ones do
	lines := make([]byte, 0, 512)
	for i, name := range names {
		if i > 0 {
			lines = append(lines, '\n')
		}
		for _, letter := range []byte(name) {
			if 'A' <= letter && letter <= 'Z' {
				letter += 'a' - 'A'
			}
			lines = append(lines, letter)
		}
		lines = append(append(lines, ':'), strings.TrimSpace(strings.Join(h[name], ","))...)
	}
	return string(lines)
}

func sign(secret, text string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signingKeyV4 derives the key; the protocol goes on with its base64 text.
func signingKeyV4(secret, day, region string) string {
	key := []byte("aliyun_v4" + secret)
	for _, part := range []string{day, region, "ots", "aliyun_v4_request"} {
		key = hmacSHA256(key, part)
	}
	return base64.StdEncoding.EncodeToString(key)
}

func signV4(key, text string) string {
	return base64.StdEncoding.EncodeToString(hmacSHA256([]byte(key), text+"ots"))
}

func hmacSHA256(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

func contentMD5(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // the protocol's checksum
	return base64.StdEncoding.EncodeToString(sum[:])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
