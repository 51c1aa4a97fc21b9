package stories_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/store"
)

// TestOurOwnKeysAreRotated: with keys in a file and in KMS people sign in before, while
// and after one key follows another, and each request is signed by the key that is
// meant to.
func TestOurOwnKeysAreRotated(t *testing.T) {
	for name, kms := range map[string]bool{"a file": false, "KMS": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &owner{t: t, kms: kms, data: t.TempDir(), alone: kms}
			o.restart()
			first := o.signsInBy(1)
			if !kms {
				o.appendKey()
			}
			o.rotate("next")
			if lacks := "functions  saml-acs, portal, oidc-exchange cannot sign with key "; !kms {
				o.shows(lacks, true) // they run with the file as it was
				o.restart()
				o.shows(lacks[:9], false)
				o.alone = true
			}
			o.restart() // instances read the row within 30 seconds: nobody waits for that here
			if o.signsInBy(2) != first {
				t.Error("the next key signs before its time")
			}
			o.rotate("may become current at") // and again: nothing happens too early
			o.aDayLater()
			o.rotate("retiring")
			o.restart()
			second := o.signsInBy(2)
			if second == first {
				t.Error("the old key signs still")
			}
			o.aDayLater()
			o.rotate("gone")
			o.restart()
			if o.signsInBy(1) != second {
				t.Error("another key signs once the old one is gone")
			}
		})
	}
}

// owner runs a stack that is started again and again.
type owner struct {
	t    *testing.T
	kms  bool
	data string
	push bool // rotate knows where RAM is

	alone bool // no account takes us for an identity provider
	s     *stack.Stack
}

func (o *owner) restart() {
	o.t.Helper()
	options := stack.Options{Data: o.data, KMS: o.kms}
	if o.s != nil {
		options.Listen = strings.TrimPrefix(o.s.URL, "http://")
		o.s.Kill()
	}
	o.s = stack.Start(o.t, options)
	if !o.alone {
		return
	}
	rewrite(o.t, o.s, func(text string) string {
		text = regexp.MustCompile(`(?m)^ +(federatedProvider|userSSO): .*\n`).ReplaceAllString(text, "")
		text = regexp.MustCompile(`(?m)^  - name: .*\n    idp: .*\n    user: .*\n    condition:\n      .*\n`).ReplaceAllString(text, "")
		return strings.Replace(text, "issue: federated", "issue: assume-role", 1)
	})
}

// signsInBy signs somebody in, and returns the certificate that verifies the request
// which that begins with: the first of so many that are published.
func (o *owner) signsInBy(published int) string {
	o.t.Helper()
	alice := person.New(o.s.Ready, "acme", "alice")
	wantRoles(o.t, must[*browser.Page](o.t)(alice.SignIn(o.t.Context())), admin, readonly, developer)
	_, metadata := get(o.t, o.s.URL+"/saml/acme/metadata")
	var certificates []string
	for _, match := range regexp.MustCompile(`(?s)use="signing".*?<ds:X509Certificate>(.*?)</ds:X509Certificate>`).FindAllStringSubmatch(metadata, -1) {
		certificates = append(certificates, match[1])
	}
	if len(certificates) != published || !strings.Contains(metadata, `use="encryption"`) {
		o.t.Fatalf("%d certificates are published, want %d:\n%s", len(certificates), published, metadata)
	}
	header, _ := get(o.t, o.s.URL+"/saml/acme/login")
	der, err := base64.StdEncoding.DecodeString(certificates[0])
	if err != nil {
		o.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		o.t.Fatal(err)
	}
	location := header.Get("Location")
	_, query, _ := strings.Cut(location, "?")
	signed, _, _ := strings.Cut(query, "&Signature=")
	values, err := url.ParseQuery(query)
	if err != nil {
		o.t.Fatal(err)
	}
	signature, err := base64.StdEncoding.DecodeString(values.Get("Signature"))
	if err != nil {
		o.t.Fatal(err)
	}
	if err := certificate.CheckSignature(x509.SHA256WithRSA, []byte(signed), signature); err != nil {
		o.t.Errorf("%s: %v", location, err)
	}
	return certificates[0]
}

// get opens an address, and follows nothing.
func get(t *testing.T, address string) (http.Header, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.Header, string(body)
}

