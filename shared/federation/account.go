package federation

import (
	"iter"
	"maps"
	"slices"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// Site is the part of Alibaba Cloud that an account belongs to.
type Site string

// The sites.
const (
	China         Site = "china"
	International Site = "international"
)

// Issue is how credentials of a role come about.
type Issue string

// The ways.
const (
	AssumeRole Issue = "assume-role" // the function's own RAM role asks STS
	Direct     Issue = "direct"      // the caller's own proof goes on to STS
	Federated  Issue = "federated"   // the bundle is a SAML provider of the account
)

// Issues are the words for them in a file, the default first.
func Issues() []string { return []string{string(AssumeRole), string(Direct), string(Federated)} }

// Account is one Alibaba Cloud account.
type Account struct {
	id    ram.AccountID
	alias string
	site  Site
	issue Issue

	samlProviders     map[string]ram.SAMLProviderARN
	oidcProviders     map[string]ram.OIDCProviderARN
	maintenance       ram.RoleARN
	federatedProvider ram.SAMLProviderARN
	userSSO           *UserSSO
	manage            Manage
}

// ID is the account's number.
func (a Account) ID() ram.AccountID { return a.id }

// Alias is the name that people know the account by; it may be empty.
func (a Account) Alias() string { return a.alias }

// Name is the alias, else the number.
func (a Account) Name() string {
	if a.alias == "" {
		return a.id.String()
	}
	return a.alias
}

// Site is the part of Alibaba Cloud that the account belongs to.
func (a Account) Site() Site { return a.site }

// SAMLProvider is what the account's RAM calls this identity provider.
func (a Account) SAMLProvider(idp string) (ram.SAMLProviderARN, bool) {
	arn, ok := a.samlProviders[idp]
	return arn, ok
}

// OIDCProvider is what the account's RAM calls this issuer of ID tokens.
func (a Account) OIDCProvider(idp string) (ram.OIDCProviderARN, bool) {
	arn, ok := a.oidcProviders[idp]
	return arn, ok
}

// TakesTokensOf says whether STS itself is shown the ID tokens of this identity
// provider to take the account's roles.
func (a Account) TakesTokensOf(idp string) bool {
	_, known := a.oidcProviders[idp]
	return a.issue == Direct && known
}

// SAMLProviders are all that the account names, by the id of the identity provider and
// in its order.
func (a Account) SAMLProviders() iter.Seq2[string, ram.SAMLProviderARN] {
	return inOrder(a.samlProviders)
}

// OIDCProviders are all that the account names, likewise.
func (a Account) OIDCProviders() iter.Seq2[string, ram.OIDCProviderARN] {
	return inOrder(a.oidcProviders)
}

func inOrder[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}

// Issue is how credentials of the account's roles come about.
func (a Account) Issue() Issue { return a.issue }

// MaintenanceRole is the role that keeps the account's RAM up to date; zero
// where nothing may be written there.
func (a Account) MaintenanceRole() ram.RoleARN { return a.maintenance }

// FederatedProvider is the SAML provider that the bundle itself is in the
// account; it may be zero.
func (a Account) FederatedProvider() ram.SAMLProviderARN { return a.federatedProvider }

// UserSSO is how people become RAM users of the account, if they do.
func (a Account) UserSSO() (UserSSO, bool) {
	if a.userSSO == nil {
		return UserSSO{}, false
	}
	return *a.userSSO.clone(), true
}

// Manage is what may be written into the account's RAM.
func (a Account) Manage() Manage { return a.manage }

// IsZero says that a is no account.
func (a Account) IsZero() bool { return a.id.IsZero() }
