package book_test

import (
	"slices"
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
	for _, account := range []string{"2345678901234567", "3456789012345678"} { // without providers; not there
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
		change(accountRow(rows, prod), theirs, *accountRow(rows, "2345678901234567"))
		reading, err := d.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if id, err := reading.SAMLProvider(t.Context(), prod, provider("test")); reason.Of(err) != reason.ConfigurationInvalid {
			t.Errorf("%s: %q, %v", what, id, err)
		}
	}
}
