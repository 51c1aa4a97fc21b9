package tablestore_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sdk "github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

// perRound is how many puts a round of BenchmarkPutIfAbsent makes.
const perRound = 500

// The rows of the benchmarks are of 220 bytes.
var payload = strings.Repeat("x", 190)

func benchmarkClient(b bench) *sdk.TableStoreClient {
	return sdk.NewClientWithConfig(b.url, "local", keyID, secret, "", sdk.NewDefaultTableStoreConfig())
}

// BenchmarkPutIfAbsent puts rows durably through the SDK, beside what the machine
// gives at most in the same minutes: a loop that only appends and syncs, and the
// same puts answered by a server that does nothing at all. The rounds take turns,
// so that the machine's moods meet all of them. The share is our rate in parts of
// that limit: for a lonely client an empty call and then a sync, for 16, who share
// their syncs, the empty calls alone.
func BenchmarkPutIfAbsent(b *testing.B) {
	disk := newAppender(b)
	ours, _, _ := child(b, filepath.Join(b.TempDir(), "tablestore.db"), 0)
	empty, _, _ := child(b, emptyServer, 0)
	table(b, benchmarkClient(ours), "t", 86400, 1)
	var next atomic.Int64
	var synced, emptyOne, oursOne, emptyMany, oursMany time.Duration
	for b.Loop() {
		synced += took(func() { disk.appendAndSync(b, perRound) })
		emptyOne += took(func() { putIfAbsent(b, empty, &next, 1) })
		oursOne += took(func() { putIfAbsent(b, ours, &next, 1) })
		emptyMany += took(func() { putIfAbsent(b, empty, &next, 16) })
		oursMany += took(func() { putIfAbsent(b, ours, &next, 16) })
	}
	rate := func(total time.Duration) float64 { return perRound * float64(b.N) / total.Seconds() }
	b.ReportMetric(rate(synced), "syncs/s")
	b.ReportMetric(rate(emptyOne), "empty-1/s")
	b.ReportMetric(rate(oursOne), "puts-1/s")
	b.ReportMetric(rate(emptyMany), "empty-16/s")
	b.ReportMetric(rate(oursMany), "puts-16/s")
	b.ReportMetric((synced+emptyOne).Seconds()/oursOne.Seconds(), "share-1")
	b.ReportMetric(emptyMany.Seconds()/oursMany.Seconds(), "share-16")
}

func took(do func()) time.Duration {
	begun := time.Now()
	do()
	return time.Since(begun)
}

type appender struct{ file *os.File }

func newAppender(b *testing.B) appender {
	b.Helper()
	file, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = file.Close() })
	return appender{file}
}

func (a appender) appendAndSync(b *testing.B, records int) {
	b.Helper()
	record := make([]byte, 220)
	for range records {
		if _, err := a.file.Write(record); err != nil {
			b.Fatal(err)
		}
		if err := a.file.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

// putIfAbsent inserts new rows, numbered on from next, by several clients at once.
func putIfAbsent(b *testing.B, server bench, next *atomic.Int64, clients int) {
	b.Helper()
	c := benchmarkClient(server)
	end := next.Load() + perRound
	var running sync.WaitGroup
	for range clients {
		running.Go(func() {
			for i := next.Add(1); i <= end; i = next.Add(1) {
				change := put("t", key("p", i), map[string]any{"claim": payload, "exp": i})
				change.SetCondition(sdk.RowExistenceExpectation_EXPECT_NOT_EXIST)
				if _, err := c.PutRow(&sdk.PutRowRequest{PutRowChange: change}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	running.Wait()
}

// BenchmarkMillionRows loads a million rows and reads some of them: the server's
// own memory stays below 64 MB (the file's pages are the kernel's), and of a
// hundred reads ninety-nine take less than a millisecond.
func BenchmarkMillionRows(b *testing.B) {
	const rows, batchRows = 1_000_000, 200
	server, process, _ := child(b, filepath.Join(b.TempDir(), "tablestore.db"), 0)
	c := benchmarkClient(server)
	table(b, c, "t", -1, 1)
	var next atomic.Int64
	var loading sync.WaitGroup
	for range 4 {
		loading.Go(func() {
			for i := next.Add(batchRows) - batchRows; i < rows; i = next.Add(batchRows) - batchRows {
				batch := new(sdk.BatchWriteRowRequest)
				for n := i; n < i+batchRows; n++ {
					batch.AddRowChange(put("t", scattered(n), map[string]any{"claim": payload, "exp": n}))
				}
				if _, err := c.BatchWriteRow(batch); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	loading.Wait()
	b.Run("reads", func(b *testing.B) { readSome(b, c, rows) })
	if memory := anonymousMemory(b, process.Pid); memory >= 64<<20 {
		b.Errorf("the server holds %d MB", memory>>20)
	} else {
		b.Logf("the server holds %d MB", memory>>20)
	}
}

// scattered spreads the rows over all partitions, as hashes do.
func scattered(n int64) *sdk.PrimaryKey {
	return key(fmt.Sprintf("%016x", uint64(n)*0x9E3779B97F4A7C15), n)
}

func readSome(b *testing.B, c *sdk.TableStoreClient, rows int64) {
	b.Helper()
	times := make([]time.Duration, 0, b.N)
	for range b.N {
		k := scattered(rand.Int64N(rows))
		begun := time.Now()
		if got := get(b, c, "t", k, nil); len(got.Columns) != 2 {
			b.Fatal("the row is missing")
		}
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	p99 := times[len(times)*99/100]
	b.ReportMetric(float64(p99.Microseconds()), "p99-µs")
	if len(times) >= 1000 && p99 >= time.Millisecond {
		b.Errorf("p99 is %s", p99)
	}
}

// anonymousMemory is what the process has for itself, from Linux's /proc.
func anonymousMemory(b *testing.B, pid int) int64 {
	b.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "RssAnon:")
	var kilobytes int64
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		b.Fatal(err)
	}
	return kilobytes << 10
}

func BenchmarkGetRow(b *testing.B) {
	c := benchmarkClient(start(b))
	table(b, c, "t", 86400, 1)
	for i := range int64(1000) {
		mustPut(b, c, put("t", key("p", i), map[string]any{"claim": payload}))
	}
	b.ResetTimer()
	for i := range b.N {
		if got := get(b, c, "t", key("p", int64(i%1000)), nil); len(got.Columns) != 1 {
			b.Fatal("the row is missing")
		}
	}
}
