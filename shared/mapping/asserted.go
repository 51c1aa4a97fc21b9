package mapping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// RoleAttribute is the attribute in which an identity provider names roles for
// Alibaba Cloud: values of the form ROLE-ARN,PROVIDER-ARN, in either order.
const RoleAttribute = "https://www.aliyun.com/SAML-Role/Attributes/Role"

// asserted are the roles that the identity provider names and the rule believes.
// What is dropped is said with its reason; it does not end the sign-in.
func (d *decision) asserted(rule federation.Rule, e *Evaluation) []ram.RoleARN {
	var roles []ram.RoleARN
	for _, value := range d.who.Attribute(RoleAttribute) {
		role, why := d.believe(rule, value)
		if why != "" {
			e.Dropped = append(e.Dropped, Dropped{value, why})
			continue
		}
		if !slices.Contains(roles, role) {
			roles = append(roles, role)
		}
	}
	return roles
}

// believe says why a value is dropped; an empty why means that it is believed.
func (d *decision) believe(rule federation.Rule, value string) (role ram.RoleARN, why string) {
	role, provider, err := parsePair(value)
	if err != nil {
		return ram.RoleARN{}, err.Error()
	}
	account, listed := d.revision.Account(role.Account())
	known, named := account.SAMLProvider(d.source.ID)
	switch {
	case provider.Account() != role.Account():
		return role, "role and provider belong to different accounts"
	case !listed || !rule.Asserted().AllowsAccount(role.Account()):
		return role, fmt.Sprintf("the rule does not believe roles of account %s", role.Account())
	case !named:
		return role, fmt.Sprintf("account %s does not say what it calls %s: samlProviders", role.Account(), d.source.ID)
	case provider != known:
		return role, fmt.Sprintf("account %s calls %s %s", role.Account(), d.source.ID, known)
	case !federation.Grantable(role):
		return role, "a role of fc-sso itself"
	case !rule.Asserted().AllowsName(role.Name()):
		return role, fmt.Sprintf("the rule does not believe a role of the name %s", role.Name())
	}
	return role, ""
}

// parsePair takes role and provider in either order and trims blanks, as Alibaba
// Cloud's own client does (saml2alibabacloud, ram_role.go).
func parsePair(value string) (ram.RoleARN, ram.SAMLProviderARN, error) {
	first, second, found := strings.Cut(value, ",")
	if !found || strings.Contains(second, ",") {
		return ram.RoleARN{}, ram.SAMLProviderARN{}, fmt.Errorf("not of the form ROLE-ARN,PROVIDER-ARN: %d parts", strings.Count(value, ",")+1)
	}
	first, second = strings.TrimSpace(first), strings.TrimSpace(second)
	if strings.Contains(first, ":saml-provider/") {
		first, second = second, first
	}
	role, err := ram.ParseRoleARN(first)
	if err != nil {
		return ram.RoleARN{}, ram.SAMLProviderARN{}, fmt.Errorf("role: %w", err)
	}
	provider, err := ram.ParseSAMLProviderARN(second)
	if err != nil {
		return ram.RoleARN{}, ram.SAMLProviderARN{}, fmt.Errorf("provider: %w", err)
	}
	return role, provider, nil
}