// appendKey puts the next key into the functions' file, behind the others.
func (o *owner) appendKey() {
	o.t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		o.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		o.t.Fatal(err)
	}
	text, err := os.ReadFile(o.keyFile())
	if err != nil {
		o.t.Fatal(err)
	}
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})...)
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	if err := os.WriteFile(o.keyFile(), text, 0o600); err != nil {
		o.t.Fatal(err)
	}
}

func (o *owner) keyFile() string { return filepath.Join(o.data, "signing-key.pem") }

// rotate runs ssoctl keys rotate, which has to say so.
func (o *owner) rotate(says string) {
	o.t.Helper()
	said, err := o.command().CombinedOutput()
	if err != nil || !strings.Contains(string(said), says) {
		o.t.Fatalf("%v, or without %q:\n%s", err, says, said)
	}
}

// command is ssoctl keys rotate.
func (o *owner) command() *exec.Cmd {
	return o.ssoctl("keys", "rotate")
}

// shows runs ssoctl keys, which says so or does not.
func (o *owner) shows(says string, want bool) {
	o.t.Helper()
	said, err := o.ssoctl("keys").CombinedOutput()
	if err != nil || strings.Contains(string(said), says) != want {
		o.t.Errorf("%v, or %q is there, or is not:\n%s", err, says, said)
	}
}

func (o *owner) ssoctl(arguments ...string) *exec.Cmd {
	command := exec.CommandContext(context.WithoutCancel(o.t.Context()), filepath.Join(stack.Bin(o.t), "ssoctl"), arguments...)
	command.Env = append(os.Environ(), "SSO_LOCAL_STACK=1", "SSO_URL="+o.s.URL,
		"SSO_OTS_ENDPOINT="+o.s.Tablestore.Endpoint, "SSO_OTS_INSTANCE="+o.s.Tablestore.Instance,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+o.s.Cloud.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+o.s.Cloud.AccessKeySecret)
	if o.kms {
		command.Env = append(command.Env, "SSO_KMS_ENDPOINT="+o.s.Cloud.KMS, "SSO_SIGNING_KMS_KEY=fc-sso-signing")
	} else {
		command.Env = append(command.Env, "SSO_SIGNING_KEY_FILE="+o.keyFile())
	}
	if o.push {
		command.Env = append(command.Env, "SSO_STS_ENDPOINT="+o.s.Cloud.STS, "SSO_IMS_ENDPOINT="+o.s.Cloud.IMS, "SSO_RAM_ENDPOINT="+o.s.Cloud.RAM)
	}
	return command
}

// aDayLater turns the row's hours back, instead of everybody's clock forward.
func (o *owner) aDayLater() {
	o.t.Helper()
	trust := store.NewTrust(store.Open(store.Config{
		Endpoint: o.s.Tablestore.Endpoint, Instance: o.s.Tablestore.Instance, Now: time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: o.s.Tablestore.AccessKeyID, AccessKeySecret: ram.Secret(o.s.Tablestore.AccessKeySecret)}, nil
		},
	}))
	body, version, err := trust.Own(o.t.Context())
	if err != nil {
		o.t.Fatal(err)
	}
	var keys []map[string]any
	if err := json.Unmarshal(body, &keys); err != nil {
		o.t.Fatal(err)
	}
	for _, key := range keys {
		for name, value := range key {
			if !slices.Contains([]string{"announced", "signed", "left", "ended"}, name) {
				continue
			}
			at, err := time.Parse(time.RFC3339, value.(string))
			if err != nil {
				o.t.Fatal(err)
			}
			key[name] = at.Add(-24 * time.Hour)
		}
	}
	if body, err = json.Marshal(keys); err != nil {
		o.t.Fatal(err)
	}
	if err := trust.PutOwn(o.t.Context(), body, version); err != nil {
		o.t.Fatal(err)
	}
}

// TestWhoIsKilledWhileRotatingRunsItAgain: whenever that is, there is one next key and
// one version more, for KMS makes one in seven days.
func TestWhoIsKilledWhileRotatingRunsItAgain(t *testing.T) {
	t.Parallel()
	o := &owner{t: t, kms: true, data: t.TempDir()}
	o.restart()
	for after := time.Millisecond; after < 150*time.Millisecond; after += after/3 + time.Millisecond {
		command := o.command()
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(after, func() { _ = command.Process.Kill() })
		_ = command.Wait() // killed, or not
		kill.Stop()
	}
	o.rotate("next: ")
	operator := operator{t, o.s, ram.Credentials{AccessKeyID: o.s.Cloud.AccessKeyID, AccessKeySecret: ram.Secret(o.s.Cloud.AccessKeySecret)}}
	var versions struct{ TotalCount int }
	operator.call(o.s.Cloud.KMS, "2016-01-20", "ListKeyVersions", &versions, "KeyId", "fc-sso-signing")
	if versions.TotalCount != 2 {
		t.Errorf("%d versions", versions.TotalCount)
	}
	o.restart()
	o.signsInBy(2)
}

