package effect

import (
	"context"
	"fmt"
	"net/url"
	"strings"
)

func (s *stay) readGroups(ctx context.Context, w Group, surprised bool) (GroupsHas, error) {
	has := GroupsHas{Domain: s.domain}
	var err error
	if has.Group, err = s.group(ctx, w.Name, surprised || w.Gone); err != nil {
		return GroupsHas{}, err
	}
	if w.Formerly != "" && !w.Gone {
		if has.Former, err = s.group(ctx, w.Formerly, surprised); err != nil {
			return GroupsHas{}, err
		}
	}
	if has.Group != nil && (w.Gone || has.Former != nil) { // one of them has to go
		for _, g := range []*GroupHas{has.Group, has.Former} {
			if err := s.readMembers(ctx, g); err != nil {
				return GroupsHas{}, err
			}
		}
	}
	return has, nil
}

// groupAnswer is a group as RAM shows one.
type groupAnswer struct{ GroupName, Comments string }

// group reads a group. One of a name that RAM could not hold it does not have.
func (s *stay) group(ctx context.Context, name string, anyCase bool) (*GroupHas, error) {
	if !holdable(name) {
		return nil, nil //nolint:nilnil // there is none
	}
	var answer struct{ Group groupAnswer }
	err := s.ims(ctx, "GetGroup", url.Values{groupParam: {name}}, &answer)
	switch {
	case missing(err) && anyCase:
		return s.groupInAnyCase(ctx, name)
	case missing(err):
		return nil, nil //nolint:nilnil // there is none
	case err != nil:
		return nil, err
	case !strings.EqualFold(answer.Group.GroupName, name):
		return nil, fmt.Errorf("GetGroup: the answer is about %.200q", answer.Group.GroupName)
	}
	return &GroupHas{Name: answer.Group.GroupName, Comments: answer.Group.Comments}, nil
}

func (s *stay) groupInAnyCase(ctx context.Context, name string) (found *GroupHas, err error) {
	err = s.pages(ctx, "ListGroups", url.Values{"MaxItems": {"100"}}, func(p page) bool {
		if p.Groups == nil {
			return false
		}
		for _, g := range p.Groups.Group {
			if strings.EqualFold(g.GroupName, name) {
				found = &GroupHas{Name: g.GroupName, Comments: g.Comments}
			}
		}
		return true
	})
	return found, err
}

// readMembers reads what hangs on a group, if there is one.
func (s *stay) readMembers(ctx context.Context, g *GroupHas) error {
	if g == nil {
		return nil
	}
	var err error
	if g.Policies, err = s.policies(ctx, "ListPoliciesForGroup", url.Values{groupParam: {g.Name}}); err != nil {
		return err
	}
	return s.users(ctx, "ListUsersForGroup", url.Values{groupParam: {g.Name}, "MaxItems": {"100"}}, func(name string) {
		g.Users = append(g.Users, name)
	})
}

// page is one of a list.
type page struct {
	Users       *struct{ User []userAnswer }
	Groups      *struct{ Group []groupAnswer }
	IsTruncated bool
	Marker      string
}

// users reads a list of users to its end.
func (s *stay) users(ctx context.Context, action string, params url.Values, take func(name string)) error {
	return s.pages(ctx, action, params, func(p page) bool {
		if p.Users == nil {
			return false
		}
		for _, u := range p.Users.User {
			take(u.user().Name)
		}
		return true
	})
}

// pages reads a list to its end, as long as it is there.
func (s *stay) pages(ctx context.Context, action string, params url.Values, take func(page) bool) error {
	for {
		var p page
		if err := s.ims(ctx, action, params, &p); err != nil || !take(p) {
			return listed(action, err)
		}
		if !p.IsTruncated || p.Marker == "" {
			return nil
		}
		params.Set("Marker", p.Marker)
	}
}

// groupsOf are the groups that the user is to be put into or taken out of, if RAM has them.
func (s *stay) groupsOf(ctx context.Context, w Wanted, u *UserHas, anyCase bool) (map[string]GroupHas, error) {
	in := func(name string) bool { return u != nil && contains(u.Groups, name) }
	var asked []string
	for _, name := range w.Groups {
		if !in(name) {
			asked = append(asked, name)
		}
	}
	for _, name := range w.Left {
		if in(name) {
			asked = append(asked, name)
		}
	}
	there := map[string]GroupHas{}
	for _, name := range asked {
		g, err := s.group(ctx, name, anyCase || in(name))
		if err != nil {
			return nil, err
		}
		if g != nil {
			there[name] = *g
		}
	}
	return there, nil
}

// hasDenyPolicy says whether the account has the policy that forbids all.
func (s *stay) hasDenyPolicy(ctx context.Context) (bool, error) {
	var answer struct {
		DefaultPolicyVersion *struct{ PolicyDocument string }
	}
	err := s.ram(ctx, "GetPolicy", url.Values{"PolicyName": {leftName}, "PolicyType": {custom}}, &answer)
	if missing(err) {
		return false, nil
	}
	if err != nil || answer.DefaultPolicyVersion == nil {
		return false, listed("GetPolicy", err)
	}
	return true, checkLeft(answer.DefaultPolicyVersion.PolicyDocument)
}
