package federation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// Options are what only the local stack may do.
type Options struct {
	AllowLoopback bool // identity providers by http on this machine

	stored bool // by a version that may have refused less
}

// Compile judges a draft as a whole: a revision, or all its problems.
func Compile(draft Draft, options Options) (Revision, []Problem) {
	draft = withDefaults(draft)
	c, problems := compile(draft, options)
	if len(problems) > 0 {
		return Revision{}, problems
	}
	items, err := itemsOf(draft, c.named)
	if err != nil {
		return Revision{}, []Problem{{Cause: err.Error(), Fix: "report it: a federation that was read can be written"}}
	}
	r := c.Revision
	r.id = prove(items)
	r.items = items
	return r, nil
}

// withDefaults writes out what the file may leave open, so that a default which
// changes one day does not change what an old revision says.
func withDefaults(d Draft) Draft {
	d.IdentityProviders, d.Accounts, d.Rules = slices.Clone(d.IdentityProviders), slices.Clone(d.Accounts), slices.Clone(d.Rules)
	presets := presetsByName()
	for i := range d.IdentityProviders {
		d.IdentityProviders[i] = d.IdentityProviders[i].Clone() // the caller keeps its own
		s := &d.IdentityProviders[i]
		s.DisplayName = cmp.Or(s.DisplayName, s.ID)
		presets[s.Preset].complete(s)
		s.EmailDomains = lower(s.EmailDomains)
	}
	for i := range d.Accounts {
		if u := d.Accounts[i].UserSSO.clone(); u != nil {
			u.Suffixes = lower(u.Suffixes)
			d.Accounts[i].UserSSO = u
		}
		d.Accounts[i].Site = cmp.Or(d.Accounts[i].Site, string(China))
		d.Accounts[i].Issue = cmp.Or(d.Accounts[i].Issue, string(AssumeRole))
	}
	for i := range d.Rules {
		if u := d.Rules[i].User; u != nil { // no role, so no session of one
			d.Rules[i].User = &UserDraft{u.Account, cmp.Or(u.Principal, defaultName), lower(slices.Clone(u.Domains)), u.Create}
			continue
		}
		s := &d.Rules[i].Session
		if d.Rules[i].AssertedRoles == nil { // else the identity provider may name the session too
			s.Name = cmp.Or(s.Name, defaultName)
		}
		s.Policy = compacted(s.Policy)
		s.DurationSeconds = cmp.Or(s.DurationSeconds, int(DefaultDuration/time.Second))
	}
	return d
}

// lower writes domains as they are compared.
func lower(domains []string) []string {
	for i := range domains {
		domains[i] = strings.ToLower(domains[i])
	}
	return domains
}

// compiler gathers a revision and what is wrong with it.
type compiler struct {
	Revision
	options  Options
	problems []Problem
	presets  map[string]Preset
	audience map[[2]string]string    // issuer and audience: the identity provider that has them
	meant    map[string]string       // by what was written: the operator that it is close to
	names    func() []string         // of identity providers, in the order of the alphabet
	reader   string                  // the identity provider whose rule is read at the moment
	named    map[string]map[int]bool // by identity provider: places of the accounts that its rules name
}

func compile(d Draft, options Options) (*compiler, []Problem) {
	c := &compiler{options: options, presets: presetsByName(), audience: map[[2]string]string{}, named: map[string]map[int]bool{}, meant: map[string]string{}, Revision: Revision{
		idp:     map[string]int{},
		account: map[ram.AccountID]int{},
		ofIdP:   map[string][]Rule{},
	}}
	c.count("identityProviders", len(d.IdentityProviders))
	c.count("accounts", len(d.Accounts))
	c.count("rules", len(d.Rules))
	if len(c.problems) > 0 {
		return c, c.problems
	}
	if len(d.IdentityProviders) == 0 {
		c.problem("identityProviders", "there is no identity provider: nobody could sign in", "add one to identityProviders")
	}
	c.identityProviders(d.IdentityProviders)
	c.names = sync.OnceValue(func() []string { return slices.Sorted(maps.Keys(c.idp)) })
	c.allAccounts(d.Accounts)
	c.allRules(d.Rules)
	return c, c.problems
}

func (c *compiler) problem(path, cause, fix string) {
	c.problems = append(c.problems, Problem{path, cause, fix})
}

// few refuses a list that no product needs, and that would have to be compared
// with itself.
func (c *compiler) few(path string, n, most int) bool {
	if n > most {
		c.problem(path, fmt.Sprintf("%d entries, %d is the most", n, most), "keep those that are needed")
	}
	return n <= most
}

func (c *compiler) count(path string, n int) {
	if n > MaxEntries {
		c.problem(path, fmt.Sprintf("%d entries, %d is the most", n, MaxEntries), "split the federation into two deployments")
	}
}

func (c *compiler) knownIdP(path, idp string) bool {
	_, ok := c.idp[idp]
	if !ok {
		c.problem(path, fmt.Sprintf("there is no identity provider %.80q", idp), "name one of identityProviders: "+some(c.names()))
	}
	return ok
}

// short writes a length of time as a file does: 48h, and not 48h0m0s.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
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
