package federation

import (
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// Rule says what people of one identity provider may become.
type Rule struct {
	name     string
	idp      string
	roles    []ram.RoleARN
	asserted Asserted
	clauses  []Clause // none: any
	session  Template
	duration time.Duration
	policy   string // "": the role's own policies alone
	audit    bool

	assertedName bool // the session's name too
}

// Name is the rule's name; no other rule has it.
func (r Rule) Name() string { return r.name }

// IdP is the id of the identity provider whose people the rule is for.
func (r Rule) IdP() string { return r.idp }

// Roles are the roles that the rule gives; none where it believes asserted ones.
func (r Rule) Roles() []ram.RoleARN { return slices.Clone(r.roles) }

// Asserted says which asserted roles the rule believes; zero where it names its
// own.
func (r Rule) Asserted() Asserted { return r.asserted }

// Clauses are all to hold; a rule without one holds for anybody who signed in
// at the identity provider.
func (r Rule) Clauses() []Clause { return slices.Clone(r.clauses) }

// SessionName is the template of the session's name.
func (r Rule) SessionName() Template { return r.session }

// AssertedName says that the identity provider may name the session, as it names
// the roles; where it does not, SessionName does.
func (r Rule) AssertedName() bool { return r.assertedName }

// Duration is how long a session lasts at most.
func (r Rule) Duration() time.Duration { return r.duration }

// SessionPolicy narrows what a session may do beneath what the role may; "" where
// it does not.
func (r Rule) SessionPolicy() string { return r.policy }

// Audit says that the rule is evaluated and logged, and gives nothing.
func (r Rule) Audit() bool { return r.audit }

// Asserted is a limit on the roles that an identity provider names itself.
type Asserted struct {
	accounts []ram.AccountID
	names    []string
}

// IsZero says that no asserted role is believed.
func (a Asserted) IsZero() bool { return len(a.accounts) == 0 }

// AllowsAccount says whether asserted roles of this account are believed.
func (a Asserted) AllowsAccount(id ram.AccountID) bool { return slices.Contains(a.accounts, id) }

// AllowsName says whether asserted roles of this name are believed.
func (a Asserted) AllowsName(name string) bool {
	return slices.ContainsFunc(a.names, func(pattern string) bool { return glob(pattern, name) })
}

// glob matches name against a pattern in which * stands for any run of
// characters and everything else for itself.
func glob(pattern, name string) bool {
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return pattern == name
	}
	if !strings.HasPrefix(name, first) {
		return false
	}
	name = name[len(first):]
	for _, part := range parts[1 : len(parts)-1] {
		_, rest, found := strings.Cut(name, part)
		if !found {
			return false
		}
		name = rest
	}
	return strings.HasSuffix(name, last)
}

// Operator is a condition operator of RAM's policy language.
type Operator string

// StringEquals compares exactly, case included.
const StringEquals Operator = "StringEquals"

// Clause is one key of a condition.
type Clause struct {
	operator  Operator
	key       string
	attribute string
	values    []string
}

// Operator is how the key is compared.
func (c Clause) Operator() Operator { return c.operator }

// Key is the key as the file has it: saml:groups.
func (c Clause) Key() string { return c.key }

// Attribute is the exact Name of the attribute that the key stands for.
func (c Clause) Attribute() string { return c.attribute }

// Values are those of which one is to equal the attribute.
func (c Clause) Values() []string { return slices.Clone(c.values) }

// Wants says whether value is one of the clause's.
func (c Clause) Wants(value string) bool { return slices.Contains(c.values, value) }
