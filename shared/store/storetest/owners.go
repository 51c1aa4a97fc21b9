package storetest

import (
	"context"
	"fmt"
	"math/big"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// Owners is what store.People promises of the owners of RAM users, and what a twin of
// it in memory has to keep.
type Owners interface {
	Claim(ctx context.Context, account, user string, owner store.Owner) (store.Owner, error)
	Owned(ctx context.Context, account string) ([]store.Owned, error)
	Release(ctx context.Context, o store.Owned) error
	Made(ctx context.Context, account, user string, owner store.Owner) error
	IsMade(ctx context.Context, account, user string, owner store.Owner) (bool, error)
}

// RunOwners runs what concerns owners. open may return the same ones each time.
func RunOwners(t *testing.T, open func(*testing.T) Owners) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, Owners){
		"TheFirstOwnerStays":               ownerStays,
		"TheCaseOfANameMakesNoOtherUser":   ownerFolded,
		"WhatIsNoUserHasNoOwner":           ownerRefused,
		"OneOfManyWinsAUser":               ownerRace,
		"OwnersAreListedInOrder":           ownersListed,
		"AnOwnerIsReleasedAsItWasRead":     ownerReleased,
		"AReleasedUserIsTakenByWhoIsFirst": ownerNext,
		"AUserIsMadeForWhoOwnsIt":          ownerMade,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// newAccount is one that no other run has used.
func newAccount() string {
	key := randomKey()
	digits := new(big.Int).SetBytes(key[:]).String()
	return "1" + digits[:15]
}

func ownerOf(idp, person string) store.Owner {
	return store.Owner{IdP: idp, Person: person, Since: time.Unix(1_800_000_000, 123)}
}

// taken is owner as it is read.
func taken(owner store.Owner) store.Owner {
	owner.Since = time.Unix(owner.Since.Unix(), 0)
	return owner
}

func wantOwner(t *testing.T, p Owners, account, user string, claims, holds store.Owner) {
	t.Helper()
	holder, err := p.Claim(t.Context(), account, user, claims)
	want(t, err, "")
	if holder != taken(holds) {
		t.Fatalf("%s of %s: %+v claims it and %+v holds it, want %+v", user, account, claims, holder, holds)
	}
}

// ownerStays tries everybody who is almost the owner.
func ownerStays(t *testing.T, p Owners) {
	t.Helper()
	account, ada := newAccount(), ownerOf("okta", "ada@acme.com")
	wantOwner(t, p, account, "ada", ada, ada)
	for _, other := range []store.Owner{
		ownerOf("okta", "bob@acme.com"), ownerOf("entra", "ada@acme.com"), ownerOf("okta", "Ada@acme.com"),
		ownerOf("okta", "ada@acme.com "), ownerOf("okta", "\u0430da@acme.com"), ownerOf("oktaada", "@acme.com"),
	} {
		wantOwner(t, p, account, "ada", other, ada)
	}
	later := ada
	later.Since = later.Since.Add(time.Hour)
	wantOwner(t, p, account, "ada", later, ada)
	bob := ownerOf("entra", "bob")
	wantOwner(t, p, newAccount(), "ada", bob, bob) // the same name elsewhere
	wantOwner(t, p, account, "ada2", bob, bob)     // another name
	wantOwner(t, p, account, "bob.ada", ada, ada)  // one person may have several
	wantOwner(t, p, account, "b_0-b", ada, ada)    // whatever RAM lets a name be
	wantOwner(t, p, account+"0", "ada", bob, bob)  // an account that goes on
	wantOwner(t, p, account[:15], "ada", bob, bob) // and one that ends earlier
	wantOwner(t, p, account, "ada", ownerOf("x", "y"), ada)
}

func ownerFolded(t *testing.T, p Owners) {
	t.Helper()
	account, ada := newAccount(), ownerOf("okta", "ada")
	wantOwner(t, p, account, "Ada.L", ada, ada)
	for _, name := range []string{"ada.l", "ADA.L", "aDA.L"} {
		wantOwner(t, p, account, name, ownerOf("okta", "eve"), ada)
	}
}

func ownerRefused(t *testing.T, p Owners) {
	t.Helper()
	account := newAccount()
	for _, tt := range []struct {
		account, user string
		owner         store.Owner
	}{
		{"", "ada", ownerOf("okta", "ada")},
		{"acme", "ada", ownerOf("okta", "ada")},
		{account + "/x", "ada", ownerOf("okta", "ada")},
		{account, "", ownerOf("okta", "ada")},
		{account, "ada@acme.com", ownerOf("okta", "ada")},
		{account, "\u212aim", ownerOf("okta", "ada")},
		{account, "\u0430da", ownerOf("okta", "ada")},
		{account, "ada\x00", ownerOf("okta", "ada")},
		{account, "ada", ownerOf("", "ada")},
		{account, "ada", ownerOf("okta", "")},
	} {
		if holder, err := p.Claim(t.Context(), tt.account, tt.user, tt.owner); err == nil || holder != (store.Owner{}) {
			t.Errorf("%+v: %+v, %v", tt, holder, err)
		}
	}
	if list, err := p.Owned(t.Context(), account); len(list) > 0 || err != nil {
		t.Errorf("%+v, %v", list, err)
	}
}

// race has some people claim one user at once, and wants all to be told of the same
// owner, who is one of them.
func race(t *testing.T, people []Owners) {
	t.Helper()
	account := newAccount()
	holders, errs := make([]store.Owner, len(people)), make([]error, len(people))
	var wait sync.WaitGroup
	for i, p := range people {
		wait.Go(func() {
			holders[i], errs[i] = p.Claim(t.Context(), account, "ada", ownerOf("okta", fmt.Sprint("person ", i)))
		})
	}
	wait.Wait()
	for i := range people {
		want(t, errs[i], "")
		if holders[i] != holders[0] {
			t.Fatalf("two owners: %+v, %+v", holders[i], holders[0])
		}
	}
	list, err := people[0].Owned(t.Context(), account)
	want(t, err, "")
	if len(list) != 1 || list[0].Owner != holders[0] || holders[0].IdP != "okta" {
		t.Fatalf("the table has %+v, the owner is %+v", list, holders[0])
	}
}

func ownerRace(t *testing.T, p Owners) {
	t.Helper()
	for range 50 {
		race(t, []Owners{p, p, p})
	}
}

func ownersListed(t *testing.T, p Owners) {
	t.Helper()
	account, other, ada, bob := newAccount(), newAccount(), ownerOf("okta", "ada"), ownerOf("entra", "bob")
	for _, name := range []string{"zoe", "Ada", "bob"} {
		wantOwner(t, p, account, name, ada, ada)
	}
	wantOwner(t, p, other, "bob", bob, bob)
	list, err := p.Owned(t.Context(), account)
	want(t, err, "")
	if got := named(list); !slices.Equal(got, []string{account + " ada okta ada", account + " bob okta ada", account + " zoe okta ada"}) {
		t.Errorf("%q", got)
	}
	all, err := p.Owned(t.Context(), "")
	want(t, err, "")
	if got := named(all); !slices.IsSorted(got) || !slices.Contains(got, account+" zoe okta ada") || !slices.Contains(got, other+" bob entra bob") {
		t.Errorf("%q", got)
	}
}

func named(list []store.Owned) []string {
	names := make([]string, 0, len(list))
	for _, o := range list {
		names = append(names, fmt.Sprintf("%s %s %s %s", o.Account, o.User, o.Owner.IdP, o.Owner.Person))
	}
	return names
}

// read is the owner of the one user of an account.
func read(t *testing.T, p Owners, account string) store.Owned {
	t.Helper()
	list, err := p.Owned(t.Context(), account)
	want(t, err, "")
	if len(list) != 1 {
		t.Fatalf("account %s has %+v", account, list)
	}
	return list[0]
}

func ownerReleased(t *testing.T, p Owners) {
	t.Helper()
	account, ada, bob := newAccount(), ownerOf("okta", "ada"), ownerOf("entra", "bob")
	wantOwner(t, p, account, "ada", ada, ada)
	seen := read(t, p, account)
	want(t, p.Release(t.Context(), seen), "")
	want(t, p.Release(t.Context(), seen), "") // it is released
	wantOwner(t, p, account, "ada", bob, bob)
	want(t, p.Release(t.Context(), seen), reason.StoreConflict)
	wantOwner(t, p, account, "ada", ada, bob)
}

// ownerNext: who had it and takes it again is an owner that nobody was shown.
func ownerNext(t *testing.T, p Owners) {
	t.Helper()
	account, ada := newAccount(), ownerOf("okta", "ada")
	wantOwner(t, p, account, "ada", ada, ada)
	seen := read(t, p, account)
	want(t, p.Release(t.Context(), seen), "")
	ada.Since = ada.Since.Add(time.Minute)
	wantOwner(t, p, account, "ada", ada, ada)
	want(t, p.Release(t.Context(), seen), reason.StoreConflict)
	want(t, p.Release(t.Context(), read(t, p, account)), "")
}

// honestClaim breaks the writing of an owner.
func honestClaim(b bench, f fault) {
	t := b.t
	b = b.with(func(c *store.Config) { c.Request = 250 * time.Millisecond })
	f.Table, f.Action = "sso_person", "PutRow"
	b.breaks(f)
	account, ada := newAccount(), ownerOf("okta", "ada")
	wantOwner(t, b.people(), account, "ada", ada, ada)
	wantOwner(t, b.people(), account, "ada", ownerOf("okta", "eve"), ada)
}

// brokenRace breaks some writing or reading of one of several who race.
func brokenRace(b bench, f fault) {
	t := b.t
	b = b.with(func(c *store.Config) { c.Request = 250 * time.Millisecond })
	f.Table = "sso_person"
	for _, f.Action = range []string{"PutRow", "GetRow"} {
		if f.Action == "GetRow" {
			f.Commit = false // it is for writes
		}
		for range 2 {
			b.breaks(f)
			race(t, []Owners{b.people(), b.with(func(*store.Config) {}).people(), b.people()})
		}
	}
}

func ownerNoAnswer(b bench) {
	t := b.t
	b = b.with(func(c *store.Config) { c.Budget = 300 * time.Millisecond })
	account, ada := newAccount(), ownerOf("okta", "ada")
	for _, f := range []fault{
		{Table: "sso_person", Action: "PutRow", Kind: "lost", Times: 100},
		{Table: "sso_person", Action: "GetRow", Kind: "lost", Times: 100},
		{Table: "sso_person", Kind: "error", Code: "OTSServerUnavailable", Times: 100},
	} {
		b.breaks(f)
		holder, err := b.people().Claim(t.Context(), account, "ada", ada)
		want(t, err, reason.StoreUnavailable)
		if holder != (store.Owner{}) {
			t.Errorf("%+v: it belongs to %+v", f, holder)
		}
	}
	dead := b.with(func(c *store.Config) { c.Endpoint = "http://127.0.0.1:1" })
	_, err := dead.people().Claim(t.Context(), account, "ada", ada)
	want(t, err, reason.StoreUnavailable)
	_, err = dead.people().Owned(t.Context(), account)
	want(t, err, reason.StoreUnavailable)
}

func ownerReleaseLost(b bench) {
	t := b.t
	account, ada := newAccount(), ownerOf("okta", "ada")
	wantOwner(t, b.people(), account, "ada", ada, ada)
	b.breaks(fault{Table: "sso_person", Action: "DeleteRow", Kind: "lost", Commit: true, Times: 1})
	want(t, b.people().Release(t.Context(), read(t, b.people(), account)), "")
	bob := ownerOf("entra", "bob")
	wantOwner(t, b.people(), account, "ada", bob, bob)
}

// ownerMade: that RAM had a user for one says nothing to the next.
func ownerMade(t *testing.T, p Owners) {
	t.Helper()
	account, ada, bob := newAccount(), ownerOf("okta", "ada@acme.com"), ownerOf("okta", "bob@acme.com")
	is := func(owner store.Owner, want bool) {
		t.Helper()
		if made, err := p.IsMade(t.Context(), account, "Ada", owner); made != want || err != nil {
			t.Errorf("made for %s: %v, %v", owner.Person, made, err)
		}
	}
	want(t, p.Made(t.Context(), account, "ada", ada), reason.StoreConflict)
	is(ada, false)
	wantOwner(t, p, account, "ada", ada, ada)
	is(ada, false)
	want(t, p.Made(t.Context(), account, "ada", bob), reason.StoreConflict)
	want(t, p.Made(t.Context(), account, "ADA", ada), "")
	want(t, p.Made(t.Context(), account, "ada", ada), "")
	is(ada, true)
	is(bob, false)
	wantOwner(t, p, account, "ada", bob, ada)
	list, err := p.Owned(t.Context(), account)
	want(t, err, "")
	want(t, p.Release(t.Context(), list[0]), "")
	is(ada, false)
	wantOwner(t, p, account, "ada", bob, bob)
	is(bob, false)
	if _, err := p.IsMade(t.Context(), "x", "ada", ada); err == nil {
		t.Error("no account")
	}
}
