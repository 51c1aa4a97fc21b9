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
		has.Groups, err = s.groupsOf(ctx, w, u, surprised)
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
	err = s.users(ctx, "ListUsers", url.Values{"MaxItems": {"1000"}}, func(there string) {
		if strings.EqualFold(there, name) {
			spelled = there
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
		Groups *struct{ Group []groupAnswer }
	}
	err := s.ims(ctx, "ListGroupsForUser", s.upn(u.Name), &answer)
	if err != nil || answer.Groups == nil {
		return listed("ListGroupsForUser", err)
	}
	for _, g := range answer.Groups.Group {
		u.Groups = append(u.Groups, g.GroupName)
	}
	return nil
}

// listed is the error of a list, of which there is one where it is not there: then nobody
// knows that it is empty.
func listed(action string, err error) error {
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: the answer has no list", action)
}

// policiesAnswer are policies as RAM lists them.
type policiesAnswer struct {
	Policies *struct {
		Policy []struct{ PolicyName, PolicyType string }
	}
}

func (s *stay) policies(ctx context.Context, action string, params url.Values) ([]Policy, error) {
	var answer policiesAnswer
	err := s.ram(ctx, action, params, &answer)
	if err != nil || answer.Policies == nil {
		return nil, listed(action, err)
	}
	var all []Policy
	for _, p := range answer.Policies.Policy {
		all = append(all, Policy{p.PolicyName, p.PolicyType})
	}
	return all, nil
}

func (s *stay) readPoliciesOf(ctx context.Context, u *UserHas) (err error) {
	u.Policies, err = s.policies(ctx, "ListPoliciesForUser", url.Values{"UserName": {u.Name}})
	return err
}

func (s *stay) readLogin(ctx context.Context, u *UserHas) error {
	var answer acknowledged
	err := s.ims(ctx, "GetLoginProfile", s.upn(u.Name), &answer)
	switch {
	case begins(err, "EntityNotExist.User.LoginProfile", "EntityNotExist.LoginProfile"):
		return nil
	case err != nil:
		return err
	}
	u.Login = true
	return answer.check("GetLoginProfile")
}

func (s *stay) readKeys(ctx context.Context, u *UserHas) error {
	var answer struct {
		AccessKeys *struct {
			AccessKey []struct {
				AccessKeyID string `json:"AccessKeyId"`
				Status      string
			}
		}
	}
	err := s.ims(ctx, "ListAccessKeys", s.upn(u.Name), &answer)
	if err != nil || answer.AccessKeys == nil {
		return listed("ListAccessKeys", err)
	}
	for _, k := range answer.AccessKeys.AccessKey {
		u.Keys = append(u.Keys, Key{k.AccessKeyID, k.Status})
	}
	return nil
}

func (s *stay) readMFA(ctx context.Context, u *UserHas) error {
	var answer struct {
		acknowledged

		MFADevice *struct{ SerialNumber string }
	}
	err := s.ims(ctx, "GetUserMFAInfo", s.upn(u.Name), &answer)
	switch {
	case begins(err, "EntityNotExist.User.MFADevice"):
		return nil
	case err != nil:
		return err
	}
	u.MFA = answer.MFADevice != nil
	return answer.check("GetUserMFAInfo")
}
