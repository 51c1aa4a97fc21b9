package main

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// result is what an operator sees of a run.
type result struct {
	status         int
	stdout, stderr string
}

func ssoctl(t *testing.T, env map[string]string, args ...string) result {
	t.Helper()
	return ssoctlAt(t, validatetest.Now, env, args...)
}

func ssoctlAt(t *testing.T, now func() time.Time, env map[string]string, args ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	p := program{
		stdout: &stdout, stderr: &stderr, now: now,
		lookup: func(name string) (string, bool) { value, ok := env[name]; return value, ok },
	}
	status := p.run(t.Context(), args)
	return result{status, stdout.String(), stderr.String()}
}

func (r result) want(t *testing.T, status int, stdout, stderr string) {
	t.Helper()
	if r.status != status || r.stdout != stdout || r.stderr != stderr {
		t.Errorf("status %d\nstdout:\n%s\nstderr:\n%s", r.status, r.stdout, r.stderr)
		t.Errorf("want %d\nstdout:\n%s\nstderr:\n%s", status, stdout, stderr)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "federation.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestWrongFlagsAreSaidInOneLine(t *testing.T) {
	folder := t.TempDir()
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"aply"}, `there is no command "aply"; name one of check, plan, apply, history, rollback, trust, proposals, push, keys, owners, sessions, events, scim, schema, version, help`},
		{[]string{"check"}, "check: no file; " + checkUsage},
		{[]string{"apply"}, "apply: no file; write ssoctl apply -f FILE [-expect REVISION] [-m TEXT]"},
		{[]string{"check", "-g"}, "check: flag provided but not defined: -g; " + checkUsage},
		{[]string{"check", "-f"}, "check: flag needs an argument: -f; " + checkUsage},
		{[]string{"check", "-f", "a.yaml", "b.yaml"}, `check: what is "b.yaml" for? ` + checkUsage},
		{[]string{"check", "-f", "missing.yaml"}, "cannot read missing.yaml: no such file or directory; name a file that this user may read"},
		{[]string{"check", "-f", folder}, "cannot read " + folder + ": is a directory; name a file that this user may read"},
	} {
		ssoctl(t, nil, tt.args...).want(t, statusWrong, "", "ssoctl: "+tt.want+"\n")
	}
	if r := ssoctl(t, nil); r.status != statusWrong || !strings.HasPrefix(r.stderr, "usage: ") {
		t.Errorf("no arguments: %+v", r)
	}
	if r := ssoctl(t, nil, "help"); r.status != statusDone || r.stdout != usage {
		t.Errorf("help: %+v", r)
	}
	if r := ssoctl(t, nil, "version"); r.status != statusDone || !strings.HasPrefix(r.stdout, "ssoctl ") {
		t.Errorf("version: %+v", r)
	}
}

const brokenFaults = `testdata/broken.yaml:4:9: two identity providers have the id "okta"; give each its own
testdata/broken.yaml:11:13: "acs:ram::1234567890123456:admin" is not of the form acs:ram::ACCOUNT:role/NAME; write acs:ram::ACCOUNT:role/NAME, one role each; * only in assertedRoles
testdata/broken.yaml:12:5: unknown key "conditions"; did you mean "condition"?
testdata/broken.yaml:13:21: a template without quotes: YAML reads {{ as a map; write it in quotes: "{{…}}"
`

func TestCheckNamesEveryFault(t *testing.T) {
	ssoctl(t, nil, "check", "-f", "testdata/broken.yaml").
		want(t, statusWrong, "", brokenFaults+"ssoctl: testdata/broken.yaml has 4 faults\n")
}

func TestCheckDoesNotMiscountWhatItLeavesOut(t *testing.T) {
	file := write(t, strings.Repeat("a: b\n", 5000))
	r := ssoctl(t, nil, "check", "-f", file)
	if want := "ssoctl: " + file + " has more than 1000 faults\n"; r.status != statusWrong || !strings.HasSuffix(r.stderr, want) {
		t.Errorf("status %d, the end of stderr %q", r.status, r.stderr[len(r.stderr)-200:])
	}
}

func TestCheckPassesTheExample(t *testing.T) {
	const file = "../../template/federation.example.yaml"
	r := ssoctl(t, nil, "check", "-strict", "-f", file)
	if !strings.HasSuffix(r.stdout, file+": no faults: 2 identity providers, 2 accounts, 5 rules\n") || r.status != statusDone {
		t.Errorf("status %d\n%s%s", r.status, r.stdout, r.stderr)
	}
}

