package validate_test

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// fixture is a response that a product of others sent, or an attack on one, with
// the hour and the service provider that it was made for. They lie in the
// module of crewjam/saml, which the tests need anyway.
type fixture struct {
	name, response, metadata string
	now                      string
	base, acs, metadataPath  string
	request                  string
	sha1, cbc                bool   // the record's consent
	expect                   string // reason, or the subject after "="
	why                      string
}

const (
	ngrok    = "https://29ee6d2e.ngrok.io"
	okta     = "http://localhost:8000"
	demo     = "http://sp.example.com/demo1"
	octolabs = "https://preview.docrocket-ross.test.octolabs.io"

	oneloginRequest = "id-d40c15c104b52691eccf0a2a5c8a15595be75423"
	demoRequest     = "ONELOGIN_4fee3b046395c4e751011e97f8900b5273d56685"
)

func fixtures() []fixture {
	list := []fixture{
		{
			name: "Google Workspace", response: "TestSPCanHandlePlaintextResponse_response", metadata: "TestSPCanHandlePlaintextResponse_IDPMetadata",
			now: "2016-01-05T16:55:39Z", base: ngrok, request: "id-fd419a5ab0472645427f8e07d87a3a5dd0b2e9a6",
			expect: "=ross@octolabs.io", why: "the response is signed by RSA-SHA256",
		},
		{
			name: "Google Workspace, to another's request", response: "TestSPCanHandlePlaintextResponse_response", metadata: "TestSPCanHandlePlaintextResponse_IDPMetadata",
			now: "2016-01-05T16:55:39Z", base: ngrok, request: "id-other",
			expect: "in_response_to_mismatch", why: "it answers one request",
		},
		{
			name: "Google Workspace, later", response: "TestSPCanHandlePlaintextResponse_response", metadata: "TestSPCanHandlePlaintextResponse_IDPMetadata",
			now: "2016-01-05T17:01:40Z", base: ngrok, request: "id-fd419a5ab0472645427f8e07d87a3a5dd0b2e9a6",
			expect: "expired", why: "it lives for five minutes",
		},
		{
			name: "Okta, signed response", response: "TestSPCanHandleOktaSignedResponseEncryptedAssertion_response", metadata: "TestSPCanHandleOktaSignedResponseEncryptedAssertion_IDPMetadata",
			now: "2020-03-03T19:24:28Z", base: okta, request: "id-a7364d1e4432aa9085a7a8bd824ea2fa8fa8f684",
			expect: "=testuser@testrsc.com", why: "AES-256-CBC under the response's signature, the key beside the data",
		},
		{
			name: "Okta, signed assertion", response: "TestSPCanHandleOktaResponseEncryptedSignedAssertion_response", metadata: "TestSPCanHandleOktaResponseEncryptedSignedAssertion_IDPMetadata",
			now: "2020-03-03T19:31:55Z", base: okta, request: "id-6d976cdde8e76df5df0a8ff58148fc0b7ec6796d",
			expect: "encryption_unsigned", why: "AES-256-CBC, and nothing is signed outside",
		},
		{
			name: "Okta, signed assertion, CBC allowed", response: "TestSPCanHandleOktaResponseEncryptedSignedAssertion_response", metadata: "TestSPCanHandleOktaResponseEncryptedSignedAssertion_IDPMetadata",
			now: "2020-03-03T19:31:55Z", base: okta, request: "id-6d976cdde8e76df5df0a8ff58148fc0b7ec6796d", cbc: true,
			expect: "=testuser@testrsc.com", why: "AES-256-CBC, and the signature inside",
		},
		{
			name: "Okta, both signed", response: "TestSPCanHandleOktaResponseEncryptedAssertionBothSigned_response", metadata: "TestSPCanHandleOktaResponseEncryptedAssertionBothSigned_IDPMetadata",
			now: "2020-03-03T19:40:54Z", base: okta, request: "id-953d4cab69ff475c5901d12e585b0bb15a7b85fe",
			expect: "=testuser@testrsc.com", why: "AES-256-CBC, signed outside and inside",
		},
		{
			name: "OneLogin", response: "TestSPCanHandleOneloginResponse_response", metadata: "TestSPCanHandleOneloginResponse_IDPMetadata",
			now: "2016-01-05T17:53:12Z", base: ngrok, request: oneloginRequest,
			expect: "signature_algorithm", why: "RSA-SHA1, and the record does not allow it",
		},
		{
			name: "OneLogin, SHA-1 allowed", response: "TestSPCanHandleOneloginResponse_response", metadata: "TestSPCanHandleOneloginResponse_IDPMetadata",
			now: "2016-01-05T17:53:12Z", base: ngrok, request: oneloginRequest, sha1: true,
			expect: "=ross@kndr.org", why: "RSA-SHA1 with the record's consent",
		},
		{
			name: "SimpleSAMLphp", response: "TestServiceProviderCanHandleSignedAssertionsResponse_response", metadata: "TestServiceProviderCanHandleSignedAssertionsResponse_IDPMetadata",
			now: "2014-07-17T01:02:59Z", base: demo, acs: "/index.php?acs", metadataPath: "/metadata.php", request: demoRequest,
			expect: "signature_algorithm", why: "RSA-SHA1, and the record does not allow it",
		},
		{
			name: "SimpleSAMLphp, SHA-1 allowed", response: "TestServiceProviderCanHandleSignedAssertionsResponse_response", metadata: "TestServiceProviderCanHandleSignedAssertionsResponse_IDPMetadata",
			now: "2014-07-17T01:02:59Z", base: demo, acs: "/index.php?acs", metadataPath: "/metadata.php", request: demoRequest, sha1: true,
			expect: "lifetime_too_long", why: "everything holds, but it lives for nine and a half years; its key has 1024 bits, which goes with SHA-1",
		},
		{
			name: "SecureWorks, KeyValue in KeyInfo", response: "TestSPRealWorldKeyInfoHasRSAPublicKeyNotX509Cert_response", metadata: "TestSPRealWorldKeyInfoHasRSAPublicKeyNotX509Cert_idp_metadata",
			now: "2017-04-21T13:12:51Z", base: octolabs, request: "id-3992f74e652d89c3cf1efd6c7e472abaac9bc917", sha1: true,
			expect: "=rkinder@secureworks.com", why: "KeyInfo without a certificate: the record's keys are tried",
		},
		{
			name: "SecureWorks, assertion signed", response: "TestSPRealWorldAssertionSignedNotResponse_response", metadata: "TestSPRealWorldAssertionSignedNotResponse_idp_metadata",
			now: "2017-04-21T13:12:51Z", base: octolabs, request: "id-3992f74e652d89c3cf1efd6c7e472abaac9bc917", sha1: true,
			expect: "=rkinder@secureworks.com", why: "only the assertion is signed",
		},
		{
			name: "SecureWorks, two assertions", response: "TestSPMultipleAssertions", metadata: "TestSPRealWorldAssertionSignedNotResponse_idp_metadata",
			now: "2017-04-21T13:12:51Z", base: octolabs, request: "id-3992f74e652d89c3cf1efd6c7e472abaac9bc917", sha1: true,
			expect: "message_malformed", why: "CVE-2022-41912, with one ID for both assertions",
		},
		{
			name: "Shibboleth", response: "SP_SamlResponse", metadata: "SP_IDPMetadata",
			now: "2015-12-01T01:57:09Z", base: "https://15661444.ngrok.io/saml2", request: "id-9e61753d64e928af5a7a341a97f420c9",
			acs: "/acs", metadataPath: "/metadata", cbc: true, expect: "=_41bd295976dadd70e1480f318e772841", why: "AES-128-CBC, and the signature inside",
		},
	}
	for number, expect := range map[string]string{
		"Three": "assertions_several", "Four": "message_malformed", "Five": "assertions_several",
		"Six": "message_malformed", "Seven": "message_malformed", "Eight": "message_malformed", "Nine": "message_malformed",
	} {
		list = append(list, fixture{
			name: "XSW " + number, response: "TestXswPermutation" + number + "IsRejected_response",
			metadata: "TestServiceProviderCanHandleSignedAssertionsResponse_IDPMetadata", now: "2014-07-17T01:02:59Z",
			base: demo, acs: "/index.php?acs", metadataPath: "/metadata.php", request: demoRequest, sha1: true,
			expect: expect, why: "signature wrapping",
		})
	}
	for _, number := range []string{"One", "Two"} {
		list = append(list, fixture{
			name: "XSW " + number, response: "TestXswPermutation" + number + "IsRejected_response",
			metadata: "TestSPCanHandleOneloginResponse_IDPMetadata", now: "2016-01-05T17:53:12Z",
			base: ngrok, request: oneloginRequest, sha1: true, expect: "message_malformed", why: "signature wrapping",
		})
	}
	return list
}

