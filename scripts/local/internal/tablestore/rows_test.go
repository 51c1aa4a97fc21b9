package tablestore_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

func update(k *sdk.PrimaryKey) *sdk.UpdateRowChange {
	change := &sdk.UpdateRowChange{TableName: "t", PrimaryKey: k}
	change.SetCondition(sdk.RowExistenceExpectation_IGNORE)
	return change
}

func mustUpdate(t *testing.T, c *sdk.TableStoreClient, change *sdk.UpdateRowChange) {
	t.Helper()
	if _, err := c.UpdateRow(&sdk.UpdateRowRequest{UpdateRowChange: change}); err != nil {
		t.Fatal(err)
	}
}

func remove(c *sdk.TableStoreClient, table string, k *sdk.PrimaryKey, expect sdk.RowExistenceExpectation) error {
	change := &sdk.DeleteRowChange{TableName: table, PrimaryKey: k}
	change.SetCondition(expect)
	_, err := c.DeleteRow(&sdk.DeleteRowRequest{DeleteRowChange: change})
	return err
}

func TestPutReplacesTheWholeRow(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	mustPut(t, c, put("t", key("a", 1), map[string]any{"x": "1", "y": "1"}))
	mustPut(t, c, put("t", key("a", 1), map[string]any{"y": "2"}))
	if got := columns(get(t, c, "t", key("a", 1), nil)); got != "y=2" {
		t.Errorf("got %q", got)
	}
}

func TestUpdateChangesColumns(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	mustPut(t, c, put("t", key("a", 1), map[string]any{"x": "1", "y": "1"}))
	change := update(key("a", 1))
	change.PutColumn("z", int64(3))
	change.DeleteColumn("x")
	mustUpdate(t, c, change)
	if got := columns(get(t, c, "t", key("a", 1), nil)); got != "y=1 z=3" {
		t.Errorf("got %q", got)
	}
	all := update(key("a", 1))
	all.DeleteColumn("y")
	all.DeleteColumn("z")
	mustUpdate(t, c, all)
	if got := get(t, c, "t", key("a", 1), nil); len(got.PrimaryKey.PrimaryKeys) != 2 || len(got.Columns) != 0 {
		t.Errorf("a row without columns is still a row: %+v", got)
	}
	absent := update(key("a", 2))
	absent.DeleteColumn("x")
	mustUpdate(t, c, absent)
	if got := get(t, c, "t", key("a", 2), nil); len(got.PrimaryKey.PrimaryKeys) != 0 {
		t.Error("a deletion made a row")
	}
}

func TestExistenceConditions(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	mustPut(t, c, put("t", key("there", 1), map[string]any{"x": "1"}))
	try := func(p string, expect sdk.RowExistenceExpectation) map[string]error {
		putting := put("t", key(p, 1), map[string]any{"x": "1"})
		putting.SetCondition(expect)
		_, putErr := c.PutRow(&sdk.PutRowRequest{PutRowChange: putting})
		updating := update(key(p, 1))
		updating.PutColumn("x", "1")
		updating.SetCondition(expect)
		_, updateErr := c.UpdateRow(&sdk.UpdateRowRequest{UpdateRowChange: updating})
		return map[string]error{"put": putErr, "update": updateErr, "delete": remove(c, "t", key(p, 1), expect)}
	}
	for what, err := range try("there", sdk.RowExistenceExpectation_EXPECT_NOT_EXIST) {
		t.Run(what+" of a row that is there", func(t *testing.T) { wantCode(t, err, 403, "OTSConditionCheckFail", "Condition check failed.") })
	}
	for what, err := range try("absent", sdk.RowExistenceExpectation_EXPECT_EXIST) {
		t.Run(what+" of a row that is absent", func(t *testing.T) { wantCode(t, err, 403, "OTSConditionCheckFail", "Condition check failed.") })
	}
	for what, err := range try("there", sdk.RowExistenceExpectation_EXPECT_EXIST) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := remove(c, "t", key("there", 1), sdk.RowExistenceExpectation_EXPECT_NOT_EXIST); err != nil {
		t.Errorf("deleting nothing where nothing is expected: %v", err)
	}
}

