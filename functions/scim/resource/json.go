package resource

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// Limits of what is read. 10,000 members with all that is said of each are 50,000 values.
const (
	maxDepth  = 16
	maxValues = 100_000
)

// Object is a JSON object: of text, [json.Number], truth values, nil, lists and objects.
type Object = map[string]any

// Read reads one JSON object, strictly. Names of attributes are the same in capital and
// small letters (RFC 7643 section 2.1), so none may stand twice in either: of two values
// nobody knows which was meant.
func Read(text []byte) (Object, error) {
	if !utf8.Valid(text) {
		return nil, malformed(InvalidSyntax, "the body is not UTF-8")
	}
	r := reader{from: json.NewDecoder(bytes.NewReader(text))}
	r.from.UseNumber()
	value, err := r.value(0)
	if err != nil {
		return nil, err
	}
	if _, err := r.from.Token(); !errors.Is(err, io.EOF) {
		return nil, malformed(InvalidSyntax, "something stands behind the JSON object: send one object")
	}
	o, ok := value.(Object)
	if !ok {
		return nil, malformed(InvalidSyntax, "the body is no JSON object")
	}
	return o, nil
}

type reader struct {
	from  *json.Decoder
	count int
}

func (r *reader) value(depth int) (any, error) {
	if r.count++; r.count > maxValues {
		return nil, malformed(TooMany, "the body has more than %d values: send less at a time", maxValues)
	}
	token, err := r.from.Token()
	if err != nil {
		return nil, malformed(InvalidSyntax, "the body is no JSON: %v", err)
	}
	delimiter, nested := token.(json.Delim)
	if !nested {
		return token, whole(token)
	}
	if depth == maxDepth {
		return nil, malformed(InvalidSyntax, "more than %d objects and lists inside each other", maxDepth)
	}
	if delimiter == '[' {
		return r.list(depth)
	}
	return r.object(depth)
}

func (r *reader) list(depth int) (any, error) {
	list := []any{}
	for r.from.More() {
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	return list, r.end()
}

func (r *reader) object(depth int) (any, error) {
	o, seen := Object{}, map[string]bool{}
	for r.from.More() {
		token, err := r.from.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, malformed(InvalidSyntax, "the body is no JSON: a name is missing")
		}
		if err := whole(name); err != nil {
			return nil, err
		}
		if seen[strings.ToLower(name)] {
			return nil, malformed(InvalidSyntax, "%.80q stands twice: capital and small letters are the same in names of attributes", name)
		}
		seen[strings.ToLower(name)] = true
		if o[name], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
	return o, r.end()
}

func (r *reader) end() error {
	if _, err := r.from.Token(); err != nil {
		return malformed(InvalidSyntax, "the body is no JSON: %v", err)
	}
	return nil
}

// whole refuses a text with half of a character, which the decoder makes U+FFFD of: two
// people would have one name.
func whole(token json.Token) error {
	if s, ok := token.(string); ok && strings.ContainsRune(s, utf8.RuneError) {
		return malformed(InvalidSyntax, "%.80q has U+FFFD, or an escape that stands for no character", s)
	}
	return nil
}

// clone copies what a change would reach.
func clone(value any) any {
	switch v := value.(type) {
	case Object:
		o := make(Object, len(v))
		for name, inside := range v {
			o[name] = clone(inside)
		}
		return o
	case []any:
		list := make([]any, len(v))
		for i, inside := range v {
			list[i] = clone(inside)
		}
		return list
	}
	return value
}

// plain is a value as text, for comparing.
func plain(value any) (string, bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	case json.Number:
		return v.String(), true
	}
	return "", false
}
