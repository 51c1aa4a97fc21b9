package login_test

import (
	"context"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/fc-sso/fc-sso/shared/fetch"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestAnAnswerThatIsNotOfThisSignIn: none of these sends the code anywhere or uses
// anything up, and the honest answer is taken afterwards.
func TestAnAnswerThatIsNotOfThisSignIn(t *testing.T) {
	s := newStage(t)
	callback, browser := s.arrive(t, "/oidc/test/login")
	ofOther, _ := s.begin(t, get(origin+"/oidc/other/login", browser))
	otherCallback := s.through(t, ofOther)
	for name, tt := range map[string]struct {
		address string
		browser *http.Cookie
		want    reason.Code
	}{
		"no state":                    {query(t, callback, "state", ""), browser, reason.RequestMalformed},
		"a foreign state":             {query(t, callback, "state", "mine"), browser, reason.SignInUnknown},
		"a state that nobody began":   {query(t, callback, "state", aLot), browser, reason.SignInUnknown},
		"no cookie":                   {callback, &http.Cookie{Name: "x", Value: "y"}, reason.SignInOtherBrowser},
		"no code":                     {query(t, callback, "code", ""), browser, reason.RequestMalformed},
		"a code twice":                {callback + "&code=x", browser, reason.RequestMalformed},
		"a state twice":               {callback + "&state=" + aLot, browser, reason.RequestMalformed},
		"an iss twice":                {callback + "&iss=" + validatetest.IssuerURL, browser, reason.RequestMalformed},
		"a code and an error":         {query(t, callback, "error", "access_denied"), browser, reason.RequestMalformed},
		"a long code":                 {query(t, callback, "code", strings.Repeat("x", 4097)), browser, reason.RequestTooLarge},
		"no query":                    {origin + "/oidc/test/callback?%zz", browser, reason.RequestMalformed},
		"another issuer":              {query(t, callback, "iss", "https://evil.example"), browser, reason.IssuerMismatch},
		"the issuer with a slash":     {query(t, callback, "iss", validatetest.IssuerURL+"/"), browser, reason.IssuerMismatch},
		"the promised iss is missing": {query(t, callback, "iss", ""), browser, reason.IssuerMismatch},
		"another's answer":            {strings.Replace(otherCallback, "/other/", "/test/", 1), browser, reason.RequestMismatch},
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, s.do(get(tt.address, tt.browser)), tt.want) })
	}
	if came, _ := s.op.requests(); came != 0 || len(s.nonces.Used()) != 0 {
		t.Errorf("the code was sent %d times, %d things are used up", came, len(s.nonces.Used()))
	}
	if a := s.do(get(callback, browser)); a.Code != http.StatusSeeOther {
		t.Errorf("after all the attacks the honest sign-in gets %d", a.Code)
	}
}

// A code of an attacker's own sign-in, brought under a victim's state, is not good
// with the victim's verifier.
func TestAnInjectedCodeIsRefusedByPKCE(t *testing.T) {
	s := newStage(t)
	attackers, _ := s.arrive(t, "/oidc/test/login")
	victims, browser := s.arrive(t, "/oidc/test/login")
	wantRefusal(t, s.do(get(query(t, victims, "code", valueOf(t, attackers, "code")), browser)), reason.CodeRefused)
	if _, faults := s.op.requests(); faults != "invalid_grant" {
		t.Errorf("faults %q", faults)
	}
}

func valueOf(t *testing.T, address, name string) string {
	t.Helper()
	return get(address).URL.Query().Get(name)
}

func TestErrorsOfTheProviderAreSaid(t *testing.T) {
	for fault, want := range map[string]reason.Code{
		"access_denied": reason.SignInDeclined, "login_required": reason.StatusNotSuccess, "interaction_required": reason.StatusNotSuccess,
		"invalid_scope": reason.StatusNotSuccess, "server_error": reason.SourceUnavailable, "temporarily_unavailable": reason.SourceUnavailable,
	} {
		s := newStage(t)
		callback, browser := s.arrive(t, "/oidc/test/login")
		a := s.do(get(query(t, callback, "code", "", "error", fault, "error_description", "<b>AB1234</b>"), browser))
		wantRefusal(t, a, want)
		if strings.Contains(a.text, "AB1234") || !strings.Contains(s.log.String(), "AB1234") || !strings.Contains(s.log.String(), fault) {
			t.Errorf("%s: page or log %s", fault, s.log)
		}
		// An error is believed as little as a code.
		wantRefusal(t, s.do(get(query(t, callback, "code", "", "error", fault))), reason.SignInOtherBrowser)
		wantRefusal(t, s.do(get(query(t, callback, "code", "", "error", fault, "iss", ""), browser)), reason.IssuerMismatch)
	}
}

