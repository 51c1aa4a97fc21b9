package effect

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
)

// readUser asks RAM for all that the wish is about. Where it surprised us, or somebody is
// to be disabled, a name is looked for in any case: RAM has no two that differ by case
// alone, and who owns a user is kept in small letters.
func (s *stay) readUser(ctx context.Context, w Wanted, surprised bool) (Has, error) {
	has := Has{Domain: s.domain}
	active := w.Status == lifecycle.Active
	var err error
	if has.User, err = s.find(ctx, w.Name, surprised || !active); err != nil {
		return Has{}, err
	}
	if has.User == nil && w.Formerly != "" {
		if has.Former, err = s.find(ctx, w.Formerly, true); err != nil {
			return Has{}, err
		}
	}
	u := has.User
	if u == nil {
		u = has.Former
	}
	if u != nil {
		if err := s.readHanging(ctx, w, u); err != nil {
			return Has{}, err
		}
	}
	if active {
		has.Groups, err = s.groupsLacked(ctx, w, u, surprised)
	} else if (u != nil || w.There) && w.Account.Manage().Deny {
		has.DenyPolicy, err = s.hasDenyPolicy(ctx)
	}
	return has, err
}

// userAnswer is a user as RAM shows one.
type userAnswer struct {
	UserPrincipalName, DisplayName, Comments, Email string
}

func (a userAnswer) user() *UserHas {
	name, _, _ := strings.Cut(a.UserPrincipalName, "@")
	return &UserHas{Name: name, DisplayName: a.DisplayName, Comments: a.Comments, Email: a.Email}
}

func (s *stay) find(ctx context.Context, name string, anyCase bool) (*UserHas, error) {
	u, err := s.get(ctx, name)
	if err != nil || u != nil || !anyCase {
		return u, err
	}
	spelled, err := s.spelling(ctx, name)
	if err != nil || spelled == "" {
		return nil, err
	}
	return s.get(ctx, spelled)
}

func (s *stay) get(ctx context.Context, name string) (*UserHas, error) {
	var answer struct{ User userAnswer }
	err := s.ims(ctx, "GetUser", s.upn(name), &answer)
	if missing(err) {
		return nil, nil //nolint:nilnil // there is none
	}
	if err != nil {
		return nil, err
	}
	u := answer.User.user()
	if !strings.EqualFold(u.Name, name) {
		return nil, fmt.Errorf("GetUser: the answer is about %.200q", answer.User.UserPrincipalName)
	}
	return u, nil
}

// spelling is a user's name as RAM writes it; "" where there is none.
func (s *stay) spelling(ctx context.Context, name string) (spelled string, err error) {
	err = s.pages(ctx, "ListUsers", url.Values{"MaxItems": {"1000"}}, func(p page) {
		for _, u := range p.Users.User {
			if there := u.user().Name; strings.EqualFold(there, name) {
				spelled = there
			}
		}
	})
	return spelled, err
}

func (s *stay) upn(name string) url.Values { return url.Values{upnParam: {name + "@" + s.domain}} }

// readHanging reads what hangs on a user, as far as the wish may touch it.
func (s *stay) readHanging(ctx context.Context, w Wanted, u *UserHas) error {
	asks := []func(context.Context, *UserHas) error{s.readGroupsOf, s.readPoliciesOf}
	_, sso := w.Account.UserSSO()
	if w.Status != lifecycle.Active || sso && ours(u.Comments) {
		asks = append(asks, s.readLogin)
	}
	if w.Status != lifecycle.Active {
		asks = append(asks, s.readKeys)
	}
	if w.Status == lifecycle.Gone {
		asks = append(asks, s.readMFA)
	}
	for _, ask := range asks {
		if err := ask(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

func (s *stay) readGroupsOf(ctx context.Context, u *UserHas) error {
	var answer struct {
		Groups struct{ Group []struct{ GroupName string } }
	}
	err := s.ims(ctx, "ListGroupsForUser", s.upn(u.Name), &answer)
	for _, g := range answer.Groups.Group {
		u.Groups = append(u.Groups, g.GroupName)
	}
	return err
}

// policiesAnswer are policies as RAM lists them.
type policiesAnswer struct {
	Policies struct {
		Policy []struct{ PolicyName, PolicyType string }
	}
}

func (a policiesAnswer) list() []Policy {
	var all []Policy
	for _, p := range a.Policies.Policy {
		all = append(all, Policy{p.PolicyName, p.PolicyType})
	}
	return all
}

func (s *stay) readPoliciesOf(ctx context.Context, u *UserHas) error {
	var answer policiesAnswer
	err := s.ram(ctx, "ListPoliciesForUser", url.Values{"UserName": {u.Name}}, &answer)
	u.Policies = answer.list()
	return err
}

func (s *stay) readLogin(ctx context.Context, u *UserHas) error {
	var answer struct{}
	err := s.ims(ctx, "GetLoginProfile", s.upn(u.Name), &answer)
	u.Login = err == nil
	if begins(err, "EntityNotExist.User.LoginProfile", "EntityNotExist.LoginProfile") {
		return nil
	}
	return err
}

func (s *stay) readKeys(ctx context.Context, u *UserHas) error {
	var answer struct {
		AccessKeys struct {
			AccessKey []struct {
				AccessKeyID string `json:"AccessKeyId"`
				Status      string
			}
		}
	}
	err := s.ims(ctx, "ListAccessKeys", s.upn(u.Name), &answer)
	for _, k := range answer.AccessKeys.AccessKey {
		u.Keys = append(u.Keys, Key{k.AccessKeyID, k.Status})
	}
	return err
}

func (s *stay) readMFA(ctx context.Context, u *UserHas) error {
	var answer struct {
		MFADevice *struct{ SerialNumber string }
	}
	err := s.ims(ctx, "GetUserMFAInfo", s.upn(u.Name), &answer)
	u.MFA = err == nil && answer.MFADevice != nil
	if begins(err, "EntityNotExist.User.MFADevice") {
		return nil
	}
	return err
}
