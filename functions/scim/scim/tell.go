package scim

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// atOnce is how many memberships are told before it is noted that they were: a group of
// thousands gets on by a request even if that is cut off.
const atOnce = 200

// pending is what is to be told of a resource: how it is, and of a group who came and
// who went.
type pending struct {
	In  []string `json:"in,omitempty"`
	Out []string `json:"out,omitempty"`
}

func readPending(row []byte) (pending, error) {
	var p pending
	if len(row) == 0 {
		return p, nil
	}
	if err := json.Unmarshal(row, &p); err != nil {
		return p, reason.New(reason.StoreUnavailable, "what is to be told of a resource: %w", err)
	}
	return p, nil
}

// untold is what is to be told of a record that takes the place of another: also what was
// not told of that one, unless it is the other way round by now.
func untold(before, after record) ([]byte, error) {
	left, err := readPending(before.Pending)
	if err != nil {
		return nil, err
	}
	moved := map[string]bool{}
	for _, id := range slices.Concat(left.In, left.Out, joined(before, after), joined(after, before)) {
		moved[id] = true
	}
	var p pending
	for _, id := range slices.Sorted(maps.Keys(moved)) {
		if after.doc.Members[id] && !after.Removed {
			p.In = append(p.In, id)
		} else {
			p.Out = append(p.Out, id)
		}
	}
	return json.Marshal(p)
}

// joined are the members that after has and before has not.
func joined(before, after record) []string {
	var ids []string
	for id := range after.doc.Members {
		if !before.doc.Members[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// settle tells what was not told of a record, and notes that.
func (c call) settle(r record) error {
	p, err := readPending(r.Pending)
	if err != nil || r.Pending == nil {
		return err
	}
	kind, tell := c.rowsOf(r), []lifecycle.Event{c.headline(r)}
	subjects := []lifecycle.Subject{tell[0].Subject()}
	for {
		var some pending
		some, p = p.cut(atOnce)
		for i, id := range slices.Concat(some.In, some.Out) {
			event := c.memberEvent(r, id, i < len(some.In))
			tell, subjects = append(tell, event), append(subjects, event.Subject())
		}
		if err := c.Inbox.Accept(c.r.Context(), tell...); err != nil {
			return reason.New(reason.StoreUnavailable, "%s was written, and is not yet told on: %w", r.ID, err)
		}
		tell = nil
		if len(p.In)+len(p.Out) == 0 {
			break
		}
		left, err := json.Marshal(p)
		if err != nil {
			return err
		}
		if err := c.Resources.Told(c.r.Context(), c.idp, kind, r.ID, r.Version, left); err != nil {
			return err
		}
	}
	c.wake(subjects)
	if r.Removed {
		return c.bury(r)
	}
	return c.Resources.Told(c.r.Context(), c.idp, kind, r.ID, r.Version, nil)
}

func (c call) rowsOf(r record) string { return rowsOf(r.doc.Kind) }

// cut takes some of what is to be told.
func (p pending) cut(most int) (some, rest pending) {
	in := min(len(p.In), most)
	out := min(len(p.Out), most-in)
	return pending{p.In[:in], p.Out[:out]}, pending{p.In[in:], p.Out[out:]}
}

// wake has provisioning begin at once. If it cannot be called, its timer finds the events
// within a minute.
func (c call) wake(subjects []lifecycle.Subject) {
	if c.quiet {
		return
	}
	if err := c.Wake(c.r.Context(), subjects); err != nil {
		c.desk.Log.WarnContext(c.r.Context(), "provisioning was not called, its timer will find the events", "error", err)
	}
}

// headline is the event of the resource itself.
func (c call) headline(r record) lifecycle.Event {
	if r.doc.Kind.IsGroup() {
		e := c.event(r, lifecycle.KindGroup, r.ID)
		e.Group = &lifecycle.Group{ID: r.ID, Name: r.doc.Text("displayName"), Gone: r.Removed}
		return e
	}
	e, person := c.event(r, lifecycle.KindPerson, r.ID), personOf(r)
	e.Person = &person
	return e
}

func personOf(r record) lifecycle.Person {
	return lifecycle.Person{
		ID: r.ID, Person: r.Person, UserName: r.doc.Text("userName"), DisplayName: shownName(r.doc), Email: r.doc.Email(),
		Attributes: r.doc.Told(), Status: status(r),
	}
}

// shownName is the name that people read; what has no other is called by its userName.
func shownName(d resource.Document) string {
	name, _ := d.Attributes["name"].(resource.Object)
	for _, candidate := range []any{d.Attributes["displayName"], name["formatted"]} {
		if s, ok := candidate.(string); ok && strings.TrimSpace(s) != "" {
			return s
		}
	}
	given, _ := name["givenName"].(string)
	family, _ := name["familyName"].(string)
	if whole := strings.TrimSpace(given + " " + family); whole != "" {
		return whole
	}
	return d.Text("userName")
}

func status(r record) lifecycle.Status {
	switch {
	case r.Removed:
		return lifecycle.Gone
	case r.doc.Active():
		return lifecycle.Active
	}
	return lifecycle.Inactive
}

func (c call) memberEvent(r record, person string, in bool) lifecycle.Event {
	e := c.event(r, lifecycle.KindMember, person)
	e.Member = &lifecycle.Member{Person: person, Group: r.ID, In: in}
	return e
}

// event has a key of its own for each version and whom it is about: told twice, it is the
// same event.
func (c call) event(r record, kind lifecycle.Kind, about string) lifecycle.Event {
	sum := sha256.Sum256([]byte(strings.Join([]string{Name, c.idp, r.ID, strconv.FormatInt(r.Version, 10), string(kind), about}, "\x00")))
	key := hex.EncodeToString(sum[:])
	return lifecycle.Event{
		Key: key, From: Name, Kind: kind, IdP: c.idp, Order: lifecycle.Order{At: r.Modified.UTC(), Key: key},
	}
}
