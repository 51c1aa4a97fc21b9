package tablestore_test

import (
	"fmt"
	"strings"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"
)

// asking reads a/1 as told.
func asking(with func(*world, *sdk.SingleRowQueryCriteria)) func(*world) (string, error) {
	return func(w *world) (string, error) {
		return w.get(key("a", 1), func(q *sdk.SingleRowQueryCriteria) { with(w, q) })
	}
}

func choosing(columns ...string) func(*world) (string, error) {
	return asking(func(_ *world, q *sdk.SingleRowQueryCriteria) { q.ColumnsToGet = columns })
}

// history is three versions of v, the last of them now, and u.
func history(w *world) {
	w.table(versions(5))
	threeVersions(w)
	w.turn(-time.Second)
	w.must(changing(func(c *sdk.UpdateRowChange) { c.PutColumn("u", "new") })(w))
}

// between reads a/1 within a time range of seconds from now.
func between(start, end int, versions int32) func(*world) (string, error) {
	return asking(func(w *world, q *sdk.SingleRowQueryCriteria) {
		q.MaxVersion, q.TimeRange = versions, &sdk.TimeRange{Start: w.at(time.Duration(start) * time.Second), End: w.at(time.Duration(end) * time.Second)}
	})
}

func at(seconds int) func(*world) (string, error) {
	return asking(func(w *world, q *sdk.SingleRowQueryCriteria) {
		q.MaxVersion, q.TimeRange = 0, &sdk.TimeRange{Specific: w.at(time.Duration(seconds) * time.Second)}
	})
}

// numbered names so many columns, of which none is there.
func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("c%d", i)
	}
	return names
}

func getScenarios() []scenario {
	return []scenario{
		{
			name: "a row that is not there", setup: func(w *world) { w.table() }, want: "absent",
			call: a1,
		},
		{
			name: "no table", want: "404 OTSObjectNotExist Requested table does not exist.",
			call: a1,
		},
		{
			name: "chosen columns", setup: withRow, want: `a/1 y="two"`,
			call: choosing("y"),
		},
		{
			name: "chosen columns come sorted by name", setup: withRow, want: `a/1 x=1 y="two"`,
			call: choosing("y", "x", "none"),
		},
		{
			name: "a chosen column that is not there", setup: withRow, want: "absent",
			call: choosing("none"),
		},
		{
			name: "a key column and one that is not there", setup: withRow, want: "a/1",
			call: choosing("n", "none"),
		},
		{
			name: "a key column and one that is there", setup: withRow, want: "a/1 x=1",
			call: choosing("p", "x"),
		},
		{
			name: "a thousand chosen columns", setup: withRow, want: "absent",
			call: choosing(numbered(1024)...),
		},
		{
			name: "too many chosen columns", setup: withRow, want: "400 OTSParameterInvalid …",
			call: choosing(numbered(1025)...),
		},
		{
			name: "the newest version", setup: history, want: `a/1 u="new" v=3`,
			call: a1,
		},
		{
			name: "the newest two of each column, newest first", setup: history, want: `a/1 u="new" v=3 v=2`,
			call: asking(func(_ *world, q *sdk.SingleRowQueryCriteria) { q.MaxVersion = 2 }),
		},
		{
			name: "more versions than there are", setup: history, want: `a/1 u="new" v=3 v=2 v=1`,
			call: a1History,
		},
		{
			name: "a time range is without its end", setup: history, want: "a/1 v=2 v=1",
			call: between(-2, 0, 0),
		},
		{
			name: "a time range is with its start", setup: history, want: `a/1 u="new" v=3 v=2`,
			call: between(-1, 1, 0),
		},
		{
			name: "a time range and versions", setup: history, want: "a/1 v=2",
			call: between(-2, 0, 1),
		},
		{
			name: "a time range of no cell", setup: history, want: "a/1",
			call: between(-60, -50, 0),
		},
		{
			name: "a time range of no cell and a chosen column", setup: history, want: "absent",
			call: asking(func(w *world, q *sdk.SingleRowQueryCriteria) {
				q.ColumnsToGet, q.MaxVersion, q.TimeRange = []string{"v"}, 0, &sdk.TimeRange{Start: w.at(-60 * time.Second), End: w.at(-50 * time.Second)}
			}),
		},
		{
			name: "one time", setup: history, want: "a/1 v=2",
			call: at(-1),
		},
		{
			name: "one time of no cell", setup: history, want: "a/1",
			call: at(-50),
		},
		{
			name: "one time and versions", setup: history, want: "400 OTSParameterInvalid …",
			call: asking(func(w *world, q *sdk.SingleRowQueryCriteria) { q.TimeRange = &sdk.TimeRange{Specific: w.at(0)} }),
		},
		{
			name: "neither time nor versions", setup: history, want: "400 OTSParameterInvalid No version condition is specified while querying row.",
			call: func(w *world) (string, error) {
				return "", w.raw("GetRow", &otsprotocol.GetRowRequest{TableName: proto.String("t"), PrimaryKey: key("a", 1).Build(false)}, new(otsprotocol.GetRowResponse))
			},
		},
		{
			name: "neither time nor versions, by the SDK", setup: history, want: "error: [tablestore] invalid input",
			call: asking(func(_ *world, q *sdk.SingleRowQueryCriteria) { q.MaxVersion = 0 }),
		},
	}
}

