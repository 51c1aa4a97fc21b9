package book_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// issuers is a federation with two records of one issuer, and one of another.
func issuers() federation.Draft {
	d := draft()
	for id, at := range map[string][2]string{
		"ci": {validatetest.IssuerURL, "sts.aliyuncs.com"}, "pods": {validatetest.IssuerURL, "pods"}, "slash": {validatetest.IssuerURL + "/", "sts.aliyuncs.com"},
	} {
		d.IdentityProviders = append(d.IdentityProviders, trust.Source{ID: id, OIDC: &trust.OIDC{
			Issuer: at[0], Audiences: []string{at[1]}, TokenUse: trust.Once, MaxAgeSeconds: 3600,
		}})
	}
	slices.SortFunc(d.IdentityProviders, func(a, b trust.Source) int { return strings.Compare(a.ID, b.ID) })
	return d
}

// TestAnIssuerLeadsToItsRecords: exactly its own, by one call that is made once.
func TestAnIssuerLeadsToItsRecords(t *testing.T) {
	d := newDesk(t)
	rev := d.Put(t, issuers())
	reading, err := d.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	d.calls()
	for issuer, want := range map[string][]string{
		validatetest.IssuerURL: {"ci", "pods"}, validatetest.IssuerURL + "/": {"slash"}, "https://ISSUER.example": nil, "https://nobody.example": nil,
	} {
		for range 2 {
			known, err := reading.Trusting(t.Context(), issuer)
			var ids []string
			for _, k := range known {
				ids = append(ids, k.ID)
			}
			if !slices.Equal(ids, want) || (want == nil) != (reason.Of(err) == reason.IdPUnknown) {
				t.Errorf("%s: %q, %v", issuer, ids, err)
			}
		}
		d.want(t, "row "+federation.IssuerRow(issuer))
	}
	for _, issuer := range []string{"", "issuer", "https://a.example?b", strings.Repeat("https://a.example/", 1000)} {
		_, err := reading.Trusting(t.Context(), issuer)
		refused(t, err, reason.IdPUnknown)
	}
	d.want(t)

	whole, err := federation.FromItems(itemsOf(d.Revisions[rev.ID()]))
	if err != nil || whole.ID() != rev.ID() || len(whole.IdentityProviders()) != 5 {
		t.Errorf("the whole revision: %d identity providers, %v", len(whole.IdentityProviders()), err)
	}
}

// TestAnIssuersRowOfAnotherRevisionLeadsNowhere: nor does another issuer's.
func TestAnIssuersRowOfAnotherRevisionLeadsNowhere(t *testing.T) {
	other := issuers()
	other.IdentityProviders[0].OIDC.Audiences = []string{"other"}
	for what, change := range map[string]func(row *store.Item, theirs, another store.Item){
		"another revision's": func(row *store.Item, theirs, _ store.Item) { *row = theirs },
		"its body":           func(row *store.Item, theirs, _ store.Item) { row.Body = theirs.Body },
		"another issuer's":   func(row *store.Item, _, another store.Item) { row.Body, row.Proof = another.Body, another.Proof },
		"no proof":           func(row *store.Item, _, _ store.Item) { row.Proof = nil },
	} {
		d := newDesk(t)
		theirs := row(t, d.Revisions[d.Put(t, other).ID()], validatetest.IssuerURL)
		rows := d.Revisions[d.Put(t, issuers()).ID()]
		change(row(t, rows, validatetest.IssuerURL), *theirs, *row(t, rows, validatetest.IssuerURL+"/"))
		reading, err := d.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if known, err := reading.Trusting(t.Context(), validatetest.IssuerURL); reason.Of(err) != reason.ConfigurationInvalid {
			t.Errorf("%s: %+v, %v", what, known, err)
		}
	}
}

func row(t *testing.T, rows []store.Item, issuer string) *store.Item {
	t.Helper()
	i := slices.IndexFunc(rows, func(r store.Item) bool { return r.ID == federation.IssuerRow(issuer) })
	if i < 0 {
		t.Fatalf("no row of %s", issuer)
	}
	return &rows[i]
}

func itemsOf(rows []store.Item) []federation.Item {
	var items []federation.Item
	for _, r := range rows {
		items = append(items, federation.Item(r))
	}
	return items
}
