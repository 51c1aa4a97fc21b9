package op_test

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/internal/op"
)

func TestAPersonSignsInAndTheClientLearnsWho(t *testing.T) {
	for method, ask := range map[string]func(*site) page{
		"get":  func(s *site) page { return s.ask() },
		"post": func(s *site) page { return s.submit("/authorize", wish()) },
	} {
		t.Run(method, func(t *testing.T) {
			s := newSite(t, nil)
			form := ask(s)
			if form.status != http.StatusOK || !form.asksPassword() || !strings.Contains(form.text, "not for production") {
				t.Fatalf("no form: %d %s", form.status, form.text)
			}
			answer := s.password(form, "dave")
			if answer.answer.Get("state") != "state-1" || answer.answer.Get("iss") != s.Issuer() || len(answer.answer["code"]) != 1 {
				t.Fatalf("%d %v", answer.status, answer.answer)
			}
			tokens := s.redeem(answer)
			if tokens.status != http.StatusOK || tokens.header.Get("Cache-Control") != "no-store" || tokens.json(t)["token_type"] != "Bearer" {
				t.Fatalf("%d %s", tokens.status, tokens.text)
			}
			access, _ := tokens.json(t)["access_token"].(string)
			hash := sha256.Sum256([]byte(access))
			claims := s.verified(tokens)
			for name, want := range map[string]any{
				"iss": s.url, "aud": "fc-sso", "nonce": "nonce-1", "acr": byWord, "email": "dave@contoso.example", "email_verified": true,
				"name": "Dave Okafor", "preferred_username": "dave",
				"iat": float64(s.now.Unix()), "exp": float64(s.now.Unix() + 300), "auth_time": float64(s.now.Unix()),
				"at_hash": base64.RawURLEncoding.EncodeToString(hash[:16]),
			} {
				if claims[name] != want {
					t.Errorf("%s is %v, want %v", name, claims[name], want)
				}
			}
			if sub, _ := claims["sub"].(string); len(sub) != 32 || claims["jti"] == nil || strings.Join(texts(claims["groups"]), " ") != "partners" {
				t.Errorf("%v", claims)
			}
		})
	}
}

func texts(list any) []string {
	var all []string
	items, _ := list.([]any)
	for _, item := range items {
		text, _ := item.(string)
		all = append(all, text)
	}
	return all
}

func TestOnlyWhatIsAskedForIsTold(t *testing.T) {
	s := newSite(t, nil)
	claims := s.verified(s.redeem(s.password(s.ask("scope", "openid", "nonce", ""), "erin")))
	for _, name := range []string{"email", "name", "groups", "nonce", "azp"} {
		if claims[name] != nil {
			t.Errorf("%s is told: %v", name, claims[name])
		}
	}
}

// TestNobodyIsSentElsewhere: without a client and an address of it there is only a
// page.
func TestNobodyIsSentElsewhere(t *testing.T) {
	s := newSite(t, nil)
	for name, fields := range map[string]url.Values{
		"no client":        wish("client_id", ""),
		"another client":   wish("client_id", "other"),
		"two clients":      with(wish(), "client_id", "fc-sso"),
		"no address":       wish("redirect_uri", ""),
		"another address":  wish("redirect_uri", "http://127.0.0.1:1/elsewhere"),
		"a longer address": wish("redirect_uri", callback+"/"),
		"a query behind":   wish("redirect_uri", callback+"?a=b"),
		"another case":     wish("redirect_uri", strings.Replace(callback, "oidc", "OIDC", 1)),
		"two addresses":    with(wish(), "redirect_uri", callback),
	} {
		if got := s.get("/authorize?" + fields.Encode()); got.status != http.StatusBadRequest || got.answer != nil || got.asksPassword() {
			t.Errorf("%s: %d %v", name, got.status, got.answer)
		}
	}
	if got := s.submit("/authorize?state=x", wish()); got.status != http.StatusBadRequest {
		t.Errorf("a form and a query: %d", got.status)
	}
}

