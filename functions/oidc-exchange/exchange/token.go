package exchange

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/page"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/respond"
	"github.com/fc-sso/fc-sso/shared/signin"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// The words of RFC 8693. What we issue is none of its kinds of token.
const (
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
	kindID        = "urn:ietf:params:oauth:token-type:id_token"
	kindJWT       = "urn:ietf:params:oauth:token-type:jwt"
	kindSTS       = "urn:fc-sso:token-type:sts"
	notApplicable = "N_A"
)

// maxForm holds a token of 20,000 characters and a policy, both URL encoded.
const maxForm = 64 << 10

// token is the exchange: the walk from an ID token to an STS token.
func (e exchange) token(r *http.Request) (respond.Outcome, error) {
	asked, err := readExchange(r)
	if err != nil {
		return respond.Outcome{}, err
	}
	record, err := e.record(r.Context(), asked.token)
	if err != nil {
		return respond.Outcome{}, err
	}
	made, err := e.exchange(r, record, asked)
	if err != nil {
		return respond.Outcome{}, err
	}
	return respond.JSON(tokenAnswer(made, e.Now(), page.Language(r)))
}

// asked is what a request for credentials says, in whichever protocol.
type asked struct {
	token string
	role  ram.RoleARN // zero: the only one that the token may take
	wish  mapping.Wish
}

// exchange is what both protocols do: guard, register, mint. A token that may be
// used once is used up by the guard, whatever the rules say of it then: what could
// be found wrong with the request itself was found before.
func (e exchange) exchange(r *http.Request, record trust.Record, a asked) (issue.Issued, error) {
	var who validate.Identity
	err := e.Fresh.Try(r.Context(), record, func(ctx context.Context, record trust.Record) (err error) {
		who, err = e.guard.Token(ctx, record, validate.TokenWant{}, a.token)
		return err
	})
	if err != nil {
		return issue.Issued{}, err
	}
	return e.give(r, record, who, a, issue.OIDCToken(record.ID(), a.token))
}

// give is the way from somebody whom the guard believes to credentials. A record that
// signs nobody in has workloads, which do not leave.
func (e exchange) give(r *http.Request, record trust.Record, who validate.Identity, a asked, proof issue.Proof) (issue.Issued, error) {
	decision := audit.Of(r.Context())
	decision.Subject = who.Subject()
	if record.Kind() != trust.KindOIDC || record.OIDC().Login != nil {
		if err := signin.RequireHere(r.Context(), e.People, record, who); err != nil {
			return issue.Issued{}, err
		}
	}
	grant, err := e.grant(r, who, a)
	if err != nil {
		return issue.Issued{}, err
	}
	decision.Way = string(grant.Account().Issue())
	authn := who.Authn(e.Now())
	made, err := e.Issuer.Issue(r.Context(), grant, proof, authn)
	if errors.Is(err, issue.ErrStaleProvider) && e.Fresh.Renew(r.Context(), who.IdentityProvider()) {
		made, err = e.Issuer.Issue(r.Context(), grant, proof, authn)
	}
	if err == nil {
		decision.Grant, decision.Length = grant.Role().String(), made.Length.String()
	}
	return made, err
}

// grant asks the rules of this moment, and narrows what they give as was wished and to
// what RAM lets the role last.
func (e exchange) grant(r *http.Request, who validate.Identity, a asked) (mapping.Grant, error) {
	rules, err := e.Rules(r.Context(), who.IdentityProvider())
	if err != nil {
		return mapping.Grant{}, err
	}
	decision := audit.Of(r.Context())
	decision.Revision = rules.ID()
	at := mapping.Context{Now: e.Now(), SourceIP: e.SourceIP(r.Context())}
	taking, err := take(rules, who, at, a.role)
	decision.AuditRules = strings.Join(taking.Audit, "; ")
	if err != nil {
		return mapping.Grant{}, err
	}
	grant, err := taking.Grant.Narrowed(a.wish)
	if err != nil || !grant.Long() {
		return grant, err
	}
	longest, err := e.Longest(r.Context(), grant.Role())
	return grant.Allowed(longest[grant.Role()]), err
}

// take asks for one role, or for the only one that there is.
func take(rules federation.Revision, who validate.Identity, at mapping.Context, role ram.RoleARN) (mapping.Taking, error) {
	if !role.IsZero() {
		return mapping.Take(rules, who, at, role)
	}
	taking, err := mapping.TakeOnly(rules, who, at)
	if err != nil && reason.Of(err) != reason.RoleUnclear {
		err = unnamed{err}
	}
	return taking, err
}

// readExchange does the checks that cost nothing (RFC 8693 section 2.1).
func readExchange(r *http.Request) (asked, error) {
	if r.URL.RawQuery != "" {
		return asked{}, reason.New(reason.RequestMalformed, "the address has a query: addresses are logged, all parameters belong into the form")
	}
	form, err := readForm(r, maxForm)
	if err != nil {
		return asked{}, err
	}
	if kind := form.Get("grant_type"); kind != exchangeGrant {
		return asked{}, reason.New(reason.GrantTypeUnknown, "grant_type is %.80q, %s is wanted", kind, exchangeGrant)
	}
	for _, name := range []string{"requested_token_type", "actor_token", "actor_token_type", "audience", "scope"} {
		if form.Get(name) != "" {
			return asked{}, reason.New(reason.RequestMalformed, "%s is not served: resource names the role, and what comes is an STS token of it", name)
		}
	}
	if kind := form.Get("subject_token_type"); kind != kindID && kind != kindJWT {
		return asked{}, reason.New(reason.RequestMalformed, "subject_token_type is %.80q, %s or %s is wanted", kind, kindID, kindJWT)
	}
	return parseExchange(form)
}

