package federation

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
)

const longClockSkew = 2 * time.Minute

func idpPath(i int) string { return fmt.Sprintf("identityProviders[%d]", i) }

func (l *linter) unusedIdPs() {
	for i, s := range l.idps {
		if len(l.ofIdP[s.ID]) == 0 {
			l.find(idpPath(i), fmt.Sprintf("people of %s sign in and are given nothing: no rule has idp: %s", s.ID, s.ID), "add a rule, or remove the identity provider")
		}
	}
}

func (l *linter) unusedAccounts() {
	used := map[ram.AccountID]bool{}
	for _, rule := range l.rules {
		for _, id := range rule.accounts() {
			used[id] = true
		}
	}
	for i, a := range l.accounts {
		if !used[a.id] {
			l.find(fmt.Sprintf("accounts[%d]", i), fmt.Sprintf("no rule gives anything in account %s", a.Name()), "add a rule, or remove the account")
		}
	}
}

// unusedProviders looks at accounts in which something is given, and not to people
// of every identity provider that RAM there has.
func (l *linter) unusedProviders() {
	type place struct {
		account ram.AccountID
		idp     string
	}
	used := map[place]bool{}
	for _, rule := range l.rules {
		for _, id := range rule.accounts() {
			used[place{id, rule.idp}] = true
		}
	}
	for i, a := range l.accounts {
		unused := func(field, idp string) {
			if !used[place{a.id, idp}] {
				l.find(fmt.Sprintf("accounts[%d].%s.%s", i, field, idp), fmt.Sprintf("no rule gives people of %s anything in account %s", idp, a.Name()), "add a rule, or remove the entry and the provider in RAM")
			}
		}
		for _, idp := range slices.Sorted(maps.Keys(a.samlProviders)) {
			unused("samlProviders", idp)
		}
		for _, idp := range slices.Sorted(maps.Keys(a.oidcProviders)) {
			unused("oidcProviders", idp)
		}
	}
}

// issuersNamedTwice: two records may have one issuer and differ by their audiences. In
// RAM those are client IDs of one provider.
func (l *linter) issuersNamedTwice() {
	issuers := map[string]string{} // by identity provider
	for _, s := range l.idps {
		if s.OIDC != nil {
			issuers[s.ID] = s.OIDC.Issuer
		}
	}
	for i, a := range l.accounts {
		first := map[string]string{} // by issuer, the identity provider
		for _, idp := range slices.Sorted(maps.Keys(a.oidcProviders)) {
			other, ok := first[issuers[idp]]
			if !ok {
				first[issuers[idp]] = idp
				continue
			}
			if a.oidcProviders[other] != a.oidcProviders[idp] {
				l.find(fmt.Sprintf("accounts[%d].oidcProviders.%s", i, idp), fmt.Sprintf("%s and %s have the same issuer, for which RAM in account %s can have one provider", other, idp, a.Name()), "name the same provider for both, with the audiences of both as its client IDs")
			}
		}
	}
}

// withoutDomains looks at identity providers at which people sign in.
func (l *linter) withoutDomains() {
	var without []int
	people := 0
	for i, s := range l.idps {
		if s.OIDC != nil && s.OIDC.Login == nil {
			continue
		}
		people++
		if len(s.EmailDomains) == 0 {
			without = append(without, i)
		}
	}
	for _, i := range without {
		if people > 1 {
			l.find(idpPath(i), fmt.Sprintf("the sign-in page cannot send people to %s by their e-mail address: they choose from %d", l.idps[i].ID, people), "add emailDomains: [acme.com]")
		}
	}
}

// accounts are those in which the rule gives something.
func (r Rule) accounts() []ram.AccountID {
	ids := append([]ram.AccountID{r.user.account}, r.asserted.accounts...)
	for _, role := range r.roles {
		ids = append(ids, role.Account())
	}
	return ids
}

// declared finds SAML sources by what their records permit.
func (l *linter) declared(field string, permits func(trust.SAML) bool, cause, fix string) {
	for i, s := range l.idps {
		if permits(s.SAML) {
			l.find(idpPath(i)+".saml."+field, fmt.Sprintf(cause, s.ID), fix)
		}
	}
}

func (l *linter) weakAlgorithms() {
	l.declared("allowSHA1", func(s trust.SAML) bool { return s.AllowSHA1 },
		"%s may sign with SHA-1, for which forgeries have been computed", "have it sign with SHA-256, then remove allowSHA1")
}

func (l *linter) malleableEncryption() {
	l.declared("allowUnsignedCBC", func(s trust.SAML) bool { return s.AllowUnsignedCBC },
		"%s may encrypt by AES-CBC without signing the response", "have it sign the response too, then remove allowUnsignedCBC")
}

func (l *linter) unaskedSignIns() {
	l.declared("allowIdPInitiated", func(s trust.SAML) bool { return s.AllowIdPInitiated },
		"%s may send people who did not ask to sign in: a link can sign somebody in as another", "remove allowIdPInitiated if people begin at our page or by a bookmark")
}

func (l *linter) longSkew() {
	l.declared("clockSkew", func(s trust.SAML) bool { return time.Duration(s.ClockSkewSeconds)*time.Second > longClockSkew },
		"the clock of %s may differ by more than 2m", "set the clocks right, then shorten it")
}
