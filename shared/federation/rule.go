package federation

import (
	"iter"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// Rule says what people of one identity provider may become. It cannot be changed,
// and passing it on copies nothing: a decision reads thousands.
type Rule struct{ *rule }

type rule struct {
	name     string
	idp      string
	roles    []ram.RoleARN
	asserted Asserted
	user     User
	clauses  []Clause // none: any
	requires Requires
	session  Template
	duration time.Duration
	policy   string // "": the role's own policies alone
	audit    bool
	disclose bool

	assertedName bool // the session's name too
}

// Name is the rule's name; no other rule has it.
func (r Rule) Name() string { return r.name }

// IdP is the id of the identity provider whose people the rule is for.
func (r Rule) IdP() string { return r.idp }

// Roles are the roles that the rule gives; none where it believes asserted ones.
func (r Rule) Roles() []ram.RoleARN { return slices.Clone(r.roles) }

// CouldGive says whether the rule gives this role to anybody.
func (r Rule) CouldGive(role ram.RoleARN) bool {
	return slices.Contains(r.roles, role) || r.asserted.AllowsAccount(role.Account()) && r.asserted.AllowsName(role.Name())
}

// Asserted says which asserted roles the rule believes; zero where it names its
// own.
func (r Rule) Asserted() Asserted { return r.asserted }

// Clauses are all to hold; a rule without one holds for anybody who signed in
// at the identity provider.
func (r Rule) Clauses() iter.Seq[Clause] { return slices.Values(r.clauses) }

// User says which RAM user a person becomes by the rule; zero where it gives
// roles.
func (r Rule) User() User { return r.user }

// Requires says how the person must have signed in.
func (r Rule) Requires() Requires { return r.requires }

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

// Discloses says that people of the identity provider who do not meet the condition are
// shown the roles all the same, with what they lack.
func (r Rule) Discloses() bool { return r.disclose }

// Asserted is a limit on the roles that an identity provider names itself.
type Asserted struct {
	accounts []ram.AccountID
	names    []string
}

// IsZero says that no asserted role is believed.
func (a Asserted) IsZero() bool { return len(a.accounts) == 0 }

// Accounts are those of which asserted roles are believed.
func (a Asserted) Accounts() []ram.AccountID { return slices.Clone(a.accounts) }

// AllowsAccount says whether asserted roles of this account are believed.
func (a Asserted) AllowsAccount(id ram.AccountID) bool { return slices.Contains(a.accounts, id) }

// AllowsName says whether asserted roles of this name are believed.
func (a Asserted) AllowsName(name string) bool {
	return slices.ContainsFunc(a.names, func(pattern string) bool { return like(name, pattern) })
}
