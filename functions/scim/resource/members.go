package resource

import "strings"

// patchMembers: Entra ID removes by a filter, or by a value beside the bare path.
func (d Document) patchMembers(op string, path Path, value any) error {
	var ids []string
	var err error
	switch {
	case path.Filter != nil:
		if ids, err = membersOf(path.Filter); err != nil {
			return err
		}
		if op != "remove" {
			return malformed(InvalidPath, "members are added and removed, not changed: write the path members")
		}
	case path.Part != "" && path.Part != "value":
		return malformed(Mutability, "a member's %s is the server's to write", path.Part)
	case value != nil:
		if ids, err = memberIDs(value); err != nil {
			return err
		}
	case op == "remove":
		clear(d.Members)
	}
	if op == "replace" {
		clear(d.Members)
	}
	for _, id := range ids {
		if op == "remove" {
			delete(d.Members, id)
		} else {
			d.Members[id] = true
		}
	}
	return nil
}

func membersOf(filter Filter) ([]string, error) {
	id, ok := filter[0].Value.(string)
	if !ok || len(filter) > 1 || !strings.EqualFold(filter[0].Attribute, "value") {
		return nil, malformed(InvalidPath, "members are named by members[value eq \"ID\"]")
	}
	return []string{id}, nil
}

// memberIDs reads members: objects with a value, or bare IDs.
func memberIDs(value any) ([]string, error) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	ids := make([]string, 0, len(list))
	for _, member := range list {
		id, ok := member.(string)
		if o, isObject := member.(Object); isObject {
			id, ok = o[nameIn(o, "value")].(string)
			if is, _ := o[nameIn(o, "type")].(string); strings.EqualFold(is, "Group") {
				return nil, malformed(InvalidValue, "member %.80q is a group: groups within groups are not supported, send their people", id)
			}
		}
		if !ok || id == "" {
			return nil, malformed(InvalidValue, "member %.80s: an object is wanted, whose value is the id of a User", shown(member))
		}
		ids = append(ids, id)
	}
	return ids, nil
}
