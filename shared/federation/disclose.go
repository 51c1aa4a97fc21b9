package federation

import (
	"fmt"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// disclose wants roles that the file names: nobody knows those that an identity provider
// would name, and a user is no role.
func (c *compiler) disclose(path string, d RuleDraft) bool {
	if d.Disclose && (d.AssertedRoles != nil || d.User != nil) {
		c.problem(path, "the rule names no roles that it could show", "remove disclose")
	}
	return d.Disclose
}

// PersonalAttributes are the attributes of a source that say who somebody is, and not
// what they are: by what a rule wants of these, one person would read of another.
func PersonalAttributes(s trust.Source) map[string]bool {
	names := personalAttributes()
	names[s.AttributeName("email")], names[s.AttributeName("name")] = true, true
	if person, err := PersonTemplate(s); err == nil {
		for _, v := range person.variables() {
			names[s.AttributeName(v)] = true
		}
	}
	return names
}

// personalAttributes are what products call an address, a name or a login name.
func personalAttributes() map[string]bool {
	names := map[string]bool{
		"upn": true, "preferred_username": true, "unique_name": true, "uid": true, "login": true,
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn":            true,
		"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier": true,
	}
	for _, p := range Presets() {
		for _, attributes := range p.attributes() {
			names[attributes["email"]], names[attributes["name"]] = true, true
		}
	}
	delete(names, "")
	return names
}

func (l *linter) disclosedToNobody() {
	for i, rule := range l.rules {
		if !rule.disclose {
			continue
		}
		if why := l.nobodyLacks(rule); why != "" {
			l.find(rulePath(i)+".disclose", fmt.Sprintf("rule %q shows nobody what they lack: %s", rule.name, why), "remove disclose")
		}
	}
}

// nobodyLacks says why, "" where somebody may.
func (l *linter) nobodyLacks(rule Rule) string {
	source := l.sourceOf(rule)
	switch {
	case rule.audit:
		return "in mode audit it has nothing to give"
	case len(rule.clauses) == 0:
		return "everybody meets condition: any"
	case source.OIDC != nil && source.OIDC.Login == nil:
		return fmt.Sprintf("%s is for workloads, who read no page", source.ID)
	}
	return ""
}
