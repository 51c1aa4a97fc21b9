package resource

import (
	"reflect"
	"slices"
	"strings"
)

// change is what an operation does to one attribute.
type change struct {
	op    string
	path  Path
	multi bool // as the schema says; of what it does not know, as the value is
	value any
}

// in makes the change in an object of attributes.
func (c change) in(o Object) error {
	name := nameIn(o, c.path.Attribute)
	switch {
	case c.path.Filter != nil:
		return c.elements(o, name)
	case c.path.Part != "":
		return c.part(o, name)
	}
	_, isList := o[name].([]any)
	switch {
	case c.op == "remove" && c.value != nil && isList: // Entra ID names what is to go by its value
		keep(o, name, slices.DeleteFunc(listed(o[name]), c.named))
	case c.op == "remove" || c.value == nil:
		delete(o, name)
	case c.op == "add" && (c.multi || isList):
		o[name] = added(listed(o[name]), listed(c.value))
	default:
		c.set(o, name)
	}
	return nil
}

// set writes one value; of an object the parts that it names (RFC 7644 section 3.5.2.3).
func (c change) set(o Object, name string) {
	parts, isObject := c.value.(Object)
	before, was := o[name].(Object)
	if !isObject || !was || c.multi {
		o[name] = clone(c.value)
		return
	}
	for part, value := range parts {
		before[nameIn(before, part)] = clone(value)
	}
}

func (c change) part(o Object, name string) error {
	inside, ok := o[name].(Object)
	if list, isList := o[name].([]any); isList || c.multi {
		if len(list) == 0 && c.op != "remove" {
			list = []any{Object{}}
		}
		for _, element := range list {
			c.write(element)
		}
		keep(o, name, list)
		return nil
	}
	if !ok {
		if c.op == "remove" {
			return nil
		}
		inside = Object{}
		o[name] = inside
	}
	c.write(inside)
	if len(inside) == 0 {
		delete(o, name)
	}
	return nil
}

// write changes the part of one element.
func (c change) write(element any) {
	o, ok := element.(Object)
	if !ok {
		return
	}
	part := nameIn(o, c.path.Part)
	if c.op == "remove" || c.value == nil {
		delete(o, part)
		return
	}
	o[part] = clone(c.value)
}

// elements changes those that the filter means. Where it means none, one is made of what
// it demands: Entra ID sets emails[type eq "work"].value of who has no address yet, and
// RFC 7644's answer, noTarget, would stop it there.
func (c change) elements(o Object, name string) error {
	list, found := listed(o[name]), false
	var kept []any
	for _, element := range list {
		if !c.path.Filter.holdsOf(element) {
			kept = append(kept, element)
			continue
		}
		found = true
		if c.path.Part == "" && (c.op == "remove" || c.value == nil) {
			continue
		}
		kept = append(kept, c.changed(element))
	}
	if !found && c.op != "remove" && c.value != nil {
		element := Object{}
		for _, comparison := range c.path.Filter {
			if strings.Contains(comparison.Attribute, ".") {
				return malformed(NoTarget, "nothing is %.200q", c.path.Attribute+"["+comparison.Attribute+"]")
			}
			element[comparison.Attribute] = comparison.Value
		}
		kept = append(kept, c.changed(element))
	}
	keep(o, name, kept)
	return nil
}

// changed is an element as the change makes it.
func (c change) changed(element any) any {
	if c.path.Part != "" {
		c.write(element)
		return element
	}
	parts, isObject := c.value.(Object)
	before, was := element.(Object)
	if !was {
		return clone(c.value)
	}
	if !isObject {
		before["value"] = clone(c.value)
		return before
	}
	for part, value := range parts {
		before[nameIn(before, part)] = clone(value)
	}
	return before
}

// named says whether an element is among those that the value names.
func (c change) named(element any) bool {
	return slices.ContainsFunc(listed(c.value), func(one any) bool { return same(one, element) })
}

// same compares elements by their value, where they have one.
func same(a, b any) bool {
	left, right := valueOf(a), valueOf(b)
	if left != nil && right != nil {
		return reflect.DeepEqual(left, right)
	}
	return reflect.DeepEqual(a, b)
}

func valueOf(element any) any {
	if o, ok := element.(Object); ok {
		return o[nameIn(o, "value")]
	}
	return element
}

// added are elements with others that are not among them; what is newly the preferred
// one is alone that.
func added(list, more []any) []any {
	for _, one := range more {
		if slices.ContainsFunc(list, func(there any) bool { return reflect.DeepEqual(there, one) }) {
			continue
		}
		if o, ok := one.(Object); ok && preferred(o) {
			for _, there := range list {
				if before, ok := there.(Object); ok && preferred(before) {
					before[nameIn(before, "primary")] = false
				}
			}
		}
		list = append(list, clone(one))
	}
	return list
}

func preferred(o Object) bool {
	is, _ := plain(o[nameIn(o, "primary")])
	return strings.EqualFold(is, "true")
}

func keep(o Object, name string, list []any) {
	if len(list) == 0 {
		delete(o, name)
		return
	}
	o[name] = list
}

func listed(value any) []any {
	if value == nil {
		return nil
	}
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

// nameIn is the name by which an object has an attribute, in whatever letters.
func nameIn(o Object, name string) string {
	if _, exact := o[name]; exact {
		return name
	}
	for there := range o {
		if strings.EqualFold(there, name) {
			return there
		}
	}
	return name
}

// holdsOf says whether an element of an attribute is meant.
func (f Filter) holdsOf(element any) bool {
	for _, c := range f {
		value := element
		if o, ok := element.(Object); ok {
			value = o[nameIn(o, c.Attribute)]
		} else if !strings.EqualFold(c.Attribute, "value") {
			return false
		}
		is, ok := plain(value)
		want, _ := plain(c.Value)
		if !ok || !strings.EqualFold(is, want) {
			return false
		}
	}
	return true
}
