package cloud

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	accountID       = regexp.MustCompile(`^[0-9]{5,32}$`)
	roleARN         = regexp.MustCompile(`^acs:ram::([0-9]{5,32}):role/([A-Za-z0-9._-]{1,64})$`)
	samlProviderARN = regexp.MustCompile(`^acs:ram::[0-9]{5,32}:saml-provider/[A-Za-z0-9._-]{1,128}$`)
)

// Role is a RAM role as the stack declares it.
type Role struct {
	ARN        string
	Trust      string        // trust policy, JSON; Trusting and TrustingService make the usual ones
	Permission string        // policy of what the role itself may do, JSON; empty = nothing
	MaxSession time.Duration // 1 to 12 hours; 0 = 1 hour

	Description string
}

type role struct {
	arn, account, name, id string
	description            string
	document               string // the trust policy, as it was given
	trust, permission      policy
	maxSession             time.Duration
	created, updated       time.Time
}

// AddRole makes a role, or replaces it. Its account must be known.
func (c *Cloud) AddRole(r Role) error {
	made, err := parseRole(r)
	if err != nil {
		return fmt.Errorf("role %s: %w", r.ARN, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.accounts[made.account]; !ok {
		return fmt.Errorf("role %s: no account %s", r.ARN, made.account)
	}
	made.updated = c.now()
	made.created = made.updated
	if old, known := c.roles[made.arn]; known {
		made.created = old.created
	}
	c.roles[made.arn] = made
	return nil
}

// RemoveRole takes a role away; one that is not there is no fault.
func (c *Cloud) RemoveRole(arn string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.roles, arn)
}

func parseRole(r Role) (role, error) {
	parts := roleARN.FindStringSubmatch(r.ARN)
	if parts == nil {
		return role{}, errors.New("not a role's ARN")
	}
	made := role{
		arn: r.ARN, account: parts[1], name: parts[2], id: numericID("3", r.ARN), maxSession: r.MaxSession,
		description: r.Description, document: r.Trust,
	}
	if made.maxSession == 0 {
		made.maxSession = time.Hour
	}
	if made.maxSession < time.Hour || made.maxSession > 12*time.Hour {
		return role{}, fmt.Errorf("maximum session %v is not within 1h and 12h", made.maxSession)
	}
	var err error
	if made.trust, err = parseTrust(r.Trust); err != nil {
		return role{}, fmt.Errorf("trust policy: %w", err)
	}
	if r.Permission == "" {
		return made, nil
	}
	if made.permission, err = parsePermission(r.Permission); err != nil {
		return role{}, fmt.Errorf("permission policy: %w", err)
	}
	return made, nil
}

func (c *Cloud) role(arn string) (role, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	r, ok := c.roles[arn]
	return r, ok
}

// Trusting is the trust policy that lets RAM principals (accounts' roots, users,
// roles) assume a role.
func Trusting(arns ...string) string { return trustPolicy(allow("RAM", arns, nil)) }

// TrustingService is the trust policy that lets Alibaba Cloud services assume a role.
func TrustingService(services ...string) string {
	return trustPolicy(allow("Service", services, nil))
}

// Federated is who comes through a provider, where each of these condition keys has
// one of its values.
type Federated struct {
	Provider string
	Equals   map[string][]string
}

// TrustingFederated is the trust policy that lets whom providers vouch for assume a
// role, beside RAM principals, if there are any.
func TrustingFederated(arns []string, by ...Federated) string {
	var statements []any
	if len(arns) > 0 {
		statements = append(statements, allow("RAM", arns, nil))
	}
	for _, f := range by {
		statements = append(statements, allow("Federated", []string{f.Provider}, f.Equals))
	}
	return trustPolicy(statements...)
}

func allow(kind string, principals []string, equals map[string][]string) any {
	statement := map[string]any{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": map[string][]string{kind: principals}}
	if len(equals) > 0 {
		statement["Condition"] = map[string]any{"StringEquals": equals}
	}
	return statement
}

func trustPolicy(statements ...any) string {
	made, err := json.Marshal(map[string]any{"Version": "1", "Statement": statements})
	if err != nil {
		return "" // maps of strings always marshal; and an empty policy trusts nobody
	}
	return string(made)
}

// trusts answers whether who may assume the role, as far as the role is asked.
func (r role) trusts(who caller, facts map[string]string) bool {
	return r.trust.decide(func(s statement) bool {
		return s.covers("sts:AssumeRole") && slices.ContainsFunc(s.Principal["RAM"], who.is)
	}, facts)
}

// is answers whether a trust policy's RAM principal means who. An account's root
// stands for everyone in it; an assumed role is its role, whatever the session.
func (who caller) is(principal string) bool {
	return principal == who.arn || principal == "acs:ram::"+who.account+":root"
}

func (r role) trustsService(service string) bool {
	return r.trust.decide(func(s statement) bool {
		return s.covers("sts:AssumeRole") && slices.Contains(s.Principal["Service"], service)
	}, nil)
}

// may answers whether who's own account lets it do the action. The account itself may do
// everything; a user has what their policies and their groups' say; a role has what its permission policy says, and a
// session of it no more than its session policy says beside that.
func (c *Cloud) may(who caller, action, resource string) bool {
	return c.mayWhere(who, action, resource, nil)
}

// mayWhere is may for an action whose facts policies may ask for.
func (c *Cloud) mayWhere(who caller, action, resource string, facts map[string]string) bool {
	switch who.kind {
	case kindAccount:
		return true
	case kindUser:
		return c.userMay(who, action, resource, facts)
	}
	r, ok := c.role(who.arn)
	return ok && r.permission.permits(action, resource, facts) && (who.within == nil || who.within.permits(action, resource, facts))
}

// sessionARN is how AssumeRole's answer and GetCallerIdentity name a session:
// the first as …:role/NAME/SESSION, the second as …:assumed-role/NAME/SESSION.
func sessionARN(arn, session string, assumed bool) string {
	if assumed {
		arn = strings.Replace(arn, ":role/", ":assumed-role/", 1)
	}
	return arn + "/" + session
}
