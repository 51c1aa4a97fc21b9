package openapi_test

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
)

func clock() time.Time { return time.Date(2026, 11, 23, 17, 58, 4, 0, time.UTC) }

func client() *openapi.Client { return openapi.New(clock, rand.Reader) }

// token has what base64 has, and is escaped differently everywhere.
const (
	secret = "the+access/key=secret"
	token  = "CAIS+the/security=token=="
)

func request(endpoint string) openapi.Request {
	return openapi.Request{
		Endpoint: endpoint, Version: "2015-04-01", Action: "AssumeRole",
		Params:      url.Values{"RoleArn": {"acs:ram::1:role/a"}, "Policy": {`{"a": "b*c~"}`}},
		Credentials: ram.Credentials{AccessKeyID: "STS.id", AccessKeySecret: secret, SecurityToken: token},
	}
}

// serve starts a service that answers the nth request by the nth handler, and
// later ones by the last.
func serve(t *testing.T, handlers ...http.HandlerFunc) (endpoint string, calls *atomic.Int64) {
	t.Helper()
	calls = new(atomic.Int64)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := int(calls.Add(1))
		handlers[min(n, len(handlers))-1](w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, calls
}

func answers(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

type answer struct{ A string }

// checkACS3 verifies a request by the description of the signature alone.
func checkACS3(r *http.Request) error {
	scheme, rest, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	parts := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(part, "=")
		parts[name] = value
	}
	if scheme != "ACS3-HMAC-SHA256" || parts["Credential"] != "STS.id" {
		return fmt.Errorf("authorization %q", r.Header.Get("Authorization"))
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	if hex.EncodeToString(sum[:]) != r.Header.Get("X-Acs-Content-Sha256") {
		return errors.New("the hash is not the body's")
	}
	canonical := r.Method + "\n" + r.URL.Path + "\n" + r.URL.RawQuery + "\n"
	for name := range strings.SplitSeq(parts["SignedHeaders"], ";") {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		canonical += name + ":" + value + "\n"
	}
	canonical += "\n" + parts["SignedHeaders"] + "\n" + r.Header.Get("X-Acs-Content-Sha256")
	hashed := sha256.Sum256([]byte(canonical))
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte("ACS3-HMAC-SHA256\n" + hex.EncodeToString(hashed[:])))
	if hex.EncodeToString(mac.Sum(nil)) != parts["Signature"] {
		return fmt.Errorf("the signature is not that of\n%s", canonical)
	}
	for _, name := range []string{"host", "x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256", "x-acs-security-token"} {
		if !strings.Contains(";"+parts["SignedHeaders"]+";", ";"+name+";") {
			return fmt.Errorf("%s is not signed", name)
		}
	}
	return nil
}

func TestACallIsSigned(t *testing.T) {
	endpoint, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := checkACS3(r); err != nil {
			t.Error(err)
		}
		q := r.URL.Query()
		if q.Get("RoleArn") != "acs:ram::1:role/a" || q.Get("Policy") != `{"a": "b*c~"}` || len(q) != 2 {
			t.Errorf("query %v", q)
		}
		if h := r.Header; h.Get("X-Acs-Action") != "AssumeRole" || h.Get("X-Acs-Version") != "2015-04-01" ||
			h.Get("X-Acs-Date") != "2026-11-23T17:58:04Z" || h.Get("X-Acs-Security-Token") != token {
			t.Errorf("headers %v", h)
		}
		answers(200, `{"A":"b"}`)(w, r)
	})
	var got answer
	if err := client().Call(t.Context(), request(endpoint), &got); err != nil || got.A != "b" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestAnAnonymousCallIsAsTheOfficialClientMakesIt: no proof is in its address, and
// none in an error that repeats it.
func TestAnAnonymousCallIsAsTheOfficialClientMakesIt(t *testing.T) {
	refused := false
	endpoint, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if r.Method != http.MethodPost || r.Header.Get("Authorization") != "" || r.URL.Path != "/" || len(q) != 4 || q.Get("Action") != "AssumeRoleWithOIDC" ||
			q.Get("Version") != "2015-04-01" || q.Get("Format") != "JSON" || q.Get("Timestamp") != "2026-11-23T17:58:04Z" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		if err := r.ParseForm(); err != nil || r.PostForm.Get("OIDCToken") != "e30.proof" || len(r.PostForm) != 2 {
			t.Errorf("%v %v", err, r.PostForm)
		}
		if refused {
			answers(401, `{"Code":"AuthenticationFail.OIDCToken.Invalid","Message":"e30.proof is none"}`)(w, r)
			return
		}
		answers(200, `{"A":"b"}`)(w, r)
	})
	call := openapi.Request{
		Endpoint: endpoint, Version: "2015-04-01", Action: "AssumeRoleWithOIDC",
		Params: url.Values{"RoleArn": {"acs:ram::1:role/a"}, "OIDCToken": {"e30.proof"}},
	}
	var got answer
	if err := client().CallAnonymously(t.Context(), call, &got, "e30.proof"); err != nil || got.A != "b" {
		t.Errorf("%+v, %v", got, err)
	}
	refused = true
	err := client().CallAnonymously(t.Context(), call, &got, "e30.proof")
	if e, ok := errors.AsType[*openapi.Error](err); !ok || e.Code != "AuthenticationFail.OIDCToken.Invalid" || strings.Contains(err.Error(), "proof") {
		t.Errorf("%v", err)
	}
}

func TestEachAttemptHasItsOwnNonce(t *testing.T) {
	var nonces []string
	note := func(w http.ResponseWriter, r *http.Request) {
		nonces = append(nonces, r.Header.Get("X-Acs-Signature-Nonce"))
		answers(503, `{"Code":"ServiceUnavailable"}`)(w, r)
	}
	endpoint, _ := serve(t, note)
	if err := client().Call(t.Context(), request(endpoint), nil); err == nil || len(nonces) != 2 || nonces[0] == nonces[1] {
		t.Errorf("%v, %v", nonces, err)
	}
}

