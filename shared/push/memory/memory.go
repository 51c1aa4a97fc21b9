// Package memory is what is remembered of an account's RAM from one run to the next.
//
// In: the stored row of an account. Out: an [Account]: since when RAM is known to have
// what a record publishes, and since when the record publishes it no more; how long
// the sessions of its roles may last; and what somebody was told of. Refused: rows
// that are not JSON of this form. Who cannot read one begins anew: then nothing is
// removed from RAM until it was seen to be published again, and something may be told
// twice.
//
// It is a room of its own because others read it: who signs with a new key waits until
// it was confirmed, and who issues credentials asks how long they may last.
package memory

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// UserSSO is what the settings of user-based SSO are called among the providers; all
// others are ARNs.
const UserSSO = "user-sso"

// Account is what is remembered of one account's RAM.
type Account struct {
	Providers map[string]Provider `json:"providers,omitempty"` // by ARN, or UserSSO
	// MaxSession is the longest session in seconds of each role that a rule gives, by
	// its ARN in lower case: RAM does not tell the case of roles apart.
	MaxSession map[string]int `json:"maxSession,omitempty"`
	Told       []Told         `json:"told,omitempty"`    // in order: what RAM has otherwise, and somebody knows
	Failing    int            `json:"failing,omitempty"` // runs in a row that failed
	Waiting    alert.Box      `json:"waiting,omitempty"` // what is still to be told
}

// Provider is one identity provider in RAM. Known is all that its record ever
// published and RAM may have.
type Provider struct {
	Certificates map[string]Known `json:"certificates,omitempty"` // by SHA-256
	Fingerprints map[string]Known `json:"fingerprints,omitempty"` // as RAM names them: SHA-1 in lower case
	ClientIDs    map[string]Known `json:"clientIDs,omitempty"`
}

// Known is one thing that a record published.
type Known struct {
	Confirmed time.Time `json:"confirmed,omitzero"` // since when RAM was read to have it; zero: it has not
	Left      time.Time `json:"left,omitzero"`      // since when the record has it no more; zero: it has
}

// Told names something that somebody was told of.
type Told struct {
	Kind    alert.Kind `json:"kind"`
	Subject string     `json:"subject"`        // ARN
	Item    string     `json:"item,omitempty"` // of it
}

// Compare orders by subject.
func (t Told) Compare(other Told) int {
	return cmp.Or(strings.Compare(t.Subject, other.Subject), cmp.Compare(t.Kind, other.Kind), strings.Compare(t.Item, other.Item))
}

// Parse reads a stored row; none is an account of which nothing is known.
func Parse(row []byte) (Account, error) {
	if len(row) == 0 {
		return Account{}, nil
	}
	var a Account
	decoder := json.NewDecoder(bytes.NewReader(row))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&a); err != nil {
		return Account{}, fmt.Errorf("account row: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Account{}, errors.New("account row: more than one JSON value")
	}
	return a, nil
}

// Row is the row to store. Equal accounts have equal rows.
func (a Account) Row() ([]byte, error) { return json.Marshal(a) }

// RoleKey is the role's name in MaxSession.
func RoleKey(role ram.RoleARN) string { return strings.ToLower(role.String()) }

// LongestSession is how long a session of the role may last; false where that was not
// read yet.
func (a Account) LongestSession(role ram.RoleARN) (time.Duration, bool) {
	seconds, ok := a.MaxSession[RoleKey(role)]
	return time.Duration(seconds) * time.Second, ok && seconds > 0
}

// Confirmed is since when RAM is known to have all of these certificates of a provider,
// each named by its SHA-256; false where it is not known to have one of them.
func (a Account) Confirmed(provider string, certificates ...string) (since time.Time, ok bool) {
	known := a.Providers[provider].Certificates
	for _, name := range certificates {
		at := known[name].Confirmed
		if at.IsZero() {
			return time.Time{}, false
		}
		if at.After(since) {
			since = at
		}
	}
	return since, len(certificates) > 0
}

// Clone gives a copy that shares no map or list with a that is written to here.
func (a Account) Clone() Account {
	a.Providers, a.MaxSession, a.Told = maps.Clone(a.Providers), maps.Clone(a.MaxSession), slices.Clone(a.Told)
	return a
}
