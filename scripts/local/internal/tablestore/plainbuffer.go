package tablestore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// PlainBuffer is the form in which rows travel inside the protobuf messages:
// tags and little-endian values, a CRC8 after every cell and every row.
const (
	plainHeader = 0x75

	tagKey          = 0x01
	tagCells        = 0x02
	tagCell         = 0x03
	tagName         = 0x04
	tagValue        = 0x05
	tagOperation    = 0x06
	tagTimestamp    = 0x07
	tagDeleted      = 0x08
	tagRowChecksum  = 0x09
	tagCellChecksum = 0x0A

	tagExtension     = 0x0B
	tagSequence      = 0x0C
	tagSequenceEpoch = 0x0D
	tagSequenceTime  = 0x0E
	tagSequenceIndex = 0x0F
)

type kind byte

const (
	kindInteger       kind = 0x0
	kindDouble        kind = 0x1
	kindBoolean       kind = 0x2
	kindString        kind = 0x3
	kindBinary        kind = 0x7
	kindMin           kind = 0x9
	kindMax           kind = 0xA
	kindAutoIncrement kind = 0xB
)

// Operations on a cell in UpdateRow; none of them means put.
const (
	deleteAllVersions = 0x1
	deleteOneVersion  = 0x3
	increment         = 0x4
)

// value is one typed value: bits holds a number, a double or a truth, data a
// string or bytes.
type value struct {
	kind kind
	bits uint64
	data []byte
}

type cell struct {
	name      string
	value     *value // nil in a deletion
	operation byte   // 0: put
	timestamp *int64 // milliseconds; nil: the server's clock
}

type row struct {
	key      []cell
	cells    []cell
	deleted  bool      // DeleteRow's key carries this mark
	sequence *sequence // where a record stands in its stream; only ever written
}

// sequence orders the records of a stream. The epoch is of a partition that has
// moved and the index of a row within one batch: both are 0 here.
type sequence struct{ time int64 } // microseconds

var errPlain = errors.New("the data is not a valid PlainBuffer")

func plainError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errPlain, fmt.Sprintf(format, args...))
}

// decodeRow reads a buffer that holds exactly one row. Strings and bytes alias
// data: nothing is allocated for a length that the buffer only claims to have.
// Zero bytes may follow: the client for Node reserves more than it writes, a byte
// for each INF_MIN, and sends all of it.
func decodeRow(data []byte) (row, error) {
	s := &scanner{rest: data}
	if s.uint32() != plainHeader {
		s.fail("wrong header")
	}
	r := s.row()
	if len(bytes.TrimLeft(s.rest, "\x00")) > 0 {
		s.fail("%d bytes behind the row", len(s.rest))
	}
	return r, s.err
}

// scanner reads from the front of rest; after the first fault it reads zeroes.
type scanner struct {
	rest []byte
	err  error
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = plainError(format, args...)
	}
	s.rest = nil
}

func (s *scanner) take(n uint32) []byte {
	if uint64(n) > uint64(len(s.rest)) {
		s.fail("%d bytes announced, %d left", n, len(s.rest))
		return nil
	}
	taken := s.rest[:n:n]
	s.rest = s.rest[n:]
	return taken
}

