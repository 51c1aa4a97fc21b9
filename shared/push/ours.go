package push

import (
	"crypto/x509"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

// Ours is our own side towards an account, as far as the account declares it: under the
// public origin, with the certificates that are published, two at most. Without any
// nothing is said: nobody wrote down which keys are ours, and RAM must not be told of
// none.
func Ours(origin string, a federation.Account, certificates []*x509.Certificate) Own {
	if len(certificates) == 0 {
		return Own{}
	}
	us := samldoc.OurIdP{Origin: origin, Account: a.ID(), International: a.Site() == federation.International}
	i := &Introduced{Introduction: us.Introduction(certificates), Believed: certificates}
	var own Own
	if !a.FederatedProvider().IsZero() {
		own.Federated = i
	}
	if _, declared := a.UserSSO(); declared {
		own.UserSSO = i
	}
	return own
}
