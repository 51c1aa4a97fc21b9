package exchange_test

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// call is a good AssumeRoleWithOIDC, with these parameters changed; "" takes one
// away.
func (b *bench) call(changes map[string]string) url.Values {
	params := url.Values{}
	fields := map[string]string{
		"Action": "AssumeRoleWithOIDC", "Version": "2015-04-01", "Format": "JSON", "Timestamp": "2027-03-01T12:00:00Z",
		"RoleArn": deploy, "OIDCProviderArn": provider, "RoleSessionName": "ci-17", "OIDCToken": b.issuer.Token(nil),
	}
	maps.Copy(fields, changes)
	for name, value := range fields {
		if value != "" {
			params.Set(name, value)
		}
	}
	return params
}

// TestEachWayToSaySTSTheSame: the official clients put parameters into the query,
// into the form, or some into either.
func TestEachWayToSaySTSTheSame(t *testing.T) {
	const want = `{"RequestId":"1-2-3",` +
		`"OIDCTokenInfo":{"Subject":"repo:acme/shop:ref:refs/heads/main","Issuer":"https://issuer.example","ClientIds":"sts.aliyuncs.com",` +
		`"IssuanceTime":"2027-03-01T12:00:00Z","ExpirationTime":"2027-03-01T12:05:00Z","VerificationInfo":"Success"},` +
		`"AssumedRoleUser":{"Arn":"acs:ram::1234567890123456:role/deploy/ci-17","AssumedRoleId":"344:ci-17"},` +
		`"Credentials":{"AccessKeyId":"STS.key","AccessKeySecret":"secret","SecurityToken":"token","Expiration":"2027-03-01T12:20:00Z"}}`
	change := map[string]string{"DurationSeconds": "1200", "OIDCToken": validatetest.NewIssuer(t).Token(nil) + "\r\n", "Policy": readOnly}
	for name, send := range map[string]func(*bench, url.Values) *httptest.ResponseRecorder{
		"GET": func(b *bench, params url.Values) *httptest.ResponseRecorder {
			return b.get(t, "/sts/?"+params.Encode())
		},
		"POST, all in the form": func(b *bench, params url.Values) *httptest.ResponseRecorder {
			return b.post(t, "/sts", params.Encode())
		},
		"POST, all in the query": func(b *bench, params url.Values) *httptest.ResponseRecorder {
			return b.post(t, "/sts/?"+params.Encode(), "")
		},
		"POST, half and half": func(b *bench, params url.Values) *httptest.ResponseRecorder {
			query := url.Values{"Action": params["Action"], "Version": params["Version"], "Format": {"json"}}
			for moved := range query {
				params.Del(moved)
			}
			return b.post(t, "/sts/?"+query.Encode(), params.Encode())
		},
	} {
		b := newBench(t)
		if w := send(b, b.call(change)); w.Code != http.StatusOK || w.Body.String() != want {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
		if len(b.grants) != 1 || b.grants[0].Duration() != 20*time.Minute || b.grants[0].SessionPolicy() != readOnly {
			t.Errorf("%s: %+v", name, b.grants)
		}
	}
}

func (b *bench) get(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	b.ServeHTTP(w, httptest.NewRequestWithContext(audit.Begin(t.Context(), "1-2-3"), http.MethodGet, "https://sso.example"+path, http.NoBody))
	return w
}

func TestSTSSpeaksXMLToo(t *testing.T) {
	b := newBench(t)
	w := b.post(t, "/sts", b.call(map[string]string{"Format": "xml"}).Encode())
	var answer struct {
		XMLName     xml.Name `xml:"AssumeRoleWithOIDCResponse"`
		Subject     string   `xml:"OIDCTokenInfo>Subject"`
		Key         string   `xml:"Credentials>AccessKeyId"`
		AssumedRole string   `xml:"AssumedRoleUser>AssumedRoleId"`
		RequestID   string   `xml:"RequestId"`
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/xml;charset=utf-8" {
		t.Fatalf("%d %v %s", w.Code, err, w.Body)
	}
	if answer.Subject == "" || answer.Key != "STS.key" || answer.AssumedRole != "344:ci-17" || answer.RequestID != "1-2-3" {
		t.Errorf("%+v", answer)
	}
}

// TestARefusalKeepsTheFormThatWasAskedFor: also where the form, not the query, asked.
func TestARefusalKeepsTheFormThatWasAskedFor(t *testing.T) {
	b := newBench(t)
	w := b.post(t, "/sts", b.call(map[string]string{"Format": "XML", "RoleArn": ""}).Encode())
	var refusal struct {
		XMLName xml.Name `xml:"Error"`
		Code    string
		HostID  string `xml:"HostId"`
	}
	if err := xml.Unmarshal(w.Body.Bytes(), &refusal); err != nil || refusal.Code != "MissingParameter.RoleArn" || refusal.HostID != "sso.example" {
		t.Errorf("%v %s", err, w.Body)
	}
}

// TestEachRefusalAsSTS compares each with testdata/sts.txt.
func TestEachRefusalAsSTS(t *testing.T) {
	now := validatetest.Now().Unix()
	var got strings.Builder
	for _, c := range []refusal{
		{why: "no action", form: map[string]string{"Action": ""}},
		{why: "another action", form: map[string]string{"Action": "AssumeRole"}},
		{why: "another kind of proof than the action's", form: map[string]string{"Action": "AssumeRoleWithSAML"}},
		{why: "another version", form: map[string]string{"Version": "2014-01-01"}},
		{why: "a parameter twice", path: "/sts?RoleArn=x"},
		{why: "no role", form: map[string]string{"RoleArn": ""}},
		{why: "no provider", form: map[string]string{"OIDCProviderArn": ""}},
		{why: "no token", form: map[string]string{"OIDCToken": ""}},
		{why: "no session name", form: map[string]string{"RoleSessionName": ""}},
		{why: "a role without form", form: map[string]string{"RoleArn": "deploy"}},
		{why: "a provider without form", form: map[string]string{"OIDCProviderArn": deploy}},
		{why: "a session name with a blank", form: map[string]string{"RoleSessionName": "ci 17"}},
		{why: "a session too short", form: map[string]string{"DurationSeconds": "899"}},
		{why: "a session too long", form: map[string]string{"DurationSeconds": "43201"}},
		{why: "a duration that is none", form: map[string]string{"DurationSeconds": "1h"}},
		{why: "a policy that is none", form: map[string]string{"Policy": "{}"}},
		{why: "a policy too large", form: map[string]string{"Policy": strings.Repeat("x", 2049)}},

		{why: "another provider of the account", form: map[string]string{"OIDCProviderArn": provider + "2"}},
		{why: "a role of an account without the provider", form: map[string]string{"RoleArn": "acs:ram::2345678901234567:role/x"}},
		{why: "nobody's issuer", claims: map[string]any{"iss": "https://evil.example"}},
		{why: "another audience", claims: map[string]any{"aud": "other"}},
		{why: "expired", claims: map[string]any{"exp": now - 400}},
		{why: "issued too long ago", claims: map[string]any{"iat": now - 90_000, "nbf": nil}},
		{why: "no JWS", form: map[string]string{"OIDCToken": "this is no token at all"}},
		{why: "no base64", form: map[string]string{"OIDCToken": "e30=.e30=.c2lnbmF0dXJl"}},
		{why: "an algorithm with a shared secret", raw: func(b *bench) string {
			token := b.issuer.Sign(b.issuer.JSON(b.issuer.Header(map[string]any{"alg": "HS256"})), b.issuer.JSON(validatetest.Claims(nil)))
			return b.call(map[string]string{"OIDCToken": token}).Encode()
		}},
		{why: "an unknown key", raw: func(b *bench) string {
			return b.call(map[string]string{"OIDCToken": b.issuer.Named("two").Token(nil)}).Encode()
		}},
		{why: "another's key", raw: func(b *bench) string {
			return b.call(map[string]string{"OIDCToken": validatetest.OtherIssuer(b.issuer.TB()).Token(nil)}).Encode()
		}},
		{why: "people's record", bench: func(b *bench) { validatetest.ForLogin(&b.source) }},
		{why: "no rule", claims: map[string]any{"repository_owner_id": "666"}},
		{why: "a second policy", form: map[string]string{"RoleArn": narrow, "Policy": readOnly}, claims: map[string]any{"team": "platform"}},
		{why: "the role does not trust us", bench: func(b *bench) {
			b.err = reason.New(reason.RoleRefused, "%w", &openapi.Error{Code: "NoPermission", Message: "secret"})
		}},
		{why: "there is no such role", bench: func(b *bench) {
			b.err = reason.New(reason.RoleRefused, "%w", &openapi.Error{Code: "EntityNotExist.Role", Message: "secret"})
		}},
		{why: "we cannot sign", bench: func(b *bench) { b.err = reason.New(reason.OwnKeysUnavailable, "KMS hangs") }},
		{why: "STS refuses the token itself", bench: func(b *bench) {
			b.err = reason.New(reason.ProofRefused, "%s: %w", deploy, &openapi.Error{Status: 401, Code: "AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch", Message: "Another fingerprint.", RequestID: "R-1"})
		}},
		{why: "STS is silent", bench: func(b *bench) { b.err = reason.New(reason.STSUnavailable, "no answer") }},
		{why: "a fault", bench: func(b *bench) { b.err = fmt.Errorf("secret internals") }},
	} {
		w := c.send(t, "/sts", "OIDCToken", (*bench).call)
		var shape struct{ RequestID, HostID, Code, Message string }
		if err := json.Unmarshal(w.Body.Bytes(), &shape); err != nil || shape.Code == "" || strings.Contains(w.Body.String(), "\n") {
			t.Errorf("%s: %v %s", c.why, err, w.Body)
		}
		fmt.Fprintf(&got, "# %s\n%d %s\n%s\n", c.why, w.Code, shape.Code, shape.Message)
	}
	golden(t, "testdata/sts.txt", got.String())
}

// TestAUsedTokenIsRefusedInEitherProtocol: one memory serves both.
func TestAUsedTokenIsRefusedInEitherProtocol(t *testing.T) {
	b := newBench(t)
	if w := b.exchange(t, nil); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	token := b.issuer.Token(nil)
	for _, again := range []string{token, token + "\n", token + "\r\n\r\n"} { // line breaks are forgiven, a second use is not
		w := b.post(t, "/sts", b.call(map[string]string{"OIDCToken": again}).Encode())
		if w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "AuthenticationFail.OIDCToken.Invalid") || !strings.Contains(w.Body.String(), "replayed") {
			t.Errorf("/sts: %d %s", w.Code, w.Body)
		}
		if w := b.exchange(t, map[string]string{"subject_token": again}); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"code":"replayed"`) {
			t.Errorf("/oidc/token: %d %s", w.Code, w.Body)
		}
	}
}
