package resource

import (
	"maps"
	"slices"
	"strings"
)

// maxOperations is more than any identity provider sends at once.
const maxOperations = 1000

// Operation is one change of a PATCH.
type Operation struct {
	Op    string // add, remove or replace, in whatever letters: Entra ID writes Add
	Path  string
	Value any
}

// ReadPatch reads the body of a PATCH (RFC 7644 section 3.5.2).
func ReadPatch(sent Object) ([]Operation, error) {
	var list []any
	for name, value := range sent {
		if strings.EqualFold(name, "Operations") {
			list, _ = value.([]any)
		}
	}
	if len(list) == 0 {
		return nil, malformed(InvalidSyntax, "Operations is missing: a list of changes is wanted")
	}
	if len(list) > maxOperations {
		return nil, malformed(TooMany, "%d operations, %d may be in one request", len(list), maxOperations)
	}
	operations := make([]Operation, 0, len(list))
	for i, one := range list {
		o, ok := one.(Object)
		if !ok {
			return nil, malformed(InvalidSyntax, "operation %d is no object", i+1)
		}
		op, err := readOperation(i+1, o)
		if err != nil {
			return nil, err
		}
		operations = append(operations, op)
	}
	return operations, nil
}

func readOperation(number int, o Object) (Operation, error) {
	var op Operation
	for name, value := range o {
		ok := true
		switch strings.ToLower(name) {
		case "op":
			op.Op, ok = value.(string)
			op.Op = strings.ToLower(op.Op)
		case "path":
			if op.Path, ok = value.(string); value == nil {
				ok = true
			}
		case "value":
			op.Value = value
		}
		if !ok {
			return Operation{}, malformed(InvalidSyntax, "operation %d: %s is no text", number, name)
		}
	}
	if !slices.Contains([]string{"add", "remove", "replace"}, op.Op) {
		return Operation{}, malformed(InvalidSyntax, "operation %d: op is %.40q: add, remove or replace is wanted", number, op.Op)
	}
	return op, nil
}

// Patch makes all changes, or none: d stays as it is.
func (d Document) Patch(operations []Operation) (Document, error) {
	changed := d.Clone()
	if changed.Members == nil {
		changed.Members = map[string]bool{}
	}
	for _, op := range operations {
		if err := changed.apply(op); err != nil {
			return Document{}, err
		}
	}
	return changed, changed.Check()
}

func (d Document) apply(op Operation) error {
	if op.Path != "" {
		return d.applyAt(op.Op, op.Path, op.Value)
	}
	if op.Op == "remove" {
		return malformed(NoTarget, "remove has no path: say what is to be removed")
	}
	o, ok := op.Value.(Object)
	if !ok {
		return malformed(InvalidValue, "%s without a path wants an object of attributes as its value", op.Op)
	}
	for _, name := range slices.Sorted(maps.Keys(o)) { // a name may be a path: Entra ID sends "name.familyName"
		if a, _ := known(d.Kind.attributes(""), name); a.mutable == "readOnly" || a.Name == "schemas" {
			continue // Okta sends the id along, others the groups
		}
		if err := d.applyAt(op.Op, name, o[name]); err != nil {
			return err
		}
	}
	return nil
}

func (d Document) applyAt(op, written string, value any) error {
	path, err := d.Kind.ParsePath(written, d.extends(value))
	if err != nil {
		return err
	}
	if path.Attribute == "" {
		return d.applyExtension(op, path.URN, value)
	}
	a, _ := known(d.Kind.attributes(path.URN), path.Attribute)
	switch {
	case a.mutable == "readOnly" || a.Name == "schemas":
		return malformed(Mutability, "%s is the server's to write", path.Attribute)
	case a.forgotten:
		return nil
	case d.Kind.IsGroup() && a.Name == "members":
		return d.patchMembers(op, path, value)
	}
	c := change{op: op, path: path, multi: a.multi, value: value}
	if path.URN == "" {
		return c.in(d.Attributes)
	}
	return d.within(op, path.URN, c.in)
}

// extends says what the URN of an extension is: one that the kind has, one that the
// document has, or one of which the value is an object of attributes, if it is not itself
// an attribute of one that is known.
func (d Document) extends(value any) func(string) bool {
	return func(urn string) bool {
		if d.extension(urn) != "" {
			return true
		}
		_, isObject := value.(Object)
		for name := range d.Attributes {
			isObject = isObject && !under(urn, name)
		}
		for _, s := range d.Kind.Extensions {
			if strings.EqualFold(s.ID, urn) {
				return true
			}
			isObject = isObject && !under(urn, s.ID)
		}
		return isObject
	}
}

func under(urn, of string) bool {
	return len(urn) > len(of) && strings.EqualFold(urn[:len(of)], of) && urn[len(of)] == ':'
}

// extension is the name by which the document has the extension, "" where it has not.
func (d Document) extension(urn string) string {
	for name, value := range d.Attributes {
		if _, ok := value.(Object); ok && strings.EqualFold(name, urn) {
			return name
		}
	}
	return ""
}

func (d Document) applyExtension(op, urn string, value any) error {
	if op == "remove" {
		delete(d.Attributes, d.extension(urn))
		return nil
	}
	o, ok := value.(Object)
	if !ok {
		return malformed(InvalidValue, "the value of %.200q is an object of attributes", urn)
	}
	return d.within(op, urn, func(inside Object) error {
		for name, value := range o {
			inside[name] = clone(value)
		}
		return nil
	})
}

// within changes an extension, which ends where nothing is left of it.
func (d Document) within(op, urn string, change func(Object) error) error {
	name := d.extension(urn)
	if name == "" {
		if op == "remove" {
			return nil
		}
		name = urn
		for _, s := range d.Kind.Extensions {
			if strings.EqualFold(s.ID, urn) {
				name = s.ID
			}
		}
		d.Attributes[name] = Object{}
	}
	inside, _ := d.Attributes[name].(Object)
	err := change(inside)
	if len(inside) == 0 {
		delete(d.Attributes, name)
	}
	return err
}
