package rotation

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"time"
)

// A run has as long as the platform lets it. What it does not come to, the next one
// begins with: a run that was cut off would else be cut off at the same place, and
// never come to the records behind it.
const (
	roundID   = "@round" // of its row among the leases, where no record is called so
	lastStart = 8 * time.Second
	milestone = 100

	forAccounts = 30 * time.Second // is left to them, however many sources hang
)

// round is how far the last run came.
type round struct {
	Next string `json:"next,omitempty"` // the record to begin with; "": it came to its end
}

// progress counts what is done, of records that are done in any order.
type progress struct {
	mu    sync.Mutex
	done  []bool
	first int // what stands before it is done
	count int
}

// finish notes that one is done; every so often it says which is the first that is
// not.
func (p *progress) finish(i int) (first int, tell bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[i] = true
	for p.first < len(p.done) && p.done[p.first] {
		p.first++
	}
	p.count++
	return p.first, p.count%milestone == 0 && p.first < len(p.done)
}

// inTurn does the work for each id, several at once, beginning where the last run was
// cut off. It ends early when there is no time left to begin with another.
func (r rotation) inTurn(ctx context.Context, ids []string, work func(context.Context, string) error) []error {
	mark := r.bookmark(ctx)
	before := mark.next
	ids = beginningWith(ids, before)
	failed := make([]error, len(ids))
	done := progress{done: make([]bool, len(ids))}
	turn := make(chan struct{}, atOnce)
	next, need := "", lastStart
	if r.Accounts != nil {
		need += forAccounts
	}
	var wait sync.WaitGroup
	for i, id := range ids {
		turn <- struct{}{}
		if !r.timeFor(ctx, need) {
			next = id
			r.Log.WarnContext(ctx, "the run was cut off, the next one goes on", "record", id, "left", len(ids)-i)
			break
		}
		wait.Go(func() {
			defer func() { <-turn }()
			failed[i] = work(ctx, id)
			if first, tell := done.finish(i); tell {
				mark.put(ctx, first, ids[first])
			}
		})
	}
	wait.Wait()
	if next != before || done.count >= milestone {
		mark.put(ctx, len(ids), next)
	}
	return failed
}

// beginningWith turns the list, in order of its ids, so that it begins with that one,
// or with the one that comes where it was.
func beginningWith(ids []string, first string) []string {
	ids = slices.Sorted(slices.Values(ids))
	at, _ := slices.BinarySearch(ids, first)
	return slices.Concat(ids[at:], ids[:at])
}

// timeFor says whether so much time is left.
func (r rotation) timeFor(ctx context.Context, need time.Duration) bool {
	deadline, ok := ctx.Deadline()
	return ctx.Err() == nil && (!ok || deadline.Sub(r.Now()) > need)
}

// bookmark is kept for the next run. Where it cannot be, or another run at once keeps
// it, nothing is lost but the order.
type bookmark struct {
	rotation

	next    string
	mu      sync.Mutex
	at      int // how far it was put last: who comes late puts it nowhere
	version int64
	lost    bool
}

func (r rotation) bookmark(ctx context.Context) *bookmark {
	m := &bookmark{rotation: r}
	body, version, err := r.Leases.Lease(ctx, roundID)
	m.version, m.lost = version, err != nil
	var last round
	if json.Unmarshal(body, &last) == nil {
		m.next = last.Next
	}
	return m
}

func (m *bookmark) put(ctx context.Context, at int, next string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, err := json.Marshal(round{next})
	if err != nil || m.lost || at < m.at {
		return
	}
	m.at = at
	m.lost = m.Leases.PutLease(ctx, roundID, body, m.version) != nil
	m.version++
}
