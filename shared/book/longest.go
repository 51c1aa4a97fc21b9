package book

import (
	"context"
	"time"

	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// seen is what was last seen of an account's RAM, and when it was read from the store.
type seen struct {
	account memory.Account
	read    time.Time
}

// Longest is how long RAM lets sessions of these roles last, as metadata-rotation last
// saw it, at most 30 s old; of a role that it did not see there is no word. All that is
// not at hand is read in one call for every 20 accounts.
//
// A row that cannot be read says nothing: the maximum grants nothing, and what is not
// known of it STS says.
func (b *Book) Longest(ctx context.Context, roles ...ram.RoleARN) (map[ram.RoleARN]time.Duration, error) {
	if err := b.turn.take(ctx); err != nil {
		return nil, err
	}
	defer b.turn.give()
	accounts, err := b.accounts(ctx, roles)
	if err != nil {
		return nil, err
	}
	longest := map[ram.RoleARN]time.Duration{}
	for _, role := range roles {
		if most, ok := accounts[role.Account().String()].LongestSession(role); ok {
			longest[role] = most
		}
	}
	return longest, nil
}

// accounts are those of the roles.
func (b *Book) accounts(ctx context.Context, roles []ram.RoleARN) (map[string]memory.Account, error) {
	all := map[string]memory.Account{}
	var missing []string
	for _, role := range roles {
		id := role.Account().String()
		if _, ok := all[id]; ok {
			continue
		}
		known, ok := b.seen.get(id)
		if all[id] = known.account; !ok || !b.young(known.read) {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return all, nil
	}
	asked := b.wall()
	rows, err := b.source.Accounts(ctx, missing)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		account, err := memory.Parse(row)
		if err != nil {
			account = memory.Account{}
		}
		all[missing[i]] = memory.Account{MaxSession: account.MaxSession}
		b.seen.put(missing[i], seen{all[missing[i]], asked}, len(row))
	}
	return all, nil
}
