package yamlfile

import (
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/fc-sso/fc-sso/shared/federation"
)

// reader walks the nodes of one file and gathers faults. It remembers where each
// path stood, and which paths it could not read, for the compiler's problems.
type reader struct {
	dir    fs.FS
	faults []Fault
	at     map[string]*yaml.Node
	broken map[string]bool
}

// field is what may stand at a key: how it is read, and the shape that the
// schema tells to editors. One table has both, so that they cannot disagree.
type field struct {
	read  read
	shape shape
}

// read takes in one value: path names it, key and node are where it stands.
type read func(path string, key, node *yaml.Node)

// object is what a mapping may have.
type object map[string]field

func (r *reader) fault(path string, node *yaml.Node, cause, fix string) {
	r.broken[path] = true
	r.faults = append(r.faults, Fault{node.Line, node.Column, cause, fix})
}

// fields reads a mapping: each key that it may have, once; others are faults.
func (r *reader) fields(path string, node *yaml.Node, known object) {
	if node.Kind != yaml.MappingNode {
		r.fault(path, node, describe(path)+" is no map of keys and values", "write it as KEY: VALUE, indented below")
		return
	}
	missing := sync.OnceValue(func() []string { return missingKeys(node, known) })
	r.pairs(path, node, func(inner string, key, value *yaml.Node) {
		field, ok := known[key.Value]
		if !ok {
			r.unknownKey(path, key, known, missing())
			return
		}
		field.read(inner, key, value)
		if r.broken[inner] {
			r.breakSiblings(path, field)
		}
	})
}

// pairs gives each key of a mapping with the path of its value. The path stands
// for the value where that is on one line, else for the key above it.
func (r *reader) pairs(path string, node *yaml.Node, read read) {
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		inner := strings.TrimPrefix(path+"."+key.Value, ".")
		if key.Kind != yaml.ScalarNode {
			r.fault(inner, key, "a key that is itself a map or a list", "write it as a word; a template goes in quotes")
			continue
		}
		if first, double := seen[key.Value]; double {
			r.fault(inner, key, fmt.Sprintf("key %q stands twice, first on line %d", key.Value, first.Line), "remove one")
			continue
		}
		seen[key.Value] = key
		r.at[inner] = key
		if value.Kind == yaml.ScalarNode {
			r.at[inner] = value
		}
		read(inner, key, value)
	}
}

func (r *reader) unknownKey(path string, key *yaml.Node, known object, missing []string) {
	fix := "known here: " + strings.Join(slices.Sorted(maps.Keys(known)), ", ")
	if name, ok := federation.Closest(key.Value, missing); ok {
		fix = fmt.Sprintf("did you mean %q?", name)
		r.broken[strings.TrimPrefix(path+"."+name, ".")] = true // it is misspelt, not missing
		r.breakSiblings(path, known[name])
	}
	r.faults = append(r.faults, Fault{key.Line, key.Column, fmt.Sprintf("unknown key %.80q", key.Value), fix})
}

// breakSiblings: what was to stand for them could not be read.
func (r *reader) breakSiblings(path string, f field) {
	for _, sibling := range f.shape.instead {
		r.broken[strings.TrimPrefix(path+"."+sibling, ".")] = true
	}
}

// missingKeys are those that a mapping may have and does not.
func missingKeys(mapping *yaml.Node, known object) []string {
	missing := maps.Clone(known)
	for i := 0; i < len(mapping.Content); i += 2 {
		delete(missing, mapping.Content[i].Value)
	}
	return slices.Sorted(maps.Keys(missing))
}

// object reads a mapping. keys makes its table, and the place that it is read
// into, when there is something to read.
func (r *reader) object(keys func() object) field {
	return field{shape: shape{kind: kindObject, keys: keys}, read: func(path string, _, node *yaml.Node) {
		r.fields(path, node, keys())
	}}
}

// objects reads a list of mappings; keys makes the table of the next one.
func (r *reader) objects(keys func() object) field {
	return field{shape: shape{kind: kindObjects, keys: keys}, read: func(path string, _, node *yaml.Node) {
		r.each(path, node, func(path string, item *yaml.Node) { r.fields(path, item, keys()) })
	}}
}

// each reads a list.
func (r *reader) each(path string, node *yaml.Node, read func(path string, item *yaml.Node)) {
	if node.Kind != yaml.SequenceNode {
		r.fault(path, node, describe(path)+" is no list", "begin each entry with - , or write [A, B]")
		return
	}
	for i, item := range node.Content {
		inner := fmt.Sprintf("%s[%d]", path, i)
		r.at[inner] = item
		read(inner, item)
	}
}

// text reads a scalar as it is written, whatever YAML would make of it.
func (r *reader) text(to *string) field {
	return field{shape: shape{kind: kindText}, read: func(path string, _, node *yaml.Node) { *to, _ = r.scalar(path, node) }}
}