// saying is a token endpoint that answers so, TOKEN being a good one.
func saying(text string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, token string) {
		w.Header().Set("Content-Type", "application/json")
		send(w, strings.ReplaceAll(text, "TOKEN", token))
	}
}

func status(code int, text string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) {
		w.WriteHeader(code)
		send(w, text)
	}
}

// TestATokenEndpointThatDoesWrong: the code is sent once, whatever comes of it.
func TestATokenEndpointThatDoesWrong(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(http.ResponseWriter, string)
		want   reason.Code
		logged string
	}{
		"400":                 {status(400, `{"error":"invalid_grant","error_description":"AADSTS70008"}`), reason.CodeRefused, "AADSTS70008"},
		"401 without a word":  {status(401, ""), reason.CodeRefused, "status 401"},
		"403 in HTML":         {status(403, "<html>"), reason.CodeRefused, "status 403"},
		"500":                 {status(500, "{}"), reason.SourceUnavailable, "status 500"},
		"503":                 {status(503, ""), reason.SourceUnavailable, "status 503"},
		"nothing":             {status(200, ""), reason.SourceUnavailable, "sends nothing"},
		"another 2xx":         {status(201, "{}"), reason.SourceUnavailable, "status 201"},
		"hangs up":            {func(http.ResponseWriter, string) { panic(http.ErrAbortHandler) }, reason.SourceUnavailable, "EOF"},
		"a redirect":          {redirect(302), reason.SourceUnavailable, "redirects are not followed"},
		"a redirect of posts": {redirect(307), reason.SourceUnavailable, "redirects are not followed"},
		"HTML":                {status(200, "<html>"), reason.TokenAnswerMalformed, "no JSON object"},
		"huge":                {saying(`{"id_token":"TOKEN","x":"` + strings.Repeat("x", 256<<10) + `"}`), reason.SourceUnavailable, "262144 bytes"},
		"compressed":          {compressed, reason.SourceUnavailable, "compressed"},
		"a name twice":        {saying(`{"id_token":"x","id_token":"TOKEN"}`), reason.TokenAnswerMalformed, "stands twice"},
		"a name twice, deep":  {saying(`{"id_token":"TOKEN","x":{"a":1,"a":2}}`), reason.TokenAnswerMalformed, "stands twice"},
		"two answers":         {saying(`{"id_token":"TOKEN"}{}`), reason.TokenAnswerMalformed, "behind the object"},
		"a list":              {saying(`["TOKEN"]`), reason.TokenAnswerMalformed, "no JSON object"},
		"no ID token":         {saying(`{"access_token":"access","token_type":"Bearer"}`), reason.TokenAnswerMalformed, "no id_token"},
		"an ID token of null": {saying(`{"id_token":null}`), reason.TokenAnswerMalformed, "no id_token"},
		"an ID token in list": {saying(`{"id_token":["TOKEN"]}`), reason.TokenAnswerMalformed, "no id_token"},
		"an ID_TOKEN":         {saying(`{"ID_TOKEN":"TOKEN"}`), reason.TokenAnswerMalformed, "no id_token"},
		"another token type":  {saying(`{"id_token":"TOKEN","token_type":"mac"}`), reason.TokenAnswerMalformed, "token_type"},
		"a token type of 1":   {saying(`{"id_token":"TOKEN","token_type":1}`), reason.TokenAnswerMalformed, "token_type"},
		"no access token":     {saying(`{"id_token":"TOKEN","access_token":{}}`), reason.TokenAnswerMalformed, "access_token"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, func(s *stage) { s.op.answer = tt.answer })
			callback, browser := s.arrive(t, "/oidc/test/login")
			wantRefusal(t, s.do(get(callback, browser)), tt.want)
			if !strings.Contains(s.log.String(), tt.logged) || strings.Contains(s.log.String(), "eyJ") {
				t.Errorf("log %s", s.log)
			}
			wantRefusal(t, s.do(get(callback, browser)), reason.Replayed)
			if came, faults := s.op.requests(); came != 1 || faults != "" {
				t.Errorf("the code was sent %d times, faults %q", came, faults)
			}
		})
	}
}

