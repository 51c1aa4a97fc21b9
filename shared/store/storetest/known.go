package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// People is what store.People promises of what is known of people, and what a twin of
// it in memory has to keep.
type People interface {
	Known(ctx context.Context, idp, person string, beside [32]byte) (store.Known, store.Row, error)
	EndSessions(ctx context.Context, idp, person string, at time.Time) error
	Standing(ctx context.Context, idp, person string, left bool, order lifecycle.Order, now time.Time) error
	Left(ctx context.Context, idp, person string) (bool, error)
	Favour(ctx context.Context, idp, person string, seen store.Known, role store.Marked) error
	Unfavour(ctx context.Context, idp, person string, role ram.RoleARN) error
	Remember(ctx context.Context, idp, person string, seen store.Known, role store.Marked) error
}

// Putter puts rows of sessions, of which one is read beside a person.
type Putter interface {
	Put(ctx context.Context, key [32]byte, row store.Row) error
}

// RunPeople runs what concerns people beyond their sign-ins. open may return the same
// ones each time.
func RunPeople(t *testing.T, open func(*testing.T) (People, Putter)) {
	t.Helper()
	for name, test := range map[string]func(known){
		"OfMostPeopleNothingIsKnown":           nothingKnown,
		"WhoIsNobodyIsNotKnown":                nobodyKnown,
		"SessionsEndAndStayEnded":              sessionsEnd,
		"OfManyEndsTheLastCounts":              sessionsEndRace,
		"WhoLeftHasLeftUntilANewerEventSaysNo": standingMoves,
		"AnOlderEventBringsNobodyBack":         standingOlder,
		"WhoComesBackHasNoSessionFromBefore":   standingBack,
		"OfManyStandingsTheNewestCounts":       standingRace,
		"ALeaversSessionsNeverCountAgain":      standingEnds,
		"AnyNameIsSomebodys":                   anyName,
		"ARowOfSessionsIsReadBesideThePerson":  rowBeside,
		"AFavouriteIsOneUntilItIsNot":          favouriteLife,
		"FavouritesDoNotUndoEachOther":         favouritesRace,
		"OfTooManyFavouritesTheOldestGoes":     favouritesMany,
		"TheRolesTakenLastAreRemembered":       recentLife,
		"WhatIsKnownOfOneIsKnownOfNobodyElse":  knownApart,
		"OwnersAreNobodysPeopleAndTheOtherWay": ownersApart,
	} {
		t.Run(name, func(t *testing.T) {
			people, rows := open(t)
			test(known{t, people, rows, "idp" + newAccount()})
		})
	}
}

// known is a bench for people of one identity provider that no other test has.
type known struct {
	t    *testing.T
	p    People
	rows Putter
	idp  string
}

func (k known) of(person string) store.Known {
	k.t.Helper()
	there, _, err := k.p.Known(k.t.Context(), k.idp, person, randomKey())
	want(k.t, err, "")
	return there
}

// role is one of many.
func role(t *testing.T, n int) ram.RoleARN {
	t.Helper()
	arn, err := ram.ParseRoleARN(fmt.Sprintf("acs:ram::1234567890123456:role/role-%03d", n))
	if err != nil {
		t.Fatal(err)
	}
	return arn
}

// marked is a role at its own minute.
func (k known) marked(n int) store.Marked {
	k.t.Helper()
	return store.Marked{Role: role(k.t, n), At: time.Unix(1_800_000_000, 0).Add(time.Duration(n) * time.Minute)}
}

func (k known) favour(n int) {
	k.t.Helper()
	want(k.t, k.p.Favour(k.t.Context(), k.idp, "ada", k.of("ada"), k.marked(n)), "")
}

func (k known) unfavour(n int) {
	k.t.Helper()
	want(k.t, k.p.Unfavour(k.t.Context(), k.idp, "ada", role(k.t, n)), "")
}

// wantMarks wants these roles in this order, each from its own minute.
func (k known) wantMarks(got []store.Marked, roles ...int) {
	k.t.Helper()
	list := make([]store.Marked, 0, len(roles))
	for _, n := range roles {
		list = append(list, k.marked(n))
	}
	if !slices.EqualFunc(got, list, func(a, b store.Marked) bool { return a.Role == b.Role && a.At.Equal(b.At) }) {
		k.t.Fatalf("%v, want %v", got, list)
	}
}

