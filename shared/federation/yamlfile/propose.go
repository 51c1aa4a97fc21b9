package yamlfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"

	"github.com/fc-sso/fc-sso/shared/federation"
)

// maxDepth is deeper than any entry is.
const maxDepth = 32

// Entry writes an entry of identityProviders that came as JSON as the file would have it,
// a list of one.
func Entry(raw json.RawMessage) (string, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	node, err := nodeOf(decoder, 0)
	if err != nil {
		return "", fmt.Errorf("the entry: %w", err)
	}
	if node.Kind != yaml.MappingNode || len(node.Content) == 0 {
		return "", errors.New("the entry is no object with members")
	}
	var text strings.Builder
	encoder := yaml.NewEncoder(&text)
	encoder.SetIndent(2)
	if err := encoder.Encode(&yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{node}}); err != nil {
		return "", fmt.Errorf("the entry: %w", err)
	}
	return text.String(), encoder.Close()
}

// nodeOf keeps members in their order. Why not by YAML, of which JSON is nearly a part:
// it reads the escapes of JSON otherwise.
func nodeOf(decoder *json.Decoder, depth int) (*yaml.Node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errors.New("it is nested too deep")
	}
	switch value := token.(type) {
	case json.Delim:
		kind := yaml.MappingNode
		if value == '[' {
			kind = yaml.SequenceNode
		}
		node := &yaml.Node{Kind: kind}
		for decoder.More() {
			inner, err := nodeOf(decoder, depth+1)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, inner)
		}
		_, err = decoder.Token()
		return node, err
	case string:
		if strings.ContainsFunc(value, func(c rune) bool { return !unicode.IsPrint(c) }) { // people read it before they believe it
			return nil, fmt.Errorf("%.80q has characters that cannot be seen", value)
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}, nil
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: "null"}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprint(token)}, nil
}

// Beside judges an entry, as [Entry] writes it, beside a federation that it is not in
// yet. Its files are none: who proposes it cannot name one.
func Beside(entry string, there federation.Draft, options federation.Options) []Fault {
	root, fault := document([]byte("identityProviders:\n" + entry))
	if fault != nil {
		return []Fault{*fault}
	}
	r := &reader{dir: noFiles{}, at: map[string]*yaml.Node{"": root}, broken: map[string]bool{}}
	r.requirePlain(root)
	var draft federation.Draft
	r.fields("", root, r.federation(&draft))
	draft.IdentityProviders = append(draft.IdentityProviders, there.IdentityProviders...)
	draft.Accounts, draft.Rules = there.Accounts, there.Rules
	_, problems := federation.Compile(draft, options)
	r.addProblems(problems)
	for i := range r.faults {
		r.faults[i].Line-- // the key is not the entry's
	}
	return sorted(r.faults)
}

type noFiles struct{}

func (noFiles) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Insert puts an entry, as [Entry] writes it, at the end of a file's identityProviders
// and says at which line it begins. All else stays byte for byte. Where the list is not
// written in lines it is refused.
func Insert(text []byte, entry string) ([]byte, int, error) {
	root, fault := document(text)
	if fault != nil {
		return nil, 0, errors.New(fault.String())
	}
	lines := slices.Collect(bytes.Lines(text))
	after, indent, err := endOfProviders(root, lines)
	if err != nil {
		return nil, 0, err
	}
	ending := "\n"
	if bytes.HasSuffix(lines[0], []byte("\r\n")) {
		ending = "\r\n"
	}
	var added strings.Builder
	for line := range strings.Lines(entry) {
		if line = strings.TrimSuffix(line, "\n"); line != "" {
			line = strings.Repeat(" ", indent) + line
		}
		added.WriteString(line + ending)
	}
	insert := added.String()
	if !bytes.HasSuffix(lines[after-1], []byte("\n")) { // the file's last line, and it stays the last without an end
		insert = ending + strings.TrimSuffix(insert, ending)
	}
	return slices.Concat(bytes.Join(lines[:after], nil), []byte(insert), bytes.Join(lines[after:], nil)), after + 1, nil
}

// endOfProviders is behind which line the list ends, and how far it is indented. What is
// said behind it, for what follows, is not the list's.
func endOfProviders(root *yaml.Node, lines [][]byte) (after, indent int, err error) {
	i := slices.IndexFunc(root.Content, func(n *yaml.Node) bool { return n.Value == "identityProviders" })
	if root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0 || i < 0 || i%2 != 0 {
		return 0, 0, errors.New("the file has no identityProviders at the beginning of a line")
	}
	list := root.Content[i+1]
	if list.Kind != yaml.SequenceNode || list.Style&yaml.FlowStyle != 0 || len(list.Content) == 0 {
		return 0, 0, errors.New("identityProviders is no list with a line for each entry")
	}
	after, indent = len(lines), list.Column-1
	if i+2 < len(root.Content) {
		after = root.Content[i+2].Line - 1
	}
	for ; after > list.Line; after-- {
		line := string(lines[after-1])
		trimmed := strings.TrimSpace(line)
		inside := len(line)-len(strings.TrimLeft(line, " ")) > indent
		if trimmed != "" && trimmed != "..." && (inside || !strings.HasPrefix(trimmed, "#")) {
			break
		}
	}
	return after, indent, nil
}
