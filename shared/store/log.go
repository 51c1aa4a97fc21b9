package store

import (
	"context"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Note is what is written down about a switch of the head.
type Note struct {
	At      time.Time
	Who     string // an access key's ID
	Message string
	Summary string // what the revision has, and what became other by it
}

// Entry is one switch of the head. The log is a chain from the head back: an entry
// that never came to count, because its writer died or was too late, is on no
// chain, and no two writers can disagree about the order.
type Entry struct {
	Note
	Revision string
	Before   Head // zero: it was the first
}

const (
	columnBefore         = "before"
	columnBeforeRevision = "before_revision"
	columnAt             = "at"
	columnWho            = "who"
	columnMessage        = "message"
	columnSummary        = "summary"
)

// Switch makes a revision that is stored the head if previous still is, else it
// is refused as [reason.StoreConflict].
func (t *Trust) Switch(ctx context.Context, rev string, previous Head, note Note) error {
	entry, err := t.record(ctx, rev, previous, note)
	if err != nil {
		return unavailable("log", err)
	}
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	switched, err := t.client.put(ctx, tableTrust, trustKey(partitionHead, headID), still(previous), column{columnRevision, rev}, column{columnEntry, entry})
	if err != nil {
		return unavailable("head", err)
	}
	if !switched {
		return reason.New(reason.StoreConflict, "revision %q is not the head any more", previous.Revision)
	}
	return nil
}

// still asks that nobody switched the head since previous was read. One that was
// written before there was a log has no entry.
func still(previous Head) *tablestore.RowCondition {
	switch {
	case previous.Revision == "":
		return mustNotExist()
	case previous.Entry == "":
		return mustEqual(columnRevision, previous.Revision)
	}
	return mustEqual(columnEntry, previous.Entry)
}

// record writes the entry before it counts: a head whose entry is missing would
// end the chain.
func (t *Trust) record(ctx context.Context, rev string, previous Head, note Note) (string, error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	id := note.At.UTC().Format("20060102T150405Z-") + newClaim()
	columns := []column{{columnRevision, rev}, {columnAt, note.At.Unix()}}
	for _, c := range []column{
		{columnBefore, previous.Entry},
		{columnBeforeRevision, previous.Revision},
		{columnWho, note.Who},
		{columnMessage, note.Message},
		{columnSummary, note.Summary},
	} {
		if c.value != "" {
			columns = append(columns, c)
		}
	}
	_, err := t.client.put(ctx, tableTrust, trustKey(partitionLog, id), whatever(), columns...)
	return id, err
}

// Entry returns what was written down when head became the head. It is refused as
// [reason.NotFound] where the log does not know.
func (t *Trust) Entry(ctx context.Context, head Head) (Entry, error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	r, err := t.client.get(ctx, tableTrust, trustKey(partitionLog, head.Entry))
	if err != nil {
		return Entry{}, unavailable("log", err)
	}
	if r == nil {
		return Entry{}, reason.New(reason.NotFound, "the log has no entry %q of revision %q", head.Entry, head.Revision)
	}
	return Entry{
		Note: Note{
			At: time.Unix(r.number(columnAt), 0), Who: r.text(columnWho),
			Message: r.text(columnMessage), Summary: r.text(columnSummary),
		},
		Revision: r.text(columnRevision),
		Before:   Head{r.text(columnBeforeRevision), r.text(columnBefore)},
	}, nil
}
