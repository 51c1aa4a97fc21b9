package tablestore

import (
	"errors"
	"net/http"
	"strings"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
)

const (
	maxBatchWrite = 200
	maxBatchRead  = 100
	maxBatchBytes = 4 << 20
)

// operation is a request, decoded and ready to run.
type operation struct {
	tables []string // which it names, for the faults
	run    func() (proto.Message, error)
}

// parse decodes the request of an action. What is not in this list the server
// does not do, and says so.
func (s *Server) parse(action string, body []byte) (operation, error) {
	switch action {
	case "CreateTable":
		return decode(body, new(otsprotocol.CreateTableRequest), s.createTable)
	case "ListTable":
		return decode(body, new(otsprotocol.ListTableRequest), s.listTable)
	case "DescribeTable":
		return decode(body, new(otsprotocol.DescribeTableRequest), s.describeTable)
	case "UpdateTable":
		return decode(body, new(otsprotocol.UpdateTableRequest), s.updateTable)
	case "DeleteTable":
		return decode(body, new(otsprotocol.DeleteTableRequest), s.deleteTable)
	case "PutRow":
		return decode(body, new(otsprotocol.PutRowRequest), s.putRow)
	case "UpdateRow":
		return decode(body, new(otsprotocol.UpdateRowRequest), s.updateRow)
	case "DeleteRow":
		return decode(body, new(otsprotocol.DeleteRowRequest), s.deleteRow)
	case "GetRow":
		return decode(body, new(otsprotocol.GetRowRequest), s.getRow)
	case "GetRange":
		return decode(body, new(otsprotocol.GetRangeRequest), s.getRange)
	case "BatchGetRow":
		return decode(body, new(otsprotocol.BatchGetRowRequest), s.batchGetRow)
	case "BatchWriteRow":
		return decode(body, new(otsprotocol.BatchWriteRowRequest), s.batchWriteRow)
	}
	return s.parseStream(action, body)
}

func (s *Server) parseStream(action string, body []byte) (operation, error) {
	switch action {
	case "ListStream":
		return decode(body, new(otsprotocol.ListStreamRequest), s.listStream)
	case "DescribeStream":
		return decode(body, new(otsprotocol.DescribeStreamRequest), s.describeStream)
	case "GetShardIterator":
		return decode(body, new(otsprotocol.GetShardIteratorRequest), s.getShardIterator)
	case "GetStreamRecord":
		return decode(body, new(otsprotocol.GetStreamRecordRequest), s.getStreamRecord)
	}
	return operation{}, unsupported(action)
}

func decode[Q proto.Message](body []byte, req Q, run func(Q) (proto.Message, error)) (operation, error) {
	if err := proto.Unmarshal(body, req); err != nil {
		return operation{}, invalid("Failed to parse the ProtoBuf message: %v", err)
	}
	return operation{tablesOf(req), func() (proto.Message, error) { return run(req) }}, nil
}

func tablesOf(req proto.Message) []string {
	var tables []string
	switch req := req.(type) {
	case interface{ GetTableName() string }:
		tables = append(tables, req.GetTableName())
	case *otsprotocol.CreateTableRequest:
		tables = append(tables, req.GetTableMeta().GetTableName())
	case *otsprotocol.BatchWriteRowRequest:
		for _, table := range req.GetTables() {
			tables = append(tables, table.GetTableName())
		}
	case *otsprotocol.BatchGetRowRequest:
		for _, table := range req.GetTables() {
			tables = append(tables, table.GetTableName())
		}
	}
	return tables
}

func (s *Server) createTable(req *otsprotocol.CreateTableRequest) (proto.Message, error) {
	table, err := parseSchema(req, s.now())
	if err != nil {
		return nil, err
	}
	err = s.storage.update(func(t *txn) error {
		if t.get(spaceSchemas, table.Name) != nil {
			return &refusal{http.StatusConflict, "OTSObjectAlreadyExist", "Requested table already exists."}
		}
		count := 0
		for range t.scan(spaceSchemas, "", false) {
			count++
		}
		if count >= maxTables {
			return &refusal{http.StatusForbidden, "OTSQuotaExhausted", "Number of tables exceeds the quota:64."}
		}
		return table.store(t)
	})
	if err == nil {
		s.faults.created(table.Name)
	}
	return new(otsprotocol.CreateTableResponse), err
}

func (s *Server) listTable(*otsprotocol.ListTableRequest) (proto.Message, error) {
	resp := new(otsprotocol.ListTableResponse)
	return resp, s.storage.view(func(t *txn) error {
		for name := range t.scan(spaceSchemas, "", false) {
			resp.TableNames = append(resp.TableNames, name)
		}
		return nil
	})
}

func (s *Server) describeTable(req *otsprotocol.DescribeTableRequest) (resp proto.Message, err error) {
	err = s.storage.view(func(t *txn) error {
		table, err := loadSchema(t, req.GetTableName())
		if err != nil {
			return err
		}
		resp = table.describe()
		return nil
	})
	return resp, err
}

func (s *Server) updateTable(req *otsprotocol.UpdateTableRequest) (resp proto.Message, err error) {
	err = s.storage.update(func(t *txn) error {
		before, err := loadSchema(t, req.GetTableName())
		if err != nil {
			return err
		}
		after := *before
		if err := after.update(req, s.now()); err != nil {
			return err
		}
		if before.Stream.Enabled && !after.Stream.Enabled {
			t.drop(before.Stream.space())
		}
		resp = after.describeUpdate()
		return after.store(t)
	})
	return resp, err
}

