package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// pair is a private key with its certificate, as a key file has them.
type pair struct {
	text        []byte
	certificate *x509.Certificate
}

func newPair(t *testing.T) pair {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: validatetest.Now().AddDate(-1, 0, 0), NotAfter: validatetest.Now().AddDate(9, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return pair{append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...), certificate}
}

// keyring is an operator with a key file, and the functions that have theirs.
type keyring struct {
	operator
	file string
	has  []*x509.Certificate // in the functions' file
	sign []*x509.Certificate // what they sign with, and are to
	held map[string][]string // what other functions say they can sign with, by the path of their health
	now  time.Time
}

func newKeyring(t *testing.T, pairs ...pair) *keyring {
	t.Helper()
	k := &keyring{operator: newOperator(t), file: filepath.Join(t.TempDir(), "keys.pem"), now: validatetest.Now()}
	k.write(pairs...)
	functions := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if held, there := k.held[r.URL.Path]; there {
			_, _ = fmt.Fprintln(w, "ok\n"+strings.Join(held, "\n"))
			return
		}
		if r.URL.Path != "/saml/test/metadata" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		_, _ = fmt.Fprint(w, `<m:EntityDescriptor xmlns:m="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:d="http://www.w3.org/2000/09/xmldsig#"><m:SPSSODescriptor>`)
		for use, list := range map[string][]*x509.Certificate{"encryption": k.has, "signing": k.sign} {
			for _, c := range list {
				_, _ = fmt.Fprintf(w, `<m:KeyDescriptor use="%s"><d:KeyInfo><d:X509Data><d:X509Certificate>%s</d:X509Certificate></d:X509Data></d:KeyInfo></m:KeyDescriptor>`,
					use, base64.StdEncoding.EncodeToString(c.Raw))
			}
		}
		_, _ = fmt.Fprint(w, `</m:SPSSODescriptor></m:EntityDescriptor>`)
	}))
	t.Cleanup(functions.Close)
	k.env["SSO_URL"] = functions.URL
	return k
}

func (k *keyring) write(pairs ...pair) {
	k.t.Helper()
	var text []byte
	for _, p := range pairs {
		text = append(text, p.text...)
	}
	if err := os.WriteFile(k.file, text, 0o600); err != nil {
		k.t.Fatal(err)
	}
}

// run is that of an operator at this hour.
func (k *keyring) run(args ...string) result {
	k.t.Helper()
	var stdout, stderr bytes.Buffer
	p := program{
		stdout: &stdout, stderr: &stderr, now: func() time.Time { return k.now },
		lookup: func(name string) (string, bool) { value, ok := k.env[name]; return value, ok },
	}
	status := p.run(k.t.Context(), args)
	return result{status, stdout.String(), stderr.String()}
}

func (k *keyring) row() own.Keys {
	k.t.Helper()
	body, _, err := k.trust().Own(k.t.Context())
	if err != nil {
		k.t.Fatal(err)
	}
	row, err := own.Parse(body)
	if err != nil {
		k.t.Fatal(err)
	}
	return row
}

func (k *keyring) wantStates(want string) {
	k.t.Helper()
	var states []string
	for _, key := range k.row().All() {
		states = append(states, string(key.State))
	}
	if got := strings.Join(states, " "); got != want {
		k.t.Errorf("%s, want %s", got, want)
	}
}

// says runs a command that has to say so.
func (k *keyring) says(status int, want string, args ...string) {
	k.t.Helper()
	if r := k.run(args...); r.status != status || !strings.Contains(r.stdout+r.stderr, want) {
		k.t.Errorf("%q: status %d, not %d, or without %q:\n%s%s", args, r.status, status, want, r.stdout, r.stderr)
	}
}

const userSSO = `accounts:
  - id: "2345678901234567"
    alias: staff
    userSSO: {suffixes: [acme.onaliyun.com], withDomain: true}
`