// comparison is a column condition with what the wire says of missing columns
// and older versions.
func comparison(name string, how sdk.ComparatorType, v any, failIfMissing bool) *sdk.SingleColumnCondition {
	c := sdk.NewSingleColumnCondition(name, how, v)
	c.FilterIfMissing, c.LatestVersionOnly = failIfMissing, true
	return c
}

func all(operator sdk.LogicalOperator, parts ...sdk.ColumnFilter) *sdk.CompositeColumnValueFilter {
	f := sdk.NewCompositeColumnCondition(operator)
	for _, part := range parts {
		f.AddFilter(part)
	}
	return f
}

func TestColumnConditions(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	mustPut(t, c, put("t", key("a", 1), map[string]any{"i": int64(7), "s": "m", "d": 0.5, "b": true}))
	one, other := comparison("i", sdk.CT_EQUAL, int64(7), true), comparison("i", sdk.CT_EQUAL, int64(8), true)
	for name, test := range map[string]struct {
		condition sdk.ColumnFilter
		passes    bool
	}{
		"equal":                    {one, true},
		"not equal":                {other, false},
		"differs":                  {comparison("i", sdk.CT_NOT_EQUAL, int64(8), true), true},
		"greater":                  {comparison("i", sdk.CT_GREATER_THAN, int64(-8), true), true},
		"greater, equal":           {comparison("i", sdk.CT_GREATER_EQUAL, int64(7), true), true},
		"less":                     {comparison("s", sdk.CT_LESS_THAN, "n", true), true},
		"less, equal":              {comparison("d", sdk.CT_LESS_EQUAL, 0.4, true), false},
		"boolean":                  {comparison("b", sdk.CT_EQUAL, true, true), true},
		"another type":             {comparison("i", sdk.CT_EQUAL, "7", true), false},
		"a key column":             {comparison("p", sdk.CT_EQUAL, "a", true), true},
		"missing, and that fails":  {comparison("none", sdk.CT_EQUAL, "x", true), false},
		"missing, and that passes": {comparison("none", sdk.CT_EQUAL, "x", false), true},
		"and":                      {all(sdk.LO_AND, one, other), false},
		"or":                       {all(sdk.LO_OR, other, one), true},
		"not":                      {all(sdk.LO_NOT, other), true},
		"nested":                   {all(sdk.LO_AND, one, all(sdk.LO_NOT, all(sdk.LO_OR, other, other))), true},
	} {
		t.Run(name, func(t *testing.T) {
			change := update(key("a", 1))
			change.PutColumn("seen", "yes")
			change.SetColumnCondition(test.condition)
			_, err := c.UpdateRow(&sdk.UpdateRowRequest{UpdateRowChange: change})
			if test.passes && err != nil {
				t.Error(err)
			}
			if !test.passes {
				wantCode(t, err, 403, "OTSConditionCheckFail", "Condition check failed.")
			}
			got := get(t, c, "t", key("a", 1), func(q *sdk.SingleRowQueryCriteria) { q.Filter = test.condition })
			if found := len(got.PrimaryKey.PrimaryKeys) > 0; found != test.passes {
				t.Errorf("as a filter: %v", found)
			}
		})
	}
	eleven := all(sdk.LO_AND)
	for range 11 {
		eleven.AddFilter(one)
	}
	for name, condition := range map[string]sdk.ColumnFilter{"not of two": all(sdk.LO_NOT, one, one), "and of one": all(sdk.LO_AND, one), "eleven": eleven} {
		change := update(key("a", 1))
		change.PutColumn("seen", "yes")
		change.SetColumnCondition(condition)
		_, err := c.UpdateRow(&sdk.UpdateRowRequest{UpdateRowChange: change})
		t.Run(name, func(t *testing.T) { wantCode(t, err, 400, "OTSParameterInvalid", "") })
	}
}

func TestAnOlderVersionMayHoldACondition(t *testing.T) {
	b := start(t)
	c := b.client()
	table(t, c, "t", -1, 2)
	putVersions(t, b, c, "old", "new")
	change := update(key("a", 1))
	change.PutColumn("w", "x")
	condition := comparison("v", sdk.CT_EQUAL, "old", true)
	change.SetColumnCondition(condition)
	_, err := c.UpdateRow(&sdk.UpdateRowRequest{UpdateRowChange: change})
	wantCode(t, err, 403, "OTSConditionCheckFail", "")
	condition.LatestVersionOnly = false
	mustUpdate(t, c, change)
}

