// Package exchange turns ID tokens into STS tokens.
//
// In: a token that a platform gave to its workload, or at /sts a SAML response that
// was made for Alibaba Cloud itself, and the role that is wanted. Out: an STS token of
// that role, if the record that judges it believes it and a rule gives the role.
// Refused is all else, in each protocol's own shape: RFC 6749 JSON at /oidc/token, an
// STS error at /sts, text elsewhere.
// What is not there yet is refused as not_implemented.
//
// Whose token it is, is read from the token before anything in it is believed, only
// to find the record that judges it: a workload knows no id of ours. The guard then
// asks the same of what the signature covers.
package exchange

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/signin"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// Name is the function's.
const Name = "oidc-exchange"

// Issuer turns a grant into credentials: issue.Issuer.
type Issuer interface {
	Issue(ctx context.Context, grant mapping.Grant, proof issue.Proof, authn samldoc.AuthnStatement) (issue.Issued, error)
}

// Config is what the exchange works with. All fields are needed.
type Config struct {
	Log *slog.Logger
	Now func() time.Time

	Trusting func(ctx context.Context, issuer string) ([]federation.Trusting, error) // idp_unknown where nobody believes it
	Provider func(ctx context.Context, account, arn string) (idp string, err error)  // by the ARN of a SAML provider, likewise
	Record   func(ctx context.Context, idp string) (trust.Record, error)             // idp_unknown where there is none
	Rules    func(ctx context.Context, idp string) (federation.Revision, error)
	Longest  func(ctx context.Context, roles ...ram.RoleARN) (map[ram.RoleARN]time.Duration, error) // as RAM was last seen to let them last
	SourceIP func(context.Context) netip.Addr
	Fresh    freshness.Keeper
	Nonces   validate.Nonces
	People   signin.People
	Issuer   Issuer
	Held     []string // handles of our own keys that can sign here
}

type exchange struct {
	Config
	guard validate.Guard
}

// New returns the handler of /oidc/ and /sts.
func New(c Config) http.Handler {
	e := exchange{c, validate.Guard{Nonces: c.Nonces, Now: c.Now}}
	desk := respond.Desk{Function: Name, Log: c.Log, Now: c.Now, Refuse: Refuse}
	return desk.Routes(map[string]respond.Func{
		"GET /oidc/healthz": respond.Health(e.Held...),
		"POST /oidc/token":  e.token,
		"GET /sts":          e.sts,
		"POST /sts":         e.sts,
		"GET /sts/{$}":      e.sts,
		"POST /sts/{$}":     e.sts,
	})
}

// Refuse shows a refusal as the protocol of the path does.
func Refuse(r *http.Request, refusal respond.Refusal) (respond.Outcome, error) {
	switch {
	case r.URL.Path == "/oidc/token":
		return refuseAsOAuth(refusal)
	case r.URL.Path == "/sts" || strings.HasPrefix(r.URL.Path, "/sts/"):
		return refuseAsSTS(r, refusal)
	default:
		return respond.Plain(r, refusal)
	}
}

// told says whether the detail of a refusal is for who sent the request: it is made
// of what came in it, and of what the record of the token's own issuer wants, or its
// rules; and of what STS says of the token itself. What else went wrong between us and
// others is the operator's, in the log.
func told(code reason.Code) bool {
	return slices.Contains(assertionCodes(), code) || slices.Contains([]reason.Code{
		reason.RequestMalformed, reason.RequestTooLarge, reason.GrantTypeUnknown, reason.MethodNotAllowed, reason.NotFound,
		reason.TokenMalformed, reason.TokenType, reason.SignatureAlgorithm, reason.SignatureInvalid, reason.KeyUnknown,
		reason.IssuerMismatch, reason.AudienceMismatch, reason.SubjectMissing, reason.Expired, reason.NotYetValid,
		reason.TokenTooOld, reason.NonceUnexpected, reason.LifetimeTooLong, reason.Replayed,
		reason.LoginOnly, reason.PersonLeft, reason.IdPUnknown, reason.IdPSuspended, reason.KeysUnavailable,
		reason.RoleNotGranted, reason.RoleUnclear, reason.StepUpNeeded, reason.NarrowingRefused, reason.ProofRefused, reason.NotImplemented,
	}, code)
}

// unnamed is why a token that names no role gets none. What each rule lacks is told
// to who names a role: the issuer may be the whole world's, and must not read from
// one refusal which roles there are and for whom.
type unnamed struct{ error }

func (u unnamed) Unwrap() error { return u.error }

// words are what a refusal says: what is the caller's of it, else the code alone.
func words(refusal respond.Refusal) string {
	if _, ok := errors.AsType[unnamed](refusal.Err); ok {
		return string(refusal.Code) + ": no rule gives this token a role; name one, to read what it lacks for that"
	}
	if !told(refusal.Code) {
		return string(refusal.Code)
	}
	return string(refusal.Code) + ": " + reason.Detail(refusal.Err)
}
