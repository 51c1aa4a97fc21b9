package tablestore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/scripts/local/internal/tablestore"
)

const (
	keyID  = "test-key"
	secret = "test-secret"
	token  = "test-token"
)

// clock is a clock that tests turn.
type clock struct {
	mu     sync.Mutex
	offset time.Duration
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Add(c.offset)
}

func (c *clock) turn(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset += d
}

// bench is a running server, its faults and its clock.
type bench struct {
	url    string
	faults string
	clock  *clock
	server *tablestore.Server
}

func options(path string, c *clock) tablestore.Options {
	return tablestore.Options{
		Path:     path,
		Instance: "local",
		Lookup: func(id string) (string, string, bool) {
			switch id {
			case keyID:
				return secret, "", true
			case "sts":
				return secret, token, true
			}
			return "", "", false
		},
		Now: c.Now,
		Log: slog.New(slog.DiscardHandler),
	}
}

func start(tb testing.TB) bench {
	tb.Helper()
	return startAt(tb, filepath.Join(tb.TempDir(), "tablestore.db"))
}

func startAt(tb testing.TB, path string) bench {
	tb.Helper()
	c := new(clock)
	server, err := tablestore.Open(options(path, c))
	if err != nil {
		tb.Fatal(err)
	}
	front := httptest.NewServer(server)
	faults := httptest.NewServer(server.Faults())
	tb.Cleanup(func() {
		front.Close()
		faults.Close()
		if err := server.Close(); err != nil {
			tb.Error(err)
		}
	})
	return bench{front.URL, faults.URL, c, server}
}

// client is the genuine SDK without its retries, so that a test sees each answer.
func (b bench) client() *sdk.TableStoreClient { return b.clientWith(keyID, secret, "") }

func (b bench) clientWith(id, secret, token string) *sdk.TableStoreClient {
	config := sdk.NewDefaultTableStoreConfig()
	config.RetryTimes = 0
	config.Transport = &shifted{b.clock, secret}
	return sdk.NewClientWithConfig(b.url, "local", id, secret, token, config)
}

// transport keeps as many connections as a race has runners.
var transport = &http.Transport{MaxIdleConnsPerHost: 64}

// shifted sends requests by the bench's clock, since the SDK knows only the
// machine's and the server refuses one that is 15 minutes off.
type shifted struct {
	clock  *clock
	secret string
}

func (s *shifted) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("x-ots-date", s.clock.Now().UTC().Format("2006-01-02T15:04:05.000000Z"))
	r.Header.Del("x-ots-signature")
	r.Header.Set("x-ots-signature", hmacSHA1(s.secret, r.URL.Path+"\n"+r.Method+"\n\n"+headerLines(r.Header)+"\n"))
	return transport.RoundTrip(r)
}

func (b bench) fault(t *testing.T, f tablestore.Fault) {
	t.Helper()
	body, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(b.faults, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusNoContent {
		t.Fatalf("fault refused: %s", resp.Status)
	}
}

// table makes a table with a string key p and an integer key n.
func table(tb testing.TB, c *sdk.TableStoreClient, name string, ttl, versions int) {
	tb.Helper()
	meta := &sdk.TableMeta{TableName: name}
	meta.AddPrimaryKeyColumn("p", sdk.PrimaryKeyType_STRING)
	meta.AddPrimaryKeyColumn("n", sdk.PrimaryKeyType_INTEGER)
	_, err := c.CreateTable(&sdk.CreateTableRequest{
		TableMeta:          meta,
		TableOption:        &sdk.TableOption{TimeToAlive: ttl, MaxVersion: versions},
		ReservedThroughput: &sdk.ReservedThroughput{},
	})
	if err != nil {
		tb.Fatal(err)
	}
}

func key(p string, n int64) *sdk.PrimaryKey {
	k := new(sdk.PrimaryKey)
	k.AddPrimaryKeyColumn("p", p)
	k.AddPrimaryKeyColumn("n", n)
	return k
}

func put(table string, k *sdk.PrimaryKey, columns map[string]any) *sdk.PutRowChange {
	change := &sdk.PutRowChange{TableName: table, PrimaryKey: k}
	for name, value := range columns {
		change.AddColumn(name, value)
	}
	change.SetCondition(sdk.RowExistenceExpectation_IGNORE)
	return change
}

func mustPut(tb testing.TB, c *sdk.TableStoreClient, change *sdk.PutRowChange) *sdk.PutRowResponse {
	tb.Helper()
	resp, err := c.PutRow(&sdk.PutRowRequest{PutRowChange: change})
	if err != nil {
		tb.Fatal(err)
	}
	return resp
}

func get(tb testing.TB, c *sdk.TableStoreClient, table string, k *sdk.PrimaryKey, with func(*sdk.SingleRowQueryCriteria)) *sdk.GetRowResponse {
	tb.Helper()
	criteria := &sdk.SingleRowQueryCriteria{TableName: table, PrimaryKey: k, MaxVersion: 1}
	if with != nil {
		with(criteria)
	}
	resp, err := c.GetRow(&sdk.GetRowRequest{SingleRowQueryCriteria: criteria})
	if err != nil {
		tb.Fatal(err)
	}
	return resp
}

// columns writes a row's columns as "a=1 b=x", in the order in which they came.
func columns(resp *sdk.GetRowResponse) string {
	var b strings.Builder
	for i, c := range resp.Columns {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(c.ColumnName + "=" + text(c.Value))
	}
	return b.String()
}

func text(v any) string {
	encoded, _ := json.Marshal(v)
	return strings.Trim(string(encoded), `"`)
}

// wantCode holds an error against the service's code, status and message.
func wantCode(t *testing.T, err error, status int, code, message string) {
	t.Helper()
	var got *sdk.OtsError
	if !errors.As(err, &got) {
		t.Fatalf("got %v, want %d %s", err, status, code)
	}
	if got.HttpStatusCode != status || got.Code != code || !strings.Contains(got.Message, message) {
		t.Errorf("got %d %s %q, want %d %s %q", got.HttpStatusCode, got.Code, got.Message, status, code, message)
	}
}

func TestARowComesBackAsItWasPut(t *testing.T) {
	c := start(t).client()
	table(t, c, "t", -1, 1)
	resp := mustPut(t, c, put("t", key("a", -7), map[string]any{
		"z": "text", "i": int64(-1), "d": 2.5, "b": true, "raw": []byte{0, 1, 255},
	}))
	if cu := resp.ConsumedCapacityUnit; cu.Write != 1 || cu.Read != 0 {
		t.Errorf("consumed %+v, want one write", cu)
	}
	got := get(t, c, "t", key("a", -7), nil)
	if want := `b=true d=2.5 i=-1 raw=AAH/ z=text`; columns(got) != want {
		t.Errorf("got %s, want %s", columns(got), want)
	}
	if n := got.PrimaryKey.PrimaryKeys[1].Value; n != int64(-7) {
		t.Errorf("key column n is %v", n)
	}
	if missing := get(t, c, "t", key("a", 7), nil); len(missing.PrimaryKey.PrimaryKeys) != 0 {
		t.Error("a row that was never put is there")
	}
}
