package tablestore

import (
	"bytes"
	"cmp"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
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
	return map[string][]byte{
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
		if _, err := decodeRow(append(bytes.Clone(data), 0)); !errors.Is(err, errPlain) {
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

func FuzzDecodeRow(f *testing.F) {
	for _, data := range serialised() {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeRow(data)
		if err != nil {
			return
		}
		again, err := decodeRow(encodeRows(r))
		if err != nil || !reflect.DeepEqual(r, again) {
			t.Errorf("%+v is read back as %+v, %v", r, again, err)
		}
	})
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
