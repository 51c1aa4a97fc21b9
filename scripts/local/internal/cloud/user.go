package cloud

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

var (
	userName   = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	domainName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)+$`)
)

// AddUser makes a RAM user, by the name without domain, as somebody did by hand who set
// nothing else. Its account must be known; a user that is there already is no fault.
func (c *Cloud) AddUser(account, name string) error {
	if !userName.MatchString(name) {
		return fmt.Errorf("RAM user %q: 1 to 64 letters, digits, dots, underscores and hyphens are wanted", name)
	}
	if !c.known(account) {
		return fmt.Errorf("RAM user %s: no account %s", name, account)
	}
	d, now := c.directory(account), c.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	switch known, ok := d.users[lower(name)]; {
	case !ok:
		d.users[lower(name)] = newUser(name, numericID("2", arnOf(account, onUser, name)), now)
	case known.name != name:
		return fmt.Errorf("RAM user %s: account %s has %s", name, account, known.name)
	}
	return nil
}

// RemoveUser takes a RAM user away with all that hangs on it; one that is not there is
// no fault.
func (c *Cloud) RemoveUser(account, name string) {
	d := c.directory(account)
	d.mu.Lock()
	defer d.mu.Unlock()
	u, ok := d.user(name)
	if !ok {
		return
	}
	for _, g := range d.groupsOf(u) {
		delete(g.members, u)
	}
	for _, k := range u.keys {
		c.ring.drop(k.id)
	}
	delete(d.users, lower(name))
}

// SetDomainAlias gives an account a domain of its own, as if its owner had proven it.
func (c *Cloud) SetDomainAlias(account, domain string) error {
	if !domainName.MatchString(domain) {
		return fmt.Errorf("account %s: %q is not a domain", account, domain)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.domains[account] = domain
	return nil
}

// SetInternational says that an account is of the international site.
func (c *Cloud) SetInternational(account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.abroad[account] = true
}

func (c *Cloud) siteOf(account string) site {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.abroad[account] {
		return international()
	}
	return china()
}

func (c *Cloud) known(account string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.accounts[account]
	return ok
}

// defaultDomain: the alias of an account is its ID until it is given one.
func (c *Cloud) defaultDomain(account string) string {
	alias := c.alias(account)
	if alias == "" {
		alias = account
	}
	return alias + ".onaliyun.com"
}

// suffixes are what may follow a RAM user's name. Where there is a domain alias, the
// auxiliary domain is dead.
func (c *Cloud) suffixes(account string, auxiliary string) []string {
	c.mu.Lock()
	alias := c.domains[account]
	c.mu.Unlock()
	list := []string{c.defaultDomain(account)}
	switch {
	case alias != "":
		return append(list, alias)
	case auxiliary != "":
		return append(list, auxiliary)
	default:
		return list
	}
}

// userNamed is the RAM user that a NameID means, to the letter: that another case
// would do is nowhere promised.
func (c *Cloud) userNamed(account, nameID string, set userSSO) (caller, *fault) {
	nobody := refuse(http.StatusForbidden, "EntityNotExist.User", "The user does not exist")
	name, domain, qualified := strings.Cut(nameID, "@")
	suffixes := c.suffixes(account, set.auxiliaryDomain)
	switch {
	case set.withDomain && !qualified:
		return caller{}, nobody.because("NameID %q is without a domain, and SsoLoginWithDomain is on", nameID)
	case !set.withDomain && qualified:
		return caller{}, nobody.because("NameID %q is with a domain, and SsoLoginWithDomain is off", nameID)
	case qualified && !slices.Contains(suffixes, domain):
		return caller{}, nobody.because("NameID %q does not end in one of %q", nameID, suffixes)
	}
	d := c.directory(account)
	d.mu.Lock()
	defer d.mu.Unlock()
	u, ok := d.user(name)
	if !ok {
		return caller{}, nobody.because("account %s has no RAM user %q", account, name)
	}
	return u.caller(account), nil
}

// addAdmin makes the bundle account's operator, who may do everything there.
func (c *Cloud) addAdmin() {
	d, now := c.directory(c.bundle), c.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	admin := newUser(adminName, numericID("2", c.adminARN()), now)
	admin.policies[policyKey{systemPolicy, administrator}] = now
	admin.keys = []*accessKey{{id: c.admin.AccessKeyID, status: active, created: now, updated: now}}
	d.users[lower(adminName)] = admin
	c.ring.addKey(c.admin, admin.caller(c.bundle))
}

// signedIn notes when a user did so last.
func (c *Cloud) signedIn(who caller) {
	d, now := c.directory(who.account), c.now()
	d.mu.Lock()
	defer d.mu.Unlock()
	if u, ok := d.userOf(who.id); ok {
		u.lastLogin = now
	}
}

// accountNamed is the account that a sign-in page's address names: by one of its
// domains, or by its ID.
func (c *Cloud) accountNamed(domain string) (string, bool) {
	c.mu.Lock()
	var ids []string
	for id := range c.accounts {
		ids = append(ids, id)
	}
	c.mu.Unlock()
	i := slices.IndexFunc(ids, func(id string) bool {
		return domain == id || domain == id+".onaliyun.com" || slices.Contains(c.suffixes(id, ""), domain)
	})
	if i < 0 {
		return "", false
	}
	return ids[i], true
}
