package store

import (
	"context"
	"fmt"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

// place is a row of a table of two keys, with its key.
type place struct {
	partition string
	id        string
	row       row
}

// scan reads the rows of one partition of a table of p and id whose IDs begin so.
func (c *Client) scan(ctx context.Context, table, partition, prefix string) ([]place, error) {
	start, end := beginningWith(partition, prefix)
	return c.rangeOf(ctx, table, start, end)
}

func beginningWith(partition, prefix string) (start, end *tablestore.PrimaryKey) {
	start, end = new(tablestore.PrimaryKey), new(tablestore.PrimaryKey)
	start.AddPrimaryKeyColumn("p", partition)
	end.AddPrimaryKeyColumn("p", partition)
	if prefix == "" {
		start.AddPrimaryKeyColumnWithMinValue("id")
		end.AddPrimaryKeyColumnWithMaxValue("id")
	} else {
		start.AddPrimaryKeyColumn("id", prefix)
		end.AddPrimaryKeyColumn("id", prefix+"\uffff") // no ID goes on with it
	}
	return start, end
}

// rangeOf reads the rows from start until before end, page by page.
func (c *Client) rangeOf(ctx context.Context, table string, start, end *tablestore.PrimaryKey) ([]place, error) {
	var places []place
	for start != nil {
		page, err := c.page(ctx, table, start, end)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rows {
			found, err := readPlace(table, r)
			if err != nil {
				return nil, err
			}
			places = append(places, found)
		}
		start = page.NextStartPrimaryKey
	}
	return places, nil
}

// page has a budget of its own: a large federation has many.
func (c *Client) page(ctx context.Context, table string, start, end *tablestore.PrimaryKey) (*tablestore.GetRangeResponse, error) {
	return c.pageOf(ctx, &tablestore.RangeRowQueryCriteria{
		TableName: table, StartPrimaryKey: start, EndPrimaryKey: end, Direction: tablestore.FORWARD, MaxVersion: 1,
	})
}

func (c *Client) pageOf(ctx context.Context, criteria *tablestore.RangeRowQueryCriteria) (*tablestore.GetRangeResponse, error) {
	ctx, cancel := c.budgeted(ctx)
	defer cancel()
	return call(ctx, c, func(sdk *tablestore.TableStoreClient) (*tablestore.GetRangeResponse, error) {
		return sdk.GetRange(&tablestore.GetRangeRequest{RangeRowQueryCriteria: criteria})
	})
}

func readPlace(table string, r *tablestore.Row) (place, error) {
	key := r.PrimaryKey.PrimaryKeys
	if len(key) != 2 {
		return place{}, fmt.Errorf("a row of %s has %d key columns", table, len(key))
	}
	partition, _ := key[0].Value.(string)
	id, _ := key[1].Value.(string)
	return place{partition, id, readRow(r.Columns)}, nil
}

// some reads rows from start until before end that filter lets pass, until there are as
// many as limit; 0 is no limit. The filter is the service's: a page may be empty and not
// the last.
func (c *Client) some(ctx context.Context, table string, start, end *tablestore.PrimaryKey, filter tablestore.ColumnFilter, limit int) ([]place, error) {
	var places []place
	for start != nil && (limit == 0 || len(places) < limit) {
		criteria := &tablestore.RangeRowQueryCriteria{
			TableName: table, StartPrimaryKey: start, EndPrimaryKey: end, Direction: tablestore.FORWARD, MaxVersion: 1, Filter: filter,
		}
		if limit > 0 {
			criteria.Limit = int32(limit - len(places)) //nolint:gosec // nobody asks for 2^31 rows
		}
		page, err := c.pageOf(ctx, criteria)
		if err != nil {
			return nil, err
		}
		for _, r := range page.Rows {
			found, err := readPlace(table, r)
			if err != nil {
				return nil, err
			}
			places = append(places, found)
		}
		start = page.NextStartPrimaryKey
	}
	return places, nil
}