func nothingKnown(k known) {
	k.t.Helper()
	if there := k.of("ada"); !there.ValidFrom.IsZero() || len(there.Favourites)+len(there.Recent) > 0 {
		k.t.Errorf("%+v", there)
	}
	k.unfavour(1)
	if there := k.of("ada"); len(there.Favourites) > 0 {
		k.t.Errorf("%+v", there)
	}
}

func nobodyKnown(k known) {
	t, at, role := k.t, time.Unix(1_800_000_000, 0), store.Marked{Role: role(k.t, 1)}
	t.Helper()
	for _, who := range [][2]string{{"", "ada"}, {k.idp, ""}, {"@owner/1234567890123456", "ada"}, {"@owner0", "ada"}} {
		_, _, err := k.p.Known(t.Context(), who[0], who[1], randomKey())
		for i, err := range []error{
			err, k.p.EndSessions(t.Context(), who[0], who[1], at), k.p.Standing(t.Context(), who[0], who[1], true, said(1), at), k.p.Favour(t.Context(), who[0], who[1], store.Known{}, role),
			k.p.Unfavour(t.Context(), who[0], who[1], role.Role), k.p.Remember(t.Context(), who[0], who[1], store.Known{}, role),
		} {
			if err == nil {
				t.Errorf("%q, call %d", who, i)
			}
		}
	}
	if _, err := k.p.Left(t.Context(), "@owner0", "ada"); err == nil {
		t.Error("nobody has left")
	}
	if k.p.Standing(t.Context(), k.idp, "ada", true, lifecycle.Order{}, at) == nil {
		t.Error("no event said so")
	}
	for i, err := range []error{k.p.Favour(t.Context(), k.idp, "ada", store.Known{}, store.Marked{}), k.p.Remember(t.Context(), k.idp, "ada", store.Known{}, store.Marked{})} {
		if err == nil {
			t.Errorf("no role, call %d", i)
		}
	}
}

func (k known) ends(person string, at, validFrom time.Time) {
	k.t.Helper()
	want(k.t, k.p.EndSessions(k.t.Context(), k.idp, person, at), "")
	if there := k.of(person); !there.ValidFrom.Equal(validFrom) {
		k.t.Fatalf("ended at %s: from %s, want %s", at, there.ValidFrom, validFrom)
	}
}

// sessionsEnd keeps the nanosecond: who signs in right after is signed in.
func sessionsEnd(k known) {
	k.t.Helper()
	at := time.Unix(1_800_000_000, 123_456_789)
	k.ends("ada", at, at)
	k.ends("ada", at, at)
	k.ends("ada", at.Add(-time.Nanosecond), at)
	k.ends("ada", at.Add(-time.Hour), at)
	k.ends("ada", at.Add(time.Nanosecond), at.Add(time.Nanosecond))
	if there := k.of("bob"); !there.ValidFrom.IsZero() {
		k.t.Errorf("bob too: %+v", there)
	}
}

func sessionsEndRace(k known) {
	t := k.t
	t.Helper()
	const many = 8
	at := time.Unix(1_800_000_000, 0)
	for round := range 20 {
		person := fmt.Sprint("person ", round)
		errs := make([]error, many)
		var wait sync.WaitGroup
		for i := range many {
			wait.Go(func() {
				errs[i] = k.p.EndSessions(t.Context(), k.idp, person, at.Add(time.Duration((i*5+round)%many)))
			})
		}
		wait.Wait()
		for _, err := range errs {
			want(t, err, "")
		}
		if there := k.of(person); !there.ValidFrom.Equal(at.Add(many - 1)) {
			t.Fatalf("round %d: %s", round, there.ValidFrom)
		}
	}
}

// anyName: what an identity provider calls people is longer than a key may be, at times.
func anyName(k known) {
	k.t.Helper()
	at := time.Unix(1_800_000_000, 0)
	names := []string{
		strings.Repeat("a", 5000), strings.Repeat("a", 4999) + "b", "ada@acme.com", "Ada@acme.com", "ada@acme.com ",
		"张三", "https://idp.example/users/1?a=b#c", "CN=Ada, O=Acme", "\u0430da@acme.com", "@owner/1234567890123456",
	}
	for i, name := range names {
		k.ends(name, at.Add(time.Duration(i)), at.Add(time.Duration(i)))
	}
	for i, name := range names {
		if there := k.of(name); !there.ValidFrom.Equal(at.Add(time.Duration(i))) {
			k.t.Errorf("%.20q: %s", name, there.ValidFrom)
		}
	}
}

