package resource

import (
	"slices"
	"strings"
)

// Query is a filter over resources, of comparisons that can be answered.
type Query []Comparison

// NewQuery takes a filter over resources of a kind: by what identity providers look for
// theirs. Anything else would have every resource read to answer it.
func (k Kind) NewQuery(written string) (Query, error) {
	if written == "" {
		return nil, nil
	}
	filter, err := ParseFilter(written)
	if err != nil {
		return nil, err
	}
	can := []string{"id", "externalId", "userName", "displayName", "active"}
	if k.IsGroup() {
		can = []string{"id", "externalId", "displayName", "members"}
	}
	query := make(Query, 0, len(filter))
	for _, c := range filter {
		name := c.Attribute
		if prefix := k.Schema.ID + ":"; len(name) > len(prefix) && strings.EqualFold(name[:len(prefix)], prefix) {
			name = name[len(prefix):]
		}
		if k.IsGroup() && strings.EqualFold(name, "members.value") {
			name = "members"
		}
		i := slices.IndexFunc(can, func(one string) bool { return strings.EqualFold(one, name) })
		if i < 0 {
			return nil, badFilter("%.80q cannot be compared with: %s can", c.Attribute, strings.Join(can, ", "))
		}
		query = append(query, Comparison{can[i], c.Value})
	}
	return query, nil
}

// Value is what the query wants an attribute to be, as text.
func (q Query) Value(attribute string) (string, bool) {
	for _, c := range q {
		if c.Attribute == attribute {
			return plain(c.Value)
		}
	}
	return "", false
}

// Holds says whether the query means a resource. Letters count in what is exact: an ID
// of theirs, or of ours.
func (q Query) Holds(id string, d Document) bool {
	for _, c := range q {
		want, ok := plain(c.Value)
		if !ok {
			return false
		}
		switch c.Attribute {
		case "id":
			ok = want == id
		case "externalId":
			ok = want == d.Text("externalId")
		case "members":
			ok = d.Members[want]
		case "active":
			is, _ := plain(d.Active())
			ok = strings.EqualFold(is, want)
		default:
			ok = Fold(want) == Fold(d.Text(c.Attribute))
		}
		if !ok {
			return false
		}
	}
	return true
}

// Fold makes texts equal that are so but for their letters' height.
func Fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }
