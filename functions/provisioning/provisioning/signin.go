package provisioning

import (
	"context"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// signIn makes the RAM user as whom somebody signs in at this moment. That rules make
// them one was decided where they signed in; here it is asked whether one still may.
//
// Whether they have left is asked before and after: an event that says so disables what is
// theirs under another lease than this one, and may have found nothing in RAM yet.
func (v *visit) signIn(ctx context.Context) error {
	s := v.state.SignIn
	if s == nil {
		return nil
	}
	upn, err := ram.ParseUPN(s.User)
	if err != nil {
		return reason.New(reason.PrincipalInvalid, "%w", err)
	}
	account, err := v.mayMake(s.Account, upn)
	if err != nil {
		return err
	}
	left, err := v.Owners.Left(ctx, v.subject.IdP, s.Person)
	if err != nil {
		return err
	}
	owner := Owner{IdP: v.subject.IdP, Person: s.Person, Since: v.Now()}
	user := User{Account: account, IdP: v.subject.IdP, Name: upn.Name(), DisplayName: s.DisplayName, Email: s.Email, Status: lifecycle.Active, There: true}
	if !left {
		if err := v.make(ctx, user, owner); err != nil {
			return err
		}
		if left, err = v.Owners.Left(ctx, v.subject.IdP, s.Person); err != nil {
			return err
		}
	}
	if left {
		return v.unmake(ctx, user)
	}
	return nil
}

func (v *visit) make(ctx context.Context, user User, owner Owner) error {
	account := user.Account.ID().String()
	there, err := v.Owners.Claim(ctx, account, user.Name, owner)
	if err != nil {
		return err
	}
	if there.IdP != owner.IdP || there.Person != owner.Person {
		return reason.New(reason.PrincipalTaken, "the RAM user %s of account %s belongs to somebody else", user.Name, account)
	}
	if err := v.Effects.User(ctx, user); err != nil {
		return err
	}
	return v.Owners.Made(ctx, account, user.Name, owner)
}

// unmake disables the user of who has left, if it is theirs.
func (v *visit) unmake(ctx context.Context, user User) error {
	name, err := ram.FoldUserName(user.Name)
	if err != nil {
		return err
	}
	holdings, err := v.Owners.Holdings(ctx, v.subject.IdP, v.state.SignIn.Person)
	if err != nil {
		return err
	}
	for _, h := range holdings {
		if h.Account == user.Account.ID().String() && h.User == name {
			user.Status, user.There = lifecycle.Inactive, false
			return v.Effects.User(ctx, user)
		}
	}
	return nil
}

// mayMake is the account, where a rule still makes users of this suffix there.
func (v *visit) mayMake(id string, upn ram.UPN) (federation.Account, error) {
	for rule := range v.revision.RulesOf(v.subject.IdP) {
		user := rule.User()
		if rule.Audit() || !user.Create() || user.Account().String() != id || !user.Allows(upn.Suffix()) {
			continue
		}
		if account, listed := v.revision.Account(user.Account()); listed && account.Manage().Users {
			return account, nil
		}
	}
	return federation.Account{}, reason.New(reason.UserNotGranted, "no rule makes users of suffix %s in account %s any more", upn.Suffix(), id)
}
