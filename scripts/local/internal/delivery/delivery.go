// Package delivery is how events get to functions when nobody waits for the answer: the
// queue of Function Compute's asynchronous invocations, a rule of EventBridge and a
// subscription of MNS that put into it, and timers.
//
// In: payloads, events put on a bus, messages published into a topic. Out: invocations,
// each at least once: an event may come twice, late and in any order, and is tried again
// where the function failed, thrice, with growing pauses; what fails then is a dead
// letter. How often that happens tests choose (see [Settings]); the real service says
// only that it may. What waits is in memory alone.
package delivery

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// maxPayload is the limit of an asynchronous invocation.
const maxPayload = 128 << 10

// Invocation is one event on its way to a function.
type Invocation struct {
	Function  string
	RequestID string // the same at each attempt; "": the platform makes one
	Payload   []byte
	Retry     int // how many attempts there were
}

// FunctionError is that the function itself failed, timed out or was killed. Any other
// error is that no instance could be had.
type FunctionError struct{ Text string }

func (e FunctionError) Error() string { return e.Text }

// Options are what a [Queue] needs.
type Options struct {
	Invoke          func(context.Context, Invocation) error
	Account, Region string
	Now             func() time.Time
	Timers          string // see Settings
}

// Queue delivers. It is safe for concurrent use.
type Queue struct {
	options Options

	mu       sync.Mutex
	settings Settings
	random   *rand.Rand
	waiting  []*item
	working  []*item
	dead     []DeadLetter
	done     int
	retried  int
	changed  chan struct{} // closed at the next change
	retimed  chan struct{} // closed when settings change
	stop     context.CancelFunc
}

// item is an invocation in the queue.
type item struct {
	Invocation
	due      time.Time
	failures int  // of the function
	refusals int  // of the platform
	timer    bool // nobody waits for what timers put in
}

// DeadLetter is what was given up.
type DeadLetter struct {
	Function string `json:"function"`
	Payload  string `json:"payload"`
	Error    string `json:"error"`
	Attempts int    `json:"attempts"`
}

// New returns a Queue that delivers until ctx ends, or [Queue.Close].
func New(ctx context.Context, o Options) (*Queue, error) {
	q := &Queue{
		options: o, settings: defaults(o.Timers), changed: make(chan struct{}), retimed: make(chan struct{}),
		random: rand.New(rand.NewPCG(1, 2)), //nolint:gosec // chance for tests, the same each time
	}
	if err := q.settings.check(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(ctx)
	q.stop = stop
	go q.run(ctx)
	return q, nil
}

// Close ends delivery. What an instance is at work on goes on.
func (q *Queue) Close() { q.stop() }

// Put takes an invocation, and as many copies of it as chance says.
func (q *Queue) Put(i Invocation) error { return q.put(i, false) }

func (q *Queue) put(i Invocation, timer bool) error {
	if len(i.Payload) > maxPayload {
		return fmt.Errorf("the payload has %d bytes, the limit of an asynchronous invocation is %d", len(i.Payload), maxPayload)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	copies := 1
	for copies < maxCopies && q.random.IntN(100) < q.settings.Duplicates {
		copies++
	}
	for range copies {
		q.waiting = append(q.waiting, &item{Invocation: i, due: q.options.Now(), timer: timer})
	}
	q.wake()
	return nil
}

// maxCopies is how often an event comes that comes too often.
const maxCopies = 3

func (q *Queue) wake() {
	close(q.changed)
	q.changed = make(chan struct{})
}

// Await returns when all that was put in is delivered or dead; what timers put in does
// not count.
func (q *Queue) Await(ctx context.Context) error {
	for {
		q.mu.Lock()
		idle, held, changed := q.idle(), q.settings.Hold, q.changed
		q.mu.Unlock()
		switch {
		case idle:
			return nil
		case held:
			return errors.New("delivery is held back")
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (q *Queue) idle() bool {
	byTimer := func(i *item) bool { return !i.timer }
	return !slices.ContainsFunc(q.waiting, byTimer) && !slices.ContainsFunc(q.working, byTimer)
}

// Clear forgets what waits, and what was given up or counted.
func (q *Queue) Clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting, q.dead, q.done, q.retried = nil, nil, 0, 0
	q.wake()
}
