package difference_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/federation/difference"
	"github.com/fc-sso/fc-sso/shared/federation/yamlfile"
	"github.com/fc-sso/fc-sso/shared/trust"
)

var update = flag.Bool("update", false, "write the golden files anew")

func draft(t *testing.T, folder, name string) federation.Draft {
	t.Helper()
	dir := os.DirFS(folder)
	text, err := fs.ReadFile(dir, name)
	if os.IsNotExist(err) { // nothing was applied yet
		return federation.Draft{}
	}
	if err != nil {
		t.Fatal(err)
	}
	revision, faults := yamlfile.Parse(text, dir, federation.Options{})
	for _, fault := range faults {
		t.Fatalf("%s/%s: %s", folder, name, fault)
	}
	d, err := revision.Draft()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestADifferenceReadsWell holds the text of each example against a file; what is
// said and what is not is for a person to judge when a file changes.
func TestADifferenceReadsWell(t *testing.T) {
	folders, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, folder := range folders {
		d := difference.Of(draft(t, folder, "before.yaml"), draft(t, folder, "after.yaml"))
		coded, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join(folder, "want.txt"), d.Text())
		golden(t, filepath.Join(folder, "want.json"), string(coded)+"\n")
		if d.IsZero() != (filepath.Base(folder) == "nothing") {
			t.Errorf("%s: nothing changes: %v", folder, d.IsZero())
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s is not what comes out:\n%s", file, got)
	}
}

func TestContentsOfFilesAreNotShown(t *testing.T) {
	before := federation.Draft{}
	after := draft(t, "testdata/everything", "before.yaml")
	after.Rules[0].Session.Policy = "swordfish"
	after.IdentityProviders[0].Fetch.CA = "swordfish"
	after.IdentityProviders[0].SAML.MetadataKey = "swordfish"
	after.IdentityProviders[1].SAML.Metadata = []byte("swordfish")
	d := difference.Of(before, after)
	coded, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{d.Text(), string(coded)} {
		if strings.Contains(text, "swordfish") || strings.Contains(text, "c3dvcmRmaXNo") || strings.Count(text, "(9 bytes)") != 4 {
			t.Error(text)
		}
	}
}

// TestThereAndBackIsTheSameTheOtherWay: whatever is added one way is removed the
// other, and what changes changes back.
func TestThereAndBackIsTheSameTheOtherWay(t *testing.T) {
	before, after := draft(t, "testdata/everything", "before.yaml"), draft(t, "testdata/everything", "after.yaml")
	there, back := difference.Of(before, after), difference.Of(after, before)
	count := func(changes []difference.Change) map[difference.Kind]int {
		n := map[difference.Kind]int{}
		for _, c := range changes {
			n[c.Kind]++
		}
		return n
	}
	for i, pair := range [][2][]difference.Change{
		{there.IdentityProviders, back.IdentityProviders},
		{there.Accounts, back.Accounts},
		{there.Rules, back.Rules},
	} {
		a, b := count(pair[0]), count(pair[1])
		if a[difference.Added] != b[difference.Removed] || a[difference.Removed] != b[difference.Added] || a[difference.Changed] != b[difference.Changed] {
			t.Errorf("section %d: there %v, back %v", i, a, b)
		}
	}
	if !difference.Of(before, before).IsZero() {
		t.Error("a federation differs from itself")
	}
}

// BenchmarkOf is what plan adds to reading: 10,000 entries of each kind, of which
// one is another and one moved.
func BenchmarkOf(b *testing.B) {
	before := large(10_000)
	after := large(10_000)
	after.IdentityProviders[77].DisplayName = "Other"
	after.Rules[0].IdP, after.Rules[1].IdP = "idp-1", "idp-0"
	for b.Loop() {
		if d := difference.Of(before, after); d.IsZero() {
			b.Fatal("no difference")
		}
	}
}

func large(n int) federation.Draft {
	var d federation.Draft
	for i := range n {
		account, idp := fmt.Sprintf("1%015d", i), fmt.Sprint("idp-", i)
		d.IdentityProviders = append(d.IdentityProviders, trust.Source{ID: idp, DisplayName: idp, SAML: trust.SAML{MetadataURL: "https://" + idp + ".example/"}})
		d.Accounts = append(d.Accounts, federation.AccountDraft{ID: account})
		d.Rules = append(d.Rules, federation.RuleDraft{
			Name: fmt.Sprint("rule ", i), IdP: idp, Roles: []string{"acs:ram::" + account + ":role/admin"}, Condition: &federation.ConditionDraft{Any: true},
		})
	}
	return d
}
