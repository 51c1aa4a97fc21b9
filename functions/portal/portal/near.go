package portal

import (
	"cmp"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
)

// nearly are the roles for which a person lacks what a rule may tell them, in order of
// their accounts' names. None of them is for programs alone: a rule of an account with
// issue: direct compares what an ID token says, so who does not meet it has brought one.
func nearly(all []mapping.Near) []page.Nearly {
	rows := make([]page.Nearly, 0, len(all))
	for _, n := range all {
		rows = append(rows, page.Nearly{
			Account: n.Account.Alias(), AccountID: n.Account.ID().String(), Name: n.Role.Name(), Rule: n.Rule, Needs: needs(n.Lacks),
		})
	}
	slices.SortFunc(rows, func(a, b page.Nearly) int {
		return cmp.Or(cmp.Compare(unnamed(a.Account), unnamed(b.Account)), strings.Compare(a.Account, b.Account), strings.Compare(a.AccountID, b.AccountID), strings.Compare(a.Name, b.Name))
	})
	return rows
}

func needs(lacks []mapping.Lack) []page.Need {
	all := make([]page.Need, 0, len(lacks))
	for _, l := range lacks {
		all = append(all, page.Need{Kind: string(l.Kind), Attribute: l.Attribute, Values: l.Values, More: l.More})
	}
	return all
}
