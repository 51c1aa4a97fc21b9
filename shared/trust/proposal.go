package trust

import (
	"encoding/json"
	"fmt"
	"time"
)

// Proposal is an entry of identityProviders that an event would like to be added. Nobody
// is believed for it: somebody has to put it into the federation file.
type Proposal struct {
	Order string          `json:"order"` // of the event, as a text that compares
	At    time.Time       `json:"at"`
	By    string          `json:"by"` // the event's key
	From  string          `json:"from"`
	Entry json.RawMessage `json:"entry"`
}

type proposalRow struct {
	V int `json:"v"`
	Proposal
}

// ParseProposal reads what [Proposal.Row] wrote.
func ParseProposal(row []byte) (Proposal, error) {
	var r proposalRow
	if err := json.Unmarshal(row, &r); err != nil {
		return Proposal{}, fmt.Errorf("a proposal: %w", err)
	}
	if r.V != stopsVersion {
		return Proposal{}, fmt.Errorf("a proposal is of version %d, this reads %d", r.V, stopsVersion)
	}
	return r.Proposal, nil
}

// Row is p as it is stored.
func (p Proposal) Row() ([]byte, error) { return json.Marshal(proposalRow{stopsVersion, p}) }
