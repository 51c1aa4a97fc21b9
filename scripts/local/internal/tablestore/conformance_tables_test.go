package tablestore_test

import (
	"fmt"
	"slices"
	"strings"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
)

// describe reads a table back: its key, its options, its stream.
func (w *world) describe(name string) (string, error) {
	resp, err := w.c.DescribeTable(&sdk.DescribeTableRequest{TableName: name})
	if err != nil {
		return "", err
	}
	var key []string
	for _, column := range resp.TableMeta.SchemaEntry {
		key = append(key, fmt.Sprintf("%s:%d", *column.Name, *column.Type))
	}
	return strings.Join(key, ",") + " " + optionsText(resp.TableOption) + fmt.Sprintf(" update=%v full=%v reserved=%d/%d stream=%v",
		*resp.TableOption.AllowUpdate, *resp.TableOption.UpdateFullRow,
		resp.ReservedThroughput.Readcap, resp.ReservedThroughput.Writecap, resp.StreamDetails.EnableStream), nil
}

func optionsText(o *sdk.TableOption) string {
	return fmt.Sprintf("ttl=%d versions=%d deviation=%d", o.TimeToAlive, o.MaxVersion, o.DeviationCellVersionInSec)
}

func describeT(w *world) (string, error) { return w.describe("t") }

// createOf creates table x with other key columns or options.
func createOf(with ...func(*sdk.CreateTableRequest)) func(*world) (string, error) {
	return func(w *world) (string, error) { return w.createTable("x", with...) }
}

func named(name string) func(*world) (string, error) {
	return func(w *world) (string, error) {
		meta := &otsprotocol.TableMeta{TableName: proto.String(name), PrimaryKey: []*otsprotocol.PrimaryKeySchema{
			{Name: proto.String("p"), Type: otsprotocol.PrimaryKeyType_STRING.Enum()},
		}}
		return "created", w.raw("CreateTable", &otsprotocol.CreateTableRequest{
			TableMeta:          meta,
			TableOptions:       &otsprotocol.TableOptions{TimeToLive: proto.Int32(-1), MaxVersions: proto.Int32(1)},
			ReservedThroughput: &otsprotocol.ReservedThroughput{CapacityUnit: &otsprotocol.CapacityUnit{Read: proto.Int32(0), Write: proto.Int32(0)}},
		}, new(otsprotocol.CreateTableResponse))
	}
}

func stringKeys(names ...string) func(*sdk.CreateTableRequest) {
	var columns []*sdk.PrimaryKeySchema
	for _, name := range names {
		columns = append(columns, keyColumn(name, sdk.PrimaryKeyType_STRING))
	}
	return keyed(columns...)
}

