package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aliyun/aliyun-tablestore-go-sdk/tablestore"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// How many roles are kept of a person: of the favourites the newest, or the row would
// grow for ever; of those that were taken no more than a page shows.
const (
	mostFavourites = 100
	mostRecent     = 8
)

// The columns of a person's row. Each favourite and each role that was taken has one of
// its own, so that two browsers never undo each other's writes: its name is a hash, for
// an ARN has other characters than a column's name may have.
const (
	columnValidFrom = "valid_from"
	favourite       = "favourite_"
	recent          = "recent_"
)

// Marked is a role that a person marked or took, and when.
type Marked = struct {
	Role ram.RoleARN
	At   time.Time // to the second
}

// Known is what is known of a person beyond a sign-in. It is an alias, so that who asks
// need not import this room.
type Known = struct {
	ValidFrom  time.Time // sign-ins that began then or before count no more; zero: all do
	Left       bool      // none counts
	Favourites []Marked  // the newest first
	Recent     []Marked  // likewise
}

// Known reads what is known of a person, and beside it, in the same call, a row of
// sessions, which is the zero value where there is none.
func (p *People) Known(ctx context.Context, idp, person string, beside [32]byte) (Known, Row, error) {
	key, err := knownKey(idp, person)
	if err != nil {
		return Known{}, Row{}, err
	}
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	rows, err := p.client.getAll(ctx, spot{tablePerson, key}, spot{tableSession, hashKey(beside)})
	if err != nil {
		return Known{}, Row{}, unavailable("person", err)
	}
	known, err := readKnown(rows[0])
	if err != nil {
		return Known{}, Row{}, err
	}
	return known, p.client.session(rows[1]), nil
}

// EndSessions makes all sessions of a person count no more that began at this moment or
// before. It only ever ends more: who asks for an earlier moment than there is changes
// nothing.
func (p *People) EndSessions(ctx context.Context, idp, person string, at time.Time) error {
	key, err := knownKey(idp, person)
	if err != nil {
		return err
	}
	change := &tablestore.UpdateRowChange{TableName: tablePerson, PrimaryKey: key, Condition: mustBeLess(columnValidFrom, at.UnixNano())}
	change.PutColumn(columnValidFrom, at.UnixNano())
	change.PutColumn(columnPerson, person)
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	err = p.client.update(ctx, change)
	if !isCode(err, codeCondition) {
		return unavailableIf("person", err)
	}
	r, err := p.client.get(ctx, tablePerson, key)
	if err != nil {
		return unavailable("person", err)
	}
	// Later already, or by an earlier attempt of ours whose answer was lost.
	if known, err := readKnown(r); err != nil || !known.ValidFrom.Before(at) {
		return err
	}
	return reason.New(reason.StoreConflict, "since when the sign-ins of a person count could not be moved to %s", at.UTC().Format(time.RFC3339Nano))
}

// Favour makes a role a favourite of a person, of whom seen is known. Where there are
// too many it takes the oldest's place.
func (p *People) Favour(ctx context.Context, idp, person string, seen Known, role Marked) error {
	if role.Role.IsZero() {
		return errors.New("no role cannot be a favourite")
	}
	if isMarked(seen.Favourites, role.Role) {
		return nil
	}
	return p.mark(ctx, idp, person, favourite, role, beyond(seen.Favourites, mostFavourites-1))
}

// Unfavour makes a role no favourite of a person.
func (p *People) Unfavour(ctx context.Context, idp, person string, role ram.RoleARN) error {
	return p.mark(ctx, idp, person, favourite, Marked{}, []Marked{{Role: role}})
}

// Remember notes that a person, of whom seen is known, took a role.
func (p *People) Remember(ctx context.Context, idp, person string, seen Known, role Marked) error {
	if role.Role.IsZero() {
		return errors.New("no role was taken")
	}
	others := slices.DeleteFunc(slices.Clone(seen.Recent), func(m Marked) bool { return m.Role == role.Role })
	return p.mark(ctx, idp, person, recent, role, beyond(others, mostRecent-1))
}

