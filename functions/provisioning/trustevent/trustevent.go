// Package trustevent does what events say of identity providers themselves.
//
// In: events of the kinds suspend, refresh and propose, whose senders the door has
// checked. Out: a stop, by which an identity provider is believed no more within 30
// seconds; keys fetched anew by metadata-rotation; an entry that waits for somebody to
// put it into the federation file. Refused: identity providers that there are not, and
// proposals that are no entry.
//
// An event can take trust away and never give any: whoever gets hold of a sender can
// lock people out, and nobody in.
package trustevent

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Proposal is a row of one: store.Proposal.
type Proposal = struct {
	ID      string
	Body    []byte
	Version int64
}

// Rows are what events write of trust: store.Trust. Each is written over the version
// that was read, else it is refused as store_conflict.
type Rows interface {
	Stops(ctx context.Context) (body []byte, version int64, err error)
	PutStops(ctx context.Context, body []byte, version int64) error
	Proposals(ctx context.Context) ([]Proposal, error)
	PutProposal(ctx context.Context, p Proposal) error
}

// Handler handles events. All fields are needed.
type Handler struct {
	Rows    Rows
	Record  func(ctx context.Context, idp string) (trust.Record, error) // idp_unknown where there is none
	Refresh func(ctx context.Context, idp string) error                 // has its source asked for its keys: freshness.Function
}

// Handle does what one event says. It may be repeated.
func (h Handler) Handle(ctx context.Context, e lifecycle.Event) error {
	switch e.Kind {
	case lifecycle.KindSuspend:
		if err := h.known(ctx, e.IdP); err != nil {
			return err
		}
		return h.stop(ctx, e)
	case lifecycle.KindRefresh:
		if err := h.known(ctx, e.IdP); err != nil {
			return err
		}
		return h.Refresh(ctx, e.IdP)
	case lifecycle.KindPropose:
		return h.propose(ctx, e)
	case lifecycle.KindPerson, lifecycle.KindMember, lifecycle.KindGroup, lifecycle.KindSignIn, lifecycle.KindAgain:
	}
	return reason.New(reason.Internal, "an event of kind %q is not about an identity provider", e.Kind)
}

func (h Handler) known(ctx context.Context, idp string) error {
	_, err := h.Record(ctx, idp)
	return err
}

func (h Handler) stop(ctx context.Context, e lifecycle.Event) error {
	row, version, err := h.Rows.Stops(ctx)
	if err != nil {
		return err
	}
	stops, err := trust.ParseStops(row)
	if err != nil {
		return err
	}
	stops, news := stops.Stop(e.IdP, e.Key, e.Why, e.Order.At)
	if !news {
		return nil
	}
	if row, err = stops.Row(); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return h.Rows.PutStops(ctx, row, version)
}

// propose keeps the newest entry that was proposed under an ID.
func (h Handler) propose(ctx context.Context, e lifecycle.Event) error {
	if err := requireEntry(e); err != nil {
		return err
	}
	all, err := h.Rows.Proposals(ctx)
	if err != nil {
		return err
	}
	place := Proposal{ID: e.IdP}
	if i := slices.IndexFunc(all, func(p Proposal) bool { return p.ID == e.IdP }); i >= 0 {
		place = all[i]
		there, err := trust.ParseProposal(place.Body)
		if err != nil || there.Order >= e.Order.Text() {
			return err
		}
	}
	proposal := trust.Proposal{Order: e.Order.Text(), At: e.Order.At.UTC(), By: e.Key, From: e.From, Entry: e.Proposal}
	if place.Body, err = proposal.Row(); err != nil {
		return reason.New(reason.EventMalformed, "the proposal: %w", err)
	}
	return h.Rows.PutProposal(ctx, place)
}

// requireEntry wants an entry of its event's ID. What else is wrong with it is told to
// who reads it.
func requireEntry(e lifecycle.Event) error {
	if !trust.ValidID(e.IdP) {
		return reason.New(reason.EventMalformed, "%.80q cannot be the id of an identity provider", e.IdP)
	}
	var entry struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(e.Proposal, &entry); err != nil {
		return reason.New(reason.EventMalformed, "the proposal is no entry of identityProviders: %w", err)
	}
	if entry.ID != e.IdP {
		return reason.New(reason.EventMalformed, "the event proposes %.80q, its entry is called %.80q", e.IdP, entry.ID)
	}
	return nil
}
