package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// IDs are the resources of a kind that are not removed, in order of their IDs. Of each
// row only its key and two numbers are read: a call for every 5,000.
func (s *Resources) IDs(ctx context.Context, idp, kind string) ([]string, error) {
	var ids []string
	prefix := resourceID(kind, "")
	err := s.walk(ctx, idp, prefix, prefix, 0, []string{columnVersion, columnRemoved}, func(id string, r row) error {
		if removed, _ := r[columnRemoved].(bool); !removed {
			ids = append(ids, id)
		}
		return nil
	})
	return ids, err
}

// Page are resources of a kind from an ID on, "" for the first, as many as there are but
// no more than most; 0: all. Removed ones are among them.
func (s *Resources) Page(ctx context.Context, idp, kind, from string, most int, members bool) ([]Resource, error) {
	columns := withoutMembers()
	if members {
		columns = append(columns, columnMembers)
	}
	var found []Resource
	prefix := resourceID(kind, "")
	err := s.walk(ctx, idp, prefix, prefix+from, most, columns, func(id string, r row) error {
		one, err := readResource(id, r)
		found = append(found, one)
		return err
	})
	return found, err
}

// walk reads rows whose IDs begin with prefix, from one on, until there are most of them.
func (s *Resources) walk(ctx context.Context, idp, prefix, from string, most int, columns []string, take func(id string, r row) error) error {
	start, end := personKey(idp, from), personKey(idp, prefix+"\uffff")
	for seen := 0; start != nil; {
		criteria := &tablestore.RangeRowQueryCriteria{
			TableName: tablePerson, StartPrimaryKey: start, EndPrimaryKey: end, Direction: tablestore.FORWARD, MaxVersion: 1, ColumnsToGet: columns,
		}
		if most > 0 {
			criteria.Limit = int32(most - seen) //nolint:gosec // a page is small
		}
		page, err := s.client.pageOf(ctx, criteria)
		if err != nil {
			return unavailable("resources", err)
		}
		for _, r := range page.Rows {
			at, err := readPlace(tablePerson, r)
			if err == nil {
				err = take(at.id[len(prefix):], at.row)
			}
			if err != nil {
				return err
			}
		}
		if seen += len(page.Rows); most > 0 && seen >= most {
			return nil
		}
		start = page.NextStartPrimaryKey
	}
	return nil
}

// Name says who has a name that one resource may have, and since when; "" nobody.
func (s *Resources) Name(ctx context.Context, idp, name string) (id string, taken time.Time, err error) {
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	r, err := s.client.get(ctx, tablePerson, personKey(idp, nameID(name)))
	if err != nil {
		return "", time.Time{}, unavailable("name", err)
	}
	return r.text(columnPerson), r.moment(columnTaken), nil
}

// TakeName gives a name to a resource, if it still is of holder ("": of nobody) since
// then; else it is refused as [reason.StoreConflict].
func (s *Resources) TakeName(ctx context.Context, idp, name, holder string, since time.Time, id string, now time.Time) error {
	condition := mustNotExist()
	if holder != "" {
		condition = mustEqual(columnTaken, since.UnixMilli())
		if !now.After(since) {
			now = since.Add(time.Millisecond)
		}
	}
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	written, err := s.client.put(ctx, tablePerson, personKey(idp, nameID(name)), condition, column{columnPerson, id}, column{columnTaken, now.UnixMilli()})
	if err == nil && !written {
		return reason.New(reason.StoreConflict, "somebody else takes the name at this moment")
	}
	return unavailableIf("name", err)
}

// FreeName lets another resource have a name, if it is still of holder since then.
func (s *Resources) FreeName(ctx context.Context, idp, name, holder string, since time.Time) error {
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	read := row{columnPerson: holder, columnTaken: since.UnixMilli()}
	return s.remove(ctx, personKey(idp, nameID(name)), mustBeAsRead(read, column{name: columnPerson}, column{name: columnTaken}))
}

// hexSum is a text of any length and letters as part of a key.
func hexSum(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func nameID(name string) string { return resourceID("name", hexSum(name)) }

// Mark is a sign by which resources are found: that a resource has a value, or a person
// is in a group. It may say too much, never too little: it is made before the resource is
// so, and whoever finds one by it looks whether it is.
type Mark = struct {
	Place string // what is looked for: the name of an attribute and its value
	ID    string // the resource
}

// Marked are the resources that are marked at a place.
func (s *Resources) Marked(ctx context.Context, idp, place string) ([]string, error) {
	var ids []string
	prefix := resourceID("mark", hexSum(place)) + "/"
	err := s.walk(ctx, idp, prefix, prefix, 0, nil, func(id string, _ row) error {
		ids = append(ids, id)
		return nil
	})
	return ids, err
}

// Mark makes marks, and Unmark removes them; each may happen twice.
func (s *Resources) Mark(ctx context.Context, idp string, marks []Mark) error {
	var changes []tablestore.RowChange
	for _, m := range marks {
		changes = append(changes, putChange(tablePerson, markKey(idp, m), whatever(), []column{{columnPerson, m.ID}}))
	}
	return unavailableIf("marks", s.client.writeAll(ctx, tablePerson, changes))
}

// Unmark removes marks.
func (s *Resources) Unmark(ctx context.Context, idp string, marks []Mark) error {
	var changes []tablestore.RowChange
	for _, m := range marks {
		changes = append(changes, &tablestore.DeleteRowChange{TableName: tablePerson, PrimaryKey: markKey(idp, m), Condition: whatever()})
	}
	return unavailableIf("marks", s.client.writeAll(ctx, tablePerson, changes))
}

func markKey(idp string, m Mark) *tablestore.PrimaryKey {
	return personKey(idp, resourceID("mark", hexSum(m.Place))+"/"+m.ID)
}