func TestWishesThatAreRefused(t *testing.T) {
	s := newSite(t, nil)
	for name, c := range map[string]struct {
		fields url.Values
		want   string
	}{
		"no response type":       {wish("response_type", ""), "invalid_request"},
		"implicit":               {wish("response_type", "id_token"), "unsupported_response_type"},
		"hybrid":                 {wish("response_type", "code id_token"), "unsupported_response_type"},
		"by fragment":            {wish("response_mode", "fragment"), "invalid_request"},
		"no scope":               {wish("scope", ""), "invalid_scope"},
		"plain OAuth":            {wish("scope", "email openids"), "invalid_scope"},
		"no challenge":           {wish("code_challenge", ""), "invalid_request"},
		"no method, thus plain":  {wish("code_challenge_method", ""), "invalid_request"},
		"plain":                  {wish("code_challenge_method", "plain", "code_challenge", verifier), "invalid_request"},
		"a challenge too short":  {wish("code_challenge", "abc"), "invalid_request"},
		"a challenge no hash":    {wish("code_challenge", strings.Repeat("~", 43)), "invalid_request"},
		"no state":               {wish("state", ""), "invalid_request"},
		"two nonces":             {with(wish(), "nonce", "nonce-2"), "invalid_request"},
		"a request object":       {wish("request", "e30.e30."), "request_not_supported"},
		"a request by reference": {wish("request_uri", "https://example.com"), "request_uri_not_supported"},
		"an unknown prompt":      {wish("prompt", "create"), "invalid_request"},
		"none and login":         {wish("prompt", "none login"), "invalid_request"},
		"an age below zero":      {wish("max_age", "-1"), "invalid_request"},
		"an age of letters":      {wish("max_age", "1h"), "invalid_request"},
		"nobody is signed in":    {wish("prompt", "none"), "login_required"},
	} {
		got := s.get("/authorize?" + c.fields.Encode())
		if got.answer.Get("error") != c.want || got.answer.Has("code") || got.answer.Get("iss") != s.Issuer() || got.answer.Get("state") != c.fields.Get("state") {
			t.Errorf("%s: %d %v, want %s", name, got.status, got.answer, c.want)
		}
	}
}

func TestRedemptionsThatAreRefused(t *testing.T) {
	s := newSite(t, nil)
	for name, c := range map[string]struct {
		change func(code string) url.Values
		want   string
	}{
		"an unknown code":       {func(string) url.Values { return redemption("x") }, "invalid_grant"},
		"no code":               {func(string) url.Values { return redemption("") }, "invalid_grant"},
		"another address":       {func(c string) url.Values { return redemption(c, "redirect_uri", callback+"/") }, "invalid_grant"},
		"no address":            {func(c string) url.Values { return redemption(c, "redirect_uri", "") }, "invalid_grant"},
		"another verifier":      {func(c string) url.Values { return redemption(c, "code_verifier", verifier+"x") }, "invalid_grant"},
		"no verifier":           {func(c string) url.Values { return redemption(c, "code_verifier", "") }, "invalid_grant"},
		"the challenge":         {func(c string) url.Values { return redemption(c, "code_verifier", wish().Get("code_challenge")) }, "invalid_grant"},
		"no client":             {func(c string) url.Values { return redemption(c, "client_id", "") }, "invalid_client"},
		"another client":        {func(c string) url.Values { return redemption(c, "client_id", "other") }, "invalid_client"},
		"a secret in the form":  {func(c string) url.Values { return redemption(c, "client_secret", "x") }, "invalid_client"},
		"another grant":         {func(c string) url.Values { return redemption(c, "grant_type", "password") }, "unsupported_grant_type"},
		"no grant":              {func(c string) url.Values { return redemption(c, "grant_type", "") }, "unsupported_grant_type"},
		"two codes":             {func(c string) url.Values { return with(redemption(c), "code", c) }, "invalid_request"},
		"nothing but the codes": {func(c string) url.Values { return url.Values{"code": {c}} }, "invalid_client"},
	} {
		answer := s.password(s.ask("prompt", "login"), "dave")
		got := s.submit("/token", c.change(answer.answer.Get("code")))
		want := http.StatusBadRequest
		if c.want == "invalid_client" {
			want = http.StatusUnauthorized
		}
		if got.status != want || got.error(t) != c.want || got.header.Get("Cache-Control") != "no-store" || got.json(t)["id_token"] != nil {
			t.Errorf("%s: %d %s, want %s", name, got.status, got.text, c.want)
		}
	}
	answer := s.password(s.ask("prompt", "login"), "dave")
	if got := s.submit("/token?code=x", redemption(answer.answer.Get("code"))); got.error(t) != "invalid_request" {
		t.Errorf("a code in the query: %s", got.text)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/token", strings.NewReader(`{"code":"x"}`))
	s.must(err)
	r.Header.Set("Content-Type", "application/json")
	if got := s.send(r, nil); got.error(t) != "invalid_request" {
		t.Errorf("JSON: %s", got.text)
	}
	if got := s.get("/token"); got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", got.status)
	}
}

