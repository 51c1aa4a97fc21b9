package tablestore_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore/otsprotocol"
	"github.com/golang/protobuf/proto"

	"github.com/fc-sso/fc-sso/scripts/local/internal/tablestore"
)

// scenario is one promise of the service: what a fresh instance answers to a
// call. want is the answer as text, or "STATUS CODE message" of a refusal; with
// … at its end it is the beginning.
type scenario struct {
	name  string
	setup func(*world)
	call  func(*world) (string, error)
	want  string
}

// TestConformance holds the server to what the vendor's tests and documentation
// say of the service, through the vendor's own SDK over HTTP.
func TestConformance(t *testing.T) {
	for name, scenarios := range map[string][]scenario{
		"create":     createScenarios(),
		"tables":     tableScenarios(),
		"put":        putScenarios(),
		"existence":  existenceScenarios(),
		"conditions": conditionScenarios(),
		"update":     updateScenarios(),
		"time":       timeScenarios(),
		"limits":     limitScenarios(),
		"capacity":   capacityScenarios(),
		"get":        getScenarios(),
		"filters":    filterScenarios(),
		"range":      rangeScenarios(),
		"paging":     pagingScenarios(),
		"batchget":   batchGetScenarios(),
		"batchwrite": batchWriteScenarios(),
		"autokeys":   autoKeyScenarios(),
		"streams":    streamScenarios(),
		"records":    recordScenarios(),
		"wire":       wireScenarios(),
		"faults":     faultScenarios(),
	} {
		t.Run(name, func(t *testing.T) { play(t, scenarios) })
	}
}

func play(t *testing.T, scenarios []scenario) {
	t.Helper()
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if s.setup != nil {
				s.setup(w)
			}
			got, err := s.call(w)
			if err != nil {
				got = refusalText(err)
			}
			if start, open := strings.CutSuffix(s.want, "…"); got != s.want && (!open || !strings.HasPrefix(got, start)) {
				t.Errorf("got  %s\nwant %s", got, s.want)
			}
		})
	}
}

func refusalText(err error) string {
	if refusal, ok := errors.AsType[*sdk.OtsError](err); ok {
		return fmt.Sprintf("%d %s %s", refusal.HttpStatusCode, refusal.Code, refusal.Message)
	}
	return "error: " + err.Error()
}

// world is a server of a scenario's own, whose clock stands still until it is
// turned, and the SDK without its retries.
type world struct {
	bench
	t    *testing.T
	c    *sdk.TableStoreClient
	time *standing
	cost string // capacity units of the last call
}

// standing is a clock that moves only when told.
type standing struct{ nano atomic.Int64 }

