package tablestore_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/scripts/local/internal/tablestore"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// childFile names the variable that makes this test binary a server on a file,
// childJournal the one with the size of its journals. emptyServer, in place of a
// file, makes it one that answers every put with the same few bytes.
const (
	childFile    = "TABLESTORE_TEST_FILE"
	childJournal = "TABLESTORE_TEST_JOURNAL"
	emptyServer  = "none"
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		serveUntilKilled(path)
	}
	os.Exit(m.Run())
}

// serveUntilKilled is the child: it prints its address and serves until its
// parent kills it, or is gone (then stdin ends).
func serveUntilKilled(path string) {
	handler := http.Handler(http.HandlerFunc(answerEmptily))
	if path != emptyServer {
		o := options(path, new(clock))
		o.Journal, _ = strconv.ParseInt(os.Getenv(childJournal), 10, 64) // 0 without it
		server, err := tablestore.Open(o)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		handler = server
	}
	fmt.Println(httptest.NewServer(handler).URL)
	_, _ = os.Stdin.Read(make([]byte, 1))
	os.Exit(0)
}

// answerEmptily is the least that the SDK takes for the answer to a put: a
// capacity unit of each kind (PutRowResponse, by hand).
func answerEmptily(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("x-ots-requestid", "none")
	_, _ = w.Write([]byte{0x0a, 6, 0x0a, 4, 0x08, 1, 0x10, 1})
}

// child starts a server process on the file; kill ends it as kill -9 does.
func child(tb testing.TB, path string, journal int) (b bench, process *os.Process, kill func()) {
	tb.Helper()
	command := exec.CommandContext(tb.Context(), os.Args[0])
	command.Env = append(os.Environ(), childFile+"="+path, fmt.Sprintf("%s=%d", childJournal, journal))
	stdin, err := command.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := command.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := command.Start(); err != nil {
		tb.Fatal(err)
	}
	kill = sync.OnceFunc(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		_ = stdin.Close()
	})
	tb.Cleanup(kill)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "http://") {
		tb.Fatalf("the server says %q, %v", line, err)
	}
	return bench{url: strings.TrimSpace(line), clock: new(clock)}, command.Process, kill
}

// TestWhatWasAnsweredIsThereAfterKill kills a server 20 times while 8 writers
// write and small journals move into the file. Every row and every atomic batch
// that was answered for must be there afterwards, and none of them in part.
func TestWhatWasAnsweredIsThereAfterKill(t *testing.T) {
	const rounds, journal = 20, 32 << 10
	path := filepath.Join(t.TempDir(), "tablestore.db")
	var answered sync.Map
	for round := range rounds {
		b, _, kill := child(t, path, journal)
		c := b.client()
		if round == 0 {
			table(t, c, "t", -1, 1)
		}
		var writers sync.WaitGroup
		var count atomic.Int64
		for w := range 8 {
			writers.Go(func() {
				for i := 0; ; i++ {
					p := fmt.Sprintf("%d-%d-%d", round, w, i)
					if _, err := c.BatchWriteRow(wholeBatch(p, 1+i%3)); err != nil {
						return
					}
					answered.Store(p, 1+i%3)
					if count.Add(1) == 150 {
						go kill()
					}
				}
			})
		}
		writers.Wait()
		kill()
	}
	b, _, _ := child(t, path, journal)
	there := partitions(t, b.client())
	answered.Range(func(p, rows any) bool {
		if there[p.(string)] != rows {
			t.Errorf("partition %s has %d rows, %d were answered for", p, there[p.(string)], rows)
		}
		return true
	})
	for p, rows := range there {
		var round, w, i int
		if _, err := fmt.Sscanf(p, "%d-%d-%d", &round, &w, &i); err != nil || rows != 1+i%3 {
			t.Errorf("partition %s has %d rows: a part of a batch", p, rows)
		}
	}
}

// wholeBatch puts rows of one partition atomically, each with three columns.
func wholeBatch(p string, rows int) *sdk.BatchWriteRowRequest {
	batch := &sdk.BatchWriteRowRequest{IsAtomic: rows > 1}
	for n := range int64(rows) {
		batch.AddRowChange(put("t", key(p, n), map[string]any{"a": p, "b": strings.Repeat("x", 100), "c": p}))
	}
	return batch
}

