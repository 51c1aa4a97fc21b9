package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

// The tables (DESIGN: "Tables") and the names in them.
const (
	tableTrust   = "sso_trust"
	tableNonce   = "sso_nonce"
	tableSession = "sso_session"
	tablePerson  = "sso_person"
	tableEvent   = "sso_event"

	columnClaim = "claim"
)

// column is a name and a value; Tablestore knows string, int64, bool, float64
// and []byte, and the SDK panics on any other.
type column struct {
	name  string
	value any
}

// row is a row that was read; a missing one has no columns, for every row that
// is written here has some.
type row map[string]any

func (r row) text(name string) string  { s, _ := r[name].(string); return s }
func (r row) number(name string) int64 { n, _ := r[name].(int64); return n }
func (r row) body() []byte             { b, _ := r[columnBody].([]byte); return b }
func (r row) proof() []byte            { b, _ := r[columnProof].([]byte); return b }

// trustKey is a key of sso_trust.
func trustKey(p, id string) *tablestore.PrimaryKey {
	k := new(tablestore.PrimaryKey)
	k.AddPrimaryKeyColumn("p", p)
	k.AddPrimaryKeyColumn("id", id)
	return k
}

// eventKey is a key of sso_event.
func eventKey(p, id string) *tablestore.PrimaryKey { return trustKey(p, id) }

// personKey is a key of sso_person.
func personKey(idp, id string) *tablestore.PrimaryKey {
	k := new(tablestore.PrimaryKey)
	k.AddPrimaryKeyColumn("idp", idp)
	k.AddPrimaryKeyColumn("id", id)
	return k
}

// hashKey is a key of the tables whose rows are found by a hash.
func hashKey(h [32]byte) *tablestore.PrimaryKey {
	k := new(tablestore.PrimaryKey)
	k.AddPrimaryKeyColumn("h", hex.EncodeToString(h[:]))
	return k
}

func mustNotExist() *tablestore.RowCondition {
	return &tablestore.RowCondition{RowExistenceExpectation: tablestore.RowExistenceExpectation_EXPECT_NOT_EXIST}
}

func mustExist() *tablestore.RowCondition {
	return &tablestore.RowCondition{RowExistenceExpectation: tablestore.RowExistenceExpectation_EXPECT_EXIST}
}

func whatever() *tablestore.RowCondition {
	return &tablestore.RowCondition{RowExistenceExpectation: tablestore.RowExistenceExpectation_IGNORE}
}

// mustEqual asks that the row's column still has this value.
func mustEqual(name string, value any) *tablestore.RowCondition {
	condition := mustExist()
	condition.ColumnCondition = equals(name, value)
	return condition
}

// mustBeLess asks that the row has no such column yet, or one of a lesser value.
func mustBeLess(name string, value any) *tablestore.RowCondition {
	less := tablestore.NewSingleColumnCondition(name, tablestore.CT_LESS_THAN, value)
	less.FilterIfMissing = false
	less.LatestVersionOnly = true
	condition := whatever()
	condition.ColumnCondition = less
	return condition
}

// mustBeAsRead asks that columns of a row are what they were when it was read, or still
// not there; nothing is of what no row has.
func mustBeAsRead(r row, nothing ...column) *tablestore.RowCondition {
	all := tablestore.NewCompositeColumnCondition(tablestore.LO_AND)
	for _, c := range nothing {
		value, there := r[c.name]
		if !there {
			value = c.value
		}
		same := tablestore.NewSingleColumnCondition(c.name, tablestore.CT_EQUAL, value)
		same.FilterIfMissing = there
		same.LatestVersionOnly = true
		all.AddFilter(same)
	}
	condition := whatever()
	condition.ColumnCondition = all
	return condition
}

func putChange(table string, key *tablestore.PrimaryKey, condition *tablestore.RowCondition, columns []column) *tablestore.PutRowChange {
	change := &tablestore.PutRowChange{TableName: table, PrimaryKey: key, Condition: condition}
	for _, c := range columns {
		change.AddColumn(c.name, c.value)
	}
	return change
}

