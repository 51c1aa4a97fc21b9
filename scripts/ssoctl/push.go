package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/config"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/push"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// pusher makes accounts' RAM what it should be, as the timer does.
type pusher struct {
	push.Config

	revision federation.Revision
	records  map[string]trust.Record
	roles    map[ram.AccountID]push.Roles
	ours     func(federation.Account) push.Own
	made     []string // calls of the account at hand
}

// push writes into the RAM of all accounts that have a role for it, or of these.
func (p program) push(ctx context.Context, args []string) error {
	flags := newFlags("push", "[-n] [ACCOUNT ...]")
	dry := flags.Bool("n", false, "say what would be written, and write nothing")
	if err := flags.Parse(args); err != nil {
		return wrong("push: %w; write ssoctl push [-n] [ACCOUNT ...]", err)
	}
	by, err := p.pusher(ctx)
	if err != nil {
		return err
	}
	accounts, err := by.accounts(flags.Args())
	if err != nil {
		return err
	}
	var changes, troubled int
	for _, a := range accounts {
		o, err := by.one(ctx, a, *dry, p.now())
		if err != nil {
			return fmt.Errorf("cannot use what is stored of account %s: %w", a.Name(), err)
		}
		for _, line := range slices.Concat(o.calls, o.drift) {
			p.say("%s: %s\n", a.Name(), line)
		}
		if changes += len(o.calls); o.trouble != nil {
			troubled++
			p.complain("ssoctl: %s: %v\n", a.Name(), o.trouble)
		}
	}
	switch {
	case troubled > 0:
		return fmt.Errorf("%d of %s could not be brought up to date", troubled, count(len(accounts), "account"))
	case changes == 0:
		p.say("nothing to write\n")
	case *dry:
		return changesError{}
	}
	return nil
}

// pusher reads what counts.
func (p program) pusher(ctx context.Context) (*pusher, error) {
	d, err := p.deployment()
	if err != nil {
		return nil, err
	}
	settings, err := config.Load(p.lookup, config.RAM)
	if err != nil {
		return nil, wrong("%w", err)
	}
	credentials, err := p.credentials()
	if err != nil {
		return nil, err
	}
	revision, err := p.present(ctx, d)
	if err != nil {
		return nil, err
	}
	by := &pusher{revision: revision, roles: push.RolesOf(revision.Rules())}
	if by.records, err = d.records(ctx, revision); err != nil {
		return nil, err
	}
	if by.ours, err = d.ours(ctx, settings.URL); err != nil {
		return nil, err
	}
	by.Config = push.Config{
		API: openapi.New(p.now, rand.Reader), Store: d.trust, Now: p.now,
		STSEndpoint: settings.STSEndpoint, IMSEndpoint: settings.IMSEndpoint, RAMEndpoint: settings.RAMEndpoint,
		Credentials: func(context.Context) (ram.Credentials, error) { return credentials, nil },
		Wrote: func(_ context.Context, _ push.Wanted, c push.Call, err error) {
			line := describeCall(c)
			if err != nil {
				line += " (it was not answered)"
			}
			by.made = append(by.made, line)
		},
	}
	return by, nil
}

// records are all identity providers with the keys that are stored.
func (d deployment) records(ctx context.Context, revision federation.Revision) (map[string]trust.Record, error) {
	keys, err := d.trust.AllKeys(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot read keys: %w", err)
	}
	records := map[string]trust.Record{}
	for _, source := range revision.IdentityProviders() {
		record, err := revision.Record(source.ID, keys[source.ID])
		if err != nil {
			return nil, fmt.Errorf("cannot use the keys of %s: %w", source.ID, err)
		}
		records[source.ID] = record
	}
	return records, nil
}

// ours is our own side towards each account.
func (d deployment) ours(ctx context.Context, origin string) (func(federation.Account) push.Own, error) {
	row, _, err := d.trust.Own(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot read our own keys: %w", err)
	}
	keys, err := own.Parse(row)
	if err != nil {
		return nil, fmt.Errorf("cannot read our own keys: %w", err)
	}
	return func(a federation.Account) push.Own { return push.Ours(origin, a, keys.Certificates()) }, nil
}

// accounts are those of these names, or all that have a maintenance role.
func (b *pusher) accounts(names []string) ([]federation.Account, error) {
	if len(names) == 0 {
		accounts := slices.DeleteFunc(b.revision.Accounts(), func(a federation.Account) bool { return a.MaintenanceRole().IsZero() })
		if len(accounts) == 0 {
			return nil, wrong("push: no account has a maintenanceRole, by which its RAM could be written")
		}
		return accounts, nil
	}
	var accounts []federation.Account
	for _, name := range names {
		a, ok := b.revision.AccountNamed(name)
		if !ok {
			return nil, wrong("push: there is no account %.80q", name)
		}
		if a.MaintenanceRole().IsZero() {
			return nil, wrong("push: account %s has no maintenanceRole, by which its RAM could be written", a.Name())
		}
		accounts = append(accounts, a)
	}
	return accounts, nil
}

// visited is what came of an account.
type visited struct {
	calls, drift []string
	trouble      error
}

// one brings an account up to date, or says how it would. Alerts stay for the function:
// it hands them on.
func (b *pusher) one(ctx context.Context, a federation.Account, dry bool, now time.Time) (visited, error) {
	w := push.For(a, b.records, b.ours(a), now)
	w.Roles = b.roles[a.ID()]
	if dry {
		planned, trouble := b.Preview(ctx, w)
		o := visited{trouble: trouble}
		for _, call := range planned.Calls {
			o.calls = append(o.calls, describeCall(call))
		}
		for _, drift := range planned.Drift {
			o.drift = append(o.drift, fmt.Sprintf("drift: %s: %s: %s", drift.Kind, drift.Subject, drift.Detail))
		}
		return o, nil
	}
	b.made = nil
	trouble, err := b.Push(ctx, w, func(_ context.Context, box alert.Box) alert.Box { return box })
	return visited{calls: b.made, trouble: trouble}, err
}

// describeCall names what is changed as RAM's console does.
func describeCall(c push.Call) string {
	_, name, _ := strings.Cut(c.Subject, ":")
	if i := strings.LastIndex(name, "/"); i >= 0 {
		name = name[i+1:]
	} else {
		name = c.Subject
	}
	return fmt.Sprintf("%s %s: %s", c.Action, name, c.Words)
}
