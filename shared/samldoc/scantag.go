package samldoc

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/beevik/etree"
)

// startTag reads <name attributes> or <name attributes/>.
func (s *scanner) startTag() error {
	s.at++
	name, err := s.name()
	if err != nil {
		return err
	}
	if err := s.room(); err != nil {
		return err
	}
	outside := len(s.scope)
	raw, empty, err := s.attributes()
	if err != nil {
		return err
	}
	e, err := s.resolve(name, raw)
	if err != nil {
		return err
	}
	s.enter(frame{element: e, name: name, declared: outside, node: s.node(name, raw)})
	if empty {
		s.leave()
	}
	return nil
}

// node is the element as it is written, where the tree is wanted.
func (s *scanner) node(name string, raw []attribute) *etree.Element {
	if s.tree == nil {
		return nil
	}
	node := etree.NewElement(name)
	node.Attr = make([]etree.Attr, 0, len(raw))
	for _, a := range raw { // CreateAttr would look for each among the others, and none stands twice
		node.Attr = append(node.Attr, etree.Attr{Space: a.space, Key: a.local, Value: a.value})
	}
	if len(s.open) == 0 {
		s.tree.SetRoot(node)
	} else {
		s.open[len(s.open)-1].node.AddChild(node)
	}
	return node
}

// room refuses one element too many.
func (s *scanner) room() error {
	s.count++
	switch {
	case s.count > s.most.elements:
		return tooLarge("more than %d elements", s.most.elements)
	case len(s.open) >= s.most.depth:
		return tooLarge("elements nested deeper than %d", s.most.depth)
	case len(s.open) == 0 && s.root != nil:
		return malformed("a second root element")
	}
	return nil
}

func (s *scanner) enter(f frame) {
	if len(s.open) == 0 {
		s.root = f.element
	} else {
		parent := s.open[len(s.open)-1].element
		parent.children = append(parent.children, f.element)
	}
	s.open = append(s.open, f)
}

// attributes reads up to > or />, names as written. The list is good until the
// next element.
func (s *scanner) attributes() (raw []attribute, empty bool, err error) {
	raw, qualified := s.raw[:0], 0
	for {
		if end := s.blanks(">", "/>"); end != "" {
			s.at += len(end)
			s.raw = raw
			return raw, end == "/>", nil
		}
		name, value, err := s.attribute()
		if err != nil {
			return nil, false, err
		}
		prefix, local := split(name)
		raw = append(raw, attribute{prefix, local, value})
		if prefix != "" && prefix != "xmlns" {
			qualified++
		}
		if err := s.roomFor(len(raw), qualified); err != nil {
			return nil, false, err
		}
	}
}

// roomFor holds the attributes to their limits, one by one.
func (s *scanner) roomFor(inside, qualified int) error {
	s.named++
	switch {
	case inside > s.most.attributes:
		return tooLarge("more than %d attributes in one element", s.most.attributes)
	case qualified > s.most.qualified:
		return tooLarge("more than %d attributes with a prefix in one element", s.most.qualified)
	case s.named > s.most.allAttributes:
		return tooLarge("more than %d attributes", s.most.allAttributes)
	}
	return nil
}

// attribute reads a blank, a name, = and a quoted value.
func (s *scanner) attribute() (name, value string, err error) {
	if s.blanks(); !isSpace(s.in[s.at-1]) {
		return "", "", malformed("no blank before an attribute at byte %d", s.at)
	}
	if name, err = s.name(); err != nil {
		return "", "", err
	}
	if s.blanks("=") == "" {
		return "", "", malformed("the attribute %s has no value", name)
	}
	s.at++
	quote := s.blanks(`"`, `'`)
	if quote == "" {
		return "", "", malformed("the value of attribute %s is not quoted", name)
	}
	s.at++
	end := strings.IndexByte(s.in[s.at:], quote[0])
	if end < 0 {
		return "", "", malformed("the value of attribute %s has no end", name)
	}
	raw := s.in[s.at : s.at+end]
	s.at += end + 1
	value, err = s.value(name, raw)
	return name, value, err
}

func (s *scanner) value(name, raw string) (string, error) {
	switch {
	case strings.Contains(raw, "<"):
		return "", malformed("< in the value of attribute %s", name)
	case !s.most.hand && strings.ContainsAny(raw, "\t\r\n"):
		// XML makes a blank of it (section 3.3.3), encoding/xml does not.
		return "", malformed("a line break in the value of attribute %s", name)
	}
	return unescape(raw)
}

