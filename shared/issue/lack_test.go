package issue_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// TestARefusalNamesWhatRAMMayLack: where STS has one code for several things, the
// operator reads all of them, and by which name to look for each.
func TestARefusalNamesWhatRAMMayLack(t *testing.T) {
	const (
		toUs = "either the trust policy of " + role + " does not name the caller's role (Principal, RAM), or the caller's role is not allowed sts:AssumeRole on it"
		lets = ", or the trust policy of " + role + " does not let in what that vouches for (Principal, Federated, and conditions that hold)"
	)
	for name, tt := range map[string]struct {
		way, code, says string
		want            reason.Code
	}{
		"us":                              {"assume-role", "NoPermission", toUs, reason.RoleRefused},
		"us, in other words":              {"assume-role", "AuthenticationFail.NoPermission", toUs, reason.RoleRefused},
		"no role":                         {"assume-role", "EntityNotExist.Role", role + ": AssumeRole: status 403, EntityNotExist.Role: no (request )", reason.RoleRefused},
		"an issuer":                       {"direct", "AuthenticationFail.NoPermission", "either RAM has no " + oidcProvider + lets, reason.ProofRefused},
		"its role":                        {"direct", "EntityNotExist.Role", role + ", " + oidcProvider + ": AssumeRoleWithOIDC", reason.ProofRefused},
		"our identity provider":           {"federated", "EntityNotExist.SAMLProvider", role + ": " + ourProvider + ": AssumeRoleWithSAML", reason.RoleRefused},
		"what it vouches for":             {"federated", "AuthenticationFail.NoPermission", "either RAM has no " + ourProvider + lets, reason.RoleRefused},
		"its metadata":                    {"federated", "AuthenticationFail.IDPMetadata.Invalid", ourProvider + " has no metadata", reason.RoleRefused},
		"the certificate in the metadata": {"federated", "AuthenticationFail.SAMLAssertion.Invalid", "the metadata of " + ourProvider + " may be of another entity ID, or lack the certificate", reason.RoleRefused},
	} {
		c := newProvider(t, `403 {"Code":"`+tt.code+`","Message":"no"}`)
		var err error
		switch tt.way {
		case "direct":
			_, err = c.issuer.Issue(t.Context(), direct(t, "direct", mapping.Wish{}), issue.OIDCToken("issuer", "e30.e30.c2ln"), signedIn())
		case "federated":
			_, err = c.issuer.WithResponse(t.Context(), federated(t, time.Hour, ""), signedIn())
		default:
			_, err = c.issuer.AssumeRole(t.Context(), grant(t, time.Hour))
		}
		if _, kept := errors.AsType[*openapi.Error](err); reason.Of(err) != tt.want || !kept || !strings.Contains(reason.Detail(err), tt.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
