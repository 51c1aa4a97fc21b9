package store

import (
	"context"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// columnMade says of an owner's row that RAM was seen to have the user.
const columnMade = "made"

// Made notes that RAM has the user of an owner. It is refused as [reason.StoreConflict]
// where the user is not, or no longer, theirs. It may be repeated.
func (p *People) Made(ctx context.Context, account, user string, owner Owner) error {
	key, err := ownerKey(account, user)
	if err != nil {
		return err
	}
	theirs := row{columnOwnerIdP: owner.IdP, columnPerson: owner.Person}
	change := &tablestore.UpdateRowChange{TableName: tablePerson, PrimaryKey: key, Condition: mustBeAsRead(theirs, column{columnOwnerIdP, ""}, column{columnPerson, ""})}
	change.PutColumn(columnMade, true)
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	err = p.client.update(ctx, change)
	if isCode(err, codeCondition) {
		return reason.New(reason.StoreConflict, "%s of account %s does not belong to %q of %s", user, account, owner.Person, owner.IdP)
	}
	return unavailableIf("owner", err)
}

// IsMade says whether RAM was seen to have the user of an owner, since it is theirs.
func (p *People) IsMade(ctx context.Context, account, user string, owner Owner) (bool, error) {
	key, err := ownerKey(account, user)
	if err != nil {
		return false, err
	}
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	r, err := p.client.get(ctx, tablePerson, key)
	if err != nil {
		return false, unavailable("owner", err)
	}
	made, _ := r[columnMade].(bool)
	return made && r.text(columnOwnerIdP) == owner.IdP && r.text(columnPerson) == owner.Person, nil
}
