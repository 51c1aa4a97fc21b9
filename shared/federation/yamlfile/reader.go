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

// field reads one value: path names it, key and node are where it stands.
type field func(path string, key, node *yaml.Node)

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
		read, ok := known[key.Value]
		if !ok {
			r.unknownKey(path, key, known, missing())
			return
		}
		read(inner, key, value)
	})
}

// pairs gives each key of a mapping with the path of its value. The path stands
// for the value where that is on one line, else for the key above it.
func (r *reader) pairs(path string, node *yaml.Node, read field) {
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
	}
	r.faults = append(r.faults, Fault{key.Line, key.Column, fmt.Sprintf("unknown key %.80q", key.Value), fix})
}

// missingKeys are those that a mapping may have and does not.
func missingKeys(mapping *yaml.Node, known object) []string {
	missing := maps.Clone(known)
	for i := 0; i < len(mapping.Content); i += 2 {
		delete(missing, mapping.Content[i].Value)
	}
	return slices.Sorted(maps.Keys(missing))
}

// later refuses what the format has and this version does not do; it stands for
// its siblings, so that they are not called missing.
func (r *reader) later(what string, siblings ...string) field {
	return func(path string, key, _ *yaml.Node) {
		parent := path[:len(path)-len(key.Value)]
		for _, sibling := range siblings {
			r.broken[parent+sibling] = true
		}
		r.fault(path, key, what+" not supported yet", "leave "+key.Value+" out")
	}
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
	return func(path string, _, node *yaml.Node) { *to, _ = r.scalar(path, node) }
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
	return func(path string, _, node *yaml.Node) {
		r.each(path, node, func(path string, item *yaml.Node) {
			text, _ := r.scalar(path, item)
			*to = append(*to, text)
		})
	}
}

// oneOrMore reads a text or a list of them.
func (r *reader) oneOrMore(to *[]string) field {
	return func(path string, key, node *yaml.Node) {
		if node.Kind == yaml.SequenceNode {
			r.texts(to)(path, key, node)
			return
		}
		text, _ := r.scalar(path, node)
		*to = []string{text}
	}
}

// textMap reads a map whose keys are free.
func (r *reader) textMap(to *map[string]string) field {
	return func(path string, _, node *yaml.Node) {
		if node.Kind != yaml.MappingNode {
			r.fault(path, node, describe(path)+" is no map of names and texts", "write it as NAME: TEXT")
			return
		}
		*to = map[string]string{}
		r.pairs(path, node, func(path string, key, value *yaml.Node) {
			(*to)[key.Value], _ = r.scalar(path, value)
		})
	}
}

func (r *reader) boolean(to *bool) field {
	return func(path string, _, node *yaml.Node) {
		switch {
		case node.Kind == yaml.ScalarNode && node.Value == "true":
			*to = true
		case node.Kind == yaml.ScalarNode && node.Value == "false":
			*to = false
		default:
			r.fault(path, node, describe(path)+" is neither true nor false", "write true or false")
		}
	}
}

// seconds reads a duration of whole seconds.
func (r *reader) seconds(to *int) field {
	return func(path string, _, node *yaml.Node) {
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
	}
}

// positive reads a duration that may be left out, but not be nothing.
func (r *reader) positive(to *int) field {
	return func(path string, key, node *yaml.Node) {
		r.seconds(to)(path, key, node)
		if *to == 0 && !r.broken[path] {
			r.fault(path, node, describe(path)+" is nothing", "write a number with its unit: 45m, 8h")
		}
	}
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
