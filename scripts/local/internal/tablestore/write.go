package tablestore

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
	bolt "go.etcd.io/bbolt"
)

// change is one row's write, as PutRow, UpdateRow, DeleteRow and a line of
// BatchWriteRow all come down to.
type change struct {
	table     string
	operation otsprotocol.OperationType
	row       row
	existence otsprotocol.RowExistenceExpectation
	condition filter
	checked   bool // reads the old row, which costs read capacity
	returnKey bool
}

func parseChange(table string, operation otsprotocol.OperationType, data []byte, condition *otsprotocol.Condition, content *otsprotocol.ReturnContent) (change, error) {
	if err := requireKnown(operation, condition.GetRowExistence()); err != nil {
		return change{}, err
	}
	r, err := decodeRow(data)
	if err != nil {
		return change{}, invalid("%v", err)
	}
	if r.deleted != (operation == otsprotocol.OperationType_DELETE) {
		return change{}, invalid("The delete marker of the row does not fit the operation.")
	}
	if content.GetReturnType() == otsprotocol.ReturnType_RT_AFTER_MODIFY {
		return change{}, invalid("RT_AFTER_MODIFY is not supported by this emulator.")
	}
	passes, err := parseFilter(condition.GetColumnCondition())
	if err != nil {
		return change{}, err
	}
	return change{
		table:     table,
		operation: operation,
		row:       r,
		existence: condition.GetRowExistence(),
		condition: passes,
		checked:   condition.GetRowExistence() != otsprotocol.RowExistenceExpectation_IGNORE || len(condition.GetColumnCondition()) > 0,
		returnKey: content.GetReturnType() == otsprotocol.ReturnType_RT_PK,
	}, nil
}

// requireKnown refuses numbers that the protocol does not name: proto2 hands
// them on.
func requireKnown(operation otsprotocol.OperationType, existence otsprotocol.RowExistenceExpectation) error {
	if _, known := otsprotocol.OperationType_name[int32(operation)]; !known {
		return invalid("Invalid operation type: %d.", operation)
	}
	if _, known := otsprotocol.RowExistenceExpectation_name[int32(existence)]; !known {
		return invalid("Invalid row existence expectation: %d.", existence)
	}
	return nil
}

// apply writes one row in the transaction. It refuses before it changes
// anything: other writes share the transaction.
func (c change) apply(tx *bolt.Tx, now time.Time) error {
	table, rows, err := loadSchema(tx, c.table)
	if err != nil {
		return err
	}
	if err := c.check(&table, now); err != nil {
		return err
	}
	key := encodeKey(c.row.key)
	old, exists, err := table.load(rows, key, now)
	if err != nil {
		return err
	}
	if err := c.requireCondition(old, exists); err != nil {
		return err
	}
	return c.store(rows, key, c.result(&table, old, exists, now))
}

func (c change) check(table *schema, now time.Time) error {
	if err := table.checkKey(c.row.key, false); err != nil {
		return err
	}
	if n := len(c.row.cells); n > maxCells {
		return invalid("The number of attribute columns exceeds the limit, limit count: %d, column count: %d.", maxCells, n)
	}
	if c.operation == otsprotocol.OperationType_UPDATE {
		if !table.AllowUpdate {
			return invalid("Update operation is not allowed in this table (allow_update=false)")
		}
		if len(c.row.cells) == 0 {
			return invalid("Attribute column is missing.")
		}
	}
	for _, cell := range c.row.cells {
		if err := c.checkCell(table, cell, now); err != nil {
			return err
		}
	}
	return nil
}

func (c change) checkCell(table *schema, cell cell, now time.Time) error {
	if !nameForm.MatchString(cell.name) || table.isKey(cell.name) {
		return invalid("Invalid column name: '%s'.", cell.name)
	}
	if err := c.checkOperation(cell); err != nil {
		return err
	}
	if cell.timestamp != nil && cell.operation == 0 {
		drift := *cell.timestamp/1000 - now.Unix()
		if *cell.timestamp < 0 || max(drift, -drift) > table.Drift {
			return invalid("Invalid timestamp")
		}
	}
	return nil
}

func (c change) checkOperation(cell cell) error {
	update := c.operation == otsprotocol.OperationType_UPDATE
	switch cell.operation {
	case 0:
		return checkValue(cell)
	case deleteAllVersions:
		if update && cell.value == nil && cell.timestamp == nil {
			return nil
		}
	case deleteOneVersion:
		if update && cell.value == nil && cell.timestamp != nil {
			return nil
		}
	case increment:
		return invalid("Atomic increment is not supported by this emulator.")
	}
	return invalid("Invalid operation on column: '%s'.", cell.name)
}

func checkValue(cell cell) error {
	if cell.value == nil || cell.value.kind == kindMin || cell.value.kind == kindMax || cell.value.kind == kindAutoIncrement {
		return invalid("Column '%s' has no value.", cell.name)
	}
	if f := cell.value.double(); cell.value.kind == kindDouble && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return invalid("Invalid double value of column '%s'.", cell.name)
	}
	if n := len(cell.value.data); n > maxCellLength {
		return invalid("The length of attribute column: '%s' exceeds the MaxLength:%d with CurrentLength:%d.", cell.name, maxCellLength, n)
	}
	return nil
}

