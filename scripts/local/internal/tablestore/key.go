package tablestore

import (
	"bytes"
	"encoding/binary"
)

// encodeKey writes a primary key so that bytes compare as keys do: INF_MIN below
// every value below INF_MAX, integers by sign, strings and bytes bytewise with a
// prefix first. A key is never read back: the row holds its own.
func encodeKey(key []cell) []byte {
	var b []byte
	for _, c := range key {
		switch c.value.kind { //nolint:exhaustive // schema.check lets no other kind through
		case kindMin:
			b = append(b, 0x00)
		case kindMax:
			b = append(b, 0xFF)
		case kindInteger:
			b = append(b, 0x01)
			b = binary.BigEndian.AppendUint64(b, c.value.bits^(1<<63))
		default:
			b = append(b, 0x01)
			b = append(b, bytes.ReplaceAll(c.value.data, []byte{0}, []byte{0, 0xFF})...)
			b = append(b, 0, 1)
		}
	}
	return b
}
