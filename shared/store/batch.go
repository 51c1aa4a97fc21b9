package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

// writeAll makes changes of a table, which must be safe to happen twice, in as few calls
// as it takes. Rows are answered one by one; if any of them failed for a passing reason,
// all are made again.
func (c *Client) writeAll(ctx context.Context, table string, changes []tablestore.RowChange) error {
	for some := range slices.Chunk(changes, maxBatchRows) {
		batch := new(tablestore.BatchWriteRowRequest)
		for _, change := range some {
			batch.AddRowChange(change)
		}
		if err := c.writeBatch(ctx, table, batch, len(some)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) writeBatch(ctx context.Context, table string, batch *tablestore.BatchWriteRowRequest, rows int) error {
	ctx, cancel := c.budgeted(ctx)
	defer cancel()
	_, err := call(ctx, c, func(sdk *tablestore.TableStoreClient) (struct{}, error) {
		resp, err := sdk.BatchWriteRow(batch)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, firstFailure(resp, table, rows)
	})
	return err
}

// firstFailure wants a good answer for every row: the SDK takes an empty one for
// success.
func firstFailure(resp *tablestore.BatchWriteRowResponse, table string, rows int) error {
	results := resp.TableToRowsResult[table]
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