func TestRealResponsesAreJudgedAsTheyShouldBe(t *testing.T) {
	folder := crewjam(t)
	for _, r := range fixtures() {
		t.Run(r.name, func(t *testing.T) {
			who, err := r.judge(t, folder)
			if subject, ok := strings.CutPrefix(r.expect, "="); ok {
				if err != nil || who.Subject() != subject {
					t.Errorf("%q, %v; want %q: %s", who.Subject(), err, subject, r.why)
				}
				return
			}
			if string(reason.Of(err)) != r.expect || !who.IsZero() {
				t.Errorf("%v, want %s: %s", err, r.expect, r.why)
			}
		})
	}
}

// Everything about SimpleSAMLphp's response holds but its lifetime.
func TestSimpleSAMLphpFailsByItsLifetimeAlone(t *testing.T) {
	folder := crewjam(t)
	for _, r := range fixtures() {
		if r.name != "SimpleSAMLphp, SHA-1 allowed" {
			continue
		}
		guard, record, want, field := r.scene(t, folder)
		report, err := guard.Explain(record, want, field)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Findings {
			if (f.Outcome == validate.Fails) != (f.Code == reason.LifetimeTooLong) {
				t.Errorf("%d %s: %s %s", f.Number, f.Name, f.Outcome, f.Detail)
			}
		}
		if len(report.Warnings) != 1 {
			t.Errorf("its certificate is a day younger than the response: %v", report.Warnings)
		}
	}
}

