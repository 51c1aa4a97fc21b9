package tablestore

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
)

// A range stops after this many rows or bytes scanned, whatever its limit.
const (
	scanRows  = 5000
	scanBytes = 4 << 20
)

// selection is which cells of a row a read wants; the four read requests share
// these fields.
type selection struct {
	columns    []string
	start, end string // of the columns' names, inclusive and exclusive; "": none
	versions   int    // 0: all
	from, to   int64
	passes     filter
	window     *window // nil: every column
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
	if n := len(req.GetColumnsToGet()); n > maxCells {
		return selection{}, invalid("The number of columns to get exceeds the limit, limit count: %d, column count: %d.", maxCells, n)
	}
	s := selection{
		columns: req.GetColumnsToGet(), start: req.GetStartColumn(), end: req.GetEndColumn(),
		versions: int(req.GetMaxVersions()), to: 1<<63 - 1,
	}
	if err := s.setTimes(req.GetTimeRange()); err != nil {
		return selection{}, err
	}
	passes, window, err := parseFilter(req.GetFilter())
	s.passes, s.window = passes, window
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
		s.from = times.GetStartTime()
		if times.EndTime != nil {
			s.to = times.GetEndTime()
		}
	}
	if s.from < 0 || s.to < s.from {
		return invalid("Invalid time range: [%d, %d).", s.from, s.to)
	}
	return nil
}

// apply gives the part of a row that was asked for, and what reading it costs.
// First columns and times choose cells; a filter sees only those, as the
// documentation says, but of each column all versions. A row of which no wanted
// column is there is absent; without wanted columns it comes back as a bare key.
func (s *selection) apply(r row) (chosen row, bytes int, found bool) {
	cells := slices.DeleteFunc(r.cells, func(c cell) bool {
		return *c.timestamp < s.from || *c.timestamp >= s.to || !s.wants(c.name) || !s.between(c.name)
	})
	chosen = row{key: r.key, cells: cells}
	bytes = chosen.size()
	if !s.passes(chosen) {
		return row{}, bytes, false
	}
	found = len(s.columns) == 0 || len(cells) > 0 || slices.ContainsFunc(r.key, func(c cell) bool { return s.wants(c.name) })
	if s.versions > 0 {
		chosen.cells = newest(chosen.cells, s.versions)
	}
	if s.window != nil {
		chosen.cells = s.window.cut(chosen.cells)
	}
	return chosen, bytes, found
}

func (s *selection) wants(column string) bool {
	return len(s.columns) == 0 || slices.Contains(s.columns, column)
}

func (s *selection) between(column string) bool {
	return strings.Compare(column, s.start) >= 0 && (s.end == "" || strings.Compare(column, s.end) < 0)
}

// get reads one row, an empty buffer where it is absent. What it returns does not
// alias the file, so it may outlive the transaction.
func (s *selection) get(t *txn, table string, key []byte, now time.Time) ([]byte, *otsprotocol.ConsumedCapacity, error) {
	schema, err := loadSchema(t, table)
	if err != nil {
		return nil, nil, err
	}
	wanted, err := decodeRow(key)
	if err != nil {
		return nil, nil, invalid("%v", err)
	}
	if err := schema.checkKey(wanted.key, exactKey); err != nil {
		return nil, nil, err
	}
	r, exists, err := schema.load(t, encodeKey(wanted.key), now)
	if err != nil || !exists {
		return encodeRows(), readCapacity(0), err
	}
	chosen, bytes, found := s.apply(r)
	if !found {
		return encodeRows(), readCapacity(bytes), nil
	}
	return encodeRows(chosen), readCapacity(bytes), nil
}

func readCapacity(size int) *otsprotocol.ConsumedCapacity {
	return &otsprotocol.ConsumedCapacity{CapacityUnit: capacity(units(size), 0)}
}

// scan is a GetRange under way.
type scan struct {
	selection
	table     string
	backward  bool
	start     row // inclusive
	end       row // exclusive
	limit     int
	matrix    bool // the client would like a SimpleRowMatrix
	wholeKeys bool // else only the key columns that were asked for
}

func parseScan(req *otsprotocol.GetRangeRequest) (scan, error) {
	if req.Limit != nil && req.GetLimit() <= 0 {
		return scan{}, invalid("The limit must be greater than 0.")
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
	return scan{
		selection: chosen,
		table:     req.GetTableName(),
		backward:  req.GetDirection() == otsprotocol.Direction_BACKWARD,
		start:     start,
		end:       end,
		limit:     limit,
		matrix:    req.GetDataBlockTypeHint() == otsprotocol.DataBlockType_DBT_SIMPLE_ROW_MATRIX,
		wholeKeys: req.GetReturnEntirePrimaryKeys(),
	}, nil
}

func (s *scan) run(t *txn, now time.Time) (*otsprotocol.GetRangeResponse, error) {
	schema, err := loadSchema(t, s.table)
	if err != nil {
		return nil, err
	}
	if err := s.check(schema); err != nil {
		return nil, err
	}
	page, err := s.collect(t, schema, now)
	if err != nil {
		return nil, err
	}
	rows, form := s.encodePage(schema, page.rows)
	return &otsprotocol.GetRangeResponse{
		Consumed:            readCapacity(page.bytes),
		Rows:                rows,
		NextStartPrimaryKey: page.next,
		DataBlockType:       form.Enum(),
		CompressType:        otsprotocol.CompressType_CPT_NONE.Enum(),
	}, nil
}

func (s *scan) check(schema *schema) error {
	for _, end := range []row{s.start, s.end} {
		if err := schema.checkKey(end.key, rangeKey); err != nil {
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

func (s *scan) collect(t *txn, schema *schema, now time.Time) (page, error) {
	var p page
	start, end := string(encodeKey(s.start.key)), string(encodeKey(s.end.key))
	for key, stored := range t.scan(schema.rows(), start, s.backward) {
		if s.behind(key, end) {
			return p, nil
		}
		if len(p.rows) >= s.limit || p.scanned >= scanRows || p.bytes >= scanBytes {
			return p.continuedAt(stored)
		}
		r, exists, err := schema.readable(stored, now)
		if err != nil {
			return page{}, err
		}
		p.scanned++
		if !exists {
			continue
		}
		r, bytes, found := s.apply(r)
		if p.bytes += bytes; found {
			p.rows = append(p.rows, s.cutKey(r))
		}
	}
	return p, nil
}

// behind says whether a key lies at or beyond the end of the range.
func (s *scan) behind(key, end string) bool {
	if s.backward {
		return key <= end
	}
	return key >= end
}

func (s *scan) cutKey(r row) row {
	r.key = slices.DeleteFunc(r.key, func(c cell) bool { return !s.returnsKey(c.name) })
	return r
}

func (s *scan) returnsKey(column string) bool { return s.wholeKeys || s.wants(column) }

func (p page) continuedAt(stored []byte) (page, error) {
	r, err := decodeRow(stored)
	p.next = encodeRows(row{key: r.key})
	return p, err
}
