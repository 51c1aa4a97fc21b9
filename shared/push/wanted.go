package push

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// Wanted is what an account's RAM should have.
type Wanted struct {
	Account     ram.AccountID
	Name        string // the account's, for people
	Maintenance ram.RoleARN
	Manage      federation.Manage

	SAML    []SAMLProvider
	OIDC    []OIDCProvider
	UserSSO *UserSSO // nil: the account declares none
	Roles   Roles

	Federated ram.SAMLProviderARN // of our own side, though it is not among SAML; zero: there is none

	Part bool // these are some of the account's providers: nothing is said of others
}

// Introduced is an identity provider as RAM should know it. Certificates are all that
// it publishes, however many; an empty entity ID says nothing of what RAM should have.
type Introduced struct {
	samldoc.Introduction

	Believed []*x509.Certificate // those that are published no more too, for a while
}

// SAMLProvider is one that the account names.
type SAMLProvider struct {
	Introduced

	ARN ram.SAMLProviderARN
	By  string // whose it is: id of the identity provider, or the bundle
}

// OIDCProvider is one that the account names: RAM has one for an issuer, whose audiences
// several records may share.
type OIDCProvider struct {
	ARN         ram.OIDCProviderARN
	By          []string // ids of the records
	Issuer      string
	ClientIDs   []string
	Suspended   []string // client IDs of records that are: they stay as they are
	Thumbprints []string // none: the chain was not seen, and nothing is said of fingerprints
	Unread      bool     // one of the records is not there: nothing is said at all
}

// UserSSO is user-based SSO, which the account declares.
type UserSSO struct {
	*Introduced // nil: what RAM has is left alone
}

// Own is the bundle's own side as an account's identity provider; nil: what RAM has is
// left alone.
type Own struct{ Federated, UserSSO *Introduced }

// bundle is whose provider our own is.
const bundle = "the bundle"

// For is what the account's RAM should have by these records, which are those that the
// account names: by id of the identity provider. One that is missing or suspended says
// nothing.
func For(a federation.Account, records map[string]trust.Record, own Own, now time.Time) Wanted {
	w := Wanted{Account: a.ID(), Name: a.Name(), Maintenance: a.MaintenanceRole(), Manage: a.Manage(), Federated: a.FederatedProvider()}
	for idp, arn := range a.SAMLProviders() {
		w.SAML = append(w.SAML, SAMLProvider{introduce(records[idp], now), arn, idp})
	}
	if arn := a.FederatedProvider(); !arn.IsZero() && own.Federated != nil {
		w.SAML = append(w.SAML, SAMLProvider{*own.Federated, arn, bundle})
	}
	for idp, arn := range a.OIDCProviders() {
		w.OIDC = withIssuer(w.OIDC, arn, idp, records[idp])
	}
	if _, declared := a.UserSSO(); declared {
		w.UserSSO = &UserSSO{own.UserSSO}
	}
	return w
}

// Only are the providers of one record.
func (w Wanted) Only(idp string) Wanted {
	w.Part, w.UserSSO, w.Roles = true, nil, Roles{}
	w.SAML = slices.DeleteFunc(slices.Clone(w.SAML), func(p SAMLProvider) bool { return p.By != idp })
	w.OIDC = slices.DeleteFunc(slices.Clone(w.OIDC), func(p OIDCProvider) bool { return !slices.Contains(p.By, idp) })
	return w
}

// IsEmpty says that nothing is to be looked at.
func (w Wanted) IsEmpty() bool {
	return len(w.SAML) == 0 && len(w.OIDC) == 0 && w.UserSSO == nil && w.Roles.IsZero()
}

func introduce(r trust.Record, now time.Time) Introduced {
	if r.IsZero() || r.Suspended() || r.Pending() {
		return Introduced{}
	}
	i := Introduced{
		Introduction: samldoc.Introduction{EntityID: r.EntityID(), Certificates: r.Published()}, Believed: r.Certificates(now),
	}
	for _, binding := range []string{trust.BindingRedirect, trust.BindingPOST} {
		if location, ok := r.SSO(binding); ok {
			i.SSO = append(i.SSO, samldoc.Endpoint{Binding: binding, Location: location})
		}
	}
	if len(i.SSO) == 0 { // it has others, such as SOAP: RAM could not send anybody there
		return Introduced{}
	}
	return i
}

// withIssuer adds a record to the provider of its issuer.
func withIssuer(all []OIDCProvider, arn ram.OIDCProviderARN, idp string, r trust.Record) []OIDCProvider {
	i := slices.IndexFunc(all, func(p OIDCProvider) bool { return p.ARN == arn })
	if i < 0 {
		i = len(all)
		all = append(all, OIDCProvider{ARN: arn})
	}
	p := &all[i]
	p.By = append(p.By, idp)
	p.Unread = p.Unread || r.IsZero()
	declared := r.OIDC()
	if p.Issuer == "" {
		p.Issuer = declared.Issuer
	}
	if r.Suspended() {
		p.Suspended = append(p.Suspended, declared.Audiences...)
		return all
	}
	p.ClientIDs = append(p.ClientIDs, without(declared.Audiences, p.ClientIDs)...)
	for _, chain := range r.Issuer().Chains {
		p.Thumbprints = append(p.Thumbprints, without([]string{chain.Thumbprint}, p.Thumbprints)...)
	}
	return all
}

// Roles are those whose sessions and trust policies are looked at.
type Roles struct {
	Named    []ram.RoleARN
	Asserted []federation.Asserted // by identity providers, within these limits
}

// IsZero says that there are none.
func (r Roles) IsZero() bool { return len(r.Named) == 0 && len(r.Asserted) == 0 }

// RolesOf are the roles that rules may give, by their account.
func RolesOf(rules []federation.Rule) map[ram.AccountID]Roles {
	all := map[ram.AccountID]Roles{}
	for _, rule := range rules {
		for _, role := range rule.Roles() {
			if roles := all[role.Account()]; !slices.Contains(roles.Named, role) {
				roles.Named = append(roles.Named, role)
				all[role.Account()] = roles
			}
		}
		for _, account := range rule.Asserted().Accounts() {
			roles := all[account]
			roles.Asserted = append(roles.Asserted, rule.Asserted())
			all[account] = roles
		}
	}
	return all
}

// may says whether an identity provider may name the role.
func (r Roles) may(role ram.RoleARN) bool {
	return federation.Grantable(role) && slices.ContainsFunc(r.Asserted, func(a federation.Asserted) bool { return a.AllowsName(role.Name()) })
}
