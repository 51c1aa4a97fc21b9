package exchange_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

var update = flag.Bool("update", false, "write testdata")

func TestAWorkloadLeavesWithCredentials(t *testing.T) {
	b := newBench(t)
	w := b.exchange(t, map[string]string{"subject_token": b.issuer.Token(nil) + "\n"})
	const want = `{"access_token":"token","issued_token_type":"urn:fc-sso:token-type:sts","token_type":"N_A","expires_in":3600,` +
		`"access_key_id":"STS.key","access_key_secret":"secret","security_token":"token","expiration":"%s","duration_by":"rule","duration_note":"The rule gives 1 h."}` + "\n"
	if got := w.Body.String(); w.Code != http.StatusOK || got != fmt.Sprintf(want, validatetest.Now().Add(time.Hour).Format(time.RFC3339)) {
		t.Errorf("%d %s", w.Code, got)
	}
	if cache, kind := w.Header().Get("Cache-Control"), w.Header().Get("Content-Type"); cache != "no-store" || kind != "application/json" {
		t.Errorf("cache %q, type %q", cache, kind)
	}
	grant := b.grants[0]
	if grant.Role().String() != deploy || grant.SessionName() != "repo-acme-shop-ref-refs-heads-main" || grant.Duration() != time.Hour || grant.SessionPolicy() != "" {
		t.Errorf("%+v", grant)
	}
	for _, said := range []string{`"record":"issuer"`, `"issuer":"https://issuer.example"`, `"grant":"` + deploy, `"subject":"repo:acme/shop:ref:refs/heads/main"`} {
		if !strings.Contains(b.log.String(), said) {
			t.Errorf("the decision lacks %s: %s", said, b.log.String())
		}
	}
	for _, secret := range []string{b.issuer.Token(nil), "secret", `"token"`} {
		if strings.Contains(b.log.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

// TestTheOnlyRoleNeedNotBeNamed: nor is jwt another kind of token than id_token.
func TestTheOnlyRoleNeedNotBeNamed(t *testing.T) {
	b := newBench(t)
	w := b.exchange(t, map[string]string{"resource": "", "subject_token_type": "urn:ietf:params:oauth:token-type:jwt"})
	if w.Code != http.StatusOK || b.grants[0].Role().String() != deploy {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestTheTokenIsAtHandForSTS, as it was signed: an account may have STS judge it.
func TestTheTokenIsAtHandForSTS(t *testing.T) {
	b := newBench(t)
	token := b.issuer.Token(nil)
	if w := b.exchange(t, map[string]string{"subject_token": token + "\n"}); w.Code != http.StatusOK || b.proofs[0] != issue.OIDCToken("issuer", token) {
		t.Errorf("%d %s, %v", w.Code, w.Body, b.proofs)
	}
}

// TestWhatRAMDoesNotKnowYetIsPushedAtItsFirstUse: STS refuses what the bundle believes,
// RAM is told, and STS is asked once more; where nobody may tell it the refusal stands,
// and any other refusal has nobody told.
func TestWhatRAMDoesNotKnowYetIsPushedAtItsFirstUse(t *testing.T) {
	stale := fmt.Errorf("%w: %w", issue.ErrStaleProvider, &openapi.Error{Status: 401, Code: "AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch"})
	refused := &openapi.Error{Status: 401, Code: "AuthenticationFail.NoPermission"}
	for name, c := range map[string]struct {
		says          error
		after         error // it was pushed
		limited       bool
		status, asked int
	}{
		"pushed":               {stale, nil, false, http.StatusOK, 1},
		"pushed in vain":       {stale, stale, false, http.StatusBadRequest, 1},
		"nobody may ask":       {stale, nil, true, http.StatusBadRequest, 0},
		"the role's own fault": {refused, nil, false, http.StatusBadRequest, 0},
	} {
		asked := 0
		b := newBench(t, func(b *bench) {
			b.err = reason.New(reason.ProofRefused, "%s: %w", deploy, c.says)
			if c.limited {
				return
			}
			b.learn = func() {
				asked++
				if b.err = nil; c.after != nil {
					b.err = reason.New(reason.ProofRefused, "%s: %w", deploy, c.after)
				}
			}
		})
		if w := b.exchange(t, nil); w.Code != c.status || asked != c.asked {
			t.Errorf("%s: %d %s, asked %d times", name, w.Code, w.Body, asked)
		}
	}
}

func TestAWishOnlyNarrows(t *testing.T) {
	for _, c := range []struct {
		asked    string
		given    time.Duration
		policy   string
		wantName string
	}{
		{"900", 15 * time.Minute, readOnly, "ci-17"},
		{"20m", 20 * time.Minute, strings.ReplaceAll(readOnly, ",", ",  "), "ci-17"},
		{"12h", time.Hour, "", "ci-17"},
		{"43200", time.Hour, "", "ci-17"},
	} {
		b := newBench(t)
		w := b.exchange(t, map[string]string{"duration": c.asked, "policy": c.policy, "session_name": "ci/17"})
		if w.Code != http.StatusOK {
			t.Fatalf("%s: %d %s", c.asked, w.Code, w.Body)
		}
		g := b.grants[0]
		if g.Duration() != c.given || g.SessionName() != c.wantName || c.policy != "" && g.SessionPolicy() != readOnly {
			t.Errorf("asked for %s: %s, %q, %q", c.asked, g.Duration(), g.SessionName(), g.SessionPolicy())
		}
	}
}

// TestTheAnswerSaysWhatDecidedItsLength, and the log.
func TestTheAnswerSaysWhatDecidedItsLength(t *testing.T) {
	for _, c := range []struct {
		rule, longest time.Duration
		asked         string
		lang          string
		want          time.Duration
		by, note      string
	}{
		{8 * time.Hour, 0, "", "", 8 * time.Hour, "rule", "The rule gives 8 h."},
		{8 * time.Hour, 12 * time.Hour, "12h", "", 8 * time.Hour, "rule", "The rule gives 8 h."},
		{8 * time.Hour, 2 * time.Hour, "", "", 2 * time.Hour, "role", "The rule gives 8 h, but this role allows at most 2 h."},
		{8 * time.Hour, 2 * time.Hour, "4h", "zh", 2 * time.Hour, "role", "规则允许 8 小时，但该角色最多允许 2 小时。"},
		{8 * time.Hour, 2 * time.Hour, "15m", "", 15 * time.Minute, "asked", "As asked for. The rule would give 8 h."},
	} {
		b := newBench(t, func(b *bench) {
			b.draft.Rules[0].Session.DurationSeconds = int(c.rule / time.Second)
			b.longest = c.longest
		})
		r := httptest.NewRequestWithContext(audit.Begin(t.Context(), "1-2-3"), http.MethodPost, "https://sso.example/oidc/token", strings.NewReader(b.form(map[string]string{"duration": c.asked}).Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept-Language", c.lang)
		w := httptest.NewRecorder()
		b.ServeHTTP(w, r)
		if got := w.Body.String(); w.Code != http.StatusOK || !strings.HasSuffix(got, fmt.Sprintf(`"duration_by":%q,"duration_note":%q}`+"\n", c.by, c.note)) {
			t.Errorf("%+v: %d %s", c, w.Code, got)
		}
		if b.grants[0].Duration() != c.want || !strings.Contains(b.log.String(), fmt.Sprintf(`"length":"%s by %s"`, c.want, c.by)) {
			t.Errorf("%+v: %s, %s", c, b.grants[0].Duration(), b.log.String())
		}
		asked, _ := time.ParseDuration(c.asked)
		call := b.call(map[string]string{"OIDCToken": b.issuer.Token(map[string]any{"jti": "at /sts"})})
		if asked > 0 {
			call.Set("DurationSeconds", fmt.Sprint(asked.Seconds()))
		}
		w = b.post(t, "/sts", call.Encode())
		if got := w.Header().Get("X-Sso-Duration-Note"); w.Code != http.StatusOK || got != c.note && c.lang == "" || got == "" || b.grants[1].Duration() != c.want {
			t.Errorf("%+v at /sts: %d %q, %s", c, w.Code, got, w.Body)
		}
	}
}

// TestNothingIsIssuedWhileTheStoreOfMaximumsIsSilent.
func TestNothingIsIssuedWhileTheStoreOfMaximumsIsSilent(t *testing.T) {
	b := newBench(t, func(b *bench) {
		b.draft.Rules[0].Session.DurationSeconds = 7200
		b.silent = reason.New(reason.StoreUnavailable, "no answer")
	})
	if w := b.exchange(t, nil); w.Code != http.StatusServiceUnavailable || len(b.grants) > 0 {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// Every role allows an hour: nobody is asked.
	if w := b.exchange(t, map[string]string{"duration": "1h", "subject_token": b.issuer.Token(map[string]any{"jti": "another"})}); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestATokenIsGoodOnceOrUntilItExpires(t *testing.T) {
	b := newBench(t)
	if w := b.exchange(t, nil); w.Code != http.StatusOK {
		t.Fatal(w.Code, w.Body)
	}
	if w := b.exchange(t, nil); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `"code":"replayed"`) {
		t.Error(w.Code, w.Body)
	}
	b = newBench(t, func(b *bench) { b.source.OIDC.TokenUse = trust.UntilExpiry })
	for range 3 {
		if w := b.exchange(t, nil); w.Code != http.StatusOK {
			t.Error(w.Code, w.Body)
		}
	}
}

// TestASlipInTheRequestCostsNoToken: what is wrong with it is found before the guard
// uses the token up.
func TestASlipInTheRequestCostsNoToken(t *testing.T) {
	b := newBench(t)
	for name, value := range map[string]string{"resource": "deploy", "duration": "1", "policy": "{}", "session_name": " ", "scope": "x"} {
		if w := b.exchange(t, map[string]string{name: value}); w.Code != http.StatusBadRequest {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	if w := b.exchange(t, nil); w.Code != http.StatusOK {
		t.Error(w.Code, w.Body)
	}
}

// refusal is a request that is refused, after changes to the bench, to the claims
// and to the form.
type refusal struct {
	why    string
	bench  func(*bench)
	claims map[string]any
	form   map[string]string
	raw    func(b *bench) string // the form as it is sent, else that of form
	path   string
}

func refusals() []refusal {
	now := validatetest.Now().Unix()
	platform := map[string]any{"team": "platform", "sub": "team"}
	return []refusal{
		{why: "a query", path: "/oidc/token?resource=x"},
		{why: "a parameter twice", raw: func(b *bench) string { return b.form(nil).Encode() + "&resource=" + deploy }},
		{why: "no form", raw: func(*bench) string { return "%" }},
		{why: "a form without end", raw: func(*bench) string { return "a=" + strings.Repeat("a", 70_000) }},
		{why: "another grant type", form: map[string]string{"grant_type": "client_credentials"}},
		{why: "another token wanted", form: map[string]string{"requested_token_type": "urn:ietf:params:oauth:token-type:jwt"}},
		{why: "an actor", form: map[string]string{"actor_token": "x", "actor_token_type": "x"}},
		{why: "a scope", form: map[string]string{"scope": "all"}},
		{why: "a SAML token", form: map[string]string{"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}},
		{why: "no token", form: map[string]string{"subject_token": ""}},
		{why: "no role's ARN", form: map[string]string{"resource": provider}},
		{why: "no duration", form: map[string]string{"duration": "-1h"}},
		{why: "a session too short", form: map[string]string{"duration": "60"}},
		{why: "no policy", form: map[string]string{"policy": `{"Version":"1"}`}},

		{why: "no JWS", form: map[string]string{"subject_token": "this is no token at all"}},
		{why: "a line break inside", form: map[string]string{"subject_token": "a.b\n.cccccccccccccccccccc"}},
		{why: "nobody's issuer", claims: map[string]any{"iss": "https://evil.example"}},
		{why: "no issuer's name", claims: map[string]any{"iss": "evil"}},
		{why: "no issuer", claims: map[string]any{"iss": nil}},
		{why: "another audience", claims: map[string]any{"aud": "https://other.example"}},
		{why: "expired", claims: map[string]any{"exp": now - 400}},
		{why: "too old", claims: map[string]any{"iat": now - 90_000, "nbf": nil}},
		{why: "from the future", claims: map[string]any{"nbf": now + 4000}},
		{why: "made for a browser", claims: map[string]any{"nonce": "x"}},
		{why: "another's key", raw: func(b *bench) string {
			return b.form(map[string]string{"subject_token": validatetest.OtherIssuer(b.issuer.TB()).Token(nil)}).Encode()
		}},
		{why: "a key that is not known", raw: func(b *bench) string {
			return b.form(map[string]string{"subject_token": b.issuer.Named("two").Token(nil)}).Encode()
		}},
		{why: "people's record", bench: func(b *bench) { validatetest.ForLogin(&b.source) }},
		{why: "suspended", bench: func(b *bench) { b.source.Suspended = true }},

		{why: "another branch", claims: map[string]any{"sub": "repo:acme/shop:ref:refs/heads/x"}},
		{why: "another owner", claims: map[string]any{"repository_owner_id": "666"}},
		{why: "a claim is missing", claims: map[string]any{"repository_owner_id": nil}},
		{why: "a role that no rule gives", form: map[string]string{"resource": "acs:ram::" + prod + ":role/admin"}},
		{why: "no role at all", form: map[string]string{"resource": ""}, claims: map[string]any{"sub": "x"}},
		{why: "several roles, none named", form: map[string]string{"resource": ""}, claims: platform},
		{why: "a second policy", form: map[string]string{"resource": narrow, "policy": readOnly}, claims: platform},
		{why: "STS refuses", bench: func(b *bench) {
			b.err = reason.New(reason.RoleRefused, "%s: NoPermission, request 1", deploy)
		}},
		{why: "STS is silent", bench: func(b *bench) { b.err = reason.New(reason.STSUnavailable, "no answer") }},
		{why: "we cannot sign", bench: func(b *bench) { b.err = reason.New(reason.OwnKeysUnavailable, "KMS hangs") }},
		{why: "STS refuses the token itself", bench: func(b *bench) {
			b.err = reason.New(reason.ProofRefused, "%s: %w", deploy, &openapi.Error{Status: 401, Code: "AuthenticationFail.NoPermission", Message: "There is no permission", RequestID: "R-1"})
		}},
		{why: "a fault", bench: func(b *bench) { b.err = fmt.Errorf("secret internals") }},
	}
}

// TestEachRefusalAsOAuth compares each with testdata/refusals.txt.
func TestEachRefusalAsOAuth(t *testing.T) {
	var got strings.Builder
	for _, c := range refusals() {
		w := c.send(t, "/oidc/token", "subject_token", (*bench).form)
		fmt.Fprintf(&got, "# %s\n%d %s", c.why, w.Code, w.Body)
	}
	golden(t, "testdata/refusals.txt", got.String())
}

// send makes the request that is refused: a good one of the protocol but for what
// the refusal changes.
func (c refusal) send(t *testing.T, path, token string, good func(*bench, map[string]string) url.Values) *httptest.ResponseRecorder {
	t.Helper()
	var changes []func(*bench)
	if c.bench != nil {
		changes = append(changes, c.bench)
	}
	b := newBench(t, changes...)
	form := map[string]string{token: b.issuer.Token(c.claims)}
	maps.Copy(form, c.form)
	body := good(b, form).Encode()
	if c.raw != nil {
		body = c.raw(b)
	}
	w := b.post(t, cmp.Or(c.path, path), body)
	if len(b.grants) > 0 {
		t.Errorf("%s: STS was asked", c.why)
	}
	return w
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("differs from %s (-update writes it), %v:\n%s", file, err, got)
	}
}

// TestATokenByANewKeyIsExchangedAtOnce, once: what was asked of the old keys used
// nothing up.
func TestATokenByANewKeyIsExchangedAtOnce(t *testing.T) {
	b := newBench(t)
	b.learn = func() {
		b.learned = b.issuer.Learned(validatetest.OtherIssuer(t).Named("next").Key(nil))
		b.learned.FetchedAt = b.learned.FetchedAt.Add(time.Minute)
	}
	token := validatetest.OtherIssuer(t).Named("next").Token(nil)
	for _, want := range []int{http.StatusOK, http.StatusBadRequest} {
		if w := b.exchange(t, map[string]string{"subject_token": token}); w.Code != want {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
	if log := b.log.String(); !strings.Contains(log, `"refresh":"done"`) || !strings.Contains(log, `"reason":"replayed"`) {
		t.Error(log)
	}
}

// TestWhoIsVouchedForSignedInAtSomeTime: a token need not say when, and a response of
// ours must. The log says in which way the role was given.
func TestWhoIsVouchedForSignedInAtSomeTime(t *testing.T) {
	minuteAgo := validatetest.Now().Add(-time.Minute)
	for _, c := range []struct {
		claims map[string]any
		want   time.Time
	}{{nil, validatetest.Now()}, {map[string]any{"auth_time": minuteAgo.Unix()}, minuteAgo}} {
		b := newBench(t, func(b *bench) {
			b.draft.Accounts[0].Issue, b.draft.Accounts[0].FederatedProvider = "federated", "acs:ram::"+prod+":saml-provider/fc-sso"
		})
		w := b.exchange(t, map[string]string{"subject_token": b.issuer.Token(c.claims)})
		if w.Code != http.StatusOK || !b.authn.AuthnInstant.Equal(c.want) || !strings.Contains(b.log.String(), `"way":"federated"`) {
			t.Errorf("%v: %d, signed in at %s; %s", c.claims, w.Code, b.authn.AuthnInstant, b.log.String())
		}
	}
}
