package portal_test

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

// declared is the mint with the real one's opinion of what may be issued.
type declared struct {
	mint

	real issue.Issuer // without an STS: what it would ask, it must have refused
}

func (m *declared) Issue(ctx context.Context, grant mapping.Grant, proof issue.Proof, authn samldoc.AuthnStatement) (issue.Issued, error) {
	return m.real.Issue(ctx, grant, proof, authn)
}

// TestASessionHoldsNoProofToPassOn: where RAM decides too, by the caller's own token,
// neither credentials nor the console are to be had here.
func TestASessionHoldsNoProofToPassOn(t *testing.T) {
	s := newStage(t)
	s.draft.Accounts[0].Issue, s.draft.Accounts[0].SAMLProviders = "direct", map[string]string{"test": "acs:ram::" + prod + ":saml-provider/test"}
	s.draft.Rules[0].Condition = &federation.ConditionDraft{Any: true}
	s.handler = s.portal(t, &declared{})
	cookie := s.ada(t).Cookie()
	list := s.do(t, get("/", cookie)).text
	if strings.Contains(list, admin) || !strings.Contains(list, "1 more role is for programs") {
		t.Errorf("the list offers it, or does not say that it is there:\n%s", list)
	}
	form := url.Values{"token": {token(t, list)}, "role": {admin}}
	for _, path := range []string{"/credentials", "/console"} {
		wantRefusal(t, s.do(t, fromOwnPage(path, form, cookie)), reason.ProofMissing)
	}
}
