// Package yamlfile reads federation.yaml.
//
// In: the text, and the folder whose files it names. Out: a compiled revision,
// or every fault at once, sorted, each with line, column, cause and fix. Refused:
// keys that nobody knows, keys that stand twice, and what makes YAML mean other
// than it looks like: anchors, aliases, merge keys, tags, several documents. Text
// is taken as it is written: an account ID is not a number, and no is not false.
package yamlfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"slices"
	"sort"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fc-sso/fc-sso/shared/federation"
)

// What may be read at most: ten thousand identity providers, accounts and rules
// fit, each with a page of text.
const (
	MaxSize     = 16 << 20 // of a federation file
	MaxFileSize = 1 << 20  // of each file that it names
)

// MaxFaults is all that a person reads at once, and more: the fault after them
// says how many are left.
const MaxFaults = 1000

// Fault is one thing that is wrong with the file. Line and Column count from 1.
type Fault struct {
	Line, Column int
	Cause        string
	Fix          string
}

func (f Fault) String() string {
	return fmt.Sprintf("%d:%d: %s; %s", f.Line, f.Column, f.Cause, f.Fix)
}

// Parse reads and judges a federation. dir holds the files that it names.
func Parse(text []byte, dir fs.FS, options federation.Options) (federation.Revision, []Fault) {
	revision, _, faults := parse(text, dir, options)
	return revision, faults
}

// parse gives the reader too, which knows where everything stands; nil where the
// text is no YAML.
func parse(text []byte, dir fs.FS, options federation.Options) (federation.Revision, *reader, []Fault) {
	root, fault := document(text)
	if fault != nil {
		return federation.Revision{}, nil, []Fault{*fault}
	}
	r := &reader{dir: dir, at: map[string]*yaml.Node{"": root}, broken: map[string]bool{}}
	r.requirePlain(root)
	if len(r.faults) > 0 {
		return federation.Revision{}, r, sorted(r.faults)
	}
	var draft federation.Draft
	r.fields("", root, r.federation(&draft))
	revision, problems := federation.Compile(draft, options)
	r.addProblems(problems)
	if len(r.faults) > 0 {
		return federation.Revision{}, r, sorted(r.faults)
	}
	return revision, r, nil
}

// document gives the only document's root.
func document(text []byte) (*yaml.Node, *Fault) {
	if len(text) > MaxSize {
		return nil, &Fault{1, 1, fmt.Sprintf("the file has %d bytes, %d is the most", len(text), MaxSize), "split the federation into two deployments"}
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	err := decoder.Decode(&doc)
	if errors.Is(err, io.EOF) || err == nil && (len(doc.Content) != 1 || doc.Content[0].Tag == "!!null") {
		return nil, &Fault{1, 1, "the file is empty", "write identityProviders, accounts and rules"}
	}
	if err != nil {
		return nil, syntaxFault(text, err)
	}
	switch err := decoder.Decode(&second); {
	case err == nil:
		return nil, &Fault{max(second.Line, 1), 1, "a second YAML document begins", "remove the line ---; one file is one federation"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxFault(text, err)
	}
	return doc.Content[0], nil
}

// syntaxFault places what the YAML parser says. A template without quotes is the
// slip that people make most, and YAML's own words for it help nobody.
func syntaxFault(text []byte, err error) *Fault {
	line := problemLine(text, err)
	for n := max(line-1, 1); n <= line; n++ {
		if column := bareTemplate(lineOf(text, n)); column > 0 {
			return &Fault{n, column, "a template without quotes: YAML reads {{ as a map", `write it in quotes: "{{…}}"`}
		}
	}
	message := regexp.MustCompile(`^yaml: (line \d+: )?`).ReplaceAllString(err.Error(), "")
	return &Fault{line, 1, "no YAML: " + message, "look at this line and the one above: indentation, quotes, a colon in a text"}
}

// problemLine finds the line at which the parser gave up. The line that it names
// is often that where the surrounding block began. It reads from left to right, so
// that the shortest beginning of the file with the very same error ends there;
// and it reads few lines ahead, so that only those need be tried that it took last.
func problemLine(text []byte, err error) int {
	const ahead = 8
	ends := lineEnds(text)
	taken := &byLine{text: text, ends: ends}
	_ = lastError(taken)
	from, to := max(taken.line-ahead, 0), max(taken.line, 1)-1
	if from > 0 && sameError(text[:ends[from-1]], err) { // many blank lines before it
		from = 0
	}
	return 1 + from + sort.Search(to-from, func(n int) bool {
		return sameError(text[:ends[from+n]], err)
	})
}

// lineEnds are the places behind each line.
func lineEnds(text []byte) []int {
	var ends []int
	for i, c := range text {
		if c == '\n' {
			ends = append(ends, i+1)
		}
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		ends = append(ends, len(text))
	}
	return ends
}

// byLine is a reader that counts the lines that it gave.
type byLine struct {
	text []byte
	ends []int
	line int // how many were begun
	at   int
}

func (r *byLine) Read(to []byte) (int, error) {
	if r.at == len(r.text) {
		return 0, io.EOF
	}
	if r.line == 0 || r.at == r.ends[r.line-1] {
		r.line++
	}
	n := copy(to, r.text[r.at:r.ends[r.line-1]])
	r.at += n
	return n, nil
}

func sameError(text []byte, want error) bool {
	err := lastError(bytes.NewReader(text))
	return err != nil && err.Error() == want.Error()
}

// lastError is what ended the reading of all documents; nil at their end.
func lastError(text io.Reader) error {
	decoder := yaml.NewDecoder(text)
	for {
		var doc yaml.Node
		if err := decoder.Decode(&doc); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

func lineOf(text []byte, n int) string {
	lines := bytes.SplitN(text, []byte("\n"), n+1)
	if n > len(lines) {
		return ""
	}
	return string(lines[n-1])
}

// bareTemplate gives the column of a value that begins with {{ outside quotes, 0
// where there is none.
func bareTemplate(line string) int {
	m := regexp.MustCompile(`(?::|-|,|\[)\s*(\{\{)`).FindStringSubmatchIndex(line)
	if m == nil || strings.HasPrefix(strings.TrimSpace(line), "#") {
		return 0
	}
	return m[2] + 1
}

func sorted(faults []Fault) []Fault {
	slices.SortStableFunc(faults, func(a, b Fault) int {
		return cmp.Or(a.Line-b.Line, a.Column-b.Column)
	})
	faults = slices.Compact(faults)
	if len(faults) <= MaxFaults {
		return faults
	}
	next := faults[MaxFaults]
	more := Fault{next.Line, next.Column, fmt.Sprintf("%d more faults from here on", len(faults)-MaxFaults), "mend those above first"}
	return append(faults[:MaxFaults:MaxFaults], more)
}

// addProblems places what the compiler found. What hangs on a part that could
// not be read is left out: it would blame the file for the reader's own gap.
func (r *reader) addProblems(problems []federation.Problem) {
	for _, p := range problems {
		if node := r.nearest(p.Path); node != nil {
			r.faults = append(r.faults, Fault{node.Line, node.Column, p.Cause, p.Fix})
		}
	}
}

// nearest gives the node of a path, or that of the nearest one above it; none
// where either was not readable.
func (r *reader) nearest(path string) *yaml.Node {
	var found *yaml.Node
	for {
		if r.broken[path] {
			return nil
		}
		if node := r.at[path]; found == nil {
			found = node
		}
		if path == "" {
			return found
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
}
