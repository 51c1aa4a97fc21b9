package samldoc

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"
)

// limits bound one kind of document. etree refuses at depth 1,024 and goxmldsig
// at 1,000 elements: ours stand before theirs, because theirs cost or panic.
type limits struct {
	bytes, depth, elements int
	attributes             int  // of one element, declarations included
	allAttributes          int  // of all elements: canonicalization sorts them,
	qualified              int  // and those of one element with a prefix in quadratic time
	prefixes               int  // declared around one element
	hand                   bool // written by hand: comments, and line breaks in attributes
}

func responseLimits() limits {
	return limits{bytes: mostXML, depth: 32, elements: 900, attributes: 32, allAttributes: 3000, qualified: 8, prefixes: 20}
}

func metadataLimits() limits {
	return limits{bytes: 1 << 20, depth: 32, elements: 5000, attributes: 64, allAttributes: 20_000, qualified: 64, prefixes: 64, hand: true}
}

// after is what one part of a document leaves for the next: an assertion must not
// be dearer because it came encrypted.
func (l limits) after(read *element) limits {
	l.elements--
	l.allAttributes -= len(read.attributes)
	for _, child := range read.children {
		l = l.after(child)
	}
	return l
}

// scanner walks once over a document, left to right, and builds its tree.
type scanner struct {
	in    string
	at    int
	most  limits
	root  *element
	open  []frame
	scope scope
	count int // of elements
	named int // of attributes

	raw []attribute // of the element at hand

	tree *etree.Document // what goxmldsig works on; nil where nothing will be verified
}

// frame is an element whose end has not come yet.
type frame struct {
	*element
	name     string   // as written, for the end tag
	pieces   []string // of its text, after the first
	declared int      // length of the scope outside
	node     *etree.Element
}

// scan reads XML 1.0 in UTF-8, less all that has a second reading or that SAML
// has no use for. In a response comments are refused throughout: none of the
// real ones that we know of has any, and in text they divide parsers.
func scan(xml []byte, most limits) (*element, error) { return scanIn(xml, most, nil) }

// scanTree makes the tree on which goxmldsig works in the same walk, of the same
// names, values and texts: there is no second reading of the bytes that could
// differ from ours. Comments are not in it, so that it is for what has none.
func scanTree(xml []byte, most limits) (*element, *etree.Document, error) {
	tree := etree.NewDocument()
	root, err := (&scanner{tree: tree}).scan(xml, most)
	return root, tree, err
}

// scanIn reads a document that will stand where these declarations are in force.
func scanIn(xml []byte, most limits, around scope) (*element, error) {
	return (&scanner{scope: around}).scan(xml, most)
}