// TestKeysAreRotatedStepByStep: each run does what may be done and says what comes
// next; whoever holds it is named; and nothing is done twice.
func TestKeysAreRotatedStepByStep(t *testing.T) {
	first, second := newPair(t), newPair(t)
	k := newKeyring(t, first)
	k.apply("-f", write(t, strings.Replace(k.idp.federation(""), "accounts:\n", userSSO, 1)))
	rotate := []string{"keys", "rotate", "-key", k.file}
	k.says(statusDone, "nobody wrote down our own keys", "keys")
	k.says(statusWrong, "no keys; write ssoctl keys rotate", "keys", "rotate")
	k.says(statusDone, "would be: current", "keys", "init", "-n", "-key", k.file)
	k.wantStates("")
	k.says(statusDone, "current   "+own.ID(first.certificate)[:16], "keys", "init", "-key", k.file)
	k.says(statusDone, "written down already", "keys", "init", "-key", k.file)
	k.says(statusWrong, "has no key beside those", rotate...)
	k.wantStates("current")

	k.write(first, second)
	k.says(statusDone, "would be: next", append(rotate, "-n")...)
	k.wantStates("current")
	k.says(statusDone, "held by    staff: user SSO (where nobody can look: the account has no maintenanceRole): RAM was not yet seen to have the certificate", rotate...)
	k.wantStates("current next")
	k.now = k.now.Add(48 * time.Hour)
	k.says(statusDone, "cannot sign before all of these have it", rotate...)
	k.wantStates("current next")

	next, _ := k.row().In(own.Next)
	known, err := memory.Account{Providers: map[string]memory.Provider{memory.UserSSO: {
		Certificates: map[string]memory.Known{next.Fingerprint(): {Confirmed: k.now}},
	}}}.Row()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.trust().PutAccount(t.Context(), "2345678901234567", known, 0); err != nil {
		t.Fatal(err)
	}
	k.says(statusDone, "confirmed  staff: user SSO (where nobody can look: the account has no maintenanceRole) has the next certificate since "+minute(k.now), "keys")
	k.says(statusDone, "may become current at "+minute(k.now.Add(own.Pause)), rotate...)
	k.now = k.now.Add(own.Pause)
	k.held = map[string][]string{"/healthz": {}}
	k.says(statusDone, "may become current: run ssoctl keys rotate", "keys")
	k.says(statusFailed, "saml-acs, portal cannot sign with key "+next.ID[:16]+" yet", rotate...)
	k.wantStates("current next")
	k.has = []*x509.Certificate{first.certificate, second.certificate}
	k.held["/healthz"] = []string{next.ID}
	k.says(statusDone, "would be: retiring", append(rotate, "-n")...)
	k.says(statusDone, "retiring  "+own.ID(first.certificate)[:16], rotate...)
	k.wantStates("retiring current")
	k.says(statusDone, "may become gone at "+minute(k.now.Add(own.Pause)), rotate...)
	k.now = k.now.Add(own.Pause)
	k.sign = []*x509.Certificate{first.certificate, second.certificate}
	k.says(statusFailed, "ssoctl: saml-acs cannot sign with key "+next.ID[:16], rotate...)
	k.wantStates("retiring current")
	k.sign = []*x509.Certificate{second.certificate, first.certificate}
	k.says(statusDone, "next: nothing", rotate...)
	k.wantStates("gone current")
}

const federated = `accounts:
  - id: "2345678901234567"
    alias: staff
    issue: federated
    federatedProvider: acs:ram::2345678901234567:saml-provider/fc-sso
`