// putVersions puts values into v of row a, 1, a second apart.
func putVersions(t *testing.T, b bench, c *sdk.TableStoreClient, values ...string) {
	t.Helper()
	for _, v := range values {
		b.clock.turn(time.Second)
		change := update(key("a", 1))
		change.PutColumn("v", v)
		mustUpdate(t, c, change)
	}
}

func TestVersionsAreKeptAsTheTableSays(t *testing.T) {
	b := start(t)
	c := b.client()
	table(t, c, "t", -1, 3)
	putVersions(t, b, c, "1", "2", "3", "4")
	versions := func(with func(*sdk.SingleRowQueryCriteria)) string { return columns(get(t, c, "t", key("a", 1), with)) }
	if got := versions(nil); got != "v=4" {
		t.Errorf("one version: %s", got)
	}
	if got := versions(func(q *sdk.SingleRowQueryCriteria) { q.MaxVersion = 9 }); got != "v=4 v=3 v=2" {
		t.Errorf("all versions: %s", got)
	}
	cells := get(t, c, "t", key("a", 1), func(q *sdk.SingleRowQueryCriteria) { q.MaxVersion = 9 }).Columns
	middle := cells[1].Timestamp
	for name, with := range map[string]func(*sdk.SingleRowQueryCriteria){
		"v=3":     func(q *sdk.SingleRowQueryCriteria) { q.MaxVersion, q.TimeRange = 0, &sdk.TimeRange{Specific: middle} },
		"v=3 v=2": func(q *sdk.SingleRowQueryCriteria) { q.MaxVersion, q.TimeRange = 0, &sdk.TimeRange{End: middle + 1} },
		"v=4": func(q *sdk.SingleRowQueryCriteria) {
			q.MaxVersion, q.TimeRange = 0, &sdk.TimeRange{Start: middle + 1, End: middle * 2}
		},
	} {
		if got := versions(with); got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
	drop := update(key("a", 1))
	drop.DeleteColumnWithTimestamp("v", middle)
	mustUpdate(t, c, drop)
	if got := versions(func(q *sdk.SingleRowQueryCriteria) { q.MaxVersion = 9 }); got != "v=4 v=2" {
		t.Errorf("without the middle one: %s", got)
	}
	_, err := c.GetRow(&sdk.GetRowRequest{SingleRowQueryCriteria: &sdk.SingleRowQueryCriteria{
		TableName: "t", PrimaryKey: key("a", 1), MaxVersion: 1, TimeRange: &sdk.TimeRange{Specific: middle},
	}})
	wantCode(t, err, 400, "OTSParameterInvalid", "")
}

func TestChosenColumns(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	mustPut(t, c, put("t", key("a", 1), map[string]any{"x": "1", "y": "2"}))
	for wanted, want := range map[string]string{"y": "true y=2", "p,x": "true x=1", "none": "false ", "none,n": "true "} {
		got := get(t, c, "t", key("a", 1), func(q *sdk.SingleRowQueryCriteria) { q.ColumnsToGet = strings.Split(wanted, ",") })
		if s := fmt.Sprint(len(got.PrimaryKey.PrimaryKeys) > 0) + " " + columns(got); s != want {
			t.Errorf("%s: got %q, want %q", wanted, s, want)
		}
	}
}

func TestExpiredCellsAreGoneAtOnce(t *testing.T) {
	b := start(t)
	c := b.client()
	table(t, c, "t", 86400, 1)
	mustPut(t, c, put("t", key("a", 1), map[string]any{"x": "1", "y": "1"}))
	b.clock.turn(12 * time.Hour)
	change := update(key("a", 1))
	change.PutColumn("y", "2")
	mustUpdate(t, c, change)
	b.clock.turn(12*time.Hour + time.Second)
	if got := columns(get(t, c, "t", key("a", 1), nil)); got != "y=2" {
		t.Errorf("after a day: %q", got)
	}
	b.clock.turn(12 * time.Hour)
	if got := get(t, c, "t", key("a", 1), nil); len(got.PrimaryKey.PrimaryKeys) != 0 {
		t.Error("a row is there of which every cell expired")
	}
	again := put("t", key("a", 1), map[string]any{"x": "3"})
	again.SetCondition(sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)
	mustPut(t, c, again)
	if rows, _ := scanAll(t, c, sdk.FORWARD, 10); rows != "a/1" {
		t.Errorf("the range has %q", rows)
	}
}

func TestATimestampOfTheClientsIsBounded(t *testing.T) {
	b := start(t)
	c := b.client()
	table(t, c, "t", -1, 1)
	for offset, fine := range map[time.Duration]bool{-23 * time.Hour: true, 23 * time.Hour: true, -25 * time.Hour: false, 25 * time.Hour: false} {
		change := put("t", key("a", 1), nil)
		change.AddColumnWithTimestamp("x", "1", time.Now().Add(offset).UnixMilli())
		_, err := c.PutRow(&sdk.PutRowRequest{PutRowChange: change})
		if fine && err != nil {
			t.Errorf("%s: %v", offset, err)
		}
		if !fine {
			wantCode(t, err, 400, "OTSParameterInvalid", "Invalid timestamp")
		}
	}
}

func TestRowsThatAreRefused(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	short, renamed, typed := new(sdk.PrimaryKey), new(sdk.PrimaryKey), new(sdk.PrimaryKey)
	short.AddPrimaryKeyColumn("p", "a")
	renamed.AddPrimaryKeyColumn("q", "a")
	renamed.AddPrimaryKeyColumn("n", int64(1))
	typed.AddPrimaryKeyColumn("p", "a")
	typed.AddPrimaryKeyColumn("n", "1")
	many := map[string]any{}
	for i := range 1025 {
		many[fmt.Sprintf("c%d", i)] = true
	}
	for name, test := range map[string]struct {
		change        *sdk.PutRowChange
		status        int
		code, message string
	}{
		"no table":       {put("none", key("a", 1), nil), 404, "OTSObjectNotExist", "Requested table does not exist."},
		"a short key":    {put("t", short, nil), 400, "OTSInvalidPK", "Validate PK size fail. Input: 1, Meta: 2."},
		"another name":   {put("t", renamed, nil), 400, "OTSInvalidPK", "Validate PK name fail. Input: q, Meta: p."},
		"another type":   {put("t", typed, nil), 400, "OTSInvalidPK", "Validate PK type fail. Input: VT_STRING, Meta: VT_INTEGER."},
		"a long key":     {put("t", key(strings.Repeat("x", 1025), 1), nil), 400, "OTSParameterInvalid", "The length of primary key column: 'p' exceeds the MaxLength:1024 with CurrentLength:1025."},
		"a long column":  {put("t", key("a", 1), map[string]any{"x": make([]byte, 2<<20+1)}), 400, "OTSParameterInvalid", "exceeds the MaxLength:2097152"},
		"many columns":   {put("t", key("a", 1), many), 400, "OTSParameterInvalid", "limit count: 1024, column count: 1025"},
		"a column name":  {put("t", key("a", 1), map[string]any{"a b": "x"}), 400, "OTSParameterInvalid", "Invalid column name: 'a b'."},
		"a key's column": {put("t", key("a", 1), map[string]any{"p": "x"}), 400, "OTSParameterInvalid", "Invalid column name: 'p'."},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.PutRow(&sdk.PutRowRequest{PutRowChange: test.change})
			wantCode(t, err, test.status, test.code, test.message)
		})
	}
	empty := update(key("a", 1))
	_, err := c.UpdateRow(&sdk.UpdateRowRequest{UpdateRowChange: empty})
	wantCode(t, err, 400, "OTSParameterInvalid", "Attribute column is missing.")
	counting := update(key("a", 1))
	counting.IncrementColumn("n", 1)
	_, err = c.UpdateRow(&sdk.UpdateRowRequest{UpdateRowChange: counting})
	wantCode(t, err, 400, "OTSParameterInvalid", "")
}

