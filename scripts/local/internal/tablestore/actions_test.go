package tablestore

import (
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

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
		op, err := s.parse(action, body)
		if err == nil {
			_, err = op.run()
		}
		if _, refused := errors.AsType[*refusal](err); err != nil && !refused {
			t.Error(err)
		}
	})
}

// seeds is a good request of every kind.
func seeds(schema proto.Message) map[string]proto.Message {
	table, data := proto.String("t"), serialised()
	condition := &otsprotocol.Condition{RowExistence: otsprotocol.RowExistenceExpectation_IGNORE.Enum()}
	return map[string]proto.Message{
		"CreateTable":   schema,
		"DescribeTable": &otsprotocol.DescribeTableRequest{TableName: table},
		"ListTable":     &otsprotocol.ListTableRequest{},
		"PutRow":        &otsprotocol.PutRowRequest{TableName: table, Row: data["put"], Condition: condition},
		"UpdateRow":     &otsprotocol.UpdateRowRequest{TableName: table, RowChange: data["update"], Condition: condition},
		"DeleteRow":     &otsprotocol.DeleteRowRequest{TableName: table, PrimaryKey: data["delete"], Condition: condition},
		"GetRow":        &otsprotocol.GetRowRequest{TableName: table, PrimaryKey: data["key"], MaxVersions: proto.Int32(1)},
		"GetRange": &otsprotocol.GetRangeRequest{
			TableName: table, Direction: otsprotocol.Direction_FORWARD.Enum(), MaxVersions: proto.Int32(1),
			InclusiveStartPrimaryKey: data["key"], ExclusiveEndPrimaryKey: data["key"],
		},
		"BatchGetRow": &otsprotocol.BatchGetRowRequest{Tables: []*otsprotocol.TableInBatchGetRowRequest{
			{TableName: table, PrimaryKey: [][]byte{data["key"]}, MaxVersions: proto.Int32(1)},
		}},
		"BatchWriteRow": &otsprotocol.BatchWriteRowRequest{Tables: []*otsprotocol.TableInBatchWriteRowRequest{
			{TableName: table, Rows: []*otsprotocol.RowInBatchWriteRowRequest{
				{Type: otsprotocol.OperationType_PUT.Enum(), RowChange: data["put"], Condition: condition},
			}},
		}},
	}
}