func (s *scanner) scan(xml []byte, most limits) (*element, error) {
	if len(xml) > most.bytes {
		return nil, tooLarge("the document has %d bytes, at most %d", len(xml), most.bytes)
	}
	if !most.hand && !strings.HasPrefix(string(xml), "<") {
		return nil, malformed("the document does not begin with <")
	}
	s.in, s.most = string(xml), most
	if err := legal(s.in); err != nil {
		return nil, err
	}
	if err := s.declaration(); err != nil {
		return nil, err
	}
	for s.at < len(s.in) {
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	if s.root == nil || len(s.open) > 0 {
		return nil, malformed("the document ends too early")
	}
	return s.root, nil
}

// legal refuses bytes that no XML document may have (xml section 2.2).
func legal(in string) error {
	if !utf8.ValidString(in) {
		return malformed("the document is not UTF-8")
	}
	for i := range len(in) {
		if c := in[i]; c < ' ' && c != '\t' && c != '\n' && c != '\r' {
			return malformed("the control character %#x at byte %d", c, i)
		}
	}
	if strings.Contains(in, "\uFFFE") || strings.Contains(in, "\uFFFF") {
		return malformed("a code point that is no character")
	}
	return nil
}

// declaration reads <?xml version="1.0" encoding="UTF-8" standalone="…"?>.
func (s *scanner) declaration() error {
	rest, ok := strings.CutPrefix(s.in, "<?xml")
	if !ok || rest == "" || !isSpace(rest[0]) {
		return nil
	}
	s.at = len("<?xml")
	want := []string{"version", "encoding", "standalone"}
	for !strings.HasPrefix(s.in[s.at:], "?>") {
		name, value, err := s.attribute()
		if err != nil {
			return err
		}
		i := slices.Index(want, name)
		if i < 0 || !declares(name, value) {
			return malformed("the XML declaration says %s=%.40q", name, value)
		}
		want = want[i+1:]
		s.blanks("?>")
	}
	if len(want) == 3 {
		return malformed("the XML declaration says nothing")
	}
	s.at += len("?>")
	return nil
}

func declares(name, value string) bool {
	switch name {
	case "version":
		return value == "1.0"
	case "encoding":
		return strings.EqualFold(value, "UTF-8")
	default:
		return value == "yes" || value == "no"
	}
}

func (s *scanner) next() error {
	rest := s.in[s.at:]
	switch {
	case rest[0] != '<':
		return s.characters()
	case strings.HasPrefix(rest, "</"):
		return s.endTag()
	case strings.HasPrefix(rest, "<!--"):
		return s.comment()
	case strings.HasPrefix(rest, "<![CDATA["):
		// Canonicalization turns it into text; no identity provider writes it.
		return malformed("a CDATA section at byte %d", s.at)
	case strings.HasPrefix(rest, "<!"):
		return malformed("a document type or other declaration at byte %d", s.at)
	case strings.HasPrefix(rest, "<?"):
		return malformed("a processing instruction at byte %d", s.at)
	}
	return s.startTag()
}

func (s *scanner) characters() error {
	end := strings.IndexByte(s.in[s.at:], '<')
	if end < 0 {
		end = len(s.in) - s.at
	}
	raw := s.in[s.at : s.at+end]
	if strings.Contains(raw, "]]>") {
		return malformed("]]> in text at byte %d", s.at)
	}
	s.at += end
	if len(s.open) == 0 {
		if strings.Trim(raw, " \t\r\n") != "" {
			return malformed("text outside the root")
		}
		return nil
	}
	text, err := unescape(raw)
	if err != nil {
		return err
	}
	inner := &s.open[len(s.open)-1]
	if inner.node != nil {
		inner.node.AddChild(etree.NewText(text))
	}
	if inner.text == "" {
		inner.text = text
	} else {
		inner.pieces = append(inner.pieces, text)
	}
	return nil
}

func (s *scanner) comment() error {
	if !s.most.hand {
		return malformed("a comment at byte %d", s.at)
	}
	body := s.in[s.at+len("<!--"):]
	end := strings.Index(body, "--")
	if end < 0 || !strings.HasPrefix(body[end:], "-->") {
		return malformed("a comment without end at byte %d", s.at)
	}
	s.at += len("<!--") + end + len("-->")
	if len(s.open) > 0 {
		s.open[len(s.open)-1].commented = true
	}
	return nil
}

func (s *scanner) endTag() error {
	if len(s.open) == 0 {
		return malformed("an end tag without start at byte %d", s.at)
	}
	inner := s.open[len(s.open)-1]
	rest, ok := strings.CutPrefix(s.in[s.at+len("</"):], inner.name)
	trimmed := strings.TrimLeft(rest, " \t\r\n")
	if !ok || !strings.HasPrefix(trimmed, ">") {
		return malformed("<%s> is not closed in its place", inner.name)
	}
	s.at = len(s.in) - len(trimmed) + 1
	s.leave()
	return nil
}

func (s *scanner) leave() {
	inner := s.open[len(s.open)-1]
	if len(inner.pieces) > 0 {
		inner.text += strings.Join(inner.pieces, "")
	}
	s.scope = s.scope[:inner.declared]
	s.open = s.open[:len(s.open)-1]
}
