package tablestore

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTheReadmeIsTrue holds its lists against the code, and its faults against
// what the admin address takes.
func TestTheReadmeIsTrue(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	between := func(name string) string {
		_, after, _ := strings.Cut(string(text), "<!-- "+name+" -->\n")
		found, _, _ := strings.Cut(after, "<!-- /"+name+" -->")
		return found
	}
	actions := regexp.MustCompile("`[A-Za-z]+`").FindAllString(between("actions"), -1)
	if len(actions) != 16 {
		t.Errorf("%d actions", len(actions))
	}
	for _, quoted := range actions {
		action := strings.Trim(quoted, "`")
		if _, err := new(Server).parse(action, nil); err != nil && strings.Contains(err.Error(), "Unsupported operation") {
			t.Errorf("%s: %v", action, err)
		}
	}
	want := "| limit | value |\n|---|---|\n"
	for _, limit := range []struct {
		name  string
		value int
	}{
		{"tables", maxTables},
		{"key columns", maxKeyColumns},
		{"bytes of a key column", maxKeyLength},
		{"bytes of a column", maxCellLength},
		{"columns per write or read", maxCells},
		{"rows of a batch write", maxBatchWrite},
		{"rows of a batch read", maxBatchRead},
		{"bytes of a batch write", maxBatchBytes},
		{"rows scanned per range", scanRows},
		{"bytes scanned per range", scanBytes},
		{"bytes of a request", maxBody},
		{"conditions of a filter", maxComparisons},
	} {
		want += fmt.Sprintf("| %s | %d |\n", limit.name, limit.value)
	}
	if got := between("limits"); got != want {
		t.Errorf("limits:\n%s\nwant:\n%s", got, want)
	}
}

func TestTheReadmesFaultsAreTaken(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile(`(?m)^    (\{"kind".*\})$`).FindAllStringSubmatch(string(text), -1)
	if len(examples) != 4 {
		t.Errorf("%d examples", len(examples))
	}
	for _, example := range examples {
		if _, err := readFault(strings.NewReader(example[1])); err != nil {
			t.Errorf("%s: %v", example[1], err)
		}
	}
}
