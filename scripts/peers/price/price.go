// Package price measures what it costs to judge a message, beside what others take
// for the same one.
//
// In: the judges, in one process. Out: CPU time of the whole process, the
// collector's too, and objects, each one's best. Times have no place in a test that
// must not fail by chance, so all that asks for a price has the build tag prices
// and runs in the long tier alone.
package price

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// Judge is one way to judge the same message.
type Judge struct {
	Name string
	Run  func() error
}

// Cost is what one judgement takes at best.
type Cost struct {
	CPU    time.Duration
	Allocs float64
}

// Ratio is a's time in b's.
func Ratio(a, b Cost) float64 { return float64(a.CPU) / float64(b.CPU) }

const (
	rounds = 80
	slice  = 2 * time.Millisecond // of each judge in each round
)

// Race measures the judges in turn, so that what else the machine does meets all
// alike, and keeps each one's best round.
func Race(tb testing.TB, judges []Judge) map[string]Cost {
	tb.Helper()
	best := map[string]Cost{}
	Again(tb, judges, best)
	return best
}

// Again is a race that begins with what each judge did best before.
func Again(tb testing.TB, judges []Judge, best map[string]Cost) {
	tb.Helper()
	for range rounds {
		for _, j := range judges {
			c := measure(tb, j)
			if before, ok := best[j.Name]; !ok || c.CPU < before.CPU {
				best[j.Name] = c
			}
		}
	}
}

func measure(tb testing.TB, j Judge) Cost {
	tb.Helper()
	run := func() {
		if err := j.Run(); err != nil {
			tb.Fatalf("%s: %v", j.Name, err)
		}
	}
	runtime.GC()
	run() // what comes after a collection, and after another judge, is not this one's price
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun, wall, n := used(tb), time.Now(), 0
	for ; n < 2 || time.Since(wall) < slice; n++ {
		run()
	}
	took := used(tb) - begun
	runtime.ReadMemStats(&after)
	return Cost{took / time.Duration(n), float64(after.Mallocs-before.Mallocs) / float64(n)}
}

func used(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Bench is for profiles.
func Bench(b *testing.B, j Judge) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		if err := j.Run(); err != nil {
			b.Fatal(err)
		}
	}
}