func TestCapacityUnitsAreCounted(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	large := put("t", key("a", 1), map[string]any{"x": make([]byte, 4096)})
	large.SetCondition(sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)
	if cu := mustPut(t, c, large).ConsumedCapacityUnit; cu.Write != 2 || cu.Read != 1 {
		t.Errorf("a conditional put of a little over 4 KB: %+v", cu)
	}
	if cu := get(t, c, "t", key("a", 1), nil).ConsumedCapacityUnit; cu.Write != 0 || cu.Read != 2 {
		t.Errorf("reading it: %+v", cu)
	}
	if cu := get(t, c, "t", key("b", 1), nil).ConsumedCapacityUnit; cu.Write != 0 || cu.Read != 1 {
		t.Errorf("reading nothing: %+v", cu)
	}
}

func TestTheKeyIsReturnedWhenAskedFor(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	change := put("t", key("a", 5), nil)
	change.ReturnType = sdk.ReturnType_RT_PK
	if got := mustPut(t, c, change).PrimaryKey.PrimaryKeys; len(got) != 2 || got[1].Value != int64(5) {
		t.Errorf("got %v", got)
	}
}

// scanAll reads table t page by page and returns its rows as "p/n p/n" and the
// number of pages.
func scanAll(t *testing.T, c *sdk.TableStoreClient, direction sdk.Direction, limit int32) (string, int) {
	t.Helper()
	from, to := new(sdk.PrimaryKey), new(sdk.PrimaryKey)
	for _, name := range []string{"p", "n"} {
		from.AddPrimaryKeyColumnWithMinValue(name)
		to.AddPrimaryKeyColumnWithMaxValue(name)
	}
	if direction == sdk.BACKWARD {
		from, to = to, from
	}
	return scan(t, c, &sdk.RangeRowQueryCriteria{TableName: "t", StartPrimaryKey: from, EndPrimaryKey: to, Direction: direction, Limit: limit, MaxVersion: 1})
}