func rowBeside(k known) {
	t, key := k.t, randomKey()
	t.Helper()
	look := func() store.Row {
		_, row, err := k.p.Known(t.Context(), k.idp, "ada", key)
		want(t, err, "")
		return row
	}
	if row := look(); row.Kind != "" || row.Body != nil {
		t.Errorf("%+v", row)
	}
	put := store.Row{Kind: "signed-out", Body: []byte("since"), Expires: time.Unix(4_000_000_000, 0)}
	want(t, k.rows.Put(t.Context(), key, put), "")
	if row := look(); row.Kind != put.Kind || string(row.Body) != "since" || !row.Expires.Equal(put.Expires) {
		t.Errorf("%+v", row)
	}
	key = randomKey()
	put.Expires = time.Unix(1_000_000_000, 0)
	want(t, k.rows.Put(t.Context(), key, put), "")
	if row := look(); row.Kind != "" {
		t.Errorf("it expired: %+v", row)
	}
}

func favouriteLife(k known) {
	k.t.Helper()
	for _, n := range []int{2, 1, 3, 2, 2} {
		k.favour(n)
	}
	k.wantMarks(k.of("ada").Favourites, 3, 2, 1)
	later := k.marked(1)
	later.At = later.At.Add(time.Hour)
	want(k.t, k.p.Favour(k.t.Context(), k.idp, "ada", k.of("ada"), later), "")
	k.wantMarks(k.of("ada").Favourites, 3, 2, 1) // since it was one already
	k.unfavour(2)
	k.unfavour(2)
	k.unfavour(7)
	k.wantMarks(k.of("ada").Favourites, 3, 1)
	k.favour(2)
	k.wantMarks(k.of("ada").Favourites, 3, 2, 1)
}

// favouritesRace: two browsers that saw the same page each say something.
func favouritesRace(k known) {
	t := k.t
	t.Helper()
	k.favour(0)
	k.favour(1)
	seen := k.of("ada")
	var wait sync.WaitGroup
	errs := make([]error, 10)
	for n := range errs {
		wait.Go(func() {
			if n < 2 {
				errs[n] = k.p.Unfavour(t.Context(), k.idp, "ada", role(t, n))
				return
			}
			errs[n] = k.p.Favour(t.Context(), k.idp, "ada", seen, k.marked(n))
		})
	}
	wait.Wait()
	for _, err := range errs {
		want(t, err, "")
	}
	k.wantMarks(k.of("ada").Favourites, 9, 8, 7, 6, 5, 4, 3, 2)
}

func favouritesMany(k known) {
	k.t.Helper()
	const most = 100
	var wait sync.WaitGroup
	errs := make([]error, most)
	for n := range most {
		wait.Go(func() {
			errs[n] = k.p.Favour(k.t.Context(), k.idp, "ada", store.Known{}, k.marked(n))
		})
	}
	wait.Wait()
	want(k.t, errors.Join(errs...), "")
	seen := k.of("ada")
	for _, n := range []int{most, most + 1} { // by two who saw the same
		want(k.t, k.p.Favour(k.t.Context(), k.idp, "ada", seen, k.marked(n)), "")
	}
	k.favour(most + 2)
	if there := k.of("ada").Favourites; len(there) != most || there[0].Role != role(k.t, most+2) || there[most-1].Role != role(k.t, 3) {
		k.t.Errorf("%d: %v", len(there), there)
	}
}

func recentLife(k known) {
	k.t.Helper()
	remember := func(role store.Marked) {
		k.t.Helper()
		want(k.t, k.p.Remember(k.t.Context(), k.idp, "ada", k.of("ada"), role), "")
	}
	for n := range 11 {
		remember(k.marked(n))
	}
	k.wantMarks(k.of("ada").Recent, 10, 9, 8, 7, 6, 5, 4, 3)
	again := k.marked(20)
	again.Role = role(k.t, 3)
	remember(again)
	there := k.of("ada")
	if there.Recent[0].Role != again.Role || !there.Recent[0].At.Equal(again.At) {
		k.t.Errorf("%v", there.Recent)
	}
	k.wantMarks(there.Recent[1:], 10, 9, 8, 7, 6, 5, 4)
	if len(there.Favourites) > 0 || !there.ValidFrom.IsZero() {
		k.t.Errorf("%+v", there)
	}
}

