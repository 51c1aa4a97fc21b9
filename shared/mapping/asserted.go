package mapping

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// The attributes by which an identity provider speaks to Alibaba Cloud: roles of
// the form ROLE-ARN,PROVIDER-ARN, in either order, one name of the session, and
// at most one length of it in seconds.
const (
	RoleAttribute            = "https://www.aliyun.com/SAML-Role/Attributes/Role"
	RoleSessionNameAttribute = RoleAttribute + "SessionName"
	SessionDurationAttribute = "https://www.aliyun.com/SAML-Role/Attributes/SessionDuration"
)

// assertedName is the session's name in the identity provider's words; "" with a
// note where there is not exactly one. A name decides nothing, so without one the
// rule's own serves.
func (d *decision) assertedName() (name string, notes []string) {
	values := d.who.Attribute(RoleSessionNameAttribute)
	if len(values) == 0 {
		return "", nil
	}
	if len(values) > 1 {
		return "", []string{fmt.Sprintf("the subject names the session, for the identity provider says %d names", len(values))}
	}
	name, err := ram.CleanSessionName(values[0])
	if err != nil {
		return "", []string{"the subject names the session, for the identity provider says a blank name"}
	}
	return name, nil
}

// assertedDuration is a limit, so one that cannot be read must not become none.
func (d *decision) assertedDuration() (most time.Duration, ok bool, err error) {
	values := d.who.Attribute(SessionDurationAttribute)
	switch len(values) {
	case 0:
		return 0, false, nil
	case 1:
	default:
		return 0, false, fmt.Errorf("the identity provider says SessionDuration %d times", len(values))
	}
	seconds, err := strconv.ParseUint(strings.TrimSpace(values[0]), 10, 31)
	if err != nil {
		return 0, false, fmt.Errorf("SessionDuration %.20q is no number of seconds", values[0])
	}
	return time.Duration(seconds) * time.Second, true, nil
}

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
