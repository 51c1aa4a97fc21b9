package book

import (
	"context"
	"slices"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Reading is one revision, with those of its identity providers suspended that events
// had stopped when it was read.
type Reading struct {
	*edition

	stops trust.Stops
}

// IdentityProviders are all that there are, in the order of the file.
func (r *Reading) IdentityProviders(ctx context.Context) ([]federation.Listed, error) {
	listed, err := r.list(ctx)
	if err != nil || !slices.ContainsFunc(listed, func(l federation.Listed) bool { return r.stops.Stopped(l.ID) }) {
		return listed, err
	}
	listed = slices.Clone(listed)
	for i, l := range listed {
		listed[i].Suspended = l.Suspended || r.stops.Stopped(l.ID)
	}
	return listed, nil
}

// Part is the part of the revision that decides for people of one identity
// provider. It refuses as [reason.IdPUnknown] where there is none.
func (r *Reading) Part(ctx context.Context, idp string) (federation.Revision, error) {
	revision, err := r.part(ctx, idp)
	return revision.Suspending(r.stops.Stopped), err
}

// Whole returns all that counts now.
func (b *Book) Whole(ctx context.Context) (federation.Revision, error) {
	reading, err := b.Read(ctx)
	if err != nil {
		return federation.Revision{}, err
	}
	return reading.Whole(ctx)
}

// Whole is all of the revision. A sign-in needs a part of it: this is for who looks
// after every account, and it is kept.
func (r *Reading) Whole(ctx context.Context) (federation.Revision, error) {
	revision, err := r.all(ctx)
	return revision.Suspending(r.stops.Stopped), err
}

// record joins what is declared with what was learned.
func (r *Reading) record(ctx context.Context, idp string, keys []byte) (trust.Record, error) {
	record, err := r.edition.record(ctx, idp, keys)
	if err != nil || !r.stops.Stopped(idp) {
		return record, err
	}
	return record.Stopped(), nil
}