func (r *reader) scalar(path string, node *yaml.Node) (string, bool) {
	switch {
	case isBareTemplate(node):
		r.fault(path, node, "a template without quotes: YAML reads {{ as a map", `write it in quotes: "{{…}}"`)
	case node.Kind != yaml.ScalarNode:
		r.fault(path, node, describe(path)+" is not one text", "write a single value")
	case isNull(node) || node.Value == "":
		r.fault(path, node, describe(path)+" is empty", "write a value or remove the key")
	case strings.ContainsFunc(node.Value, func(c rune) bool { return c < ' ' || c == 0x7f }):
		r.fault(path, node, describe(path)+" has a line break or a control character", "write it on one line")
	default:
		return node.Value, true
	}
	return "", false
}

// texts reads a list of texts; an item that cannot be read keeps its place.
func (r *reader) texts(to *[]string) field {
	return field{shape: shape{kind: kindTexts}, read: func(path string, _, node *yaml.Node) { *to = r.listOfTexts(path, node) }}
}

func (r *reader) listOfTexts(path string, node *yaml.Node) []string {
	var texts []string
	r.each(path, node, func(path string, item *yaml.Node) {
		text, _ := r.scalar(path, item)
		texts = append(texts, text)
	})
	return texts
}

// oneOrMore reads a text or a list of them.
func (r *reader) oneOrMore(path string, node *yaml.Node) []string {
	if node.Kind == yaml.SequenceNode {
		return r.listOfTexts(path, node)
	}
	text, _ := r.scalar(path, node)
	return []string{text}
}

// textMap reads a map whose keys are free.
func (r *reader) textMap(to *map[string]string) field {
	return field{shape: shape{kind: kindTextMap}, read: func(path string, _, node *yaml.Node) {
		if node.Kind != yaml.MappingNode {
			r.fault(path, node, describe(path)+" is no map of names and texts", "write it as NAME: TEXT")
			return
		}
		*to = map[string]string{}
		r.pairs(path, node, func(path string, key, value *yaml.Node) {
			(*to)[key.Value], _ = r.scalar(path, value)
		})
	}}
}

func (r *reader) boolean(to *bool) field {
	return field{shape: shape{kind: kindBoolean}, read: func(path string, _, node *yaml.Node) {
		switch {
		case node.Kind == yaml.ScalarNode && node.Value == "true":
			*to = true
		case node.Kind == yaml.ScalarNode && node.Value == "false":
			*to = false
		default:
			r.fault(path, node, describe(path)+" is neither true nor false", "write true or false")
		}
	}}
}

// seconds reads a duration of whole seconds.
func (r *reader) seconds(to *int) field {
	return field{shape: shape{kind: kindDuration}, read: func(path string, _, node *yaml.Node) {
		text, ok := r.scalar(path, node)
		if !ok {
			return
		}
		d, err := time.ParseDuration(text)
		if err != nil || d%time.Second != 0 {
			r.fault(path, node, fmt.Sprintf("%.40q is no length of time", text), "write a number with its unit: 60s, 45m, 8h")
			return
		}
		*to = int(d / time.Second)
	}}
}

// positive reads a duration that may be left out, but not be nothing.
func (r *reader) positive(to *int) field {
	f := r.seconds(to)
	seconds := f.read
	f.read = func(path string, key, node *yaml.Node) {
		seconds(path, key, node)
		if *to == 0 && !r.broken[path] {
			r.fault(path, node, describe(path)+" is nothing", "write a number with its unit: 45m, 8h")
		}
	}
	return f
}

func describe(path string) string {
	if path == "" {
		return "the file"
	}
	return path[strings.LastIndex(path, ".")+1:]
}

func isNull(node *yaml.Node) bool {
	return node.Kind == yaml.ScalarNode && node.Tag == "!!null"
}

// isBareTemplate recognises {{email}} without quotes: a map whose key is a map.
func isBareTemplate(node *yaml.Node) bool {
	return node.Kind == yaml.MappingNode && len(node.Content) == 2 && node.Content[0].Kind == yaml.MappingNode
}

// requirePlain refuses what makes YAML mean other than it looks like. Nothing is
// expanded before: an alias bomb is refused where its first anchor stands.
func (r *reader) requirePlain(node *yaml.Node) {
	switch {
	case node.Anchor != "":
		r.fault("", node, "anchor &"+node.Anchor, "write the text out where it is needed")
	case node.Kind == yaml.AliasNode:
		r.fault("", node, "alias *"+node.Value, "write the text out")
		return
	case node.Tag == "!!merge":
		r.fault("", node, "merge key <<", "write the keys out")
	case node.Style&yaml.TaggedStyle != 0:
		r.fault("", node, "tag "+strconv.Quote(node.Tag), "remove it: every value is read as text")
	}
	for _, child := range node.Content {
		r.requirePlain(child)
	}
}
