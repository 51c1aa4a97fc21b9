package tablestore

import (
	"errors"
	"log/slog"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
)

// FuzzRequest gives any bytes to any action, behind the signature: they are
// answered or refused, and never break the server.
func FuzzRequest(f *testing.F) {
	s, err := Open(Options{
		Path: filepath.Join(f.TempDir(), "tablestore.db"), Instance: "local", Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = s.Close() })
	schema := &otsprotocol.CreateTableRequest{
		TableMeta: &otsprotocol.TableMeta{TableName: proto.String("t"), PrimaryKey: []*otsprotocol.PrimaryKeySchema{
			{Name: proto.String("p"), Type: otsprotocol.PrimaryKeyType_STRING.Enum()},
			{Name: proto.String("n"), Type: otsprotocol.PrimaryKeyType_INTEGER.Enum()},
			{Name: proto.String("b"), Type: otsprotocol.PrimaryKeyType_BINARY.Enum()},
		}},
		ReservedThroughput: &otsprotocol.ReservedThroughput{CapacityUnit: capacity(0, 0)},
		TableOptions:       &otsprotocol.TableOptions{TimeToLive: proto.Int32(-1), MaxVersions: proto.Int32(1)},
	}
	if _, err := s.createTable(schema); err != nil {
		f.Fatal(err)
	}
	for action, message := range seeds(schema) {
		body, err := proto.Marshal(message)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(action, body)
	}
	f.Fuzz(func(t *testing.T, action string, body []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		op, err := s.parse(action, body)
		if err == nil {
			_, err = op.run()
		}
		runtime.ReadMemStats(&after)
		if _, refused := errors.AsType[*refusal](err); err != nil && !refused {
			t.Error(err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > allocationLimit(len(body)) {
			t.Errorf("%s of %d bytes allocates %d", action, len(body), n)
		}
	})
}

// allocationLimit lets a request cost memory in proportion to its bytes, never
// to a number that it only claims, beside what an answer, a record of the journal
// and a move into the file take.
func allocationLimit(bytes int) uint64 { return 8<<20 + 256*uint64(bytes) }

// seeds is a good request of every kind.
func seeds(schema proto.Message) map[string]proto.Message {
	table, data := proto.String("t"), serialised()
	condition := &otsprotocol.Condition{RowExistence: otsprotocol.RowExistenceExpectation_IGNORE.Enum()}
	streamed := &otsprotocol.StreamSpecification{EnableStream: proto.Bool(true), ExpirationTime: proto.Int32(24)}
	return map[string]proto.Message{
		"CreateTable":      schema,
		"UpdateTable":      &otsprotocol.UpdateTableRequest{TableName: table, StreamSpec: streamed, TableOptions: &otsprotocol.TableOptions{MaxVersions: proto.Int32(2)}},
		"DeleteTable":      &otsprotocol.DeleteTableRequest{TableName: proto.String("u")},
		"ListStream":       &otsprotocol.ListStreamRequest{TableName: table},
		"DescribeStream":   &otsprotocol.DescribeStreamRequest{StreamId: proto.String("t_0"), ShardLimit: proto.Int32(1)},
		"GetShardIterator": &otsprotocol.GetShardIteratorRequest{StreamId: proto.String("t_0"), ShardId: proto.String("t_0_0")},
		"GetStreamRecord":  &otsprotocol.GetStreamRecordRequest{ShardIterator: proto.String("t_0_0/0"), Limit: proto.Int32(1)},
		"DescribeTable":    &otsprotocol.DescribeTableRequest{TableName: table},
		"ListTable":        &otsprotocol.ListTableRequest{},
		"PutRow":           &otsprotocol.PutRowRequest{TableName: table, Row: data["put"], Condition: condition},
		"UpdateRow":        &otsprotocol.UpdateRowRequest{TableName: table, RowChange: data["update"], Condition: condition},
		"DeleteRow":        &otsprotocol.DeleteRowRequest{TableName: table, PrimaryKey: data["delete"], Condition: condition},
		"GetRow":           &otsprotocol.GetRowRequest{TableName: table, PrimaryKey: data["key"], MaxVersions: proto.Int32(1)},
		"GetRange": &otsprotocol.GetRangeRequest{
			TableName: table, Direction: otsprotocol.Direction_FORWARD.Enum(), MaxVersions: proto.Int32(1),
			InclusiveStartPrimaryKey: data["least"], ExclusiveEndPrimaryKey: data["greatest"], Filter: serialisedFilter(),
			DataBlockTypeHint: otsprotocol.DataBlockType_DBT_SIMPLE_ROW_MATRIX.Enum(),
		},
		"BatchGetRow": &otsprotocol.BatchGetRowRequest{Tables: []*otsprotocol.TableInBatchGetRowRequest{
			{TableName: table, PrimaryKey: [][]byte{data["key"]}, MaxVersions: proto.Int32(1)},
		}},
		"BatchWriteRow": &otsprotocol.BatchWriteRowRequest{Tables: []*otsprotocol.TableInBatchWriteRowRequest{
			{TableName: table, Rows: []*otsprotocol.RowInBatchWriteRowRequest{
				{Type: otsprotocol.OperationType_UPDATE.Enum(), RowChange: data["update"], Condition: condition, ReturnContent: &otsprotocol.ReturnContent{
					ReturnType: otsprotocol.ReturnType_RT_AFTER_MODIFY.Enum(), ReturnColumnNames: []string{"e"},
				}},
				{Type: otsprotocol.OperationType_PUT.Enum(), RowChange: data["put"], Condition: condition},
			}},
		}, IsAtomic: proto.Bool(true)},
	}
}

func serialisedFilter() []byte {
	all := sdk.NewCompositeColumnCondition(sdk.LO_AND)
	all.AddFilter(sdk.NewSingleColumnCondition("text", sdk.CT_NOT_EQUAL, "x"))
	all.AddFilter(sdk.NewSingleColumnCondition("int", sdk.CT_LESS_THAN, int64(7)))
	return all.Serialize()
}
