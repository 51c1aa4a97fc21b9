package scripts_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestTheTopLevelHasRoomForNothingElse: what `go build` leaves there is committed sooner
// or later.
func TestTheTopLevelHasRoomForNothingElse(t *testing.T) {
	entries, err := os.ReadDir("..")
	if err != nil {
		t.Fatal(err)
	}
	house := []string{"functions", "shared", "s.yaml", "template", "scripts", "go.mod", "go.sum", "README.md", "LICENSE"}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && !slices.Contains(house, name) {
			t.Errorf("%s does not belong at the top level: remove it, or build with -o .build/", name)
		}
	}
}
