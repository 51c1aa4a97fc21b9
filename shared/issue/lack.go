package issue

import (
	"errors"
	"fmt"

	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/openapi"
)

// lack adds to a refusal of STS what RAM may lack, for STS has one code where any of
// several things is missing. provider is "" where the function's own role assumes the
// granted one.
func lack(grant mapping.Grant, provider string, err error) error {
	e, ok := errors.AsType[*openapi.Error](err)
	if !ok {
		return err
	}
	switch {
	case provider == "":
		return openapi.NotAssumed(grant.Role(), err)
	case e.Code == "AuthenticationFail.NoPermission":
		return fmt.Errorf("%w; either RAM has no %s, or the trust policy of %s does not let in what that vouches for (Principal, Federated, and conditions that hold)", err, provider, grant.Role())
	case e.Code == "AuthenticationFail.IDPMetadata.Invalid":
		return fmt.Errorf("%w; %s has no metadata", err, provider)
	case e.Code == "AuthenticationFail.SAMLAssertion.Invalid":
		return fmt.Errorf("%w; the metadata of %s may be of another entity ID, or lack the certificate of the key that signed", err, provider)
	}
	return err
}
