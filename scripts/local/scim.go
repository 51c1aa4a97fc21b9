package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fc-sso/fc-sso/scripts/local/internal/ready"
)

// pushers have an operator give the first identity provider a token by which it pushes
// people, one that speaks SAML if there is one; what it was given at an earlier start is
// taken back. A federation without any has none.
func (s *station) pushers(ctx context.Context) error {
	content, err := os.ReadFile(s.federation)
	if err != nil {
		return complain("federation file "+s.federation, cause(err), "give -federation a file that this user may read")
	}
	idp := pusher(content)
	if idp == "" {
		return nil
	}
	_, _ = s.operator(ctx, "scim", "revoke", idp) // mostly there is none
	text, err := s.operator(ctx, "scim", "token", "-o", "json", idp)
	if err != nil {
		return err
	}
	given := ready.SCIM{IDP: idp}
	if err := json.Unmarshal(text, &given); err != nil {
		return complain("ssoctl scim token", err, "see what it says on its own")
	}
	s.line.SCIM = &given
	return nil
}

func pusher(content []byte) string {
	var file declared
	_ = yaml.Unmarshal(content, &file) // ssoctl has judged it
	first := ""
	for _, idp := range file.IdentityProviders {
		if idp.SAML != nil {
			return idp.ID
		}
		first = cmp.Or(first, idp.ID)
	}
	return first
}

// operator runs ssoctl as one would.
func (s *station) operator(ctx context.Context, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, s.binary(ssoctlSource), arguments...)
	command.Env = s.operatorEnvironment()
	var output, faults bytes.Buffer
	command.Stdout, command.Stderr = &output, &faults
	if err := s.starter.Run(command); err != nil {
		first, _, _ := strings.Cut(faults.String(), "\n")
		return nil, complain("ssoctl "+strings.Join(arguments, " "), err, first)
	}
	return output.Bytes(), nil
}