func TestOnlyWhatMayGoBetterIsRepeated(t *testing.T) {
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for name, c := range map[string]struct {
		first http.HandlerFunc
		calls int64
	}{
		"throttled":         {answers(400, `{"Code":"Throttling.User","Message":"flow control"}`), 2},
		"throttled by KMS":  {answers(400, `{"HttpStatus":400,"Code":"Rejected.Throttling"}`), 2},
		"too many requests": {answers(429, ``), 2},
		"internal":          {answers(500, `{"code":"InternalError"}`), 2},
		"bad gateway":       {answers(502, `<html>`), 2},
		"broken connection": {hangUp, 2},
		"no permission":     {answers(403, `{"Code":"NoPermission"}`), 1},
		"no such role":      {answers(404, `{"Code":"EntityNotExist.Role"}`), 1},
		"bad signature":     {answers(400, `{"Code":"SignatureDoesNotMatch"}`), 1},
		"no JSON":           {answers(200, `<html>`), 1},
		"a redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, 1},
		"too much": {answers(200, `{"A":"`+strings.Repeat("x", 1<<20)+`"}`), 1},
	} {
		endpoint, calls := serve(t, c.first, answers(200, `{"A":"b"}`))
		var got answer
		err := client().Call(t.Context(), request(endpoint), &got)
		if calls.Load() != c.calls || (err == nil) != (c.calls == 2) || (err == nil && got.A != "b") {
			t.Errorf("%s: %d calls, %v", name, calls.Load(), err)
		}
	}
}

func TestARefusalSpeaksInTheServicesWords(t *testing.T) {
	endpoint, _ := serve(t, answers(404, `{"requestId":"ABC","code":"EntityNotExist.Role","message":"The specified Role not exists."}`))
	err := client().Call(t.Context(), request(endpoint), nil)
	e, ok := errors.AsType[*openapi.Error](err)
	if !ok || *e != (openapi.Error{Status: 404, Code: "EntityNotExist.Role", Message: "The specified Role not exists.", RequestID: "ABC"}) {
		t.Errorf("%#v", err)
	}
	if want := "AssumeRole: status 404, EntityNotExist.Role: The specified Role not exists. (request ABC)"; err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestSecretsStayOutOfErrors(t *testing.T) {
	once := url.QueryEscape(token)
	for name, body := range map[string]string{
		"as they are":   `{"Code":"SignatureDoesNotMatch","Message":"canonical: x-acs-security-token:` + token + ` of ` + secret + `"}`,
		"escaped once":  `{"Code":"SignatureDoesNotMatch","Message":"` + once + `","RequestId":"` + once + `"}`,
		"escaped twice": `{"Code":"` + url.QueryEscape(once) + `","Message":""}`,
		"in nonsense":   token,
	} {
		endpoint, _ := serve(t, answers(400, body))
		for _, err := range []error{
			client().Call(t.Context(), request(endpoint), nil),
			client().Post(t.Context(), endpoint, url.Values{"Action": {"GetSigninToken"}, "SecurityToken": {token}}, nil, secret, token),
		} {
			if err == nil || strings.Contains(err.Error(), "the/security") || strings.Contains(err.Error(), "the%") || strings.Contains(err.Error(), "access/key") {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	endpoint, _ := serve(t, answers(200, `{"A":{"SecurityToken":"`+token+`"}}`))
	if err := client().Call(t.Context(), request(endpoint), &answer{}); err == nil || strings.Contains(err.Error(), token) {
		t.Error(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close() // nobody listens there now
	err = client().Call(t.Context(), request("http://"+listener.Addr().String()), nil)
	if err == nil || strings.Contains(err.Error(), "RoleArn") || !strings.Contains(err.Error(), "connection refused") {
		t.Error(err)
	}
}

func TestALongMessageIsCut(t *testing.T) {
	endpoint, _ := serve(t, answers(400, `{"Code":"X","Message":"`+strings.Repeat("é", 5000)+`"}`))
	if err := client().Call(t.Context(), request(endpoint), nil); err == nil || len(err.Error()) > 400 {
		t.Errorf("%d bytes", len(err.Error()))
	}
}

func TestTheCallersDeadlineHolds(t *testing.T) {
	release := make(chan struct{})
	endpoint, calls := serve(t, func(http.ResponseWriter, *http.Request) { <-release })
	t.Cleanup(func() { close(release) })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := client().Call(ctx, request(endpoint), nil)
	if !errors.Is(err, context.DeadlineExceeded) || calls.Load() != 1 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}

func TestAFormIsPostedUnsigned(t *testing.T) {
	endpoint, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" || r.Header.Get("Authorization") != "" || r.PostFormValue("SecurityToken") != token || r.URL.Path != "/federation" {
			t.Errorf("%s %v %v", r.URL, r.Header, r.PostForm)
		}
		answers(200, `{"a":"lower case"}`)(w, r)
	})
	var got answer
	form := url.Values{"Action": {"GetSigninToken"}, "SecurityToken": {token}}
	if err := client().Post(t.Context(), endpoint+"/federation", form, &got, token); err != nil || got.A != "lower case" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWithoutRandomnessNothingIsSent(t *testing.T) {
	endpoint, calls := serve(t, answers(200, `{}`))
	err := openapi.New(clock, strings.NewReader("short")).Call(t.Context(), request(endpoint), nil)
	if err == nil || calls.Load() != 0 {
		t.Errorf("%d calls, %v", calls.Load(), err)
	}
}
