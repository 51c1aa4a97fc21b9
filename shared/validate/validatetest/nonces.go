package validatetest

import (
	"context"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Nonces remembers in memory what was used: for tests of the guard, which
// demands the order and the keys, not the durability of store.Nonces.
type Nonces struct {
	mu   sync.Mutex
	used map[[32]byte]time.Time
}

// NewNonces returns an empty memory.
func NewNonces() *Nonces { return &Nonces{used: make(map[[32]byte]time.Time)} }

// Use implements validate.Nonces.
func (n *Nonces) Use(_ context.Context, key [32]byte, expires time.Time) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, used := n.used[key]; used {
		return reason.New(reason.Replayed, "used before")
	}
	n.used[key] = expires
	return nil
}

// Used returns until when each key would have been good.
func (n *Nonces) Used() []time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	var list []time.Time
	for _, expires := range n.used {
		list = append(list, expires)
	}
	return list
}