func scan(t *testing.T, c *sdk.TableStoreClient, q *sdk.RangeRowQueryCriteria) (string, int) {
	t.Helper()
	var rows []string
	for pages := 1; ; pages++ {
		resp, err := c.GetRange(&sdk.GetRangeRequest{RangeRowQueryCriteria: q})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range resp.Rows {
			k := r.PrimaryKey.PrimaryKeys
			rows = append(rows, fmt.Sprintf("%v/%v", k[0].Value, k[1].Value))
		}
		if resp.NextStartPrimaryKey == nil {
			return strings.Join(rows, " "), pages
		}
		q.StartPrimaryKey = resp.NextStartPrimaryKey
	}
}

func TestRanges(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	for _, p := range []string{"b", "a", "ab", "a\x00"} {
		for _, n := range []int64{2, -1} {
			mustPut(t, c, put("t", key(p, n), map[string]any{"n2": n}))
		}
	}
	order := []string{"a/-1", "a/2", "a\x00/-1", "a\x00/2", "ab/-1", "ab/2", "b/-1", "b/2"}
	forward := strings.Join(order, " ")
	slices.Reverse(order)
	backward := strings.Join(order, " ")
	for limit, pages := range map[int32]int{0: 1, 8: 1, 7: 2, 3: 3, 1: 8} {
		if got, n := scanAll(t, c, sdk.FORWARD, limit); got != forward || n != pages {
			t.Errorf("forward by %d: %q in %d pages", limit, got, n)
		}
		if got, n := scanAll(t, c, sdk.BACKWARD, limit); got != backward || n != pages {
			t.Errorf("backward by %d: %q in %d pages", limit, got, n)
		}
	}
	part := func(from, to *sdk.PrimaryKey, d sdk.Direction) string {
		got, _ := scan(t, c, &sdk.RangeRowQueryCriteria{TableName: "t", StartPrimaryKey: from, EndPrimaryKey: to, Direction: d, MaxVersion: 1})
		return got
	}
	if got := part(key("a", 2), key("ab", 2), sdk.FORWARD); got != "a/2 a\x00/-1 a\x00/2 ab/-1" {
		t.Errorf("the end is exclusive: %q", got)
	}
	if got := part(key("ab", 0), key("a", 2), sdk.BACKWARD); got != "ab/-1 a\x00/2 a\x00/-1" {
		t.Errorf("backward between rows: %q", got)
	}
	filtered, _ := scan(t, c, &sdk.RangeRowQueryCriteria{
		TableName: "t", StartPrimaryKey: key("a", -1), EndPrimaryKey: key("c", 0), Direction: sdk.FORWARD, MaxVersion: 1, Limit: 1,
		Filter: comparison("n2", sdk.CT_GREATER_THAN, int64(0), true),
	})
	if filtered != "a/2 a\x00/2 ab/2 b/2" {
		t.Errorf("filtered: %q", filtered)
	}
}