func (s *scanner) byte() byte {
	if b := s.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (s *scanner) uint32() uint32 {
	if b := s.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (s *scanner) uint64() uint64 {
	if b := s.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// next takes the tag if it is what comes next.
func (s *scanner) next(tag byte) bool {
	if len(s.rest) == 0 || s.rest[0] != tag {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) expect(tag byte) {
	if !s.next(tag) {
		s.fail("tag 0x%02x expected", tag)
	}
}

func (s *scanner) row() row {
	var r row
	s.expect(tagKey)
	r.key = s.cells()
	if s.next(tagCells) {
		r.cells = s.cells()
	}
	r.deleted = s.next(tagDeleted)
	s.expect(tagRowChecksum)
	if sum := s.byte(); s.err == nil && sum != r.checksum() {
		s.fail("row checksum 0x%02x, computed 0x%02x", sum, r.checksum())
	}
	return r
}

func (s *scanner) cells() []cell {
	var cells []cell
	for s.next(tagCell) {
		cells = append(cells, s.cell())
	}
	return cells
}

func (s *scanner) cell() cell {
	var c cell
	s.expect(tagName)
	c.name = string(s.take(s.uint32()))
	if s.next(tagValue) {
		c.value = s.sizedValue()
	}
	if s.next(tagOperation) {
		c.operation = s.byte()
	}
	if s.next(tagTimestamp) {
		timestamp := int64(s.uint64()) //nolint:gosec // the wire's form of a signed number
		c.timestamp = &timestamp
	}
	s.expect(tagCellChecksum)
	if sum := s.byte(); s.err == nil && sum != c.checksum() {
		s.fail("checksum of cell %q 0x%02x, computed 0x%02x", c.name, sum, c.checksum())
	}
	return c
}

// sizedValue reads a value behind its length; the two must agree.
func (s *scanner) sizedValue() *value {
	announced := s.uint32()
	before := len(s.rest)
	v := s.value()
	if s.err == nil && uint64(announced) != uint64(before-len(s.rest)) { //nolint:gosec // never negative
		s.fail("value of %d bytes announced as %d", before-len(s.rest), announced)
	}
	return &v
}

func (s *scanner) value() value {
	v := value{kind: kind(s.byte())}
	switch v.kind {
	case kindInteger, kindDouble:
		v.bits = s.uint64()
	case kindBoolean:
		v.bits = uint64(s.byte())
		if v.bits > 1 {
			s.fail("boolean of %d", v.bits)
		}
	case kindString, kindBinary:
		v.data = s.take(s.uint32())
	case kindMin, kindMax, kindAutoIncrement:
	default:
		s.fail("unknown type 0x%x", byte(v.kind))
	}
	return v
}

// encodeRows writes a buffer of rows; no rows are an empty buffer, which is how
// the service says that a row is absent. It is never nil: the field is required.
func encodeRows(rows ...row) []byte {
	if len(rows) == 0 {
		return []byte{}
	}
	b := binary.LittleEndian.AppendUint32(nil, plainHeader)
	for _, r := range rows {
		b = r.append(b)
	}
	return b
}

func (r row) append(b []byte) []byte {
	b = append(b, tagKey)
	for _, c := range r.key {
		b = c.append(b)
	}
	if len(r.cells) > 0 {
		b = append(b, tagCells)
		for _, c := range r.cells {
			b = c.append(b)
		}
	}
	if r.deleted {
		b = append(b, tagDeleted)
	}
	if r.sequence != nil {
		b = r.sequence.append(b)
	}
	return append(b, tagRowChecksum, r.checksum())
}

// append writes the extension of a stream record, which no checksum covers.
func (s sequence) append(b []byte) []byte {
	const size = 1 + 4 + 1 + 8 + 1 + 4
	b = binary.LittleEndian.AppendUint32(append(b, tagExtension), 1+4+size)
	b = binary.LittleEndian.AppendUint32(append(b, tagSequence), size)
	b = binary.LittleEndian.AppendUint32(append(b, tagSequenceEpoch), 0)
	b = binary.LittleEndian.AppendUint64(append(b, tagSequenceTime), uint64(s.time)) //nolint:gosec // the wire's form
	return binary.LittleEndian.AppendUint32(append(b, tagSequenceIndex), 0)
}

func (c cell) append(b []byte) []byte {
	b = append(b, tagCell, tagName)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(c.name))) //nolint:gosec // names are short
	b = append(b, c.name...)
	if c.value != nil {
		b = append(b, tagValue)
		b = binary.LittleEndian.AppendUint32(b, uint32(c.value.wireSize())) //nolint:gosec // at most 2 MB
		b = c.value.append(b)
	}
	if c.operation != 0 {
		b = append(b, tagOperation, c.operation)
	}
	if c.timestamp != nil {
		b = append(b, tagTimestamp)
		b = binary.LittleEndian.AppendUint64(b, uint64(*c.timestamp)) //nolint:gosec // the wire's form
	}
	return append(b, tagCellChecksum, c.checksum())
}

// append writes what sizedValue's length covers, and what the checksum hashes.
func (v value) append(b []byte) []byte {
	b = append(b, byte(v.kind))
	switch v.kind {
	case kindInteger, kindDouble:
		b = binary.LittleEndian.AppendUint64(b, v.bits)
	case kindBoolean:
		b = append(b, byte(v.bits)) //nolint:gosec // 0 or 1
	case kindString, kindBinary:
		b = binary.LittleEndian.AppendUint32(b, uint32(len(v.data))) //nolint:gosec // at most 2 MB
		b = append(b, v.data...)
	case kindMin, kindMax, kindAutoIncrement:
	}
	return b
}

func (v value) wireSize() int {
	switch v.kind {
	case kindInteger, kindDouble:
		return 9
	case kindBoolean:
		return 2
	case kindString, kindBinary:
		return 5 + len(v.data)
	case kindMin, kindMax, kindAutoIncrement:
	}
	return 1
}

// integer gives the number of an integer value.
func (v value) integer() int64 { return int64(v.bits) } //nolint:gosec // two's complement

func (v value) double() float64 { return math.Float64frombits(v.bits) }

// checksum hashes name, value, timestamp and operation in this order, although
// the operation is written before the timestamp.
func (c cell) checksum() byte {
	sum := crc8(0, []byte(c.name))
	if c.value != nil {
		sum = c.value.checksum(sum)
	}
	if c.timestamp != nil {
		sum = crc8(sum, binary.LittleEndian.AppendUint64(nil, uint64(*c.timestamp))) //nolint:gosec // the wire's form
	}
	if c.operation != 0 {
		sum = crc8(sum, []byte{c.operation})
	}
	return sum
}

func (v value) checksum(sum byte) byte {
	if v.kind != kindString && v.kind != kindBinary {
		return crc8(sum, v.append(make([]byte, 0, 9)))
	}
	head := binary.LittleEndian.AppendUint32([]byte{byte(v.kind)}, uint32(len(v.data))) //nolint:gosec // at most 2 MB
	return crc8(crc8(sum, head), v.data)
}

func (r row) checksum() byte {
	var sums []byte
	for _, c := range r.key {
		sums = append(sums, c.checksum())
	}
	for _, c := range r.cells {
		sums = append(sums, c.checksum())
	}
	deleted := byte(0)
	if r.deleted {
		deleted = 1
	}
	return crc8(crc8(0, sums), []byte{deleted})
}

// crc8 is CRC-8 with polynomial 0x07, neither reflected nor inverted.
func crc8(sum byte, data []byte) byte {
	for _, b := range data {
		sum = crc8Table[sum^b]
	}
	return sum
}

var crc8Table = makeCRC8Table() //nolint:gochecknoglobals // a constant in all but syntax

func makeCRC8Table() (table [256]byte) {
	for i := range table {
		x := byte(i)
		for range 8 {
			carry := x&0x80 != 0
			x <<= 1
			if carry {
				x ^= 0x07
			}
		}
		table[i] = x
	}
	return table
}