func filtering(f sdk.ColumnFilter) func(*world) (string, error) {
	return asking(func(_ *world, q *sdk.SingleRowQueryCriteria) { q.Filter = f })
}

// wideRow is a/1 with the columns c1 to c8.
func wideRow(w *world) {
	w.table()
	columns := map[string]any{}
	for i := range 8 {
		columns[fmt.Sprintf("c%d", i+1)] = int64(i + 1)
	}
	w.must(w.put(put("t", key("a", 1), columns)))
}

func paginated(offset, limit int32, start string) func(*world) (string, error) {
	return asking(func(_ *world, q *sdk.SingleRowQueryCriteria) {
		q.Filter = &sdk.PaginationFilter{Offset: offset, Limit: limit}
		if start != "" {
			q.SetStartColumn(start)
		}
	})
}

func filterScenarios() []scenario {
	const row = `a/1 x=1 y="two"`
	one, two := comparison("x", sdk.CT_EQUAL, int64(1), true), comparison("x", sdk.CT_EQUAL, int64(2), true)
	return []scenario{
		{
			name: "that passes", setup: withRow, want: row,
			call: filtering(one),
		},
		{
			name: "that fails", setup: withRow, want: "absent",
			call: filtering(two),
		},
		{
			name: "and", setup: withRow, want: "absent",
			call: filtering(all(sdk.LO_AND, one, two)),
		},
		{
			name: "or", setup: withRow, want: row,
			call: filtering(all(sdk.LO_OR, two, one)),
		},
		{
			name: "not", setup: withRow, want: row,
			call: filtering(all(sdk.LO_NOT, two)),
		},
		{
			name: "or with not, of three", setup: withRow, want: row,
			call: filtering(all(sdk.LO_OR, two, two, all(sdk.LO_NOT, two))),
		},
		{
			name: "eight of them", setup: withRow, want: row,
			call: filtering(times(8, sdk.LO_AND)),
		},
		{
			name: "on a key column", setup: withRow, want: row,
			call: filtering(comparison("n", sdk.CT_LESS_THAN, int64(2), true)),
		},
		{
			name: "on a key column that fails", setup: withRow, want: "absent",
			call: filtering(comparison("p", sdk.CT_NOT_EQUAL, "a", true)),
		},
		{
			name: "on a missing column that passes", setup: withRow, want: row,
			call: filtering(comparison("none", sdk.CT_EQUAL, "x", false)),
		},
		{
			name: "on a missing column that fails", setup: withRow, want: "absent",
			call: filtering(comparison("none", sdk.CT_EQUAL, "x", true)),
		},
		{
			name: "on the latest version", setup: history, want: "absent",
			call: filtering(comparison("v", sdk.CT_EQUAL, int64(1), true)),
		},
		{
			name: "not of two", setup: withRow, want: "400 OTSParameterInvalid …",
			call: filtering(all(sdk.LO_NOT, one, two)),
		},
		{
			name: "a page of columns", setup: wideRow, want: "a/1 c2=2 c3=3 c4=4",
			call: paginated(1, 3, ""),
		},
		{
			name: "the first page of columns", setup: wideRow, want: "a/1 c1=1 c2=2",
			call: paginated(0, 2, ""),
		},
		{
			name: "the last page of columns", setup: wideRow, want: "a/1 c7=7 c8=8",
			call: paginated(6, 100, ""),
		},
		{
			name: "a page of columns after a start column", setup: wideRow, want: "a/1 c4=4 c5=5 c6=6",
			call: paginated(1, 3, "c3"),
		},
		{
			name: "columns from a start column", setup: wideRow, want: "a/1 c7=7 c8=8",
			call: asking(func(_ *world, q *sdk.SingleRowQueryCriteria) { q.SetStartColumn("c6x") }),
		},
	}
}

