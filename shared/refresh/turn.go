package refresh

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// How often messages of strangers may make us ask one source: whoever can write a
// token can name a key that nobody has. Two at once, for a key may be replaced
// while the first answer is on its way; after that one each ten seconds, which is
// then the longest that a really new key waits.
const (
	turnBurst = 2
	turnPace  = 10 * time.Second
	turnTries = 3
)

// TurnTime is how long a turn may take: a sign-in waits for it. One that nobody ended
// counts as under way for as long, for whoever took it may be gone.
const TurnTime = 4 * time.Second

// Leases keep one small row by identity provider with a version that each write
// checks: store.Trust.
type Leases interface {
	Lease(ctx context.Context, idp string) (body []byte, version int64, err error)
	PutLease(ctx context.Context, idp string, body []byte, version int64) error
}

// lease says until when the turns that were taken reach, if one came each pace, and
// until when the last one may be under way.
type lease struct {
	Until time.Time `json:"until,omitzero"`
	Busy  time.Time `json:"busy,omitzero"`
}

// TakeTurn takes one of the turns in which a source may be asked; EndTurn ends it.
// All instances draw on the same ones. It refuses as refresh_under_way while another
// is, whose outcome is worth waiting for, and as refresh_limited when none is left.
func TakeTurn(ctx context.Context, leases Leases, idp string, now time.Time) error {
	return change(ctx, leases, idp, func(l lease) (lease, error) { return l.turn(idp, now) })
}

// EndTurn says that the turn is over.
func EndTurn(ctx context.Context, leases Leases, idp string) error {
	return change(ctx, leases, idp, func(l lease) (lease, error) { return lease{Until: l.Until}, nil })
}

func change(ctx context.Context, leases Leases, idp string, to func(lease) (lease, error)) error {
	for range turnTries {
		body, version, err := leases.Lease(ctx, idp)
		if err != nil {
			return fmt.Errorf("lease: %w", err)
		}
		next, err := to(readLease(body))
		if err != nil {
			return err
		}
		if body, err = json.Marshal(next); err != nil {
			return fmt.Errorf("lease: %w", err)
		}
		if err := leases.PutLease(ctx, idp, body, version); reason.Of(err) != reason.StoreConflict {
			return err
		}
	}
	return reason.New(reason.RefreshUnderWay, "identity provider %q: others take the turns", idp)
}

// readLease takes what it cannot read for no lease: nothing is let in by it.
func readLease(body []byte) lease {
	var l lease
	if json.Unmarshal(body, &l) != nil {
		return lease{}
	}
	return l
}

// turn is the lease after one turn more. What reaches further than turns can was
// written by a clock that went wrong, and counts as nothing: it would hold up
// everybody until then.
func (l lease) turn(idp string, now time.Time) (lease, error) {
	if busy := l.Busy.Sub(now); busy > 0 && busy <= TurnTime {
		return lease{}, reason.New(reason.RefreshUnderWay, "identity provider %q: its source is being asked", idp)
	}
	until := now
	if ahead := l.Until.Sub(now); ahead > 0 && ahead <= 2*turnBurst*turnPace {
		until = l.Until
	}
	if wait := until.Sub(now) - (turnBurst-1)*turnPace; wait > 0 {
		return lease{}, reason.New(reason.RefreshLimited, "identity provider %q: its source was asked %d times lately, the next turn is in %s", idp, turnBurst, wait)
	}
	return lease{until.Add(turnPace), now.Add(TurnTime)}, nil
}