func createScenarios() []scenario {
	return []scenario{
		{
			name:  "the defaults",
			setup: func(w *world) { w.table() },
			call:  describeT,
			want:  "p:2,n:1 ttl=-1 versions=1 deviation=86400 update=true full=false reserved=0/0 stream=false",
		},
		{
			name: "own options",
			setup: func(w *world) {
				w.table(timeToLive(86400), versions(5), deviation(3600), func(r *sdk.CreateTableRequest) {
					r.TableOption.AllowUpdate, r.TableOption.UpdateFullRow = proto.Bool(false), proto.Bool(false)
				})
			},
			call: describeT,
			want: "p:2,n:1 ttl=86400 versions=5 deviation=3600 update=false full=false reserved=0/0 stream=false",
		},
		{
			name: "update_full_row",
			setup: func(w *world) {
				w.table(func(r *sdk.CreateTableRequest) { r.TableOption.UpdateFullRow = proto.Bool(true) })
			},
			call: describeT,
			want: "p:2,n:1 ttl=-1 versions=1 deviation=86400 update=true full=true reserved=0/0 stream=false",
		},
		{
			name: "four key columns of all types",
			setup: func(w *world) {
				w.table(keyed(keyColumn("b", sdk.PrimaryKeyType_BINARY), keyColumn("a", sdk.PrimaryKeyType_INTEGER),
					keyColumn("c", sdk.PrimaryKeyType_STRING), keyColumn("_d9", sdk.PrimaryKeyType_STRING)))
			},
			call: describeT,
			want: "b:3,a:1,c:2,_d9:2 ttl=-1 versions=1 deviation=86400 update=true full=false reserved=0/0 stream=false",
		},
		{
			name: "the longest name",
			call: named("_" + strings.Repeat("x", 254)),
			want: "created",
		},
		{
			name: "a name too long",
			call: named(strings.Repeat("x", 256)),
			want: "400 OTSParameterInvalid Invalid table name: '" + strings.Repeat("x", 256) + "'.",
		},
		{
			name: "a name too long for the SDK",
			call: func(w *world) (string, error) { return w.createTable(strings.Repeat("x", 101)) },
			want: "error: [tablestore] table name: \"" + strings.Repeat("x", 101) + "\" too long",
		},
		{
			name: "a name that begins with a digit",
			call: named("1x"),
			want: "400 OTSParameterInvalid Invalid table name: '1x'.",
		},
		{
			name: "a name with a hyphen",
			call: named("a-b"),
			want: "400 OTSParameterInvalid Invalid table name: 'a-b'.",
		},
		{
			name: "no name",
			call: named(""),
			want: "400 OTSParameterInvalid Invalid table name: ''.",
		},
		{
			name: "no key column",
			call: func(w *world) (string, error) {
				return "", w.raw("CreateTable", &otsprotocol.CreateTableRequest{
					TableMeta:          &otsprotocol.TableMeta{TableName: proto.String("x")},
					TableOptions:       &otsprotocol.TableOptions{TimeToLive: proto.Int32(-1), MaxVersions: proto.Int32(1)},
					ReservedThroughput: &otsprotocol.ReservedThroughput{CapacityUnit: &otsprotocol.CapacityUnit{Read: proto.Int32(0), Write: proto.Int32(0)}},
				}, new(otsprotocol.CreateTableResponse))
			},
			want: "400 OTSParameterInvalid The number of primary key columns must be in range: [1, 4].",
		},
		{
			name: "five key columns",
			call: createOf(stringKeys("a", "b", "c", "d", "e")),
			want: "400 OTSParameterInvalid The number of primary key columns must be in range: [1, 4].",
		},
		{
			name: "one key column twice",
			call: createOf(stringKeys("a", "a")),
			want: "400 OTSParameterInvalid Duplicated primary key name: 'a'.",
		},
		{
			name: "a key column that begins with a digit",
			call: createOf(stringKeys("9")),
			want: "400 OTSParameterInvalid Invalid column name: '9'.",
		},
		{
			name:  "a taken name",
			setup: func(w *world) { w.table() },
			call:  func(w *world) (string, error) { return w.createTable("t") },
			want:  "409 OTSObjectAlreadyExist Requested table already exists.",
		},
		{
			name: "cells that live less than a day",
			call: createOf(timeToLive(86399)),
			want: "400 OTSParameterInvalid …",
		},
		{
			name: "cells that do not live",
			call: createOf(timeToLive(0)),
			want: "400 OTSParameterInvalid …",
		},
		{
			name: "cells that live less than nothing",
			call: createOf(timeToLive(-2)),
			want: "400 OTSParameterInvalid …",
		},
		{
			name: "no version",
			call: createOf(versions(0)),
			want: "400 OTSParameterInvalid …",
		},
		{
			name: "a table with an index", want: "400 OTSParameterInvalid …",
			call: createOf(func(r *sdk.CreateTableRequest) {
				index := &sdk.IndexMeta{IndexName: "i"}
				index.AddPrimaryKeyColumn("n")
				r.AddIndexMeta(index)
			}),
		},
		{
			name: "a table with transactions", want: "400 OTSParameterInvalid …",
			call: createOf(func(r *sdk.CreateTableRequest) { r.EnableLocalTxn = proto.Bool(true) }),
		},
		{
			name: "more tables than an instance holds",
			setup: func(w *world) {
				for i := range 64 {
					w.must(w.createTable(fmt.Sprintf("x%d", i)))
				}
			},
			call: func(w *world) (string, error) { return w.createTable("t") },
			want: "403 OTSQuotaExhausted Number of tables exceeds the quota:64.",
		},
	}
}