// infinite is a key below (-1) or above (1) every other.
func infinite(side int) *sdk.PrimaryKey {
	k := new(sdk.PrimaryKey)
	for _, name := range []string{"p", "n"} {
		if side < 0 {
			k.AddPrimaryKeyColumnWithMinValue(name)
		} else {
			k.AddPrimaryKeyColumnWithMaxValue(name)
		}
	}
	return k
}

// scan reads one page of table t, by default all of it, and says whether there
// is more.
func (w *world) scan(with ...func(*sdk.RangeRowQueryCriteria)) (string, error) {
	criteria := &sdk.RangeRowQueryCriteria{
		TableName: "t", StartPrimaryKey: infinite(-1), EndPrimaryKey: infinite(1), Direction: sdk.FORWARD, MaxVersion: 1,
	}
	for _, change := range with {
		change(criteria)
	}
	resp, err := w.c.GetRange(&sdk.GetRangeRequest{RangeRowQueryCriteria: criteria})
	if err != nil {
		return "", err
	}
	w.spent(resp.ConsumedCapacityUnit)
	var rows []string
	for _, r := range resp.Rows {
		rows = append(rows, rowText(*r.PrimaryKey, r.Columns))
	}
	if resp.NextStartPrimaryKey != nil {
		rows = append(rows, "then "+keyText(*resp.NextStartPrimaryKey))
	}
	if resp.DataBlockType == sdk.SimpleRowMatrix {
		rows = append(rows, "as a matrix")
	}
	return strings.Join(rows, ", "), nil
}

func scanning(with ...func(*sdk.RangeRowQueryCriteria)) func(*world) (string, error) {
	return func(w *world) (string, error) { return w.scan(with...) }
}

func from(k *sdk.PrimaryKey) func(*sdk.RangeRowQueryCriteria) {
	return func(q *sdk.RangeRowQueryCriteria) { q.StartPrimaryKey = k }
}

func until(k *sdk.PrimaryKey) func(*sdk.RangeRowQueryCriteria) {
	return func(q *sdk.RangeRowQueryCriteria) { q.EndPrimaryKey = k }
}

func atMost(rows int32) func(*sdk.RangeRowQueryCriteria) {
	return func(q *sdk.RangeRowQueryCriteria) { q.Limit = rows }
}

// backward turns a range round; its ends are named from the upper one.
func backward(q *sdk.RangeRowQueryCriteria) {
	q.Direction = sdk.BACKWARD
	q.StartPrimaryKey, q.EndPrimaryKey = infinite(1), infinite(-1)
}

// fourRows are a/-1, a/2, ab/0 and b/1, put in no order, without columns.
func fourRows(w *world) {
	w.table()
	for _, k := range []*sdk.PrimaryKey{key("b", 1), key("a", 2), key("ab", 0), key("a", -1)} {
		w.must(w.put(put("t", k, nil)))
	}
}

