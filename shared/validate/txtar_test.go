package validate_test

import (
	"os"
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
