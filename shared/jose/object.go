package jose

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	maxDepth   = 16
	maxMembers = 2000
)

// Object is a JSON object in which each name stands once, at every depth. Its
// members are decoded when they are asked for, by their exact names. The zero
// value has none.
type Object struct {
	members []member
	marks   uint64 // of their names
	text    string
}

// member is one of an object's: its name, decoded, and its value, as it stands.
// Both are parts of the object's text, so that reading copies nothing.
type member struct{ name, value string }

// ParseObject reads exactly one JSON object (RFC 8259), strictly: UTF-8 alone, no
// name twice, at most 16 objects and lists inside each other, nothing behind it.
func ParseObject(text []byte) (Object, error) { return parseObject(string(text)) }

func parseObject(text string) (Object, error) {
	if !utf8.ValidString(text) {
		return Object{}, errors.New("it is not UTF-8")
	}
	r := reader{text: text}
	r.blanks()
	o := r.object(0)
	r.blanks()
	if r.at < len(text) {
		r.fail("something stands behind the object")
	}
	if r.err != nil {
		return Object{}, r.err
	}
	o.text = text
	return o, nil
}

// Raw is the text that the object was read from, as a copy.
func (o Object) Raw() []byte { return []byte(o.text) }

// IsZero says that nothing was read.
func (o Object) IsZero() bool { return o.text == "" }

// Names gives the names in their order.
func (o Object) Names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, m := range o.members {
			if !yield(m.name) {
				return
			}
		}
	}
}

// Has says whether there is a member of exactly this name, null included.
func (o Object) Has(name string) bool { return o.raw(name) != "" }

func (o Object) raw(name string) string {
	if o.marks&mark(name) == 0 {
		return ""
	}
	for i := range o.members {
		if o.members[i].name == name {
			return o.members[i].value
		}
	}
	return ""
}

// Text is a member that is text, and not empty.
func (o Object) Text(name string) (string, bool) {
	text, ok := text(o.raw(name))
	return text, ok && text != ""
}

// Object is a member that is an object itself. Its [Object.Raw] is a part of o's.
func (o Object) Object(name string) (Object, bool) {
	raw := o.raw(name)
	if len(raw) == 0 || raw[0] != '{' {
		return Object{}, false
	}
	r := reader{text: raw} // which was checked with the rest of the text
	member := r.object(0)
	member.text = raw
	return member, true
}

// Date is a member that is a number of seconds since 1970 (RFC 7519 section 2,
// NumericDate), cut to whole ones: a JSON number within the years that we live in.
// A number in quotes is text.
func (o Object) Date(name string) (seconds int64, ok bool) {
	const latest = 1 << 40 // in the year 36812; as a float it is exact
	raw := o.raw(name)
	if len(raw) == 0 || raw[0] == '"' || len(raw) > 32 {
		return 0, false
	}
	number, err := strconv.ParseFloat(raw, 64)
	if err != nil || number < 0 || number > latest {
		return 0, false
	}
	return int64(number), true
}

// Texts are the values of a member as conditions compare them: text, number or
// truth value as one, a list as all of its own; null, objects and lists inside
// lists are none. A name that begins with a slash is a JSON pointer (RFC 6901)
// into objects below, where no member bears it.
func (o Object) Texts(name string) []string {
	raw := o.raw(name)
	if raw == "" && strings.HasPrefix(name, "/") {
		raw = o.pointed(name[1:])
	}
	if len(raw) == 0 || raw[0] != '[' {
		if value, ok := scalar(raw); ok {
			return []string{value}
		}
		return nil
	}
	var values []string
	for item := range items(raw) {
		if value, ok := scalar(item); ok {
			values = append(values, value)
		}
	}
	return values
}

// TextList is a member that is one text or a list of nothing else, as the claim aud
// may be (RFC 7519 section 4.1.3).
func (o Object) TextList(name string) ([]string, bool) {
	raw := o.raw(name)
	if one, ok := text(raw); ok {
		return []string{one}, true
	}
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	var values []string
	for item := range items(raw) {
		value, ok := text(item)
		if !ok {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

// pointed follows a pointer, which was checked with the rest of the text.
func (o Object) pointed(pointer string) string {
	step, below, more := strings.Cut(pointer, "/")
	raw := o.raw(strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
	if !more || len(raw) == 0 || raw[0] != '{' {
		if more {
			return ""
		}
		return raw
	}
	r := reader{text: raw}
	return r.object(0).pointed(below)
}

// mark is one bit for a name: few others share it, so that a name which is not there
// need hardly ever be looked for.
func mark(name string) uint64 {
	if name == "" {
		return 1
	}
	return 1 << ((7*len(name) + 5*int(name[len(name)/2]) + int(name[len(name)-1])) % 64)
}

// text decodes a JSON string.
func text(raw string) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if inside := raw[1 : len(raw)-1]; strings.IndexByte(inside, '\\') < 0 {
		return inside, true
	}
	var decoded string
	err := json.Unmarshal([]byte(raw), &decoded)
	return decoded, err == nil
}

func scalar(raw string) (string, bool) {
	if len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || raw[0] == 'n' {
		return "", false
	}
	if raw[0] == '"' {
		return text(raw)
	}
	return raw, true
}

// items walks a list that was checked.
func items(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		r := reader{text: list, at: 1}
		for r.blanks(); r.err == nil && !r.next(']'); r.blanks() {
			if !yield(r.value(1)) {
				return
			}
			r.blanks()
			r.next(',')
		}
	}
}

// reader takes what stands at its place in the text; after the first fault that is
// the end.
type reader struct {
	text  string
	at    int
	err   error
	count int // of members
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
	r.at = len(r.text)
}

func (r *reader) blanks() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\n', '\r':
			r.at++
		default:
			return
		}
	}
}