// single makes a table with one key column and a row for each value.
func single(kind sdk.PrimaryKeyType, values ...any) func(*world) {
	return func(w *world) {
		w.table(keyed(keyColumn("k", kind)))
		for _, v := range values {
			w.must(w.put(put("t", misspelt("k", v), nil)))
		}
	}
}

func wholeOfSingle(q *sdk.RangeRowQueryCriteria) {
	low, high := new(sdk.PrimaryKey), new(sdk.PrimaryKey)
	low.AddPrimaryKeyColumnWithMinValue("k")
	high.AddPrimaryKeyColumnWithMaxValue("k")
	q.StartPrimaryKey, q.EndPrimaryKey = low, high
}

// within is all rows of one partition.
func within(p string) func(*sdk.RangeRowQueryCriteria) {
	return func(q *sdk.RangeRowQueryCriteria) {
		low, high := new(sdk.PrimaryKey), new(sdk.PrimaryKey)
		low.AddPrimaryKeyColumn("p", p)
		low.AddPrimaryKeyColumnWithMinValue("n")
		high.AddPrimaryKeyColumn("p", p)
		high.AddPrimaryKeyColumnWithMaxValue("n")
		q.StartPrimaryKey, q.EndPrimaryKey = low, high
	}
}

// wholeRange says nothing of versions and limits, which the SDK would not.
func wholeRange() *otsprotocol.GetRangeRequest {
	return &otsprotocol.GetRangeRequest{
		TableName: proto.String("t"), Direction: otsprotocol.Direction_FORWARD.Enum(),
		InclusiveStartPrimaryKey: infinite(-1).Build(false), ExclusiveEndPrimaryKey: infinite(1).Build(false),
	}
}

