package tablestore

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
	bolt "go.etcd.io/bbolt"
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
	table, err := parseSchema(req)
	if err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(table)
	if err != nil {
		return nil, err
	}
	name := []byte(table.Name)
	return new(otsprotocol.CreateTableResponse), s.storage.update(func(tx *bolt.Tx) error {
		schemas := tx.Bucket(schemaBucket())
		if schemas.Get(name) != nil {
			return &refusal{http.StatusConflict, "OTSObjectAlreadyExist", "Requested table already exists."}
		}
		if schemas.Stats().KeyN >= maxTables {
			return &refusal{http.StatusForbidden, "OTSQuotaExhausted", "Number of tables exceeds the quota:64."}
		}
		if _, err := tx.CreateBucket(rowBucket(table.Name)); err != nil {
			return err
		}
		return schemas.Put(name, encoded)
	})
}

func (s *Server) listTable(*otsprotocol.ListTableRequest) (proto.Message, error) {
	resp := new(otsprotocol.ListTableResponse)
	return resp, s.storage.view(func(tx *bolt.Tx) error {
		return tx.Bucket(schemaBucket()).ForEach(func(name, _ []byte) error {
			resp.TableNames = append(resp.TableNames, string(name))
			return nil
		})
	})
}

func (s *Server) describeTable(req *otsprotocol.DescribeTableRequest) (proto.Message, error) {
	var table schema
	err := s.storage.view(func(tx *bolt.Tx) error {
		loaded, _, err := loadSchema(tx, req.GetTableName())
		table = loaded
		return err
	})
	return table.describe(), err
}

func (s *Server) deleteTable(req *otsprotocol.DeleteTableRequest) (proto.Message, error) {
	return new(otsprotocol.DeleteTableResponse), s.storage.update(func(tx *bolt.Tx) error {
		if _, _, err := loadSchema(tx, req.GetTableName()); err != nil {
			return err
		}
		if err := tx.DeleteBucket(rowBucket(req.GetTableName())); err != nil {
			return err
		}
		return tx.Bucket(schemaBucket()).Delete([]byte(req.GetTableName()))
	})
}

// noTransaction refuses the field that every row operation may carry.
func noTransaction(req interface{ GetTransactionId() string }) error {
	if req.GetTransactionId() == "" {
		return nil
	}
	return invalid("Local transactions are not supported by this emulator.")
}

func (s *Server) writeRow(c change) error {
	return s.storage.update(func(tx *bolt.Tx) error { return c.apply(tx, s.now()) })
}

func (s *Server) putRow(req *otsprotocol.PutRowRequest) (proto.Message, error) {
	c, err := parseChange(req.GetTableName(), otsprotocol.OperationType_PUT, req.GetRow(), req.GetCondition(), req.GetReturnContent())
	if err = errors.Join(noTransaction(req), err); err != nil {
		return nil, err
	}
	return &otsprotocol.PutRowResponse{Consumed: c.consumed(), Row: c.answer()}, s.writeRow(c)
}

func (s *Server) updateRow(req *otsprotocol.UpdateRowRequest) (proto.Message, error) {
	c, err := parseChange(req.GetTableName(), otsprotocol.OperationType_UPDATE, req.GetRowChange(), req.GetCondition(), req.GetReturnContent())
	if err = errors.Join(noTransaction(req), err); err != nil {
		return nil, err
	}
	return &otsprotocol.UpdateRowResponse{Consumed: c.consumed(), Row: c.answer()}, s.writeRow(c)
}

func (s *Server) deleteRow(req *otsprotocol.DeleteRowRequest) (proto.Message, error) {
	c, err := parseChange(req.GetTableName(), otsprotocol.OperationType_DELETE, req.GetPrimaryKey(), req.GetCondition(), req.GetReturnContent())
	if err = errors.Join(noTransaction(req), err); err != nil {
		return nil, err
	}
	return &otsprotocol.DeleteRowResponse{Consumed: c.consumed(), Row: c.answer()}, s.writeRow(c)
}

func (s *Server) getRow(req *otsprotocol.GetRowRequest) (proto.Message, error) {
	chosen, err := parseSelection(req)
	if err = errors.Join(noTransaction(req), err); err != nil {
		return nil, err
	}
	resp := new(otsprotocol.GetRowResponse)
	return resp, s.storage.view(func(tx *bolt.Tx) (err error) {
		resp.Row, resp.Consumed, err = chosen.get(tx, req.GetTableName(), req.GetPrimaryKey(), s.now())
		return err
	})
}

