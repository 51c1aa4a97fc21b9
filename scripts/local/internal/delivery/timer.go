package delivery

import (
	"context"
	"encoding/json"
	"time"
)

// Timer is a function's trigger that comes each minute.
type Timer struct{ Function, Name, Payload string }

// Start has a timer come, as often as the settings say, until ctx ends.
func (q *Queue) Start(ctx context.Context, t Timer) {
	go func() {
		for ctx.Err() == nil {
			if q.pause(ctx) {
				q.fire(t)
			}
		}
	}()
}

// pause reports whether the interval is over; it is false when the settings changed, or
// all ended.
func (q *Queue) pause(ctx context.Context) bool {
	q.mu.Lock()
	interval, _ := q.settings.interval() // which was checked
	retimed := q.retimed
	q.mu.Unlock()
	var over <-chan time.Time // never, where timers are off
	if interval > 0 {
		timer := time.NewTimer(interval)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
		return true
	case <-retimed:
		return false
	case <-ctx.Done():
		return false
	}
}

func (q *Queue) fire(t Timer) {
	payload, err := json.Marshal(map[string]string{
		"triggerTime": q.options.Now().UTC().Format(time.RFC3339), "triggerName": t.Name, "payload": t.Payload,
	})
	if err == nil { // texts always marshal
		_ = q.put(Invocation{Function: t.Function, Payload: payload}, true)
	}
}
