package resource

import (
	"strings"
)

const maxPath = 1000

// Path is where an operation of PATCH works (RFC 7644 section 3.5.2):
// [URN:]attribute[filter].part.
type Path struct {
	URN       string // "": the resource's own schema
	Attribute string // "": all that is under the URN
	Filter    Filter // nil: none
	Part      string // "": the whole attribute
}

// ParsePath reads a path. extends says whether a text is the URN of an extension: only
// who knows the resource can tell urn:a:b from attribute b of urn:a.
func (k Kind) ParsePath(written string, extends func(string) bool) (Path, error) {
	if len(written) > maxPath {
		return Path{}, badPath(written, "it has %d bytes, %d may be", len(written), maxPath)
	}
	var p Path
	head, rest, filtered := strings.Cut(written, "[")
	if isURN(head) {
		if p.URN = head; !filtered && extends(head) {
			return p, nil
		}
		colon := strings.LastIndexByte(head, ':')
		p.URN, head = head[:colon], head[colon+1:]
	}
	if strings.EqualFold(p.URN, k.Schema.ID) {
		p.URN = ""
	}
	p.Attribute = head
	switch {
	case filtered:
		if err := p.readFilter(written, rest); err != nil {
			return Path{}, err
		}
	default:
		p.Attribute, p.Part, _ = strings.Cut(head, ".")
	}
	if !isName(p.Attribute) || p.Part != "" && !isName(p.Part) || strings.Contains(p.Part, ".") || strings.HasSuffix(written, ".") {
		return Path{}, badPath(written, "write attribute, attribute.part or attribute[type eq \"work\"].part, with the URN of its schema before it if it is an extension's")
	}
	return k.canonical(p), nil
}

// readFilter reads `filter].part`.
func (p *Path) readFilter(written, rest string) error {
	s := scanner{text: rest}
	filter, err := s.filter()
	if err != nil {
		return err
	}
	s.blanks()
	if !strings.HasPrefix(rest[s.at:], "]") {
		return badPath(written, "the ] behind the filter is missing")
	}
	p.Filter, p.Part = filter, rest[s.at+1:]
	if part, dotted := strings.CutPrefix(p.Part, "."); dotted {
		p.Part = part
	} else if p.Part != "" {
		return badPath(written, "a dot is missing behind ]")
	}
	return nil
}

// canonical writes what is known as the standard does.
func (k Kind) canonical(p Path) Path {
	if a, ok := known(k.attributes(p.URN), p.Attribute); ok {
		p.Attribute = a.Name
		if part, ok := known(a.sub, p.Part); ok {
			p.Part = part.Name
		}
	}
	return p
}

func isURN(s string) bool { return len(s) > 4 && strings.EqualFold(s[:4], "urn:") }

func badPath(written, format string, args ...any) error {
	return malformed(InvalidPath, "path %.200q: "+format, append([]any{written}, args...)...)
}
