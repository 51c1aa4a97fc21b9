package store

import (
	"context"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// The columns of a person's row that say whether they have left, and by which event's
// word, as a text that compares as the events' orders do.
const (
	columnLeft      = "left"
	columnLeftOrder = "left_order"
)

// standingTries is how often a standing is written that others write at the same time.
const standingTries = 5

// Standing notes whether a person has left, unless a newer event said so already. The
// sessions of who leaves count no more from now on; nor do those of who comes back that
// were just being opened when they left. Nothing that ended counts again.
func (p *People) Standing(ctx context.Context, idp, person string, left bool, order lifecycle.Order, now time.Time) error {
	key, err := knownKey(idp, person)
	if err != nil {
		return err
	}
	if order.IsZero() {
		return reason.New(reason.Internal, "whether a person has left was said by no event")
	}
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	for range standingTries {
		there, err := p.client.get(ctx, tablePerson, key)
		if err != nil {
			return unavailable("person", err)
		}
		change, err := standingChange(there, left, order.Text(), now)
		if err != nil || change == nil { // or ours already, by an attempt whose answer was lost
			return err
		}
		change.TableName, change.PrimaryKey = tablePerson, key
		change.PutColumn(columnPerson, person)
		err = p.client.update(ctx, change)
		if !isCode(err, codeCondition) {
			return unavailableIf("person", err)
		}
	}
	return reason.New(reason.StoreConflict, "whether a person has left was written by others at the same time, %d times", standingTries)
}

// standingChange is what to write over what is there, nil where that is as new. It holds
// as long as nobody writes any of it between.
func standingChange(there row, left bool, order string, now time.Time) (*tablestore.UpdateRowChange, error) {
	known, err := readKnown(there)
	if err != nil || there.text(columnLeftOrder) >= order {
		return nil, err
	}
	change := &tablestore.UpdateRowChange{Condition: mustBeAsRead(there, column{columnLeftOrder, ""}, column{columnValidFrom, int64(0)})}
	change.PutColumn(columnLeft, left)
	change.PutColumn(columnLeftOrder, order)
	if (left || known.Left) && known.ValidFrom.Before(now) {
		change.PutColumn(columnValidFrom, now.UnixNano())
	}
	return change, nil
}

// Leavers are the people who have left, for who may know no more of anybody.
type Leavers struct{ client *Client }

// NewLeavers returns those of the table sso_person.
func NewLeavers(c *Client) *Leavers { return &Leavers{c} }

// Left says whether a person has left. Whom nothing is known of has not.
func (l *Leavers) Left(ctx context.Context, idp, person string) (bool, error) {
	key, err := knownKey(idp, person)
	if err != nil {
		return false, err
	}
	ctx, cancel := l.client.budgeted(ctx)
	defer cancel()
	r, err := l.client.get(ctx, tablePerson, key)
	if err != nil {
		return false, unavailable("person", err)
	}
	return readLeft(r)
}

// readLeft refuses what it cannot read: nobody knows whom it was to keep out.
func readLeft(r row) (bool, error) {
	value, ok := r[columnLeft]
	if !ok {
		return false, nil
	}
	left, ok := value.(bool)
	if !ok {
		return false, reason.New(reason.StoreUnavailable, "whether a person has left is neither true nor false; was it written by another version?")
	}
	return left, nil
}
