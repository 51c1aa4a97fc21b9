package scim

import (
	"errors"
	"time"

	"github.com/fc-sso/fc-sso/functions/scim/resource"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// grace is for how long a name that its holder does not have is not given away: whoever
// took it may be about to write the resource. No request lives as long.
const grace = time.Minute

// nameOf is what one resource of a kind alone may have: a person's userName, and a
// group's displayName, by which RAM knows it.
func nameOf(d resource.Document) string {
	name := d.Text("userName")
	if d.Kind.IsGroup() {
		name = d.Text("displayName")
	}
	if name == "" {
		return ""
	}
	return rowsOf(d.Kind) + " " + resource.Fold(name)
}

// takenError is of a name that another resource has.
type takenError struct {
	fault  *resource.FaultError
	holder string
}

func (e takenError) Error() string { return e.fault.Error() }

func (e takenError) Unwrap() error { return e.fault }

// taken is the ID of who has the name.
func taken(err error) (string, bool) {
	e, ok := errors.AsType[takenError](err)
	return e.holder, ok
}

// claim gives a name to the resource that is about to be written, unless another has it.
func (c call) claim(name string, r record) error {
	ctx := c.r.Context()
	for range tries {
		holder, since, err := c.Resources.Name(ctx, c.idp, name)
		if err != nil {
			return err
		}
		if holder != "" && holder != r.ID { // whose it was is given it anew: it may be about to be freed
			if err := c.mayTake(name, holder, since); err != nil {
				return err
			}
		}
		err = c.Resources.TakeName(ctx, c.idp, name, holder, since, r.ID, c.Now())
		if reason.Of(err) != reason.StoreConflict {
			return err
		}
	}
	return busy("the name")
}

// mayTake says why a name that somebody holds may not be taken: they have it, or are
// about to.
func (c call) mayTake(name, holder string, since time.Time) error {
	r, err := c.find(holder)
	switch {
	case err != nil:
		return err
	case r.is() && nameOf(r.doc) == name:
		return reason.New(reason.SCIMConflict, "%w", takenError{&resource.FaultError{
			Type:   resource.Uniqueness,
			Detail: "another " + c.kind.Name + " has this name, in capital or small letters: it is " + holder + ", change that one",
		}, holder})
	case r.Removed, c.Now().Sub(since) > grace:
		return nil
	}
	return reason.New(reason.StoreUnavailable, "the name is given to %s since %s, who does not have it yet: a minute later it is free", holder, since.UTC().Format(time.RFC3339))
}

// old is the name that a record has now and will not have, and since when it has it: read
// before the record is written, so that what is freed is not what it has taken again.
func (c call) old(before record, after resource.Document) (name string, since time.Time, err error) {
	name = nameOf(before.doc)
	if name == "" || name == nameOf(after) {
		return "", time.Time{}, nil
	}
	holder, since, err := c.Resources.Name(c.r.Context(), c.idp, name)
	if holder != before.ID {
		name = ""
	}
	return name, since, err
}

// free lets others have a name.
func (c call) free(name string, holder record, since time.Time) error {
	if name == "" {
		return nil
	}
	return c.Resources.FreeName(c.r.Context(), c.idp, name, holder.ID, since)
}
