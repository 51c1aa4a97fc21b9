package samldoc

import "strings"

const (
	nsXML   = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS = "http://www.w3.org/2000/xmlns/"
)

// longestSpace bounds a namespace. Exclusive canonicalization writes it again in
// each element that uses it: one of 180 KB, used 800 times in a response that
// somebody changed under its signature, made 800 MB.
const longestSpace = 256

// scope holds the namespace declarations in force, the innermost last.
type scope []binding

type binding struct{ prefix, space string }

// resolve returns what a prefix stands for; the empty prefix may stand for none.
func (s scope) resolve(prefix string) (string, error) {
	if prefix == "xml" {
		return nsXML, nil
	}
	for i := len(s) - 1; i >= 0; i-- {
		if s[i].prefix == prefix {
			return s[i].space, nil
		}
	}
	if prefix != "" {
		return "", malformed("the prefix %q is not declared", prefix)
	}
	return "", nil
}

// declaration reads xmlns="..." and xmlns:p="..." (xml-names section 3); ok is
// false for any other attribute.
func declaration(prefix, local, space string) (b binding, ok bool, err error) {
	switch {
	case prefix == "xmlns":
		b = binding{local, space}
	case prefix == "" && local == "xmlns":
		b = binding{"", space}
	default:
		return binding{}, false, nil
	}
	switch {
	case len(space) > longestSpace:
		return b, true, tooLarge("the namespace %.40q... has %d bytes, at most %d", space, len(space), longestSpace)
	case b.prefix == "xml" && space == nsXML:
		return b, true, nil
	case b.prefix == "xml" || b.prefix == "xmlns" || space == nsXML || space == nsXMLNS:
		return b, true, malformed("the names xml and xmlns cannot be declared anew")
	case b.prefix != "" && space == "":
		return b, true, malformed("the prefix %q is declared as nothing", b.prefix)
	case space != "" && !strings.Contains(space, ":"):
		// Canonical XML fails on relative names, and some libraries then sign
		// and verify the empty string ("The Fragile Lock", CVE-2025-66568).
		return b, true, malformed("the namespace %q is not absolute", space)
	}
	return b, true, nil
}