// mark puts one column and removes others. It may happen twice.
func (p *People) mark(ctx context.Context, idp, person, list string, put Marked, remove []Marked) error {
	key, err := knownKey(idp, person)
	if err != nil {
		return err
	}
	change := &tablestore.UpdateRowChange{TableName: tablePerson, PrimaryKey: key, Condition: whatever()}
	if !put.Role.IsZero() {
		change.PutColumn(markColumn(list, put.Role), strconv.FormatInt(put.At.Unix(), 10)+" "+put.Role.String())
		change.PutColumn(columnPerson, person)
	}
	for _, m := range remove {
		change.DeleteColumn(markColumn(list, m.Role))
	}
	ctx, cancel := p.client.budgeted(ctx)
	defer cancel()
	return unavailableIf("person", p.client.update(ctx, change))
}

// update changes a row. It may be repeated, so the change must be safe to happen twice.
func (c *Client) update(ctx context.Context, change *tablestore.UpdateRowChange) error {
	_, err := call(ctx, c, func(sdk *tablestore.TableStoreClient) (*tablestore.UpdateRowResponse, error) {
		return sdk.UpdateRow(&tablestore.UpdateRowRequest{UpdateRowChange: change})
	})
	return err
}

func unavailableIf(what string, err error) error {
	if err == nil {
		return nil
	}
	return unavailable(what, err)
}

// knownKey is of a hash: what an identity provider calls a person may be longer than a
// key.
func knownKey(idp, person string) (*tablestore.PrimaryKey, error) {
	if idp == "" || strings.HasPrefix(idp, "@") || person == "" {
		return nil, fmt.Errorf("person %.80q of identity provider %.80q is nobody", person, idp)
	}
	sum := sha256.Sum256([]byte(person))
	return personKey(idp, hex.EncodeToString(sum[:])), nil
}

func markColumn(list string, role ram.RoleARN) string {
	sum := sha256.Sum256([]byte(role.String()))
	return list + hex.EncodeToString(sum[:16])
}

// readKnown believes of a row only what could have been written here: a mark that was
// not is no mark, but of a beginning that cannot be read nobody knows whom it ended.
func readKnown(r row) (Known, error) {
	var known Known
	if value, ok := r[columnValidFrom]; ok {
		nanos, ok := value.(int64)
		if !ok {
			return Known{}, reason.New(reason.StoreUnavailable, "since when the sign-ins of a person count is no number; was it written by another version?")
		}
		known.ValidFrom = time.Unix(0, nanos)
	}
	var err error
	if known.Left, err = readLeft(r); err != nil {
		return Known{}, err
	}
	for name := range r {
		if m, ok := readMark(r, favourite, name); ok {
			known.Favourites = append(known.Favourites, m)
		}
		if m, ok := readMark(r, recent, name); ok {
			known.Recent = append(known.Recent, m)
		}
	}
	newestFirst(known.Favourites)
	newestFirst(known.Recent)
	return known, nil
}

func readMark(r row, list, name string) (Marked, bool) {
	seconds, arn, ok := strings.Cut(r.text(name), " ")
	if !ok || !strings.HasPrefix(name, list) {
		return Marked{}, false
	}
	at, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return Marked{}, false
	}
	role, err := ram.ParseRoleARN(arn)
	if err != nil || name != markColumn(list, role) {
		return Marked{}, false
	}
	return Marked{role, time.Unix(at, 0)}, true
}

func newestFirst(marks []Marked) {
	slices.SortFunc(marks, func(a, b Marked) int {
		return cmp.Or(b.At.Compare(a.At), strings.Compare(a.Role.String(), b.Role.String()))
	})
}

// beyond are the oldest of marks that are too many. Two browsers may each add one to as
// many as may be: the next write removes both that are too many then.
func beyond(marks []Marked, most int) []Marked {
	return marks[min(len(marks), most):]
}

func isMarked(marks []Marked, role ram.RoleARN) bool {
	return slices.ContainsFunc(marks, func(m Marked) bool { return m.Role == role })
}
