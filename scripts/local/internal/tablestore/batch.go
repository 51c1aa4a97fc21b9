package tablestore

import (
	"errors"
	"net/http"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
)

// batchTable are the rows of a BatchWriteRow that go to one table.
type batchTable struct {
	name string
	rows []batchRow
}

// batchRow is one of them, before and after it was done. err is why it cannot
// be, or was not.
type batchRow struct {
	change change
	done   outcome
	err    error
}

// batchWriteRow does the rows one by one, and one that is refused leaves the
// others be; or, if the batch is atomic, all of them or none.
func (s *Server) batchWriteRow(req *otsprotocol.BatchWriteRowRequest) (proto.Message, error) {
	if err := checkBatch(req); err != nil {
		return nil, err
	}
	var batch []batchTable
	for _, table := range req.GetTables() {
		parsed, err := parseBatchTable(table)
		if err != nil {
			return nil, err
		}
		batch = append(batch, parsed)
	}
	do := s.writeEach
	if req.GetIsAtomic() {
		do = s.writeAll
	}
	if err := do(batch); err != nil {
		return nil, err
	}
	return answerBatch(batch), nil
}

func checkBatch(req *otsprotocol.BatchWriteRowRequest) error {
	if err := noTransaction(req); err != nil {
		return err
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

// parseBatchTable refuses a row that comes twice and asks a condition: which of
// the two should the condition see?
func parseBatchTable(table *otsprotocol.TableInBatchWriteRowRequest) (batchTable, error) {
	parsed := batchTable{name: table.GetTableName()}
	checked := map[string]bool{} // by key: whether any of its changes asks a condition
	for _, r := range table.GetRows() {
		c, err := parseChange(table.GetTableName(), r.GetType(), r.GetRowChange(), r.GetCondition(), r.GetReturnContent())
		parsed.rows = append(parsed.rows, batchRow{change: c, err: err})
		if err != nil || c.counts() {
			continue
		}
		key := string(encodeKey(c.row.key))
		before, repeated := checked[key]
		checked[key] = before || c.checked
		if repeated && checked[key] {
			return batchTable{}, invalid("Repeated rows do not support row exist expectation check in BatchModify.")
		}
	}
	return parsed, nil
}

// counts says whether the key is still to be completed by the server, and so is
// no other row's.
func (c change) counts() bool {
	for _, cell := range c.row.key {
		if cell.value == nil || cell.value.kind == kindAutoIncrement {
			return true
		}
	}
	return false
}

func (s *Server) writeEach(batch []batchTable) error {
	return s.storage.update(func(t *txn) error {
		for _, table := range batch {
			for i := range table.rows {
				if err := s.writeOne(t, &table.rows[i]); err != nil && !isRefusal(err) {
					return err
				}
			}
		}
		return nil
	})
}

func (s *Server) writeOne(t *txn, r *batchRow) error {
	if r.err == nil {
		r.err = t.try(func(t *txn) (err error) {
			r.done, err = r.change.apply(t, s.now())
			return err
		})
	}
	return r.err
}

// writeAll answers 200 in any case. After a refusal every row says why; which
// code the service gives to the rows that were not to blame is not documented.
func (s *Server) writeAll(batch []batchTable) error {
	err := requireOnePartition(batch)
	if err == nil {
		err = s.storage.update(func(t *txn) error {
			for i := range batch[0].rows {
				if err := s.writeOne(t, &batch[0].rows[i]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err != nil && !isRefusal(err) {
		return err
	}
	for _, table := range batch {
		for i := range table.rows {
			table.rows[i].err = err
		}
	}
	return nil
}

func requireOnePartition(batch []batchTable) error {
	partitions := map[string]bool{}
	for _, table := range batch {
		for _, r := range table.rows {
			if key := r.change.row.key; r.err == nil && len(key) > 0 && key[0].value != nil {
				partitions[string(encodeKey(key[:1]))] = true
			}
		}
	}
	if len(batch) > 1 || len(partitions) > 1 {
		return &refusal{http.StatusBadRequest, "OTSDataOutOfRange", "Data out of scope: an atomic batch writes to one partition key of one table."}
	}
	return nil
}

func isRefusal(err error) bool {
	_, refused := errors.AsType[*refusal](err)
	return refused
}

func answerBatch(batch []batchTable) *otsprotocol.BatchWriteRowResponse {
	resp := new(otsprotocol.BatchWriteRowResponse)
	for _, table := range batch {
		rows := &otsprotocol.TableInBatchWriteRowResponse{TableName: proto.String(table.name)}
		for _, r := range table.rows {
			if r.err != nil {
				rows.Rows = append(rows.Rows, &otsprotocol.RowInBatchWriteRowResponse{IsOk: proto.Bool(false), Error: wireError(r.err)})
				continue
			}
			rows.Rows = append(rows.Rows, &otsprotocol.RowInBatchWriteRowResponse{IsOk: proto.Bool(true), Consumed: r.done.consumed, Row: r.done.row})
		}
		resp.Tables = append(resp.Tables, rows)
	}
	return resp
}
