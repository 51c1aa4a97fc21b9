package store

import (
	"context"
	"slices"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Tablestore's limits for a batch and a cell. A batch stays below 4 MB so that
// keys and column names find room.
const (
	maxBatchRows  = 200
	maxBatchBytes = 3 << 20
	maxBody       = 2 << 20

	// accountsAtOnce keeps a BatchGetRow below the 4 MB that it answers with: an account
	// with a thousand roles, all of them told of, has 200 KB.
	accountsAtOnce = 20
)

// Partitions of sso_trust.
const (
	partitionHead     = "head"
	partitionKeys     = "keys"
	partitionLease    = "lease"
	partitionWatch    = "watch"
	partitionAccount  = "account"
	partitionOwn      = "own"
	partitionStop     = "stop"
	partitionLog      = "log"
	partitionSCIM     = "scim"
	partitionRevision = "r/" // followed by the revision

	columnRevision = "revision"
	columnVersion  = "version"
	columnBody     = "body"
	columnProof    = "proof"
	columnEntry    = "entry"
	headID         = "head"
	ownID          = "keys"
	stopID         = "idps"
)

// Item is one row of a revision, such as an identity provider or an account. The
// store does not look into it.
type Item struct {
	ID    string
	Body  []byte
	Proof []byte
}

// Head says which revision counts, and which entry of the log made it so. The
// zero value is that of a table to which nothing was applied.
type Head struct {
	Revision string
	Entry    string
}

// Front is the part of sso_trust that may change, as one identity provider sees
// it.
type Front struct {
	Head  Head
	Stops []byte // which identity providers events stopped; nil: none ever was
	Keys  []byte // nil: none were learned
	Own   []byte // our own keys; nil: nobody wrote them down
}

// Trust keeps what was applied and, apart from it, what was learned. A revision
// never changes once it is written; the head, which says which one counts, is
// switched by condition, so that a reader sees the old or the new one whole.
type Trust struct{ client *Client }

// NewTrust returns the trust of the table sso_trust.
func NewTrust(c *Client) *Trust { return &Trust{c} }

// Head returns what counts.
func (t *Trust) Head(ctx context.Context) (Head, error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	r, err := t.client.get(ctx, tableTrust, trustKey(partitionHead, headID))
	if isCode(err, codeMissing) { // not even the tables are there
		return Head{}, nil
	}
	if err != nil {
		return Head{}, unavailable("head", err)
	}
	return headOf(r), nil
}

func headOf(r row) Head { return Head{r.text(columnRevision), r.text(columnEntry)} }

// Top returns what counts, and which identity providers events stopped, in one call.
func (t *Trust) Top(ctx context.Context) (Front, error) {
	rows, err := t.front(ctx, trustKey(partitionHead, headID), trustKey(partitionStop, stopID))
	if err != nil || rows == nil {
		return Front{}, err
	}
	return Front{Head: headOf(rows[0]), Stops: rows[1].body()}, nil
}

// Front returns what Top does, the keys of one identity provider and our own, in one
// call.
func (t *Trust) Front(ctx context.Context, idp string) (Front, error) {
	rows, err := t.front(ctx, trustKey(partitionHead, headID), trustKey(partitionStop, stopID), trustKey(partitionKeys, idp), trustKey(partitionOwn, ownID))
	if err != nil || rows == nil {
		return Front{}, err
	}
	return Front{headOf(rows[0]), rows[1].body(), rows[2].body(), rows[3].body()}, nil
}

// front reads some rows, none where not even the tables are there.
func (t *Trust) front(ctx context.Context, keys ...*tablestore.PrimaryKey) ([]row, error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	rows, err := t.client.getAll(ctx, in(tableTrust, keys...)...)
	if isCode(err, codeMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, unavailable("trust", err)
	}
	return rows, nil
}

// Row returns one row of a revision, nil if there is none of this ID.
func (t *Trust) Row(ctx context.Context, rev, id string) (*Item, error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	r, err := t.client.get(ctx, tableTrust, trustKey(partitionRevision+rev, id))
	if err != nil {
		return nil, unavailable("revision", err)
	}
	if r == nil {
		return nil, nil //nolint:nilnil // that there is none is an answer
	}
	return &Item{id, r.body(), r.proof()}, nil
}

// Rows returns the rows of a revision whose IDs begin so, in order of their IDs.
func (t *Trust) Rows(ctx context.Context, rev, prefix string) ([]Item, error) {
	places, err := t.client.scan(ctx, tableTrust, partitionRevision+rev, prefix)
	if err != nil {
		return nil, unavailable("revision", err)
	}
	var items []Item
	for _, p := range places {
		items = append(items, Item{p.id, p.row.body(), p.row.proof()})
	}
	return items, nil
}

// Revision returns all rows of a revision in order of their IDs.
func (t *Trust) Revision(ctx context.Context, rev string) ([]Item, error) {
	return t.Rows(ctx, rev, "")
}

// Commit writes a revision and makes it the head if previous still is, else it is
// refused as [reason.StoreConflict]. rev is a hash of the items, so that writing it
// again is writing the same.
func (t *Trust) Commit(ctx context.Context, rev string, items []Item, previous Head, note Note) error {
	for _, item := range items {
		if len(item.Body) > maxBody {
			return reason.New(reason.RequestTooLarge, "item %q has %d bytes, one may have %d", item.ID, len(item.Body), maxBody)
		}
	}
	for _, batch := range batches(items) {
		if err := t.write(ctx, rev, batch); err != nil {
			return unavailable("revision", err)
		}
	}
	return t.Switch(ctx, rev, previous, note)
}

// batches cuts items into what one BatchWriteRow takes.
func batches(items []Item) [][]Item {
	var cut [][]Item
	start, size := 0, 0
	for i, item := range items {
		n := len(item.ID) + len(item.Body) + len(item.Proof)
		if i > start && (i-start == maxBatchRows || size+n > maxBatchBytes) {
			cut = append(cut, items[start:i])
			start, size = i, 0
		}
		size += n
	}
	if start < len(items) {
		cut = append(cut, items[start:])
	}
	return cut
}

// write puts the rows of one batch.
func (t *Trust) write(ctx context.Context, rev string, items []Item) error {
	batch := new(tablestore.BatchWriteRowRequest)
	for _, item := range items {
		batch.AddRowChange(putChange(tableTrust, trustKey(partitionRevision+rev, item.ID), whatever(), columnsOf(item)))
	}
	return t.client.writeBatch(ctx, tableTrust, batch, len(items))
}

func columnsOf(item Item) []column {
	columns := []column{{columnBody, item.Body}}
	if len(item.Proof) > 0 {
		columns = append(columns, column{columnProof, item.Proof})
	}
	return columns
}

// Keys returns what was learned about an identity provider and its version; nil
// and 0 if nothing was.
func (t *Trust) Keys(ctx context.Context, idp string) (body []byte, version int64, err error) {
	return t.versioned(ctx, partitionKeys, idp)
}

// AllKeys returns what was learned about every identity provider.
func (t *Trust) AllKeys(ctx context.Context) (map[string][]byte, error) {
	return t.bodies(ctx, partitionKeys)
}

func (t *Trust) bodies(ctx context.Context, partition string) (map[string][]byte, error) {
	places, err := t.client.scan(ctx, tableTrust, partition, "")
	if err != nil {
		return nil, unavailable(partition, err)
	}
	bodies := map[string][]byte{}
	for _, p := range places {
		bodies[p.id] = p.row.body()
	}
	return bodies, nil
}

// PutKeys replaces what was learned if version, which [Trust.Keys] gave, is still
// the one that is there (0: none is), else it is refused as [reason.StoreConflict].
func (t *Trust) PutKeys(ctx context.Context, idp string, body []byte, version int64) error {
	return t.putVersioned(ctx, partitionKeys, idp, body, version)
}

// Lease returns how often an identity provider was asked lately, and its version.
func (t *Trust) Lease(ctx context.Context, idp string) (body []byte, version int64, err error) {
	return t.versioned(ctx, partitionLease, idp)
}

// PutLease replaces a lease by the same condition as [Trust.PutKeys].
func (t *Trust) PutLease(ctx context.Context, idp string, body []byte, version int64) error {
	return t.putVersioned(ctx, partitionLease, idp, body, version)
}

// Watch returns what the last run saw of an identity provider, and its version.
func (t *Trust) Watch(ctx context.Context, idp string) (body []byte, version int64, err error) {
	return t.versioned(ctx, partitionWatch, idp)
}

// PutWatch replaces a watch by the same condition as [Trust.PutKeys].
func (t *Trust) PutWatch(ctx context.Context, idp string, body []byte, version int64) error {
	return t.putVersioned(ctx, partitionWatch, idp, body, version)
}

// Account returns what is remembered of an account's RAM, and its version.
func (t *Trust) Account(ctx context.Context, account string) (body []byte, version int64, err error) {
	return t.versioned(ctx, partitionAccount, account)
}

// Accounts returns what is remembered of each account's RAM, nil where nothing is, in
// the order in which they are named: one call for every 20.
func (t *Trust) Accounts(ctx context.Context, accounts []string) ([][]byte, error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	bodies := make([][]byte, 0, len(accounts))
	for some := range slices.Chunk(accounts, accountsAtOnce) {
		keys := make([]*tablestore.PrimaryKey, 0, len(some))
		for _, account := range some {
			keys = append(keys, trustKey(partitionAccount, account))
		}
		rows, err := t.client.getAll(ctx, in(tableTrust, keys...)...)
		if err != nil {
			return nil, unavailable(partitionAccount, err)
		}
		for _, r := range rows {
			bodies = append(bodies, r.body())
		}
	}
	return bodies, nil
}

// PutAccount replaces what is remembered of an account's RAM by the same condition as
// [Trust.PutKeys].
func (t *Trust) PutAccount(ctx context.Context, account string, body []byte, version int64) error {
	return t.putVersioned(ctx, partitionAccount, account, body, version)
}

// Own returns the row of our own keys, and its version.
func (t *Trust) Own(ctx context.Context) (body []byte, version int64, err error) {
	return t.versioned(ctx, partitionOwn, ownID)
}

// PutOwn replaces the row of our own keys by the same condition as [Trust.PutKeys].
func (t *Trust) PutOwn(ctx context.Context, body []byte, version int64) error {
	return t.putVersioned(ctx, partitionOwn, ownID, body, version)
}

// SCIM returns the tokens by which an identity provider pushes people, and their version.
func (t *Trust) SCIM(ctx context.Context, idp string) (body []byte, version int64, err error) {
	return t.versioned(ctx, partitionSCIM, idp)
}

// AllSCIM returns the tokens of every identity provider that has some.
func (t *Trust) AllSCIM(ctx context.Context) (map[string][]byte, error) {
	return t.bodies(ctx, partitionSCIM)
}

// PutSCIM replaces those tokens by the same condition as [Trust.PutKeys].
func (t *Trust) PutSCIM(ctx context.Context, idp string, body []byte, version int64) error {
	return t.putVersioned(ctx, partitionSCIM, idp, body, version)
}

func (t *Trust) versioned(ctx context.Context, partition, id string) (body []byte, version int64, err error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	r, err := t.client.get(ctx, tableTrust, trustKey(partition, id))
	if err != nil {
		return nil, 0, unavailable(partition, err)
	}
	return r.body(), r.number(columnVersion), nil
}

func (t *Trust) putVersioned(ctx context.Context, partition, id string, body []byte, version int64) error {
	if len(body) > maxBody {
		return reason.New(reason.RequestTooLarge, "the %s of %q have %d bytes, they may have %d", partition, id, len(body), maxBody)
	}
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	condition := mustNotExist()
	if version != 0 {
		condition = mustEqual(columnVersion, version)
	}
	written, err := t.client.put(ctx, tableTrust, trustKey(partition, id), condition, column{columnBody, body}, column{columnVersion, version + 1})
	if err != nil {
		return unavailable(partition, err)
	}
	if !written {
		return reason.New(reason.StoreConflict, "the %s of %q are not of version %d any more", partition, id, version)
	}
	return nil
}
