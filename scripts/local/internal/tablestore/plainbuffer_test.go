package tablestore

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tunnel/protocol"
)

func sdkKey() *sdk.PrimaryKey {
	k := new(sdk.PrimaryKey)
	k.AddPrimaryKeyColumn("p", "部署")
	k.AddPrimaryKeyColumn("n", int64(math.MinInt64))
	k.AddPrimaryKeyColumn("b", []byte{0, 0xFF})
	return k
}

// serialised is what the genuine SDK writes for every kind of row.
func serialised() map[string][]byte {
	put := &sdk.PutRowChange{PrimaryKey: sdkKey()}
	put.AddColumn("text", "a\x00b")
	put.AddColumn("empty", "")
	put.AddColumn("int", int64(-1))
	put.AddColumn("double", 2.5)
	put.AddColumn("yes", true)
	put.AddColumnWithTimestamp("raw", []byte{1, 2}, 1234567890123)
	update := &sdk.UpdateRowChange{PrimaryKey: sdkKey()}
	update.PutColumn("a", "b")
	update.DeleteColumn("c")
	update.DeleteColumnWithTimestamp("d", 1234567890123)
	update.IncrementColumn("e", 5)
	bounds := new(sdk.PrimaryKey)
	bounds.AddPrimaryKeyColumnWithMinValue("p")
	bounds.AddPrimaryKeyColumnWithMaxValue("n")
	bounds.AddPrimaryKeyColumnWithAutoIncrement("b")
	least, greatest := new(sdk.PrimaryKey), new(sdk.PrimaryKey)
	for _, name := range []string{"p", "n", "b"} {
		least.AddPrimaryKeyColumnWithMinValue(name)
		greatest.AddPrimaryKeyColumnWithMaxValue(name)
	}
	return map[string][]byte{
		"least": least.Build(false), "greatest": greatest.Build(false),
		"put": put.Serialize(), "update": update.Serialize(),
		"key": sdkKey().Build(false), "delete": sdkKey().Build(true), "bounds": bounds.Build(false),
	}
}

func TestWhatTheSDKWritesIsReadAndWrittenAlike(t *testing.T) {
	for name, data := range serialised() {
		r, err := decodeRow(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again := encodeRows(r); !bytes.Equal(again, data) {
			t.Errorf("%s: wrote\n%x, the SDK\n%x", name, again, data)
		}
	}
}

func TestWhatIsWrittenTheSDKReads(t *testing.T) {
	data := serialised()["put"]
	r, err := decodeRow(data)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := protocol.ReadRowsWithHeader(bytes.NewReader(encodeRows(r, r)))
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	if reread, err := protocol.ReadRowsWithHeader(bytes.NewReader(data)); err != nil || !reflect.DeepEqual(rows[1], reread[0]) {
		t.Errorf("the SDK reads another row than it wrote: %v", err)
	}
}

// TestADamagedRowIsRefused damages every bit, and cuts after every byte. The
// checksums do not cover the lengths: once in a thousand times a damaged length
// makes another row that is whole, and then it must be that row exactly.
func TestADamagedRowIsRefused(t *testing.T) {
	for name, data := range serialised() {
		for i := range data {
			for bit := range 8 {
				damaged := bytes.Clone(data)
				damaged[i] ^= 1 << bit
				r, err := decodeRow(damaged)
				if !errors.Is(err, errPlain) && !bytes.Equal(encodeRows(r), damaged) {
					t.Errorf("%s: byte %d, bit %d: %v", name, i, bit, err)
				}
			}
			if _, err := decodeRow(data[:i]); !errors.Is(err, errPlain) {
				t.Errorf("%s cut after byte %d: %v", name, i, err)
			}
		}
		if _, err := decodeRow(append(bytes.Clone(data), 0, 1)); !errors.Is(err, errPlain) {
			t.Errorf("%s with a byte too many: %v", name, err)
		}
	}
}

func TestAClaimedLengthAllocatesNothing(t *testing.T) {
	claim := []byte{plainHeader, 0, 0, 0, tagKey, tagCell, tagName, 0xFF, 0xFF, 0xFF, 0x7F}
	if n := testing.AllocsPerRun(10, func() { _, _ = decodeRow(claim) }); n > 20 {
		t.Errorf("%v allocations", n)
	}
}

// decodedLimit is what the shortest cells cost, 8 bytes on the wire and 40 in
// memory while their slice doubles, and one refusal with a name in quotes.
func decodedLimit(bytes int) uint64 { return 64<<10 + 32*uint64(bytes) }

func FuzzDecodeRow(f *testing.F) {
	for _, data := range serialised() {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r, err := decodeRow(data)
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > decodedLimit(len(data)) {
			t.Errorf("%d bytes allocate %d", len(data), n)
		}
		if err != nil {
			return
		}
		again, err := decodeRow(encodeRows(r))
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Errorf("%+v is read back as %+v, %v", r, again, err)
		}
	})
}

