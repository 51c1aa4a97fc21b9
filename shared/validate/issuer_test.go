package validate_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const discovery = `{"issuer":"https://issuer.example","jwks_uri":"https://keys.example/jwks?v=1",
	"authorization_endpoint":"https://issuer.example/authorize","token_endpoint":"https://issuer.example/token",
	"token_endpoint_auth_methods_supported":["private_key_jwt","client_secret_post","client_secret_basic"],
	"authorization_response_iss_parameter_supported":true,"claims_supported":["sub"],"x":{"y":null}}`

func wantIssuer(issuer string) validate.IssuerWant {
	return validate.IssuerWant{Issuer: issuer, Login: true}
}

func TestADiscoveryDocumentSaysWhatTheIssuerIs(t *testing.T) {
	learned, err := validate.Discovery([]byte(discovery), wantIssuer(validatetest.IssuerURL))
	if err != nil {
		t.Fatal(err)
	}
	switch {
	case learned.Issuer != validatetest.IssuerURL, learned.JWKSURI != "https://keys.example/jwks?v=1", !learned.ISSParameter,
		learned.AuthorizationEndpoint != "https://issuer.example/authorize", learned.TokenEndpoint != "https://issuer.example/token",
		!slices.Equal(learned.TokenAuth, []string{"client_secret_basic", "client_secret_post"}):
		t.Errorf("%+v", learned)
	}
}

func TestAnIssuerOfWorkloadsNeedsNoPlaceForPeople(t *testing.T) {
	for name, text := range map[string]string{
		"GitHub":     `{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/jwks"}`,
		"Kubernetes": `{"issuer":"https://issuer.example","jwks_uri":"https://issuer.example/jwks","authorization_endpoint":"urn:kubernetes:programmatic_authorization"}`,
	} {
		want := wantIssuer(validatetest.IssuerURL)
		if _, err := validate.Discovery([]byte(text), want); reason.Of(err) != reason.MetadataInvalid {
			t.Errorf("%s, for a sign-in: %v", name, err)
		}
		want.Login = false
		learned, err := validate.Discovery([]byte(text), want)
		if err != nil || learned.AuthorizationEndpoint != "" || learned.ISSParameter || !slices.Equal(learned.TokenAuth, []string{"client_secret_basic"}) {
			t.Errorf("%s: %+v, %v", name, learned, err)
		}
	}
}

func TestTheIssuerIsTheOneThatWasDeclared(t *testing.T) {
	for _, c := range []struct {
		declared, published string
		same                bool
	}{
		{"https://issuer.example", "https://issuer.example", true},
		{"https://issuer.example/", "https://issuer.example/", true},
		{"https://issuer.example/t/v2.0", `https:\/\/issuer.example\/t\/v2.0`, true}, // JSON's escapes are its own
		{"https://issuer.example", "https://issuer.example/", false},
		{"https://issuer.example/", "https://issuer.example", false},
		{"https://issuer.example", "https://ISSUER.example", false},
		{"https://issuer.example", "https://issuer.example:443", false},
		{"https://issuer.example", "https://evil.example", false},
		{"https://login.example/t/v2.0", "https://login.example/{tenantid}/v2.0", false}, // Entra's common
		{"https://accounts.google.com", "accounts.google.com", false},
	} {
		text := strings.Replace(discovery, "https://issuer.example", c.published, 1)
		_, err := validate.Discovery([]byte(text), wantIssuer(c.declared))
		if (err == nil) != c.same || err != nil && reason.Of(err) != reason.MetadataInvalid {
			t.Errorf("%s was declared, %s published: %v", c.declared, c.published, err)
		}
	}
}