func TestACodeIsOfUseOnceAndSoon(t *testing.T) {
	s := newSite(t, nil)
	answer := s.password(s.ask(), "dave")
	s.verified(s.redeem(answer))
	if got := s.redeem(answer); got.error(t) != "invalid_grant" {
		t.Errorf("again: %s", got.text)
	}
	guessed := s.ask()
	if got := s.redeem(guessed, "code_verifier", verifier+"x"); got.error(t) != "invalid_grant" {
		t.Error(got.text)
	}
	if got := s.redeem(guessed); got.error(t) != "invalid_grant" {
		t.Errorf("after a wrong verifier: %s", got.text)
	}
	late := s.ask()
	s.now = s.now.Add(time.Minute)
	if got := s.redeem(late); got.error(t) != "invalid_grant" {
		t.Errorf("after a minute: %s", got.text)
	}
}

func TestAClientWithASecretGivesItByBasic(t *testing.T) {
	const secret = "s:ecret +%"
	s := newSite(t, func(o *op.Options) { o.Client.Secret = secret })
	try := func(id, secret string, changes ...string) page {
		code := s.ask().answer.Get("code")
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.url+"/token", strings.NewReader(redemption(code, changes...).Encode()))
		s.must(err)
		r.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
		return s.send(r, nil)
	}
	s.password(s.ask(), "dave")
	s.verified(try("fc-sso", secret))
	s.verified(try("fc-sso", secret, "client_id", ""))
	for name, got := range map[string]page{
		"a wrong secret":      try("fc-sso", "secret"),
		"another client":      try("other", secret),
		"two clients":         try("fc-sso", secret, "client_id", "other"),
		"secrets by two ways": try("fc-sso", secret, "client_secret", secret),
		"no secret":           s.redeem(s.ask()),
	} {
		if got.status != http.StatusUnauthorized || got.error(t) != "invalid_client" || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s", name, got.status, got.text)
		}
	}
	if got := s.get("/.well-known/openid-configuration").json(t)["token_endpoint_auth_methods_supported"]; strings.Join(texts(got), " ") != "client_secret_basic" {
		t.Errorf("%v", got)
	}
}

