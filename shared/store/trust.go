package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Tablestore's limits for a batch and a cell. A batch stays below 4 MB so that
// keys and column names find room.
const (
	maxBatchRows  = 200
	maxBatchBytes = 3 << 20
	maxBody       = 2 << 20
)

// Partitions of sso_trust. Nothing sorts between the first two, so that one
// range reads the head and all keys.
const (
	partitionHead     = "head"
	partitionKeys     = "keys"
	partitionRevision = "r/" // followed by the revision

	columnRevision = "revision"
	columnVersion  = "version"
	columnBody     = "body"
	headID         = "head"
)

// Item is one part of a revision, such as a trust source or an account.
type Item struct {
	ID   string
	Body []byte
}

// Trust keeps what was applied and, apart from it, what was learned. A revision
// never changes once it is written; the head, which says which one counts, is
// switched by condition, so that a reader sees the old or the new one whole.
type Trust struct{ client *Client }

// NewTrust returns the trust of the table sso_trust.
func NewTrust(c *Client) *Trust { return &Trust{c} }

// Head returns the revision that counts, "" if nothing was applied yet.
func (t *Trust) Head(ctx context.Context) (string, error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	r, err := t.client.get(ctx, tableTrust, trustKey(partitionHead, headID))
	if isCode(err, codeMissing) { // not even the tables are there
		return "", nil
	}
	if err != nil {
		return "", unavailable("head", err)
	}
	return r.text(columnRevision), nil
}

// Revision returns the items of a revision in order of their IDs.
func (t *Trust) Revision(ctx context.Context, rev string) ([]Item, error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	places, err := t.client.scan(ctx, partitionRevision+rev, partitionRevision+rev)
	if err != nil {
		return nil, unavailable("revision", err)
	}
	var items []Item
	for _, p := range places {
		items = append(items, Item{p.id, p.row.body()})
	}
	return items, nil
}

// Commit writes a revision and makes it the head if previous still is ("": if
// there is no head yet), else it is refused as [reason.StoreConflict]. rev is a
// hash of the items, so that writing it again is writing the same.
func (t *Trust) Commit(ctx context.Context, rev string, items []Item, previous string) error {
	for _, item := range items {
		if len(item.Body) > maxBody {
			return reason.New(reason.RequestTooLarge, "item %q has %d bytes, one may have %d", item.ID, len(item.Body), maxBody)
		}
	}
	for _, batch := range batches(items) {
		if err := t.write(ctx, rev, batch); err != nil {
			return unavailable("revision", err)
		}
	}
	return t.switchHead(ctx, rev, previous)
}

// batches cuts items into what one BatchWriteRow takes.
func batches(items []Item) [][]Item {
	var cut [][]Item
	start, size := 0, 0
	for i, item := range items {
		n := len(item.ID) + len(item.Body)
		if i > start && (i-start == maxBatchRows || size+n > maxBatchBytes) {
			cut = append(cut, items[start:i])
			start, size = i, 0
		}
		size += n
	}
	if start < len(items) {
		cut = append(cut, items[start:])
	}
	return cut
}

// write puts the rows of one batch. Rows are answered one by one; if any of them
// failed for a passing reason, all are put again.
func (t *Trust) write(ctx context.Context, rev string, items []Item) error {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	batch := new(tablestore.BatchWriteRowRequest)
	for _, item := range items {
		batch.AddRowChange(putChange(tableTrust, trustKey(partitionRevision+rev, item.ID), whatever(), []column{{columnBody, slices.Clip(item.Body)}}))
	}
	_, err := call(ctx, t.client, func(sdk *tablestore.TableStoreClient) (struct{}, error) {
		resp, err := sdk.BatchWriteRow(batch)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, firstFailure(resp, len(items))
	})
	return err
}

// firstFailure wants a good answer for every row: the SDK takes an empty one for
// success.
func firstFailure(resp *tablestore.BatchWriteRowResponse, rows int) error {
	results := resp.TableToRowsResult[tableTrust]
	for _, r := range results {
		if !r.IsSucceed {
			return &tablestore.OtsError{Code: r.Error.Code, Message: r.Error.Message, RequestId: resp.RequestId}
		}
	}
	if len(results) != rows {
		return fmt.Errorf("%d of %d rows were answered for", len(results), rows)
	}
	return nil
}

func (t *Trust) switchHead(ctx context.Context, rev, previous string) error {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	condition := mustNotExist()
	if previous != "" {
		condition = mustEqual(columnRevision, previous)
	}
	switched, err := t.client.put(ctx, tableTrust, trustKey(partitionHead, headID), condition, column{columnRevision, rev})
	if err != nil {
		return unavailable("head", err)
	}
	if !switched {
		return reason.New(reason.StoreConflict, "revision %q is not the head any more", previous)
	}
	return nil
}

// Keys returns what was learned about an identity provider and its version; nil
// and 0 if nothing was.
func (t *Trust) Keys(ctx context.Context, idp string) (body []byte, version int64, err error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	r, err := t.client.get(ctx, tableTrust, trustKey(partitionKeys, idp))
	if err != nil {
		return nil, 0, unavailable("keys", err)
	}
	return r.body(), r.number(columnVersion), nil
}

// AllKeys returns what was learned about every identity provider.
func (t *Trust) AllKeys(ctx context.Context) (map[string][]byte, error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	places, err := t.client.scan(ctx, partitionKeys, partitionKeys)
	if err != nil {
		return nil, unavailable("keys", err)
	}
	keys := map[string][]byte{}
	for _, p := range places {
		keys[p.id] = p.row.body()
	}
	return keys, nil
}

// PutKeys replaces what was learned if version, which [Trust.Keys] gave, is still
// the one that is there (0: none is), else it is refused as [reason.StoreConflict].
func (t *Trust) PutKeys(ctx context.Context, idp string, body []byte, version int64) error {
	if len(body) > maxBody {
		return reason.New(reason.RequestTooLarge, "the keys of %q have %d bytes, they may have %d", idp, len(body), maxBody)
	}
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	condition := mustNotExist()
	if version != 0 {
		condition = mustEqual(columnVersion, version)
	}
	written, err := t.client.put(ctx, tableTrust, trustKey(partitionKeys, idp), condition, column{columnBody, body}, column{columnVersion, version + 1})
	if err != nil {
		return unavailable("keys", err)
	}
	if !written {
		return reason.New(reason.StoreConflict, "the keys of %q are not of version %d any more", idp, version)
	}
	return nil
}
