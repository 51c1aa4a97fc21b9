package federation

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// maxSuffixes is more than the three that RAM has at a time: a company that is
// renamed lists the old ones too.
const maxSuffixes = 20

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
	c.alias(path+".alias", d)
	site := Site(d.Site)
	if site != China && site != International {
		c.problem(path+".site", fmt.Sprintf("there is no site %.80q", d.Site), "write china or international")
	}
	c.issue(path, d)
	c.userSSO(path+".userSSO", d.UserSSO)
	c.manage(path, d)
	c.oneMetadataEach(path, d)
	c.oneIssuerEach(path+".oidcProviders", d.OIDCProviders)
	return Account{
		id: id, alias: d.Alias, site: site, issue: Issue(d.Issue),
		samlProviders:     providers(c, path+".samlProviders", id, d.SAMLProviders, trust.KindSAML, ram.ParseSAMLProviderARN),
		oidcProviders:     providers(c, path+".oidcProviders", id, d.OIDCProviders, trust.KindOIDC, ram.ParseOIDCProviderARN),
		maintenance:       inAccount(c, path+".maintenanceRole", id, d.MaintenanceRole, ram.ParseRoleARN),
		federatedProvider: inAccount(c, path+".federatedProvider", id, d.FederatedProvider, ram.ParseSAMLProviderARN),
		userSSO:           d.UserSSO.clone(),
		manage:            d.Manage,
	}, err == nil
}

func (c *compiler) alias(path string, d AccountDraft) {
	if d.Alias != "" && (!trust.ValidID(d.Alias) || strings.Contains(d.Alias, "_")) {
		c.problem(path, fmt.Sprintf("alias %.80q is no name that a URL can hold", d.Alias), "use a-z, 0-9 and -, at most 63")
	}
	if _, err := ram.ParseAccountID(d.Alias); err == nil && d.Alias != d.ID {
		c.problem(path, fmt.Sprintf("alias %s reads as another account's number", d.Alias), "use a name: /go/{alias}/{role} takes either")
	}
}

func (c *compiler) issue(path string, d AccountDraft) {
	if !slices.Contains(Issues(), d.Issue) {
		c.problem(path+".issue", fmt.Sprintf("there is no way to issue %.80q", d.Issue), "write one of "+strings.Join(Issues(), ", ")+", or leave it out: assume-role")
	}
	if Issue(d.Issue) == Federated && d.FederatedProvider == "" {
		c.problem(path+".issue", "issue federated needs the SAML provider that the bundle is in this account", fmt.Sprintf("add federatedProvider: acs:ram::%s:saml-provider/NAME", d.ID))
	}
}

// arn is what every name in RAM has.
type arn interface {
	Account() ram.AccountID
	String() string
}

// providers reads what an account calls the identity providers of one kind.
func providers[A arn](c *compiler, path string, id ram.AccountID, texts map[string]string, kind trust.Kind, parse func(string) (A, error)) map[string]A {
	all := map[string]A{}
	for _, idp := range slices.Sorted(maps.Keys(texts)) {
		path := path + "." + idp
		c.idpOfKind(path, idp, kind)
		all[idp] = inAccount(c, path, id, texts[idp], parse)
	}
	return all
}

// oneMetadataEach: a SAML provider of RAM has the metadata of one identity provider, be
// it the bundle, and AssumeRoleWithSAML is told by its ARN who is to judge.
func (c *compiler) oneMetadataEach(path string, d AccountDraft) {
	first := map[string]string{d.FederatedProvider: "the bundle"}
	for _, idp := range slices.Sorted(maps.Keys(d.SAMLProviders)) {
		arn := d.SAMLProviders[idp]
		other, double := first[arn]
		if double && arn != "" {
			c.problem(path+".samlProviders."+idp, fmt.Sprintf("%s is %s already, and has the metadata of one identity provider", arn, other), "make another SAML provider in RAM")
			continue
		}
		first[arn] = idp
	}
}

// oneIssuerEach: an OIDC provider of RAM has one issuer. Records of it may share it, and
// then its fingerprints and client IDs are those of all: with a record of another issuer
// among them, this one could vouch for its clients.
func (c *compiler) oneIssuerEach(path string, arns map[string]string) {
	first := map[string]string{}
	for _, idp := range slices.Sorted(maps.Keys(arns)) {
		at, known := c.idp[idp]
		if !known || c.idps[at].OIDC == nil || arns[idp] == "" {
			continue
		}
		issuer, arn := c.idps[at].OIDC.Issuer, arns[idp]
		if first[arn] == "" {
			first[arn] = issuer
		}
		if first[arn] != issuer {
			c.problem(path+"."+idp, fmt.Sprintf("%s is of issuer %s already, and has one", arn, first[arn]), "make another OIDC provider in RAM")
		}
	}
}

func (c *compiler) idpOfKind(path, idp string, kind trust.Kind) {
	if !c.knownIdP(path, idp) {
		return
	}
	if other := c.idps[c.idp[idp]].Kind(); other != "" && other != kind {
		c.problem(path, fmt.Sprintf("identity provider %s declares %s", idp, other), fmt.Sprintf("name it in %sProviders", other))
	}
}

// inAccount reads one ARN of the account itself; empty is none.
func inAccount[A arn](c *compiler, path string, id ram.AccountID, text string, parse func(string) (A, error)) A {
	var none A
	if text == "" {
		return none
	}
	name, err := parse(text)
	switch {
	case err != nil:
		c.problem(path, err.Error(), "copy the ARN from the account's RAM console")
	case !id.IsZero() && name.Account() != id:
		c.problem(path, fmt.Sprintf("%s belongs to another account than %s", name, id), "name it as it is called in this account")
	}
	return name
}

func (c *compiler) userSSO(path string, u *UserSSO) {
	if u == nil {
		return
	}
	if len(u.Suffixes) == 0 {
		c.problem(path+".suffixes", "userSSO names no login suffix", "add suffixes: [ALIAS.onaliyun.com]: without one nobody could sign in")
	}
	if !c.few(path+".suffixes", len(u.Suffixes), maxSuffixes) {
		return
	}
	for i, suffix := range u.Suffixes {
		path := fmt.Sprintf("%s.suffixes[%d]", path, i)
		switch {
		case !validDomain(suffix):
			c.problem(path, fmt.Sprintf("%.200q is no domain", suffix), "write it as in acme.onaliyun.com, without @")
		case slices.Contains(u.Suffixes[:i], suffix):
			c.problem(path, fmt.Sprintf("suffix %s stands here twice", suffix), "remove one")
		}
	}
}

// manage refuses to promise what no role could do, and what depends on users without
// them. A stored federation is from before that was asked, where groups alone did nothing.
func (c *compiler) manage(path string, d AccountDraft) {
	for _, depends := range []struct {
		key, cause string
		declared   bool
	}{
		{"groups", "groups are filled with users that we manage", d.Manage.Groups},
		{"delete", "delete is about users that we manage", d.Manage.Delete},
		{"deny", "deny is about users that we manage", d.Manage.Deny},
	} {
		if depends.declared && !d.Manage.Users && !c.options.stored {
			c.problem(path+".manage."+depends.key, depends.cause+", and there are none without users: true", fmt.Sprintf("add users: true, or remove %s", depends.key))
		}
	}
	if d.Manage == (Manage{}) || d.MaintenanceRole != "" {
		return
	}
	c.problem(path+".manage", "manage writes into the account's RAM, and no role is named for it", fmt.Sprintf("add maintenanceRole: acs:ram::%s:role/NAME", d.ID))
}