func TestTheSchemaIsThatOfTheTemplate(t *testing.T) {
	want, err := os.ReadFile("../../template/federation.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	ssoctl(t, nil, "schema").want(t, statusDone, string(want), "")
	ssoctl(t, nil, "schema", "-f", "a.yaml").want(t, statusWrong, "", "ssoctl: schema: what is \"-f\" for? write ssoctl schema > FILE\n")
}

// A file may be whole before the bundle is; nobody is to rely on what is not done.
func TestCheckNamesNothingAsNotInEffect(t *testing.T) {
	file := write(t, `
identityProviders:
  - id: github
    preset: github
    oidc: {audiences: [sts.aliyuncs.com]}
accounts:
  - {id: "1234567890123456", alias: acme-prod, maintenanceRole: "acs:ram::1234567890123456:role/fc-sso-maintenance", manage: {users: true}}
`)
	ssoctl(t, nil, "check", "-f", file).want(t, statusDone, file+`:3:5: warning: idp_unused: people of github sign in and are given nothing: no rule has idp: github; add a rule, or remove the identity provider
`+file+`:7:5: warning: account_unused: no rule gives anything in account acme-prod; add a rule, or remove the account
`+file+`: no faults: 1 identity provider, 1 account, 0 rules
`, "")
}

func TestApplyNeedsADeploymentAndAKey(t *testing.T) {
	const file = "../../template/federation.example.yaml"
	r := ssoctl(t, nil, "apply", "-f", file)
	for _, name := range []string{"SSO_URL", "SSO_OTS_ENDPOINT", "SSO_OTS_INSTANCE"} {
		if r.status != statusWrong || !strings.Contains(r.stderr, name+": is needed") {
			t.Errorf("%s: %+v", name, r)
		}
	}
	env := map[string]string{"SSO_URL": "https://sso.acme.com", "SSO_OTS_ENDPOINT": "https://acme.cn-hangzhou.ots.aliyuncs.com", "SSO_OTS_INSTANCE": "acme"}
	ssoctl(t, env, "apply", "-f", file).
		want(t, statusWrong, "", "ssoctl: no access key; set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET\n")
}

// newDeployment is a Tablestore of its own.
func newDeployment(t *testing.T) map[string]string {
	t.Helper()
	return settings(stack.Tablestore(t))
}

func settings(s *stack.Stack) map[string]string {
	table := s.Tablestore
	return map[string]string{
		"SSO_URL":                         "http://127.0.0.1:8080",
		"SSO_LOCAL_STACK":                 "1",
		"SSO_OTS_ENDPOINT":                table.Endpoint,
		"SSO_OTS_INSTANCE":                table.Instance,
		"ALIBABA_CLOUD_ACCESS_KEY_ID":     table.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET": table.AccessKeySecret,
	}
}

// source is an identity provider's metadata; down, it answers 503.
type source struct {
	*httptest.Server
	down bool
}

func newSource(t *testing.T) *source {
	t.Helper()
	keys := validatetest.New(t).Keys()
	document := fmt.Sprintf(`<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="%s">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="%s" Location="%s"/>
</IDPSSODescriptor></EntityDescriptor>`, keys.EntityID, keys.Certificates[0], keys.SSO[0].Binding, keys.SSO[0].Location)
	s := &source{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if s.down {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(document)) // the reader may be gone
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *source) federation(extra string) string {
	return fmt.Sprintf(`identityProviders:
  - id: test
    saml: {metadataURL: "%s/metadata"}
accounts:
  - id: "1234567890123456"
rules:
  - name: everybody reads
    idp: test
    roles: [acs:ram::1234567890123456:role/reader]
    condition: any
%s`, s.URL, extra)
}

var (
	revisionID = regexp.MustCompile(`[0-9a-f]{16}`)
	validUntil = regexp.MustCompile(`valid until [-0-9]{10}`)
)

// plain hides what differs from run to run.
func plain(text string) string {
	return validUntil.ReplaceAllString(revisionID.ReplaceAllString(text, "REVISION"), "valid until DATE")
}

// TestAWrongDeploymentIsToldInOneLine: what Tablestore says, and where to look.
func TestAWrongDeploymentIsToldInOneLine(t *testing.T) {
	file := write(t, newSource(t).federation(""))
	server := stack.Tablestore(t)
	for name, tt := range map[string]struct{ setting, value, says string }{
		"key":      {"ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAInobody", "The AccessKeyID does not exist."},
		"secret":   {"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "another", "Signature mismatch."},
		"instance": {"SSO_OTS_INSTANCE", "another", "The instance is not found."},
		"clock":    {"SSO_OTS_INSTANCE", "local", "Mismatch between system time and x-ots-date"},
	} {
		env := settings(server)
		env[tt.setting] = tt.value
		if name == "clock" {
			server.Clock(t, 16*time.Minute)
		} else {
			server.Clock(t, 0)
		}
		r := ssoctl(t, env, "apply", "-f", file)
		const look = "; check SSO_OTS_ENDPOINT, SSO_OTS_INSTANCE, the access key and this machine's clock\n"
		if r.status != statusFailed || r.stdout != "" || strings.Count(r.stderr, "\n") != 1 || !strings.Contains(r.stderr, tt.says) || !strings.HasSuffix(r.stderr, look) {
			t.Errorf("%s: %+v", name, r)
		}
		if strings.Contains(r.stderr, server.Tablestore.AccessKeySecret) {
			t.Errorf("%s: the secret is told: %s", name, r.stderr)
		}
	}
}

func TestApplyStoresARevisionAndFetchesKeys(t *testing.T) {
	env, idp := newDeployment(t), newSource(t)
	file := write(t, idp.federation(""))
	fetched := "test: keys fetched: entity ID " + validatetest.EntityID + ", 1 certificate, valid until DATE\n"
	unchanged := strings.Replace(fetched, "fetched", "unchanged", 1)
	tables := "created table sso_trust\ncreated table sso_nonce\ncreated table sso_session\ncreated table sso_person\ncreated table sso_event\n"
	applied := "revision REVISION applied: 1 identity provider, 1 account, 1 rule"

	first := ssoctl(t, env, "apply", "-f", file)
	first.stdout = plain(first.stdout)
	first.want(t, statusDone, tables+applied+"\n"+fetched, "")

	again := ssoctl(t, env, "apply", "-f", file)
	again.stdout = plain(again.stdout)
	again.want(t, statusDone, "revision REVISION is applied already: 1 identity provider, 1 account, 1 rule\n"+unchanged, "")

	other := ssoctl(t, env, "apply", "-f", write(t, idp.federation("    session: {duration: 2h}\n")))
	other.stdout = plain(other.stdout)
	other.want(t, statusDone, applied+"; before it REVISION\n"+unchanged, "")

	checkStored(t, env, idp.federation("    session: {duration: 2h}\n"))
}

// checkStored reads back what the functions would read.
func checkStored(t *testing.T, env map[string]string, text string) {
	t.Helper()
	p := program{lookup: func(name string) (string, bool) { value, ok := env[name]; return value, ok }, now: validatetest.Now}
	wanted, err := p.read(write(t, text), federation.Options{AllowLoopback: true})
	if err != nil {
		t.Fatal(err)
	}
	credentials, err := p.credentials()
	if err != nil {
		t.Fatal(err)
	}
	book := store.NewTrust(p.client(env["SSO_OTS_ENDPOINT"], env["SSO_OTS_INSTANCE"], credentials))
	head, err := book.Head(t.Context())
	if err != nil || head.Revision != wanted.ID() {
		t.Fatalf("head %q, %v; want %q", head, err, wanted.ID())
	}
	rows, err := book.Revision(t.Context(), head.Revision)
	if err != nil {
		t.Fatal(err)
	}
	var items []federation.Item
	for _, row := range rows {
		items = append(items, federation.Item(row))
	}
	stored, err := federation.FromItems(items)
	if err != nil || stored.ID() != head.Revision {
		t.Fatalf("stored %q, %v; want %q", stored.ID(), err, head)
	}
	keys, _, err := book.Keys(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	if record, err := stored.Record("test", keys); err != nil || record.EntityID() != validatetest.EntityID {
		t.Errorf("record %+v, %v", record, err)
	}
}

func TestASourceThatIsDownDoesNotUndoTheRevision(t *testing.T) {
	env, idp := newDeployment(t), newSource(t)
	file := write(t, idp.federation(""))
	why := ": identity provider test: source_unavailable: fetch \"" + idp.URL + "/metadata\": it answers with status 503\n"

	idp.down = true
	r := ssoctl(t, env, "apply", "-f", file)
	if r.status != statusDone || !strings.HasSuffix(r.stdout, "test: pending, it refuses sign-ins until its metadata can be read"+why) {
		t.Errorf("%+v", r)
	}
	idp.down = false
	if r := ssoctl(t, env, "apply", "-f", file); r.status != statusDone || !strings.Contains(r.stdout, "test: keys fetched") {
		t.Errorf("%+v", r)
	}
	idp.down = true
	if r := ssoctl(t, env, "apply", "-f", file); r.status != statusDone || !strings.HasSuffix(r.stdout, "test: keeps the keys that it has"+why) {
		t.Errorf("%+v", r)
	}
}

func TestAFaultyFileChangesNothing(t *testing.T) {
	env := newDeployment(t)
	ssoctl(t, env, "apply", "-f", "testdata/broken.yaml").
		want(t, statusWrong, "", brokenFaults+"ssoctl: nothing was applied: testdata/broken.yaml has 4 faults\n")
}

func TestAWrongKeyIsSaid(t *testing.T) {
	env, idp := newDeployment(t), newSource(t)
	env["ALIBABA_CLOUD_ACCESS_KEY_SECRET"] = "swordfish"
	r := ssoctl(t, env, "apply", "-f", write(t, idp.federation("")))
	if r.status != statusFailed || !strings.Contains(r.stderr, "check SSO_OTS_ENDPOINT") || strings.Contains(r.stderr, "swordfish") {
		t.Errorf("%+v", r)
	}
}
