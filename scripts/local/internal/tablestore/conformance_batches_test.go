package tablestore_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
)

// reading asks for rows of tables: "t" and keys, one criteria a table.
func reading(criteria ...*sdk.MultiRowQueryCriteria) func(*world) (string, error) {
	return func(w *world) (string, error) {
		resp, err := w.c.BatchGetRow(&sdk.BatchGetRowRequest{MultiRowQueryCriteria: criteria})
		if err != nil {
			return "", err
		}
		return resultsText(resp.TableToRowsResult, rowText), nil
	}
}

// rows wants rows of a table, by default their newest versions.
func rows(table string, keys ...*sdk.PrimaryKey) *sdk.MultiRowQueryCriteria {
	return &sdk.MultiRowQueryCriteria{TableName: table, PrimaryKey: keys, MaxVersion: 1}
}

func with(q *sdk.MultiRowQueryCriteria, change func(*sdk.MultiRowQueryCriteria)) *sdk.MultiRowQueryCriteria {
	change(q)
	return q
}

// resultsText is what a batch answers, table by table and row by row.
func resultsText(results map[string][]sdk.RowResult, text func(sdk.PrimaryKey, []*sdk.AttributeColumn) string) string {
	var lines []string
	for _, table := range slices.Sorted(maps.Keys(results)) {
		for i, r := range results[table] {
			line := fmt.Sprintf("%s/%d: ", table, r.Index)
			switch {
			case r.Index != int32(i) || r.TableName != table:
				line += "out of order"
			case r.IsSucceed:
				line += text(r.PrimaryKey, r.Columns)
			default:
				line += r.Error.Code + " " + r.Error.Message
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// costs are the capacity units of each row of a batch.
func (w *world) costs(results []sdk.RowResult) string {
	var list []string
	for _, r := range results {
		w.spent(r.ConsumedCapacityUnit)
		list = append(list, w.cost)
	}
	return strings.Join(list, "; ")
}

func keys(n int) []*sdk.PrimaryKey {
	list := make([]*sdk.PrimaryKey, n)
	for i := range list {
		list[i] = key("a", int64(i))
	}
	return list
}

func batchGetScenarios() []scenario {
	return []scenario{
		{
			name: "rows in the order of their keys", setup: fourRows, want: "t/0: b/1; t/1: absent; t/2: a/2",
			call: reading(rows("t", key("b", 1), key("none", 1), key("a", 2))),
		},
		{
			name: "one row twice", setup: fourRows, want: "t/0: b/1; t/1: b/1",
			call: reading(rows("t", key("b", 1), key("b", 1))),
		},
		{
			name: "two tables", want: `t/0: a/1 x=1 y="two"; u/0: absent`,
			setup: func(w *world) {
				withRow(w)
				w.must(w.createTable("u"))
			},
			call: reading(rows("t", key("a", 1)), rows("u", key("a", 1))),
		},
		{
			name: "a table that is not there", setup: withRow, want: `none/0: OTSObjectNotExist Requested table does not exist.; t/0: a/1 x=1 y="two"`,
			call: reading(rows("none", key("a", 1)), rows("t", key("a", 1))),
		},
		{
			name: "a key that does not fit", setup: withRow, want: `t/0: OTSInvalidPK Validate PK size fail. Input: 1, Meta: 2.; t/1: a/1 x=1 y="two"`,
			call: reading(rows("t", misspelt("p", "a"), key("a", 1))),
		},
		{
			name: "chosen columns", setup: withRow, want: "t/0: a/1 x=1",
			call: reading(with(rows("t", key("a", 1)), func(q *sdk.MultiRowQueryCriteria) { q.ColumnsToGet = []string{"x"} })),
		},
		{
			name: "chosen columns that are not there", setup: withRow, want: "t/0: absent",
			call: reading(with(rows("t", key("a", 1)), func(q *sdk.MultiRowQueryCriteria) { q.ColumnsToGet = []string{"none"} })),
		},
		{
			name: "a filter", setup: withRow, want: "t/0: absent",
			call: reading(with(rows("t", key("a", 1)), func(q *sdk.MultiRowQueryCriteria) { q.Filter = comparison("x", sdk.CT_EQUAL, int64(2), true) })),
		},
		{
			name: "versions", setup: history, want: `t/0: a/1 u="new" v=3 v=2`,
			call: reading(with(rows("t", key("a", 1)), func(q *sdk.MultiRowQueryCriteria) { q.MaxVersion = 2 })),
		},
		{
			name: "a time range of no cell", setup: withRow, want: "t/0: a/1",
			call: func(w *world) (string, error) {
				return reading(with(rows("t", key("a", 1)), func(q *sdk.MultiRowQueryCriteria) {
					q.TimeRange = &sdk.TimeRange{Start: w.at(time.Second), End: w.at(time.Minute)}
				}))(w)
			},
		},
		{
			name: "as many rows as one may", setup: manyRows(1), want: `t/0: a/0 x="x"; t/1: absent; t/2: absent; …`,
			call: reading(rows("t", keys(100)...)),
		},
		{
			name: "capacity units of each row", setup: withRow, want: "read 1, write 0; read 1, write 0",
			call: func(w *world) (string, error) {
				resp, err := w.c.BatchGetRow(&sdk.BatchGetRowRequest{MultiRowQueryCriteria: []*sdk.MultiRowQueryCriteria{rows("t", key("a", 1), key("none", 1))}})
				if err != nil {
					return "", err
				}
				return w.costs(resp.TableToRowsResult["t"]), nil
			},
		},
		{
			name: "more rows than one may", setup: manyRows(1), want: "400 OTSParameterInvalid Rows count exceeds the upper limit: 100.",
			call: reading(rows("t", keys(101)...)),
		},
		{
			name: "no rows", setup: withRow, want: "400 OTSParameterInvalid No row specified in the request of BatchGetRow.",
			call: reading(),
		},
	}
}

// writing sends changes as one batch.
func writing(changes ...sdk.RowChange) func(*world) (string, error) { return batched(false, changes) }

// atomically sends them as one that takes effect as a whole.
func atomically(changes ...sdk.RowChange) func(*world) (string, error) { return batched(true, changes) }

func batched(atomic bool, changes []sdk.RowChange) func(*world) (string, error) {
	return func(w *world) (string, error) {
		batch := &sdk.BatchWriteRowRequest{IsAtomic: atomic}
		for _, change := range changes {
			batch.AddRowChange(change)
		}
		resp, err := w.c.BatchWriteRow(batch)
		if err != nil {
			return "", err
		}
		return resultsText(resp.TableToRowsResult, func(key sdk.PrimaryKey, columns []*sdk.AttributeColumn) string {
			return written(key, columns)
		}), nil
	}
}

// then is the setup of a scenario that looks at what a call did.
func then(setup func(*world), call func(*world) (string, error)) func(*world) {
	return func(w *world) {
		setup(w)
		_, _ = call(w)
	}
}

func fresh(k *sdk.PrimaryKey) *sdk.PutRowChange {
	change := put("t", k, map[string]any{"x": int64(9)})
	change.SetCondition(sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)
	return change
}

func deleting(k *sdk.PrimaryKey) *sdk.DeleteRowChange {
	change := &sdk.DeleteRowChange{TableName: "t", PrimaryKey: k}
	change.SetCondition(sdk.RowExistenceExpectation_IGNORE)
	return change
}

func updating(k *sdk.PrimaryKey, column string, value any) *sdk.UpdateRowChange {
	change := update(k)
	change.PutColumn(column, value)
	return change
}

func incrementing(k *sdk.PrimaryKey, column string, by int64) *sdk.UpdateRowChange {
	change := update(k)
	change.IncrementColumn(column, by)
	change.SetReturnIncrementValue()
	change.AppendIncrementColumnToReturn(column)
	return change
}

// succeeded drops what is not known: the codes of rows that fail with others.
func succeeded(call func(*world) (string, error)) func(*world) (string, error) {
	return func(w *world) (string, error) {
		text, err := call(w)
		return fmt.Sprintf("%d of %d done", strings.Count(text, "done"), len(strings.Split(text, "; "))), err
	}
}

func puts(n, bytes int) []sdk.RowChange {
	changes := make([]sdk.RowChange, n)
	for i := range changes {
		changes[i] = put("t", key("a", int64(i)), map[string]any{"x": make([]byte, bytes)})
	}
	return changes
}

func batchWriteScenarios() []scenario {
	everything := writing(put("t", key("c", 1), map[string]any{"x": int64(3)}), updating(key("a", 1), "x", int64(2)), deleting(key("b", 1)))
	withTwo := func(w *world) {
		withRow(w)
		w.must(w.put(put("t", key("b", 1), nil)))
	}
	list := []scenario{
		{
			name: "a put, an update and a deletion", setup: withTwo, want: "t/0: done; t/1: done; t/2: done",
			call: everything,
		},
		{
			name: "their effect", setup: then(withTwo, everything), want: `a/1 x=2 y="two", c/1 x=3`,
			call: scanning(),
		},
		{
			name: "row by row", setup: withRow, want: "t/0: " + conditionRefused[len("403 "):] + "; t/1: done",
			call: writing(fresh(key("a", 1)), fresh(key("b", 1))),
		},
		{
			name: "a refused row changes nothing, the others do", want: `a/1 x=1 y="two", b/1 x=9`,
			setup: then(withRow, writing(fresh(key("a", 1)), fresh(key("b", 1)))),
			call:  scanning(),
		},
		{
			name: "a row of a table that is not there", setup: withRow, want: "none/0: OTSObjectNotExist Requested table does not exist.; t/0: done",
			call: writing(put("t", key("b", 1), nil), put("none", key("b", 1), nil)),
		},
		{
			name: "a key that does not fit", setup: withRow, want: "t/0: OTSInvalidPK Validate PK size fail. Input: 1, Meta: 2.; t/1: done",
			call: writing(put("t", misspelt("p", "a"), nil), put("t", key("b", 1), nil)),
		},
		{
			name: "one row twice", setup: withRow, want: "t/0: done; t/1: done",
			call: writing(put("t", key("a", 1), map[string]any{"x": int64(2)}), updating(key("a", 1), "y", "three")),
		},
		{
			name: "one row twice, in order", want: `a/1 x=2 y="three"`,
			setup: then(withRow, writing(put("t", key("a", 1), map[string]any{"x": int64(2)}), updating(key("a", 1), "y", "three"))),
			call:  scanning(),
		},
		{
			name: "keys come back where asked for", setup: withRow, want: "t/0: b/1; t/1: done; t/2: done",
			call: writing(func() sdk.RowChange {
				change := put("t", key("b", 1), nil)
				change.SetReturnPk()
				return change
			}(), put("t", key("c", 1), nil), deleting(key("a", 1))),
		},
		{
			name: "an increment comes back", setup: withRow, want: "t/0: x=105",
			call: writing(incrementing(key("a", 1), "x", 104)),
		},
		{
			name: "as many rows as one may", setup: withRow, want: "t/0: done; t/1: done; …",
			call: writing(puts(200, 1)...),
		},
		{
			name: "more rows than one may", setup: withRow, want: "400 OTSParameterInvalid Rows count exceeds the upper limit: 200.",
			call: writing(puts(201, 1)...),
		},
		{
			name: "more bytes than one may", setup: withRow, want: "400 OTSParameterInvalid The total data size of BatchWriteRow request exceeds the limit, limit size: 4194304, data size: …",
			call: writing(puts(3, 3<<19)...),
		},
		{
			name: "no rows", setup: withRow, want: "400 OTSParameterInvalid No row is specified in BatchWriteRow.",
			call: writing(),
		},
		{
			name: "capacity units of each row", setup: withRow, want: "read 0, write 1; read 1, write 1; read 0, write 2",
			call: func(w *world) (string, error) {
				batch := new(sdk.BatchWriteRowRequest)
				for _, change := range []sdk.RowChange{deleting(key("a", 1)), fresh(key("b", 1)), updating(key("c", 1), "x", strings.Repeat("x", 5000))} {
					batch.AddRowChange(change)
				}
				resp, err := w.c.BatchWriteRow(batch)
				if err != nil {
					return "", err
				}
				return w.costs(resp.TableToRowsResult["t"]), nil
			},
		},
		{
			name: "a table without rows", setup: withRow, want: "400 OTSParameterInvalid No operation is specified for table: 't'.",
			call: func(w *world) (string, error) {
				return "", w.raw("BatchWriteRow", &otsprotocol.BatchWriteRowRequest{
					Tables: []*otsprotocol.TableInBatchWriteRowRequest{{TableName: proto.String("t")}},
				}, new(otsprotocol.BatchWriteRowResponse))
			},
		},
	}
	return append(list, atomicScenarios()...)
}

func onePartition(w *world) (string, error) {
	return atomically(put("t", key("a", 2), map[string]any{"x": int64(2)}), put("t", key("a", 3), nil),
		updating(key("a", 2), "y", true), deleting(key("a", 1)))(w)
}

func oneFails(w *world) (string, error) {
	return atomically(put("t", key("a", 2), nil), fresh(key("a", 1)), updating(key("a", 3), "x", true))(w)
}

func twoPartitions(w *world) (string, error) {
	return atomically(put("t", key("a", 2), nil), put("t", key("b", 2), nil))(w)
}

func atomicScenarios() []scenario {
	return []scenario{
		{
			name: "atomic in one partition", setup: withRow, want: "t/0: done; t/1: done; t/2: done; t/3: done",
			call: onePartition,
		},
		{
			name: "its effect", setup: then(withRow, onePartition), want: "a/2 x=2 y=true, a/3",
			call: scanning(),
		},
		{
			name: "atomic, and one row fails", setup: withRow, want: "0 of 3 done",
			call: succeeded(oneFails),
		},
		{
			name: "atomic, and one row's failure undoes the others", setup: then(withRow, oneFails), want: `a/1 x=1 y="two"`,
			call: scanning(),
		},
		{
			name: "atomic in two partitions", setup: withRow, want: "0 of 2 done",
			call: succeeded(twoPartitions),
		},
		{
			name: "atomic in two partitions changes nothing", setup: then(withRow, twoPartitions), want: `a/1 x=1 y="two"`,
			call: scanning(),
		},
		{
			name: "atomic increments come back", setup: withRow, want: "t/0: x=3; t/1: z=1",
			call: atomically(incrementing(key("a", 1), "x", 2), incrementing(key("a", 2), "z", 1)),
		},
		{
			name: "atomic with a wrong signature", setup: withRow, want: "403 OTSAuthFailed Signature mismatch.",
			call: func(w *world) (string, error) {
				w.c = w.clientWith(keyID, "guess", "")
				return onePartition(w)
			},
		},
	}
}