// confirmed has RAM know both certificates of every account, for as long as it takes.
func (k *keyring) confirmed(keys own.Keys) {
	k.t.Helper()
	certificates := map[string]memory.Known{}
	for _, key := range keys.All() {
		certificates[key.Fingerprint()] = memory.Known{Confirmed: k.now.Add(-2 * own.Pause)}
	}
	known, err := memory.Account{Providers: map[string]memory.Provider{
		memory.UserSSO: {Certificates: certificates},
		"acs:ram::2345678901234567:saml-provider/fc-sso": {Certificates: certificates},
	}}.Row()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := k.trust().PutAccount(k.t.Context(), "2345678901234567", known, 0); err != nil {
		k.t.Fatal(err)
	}
}

// announced writes down a key that signs and one that may do so now.
func (k *keyring) announced(first, second pair, at, nextAt own.Place) own.Keys {
	k.t.Helper()
	keys, err := own.Begin(first.certificate, at, k.now.Add(-2*own.Pause)).Announce(second.certificate, nextAt, k.now.Add(-2*own.Pause))
	if err != nil {
		k.t.Fatal(err)
	}
	row, err := keys.Row()
	if err != nil {
		k.t.Fatal(err)
	}
	if err := k.trust().PutOwn(k.t.Context(), row, 0); err != nil {
		k.t.Fatal(err)
	}
	k.confirmed(keys)
	return keys
}

// TestEachFunctionThatSignsHasTheKeyFirst, and has it still when the one before goes:
// the one that lacks it is named.
func TestEachFunctionThatSignsHasTheKeyFirst(t *testing.T) {
	first, second := newPair(t), newPair(t)
	k := newKeyring(t, first, second)
	k.apply("-f", write(t, strings.Replace(k.idp.federation(""), "accounts:\n", federated, 1)))
	old, next := own.ID(first.certificate), own.ID(second.certificate)
	k.announced(first, second, own.Place{}, own.Place{})
	rotate := []string{"keys", "rotate", "-key", k.file}
	k.has = []*x509.Certificate{first.certificate, second.certificate}
	k.says(statusFailed, "cannot see whether portal can sign with key "+next[:16], rotate...)
	k.held = map[string][]string{"/healthz": {old}, "/oidc/healthz": {}}
	k.says(statusFailed, "portal, oidc-exchange cannot sign with key "+next[:16]+" yet: deploy with the key file that has it", rotate...)
	k.says(statusDone, "functions  portal, oidc-exchange cannot sign with key "+next[:16], "keys")
	k.held["/oidc/healthz"] = []string{old, next}
	k.says(statusFailed, "ssoctl: portal cannot sign with key "+next[:16], rotate...)
	k.wantStates("current next")
	k.held["/healthz"] = []string{old, next}
	k.says(statusDone, "retiring", rotate...)

	k.now = k.now.Add(own.Pause)
	k.sign = []*x509.Certificate{second.certificate, first.certificate}
	k.held["/oidc/healthz"] = []string{old}
	k.says(statusFailed, "ssoctl: oidc-exchange cannot sign with key "+next[:16], rotate...)
	k.wantStates("retiring current")
	k.held["/oidc/healthz"] = []string{next}
	k.says(statusDone, "next: nothing", rotate...)
}

// TestBetweenFileAndKMSTheOldKeyStandsIn: a function has the one or the other, so it
// need not have the new key before that signs, but before the old one goes.
func TestBetweenFileAndKMSTheOldKeyStandsIn(t *testing.T) {
	first, second := newPair(t), newPair(t)
	k := newKeyring(t, first, second)
	k.apply("-f", write(t, strings.Replace(k.idp.federation(""), "accounts:\n", federated, 1)))
	keys := k.announced(first, second, own.Place{Key: "key-1", Version: "v"}, own.Place{})
	signing, _ := keys.In(own.Current)
	k.has = []*x509.Certificate{first.certificate, second.certificate}
	k.held = map[string][]string{"/healthz": {signing.Handle()}, "/oidc/healthz": {own.ID(second.certificate)}}
	rotate := []string{"keys", "rotate", "-key", k.file}
	k.says(statusDone, "retiring", rotate...)
	k.now = k.now.Add(own.Pause)
	k.sign = []*x509.Certificate{second.certificate, first.certificate}
	k.says(statusFailed, "ssoctl: portal cannot sign with key ", rotate...)
	k.held["/healthz"] = []string{own.ID(second.certificate)}
	k.says(statusDone, "next: nothing", rotate...)
}

