package storetest

import (
	"slices"
	"strings"
)

// membersKept: those of a group are its own, each once, whatever they are called.
func membersKept(b bench) {
	people, ctx := b.people(), b.t.Context()
	long := strings.Repeat("ä", 500)
	for _, of := range []struct{ idp, group, person string }{
		{"okta", "g", "7"}, {"okta", "g", "7"}, {"okta", "g", long}, {"okta", "g2", "8"}, {"okta", long, "9"}, {"entra", "g", "10"},
	} {
		if err := people.Member(ctx, of.idp, of.group, of.person); err != nil {
			b.t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		idp, group string
		want       []string
	}{{"okta", "g", []string{"7", long}}, {"okta", long, []string{"9"}}, {"entra", "g", []string{"10"}}, {"entra", "g2", []string{}}} {
		got, err := people.Members(ctx, tt.idp, tt.group)
		slices.Sort(got)
		if err != nil || !slices.Equal(got, tt.want) {
			b.t.Errorf("%s %.10s: %.80q, %v", tt.idp, tt.group, got, err)
		}
	}
	for _, idp := range []string{"", "@owner/1"} {
		if people.Member(ctx, idp, "g", "7") == nil {
			b.t.Errorf("identity provider %q has members", idp)
		}
	}
}
