package store

import (
	"context"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Row is a session, a pending sign-in, or whatever else a session's key opens.
// What Body says only its owner's handle can read. It is an alias, so that
// Sessions satisfies session.Rows though neither room imports the other.
type Row = struct {
	Kind    string
	Body    []byte
	Expires time.Time // to the second; at most two days on, for then the table forgets
	Seen    time.Time // when it was last used, to the second
}

// Sessions keeps rows under the hash of a handle.
type Sessions struct{ client *Client }

// NewSessions returns the sessions of the table sso_session.
func NewSessions(c *Client) *Sessions { return &Sessions{c} }

// Put stores a new row. The key is a hash of random bits, so another row under
// it is refused as [reason.StoreConflict].
func (s *Sessions) Put(ctx context.Context, key [32]byte, r Row) error {
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	first, err := s.client.put(ctx, tableSession, hashKey(key), mustNotExist(), sessionColumns(r)...)
	if err != nil {
		return unavailable("session", err)
	}
	if !first {
		return reason.New(reason.StoreConflict, "there is a session under this key already")
	}
	return nil
}

// Replace stores a row, whatever is there: for what only ever moves forward.
func (s *Sessions) Replace(ctx context.Context, key [32]byte, r Row) error {
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	if _, err := s.client.put(ctx, tableSession, hashKey(key), whatever(), sessionColumns(r)...); err != nil {
		return unavailable("session", err)
	}
	return nil
}

// Get returns the row, or [reason.SessionMissing] if there is none any more: an
// expired row is missing whether or not the table has forgotten it.
func (s *Sessions) Get(ctx context.Context, key [32]byte) (Row, error) {
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	r, err := s.client.get(ctx, tableSession, hashKey(key))
	if err != nil {
		return Row{}, unavailable("session", err)
	}
	found := s.client.session(r)
	if found.Kind == "" {
		return Row{}, reason.New(reason.SessionMissing, "no such row, or it expired")
	}
	return found, nil
}

// session reads a row, the zero value where there is none any more.
func (c *Client) session(r row) Row {
	found := Row{
		Kind:    r.text("kind"),
		Body:    r.body(),
		Expires: time.Unix(r.number("exp"), 0),
		Seen:    time.Unix(r.number("seen"), 0),
	}
	// Cells die one by one: seen, which Touch renews, may outlive the others.
	if r[columnBody] == nil || !c.config.Now().Before(found.Expires) {
		return Row{}
	}
	return found
}

// Touch notes when the row was last used; it does not bring a row back.
func (s *Sessions) Touch(ctx context.Context, key [32]byte, seen time.Time) error {
	change := &tablestore.UpdateRowChange{TableName: tableSession, PrimaryKey: hashKey(key), Condition: mustExist()}
	change.PutColumn("seen", seen.Unix())
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	_, err := call(ctx, s.client, func(sdk *tablestore.TableStoreClient) (*tablestore.UpdateRowResponse, error) {
		return sdk.UpdateRow(&tablestore.UpdateRowRequest{UpdateRowChange: change})
	})
	if isCode(err, codeCondition) {
		return reason.New(reason.SessionMissing, "no such row")
	}
	if err != nil {
		return unavailable("session", err)
	}
	return nil
}

// Delete removes the row; one that is not there is no fault.
func (s *Sessions) Delete(ctx context.Context, key [32]byte) error {
	change := &tablestore.DeleteRowChange{TableName: tableSession, PrimaryKey: hashKey(key), Condition: whatever()}
	ctx, cancel := s.client.budgeted(ctx)
	defer cancel()
	_, err := call(ctx, s.client, func(sdk *tablestore.TableStoreClient) (*tablestore.DeleteRowResponse, error) {
		return sdk.DeleteRow(&tablestore.DeleteRowRequest{DeleteRowChange: change})
	})
	if err != nil {
		return unavailable("session", err)
	}
	return nil
}

func sessionColumns(r Row) []column {
	return []column{{"kind", r.Kind}, {columnBody, r.Body}, {"exp", r.Expires.Unix()}, {"seen", r.Seen.Unix()}}
}