// TestAKeyInKMSDoesNotPushOneOfAFileAside, of which nobody has written down that it
// signs.
func TestAKeyInKMSDoesNotPushOneOfAFileAside(t *testing.T) {
	key := newPair(t)
	k := newKeyring(t, key)
	k.apply("-f", write(t, strings.Replace(k.idp.federation(""), "accounts:\n", federated, 1)))
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Acs-Action") != "ListKeyVersions" {
			t.Errorf("%s was called", r.Header.Get("X-Acs-Action"))
		}
		_, _ = fmt.Fprint(w, `{"TotalCount":1,"KeyVersions":{"KeyVersion":[{"KeyVersionId":"v","CreationDate":"2027-01-01T00:00:00Z"}]}}`)
	}))
	t.Cleanup(service.Close)
	k.env["SSO_SIGNING_KMS_KEY"], k.env["SSO_KMS_ENDPOINT"] = "key-1", service.URL
	for _, word := range []string{"init", "rotate"} {
		k.sign, k.held = []*x509.Certificate{key.certificate}, nil
		k.says(statusWrong, "the functions sign with a key of their file; write ssoctl keys init -key FILE", "keys", word)
		k.sign, k.held = nil, map[string][]string{"/healthz": {own.ID(key.certificate)}}
		k.says(statusWrong, "the functions sign with a key of their file; write ssoctl keys init -key FILE", "keys", word)
	}
	k.says(statusWrong, "SSO_SIGNING_KMS_KEY is set, and -key too", "keys", "rotate", "-key", k.file)
	k.wantStates("")
}

func TestAnAnnouncedKeyIsTakenBack(t *testing.T) {
	first, second := newPair(t), newPair(t)
	k := newKeyring(t, first, second)
	k.apply("-f", write(t, k.idp.federation("")))
	k.says(statusFailed, "no key is announced", "keys", "withdraw")
	k.says(statusDone, "may become current at "+minute(k.now.Add(own.Pause)), "keys", "rotate", "-key", k.file) // init, and the next
	k.wantStates("current next")
	k.says(statusDone, "next: nothing", "keys", "withdraw")
	k.wantStates("current")
}

// TestTwoOperatorsAtOnce: the second reads again; nothing is written over.
func TestTwoOperatorsAtOnce(t *testing.T) {
	k := newKeyring(t, newPair(t))
	k.apply("-f", write(t, k.idp.federation("")))
	p := program{
		stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, now: func() time.Time { return k.now },
		lookup: func(name string) (string, bool) { value, ok := k.env[name]; return value, ok },
	}
	slow, err := p.ourKeys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k.says(statusDone, "current", "keys", "init", "-key", k.file)
	if err := slow.put(t.Context(), own.Begin(newPair(t).certificate, own.Place{}, k.now)); err == nil || !strings.Contains(err.Error(), "store_conflict") {
		t.Error(err)
	}
	k.says(statusWrong, "keys: write ssoctl keys", "keys", "turn")
	k.says(statusWrong, `what is "x" for?`, "keys", "show", "x")
}

func TestAnAccountWhoseLastRunFailedConfirmsNothing(t *testing.T) {
	known := memory.Account{Providers: map[string]memory.Provider{memory.UserSSO: {
		Certificates: map[string]memory.Known{"a": {Confirmed: time.Now()}},
	}}}
	if got := confirmed(known, memory.UserSSO); got["a"].IsZero() {
		t.Errorf("%v", got)
	}
	known.Failing = 1
	if got := confirmed(known, memory.UserSSO); len(got) > 0 {
		t.Errorf("%v", got)
	}
}
