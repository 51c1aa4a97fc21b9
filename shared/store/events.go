package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Partitions of sso_event. What is pending stands by its subject, so that one range has
// all that waits for somebody; what is over stands by its key, which all doors know.
const (
	partitionPending = "pending"
	partitionDone    = "done"
	partitionDead    = "dead"

	columnSubject  = "subject"
	columnFirst    = "first"
	columnDue      = "due"
	columnAttempts = "attempts"
	columnCode     = "code"
	columnDetail   = "detail"
)

const (
	mostPending = 500
	mostDetail  = 2 << 10
)

// Event is one that waits to be done. The store does not look into it. It is an alias, so
// that who asks need not import this room.
type Event = struct {
	Key      string // the same event has the same one, whichever way it came
	Subject  string // whom it is about; those of one subject are found together
	Body     []byte
	First    time.Time // when it came first; times are to the millisecond
	Due      time.Time // before then nobody need try
	Attempts int
	Code     reason.Code // why the last one failed
	Detail   string
	Version  int64 // of the row: it changes only from the one that was read
}

// Events keeps what happened to people until it is done, and that it is.
type Events struct{ client *Client }

// NewEvents returns the events of the table sso_event.
func NewEvents(c *Client) *Events { return &Events{c} }

// Append stores an event, which waits from then on. One that is known to be over, done or
// a dead letter, is known; one that waits already stays as it is. It may be repeated.
func (e *Events) Append(ctx context.Context, event Event) (known bool, err error) {
	if event.Key == "" || event.Subject == "" {
		return false, errors.New("an event without key or subject cannot wait")
	}
	ctx, cancel := e.client.budgeted(ctx)
	defer cancel()
	over, err := e.client.getAll(ctx, in(tableEvent, eventKey(partitionDone, event.Key), eventKey(partitionDead, event.Key))...)
	if err != nil {
		return false, unavailable("event", err)
	}
	if over[0] != nil || over[1] != nil {
		return true, nil
	}
	event.Version = 1
	// Whether it is there by this call or by another does not matter.
	_, err = e.client.put(ctx, tableEvent, pendingKey(event), mustNotExist(), eventColumns(event)...)
	return false, unavailableIf("event", err)
}

// Pending returns events that are due, in the order of their subjects, from the one that
// comes after another on (the zero value: from the first): no more than limit, and no more
// than 500.
func (e *Events) Pending(ctx context.Context, after Event, before time.Time, limit int) ([]Event, error) {
	due := tablestore.NewSingleColumnCondition(columnDue, tablestore.CT_LESS_EQUAL, before.UnixMilli())
	due.FilterIfMissing, due.LatestVersionOnly = true, true
	start, end := beginningWith(partitionPending, "")
	if after.Key != "" {
		start = eventKey(partitionPending, subjectPrefix(after.Subject)+after.Key+"\x00")
	}
	places, err := e.client.some(ctx, tableEvent, start, end, due, min(limit, mostPending))
	return eventsOf(places), unavailableIf("events", err)
}

// PendingOf returns all events of a subject that wait, whether or not they are due.
func (e *Events) PendingOf(ctx context.Context, subject string) ([]Event, error) {
	places, err := e.client.scan(ctx, tableEvent, partitionPending, subjectPrefix(subject))
	return eventsOf(places), unavailableIf("events", err)
}

// Later makes an event that was read wait on as it is given, if nobody else changed it
// since; else it is refused as [reason.StoreConflict].
func (e *Events) Later(ctx context.Context, event Event) error {
	ctx, cancel := e.client.budgeted(ctx)
	defer cancel()
	condition := mustEqual(columnVersion, event.Version)
	event.Version++
	written, err := e.client.put(ctx, tableEvent, pendingKey(event), condition, eventColumns(event)...)
	if err != nil {
		return unavailable("event", err)
	}
	if !written {
		return reason.New(reason.StoreConflict, "the event %s was changed, or done, by somebody else", event.Key)
	}
	return nil
}

// Done makes events known to be done. Who is cut off in the middle leaves some that are
// done and wait nevertheless: they are done once more.
func (e *Events) Done(ctx context.Context, at time.Time, events ...Event) error {
	var done, gone []tablestore.RowChange
	for _, event := range events {
		done = append(done, putChange(tableEvent, eventKey(partitionDone, event.Key), whatever(), []column{{columnSubject, event.Subject}, {columnAt, at.UnixMilli()}}))
		gone = append(gone, &tablestore.DeleteRowChange{TableName: tableEvent, PrimaryKey: pendingKey(event), Condition: whatever()})
	}
	if err := e.client.writeAll(ctx, tableEvent, done); err != nil {
		return unavailable("event", err)
	}
	return unavailableIf("event", e.client.writeAll(ctx, tableEvent, gone))
}

// pendingKey is of a hash and the key: a subject's name may be longer than a key.
func pendingKey(event Event) *tablestore.PrimaryKey {
	return eventKey(partitionPending, subjectPrefix(event.Subject)+event.Key)
}

func subjectPrefix(subject string) string {
	sum := sha256.Sum256([]byte(subject))
	return hex.EncodeToString(sum[:16]) + "/"
}

func eventColumns(event Event) []column {
	columns := []column{
		{columnBody, event.Body},
		{"key", event.Key},
		{columnSubject, event.Subject},
		{columnFirst, event.First.UnixMilli()},
		{columnDue, event.Due.UnixMilli()},
		{columnAttempts, int64(event.Attempts)},
		{columnVersion, event.Version},
	}
	return append(columns, whyColumns(event.Code, event.Detail)...)
}

// whyColumns leave out what is empty: an event has no reason before it failed.
func whyColumns(code reason.Code, detail string) []column {
	if code == "" {
		return nil
	}
	return []column{{columnCode, string(code)}, {columnDetail, shortened(detail, mostDetail)}}
}

func eventsOf(places []place) []Event {
	var events []Event
	for _, p := range places {
		events = append(events, readEvent(p.row))
	}
	return events
}

func readEvent(r row) Event {
	return Event{
		Key: r.text("key"), Subject: r.text(columnSubject), Body: r.body(),
		First: r.moment(columnFirst), Due: r.moment(columnDue),
		Attempts: int(r.number(columnAttempts)), Code: reason.Code(r.text(columnCode)), Detail: r.text(columnDetail),
		Version: r.number(columnVersion),
	}
}

// moment is a time to the millisecond.
func (r row) moment(name string) time.Time { return time.UnixMilli(r.number(name)) }