func TestTheSecondTimeTakesNoPassword(t *testing.T) {
	s := newSite(t, nil)
	s.password(s.ask(), "dave")
	first := float64(s.now.Unix())
	s.now = s.now.Add(10 * time.Minute)
	for _, quiet := range [][]string{nil, {"prompt", "none"}, {"max_age", "600"}, {"prompt", "none", "max_age", "600"}} {
		if claims := s.verified(s.redeem(s.ask(quiet...))); claims["auth_time"] != first {
			t.Errorf("%v: auth_time %v, want %v", quiet, claims["auth_time"], first)
		}
	}
	if got := s.ask("prompt", "none", "max_age", "599"); got.error(t) != "login_required" {
		t.Errorf("too long ago: %v", got.answer)
	}
	if got := s.ask("prompt", "none", "acr_values", byPhone); got.error(t) != "interaction_required" {
		t.Errorf("by password alone: %v", got.answer)
	}
	for _, again := range [][]string{{"prompt", "login"}, {"max_age", "0"}, {"max_age", "599"}} {
		s.now = s.now.Add(10 * time.Minute)
		form := s.ask(again...)
		if !form.asksPassword() || !strings.Contains(form.text, "password again") {
			t.Fatalf("%v: %d %s", again, form.status, form.text)
		}
		if claims := s.verified(s.redeem(s.password(form, "dave"))); claims["auth_time"] != float64(s.now.Unix()) {
			t.Errorf("%v: auth_time %v at %d", again, claims["auth_time"], s.now.Unix())
		}
	}
	s.submit("/signout", nil)
	if !s.ask().asksPassword() {
		t.Error("signed out, and answered")
	}
}

func TestASecondFactorIsGivenWhereItIsAskedFor(t *testing.T) {
	s := newSite(t, nil)
	form := s.password(s.ask("acr_values", byPhone), "dave")
	wrong := s.submit("/factor", url.Values{"request": {form.request()}, "code": {"wrong"}})
	if wrong.status != http.StatusUnauthorized || !strings.Contains(wrong.text, "The code is wrong") {
		t.Fatalf("%d %s", wrong.status, wrong.text)
	}
	claims := s.verified(s.redeem(s.code(wrong)))
	if claims["acr"] != byPhone || strings.Join(texts(claims["amr"]), " ") != "pwd otp mfa" {
		t.Errorf("%v", claims)
	}
	for asked, want := range map[string]string{"": byPhone, byWord: byWord, byWord + " " + byPhone: byWord, "urn:x:card": byPhone} {
		if claims := s.verified(s.redeem(s.ask("acr_values", asked))); claims["acr"] != want {
			t.Errorf("asked for %q, told as %v", asked, claims["acr"])
		}
	}
	s.submit("/signout", nil)
	if claims := s.verified(s.redeem(s.password(s.ask("acr_values", "urn:x:card"), "dave"))); claims["acr"] != byWord {
		t.Errorf("what nobody has is no reason to ask more: %v", claims["acr"])
	}
}

func TestAPersonMaySayNo(t *testing.T) {
	s := newSite(t, nil)
	form := s.ask()
	if !strings.Contains(form.text, `action="/cancel"`) {
		t.Fatalf("no way to say no: %s", form.text)
	}
	no := s.submit("/cancel", url.Values{"request": {form.request()}})
	if no.error(t) != "access_denied" || no.answer.Get("state") != "state-1" || no.answer.Get("iss") != s.Issuer() || no.answer.Has("code") {
		t.Errorf("%d %v", no.status, no.answer)
	}
	second := s.password(s.ask("acr_values", byPhone), "dave")
	if no := s.submit("/cancel", url.Values{"request": {second.request()}}); !strings.Contains(second.text, `action="/cancel"`) || no.error(t) != "access_denied" {
		t.Errorf("no at the second step: %d %v", no.status, no.answer)
	}
	for _, path := range []string{"/cancel", "/factor"} {
		if got := s.submit(path, url.Values{"request": {form.request()}}); got.status != http.StatusGone {
			t.Errorf("%s again: %d", path, got.status)
		}
	}
	if got := s.password(form, "dave"); got.status != http.StatusGone {
		t.Errorf("a password for a wish that is over: %d", got.status)
	}
}