// put replaces a row if the condition holds, and says whether this call did it.
// It may be repeated: the row carries a claim of 128 random bits, and where the
// condition fails the claim that is there decides whether an earlier attempt of
// ours, whose answer was lost, made it fail.
func (c *Client) put(ctx context.Context, table string, key *tablestore.PrimaryKey, condition *tablestore.RowCondition, columns ...column) (bool, error) {
	claim := newClaim()
	change := putChange(table, key, condition, append(columns, column{columnClaim, claim}))
	_, err := call(ctx, c, func(sdk *tablestore.TableStoreClient) (*tablestore.PutRowResponse, error) {
		return sdk.PutRow(&tablestore.PutRowRequest{PutRowChange: change})
	})
	if !isCode(err, codeCondition) {
		return err == nil, err
	}
	there, err := c.get(ctx, table, key)
	return err == nil && there.text(columnClaim) == claim, err
}

func newClaim() string {
	claim := make([]byte, 16)
	_, _ = rand.Read(claim) // never fails: it would end the process
	return hex.EncodeToString(claim)
}

// get reads a row, nil if there is none. Reads of one row are strongly consistent.
func (c *Client) get(ctx context.Context, table string, key *tablestore.PrimaryKey) (row, error) {
	resp, err := call(ctx, c, func(sdk *tablestore.TableStoreClient) (*tablestore.GetRowResponse, error) {
		return sdk.GetRow(&tablestore.GetRowRequest{SingleRowQueryCriteria: &tablestore.SingleRowQueryCriteria{
			TableName: table, PrimaryKey: key, MaxVersion: 1,
		}})
	})
	if err != nil {
		return nil, err
	}
	return readRow(resp.Columns), nil
}

func readRow(columns []*tablestore.AttributeColumn) row {
	if len(columns) == 0 {
		return nil
	}
	r := row{}
	for _, c := range columns {
		r[c.ColumnName] = c.Value
	}
	return r
}

// spot is where a row stands.
type spot struct {
	table string
	key   *tablestore.PrimaryKey
}

// in are the spots of some rows of one table.
func in(table string, keys ...*tablestore.PrimaryKey) []spot {
	spots := make([]spot, 0, len(keys))
	for _, key := range keys {
		spots = append(spots, spot{table, key})
	}
	return spots
}

// getAll reads some rows in one call, nil for one that is not there. Each of them is
// read as strongly as by get.
func (c *Client) getAll(ctx context.Context, spots ...spot) ([]row, error) {
	return c.batch(ctx, batchOf(spots), spots)
}

// batch is getAll of what criteria for the same spots read.
func (c *Client) batch(ctx context.Context, criteria []*tablestore.MultiRowQueryCriteria, spots []spot) ([]row, error) {
	return call(ctx, c, func(sdk *tablestore.TableStoreClient) ([]row, error) {
		resp, err := sdk.BatchGetRow(&tablestore.BatchGetRowRequest{MultiRowQueryCriteria: criteria})
		if err != nil {
			return nil, err
		}
		rows := make([]row, len(spots))
		for i, s := range spots { // of each table in the order of the request
			results := resp.TableToRowsResult[s.table]
			if len(results) == 0 {
				return nil, fmt.Errorf("row %d of %d was not answered for", i+1, len(spots))
			}
			r := results[0]
			if !r.IsSucceed {
				return nil, &tablestore.OtsError{Code: r.Error.Code, Message: r.Error.Message, RequestId: resp.RequestId}
			}
			rows[i], resp.TableToRowsResult[s.table] = readRow(r.Columns), results[1:]
		}
		return rows, nil
	})
}

// batchOf asks once for each table: of two the SDK would keep one.
func batchOf(spots []spot) []*tablestore.MultiRowQueryCriteria {
	var all []*tablestore.MultiRowQueryCriteria
	for _, s := range spots {
		i := slices.IndexFunc(all, func(c *tablestore.MultiRowQueryCriteria) bool { return c.TableName == s.table })
		if i < 0 {
			all, i = append(all, &tablestore.MultiRowQueryCriteria{TableName: s.table, MaxVersion: 1}), len(all)
		}
		all[i].AddRow(s.key)
	}
	return all
}
