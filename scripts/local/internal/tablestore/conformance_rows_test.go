package tablestore_test

import (
	"fmt"
	"math"
	"strings"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

const (
	conditionRefused = "403 OTSConditionCheckFail Condition check failed."
	timestampRefused = "400 OTSParameterInvalid Invalid timestamp…"
)

// threeVersions updates v of a/1 to 1, 2 and 3, a second apart.
func threeVersions(w *world) {
	for v := range int64(3) {
		change := update(key("a", 1))
		change.PutColumn("v", v+1)
		w.must(w.update(change))
		w.turn(time.Second)
	}
}

// putting is a put of one row with one column.
func putting(k *sdk.PrimaryKey, name string, value any) func(*world) (string, error) {
	return func(w *world) (string, error) { return w.put(put("t", k, map[string]any{name: value})) }
}

// changing is an update of a/1.
func changing(with func(*sdk.UpdateRowChange)) func(*world) (string, error) {
	return func(w *world) (string, error) {
		change := update(key("a", 1))
		with(change)
		return w.update(change)
	}
}

// setting does so as a scenario's setup, on the row a/1.
func setting(with func(*sdk.UpdateRowChange)) func(*world) {
	return func(w *world) {
		withRow(w)
		w.must(changing(with)(w))
	}
}

func putScenarios() []scenario {
	return []scenario{
		{
			name: "columns of every type come back sorted by name",
			setup: func(w *world) {
				w.table()
				w.must(w.put(put("t", key("a", 1), map[string]any{
					"s": "text", "i": int64(-1), "d": 2.5, "b": true, "f": false, "r": []byte{0, 255}, "B": "upper", "_": "",
				})))
			},
			call: a1,
			want: `a/1 B="upper" _="" b=true d=2.5 f=false i=-1 r=0x00ff s="text"`,
		},
		{
			name: "the bounds of integers",
			setup: func(w *world) {
				w.table()
				w.must(w.put(put("t", key("a", math.MinInt64), map[string]any{"x": int64(math.MaxInt64)})))
			},
			call: func(w *world) (string, error) { return w.get(key("a", math.MinInt64)) },
			want: "a/-9223372036854775808 x=9223372036854775807",
		},
		{
			name: "a put replaces the whole row",
			setup: func(w *world) {
				withRow(w)
				w.must(putting(key("a", 1), "z", int64(3))(w))
			},
			call: a1,
			want: "a/1 z=3",
		},
		{
			name: "a put replaces every version",
			setup: func(w *world) {
				w.table(versions(3))
				threeVersions(w)
				w.must(putting(key("a", 1), "v", int64(9))(w))
			},
			call: a1History,
			want: "a/1 v=9",
		},
		{
			name: "a row without columns",
			setup: func(w *world) {
				w.table()
				w.must(w.put(put("t", key("a", 1), nil)))
			},
			call: a1,
			want: "a/1",
		},
		{
			name: "rows differ by their whole key",
			setup: func(w *world) {
				withRow(w)
				w.must(putting(key("a", 2), "x", int64(2))(w))
			},
			call: a1,
			want: `a/1 x=1 y="two"`,
		},
		{
			name:  "the key comes back when asked for",
			setup: func(w *world) { w.table() },
			call: func(w *world) (string, error) {
				change := put("t", key("a", 1), map[string]any{"x": int64(1)})
				change.SetReturnPk()
				return w.put(change)
			},
			want: "a/1",
		},
		{
			name:  "nothing comes back when not asked for",
			setup: func(w *world) { w.table() },
			call:  putting(key("a", 1), "x", int64(1)),
			want:  "done",
		},
		{
			name: "no table",
			call: putting(key("a", 1), "x", int64(1)),
			want: "404 OTSObjectNotExist Requested table does not exist.",
		},
		{
			name:  "not a number",
			setup: func(w *world) { w.table() },
			call:  putting(key("a", 1), "x", math.NaN()),
			want:  "400 OTSParameterInvalid …",
		},
		{
			name:  "infinity",
			setup: func(w *world) { w.table() },
			call:  putting(key("a", 1), "x", math.Inf(-1)),
			want:  "400 OTSParameterInvalid …",
		},
	}
}

// existing tries one action on a/1, which is there, or b/1, which is not.
func existing(action, p string, expect sdk.RowExistenceExpectation) func(*world) (string, error) {
	return func(w *world) (string, error) {
		switch action {
		case "put":
			change := put("t", key(p, 1), map[string]any{"x": int64(2)})
			change.SetCondition(expect)
			return w.put(change)
		case "update":
			change := update(key(p, 1))
			change.PutColumn("x", int64(2))
			change.SetCondition(expect)
			return w.update(change)
		}
		change := &sdk.DeleteRowChange{TableName: "t", PrimaryKey: key(p, 1)}
		change.SetCondition(expect)
		return w.remove(change)
	}
}

// existenceScenarios are three actions under three expectations on two rows; then
// the row tells whether the action took effect.
func existenceScenarios() []scenario {
	const ignore, exist, not = sdk.RowExistenceExpectation_IGNORE, sdk.RowExistenceExpectation_EXPECT_EXIST, sdk.RowExistenceExpectation_EXPECT_NOT_EXIST
	var list []scenario
	add := func(action, p string, expect sdk.RowExistenceExpectation, want, after string) {
		where := map[string]string{"a": "that is there", "b": "that is absent"}[p]
		name := fmt.Sprintf("%s of a row %s, expecting %s", action, where, map[sdk.RowExistenceExpectation]string{ignore: "nothing", exist: "it", not: "no row"}[expect])
		try := existing(action, p, expect)
		list = append(list, scenario{name, withRow, try, want}, scenario{name + ", afterwards", func(w *world) {
			withRow(w)
			_, _ = try(w)
		}, func(w *world) (string, error) { return w.get(key(p, 1)) }, after})
	}
	const row = `a/1 x=1 y="two"`
	for _, expect := range []sdk.RowExistenceExpectation{ignore, exist} {
		add("put", "a", expect, "done", "a/1 x=2")
		add("update", "a", expect, "done", `a/1 x=2 y="two"`)
		add("delete", "a", expect, "done", "absent")
	}
	for _, expect := range []sdk.RowExistenceExpectation{ignore, not} {
		add("put", "b", expect, "done", "b/1 x=2")
		add("update", "b", expect, "done", "b/1 x=2")
		add("delete", "b", expect, "done", "absent")
	}
	for _, action := range []string{"put", "update", "delete"} {
		add(action, "a", not, conditionRefused, row)
		add(action, "b", exist, conditionRefused, "absent")
	}
	return list
}

// conditioned updates a row under a column condition.
func conditioned(p string, condition sdk.ColumnFilter) func(*world) (string, error) {
	return func(w *world) (string, error) {
		change := update(key(p, 1))
		change.PutColumn("seen", true)
		change.SetColumnCondition(condition)
		return w.update(change)
	}
}

// times is a condition that holds, so many times over.
func times(n int, operator sdk.LogicalOperator) sdk.ColumnFilter {
	parts := make([]sdk.ColumnFilter, n)
	for i := range parts {
		parts[i] = comparison("x", sdk.CT_EQUAL, int64(1), true)
	}
	return all(operator, parts...)
}

func conditionScenarios() []scenario {
	list := append(comparisonScenarios(), compositeScenarios()...)
	return append(list, []scenario{
		{
			name: "of a put that holds", setup: withRow, want: "done",
			call: func(w *world) (string, error) {
				change := put("t", key("a", 1), nil)
				change.SetColumnCondition(comparison("x", sdk.CT_EQUAL, int64(1), true))
				return w.put(change)
			},
		},
		{
			name: "of a put that fails", setup: withRow, want: conditionRefused,
			call: func(w *world) (string, error) {
				change := put("t", key("a", 1), nil)
				change.SetColumnCondition(comparison("x", sdk.CT_EQUAL, int64(2), true))
				return w.put(change)
			},
		},
		{
			name: "of a deletion that holds", setup: withRow, want: "done",
			call: func(w *world) (string, error) {
				change := &sdk.DeleteRowChange{TableName: "t", PrimaryKey: key("a", 1)}
				change.SetCondition(sdk.RowExistenceExpectation_IGNORE)
				change.SetColumnCondition(comparison("x", sdk.CT_EQUAL, int64(1), true))
				return w.remove(change)
			},
		},
		{
			name: "of a deletion that fails", setup: withRow, want: conditionRefused,
			call: func(w *world) (string, error) {
				change := &sdk.DeleteRowChange{TableName: "t", PrimaryKey: key("a", 1)}
				change.SetCondition(sdk.RowExistenceExpectation_IGNORE)
				change.SetColumnCondition(comparison("x", sdk.CT_EQUAL, int64(2), true))
				return w.remove(change)
			},
		},
		{
			name: "a row that is there, and a column that is not as expected", setup: withRow, want: conditionRefused,
			call: func(w *world) (string, error) {
				change := put("t", key("a", 1), nil)
				change.SetCondition(sdk.RowExistenceExpectation_EXPECT_EXIST)
				change.SetColumnCondition(comparison("x", sdk.CT_EQUAL, int64(2), true))
				return w.put(change)
			},
		},
		{
			name: "a row that is there though unexpected, and a column as expected", setup: withRow, want: conditionRefused,
			call: func(w *world) (string, error) {
				change := put("t", key("a", 1), nil)
				change.SetCondition(sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)
				change.SetColumnCondition(comparison("x", sdk.CT_EQUAL, int64(1), true))
				return w.put(change)
			},
		},
		{
			name: "an absent row passes unless filter_if_missing", setup: withRow, want: "done",
			call: conditioned("b", comparison("x", sdk.CT_EQUAL, int64(1), false)),
		},
		{
			name: "an absent row fails by filter_if_missing", setup: withRow, want: conditionRefused,
			call: conditioned("b", comparison("x", sdk.CT_EQUAL, int64(1), true)),
		},
		{
			name: "an older version counts unless latest_version_only", want: "done",
			setup: func(w *world) {
				w.table(versions(3))
				threeVersions(w)
			},
			call: conditioned("a", func() sdk.ColumnFilter {
				c := comparison("v", sdk.CT_EQUAL, int64(1), true)
				c.LatestVersionOnly = false
				return c
			}()),
		},
		{
			name: "an older version does not count by latest_version_only", want: conditionRefused,
			setup: func(w *world) {
				w.table(versions(3))
				threeVersions(w)
			},
			call: conditioned("a", comparison("v", sdk.CT_EQUAL, int64(1), true)),
		},
		{
			name: "the lock of optimists, second comer", want: conditionRefused,
			setup: func(w *world) {
				withRow(w)
				w.must(locked(w))
			},
			call: locked,
		},
		{
			name: "a claim passes where there is none", setup: func(w *world) { w.table() }, want: "done",
			call: claimed("mine"),
		},
		{
			name: "a claim passes on itself", want: "done",
			setup: func(w *world) {
				w.table()
				w.must(claimed("mine")(w))
			},
			call: claimed("mine"),
		},
		{
			name: "a claim fails on another's", want: conditionRefused,
			setup: func(w *world) {
				w.table()
				w.must(claimed("theirs")(w))
			},
			call: claimed("mine"),
		},
	}...)
}

// locked updates x from 1 to 2.
func locked(w *world) (string, error) {
	change := update(key("a", 1))
	change.PutColumn("x", int64(2))
	change.SetCondition(sdk.RowExistenceExpectation_EXPECT_EXIST)
	change.SetColumnCondition(comparison("x", sdk.CT_EQUAL, int64(1), true))
	return w.update(change)
}

// claimed is a put that only an absent row or one's own lets pass.
func claimed(by string) func(*world) (string, error) {
	return func(w *world) (string, error) {
		change := put("t", key("a", 1), map[string]any{"claim": by})
		change.SetColumnCondition(comparison("claim", sdk.CT_EQUAL, by, false))
		return w.put(change)
	}
}

// comparisonScenarios hold one condition at a time against a row with a column
// of every type.
func comparisonScenarios() []scenario {
	var list []scenario
	for _, c := range []struct {
		name  string
		how   sdk.ComparatorType
		value any
		holds bool
	}{
		{"i", sdk.CT_EQUAL, int64(-7), true},
		{"i", sdk.CT_EQUAL, int64(7), false},
		{"i", sdk.CT_NOT_EQUAL, int64(7), true},
		{"i", sdk.CT_NOT_EQUAL, int64(-7), false},
		{"i", sdk.CT_GREATER_THAN, int64(-8), true},
		{"i", sdk.CT_GREATER_THAN, int64(-7), false},
		{"i", sdk.CT_GREATER_EQUAL, int64(-7), true},
		{"i", sdk.CT_GREATER_EQUAL, int64(1), false},
		{"i", sdk.CT_LESS_THAN, int64(1), true},
		{"i", sdk.CT_LESS_THAN, int64(-7), false},
		{"i", sdk.CT_LESS_EQUAL, int64(-7), true},
		{"i", sdk.CT_LESS_EQUAL, int64(-8), false},
		{"s", sdk.CT_LESS_THAN, "b", true},
		{"s", sdk.CT_GREATER_THAN, "Z", true},
		{"s", sdk.CT_GREATER_THAN, "ab", false},
		{"d", sdk.CT_LESS_EQUAL, 2.5, true},
		{"d", sdk.CT_GREATER_THAN, -1e300, true},
		{"b", sdk.CT_EQUAL, true, true},
		{"b", sdk.CT_EQUAL, false, false},
		{"r", sdk.CT_EQUAL, []byte{0, 255}, true},
		{"r", sdk.CT_LESS_THAN, []byte{1}, true},
		{"p", sdk.CT_EQUAL, "a", true},
		{"n", sdk.CT_GREATER_THAN, int64(1), false},
		{"none", sdk.CT_EQUAL, "x", false},
	} {
		want := "done"
		if !c.holds {
			want = conditionRefused
		}
		list = append(list, scenario{
			name: fmt.Sprintf("%s, comparator %d, %v", c.name, c.how, c.value),
			setup: func(w *world) {
				w.table()
				w.must(w.put(put("t", key("a", 1), map[string]any{"i": int64(-7), "s": "a", "d": 2.5, "b": true, "r": []byte{0, 255}})))
			},
			call: conditioned("a", comparison(c.name, c.how, c.value, true)),
			want: want,
		})
	}
	return list
}

func compositeScenarios() []scenario {
	yes, no := comparison("x", sdk.CT_EQUAL, int64(1), true), comparison("x", sdk.CT_EQUAL, int64(2), true)
	var list []scenario
	for name, c := range map[string]struct {
		condition sdk.ColumnFilter
		want      string
	}{
		"true and true":        {all(sdk.LO_AND, yes, yes), "done"},
		"true and false":       {all(sdk.LO_AND, yes, no), conditionRefused},
		"false or true":        {all(sdk.LO_OR, no, yes), "done"},
		"false or false":       {all(sdk.LO_OR, no, no), conditionRefused},
		"not false":            {all(sdk.LO_NOT, no), "done"},
		"not true":             {all(sdk.LO_NOT, yes), conditionRefused},
		"nested":               {all(sdk.LO_OR, no, all(sdk.LO_AND, yes, all(sdk.LO_NOT, no))), "done"},
		"not missing":          {all(sdk.LO_NOT, comparison("none", sdk.CT_EQUAL, "x", false)), conditionRefused},
		"eight and":            {times(8, sdk.LO_AND), "done"},
		"eight or":             {times(8, sdk.LO_OR), "done"},
		"ten":                  {times(10, sdk.LO_AND), "done"},
		"eleven":               {times(11, sdk.LO_AND), "400 OTSParameterInvalid …"},
		"not of nothing":       {all(sdk.LO_NOT), "400 OTSParameterInvalid …"},
		"not of two":           {all(sdk.LO_NOT, yes, yes), "400 OTSParameterInvalid …"},
		"missing, zero value":  {sdk.NewSingleColumnCondition("none", sdk.CT_EQUAL, int64(7)), "done"},
		"present, zero values": {sdk.NewSingleColumnCondition("x", sdk.CT_EQUAL, int64(7)), conditionRefused},
	} {
		list = append(list, scenario{name, withRow, conditioned("a", c.condition), c.want})
	}
	return list
}

func updateScenarios() []scenario {
	return append(incrementScenarios(), []scenario{
		{
			name:  "puts and deletes columns",
			setup: setting(func(c *sdk.UpdateRowChange) { c.PutColumn("z", 0.5); c.DeleteColumn("x") }),
			call:  a1,
			want:  `a/1 y="two" z=0.5`,
		},
		{
			name:  "changes a column's type",
			setup: setting(func(c *sdk.UpdateRowChange) { c.PutColumn("x", "now text") }),
			call:  a1,
			want:  `a/1 x="now text" y="two"`,
		},
		{
			name: "makes a row",
			setup: func(w *world) {
				w.table()
				w.must(changing(func(c *sdk.UpdateRowChange) { c.PutColumn("x", int64(1)) })(w))
			},
			call: a1,
			want: "a/1 x=1",
		},
		{
			name: "deletions alone do not make a row",
			setup: func(w *world) {
				w.table()
				w.must(changing(func(c *sdk.UpdateRowChange) { c.DeleteColumn("x") })(w))
			},
			call: a1,
			want: "absent",
		},
		{
			name:  "a row that lost every column is still a row",
			setup: setting(func(c *sdk.UpdateRowChange) { c.DeleteColumn("x"); c.DeleteColumn("y") }),
			call:  a1,
			want:  "a/1",
		},
		{
			name:  "deleting a column that is not there",
			setup: setting(func(c *sdk.UpdateRowChange) { c.DeleteColumn("none") }),
			call:  a1,
			want:  `a/1 x=1 y="two"`,
		},
		{
			name:  "without columns",
			setup: withRow,
			call:  changing(func(*sdk.UpdateRowChange) {}),
			want:  "400 OTSParameterInvalid Attribute column is missing.",
		},
		{
			name: "no table",
			call: changing(func(c *sdk.UpdateRowChange) { c.PutColumn("x", int64(1)) }),
			want: "404 OTSObjectNotExist Requested table does not exist.",
		},
		{
			name: "deletes every version",
			setup: func(w *world) {
				w.table(versions(3))
				threeVersions(w)
				w.must(changing(func(c *sdk.UpdateRowChange) { c.DeleteColumn("v") })(w))
			},
			call: a1History,
			want: "a/1",
		},
		{
			name: "deletes one version",
			setup: func(w *world) {
				w.table(versions(3))
				threeVersions(w)
				w.must(changing(func(c *sdk.UpdateRowChange) { c.DeleteColumnWithTimestamp("v", w.at(-2*time.Second)) })(w))
			},
			call: a1History,
			want: "a/1 v=3 v=1",
		},
		{
			name: "deletes no version that is not there",
			setup: func(w *world) {
				w.table(versions(3))
				threeVersions(w)
				w.must(changing(func(c *sdk.UpdateRowChange) { c.DeleteColumnWithTimestamp("v", w.at(-1500*time.Millisecond)) })(w))
			},
			call: a1History,
			want: "a/1 v=3 v=2 v=1",
		},
		{
			name: "a delete of no table",
			call: existing("delete", "a", sdk.RowExistenceExpectation_IGNORE),
			want: "404 OTSObjectNotExist Requested table does not exist.",
		},
		{
			name: "a deleted row has no versions left",
			setup: func(w *world) {
				w.table(versions(3))
				threeVersions(w)
				w.must(existing("delete", "a", sdk.RowExistenceExpectation_IGNORE)(w))
				w.must(changing(func(c *sdk.UpdateRowChange) { c.PutColumn("x", int64(1)) })(w))
			},
			call: a1History,
			want: "a/1 x=1",
		},
	}...)
}

// counted increments x by a step and asks for it back.
func counted(step int64) func(*world) (string, error) {
	return changing(func(c *sdk.UpdateRowChange) {
		c.IncrementColumn("x", step)
		c.SetReturnIncrementValue()
		c.AppendIncrementColumnToReturn("x")
	})
}

func incrementScenarios() []scenario {
	return []scenario{
		{
			name:  "an increment",
			setup: withRow,
			call:  counted(40),
			want:  "x=41",
		},
		{
			name:  "a decrement",
			setup: withRow,
			call:  counted(-3),
			want:  "x=-2",
		},
		{
			name:  "an increment that is not asked for",
			setup: withRow,
			call:  changing(func(c *sdk.UpdateRowChange) { c.IncrementColumn("x", 40) }),
			want:  "done",
		},
		{
			name:  "an increment stays",
			setup: setting(func(c *sdk.UpdateRowChange) { c.IncrementColumn("x", 40) }),
			call:  a1,
			want:  `a/1 x=41 y="two"`,
		},
		{
			name:  "an increment of a column that is not there",
			setup: setting(func(c *sdk.UpdateRowChange) { c.IncrementColumn("z", 5) }),
			call:  a1,
			want:  `a/1 x=1 y="two" z=5`,
		},
		{
			name:  "an increment of a row that is not there",
			setup: func(w *world) { w.table() },
			call:  counted(5),
			want:  "x=5",
		},
		{
			name: "an increment makes a version",
			setup: func(w *world) {
				w.table(versions(3))
				threeVersions(w)
				w.must(changing(func(c *sdk.UpdateRowChange) { c.IncrementColumn("v", 10) })(w))
			},
			call: a1History,
			want: "a/1 v=13 v=3 v=2",
		},
		{
			name:  "an increment beside a put",
			setup: setting(func(c *sdk.UpdateRowChange) { c.IncrementColumn("x", 1); c.PutColumn("y", "three") }),
			call:  a1,
			want:  `a/1 x=2 y="three"`,
		},
		{
			name:  "an increment of text",
			setup: withRow,
			call:  changing(func(c *sdk.UpdateRowChange) { c.IncrementColumn("y", 1) }),
			want:  "400 OTSParameterInvalid …",
		},
		{
			name: "an increment of a fraction",
			setup: func(w *world) {
				w.table()
				w.must(putting(key("a", 1), "x", 1.5)(w))
			},
			call: counted(1),
			want: "400 OTSParameterInvalid …",
		},
		{
			name: "an increment beyond the largest integer",
			setup: func(w *world) {
				w.table()
				w.must(putting(key("a", 1), "x", int64(math.MaxInt64))(w))
			},
			call: counted(1),
			want: "400 OTSParameterInvalid …",
		},
		{
			name: "a decrement beyond the smallest integer",
			setup: func(w *world) {
				w.table()
				w.must(putting(key("a", 1), "x", int64(math.MinInt64))(w))
			},
			call: counted(-1),
			want: "400 OTSParameterInvalid …",
		},
		{
			name: "a refused increment changes nothing",
			setup: func(w *world) {
				withRow(w)
				_, _ = changing(func(c *sdk.UpdateRowChange) { c.IncrementColumn("x", 1); c.IncrementColumn("y", 1) })(w)
			},
			call: a1,
			want: `a/1 x=1 y="two"`,
		},
	}
}

// stamped puts x of a/1 with a timestamp so far from now.
func stamped(offset time.Duration) func(*world) (string, error) {
	return func(w *world) (string, error) { return stampedAt(w.at(offset))(w) }
}

func stampedAt(timestamp int64) func(*world) (string, error) {
	return func(w *world) (string, error) {
		change := put("t", key("a", 1), nil)
		change.AddColumnWithTimestamp("x", int64(1), timestamp)
		return w.put(change)
	}
}

// aged is a row whose x was put, then after half a day its y.
func aged(turns ...time.Duration) func(*world) {
	return func(w *world) {
		w.table(timeToLive(86400))
		w.must(putting(key("a", 1), "x", int64(1))(w))
		w.turn(12 * time.Hour)
		w.must(changing(func(c *sdk.UpdateRowChange) { c.PutColumn("y", int64(2)) })(w))
		for _, d := range turns {
			w.turn(d)
		}
	}
}

func timeScenarios() []scenario {
	return []scenario{
		{
			name: "a timestamp of the client's comes back",
			setup: func(w *world) {
				w.table()
				w.must(stamped(-time.Hour)(w))
			},
			call: func(w *world) (string, error) {
				resp, err := w.c.GetRow(&sdk.GetRowRequest{SingleRowQueryCriteria: &sdk.SingleRowQueryCriteria{TableName: "t", PrimaryKey: key("a", 1), MaxVersion: 1}})
				if err != nil {
					return "", err
				}
				return fmt.Sprint(resp.Columns[0].Timestamp - w.at(0)), nil
			},
			want: "-3600000",
		},
		{
			name: "the server's timestamp is its time",
			setup: func(w *world) {
				withRow(w)
				w.turn(5 * time.Second)
			},
			call: func(w *world) (string, error) {
				resp, err := w.c.GetRow(&sdk.GetRowRequest{SingleRowQueryCriteria: &sdk.SingleRowQueryCriteria{TableName: "t", PrimaryKey: key("a", 1), MaxVersion: 1}})
				if err != nil {
					return "", err
				}
				return fmt.Sprint(resp.Columns[0].Timestamp-w.at(0), resp.Columns[1].Timestamp-w.at(0)), nil
			},
			want: "-5000 -5000",
		},
		{
			name:  "the oldest timestamp within the deviation",
			setup: func(w *world) { w.table(deviation(60)) },
			call:  stamped(-60 * time.Second),
			want:  "done",
		},
		{
			name:  "older than the deviation",
			setup: func(w *world) { w.table(deviation(60)) },
			call:  stamped(-61 * time.Second),
			want:  timestampRefused,
		},
		{
			name:  "the newest timestamp within the deviation",
			setup: func(w *world) { w.table(deviation(60)) },
			call:  stamped(59 * time.Second),
			want:  "done",
		},
		{
			name:  "as new as the deviation",
			setup: func(w *world) { w.table(deviation(60)) },
			call:  stamped(60 * time.Second),
			want:  timestampRefused,
		},
		{
			name:  "newer than the default deviation",
			setup: func(w *world) { w.table() },
			call:  stamped(24*time.Hour + time.Second),
			want:  timestampRefused,
		},
		{
			name:  "an update's timestamp outside the deviation",
			setup: withRow,
			call: func(w *world) (string, error) {
				return changing(func(c *sdk.UpdateRowChange) { c.PutColumnWithTimestamp("x", int64(2), w.at(-25*time.Hour)) })(w)
			},
			want: timestampRefused,
		},
		{
			name:  "a timestamp before time",
			setup: func(w *world) { w.table() },
			call:  stampedAt(-1),
			want:  "400 OTSParameterInvalid Timestamp must be in range [0, INT64_MAX/1000).",
		},
		{
			name:  "a timestamp after time",
			setup: func(w *world) { w.table() },
			call:  stampedAt(math.MaxInt64 / 1000),
			want:  "400 OTSParameterInvalid Timestamp must be in range [0, INT64_MAX/1000).",
		},
		{
			name: "older and newer versions by timestamp",
			setup: func(w *world) {
				w.table(versions(3))
				for i, offset := range []time.Duration{-time.Hour, time.Hour, 0} {
					w.must(changing(func(c *sdk.UpdateRowChange) { c.PutColumnWithTimestamp("v", int64(i), w.at(offset)) })(w))
				}
			},
			call: a1History,
			want: "a/1 v=1 v=2 v=0",
		},
		{
			name: "one timestamp twice is one version",
			setup: func(w *world) {
				w.table(versions(3))
				for v := range int64(2) {
					w.must(changing(func(c *sdk.UpdateRowChange) { c.PutColumnWithTimestamp("v", v, w.at(0)) })(w))
				}
			},
			call: a1History,
			want: "a/1 v=1",
		},
		{
			name:  "cells that live",
			setup: aged(12*time.Hour - time.Second),
			call:  a1,
			want:  "a/1 x=1 y=2",
		},
		{
			name:  "a cell that has expired",
			setup: aged(12*time.Hour + time.Second),
			call:  a1,
			want:  "a/1 y=2",
		},
		{
			name:  "a row of which every cell has expired",
			setup: aged(24*time.Hour + time.Second),
			call:  a1,
			want:  "absent",
		},
		{
			name:  "an expired cell fails a condition",
			setup: aged(12*time.Hour + time.Second),
			call:  conditioned("a", comparison("x", sdk.CT_EQUAL, int64(1), true)),
			want:  conditionRefused,
		},
		{
			name:  "an expired row does not exist",
			setup: aged(24*time.Hour + time.Second),
			call:  existing("put", "a", sdk.RowExistenceExpectation_EXPECT_NOT_EXIST),
			want:  "done",
		},
		{
			name: "cells live by their timestamp",
			setup: func(w *world) {
				w.table(timeToLive(86400), deviation(2*86400))
				w.must(stamped(-25 * time.Hour)(w))
			},
			call: a1,
			want: "absent",
		},
		{
			name: "cells without a term live on",
			setup: func(w *world) {
				withRow(w)
				w.turn(100 * 365 * 24 * time.Hour)
			},
			call: a1,
			want: `a/1 x=1 y="two"`,
		},
	}
}

// misspelt is a key that does not fit table t.
func misspelt(columns ...any) *sdk.PrimaryKey {
	k := new(sdk.PrimaryKey)
	for i := 0; i < len(columns); i += 2 {
		k.AddPrimaryKeyColumn(fmt.Sprint(columns[i]), columns[i+1])
	}
	return k
}

func manyColumns(n int) map[string]any {
	columns := make(map[string]any, n)
	for i := range n {
		columns[fmt.Sprintf("c%d", i)] = true
	}
	return columns
}

func limitScenarios() []scenario {
	list := append(keyScenarios(), []scenario{
		{
			name: "the longest key", want: "done",
			call: putting(key(strings.Repeat("x", 1024), 1), "x", true),
		},
		{
			name: "a key too long", want: "400 OTSParameterInvalid The length of primary key column: 'p' exceeds the MaxLength:1024 with CurrentLength:1025.",
			call: putting(key(strings.Repeat("x", 1025), 1), "x", true),
		},
		{
			name: "a key of bytes too long", want: "400 OTSParameterInvalid The length of primary key column: 'k' exceeds the MaxLength:1024 with CurrentLength:1025.",
			call: func(w *world) (string, error) {
				w.must(w.drop("t"))
				w.table(keyed(keyColumn("k", sdk.PrimaryKeyType_BINARY)))
				return w.put(put("t", misspelt("k", make([]byte, 1025)), nil))
			},
		},
		{
			name: "the longest column", want: "done",
			call: putting(key("a", 1), "attr", strings.Repeat("x", 2<<20)),
		},
		{
			name: "a column too long", want: "400 OTSParameterInvalid The length of attribute column: 'attr' exceeds the MaxLength:2097152 with CurrentLength:2097153.",
			call: putting(key("a", 1), "attr", make([]byte, 2<<20+1)),
		},
		{
			name: "the most columns", want: "done",
			call: func(w *world) (string, error) { return w.put(put("t", key("a", 1), manyColumns(1024))) },
		},
		{
			name: "too many columns", want: "400 OTSParameterInvalid The number of attribute columns exceeds the limit, limit count: 1024, column count: 1025.",
			call: func(w *world) (string, error) { return w.put(put("t", key("a", 1), manyColumns(1025))) },
		},
		{
			name: "too many columns of an update", want: "400 OTSParameterInvalid The number of attribute columns exceeds the limit, limit count: 1024, column count: 1025.",
			call: changing(func(c *sdk.UpdateRowChange) {
				for name := range manyColumns(1025) {
					c.PutColumn(name, true)
				}
			}),
		},
		{
			name: "the longest column name", want: "done",
			call: putting(key("a", 1), "_"+strings.Repeat("x", 254), true),
		},
		{
			name: "a column name too long", want: "400 OTSParameterInvalid Invalid column name: '" + strings.Repeat("x", 256) + "'.",
			call: putting(key("a", 1), strings.Repeat("x", 256), true),
		},
		{
			name: "a column name with a blank", want: "400 OTSParameterInvalid Invalid column name: 'a b'.",
			call: putting(key("a", 1), "a b", true),
		},
		{
			name: "a body too large", want: "413 OTSRequestBodyTooLarge …",
			call: func(w *world) (string, error) {
				megabytes := make([]byte, 2<<20)
				return w.put(put("t", key("a", 1), map[string]any{"x": megabytes, "y": megabytes, "z": megabytes}))
			},
		},
		{
			name: "many large columns of one row", want: "done",
			call: func(w *world) (string, error) {
				megabytes := make([]byte, 2<<20)
				return w.put(put("t", key("a", 1), map[string]any{"x": megabytes, "y": megabytes}))
			},
		},
	}...)
	for i := range list {
		list[i].setup = func(w *world) { w.table() }
	}
	return list
}

// keyScenarios hand every row action a key that does not fit.
func keyScenarios() []scenario {
	short, long := misspelt("p", "a"), misspelt("p", "a", "n", int64(1), "m", int64(1))
	renamed, typed := misspelt("p", "a", "X", int64(1)), misspelt("p", "a", "n", "1")
	var list []scenario
	for action, call := range map[string]func(*world, *sdk.PrimaryKey) (string, error){
		"put": func(w *world, k *sdk.PrimaryKey) (string, error) { return w.put(put("t", k, nil)) },
		"get": func(w *world, k *sdk.PrimaryKey) (string, error) { return w.get(k) },
		"update": func(w *world, k *sdk.PrimaryKey) (string, error) {
			change := update(k)
			change.PutColumn("x", true)
			return w.update(change)
		},
		"delete": func(w *world, k *sdk.PrimaryKey) (string, error) {
			change := &sdk.DeleteRowChange{TableName: "t", PrimaryKey: k}
			change.SetCondition(sdk.RowExistenceExpectation_IGNORE)
			return w.remove(change)
		},
		"range": func(w *world, k *sdk.PrimaryKey) (string, error) {
			return w.scan(func(q *sdk.RangeRowQueryCriteria) { q.StartPrimaryKey = k })
		},
	} {
		for name, c := range map[string]struct {
			key  *sdk.PrimaryKey
			want string
		}{
			"a short key":     {short, "400 OTSInvalidPK Validate PK size fail. Input: 1, Meta: 2."},
			"a long key":      {long, "400 OTSInvalidPK Validate PK size fail. Input: 3, Meta: 2."},
			"another's name":  {renamed, "400 OTSInvalidPK Validate PK name fail. Input: X, Meta: n."},
			"another's value": {typed, "400 OTSInvalidPK Validate PK type fail…"},
		} {
			list = append(list, scenario{name: action + " by " + name, call: func(w *world) (string, error) { return call(w, c.key) }, want: c.want})
		}
	}
	return list
}

// costing gives the capacity units of a call.
func costing(call func(*world) (string, error)) func(*world) (string, error) {
	return func(w *world) (string, error) {
		_, err := call(w)
		return w.cost, err
	}
}

func capacityScenarios() []scenario {
	wide := strings.Repeat("x", 4096)
	big := map[string]any{"x": wide + wide}
	return []scenario{
		{
			name: "a put", setup: withRow, want: "read 0, write 1",
			call: costing(existing("put", "a", sdk.RowExistenceExpectation_IGNORE)),
		},
		{
			name: "a put of more than 8 KB", setup: withRow, want: "read 0, write 3",
			call: costing(func(w *world) (string, error) { return w.put(put("t", key("a", 1), big)) }),
		},
		{
			name: "a put that expects a row", setup: withRow, want: "read 1, write 1",
			call: costing(existing("put", "a", sdk.RowExistenceExpectation_EXPECT_EXIST)),
		},
		{
			name: "a put that expects none", setup: withRow, want: "read 1, write 1",
			call: costing(existing("put", "b", sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)),
		},
		{
			name: "a conditional put of more than 8 KB", setup: withRow, want: "read 1, write 3",
			call: costing(func(w *world) (string, error) {
				change := put("t", key("b", 1), big)
				change.SetCondition(sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)
				return w.put(change)
			}),
		},
		{
			name: "an update", setup: withRow, want: "read 0, write 1",
			call: costing(existing("update", "a", sdk.RowExistenceExpectation_IGNORE)),
		},
		{
			name: "an update with a condition", setup: withRow, want: "read 1, write 1",
			call: costing(conditioned("a", comparison("x", sdk.CT_EQUAL, int64(1), true))),
		},
		{
			name: "a deletion", setup: withRow, want: "read 0, write 1",
			call: costing(existing("delete", "a", sdk.RowExistenceExpectation_IGNORE)),
		},
		{
			name: "a deletion of what is expected", setup: withRow, want: "read 1, write 1",
			call: costing(existing("delete", "a", sdk.RowExistenceExpectation_EXPECT_EXIST)),
		},
		{
			name: "a read", setup: withRow, want: "read 1, write 0",
			call: costing(a1),
		},
		{
			name: "a read of nothing", setup: withRow, want: "read 1, write 0",
			call: costing(func(w *world) (string, error) { return w.get(key("b", 1)) }),
		},
		{
			name: "a read of more than 8 KB", want: "read 3, write 0",
			setup: func(w *world) {
				w.table()
				w.must(w.put(put("t", key("a", 1), big)))
			},
			call: costing(a1),
		},
		{
			name: "a range", setup: withRow, want: "read 1, write 0",
			call: costing(func(w *world) (string, error) { return w.scan() }),
		},
		{
			name: "a range of more than 8 KB", want: "read 3, write 0",
			setup: func(w *world) {
				w.table()
				w.must(w.put(put("t", key("a", 1), map[string]any{"x": wide})))
				w.must(w.put(put("t", key("a", 2), map[string]any{"x": wide})))
			},
			call: costing(func(w *world) (string, error) { return w.scan() }),
		},
	}
}
