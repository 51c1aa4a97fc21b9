// Package book reads the trust that counts now: which identity providers are
// trusted, by which keys, and which rules there are.
//
// In: the stored rows, of which it fetches what is asked for and no more. Out: a
// [Reading] of one revision, and of it the record of one identity provider, the
// federation.Revision that decides for its people, or the list to choose from;
// each parsed once per change and not once per sign-in. Refused: rows that are
// not of the revision that the head names, and nothing at all where the store
// does not answer. It is no room of its own in the walk: it joins what store,
// federation and trust each know alone.
//
// An identity provider that an event stopped is suspended in all of it, whatever was
// applied.
//
// What a request costs in calls to the store: none while what it needs was read
// within 30 seconds; after that one for the head and keys; where roles are issued or
// listed for more than an hour, or in a federated account, one for every 20 accounts,
// for how long RAM lets them last; one for our own keys where no record is read with
// them. Cold, a record costs two and a person's rules two, one more for every 4 MB of
// them, an account one.
package book

import (
	"bytes"
	"context"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// life is how long a changed rule, a suspended record or a new key may go
// unnoticed. It is wall time: an instance freezes between requests, and its
// monotonic clock may with it.
const life = 30 * time.Second

// Source gives rows; [store.Trust] is one.
type Source interface {
	Top(ctx context.Context) (store.Front, error)
	Front(ctx context.Context, idp string) (store.Front, error)
	Row(ctx context.Context, rev, id string) (*store.Item, error)
	Rows(ctx context.Context, rev, prefix string) ([]store.Item, error)
	Accounts(ctx context.Context, accounts []string) ([][]byte, error)
	Own(ctx context.Context) (body []byte, version int64, err error)
}

// Book is read by many sign-ins at once. Older contents are never used, whatever
// the store says.
type Book struct {
	source Source
	now    func() time.Time
	turn   turn // who has it may read and change the rest

	reading *Reading
	read    time.Time // when reading was the head
	stopped []byte    // the row of its stops
	learned *shelf[learned]
	own     ours
	seen    *shelf[seen] // by account
}

// ours are our own keys as the store had them last, or why they are of no use.
type ours struct {
	row  []byte
	keys own.Keys
	err  error
	read time.Time
}

// learned are keys, and when they were there.
type learned struct {
	keys []byte
	read time.Time
}

// New returns a book over source that goes by this clock.
func New(source Source, now func() time.Time) *Book {
	return &Book{source: source, now: now, turn: newTurn(), learned: newShelf[learned](maxKept), seen: newShelf[seen](maxKept)}
}

// Read returns what counts now. It stays as it is while the caller uses it. It
// refuses as [reason.FederationMissing] when nothing was applied yet.
func (b *Book) Read(ctx context.Context) (*Reading, error) {
	if err := b.turn.take(ctx); err != nil {
		return nil, err
	}
	defer b.turn.give()
	if b.fresh(b.read) {
		return b.reading, nil
	}
	asked := b.wall()
	found, err := b.source.Top(ctx)
	if err != nil {
		return nil, err
	}
	if err := b.turnTo(found, asked); err != nil {
		return nil, err
	}
	return b.reading, nil
}

// Record returns the record of one identity provider, as it counts now. It
// refuses as [reason.IdPUnknown] where there is none.
func (b *Book) Record(ctx context.Context, idp string) (trust.Record, error) {
	known, err := b.front(ctx, idp)
	if err != nil {
		return trust.Record{}, err
	}
	return known.reading.record(ctx, idp, known.keys)
}

// Own are our own keys as they count now. They come with the record of an identity
// provider, and cost nothing where that was read; who reads none leaves the name empty.
func (b *Book) Own(ctx context.Context, idp string) (own.Keys, error) {
	if idp == "" {
		return b.ownAlone(ctx)
	}
	known, err := b.front(ctx, idp)
	if err != nil {
		return own.Keys{}, err
	}
	return known.own.keys, known.own.err
}

func (b *Book) ownAlone(ctx context.Context) (own.Keys, error) {
	if err := b.turn.take(ctx); err != nil {
		return own.Keys{}, err
	}
	defer b.turn.give()
	if !b.young(b.own.read) {
		asked := b.wall()
		row, _, err := b.source.Own(ctx)
		if err != nil {
			return own.Keys{}, err
		}
		b.learn(row, asked)
	}
	return b.own.keys, b.own.err
}

// Newest is Record with keys that are read anew: what was learned a moment ago counts,
// though this book may have read it before. It costs one call to the store.
func (b *Book) Newest(ctx context.Context, idp string) (trust.Record, error) {
	if err := b.turn.take(ctx); err != nil {
		return trust.Record{}, err
	}
	b.learned.drop(idp)
	b.turn.give()
	return b.Record(ctx, idp)
}

// front is what counts now.
type front struct {
	reading *Reading
	keys    []byte // of one identity provider
	own     ours
}

// front is what counts now and the keys of one identity provider, both at most
// 30 s old. For one that does not exist nothing is read twice.
func (b *Book) front(ctx context.Context, idp string) (front, error) {
	if !trust.ValidID(idp) {
		return front{}, reason.New(reason.IdPUnknown, "%.80q cannot be the id of an identity provider", idp)
	}
	if err := b.turn.take(ctx); err != nil {
		return front{}, err
	}
	defer b.turn.give()
	if b.fresh(b.read) {
		if known, ok := b.learned.get(idp); ok && b.fresh(known.read) {
			return front{b.reading, known.keys, b.own}, nil
		}
		if _, err := b.reading.row(ctx, idp); err != nil {
			return front{}, err
		}
	}
	asked := b.wall()
	found, err := b.source.Front(ctx, idp)
	if err != nil {
		return front{}, err
	}
	b.learn(found.Own, asked)
	b.learned.put(idp, learned{found.Keys, asked}, len(found.Keys))
	if err := b.turnTo(found, asked); err != nil {
		return front{}, err
	}
	return front{b.reading, found.Keys, b.own}, nil
}

// learn parses our own keys, once for as long as they stay what they are.
func (b *Book) learn(row []byte, asked time.Time) {
	if b.own.row == nil || !bytes.Equal(b.own.row, row) {
		keys, err := own.Parse(row)
		b.own = ours{row: row, keys: keys, err: err}
	}
	b.own.read = asked
}

// turnTo opens the revision that was the head when it was asked for, with what was
// stopped then. Who reads the one before goes on with it: its rows stay. Where nobody can
// say who was stopped, nobody is believed.
func (b *Book) turnTo(found store.Front, asked time.Time) error {
	rev := found.Head.Revision
	if rev == "" {
		b.reading = nil
		return reason.New(reason.FederationMissing, "there is no revision")
	}
	if b.reading == nil || b.reading.id != rev || !bytes.Equal(b.stopped, found.Stops) {
		stops, err := trust.ParseStops(found.Stops)
		if err != nil {
			b.reading = nil
			return reason.New(reason.StoreUnavailable, "trust: %w", err)
		}
		of := newEdition(b.source, rev)
		if b.reading != nil && b.reading.id == rev {
			of = b.reading.edition
		}
		b.reading, b.stopped = &Reading{of, stops}, found.Stops
	}
	b.read = asked
	return nil
}

func (b *Book) wall() time.Time { return b.now().Round(0) }

// fresh is young of what belongs to the revision that counts.
func (b *Book) fresh(read time.Time) bool { return b.reading != nil && b.young(read) }

// young compares wall times: a clock that was set back makes the book stale too.
func (b *Book) young(read time.Time) bool {
	age := b.wall().Sub(read)
	return age >= 0 && age < life
}

// turn lets one in at a time, and those who wait leave when their time is up.
type turn chan struct{}

func newTurn() turn {
	t := make(turn, 1)
	t.give()
	return t
}

func (t turn) take(ctx context.Context) error {
	select {
	case <-t:
		return nil
	case <-ctx.Done():
		return reason.New(reason.StoreUnavailable, "trust: %w", ctx.Err())
	}
}

func (t turn) give() { t <- struct{}{} }

func toItems(rows []store.Item) []federation.Item {
	items := make([]federation.Item, 0, len(rows))
	for _, row := range rows {
		items = append(items, federation.Item(row))
	}
	return items
}
