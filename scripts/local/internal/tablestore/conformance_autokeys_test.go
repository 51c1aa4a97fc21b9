package tablestore_test

import (
	"fmt"
	"strings"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

// autoTable is table t whose key column n the server fills.
func autoTable(w *world) {
	w.table(keyed(keyColumn("p", sdk.PrimaryKeyType_STRING), keyColumn("n", sdk.PrimaryKeyType_INTEGER, sdk.AUTO_INCREMENT)))
}

// next is the key of partition p that the server completes.
func next(p string) *sdk.PrimaryKey {
	k := misspelt("p", p)
	k.AddPrimaryKeyColumnWithAutoIncrement("n")
	return k
}

func returning(change *sdk.PutRowChange) *sdk.PutRowChange {
	change.SetReturnPk()
	return change
}

// given puts rows into a partition and returns the numbers that they got.
func (w *world) given(p string, count int) ([]int64, error) {
	var numbers []int64
	for range count {
		resp, err := w.c.PutRow(&sdk.PutRowRequest{PutRowChange: returning(put("t", next(p), map[string]any{"x": int64(1)}))})
		if err != nil {
			return nil, err
		}
		if got := resp.PrimaryKey.PrimaryKeys; len(got) != 2 || got[0].Value != p {
			return nil, fmt.Errorf("the key that came back is %v", got)
		}
		number, ok := resp.PrimaryKey.PrimaryKeys[1].Value.(int64)
		if !ok || number <= 0 {
			return nil, fmt.Errorf("the number is %v", resp.PrimaryKey.PrimaryKeys[1].Value)
		}
		numbers = append(numbers, number)
	}
	return numbers, nil
}

func rising(numbers []int64) string {
	for i := range numbers[1:] {
		if numbers[i+1] <= numbers[i] {
			return fmt.Sprintf("%d after %d", numbers[i+1], numbers[i])
		}
	}
	return "rising"
}

func autoKeyScenarios() []scenario {
	return []scenario{
		{
			name: "described", setup: autoTable, want: "AUTO_INCREMENT",
			call: func(w *world) (string, error) {
				resp, err := w.c.DescribeTable(&sdk.DescribeTableRequest{TableName: "t"})
				if err != nil {
					return "", err
				}
				if option := resp.TableMeta.SchemaEntry[1].Option; option == nil || *option != sdk.AUTO_INCREMENT {
					return "no option", nil
				}
				return "AUTO_INCREMENT", nil
			},
		},
		{
			name: "numbers rise", setup: autoTable, want: "rising",
			call: func(w *world) (string, error) {
				numbers, err := w.given("a", 10)
				if err != nil {
					return "", err
				}
				return rising(numbers), nil
			},
		},
		{
			name: "numbers rise after the last row has gone", setup: autoTable, want: "rising",
			call: func(w *world) (string, error) {
				before, err := w.given("a", 2)
				if err != nil {
					return "", err
				}
				w.must(w.remove(deleting(key("a", before[1]))))
				after, err := w.given("a", 1)
				return rising(append(before, after...)), err
			},
		},
		{
			name: "numbers rise in each partition", setup: autoTable, want: "rising rising",
			call: func(w *world) (string, error) {
				of := map[string][]int64{}
				for range 3 {
					for _, p := range []string{"a", "b"} {
						numbers, err := w.given(p, 1)
						if err != nil {
							return "", err
						}
						of[p] = append(of[p], numbers...)
					}
				}
				return rising(of["a"]) + " " + rising(of["b"]), nil
			},
		},
		{
			name: "a row is found by its number", setup: autoTable, want: "x=1",
			call: func(w *world) (string, error) {
				numbers, err := w.given("a", 1)
				if err != nil {
					return "", err
				}
				row, err := w.get(key("a", numbers[0]))
				return row[strings.LastIndex(row, " ")+1:], err
			},
		},
		{
			name: "a number is not asked for", setup: autoTable, want: "done",
			call: func(w *world) (string, error) { return w.put(put("t", next("a"), nil)) },
		},
		{
			name: "every row is another", want: "3 rows, then ",
			setup: func(w *world) {
				autoTable(w)
				if _, err := w.given("a", 3); err != nil {
					w.t.Fatal(err)
				}
			},
			call: counting(),
		},
		{
			name: "in a batch", setup: autoTable, want: "2 keys",
			call: func(w *world) (string, error) {
				text, err := writing(returning(put("t", next("a"), nil)), returning(put("t", next("a"), nil)))(w)
				return fmt.Sprintf("%d keys", strings.Count(text, ": a/")), err
			},
		},
		{
			name: "a row by its number is updated", setup: autoTable, want: "done",
			call: func(w *world) (string, error) {
				numbers, err := w.given("a", 1)
				if err != nil {
					return "", err
				}
				return w.update(updating(key("a", numbers[0]), "x", int64(2)))
			},
		},
		{
			name: "the first key column", want: "400 …",
			call: createOf(keyed(keyColumn("p", sdk.PrimaryKeyType_INTEGER, sdk.AUTO_INCREMENT), keyColumn("n", sdk.PrimaryKeyType_INTEGER))),
		},
		{
			name: "a string", want: "400 …",
			call: createOf(keyed(keyColumn("p", sdk.PrimaryKeyType_STRING), keyColumn("n", sdk.PrimaryKeyType_STRING, sdk.AUTO_INCREMENT))),
		},
		{
			name: "two of them", want: "400 …",
			call: createOf(keyed(keyColumn("p", sdk.PrimaryKeyType_STRING), keyColumn("n", sdk.PrimaryKeyType_INTEGER, sdk.AUTO_INCREMENT),
				keyColumn("m", sdk.PrimaryKeyType_INTEGER, sdk.AUTO_INCREMENT))),
		},
		{
			name: "a put that expects no row", setup: autoTable, want: "400 …",
			call: func(w *world) (string, error) { return w.put(fresh(next("a"))) },
		},
		{
			name: "a deletion of the next", setup: autoTable, want: "400 …",
			call: func(w *world) (string, error) { return w.remove(deleting(next("a"))) },
		},
		{
			name: "a read of the next", setup: autoTable, want: "400 …",
			call: func(w *world) (string, error) { return w.get(next("a")) },
		},
		{
			name: "where the table does not number", setup: func(w *world) { w.table() }, want: "400 …",
			call: func(w *world) (string, error) { return w.put(put("t", next("a"), nil)) },
		},
	}
}
