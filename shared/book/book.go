// Package book reads the trust that counts now: which identity providers are
// trusted, by which keys, and which rules there are.
//
// In: the stored rows, which the store keeps at hand for 30 seconds. Out: a
// federation.Revision and trust.Records, parsed once per change and not once per
// sign-in; a record when it is asked for, since certificates cost time. Refused:
// rows that are not the revision that the head names, and nothing at all where
// the store does not answer. It is no room of its own in the walk: it joins what
// store, federation and trust each know alone.
package book

import (
	"context"
	"sync"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Source gives the rows that count; [store.Book] is one.
type Source interface {
	Load(ctx context.Context) (store.Contents, error)
}

// Book is read by many sign-ins at once.
type Book struct {
	source Source

	mu         sync.Mutex
	generation uint64
	reading    *Reading
}

// New returns a book over source.
func New(source Source) *Book { return &Book{source: source} }

// Read returns what counts now. It stays as it is while the caller uses it.
func (b *Book) Read(ctx context.Context) (*Reading, error) {
	contents, err := b.source.Load(ctx)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.reading != nil && b.generation == contents.Generation {
		return b.reading, nil
	}
	reading, err := newReading(contents)
	if err != nil {
		return nil, err
	}
	b.generation, b.reading = contents.Generation, reading
	return reading, nil
}

// Revision returns what is declared, as it counts now.
func (b *Book) Revision(ctx context.Context) (federation.Revision, error) {
	reading, err := b.Read(ctx)
	if err != nil {
		return federation.Revision{}, err
	}
	return reading.Revision(), nil
}

// Record returns the record of one identity provider, as it counts now.
func (b *Book) Record(ctx context.Context, idp string) (trust.Record, error) {
	reading, err := b.Read(ctx)
	if err != nil {
		return trust.Record{}, err
	}
	return reading.Record(idp)
}

// Reading is one state of the trust.
type Reading struct {
	revision federation.Revision
	keys     map[string][]byte

	mu      sync.Mutex
	records map[string]trust.Record
}

func newReading(contents store.Contents) (*Reading, error) {
	items := make([]federation.Item, 0, len(contents.Items))
	for _, item := range contents.Items {
		items = append(items, federation.Item(item))
	}
	revision, err := federation.FromItems(items)
	if err != nil {
		return nil, err
	}
	if revision.ID() != contents.Revision { // half a revision must not decide
		return nil, reason.New(reason.ConfigurationInvalid, "the rows of revision %q are those of %q", contents.Revision, revision.ID())
	}
	return &Reading{revision: revision, keys: contents.Keys, records: map[string]trust.Record{}}, nil
}

// Revision returns what was declared.
func (r *Reading) Revision() federation.Revision { return r.revision }

// Record returns the record of one identity provider: what was declared of it
// and the keys that were learned. It refuses as [reason.IdPUnknown] where there
// is none.
func (r *Reading) Record(idp string) (trust.Record, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if record, ok := r.records[idp]; ok {
		return record, nil
	}
	record, err := r.revision.Record(idp, r.keys[idp])
	if err != nil {
		return trust.Record{}, err
	}
	r.records[idp] = record
	return record, nil
}
