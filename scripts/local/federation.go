package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

// longestSession is RAM's maximum. The emulated roles that rules name have it, so
// that a rule's duration is what decides. Roles of a federated account have what RAM
// gives each unless told otherwise: a console that the browser opens by a response lasts
// as long as its role, and no rule gives 12 hours of a session that has begun.
const (
	longestSession = 12 * time.Hour
	usualSession   = time.Hour
)

// keeper is the function's role that keeps accounts up to date.
const keeper = "fc-sso-metadata-rotation"

// reapply is SIGHUP: the file is read again, and what is wrong with it is said
// without ending the stack.
func (s *station) reapply(ctx context.Context) {
	if err := s.apply(ctx); err != nil {
		say(s.stderr, err.Error())
		return
	}
	s.introduce(ctx)
	say(s.stderr, "local: applied "+s.federation+": "+strings.Join(s.applied, "; "))
}

// apply makes the emulated RAM hold what the federation file names, and then
// applies the file as an operator would, with ssoctl.
func (s *station) apply(ctx context.Context) error {
	content, err := os.ReadFile(s.federation)
	if err != nil {
		return complain("federation file "+s.federation, cause(err), "give -federation a file that this user may read")
	}
	named := names(content)
	if err := s.declare(named); err != nil {
		return complain("federation file "+s.federation, err, "mend that line")
	}
	s.believers.Store(&named.ours)
	s.register(ctx, named.registered)
	s.switchOn(named.registered)
	var output, faults bytes.Buffer
	command := exec.CommandContext(ctx, s.binary(ssoctlSource), "apply", "-f", s.federation)
	command.Env = s.operatorEnvironment()
	command.Stdout, command.Stderr = &output, &faults
	defer s.progress("applying " + s.federation)()
	err = s.starter.Run(command)
	s.log.InfoContext(ctx, "ssoctl apply", "output", output.String(), "faults", faults.String(), "error", err)
	if err != nil {
		return s.refusal(faults.String(), err)
	}
	s.applied = strings.Split(strings.TrimSpace(output.String()), "\n")
	return nil
}

// operatorEnvironment is what ssoctl gets: the addresses, an operator's key,
// and the secrets that the federation file may name (env:SSO_SECRET_…).
func (s *station) operatorEnvironment() []string {
	key := s.cloud.AdminKey()
	return append(secrets(),
		"SSO_LOCAL_STACK=1",
		"SSO_URL="+s.line.URL,
		"SSO_OTS_ENDPOINT="+s.line.Tablestore.Endpoint,
		"SSO_OTS_INSTANCE="+s.line.Tablestore.Instance,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+key.AccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET="+key.AccessKeySecret,
		"ALIBABA_CLOUD_SECURITY_TOKEN=",
		"SSO_KMS_ENDPOINT="+s.line.Cloud.KMS,
		"SSO_SIGNING_KMS_KEY="+s.signingKMSKey(),
	)
}

// refusal makes one line of what ssoctl says. Its faults have the form
// FILE:LINE:COLUMN: cause; fix, and a last line counts them.
func (s *station) refusal(said string, err error) error {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if !strings.HasPrefix(lines[0], s.federation+":") {
		return complain("federation file "+s.federation, fmt.Errorf("%w: %s", err, lines[0]), "mend what ssoctl names and start again")
	}
	if others := len(lines) - 2; others > 0 {
		return complaint(fmt.Sprintf("%s (and %d more: go run ./scripts/ssoctl check -f FILE)", lines[0], others))
	}
	return complaint(lines[0])
}

// named is what a federation file names in RAM.
type named struct {
	accounts  map[string]string   // ID: alias
	roles     map[string][]string // ARN: the function roles that may assume it
	providers []string            // SAML, whoever they are
	registered
}