// partitions counts the rows of every partition, which must be whole.
func partitions(t *testing.T, c *sdk.TableStoreClient) map[string]int {
	t.Helper()
	found := map[string]int{}
	from, to := new(sdk.PrimaryKey), new(sdk.PrimaryKey)
	for _, name := range []string{"p", "n"} {
		from.AddPrimaryKeyColumnWithMinValue(name)
		to.AddPrimaryKeyColumnWithMaxValue(name)
	}
	for from != nil {
		resp, err := c.GetRange(&sdk.GetRangeRequest{RangeRowQueryCriteria: &sdk.RangeRowQueryCriteria{
			TableName: "t", StartPrimaryKey: from, EndPrimaryKey: to, MaxVersion: 1,
		}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range resp.Rows {
			p := r.PrimaryKey.PrimaryKeys[0].Value.(string)
			if found[p]++; len(r.Columns) != 3 || r.Columns[0].Value != p || r.Columns[2].Value != p {
				t.Errorf("a part of row %s: %v", p, r.Columns)
			}
		}
		from = resp.NextStartPrimaryKey
	}
	return found
}

func TestASecondServerOnTheFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tablestore.db")
	startAt(t, path)
	_, err := tablestore.Open(options(path, new(clock)))
	if err == nil || !strings.Contains(err.Error(), path+" is in use by another server") {
		t.Errorf("got %v", err)
	}
}

// TestOneOfManyWinsAKey races 16 clients for each of 1,000 keys.
func TestOneOfManyWinsAKey(t *testing.T) {
	b := start(t)
	c := b.client()
	table(t, c, "t", -1, 1)
	for i := range int64(1000) {
		var wins atomic.Int64
		var racers sync.WaitGroup
		for range 16 {
			racers.Go(func() {
				change := put("t", key("race", i), map[string]any{"x": "1"})
				change.SetCondition(sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)
				if _, err := c.PutRow(&sdk.PutRowRequest{PutRowChange: change}); err == nil {
					wins.Add(1)
				}
			})
		}
		racers.Wait()
		if wins.Load() != 1 {
			t.Fatalf("key %d: %d winners", i, wins.Load())
		}
	}
}

func TestFaults(t *testing.T) {
	b := start(t)
	c := b.client()
	table(t, c, "t", -1, 1)
	table(t, c, "u", -1, 1)
	try := func(table, p string) error {
		_, err := c.PutRow(&sdk.PutRowRequest{PutRowChange: put(table, key(p, 1), map[string]any{"x": "1"})})
		return err
	}
	there := func(p string) bool { return len(get(t, c, "t", key(p, 1), nil).Columns) > 0 }

	b.fault(t, tablestore.Fault{Table: "t", Action: "PutRow", Kind: "lost", Commit: true, Times: 1})
	if err := try("u", "a"); err != nil {
		t.Errorf("another table: %v", err)
	}
	if err := try("t", "lost"); err == nil || !there("lost") {
		t.Errorf("an answer lost after the commit: %v, row there: %v", err, there("lost"))
	}
	b.fault(t, tablestore.Fault{Action: "PutRow", Kind: "lost", Times: 1})
	if err := try("t", "dropped"); err == nil || there("dropped") {
		t.Errorf("a request dropped: %v, row there: %v", err, there("dropped"))
	}
	b.fault(t, tablestore.Fault{Table: "t", Kind: "error", Code: "OTSTableNotReady", Seconds: 60})
	wantCode(t, try("t", "early"), 404, "OTSTableNotReady", "")
	b.clock.turn(61 * time.Second)
	if err := try("t", "early"); err != nil {
		t.Errorf("after its time: %v", err)
	}
	b.fault(t, tablestore.Fault{Kind: "slow", Commit: true, Times: 1, DelayMS: 50})
	began := time.Now()
	if err := try("t", "slow"); err != nil || time.Since(began) < 50*time.Millisecond {
		t.Errorf("slow: %v after %s", err, time.Since(began))
	}
	b.fault(t, tablestore.Fault{Kind: "error", Code: "OTSServerBusy"})
	wantCode(t, try("t", "busy"), 503, "OTSServerBusy", "")
	clearing, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, b.faults, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(clearing)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if err := try("t", "busy"); err != nil {
		t.Errorf("after the faults were cleared: %v", err)
	}
}

// TestEveryRetryableCodeIsRetried: the SDK's own retries get through each.
func TestEveryRetryableCodeIsRetried(t *testing.T) {
	b := start(t)
	c := b.client()
	table(t, c, "t", -1, 1)
	retrying := benchmarkClient(b)
	for code, status := range map[string]int{
		"OTSRowOperationConflict":  409,
		"OTSNotEnoughCapacityUnit": 403,
		"OTSTableNotReady":         404,
		"OTSPartitionUnavailable":  503,
		"OTSServerBusy":            503,
		"OTSStorageServerBusy":     503,
		"OTSQuotaExhausted":        403,
		"OTSTimeout":               503, // this and those below: reads only
		"OTSInternalServerError":   500,
		"OTSServerUnavailable":     503,
	} {
		b.fault(t, tablestore.Fault{Table: "t", Action: "GetRow", Kind: "error", Code: code, Times: 2})
		_, err := c.GetRow(&sdk.GetRowRequest{SingleRowQueryCriteria: &sdk.SingleRowQueryCriteria{TableName: "t", PrimaryKey: key("a", 1), MaxVersion: 1}})
		wantCode(t, err, status, code, "")
		get(t, retrying, "t", key("a", 1), nil)
	}
}

func TestANewTableIsNotReadyForAWhile(t *testing.T) {
	b := start(t)
	c := b.client()
	table(t, c, "before", -1, 1)
	b.fault(t, tablestore.Fault{Kind: "not_ready", Seconds: 30})
	table(t, c, "t", -1, 1)
	try := func(name string) error {
		_, err := c.PutRow(&sdk.PutRowRequest{PutRowChange: put(name, key("a", 1), nil)})
		return err
	}
	wantCode(t, try("t"), 404, "OTSTableNotReady", "The table is not ready.")
	if err := try("before"); err != nil {
		t.Errorf("another table: %v", err)
	}
	if _, err := c.DescribeTable(&sdk.DescribeTableRequest{TableName: "t"}); err != nil {
		t.Errorf("only rows are refused: %v", err)
	}
	b.clock.turn(31 * time.Second)
	if err := try("t"); err != nil {
		t.Errorf("after its time: %v", err)
	}
}

// TestRotatedCredentialsArePickedUp: a function's role credentials change every
// few minutes, and the old ones are refused.
func TestRotatedCredentialsArePickedUp(t *testing.T) {
	var current atomic.Int64
	name := func(what string) string { return fmt.Sprintf("%s-%d", what, current.Load()) }
	o := options(filepath.Join(t.TempDir(), "tablestore.db"), new(clock))
	o.Lookup = func(id string) (string, string, bool) { return name("secret"), name("token"), id == name("id") }
	server, err := tablestore.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(server)
	t.Cleanup(func() {
		front.Close()
		_ = server.Close()
	})
	stale := store.Config{Endpoint: front.URL, Instance: "local", Now: time.Now, Budget: time.Second}
	fresh := stale
	old := ram.Credentials{AccessKeyID: name("id"), AccessKeySecret: ram.Secret(name("secret")), SecurityToken: ram.Secret(name("token"))}
	stale.Credentials = func(context.Context) (ram.Credentials, error) { return old, nil }
	fresh.Credentials = func(context.Context) (ram.Credentials, error) {
		return ram.Credentials{AccessKeyID: name("id"), AccessKeySecret: ram.Secret(name("secret")), SecurityToken: ram.Secret(name("token"))}, nil
	}
	client := store.Open(fresh)
	if _, err := store.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	for i := range 10 {
		current.Add(1)
		if err := store.NewNonces(client).Use(t.Context(), [32]byte{byte(i)}, time.Now()); err != nil {
			t.Fatalf("after rotation %d: %v", i, err)
		}
	}
	if err := store.NewNonces(store.Open(stale)).Use(t.Context(), [32]byte{99}, time.Now()); reason.Of(err) != reason.StoreUnavailable {
		t.Errorf("with old credentials: %v", err)
	}
}
