package cloud_test

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sort"
	"strings"
	"testing"
	"time"
)

// signer is a client of its own: it knows the documents, not the code under test.
type signer struct {
	id, secret, token string
	now               time.Time
}

type pair struct{ name, value string }

// v1 signs params by the RPC scheme and puts them into the query of a POST, as
// the official SDK does.
func (s signer) v1(params ...pair) *http.Request {
	return httptest.NewRequest(http.MethodPost, "/?"+s.v1Query(http.MethodPost, params...), nil)
}

// v1Form puts all but the action into a form, as credentials-go does.
func (s signer) v1Form(params ...pair) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(s.v1Query(http.MethodPost, params...)))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func (s signer) v1Query(method string, params ...pair) string {
	all := []pair{
		{"Version", "2015-04-01"},
		{"AccessKeyId", s.id},
		{"SignatureMethod", "HMAC-SHA1"},
		{"SignatureVersion", "1.0"},
		{"SignatureNonce", rand.Text()},
		{"Timestamp", s.now.UTC().Format(time.RFC3339)},
	}
	if s.token != "" {
		all = append(all, pair{"SecurityToken", s.token})
	}
	for _, p := range params { // a test's own value wins
		all = append(without(all, p.name), p)
	}
	query := canonical(all)
	mac := hmac.New(sha1.New, []byte(s.secret+"&"))
	mac.Write([]byte(method + "&" + percent("/") + "&" + percent(query)))
	return query + "&Signature=" + percent(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// acs3 signs by the header scheme. The edit may spoil the request before it is
// signed.
func (s signer) acs3(action string, query []pair, edit func(http.Header)) *http.Request {
	return s.acs3To("/", action, query, "", edit)
}

// acs3To signs a request for any path, with a body.
func (s signer) acs3To(path, action string, query []pair, body string, edit func(http.Header)) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "http://sts.test"+path+"?"+canonical(query), strings.NewReader(body))
	sum := sha256.Sum256([]byte(body))
	for name, value := range map[string]string{
		"x-acs-action":          action,
		"x-acs-version":         "2015-04-01",
		"x-acs-date":            s.now.UTC().Format(time.RFC3339),
		"x-acs-signature-nonce": rand.Text(),
		"x-acs-content-sha256":  hex.EncodeToString(sum[:]),
		"x-acs-security-token":  s.token,
		"x-acs-accesskey-id":    s.id,
	} {
		if value != "" {
			r.Header.Set(name, value)
		}
	}
	if edit != nil {
		edit(r.Header)
	}
	names := []string{"host"}
	for name := range r.Header {
		names = append(names, strings.ToLower(name))
	}
	sort.Strings(names)
	text := "POST\n" + path + "\n" + canonical(query) + "\n"
	for _, name := range names {
		if name == "host" {
			text += "host:sts.test\n"
			continue
		}
		text += name + ":" + r.Header.Get(name) + "\n"
	}
	text += "\n" + strings.Join(names, ";") + "\n" + r.Header.Get("x-acs-content-sha256")
	hash := sha256.Sum256([]byte(text))
	mac := hmac.New(sha256.New, []byte(s.secret))
	mac.Write(fmt.Appendf(nil, "ACS3-HMAC-SHA256\n%x", hash))
	r.Header.Set("Authorization", fmt.Sprintf("ACS3-HMAC-SHA256 Credential=%s,SignedHeaders=%s,Signature=%x", s.id, strings.Join(names, ";"), mac.Sum(nil)))
	return r
}

func without(all []pair, name string) []pair {
	var rest []pair
	for _, p := range all {
		if p.name != name {
			rest = append(rest, p)
		}
	}
	return rest
}

func canonical(all []pair) string {
	sort.Slice(all, func(i, j int) bool { return all[i].name < all[j].name })
	var parts []string
	for _, p := range all {
		parts = append(parts, percent(p.name)+"="+percent(p.value))
	}
	return strings.Join(parts, "&")
}

// percent writes every byte that RFC 3986 does not leave alone as %XX.
func percent(s string) string {
	var out strings.Builder
	for _, b := range []byte(s) {
		if strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~", rune(b)) {
			out.WriteByte(b)
		} else {
			fmt.Fprintf(&out, "%%%02X", b)
		}
	}
	return out.String()
}

// TestTheSignerKnowsThePublishedVector keeps the tests' own client honest.
func TestTheSignerKnowsThePublishedVector(t *testing.T) {
	s := signer{id: "testid", secret: "testsecret", now: time.Date(2015, 9, 1, 5, 57, 34, 0, time.UTC)}
	query := s.v1Query(http.MethodGet, pair{"Action", "AssumeRole"}, pair{"Format", "JSON"},
		pair{"RoleArn", "acs:ram::1234567890123:role/firstrole"}, pair{"RoleSessionName", "client"},
		pair{"SignatureNonce", "571f8fb8-506e-11e5-8e12-b8e8563dc8d2"})
	if !strings.HasSuffix(query, "&Signature=gNI7b0AyKZHxDgjBGPDgJ1Ce3L4%3D") {
		t.Error(query)
	}
}