func (r fixture) judge(t *testing.T, folder string) (validate.Identity, error) {
	t.Helper()
	guard, record, want, field := r.scene(t, folder)
	return guard.Response(t.Context(), record, want, field)
}

func (r fixture) scene(t *testing.T, folder string) (validate.Guard, trust.Record, validate.Expectation, string) {
	t.Helper()
	now, err := time.Parse(time.RFC3339, r.now)
	if err != nil {
		t.Fatal(err)
	}
	if r.acs == "" {
		r.acs, r.metadataPath = "/saml/acs", "/saml/metadata"
	}
	field := string(read(t, folder, r.response))
	if strings.HasPrefix(field, "<") {
		field = base64.StdEncoding.EncodeToString([]byte(field))
	}
	source := validatetest.Source()
	source.SAML.AllowSHA1, source.SAML.AllowUnsignedCBC = r.sha1, r.cbc
	guard := validate.Guard{
		Nonces: validatetest.NewNonces(), Now: func() time.Time { return now },
		Decrypters: []crypto.Decrypter{decrypter(t, read(t, folder, "sp_key.pem"))},
	}
	return guard,
		validatetest.Record(t, source, realKeys(t, read(t, folder, r.metadata))),
		validate.Expectation{EntityID: r.base + r.metadataPath, ACSURL: r.base + r.acs, RequestID: r.request},
		field
}

// realKeys takes what validate.Metadata would, but for the addresses: half of
// these test systems of ten years ago did without https.
func realKeys(t *testing.T, metadata []byte) *trust.Keys {
	t.Helper()
	provider, err := samldoc.ParseMetadata(metadata, samldoc.Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	return &trust.Keys{
		EntityID:     provider.EntityID,
		SSO:          []trust.Endpoint{{Binding: trust.BindingRedirect, Location: "https://idp.example/"}},
		Certificates: provider.Certificates,
	}
}

func read(t *testing.T, folder, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// decrypter is the key that these test systems encrypted for.
func decrypter(t *testing.T, file []byte) crypto.Decrypter {
	t.Helper()
	block, _ := pem.Decode(file)
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// crewjam finds the module in the cache. No package that this test is built of
// imports it, so that on a new machine nothing has fetched it yet.
func crewjam(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", "github.com/crewjam/saml").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil || module.Dir == "" {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(module.Dir, "testdata")
}
