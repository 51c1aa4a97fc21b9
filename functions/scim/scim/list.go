package scim

import (
	"slices"
	"strconv"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
	"github.com/fc-sso/fc-sso/shared/respond"
)

const (
	usualCount  = 100
	largestPage = 4 << 20 // bytes of what is stored; a page that has more ends before
)

func read(c call) (respond.Outcome, error) {
	c, err := c.seen()
	if err != nil {
		return respond.Outcome{}, err
	}
	r, err := c.need(c.r.PathValue("id"))
	if err != nil {
		return respond.Outcome{}, err
	}
	return c.show(r)
}

// show is a resource as the client wants to see it.
func (c call) show(r record) (respond.Outcome, error) {
	outcome, err := answer(c.answer(r))
	return outcome.WithHeader("ETag", r.tag()), err
}

func (c call) answer(r record) resource.Object {
	meta := resource.Meta{ID: r.ID, Created: r.Created, Modified: r.Modified, Location: c.location(c.kind, r.ID), Version: r.tag()}
	return r.doc.Answer(meta, c.view, func(id string) string { return c.location(resource.Users(), id) })
}

// window is which of the resources are asked for: from the first, which is 1, so many.
type window struct{ start, count int }

func (c call) window() (window, error) {
	query := c.r.URL.Query()
	start, err := number("startIndex", query.Get("startIndex"), 1)
	if err != nil {
		return window{}, err
	}
	count, err := number("count", query.Get("count"), usualCount)
	return window{max(1, start), min(max(0, count), resource.MostListed)}, err
}

// number may be below what counts: that is the least that does (RFC 7644 section 3.4.2.4).
func number(name, written string, otherwise int) (int, error) {
	if written == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(written)
	if err != nil {
		return 0, refuse(resource.InvalidValue, "%s is %.40q: a number is wanted", name, written)
	}
	return n, nil
}

func list(c call) (respond.Outcome, error) {
	c, err := c.seen()
	if err != nil {
		return respond.Outcome{}, err
	}
	wanted, err := c.window()
	if err != nil {
		return respond.Outcome{}, err
	}
	query, err := c.kind.NewQuery(c.r.URL.Query().Get("filter"))
	if err != nil {
		return respond.Outcome{}, err
	}
	records, total, err := c.choose(query, wanted)
	if err != nil {
		return respond.Outcome{}, err
	}
	listed := make([]any, 0, len(records))
	for _, r := range records {
		if r.Pending != nil {
			c.forget(c.settle(r))
		}
		listed = append(listed, c.answer(r))
	}
	return answer(listAnswer(listed, total, wanted.start))
}

func listAnswer(listed []any, total, start int) resource.Object {
	return resource.Object{
		"schemas":      []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"},
		"totalResults": total, "startIndex": start, "itemsPerPage": len(listed), "Resources": listed,
	}
}

// choose finds what a query means by the name, ID or mark that it compares with; by
// anything else it looks at all. Without a query only the page itself is read.
func (c call) choose(query resource.Query, wanted window) ([]record, int, error) {
	if len(query) == 0 {
		return c.page(wanted)
	}
	candidates, err := c.candidates(query)
	if err != nil {
		return nil, 0, err
	}
	candidates = slices.DeleteFunc(candidates, func(r record) bool { return !r.is() || !query.Holds(r.ID, r.doc) })
	from := min(wanted.start-1, len(candidates))
	return candidates[from:min(from+wanted.count, len(candidates))], len(candidates), nil
}

func (c call) candidates(query resource.Query) ([]record, error) {
	ctx := c.r.Context()
	unique := "userName"
	if c.kind.IsGroup() {
		unique = "displayName"
	}
	if id, ok := query.Value("id"); ok {
		return c.findAll([]string{id})
	}
	if name, ok := query.Value(unique); ok {
		holder, _, err := c.Resources.Name(ctx, c.idp, rowsOf(c.kind)+" "+resource.Fold(name))
		if err != nil || holder == "" {
			return nil, err
		}
		return c.findAll([]string{holder})
	}
	place := ""
	if id, ok := query.Value("externalId"); ok {
		place = placeOfExternal(c.kind, id)
	} else if id, ok := query.Value("members"); ok {
		place = placeOfMember(id)
	}
	if place == "" {
		stored, err := c.Resources.Page(ctx, c.idp, rowsOf(c.kind), "", 0, c.view.Members())
		if err != nil {
			return nil, err
		}
		return c.openAll(stored)
	}
	ids, err := c.Resources.Marked(ctx, c.idp, place)
	if err != nil {
		return nil, err
	}
	return c.findAll(ids)
}

func (c call) findAll(ids []string) ([]record, error) {
	records := make([]record, 0, len(ids))
	for _, id := range ids {
		r, err := c.find(id)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

func (c call) openAll(stored []Resource) ([]record, error) {
	records := make([]record, 0, len(stored))
	for _, one := range stored {
		r, err := open(c.kind, one)
		if err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// page reads a page of all: the keys of all resources, by which its first is known, and
// then the rows of the page alone. What is removed and not yet deleted is skipped.
func (c call) page(wanted window) ([]record, int, error) {
	ids, err := c.Resources.IDs(c.r.Context(), c.idp, rowsOf(c.kind))
	if err != nil || wanted.count == 0 || wanted.start > len(ids) {
		return nil, len(ids), err
	}
	var records []record
	from, size := ids[wanted.start-1], 0
	for len(records) < wanted.count {
		most := wanted.count - len(records)
		stored, err := c.Resources.Page(c.r.Context(), c.idp, rowsOf(c.kind), from, most, c.view.Members())
		if err != nil {
			return nil, 0, err
		}
		opened, err := c.openAll(stored)
		if err != nil {
			return nil, 0, err
		}
		for _, r := range opened {
			if size += len(r.Body) + 4*len(r.Members); size > largestPage && len(records) > 0 {
				return records, len(ids), nil
			}
			if r.is() {
				records = append(records, r)
			} else if r.Pending != nil {
				c.forget(c.settle(r))
			}
		}
		if len(stored) < most {
			break
		}
		from = stored[len(stored)-1].ID + "!" // before any other ID behind it
	}
	return records, len(ids), nil
}
