package sfile

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader walks the tree and collects faults on the way: what it cannot read is
// a zero value and a fault, so that one run finds them all.
type reader struct {
	root   *yaml.Node
	lookup func(string) (string, bool)
	faults []LineError
}

func (r *reader) fault(at *yaml.Node, format string, args ...any) {
	f := LineError{Message: fmt.Sprintf(format, args...)}
	if at != nil {
		f.Line, f.Column = at.Line, at.Column
	}
	if !slices.Contains(r.faults, f) {
		r.faults = append(r.faults, f)
	}
}

func (r *reader) err() error {
	slices.SortStableFunc(r.faults, func(a, b LineError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var all []error
	for _, f := range r.faults {
		all = append(all, f)
	}
	return errors.Join(all...)
}

// child finds the value of a mapping's key; nil if there is none.
func child(node *yaml.Node, key string) *yaml.Node {
	if at := indexOf(node, key); at >= 0 {
		return node.Content[at+1]
	}
	return nil
}

func indexOf(node *yaml.Node, key string) int {
	if node == nil || node.Kind != yaml.MappingNode {
		return -1
	}
	for i := 0; i < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return i
		}
	}
	return -1
}

// keys checks that node is a mapping without aliases whose keys are known
// (no known keys: any) and single, and that the required ones (marked *) are
// there.
func (r *reader) keys(node *yaml.Node, what string, known ...string) bool {
	if node == nil {
		return false
	}
	if node.Kind != yaml.MappingNode {
		r.fault(node, "%s: want a mapping (anchors and aliases are not read)", what)
		return false
	}
	var seen []string
	for i := 0; i < len(node.Content); i += 2 {
		key := node.Content[i]
		if len(known) > 0 && !slices.Contains(known, key.Value) && !slices.Contains(known, "*"+key.Value) {
			r.fault(key, "%s: unknown key %q", what, key.Value)
		}
		if slices.Contains(seen, key.Value) {
			r.fault(key, "%s: key %q is there twice", what, key.Value)
		}
		seen = append(seen, key.Value)
	}
	for _, key := range known {
		if required, ok := strings.CutPrefix(key, "*"); ok && !slices.Contains(seen, required) {
			r.fault(node, "%s: key %q is missing", what, required)
		}
	}
	return true
}

// items lists a sequence; none is an empty one.
func (r *reader) items(node *yaml.Node, what string) []*yaml.Node {
	if node == nil {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		r.fault(node, "%s: want a list", what)
		return nil
	}
	return node.Content
}

// text reads a scalar, with its variables filled in.
func (r *reader) text(node *yaml.Node) string { return r.fill(node, 0) }

func (r *reader) texts(node *yaml.Node, what string) []string {
	var list []string
	for _, item := range r.items(node, what) {
		list = append(list, r.text(item))
	}
	return list
}

// number reads an integer between low and high.
func (r *reader) number(node *yaml.Node, what string, low, high int) int {
	if node == nil {
		return 0
	}
	n, err := strconv.Atoi(r.text(node))
	if err != nil || n < low || n > high {
		r.fault(node, "%s: want a number from %d to %d", what, low, high)
		return 0
	}
	return n
}

// oneOf reads a scalar that must be one of the words.
func (r *reader) oneOf(node *yaml.Node, what string, words ...string) string {
	if node == nil {
		return ""
	}
	value := r.text(node)
	if !slices.Contains(words, value) {
		r.fault(node, "%s: %q is not one of %s", what, value, strings.Join(words, ", "))
	}
	return value
}

var (
	variable = regexp.MustCompile(`\$\{([^{}]*)\}`)
	envCall  = regexp.MustCompile(`^env\('([A-Za-z_][A-Za-z0-9_]*)'(?:\s*,\s*'([^']*)')?\)$`)
)

// maxDepth bounds variables that name variables.
const maxDepth = 8

func (r *reader) fill(node *yaml.Node, depth int) string {
	if node == nil {
		return ""
	}
	if node.Kind != yaml.ScalarNode {
		r.fault(node, "want a single value")
		return ""
	}
	if depth > maxDepth {
		r.fault(node, "the variables refer to each other in a circle")
		return ""
	}
	filled := variable.ReplaceAllStringFunc(node.Value, func(found string) string {
		return r.value(node, strings.TrimSpace(found[2:len(found)-1]), depth)
	})
	if strings.Contains(variable.ReplaceAllString(node.Value, ""), "${") {
		r.fault(node, "%q: a variable without its end", node.Value)
	}
	return filled
}

// value is what stands for ${expression}.
func (r *reader) value(at *yaml.Node, expression string, depth int) string {
	if call := envCall.FindStringSubmatch(expression); call != nil {
		return r.environment(at, call[1], call[2], strings.Contains(expression, ","))
	}
	head, rest, _ := strings.Cut(expression, ".")
	target := r.root
	switch head {
	case "vars":
		target = follow(child(target, "vars"), strings.Split(rest, "."))
	case "resources":
		target = r.property(rest)
	default:
		r.fault(at, "${%s}: only env(), vars.… and resources.….props.… are read", expression)
		return ""
	}
	if target == nil {
		r.fault(at, "${%s} names nothing in this file", expression)
		return ""
	}
	return r.fill(target, depth+1)
}

func (r *reader) environment(at *yaml.Node, name, fallback string, hasFallback bool) string {
	if value, ok := r.lookup(name); ok {
		return value
	}
	if !hasFallback {
		r.fault(at, "environment variable %s is not set and has no default", name)
	}
	return fallback
}

// property finds name.props.key….
func (r *reader) property(path string) *yaml.Node {
	parts := strings.Split(path, ".")
	if len(parts) < 3 || parts[1] != "props" {
		return nil
	}
	return follow(r.props(child(child(r.root, "resources"), parts[0])), parts[2:])
}

func follow(node *yaml.Node, path []string) *yaml.Node {
	for _, key := range path {
		node = child(node, key)
	}
	return node
}

// props returns a resource's props with the template that it extends beneath.
func (r *reader) props(resource *yaml.Node) *yaml.Node {
	props := child(resource, "props")
	extend := child(resource, "extend")
	if extend == nil {
		return props
	}
	r.keys(extend, "extend", "*name")
	name := child(extend, "name")
	template := child(child(r.root, "template"), r.text(name))
	if template == nil {
		r.fault(extend, "extend: there is no template of that name")
		return props
	}
	return merge(template, props)
}

// merge lays over upon under: mappings by key, everything else as a whole.
func merge(under, over *yaml.Node) *yaml.Node {
	if over == nil {
		return under
	}
	if under.Kind != yaml.MappingNode || over.Kind != yaml.MappingNode {
		return over
	}
	merged := *over
	merged.Content = slices.Clone(over.Content)
	for i := 0; i < len(under.Content); i += 2 {
		key, value := under.Content[i], under.Content[i+1]
		at := indexOf(&merged, key.Value)
		if at < 0 {
			merged.Content = append(merged.Content, key, value)
			continue
		}
		merged.Content[at+1] = merge(value, merged.Content[at+1])
	}
	return &merged
}
