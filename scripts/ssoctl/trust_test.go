package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// issuer is an OpenID Provider's documents, with these keys.
type issuer struct {
	*httptest.Server
	keys []json.RawMessage
	down bool
}

func newIssuer(t *testing.T, keys ...json.RawMessage) *issuer {
	t.Helper()
	s := &issuer{keys: keys}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case s.down:
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/.well-known/openid-configuration":
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, s.URL, s.URL+"/jwks") // the reader may be gone
		default:
			_ = json.NewEncoder(w).Encode(map[string]any{"keys": s.keys})
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// and declares the issuer beside the SAML identity provider.
func (s *issuer) and(federation string) string {
	return strings.Replace(federation, "accounts:", fmt.Sprintf(`  - id: ci
    oidc: {issuer: %q, audiences: [sts.aliyuncs.com]}
accounts:`, s.URL), 1)
}

func TestKeysOfIssuersAreFetchedToo(t *testing.T) {
	signer := validatetest.NewIssuer(t)
	op, ci := newOperator(t), newIssuer(t, signer.Key(nil), signer.By("ES256").Key(nil))
	file := write(t, ci.and(op.idp.federation("")))
	two := "2 keys of issuer " + ci.URL + "\n"
	if r := op.run("apply", "-f", file); r.status != statusDone || !strings.Contains(r.stdout, "ci: keys fetched: "+two) || !strings.Contains(r.stdout, "test: keys fetched: entity ID ") {
		t.Fatalf("%+v", r)
	}
	if r := op.run("trust", "refresh"); r.status != statusDone || !strings.HasSuffix(r.stdout, "ci: keys unchanged: "+two) || !strings.HasPrefix(r.stdout, "test: keys unchanged: ") {
		t.Errorf("%+v", r)
	}
	ci.keys = []json.RawMessage{signer.Key(map[string]any{"use": "enc"}), validatetest.OtherIssuer(t).Key(nil)}
	op.run("trust", "refresh", "ci").
		want(t, statusDone, "ci: all keys replaced at once, and fetched: 1 key of issuer "+ci.URL+"; of no use: key 1: it is not for signatures: use \"enc\"\n", "")
}

func TestARefreshThatFailsChangesNothingAndSaysSo(t *testing.T) {
	op, ci := newOperator(t), newIssuer(t, validatetest.NewIssuer(t).Key(nil))
	ci.down = true
	file := write(t, ci.and(op.idp.federation("")))
	why := fmt.Sprintf(": identity provider ci: source_unavailable: fetch %q: it answers with status 503\n", ci.URL+"/.well-known/openid-configuration")
	if r := op.run("apply", "-f", file); r.status != statusDone || !strings.HasSuffix(r.stdout, "ci: pending, it refuses tokens until its keys can be read"+why) {
		t.Errorf("%+v", r)
	}
	ci.down = false
	if r := op.run("trust", "refresh", "ci"); r.status != statusDone || r.stdout != "ci: keys fetched: 1 key of issuer "+ci.URL+"\n" {
		t.Errorf("%+v", r)
	}
	ci.down = true
	op.run("trust", "refresh", "ci").
		want(t, statusFailed, "ci: keeps the keys that it has"+why, "ssoctl: 1 of 1 identity provider could not be refreshed\n")
}

func TestWhatCannotBeRefreshedIsSaid(t *testing.T) {
	op := newOperator(t)
	const write = "write ssoctl trust refresh [-forget] [IDP ...]\n"
	op.run("trust").want(t, statusWrong, "", "ssoctl: trust: write ssoctl trust show [IDP ...], ssoctl trust refresh [IDP ...], ssoctl trust approve IDP DIGEST, or ssoctl trust resume IDP\n")
	op.run("trust", "refresh", "-x").want(t, statusWrong, "", "ssoctl: trust refresh: flag provided but not defined: -x; "+write)
	op.run("trust", "refresh").want(t, statusWrong, "", "ssoctl: nothing was applied yet; write ssoctl apply -f FILE\n")
	revision := op.apply("-f", op.file(1, false))
	op.run("trust", "refresh", "nobody").want(t, statusWrong, "", "ssoctl: there is no identity provider \"nobody\" in revision "+revision+"\n")
}