func TestRangesThatAreRefused(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	for message, q := range map[string]*sdk.RangeRowQueryCriteria{
		"Begin key must less than end key in FORWARD":  {StartPrimaryKey: key("b", 1), EndPrimaryKey: key("a", 1)},
		"Begin key must more than end key in BACKWARD": {StartPrimaryKey: key("a", 1), EndPrimaryKey: key("a", 1), Direction: sdk.BACKWARD},
		"The limit must be greater than 0.":            {StartPrimaryKey: key("a", 1), EndPrimaryKey: key("b", 1), Limit: -1},
	} {
		q.TableName, q.MaxVersion = "t", 1
		_, err := c.GetRange(&sdk.GetRangeRequest{RangeRowQueryCriteria: q})
		wantCode(t, err, 400, "OTSParameterInvalid", message)
	}
}

func TestBatchesAnswerRowByRow(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	table(t, c, "u", -1, 1)
	mustPut(t, c, put("t", key("there", 1), map[string]any{"x": "1"}))
	fresh := put("t", key("there", 1), map[string]any{"x": "2"})
	fresh.SetCondition(sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)
	gone := &sdk.DeleteRowChange{TableName: "u", PrimaryKey: key("none", 1)}
	gone.SetCondition(sdk.RowExistenceExpectation_IGNORE)
	batch := new(sdk.BatchWriteRowRequest)
	for _, change := range []sdk.RowChange{put("t", key("a", 1), map[string]any{"x": "1"}), fresh, put("none", key("a", 1), nil), gone} {
		batch.AddRowChange(change)
	}
	resp, err := c.BatchWriteRow(batch)
	if err != nil {
		t.Fatal(err)
	}
	var results []string
	for _, name := range slices.Sorted(maps.Keys(resp.TableToRowsResult)) {
		for _, r := range resp.TableToRowsResult[name] {
			results = append(results, fmt.Sprintf("%s/%d:%s", name, r.Index, r.Error.Code))
		}
	}
	if got := strings.Join(results, " "); got != "none/0:OTSObjectNotExist t/0: t/1:OTSConditionCheckFail u/0:" {
		t.Errorf("got %q", got)
	}
	read := &sdk.MultiRowQueryCriteria{TableName: "t", MaxVersion: 1}
	for _, p := range []string{"there", "none", "a"} {
		read.AddRow(key(p, 1))
	}
	got, err := c.BatchGetRow(&sdk.BatchGetRowRequest{MultiRowQueryCriteria: []*sdk.MultiRowQueryCriteria{read}})
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, r := range got.TableToRowsResult["t"] {
		found = append(found, fmt.Sprint(r.IsSucceed, len(r.PrimaryKey.PrimaryKeys)))
	}
	if s := strings.Join(found, ", "); s != "true 2, true 0, true 2" {
		t.Errorf("got %s", s)
	}
}

func TestBatchesThatAreRefused(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	many, large, twice := new(sdk.BatchWriteRowRequest), new(sdk.BatchWriteRowRequest), new(sdk.BatchWriteRowRequest)
	for i := range int64(201) {
		many.AddRowChange(put("t", key("a", i), nil))
	}
	for i := range int64(3) {
		large.AddRowChange(put("t", key("a", i), map[string]any{"x": make([]byte, 3<<19)}))
	}
	fresh := put("t", key("a", 1), nil)
	fresh.SetCondition(sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)
	twice.AddRowChange(put("t", key("a", 1), nil))
	twice.AddRowChange(fresh)
	for message, batch := range map[string]*sdk.BatchWriteRowRequest{
		"Rows count exceeds the upper limit: 200.":                 many,
		"The total data size of BatchWriteRow request exceeds the": large,
		"No row is specified in BatchWriteRow.":                    new(sdk.BatchWriteRowRequest),
		"Repeated rows do not support row exist expectation check": twice,
	} {
		_, err := c.BatchWriteRow(batch)
		wantCode(t, err, 400, "OTSParameterInvalid", message)
	}
}