// updateTable changes table t by the SDK, which always sends both TTL and
// versions when it sends options.
func (w *world) updateTable(with func(*sdk.UpdateTableRequest)) (string, error) {
	request := &sdk.UpdateTableRequest{TableName: "t"}
	with(request)
	resp, err := w.c.UpdateTable(request)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s stream=%v/%d", optionsText(resp.TableOption), resp.StreamDetails.EnableStream, resp.StreamDetails.ExpirationTime), nil
}

func newOptions(o sdk.TableOption) func(*sdk.UpdateTableRequest) {
	return func(r *sdk.UpdateTableRequest) { r.TableOption = &o }
}

// updateOptions changes some options and leaves the others unsaid, as the SDKs
// for Node and Python do.
func (w *world) updateOptions(o *otsprotocol.TableOptions) error {
	return w.raw("UpdateTable", &otsprotocol.UpdateTableRequest{TableName: proto.String("t"), TableOptions: o}, new(otsprotocol.UpdateTableResponse))
}

func (w *world) list() (string, error) {
	resp, err := w.c.ListTable()
	if err != nil {
		return "", err
	}
	slices.Sort(resp.TableNames)
	return "tables: " + strings.Join(resp.TableNames, " "), nil
}

func (w *world) drop(name string) (string, error) {
	_, err := w.c.DeleteTable(&sdk.DeleteTableRequest{TableName: name})
	return "dropped", err
}

func forbidUpdates(w *world) {
	withRow(w)
	w.must("", w.updateOptions(&otsprotocol.TableOptions{AllowUpdate: proto.Bool(false)}))
}