func (s *standing) Now() time.Time { return time.Unix(0, s.nano.Load()) }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, time: new(standing)}
	w.time.nano.Store(time.Now().Truncate(time.Second).UnixNano())
	w.clock = new(clock)
	o := options(filepath.Join(t.TempDir(), "tablestore.db"), w.clock)
	o.Now = w.time.Now
	server, err := tablestore.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	front, faults := httptest.NewServer(server), httptest.NewServer(server.Faults())
	t.Cleanup(func() {
		front.Close()
		faults.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	w.url, w.faults, w.server = front.URL, faults.URL, server
	w.c = w.client()
	return w
}

// turn moves the server's clock, and the client's with it.
func (w *world) turn(d time.Duration) {
	w.time.nano.Add(int64(d))
	w.clock.turn(d)
}

// at is a cell's timestamp: milliseconds, so far from now.
func (w *world) at(offset time.Duration) int64 { return w.time.Now().Add(offset).UnixMilli() }

// must is for what a scenario takes for granted.
func (w *world) must(_ string, err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// table makes table t with a string key p and an integer key n, and returns what
// may be changed before by its options.
func (w *world) table(with ...func(*sdk.CreateTableRequest)) {
	w.t.Helper()
	w.must(w.createTable("t", with...))
}

func (w *world) createTable(name string, with ...func(*sdk.CreateTableRequest)) (string, error) {
	meta := &sdk.TableMeta{TableName: name}
	meta.AddPrimaryKeyColumn("p", sdk.PrimaryKeyType_STRING)
	meta.AddPrimaryKeyColumn("n", sdk.PrimaryKeyType_INTEGER)
	request := &sdk.CreateTableRequest{
		TableMeta:          meta,
		TableOption:        sdk.NewTableOption(-1, 1),
		ReservedThroughput: &sdk.ReservedThroughput{},
	}
	for _, change := range with {
		change(request)
	}
	_, err := w.c.CreateTable(request)
	return "created", err
}

func versions(n int) func(*sdk.CreateTableRequest) {
	return func(r *sdk.CreateTableRequest) { r.TableOption.MaxVersion = n }
}

func timeToLive(seconds int) func(*sdk.CreateTableRequest) {
	return func(r *sdk.CreateTableRequest) { r.TableOption.TimeToAlive = seconds }
}

func deviation(seconds int64) func(*sdk.CreateTableRequest) {
	return func(r *sdk.CreateTableRequest) { r.TableOption.DeviationCellVersionInSec = seconds }
}

// keyed gives a table other key columns.
func keyed(columns ...*sdk.PrimaryKeySchema) func(*sdk.CreateTableRequest) {
	return func(r *sdk.CreateTableRequest) { r.TableMeta.SchemaEntry = columns }
}

func keyColumn(name string, kind sdk.PrimaryKeyType, option ...sdk.PrimaryKeyOption) *sdk.PrimaryKeySchema {
	column := &sdk.PrimaryKeySchema{Name: &name, Type: &kind}
	if len(option) > 0 {
		column.Option = &option[0]
	}
	return column
}

// withRow is table t with the row a/1: x=1 y="two".
func withRow(w *world) {
	w.table()
	w.must(w.put(put("t", key("a", 1), map[string]any{"x": int64(1), "y": "two"})))
}

func (w *world) spent(cu *sdk.ConsumedCapacityUnit) {
	w.cost = fmt.Sprintf("read %d, write %d", cu.Read, cu.Write)
}

// put, and each call below, returns the row that came back, or "done".
func (w *world) put(change *sdk.PutRowChange) (string, error) {
	resp, err := w.c.PutRow(&sdk.PutRowRequest{PutRowChange: change})
	if err != nil {
		return "", err
	}
	w.spent(resp.ConsumedCapacityUnit)
	return written(resp.PrimaryKey, nil), nil
}

func (w *world) update(change *sdk.UpdateRowChange) (string, error) {
	resp, err := w.c.UpdateRow(&sdk.UpdateRowRequest{UpdateRowChange: change})
	if err != nil {
		return "", err
	}
	w.spent(resp.ConsumedCapacityUnit)
	return written(sdk.PrimaryKey{}, resp.Columns), nil
}

func (w *world) remove(change *sdk.DeleteRowChange) (string, error) {
	resp, err := w.c.DeleteRow(&sdk.DeleteRowRequest{DeleteRowChange: change})
	if err != nil {
		return "", err
	}
	w.spent(resp.ConsumedCapacityUnit)
	return "done", nil
}

func written(key sdk.PrimaryKey, columns []*sdk.AttributeColumn) string {
	if len(key.PrimaryKeys)+len(columns) == 0 {
		return "done"
	}
	return strings.TrimSpace(keyText(key) + cellsText(columns))
}

// get reads a row of table t, by default its newest versions.
func (w *world) get(k *sdk.PrimaryKey, with ...func(*sdk.SingleRowQueryCriteria)) (string, error) {
	criteria := &sdk.SingleRowQueryCriteria{TableName: "t", PrimaryKey: k, MaxVersion: 1}
	for _, change := range with {
		change(criteria)
	}
	resp, err := w.c.GetRow(&sdk.GetRowRequest{SingleRowQueryCriteria: criteria})
	if err != nil {
		return "", err
	}
	w.spent(resp.ConsumedCapacityUnit)
	return rowText(resp.PrimaryKey, resp.Columns), nil
}

// a1 reads the row that most scenarios are about.
func a1(w *world) (string, error) { return w.get(key("a", 1)) }

// a1History reads all its versions.
func a1History(w *world) (string, error) {
	return w.get(key("a", 1), func(q *sdk.SingleRowQueryCriteria) { q.MaxVersion = 100 })
}

func rowText(key sdk.PrimaryKey, columns []*sdk.AttributeColumn) string {
	if len(key.PrimaryKeys) == 0 {
		return "absent"
	}
	return keyText(key) + cellsText(columns)
}

func keyText(key sdk.PrimaryKey) string {
	var parts []string
	for _, column := range key.PrimaryKeys {
		parts = append(parts, strings.Trim(valueText(column.Value), `"`))
	}
	return strings.Join(parts, "/")
}

func cellsText(columns []*sdk.AttributeColumn) string {
	var b strings.Builder
	for _, column := range columns {
		fmt.Fprintf(&b, " %s=%s", column.ColumnName, valueText(column.Value))
	}
	return b.String()
}

func valueText(v any) string {
	switch v := v.(type) {
	case string:
		return fmt.Sprintf("%q", v)
	case []byte:
		return fmt.Sprintf("%#x", v)
	case float64:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprint(v)
}

// raw sends what the SDK would not: it checks some things before the server can.
func (w *world) raw(action string, request, response proto.Message) error {
	w.t.Helper()
	body, err := proto.Marshal(request)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.answer(newRequest("/"+action, body), nil, response)
}

func (w *world) answer(r *request, afterwards func(*request), response proto.Message) error {
	w.t.Helper()
	status, header, body := r.send(w.t, w.bench, afterwards)
	if status == 200 {
		return proto.Unmarshal(body, response)
	}
	refused := new(otsprotocol.Error)
	if err := proto.Unmarshal(body, refused); err != nil {
		return fmt.Errorf("HTTP %d and no Error: %w", status, err)
	}
	return &sdk.OtsError{
		Code: refused.GetCode(), Message: refused.GetMessage(), HttpStatusCode: status,
		RequestId: header.Get("x-ots-requestid"),
	}
}
