package store

import (
	"context"
	"strings"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// mostText is how much is kept of what is no event at all.
const mostText = 4 << 10

// DeadLetter is an event that nobody tries any more, until somebody says so. It is an
// alias, so that who asks need not import this room.
type DeadLetter = struct {
	Key      string
	Subject  string // "": what came could not be read, and Body is the beginning of it
	Body     []byte
	First    time.Time
	At       time.Time // when it was given up
	Attempts int
	Code     reason.Code
	Detail   string
}

// Dead gives an event up. Who is cut off in the middle leaves one that is tried once more.
func (e *Events) Dead(ctx context.Context, letter DeadLetter) error {
	if letter.Subject == "" {
		letter.Body = []byte(shortened(string(letter.Body), mostText))
	}
	ctx, cancel := e.client.budgeted(ctx)
	defer cancel()
	_, err := e.client.put(ctx, tableEvent, eventKey(partitionDead, letter.Key), whatever(), letterColumns(letter)...)
	if err != nil {
		return unavailable("dead letter", err)
	}
	if letter.Subject == "" {
		return nil
	}
	waiting := pendingKey(Event{Key: letter.Key, Subject: letter.Subject})
	return unavailableIf("event", e.client.remove(ctx, waiting, whatever()))
}

// DeadLetters returns all in the order of their keys.
func (e *Events) DeadLetters(ctx context.Context) ([]DeadLetter, error) {
	places, err := e.client.scan(ctx, tableEvent, partitionDead, "")
	if err != nil {
		return nil, unavailable("dead letters", err)
	}
	letters := make([]DeadLetter, 0, len(places))
	for _, p := range places {
		letters = append(letters, readLetter(p.id, p.row))
	}
	return letters, nil
}

// DeadLetter returns one, or refuses as [reason.NotFound].
func (e *Events) DeadLetter(ctx context.Context, key string) (DeadLetter, error) {
	ctx, cancel := e.client.budgeted(ctx)
	defer cancel()
	r, err := e.letter(ctx, key)
	if err != nil {
		return DeadLetter{}, err
	}
	return readLetter(key, r), nil
}

func (e *Events) letter(ctx context.Context, key string) (row, error) {
	r, err := e.client.get(ctx, tableEvent, eventKey(partitionDead, key))
	if err != nil {
		return nil, unavailable("dead letter", err)
	}
	if r == nil {
		return nil, reason.New(reason.NotFound, "there is no dead letter %.80q", key)
	}
	return r, nil
}

// Retry makes a dead letter wait again, as if it had come now. What is no event is
// refused as [reason.NotFound]: there is nothing in it to try.
func (e *Events) Retry(ctx context.Context, key string, now time.Time) error {
	ctx, cancel := e.client.budgeted(ctx)
	defer cancel()
	r, err := e.letter(ctx, key)
	if err != nil {
		return err
	}
	letter := readLetter(key, r)
	if letter.Subject == "" {
		return reason.New(reason.NotFound, "the dead letter %s is no event, so there is nothing to try again", key)
	}
	event := Event{Key: key, Subject: letter.Subject, Body: letter.Body, First: now, Due: now, Version: 1}
	_, err = e.client.put(ctx, tableEvent, pendingKey(event), mustNotExist(), eventColumns(event)...)
	if err != nil {
		return unavailable("event", err)
	}
	return e.bury(ctx, key, r)
}

// Drop forgets a dead letter, and takes the event for done if it comes again.
func (e *Events) Drop(ctx context.Context, key string, now time.Time) error {
	ctx, cancel := e.client.budgeted(ctx)
	defer cancel()
	r, err := e.letter(ctx, key)
	if err != nil {
		return err
	}
	_, err = e.client.put(ctx, tableEvent, eventKey(partitionDone, key), whatever(), column{columnSubject, r.text(columnSubject)}, column{columnAt, now.UnixMilli()})
	if err != nil {
		return unavailable("event", err)
	}
	return e.bury(ctx, key, r)
}

// bury removes the dead letter that was read, not one that was given up again since.
func (e *Events) bury(ctx context.Context, key string, read row) error {
	err := e.client.remove(ctx, eventKey(partitionDead, key), mustEqual(columnClaim, read.text(columnClaim)))
	if isCode(err, codeCondition) {
		return nil
	}
	return unavailableIf("dead letter", err)
}

func (c *Client) remove(ctx context.Context, key *tablestore.PrimaryKey, condition *tablestore.RowCondition) error {
	change := &tablestore.DeleteRowChange{TableName: tableEvent, PrimaryKey: key, Condition: condition}
	_, err := call(ctx, c, func(sdk *tablestore.TableStoreClient) (*tablestore.DeleteRowResponse, error) {
		return sdk.DeleteRow(&tablestore.DeleteRowRequest{DeleteRowChange: change})
	})
	return err
}

func letterColumns(letter DeadLetter) []column {
	columns := []column{
		{columnBody, letter.Body},
		{columnSubject, letter.Subject},
		{columnFirst, letter.First.UnixMilli()},
		{columnAt, letter.At.UnixMilli()},
		{columnAttempts, int64(letter.Attempts)},
	}
	return append(columns, whyColumns(letter.Code, letter.Detail)...)
}

func readLetter(key string, r row) DeadLetter {
	return DeadLetter{
		Key: key, Subject: r.text(columnSubject), Body: r.body(),
		First: r.moment(columnFirst), At: r.moment(columnAt),
		Attempts: int(r.number(columnAttempts)), Code: reason.Code(r.text(columnCode)), Detail: r.text(columnDetail),
	}
}

// shortened is the beginning of a text, which ends with a whole character.
func shortened(text string, most int) string {
	return strings.ToValidUTF8(text[:min(len(text), most)], "\uFFFD")
}
