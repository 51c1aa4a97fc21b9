package validate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// archive is a file in the txtar format: a head and named parts.
type archive struct {
	head  string
	parts []part
}

type part struct{ name, text string }

func (a archive) String() string {
	var b strings.Builder
	b.WriteString(a.head)
	for _, p := range a.parts {
		b.WriteString("-- " + p.name + " --\n" + p.text)
	}
	return b.String()
}

func readArchive(tb testing.TB, path string) archive {
	tb.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	var a archive
	for line := range strings.Lines(string(data)) {
		name, isMark := strings.CutPrefix(line, "-- ")
		name, ends := strings.CutSuffix(name, " --\n")
		switch {
		case isMark && ends:
			a.parts = append(a.parts, part{name: name})
		case len(a.parts) == 0:
			a.head += line
		default:
			a.parts[len(a.parts)-1].text += line
		}
	}
	return a
}

// holdVectors compares the files of a folder with what the generator makes, no more
// and no fewer; -update writes them anew.
func holdVectors(t *testing.T, folder string, made map[string]archive) {
	t.Helper()
	if *update {
		writeVectors(t, folder, made)
	}
	files, err := filepath.Glob(folder + "/*.txtar")
	if err != nil || len(files) != len(made) {
		t.Errorf("%d files in %s, the generator makes %d: run with -update; %v", len(files), folder, len(made), err)
	}
	for name, vector := range made {
		path := filepath.Join(folder, name+".txtar")
		written, err := os.ReadFile(path)
		if err != nil || string(written) != vector.String() {
			t.Errorf("%s is not what the generator makes: run with -update and look at the difference; %v", path, err)
		}
	}
}

func writeVectors(t *testing.T, folder string, made map[string]archive) {
	t.Helper()
	if err := os.RemoveAll(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	for name, vector := range made {
		if err := os.WriteFile(filepath.Join(folder, name+".txtar"), []byte(vector.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
