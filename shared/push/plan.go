package push

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/alert"
	"github.com/fc-sso/fc-sso/shared/push/memory"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// RAM's limits for one provider.
const (
	limitCertificates = 2
	limitFingerprints = 5
	limitClientIDs    = 50
)

// The actions of IMS that change something, and how they name a provider.
const (
	createSAML        = "CreateSAMLProvider"
	updateSAML        = "UpdateSAMLProvider"
	createOIDC        = "CreateOIDCProvider"
	updateOIDC        = "UpdateOIDCProvider"
	addFingerprint    = "AddFingerprintToOIDCProvider"
	removeFingerprint = "RemoveFingerprintFromOIDCProvider"
	setUserSSO        = "SetUserSsoSettings"

	samlName, oidcName = "SAMLProviderName", "OIDCProviderName"
)

// signingAlgorithm is how RAM should sign its requests: unless told, it does by SHA-1.
const signingAlgorithm = "rsa-sha256"

// Drift is one difference that no call mends, or none that may be made.
type Drift struct {
	memory.Told

	Detail string // for the operator
}

// Call is one that changes RAM.
type Call struct {
	Action  string
	Subject string // ARN of what it changes, or memory.UserSSO
	Words   string // what it does, for the operator
	Params  url.Values
}

// Has is what RAM answered. What could not be read has no entry, and is neither judged
// nor forgotten.
type Has struct {
	SAML    map[ram.SAMLProviderARN]*SAMLHas // nil: there is none
	OIDC    map[ram.OIDCProviderARN]*OIDCHas // likewise
	UserSSO *UserSSOHas
	Roles   map[ram.RoleARN]RoleHas // nil: not read
}

// SAMLHas is a SAML provider in RAM.
type SAMLHas struct {
	Metadata      []byte
	AuthnSignAlgo string
}

// OIDCHas is an OIDC provider in RAM.
type OIDCHas struct {
	Issuer                  string
	ClientIDs, Fingerprints []string
	IssuanceLimitTime       int // hours; 0: unsaid
}

// UserSSOHas are the settings of user-based SSO.
type UserSSOHas struct {
	Metadata        []byte
	Enabled         bool
	AuxiliaryDomain string
	AuthnSignAlgo   string
	LoginWithDomain *bool // nil: it did not say
}

// RoleHas is a role in RAM.
type RoleHas struct {
	MaxSession int // seconds
	Trust      string
	Looked     bool // Trust was read
}

// Planned is what follows from a comparison.
type Planned struct {
	Calls  []Call
	Memory memory.Account
	Drift  []Drift

	judged map[string]bool // subjects that were compared
	roles  map[string]bool // those that there are; nil: nobody knows
}

// Plan compares what RAM should have with what it has. The memory that it gives knows
// everything that the calls will write, and has confirmed nothing that RAM was not read
// to have: it is stored before the first call and, by another comparison, after the
// last one.
func Plan(wanted Wanted, has Has, before memory.Account, now time.Time) Planned {
	p := &planner{wanted: wanted, before: before, now: now}
	p.Memory, p.judged = wanted.remembered(before), map[string]bool{}
	for _, w := range wanted.SAML {
		if there, read := has.SAML[w.ARN]; read {
			p.saml(w, there)
		}
	}
	for _, w := range wanted.OIDC {
		if there, read := has.OIDC[w.ARN]; read {
			p.oidc(w, there)
		}
	}
	if wanted.UserSSO != nil && has.UserSSO != nil {
		p.userSSO(*wanted.UserSSO, *has.UserSSO)
	}
	if has.Roles != nil {
		p.trusts(has.Roles)
	}
	return p.Planned
}

// planner is a comparison under way.
type planner struct {
	Planned

	wanted Wanted
	before memory.Account
	now    time.Time
}

func (p *planner) call(action, subject, words string, params url.Values) {
	p.Calls = append(p.Calls, Call{action, subject, words, params})
}

func (p *planner) drift(kind alert.Kind, subject, item, format string, args ...any) {
	p.Drift = append(p.Drift, Drift{memory.Told{Kind: kind, Subject: subject, Item: item}, fmt.Sprintf(format, args...)})
}

// remember replaces what is known of a provider.
func (p *planner) remember(subject string, change func(*memory.Provider)) {
	provider := p.Memory.Providers[subject]
	change(&provider)
	if p.Memory.Providers == nil {
		p.Memory.Providers = map[string]memory.Provider{}
	}
	p.Memory.Providers[subject] = provider
}

// unconfirm forgets that RAM has any certificate of a provider, which is not there any
// more: who waits to sign until everybody has his certificate must not rely on it.
func (p *planner) unconfirm(subject string) {
	known := maps.Clone(p.Memory.Providers[subject].Certificates)
	for name, k := range known {
		known[name] = memory.Known{Left: k.Left}
	}
	if known != nil {
		p.remember(subject, func(m *memory.Provider) { m.Certificates = known })
	}
}

// remembered is what stays known when the account is compared anew: where it is whole,
// nothing of what the federation names no more.
func (w Wanted) remembered(before memory.Account) memory.Account {
	next := before.Clone()
	if w.Part {
		return next
	}
	for subject := range next.Providers {
		if !w.names(subject) {
			delete(next.Providers, subject)
		}
	}
	return next
}

func (w Wanted) names(subject string) bool {
	return subject == memory.UserSSO && w.UserSSO != nil ||
		!w.Federated.IsZero() && w.Federated.String() == subject ||
		slices.ContainsFunc(w.SAML, func(p SAMLProvider) bool { return p.ARN.String() == subject }) ||
		slices.ContainsFunc(w.OIDC, func(p OIDCProvider) bool { return p.ARN.String() == subject })
}
