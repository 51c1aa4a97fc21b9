package store

import (
	"context"
	"errors"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"
)

// Holding is a RAM user that belongs to a person. It is an alias, so that who asks need
// not import this room.
type Holding = struct {
	Account string
	User    string // in small letters
	Person  string
	Claim   string // of the write that made it so
}

// Holdings returns the RAM users of all accounts that belong to people of an identity
// provider, by what sign-ins call them, in order. The service reads through all owners for
// it, a call for every 5,000, and answers with these.
func (p *People) Holdings(ctx context.Context, idp string, people ...string) ([]Holding, error) {
	if idp == "" || len(people) == 0 {
		return nil, errors.New("nobody holds no RAM user")
	}
	start, end, err := ownerRange("")
	if err != nil {
		return nil, err
	}
	places, err := p.client.some(ctx, tablePerson, start, end, ownedBy(idp, people), 0)
	if err != nil {
		return nil, unavailable("owners", err)
	}
	list := make([]Holding, 0, len(places))
	for _, at := range places {
		owner, err := readOwner(at.row)
		if err != nil {
			return nil, err
		}
		list = append(list, Holding{at.partition[len(partitionOwner):], at.id, owner.Person, at.row.text(columnClaim)})
	}
	return list, nil
}

// LetGo makes a RAM user belong to nobody, as [People.Release] does.
func (p *People) LetGo(ctx context.Context, idp string, h Holding) error {
	return p.Release(ctx, Owned{Account: h.Account, User: h.User, Owner: Owner{IdP: idp, Person: h.Person}, claim: h.Claim})
}

func ownedBy(idp string, people []string) tablestore.ColumnFilter {
	anybody := tablestore.NewCompositeColumnCondition(tablestore.LO_OR)
	for _, person := range append(people, people[0]) { // of one alone there is no OR
		anybody.AddFilter(equals(columnPerson, person))
	}
	both := tablestore.NewCompositeColumnCondition(tablestore.LO_AND)
	both.AddFilter(equals(columnOwnerIdP, idp))
	both.AddFilter(anybody)
	return both
}

// equals asks that a row's column has this value. FilterIfMissing has to be true: with the
// zero value a row without the column passes.
func equals(name string, value any) *tablestore.SingleColumnCondition {
	equal := tablestore.NewSingleColumnCondition(name, tablestore.CT_EQUAL, value)
	equal.FilterIfMissing, equal.LatestVersionOnly = true, true
	return equal
}
