package store

import (
	"context"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Rows of sso_trust that events write: which identity providers they stopped, in one row
// that is read with the head, and which they propose, a row each.
const (
	partitionProposal = "proposal"
	maxProposals      = 100
)

// Stops returns which identity providers events stopped, and the row's version.
func (t *Trust) Stops(ctx context.Context) (body []byte, version int64, err error) {
	return t.versioned(ctx, partitionStop, stopID)
}

// PutStops replaces the row by the same condition as [Trust.PutKeys].
func (t *Trust) PutStops(ctx context.Context, body []byte, version int64) error {
	return t.putVersioned(ctx, partitionStop, stopID, body, version)
}

// Proposal is an identity provider that somebody would like to be added. The store does
// not look into it.
type Proposal = struct {
	ID      string
	Body    []byte
	Version int64
}

// Proposals returns all proposals in order of their IDs.
func (t *Trust) Proposals(ctx context.Context) ([]Proposal, error) {
	places, err := t.client.scan(ctx, tableTrust, partitionProposal, "")
	if isCode(err, codeMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, unavailable(partitionProposal, err)
	}
	var all []Proposal
	for _, p := range places {
		all = append(all, Proposal{p.id, p.row.body(), p.row.number(columnVersion)})
	}
	return all, nil
}

// PutProposal stores a proposal in place of the version that it has, 0 for none, else it
// is refused as [reason.StoreConflict]. So many that nobody will read them are refused.
func (t *Trust) PutProposal(ctx context.Context, p Proposal) error {
	if p.Version == 0 {
		all, err := t.Proposals(ctx)
		if err != nil {
			return err
		}
		if len(all) >= maxProposals {
			return reason.New(reason.RequestTooLarge, "%d proposals wait already, which is the most", maxProposals)
		}
	}
	return t.putVersioned(ctx, partitionProposal, p.ID, p.Body, p.Version)
}

// DropProposal removes a proposal; one that is not there is no fault.
func (t *Trust) DropProposal(ctx context.Context, id string) error {
	change := &tablestore.DeleteRowChange{TableName: tableTrust, PrimaryKey: trustKey(partitionProposal, id), Condition: whatever()}
	ctx, cancel := t.client.budgeted(ctx)
	defer cancel()
	_, err := call(ctx, t.client, func(sdk *tablestore.TableStoreClient) (*tablestore.DeleteRowResponse, error) {
		return sdk.DeleteRow(&tablestore.DeleteRowRequest{DeleteRowChange: change})
	})
	return unavailableIf(partitionProposal, err)
}