// resolve puts the declarations of an element in force and names in their
// namespaces.
func (s *scanner) resolve(name string, raw []attribute) (*element, error) {
	outside := len(s.scope)
	for _, a := range raw {
		b, ok, err := declaration(a.space, a.local, a.value)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		for _, before := range s.scope[outside:] {
			if before.prefix == b.prefix {
				return nil, malformed("the prefix %q is declared twice in <%s>", b.prefix, name)
			}
		}
		s.scope = append(s.scope, b)
	}
	if len(s.scope) > s.most.prefixes {
		return nil, tooLarge("more than %d namespace declarations in force", s.most.prefixes)
	}
	return s.scope.element(name, raw)
}

// element resolves the names of one element, whose declarations are in force.
func (s scope) element(name string, raw []attribute) (*element, error) {
	prefix, local := split(name)
	space, err := s.resolve(prefix)
	if err != nil {
		return nil, err
	}
	e := &element{space: space, local: local}
	if len(raw) > 0 {
		e.attributes = make([]attribute, 0, len(raw))
	}
	for _, a := range raw {
		if a.space == "xmlns" || a.space == "" && a.local == "xmlns" {
			continue
		}
		inside := ""
		if a.space != "" { // an attribute without prefix has no namespace
			if inside, err = s.resolve(a.space); err != nil {
				return nil, err
			}
		}
		if _, twice := e.lookup(inside, a.local); twice {
			return nil, malformed("the attribute %s stands twice in %s", a.local, e)
		}
		e.attributes = append(e.attributes, attribute{inside, a.local, a.value})
	}
	return e, nil
}

// blanks skips white space and says which of the given strings comes then.
func (s *scanner) blanks(next ...string) string {
	for s.at < len(s.in) && isSpace(s.in[s.at]) {
		s.at++
	}
	for _, n := range next {
		if strings.HasPrefix(s.in[s.at:], n) {
			return n
		}
	}
	return ""
}

// longestName bounds what every detail of a refusal repeats to a log.
const longestName = 256

// name reads a qualified name of ASCII letters: SAML has no other.
func (s *scanner) name() (string, error) {
	start, colons := s.at, 0
	for fresh := true; s.at < len(s.in); s.at++ {
		c := s.in[s.at]
		switch {
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_':
		case !fresh && ('0' <= c && c <= '9' || c == '-' || c == '.'):
		case !fresh && c == ':' && colons == 0:
			colons, fresh = 1, true
			continue
		default:
			if fresh {
				return "", malformed("no name at byte %d", start)
			}
			return s.in[start:s.at], nil
		}
		if s.at-start >= longestName {
			return "", tooLarge("a name of more than %d bytes at byte %d", longestName, start)
		}
		fresh = false
	}
	return "", malformed("the document ends inside a tag")
}

func split(name string) (prefix, local string) {
	if prefix, local, ok := strings.Cut(name, ":"); ok {
		return prefix, local
	}
	return "", name
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// unescape makes text of what stands between tags or quotes: line ends become
// \n (xml section 2.11), the five entities and character references what they
// mean. There are no other entities, since there is no DOCTYPE.
func unescape(raw string) (string, error) {
	if !strings.ContainsAny(raw, "&\r") {
		return raw, nil
	}
	raw = strings.ReplaceAll(strings.ReplaceAll(raw, "\r\n", "\n"), "\r", "\n")
	var text strings.Builder
	for {
		before, rest, found := strings.Cut(raw, "&")
		text.WriteString(before)
		if !found {
			return text.String(), nil
		}
		end := strings.IndexByte(rest[:min(len(rest), 12)], ';')
		if end < 0 {
			return "", malformed("& does not begin an entity")
		}
		char, err := entity(rest[:end])
		if err != nil {
			return "", err
		}
		text.WriteRune(char)
		raw = rest[end+1:]
	}
}

func entity(name string) (rune, error) {
	switch name {
	case "lt":
		return '<', nil
	case "gt":
		return '>', nil
	case "amp":
		return '&', nil
	case "apos":
		return '\'', nil
	case "quot":
		return '"', nil
	}
	digits, base := strings.TrimPrefix(name, "#"), 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || name[0] != '#' || n > unicode.MaxRune || !isChar(rune(n)) {
		return 0, malformed("the entity &%s; is none of the five and no character", name)
	}
	return rune(n), nil
}

// isChar is the production Char of XML 1.0.
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		0x20 <= r && r <= 0xD7FF || 0xE000 <= r && r <= 0xFFFD || 0x10000 <= r && r <= 0x10FFFF
}
