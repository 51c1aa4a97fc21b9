package book

import (
	"bytes"
	"context"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// edition is one revision as it was applied. It fetches a part when that is first asked
// for: the rows of a revision never change, so whenever it does, all parts fit together.
type edition struct {
	source Source
	id     string
	turn   turn // who has it may read and change the rest

	rows     *shelf[*federation.Item] // nil: there is no such identity provider
	records  *shelf[known]
	parts    *shelf[part]
	issuers  *shelf[[]federation.Trusting]   // none: nobody believes it
	accounts *shelf[*federation.AccountPart] // nil: there is no such account
	listed   []federation.Listed
	whole    federation.Revision // zero: nobody asked
}

// known is a record and the keys that made it.
type known struct {
	keys   []byte
	record trust.Record
}

// part is what decides for people of an identity provider, or that there is
// none.
type part struct {
	revision federation.Revision
	err      error
}

func newEdition(source Source, id string) *edition {
	return &edition{
		source: source, id: id, turn: newTurn(),
		rows: newShelf[*federation.Item](maxKept), records: newShelf[known](maxKept), parts: newShelf[part](maxKept),
		issuers: newShelf[[]federation.Trusting](maxKept), accounts: newShelf[*federation.AccountPart](maxKept),
	}
}

// ID is the revision's.
func (r *edition) ID() string { return r.id }

func (r *edition) list(ctx context.Context) ([]federation.Listed, error) {
	if err := r.turn.take(ctx); err != nil {
		return nil, err
	}
	defer r.turn.give()
	if r.listed != nil {
		return r.listed, nil
	}
	rows, err := r.source.Rows(ctx, r.id, federation.IndexRows())
	if err != nil {
		return nil, err
	}
	r.listed, err = federation.FromIndexRows(r.id, toItems(rows))
	return r.listed, err
}

func (r *edition) part(ctx context.Context, idp string) (federation.Revision, error) {
	if err := r.turn.take(ctx); err != nil {
		return federation.Revision{}, err
	}
	defer r.turn.give()
	if kept, ok := r.parts.get(idp); ok {
		return kept.revision, kept.err
	}
	rows, err := r.source.Rows(ctx, r.id, federation.RowsOf(idp))
	if err != nil {
		return federation.Revision{}, err
	}
	items := toItems(rows)
	revision, err := federation.FromRows(r.id, idp, items)
	if err == nil || reason.Of(err) == reason.IdPUnknown {
		r.parts.put(idp, part{revision, err}, sizeOf(items))
	}
	return revision, err
}

func (r *edition) all(ctx context.Context) (federation.Revision, error) {
	if err := r.turn.take(ctx); err != nil {
		return federation.Revision{}, err
	}
	defer r.turn.give()
	if !r.whole.IsZero() {
		return r.whole, nil
	}
	rows, err := r.source.Rows(ctx, r.id, "")
	if err != nil {
		return federation.Revision{}, err
	}
	whole, err := federation.FromItems(toItems(rows))
	if err != nil {
		return federation.Revision{}, err
	}
	if whole.ID() != r.id {
		return federation.Revision{}, reason.New(reason.ConfigurationInvalid, "the rows of revision %s are those of %s", r.id, whole.ID())
	}
	r.whole = whole
	return whole, nil
}

// Trusting are the records that believe an issuer of ID tokens. It refuses as
// [reason.IdPUnknown] where there is none.
func (r *edition) Trusting(ctx context.Context, issuer string) ([]federation.Trusting, error) {
	if !trust.ValidIssuer(issuer) {
		return nil, reason.New(reason.IdPUnknown, "%.300q cannot be an issuer", issuer)
	}
	if err := r.turn.take(ctx); err != nil {
		return nil, err
	}
	defer r.turn.give()
	known, ok := r.issuers.get(issuer)
	if !ok {
		row, err := r.source.Row(ctx, r.id, federation.IssuerRow(issuer))
		if err != nil {
			return nil, err
		}
		size := 0
		if row != nil {
			if known, err = federation.FromIssuerRow(r.id, issuer, federation.Item(*row)); err != nil {
				return nil, err
			}
			size = len(row.Body)
		}
		r.issuers.put(issuer, known, size)
	}
	if len(known) == 0 {
		return nil, reason.New(reason.IdPUnknown, "no identity provider has issuer %.300q", issuer)
	}
	return known, nil
}

// SAMLProvider is the identity provider that an account's RAM calls by this ARN. It
// refuses as [reason.IdPUnknown] where there is none.
func (r *edition) SAMLProvider(ctx context.Context, account, arn string) (string, error) {
	part, err := r.account(ctx, account)
	if err != nil {
		return "", err
	}
	if part != nil {
		if id, ok := part.SAMLProvider(arn); ok {
			return id, nil
		}
	}
	return "", reason.New(reason.IdPUnknown, "account %.80q calls no identity provider %.300q", account, arn)
}

// Account is one account, by its number, and what its row says beside. It refuses as
// [reason.AccountUnknown] where there is none.
func (r *edition) Account(ctx context.Context, id string) (federation.AccountPart, error) {
	if _, err := ram.ParseAccountID(id); err != nil {
		return federation.AccountPart{}, reason.New(reason.AccountUnknown, "%w", err)
	}
	part, err := r.account(ctx, id)
	if err != nil {
		return federation.AccountPart{}, err
	}
	if part == nil {
		return federation.AccountPart{}, reason.New(reason.AccountUnknown, "no account %s in revision %s", id, r.id)
	}
	return *part, nil
}

// account is nil where there is none.
func (r *edition) account(ctx context.Context, id string) (*federation.AccountPart, error) {
	if err := r.turn.take(ctx); err != nil {
		return nil, err
	}
	defer r.turn.give()
	if part, ok := r.accounts.get(id); ok {
		return part, nil
	}
	row, err := r.source.Row(ctx, r.id, federation.AccountRow(id))
	if err != nil {
		return nil, err
	}
	if row == nil {
		r.accounts.put(id, nil, 0)
		return nil, nil //nolint:nilnil // that there is none is an answer
	}
	part, err := federation.FromAccountRow(r.id, id, federation.Item(*row))
	if err != nil {
		return nil, err
	}
	r.accounts.put(id, &part, len(row.Body))
	return &part, nil
}

// row is the one that declares an identity provider.
func (r *edition) row(ctx context.Context, idp string) (*federation.Item, error) {
	if err := r.turn.take(ctx); err != nil {
		return nil, err
	}
	defer r.turn.give()
	item, ok := r.rows.get(idp)
	if !ok {
		row, err := r.source.Row(ctx, r.id, federation.SourceRow(idp))
		if err != nil {
			return nil, err
		}
		size := 0
		if row != nil {
			item = (*federation.Item)(row)
			size = len(row.Body) + len(row.Proof)
		}
		r.rows.put(idp, item, size)
	}
	if item == nil {
		return nil, reason.New(reason.IdPUnknown, "no identity provider %.80q in revision %s", idp, r.id)
	}
	return item, nil
}

// record joins what is declared with what was learned. Certificates cost time, so
// the same two are joined once.
func (r *edition) record(ctx context.Context, idp string, keys []byte) (trust.Record, error) {
	row, err := r.row(ctx, idp)
	if err != nil {
		return trust.Record{}, err
	}
	if err := r.turn.take(ctx); err != nil {
		return trust.Record{}, err
	}
	defer r.turn.give()
	if kept, ok := r.records.get(idp); ok && bytes.Equal(kept.keys, keys) {
		return kept.record, nil
	}
	record, err := federation.FromSourceRow(r.id, idp, *row, keys)
	if err != nil {
		return trust.Record{}, err
	}
	r.records.put(idp, known{keys, record}, len(row.Body)+len(keys))
	return record, nil
}
