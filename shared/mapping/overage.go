package mapping

import (
	"encoding/json"
	"slices"
	"strings"
)

// What Microsoft Entra ID sends instead of the groups of a person who is in many:
// https://learn.microsoft.com/entra/identity-platform/reference-saml-tokens and
// its neighbour access-token-claims-reference.
const (
	groupsAttribute     = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups"
	groupsLinkAttribute = "http://schemas.microsoft.com/claims/groups.link"
	groupsClaim         = "groups"
	groupsAlias         = "groups"
	claimNamesClaim     = "_claim_names" // OpenID Connect Core 5.6.2: claims that are held elsewhere
)

const assignGroups = ": assign groups to the application or send app roles"

// overage says that the identity provider held the groups back, which is another
// thing than a person in none: that is an attribute without values.
func (d *decision) overage() string {
	for _, name := range d.groupAttributes() {
		if len(d.who.Attribute(name)) > 0 {
			return ""
		}
	}
	switch {
	case len(d.who.Attribute(groupsLinkAttribute)) > 0:
		return "Entra sent a link instead of the groups (more than 150)" + assignGroups
	case slices.ContainsFunc(d.who.Attribute(claimNamesClaim), namesGroups):
		return "Entra sent a link instead of the groups (more than 200)" + assignGroups
	case slices.ContainsFunc(slices.Concat(d.who.Attribute("hasgroups"), d.who.Attribute("hasGroups")), isTrue):
		return "Entra said only that there are groups (more than fit into the token)" + assignGroups
	}
	return ""
}

// groupAttributes are the names under which groups come from Entra, and that
// which the file calls so.
func (d *decision) groupAttributes() []string {
	return []string{groupsAttribute, groupsClaim, d.source.AttributeName(groupsAlias)}
}

// namesGroups reads {"groups":"src1"}.
func namesGroups(value string) bool {
	var names map[string]any
	if json.Unmarshal([]byte(value), &names) != nil {
		return value == groupsClaim
	}
	_, ok := names[groupsClaim]
	return ok
}

func isTrue(value string) bool { return strings.EqualFold(value, "true") }
