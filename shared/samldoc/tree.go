package samldoc

import (
	"strings"

	"github.com/beevik/etree"
)

// parseTree reads the same bytes with etree, on which goxmldsig works, and
// refuses unless it finds the tree that our scan found.
func parseTree(xml []byte, scanned *element) (*etree.Document, error) {
	tree, err := readTree(xml)
	if err != nil {
		return nil, err
	}
	return tree, sameTree(scanned, tree.Root())
}

func readTree(xml []byte) (tree *etree.Document, err error) {
	defer notPanic(&err)
	tree = etree.NewDocument()
	tree.ReadSettings.MaxDepth = metadataLimits().depth + 1
	tree.ReadSettings.PreserveDuplicateAttrs = true // the scan left none: do not look again
	if err := tree.ReadFromBytes(xml); err != nil {
		return nil, malformed("the document is not XML: %w", err)
	}
	return tree, nil
}

func sameTree(scanned *element, tree *etree.Element) error {
	read, err := fromTree(tree)
	if err != nil {
		return err
	}
	if !same(scanned, read, nil) {
		return malformed("two parsers read two documents")
	}
	return nil
}

// notPanic turns a panic of a library into a refusal. goxmldsig and etree get
// nothing but what the scan let through, so this should never speak.
func notPanic(err *error) {
	if r := recover(); r != nil {
		*err = malformed("a library gave up on the document: %v", r)
	}
}

// fromTree makes an element of etree's, with names resolved from its own
// declarations and those of its ancestors.
func fromTree(el *etree.Element) (*element, error) {
	if el == nil {
		return nil, malformed("the document has no root")
	}
	var around scope
	for up := el.Parent(); up != nil; up = up.Parent() {
		around = append(declarations(up), around...)
	}
	return around.convert(el)
}

func (s scope) convert(el *etree.Element) (*element, error) {
	if inner := declarations(el); len(inner) > 0 {
		s = append(s[:len(s):len(s)], inner...)
	}
	raw := make([]attribute, 0, 8) // on the stack, nearly always
	for _, a := range el.Attr {
		raw = append(raw, attribute{a.Space, a.Key, a.Value})
	}
	name := el.Tag
	if el.Space != "" {
		name = el.Space + ":" + el.Tag
	}
	e, err := s.element(name, raw)
	if err != nil {
		return nil, err
	}
	pieces := make([]string, 0, 4)
	for _, token := range el.Child {
		switch token := token.(type) {
		case *etree.CharData:
			pieces = append(pieces, token.Data)
		case *etree.Element:
			child, err := s.convert(token)
			if err != nil {
				return nil, err
			}
			e.children = append(e.children, child)
		}
	}
	e.text = strings.Join(pieces, "")
	return e, nil
}

func declarations(el *etree.Element) scope {
	var declared scope
	for _, a := range el.Attr {
		switch {
		case a.Space == "xmlns":
			declared = append(declared, binding{a.Key, a.Value})
		case a.Space == "" && a.Key == "xmlns":
			declared = append(declared, binding{"", a.Value})
		}
	}
	return declared
}