func redirect(code int) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) {
		w.Header().Set("Location", "/token")
		w.WriteHeader(code)
	}
}

func compressed(w http.ResponseWriter, _ string) {
	w.Header().Set("Content-Encoding", "gzip")
	send(w, "x")
}

// Who waits for a token endpoint waits 5 s at most (fetch has the test of that), or as
// long as the request itself may take.
func TestASlowTokenEndpointIsNotWaitedFor(t *testing.T) {
	release := make(chan struct{})
	s := newStage(t, func(s *stage) { s.op.answer = func(http.ResponseWriter, string) { <-release } })
	callback, browser := s.arrive(t, "/oidc/test/login")
	ctx, cancel := context.WithTimeout(t.Context(), fetch.MaxTime/20)
	defer cancel()
	wantRefusal(t, s.do(get(callback, browser).WithContext(ctx)), reason.SourceUnavailable)
	close(release)
	wantRefusal(t, s.do(get(callback, browser)), reason.Replayed)
	if came, _ := s.op.requests(); came != 1 || !strings.Contains(s.log.String(), "no whole answer") {
		t.Errorf("the code was sent %d times; %s", came, s.log)
	}
}

// A code goes out over verified TLS and to no address inside our network.
func TestACodeGoesOnlyWhereItMay(t *testing.T) {
	overTLS := func(s *stage) { s.op = newOP(t, httptest.NewTLSServer) }
	believed := func(s *stage) {
		s.declare = func(source *trust.Source) {
			source.Fetch.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.op.Certificate().Raw}))
		}
	}
	for name, tt := range map[string]struct {
		change []func(*stage)
		logged string
	}{
		"the record's authority":      {[]func(*stage){overTLS, believed}, ""},
		"an authority that nobody is": {[]func(*stage){overTLS}, "x509"},
		"this machine, in the cloud":  {[]func(*stage){overTLS, believed, func(s *stage) { s.cloud = true }}, "is not dialled"},
		"plain http, in the cloud":    {[]func(*stage){func(s *stage) { s.cloud = true }}, "is not https"},
	} {
		s := newStage(t, tt.change...)
		callback, browser := s.arrive(t, "/oidc/test/login")
		a := s.do(get(callback, browser))
		if tt.logged == "" && a.Code != http.StatusSeeOther {
			t.Errorf("%s: %d %s", name, a.Code, s.log)
		}
		if tt.logged != "" {
			wantRefusal(t, a, reason.SourceUnavailable)
		}
		if !strings.Contains(s.log.String(), tt.logged) {
			t.Errorf("%s: %s", name, s.log)
		}
	}
}

// What a token endpoint says of a client helps its operator, but may repeat what it
// was sent.
func TestARefusedClientIsExplainedWithoutItsSecret(t *testing.T) {
	s := newStage(t, func(s *stage) {
		s.op.way = "post"
		s.learned = func(i *trust.Issuer) { i.TokenAuth = []string{"client_secret_basic"} }
	})
	callback, browser := s.arrive(t, "/oidc/test/login")
	wantRefusal(t, s.do(get(callback, browser)), reason.CodeRefused)
	log := s.log.String()
	if !strings.Contains(log, "invalid_client") || !strings.Contains(log, "AB1234: [redacted] is refused, and so is [redacted]") || strings.Contains(log, valueOf(t, callback, "code")) {
		t.Errorf("log %s", log)
	}
}