var (
	roleARN     = regexp.MustCompile(`^acs:ram::([0-9]+):role/[A-Za-z0-9._-]+$`)
	providerARN = regexp.MustCompile(`^acs:ram::([0-9]+):saml-provider/[A-Za-z0-9._-]+$`)
	plainName   = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

// names collects accounts, roles and providers from a federation file, however
// faulty: judging the file is ssoctl's work, with code of its own.
func names(content []byte) named {
	n := named{accounts: map[string]string{}, roles: map[string][]string{}}
	var document yaml.Node
	if yaml.Unmarshal(content, &document) == nil && len(document.Content) > 0 {
		n.walk("", document.Content[0])
		n.registered = providersOf(content)
	}
	return n
}

func (n *named) walk(key string, node *yaml.Node) {
	switch node.Kind {
	case yaml.ScalarNode:
		n.scalar(key, node.Value)
	case yaml.MappingNode:
		n.mapping(key, node)
	case yaml.SequenceNode, yaml.DocumentNode:
		for _, item := range node.Content {
			n.walk(key, item)
		}
	case yaml.AliasNode: // what it stands for is walked where it is written
	}
}

func (n *named) mapping(key string, node *yaml.Node) {
	if key == "assertedRoles" {
		n.asserted(node)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		n.walk(node.Content[i].Value, node.Content[i+1])
	}
	if key == "accounts" {
		var account struct{ ID, Alias string }
		if node.Decode(&account) == nil && account.ID != "" {
			n.accounts[account.ID] = account.Alias
		}
	}
}

// asserted takes the roles that an assertedRoles rule names without wildcard.
func (n *named) asserted(node *yaml.Node) {
	var rule struct{ Accounts, Roles []string }
	if node.Decode(&rule) != nil {
		return
	}
	for _, account := range rule.Accounts {
		for _, role := range rule.Roles {
			if plainName.MatchString(role) {
				n.scalar("roles", "acs:ram::"+account+":role/"+role)
			}
		}
	}
}

func (n *named) scalar(key, value string) {
	if provider := providerARN.FindStringSubmatch(value); provider != nil {
		n.account(provider[1])
		n.providers = append(n.providers, value)
		return
	}
	role := roleARN.FindStringSubmatch(value)
	if role == nil || strings.HasPrefix(value, "acs:ram::"+bundleAccount+":role/fc-sso-") {
		return // the bundle's own roles are what they are
	}
	n.account(role[1])
	n.roles[value] = []string{"fc-sso-portal", "fc-sso-oidc-exchange"}
	if key == "maintenanceRole" {
		n.roles[value] = []string{keeper}
	}
}

func (n *named) account(id string) {
	if _, known := n.accounts[id]; !known {
		n.accounts[id] = ""
	}
}

// declare makes it so in the emulated RAM.
func (s *station) declare(n named) error {
	for _, id := range slices.Sorted(maps.Keys(n.accounts)) {
		if err := s.cloud.AddAccount(id, n.accounts[id]); err != nil {
			return err
		}
	}
	for _, arn := range slices.Sorted(maps.Keys(n.roles)) {
		if err := s.declareRole(n, arn); err != nil {
			return err
		}
	}
	for _, arn := range n.providers {
		if err := s.cloud.AddSAMLProvider(arn, nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *station) declareRole(n named, arn string) error {
	if slices.Contains(n.roles[arn], keeper) {
		return s.cloud.AddMaintenanceRole(arn)
	}
	longest := longestSession
	if n.federated[accountOf(arn)] {
		longest = usualSession
	}
	return s.cloud.AddRole(cloud.Role{ARN: arn, Trust: n.trust(arn), MaxSession: longest})
}

func accountOf(role string) string { return roleARN.FindStringSubmatch(role)[1] }

// trust is a role's trust policy: the functions that may assume it and, where its
// account issues directly, whoever comes from an identity provider of the account's.
// Where it is federated, only who comes from the bundle as such a provider.
func (n *named) trust(arn string) string {
	account := accountOf(arn)
	if n.federated[account] {
		return cloud.TrustingFederated(nil, n.trusted[account]...)
	}
	var functions []string
	for _, name := range n.roles[arn] {
		functions = append(functions, "acs:ram::"+bundleAccount+":role/"+name)
	}
	return cloud.TrustingFederated(functions, n.trusted[account]...)
}