func rangeScenarios() []scenario {
	return append(orderScenarios(), []scenario{
		{
			name: "chosen columns leave out rows without them", want: "a/2 x=1",
			setup: func(w *world) {
				fourRows(w)
				w.must(putting(key("a", 2), "x", int64(1))(w))
			},
			call: scanning(func(q *sdk.RangeRowQueryCriteria) { q.ColumnsToGet = []string{"x"} }),
		},
		{
			name: "chosen key columns leave out nothing", setup: fourRows, want: "a/-1, a/2, ab/0, b/1",
			call: scanning(func(q *sdk.RangeRowQueryCriteria) { q.ColumnsToGet = []string{"x", "n"} }),
		},
		{
			name: "a time range of no cell leaves keys", setup: withRow, want: "a/1",
			call: func(w *world) (string, error) {
				return w.scan(func(q *sdk.RangeRowQueryCriteria) { q.TimeRange = &sdk.TimeRange{Start: w.at(1000), End: w.at(2000)} })
			},
		},
		{
			name: "a time range without versions", setup: history, want: "a/1 v=2 v=1",
			call: func(w *world) (string, error) {
				return w.scan(func(q *sdk.RangeRowQueryCriteria) {
					q.MaxVersion, q.TimeRange = 0, &sdk.TimeRange{Start: w.at(-10 * time.Second), End: w.at(0)}
				})
			},
		},
		{
			name: "one time and versions", setup: withRow, want: "400 OTSParameterInvalid …",
			call: func(w *world) (string, error) {
				return w.scan(func(q *sdk.RangeRowQueryCriteria) { q.TimeRange = &sdk.TimeRange{Specific: w.at(0)} })
			},
		},
		{
			name: "neither time nor versions", setup: withRow, want: "400 OTSParameterInvalid No version condition is specified while querying row.",
			call: func(w *world) (string, error) {
				return "", w.raw("GetRange", wholeRange(), new(otsprotocol.GetRangeResponse))
			},
		},
		{
			name: "a filter on key columns", setup: fourRows, want: "a/2, ab/0",
			call: scanning(func(q *sdk.RangeRowQueryCriteria) {
				q.Filter = all(sdk.LO_AND, comparison("n", sdk.CT_GREATER_EQUAL, int64(0), true), comparison("p", sdk.CT_LESS_THAN, "b", true))
			}),
		},
		{
			name: "a filter on a column", want: "a/2 x=1",
			setup: func(w *world) {
				fourRows(w)
				w.must(putting(key("a", 2), "x", int64(1))(w))
				w.must(putting(key("b", 1), "x", int64(2))(w))
			},
			call: scanning(func(q *sdk.RangeRowQueryCriteria) { q.Filter = comparison("x", sdk.CT_EQUAL, int64(1), true) }),
		},
		{
			name: "versions", setup: history, want: `a/1 u="new" v=3 v=2`,
			call: scanning(func(q *sdk.RangeRowQueryCriteria) { q.MaxVersion = 2 }),
		},
		{
			name: "an expired row", setup: aged(25 * time.Hour), want: "",
			call: scanning(),
		},
		{
			name: "no table", want: "404 OTSObjectNotExist Requested table does not exist.",
			call: scanning(),
		},
		{
			name: "forward from a later key", setup: fourRows, want: "400 OTSParameterInvalid Begin key must less than end key in FORWARD",
			call: scanning(from(key("b", 1)), until(key("a", 2))),
		},
		{
			name: "forward from a key to itself", setup: fourRows, want: "400 OTSParameterInvalid Begin key must less than end key in FORWARD",
			call: scanning(from(key("a", 2)), until(key("a", 2))),
		},
		{
			name: "backward from an earlier key", setup: fourRows, want: "400 OTSParameterInvalid Begin key must more than end key in BACKWARD",
			call: scanning(backward, from(key("a", 2)), until(key("b", 1))),
		},
		{
			name: "backward from a key to itself", setup: fourRows, want: "400 OTSParameterInvalid Begin key must more than end key in BACKWARD",
			call: scanning(backward, from(key("a", 2)), until(key("a", 2))),
		},
		{
			name: "a limit below nothing", setup: fourRows, want: "400 OTSParameterInvalid The limit must be greater than 0.",
			call: scanning(atMost(-1)),
		},
		{
			name: "a limit of nothing", setup: fourRows, want: "400 OTSParameterInvalid The limit must be greater than 0.",
			call: func(w *world) (string, error) {
				request := wholeRange()
				request.MaxVersions, request.Limit = proto.Int32(1), proto.Int32(0)
				return "", w.raw("GetRange", request, new(otsprotocol.GetRangeResponse))
			},
		},
		{
			name: "a matrix", want: `a/1 d=0.5 i=-1 s="x", b/2 b=true r=0x00ff s="y", as a matrix`,
			setup: func(w *world) {
				w.table()
				w.must(w.put(put("t", key("a", 1), map[string]any{"s": "x", "i": int64(-1), "d": 0.5})))
				w.must(w.put(put("t", key("b", 2), map[string]any{"s": "y", "b": true, "r": []byte{0, 255}})))
			},
			call: scanning(func(q *sdk.RangeRowQueryCriteria) {
				q.DataBlockType, q.ColumnsToGet = sdk.SimpleRowMatrix, []string{"p", "n", "b", "d", "i", "r", "s"}
			}),
		},
	}...)
}