func (s *Server) deleteTable(req *otsprotocol.DeleteTableRequest) (proto.Message, error) {
	return new(otsprotocol.DeleteTableResponse), s.storage.update(func(t *txn) error {
		table, err := loadSchema(t, req.GetTableName())
		if err != nil {
			return err
		}
		for _, space := range table.spaces() {
			t.drop(space)
		}
		t.delete(spaceSchemas, table.Name)
		return nil
	})
}

// noTransaction refuses the field that every row operation may carry.
func noTransaction(req interface{ GetTransactionId() string }) error {
	if req.GetTransactionId() == "" {
		return nil
	}
	return invalid("Local transactions are not supported by this emulator.")
}

// write parses and does one row's change.
func (s *Server) write(req interface {
	GetTableName() string
	GetTransactionId() string
	GetCondition() *otsprotocol.Condition
	GetReturnContent() *otsprotocol.ReturnContent
}, operation otsprotocol.OperationType, data []byte,
) (done outcome, err error) {
	c, err := parseChange(req.GetTableName(), operation, data, req.GetCondition(), req.GetReturnContent())
	if err = errors.Join(noTransaction(req), err); err != nil {
		return outcome{}, err
	}
	err = s.storage.update(func(t *txn) error {
		done, err = c.apply(t, s.now())
		return err
	})
	return done, err
}

func (s *Server) putRow(req *otsprotocol.PutRowRequest) (proto.Message, error) {
	done, err := s.write(req, otsprotocol.OperationType_PUT, req.GetRow())
	return &otsprotocol.PutRowResponse{Consumed: done.consumed, Row: done.row}, err
}

func (s *Server) updateRow(req *otsprotocol.UpdateRowRequest) (proto.Message, error) {
	done, err := s.write(req, otsprotocol.OperationType_UPDATE, req.GetRowChange())
	return &otsprotocol.UpdateRowResponse{Consumed: done.consumed, Row: done.row}, err
}

func (s *Server) deleteRow(req *otsprotocol.DeleteRowRequest) (proto.Message, error) {
	done, err := s.write(req, otsprotocol.OperationType_DELETE, req.GetPrimaryKey())
	return &otsprotocol.DeleteRowResponse{Consumed: done.consumed, Row: done.row}, err
}

func (s *Server) getRow(req *otsprotocol.GetRowRequest) (proto.Message, error) {
	chosen, err := parseSelection(req)
	if err = errors.Join(noTransaction(req), err); err != nil {
		return nil, err
	}
	resp := new(otsprotocol.GetRowResponse)
	return resp, s.storage.view(func(t *txn) (err error) {
		resp.Row, resp.Consumed, err = chosen.get(t, req.GetTableName(), req.GetPrimaryKey(), s.now())
		return err
	})
}

func (s *Server) getRange(req *otsprotocol.GetRangeRequest) (resp proto.Message, err error) {
	wanted, err := parseScan(req)
	if err = errors.Join(noTransaction(req), err); err != nil {
		return nil, err
	}
	err = s.storage.view(func(t *txn) (err error) {
		resp, err = wanted.run(t, s.now())
		return err
	})
	return resp, err
}

// batchGetRow answers per row: one that cannot be read does not spoil the rest.
func (s *Server) batchGetRow(req *otsprotocol.BatchGetRowRequest) (proto.Message, error) {
	count := 0
	for _, table := range req.GetTables() {
		count += len(table.GetPrimaryKey())
	}
	if count == 0 {
		return nil, invalid("No row specified in the request of BatchGetRow.")
	}
	if count > maxBatchRead {
		return nil, invalid("Rows count exceeds the upper limit: %d.", maxBatchRead)
	}
	resp := new(otsprotocol.BatchGetRowResponse)
	return resp, s.storage.view(func(t *txn) error {
		for _, table := range req.GetTables() {
			rows, err := s.getRows(t, table)
			if err != nil {
				return err
			}
			resp.Tables = append(resp.Tables, &otsprotocol.TableInBatchGetRowResponse{TableName: table.TableName, Rows: rows})
		}
		return nil
	})
}

func (s *Server) getRows(t *txn, table *otsprotocol.TableInBatchGetRowRequest) ([]*otsprotocol.RowInBatchGetRowResponse, error) {
	chosen, err := parseSelection(table)
	if err != nil {
		return nil, err
	}
	var rows []*otsprotocol.RowInBatchGetRowResponse
	for _, key := range table.GetPrimaryKey() {
		r := &otsprotocol.RowInBatchGetRowResponse{IsOk: proto.Bool(true)}
		r.Row, r.Consumed, err = chosen.get(t, table.GetTableName(), key, s.now())
		if err != nil {
			r = &otsprotocol.RowInBatchGetRowResponse{IsOk: proto.Bool(false), Error: wireError(err)}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// wireError is an error as the protocol writes it; what is no refusal of ours is
// told to nobody but the log.
func wireError(err error) *otsprotocol.Error {
	r := asRefusal(err)
	return &otsprotocol.Error{Code: proto.String(r.code), Message: proto.String(r.message)}
}

func asRefusal(err error) *refusal {
	if r, ok := errors.AsType[*refusal](err); ok {
		return r
	}
	return &refusal{http.StatusInternalServerError, "OTSInternalServerError", "Internal server error."}
}

func actionOf(path string) string { return strings.TrimPrefix(path, "/") }
