package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Rows of resources stand in sso_person under their identity provider, beside what is
// known of its people: a resource's ID begins with its kind, and no hash begins so.
const (
	resourcePrefix = "scim/"

	columnMembers  = "members"
	columnPending  = "pending"
	columnCreated  = "created"
	columnModified = "modified"
	columnRemoved  = "removed"
	columnTaken    = "taken"

	resourcesAtOnce = 100 // of a BatchGetRow
)

// Resource is a person or a group as an identity provider pushed them. It is an alias,
// so that who asks need not import this room.
type Resource = struct {
	ID       string
	Version  int64 // 0: there is none
	Body     []byte
	Members  []byte // of a group; nil where they were not asked for
	Person   string // what sign-ins call them
	Pending  []byte // what was not told on yet; nil: nothing
	Created  time.Time
	Modified time.Time // to the millisecond
	Removed  bool      // it is nobody's any more, and goes once that was told on
}

// Resources keeps what identity providers push by SCIM.
type Resources struct{ client *Client }

// NewResources returns the resources of the table sso_person.
func NewResources(c *Client) *Resources { return &Resources{c} }

func resourceID(kind, id string) string { return resourcePrefix + kind + "/" + id }

// resourceKey wants parts that no other row's key is made of.
func resourceKey(idp, kind, id string) (*tablestore.PrimaryKey, error) {
	if idp == "" || strings.HasPrefix(idp, "@") || kind == "" || id == "" || strings.Contains(id, "/") || len(id) > 200 {
		return nil, fmt.Errorf("%.80q is no resource of identity provider %.80q", id, idp)
	}
	return personKey(idp, resourceID(kind, id)), nil
}

// Resource reads one, and its members if there are any; Version is 0 where there is none.
func (s *Resources) Resource(ctx context.Context, idp, kind, id string) (Resource, error) {
	key, err := resourceKey(idp, kind, id)
	if err != nil {
		return Resource{}, nil // what can be nobody's ID is nobody's
	}
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	r, err := s.client.get(ctx, tablePerson, key)
	if err != nil || r == nil {
		return Resource{}, unavailableIf("resource", err)
	}
	return readResource(id, r)
}

func readResource(id string, r row) (Resource, error) {
	members, _ := r[columnMembers].([]byte)
	pending, _ := r[columnPending].([]byte)
	removed, _ := r[columnRemoved].(bool)
	found := Resource{
		ID: id, Version: r.number(columnVersion), Body: r.body(), Members: members, Person: r.text(columnPerson), Pending: pending,
		Created: r.moment(columnCreated), Modified: r.moment(columnModified), Removed: removed,
	}
	if found.Version <= 0 || len(found.Body) == 0 {
		return Resource{}, reason.New(reason.StoreUnavailable, "the row of resource %s cannot be read; was it written by another version?", id)
	}
	return found, nil
}

// Put writes a resource, whole, if the version that it has is still the one that is there
// (0: none is), else it is refused as [reason.StoreConflict]. It has the next one then.
func (s *Resources) Put(ctx context.Context, idp, kind string, r Resource) error {
	key, err := resourceKey(idp, kind, r.ID)
	if err != nil {
		return err
	}
	if len(r.Body) > maxBody || len(r.Members) > maxBody || len(r.Pending) > maxBody {
		return reason.New(reason.RequestTooLarge, "resource %s is too large for a row", r.ID)
	}
	columns := []column{
		{columnVersion, r.Version + 1},
		{columnBody, r.Body},
		{columnPerson, r.Person},
		{columnCreated, r.Created.UnixMilli()},
		{columnModified, r.Modified.UnixMilli()},
		{columnRemoved, r.Removed},
	}
	if r.Members != nil {
		columns = append(columns, column{columnMembers, r.Members})
	}
	if r.Pending != nil {
		columns = append(columns, column{columnPending, r.Pending})
	}
	condition := mustNotExist()
	if r.Version != 0 {
		condition = mustEqual(columnVersion, r.Version)
	}
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	written, err := s.client.put(ctx, tablePerson, key, condition, columns...)
	if err == nil && !written {
		return reason.New(reason.StoreConflict, "resource %s is not of version %d any more", r.ID, r.Version)
	}
	return unavailableIf("resource", err)
}

// Told notes what of a resource of this version is still to be told on; nil: nothing. Of
// a later version it notes nothing: who wrote that knows what is.
func (s *Resources) Told(ctx context.Context, idp, kind, id string, version int64, pending []byte) error {
	key, err := resourceKey(idp, kind, id)
	if err != nil {
		return err
	}
	change := &tablestore.UpdateRowChange{TableName: tablePerson, PrimaryKey: key, Condition: mustEqual(columnVersion, version)}
	if pending == nil {
		change.DeleteColumn(columnPending)
	} else {
		change.PutColumn(columnPending, pending)
	}
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	if err := s.client.update(ctx, change); !isCode(err, codeCondition) {
		return unavailableIf("resource", err)
	}
	return nil
}

// Drop deletes a resource of this version; one of a later version stays.
func (s *Resources) Drop(ctx context.Context, idp, kind, id string, version int64) error {
	key, err := resourceKey(idp, kind, id)
	if err != nil {
		return err
	}
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	return s.remove(ctx, key, mustEqual(columnVersion, version))
}

func (s *Resources) remove(ctx context.Context, key *tablestore.PrimaryKey, condition *tablestore.RowCondition) error {
	change := &tablestore.DeleteRowChange{TableName: tablePerson, PrimaryKey: key, Condition: condition}
	_, err := call(ctx, s.client, func(sdk *tablestore.TableStoreClient) (*tablestore.DeleteRowResponse, error) {
		return sdk.DeleteRow(&tablestore.DeleteRowRequest{DeleteRowChange: change})
	})
	if isCode(err, codeCondition) {
		return nil
	}
	return unavailableIf("resource", err)
}

// There are those of some IDs that are resources and not removed, in their order. A call
// for every 100.
func (s *Resources) There(ctx context.Context, idp, kind string, ids []string) ([]string, error) {
	var there []string
	for some := range slices.Chunk(ids, resourcesAtOnce) {
		var spots []spot
		var named []string
		for _, id := range some {
			if key, err := resourceKey(idp, kind, id); err == nil {
				spots, named = append(spots, spot{tablePerson, key}), append(named, id)
			}
		}
		rows, err := s.standing(ctx, spots)
		if err != nil {
			return nil, err
		}
		for i, r := range rows {
			if removed, _ := r[columnRemoved].(bool); r != nil && !removed {
				there = append(there, named[i])
			}
		}
	}
	return there, nil
}

func (s *Resources) standing(ctx context.Context, spots []spot) ([]row, error) {
	if len(spots) == 0 {
		return nil, nil
	}
	criteria := batchOf(spots)
	criteria[0].ColumnsToGet = []string{columnVersion, columnRemoved}
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	rows, err := s.client.batch(ctx, criteria, spots)
	return rows, unavailableIf("resources", err)
}

// withoutMembers are the columns of a resource that are read of many at once.
func withoutMembers() []string {
	return []string{columnVersion, columnBody, columnPerson, columnPending, columnCreated, columnModified, columnRemoved}
}
