package peopletest

import (
	"context"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// Made is that of store.People.
func (p *People) Made(_ context.Context, account, user string, owner store.Owner) error {
	key, theirs, err := p.ofOwner("made", account, user, owner)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !theirs {
		return reason.New(reason.StoreConflict, "%s of account %s belongs to somebody else", user, account)
	}
	if p.made == nil {
		p.made = map[[2]string]bool{}
	}
	p.made[key] = true
	return nil
}

// IsMade is that of store.People.
func (p *People) IsMade(_ context.Context, account, user string, owner store.Owner) (bool, error) {
	key, theirs, err := p.ofOwner("isMade", account, user, owner)
	if err != nil {
		return false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return theirs && p.made[key], nil
}

// ofOwner says where a RAM user stands and whether it is owner's.
func (p *People) ofOwner(call, account, user string, owner store.Owner) (key [2]string, theirs bool, err error) {
	if _, err := ram.ParseAccountID(account); err != nil {
		return key, false, err
	}
	name, err := ram.FoldUserName(user)
	if err != nil {
		return key, false, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.call(call); err != nil {
		return key, false, err
	}
	i := p.find(account, name)
	theirs = i >= 0 && p.owned[i].Owner.IdP == owner.IdP && p.owned[i].Owner.Person == owner.Person
	return [2]string{account, name}, theirs, nil
}
