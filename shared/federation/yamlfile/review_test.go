package yamlfile_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
	"github.com/fc-sso/fc-sso/shared/ram"
)

func lintOptions(t *testing.T) federation.LintOptions {
	t.Helper()
	audit, err := ram.ParseRoleARN("acs:ram::1234567890123456:role/audit")
	if err != nil {
		t.Fatal(err)
	}
	return federation.LintOptions{
		Now:      time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC),
		Maximums: map[ram.RoleARN]time.Duration{audit: 4 * time.Hour},
	}
}

// TestRemarksReadWell holds what a second look says: each testdata/review/NAME.yaml
// is without faults and has its remarks in NAME.txt.
func TestRemarksReadWell(t *testing.T) {
	files, err := filepath.Glob("testdata/review/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	seen := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		revision, faults, remarks := yamlfile.Review(text, os.DirFS("testdata"), federation.Options{}, lintOptions(t))
		if len(faults) > 0 || revision.IsZero() {
			t.Fatalf("%s: %v", file, faults)
		}
		var b strings.Builder
		for _, remark := range remarks {
			fmt.Fprintln(&b, remark)
			seen[remark.Code] = true
		}
		compareGolden(t, strings.TrimSuffix(file, ".yaml")+".txt", b.String())
	}
	for _, check := range federation.LintChecks() {
		if !seen[check.Code] {
			t.Errorf("no file shows %s", check.Code)
		}
	}
}

// TestTheExamplesStandASecondLook: each is without faults, and what a look finds
// that is more than a note, it accepts where it stands.
func TestTheExamplesStandASecondLook(t *testing.T) {
	const folder = "../../../template/examples"
	files, err := filepath.Glob(folder + "/*.yaml")
	if err != nil || len(files) != 5 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		revision, faults, remarks := yamlfile.Review(text, os.DirFS(folder), federation.Options{}, lintOptions(t))
		if len(faults) > 0 || len(revision.Rules()) == 0 {
			t.Errorf("%s:\n%s", file, format(faults))
		}
		for _, remark := range remarks {
			if remark.Severity != federation.Note && remark.Accepted == "" {
				t.Errorf("%s:%s", file, remark)
			}
		}
	}
}