// requireCondition asks for existence first, then for the columns.
func (c change) requireCondition(old row, exists bool) error {
	switch {
	case c.existence == otsprotocol.RowExistenceExpectation_EXPECT_EXIST && !exists,
		c.existence == otsprotocol.RowExistenceExpectation_EXPECT_NOT_EXIST && exists,
		!c.condition(old):
		return conditionFailed()
	}
	return nil
}

// result is the row after the change, nil where there is none.
func (c change) result(table *schema, old row, exists bool, now time.Time) *row {
	switch c.operation {
	case otsprotocol.OperationType_PUT:
		return &row{key: c.row.key, cells: table.tidy(stamped(c.row.cells, now))}
	case otsprotocol.OperationType_UPDATE:
		puts := slices.ContainsFunc(c.row.cells, func(c cell) bool { return c.operation == 0 })
		if !exists && !puts { // deletions alone do not make a row
			return nil
		}
		return &row{key: c.row.key, cells: table.tidy(updated(old.cells, c.row.cells, now))}
	case otsprotocol.OperationType_DELETE:
	}
	return nil
}

func (c change) store(rows *bolt.Bucket, key []byte, result *row) error {
	if result == nil {
		return rows.Delete(key)
	}
	return rows.Put(key, encodeRows(*result))
}

// stamped gives the server's time to every cell that has none.
func stamped(cells []cell, now time.Time) []cell {
	out := slices.Clone(cells)
	for i := range out {
		if out[i].timestamp == nil {
			timestamp := now.UnixMilli()
			out[i].timestamp = &timestamp
		}
	}
	return out
}

// updated applies the cells of an UpdateRow, in order, to those of the row.
func updated(cells, changes []cell, now time.Time) []cell {
	cells = slices.Clone(cells)
	for _, c := range changes {
		if c.operation == 0 {
			cells = append(cells, stamped([]cell{c}, now)[0])
			continue
		}
		cells = slices.DeleteFunc(cells, func(old cell) bool {
			return old.name == c.name && (c.operation == deleteAllVersions || *old.timestamp == *c.timestamp)
		})
	}
	return cells
}

// tidy puts cells in the order in which they are returned, by name and newest
// first; of two cells with one timestamp the later one stays, and of a column's
// versions only as many as the table keeps.
func (s *schema) tidy(cells []cell) []cell {
	slices.Reverse(cells)
	slices.SortStableFunc(cells, func(a, b cell) int {
		if order := strings.Compare(a.name, b.name); order != 0 {
			return order
		}
		return cmp.Compare(*b.timestamp, *a.timestamp)
	})
	cells = slices.CompactFunc(cells, func(a, b cell) bool { return a.name == b.name && *a.timestamp == *b.timestamp })
	return newest(cells, int(s.MaxVersions))
}

// newest keeps the first n versions of each column.
func newest(cells []cell, n int) []cell {
	kept, versions := cells[:0:0], 0
	for i, c := range cells {
		if i == 0 || cells[i-1].name != c.name {
			versions = 0
		}
		if versions++; versions <= n {
			kept = append(kept, c)
		}
	}
	return kept
}

// load reads a row without its expired cells. A row that had cells, all of them
// expired, is absent, also for EXPECT_NOT_EXIST; the documentation is silent.
func (s *schema) load(rows *bolt.Bucket, key []byte, now time.Time) (row, bool, error) {
	stored := rows.Get(key)
	if stored == nil {
		return row{}, false, nil
	}
	return s.readable(stored, now)
}

func (s *schema) readable(stored []byte, now time.Time) (row, bool, error) {
	r, err := decodeRow(stored)
	if err != nil {
		return row{}, false, fmt.Errorf("a stored row of %s: %w", s.Name, err)
	}
	had := len(r.cells)
	r.cells = slices.DeleteFunc(r.cells, func(c cell) bool { return !s.alive(*c.timestamp, now) })
	if had > 0 && len(r.cells) == 0 {
		return row{}, false, nil
	}
	return r, true, nil
}

// consumed is what the write costs: its size in units of 4 KB, and the key's as
// a read where a condition made the server look.
func (c change) consumed() *otsprotocol.ConsumedCapacity {
	read := 0
	if c.checked {
		read = units(row{key: c.row.key}.size())
	}
	return &otsprotocol.ConsumedCapacity{CapacityUnit: capacity(read, units(c.row.size()))}
}

// answer is the row that a write returns, if it was asked for one.
func (c change) answer() []byte {
	if !c.returnKey {
		return nil
	}
	return encodeRows(row{key: c.row.key})
}

func units(bytes int) int { return max(1, (bytes+4095)/4096) }

// size is a row's size as it is billed: names and values.
func (r row) size() int {
	size := 0
	for _, cells := range [][]cell{r.key, r.cells} {
		for _, c := range cells {
			size += len(c.name)
			if c.value != nil {
				size += c.value.size()
			}
		}
	}
	return size
}

func (v value) size() int {
	switch v.kind {
	case kindInteger, kindDouble:
		return 8
	case kindBoolean:
		return 1
	case kindString, kindBinary:
		return len(v.data)
	case kindMin, kindMax, kindAutoIncrement:
	}
	return 0
}

func capacity(read, write int) *otsprotocol.CapacityUnit {
	return &otsprotocol.CapacityUnit{Read: proto.Int32(int32(read)), Write: proto.Int32(int32(write))} //nolint:gosec // at most 5 MB in 4 KB
}
