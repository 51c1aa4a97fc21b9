// Package federation knows what a company has declared: its identity providers,
// its Alibaba Cloud accounts and the rules that join them.
//
// In: a [Draft], read from federation.yaml by package yamlfile, or the rows of a
// stored revision. Out: one immutable [Revision] whose ID is a hash of all that
// it says, or every [Problem] at once. Refused: what contradicts itself, rules
// that could never hold, a way to the bundle's own roles. What a rule means for
// one person is mapping's to say.
//
// Why YAML stands apart: the functions read revisions, never files, and a login
// should not wait for a parser that it does not call.
package federation

import (
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Limits of a federation and of a session.
const (
	MaxEntries      = 10_000 // identity providers, accounts and rules, each
	DefaultDuration = time.Hour
	MinDuration     = 15 * time.Minute // STS AssumeRole, DurationSeconds
	MaxDuration     = 12 * time.Hour   // RAM, the highest MaxSessionDuration of a role
)

// Revision is one federation, whole and unchangeable; or the part of one that
// decides for people of one identity provider, see [FromRows].
type Revision struct {
	id       string
	items    []Item
	idps     []trust.Source
	accounts []Account
	rules    []Rule

	idp     map[string]int
	account map[ram.AccountID]int
	ofIdP   map[string][]Rule
}

// ID is a hash of all that the revision says: equal federations have equal IDs.
func (r Revision) ID() string { return r.id }

// IsZero says that r declares nothing because nothing was applied.
func (r Revision) IsZero() bool { return r.id == "" }

// IdentityProviders are all identity providers in the order of the file.
func (r Revision) IdentityProviders() []trust.Source {
	sources := make([]trust.Source, 0, len(r.idps))
	for _, s := range r.idps {
		sources = append(sources, s.Clone())
	}
	return sources
}

// IdentityProvider is the identity provider of this id.
func (r Revision) IdentityProvider(id string) (trust.Source, bool) {
	i, ok := r.idp[id]
	if !ok {
		return trust.Source{}, false
	}
	return r.idps[i].Clone(), true
}

// Suspending is r with some of its identity providers suspended, whatever was declared of
// them. Its ID stays: nothing else was applied.
func (r Revision) Suspending(stopped func(idp string) bool) Revision {
	if !slices.ContainsFunc(r.idps, func(s trust.Source) bool { return stopped(s.ID) }) {
		return r
	}
	r.idps = slices.Clone(r.idps)
	for i, s := range r.idps {
		r.idps[i].Suspended = s.Suspended || stopped(s.ID)
	}
	return r
}

// Record joins what the revision declares of an identity provider with the keys
// that were learned of it; none makes a pending record.
func (r Revision) Record(idp string, keys []byte) (trust.Record, error) {
	i, ok := r.idp[idp]
	if !ok {
		return trust.Record{}, unknown(r.id, idp)
	}
	return record(r.id, r.idps[i], keys)
}

func record(rev string, s trust.Source, keys []byte) (trust.Record, error) {
	source, err := encode(s)
	if err != nil {
		return trust.Record{}, err
	}
	return trust.Parse(rev, source, keys)
}

// Accounts are all accounts in the order of the file.
func (r Revision) Accounts() []Account { return slices.Clone(r.accounts) }

// Account is the account of this ID.
func (r Revision) Account(id ram.AccountID) (Account, bool) {
	i, ok := r.account[id]
	if !ok {
		return Account{}, false
	}
	return r.accounts[i], true
}

// AccountNamed is the account of this alias or number.
func (r Revision) AccountNamed(name string) (Account, bool) {
	for _, a := range r.accounts {
		if a.id.String() == name || a.alias != "" && a.alias == name {
			return a, true
		}
	}
	return Account{}, false
}

// Rules are all rules in the order of the file.
func (r Revision) Rules() []Rule { return slices.Clone(r.rules) }

// RulesOf are the rules of one identity provider in the order of the file.
func (r Revision) RulesOf(idp string) iter.Seq[Rule] { return slices.Values(r.ofIdP[idp]) }

// CountRulesOf is how many rules the identity provider has.
func (r Revision) CountRulesOf(idp string) int { return len(r.ofIdP[idp]) }

// RulesFor are those of RulesOf that could give this role.
func (r Revision) RulesFor(idp string, role ram.RoleARN) iter.Seq[Rule] {
	return func(yield func(Rule) bool) {
		for _, rule := range r.ofIdP[idp] {
			if rule.CouldGive(role) && !yield(rule) {
				return
			}
		}
	}
}

// Grantable says whether a rule may give the role. The roles of the bundle
// itself are not for people: who had one could write the trust store. RAM keeps
// role names without regard to case.
func Grantable(role ram.RoleARN) bool {
	return !role.IsZero() && !strings.HasPrefix(strings.ToLower(role.Name()), "fc-sso-")
}
