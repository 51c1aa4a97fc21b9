package rotation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// lastVisit is how long an account takes, as a rule: with less left none is begun.
const lastVisit = 2 * time.Second

// Wrote logs each call that changed an account's RAM.
func Wrote(log *slog.Logger) func(context.Context, push.Wanted, push.Call, error) {
	return func(ctx context.Context, w push.Wanted, c push.Call, err error) {
		log.InfoContext(ctx, "ram changed", "account", w.Account.String(), "call", c.Action, "subject", c.Subject, "change", c.Words, "unanswered", err != nil)
	}
}

// Accounts is how what was fetched comes into accounts' RAM. All fields but Own are
// needed.
type Accounts struct {
	Federation func(ctx context.Context) (federation.Revision, error)
	Newest     func(ctx context.Context, idp string) (trust.Record, error) // with the keys that are stored now
	Push       func(ctx context.Context, w push.Wanted, tell push.Telling) (trouble, err error)
	Own        func(ctx context.Context, a federation.Account) (push.Own, error) // nil: our own side is left alone
}

// pushAll brings every account up to date that has a role for it. An account that fails
// delays and stops no other.
func (r rotation) pushAll(ctx context.Context, tell push.Telling) error {
	if r.Accounts == nil {
		return nil
	}
	revision, maintained, err := r.maintained(ctx)
	if err != nil {
		return err
	}
	records, unread := r.newest(ctx, named(maintained))
	roles := push.RolesOf(revision.Rules())
	timely := func() bool { return r.timeFor(ctx, lastVisit) }
	left, failed := beginWhile(timely, r.notAlwaysTheSameFirst(maintained), func(a federation.Account) error {
		w, unknown := r.wanted(ctx, a, records)
		w.Roles = roles[a.ID()]
		return errors.Join(unknown, r.push(ctx, w, tell))
	})
	if left > 0 {
		r.Log.WarnContext(ctx, "the run was cut off, the next one looks after the other accounts", "left", left)
	}
	return errors.Join(unread, failed)
}

// notAlwaysTheSameFirst begins elsewhere in each hour: where no run has time for all
// accounts, each has its turn.
func (r rotation) notAlwaysTheSameFirst(accounts []federation.Account) []federation.Account {
	if len(accounts) == 0 {
		return nil
	}
	first := int(r.Now().Unix()/int64(time.Hour.Seconds())*atOnce) % len(accounts)
	return slices.Concat(accounts[first:], accounts[:first])
}

// pushOne brings the providers of one record up to date, for somebody who waits: the log
// has what is new at once, and the next run of the timer hands it on.
func (r rotation) pushOne(ctx context.Context, idp string) error {
	if r.Accounts == nil {
		return nil
	}
	_, maintained, err := r.maintained(ctx)
	if err != nil {
		return err
	}
	maintained = slices.DeleteFunc(maintained, func(a federation.Account) bool {
		_, saml := a.SAMLProvider(idp)
		_, oidc := a.OIDCProvider(idp)
		return !saml && !oidc
	})
	if len(maintained) == 0 {
		return nil
	}
	part := func(a federation.Account, records map[string]trust.Record) push.Wanted {
		return push.For(a, records, push.Own{}, r.Now()).Only(idp)
	}
	needed := []string{idp}
	for _, a := range maintained {
		for _, p := range part(a, nil).OIDC {
			needed = append(needed, p.By...)
		}
	}
	records, unread := r.newest(ctx, needed)
	tell := alert.NewTeller(r.Log, r.Send).Log
	failed := sideBySide(maintained, func(a federation.Account) error { return r.push(ctx, part(a, records), tell) })
	return errors.Join(unread, failed)
}

// maintained are the accounts in which something may be written.
func (r rotation) maintained(ctx context.Context) (federation.Revision, []federation.Account, error) {
	revision, err := r.Accounts.Federation(ctx)
	if err != nil {
		return federation.Revision{}, nil, err
	}
	accounts := slices.DeleteFunc(revision.Accounts(), func(a federation.Account) bool { return a.MaintenanceRole().IsZero() })
	return revision, accounts, nil
}

// named are the ids of the records that the accounts name.
func named(accounts []federation.Account) []string {
	var ids []string
	for _, a := range accounts {
		for idp := range a.SAMLProviders() {
			ids = append(ids, idp)
		}
		for idp := range a.OIDCProviders() {
			ids = append(ids, idp)
		}
	}
	return ids
}

// newest are these records, each with the keys that were stored a moment ago. One that
// cannot be read says nothing of RAM.
func (r rotation) newest(ctx context.Context, ids []string) (map[string]trust.Record, error) {
	var lock sync.Mutex
	records := map[string]trust.Record{}
	err := sideBySide(slices.Compact(slices.Sorted(slices.Values(ids))), func(idp string) error {
		record, err := r.Accounts.Newest(ctx, idp)
		if err != nil {
			return fmt.Errorf("%s: %w", idp, err)
		}
		lock.Lock()
		defer lock.Unlock()
		records[idp] = record
		return nil
	})
	return records, err
}

// wanted is what the account's RAM should have. Where our own keys cannot be read, our own
// side is left alone.
func (r rotation) wanted(ctx context.Context, a federation.Account, records map[string]trust.Record) (push.Wanted, error) {
	var ours push.Own
	var err error
	if r.Accounts.Own != nil {
		if ours, err = r.Accounts.Own(ctx, a); err != nil {
			ours, err = push.Own{}, fmt.Errorf("account %s: %w", a.ID(), err)
		}
	}
	return push.For(a, records, ours, r.Now()), err
}

// push brings one account up to date. That its RAM cannot be reached is the account's
// matter: it is told of, and the next run tries again.
func (r rotation) push(ctx context.Context, w push.Wanted, tell push.Telling) error {
	if w.IsEmpty() {
		return nil
	}
	trouble, err := r.Accounts.Push(ctx, w, tell)
	if trouble != nil {
		r.Log.WarnContext(ctx, "ram stays as it was", "account", w.Account.String(), "error", trouble)
	}
	return err
}

// sideBySide does the work for each, several at once.
func sideBySide[T any](list []T, work func(T) error) error {
	_, err := beginWhile(func() bool { return true }, list, work)
	return err
}

// beginWhile does so in the order of the list, and leaves those with which it may not
// begin any more.
func beginWhile[T any](may func() bool, list []T, work func(T) error) (left int, err error) {
	failed := make([]error, len(list))
	turn := make(chan struct{}, atOnce)
	var wait sync.WaitGroup
	for i, item := range list {
		if turn <- struct{}{}; !may() {
			left = len(list) - i
			break
		}
		wait.Go(func() {
			defer func() { <-turn }()
			failed[i] = work(item)
		})
	}
	wait.Wait()
	return left, errors.Join(failed...)
}