func (s *Server) getRange(req *otsprotocol.GetRangeRequest) (resp proto.Message, err error) {
	wanted, err := parseScan(req)
	if err = errors.Join(noTransaction(req), err); err != nil {
		return nil, err
	}
	err = s.storage.view(func(tx *bolt.Tx) (err error) {
		resp, err = wanted.run(tx, s.now())
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
	return resp, s.storage.view(func(tx *bolt.Tx) error {
		for _, table := range req.GetTables() {
			rows, err := s.getRows(tx, table)
			if err != nil {
				return err
			}
			resp.Tables = append(resp.Tables, &otsprotocol.TableInBatchGetRowResponse{TableName: table.TableName, Rows: rows})
		}
		return nil
	})
}

func (s *Server) getRows(tx *bolt.Tx, table *otsprotocol.TableInBatchGetRowRequest) ([]*otsprotocol.RowInBatchGetRowResponse, error) {
	chosen, err := parseSelection(table)
	if err != nil {
		return nil, err
	}
	var rows []*otsprotocol.RowInBatchGetRowResponse
	for _, key := range table.GetPrimaryKey() {
		r := &otsprotocol.RowInBatchGetRowResponse{IsOk: proto.Bool(true)}
		r.Row, r.Consumed, err = chosen.get(tx, table.GetTableName(), key, s.now())
		if err != nil {
			r = &otsprotocol.RowInBatchGetRowResponse{IsOk: proto.Bool(false), Error: wireError(err)}
		}
		rows = append(rows, r)
	}
	return rows, nil
}

func (s *Server) batchWriteRow(req *otsprotocol.BatchWriteRowRequest) (proto.Message, error) {
	if err := checkBatch(req); err != nil {
		return nil, err
	}
	var resp *otsprotocol.BatchWriteRowResponse
	err := s.storage.update(func(tx *bolt.Tx) error {
		resp = new(otsprotocol.BatchWriteRowResponse)
		for _, table := range req.GetTables() {
			rows, err := s.writeRows(tx, table)
			if err != nil {
				return err
			}
			resp.Tables = append(resp.Tables, &otsprotocol.TableInBatchWriteRowResponse{TableName: table.TableName, Rows: rows})
		}
		return nil
	})
	return resp, err
}

func checkBatch(req *otsprotocol.BatchWriteRowRequest) error {
	if err := noTransaction(req); err != nil {
		return err
	}
	if req.GetIsAtomic() {
		return invalid("Atomic batches are not supported by this emulator.")
	}
	rows, size := 0, 0
	for _, table := range req.GetTables() {
		if len(table.GetRows()) == 0 {
			return invalid("No operation is specified for table: '%s'.", table.GetTableName())
		}
		for _, r := range table.GetRows() {
			rows++
			size += len(r.GetRowChange())
		}
	}
	switch {
	case rows == 0:
		return invalid("No row is specified in BatchWriteRow.")
	case rows > maxBatchWrite:
		return invalid("Rows count exceeds the upper limit: %d.", maxBatchWrite)
	case size > maxBatchBytes:
		return invalid("The total data size of BatchWriteRow request exceeds the limit, limit size: %d, data size: %d.", maxBatchBytes, size)
	}
	return nil
}

// writeRows applies the rows of one table; a refused row leaves the others be.
func (s *Server) writeRows(tx *bolt.Tx, table *otsprotocol.TableInBatchWriteRowRequest) ([]*otsprotocol.RowInBatchWriteRowResponse, error) {
	var rows []*otsprotocol.RowInBatchWriteRowResponse
	for _, r := range table.GetRows() {
		c, err := parseChange(table.GetTableName(), r.GetType(), r.GetRowChange(), r.GetCondition(), r.GetReturnContent())
		if err == nil {
			err = c.apply(tx, s.now())
		}
		if _, refused := errors.AsType[*refusal](err); err != nil && !refused {
			return nil, err
		}
		if err != nil {
			rows = append(rows, &otsprotocol.RowInBatchWriteRowResponse{IsOk: proto.Bool(false), Error: wireError(err)})
			continue
		}
		rows = append(rows, &otsprotocol.RowInBatchWriteRowResponse{IsOk: proto.Bool(true), Consumed: c.consumed(), Row: c.answer()})
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
