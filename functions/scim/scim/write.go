package scim

import (
	"encoding/binary"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"reflect"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
)

// tries is how often a change is made anew because somebody else made one meanwhile.
const tries = 5

func create(c call) (respond.Outcome, error) {
	c, doc, err := c.sent()
	if err != nil {
		return respond.Outcome{}, err
	}
	before := record{doc: resource.Document{Kind: c.kind}}
	if before.ID, err = c.newID(); err != nil {
		return respond.Outcome{}, err
	}
	made, err := c.save(before, doc)
	if holder, ok := c.begun(err, doc); ok {
		made, err = holder, c.settle(holder)
	}
	if err != nil {
		return respond.Outcome{}, err
	}
	outcome, err := c.show(made)
	return outcome.WithStatus(http.StatusCreated).WithHeader("Location", c.location(c.kind, made.ID)), err
}

// begun is the resource that holds the name, where it is this one: made by the same
// request, which was cut off before it was answered.
func (c call) begun(err error, doc resource.Document) (record, bool) {
	held, ok := taken(err)
	if !ok {
		return record{}, false
	}
	holder, err := c.find(held)
	return holder, err == nil && holder.is() && holder.Version == 1 && holder.Pending != nil && equal(holder.doc, doc)
}

// newID begins with the time, so that lists are in the order in which people came, and
// whoever comes while a list is read by pages is behind them.
func (c call) newID() (string, error) {
	var id [16]byte
	if _, err := io.ReadFull(c.Random, id[6:]); err != nil {
		return "", err
	}
	var at [8]byte
	binary.BigEndian.PutUint64(at[:], uint64(c.Now().UnixMilli()))
	copy(id[:6], at[2:])
	return hex.EncodeToString(id[:]), nil
}

// sent is the whole resource that the client sends.
func (c call) sent() (call, resource.Document, error) {
	c, err := c.seen()
	if err != nil {
		return c, resource.Document{}, err
	}
	body, err := c.body()
	if err != nil {
		return c, resource.Document{}, err
	}
	doc, err := c.kind.NewDocument(body)
	return c, doc, err
}

func replace(c call) (respond.Outcome, error) {
	c, doc, err := c.sent()
	if err != nil {
		return respond.Outcome{}, err
	}
	changed, err := c.change(func(resource.Document) (resource.Document, error) { return doc.Clone(), nil })
	if err != nil {
		return respond.Outcome{}, err
	}
	return c.show(changed)
}

// patch answers with the whole person; of a group, which may have thousands of members,
// only when it is asked for something (RFC 7644 section 3.5.2 leaves both).
func patch(c call) (respond.Outcome, error) {
	c, err := c.seen()
	if err != nil {
		return respond.Outcome{}, err
	}
	body, err := c.body()
	if err != nil {
		return respond.Outcome{}, err
	}
	operations, err := resource.ReadPatch(body)
	if err != nil {
		return respond.Outcome{}, err
	}
	changed, err := c.change(func(before resource.Document) (resource.Document, error) { return before.Patch(operations) })
	if err != nil {
		return respond.Outcome{}, err
	}
	if c.kind.IsGroup() && c.view.Everything() {
		return respond.Page(nil, nil).WithStatus(http.StatusNoContent).WithHeader("ETag", changed.tag()), nil
	}
	return c.show(changed)
}

// change makes one of the resource of the path, anew where somebody else was faster.
// What comes to the same as it is makes no new version.
func (c call) change(edit func(resource.Document) (resource.Document, error)) (record, error) {
	for range tries {
		before, err := c.need(c.r.PathValue("id"))
		if err != nil {
			return record{}, err
		}
		if err := c.matches(before); err != nil {
			return record{}, err
		}
		doc, err := edit(before.doc.Clone())
		if err != nil {
			return record{}, err
		}
		if doc.Active() && !before.doc.Active() {
			stayAway(doc)
		}
		if equal(before.doc, doc) {
			return before, nil
		}
		after, err := c.save(before, doc)
		if reason.Of(err) != reason.StoreConflict {
			return after, err
		}
	}
	return record{}, busy("the %s %s", c.kind.Name, c.r.PathValue("id"))
}

// stayAway keeps what the client cannot have meant to change: who is not said to be active
// or not, because that was forgotten, null or removed, stays as they are. No leaver comes
// back by it.
func stayAway(doc resource.Document) {
	if _, said := doc.Attributes["active"]; !said {
		doc.Attributes["active"] = false
	}
}

func busy(format string, args ...any) error {
	return reason.New(reason.StoreUnavailable, format+" is changed by others all the time", args...)
}

func equal(a, b resource.Document) bool {
	return reflect.DeepEqual(a.Attributes, b.Attributes) && maps.Equal(a.Members, b.Members)
}
