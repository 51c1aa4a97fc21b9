package provisioning

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/inbox"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// claim makes a RAM user belong to the person, and says whether it does. What belongs to
// them under a name that they had before becomes theirs under the one they have.
func (r residence) claim(ctx context.Context, name string) (bool, error) {
	owner := r.asOwner()
	if owner.Person == "" {
		return false, reason.New(reason.PersonUnclear, "the event says neither what sign-ins call the person nor their user name")
	}
	r.held = nil // it is another's, or more than was read
	there, err := r.Owners.Claim(ctx, r.id(), name, owner)
	if err != nil || there.IdP != owner.IdP {
		return false, err
	}
	if there.Person == owner.Person {
		return true, nil
	}
	if !slices.Contains(r.state.Names, there.Person) {
		return false, nil
	}
	holdings, err := r.holdings(ctx)
	if err != nil {
		return false, err
	}
	for _, h := range holdings {
		if strings.EqualFold(h.User, name) {
			if err := r.letGo(ctx, h); err != nil {
				return false, err
			}
		}
	}
	there, err = r.Owners.Claim(ctx, r.id(), name, owner)
	return there.IdP == owner.IdP && there.Person == owner.Person, err
}

func (r residence) asOwner() Owner {
	return Owner{IdP: r.subject.IdP, Person: inbox.CalledBy(r.state), Since: r.Now()}
}

// holdings are the RAM users of the account that belong to the person, under any name.
func (r residence) holdings(ctx context.Context) ([]Holding, error) {
	if r.held == nil && len(r.state.Names) > 0 {
		held, err := r.Owners.Holdings(ctx, r.subject.IdP, r.state.Names...)
		if err != nil {
			return nil, err
		}
		r.held = append([]Holding{}, held...)
	}
	return slices.DeleteFunc(slices.Clone(r.held), func(h Holding) bool { return h.Account != r.id() }), nil
}

func (r residence) letGo(ctx context.Context, h Holding) error {
	r.held = nil
	return r.Owners.LetGo(ctx, r.subject.IdP, h)
}

// spelled is a name as RAM was told it. Owners are kept in small letters.
func (r residence) spelled(user string) string {
	for _, name := range r.names() {
		if strings.EqualFold(name, user) {
			return name
		}
	}
	return user
}

func has(names []string, user string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, user) })
}

// without is names but one, however that is spelled.
func without(names []string, name string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return strings.EqualFold(n, name) })
}

func setUsers(s *lifecycle.State, account string, names []string) {
	s.Users = maps.Clone(s.Users)
	if s.Users == nil {
		s.Users = map[string][]string{}
	}
	s.Users[account] = names
}
