package provisioning_test

import (
	"context"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/functions/provisioning/provisioning"
	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// rooms are the store and RAM as an instance sees them.
type rooms struct {
	*instance
	events *store.Events
	people *store.People
}

func (r rooms) Append(ctx context.Context, e inbox.Waiting) (known bool, err error) {
	err = r.write(func() error { known, err = r.events.Append(ctx, e); return err })
	return known, err
}

func (r rooms) Later(ctx context.Context, e inbox.Waiting) error {
	return r.write(func() error { return r.events.Later(ctx, e) })
}

func (r rooms) Done(ctx context.Context, at time.Time, events ...inbox.Waiting) error {
	return r.write(func() error { return r.events.Done(ctx, at, events...) })
}

func (r rooms) Dead(ctx context.Context, l provisioning.Letter) error {
	return r.write(func() error { return r.events.Dead(ctx, l) })
}

func (r rooms) Pending(ctx context.Context, after inbox.Waiting, before time.Time, limit int) ([]inbox.Waiting, error) {
	if r.isDead() {
		return nil, errKilled
	}
	return r.events.Pending(ctx, after, before, limit)
}

func (r rooms) PendingOf(ctx context.Context, subject string) ([]inbox.Waiting, error) {
	if r.isDead() {
		return nil, errKilled
	}
	return r.events.PendingOf(ctx, subject)
}

func (r rooms) Subject(ctx context.Context, idp, kind, id string) ([]byte, int64, error) {
	if r.isDead() {
		return nil, 0, errKilled
	}
	return r.people.Subject(ctx, idp, kind, id)
}

func (r rooms) PutSubject(ctx context.Context, idp, kind, id string, row []byte, version int64) error {
	return r.write(func() error { return r.people.PutSubject(ctx, idp, kind, id, row, version) })
}

func (r rooms) Standing(ctx context.Context, idp, person string, left bool, order lifecycle.Order, now time.Time) error {
	return r.write(func() error { return r.people.Standing(ctx, idp, person, left, order, now) })
}

func (r rooms) Member(ctx context.Context, idp, group, person string) error {
	return r.write(func() error { return r.people.Member(ctx, idp, group, person) })
}

func (r rooms) Members(ctx context.Context, idp, group string) ([]string, error) {
	if r.isDead() {
		return nil, errKilled
	}
	return r.people.Members(ctx, idp, group)
}

func (r rooms) Left(ctx context.Context, idp, person string) (bool, error) {
	known, _, err := r.people.Known(ctx, idp, person, [32]byte{})
	return known.Left, err
}

func (r rooms) Claim(ctx context.Context, account, user string, owner provisioning.Owner) (there provisioning.Owner, err error) {
	err = r.write(func() error { there, err = r.people.Claim(ctx, account, user, owner); return err })
	return there, err
}

func (r rooms) Holdings(ctx context.Context, idp string, people ...string) ([]provisioning.Holding, error) {
	if r.isDead() {
		return nil, errKilled
	}
	return r.people.Holdings(ctx, idp, people...)
}

func (r rooms) LetGo(ctx context.Context, idp string, h provisioning.Holding) error {
	return r.write(func() error { return r.people.LetGo(ctx, idp, h) })
}

func (r rooms) Made(_ context.Context, account, user string, _ provisioning.Owner) error {
	return r.write(func() error {
		r.world.mu.Lock()
		defer r.world.mu.Unlock()
		r.made[account+" "+strings.ToLower(user)] = true
		return nil
	})
}

func (r rooms) User(ctx context.Context, u provisioning.User) error {
	return r.write(func() error { return r.ram.user(ctx, u) })
}

func (r rooms) Group(ctx context.Context, g provisioning.Group) error {
	return r.write(func() error { return r.ram.group(ctx, g) })
}

func (r rooms) Final(err error) bool { return reason.Of(err) == reason.PrincipalSuffix }
