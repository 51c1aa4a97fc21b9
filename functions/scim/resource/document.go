package resource

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// maxMembers is of one group: its row holds them, and RAM's groups hold fewer.
const maxMembers = 10_000

// Document is what an identity provider says of a resource, by the names that the
// standard gives its attributes. What a schema does not know is kept as it came.
type Document struct {
	Kind       Kind
	Attributes Object
	Members    map[string]bool // of a group: IDs of people
}

// NewDocument takes what a client sent. What only a server writes (id, meta) is left out,
// as RFC 7644 section 3.5.1 has it, and a password is dropped.
func (k Kind) NewDocument(sent Object) (Document, error) {
	d := Document{Kind: k, Attributes: Object{}, Members: map[string]bool{}}
	for name, value := range sent {
		a, isKnown := known(k.attributes(""), name)
		if isKnown {
			name = a.Name
		}
		switch {
		case a.mutable == "readOnly" || name == "schemas" || value == nil:
		case k.IsGroup() && name == "members":
			members, err := memberIDs(value)
			if err != nil {
				return Document{}, err
			}
			for _, id := range members {
				d.Members[id] = true
			}
		case strings.EqualFold(name, k.Schema.ID): // some clients put the attributes of a schema under its name
			return Document{}, malformed(InvalidSyntax, "%q stands as an attribute: its attributes stand in the resource itself", name)
		default:
			d.Attributes[name] = value
		}
	}
	return d, d.Check()
}

// Check makes the attributes what their schema says they are, or says why not.
func (d Document) Check() error {
	for name, value := range d.Attributes {
		a, ok := known(d.Kind.attributes(""), name)
		if !ok {
			if value == nil {
				delete(d.Attributes, name)
			}
			continue
		}
		fit, err := a.fit(value)
		if err != nil {
			return err
		}
		if fit == nil || a.forgotten {
			delete(d.Attributes, name)
		} else {
			d.Attributes[name] = fit
		}
	}
	return d.checkWhole()
}

func (d Document) checkWhole() error {
	for _, a := range d.Kind.Schema.Attributes {
		if value, ok := d.Attributes[a.Name].(string); a.required && (!ok || strings.TrimSpace(value) == "") {
			return malformed(InvalidValue, "%s is missing: a %s needs one", a.Name, d.Kind.Name)
		} else if a.required && strings.ContainsFunc(value, unicode.IsControl) {
			return malformed(InvalidValue, "%s is %.80q: it has a control character", a.Name, value)
		}
	}
	if len(d.Members) > maxMembers {
		return malformed(TooMany, "the group has %d members, %d may be", len(d.Members), maxMembers)
	}
	return nil
}

// fit makes a value what the attribute's is; nil: it has none.
func (a Attribute) fit(value any) (any, error) {
	if !a.multi {
		return a.fitOne(value)
	}
	list, ok := value.([]any)
	if !ok && value != nil {
		list = []any{value} // some clients leave out the brackets around one
	}
	fitted := make([]any, 0, len(list))
	for _, inside := range list {
		if a.shape == composite {
			if _, ok := inside.(Object); !ok && inside != nil {
				inside = Object{"value": inside} // and others the braces
			}
		}
		one, err := a.fitOne(inside)
		if err != nil {
			return nil, err
		}
		if one != nil {
			fitted = append(fitted, one)
		}
	}
	if len(fitted) == 0 {
		return nil, nil //nolint:nilnil // an empty list is no value (RFC 7643 section 2.5)
	}
	return fitted, nil
}

func (a Attribute) fitOne(value any) (any, error) {
	if value == nil {
		return nil, nil //nolint:nilnil // null is no value
	}
	switch a.shape {
	case truth:
		return a.fitTruth(value)
	case composite:
		return a.fitComplex(value)
	case text, link, binary:
	}
	if s, ok := value.(string); ok {
		return s, nil
	}
	return nil, malformed(InvalidValue, "%s is %.80s: text is wanted", a.Name, shown(value))
}

// fitTruth takes text too: Microsoft Entra ID sends "False".
func (a Attribute) fitTruth(value any) (any, error) {
	if b, ok := value.(bool); ok {
		return b, nil
	}
	if s, ok := value.(string); ok {
		switch strings.ToLower(s) {
		case "true":
			return true, nil
		case "false":
			return false, nil
		}
	}
	return nil, malformed(InvalidValue, "%s is %.80s: true or false is wanted", a.Name, shown(value))
}

func (a Attribute) fitComplex(value any) (any, error) {
	o, ok := value.(Object)
	if !ok {
		return nil, malformed(InvalidValue, "%s is %.80s: an object is wanted", a.Name, shown(value))
	}
	fitted := Object{}
	for name, inside := range o {
		part, ok := known(a.sub, name)
		if ok {
			var err error
			if inside, err = part.fit(inside); err != nil {
				return nil, err
			}
			name = part.Name
		}
		if inside != nil {
			fitted[name] = inside
		}
	}
	if len(fitted) == 0 {
		return nil, nil //nolint:nilnil // an object of nothing is no value
	}
	return fitted, nil
}

func shown(value any) string {
	written, err := json.Marshal(value)
	if err != nil {
		return "no value"
	}
	return string(written)
}

// Clone is a copy that can be changed.
func (d Document) Clone() Document {
	attributes, _ := clone(d.Attributes).(Object)
	return Document{d.Kind, attributes, maps.Clone(d.Members)}
}

// Text is an attribute of the resource's own schema that is text.
func (d Document) Text(name string) string {
	s, _ := d.Attributes[name].(string)
	return s
}

// Active says whether the person may do anything: who is not said to be inactive may.
func (d Document) Active() bool {
	active, said := d.Attributes["active"].(bool)
	return active || !said
}

// Schemas are the URNs of what the document has attributes of.
func (d Document) Schemas() []string {
	urns := []string{d.Kind.Schema.ID}
	for _, name := range slices.Sorted(maps.Keys(d.Attributes)) {
		if isURN(name) {
			urns = append(urns, name)
		}
	}
	return urns
}
