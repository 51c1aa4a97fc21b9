package scim

import (
	"maps"
	"net/http"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

// remove makes a resource nobody's, tells so, and only then deletes it: until then it is
// there for whoever removes it again.
func remove(c call) (respond.Outcome, error) {
	for range tries {
		r, err := c.find(c.r.PathValue("id"))
		if err != nil {
			return respond.Outcome{}, err
		}
		if r.is() {
			if err = c.matches(r); err == nil {
				r, err = c.markRemoved(r)
			}
		} else if r.Version == 0 {
			err = missing(c.kind, c.r.PathValue("id"))
		}
		if reason.Of(err) == reason.StoreConflict {
			continue
		}
		if err == nil {
			audit.Of(c.r.Context()).Subject = c.kind.Name + " " + r.ID
			err = c.settle(r)
		}
		return respond.Page(nil, nil).WithStatus(http.StatusNoContent), err
	}
	return respond.Outcome{}, busy("the %s %s", c.kind.Name, c.r.PathValue("id"))
}

// markRemoved writes that the resource is nobody's any more.
func (c call) markRemoved(before record) (record, error) {
	gone := before
	gone.Removed = true
	after, _, err := c.next(gone, before.doc)
	if err != nil {
		return record{}, err
	}
	empty := after
	empty.doc.Members = nil
	if after.Pending, err = untold(before, empty); err != nil {
		return record{}, err
	}
	stored, err := after.sealed()
	if err != nil {
		return record{}, err
	}
	if err := c.Resources.Put(c.r.Context(), c.idp, rowsOf(c.kind), stored); err != nil {
		return record{}, err
	}
	after.Version++
	return after, nil
}

// bury deletes what was removed and told, with all by which it was found.
func (c call) bury(r record) error {
	ctx := c.r.Context()
	if !r.doc.Kind.IsGroup() {
		if err := c.leaveGroups(r.ID); err != nil {
			return err
		}
	}
	name, since, err := c.old(r, resource.Document{Kind: r.doc.Kind})
	if err == nil {
		err = c.free(name, r, since)
	}
	if err != nil {
		return err
	}
	nothing := record{doc: resource.Document{Kind: r.doc.Kind}}
	if err := c.Resources.Unmark(ctx, c.idp, marksOf(nothing, r)); err != nil {
		return err
	}
	return c.Resources.Drop(ctx, c.idp, c.rowsOf(r), r.ID, r.Version)
}

// leaveGroups takes a person who is gone out of all groups. A group that is marked and
// does not have them is written all the same: whoever is about to put them in finds it
// changed, looks again, and finds them gone.
func (c call) leaveGroups(person string) error {
	ctx, place := c.r.Context(), placeOfMember(person)
	ids, err := c.Resources.Marked(ctx, c.idp, place)
	if err != nil {
		return err
	}
	groups := c
	groups.kind, groups.quiet = resource.Groups(), true
	var marks []Mark
	for _, id := range ids {
		if err := groups.expel(id, person); err != nil {
			return err
		}
		marks = append(marks, Mark{place, id})
	}
	return c.Resources.Unmark(ctx, c.idp, marks)
}

func (c call) expel(group, person string) error {
	for range tries {
		before, err := c.find(group)
		if err != nil {
			return err
		}
		if !before.is() {
			return nil
		}
		doc := before.doc.Clone()
		delete(doc.Members, person)
		if _, err = c.save(before, doc); reason.Of(err) != reason.StoreConflict {
			return err
		}
	}
	return busy("the group %s", group)
}

// marksOf are by what a record is found, where another was not: its externalId, and a
// group by its members.
func marksOf(before, after record) []Mark {
	var marks []Mark
	if id := after.doc.Text("externalId"); id != "" && id != before.doc.Text("externalId") {
		marks = append(marks, Mark{placeOfExternal(after.doc.Kind, id), after.ID})
	}
	for id := range maps.Keys(after.doc.Members) {
		if !before.doc.Members[id] {
			marks = append(marks, Mark{placeOfMember(id), after.ID})
		}
	}
	return marks
}

func placeOfMember(person string) string { return "member " + person }

func placeOfExternal(kind resource.Kind, id string) string {
	return rowsOf(kind) + " externalId " + id
}
