package samldoc

import "fmt"

// element is one element with its names resolved: the namespace that a prefix
// stood for, not the prefix.
type element struct {
	space, local string
	attributes   []attribute
	children     []*element
	text         string // all character data directly inside
	commented    bool   // a comment stood directly inside
}

type attribute struct {
	space, local, value string
}

func (e *element) is(space, local string) bool { return e.local == local && e.space == space }

// String names the element for an operator.
func (e *element) String() string {
	switch e.space {
	case "":
		return e.local
	case nsAssertion:
		return "saml:" + e.local
	case nsProtocol:
		return "samlp:" + e.local
	case nsMetadata:
		return "md:" + e.local
	case nsSignature:
		return "ds:" + e.local
	case nsEncrypt:
		return "xenc:" + e.local
	case nsEncrypt11:
		return "xenc11:" + e.local
	case nsExclusive:
		return "ec:" + e.local
	}
	return fmt.Sprintf("{%s}%s", e.space, e.local)
}

// attribute returns an attribute without namespace, as all of SAML's are; "" if
// there is none.
func (e *element) attribute(local string) string {
	value, _ := e.lookup("", local)
	return value
}

func (e *element) lookup(space, local string) (string, bool) {
	for _, a := range e.attributes {
		if a.local == local && a.space == space {
			return a.value, true
		}
	}
	return "", false
}

// all returns the direct children of that name.
func (e *element) all(space, local string) []*element {
	var found []*element
	for _, child := range e.children {
		if child.is(space, local) {
			found = append(found, child)
		}
	}
	return found
}

// one returns the first direct child of that name, or nil.
func (e *element) one(space, local string) *element {
	for _, child := range e.children {
		if child.is(space, local) {
			return child
		}
	}
	return nil
}

// leaf returns the text, and refuses an element whose text something interrupts
// (CVE-2017-11427 and its family: parsers differ in which part they return).
func (e *element) leaf() (string, error) {
	if len(e.children) > 0 || e.commented {
		return "", malformed("%s must hold text alone", e)
	}
	return e.text, nil
}

// same says whether two trees mean the same, leaving out one element of a.
// Attributes may stand in another order: canonicalization sorts them.
func same(a, b, leaveOut *element) bool {
	if a.space != b.space || a.local != b.local || a.text != b.text || len(a.attributes) != len(b.attributes) {
		return false
	}
	for _, attr := range a.attributes {
		if value, ok := b.lookup(attr.space, attr.local); !ok || value != attr.value {
			return false
		}
	}
	at := 0
	for _, child := range a.children {
		if child == leaveOut {
			continue
		}
		if at >= len(b.children) || !same(child, b.children[at], leaveOut) {
			return false
		}
		at++
	}
	return at == len(b.children)
}