func (r *reader) next(c byte) bool {
	if r.at == len(r.text) || r.text[r.at] != c {
		return false
	}
	r.at++
	return true
}

func (r *reader) object(depth int) (o Object) {
	if !r.next('{') {
		r.fail("it is no JSON object")
		return o
	}
	if r.blanks(); r.next('}') {
		return o
	}
	o.members = make([]member, 0, r.room())
	for r.err == nil {
		m, ok := r.member(depth)
		if !ok {
			return Object{}
		}
		if o.Has(m.name) {
			r.fail("%.80q stands twice", m.name)
			return Object{}
		}
		o.members, o.marks = append(o.members, m), o.marks|mark(m.name)
		if r.blanks(); r.next('}') {
			return o
		}
		if !r.next(',') {
			r.fail("a comma or the end of an object is missing")
		}
		r.blanks()
	}
	return Object{}
}

// room is how many members stand before the next end of an object: a guess, and
// right where nothing is nested.
func (r *reader) room() int {
	flat, _, _ := strings.Cut(r.text[r.at:], "}")
	return min(strings.Count(flat, ",")+1, maxMembers)
}

func (r *reader) member(depth int) (member, bool) {
	if r.count++; r.count > maxMembers {
		r.fail("it has more than %d members", maxMembers)
		return member{}, false
	}
	name, ok := text(r.quoted())
	if !ok {
		r.fail("a name is missing")
		return member{}, false
	}
	if r.blanks(); !r.next(':') {
		r.fail("the value of %.80q is missing", name)
	}
	r.blanks()
	value := r.value(depth + 1)
	return member{name, value}, r.err == nil
}

// value takes one value and gives the text of it.
func (r *reader) value(depth int) string {
	if depth > maxDepth {
		r.fail("more than %d objects and lists inside each other", maxDepth)
	}
	if r.at == len(r.text) {
		r.fail("a value is missing")
		return ""
	}
	from := r.at
	switch r.text[from] {
	case '{':
		r.object(depth)
	case '[':
		r.list(depth)
	case '"':
		r.quoted()
	case 't':
		r.word("true")
	case 'f':
		r.word("false")
	case 'n':
		r.word("null")
	default:
		r.number()
	}
	if r.err != nil {
		return ""
	}
	return r.text[from:r.at]
}

func (r *reader) list(depth int) {
	r.next('[')
	if r.blanks(); r.next(']') {
		return
	}
	for r.err == nil {
		if r.count++; r.count > maxMembers {
			r.fail("it has more than %d members", maxMembers)
		}
		r.value(depth + 1)
		if r.blanks(); r.next(']') {
			return
		}
		if !r.next(',') {
			r.fail("a comma or the end of a list is missing")
		}
		r.blanks()
	}
}

func (r *reader) word(word string) {
	if !strings.HasPrefix(r.text[r.at:], word) {
		r.fail("a value is neither text nor number nor true, false, null")
		return
	}
	r.at += len(word)
}

// quoted takes a string with its quotes. The whole was found to be UTF-8; an escaped
// half of a character is none, and would become another one on its way.
func (r *reader) quoted() string {
	from := r.text[r.at:]
	if len(from) == 0 || from[0] != '"' {
		return ""
	}
	for i := 1; i < len(from); i++ {
		switch c := from[i]; {
		case c > '"' && c != '\\': // nearly all
		case c == '"':
			r.at += i + 1
			return from[:i+1]
		case c < ' ':
			r.fail("a text has a control character")
			return ""
		case c == '\\':
			width := escape(from[i:])
			if width == 0 {
				r.fail("a text has an escape that stands for nothing")
				return ""
			}
			i += width - 1
		}
	}
	r.fail("a text has no end")
	return ""
}

// escape is how many bytes an escape has; 0 where it is none.
func escape(s string) int {
	if len(s) < 2 {
		return 0
	}
	if s[1] != 'u' {
		if strings.IndexByte(`"\/bfnrt`, s[1]) < 0 {
			return 0
		}
		return 2
	}
	first, ok := hexadecimal(s)
	switch {
	case !ok || first >= 0xDC00 && first < 0xE000:
		return 0
	case first < 0xD800 || first >= 0xE000:
		return 6
	}
	if second, ok := hexadecimal(s[6:]); ok && second >= 0xDC00 && second < 0xE000 {
		return 12
	}
	return 0
}

func hexadecimal(s string) (uint64, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return n, err == nil && s[2] != '+'
}

// number takes one by the grammar of RFC 8259 section 6.
func (r *reader) number() {
	r.next('-')
	from := r.at
	ok := r.digits() && (r.text[from] != '0' || r.at == from+1)
	if ok && r.next('.') {
		ok = r.digits()
	}
	if ok && (r.next('e') || r.next('E')) {
		_ = r.next('+') || r.next('-')
		ok = r.digits()
	}
	if !ok {
		r.fail("a value is neither text nor number nor true, false, null")
	}
}

func (r *reader) digits() bool {
	from := r.at
	for r.at < len(r.text) && '0' <= r.text[r.at] && r.text[r.at] <= '9' {
		r.at++
	}
	return r.at > from
}
