package scim

import (
	"context"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// save writes a document as the next version of a record, and tells what became of it.
func (c call) save(before record, doc resource.Document) (record, error) {
	after, marks, err := c.next(before, doc)
	if err != nil {
		return record{}, err
	}
	stored, err := after.sealed()
	if err != nil {
		return record{}, err
	}
	if err := c.prepare(before, after, marks); err != nil {
		return record{}, err
	}
	was, since, err := c.old(before, doc)
	if err != nil {
		return record{}, err
	}
	if err := c.Resources.Put(c.r.Context(), c.idp, rowsOf(c.kind), stored); err != nil {
		return record{}, err
	}
	after.Version++
	audit.Of(c.r.Context()).Subject = c.kind.Name + " " + after.ID
	c.forget(c.free(was, after, since))
	if err := c.settle(after); err != nil {
		return record{}, err
	}
	after.Pending = nil
	return after, nil
}

// next is the record as it will be written, and what is to be marked before.
func (c call) next(before record, doc resource.Document) (record, []Mark, error) {
	after := before
	after.doc = doc
	after.Modified = c.Now().Truncate(time.Millisecond)
	if !after.Modified.After(before.Modified) { // the newer of two events is known by it
		after.Modified = before.Modified.Add(time.Millisecond)
	}
	if before.Version == 0 {
		after.Created = after.Modified
	}
	if err := c.named(&after); err != nil {
		return record{}, nil, err
	}
	var err error
	if after.Pending, err = untold(before, after); err != nil {
		return record{}, nil, err
	}
	if err := c.headline(after).Check(); err != nil {
		return record{}, nil, refuse(resource.InvalidValue, "%v", err)
	}
	return after, marksOf(before, after), nil
}

// named gives a person the name by which sign-ins call them. Who may do nothing keeps the
// one that they had where it cannot be told any more: a leaver is not let stay because an
// attribute went with them.
func (c call) named(r *record) error {
	if c.kind.IsGroup() || r.Removed {
		return nil
	}
	name, err := c.provider.Person(personOf(*r))
	if err == nil {
		r.Person = name
	} else if r.doc.Active() {
		return refuse(resource.InvalidValue, "who the person is at a sign-in cannot be told: %s", reason.Detail(err))
	}
	return nil
}

// prepare makes what must be there before the resource is so.
func (c call) prepare(before, after record, marks []Mark) error {
	ctx := c.r.Context()
	if err := c.Resources.Mark(ctx, c.idp, marks); err != nil {
		return err
	}
	strangers, err := c.strangers(ctx, joined(before, after))
	if err != nil {
		return err
	}
	if len(strangers) > 0 {
		var idle []Mark
		for _, id := range strangers {
			idle = append(idle, Mark{placeOfMember(id), after.ID})
		}
		c.forget(c.Resources.Unmark(ctx, c.idp, idle))
		return refuse(resource.InvalidValue, "member %.80q is no User here: send the person first, and the id that was answered", strangers[0])
	}
	if name := nameOf(after.doc); name != nameOf(before.doc) {
		return c.claim(name, after)
	}
	return nil
}

// strangers are members that are nobody. All are marked by now: who is removed from here
// on is found by the mark and taken out of the group.
func (c call) strangers(ctx context.Context, members []string) ([]string, error) {
	found, err := c.Resources.There(ctx, c.idp, userRows, members)
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(found))
	for _, id := range found {
		there[id] = true
	}
	return slices.DeleteFunc(slices.Clone(members), func(id string) bool { return there[id] }), nil
}

// forget logs what went wrong behind a good answer, and will be put right by others.
func (c call) forget(err error) {
	if err != nil {
		c.desk.Log.WarnContext(c.r.Context(), "left for later", "error", err)
	}
}
