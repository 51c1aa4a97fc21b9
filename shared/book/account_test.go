package book_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
)

// TestAnARNLeadsToItsIdentityProvider: within its account, by one call that is made
// once.
func TestAnARNLeadsToItsIdentityProvider(t *testing.T) {
	d := newDesk(t)
	reading, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.calls()
	for _, c := range []struct{ account, arn, want string }{
		{prod, provider("test"), "test"},
		{prod, provider("second"), "second"},
		{prod, provider("third"), ""},
		{prod, "", ""},
	} {
		id, err := reading.SAMLProvider(t.Context(), c.account, c.arn)
		if id != c.want || (c.want == "") != (reason.Of(err) == reason.IdPUnknown) {
			t.Errorf("%s: %q, %v", c.arn, id, err)
		}
	}
	d.want(t, "row account/"+prod)
	for _, account := range []string{dev, "3456789012345678"} { // without providers; not there
		for range 2 {
			_, err := reading.SAMLProvider(t.Context(), account, provider("test"))
			refused(t, err, reason.IdPUnknown)
		}
		d.want(t, "row account/"+account)
	}
}

// TestAnAccountsRowOfAnotherRevisionLeadsNowhere: nor does another account's.
func TestAnAccountsRowOfAnotherRevisionLeadsNowhere(t *testing.T) {
	other := draft()
	other.Accounts[0].Alias = "other"
	accountRow := func(rows []store.Item, account string) *store.Item {
		return &rows[slices.IndexFunc(rows, func(r store.Item) bool { return r.ID == federation.AccountRow(account) })]
	}
	for what, change := range map[string]func(row *store.Item, theirs, another store.Item){
		"another revision's": func(row *store.Item, theirs, _ store.Item) { *row = theirs },
		"another account's":  func(row *store.Item, _, another store.Item) { row.Body, row.Proof = another.Body, another.Proof },
		"no proof":           func(row *store.Item, _, _ store.Item) { row.Proof = nil },
	} {
		d := newDesk(t)
		theirs := *accountRow(d.Revisions[d.Put(t, other).ID()], prod)
		rows := d.Revisions[d.Put(t, draft()).ID()]
		change(accountRow(rows, prod), theirs, *accountRow(rows, dev))
		reading, err := d.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if id, err := reading.SAMLProvider(t.Context(), prod, provider("test")); reason.Of(err) != reason.ConfigurationInvalid {
			t.Errorf("%s: %q, %v", what, id, err)
		}
		if part, err := reading.Account(t.Context(), prod); reason.Of(err) != reason.ConfigurationInvalid || !part.Account().IsZero() {
			t.Errorf("%s: %+v, %v", what, part, err)
		}
	}
}

// TestAnAccountIsReadAlone: with the identity providers whose people become its users,
// by one call that is made once. What cannot be an account is not even asked for.
func TestAnAccountIsReadAlone(t *testing.T) {
	d := newDesk(t)
	with := draft()
	with.Accounts[0].UserSSO = &federation.UserSSO{Suffixes: []string{"prod.onaliyun.com"}, WithDomain: true}
	with.Accounts[0].FederatedProvider = provider("fc-sso")
	with.Rules = append(with.Rules, user("d", "second", ""), user("e", "test", "audit"))
	d.Put(t, with)
	reading, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.calls()
	for range 2 {
		part, err := reading.Account(t.Context(), prod)
		if err != nil || part.Account().Alias() != "prod" || part.Account().FederatedProvider().Name() != "fc-sso" {
			t.Fatalf("%+v, %v", part, err)
		}
		if users, err := part.Users(); err != nil || !slices.Equal(users, []string{"second"}) {
			t.Errorf("users by %q, %v", users, err)
		}
	}
	d.want(t, "row account/"+prod)
	part, err := reading.Account(t.Context(), dev)
	refused(t, err, "")
	if users, err := part.Users(); err != nil || len(users) != 0 {
		t.Errorf("users by %q, %v", users, err)
	}
	for _, id := range []string{"3456789012345678", "3456789012345678", "prod", "", "../head", "idp/test/source"} {
		_, err := reading.Account(t.Context(), id)
		refused(t, err, reason.AccountUnknown)
	}
	d.want(t, "row account/"+dev, "row account/3456789012345678")
}

func user(name, idp, mode string) federation.RuleDraft {
	return federation.RuleDraft{
		Name: name, IdP: idp, User: &federation.UserDraft{Account: prod, Domains: []string{"prod.onaliyun.com"}},
		Condition: &federation.ConditionDraft{Any: true}, Mode: mode,
	}
}

// TestAnAccountThatWasStoredBeforeSaysNothingOfUsers, which is not that there are none.
func TestAnAccountThatWasStoredBeforeSaysNothingOfUsers(t *testing.T) {
	with := draft()
	with.Accounts[0].UserSSO = &federation.UserSSO{Suffixes: []string{"prod.onaliyun.com"}}
	compiled, problems := federation.Compile(with, federation.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	items := compiled.Items()
	for i := range items {
		items[i].Body = bytes.Replace(items[i].Body, []byte(`,"users":[]`), nil, 1)
	}
	before, err := federation.FromItems(items)
	if err != nil || before.ID() == compiled.ID() {
		t.Fatalf("%s, %v", before.ID(), err)
	}
	row := before.Items()[slices.IndexFunc(before.Items(), func(i federation.Item) bool { return i.ID == federation.AccountRow(prod) })]
	part, err := federation.FromAccountRow(before.ID(), prod, row)
	if err != nil || part.Account().ID().String() != prod {
		t.Fatalf("%+v, %v", part, err)
	}
	if idp, _ := part.SAMLProvider(provider("test")); idp != "test" {
		t.Errorf("%q", idp)
	}
	users, err := part.Users()
	refused(t, err, reason.ConfigurationInvalid)
	if err == nil || !strings.Contains(err.Error(), "run ssoctl apply once more") {
		t.Errorf("%q, %v", users, err)
	}
}
