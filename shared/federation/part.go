package federation

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// SourceRow is the ID of the row that declares an identity provider.
func SourceRow(idp string) string { return rowsOfIdP + idp + sourceRow }

// RowsOf begin the IDs of all rows that decide for people of one identity
// provider.
func RowsOf(idp string) string { return rowsOfIdP + idp + "/" }

// IndexRows begin the IDs of the rows that list the identity providers.
func IndexRows() string { return rowsOfIndex }

// IssuerRow is the ID of the row that says who believes an issuer. It is a hash:
// an issuer may be longer than a key of Tablestore, and have any character.
func IssuerRow(issuer string) string {
	sum := sha256.Sum256([]byte(issuer))
	return rowsOfIssuers + hex.EncodeToString(sum[:])
}

// FromIssuerRow reads the row that [IssuerRow] names.
func FromIssuerRow(rev, issuer string, item Item) ([]Trusting, error) {
	r, err := find(rev, IssuerRow(issuer), []Item{item})
	if err == nil && (r.Issuer != issuer || len(r.Trusting) == 0) {
		err = broken("row %q is not of issuer %q", item.ID, issuer)
	}
	return r.Trusting, err
}

// AccountRow is the ID of the row that declares an account.
func AccountRow(account string) string { return rowsOfAccounts + account }

// AccountPart is what the row that [AccountRow] names says of an account, without the
// rest of the federation.
type AccountPart struct {
	account  Account
	users    []string // nil: stored before that was written down
	provider map[string]string
}

// Account is the account, but for what its RAM calls the identity providers: of that
// this row knows SAML's, see SAMLProvider.
func (p AccountPart) Account() Account { return p.account }

// Users are the identity providers whose rules make people RAM users of the account, in
// the order of the file. It refuses where the revision was stored before accounts knew
// that.
func (p AccountPart) Users() ([]string, error) {
	if _, declared := p.account.UserSSO(); declared && p.users == nil {
		return nil, broken("account %s does not say by whom people become its users: run ssoctl apply once more, the file may stay as it is", p.account.id)
	}
	return slices.Clone(p.users), nil
}

// SAMLProvider is the identity provider that the account's RAM calls by this ARN.
func (p AccountPart) SAMLProvider(arn string) (idp string, found bool) {
	idp, found = p.provider[arn]
	return idp, found
}

// FromAccountRow reads the row that [AccountRow] names.
func FromAccountRow(rev, account string, item Item) (AccountPart, error) {
	r, err := find(rev, AccountRow(account), []Item{item})
	if err == nil && (r.Account == nil || r.Account.ID != account) {
		err = broken("row %q declares no account %s", item.ID, account)
	}
	if err != nil {
		return AccountPart{}, err
	}
	c := &compiler{options: Options{stored: true}}
	alone, ok := c.parseAccount("account", r.Account.only(""))
	if !ok || len(c.problems) > 0 {
		return AccountPart{}, broken("row %q: %v", item.ID, c.problems)
	}
	part := AccountPart{account: alone, users: r.Users, provider: map[string]string{}}
	for id, arn := range r.Account.SAMLProviders {
		part.provider[arn] = id
	}
	return part, nil
}

// FromRows makes of the rows below [RowsOf] the part of revision rev that decides
// for people of one identity provider: what is declared of it, its rules, and the
// accounts that they name. It has the revision's ID, and refuses rows of another
// and any number of rows but all.
func FromRows(rev, idp string, items []Item) (Revision, error) {
	if len(items) == 0 {
		return Revision{}, unknown(rev, idp)
	}
	source, err := sourceOf(rev, idp, items)
	if err != nil {
		return Revision{}, err
	}
	if len(items) != source.Of+1 {
		return Revision{}, broken("identity provider %s has %d parts, %d are there", idp, source.Of, len(items)-1)
	}
	rows := []row{source}
	for n := range source.Of {
		part, err := find(rev, fmt.Sprintf("%s%s%s%05d", rowsOfIdP, idp, partRow, n), items)
		if err != nil {
			return Revision{}, err
		}
		rows = append(rows, part.Part...)
	}
	draft, err := assemble(rows)
	if err != nil {
		return Revision{}, broken("%w", err)
	}
	r, err := recompile(draft)
	if err != nil {
		return Revision{}, err
	}
	r.id = rev
	return r, nil
}

// FromSourceRow makes a record of the one row that [SourceRow] names and of what
// was learned.
func FromSourceRow(rev, idp string, item Item, keys []byte) (trust.Record, error) {
	r, err := sourceOf(rev, idp, []Item{item})
	if err != nil {
		return trust.Record{}, err
	}
	return record(rev, *r.IdentityProvider, keys)
}

// FromIndexRows lists the identity providers of revision rev in the order of the
// file.
func FromIndexRows(rev string, items []Item) ([]Listed, error) {
	var all []Listed
	of := max(1, len(items)) // a federation has an identity provider
	for n := range of {
		r, err := find(rev, fmt.Sprintf("%s%05d", rowsOfIndex, n), items)
		if err != nil {
			return nil, err
		}
		if r.Of != of {
			return nil, broken("the index has %d rows, %d are there", r.Of, of)
		}
		all = append(all, r.Index...)
	}
	return all, nil
}

func unknown(rev, idp string) error {
	return reason.New(reason.IdPUnknown, "no identity provider %.80q in revision %s", idp, rev)
}

func sourceOf(rev, idp string, items []Item) (row, error) {
	r, err := find(rev, SourceRow(idp), items)
	if err == nil && (r.IdentityProvider == nil || r.IdentityProvider.ID != idp) {
		err = broken("row %q declares no identity provider %s", SourceRow(idp), idp)
	}
	return r, err
}

// find reads the row of this ID, if it belongs to the revision.
func find(rev, id string, items []Item) (row, error) {
	i := slices.IndexFunc(items, func(item Item) bool { return item.ID == id })
	if i < 0 {
		return row{}, broken("row %q of revision %s is missing", id, rev)
	}
	if !belongs(rev, items[i]) {
		return row{}, broken("row %q is none of revision %s", id, rev)
	}
	r, err := decode(items[i])
	if err != nil {
		return row{}, broken("%w", err)
	}
	return r, nil
}
