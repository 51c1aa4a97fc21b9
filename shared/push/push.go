// Package push keeps what accounts' RAM knows of identity providers as fresh as what the
// bundle knows.
//
// In: an account of the federation and the records of the identity providers that it
// names; what its RAM has, which a role of that account lets us read; and what is
// remembered of it. Out: the calls that make RAM what it should be, made and read back;
// what is remembered now; and what somebody should know. Refused: everything that is
// not ours. Another issuer or entity ID under a provider's name is never written over,
// what nobody published is not removed, a provider is not created, unless the account's
// entry says so; and user-based SSO is never switched on or off.
//
// The new is there before the old goes, and the old stays for a day: RAM may have
// cached what it had, and an identity provider may go back. What is to be written is
// remembered before the first call, so that who is cut off between any two is followed
// by a run that knows what is its own. Nothing counts as written until RAM was read to
// have it.
package push

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

const (
	// sessionName is what an account's audit trail calls us.
	sessionName = "fc-sso-rotation"
	sessionTime = 15 * time.Minute // the shortest
	visitLimit  = 20 * time.Second // of one account: a slow one delays few
	tries       = 3                // of who waits, where another run is at the same account
)

// Store keeps what is remembered of an account's RAM with a version that each write
// checks: store.Trust.
type Store interface {
	Account(ctx context.Context, account string) (row []byte, version int64, err error)
	PutAccount(ctx context.Context, account string, row []byte, version int64) error
}

// Config is what a push works with. All fields are needed.
type Config struct {
	API                                   *openapi.Client
	STSEndpoint, IMSEndpoint, RAMEndpoint string
	Credentials                           func(ctx context.Context) (ram.Credentials, error) // whom maintenance roles trust
	Store                                 Store
	Now                                   func() time.Time
	// Wrote is told of each call that changed something. err is of one that was not
	// answered: it may have been made.
	Wrote func(ctx context.Context, w Wanted, c Call, err error)
}

// Push makes an account's RAM what it should be, as far as that may be written. Trouble
// is the account's own: RAM does not have all that it should, or could not be asked. err
// is the store's. Where another run is at the same account, it is left to that one.
func (c Config) Push(ctx context.Context, w Wanted, tell Telling) (trouble, err error) {
	limited, cancel := context.WithTimeout(ctx, visitLimit)
	defer cancel()
	for range tries {
		trouble, err = c.once(ctx, limited, w, tell)
		if !w.Part || reason.Of(err) != reason.StoreConflict { // who wants some waits for them, and others see to all
			break
		}
	}
	return trouble, leftToOthers(err)
}

// once is one visit, which another run may be in the way of.
func (c Config) once(ctx, limited context.Context, w Wanted, tell Telling) (trouble, err error) {
	kept, err := c.recall(ctx, w)
	if err != nil {
		return nil, err
	}
	before := kept.account
	planned, trouble, err := c.visit(limited, w, kept)
	if err == nil {
		err = kept.keep(ctx, planned.after(before, w, trouble, c.now()), tell)
	}
	return trouble, err
}

// Preview is what Push would write, and what drift it would find; it writes nothing.
func (c Config) Preview(ctx context.Context, w Wanted) (Planned, error) {
	kept, err := c.recall(ctx, w)
	if err != nil {
		return Planned{}, err
	}
	v, err := c.enter(ctx, w)
	if err != nil {
		return Planned{}, err
	}
	has, unread := v.read(ctx, w)
	unread = errors.Join(unread, v.readRoles(ctx, w, &has))
	return Plan(w, has, kept.account, c.now()), unread
}

// visit reads, writes and reads back, and looks at the roles last: an account may have a
// thousand, and whoever uses a new key waits for that to be written. What is known by
// then is in the plan; trouble is RAM's, err the store's.
func (c Config) visit(ctx context.Context, w Wanted, kept *remembered) (planned Planned, trouble, err error) {
	v, trouble := c.enter(ctx, w)
	if trouble != nil {
		return Planned{Memory: kept.account}, trouble, nil
	}
	has, unread := v.read(ctx, w)
	planned = Plan(w, has, kept.account, c.now())
	var tried map[string]error
	if len(planned.Calls) > 0 {
		if err := kept.write(ctx, planned.Memory); err != nil {
			return Planned{}, nil, err
		}
		tried = v.write(ctx, w, planned.Calls, &has)
	}
	unread = errors.Join(unread, v.readRoles(ctx, w, &has))
	planned = Plan(w, has, kept.account, c.now())
	return planned, errors.Join(unread, planned.unwritten(tried)), nil
}

// enter assumes the account's maintenance role.
func (c Config) enter(ctx context.Context, w Wanted) (visit, error) {
	own, err := c.Credentials(ctx)
	if err != nil {
		return visit{}, err
	}
	credentials, err := c.API.AssumeRole(ctx, openapi.Assuming{
		Endpoint: c.STSEndpoint, Role: w.Maintenance, SessionName: sessionName, Lasts: sessionTime, Credentials: own,
	})
	if err != nil {
		return visit{}, err
	}
	return visit{c, credentials}, nil
}

// now is by the wall, as it is stored.
func (c Config) now() time.Time { return c.Now().Round(0).UTC() }

// remembered is the row of an account.
type remembered struct {
	store   Store
	id      string
	account memory.Account
	row     []byte
	version int64
}

func (c Config) recall(ctx context.Context, w Wanted) (*remembered, error) {
	r := &remembered{store: c.Store, id: w.Account.String()}
	var err error
	if r.row, r.version, err = c.Store.Account(ctx, r.id); err != nil {
		return nil, fmt.Errorf("account %s: %w", r.id, err)
	}
	if r.account, err = memory.Parse(r.row); err != nil {
		r.account = memory.Account{} // then nothing is ours until it is seen again
	}
	return r, nil
}

// put stores what is new.
func (r *remembered) put(ctx context.Context, next memory.Account) error {
	if row, err := next.Row(); err == nil && string(row) == string(r.row) {
		return nil
	}
	return r.write(ctx, next)
}

// write stores though nothing is new: that nobody else did since the row was read is
// what allows to change RAM.
func (r *remembered) write(ctx context.Context, next memory.Account) error {
	row, err := next.Row()
	if err != nil {
		return fmt.Errorf("account %s: %w", r.id, err)
	}
	if err := r.store.PutAccount(ctx, r.id, row, r.version); err != nil {
		return fmt.Errorf("account %s: %w", r.id, err)
	}
	r.account, r.row, r.version = next, row, r.version+1
	return nil
}
