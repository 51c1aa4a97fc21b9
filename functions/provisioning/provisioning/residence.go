package provisioning

import (
	"context"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// residence is a person in one account.
type residence struct {
	*visit
	account federation.Account
	place   mapping.Place // zero: the rules have none for them
	groups  memberships
}

func (r residence) id() string { return r.account.ID().String() }

// names are what RAM was told to call the person there.
func (r residence) names() []string { return r.state.Users[r.id()] }

// settle makes the account's RAM what is wanted of the person. Who has left and would have
// a user has one that is disabled, as if somebody had been at work before they left: what
// there is does not depend on who was faster.
func (r residence) settle(ctx context.Context) error {
	switch {
	case r.left && (r.place.UPN.IsZero() || r.leaving() == lifecycle.Gone):
		return r.leave(ctx)
	case r.left:
		err := r.live(ctx, r.place.UPN.Name(), lifecycle.Inactive)
		if reason.Of(err) == reason.PrincipalTaken { // then they never had it
			err = nil
		}
		return r.worst([]error{err, r.leave(ctx)})
	case r.place.Problem != nil:
		return r.place.Problem // what they have they keep, until somebody mends it
	case r.place.UPN.IsZero():
		return r.disable(ctx, r.names())
	}
	return r.live(ctx, r.place.UPN.Name(), lifecycle.Active)
}

// live makes the person a RAM user of this name, which others they had become.
func (r residence) live(ctx context.Context, name string, status lifecycle.Status) error {
	if names := r.names(); len(names) == 0 || names[len(names)-1] != name {
		if err := r.note(ctx, func(s *lifecycle.State) { setUsers(s, r.id(), append(without(r.names(), name), name)) }); err != nil {
			return err
		}
	}
	former, err := r.renamed(ctx, without(r.names(), name), status)
	if err != nil {
		return err
	}
	owned, err := r.claim(ctx, name)
	if err != nil {
		return err
	}
	if !owned {
		return reason.New(reason.PrincipalTaken, "the RAM user %s of account %s belongs to somebody else", name, r.id())
	}
	user := r.wanted(name, former, status)
	user.There = true
	if err := r.Effects.User(ctx, user); err != nil {
		return err
	}
	if err := r.Owners.Made(ctx, r.id(), name, r.asOwner()); err != nil {
		return err
	}
	return r.forget(ctx, name)
}

// renamed goes through the names that the person had before, each of which becomes the
// next if RAM has it, and returns the last. What is not theirs any more RAM does not have:
// that was done before it was released.
func (r residence) renamed(ctx context.Context, names []string, status lifecycle.Status) (former string, err error) {
	if len(names) == 0 {
		return "", nil
	}
	holdings, err := r.holdings(ctx)
	if err != nil {
		return "", err
	}
	for _, name := range names {
		if !slices.ContainsFunc(holdings, func(h Holding) bool { return strings.EqualFold(h.User, name) }) {
			continue
		}
		if former != "" {
			if err := r.Effects.User(ctx, r.wanted(name, former, status)); err != nil {
				return "", err
			}
		}
		former = name
	}
	return former, nil
}

// forget lets others have the names that the person had before.
func (r residence) forget(ctx context.Context, name string) error {
	former := without(r.names(), name)
	if len(former) == 0 {
		return nil
	}
	if err := r.disable(ctx, former); err != nil { // where RAM had both, none was renamed
		return err
	}
	holdings, err := r.holdings(ctx)
	if err != nil {
		return err
	}
	for _, h := range holdings {
		if has(former, h.User) {
			if err := r.letGo(ctx, h); err != nil {
				return err
			}
		}
	}
	return r.note(ctx, func(s *lifecycle.State) { setUsers(s, r.id(), []string{name}) })
}

// leave disables all that belongs to the person, whoever made it. Who is gone for good
// makes room for others.
func (r residence) leave(ctx context.Context) error {
	holdings, err := r.holdings(ctx)
	if err != nil {
		return err
	}
	status := r.leaving()
	var failed []error
	for _, h := range holdings {
		err := r.Effects.User(ctx, r.wanted(r.spelled(h.User), "", status))
		if err == nil && status == lifecycle.Gone {
			err = r.letGo(ctx, h)
		}
		failed = append(failed, err)
	}
	return r.worst(failed)
}

// leaving is gone where users of who is gone are deleted, else inactive.
func (r residence) leaving() lifecycle.Status {
	removes := r.account.Manage().Delete
	if p, known := r.state.Wanted(removes); removes && (p.Status == lifecycle.Gone || !known && r.state.Person.Status == lifecycle.Gone) {
		return lifecycle.Gone
	}
	return lifecycle.Inactive
}

// disable disables what of these names belongs to the person: the others are somebody
// else's by now.
func (r residence) disable(ctx context.Context, names []string) error {
	if len(names) == 0 {
		return nil
	}
	holdings, err := r.holdings(ctx)
	if err != nil {
		return err
	}
	for _, h := range holdings {
		if has(names, h.User) {
			if err := r.Effects.User(ctx, r.wanted(r.spelled(h.User), "", lifecycle.Inactive)); err != nil {
				return err
			}
		}
	}
	return nil
}

// wanted leaves groups alone where they are not to be written. Who is not active is in
// none of them.
func (r residence) wanted(name, former string, status lifecycle.Status) User {
	u := User{Account: r.account, IdP: r.subject.IdP, Name: name, Formerly: former, Status: status}
	if p, known := r.state.Wanted(false); known {
		u.DisplayName, u.Email = p.DisplayName, p.Email
	}
	if !r.account.Manage().Groups {
		return u
	}
	u.Groups, u.Left = r.groups.in, r.groups.out
	if status != lifecycle.Active {
		u.Groups, u.Left = nil, slices.Concat(r.groups.named, r.groups.out, r.groups.former)
	}
	return u
}