func parseExchange(form url.Values) (a asked, err error) {
	if a.token = trimmed(form.Get("subject_token")); a.token == "" {
		return asked{}, reason.New(reason.RequestMalformed, "subject_token is missing")
	}
	if role := form.Get("resource"); role != "" {
		if a.role, err = ram.ParseRoleARN(role); err != nil {
			return asked{}, reason.New(reason.RequestMalformed, "resource: %w", err)
		}
	}
	duration, err := readDuration(form.Get("duration"))
	if err != nil {
		return asked{}, err
	}
	a.wish, err = mapping.ParseWish(form.Get("session_name"), duration, form.Get("policy"))
	return a, err
}

// trimmed is a token without the line break that its file ended with: the official
// clients send files as they are. Nothing else is forgiven a token.
func trimmed(token string) string { return strings.TrimRight(token, "\r\n") }

// readDuration takes seconds, as STS does, or what federation.yaml takes: 1h30m.
func readDuration(text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	duration, err := time.ParseDuration(text)
	if seconds, wrong := strconv.ParseUint(text, 10, 31); wrong == nil {
		duration, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || duration <= 0 || duration%time.Second != 0 {
		return 0, reason.New(reason.RequestMalformed, "duration is %.80q, seconds or a length of time such as 1h30m are wanted", text)
	}
	return duration, nil
}

// readForm takes each parameter once (RFC 6749 section 3.2): of two values our
// reader and a proxy's might heed different ones.
func readForm(r *http.Request, most int64) (url.Values, error) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
		return nil, reason.New(reason.RequestMalformed, "content type %.80q, not a form", r.Header.Get("Content-Type"))
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, most))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return nil, reason.New(reason.RequestTooLarge, "the form is larger than %d bytes", most)
	}
	if err != nil {
		return nil, reason.New(reason.RequestMalformed, "the form could not be read: %w", err)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, reason.New(reason.RequestMalformed, "the form is not URL encoded")
	}
	for name, values := range form {
		if len(values) > 1 {
			return nil, reason.New(reason.RequestMalformed, "the form has %.80q %d times", name, len(values))
		}
	}
	return form, nil
}

// answer has the fields of RFC 8693 section 2.2.1, and the parts of an STS token
// under the names that its other users give them.
type answer struct {
	AccessToken     string `json:"access_token"`
	IssuedTokenType string `json:"issued_token_type"`
	TokenType       string `json:"token_type"`
	ExpiresIn       int    `json:"expires_in"`
	AccessKeyID     string `json:"access_key_id"`
	AccessKeySecret string `json:"access_key_secret"`
	SecurityToken   string `json:"security_token"`
	Expiration      string `json:"expiration"`
	DurationBy      string `json:"duration_by"`   // what decided it, a mapping.Bound
	DurationNote    string `json:"duration_note"` // the same for people
}

func tokenAnswer(made issue.Issued, now time.Time, lang page.Lang) answer {
	return answer{
		AccessToken: made.SecurityToken.Reveal(), IssuedTokenType: kindSTS, TokenType: notApplicable,
		ExpiresIn:   max(0, int(made.Expiration.Sub(now)/time.Second)),
		AccessKeyID: made.AccessKeyID, AccessKeySecret: made.AccessKeySecret.Reveal(),
		SecurityToken: made.SecurityToken.Reveal(), Expiration: made.Expiration.UTC().Format(time.RFC3339),
		DurationBy: string(made.Length.By), DurationNote: note(made.Length, lang),
	}
}

func note(l mapping.Length, lang page.Lang) string {
	return page.Why(lang, page.Length{Lasts: l.Lasts, Rule: l.Rule, By: string(l.By)})
}

type oauthError struct {
	Error       string      `json:"error"`
	Description string      `json:"error_description"`
	Code        reason.Code `json:"code"`
	Reference   string      `json:"reference"`
}

// refuseAsOAuth follows RFC 6749 section 5.2 and RFC 8693 section 2.2.2.
func refuseAsOAuth(refusal respond.Refusal) (respond.Outcome, error) {
	name, status := oauthName(refusal)
	outcome, err := respond.JSON(oauthError{name, describable(words(refusal)), refusal.Code, refusal.Reference})
	return outcome.WithStatus(status), err
}

// oauthName: a token that is not believed is an invalid request (RFC 8693), a role
// that is not given an invalid target. For what is our fault there is no word at a
// token endpoint; these two are the authorization endpoint's (RFC 6749 4.1.2.1).
func oauthName(refusal respond.Refusal) (name string, status int) {
	of := func(codes ...reason.Code) bool { return slices.Contains(codes, refusal.Code) }
	switch {
	case of(reason.GrantTypeUnknown):
		return "unsupported_grant_type", http.StatusBadRequest
	case of(reason.RoleNotGranted, reason.RoleUnclear, reason.StepUpNeeded, reason.RoleRefused, reason.ProofRefused):
		return "invalid_target", http.StatusBadRequest
	case of(reason.NotFound, reason.MethodNotAllowed, reason.WrongHost):
		return "invalid_request", refusal.Status
	case refusal.Status == http.StatusServiceUnavailable:
		return "temporarily_unavailable", refusal.Status
	case refusal.Status >= http.StatusInternalServerError:
		return "server_error", refusal.Status
	}
	return "invalid_request", http.StatusBadRequest
}

// describable keeps to the characters that RFC 6749 allows an error_description.
func describable(text string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '"':
			return '\''
		case c == '\\' || c < ' ' || c > '~':
			return '?'
		}
		return c
	}, text)
}