var heldDigest = regexp.MustCompile(`ssoctl trust approve ci ([0-9a-f]{32})\n`)

// TestKeysThatAreAllReplacedWaitForApproval where the record says requireOverlap, and
// what is approved is what was shown.
func TestKeysThatAreAllReplacedWaitForApproval(t *testing.T) {
	signer, other := validatetest.NewIssuer(t), validatetest.OtherIssuer(t)
	op, ci := newOperator(t), newIssuer(t, signer.Key(nil))
	file := write(t, strings.Replace(ci.and(op.idp.federation("")), "  - id: ci\n", "  - id: ci\n    requireOverlap: true\n", 1))
	if r := op.run("apply", "-f", file); r.status != statusDone || !strings.Contains(r.stdout, "ci: keys fetched: 1 key") {
		t.Fatalf("%+v", r)
	}
	ci.keys = []json.RawMessage{other.Key(nil)}
	r := op.run("trust", "refresh", "ci")
	digest := heldDigest.FindStringSubmatch(r.stdout)
	if r.status != statusFailed || !strings.HasPrefix(r.stdout, "ci: keeps the keys that it has: identity provider ci: keys_held: ") || digest == nil {
		t.Fatalf("%+v", r)
	}
	ci.keys = []json.RawMessage{signer.By("ES256").Key(nil)} // and now others still
	if r := op.run("trust", "approve", "ci", digest[1]); r.status != statusFailed || r.stderr != "ssoctl: nothing was approved\n" || !strings.Contains(r.stdout, "keys_held") {
		t.Errorf("%+v", r)
	}
	ci.keys = []json.RawMessage{other.Key(nil)}
	op.run("trust", "approve", "ci", digest[1]).want(t, statusDone, "ci: all keys replaced at once, and fetched: 1 key of issuer "+ci.URL+"\n", "")
	op.run("trust", "approve", "ci", digest[1]).want(t, statusDone, "ci: keys unchanged: 1 key of issuer "+ci.URL+"\n", "")
	ci.keys = append(ci.keys, signer.Key(nil)) // with overlap nobody is asked
	op.run("trust", "refresh", "ci").want(t, statusDone, "ci: keys fetched: 2 keys of issuer "+ci.URL+"\n", "")

	const how = "write ssoctl trust approve IDP DIGEST, the digest as trust refresh shows it\n"
	op.run("trust", "approve", "ci").want(t, statusWrong, "", "ssoctl: trust approve: "+how)
	op.run("trust", "approve", "ci", digest[1], "x").want(t, statusWrong, "", "ssoctl: trust approve: "+how)
	if r := op.run("trust", "approve", "nobody", digest[1]); r.status != statusWrong {
		t.Errorf("%+v", r)
	}
}

func TestKeysAreShownWithTheirLives(t *testing.T) {
	signer := validatetest.NewIssuer(t)
	op, ci := newOperator(t), newIssuer(t, signer.Key(nil))
	if r := op.run("apply", "-f", write(t, ci.and(op.idp.federation("")))); r.status != statusDone {
		t.Fatalf("%+v", r)
	}
	ci.keys = append(ci.keys, validatetest.OtherIssuer(t).Named("two").Key(nil))
	op.run("trust", "refresh", "ci")
	r := op.run("trust", "show")
	for _, want := range []string{"test (SAML, entity ID ", "ci (OpenID Connect, issuer " + ci.URL + ")\n", "  current   ", "  seen since ", "  certificate until "} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("%q lacks %q", r.stdout, want)
		}
	}
	ci.keys = ci.keys[1:]
	op.run("trust", "refresh", "ci")
	if r := op.run("trust", "show", "ci"); strings.Count(r.stdout, "\n") != 3 || !strings.Contains(r.stdout, "  retiring  ") || !strings.Contains(r.stdout, "  believed until ") {
		t.Errorf("%+v", r)
	}
	if r := op.run("trust", "refresh", "-forget"); r.status != statusWrong {
		t.Errorf("%+v", r)
	}
	op.run("trust", "refresh", "-forget", "ci")
	if r := op.run("trust", "show", "ci"); strings.Contains(r.stdout, "retiring") || !strings.Contains(r.stdout, "current") {
		t.Errorf("%+v", r)
	}
}
