package tablestore

import (
	"bytes"
	"slices"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	bolt "go.etcd.io/bbolt"
)

// A range stops after this many rows or bytes scanned, whatever its limit.
const (
	scanRows  = 5000
	scanBytes = 4 << 20
)

// selection is which cells of a row a read wants; the four read requests share
// these fields.
type selection struct {
	columns  []string
	versions int // 0: all
	from, to int64
	passes   filter
}

// selecting is what GetRow, GetRange and a table of BatchGetRow have in common.
type selecting interface {
	GetColumnsToGet() []string
	GetTimeRange() *otsprotocol.TimeRange
	GetMaxVersions() int32
	GetFilter() []byte
	GetStartColumn() string
	GetEndColumn() string
}

func parseSelection(req selecting) (selection, error) {
	if req.GetStartColumn() != "" || req.GetEndColumn() != "" {
		return selection{}, invalid("Reading a wide row by parts is not supported by this emulator.")
	}
	if n := len(req.GetColumnsToGet()); n > maxCells {
		return selection{}, invalid("The number of columns to get exceeds the limit, limit count: %d, column count: %d.", maxCells, n)
	}
	s := selection{columns: req.GetColumnsToGet(), versions: int(req.GetMaxVersions()), to: 1<<63 - 1}
	if err := s.setTimes(req.GetTimeRange()); err != nil {
		return selection{}, err
	}
	passes, err := parseFilter(req.GetFilter())
	s.passes = passes
	return s, err
}

func (s *selection) setTimes(times *otsprotocol.TimeRange) error {
	switch {
	case s.versions < 0:
		return invalid("MaxVersions must be greater than 0.")
	case times == nil && s.versions == 0:
		return invalid("No version condition is specified while querying row.")
	case times == nil:
	case times.SpecificTime != nil && s.versions > 0:
		return invalid("Both a specific time and MaxVersions are given.")
	case times.SpecificTime != nil:
		s.from, s.to = times.GetSpecificTime(), times.GetSpecificTime()+1
	default:
		s.from, s.to = times.GetStartTime(), times.GetEndTime()
	}
	return nil
}

// apply gives the part of a row that was asked for. A filter sees the whole row.
// A row of which no wanted column is there is absent; without wanted columns it
// comes back as a bare key.
func (s *selection) apply(r row) (row, bool) {
	if !s.passes(r) {
		return row{}, false
	}
	cells := slices.DeleteFunc(r.cells, func(c cell) bool {
		return *c.timestamp < s.from || *c.timestamp >= s.to || !s.wants(c.name)
	})
	if s.versions > 0 {
		cells = newest(cells, s.versions)
	}
	found := len(s.columns) == 0 || len(cells) > 0 || slices.ContainsFunc(r.key, func(c cell) bool { return s.wants(c.name) })
	return row{key: r.key, cells: cells}, found
}

func (s *selection) wants(column string) bool {
	return len(s.columns) == 0 || slices.Contains(s.columns, column)
}

// get reads one row, an empty buffer where it is absent. What it returns does not alias the
// file, so it may outlive the transaction.
func (s *selection) get(tx *bolt.Tx, table string, key []byte, now time.Time) ([]byte, *otsprotocol.ConsumedCapacity, error) {
	schema, rows, err := loadSchema(tx, table)
	if err != nil {
		return nil, nil, err
	}
	wanted, err := decodeRow(key)
	if err != nil {
		return nil, nil, invalid("%v", err)
	}
	if err := schema.checkKey(wanted.key, false); err != nil {
		return nil, nil, err
	}
	r, exists, err := schema.load(rows, encodeKey(wanted.key), now)
	if err != nil {
		return nil, nil, err
	}
	size := r.size()
	if exists {
		r, exists = s.apply(r)
	}
	if !exists {
		return encodeRows(), readCapacity(size), nil
	}
	return encodeRows(r), readCapacity(size), nil
}

func readCapacity(size int) *otsprotocol.ConsumedCapacity {
	return &otsprotocol.ConsumedCapacity{CapacityUnit: capacity(units(size), 0)}
}

