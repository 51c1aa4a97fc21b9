package federation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Options are what only the local stack may do.
type Options struct {
	AllowLoopback bool // identity providers by http on this machine
}

// Compile judges a draft as a whole: a revision, or all its problems.
func Compile(draft Draft, options Options) (Revision, []Problem) {
	draft = withDefaults(draft)
	r, problems := compile(draft, options)
	if len(problems) > 0 {
		return Revision{}, problems
	}
	items, err := itemsOf(draft)
	if err != nil {
		return Revision{}, []Problem{{Cause: err.Error(), Fix: "report it: a federation that was read can be written"}}
	}
	r.items, r.id = items, hash(items)
	return r, nil
}

// withDefaults writes out what the file may leave open, so that a default which
// changes one day does not change what an old revision says.
func withDefaults(d Draft) Draft {
	d.IdentityProviders, d.Accounts, d.Rules = slices.Clone(d.IdentityProviders), slices.Clone(d.Accounts), slices.Clone(d.Rules)
	for i := range d.IdentityProviders {
		d.IdentityProviders[i] = d.IdentityProviders[i].Clone() // the caller keeps its own
		s := &d.IdentityProviders[i]
		s.DisplayName = cmp.Or(s.DisplayName, s.ID)
		preset(s.Preset).complete(s)
		for j, domain := range s.EmailDomains {
			s.EmailDomains[j] = strings.ToLower(domain)
		}
	}
	for i := range d.Accounts {
		d.Accounts[i].Site = cmp.Or(d.Accounts[i].Site, string(China))
		d.Accounts[i].Issue = cmp.Or(d.Accounts[i].Issue, "assume-role")
	}
	for i := range d.Rules {
		s := &d.Rules[i].Session
		if d.Rules[i].AssertedRoles == nil { // else the identity provider may name the session too
			s.Name = cmp.Or(s.Name, defaultName)
		}
		s.DurationSeconds = cmp.Or(s.DurationSeconds, int(DefaultDuration/time.Second))
	}
	return d
}

// compiler gathers a revision and what is wrong with it.
type compiler struct {
	Revision
	options  Options
	problems []Problem
}

func compile(d Draft, options Options) (Revision, []Problem) {
	c := &compiler{options: options, Revision: Revision{
		idp:     map[string]int{},
		account: map[ram.AccountID]int{},
		ofIdP:   map[string][]Rule{},
	}}
	c.count("identityProviders", len(d.IdentityProviders))
	c.count("accounts", len(d.Accounts))
	c.count("rules", len(d.Rules))
	if len(c.problems) > 0 {
		return Revision{}, c.problems
	}
	if len(d.IdentityProviders) == 0 {
		c.problem("identityProviders", "there is no identity provider: nobody could sign in", "add one to identityProviders")
	}
	c.identityProviders(d.IdentityProviders)
	c.allAccounts(d.Accounts)
	c.allRules(d.Rules)
	return c.Revision, c.problems
}

func (c *compiler) problem(path, cause, fix string) {
	c.problems = append(c.problems, Problem{path, cause, fix})
}

func (c *compiler) count(path string, n int) {
	if n > MaxEntries {
		c.problem(path, fmt.Sprintf("%d entries, %d is the most", n, MaxEntries), "split the federation into two deployments")
	}
}

func (c *compiler) allAccounts(drafts []AccountDraft) {
	alias := map[string]bool{}
	for i, d := range drafts {
		path := fmt.Sprintf("accounts[%d]", i)
		a, ok := c.parseAccount(path, d)
		if !ok {
			continue
		}
		if _, taken := c.account[a.id]; taken {
			c.problem(path+".id", fmt.Sprintf("account %s is listed twice", a.id), "join the two entries")
			continue
		}
		if a.alias != "" && alias[a.alias] {
			c.problem(path+".alias", fmt.Sprintf("two accounts have the alias %q", a.alias), "give each its own: /go/{alias}/{role} must lead to one")
		}
		alias[a.alias] = true
		c.account[a.id] = len(c.accounts)
		c.accounts = append(c.accounts, a)
	}
}

func (c *compiler) parseAccount(path string, d AccountDraft) (Account, bool) {
	id, err := ram.ParseAccountID(d.ID)
	if err != nil {
		c.problem(path+".id", err.Error(), "copy the number from the console's account page")
	}
	if d.Alias != "" && (!trust.ValidID(d.Alias) || strings.Contains(d.Alias, "_")) {
		c.problem(path+".alias", fmt.Sprintf("alias %.80q is no name that a URL can hold", d.Alias), "use a-z, 0-9 and -, at most 63")
	}
	if _, err := ram.ParseAccountID(d.Alias); err == nil && d.Alias != d.ID {
		c.problem(path+".alias", fmt.Sprintf("alias %s reads as another account's number", d.Alias), "use a name: /go/{alias}/{role} takes either")
	}
	site := Site(d.Site)
	if site != China && site != International {
		c.problem(path+".site", fmt.Sprintf("there is no site %.80q", d.Site), "write china or international")
	}
	c.issue(path+".issue", d.Issue)
	return Account{id, d.Alias, site, c.providers(path+".samlProviders", d, id)}, err == nil
}

func (c *compiler) issue(path, issue string) {
	switch issue {
	case "assume-role":
	case "direct", "federated":
		c.problem(path, fmt.Sprintf("issue %s is not supported yet", issue), "write issue: assume-role, or leave it out")
	default:
		c.problem(path, fmt.Sprintf("there is no way to issue %.80q", issue), "write issue: assume-role, or leave it out")
	}
}

func (c *compiler) providers(path string, d AccountDraft, id ram.AccountID) map[string]ram.SAMLProviderARN {
	providers := map[string]ram.SAMLProviderARN{}
	for _, idp := range slices.Sorted(maps.Keys(d.SAMLProviders)) {
		path := path + "." + idp
		arn, err := ram.ParseSAMLProviderARN(d.SAMLProviders[idp])
		switch {
		case err != nil:
			c.problem(path, err.Error(), fmt.Sprintf("write acs:ram::%s:saml-provider/NAME", d.ID))
		case !id.IsZero() && arn.Account() != id:
			c.problem(path, fmt.Sprintf("%s belongs to another account than %s", arn, id), "name the provider as it is called in this account")
		}
		c.knownIdP(path, idp)
		providers[idp] = arn
	}
	return providers
}

func (c *compiler) knownIdP(path, idp string) bool {
	_, ok := c.idp[idp]
	if !ok {
		c.problem(path, fmt.Sprintf("there is no identity provider %.80q", idp), "name one of identityProviders: "+some(slices.Sorted(maps.Keys(c.idp))))
	}
	return ok
}

// some is the beginning of a list that a person is to choose from.
func some(names []string) string {
	const most = 5
	if len(names) == 0 {
		return "there is none yet"
	}
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