// TestATokenThatIsNotOfThisSignIn: the guard has its own tests; these are that its
// judgement counts here.
func TestATokenThatIsNotOfThisSignIn(t *testing.T) {
	now := validatetest.Now().Unix()
	claims := func(name string, value any) func(*stage) {
		return func(s *stage) { s.op.claims = map[string]any{name: value} }
	}
	for name, tt := range map[string]struct {
		change func(*stage)
		want   reason.Code
	}{
		"another nonce":          {claims("nonce", "x"), reason.NonceMismatch},
		"no nonce":               {claims("nonce", nil), reason.NonceMismatch},
		"another audience":       {claims("aud", validatetest.Audience), reason.AudienceMismatch},
		"another party":          {claims("azp", "x"), reason.PartyMismatch},
		"several, and no party":  {claims("aud", []string{validatetest.ClientID, "x"}), reason.PartyMismatch},
		"another access token":   {claims("at_hash", "AAAAAAAAAAAAAAAAAAAAAA"), reason.AccessTokenMismatch},
		"another issuer":         {claims("iss", "https://evil.example"), reason.IssuerMismatch},
		"the issuer and a slash": {claims("iss", validatetest.IssuerURL+"/"), reason.IssuerMismatch},
		"nobody":                 {claims("sub", nil), reason.SubjectMissing},
		"expired":                {claims("exp", now-400), reason.Expired},
		"from the future":        {claims("iat", now+400), reason.NotYetValid},
		"old":                    {claims("iat", now-7200), reason.TokenTooOld},
		"no signature": {func(s *stage) {
			s.op.sign = func(claims map[string]any) string {
				token := s.op.issuer.Sign(`{"alg":"none"}`, s.op.issuer.JSON(claims))
				return token[:strings.LastIndexByte(token, '.')+1]
			}
		}, reason.TokenMalformed},
		"alg none": {func(s *stage) {
			s.op.sign = func(claims map[string]any) string {
				return s.op.issuer.Sign(`{"alg":"none"}`, s.op.issuer.JSON(claims))
			}
		}, reason.SignatureAlgorithm},
		"a key that is not known": {func(s *stage) { s.op.issuer = s.op.issuer.Named("two") }, reason.KeyUnknown},
		"another's key": {func(s *stage) {
			s.op.sign = func(claims map[string]any) string {
				other := validatetest.OtherIssuer(s.op.issuer.TB())
				return other.Sign(other.JSON(other.Header(nil)), other.JSON(claims))
			}
		}, reason.SignatureInvalid},
		"an access token": {func(s *stage) {
			s.op.sign = func(claims map[string]any) string {
				return s.op.issuer.Sign(s.op.issuer.JSON(s.op.issuer.Header(map[string]any{"typ": "at+jwt"})), s.op.issuer.JSON(claims))
			}
		}, reason.TokenType},
		"no token": {func(s *stage) { s.op.answer = saying(`{"id_token":"x"}`) }, reason.TokenMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			tt.change(s) // the record knows the keys from before
			callback, browser := s.arrive(t, "/oidc/test/login")
			s.rows.Calls()
			wantRefusal(t, s.do(get(callback, browser)), tt.want)
			if calls := s.rows.Calls(); calls["put"] != 0 {
				t.Error("there is a session")
			}
			if came, faults := s.op.requests(); came != 1 || faults != "" {
				t.Errorf("%d requests, faults %q", came, faults)
			}
		})
	}
}

// One token for two sign-ins is a replay, though each has a code.
func TestATokenIsTakenOnce(t *testing.T) {
	s := newStage(t)
	s.op.claims = map[string]any{"jti": "one"}
	for _, want := range []int{http.StatusSeeOther, http.StatusConflict} {
		callback, browser := s.arrive(t, "/oidc/test/login")
		if a := s.do(get(callback, browser)); a.Code != want {
			t.Errorf("%d, want %d", a.Code, want)
		}
	}
}

// TestOfManyAtOnceOneSignsIn: a double click, or two instances.
func TestOfManyAtOnceOneSignsIn(t *testing.T) {
	s := newStage(t)
	callback, browser := s.arrive(t, "/oidc/test/login")
	var group sync.WaitGroup
	codes := make([]int, 16)
	for i := range codes {
		group.Go(func() { codes[i] = s.do(get(callback, browser)).Code })
	}
	group.Wait()
	in := 0
	for _, code := range codes {
		if code == http.StatusSeeOther {
			in++
		} else if code != http.StatusConflict {
			t.Errorf("%d", code)
		}
	}
	if came, _ := s.op.requests(); in != 1 || came != 1 {
		t.Errorf("%d are in, the code was sent %d times", in, came)
	}
}
