package tablestore

import (
	"bytes"
	"cmp"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
)

// maxComparisons bounds a condition; the documentation says ten columns.
const maxComparisons = 10

// filter says whether a row passes. Conditions of writes and filters of reads
// have the same form and the same meaning.
type filter func(row) bool

// window is a ColumnPaginationFilter: it lets every row pass, with some of its
// columns.
type window struct{ offset, limit int }

// parseCondition reads the nested protobuf of a condition; no bytes are none.
func parseCondition(data []byte) (filter, error) {
	passes, page, err := parseFilter(data)
	if err == nil && page != nil {
		return nil, invalid("ColumnPaginationFilter is not a condition.")
	}
	return passes, err
}

// parseFilter reads the filter of a read, which may also be a window.
func parseFilter(data []byte) (filter, *window, error) {
	all := func(row) bool { return true }
	if len(data) == 0 {
		return all, nil, nil
	}
	f := new(otsprotocol.Filter)
	if err := proto.Unmarshal(data, f); err != nil {
		return nil, nil, invalid("Failed to parse the Filter: %v", err)
	}
	if f.GetType() == otsprotocol.FilterType_FT_COLUMN_PAGINATION {
		page, err := parseWindow(f.GetFilter())
		return all, page, err
	}
	left := maxComparisons
	passes, err := buildFilter(f, &left)
	return passes, nil, err
}

func parseWindow(data []byte) (*window, error) {
	f := new(otsprotocol.ColumnPaginationFilter)
	if err := proto.Unmarshal(data, f); err != nil {
		return nil, invalid("Failed to parse the ColumnPaginationFilter: %v", err)
	}
	if f.GetOffset() < 0 || f.GetLimit() <= 0 {
		return nil, invalid("The offset of a ColumnPaginationFilter must not be negative, its limit must be greater than 0.")
	}
	return &window{int(f.GetOffset()), int(f.GetLimit())}, nil
}

// cut keeps the columns, with all their versions, that lie in the window.
func (w *window) cut(cells []cell) []cell {
	kept, column := cells[:0:0], -1
	for i, c := range cells {
		if i == 0 || cells[i-1].name != c.name {
			column++
		}
		if column >= w.offset && column-w.offset < w.limit {
			kept = append(kept, c)
		}
	}
	return kept
}

func buildFilter(f *otsprotocol.Filter, left *int) (filter, error) {
	switch f.GetType() {
	case otsprotocol.FilterType_FT_SINGLE_COLUMN_VALUE:
		return parseComparison(f.GetFilter(), left)
	case otsprotocol.FilterType_FT_COMPOSITE_COLUMN_VALUE:
		return parseComposite(f.GetFilter(), left)
	case otsprotocol.FilterType_FT_COLUMN_PAGINATION:
		return nil, invalid("ColumnPaginationFilter can not be part of another filter.")
	}
	return nil, invalid("Invalid filter type: %d.", f.GetType())
}

func parseComparison(data []byte, left *int) (filter, error) {
	f := new(otsprotocol.SingleColumnValueFilter)
	if err := proto.Unmarshal(data, f); err != nil {
		return nil, invalid("Failed to parse the SingleColumnValueFilter: %v", err)
	}
	if *left--; *left < 0 {
		return nil, invalid("The number of conditions exceeds the limit: %d.", maxComparisons)
	}
	if f.ValueTransRule != nil {
		return nil, invalid("ValueTransferRule is not supported by this emulator.")
	}
	s := &scanner{rest: f.GetColumnValue()}
	want := s.value()
	if s.err != nil || len(s.rest) > 0 {
		return nil, invalid("Invalid value of column '%s' in the condition.", f.GetColumnName())
	}
	return func(r row) bool { return passes(r, f, want) }, nil
}

// passes applies one comparison. filter_if_missing is the wire's word: true
// means that a row without the column fails, whatever the documentation says.
func passes(r row, f *otsprotocol.SingleColumnValueFilter, want value) bool {
	values := r.values(f.GetColumnName())
	if len(values) == 0 {
		return !f.GetFilterIfMissing()
	}
	if f.GetLatestVersionOnly() {
		values = values[:1]
	}
	for _, v := range values {
		if holds(v, f.GetComparator(), want) {
			return true
		}
	}
	return false
}

// values gives the values of a column, newest first; key columns count too.
func (r row) values(column string) []value {
	var found []value
	for _, cells := range [][]cell{r.key, r.cells} {
		for _, c := range cells {
			if c.name == column {
				found = append(found, *c.value)
			}
		}
	}
	return found
}

// holds compares two values of one type; those of different types only differ.
func holds(v value, comparator otsprotocol.ComparatorType, want value) bool {
	if v.kind != want.kind {
		return comparator == otsprotocol.ComparatorType_CT_NOT_EQUAL
	}
	order := v.compare(want)
	switch comparator {
	case otsprotocol.ComparatorType_CT_EQUAL:
		return order == 0
	case otsprotocol.ComparatorType_CT_NOT_EQUAL:
		return order != 0
	case otsprotocol.ComparatorType_CT_GREATER_THAN:
		return order > 0
	case otsprotocol.ComparatorType_CT_GREATER_EQUAL:
		return order >= 0
	case otsprotocol.ComparatorType_CT_LESS_THAN:
		return order < 0
	case otsprotocol.ComparatorType_CT_LESS_EQUAL:
		return order <= 0
	}
	return false
}

func (v value) compare(w value) int {
	switch v.kind {
	case kindInteger:
		return cmp.Compare(v.integer(), w.integer())
	case kindDouble:
		return cmp.Compare(v.double(), w.double())
	case kindBoolean:
		return cmp.Compare(v.bits, w.bits)
	case kindString, kindBinary:
		return bytes.Compare(v.data, w.data)
	case kindMin, kindMax, kindAutoIncrement:
	}
	return 0
}

func parseComposite(data []byte, left *int) (filter, error) {
	f := new(otsprotocol.CompositeColumnValueFilter)
	if err := proto.Unmarshal(data, f); err != nil {
		return nil, invalid("Failed to parse the CompositeColumnValueFilter: %v", err)
	}
	parts := make([]filter, len(f.GetSubFilters()))
	for i, sub := range f.GetSubFilters() {
		part, err := buildFilter(sub, left)
		if err != nil {
			return nil, err
		}
		parts[i] = part
	}
	return combine(f.GetCombinator(), parts)
}

func combine(operator otsprotocol.LogicalOperator, parts []filter) (filter, error) {
	switch operator {
	case otsprotocol.LogicalOperator_LO_NOT:
		if len(parts) != 1 {
			return nil, invalid("NOT takes exactly one sub filter, not %d.", len(parts))
		}
		return func(r row) bool { return !parts[0](r) }, nil
	case otsprotocol.LogicalOperator_LO_AND, otsprotocol.LogicalOperator_LO_OR:
		if len(parts) < 2 {
			return nil, invalid("AND and OR take at least two sub filters, not %d.", len(parts))
		}
	default:
		return nil, invalid("Invalid logical operator: %d.", operator)
	}
	stop := operator == otsprotocol.LogicalOperator_LO_OR // the first part of this verdict decides
	return func(r row) bool {
		for _, part := range parts {
			if part(r) == stop {
				return stop
			}
		}
		return !stop
	}, nil
}
