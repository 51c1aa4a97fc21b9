package tablestore

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
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
	returns   otsprotocol.ReturnType
	columns   []string // that RT_AFTER_MODIFY returns
}

// outcome is what a write that was done is answered with.
type outcome struct {
	consumed *otsprotocol.ConsumedCapacity
	row      []byte // nil: none was asked for
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
	passes, err := parseCondition(condition.GetColumnCondition())
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
		returns:   content.GetReturnType(),
		columns:   content.GetReturnColumnNames(),
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

// apply writes one row in the transaction, or refuses to.
func (c change) apply(t *txn, now time.Time) (outcome, error) {
	table, err := loadSchema(t, c.table)
	if err != nil {
		return outcome{}, err
	}
	if err := c.check(table, now); err != nil {
		return outcome{}, err
	}
	if c.row.key, err = c.countedKey(t, table, now); err != nil {
		return outcome{}, err
	}
	key := encodeKey(c.row.key)
	old, exists, err := table.load(t, key, now)
	if err != nil {
		return outcome{}, err
	}
	if err := c.requireCondition(old, exists); err != nil {
		return outcome{}, err
	}
	cells, err := c.resolved(old, now)
	if err != nil {
		return outcome{}, err
	}
	result := c.result(table, old, exists, cells)
	c.store(t, table, key, result)
	return c.outcome(result), table.Stream.append(t, c, cells, old, now)
}

// countedKey replaces AUTO_INCREMENT by a number that grows within its partition
// key, and never comes again. As in the service it starts at the time.
func (c change) countedKey(t *txn, table *schema, now time.Time) ([]cell, error) {
	at := slices.IndexFunc(table.Key, func(k keyColumn) bool { return k.AutoIncrement })
	if at < 0 || c.operation == otsprotocol.OperationType_DELETE {
		return c.row.key, nil
	}
	counter := string(encodeKey(c.row.key[:1]))
	last := int64(0)
	if stored := t.get(table.counters(), counter); len(stored) == 8 {
		last = int64(binary.BigEndian.Uint64(stored)) //nolint:gosec // as it was put
	}
	key, next := slices.Clone(c.row.key), c.row.key[at].value.integer()
	if c.row.key[at].value.kind == kindAutoIncrement {
		if c.existence != otsprotocol.RowExistenceExpectation_IGNORE {
			return nil, invalid("The row existence expectation must be IGNORE when the primary key column: '%s' is AUTO_INCREMENT.", key[at].name)
		}
		next = max(last+1, now.UnixMicro())
		key[at].value = &value{kind: kindInteger, bits: uint64(next)}
	}
	if next > last {
		t.put(table.counters(), counter, binary.BigEndian.AppendUint64(nil, uint64(next)))
	}
	return key, nil
}

func (c change) check(table *schema, now time.Time) error {
	use := insertKey
	if c.operation == otsprotocol.OperationType_DELETE {
		use = exactKey
	}
	if err := table.checkKey(c.row.key, use); err != nil {
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
	if !validName(cell.name) || table.isKey(cell.name) {
		return invalid("Invalid column name: '%s'.", cell.name)
	}
	if err := c.checkOperation(cell); err != nil {
		return err
	}
	if cell.timestamp == nil {
		return nil
	}
	if *cell.timestamp < 0 || *cell.timestamp >= math.MaxInt64/1000 {
		return invalid("Timestamp must be in range [0, INT64_MAX/1000).")
	}
	seconds := *cell.timestamp / 1000
	if cell.operation == 0 && (seconds < now.Unix()-table.Drift || seconds >= now.Unix()+table.Drift) {
		return invalid("Invalid timestamp")
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
		if cell.value != nil && cell.value.kind != kindInteger {
			return invalid("The increment of column: '%s' must be an integer.", cell.name)
		}
		if update && cell.value != nil && cell.timestamp == nil {
			return nil
		}
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

// resolved are the cells of the change as the table and its stream take them:
// with their times, and the sums in place of the increments.
func (c change) resolved(old row, now time.Time) ([]cell, error) {
	cells := stamped(c.row.cells, now)
	for i, cell := range cells {
		if cell.operation != increment {
			continue
		}
		sum, at, err := incremented(old.cells, cell, *cell.timestamp)
		if err != nil {
			return nil, err
		}
		cells[i].operation, cells[i].value, cells[i].timestamp = 0, &sum, &at
	}
	return cells, nil
}

// incremented adds to the newest version, 0 where there is none. The sum becomes
// the newest, also where that one's time lies ahead of ours.
func incremented(cells []cell, by cell, at int64) (value, int64, error) {
	number := int64(0)
	if i := slices.IndexFunc(cells, func(c cell) bool { return c.name == by.name }); i >= 0 {
		if cells[i].value.kind != kindInteger {
			return value{}, 0, invalid("The column: '%s' is not an integer and can not be incremented.", by.name)
		}
		number, at = cells[i].value.integer(), max(at, *cells[i].timestamp)
	}
	sum := number + by.value.integer()
	if (sum > number) != (by.value.integer() > 0) && by.value.integer() != 0 {
		return value{}, 0, invalid("The increment of column: '%s' overflows.", by.name)
	}
	return value{kind: kindInteger, bits: uint64(sum)}, at, nil //nolint:gosec // two's complement
}

// result is the row after the change, nil where there is none.
func (c change) result(table *schema, old row, exists bool, cells []cell) *row {
	switch c.operation {
	case otsprotocol.OperationType_PUT:
		return &row{key: c.row.key, cells: table.tidy(slices.Clone(cells))}
	case otsprotocol.OperationType_UPDATE:
		puts := slices.ContainsFunc(cells, func(c cell) bool { return c.operation == 0 })
		if !exists && !puts { // deletions alone do not make a row
			return nil
		}
		return &row{key: c.row.key, cells: table.tidy(updated(old.cells, cells))}
	case otsprotocol.OperationType_DELETE:
	}
	return nil
}

func (c change) store(t *txn, table *schema, key []byte, result *row) {
	if result == nil {
		t.delete(table.rows(), string(key))
		return
	}
	t.put(table.rows(), string(key), encodeRows(*result))
}

// stamped gives the server's time to every cell that has none and needs one.
func stamped(cells []cell, now time.Time) []cell {
	out, timestamp := slices.Clone(cells), now.UnixMilli()
	for i := range out {
		if out[i].timestamp == nil && out[i].operation != deleteAllVersions {
			out[i].timestamp = &timestamp
		}
	}
	return out
}

// updated applies the cells of an UpdateRow, in order, to those of the row.
func updated(cells, changes []cell) []cell {
	cells = slices.Clone(cells)
	for _, c := range changes {
		if c.operation == 0 {
			cells = append(cells, c)
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
func (s *schema) load(t *txn, key []byte, now time.Time) (row, bool, error) {
	stored := t.get(s.rows(), string(key))
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

// outcome says what the write costs: its size in units of 4 KB, and the key's as
// a read where a condition made the server look.
func (c change) outcome(result *row) outcome {
	read := 0
	if c.checked {
		read = units(row{key: c.row.key}.size())
	}
	return outcome{&otsprotocol.ConsumedCapacity{CapacityUnit: capacity(read, units(c.row.size()))}, c.answer(result)}
}

// answer is the row that a write returns, if it was asked for one: the key, or
// the named columns as they are now.
func (c change) answer(result *row) []byte {
	switch c.returns {
	case otsprotocol.ReturnType_RT_PK:
		return encodeRows(row{key: c.row.key})
	case otsprotocol.ReturnType_RT_AFTER_MODIFY:
		after := row{key: c.row.key}
		if result != nil {
			named := slices.DeleteFunc(slices.Clone(result.cells), func(cell cell) bool { return !slices.Contains(c.columns, cell.name) })
			after.cells = newest(named, 1)
		}
		return encodeRows(after)
	case otsprotocol.ReturnType_RT_NONE:
	}
	return nil
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