func orderScenarios() []scenario {
	return []scenario{
		{
			name: "forward", setup: fourRows, want: "a/-1, a/2, ab/0, b/1",
			call: scanning(),
		},
		{
			name: "backward", setup: fourRows, want: "b/1, ab/0, a/2, a/-1",
			call: scanning(backward),
		},
		{
			name: "of an empty table", setup: func(w *world) { w.table() }, want: "",
			call: scanning(),
		},
		{
			name: "is without its end", setup: fourRows, want: "a/2, ab/0",
			call: scanning(from(key("a", 2)), until(key("b", 1))),
		},
		{
			name: "backward is without its end", setup: fourRows, want: "b/1, ab/0",
			call: scanning(backward, from(key("b", 1)), until(key("a", 2))),
		},
		{
			name: "between rows", setup: fourRows, want: "ab/0",
			call: scanning(from(key("a", 3)), until(key("b", 0))),
		},
		{
			name: "of one partition", setup: fourRows, want: "a/-1, a/2",
			call: scanning(within("a")),
		},
		{
			name: "integers by sign", want: "-9223372036854775808, -1, 0, 1, 9223372036854775807",
			setup: single(sdk.PrimaryKeyType_INTEGER, int64(1), int64(-1), int64(-1<<63), int64(1<<63-1), int64(0)),
			call:  scanning(wholeOfSingle),
		},
		{
			name: "strings bytewise", want: "A, a, a\\x00, aa, b, é",
			setup: single(sdk.PrimaryKeyType_STRING, "b", "é", "a\x00", "A", "aa", "a"),
			call:  scanning(wholeOfSingle),
		},
		{
			name: "bytes bytewise", want: "0x00, 0x0000, 0x00ff, 0x01, 0x7f, 0x80ff, 0xff",
			setup: single(sdk.PrimaryKeyType_BINARY, []byte{0xff}, []byte{0x80, 0xff}, []byte{0}, []byte{0, 0}, []byte{1}, []byte{0, 0xff}, []byte{0x7f}),
			call:  scanning(wholeOfSingle),
		},
	}
}

// manyRows puts n rows a/0, a/1, … with a column x="x".
func manyRows(n int) func(*world) {
	return func(w *world) {
		w.table()
		for first := 0; first < n; first += 200 {
			batch := new(sdk.BatchWriteRowRequest)
			for i := first; i < min(n, first+200); i++ {
				batch.AddRowChange(put("t", key("a", int64(i)), map[string]any{"x": "x"}))
			}
			if _, err := w.c.BatchWriteRow(batch); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// counting gives only the number of rows and where to go on.
func counting(with ...func(*sdk.RangeRowQueryCriteria)) func(*world) (string, error) {
	return func(w *world) (string, error) {
		text, err := w.scan(with...)
		rows, next, _ := strings.Cut(text, "then ")
		return fmt.Sprintf("%d rows, then %s", strings.Count(rows, "a/"), next), err
	}
}

func pagingScenarios() []scenario {
	return []scenario{
		{
			name: "a page, and where the next begins", setup: fourRows, want: "a/-1, a/2, then ab/0",
			call: scanning(atMost(2)),
		},
		{
			name: "a page backward", setup: fourRows, want: "b/1, ab/0, a/2, then a/-1",
			call: scanning(backward, atMost(3)),
		},
		{
			name: "the next page", setup: fourRows, want: "ab/0, b/1",
			call: scanning(atMost(2), from(key("ab", 0))),
		},
		{
			name: "a page of all there is", setup: fourRows, want: "a/-1, a/2, ab/0, b/1",
			call: scanning(atMost(4)),
		},
		{
			name: "at most 5,000 rows", setup: manyRows(5002), want: "5000 rows, then a/5000",
			call: counting(func(q *sdk.RangeRowQueryCriteria) { q.Limit = 6000 }),
		},
		{
			name: "at most 5,000 rows scanned, though none passes", setup: manyRows(5002), want: "0 rows, then a/5000",
			call: counting(func(q *sdk.RangeRowQueryCriteria) { q.Filter = comparison("x", sdk.CT_EQUAL, "none", true) }),
		},
		{
			name: "at most about 4 MB", want: "there is more",
			setup: func(w *world) {
				w.table()
				for i := range int64(6) {
					w.must(w.put(put("t", key("a", i), map[string]any{"x": strings.Repeat("x", 1<<20)})))
				}
			},
			call: func(w *world) (string, error) {
				text, err := counting()(w)
				if n := text[0]; n >= '3' && n <= '5' {
					text = "there is more"
				}
				return text, err
			},
		},
	}
}