func knownApart(k known) {
	k.t.Helper()
	at := time.Unix(1_800_000_000, 0)
	k.ends("ada", at, at)
	k.favour(1)
	want(k.t, k.p.Remember(k.t.Context(), k.idp, "ada", store.Known{}, k.marked(2)), "")
	other := k
	other.idp += "x"
	for _, there := range []store.Known{k.of("bob"), k.of("adaa"), other.of("ada")} {
		if !there.ValidFrom.IsZero() || len(there.Favourites)+len(there.Recent) > 0 {
			k.t.Errorf("%+v", there)
		}
	}
	k.ends("ada", at.Add(time.Hour), at.Add(time.Hour)) // and its parts leave each other alone
	k.wantMarks(k.of("ada").Favourites, 1)
	k.wantMarks(k.of("ada").Recent, 2)
}

// ownersApart: both stand in one table.
func ownersApart(k known) {
	t := k.t
	t.Helper()
	owners, ok := k.p.(Owners)
	if !ok {
		t.Fatal("people own RAM users too")
	}
	account, at := newAccount(), time.Unix(1_800_000_000, 0)
	k.ends("ada", at, at)
	ada := ownerOf(k.idp, "ada")
	wantOwner(t, owners, account, "ada", ada, ada)
	list, err := owners.Owned(t.Context(), "")
	want(t, err, "")
	if i := slices.IndexFunc(list, func(o store.Owned) bool { return o.Owner.IdP == k.idp }); i < 0 || list[i].Account != account {
		t.Errorf("%+v", list)
	}
	if there := k.of("ada"); !there.ValidFrom.Equal(at) {
		t.Errorf("%+v", there)
	}
}

// endedOnce breaks the writing of an end.
func endedOnce(b bench, f fault) {
	t := b.t
	b = b.with(func(c *store.Config) { c.Request = 250 * time.Millisecond })
	k := known{t, b.people(), b.sessions(), "idp" + newAccount()}
	f.Table, f.Action = "sso_person", "UpdateRow"
	at := time.Unix(1_800_000_000, 5)
	b.breaks(f)
	k.ends("ada", at, at)
	k.ends("ada", at.Add(1), at.Add(1))
	b.breaks(f)
	k.ends("ada", at, at.Add(1))
	k.favour(1)
	want(t, k.p.Remember(t.Context(), k.idp, "ada", store.Known{}, k.marked(1)), "")
	k.wantMarks(k.of("ada").Favourites, 1)
	k.wantMarks(k.of("ada").Recent, 1)
}

// knownNoAnswer: nobody's sessions count by a store's silence, nor are ended by it.
func knownNoAnswer(b bench) {
	t := b.t
	b = b.with(func(c *store.Config) { c.Budget = 100 * time.Millisecond })
	people, idp, at := b.people(), "idp"+newAccount(), time.Unix(1_800_000_000, 0)
	for _, f := range []fault{
		{Table: "sso_person", Action: "BatchGetRow", Kind: "lost", Times: 100},
		{Table: "sso_person", Action: "BatchGetRow", Kind: "error", Code: "OTSServerUnavailable", Times: 100},
		{Table: "sso_session", Action: "BatchGetRow", Kind: "error", Code: "OTSServerBusy", Times: 100},
	} {
		b.breaks(f)
		_, _, err := people.Known(t.Context(), idp, "ada", randomKey())
		want(t, err, reason.StoreUnavailable)
	}
	b.breaks(fault{Table: "sso_person", Action: "UpdateRow", Kind: "lost", Times: 100})
	want(t, people.EndSessions(t.Context(), idp, "ada", at), reason.StoreUnavailable)
	role := store.Marked{Role: role(t, 1), At: at}
	want(t, people.Favour(t.Context(), idp, "ada", store.Known{}, role), reason.StoreUnavailable)
	want(t, people.Remember(t.Context(), idp, "ada", store.Known{}, role), reason.StoreUnavailable)
}
