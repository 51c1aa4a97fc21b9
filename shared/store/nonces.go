package store

import (
	"context"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// longestNonce is how long what is used once may stay valid. The table forgets
// after 24 hours, the shortest time to live that Tablestore has; what lives
// longer could be used again then.
const longestNonce = 23 * time.Hour

// Nonces remembers what was used.
type Nonces struct{ client *Client }

// NewNonces returns the nonces of the table sso_nonce.
func NewNonces(c *Client) *Nonces { return &Nonces{c} }

// Use marks key as used, which is possible once: the second use is refused as
// [reason.Replayed]. expires is until when the thing is valid; beyond 23 hours
// it is refused as [reason.LifetimeTooLong].
func (n *Nonces) Use(ctx context.Context, key [32]byte, expires time.Time) error {
	if left := expires.Sub(n.client.config.Now()); left > longestNonce {
		return reason.New(reason.LifetimeTooLong, "valid for %s more, at most %s is taken", left.Round(time.Second), longestNonce)
	}
	ctx, cancel := n.client.budgeted(ctx)
	defer cancel()
	first, err := n.client.put(ctx, tableNonce, hashKey(key), mustNotExist(), column{"exp", expires.Unix()})
	if err != nil {
		return unavailable("nonce", err)
	}
	if !first {
		return reason.New(reason.Replayed, "nonce %x was used before", key[:8])
	}
	return nil
}
