package tablestore

import (
	"encoding/binary"
	"maps"
	"slices"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
)

// SimpleRowMatrix is another form of a page of rows, which says each name once
// and no timestamps. A client asks for it by a hint; it fits only where a row
// has one version of each column.
//
// Layout: magic, offset of the data, offset of the options, number of key and of
// other columns (int32 each), names (int16 length), options, rows, checksum.
const (
	matrixMagic = 0x304d5253

	matrixChecksum   = 1
	matrixRow        = 2
	matrixRowCount   = 3
	matrixEntireKeys = 10

	kindNull = 6 // the column is absent in this row
)

// encodePage writes rows in the form that suits the client's hint.
func (s *scan) encodePage(schema *schema, rows []row) ([]byte, otsprotocol.DataBlockType) {
	if s.matrix && s.versions == 1 {
		return encodeMatrix(s.keyNames(schema), s.otherNames(schema, rows), s.wholeKeys, rows), otsprotocol.DataBlockType_DBT_SIMPLE_ROW_MATRIX
	}
	return encodeRows(rows...), otsprotocol.DataBlockType_DBT_PLAIN_BUFFER
}

func (s *scan) keyNames(schema *schema) []string {
	var names []string
	for _, k := range schema.Key {
		if s.returnsKey(k.Name) {
			names = append(names, k.Name)
		}
	}
	return names
}

// otherNames are the columns that the rows have, or that were asked for.
func (s *scan) otherNames(schema *schema, rows []row) []string {
	names := map[string]bool{}
	for _, name := range s.columns {
		if !schema.isKey(name) {
			names[name] = true
		}
	}
	for _, r := range rows {
		for _, c := range r.cells {
			names[c.name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

func encodeMatrix(keys, others []string, wholeKeys bool, rows []row) []byte {
	if len(rows) == 0 {
		return []byte{}
	}
	b := make([]byte, 20)
	for _, name := range slices.Concat(keys, others) {
		b = binary.LittleEndian.AppendUint16(b, uint16(len(name))) //nolint:gosec // at most 255
		b = append(b, name...)
	}
	options := len(b)
	b = append(b, matrixEntireKeys, boolByte(wholeKeys), matrixRowCount)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(rows))) //nolint:gosec // at most 5000
	for i, n := range []int{matrixMagic, len(b), options, len(keys), len(others)} {
		binary.LittleEndian.PutUint32(b[4*i:], uint32(n)) //nolint:gosec // a page is a few megabytes
	}
	for _, r := range rows {
		b = append(b, matrixRow)
		for _, c := range r.key {
			b = c.value.append(b)
		}
		b = appendColumns(b, others, r.cells)
	}
	return append(b, matrixChecksum, crc8(0, b))
}

// appendColumns writes the cells, which are in the order of the names.
func appendColumns(b []byte, names []string, cells []cell) []byte {
	for _, name := range names {
		if len(cells) == 0 || cells[0].name != name {
			b = append(b, kindNull)
			continue
		}
		b = cells[0].value.append(b)
		cells = cells[1:]
	}
	return b
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}
