package yamlfile_test

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
)

var update = flag.Bool("update", false, "write the expected faults anew")

// TestFaultsReadWell holds what an administrator is told: each testdata/NAME.yaml
// has its faults in NAME.txt.
func TestFaultsReadWell(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			revision, faults := yamlfile.Parse(text, os.DirFS("testdata"), federation.Options{})
			if !revision.IsZero() {
				t.Error("a revision beside faults")
			}
			compareGolden(t, strings.TrimSuffix(file, ".yaml")+".txt", format(faults))
		})
	}
}

func format(faults []yamlfile.Fault) string {
	var b strings.Builder
	for _, f := range faults {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}

func compareGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheExampleHasNoFault(t *testing.T) {
	text, err := os.ReadFile("../../../template/federation.example.yaml")
	if err != nil {
		t.Fatal(err)
	}
	revision, faults := yamlfile.Parse(text, nil, federation.Options{})
	if len(faults) > 0 {
		t.Fatalf("faults:\n%s", format(faults))
	}
	if n := len(revision.Rules()); n != 5 || !revision.Rules()[4].Audit() {
		t.Errorf("%d rules", n)
	}
}

const small = `
identityProviders:
  - id: okta
    saml: {metadataURL: "%s"}
accounts:
  - id: 0034567890123456
rules: []
`

func TestAccountIDsAreTakenAsWritten(t *testing.T) {
	revision, faults := yamlfile.Parse(fmt.Appendf(nil, small, "https://acme.okta.com/"), nil, federation.Options{})
	if len(faults) > 0 {
		t.Fatal(format(faults))
	}
	if id := revision.Accounts()[0].ID().String(); id != "0034567890123456" {
		t.Errorf("account %s", id)
	}
}

func TestLoopbackIsForTheLocalStackAlone(t *testing.T) {
	for url, local := range map[string]bool{
		"http://localhost:9000/metadata":    true,
		"http://127.0.0.1:9000/metadata":    true,
		"http://[::1]:9000/metadata":        true,
		"http://idp.example/metadata":       false,
		"http://localhost.evil.example/":    false,
		"http://127.0.0.1.nip.example/":     false,
		"ftp://localhost/metadata":          false,
		"https://user:secret@idp.example/m": false,
	} {
		text := fmt.Appendf(nil, small, url)
		if _, faults := yamlfile.Parse(text, nil, federation.Options{}); len(faults) == 0 {
			t.Errorf("%s was taken", url)
		}
		if _, faults := yamlfile.Parse(text, nil, federation.Options{AllowLoopback: true}); (len(faults) == 0) != local {
			t.Errorf("%s on the local stack: %s", url, format(faults))
		}
	}
}

// A token's iss is compared byte for byte, so that an issuer is kept as it is
// written; http is for the local stack alone.
func TestAnIssuerIsKeptAsItIsWritten(t *testing.T) {
	for issuer, local := range map[string]bool{
		"https://idp.example": false, "https://idp.example/": false, "https://IDP.example/Realm/": false, "https://idp.example:8443/%41": false,
		"http://localhost:9000/oidc": true, "http://127.0.0.1:9000": true, "http://[::1]:9000": true,
	} {
		text := fmt.Appendf(nil, "identityProviders: [{id: a, oidc: {issuer: %q, audiences: [a]}}]", issuer)
		if _, faults := yamlfile.Parse(text, nil, federation.Options{}); (len(faults) > 0) != local {
			t.Errorf("%s: %s", issuer, format(faults))
		}
		revision, faults := yamlfile.Parse(text, nil, federation.Options{AllowLoopback: true})
		if len(faults) > 0 || revision.IdentityProviders()[0].OIDC.Issuer != issuer {
			t.Errorf("%s on the local stack: %s", issuer, format(faults))
		}
	}
	for _, issuer := range []string{"http://idp.example", "http://localhost.evil.example", "ftp://localhost", "https://", "localhost:9000", "https://idp.example?x", "https://a@idp.example"} {
		text := fmt.Appendf(nil, "identityProviders: [{id: a, oidc: {issuer: %q, audiences: [a]}}]", issuer)
		if _, faults := yamlfile.Parse(text, nil, federation.Options{AllowLoopback: true}); len(faults) != 1 {
			t.Errorf("%s: %s", issuer, format(faults))
		}
	}
}

func TestFilesAreTakenIn(t *testing.T) {
	const text = `identityProviders: [{id: a, saml: {metadataFile: idp/metadata.xml}}]`
	dir := fstest.MapFS{"idp/metadata.xml": {Data: []byte("<EntityDescriptor/>")}}
	revision, faults := yamlfile.Parse([]byte(text), dir, federation.Options{})
	if len(faults) > 0 {
		t.Fatal(format(faults))
	}
	if source, _ := revision.IdentityProvider("a"); string(source.SAML.Metadata) != "<EntityDescriptor/>" {
		t.Errorf("metadata %q", source.SAML.Metadata)
	}
	dir["idp/metadata.xml"] = &fstest.MapFile{Data: make([]byte, yamlfile.MaxFileSize+1)}
	if _, faults := yamlfile.Parse([]byte(text), dir, federation.Options{}); len(faults) != 1 {
		t.Errorf("a file that is too large: %s", format(faults))
	}
	dir["idp/metadata.xml"] = &fstest.MapFile{Mode: fs.ModeDir}
	if _, faults := yamlfile.Parse([]byte(text), dir, federation.Options{}); len(faults) != 1 {
		t.Errorf("a folder: %s", format(faults))
	}
}

func TestASessionPolicyIsTakenInWithoutItsBlanks(t *testing.T) {
	const text = `
identityProviders: [{id: a, saml: {metadataURL: https://a.example/}}]
accounts: [{id: "1234567890123456"}]
rules:
  - {name: r, idp: a, roles: [acs:ram::1234567890123456:role/x], condition: any, session: {policyFile: policies/read.json}}
`
	policy := "{\n  \"Version\": \"1\",\n" + strings.Repeat(" ", 3000) + `"Statement": [{"Effect": "Allow", "Action": ["ecs:Describe*", "oss:Get Object"], "Resource": "*",
		"Condition": {"IpAddress": {"acs:SourceIp": ["10.0.0.0/8"]}}}]}`
	dir := fstest.MapFS{"policies/read.json": {Data: []byte(policy)}}
	revision, faults := yamlfile.Parse([]byte(text), dir, federation.Options{})
	if len(faults) > 0 {
		t.Fatal(format(faults))
	}
	const want = `{"Version":"1","Statement":[{"Effect":"Allow","Action":["ecs:Describe*","oss:Get Object"],"Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":["10.0.0.0/8"]}}}]}`
	stored, err := federation.FromItems(revision.Items())
	if err != nil || stored.ID() != revision.ID() || stored.Rules()[0].SessionPolicy() != want {
		t.Errorf("%q, %v", stored.Rules()[0].SessionPolicy(), err)
	}
}

func TestAFileThatIsTooLargeIsRefused(t *testing.T) {
	_, faults := yamlfile.Parse(make([]byte, yamlfile.MaxSize+1), nil, federation.Options{})
	if len(faults) != 1 || !strings.Contains(faults[0].Cause, "16777217 bytes") {
		t.Errorf("faults: %s", format(faults))
	}
}

func TestTooManyRulesAreRefused(t *testing.T) {
	text := "identityProviders: [{id: a, saml: {metadataURL: https://a.example/}}]\nrules:\n" + strings.Repeat("  - {name: a}\n", federation.MaxEntries+1)
	_, faults := yamlfile.Parse([]byte(text), nil, federation.Options{})
	if len(faults) != 1 || !strings.Contains(faults[0].Cause, "10001 entries") {
		t.Errorf("faults: %.300s", format(faults))
	}
}

func TestFaultsEndSomewhere(t *testing.T) {
	_, faults := yamlfile.Parse([]byte(strings.Repeat("a: b\n", 5000)), nil, federation.Options{})
	if n := len(faults); n != 1001 || !strings.Contains(faults[1000].Cause, "more faults") || faults[1000].Line != 1000 {
		t.Errorf("%d faults, the last %v", n, faults[n-1])
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range append(files, "../../../template/federation.example.yaml") {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		revision, faults := yamlfile.Parse(text, fstest.MapFS{}, federation.Options{})
		if (len(faults) == 0) == revision.IsZero() {
			t.Fatalf("%d faults beside revision %q", len(faults), revision.ID())
		}
		for _, fault := range faults {
			if fault.Line < 1 || fault.Column < 1 || fault.Cause == "" || fault.Fix == "" {
				t.Errorf("a fault that helps nobody: %v", fault)
			}
		}
		if len(faults) > 0 {
			return
		}
		again, err := federation.FromItems(revision.Items())
		if err != nil || again.ID() != revision.ID() {
			t.Errorf("stored and read: %q becomes %q, %v", revision.ID(), again.ID(), err)
		}
		requireKnownKeys(t, text)
	})
}

// requireKnownKeys renames each key of a document without faults in turn: none can
// be misspelt and overlooked.
func requireKnownKeys(t *testing.T, text []byte) {
	t.Helper()
	const enough = 30 // of a document that a fuzzer has lengthened
	for i := range min(len(keysOf(t, text)), enough) {
		renamed, name := rename(t, text, i, "colour")
		if renamed == nil {
			continue
		}
		if _, faults := yamlfile.Parse(renamed, fstest.MapFS{}, federation.Options{}); len(faults) == 0 {
			t.Errorf("%q as colour was taken:\n%s", name, renamed)
		}
	}
}

func TestTheMetadataKeyIsTakenIn(t *testing.T) {
	certificate, err := os.ReadFile("../../validate/validatetest/idp-cert.pem")
	if err != nil {
		t.Fatal(err)
	}
	text := `
identityProviders:
  - id: okta
    saml: {metadataURL: https://acme.okta.com/metadata, metadataKey: keys/okta.pem}
`
	dir := fstest.MapFS{"keys/okta.pem": {Data: certificate}}
	revision, faults := yamlfile.Parse([]byte(text), dir, federation.Options{})
	if len(faults) > 0 {
		t.Fatal(format(faults))
	}
	stored, err := federation.FromItems(revision.Items())
	if err != nil || stored.ID() != revision.ID() || stored.IdentityProviders()[0].SAML.MetadataKey != string(certificate) {
		t.Errorf("%v", err)
	}
}

// A megabyte of keys that nobody knows took two minutes once.
func TestAFileFullOfNonsenseIsReadInTime(t *testing.T) {
	small, large := nonsense(90_000), nonsense(900_000)
	// Ten times the file may take ten times as long; a quadratic reader takes a
	// hundred. The ratio holds on a busy machine, a limit in seconds would not.
	if ratio := float64(parseTime(t, string(large))) / float64(parseTime(t, string(small))); ratio > 40 {
		t.Errorf("ten times the nonsense takes %.0f times as long", ratio)
	}
}

func nonsense(size int) []byte {
	var text []byte
	for n := 0; len(text) < size; n++ {
		text = fmt.Appendf(text, "k%d: 1\n", n)
	}
	return text
}
