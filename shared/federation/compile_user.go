package federation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// User says which RAM user a person becomes.
type User struct {
	account   ram.AccountID
	principal Template
	domains   []string
	create    bool
}

// IsZero says that the rule makes nobody a RAM user.
func (u User) IsZero() bool { return u.account.IsZero() }

// Account is the account of the user.
func (u User) Account() ram.AccountID { return u.account }

// Principal is the template of the user's login name, NAME@SUFFIX.
func (u User) Principal() Template { return u.principal }

// Create says that the user may be made where RAM does not have it: by events about the
// person, and at their first sign-in.
func (u User) Create() bool { return u.create }

// Allows says whether users of this login suffix may come of the rule.
func (u User) Allows(suffix string) bool { return slices.Contains(u.domains, suffix) }

func (c *compiler) user(path string, d *UserDraft, source trust.Source, found bool) User {
	if d == nil {
		return User{}
	}
	if d.Account == "" {
		c.problem(path+".account", "user names no account", "write the number of a listed account")
		return User{}
	}
	id, err := ram.ParseAccountID(d.Account)
	if err != nil {
		c.problem(path+".account", err.Error(), "write the number of a listed account")
		return User{}
	}
	u := User{account: id, domains: d.Domains, create: d.Create}
	if found {
		u.principal = c.template(path+".principal", d.Principal, source)
	}
	if c.listed(path+".account", id) {
		a := c.accounts[c.account[id]]
		c.userDomains(path, d.Domains, a)
		if d.Create && !a.manage.Users {
			c.problem(path+".create", fmt.Sprintf("account %s lets nobody write RAM users", id), "add manage: {users: true} to the account")
		}
	}
	return u
}

// userDomains refuses what Alibaba Cloud would not find a user by: the suffixes
// are the account's.
func (c *compiler) userDomains(path string, domains []string, a Account) {
	if a.userSSO == nil {
		c.problem(path+".account", fmt.Sprintf("account %s has no userSSO, so nobody signs in there as a RAM user", a.id), "add userSSO: {suffixes: [ALIAS.onaliyun.com]} to the account")
		return
	}
	if len(domains) == 0 {
		c.problem(path+".domains", "user names no domains", "add domains: ["+strings.Join(a.userSSO.Suffixes, ", ")+"]: who may become a user of which login suffix is never left open")
	}
	for i, domain := range domains {
		if !slices.Contains(a.userSSO.Suffixes, domain) {
			c.problem(fmt.Sprintf("%s.domains[%d]", path, i), fmt.Sprintf("%.200q is no login suffix of account %s", domain, a.id),
				"write one of its userSSO.suffixes: "+cmp.Or(strings.Join(a.userSSO.Suffixes, ", "), "there is none yet"))
		}
	}
}
