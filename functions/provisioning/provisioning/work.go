package provisioning

import (
	"context"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// User is a RAM user as it is wanted: effect.Wanted.
type User struct {
	Account      federation.Account
	IdP          string // whose events say so
	Name         string // before the @
	Formerly     string // what it was called, and is renamed from, if RAM has that; "": nothing
	DisplayName  string
	Email        string
	Status       lifecycle.Status // gone: to be deleted
	There        bool             // it is to be made where RAM has it by neither name, also one that is not active
	Groups, Left []string         // names of those that it is in, and is not in
}

// Group is a RAM group as it is wanted.
type Group struct {
	Account        federation.Account
	IdP            string
	Name, Formerly string
	Gone           bool
}

// Effects makes RAM what is wanted. Each reads before it writes, and may happen again.
type Effects interface {
	User(ctx context.Context, u User) error
	Group(ctx context.Context, g Group) error
	Final(err error) bool // trying again would bring the same
}

// Owner is whom a RAM user belongs to: store.Owner.
type Owner = struct {
	IdP    string
	Person string
	Since  time.Time
}

// Holding is a RAM user that belongs to a person: store.Holding.
type Holding = struct {
	Account string
	User    string // in small letters
	Person  string
	Claim   string // by which it is released only as it was read
}

// Owners keeps whom RAM users belong to, and who has left: store.People.
type Owners interface {
	Claim(ctx context.Context, account, user string, owner Owner) (Owner, error)
	Holdings(ctx context.Context, idp string, people ...string) ([]Holding, error)
	LetGo(ctx context.Context, idp string, h Holding) error
	Made(ctx context.Context, account, user string, owner Owner) error // RAM has the user
	Left(ctx context.Context, idp, person string) (bool, error)
}

// work makes RAM what the state says.
func (v *visit) work(ctx context.Context) result {
	revision, err := v.Federation(ctx)
	if err != nil {
		return result{err: err}
	}
	v.revision = revision
	source, known := revision.IdentityProvider(v.subject.IdP)
	switch {
	case !known:
		return result{err: reason.New(reason.IdPUnknown, "identity provider %q", v.subject.IdP)}
	case source.Suspended:
		return result{err: reason.New(reason.IdPSuspended, "the record %q is suspended: nobody is provisioned by it", v.subject.IdP)}
	}
	switch v.subject.Kind {
	case lifecycle.KindPerson:
		return v.person(ctx, source)
	case lifecycle.KindGroup:
		return result{err: v.group(ctx)}
	case lifecycle.KindSignIn:
		return result{err: v.signIn(ctx)}
	case lifecycle.KindMember, lifecycle.KindAgain, lifecycle.KindSuspend, lifecycle.KindRefresh, lifecycle.KindPropose:
	}
	return result{err: reason.New(reason.EventMalformed, "there is nothing to do for a subject of kind %q", v.subject.Kind)}
}

// memberships are the names of the groups that the person is in, and is not in, as far as
// events told of the groups; the IDs of the others are unknown. A group that the person is
// in and RAM may know by a former name too has that beside; until its own visit has given
// it its name there it is named, for rules, and nobody is put into it: they would be in two.
type memberships struct{ named, in, out, former, unknown []string }

func (v *visit) memberships(ctx context.Context) (memberships, error) {
	var m memberships
	for _, id := range append(v.state.Groups(true), v.state.Groups(false)...) {
		row, _, err := v.Inbox.People.Subject(ctx, v.subject.IdP, string(lifecycle.KindGroup), id)
		if err != nil {
			return m, err
		}
		group, err := lifecycle.ParseState(row)
		if err != nil {
			return m, err
		}
		edge := v.state.Edges[id]
		switch {
		case group.Group == nil && edge.In:
			m.unknown = append(m.unknown, id)
		case group.Has(edge):
			m.named = append(m.named, group.Group.Name)
			m.former = append(m.former, group.Names...)
			if len(group.Names) == 1 && group.Names[0] == group.Group.Name {
				m.in = append(m.in, group.Group.Name)
			}
		default:
			m.out = append(m.out, group.Names...)
			if group.Group != nil && group.Group.Name != "" {
				m.out = append(m.out, group.Group.Name)
			}
		}
	}
	// Two groups of one name are one in RAM: who is in one of them is in it.
	m.out = slices.DeleteFunc(m.out, func(name string) bool { return slices.Contains(m.named, name) || slices.Contains(m.former, name) })
	for _, names := range []*[]string{&m.named, &m.in, &m.out} {
		slices.Sort(*names)
		*names = slices.Compact(*names)
	}
	return m, nil
}

// person looks after the RAM users of a person in every account that lets it.
func (v *visit) person(ctx context.Context, source trust.Source) result {
	if v.state.Person == nil {
		return result{nobody: true}
	}
	groups, err := v.memberships(ctx)
	if err != nil {
		return result{err: err}
	}
	if v.left, err = v.hasLeft(ctx); err != nil {
		return result{err: err}
	}
	if v.state.Person.HasLeft() && !v.left {
		return result{} // somebody else is called so by now, and has what they had
	}
	places := v.places(source, groups.named)
	var failed []error
	for _, account := range v.revision.Accounts() {
		if !account.Manage().Users {
			continue
		}
		r := residence{visit: v, account: account, groups: groups}
		for _, p := range places {
			if p.Account.ID() == account.ID() {
				r.place = p
			}
		}
		failed = append(failed, r.settle(ctx))
	}
	return result{err: v.worst(failed), unknown: groups.unknown}
}

// hasLeft says whether the person has left, by the newest word of all subjects that are
// called so: it is one person who signs in by that name.
func (v *visit) hasLeft(ctx context.Context) (bool, error) {
	name := inbox.CalledBy(v.state)
	if name == "" {
		return v.state.Person.HasLeft(), nil
	}
	return v.Owners.Left(ctx, v.subject.IdP, name)
}

// places are the RAM users that the rules have for the person, if there is to be any.
func (v *visit) places(source trust.Source, groups []string) []mapping.Place {
	p, wanted := v.state.Wanted(false)
	if !wanted {
		return nil
	}
	return mapping.Places(v.revision, v.subject.IdP, mapping.Says(source, described(p, groups)), v.Now())
}

// group looks after a group in every account in which events make users of its identity
// provider.
func (v *visit) group(ctx context.Context) error {
	if v.state.Group == nil {
		return nil
	}
	var failed []error
	for _, account := range v.revision.Accounts() {
		if account.Manage().Groups && v.makesUsers(account.ID()) {
			failed = append(failed, v.groupOf(ctx, account))
		}
	}
	return v.worst(failed)
}

func (v *visit) makesUsers(account ram.AccountID) bool {
	for rule := range v.revision.RulesOf(v.subject.IdP) {
		if user := rule.User(); user.Create() && user.Account() == account && !rule.Audit() {
			return true
		}
	}
	return false
}

// groupOf goes through all names that RAM may know the group by: who was cut off may have
// left it at any of them.
func (v *visit) groupOf(ctx context.Context, account federation.Account) error {
	former := ""
	for _, name := range v.state.Names {
		if v.state.Group.Gone {
			if err := v.Effects.Group(ctx, Group{Account: account, IdP: v.subject.IdP, Name: name, Gone: true}); err != nil {
				return err
			}
			continue
		}
		if err := v.Effects.Group(ctx, Group{Account: account, IdP: v.subject.IdP, Name: name, Formerly: former}); err != nil {
			return err
		}
		former = name
	}
	return nil
}
