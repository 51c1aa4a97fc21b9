package lifecycle

import (
	"encoding/json"
	"fmt"
)

// rowVersion is of how a state is written down.
const rowVersion = 1

type stateRow struct {
	V int `json:"v"`
	State
}

// Row is the state as it is stored.
func (s State) Row() ([]byte, error) { return json.Marshal(stateRow{rowVersion, s}) }

// ParseState reads a stored state; no row is the state of whom nobody told. One that
// another version wrote is refused: a reader that overlooks half of it would write the
// other half away.
func ParseState(row []byte) (State, error) {
	if len(row) == 0 {
		return State{}, nil
	}
	var r stateRow
	if err := json.Unmarshal(row, &r); err != nil {
		return State{}, fmt.Errorf("the state of a subject: %w", err)
	}
	if r.V != rowVersion {
		return State{}, fmt.Errorf("the state of a subject is of version %d, this reads %d", r.V, rowVersion)
	}
	return r.State, nil
}