// scan is a GetRange under way.
type scan struct {
	selection
	table    string
	backward bool
	start    row // inclusive
	end      row // exclusive
	limit    int
}

func parseScan(req *otsprotocol.GetRangeRequest) (scan, error) {
	if req.Limit != nil && req.GetLimit() <= 0 {
		return scan{}, invalid("The limit must be greater than 0.")
	}
	if !req.GetReturnEntirePrimaryKeys() {
		return scan{}, invalid("Returning a part of the primary key is not supported by this emulator.")
	}
	chosen, err := parseSelection(req)
	if err != nil {
		return scan{}, err
	}
	start, err := decodeRow(req.GetInclusiveStartPrimaryKey())
	if err != nil {
		return scan{}, invalid("%v", err)
	}
	end, err := decodeRow(req.GetExclusiveEndPrimaryKey())
	if err != nil {
		return scan{}, invalid("%v", err)
	}
	limit := scanRows
	if req.Limit != nil {
		limit = int(req.GetLimit())
	}
	return scan{chosen, req.GetTableName(), req.GetDirection() == otsprotocol.Direction_BACKWARD, start, end, limit}, nil
}

func (s *scan) run(tx *bolt.Tx, now time.Time) (*otsprotocol.GetRangeResponse, error) {
	schema, rows, err := loadSchema(tx, s.table)
	if err != nil {
		return nil, err
	}
	if err := s.check(&schema); err != nil {
		return nil, err
	}
	page, err := s.collect(&schema, rows.Cursor(), now)
	if err != nil {
		return nil, err
	}
	return &otsprotocol.GetRangeResponse{
		Consumed:            readCapacity(page.bytes),
		Rows:                encodeRows(page.rows...),
		NextStartPrimaryKey: page.next,
		DataBlockType:       otsprotocol.DataBlockType_DBT_PLAIN_BUFFER.Enum(),
		CompressType:        otsprotocol.CompressType_CPT_NONE.Enum(),
	}, nil
}

func (s *scan) check(schema *schema) error {
	for _, end := range []row{s.start, s.end} {
		if err := schema.checkKey(end.key, true); err != nil {
			return err
		}
	}
	order := bytes.Compare(encodeKey(s.start.key), encodeKey(s.end.key))
	if !s.backward && order >= 0 {
		return invalid("Begin key must less than end key in FORWARD")
	}
	if s.backward && order <= 0 {
		return invalid("Begin key must more than end key in BACKWARD")
	}
	return nil
}

// page is what one call returns: rows, what was scanned for them, and the key
// from which to go on.
type page struct {
	rows    []row
	scanned int
	bytes   int
	next    []byte
}

func (s *scan) collect(schema *schema, cursor *bolt.Cursor, now time.Time) (page, error) {
	var p page
	for key, stored := s.first(cursor); s.within(key); key, stored = s.step(cursor) {
		if len(p.rows) >= s.limit || p.scanned >= scanRows || p.bytes >= scanBytes {
			return p.continuedAt(stored)
		}
		r, exists, err := schema.readable(stored, now)
		if err != nil {
			return page{}, err
		}
		p.scanned++
		p.bytes += r.size()
		if !exists {
			continue
		}
		if r, exists = s.apply(r); exists {
			p.rows = append(p.rows, r)
		}
	}
	return p, nil
}

func (p page) continuedAt(stored []byte) (page, error) {
	r, err := decodeRow(stored)
	p.next = encodeRows(row{key: r.key})
	return p, err
}

func (s *scan) first(cursor *bolt.Cursor) (key, stored []byte) {
	start := encodeKey(s.start.key)
	key, stored = cursor.Seek(start)
	if !s.backward || bytes.Equal(key, start) {
		return key, stored
	}
	if key == nil { // behind the last row
		return cursor.Last()
	}
	return cursor.Prev()
}

func (s *scan) step(cursor *bolt.Cursor) (key, stored []byte) {
	if s.backward {
		return cursor.Prev()
	}
	return cursor.Next()
}

func (s *scan) within(key []byte) bool {
	if key == nil {
		return false
	}
	order := bytes.Compare(key, encodeKey(s.end.key))
	if s.backward {
		return order > 0
	}
	return order < 0
}