func tableScenarios() []scenario {
	return []scenario{
		{
			name: "an empty list",
			call: (*world).list,
			want: "tables: ",
		},
		{
			name: "the list",
			setup: func(w *world) {
				w.must(w.createTable("two"))
				w.must(w.createTable("one"))
			},
			call: (*world).list,
			want: "tables: one two",
		},
		{
			name: "the list after a table has gone",
			setup: func(w *world) {
				w.must(w.createTable("one"))
				w.must(w.createTable("two"))
				w.must(w.drop("one"))
			},
			call: (*world).list,
			want: "tables: two",
		},
		{
			name: "a table made again is empty",
			setup: func(w *world) {
				withRow(w)
				w.must(w.drop("t"))
				w.table()
			},
			call: a1,
			want: "absent",
		},
		{
			name: "describing no table",
			call: describeT,
			want: "404 OTSObjectNotExist Requested table does not exist.",
		},
		{
			name: "deleting no table",
			call: func(w *world) (string, error) { return w.drop("t") },
			want: "404 OTSObjectNotExist Requested table does not exist.",
		},
		{
			name: "updating no table",
			call: func(w *world) (string, error) { return w.updateTable(newOptions(*sdk.NewTableOption(-1, 1))) },
			want: "404 OTSObjectNotExist Requested table does not exist.",
		},
		{
			name:  "an update answers with the options",
			setup: func(w *world) { w.table() },
			call: func(w *world) (string, error) {
				return w.updateTable(newOptions(sdk.TableOption{TimeToAlive: 86400, MaxVersion: 5, DeviationCellVersionInSec: 60}))
			},
			want: "ttl=86400 versions=5 deviation=60 stream=false/0",
		},
		{
			name: "an update stays",
			setup: func(w *world) {
				w.table()
				w.must(w.updateTable(newOptions(sdk.TableOption{TimeToAlive: 86400, MaxVersion: 5, DeviationCellVersionInSec: 60, AllowUpdate: proto.Bool(false)})))
			},
			call: describeT,
			want: "p:2,n:1 ttl=86400 versions=5 deviation=60 update=false full=false reserved=0/0 stream=false",
		},
		{
			name: "an option that an update does not name stays as it was",
			setup: func(w *world) {
				w.table(timeToLive(90000), versions(7), deviation(99))
				w.must("", w.updateOptions(&otsprotocol.TableOptions{AllowUpdate: proto.Bool(false)}))
			},
			call: describeT,
			want: "p:2,n:1 ttl=90000 versions=7 deviation=99 update=false full=false reserved=0/0 stream=false",
		},
		{
			name: "an update of the throughput alone",
			setup: func(w *world) {
				w.table(timeToLive(90000), versions(7))
				w.must(w.updateTable(func(r *sdk.UpdateTableRequest) { r.ReservedThroughput = &sdk.ReservedThroughput{} }))
			},
			call: describeT,
			want: "p:2,n:1 ttl=90000 versions=7 deviation=86400 update=true full=false reserved=0/0 stream=false",
		},
		{
			name:  "an update to update_full_row",
			setup: func(w *world) { w.table() },
			call: func(w *world) (string, error) {
				return contains(w, "contain updateFullRow", newOptions(sdk.TableOption{TimeToAlive: -1, MaxVersion: 1, UpdateFullRow: proto.Bool(true)}))
			},
			want: "400 OTSParameterInvalid, contain updateFullRow",
		},
		{
			name:  "an update to no update_full_row",
			setup: func(w *world) { w.table() },
			call: func(w *world) (string, error) {
				return contains(w, "contain updateFullRow", newOptions(sdk.TableOption{TimeToAlive: -1, MaxVersion: 1, UpdateFullRow: proto.Bool(false)}))
			},
			want: "400 OTSParameterInvalid, contain updateFullRow",
		},
		{
			name:  "an update to cells that live less than a day",
			setup: func(w *world) { w.table() },
			call:  func(w *world) (string, error) { return w.updateTable(newOptions(*sdk.NewTableOption(3600, 1))) },
			want:  "400 OTSParameterInvalid …",
		},
		{
			name:  "an update to no version",
			setup: func(w *world) { w.table() },
			call:  func(w *world) (string, error) { return w.updateTable(newOptions(*sdk.NewTableOption(-1, 0))) },
			want:  "400 OTSParameterInvalid …",
		},
		{
			name: "a refused update changes nothing",
			setup: func(w *world) {
				w.table()
				_, _ = w.updateTable(newOptions(*sdk.NewTableOption(86400, 0)))
			},
			call: describeT,
			want: "p:2,n:1 ttl=-1 versions=1 deviation=86400 update=true full=false reserved=0/0 stream=false",
		},
		{
			name:  "a table that forbids updates takes puts",
			setup: forbidUpdates,
			call:  func(w *world) (string, error) { return w.put(put("t", key("a", 1), nil)) },
			want:  "done",
		},
		{
			name:  "a table that forbids updates refuses them",
			setup: forbidUpdates,
			call: func(w *world) (string, error) {
				change := update(key("a", 1))
				change.PutColumn("x", int64(2))
				return w.update(change)
			},
			want: "400 OTSParameterInvalid Update operation is not allowed in this table …",
		},
		{
			name: "more versions after an update",
			setup: func(w *world) {
				w.table()
				w.must(w.updateTable(newOptions(*sdk.NewTableOption(-1, 2))))
				threeVersions(w)
			},
			call: a1History,
			want: "a/1 v=3 v=2",
		},
	}
}

// contains gives a refusal's status and code and the words it has to contain.
func contains(w *world, words string, with func(*sdk.UpdateTableRequest)) (string, error) {
	got, err := w.updateTable(with)
	if err == nil {
		return got, nil
	}
	if text := refusalText(err); strings.Contains(text, words) {
		return strings.Join(strings.Fields(text)[:2], " ") + ", " + words, nil
	}
	return "", err
}