func TestAKeyIsAnnouncedSignsAndGoes(t *testing.T) {
	s := newSite(t, nil)
	s.password(s.ask(), "dave")
	old := only(t, s)
	s.turn("announce")
	if keys := s.published(); len(keys) != 2 || keys[old] == nil {
		t.Fatalf("%v", keys)
	}
	if status := s.admin("/keys", map[string]string{"do": "announce"}); status != http.StatusBadRequest {
		t.Errorf("a third key: %d", status)
	}
	before := s.redeem(s.ask())
	s.turn("rotate")
	after := s.redeem(s.ask())
	s.verified(before)
	s.verified(after)
	s.turn("forget")
	if now := only(t, s); now == old {
		t.Error("the old key stays, the new one went")
	}
	s.verified(after)
	s.turn("rotate") // one that nobody has heard of
	s.verified(s.redeem(s.ask()))
	if len(s.published()) != 2 {
		t.Errorf("%v", s.published())
	}
	if status := s.admin("/keys", map[string]string{"do": "lose"}); status != http.StatusBadRequest {
		t.Errorf("%d", status)
	}
}

func only(t *testing.T, s *site) string {
	t.Helper()
	keys := s.published()
	if len(keys) != 1 {
		t.Fatalf("%v", keys)
	}
	for id := range keys {
		return id
	}
	return ""
}

func TestKeysSurviveAndStayPrivate(t *testing.T) {
	dir := t.TempDir()
	same := func(o *op.Options) { o.DataDir = dir }
	first := newSite(t, same)
	signing := only(t, first)
	first.turn("announce")
	second := newSite(t, same)
	if !maps.EqualFunc(first.published(), second.published(), func(a, b *rsa.PublicKey) bool { return a.Equal(b) }) {
		t.Error("other keys at the second start")
	}
	second.turn("forget") // what was only announced is known as such after a start
	if only(t, second) != signing {
		t.Error("the announced key signs after a start")
	}
	name := filepath.Join(dir, "op-contoso.pem")
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	s := newSite(t, nil)
	for _, damaged := range []string{"x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"} {
		if err := os.WriteFile(name, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		o := op.Contoso(s.url, "http://127.0.0.1:1", dir)
		if _, err := op.New(o); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%q: %v", damaged, err)
		}
	}
}

func TestQuirksAreSwitchedOn(t *testing.T) {
	s := newSite(t, nil)
	s.password(s.ask(), "dave")
	if status := s.admin("/quirks", op.Quirks{IssuerSlash: true, AudienceList: true, NoID: true, Life: 7}); status != http.StatusOK {
		t.Fatal(status)
	}
	answer := s.ask()
	claims := s.verified(s.redeem(answer))
	if claims["iss"] != s.url+"/" || claims["jti"] != nil || claims["exp"] != float64(s.now.Unix()+7) || claims["azp"] != "fc-sso" || strings.Join(texts(claims["aud"]), " ") != "fc-sso" || answer.answer.Get("iss") != s.url+"/" {
		t.Errorf("%v", claims)
	}
	if got := s.get("/.well-known/openid-configuration").json(t)["issuer"]; got != s.url+"/" {
		t.Errorf("%v", got)
	}
	s.admin("/quirks", op.Quirks{Keys: "fail"})
	if got := s.get("/keys"); got.status != http.StatusInternalServerError {
		t.Error(got.status)
	}
	s.admin("/quirks", op.Quirks{Keys: "hang"})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/keys", nil)
	s.must(err)
	if answer, err := s.Do(r); err == nil {
		_ = answer.Body.Close()
		t.Errorf("it answers: %s", answer.Status)
	}
	for _, wrong := range []any{map[string]string{"keys": "melt"}, map[string]string{"kees": "fail"}} {
		if status := s.admin("/quirks", wrong); status != http.StatusBadRequest {
			t.Errorf("%v: %d", wrong, status)
		}
	}
}

func TestAddressesOutsideThisMachineAreRefused(t *testing.T) {
	for _, o := range []op.Options{
		op.Contoso("https://op.example", "http://127.0.0.1:8080", t.TempDir()),
		op.Contoso("http://localhost:9000", "https://sso.example", t.TempDir()),
	} {
		if _, err := op.New(o); err == nil || !strings.Contains(err.Error(), "not an address on this machine") {
			t.Errorf("%s: %v", o.BaseURL, err)
		}
	}
}
