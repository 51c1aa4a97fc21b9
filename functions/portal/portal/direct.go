package portal

import (
	"net/http"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// showsToken says that the role is taken by the ID token of the person's own sign-in,
// which STS judges too.
func showsToken(g mapping.Grant, who validate.Identity) bool {
	return !who.TokenEnds().IsZero() && g.Account().TakesTokensOf(who.IdentityProvider())
}

// forPrograms says that a role is taken by a proof that no sign-in here brings: the
// account wants the identity provider's own, and of SAML there is none that was made for
// us and for Alibaba Cloud too.
func forPrograms(g mapping.Grant, who validate.Identity) bool {
	return g.Account().Issue() == federation.Direct && !showsToken(g, who)
}

// withToken is the role with the token that the session keeps of its sign-in. Where that
// is over, or nearly, the role is one that another sign-in stands before. Not where the
// person comes from a sign-in that was begun for it: one more would end here too.
func (p portal) withToken(r *http.Request, here visit, taking mapping.Taking) (taken, error) {
	token, err := p.keeper.Token(r.Context(), here.session)
	if err != nil {
		return taken{}, err
	}
	who, now := here.session.Identity(), p.Now()
	if token.Outlasts(now.Add(session.TokenGoes)) {
		audit.Of(r.Context()).TokenSHA256 = validate.MessageSHA256(token.Reveal())
		return taken{taking, issue.OIDCToken(who.IdentityProvider(), token.Reveal())}, nil
	}
	over := "the session keeps no ID token that STS could be shown for " + session.TokenGoes.String() + "; that of its sign-in ends at " + who.TokenEnds().Format(time.RFC3339)
	if here.session.Opens(r.URL, now) {
		return taken{}, reason.New(reason.ProofOver, "after a sign-in that was begun for it %s", over)
	}
	taking.StepUp = mapping.StepUp{Role: taking.Grant.Role(), Account: taking.Grant.Account(), Rule: taking.Grant.Rule()}
	return taken{Taking: taking}, reason.New(reason.StepUpNeeded, "%s", over)
}
