package mapping

import (
	"slices"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Said is what an event says of a person, as a sign-in of theirs would.
type Said struct {
	Subject    string
	Attributes map[string][]string // by exact name
}

// Described is a person as events describe them, whichever way these come.
type Described struct {
	UserName, Email, DisplayName string
	Attributes                   map[string][]string // by alias or exact name; they win over what stands above
	Groups                       []string            // names of those that the person is in
}

// Says gives a description the words of a source's sign-ins. The user name stands for the
// subject too, unless the attributes have that under its own name: a product may call
// people otherwise when they sign in.
func Says(source trust.Source, d Described) Said {
	s := Said{Subject: d.UserName, Attributes: map[string][]string{}}
	for _, usual := range []struct {
		aliases []string
		values  []string
	}{
		{[]string{"userName", "preferred_username"}, []string{d.UserName}},
		{[]string{"email", "mail"}, []string{d.Email}},
		{[]string{"name", "displayName"}, []string{d.DisplayName}},
		{[]string{"groups"}, d.Groups},
	} {
		values := slices.DeleteFunc(slices.Clone(usual.values), func(v string) bool { return v == "" })
		for _, alias := range usual.aliases {
			s.put(source, alias, values)
		}
	}
	for _, exact := range []bool{false, true} { // an exact name wins over its alias
		for name, values := range d.Attributes {
			if (source.AttributeName(name) == name) == exact {
				s.put(source, name, slices.Clone(values))
			}
		}
	}
	for _, variable := range federation.SubjectVariables(source) {
		if own := d.Attributes[variable]; len(own) == 1 {
			s.Subject = own[0]
			break
		}
	}
	return s
}

func (s Said) put(source trust.Source, alias string, values []string) {
	if len(values) > 0 {
		s.Attributes[source.AttributeName(alias)] = values
	}
}
