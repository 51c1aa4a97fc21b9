package mapping_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/mapping"
)

// partOf is what a sign-in at one identity provider reads of a revision.
func partOf(t *testing.T, rev federation.Revision, idp string) federation.Revision {
	t.Helper()
	rows := slices.DeleteFunc(rev.Items(), func(item federation.Item) bool { return !strings.HasPrefix(item.ID, federation.RowsOf(idp)) })
	part, err := federation.FromRows(rev.ID(), idp, rows)
	if err != nil {
		t.Fatal(err)
	}
	return part
}

// TestAPartDecidesAsTheWholeDoes: rules of others stand between, before and after.
func TestAPartDecidesAsTheWholeDoes(t *testing.T) {
	given := 0
	inManyWorlds(t, func(s scene) {
		var rules []federation.RuleDraft
		for i, r := range s.rules {
			theirs := rule(fmt.Sprint("of others ", i), func(d *federation.RuleDraft) { d.IdP = "other" })
			rules = append(rules, theirs, r)
		}
		whole := revision(t, rules...)
		part := partOf(t, whole, "test")
		grants, trace := mapping.Roles(whole, s.who, s.at)
		partGrants, partTrace := mapping.Roles(part, s.who, s.at)
		if part.ID() != whole.ID() || summary(grants) != summary(partGrants) || coded(t, trace) != coded(t, partTrace) {
			t.Errorf("rules %+v:\nwhole %s\npart  %s", s.rules, summary(grants), summary(partGrants))
		}
		if n := len(part.Rules()); n != len(s.rules) {
			t.Errorf("the part has %d rules of %d", n, len(s.rules))
		}
		given += len(grants)
	})
	if given == 0 {
		t.Error("no world gave anybody anything")
	}
}

func coded(t *testing.T, trace mapping.Trace) string {
	t.Helper()
	text, err := json.Marshal(trace)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