func TestADiscoveryDocumentThatSaysNothingSafeIsRefused(t *testing.T) {
	const issuer = `"issuer":"https://issuer.example"`
	for name, c := range map[string]struct{ text, want string }{
		"nothing":             {"", "no JSON object"},
		"HTML":                {"<html><body>sign in</body></html>", "no JSON object"},
		"a list":              {"[" + discovery + "]", "no JSON object"},
		"something behind it": {discovery + "{}", "stands behind"},
		"too large":           {`{"x":"` + strings.Repeat("x", 256<<10) + `"}`, "262144 is the most"},
		"an issuer twice":     {strings.Replace(discovery, issuer, issuer+`,"issuer":"https://evil.example"`, 1), "stands twice"},
		"keys twice":          {strings.Replace(discovery, issuer, issuer+`,"jwks_ur\u0069":"https://evil.example"`, 1), "stands twice"},
		"no issuer":           {strings.Replace(discovery, `"issuer"`, `"Issuer"`, 1), `issuer is ""`},
		"issuers":             {strings.Replace(discovery, issuer, `"issuer":["https://issuer.example"]`, 1), `issuer is ""`},
		"no keys":             {strings.Replace(discovery, "jwks_uri", "jwks_URI", 1), "jwks_uri is missing"},
		"keys by http":        {strings.Replace(discovery, "https://keys.example", "http://keys.example", 1), "an https address is wanted"},
		"keys on loopback":    {strings.Replace(discovery, "https://keys.example", "http://127.0.0.1", 1), "an https address is wanted"},
		"keys of a user":      {strings.Replace(discovery, "https://keys.example", "https://a:b@keys.example", 1), "an https address is wanted"},
		"keys of a file":      {strings.Replace(discovery, "https://keys.example", "file:///etc", 1), "an https address is wanted"},
		"keys by a fragment":  {strings.Replace(discovery, "?v=1", "#1", 1), "an https address is wanted"},
		"endless address":     {strings.Replace(discovery, "?v=1", strings.Repeat("v", 2048), 1), "an https address is wanted"},
		"a script":            {strings.Replace(discovery, "https://issuer.example/authorize", "javascript:alert(1)", 1), "authorization_endpoint"},
		"codes by http":       {strings.Replace(discovery, "https://issuer.example/token", "http://issuer.example/token", 1), "token_endpoint"},
		"methods as a number": {strings.Replace(discovery, `"private_key_jwt"`, `1`, 1), "no list of texts"},
	} {
		learned, err := validate.Discovery([]byte(c.text), wantIssuer(validatetest.IssuerURL))
		if reason.Of(err) != reason.MetadataInvalid || !strings.Contains(err.Error(), c.want) || learned.Issuer != "" {
			t.Errorf("%s: %+v, %v; want %q", name, learned, err, c.want)
		}
	}
}

func TestHTTPIsForTheLocalStack(t *testing.T) {
	text := strings.ReplaceAll(discovery, "https://issuer.example", "http://127.0.0.1:8081")
	text = strings.Replace(text, "https://keys.example", "http://localhost:8082", 1)
	want := wantIssuer("http://127.0.0.1:8081")
	if _, err := validate.Discovery([]byte(text), want); reason.Of(err) != reason.MetadataInvalid {
		t.Error(err)
	}
	want.AllowLoopback = true
	if _, err := validate.Discovery([]byte(text), want); err != nil {
		t.Error(err)
	}
	if _, err := validate.Discovery([]byte(strings.Replace(text, "http://localhost:8082", "http://192.0.2.1", 1)), want); err == nil {
		t.Error("http to elsewhere was taken")
	}
}

func TestTheDiscoveryAddressHasOneSlash(t *testing.T) {
	for issuer, want := range map[string]string{
		"https://issuer.example":     "https://issuer.example/.well-known/openid-configuration",
		"https://issuer.example/":    "https://issuer.example/.well-known/openid-configuration",
		"https://issuer.example/t/":  "https://issuer.example/t/.well-known/openid-configuration",
		"https://issuer.example/t//": "https://issuer.example/t//.well-known/openid-configuration",
	} {
		if got := validate.DiscoveryAddress(issuer); got != want {
			t.Errorf("%s: %s", issuer, got)
		}
	}
}

// keySet is a JSON Web Key Set.
func keySet(keys ...json.RawMessage) []byte {
	list := make([]string, 0, len(keys))
	for _, key := range keys {
		list = append(list, string(key))
	}
	return []byte(`{"keys":[` + strings.Join(list, ",") + `]}`)
}

func published() trust.Issuer {
	return trust.Issuer{Issuer: validatetest.IssuerURL, JWKSURI: validatetest.IssuerURL + "/keys"}
}

