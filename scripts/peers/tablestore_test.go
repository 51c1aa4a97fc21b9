package peers_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

const tablestoreSDK = "github.com/aliyun/aliyun-tablestore-go-sdk"

// TestTheVendorsOwnTablestoreTestsPass points the tests that come with the
// official Go SDK at the embedded server. They were written against the real
// service. Left out are those of SQL, which the server refuses by name.
func TestTheVendorsOwnTablestoreTestsPass(t *testing.T) {
	s := stack.Tablestore(t)
	dir := vendorsTests(t, s)
	command := exec.CommandContext(t.Context(), "go", "test", "-v", "-count=1", "-vet=off", "./tablestore",
		"-run", "^TestApi$", "-check.v", "-check.f", `^TableStoreSuite\.(`+strings.Join(vendorsNames(t, dir), "|")+`)$`)
	command.Dir = dir
	output, err := command.CombinedOutput()
	verdicts := regexp.MustCompile(`(?m)^(PASS|FAIL|PANIC|MISS|SKIP|OK|OOPS): .*$`).FindAllString(string(output), -1)
	if err != nil || len(verdicts) == 0 {
		t.Fatalf("%v\n%s\n%.20000s", err, strings.Join(verdicts, "\n"), output)
	}
	t.Log(verdicts[len(verdicts)-1])
}

// vendorsTests copies the SDK of the version that go.mod names, since a module's
// own files must not change, and gives its tests the server's address.
func vendorsTests(t *testing.T, s *stack.Stack) string {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", tablestoreSDK)
	list.Dir = stack.Root(t)
	module, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "sdk")
	if err := os.CopyFS(dir, os.DirFS(strings.TrimSpace(string(module)))); err != nil {
		t.Fatal(err)
	}
	config := fmt.Sprintf("package testConfig\n\nconst (\n\tOtsEndpoint = %q\n\tInstanceName = %q\n\tOtsAccessId = %q\n\tOtsAccessKey = %q\n\tRegion = %q\n)\n",
		s.Tablestore.Endpoint, s.Tablestore.Instance, s.Tablestore.AccessKeyID, s.Tablestore.AccessKeySecret, "cn-hangzhou")
	rewrite(t, filepath.Join(dir, "testConfig", "config.go"), func(string) string { return config })
	rewrite(t, filepath.Join(dir, "tablestore", "api_test.go"), withoutSearch)
	return dir
}

func rewrite(t *testing.T, file string, change func(string) string) {
	t.Helper()
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	after := change(string(before))
	if after == string(before) {
		t.Fatalf("%s is not as it was", file)
	}
	if err := os.Remove(file); err != nil { // a copy of what is read-only
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(after), 0o600); err != nil {
		t.Fatal(err)
	}
}

// withoutSearch takes out of the suite's setup the search index that it makes
// for the tests of SQL, and waits for.
func withoutSearch(source string) string {
	return regexp.MustCompile(`(?m)^\t(deleteSearchIndex|PrepareSQLSearchIndex|WaitDataSyncByMatchAllQuery)\(.*\)$`).ReplaceAllString(source, "")
}

func vendorsNames(t *testing.T, dir string) []string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(dir, "tablestore", "api_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, match := range regexp.MustCompile(`(?m)^func \(s \*TableStoreSuite\) (Test\w+)\(`).FindAllStringSubmatch(string(source), -1) {
		if !strings.HasPrefix(match[1], "TestSQL") {
			names = append(names, match[1])
		}
	}
	return names
}
