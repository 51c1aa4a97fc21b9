package cloud

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // signature V1 of Alibaba Cloud's RPC APIs is HMAC-SHA1
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// tolerance is how far a request's clock may be off, either way.
const tolerance = 15 * time.Minute

// signed is what both signature schemes come down to.
type signed struct {
	accessKeyID, token string
	nonce, at          string
	signature          string
	compute            func(secret string) string // the signature that we expect
	mismatch           string                     // what to say when it differs
}

// authenticate says who signed the request. Cheap checks come first; the nonce
// is spent last, or a stranger could burn another's.
func (c *Cloud) authenticate(q rpcRequest) (caller, *fault) {
	read := readV1
	if q.header.Get("Authorization") != "" {
		read = readACS3
	}
	s, f := read(q)
	if f != nil {
		return caller{}, f
	}
	if f := c.checkTime(s.at); f != nil {
		return caller{}, f
	}
	e, f := c.checkKey(s.accessKeyID, s.token)
	if f != nil {
		return caller{}, f
	}
	if subtle.ConstantTimeCompare([]byte(s.compute(e.secret)), []byte(s.signature)) != 1 {
		return caller{}, refuse(http.StatusBadRequest, "SignatureDoesNotMatch", "%s", s.mismatch)
	}
	if !c.nonces.use(s.accessKeyID + " " + s.nonce) {
		return caller{}, refuse(http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	return e.who, nil
}

func (c *Cloud) checkTime(text string) *fault {
	at, err := time.Parse("2006-01-02T15:04:05Z", text)
	if err != nil {
		return refuse(http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	if off := c.now().Sub(at); off > tolerance || off < -tolerance {
		return refuse(http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	}
	return nil
}

// checkKey finds the key and compares its security token: temporary keys are
// worth nothing without it, long-lived ones have none.
func (c *Cloud) checkKey(id, token string) (entry, *fault) {
	e, ok := c.ring.use(id)
	switch {
	case !ok:
		return entry{}, refuse(http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
	case e.off:
		return entry{}, keyDisabled()
	case e.token != "" && token == "":
		return entry{}, refuse(http.StatusBadRequest, "MissingSecurityToken", "SecurityToken is mandatory for this action.")
	case token != "" && !strings.HasPrefix(token, tokenPrefix):
		return entry{}, refuse(http.StatusBadRequest, "InvalidSecurityToken.Malformed", "Specified SecurityToken is malformed.")
	case subtle.ConstantTimeCompare([]byte(token), []byte(e.token)) != 1:
		return entry{}, refuse(http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey", "Specified SecurityToken mismatch with the AccessKey.")
	case e.expired(c.now()):
		return entry{}, refuse(http.StatusBadRequest, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
	}
	return e, nil
}

// readV1 reads the RPC signature in the parameters (SignatureVersion 1.0).
func readV1(q rpcRequest) (signed, *fault) {
	for _, name := range []string{"AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "SignatureNonce", "Timestamp"} {
		if q.params.Get(name) == "" {
			return signed{}, missing(name)
		}
	}
	for name, want := range map[string]string{"SignatureMethod": "HMAC-SHA1", "SignatureVersion": "1.0"} {
		if q.params.Get(name) != want {
			return signed{}, refuse(http.StatusBadRequest, "Invalid"+name, "Specified parameter %s is not valid.", name)
		}
	}
	text := stringToSignV1(q.method, q.params)
	return signed{
		accessKeyID: q.params.Get("AccessKeyId"),
		token:       q.params.Get("SecurityToken"),
		nonce:       q.params.Get("SignatureNonce"),
		at:          q.params.Get("Timestamp"),
		signature:   q.params.Get("Signature"),
		compute:     func(secret string) string { return signV1(secret, text) },
		mismatch:    "Specified signature is not matched with our calculation. server string to sign is:" + text,
	}, nil
}

func stringToSignV1(method string, params url.Values) string {
	return method + "&%2F&" + encode(canonicalQuery(params, "Signature"))
}

func signV1(secret, text string) string {
	mac := hmac.New(sha1.New, []byte(secret+"&"))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// canonicalQuery sorts by name and encodes by RFC 3986; a name without a value
// keeps its "=".
func canonicalQuery(params url.Values, without string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != without {
			pairs = append(pairs, encode(name)+"="+encode(params.Get(name)))
		}
	}
	return strings.Join(pairs, "&")
}

// encode is RFC 3986: url.QueryEscape but for the blank; it leaves ~ alone and
// escapes * already.
func encode(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

const acs3 = "ACS3-HMAC-SHA256"

var acs3Authorization = regexp.MustCompile(`^` + acs3 + ` +Credential=([^,\s]+), *SignedHeaders=([^,\s]+), *Signature=([0-9a-f]{64})$`)

// readACS3 reads the signature in the Authorization header.
func readACS3(q rpcRequest) (signed, *fault) {
	authorization := q.header.Get("Authorization")
	if !strings.HasPrefix(authorization, acs3+" ") { // ACS3-HMAC-SM3, ACS3-RSA-SHA256, Bearer: not emulated
		return signed{}, refuse(http.StatusBadRequest, "InvalidSignatureMethod", "Specified signature method is not valid.")
	}
	parts := acs3Authorization.FindStringSubmatch(authorization)
	if parts == nil || !q.signsWhatMatters(parts[2]) || q.header.Get("X-Acs-Content-Sha256") != q.bodyHash {
		return signed{}, refuse(http.StatusBadRequest, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
	}
	canonical := q.canonicalACS3(parts[2])
	sum := sha256.Sum256([]byte(canonical))
	text := acs3 + "\n" + hex.EncodeToString(sum[:])
	return signed{
		accessKeyID: parts[1],
		token:       q.header.Get("X-Acs-Security-Token"),
		nonce:       q.header.Get("X-Acs-Signature-Nonce"),
		at:          q.header.Get("X-Acs-Date"),
		signature:   parts[3],
		compute:     func(secret string) string { return signACS3(secret, text) },
		mismatch:    "Specified signature does not match our calculation. server StringToSign is [" + text + "] server CanonicalRequest is [" + canonical + "]",
	}, nil
}

// signsWhatMatters: host, and every x-acs- header that the request has, must be
// under the signature; what decides may not be added by someone on the way.
func (q rpcRequest) signsWhatMatters(signedHeaders string) bool {
	names := strings.Split(signedHeaders, ";")
	for _, name := range []string{"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"} {
		if !slices.Contains(names, name) || (name != "host" && q.header.Get(name) == "") {
			return false
		}
	}
	for name, values := range q.header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-acs-") && (len(values) != 1 || !slices.Contains(names, name)) {
			return false
		}
	}
	return true
}

func (q rpcRequest) canonicalACS3(signedHeaders string) string {
	var headers strings.Builder
	for name := range strings.SplitSeq(signedHeaders, ";") {
		value := q.header.Get(name)
		if name == "host" { // net/http keeps it apart
			value = q.host
		}
		headers.WriteString(name + ":" + strings.TrimSpace(value) + "\n")
	}
	path := q.path
	if path == "" {
		path = "/"
	}
	return strings.Join([]string{q.method, path, canonicalQuery(q.query, ""), headers.String(), signedHeaders, q.bodyHash}, "\n")
}

func signACS3(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// nonces remembers what was used for as long as its timestamp could pass again.
type nonces struct {
	now func() time.Time

	mu    sync.Mutex
	used  map[string]time.Time // when it may be forgotten
	swept time.Time
}

func newNonces(now func() time.Time) *nonces {
	return &nonces{now: now, used: map[string]time.Time{}}
}

func (n *nonces) use(nonce string) bool {
	return n.useUntil(nonce, n.now().Add(2*tolerance))
}

func (n *nonces) useUntil(nonce string, end time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.now()
	if now.Sub(n.swept) > time.Minute {
		maps.DeleteFunc(n.used, func(_ string, end time.Time) bool { return now.After(end) })
		n.swept = now
	}
	if _, ok := n.used[nonce]; ok {
		return false
	}
	n.used[nonce] = end
	return true
}
