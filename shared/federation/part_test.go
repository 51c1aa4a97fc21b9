package federation_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

func rowsBelow(r federation.Revision, prefix string) []federation.Item {
	return slices.DeleteFunc(r.Items(), func(item federation.Item) bool { return !strings.HasPrefix(item.ID, prefix) })
}

// TestAPartHasItsAccountsAndNoOthers, and of these no word about other identity
// providers: ten thousand of them would not fit.
func TestAPartHasItsAccountsAndNoOthers(t *testing.T) {
	d := draft()
	d.Accounts = append(d.Accounts, federation.AccountDraft{ID: "3456789012345678", UserSSO: &federation.UserSSO{Suffixes: []string{"acme.com"}}})
	d.Accounts[1].SAMLProviders["adfs"] = "acs:ram::1234567890123456:saml-provider/adfs"
	d.Rules = append(d.Rules, federation.RuleDraft{
		Name: "users", IdP: "adfs", User: &federation.UserDraft{Account: "3456789012345678", Domains: []string{"acme.com"}},
		Condition: &federation.ConditionDraft{Any: true},
	})
	r := compile(t, d)
	for idp, want := range map[string]string{"okta": "1234567890123456", "adfs": "3456789012345678"} {
		part, err := federation.FromRows(r.ID(), idp, rowsBelow(r, federation.RowsOf(idp)))
		if err != nil || part.ID() != r.ID() || len(part.Accounts()) != 1 || part.Accounts()[0].ID().String() != want {
			t.Errorf("%s: accounts %+v, %v", idp, part.Accounts(), err)
		}
		if _, ok := part.Accounts()[0].SAMLProvider("adfs"); ok {
			t.Errorf("%s: the part names adfs in an account", idp)
		}
	}
	if _, err := federation.FromRows(r.ID(), "nobody", nil); reason.Of(err) != reason.IdPUnknown {
		t.Error(err)
	}
}

// TestLongListsAreCut, and are whole only with all their parts.
func TestLongListsAreCut(t *testing.T) {
	d := federation.Draft{Accounts: []federation.AccountDraft{{ID: "1234567890123456"}}}
	for i := range 3000 {
		d.IdentityProviders = append(d.IdentityProviders, trust.Source{ID: fmt.Sprint("idp-", i), SAML: trust.SAML{MetadataURL: "https://idp.example/"}, DisplayName: strings.Repeat("x", 80)})
		d.Rules = append(d.Rules, federation.RuleDraft{
			Name: fmt.Sprint("rule ", i), IdP: "idp-7", Roles: []string{"acs:ram::1234567890123456:role/admin"},
			Condition: &federation.ConditionDraft{Any: true},
		})
	}
	r := compile(t, d)
	parts, index := rowsBelow(r, federation.RowsOf("idp-7")), rowsBelow(r, federation.IndexRows())
	if len(parts) < 3 || len(index) < 2 {
		t.Fatalf("%d parts, %d rows of the index", len(parts), len(index))
	}
	for _, row := range slices.Concat(parts, index) {
		if len(row.Body) > 300<<10 {
			t.Errorf("row %s has %d bytes", row.ID, len(row.Body))
		}
	}
	part, err := federation.FromRows(r.ID(), "idp-7", parts)
	if err != nil || len(part.Rules()) != 3000 || part.Rules()[2999].Name() != "rule 2999" {
		t.Errorf("%d rules, %v", len(part.Rules()), err)
	}
	listed, err := federation.FromIndexRows(r.ID(), index)
	if err != nil || len(listed) != 3000 || listed[2999].ID != "idp-2999" {
		t.Errorf("%d listed, %v", len(listed), err)
	}
	for i := range parts {
		if _, err := federation.FromRows(r.ID(), "idp-7", slices.Delete(slices.Clone(parts), i, i+1)); reason.Of(err) != reason.ConfigurationInvalid {
			t.Errorf("without part %d: %v", i, err)
		}
	}
	for i := range index {
		if _, err := federation.FromIndexRows(r.ID(), slices.Delete(slices.Clone(index), i, i+1)); reason.Of(err) != reason.ConfigurationInvalid {
			t.Errorf("without row %d of the index: %v", i, err)
		}
	}
}

// TestAPairOfHashesIsNoRow: who may write rows could else make one of an inner
// node of the tree.
func TestAPairOfHashesIsNoRow(t *testing.T) {
	r := compile(t, draft())
	rows := r.Items()
	for _, row := range rows {
		for n := 0; n < len(row.Proof); n += sha256.Size {
			forged := federation.Item{ID: federation.SourceRow("okta"), Body: row.Proof[:n], Proof: row.Proof[n:]}
			if _, err := federation.FromRows(r.ID(), "okta", []federation.Item{forged}); reason.Of(err) != reason.ConfigurationInvalid {
				t.Errorf("%d bytes of a proof: %v", n, err)
			}
		}
	}
}

func TestEveryRowProvesItself(t *testing.T) {
	d := draft()
	for n := range 40 { // trees of every shape
		d.Accounts = append(d.Accounts, federation.AccountDraft{ID: fmt.Sprintf("9%015d", n)})
		r := compile(t, d)
		for _, idp := range []string{"okta", "adfs"} {
			if _, err := federation.FromRows(r.ID(), idp, rowsBelow(r, federation.RowsOf(idp))); err != nil {
				t.Errorf("%d rows: %v", len(r.Items()), err)
			}
		}
		if _, err := federation.FromIndexRows(r.ID(), rowsBelow(r, federation.IndexRows())); err != nil {
			t.Errorf("%d rows: %v", len(r.Items()), err)
		}
	}
}

// FuzzRows: no row but the revision's own is believed, and none ends the process.
func FuzzRows(f *testing.F) {
	r, problems := federation.Compile(draft(), federation.Options{})
	if len(problems) > 0 {
		f.Fatal(problems)
	}
	own := rowsBelow(r, federation.RowsOf("okta"))
	for _, row := range own {
		f.Add(row.Body, row.Proof)
		f.Add([]byte(`{"order":0,"identityProvider":{"id":"okta"},"of":0}`), row.Proof)
		f.Add(append(slices.Clone(row.Body), ' '), row.Proof)
	}
	f.Fuzz(func(t *testing.T, body, proof []byte) {
		for i, row := range own {
			rows := slices.Clone(own)
			rows[i] = federation.Item{ID: row.ID, Body: body, Proof: proof}
			_, err := federation.FromRows(r.ID(), "okta", rows)
			if err == nil && !bytes.Equal(body, row.Body) {
				t.Errorf("row %s is believed: %q, %x", row.ID, body, proof)
			}
			if _, err := federation.FromSourceRow(r.ID(), "okta", rows[i], nil); err == nil && !bytes.Equal(body, row.Body) {
				t.Errorf("record of %q, %x", body, proof)
			}
		}
	})
}