func TestABadKeyHidesNoGoodOne(t *testing.T) {
	issuer := validatetest.NewIssuer(t)
	good, other := issuer.Key(nil), issuer.By("ES256").Key(nil)
	for name, bad := range map[string]string{
		"for encryption":  string(issuer.Key(map[string]any{"use": "enc"})),
		"for signing":     string(issuer.Key(map[string]any{"key_ops": []string{"sign"}})),
		"of 1024 bits":    string(issuer.Key(map[string]any{"n": encoded(strings.Repeat("\xff", 128))})),
		"of no curve":     string(issuer.By("ES256").Key(map[string]any{"x": encoded(strings.Repeat("\x01", 32))})),
		"for another use": string(issuer.Key(map[string]any{"use": "sig", "alg": "RSA-OAEP"})),
		"symmetric":       `{"kty":"oct","k":"AAAA","kid":"x"}`,
		"secp256k1":       `{"kty":"EC","crv":"secp256k1","x":"AAAA","y":"AAAA"}`,
		"no base64":       string(issuer.Key(map[string]any{"n": "!!!"})),
		"its private key": string(issuer.Key(map[string]any{"d": "AAAA"})),
		"a number":        `1`,
		"null":            `null`,
	} {
		learned, skipped, err := validate.JWKS(keySet(json.RawMessage(bad), good, json.RawMessage(bad), other), validatetest.Now(), published())
		if err != nil || len(learned.Keys) != 2 || len(skipped) != 2 || !strings.HasPrefix(skipped[0], "key 1: ") || !strings.HasPrefix(skipped[1], "key 3: ") {
			t.Errorf("%s: %d keys, %q, %v", name, len(learned.Keys), skipped, err)
		}
		if !learned.FetchedAt.Equal(validatetest.Now()) || learned.Issuer != validatetest.IssuerURL {
			t.Errorf("%s: %+v", name, learned)
		}
	}
}

func TestAShuffledKeySetIsTheSame(t *testing.T) {
	issuer := validatetest.NewIssuer(t)
	one, two := issuer.Key(nil), issuer.By("EdDSA").Key(map[string]any{"x5c": []string{"AAAA"}})
	first, _, err := validate.JWKS(keySet(one, two, one), validatetest.Now(), published())
	if err != nil {
		t.Fatal(err)
	}
	second, _, err := validate.JWKS(keySet(two, one), validatetest.Now(), published())
	if err != nil || !slices.EqualFunc(first.Keys, second.Keys, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
		t.Errorf("%s and %s, %v", first.Keys, second.Keys, err)
	}
}

func TestAKeySetThatVerifiesNobodyIsRefused(t *testing.T) {
	key := string(validatetest.NewIssuer(t).Key(nil))
	for name, c := range map[string]struct{ text, want string }{
		"nothing":        {"", "no JSON object"},
		"HTML":           {"<!DOCTYPE html>", "no JSON object"},
		"no list":        {`{"keys":` + key + `}`, "no list of keys"},
		"empty":          {`{"keys":[]}`, "it is empty"},
		"encryption":     {string(keySet(validatetest.NewIssuer(t).Key(map[string]any{"use": "enc"}))), "not for signatures"},
		"two lists":      {`{"keys":[` + key + `],"keys":[]}`, "stands twice"},
		"a member twice": {`{"keys":[` + strings.Replace(key, `{`, `{"kid":"x",`, 1) + `]}`, "stands twice"},
		"too large":      {`{"keys":[` + key + `],"x":"` + strings.Repeat("x", 256<<10) + `"}`, "262144 is the most"},
		"101 keys":       {string(keySet(slices.Repeat([]json.RawMessage{json.RawMessage(key)}, 101)...)), "more than 100 keys"},
	} {
		learned, _, err := validate.JWKS([]byte(c.text), validatetest.Now(), published())
		if reason.Of(err) != reason.MetadataInvalid || !strings.Contains(err.Error(), c.want) || len(learned.Keys) > 0 {
			t.Errorf("%s: %+v, %v; want %q", name, learned, err, c.want)
		}
	}
}

func FuzzIssuer(f *testing.F) {
	f.Add([]byte(discovery), keySet(validatetest.NewIssuer(f).Key(nil)))
	f.Add([]byte(strings.Replace(discovery, `"token_endpoint":"https:`, `"token_endpoint":"Https:`, 1)), []byte(`{"keys":[{}]}`)) // a scheme has no case (RFC 3986 3.1)
	secure := func(address string) bool {
		u, err := url.Parse(address)
		return err == nil && u.Scheme == "https" && u.Host != ""
	}
	f.Fuzz(func(t *testing.T, document, set []byte) {
		learned, err := validate.Discovery(document, wantIssuer(validatetest.IssuerURL))
		if err == nil && (learned.Issuer != validatetest.IssuerURL || !secure(learned.JWKSURI) || !secure(learned.TokenEndpoint)) {
			t.Errorf("%s became %+v", document, learned)
		}
		learned, _, err = validate.JWKS(set, validatetest.Now(), published())
		if (err == nil) != (len(learned.Keys) > 0) {
			t.Errorf("%s became %+v, %v", set, learned, err)
		}
	})
}
