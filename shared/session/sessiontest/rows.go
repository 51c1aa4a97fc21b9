// Package sessiontest keeps sessions in memory, for tests of what stands before
// the store; the store's own contract is tested on the real one.
package sessiontest

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
)

// Rows implements session.Rows.
type Rows struct {
	Now func() time.Time
	Err error // what every call answers, for a store that is at fault

	mu    sync.Mutex
	rows  map[[32]byte]session.Row
	calls map[string]int
}

// NewRows returns an empty table.
func NewRows(now func() time.Time) *Rows {
	return &Rows{Now: now, rows: map[[32]byte]session.Row{}, calls: map[string]int{}}
}

// Calls says how often each method was called, and forgets it.
func (r *Rows) Calls() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := maps.Clone(r.calls)
	clear(r.calls)
	return calls
}

// All returns a copy of the table.
func (r *Rows) All() map[[32]byte]session.Row {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.rows)
}

// Set overwrites a row, as somebody with access to the table could.
func (r *Rows) Set(key [32]byte, row session.Row) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rows[key] = row
}

// Put implements session.Rows.
func (r *Rows) Put(_ context.Context, key [32]byte, row session.Row) error {
	return r.call("put", func() error {
		if _, taken := r.rows[key]; taken {
			return reason.New(reason.StoreConflict, "the row is there")
		}
		r.rows[key] = row
		return nil
	})
}

// Replace implements session.Rows.
func (r *Rows) Replace(_ context.Context, key [32]byte, row session.Row) error {
	return r.call("replace", func() error {
		r.rows[key] = row
		return nil
	})
}

// Get implements session.Rows.
func (r *Rows) Get(_ context.Context, key [32]byte) (session.Row, error) {
	var row session.Row
	err := r.call("get", func() error {
		var ok bool
		if row, ok = r.rows[key]; !ok || !r.Now().Before(row.Expires) {
			return reason.New(reason.SessionMissing, "no row, or it has expired")
		}
		return nil
	})
	return row, err
}

// Touch implements session.Rows.
func (r *Rows) Touch(_ context.Context, key [32]byte, seen time.Time) error {
	return r.call("touch", func() error {
		row, ok := r.rows[key]
		if !ok {
			return reason.New(reason.SessionMissing, "no row")
		}
		row.Seen = seen
		r.rows[key] = row
		return nil
	})
}

// Delete implements session.Rows.
func (r *Rows) Delete(_ context.Context, key [32]byte) error {
	return r.call("delete", func() error {
		delete(r.rows, key)
		return nil
	})
}

func (r *Rows) call(name string, do func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls[name]++
	if r.Err != nil {
		return r.Err
	}
	return do()
}
