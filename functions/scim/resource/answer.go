package resource

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Meta is what the server writes about a resource.
type Meta struct {
	ID                string
	Created, Modified time.Time
	Location          string
	Version           string // an entity tag
}

// View says which attributes a client wants to see (RFC 7644 section 3.9).
type View struct {
	only, without []string // in small letters
}

// NewView reads the parameters attributes and excludedAttributes.
func (k Kind) NewView(attributes, excluded string) (View, error) {
	v := View{only: k.viewed(attributes), without: k.viewed(excluded)}
	if len(v.only) > 0 && len(v.without) > 0 {
		return View{}, malformed(InvalidValue, "attributes and excludedAttributes exclude each other: send one of them")
	}
	return v, nil
}

func (k Kind) viewed(list string) []string {
	var names []string
	for name := range strings.SplitSeq(list, ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		if name = strings.TrimPrefix(name, strings.ToLower(k.Schema.ID)+":"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// Everything says that nothing in particular was asked for.
func (v View) Everything() bool { return len(v.only) == 0 && len(v.without) == 0 }

// Members says whether a group's members are wanted.
func (v View) Members() bool { return v.shows("members") }

// shows says whether an attribute is wanted, whole or in part.
func (v View) shows(name string) bool {
	name = strings.ToLower(name)
	if len(v.only) > 0 {
		return slices.ContainsFunc(v.only, func(one string) bool { return one == name || partOf(one, name) != "" })
	}
	return !slices.Contains(v.without, name)
}

// partOf is x of "name.x", and of "urn:x".
func partOf(one, name string) string {
	if rest, ok := strings.CutPrefix(one, name); ok && len(rest) > 1 && (rest[0] == '.' || rest[0] == ':') {
		return rest[1:]
	}
	return ""
}

// Answer is the resource as the client sees it.
func (d Document) Answer(m Meta, v View, person func(id string) string) Object {
	o := Object{"id": m.ID, "schemas": d.Schemas()}
	if v.shows("meta") {
		o["meta"] = Object{
			"resourceType": d.Kind.Name, "created": stamp(m.Created), "lastModified": stamp(m.Modified),
			"location": m.Location, "version": m.Version,
		}
	}
	for name, value := range d.Attributes {
		if v.shows(name) {
			o[name] = v.part(name, value)
		}
	}
	if d.Kind.IsGroup() && v.Members() && len(d.Members) > 0 {
		members := make([]any, 0, len(d.Members))
		for _, id := range slices.Sorted(maps.Keys(d.Members)) {
			members = append(members, Object{"value": id, "type": "User", "$ref": person(id)})
		}
		o["members"] = members
	}
	return o
}

// part is what is wanted of an attribute's value.
func (v View) part(name string, value any) any {
	switch x := value.(type) {
	case []any:
		list := make([]any, 0, len(x))
		for _, element := range x {
			list = append(list, v.part(name, element))
		}
		return list
	case Object:
		cut := Object{}
		for part, inside := range x {
			if v.showsPart(strings.ToLower(name), strings.ToLower(part)) {
				cut[part] = inside
			}
		}
		return cut
	}
	return value
}

func (v View) showsPart(name, part string) bool {
	wanted := func(one string) bool {
		rest := partOf(one, name)
		return rest == part || strings.HasPrefix(rest, part+".")
	}
	if len(v.only) > 0 {
		return slices.Contains(v.only, name) || slices.ContainsFunc(v.only, wanted)
	}
	return !slices.ContainsFunc(v.without, func(one string) bool { return partOf(one, name) == part })
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
