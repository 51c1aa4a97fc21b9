package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Rows of sso_person stand under an identity provider. Those that say who owns a RAM
// user stand under an account, whose identity provider is a value: an @ begins no ID
// of an identity provider, so nobody's people are among them.
const (
	partitionOwner    = "@owner/"
	partitionOwnerEnd = "@owner0" // 0 follows /

	columnOwnerIdP = "owner_idp"
	columnPerson   = "person"
	columnSince    = "since"
)

// Owner is who a RAM user belongs to: a person as one identity provider names them,
// to the byte. It is an alias, so that who asks need not import this room.
type Owner = struct {
	IdP    string
	Person string
	Since  time.Time // to the second
}

// Owned is a RAM user and its owner, as they were read.
type Owned struct {
	Account string
	User    string // in small letters
	Owner   Owner

	claim string // of the write that made it so
}

// People keeps what is known of people beyond a sign-in.
type People struct{ Leavers }

// NewPeople returns the people of the table sso_person.
func NewPeople(c *Client) *People { return &People{Leavers{c}} }

// Claim makes a RAM user belong to owner unless it belongs to somebody, and returns
// whom it belongs to. It belongs to them until it is released.
func (p *People) Claim(ctx context.Context, account, user string, owner Owner) (Owner, error) {
	key, err := ownerKey(account, user)
	if err != nil {
		return Owner{}, err
	}
	if owner.IdP == "" || owner.Person == "" {
		return Owner{}, errors.New("nobody cannot own a RAM user")
	}
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	there, err := p.owner(ctx, key) // first, for all but one sign-in find it there
	if err != nil || there != (Owner{}) {
		return there, err
	}
	first, err := p.client.put(ctx, tablePerson, key, mustNotExist(),
		column{columnOwnerIdP, owner.IdP}, column{columnPerson, owner.Person}, column{columnSince, owner.Since.Unix()})
	if err != nil {
		return Owner{}, unavailable("owner", err)
	}
	if first {
		return Owner{owner.IdP, owner.Person, time.Unix(owner.Since.Unix(), 0)}, nil
	}
	there, err = p.owner(ctx, key)
	if err == nil && there == (Owner{}) {
		return Owner{}, reason.New(reason.StoreConflict, "the owner of %s in account %s was released at this moment", user, account)
	}
	return there, err
}

// owner is whom a RAM user belongs to, nobody where there is no row.
func (p *People) owner(ctx context.Context, key *tablestore.PrimaryKey) (Owner, error) {
	r, err := p.client.get(ctx, tablePerson, key)
	if err != nil {
		return Owner{}, unavailable("owner", err)
	}
	if r == nil {
		return Owner{}, nil
	}
	return readOwner(r)
}

// readOwner refuses a row that names nobody, which would give the user away.
func readOwner(r row) (Owner, error) {
	owner := Owner{r.text(columnOwnerIdP), r.text(columnPerson), time.Unix(r.number(columnSince), 0)}
	if owner.IdP == "" || owner.Person == "" {
		return Owner{}, reason.New(reason.StoreUnavailable, "a row of an owner names nobody; was it written by another version?")
	}
	return owner, nil
}

// Owned returns the RAM users of an account that belong to somebody, of all accounts
// where account is "", in order.
func (p *People) Owned(ctx context.Context, account string) ([]Owned, error) {
	start, end, err := ownerRange(account)
	if err != nil {
		return nil, err
	}
	places, err := p.client.rangeOf(ctx, tablePerson, start, end)
	if err != nil {
		return nil, unavailable("owners", err)
	}
	list := make([]Owned, 0, len(places))
	for _, at := range places {
		owner, err := readOwner(at.row)
		if err != nil {
			return nil, err
		}
		list = append(list, Owned{at.partition[len(partitionOwner):], at.id, owner, at.row.text(columnClaim)})
	}
	return list, nil
}

// Release makes a RAM user belong to nobody, if it still belongs to whom it did when
// it was read; else it is refused as [reason.StoreConflict].
func (p *People) Release(ctx context.Context, o Owned) error {
	key, err := ownerKey(o.Account, o.User)
	if err != nil {
		return err
	}
	change := &tablestore.DeleteRowChange{TableName: tablePerson, PrimaryKey: key, Condition: mustEqual(columnClaim, o.claim)}
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	_, err = call(ctx, p.client, func(sdk *tablestore.TableStoreClient) (*tablestore.DeleteRowResponse, error) {
		return sdk.DeleteRow(&tablestore.DeleteRowRequest{DeleteRowChange: change})
	})
	if !isCode(err, codeCondition) {
		if err != nil {
			return unavailable("owner", err)
		}
		return nil
	}
	there, err := p.owner(ctx, key)
	if err == nil && there != (Owner{}) { // else an earlier attempt of ours, whose answer was lost
		return reason.New(reason.StoreConflict, "%s of account %s belongs to %q of %s now, since %s", o.User, o.Account, there.Person, there.IdP, there.Since.UTC().Format(time.RFC3339))
	}
	return err
}

func ownerKey(account, user string) (*tablestore.PrimaryKey, error) {
	id, err := ram.ParseAccountID(account)
	if err != nil {
		return nil, fmt.Errorf("the owner of a RAM user: %w", err)
	}
	name, err := ram.FoldUserName(user)
	if err != nil {
		return nil, fmt.Errorf("the owner of a RAM user: %w", err)
	}
	return personKey(partitionOwner+id.String(), name), nil
}

func ownerRange(account string) (start, end *tablestore.PrimaryKey, err error) {
	from, to := partitionOwner, partitionOwnerEnd
	if account != "" {
		id, err := ram.ParseAccountID(account)
		if err != nil {
			return nil, nil, fmt.Errorf("the owners of RAM users: %w", err)
		}
		from = partitionOwner + id.String()
		to = from
	}
	start, end = new(tablestore.PrimaryKey), new(tablestore.PrimaryKey)
	start.AddPrimaryKeyColumn("idp", from)
	start.AddPrimaryKeyColumnWithMinValue("id")
	end.AddPrimaryKeyColumn("idp", to)
	end.AddPrimaryKeyColumnWithMaxValue("id")
	return start, end, nil
}
