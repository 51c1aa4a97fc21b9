// Package freshness brings a new key into use at the very sign-in that meets it.
//
// In: a record and a question that is asked of it, such as whether it believes a
// token. Out: the answer; where the record lacks the key that the message names,
// the answer of the record as it is now, and after that of the record as it is
// when its source was asked. Nothing is refused here: whatever keeps the newest key
// away, the first refusal stands.
//
// A login function has no right to write keys and no way out to the identity
// provider. It has metadata-rotation do both, and only for messages that passed
// every check that needs no key.
package freshness

import (
	"context"
	"errors"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// limit is how long all of it may take. A client that waits for an answer gives up
// after ten seconds, and a cold start may have gone before.
const limit = 4500 * time.Millisecond

// Keeper gets newer records.
type Keeper struct {
	// Newest is the record with the keys that are stored now, whatever this instance
	// has read before.
	Newest func(ctx context.Context, idp string) (trust.Record, error)
	// Refresh has the record's source asked for its keys, and returns when they are
	// stored. It refuses as refresh_under_way while another does, and as
	// refresh_limited when the source was asked often enough.
	Refresh func(ctx context.Context, idp string) error
	// Wait passes the time while another refresh is under way; false: it is up.
	Wait func(ctx context.Context) bool
}

// By reads newer records by newest, after it had the function ask their source.
func By(newest func(ctx context.Context, idp string) (trust.Record, error), f Function) Keeper {
	return Keeper{Newest: newest, Refresh: f.Refresh, Wait: wait}
}

// wait is a moment.
func wait(ctx context.Context) bool {
	timer := time.NewTimer(200 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// Try asks of the record, and of newer ones for as long as the answer is that a key
// is lacking and a newer one can be had.
func (k Keeper) Try(ctx context.Context, record trust.Record, ask func(context.Context, trust.Record) error) error {
	refusal := ask(ctx, record)
	if !lacksKey(refusal) {
		return refusal
	}
	soon, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for again := true; again; {
		var newer bool
		if record, newer = k.newer(soon, record); newer {
			if refusal = ask(ctx, record); !lacksKey(refusal) {
				return refusal
			}
		}
		err := k.Refresh(soon, record.ID())
		note(ctx, err)
		again = reason.Of(err) == reason.RefreshUnderWay && k.Wait(soon)
	}
	if record, newer := k.newer(ctx, record); newer {
		return ask(ctx, record)
	}
	return refusal
}

// Renew has the source of a record asked, and what RAM lacks of it pushed, because RAM
// refused what the bundle believes. It says whether that was done, by whomever: then
// it is worth to ask RAM once more.
func (k Keeper) Renew(ctx context.Context, idp string) bool {
	soon, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for waited := false; ; waited = true {
		err := k.Refresh(soon, idp)
		note(ctx, err)
		if reason.Of(err) != reason.RefreshUnderWay {
			return err == nil || waited
		}
		if !k.Wait(soon) {
			return false
		}
	}
}

// newer reads the record again, and says whether it is another one than before.
func (k Keeper) newer(ctx context.Context, before trust.Record) (trust.Record, bool) {
	record, err := k.Newest(ctx, before.ID())
	if err != nil {
		note(ctx, err)
		return before, false
	}
	return record, !record.Same(before)
}

// note is for who asks why a new key did not come into use.
func note(ctx context.Context, err error) {
	word := "done"
	if err != nil {
		word = string(reason.Of(err)) + ": " + reason.Detail(err)
	}
	audit.Of(ctx).Refresh = word
}

// lacksKey says whether a refusal is one that a newer key may undo: the record has
// none, or not the one that the message names, or the message names none and no key
// that there is made its signature. A bad signature under a known key is just that.
func lacksKey(err error) bool {
	code := reason.Of(err)
	return code == reason.KeyUnknown || code == reason.KeysUnavailable || errors.Is(err, samldoc.ErrForeignKey)
}
