package scim

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Resource is a resource as it is stored: store.Resource.
type Resource = struct {
	ID       string
	Version  int64
	Body     []byte
	Members  []byte
	Person   string
	Pending  []byte
	Created  time.Time
	Modified time.Time
	Removed  bool
}

// Mark is a sign by which resources are found: store.Mark.
type Mark = struct {
	Place string
	ID    string
}

// Store keeps resources: store.Resources.
type Store interface {
	Resource(ctx context.Context, idp, kind, id string) (Resource, error)
	Put(ctx context.Context, idp, kind string, r Resource) error
	Told(ctx context.Context, idp, kind, id string, version int64, pending []byte) error
	Drop(ctx context.Context, idp, kind, id string, version int64) error
	There(ctx context.Context, idp, kind string, ids []string) ([]string, error)
	IDs(ctx context.Context, idp, kind string) ([]string, error)
	Page(ctx context.Context, idp, kind, from string, most int, members bool) ([]Resource, error)
	Name(ctx context.Context, idp, name string) (id string, taken time.Time, err error)
	TakeName(ctx context.Context, idp, name, holder string, since time.Time, id string, now time.Time) error
	FreeName(ctx context.Context, idp, name, holder string, since time.Time) error
	Marked(ctx context.Context, idp, place string) ([]string, error)
	Mark(ctx context.Context, idp string, marks []Mark) error
	Unmark(ctx context.Context, idp string, marks []Mark) error
}

// The kinds of rows.
const (
	userRows  = "user"
	groupRows = "group"
)

func rowsOf(kind resource.Kind) string {
	if kind.IsGroup() {
		return groupRows
	}
	return userRows
}

// record is a resource that was read.
type record struct {
	Resource

	doc resource.Document
}

func (r record) is() bool { return r.Version > 0 && !r.Removed }

// tag is the version as an entity tag; weak, for the same version may be shown in part.
func (r record) tag() string { return `W/"` + strconv.FormatInt(r.Version, 10) + `"` }

func open(kind resource.Kind, stored Resource) (record, error) {
	r := record{stored, resource.Document{Kind: kind, Attributes: resource.Object{}, Members: map[string]bool{}}}
	if stored.Version == 0 {
		return r, nil
	}
	var err error
	if r.doc.Attributes, err = resource.Read(stored.Body); err != nil {
		return r, reason.New(reason.StoreUnavailable, "the row of resource %s: %w", stored.ID, err)
	}
	if len(stored.Members) > 0 {
		for id := range strings.SplitSeq(string(stored.Members), "\n") {
			r.doc.Members[id] = true
		}
	}
	return r, nil
}

// sealed is the stored resource of a document.
func (r record) sealed() (Resource, error) {
	stored := r.Resource
	var err error
	if stored.Body, err = json.Marshal(r.doc.Attributes); err != nil {
		return Resource{}, err
	}
	if len(stored.Body) > longestDocument {
		return Resource{}, resource.Refuse(reason.RequestTooLarge, resource.TooMany, "the %s has %d bytes without its members, %d may be: leave out photos and certificates", r.doc.Kind.Name, len(stored.Body), longestDocument)
	}
	if r.doc.Kind.IsGroup() {
		stored.Members = []byte(strings.Join(slices.Sorted(maps.Keys(r.doc.Members)), "\n"))
	}
	return stored, nil
}

// longestDocument keeps a page of 200 people in one answer.
const longestDocument = 32 << 10

// find reads a resource by its ID, whatever became of it.
func (c call) find(id string) (record, error) {
	stored, err := c.Resources.Resource(c.r.Context(), c.idp, rowsOf(c.kind), id)
	if err != nil {
		return record{}, err
	}
	return open(c.kind, stored)
}

// need is find of one that is there. What was not told of it is told on the way.
func (c call) need(id string) (record, error) {
	r, err := c.find(id)
	if err != nil {
		return record{}, err
	}
	if r.Pending != nil {
		if err := c.settle(r); err != nil {
			return record{}, err
		}
		r.Pending = nil
	}
	if !r.is() {
		return record{}, missing(c.kind, id)
	}
	return r, nil
}

func missing(kind resource.Kind, id string) error {
	return resource.Refuse(reason.NotFound, "", "there is no %s with id %.80q", kind.Name, id)
}

// matches holds what If-Match demands (RFC 9110 section 13.1.1) against the record; tags
// are compared as weak ones, for no other are given.
func (c call) matches(r record) error {
	demanded := strings.Join(c.r.Header.Values("If-Match"), ",")
	if demanded == "" {
		return nil
	}
	for tag := range strings.SplitSeq(demanded, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == "*" || "W/"+tag == r.tag() {
			return nil
		}
	}
	return resource.Refuse(reason.SCIMPrecondition, "", "the version is %s by now: read the %s again, and repeat", r.tag(), c.kind.Name)
}