// TestAVersionThatNobodyWroteDownIsTaken: whoever was to do so was killed in between.
func TestAVersionThatNobodyWroteDownIsTaken(t *testing.T) {
	t.Parallel()
	o := &owner{t: t, kms: true, data: t.TempDir()}
	o.restart()
	operator := operator{t, o.s, ram.Credentials{AccessKeyID: o.s.Cloud.AccessKeyID, AccessKeySecret: ram.Secret(o.s.Cloud.AccessKeySecret)}}
	var made struct{ KeyVersion struct{ KeyVersionId string } }
	operator.call(o.s.Cloud.KMS, "2016-01-20", "CreateKeyVersion", &made, "KeyId", "fc-sso-signing")
	o.rotate("version " + made.KeyVersion.KeyVersionId)
}

// TestAccountsHaveOurNextCertificateFirst: a key is not used before the account that
// takes us for an identity provider was read to have its certificate; nobody has to
// bring it there.
func TestAccountsHaveOurNextCertificateFirst(t *testing.T) {
	t.Parallel()
	o := &owner{t: t, kms: true, data: t.TempDir()}
	o.restart()
	const account = "4567890123456789"
	edit(t, o.s, "accounts:\n", `accounts:
  - id: "`+account+`"
    alias: staff
    maintenanceRole: acs:ram::`+account+`:role/fc-sso-maintenance
    federatedProvider: acs:ram::`+account+`:saml-provider/fc-sso
    userSSO: {suffixes: [staff.onaliyun.com], withDomain: true}
    manage: {create: true}
`)
	o.rotate("held by    staff: SAML provider acs:ram::" + account + ":saml-provider/fc-sso")
	o.s.Invoke(t, "metadata-rotation", map[string]string{"triggerTime": "2027-03-01T12:07:00Z", "triggerName": "hourly", "payload": `{"job":"rotate"}`})
	var settings struct {
		UserSsoSettings struct{ MetadataDocument, AuthnSignAlgo string }
	}
	if err := json.Unmarshal([]byte(newOperator(t, o.s, account).ims("GetUserSsoSettings")), &settings); err != nil {
		t.Fatal(err)
	}
	document, err := base64.StdEncoding.DecodeString(settings.UserSsoSettings.MetadataDocument)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(document), "<ds:X509Certificate>"); n != 2 || !strings.Contains(string(document), o.s.URL+"/idp/"+account+"/metadata") || settings.UserSsoSettings.AuthnSignAlgo != "rsa-sha256" {
		t.Errorf("%d certificates, %+v: %s", n, settings, document)
	}
	o.rotate("confirmed  staff: user SSO has the next certificate since")
	operate(t, o.s, "keys", "withdraw")
	newOperator(t, o.s, account).ims("DeleteSAMLProvider", "SAMLProviderName", "fc-sso") // it is made again, by rotate itself
	o.push = true
	o.rotate("staff: CreateSAMLProvider fc-sso: ")
	o.rotate("confirmed  staff: SAML provider")
	o.rotate("may become current at")
}

// TestTroubleInKMSIsAPage: whatever KMS answers in place of a signature, nobody is sent
// anywhere with a request that is not signed; and what is over is over.
func TestTroubleInKMSIsAPage(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{KMS: true})
	for _, kind := range []string{"hang", "drip", "page", "empty", "null", "half", "broken off", "error", "throttling", "lie"} {
		s.Trouble(t, "kms", kind)
		began := time.Now()
		page := must[*browser.Page](t)(person.New(s.Ready, "acme", "alice").Open(t.Context(), s.URL+"/saml/acme/login"))
		wantRefusal(t, page, http.StatusServiceUnavailable, "own_keys_unavailable")
		if strings.Contains(page.Body, "SAMLRequest") || time.Since(began) > functionTimeout {
			t.Errorf("%s: %s after %s", kind, page.Body, time.Since(began))
		}
		s.Trouble(t, "kms", "")
	}
	wantRoles(t, must[*browser.Page](t)(person.New(s.Ready, "acme", "alice").SignIn(t.Context())), admin, readonly, developer)
}
