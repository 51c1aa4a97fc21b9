package alert

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
)

// boxLimit is how many alerts of one row wait at most for who carries them on.
const boxLimit = 50

// tries is after how many failures a run leaves the rest to the next one: it is not
// this alert that is at fault then, and each try takes seconds. And how many a run
// complains of.
const tries = 3

// RefusedError is an error of a service that did answer: at once, and perhaps for this
// alert's sake alone, so that it keeps no other one waiting.
type RefusedError struct{ Err error }

func (r RefusedError) Error() string { return r.Err.Error() }

// Unwrap gives what the service said.
func (r RefusedError) Unwrap() error { return r.Err }

// Box is what waits to be told. It is a part of the row that remembers why, so that
// both are written at once: what is remembered is told, and told again only where
// nobody could write that it was.
type Box []Alert

// With adds alerts: all of them, since the log has none of these yet.
func (b Box) With(alerts ...Alert) Box { return append(b[:len(b):len(b)], alerts...) }

// Teller tells what is in boxes, during one run. It is safe for use by several
// goroutines.
type Teller struct {
	log        *slog.Logger
	send       func(context.Context, Alert) error
	failed     atomic.Int64 // tries that cost time
	complaints atomic.Int64
}

// NewTeller returns a teller. send hands an alert on; nil: the log is all there is.
func NewTeller(log *slog.Logger, send func(context.Context, Alert) error) *Teller {
	return &Teller{log: log, send: send}
}

// Log writes what the log does not have yet, and returns what waits to be sent, the
// oldest of too many left out: for who has no time to send it.
func (t *Teller) Log(ctx context.Context, box Box) Box {
	var left Box
	for _, a := range box {
		if !a.Logged {
			a.log(ctx, t.log)
			a.Logged = true
		}
		if t.send != nil {
			left = append(left, a)
		}
	}
	if many := len(left) - boxLimit; many > 0 {
		t.log.WarnContext(ctx, "alerts are in the log alone: too many wait to be handed on", "alerts", many)
		left = left[many:]
	}
	return left
}

// Tell writes what the log does not have yet, sends all, and returns what could not
// be sent: it belongs into the row again.
func (t *Teller) Tell(ctx context.Context, box Box) Box {
	var left Box
	for _, a := range t.Log(ctx, box) {
		if t.failed.Load() >= tries {
			left = append(left, a)
			continue
		}
		if err := t.send(ctx, a); err != nil {
			t.complain(ctx, a, err)
			left = append(left, a)
		}
	}
	return left
}

func (t *Teller) complain(ctx context.Context, a Alert, err error) {
	if _, answered := errors.AsType[RefusedError](err); !answered {
		t.failed.Add(1)
	}
	if t.complaints.Add(1) <= tries {
		t.log.WarnContext(ctx, "an alert could not be handed on; the next run tries again", "event_id", a.ID(), "error", err)
	}
}
