package store

import (
	"bytes"
	"context"
	"maps"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// bookLife is how long a changed rule or a suspended record may go unnoticed.
const bookLife = 30 * time.Second

// Contents is all that a sign-in asks the book: the revision that counts and the
// keys. It is shared: nobody changes it.
type Contents struct {
	Revision   string
	Items      []Item
	Keys       map[string][]byte // by identity provider
	Generation uint64            // grows with every change: what was parsed of an equal one still holds
}

// Book keeps the trust at hand for 30 seconds of wall time (an instance freezes,
// and its monotonic clock may with it), then asks again; older contents are
// never used, whatever the store says.
type Book struct {
	trust *Trust
	now   func() time.Time
	turn  chan struct{} // holds one token: who has it may read and change the rest

	contents Contents
	read     time.Time
}

// NewBook returns a book that reads trust by this clock.
func NewBook(trust *Trust, now func() time.Time) *Book {
	b := &Book{trust: trust, now: now, turn: make(chan struct{}, 1)}
	b.turn <- struct{}{}
	return b
}

// Load returns the contents, at most 30 s old. It costs no call, or one for the
// head and the keys, and one more if the revision changed. It refuses as
// [reason.FederationMissing] when nothing was applied yet.
func (b *Book) Load(ctx context.Context) (Contents, error) {
	select {
	case <-b.turn:
	case <-ctx.Done():
		return Contents{}, unavailable("trust", ctx.Err())
	}
	defer func() { b.turn <- struct{}{} }()
	if b.fresh() {
		return b.contents, nil
	}
	if err := b.refresh(ctx); err != nil {
		return Contents{}, err
	}
	return b.contents, nil
}

// fresh compares wall times: a clock that was set back makes the book stale too.
func (b *Book) fresh() bool {
	age := b.now().Round(0).Sub(b.read)
	return b.contents.Generation > 0 && age >= 0 && age < bookLife
}

func (b *Book) refresh(ctx context.Context) error {
	asked := b.now().Round(0)
	found, err := b.trust.front(ctx)
	if err != nil {
		return err
	}
	if found.revision == "" {
		return reason.New(reason.FederationMissing, "there is no revision")
	}
	next := b.contents
	if found.revision != next.Revision {
		if next.Items, err = b.trust.Revision(ctx, found.revision); err != nil {
			return err
		}
		next.Revision = found.revision
	} else if maps.EqualFunc(found.keys, next.Keys, bytes.Equal) { // versions begin anew with a new table
		b.read = asked
		return nil
	}
	next.Keys = found.keys
	next.Generation++
	b.contents, b.read = next, asked
	return nil
}

// front is the part of sso_trust that may change: the head and the keys.
type front struct {
	revision string
	keys     map[string][]byte
}

func (t *Trust) front(ctx context.Context) (front, error) {
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	f := front{keys: map[string][]byte{}}
	places, err := t.client.scan(ctx, partitionHead, partitionKeys)
	if isCode(err, codeMissing) { // not even the tables are there
		return f, nil
	}
	if err != nil {
		return f, unavailable("trust", err)
	}
	for _, p := range places {
		switch p.p {
		case partitionHead:
			f.revision = p.row.text(columnRevision)
		case partitionKeys:
			f.keys[p.id] = p.row.body()
		}
	}
	return f, nil
}
