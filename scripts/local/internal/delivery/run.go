package delivery

import (
	"context"
	"errors"
	"slices"
	"time"
)

// maxRefusals bounds how often the platform's own errors are met with patience. The real
// one has five hours of it.
const maxRefusals = 100

// run hands out what is due, to as many at once as the settings allow.
func (q *Queue) run(ctx context.Context) {
	for ctx.Err() == nil {
		q.mu.Lock()
		next, pause := q.next()
		changed := q.changed
		q.mu.Unlock()
		if next != nil {
			go q.deliver(ctx, next)
			continue
		}
		timer := time.NewTimer(pause)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// next takes an item that is due, the one that waits longest or any; else it says how
// long there is none.
func (q *Queue) next() (*item, time.Duration) {
	const long = time.Hour
	if q.settings.Hold || len(q.working) >= q.settings.AtOnce {
		return nil, long
	}
	now, soonest := q.options.Now(), long
	var due []int
	for at, i := range q.waiting {
		if left := i.due.Sub(now); left > 0 {
			soonest = min(soonest, left)
			continue
		}
		due = append(due, at)
		if !q.settings.Shuffle {
			break
		}
	}
	if len(due) == 0 {
		return nil, soonest
	}
	at := due[q.random.IntN(len(due))]
	taken := q.waiting[at]
	q.waiting = slices.Delete(q.waiting, at, at+1)
	q.working = append(q.working, taken)
	return taken, 0
}

func (q *Queue) deliver(ctx context.Context, i *item) {
	err := q.options.Invoke(ctx, i.Invocation)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.working = slices.DeleteFunc(q.working, func(other *item) bool { return other == i })
	switch {
	case err == nil:
		q.done++
	case ctx.Err() == nil:
		q.failed(i, err)
	}
	q.wake()
}

// failed puts an item back, or gives it up.
func (q *Queue) failed(i *item, err error) {
	_, byFunction := errors.AsType[FunctionError](err)
	tries := &i.refusals
	if byFunction {
		tries = &i.failures
	}
	*tries++
	if i.failures > q.settings.Retries || i.refusals > maxRefusals {
		q.dead = append(q.dead, DeadLetter{i.Function, string(i.Payload), err.Error(), i.failures + i.refusals})
		return
	}
	q.retried++
	i.Retry++
	i.due = q.options.Now().Add(time.Duration(q.settings.Backoff) << min(*tries-1, maxDoublings))
	q.waiting = append(q.waiting, i)
}

// maxDoublings bounds the pause: with the default of a second at a minute.
const maxDoublings = 6
