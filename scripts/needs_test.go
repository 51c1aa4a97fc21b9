package scripts_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/stories/needs"
)

const policies = "../template/policies/"

// TestTheTableOfNeedsIsTrue compares template/policies/README.md with what a story
// tries; -update writes it.
func TestTheTableOfNeedsIsTrue(t *testing.T) {
	text, err := os.ReadFile(policies + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	want, err := replaceBetween(string(text), "needs", needTables())
	if err != nil {
		t.Fatal(err)
	}
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("template/policies/README.md has stale tables; run: go test ./scripts -update")
	}
	if err := os.WriteFile(policies+"README.md", []byte(want), 0o600); err != nil {
		t.Fatal(err)
	}
}

func needTables() string {
	var b strings.Builder
	for _, way := range needs.Ways() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| in | what | word for word | without it |\n|---|---|---|---|\n", way.Title, way.Text)
		for _, need := range way.Needs {
			file := ""
			if need.Policy != "" {
				file = "[" + need.Policy + "](" + need.Policy + ")"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s `…%s…` |\n", need.Where, need.What, file, code(need.Reason), need.Says)
		}
	}
	b.WriteString("\n")
	return b.String()
}

// TestThePoliciesCanBePasted: each is of some way, is JSON, and has no other names in
// capitals than those that are explained.
func TestThePoliciesCanBePasted(t *testing.T) {
	readme, err := os.ReadFile(policies + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, way := range needs.Ways() {
		for _, need := range way.Needs {
			if need.Policy != "" {
				named[need.Policy] = true
			}
		}
	}
	files, err := filepath.Glob(policies + "*.json")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, file := range files {
		there[filepath.Base(file)] = true
		text, err := os.ReadFile(file)
		if err != nil || !json.Valid(text) {
			t.Errorf("%s: %v", file, err)
		}
		for _, name := range regexp.MustCompile(`[A-Z]{3,}(-[A-Z]+)*`).FindAllString(strings.NewReplacer(`"RAM"`, "", "SAMLP", "", "OIDCP", "", "MFA", "").Replace(string(text)), -1) {
			if !strings.Contains(string(readme), "`"+name+"`") {
				t.Errorf("%s: %s is not explained", file, name)
			}
		}
	}
	if !maps.Equal(named, there) {
		t.Errorf("the ways name %q, there are %q", slices.Sorted(maps.Keys(named)), slices.Sorted(maps.Keys(there)))
	}
}
