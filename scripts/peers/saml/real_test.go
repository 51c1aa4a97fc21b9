// Package saml_test lets others judge what shared/validate judges: the messages
// of real identity providers, xmlsec1, and the other libraries of the field.
//
// It stands in this module because it needs gosaml2, its responses and its code,
// and no function should.
package saml_test

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// provider is an identity provider whose responses the module of gosaml2
// carries, and the service provider that they were made for.
type provider struct {
	name, folder                       string
	issuer, acs, audience, certificate string
	key                                string // that decrypts, if anything is encrypted
	answers                            []answer
}

// answer is one response.
type answer struct {
	file   string
	at     string // the hour; by default the one at which it was issued
	sha1   bool   // needs the record's consent
	expect string // reason, or the subject after "="
	finds  string // a reason that Explain gives too, where the verdict is another's
	why    string
}

func TestRealResponsesAreJudgedAsTheyShouldBe(t *testing.T) {
	seen := map[string]bool{}
	root := testdata(t)
	for _, p := range providers() {
		for _, a := range p.answers {
			path := filepath.Join(root, p.folder, a.file)
			seen[path] = true
			t.Run(p.name+" "+a.file, func(t *testing.T) {
				s := p.scene(t, root, a, consent{sha1: a.sha1, unsignedCBC: true})
				who, err := s.judge(t)
				a.check(t, who, err)
				if a.finds != "" && !slices.Contains(s.explain(t), a.finds) {
					t.Errorf("explained as %v, want %s too: %s", s.explain(t), a.finds, a.why)
				}
				p.checkConsent(t, root, a)
			})
		}
	}
	everyResponseIn(t, root, seen)
}

// consent is what a record permits to old products.
type consent struct{ sha1, unsignedCBC bool }

// checkConsent judges once more, without the record's consent to SHA-1, where the
// table gives it, and to CBC that no signature covers. Where there is such CBC,
// the algorithm of the signature inside must not show, with that consent or not.
func (p provider) checkConsent(t *testing.T, root string, a answer) {
	t.Helper()
	_, err := p.scene(t, root, a, consent{sha1: a.sha1}).judge(t)
	unsigned := reason.Of(err) == reason.EncryptionUnsigned
	if believed := strings.HasPrefix(a.expect, "="); !unsigned && (err == nil) != believed {
		t.Errorf("without allowUnsignedCBC: %v", err)
	}
	if !a.sha1 {
		return
	}
	want := reason.SignatureAlgorithm
	if unsigned {
		want = reason.DecryptionFailed
	}
	if _, err := p.scene(t, root, a, consent{unsignedCBC: true}).judge(t); reason.Of(err) != want {
		t.Errorf("without allowSHA1: %v, want %s", err, want)
	}
}

func (a answer) check(t *testing.T, who validate.Identity, err error) {
	t.Helper()
	if subject, ok := strings.CutPrefix(a.expect, "="); ok {
		if err != nil || who.Subject() != subject {
			t.Errorf("%q, %v; want %q: %s", who.Subject(), err, subject, a.why)
		}
		return
	}
	if string(reason.Of(err)) != a.expect || !who.IsZero() {
		t.Errorf("%v, want %s: %s", err, a.expect, a.why)
	}
}

// everyResponseIn fails on a response that no table names.
func everyResponseIn(t *testing.T, root string, seen map[string]bool) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.Contains(entry.Name(), "response") && !seen[path] {
			t.Errorf("%s is in no table", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// scene is one response before the guard.
type scene struct {
	guard  validate.Guard
	record trust.Record
	want   validate.Expectation
	field  string
}

func (s scene) judge(t *testing.T) (validate.Identity, error) {
	t.Helper()
	return s.guard.Response(t.Context(), s.record, s.want, s.field)
}

func (s scene) explain(t *testing.T) []string {
	t.Helper()
	report, err := s.guard.Explain(s.record, s.want, s.field)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, finding := range report.Findings {
		if finding.Outcome == validate.Fails {
			codes = append(codes, string(finding.Code))
		}
	}
	return codes
}

func (p provider) scene(t *testing.T, root string, a answer, agreed consent) scene {
	t.Helper()
	field := string(read(t, root, p.folder, a.file))
	if strings.HasPrefix(field, "<") {
		field = base64.StdEncoding.EncodeToString([]byte(field))
	}
	issued, request := claims(field)
	now := issued
	if a.at != "" {
		var err error
		if now, err = time.Parse(time.RFC3339, a.at); err != nil {
			t.Fatal(err)
		}
	}
	source := validatetest.Source()
	source.SAML.AllowSHA1, source.SAML.AllowUnsignedCBC = agreed.sha1, agreed.unsignedCBC
	source.SAML.AllowIdPInitiated = request == ""
	block, _ := pem.Decode(read(t, root, p.folder, p.certificate))
	keys := &trust.Keys{
		EntityID:     p.issuer,
		SSO:          []trust.Endpoint{{Binding: trust.BindingRedirect, Location: "https://idp.example/"}},
		Certificates: []string{base64.StdEncoding.EncodeToString(block.Bytes)},
	}
	return scene{
		guard: validate.Guard{
			Nonces: validatetest.NewNonces(), Now: func() time.Time { return now },
			Decrypters: p.decrypters(t, root),
		},
		record: validatetest.Record(t, source, keys),
		want:   validate.Expectation{EntityID: p.audience, ACSURL: p.acs, RequestID: request},
		field:  field,
	}
}

func (p provider) decrypters(t *testing.T, root string) []crypto.Decrypter {
	t.Helper()
	if p.key == "" {
		return nil
	}
	block, _ := pem.Decode(read(t, root, p.folder, p.key))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	decrypter, ok := key.(crypto.Decrypter)
	if !ok {
		t.Fatalf("the key is %T", key)
	}
	return []crypto.Decrypter{decrypter}
}

// claims is when a response was issued and what it answers: a table of numbers
// from another decade would say no more.
func claims(field string) (issued time.Time, request string) {
	xml, err := samldoc.DecodePOST(field)
	if err != nil {
		return time.Time{}, ""
	}
	document, err := samldoc.Parse(xml)
	if err != nil {
		return time.Time{}, ""
	}
	message := document.Claimed()
	if !message.Assertion.IssueInstant.IsZero() {
		return message.Assertion.IssueInstant, message.Response.InResponseTo
	}
	return message.Response.IssueInstant, message.Response.InResponseTo
}

func read(tb testing.TB, path ...string) []byte {
	tb.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// testdata finds the module in the cache. Only the benchmarks' build imports it,
// so that on a new machine nothing has fetched it yet.
func testdata(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", "github.com/russellhaering/gosaml2").Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var module struct{ Dir string }
	if err := json.Unmarshal(out, &module); err != nil || module.Dir == "" {
		t.Fatalf("%v\n%s", err, out)
	}
	return filepath.Join(module.Dir, "providertests", "testdata")
}
