package yamlfile

import (
	"maps"
	"slices"

	"github.com/fc-sso/fc-sso/shared/federation"
)

// kind is what YAML has at a key.
type kind int

const (
	kindText kind = iota
	kindBoolean
	kindDuration
	kindFile
	kindTexts
	kindNetworks
	kindTextMap
	kindObject
	kindObjects
	kindCondition
)

// names are the kinds in the words of the README.
func (k kind) String() string {
	return [...]string{
		"text", "true or false", "length of time", "file", "list of texts", "list of networks", "map of texts", "map", "list of maps", "condition",
	}[k]
}

// shape is what an editor needs to know of a field.
type shape struct {
	kind    kind
	means   string
	values  []string      // the only ones, where there are
	like    string        // regular expression of a text, or of each item of a list
	needed  bool          // without it the file has a fault
	keys    func() object // of an object, or of each of a list
	instead []string      // its siblings, of which one is enough
}

// says is what the key means, in one sentence.
func (f field) says(means string) field {
	f.shape.means = means
	return f
}

// needed says that a file without the key has a fault.
func (f field) needed() field {
	f.shape.needed = true
	return f
}

// oneOf lists the only values; the compiler refuses others.
func (f field) oneOf(values ...string) field {
	f.shape.values = values
	return f
}

// instead names the siblings that the field may stand for: where it cannot be
// read, they are not called missing.
func (f field) instead(siblings ...string) field {
	f.shape.instead = siblings
	return f
}

// like is a regular expression of what the compiler accepts, or of a little more.
func (f field) like(expression string) field {
	f.shape.like = expression
	return f
}

// Key is one key that a federation file may have.
type Key struct {
	Path   string // identityProviders[].saml.metadataURL
	Kind   string // what stands there
	Values []string
	Needed bool
	Means  string
}

// Keys are all of them, each below its parent in the order of the alphabet.
func Keys() []Key {
	var keys []Key
	walk("", tables(), func(path string, s shape) {
		keys = append(keys, Key{path, s.kind.String(), s.values, s.needed, s.means})
	})
	return keys
}

// tables are the very ones that a file is read with, over a draft that is thrown
// away.
func tables() object { return (&reader{}).federation(&federation.Draft{}) }

func walk(parent string, keys object, visit func(path string, s shape)) {
	for _, name := range slices.Sorted(maps.Keys(keys)) {
		s := keys[name].shape
		path := parent + name
		visit(path, s)
		switch {
		case s.keys == nil:
		case s.kind == kindObjects:
			walk(path+"[].", s.keys(), visit)
		default:
			walk(path+".", s.keys(), visit)
		}
	}
}
