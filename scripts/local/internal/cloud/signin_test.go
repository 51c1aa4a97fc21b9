package cloud_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	home    = "https://home.console.aliyun.com/"
	backTo  = "http://127.0.0.1:8080/go/1234567890123456/admin"
	product = "https://oss.console.aliyun.com/bucket?x=1"
)

func (w *world) credentials(duration string) url.Values {
	w.t.Helper()
	made := w.sts(w.portal().v1(assume(longRole, "alice@acme.com", pair{"DurationSeconds", duration})...)).json.Credentials
	return url.Values{
		"Action": {"GetSigninToken"}, "TicketType": {"mini"},
		"AccessKeyId": {made.AccessKeyId}, "AccessKeySecret": {made.AccessKeySecret}, "SecurityToken": {made.SecurityToken},
	}
}

func (w *world) post(path string, form url.Values, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.signin(r, cookies...)
}

func (w *world) get(path string, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	return w.signin(httptest.NewRequest(http.MethodGet, path, nil), cookies...)
}

func (w *world) signin(r *http.Request, cookies ...*http.Cookie) *httptest.ResponseRecorder {
	for _, c := range cookies {
		r.AddCookie(c)
	}
	rec := httptest.NewRecorder()
	w.Signin().ServeHTTP(rec, r)
	return rec
}

func (w *world) signinToken(duration string) string {
	w.t.Helper()
	rec := w.post("/federation", w.credentials(duration))
	var body struct{ RequestId, SigninToken string }
	if rec.Code != http.StatusOK || json.Unmarshal(rec.Body.Bytes(), &body) != nil || body.SigninToken == "" {
		w.t.Fatalf("GetSigninToken: %d %s", rec.Code, rec.Body)
	}
	return body.SigninToken
}

func loginPath(token, destination string) string {
	return "/federation?" + url.Values{"Action": {"Login"}, "SigninToken": {token}, "Destination": {destination}, "LoginUrl": {backTo}}.Encode()
}

func TestASigninTokenOpensTheConsole(t *testing.T) {
	w := newWorld(t)
	in := w.get(loginPath(w.signinToken("7200"), product))
	if in.Code != http.StatusFound || in.Header().Get("Location") != "http://localhost:9/console?service=oss.console.aliyun.com%2Fbucket" {
		t.Fatalf("%d %s", in.Code, in.Header().Get("Location"))
	}
	cookies := in.Result().Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly {
		t.Fatalf("cookies: %v", cookies)
	}
	page := w.get("/console?service=oss.console.aliyun.com%2Fbucket", cookies...).Body.String()
	for _, want := range []string{"acme-prod", "1234567890123456", ">long<", "alice@acme.com", "2026-11-23 20:00:00 UTC", "2 h 0 min left", "oss.console.aliyun.com/bucket", "Local emulator, not for production"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	out := w.post("/signout", nil, cookies...)
	if out.Code != http.StatusSeeOther || out.Header().Get("Location") != backTo {
		t.Errorf("sign out: %d %s", out.Code, out.Header().Get("Location"))
	}
	if w.get("/console", cookies...).Code != http.StatusUnauthorized {
		t.Error("signed out, and the session lives")
	}
}

func TestASigninTokenDiesAfterThirtySecondsAndOnUse(t *testing.T) {
	w := newWorld(t)
	token := w.signinToken("3600")
	if w.get(loginPath(token, home)).Code != http.StatusFound {
		t.Fatal("first use refused")
	}
	again := w.get(loginPath(token, home))
	if again.Code != http.StatusForbidden || !strings.Contains(again.Body.String(), backTo) || len(again.Result().Cookies()) != 0 {
		t.Errorf("second use: %d %s", again.Code, again.Body)
	}
	token = w.signinToken("3600")
	w.now = w.now.Add(30 * time.Second)
	if late := w.get(loginPath(token, home)); late.Code != http.StatusForbidden {
		t.Errorf("after 30 s: %d", late.Code)
	}
}

func TestTheConsoleOpensOnlyAlibabaCloudsPages(t *testing.T) {
	w := newWorld(t)
	for _, to := range []string{
		"", "http://home.console.aliyun.com/", "https://aliyun.com.evil.example/", "https://evilaliyun.com/", "https://a@evil.example/",
		"https://user@home.console.aliyun.com/", "https://home.console.aliyun.com:444/", "javascript:alert(1)", "//home.console.aliyun.com/",
	} {
		got := w.get(loginPath(w.signinToken("3600"), to))
		if got.Code != http.StatusBadRequest || len(got.Result().Cookies()) != 0 || !strings.Contains(got.Body.String(), "not Alibaba Cloud") {
			t.Errorf("%q: %d", to, got.Code)
		}
	}
}

func TestTheConsoleSessionEndsWithItsCredentials(t *testing.T) {
	w := newWorld(t)
	cookies := w.get(loginPath(w.signinToken("900"), home)).Result().Cookies()
	w.now = w.now.Add(15 * time.Minute)
	page := w.get("/console", cookies...)
	if page.Code != http.StatusUnauthorized || !strings.Contains(page.Body.String(), `href="`+backTo+`"`) {
		t.Errorf("%d %s", page.Code, page.Body)
	}
}

func TestANewSessionReplacesTheOld(t *testing.T) {
	w := newWorld(t)
	old := w.get(loginPath(w.signinToken("900"), home)).Result().Cookies()
	r := httptest.NewRequest(http.MethodGet, loginPath(w.signinToken("900"), home), nil)
	if w.signin(r, old...).Code != http.StatusFound {
		t.Fatal("second sign-in refused")
	}
	if w.get("/console", old...).Code != http.StatusUnauthorized {
		t.Error("the old session lives on")
	}
}

func TestGetSigninTokenRefuses(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct{ change, value, code string }{
		{"TicketType", "", "MissingParameter.TicketType"},
		{"TicketType", "normal", "InvalidParameter.TicketType"},
		{"SecurityToken", "", "MissingParameter.SecurityToken"},
		{"SecurityToken", "x", "InvalidSecurityToken.Malformed"},
		{"AccessKeySecret", "guess", "SignatureDoesNotMatch"},
		{"AccessKeyId", "STS.nobody", "InvalidAccessKeyId.NotFound"},
		{"AccessKeyId", w.AdminKey().AccessKeyID, "InvalidSecurityToken.MismatchWithAccessKey"},
		{"Action", "getSigninToken", "InvalidAction.NotFound"},
	} {
		form := w.credentials("3600")
		form.Set(c.change, c.value)
		if got := w.post("/federation", form); got.Code < 400 || !strings.Contains(got.Body.String(), `"Code":"`+c.code+`"`) {
			t.Errorf("%s=%q: %d %s", c.change, c.value, got.Code, got.Body)
		}
	}
}
