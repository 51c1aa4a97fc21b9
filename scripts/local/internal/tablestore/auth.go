package tablestore

import (
	"crypto/hmac"
	"crypto/md5"  //nolint:gosec // the protocol's checksum
	"crypto/sha1" //nolint:gosec // the protocol's V2 signature
	"crypto/subtle"
	"encoding/base64"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	headerDate        = "x-ots-date"
	headerVersion     = "x-ots-apiversion"
	headerAccessKey   = "x-ots-accesskeyid"
	headerMD5         = "x-ots-contentmd5"
	headerInstance    = "x-ots-instancename"
	headerToken       = "x-ots-ststoken" //nolint:gosec // the name of a header
	headerSignature   = "x-ots-signature"
	headerSignatureV4 = "x-ots-signaturev4"

	dateLayout = "2006-01-02T15:04:05Z" // a fraction of any length is taken, as the Go SDK's is garbled
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
	if !same(sign(secret, stringToSign(r)), r.Header.Get(headerSignature)) {
		return signer{}, unauthorised("Signature mismatch.")
	}
	return signer{id, secret}, nil
}

func (s *Server) checkHeaders(r *http.Request, body []byte) error {
	if r.Header.Get(headerSignatureV4) != "" {
		return unauthorised("Signature V4 is not supported by this emulator, sign with V2.")
	}
	for _, name := range []string{headerDate, headerVersion, headerAccessKey, headerMD5, headerInstance, headerSignature} {
		if r.Header.Get(name) == "" {
			return &refusal{http.StatusBadRequest, "OTSMissingHeader", "Missing header: '" + name + "'."}
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
	return nil
}

// stringToSign is path, method, an empty query, and every x-ots- header but the
// signatures, in order of their names.
func stringToSign(r *http.Request) string {
	headers := otsHeaders(r.Header)
	return r.URL.Path + "\n" + r.Method + "\n\n" + strings.Join(headers, "\n") + "\n"
}

func otsHeaders(h http.Header) []string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(h)) { // canonical names sort as lower-case ones do
		lower := strings.ToLower(name)
		if strings.HasPrefix(lower, "x-ots-") && lower != headerSignature && lower != headerSignatureV4 {
			lines = append(lines, lower+":"+strings.TrimSpace(strings.Join(h[name], ",")))
		}
	}
	return lines
}

func sign(secret, text string) string {
	mac := hmac.New(sha1.New, []byte(secret))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func contentMD5(body []byte) string {
	sum := md5.Sum(body) //nolint:gosec // the protocol's checksum
	return base64.StdEncoding.EncodeToString(sum[:])
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