// FuzzEncodeRow makes a row of any names and values: what we write, the SDK's own
// reader reads as it was, and so do we.
func FuzzEncodeRow(f *testing.F) {
	f.Add("p", "v", "name", []byte{0, 0xFF}, int64(-1), uint64(math.MaxUint64), int64(1234567890123), true)
	f.Fuzz(func(t *testing.T, keyName, text, name string, data []byte, number int64, double uint64, at int64, truth bool) {
		r := row{
			key: []cell{{name: keyName, value: &value{kind: kindString, data: []byte(text)}}},
			cells: []cell{
				{name: name, value: &value{kind: kindBinary, data: append([]byte{}, data...)}, timestamp: &at},
				{name: name, value: &value{kind: kindInteger, bits: uint64(number)}, timestamp: &at},
				{name: name, value: &value{kind: kindDouble, bits: double}, timestamp: &at},
				{name: name, value: &value{kind: kindBoolean, bits: uint64(boolByte(truth))}, timestamp: &at},
				{name: name, operation: deleteOneVersion, timestamp: &at},
			},
		}
		encoded := encodeRows(r)
		if again, err := decodeRow(encoded); err != nil || !bytes.Equal(encodeRows(again), encoded) {
			t.Errorf("%+v is read back as %+v, %v", r, again, err)
		}
		rows, err := protocol.ReadRowsWithHeader(bytes.NewReader(encoded))
		if err != nil || len(rows) != 1 || len(rows[0].Cells) != len(r.cells) {
			t.Fatalf("the SDK reads %+v, %v", rows, err)
		}
		for i, c := range rows[0].Cells {
			want := []any{data, number, math.Float64frombits(double), truth, nil}[i]
			if got := sdkValue(c); string(c.CellName) != name || c.CellTimestamp != at || !same(fmt.Sprint(got), fmt.Sprint(want)) {
				t.Errorf("cell %d: the SDK reads %v, want %v", i, got, want)
			}
		}
	})
}

func sdkValue(c *protocol.PlainBufferCell) any {
	if c.CellValue == nil {
		return nil
	}
	return c.CellValue.Value
}

// TestKeysSortAsValuesDo compares random keys with what the service documents.
func TestKeysSortAsValuesDo(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	kinds := []kind{kindInteger, kindString}
	for range 20000 {
		a, b := randomKey(random, kinds), randomKey(random, kinds)
		want := 0
		for i := range a {
			if want = compareKeyColumns(*a[i].value, *b[i].value); want != 0 {
				break
			}
		}
		if got := bytes.Compare(encodeKey(a), encodeKey(b)); got != want {
			t.Fatalf("%+v, %+v: %d, want %d", a, b, got, want)
		}
	}
}

func randomKey(random *rand.Rand, kinds []kind) []cell {
	var key []cell
	for _, k := range kinds {
		v := &value{kind: k}
		switch random.IntN(8) {
		case 0:
			v.kind = kindMin
		case 1:
			v.kind = kindMax
		default:
			if k == kindInteger {
				v.bits = uint64(random.Int64N(5) - 2)
				break
			}
			v.data = make([]byte, random.IntN(4))
			for i := range v.data {
				v.data[i] = []byte{0, 1, 2, 0xFE, 0xFF}[random.IntN(5)]
			}
		}
		key = append(key, cell{name: "k", value: v})
	}
	return key
}

func compareKeyColumns(a, b value) int {
	rank := func(v value) int {
		if v.kind == kindMin {
			return -1
		}
		if v.kind == kindMax {
			return 1
		}
		return 0
	}
	if rank(a) != rank(b) {
		return cmp.Compare(rank(a), rank(b))
	}
	return a.compare(b)
}
