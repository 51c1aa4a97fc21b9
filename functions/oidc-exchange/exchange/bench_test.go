package exchange_test

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/oidc-exchange/exchange"
	"github.com/fc-sso/fc-sso/shared/audit"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/freshness"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/store/peopletest"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	prod     = "1234567890123456"
	deploy   = "acs:ram::" + prod + ":role/deploy"
	try      = "acs:ram::" + prod + ":role/try"
	narrow   = "acs:ram::" + prod + ":role/narrow"
	provider = "acs:ram::" + prod + ":oidc-provider/issuer"
	readOnly = `{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:Get*","Resource":"*"}]}`
)

// bench is the exchange with an issuer that it trusts, rules, and an STS that gives
// whatever a grant says.
type bench struct {
	http.Handler

	issuer  validatetest.Issuer
	learned trust.Issuer
	learn   func() // what a refresh brings; nil: it is refused
	source  trust.Source
	draft   federation.Draft
	rev     federation.Revision
	grants  []mapping.Grant // that reached STS
	proofs  []issue.Proof   // that were at hand then
	authn   samldoc.AuthnStatement
	err     error         // what STS says
	longest time.Duration // as RAM was seen to let sessions of each role last; 0: nobody says
	silent  error         // why not
	people  peopletest.People
	log     strings.Builder
}

func newBench(t *testing.T, changes ...func(*bench)) *bench {
	t.Helper()
	b := &bench{issuer: validatetest.NewIssuer(t), source: validatetest.TokenSource()}
	b.draft = federation.Draft{
		Accounts: []federation.AccountDraft{{ID: prod, Alias: "prod", OIDCProviders: map[string]string{"issuer": provider}}},
		Rules: []federation.RuleDraft{
			rule("deploy from main", deploy, map[string][]string{
				"oidc:sub": {"repo:acme/shop:ref:refs/heads/main"}, "oidc:repository_owner_id": {"12345"},
			}),
			rule("the platform tries things out", try, map[string][]string{"oidc:team": {"platform"}}),
			rule("the platform reads", narrow, map[string][]string{"oidc:team": {"platform"}}),
		},
	}
	b.draft.Rules[2].Session.Policy = readOnly
	for _, change := range changes {
		change(b)
	}
	b.draft.IdentityProviders = []trust.Source{b.source}
	var problems []federation.Problem
	if b.rev, problems = federation.Compile(b.draft, federation.Options{}); len(problems) > 0 {
		t.Fatal(problems)
	}
	b.learned = b.issuer.Learned()
	record := func(context.Context, string) (trust.Record, error) {
		return validatetest.IssuerRecord(t, b.source, b.learned), nil
	}
	b.Handler = exchange.New(exchange.Config{
		Log: audit.Logger(&b.log), Now: validatetest.Now, Nonces: validatetest.NewNonces(), Issuer: b, People: &b.people,
		Trusting: func(_ context.Context, issuer string) ([]federation.Trusting, error) {
			if issuer != validatetest.IssuerURL {
				return nil, reason.New(reason.IdPUnknown, "no identity provider has issuer %q", issuer)
			}
			return []federation.Trusting{{ID: b.source.ID, Audiences: b.source.OIDC.Audiences}}, nil
		},
		Record:   record,
		Rules:    func(context.Context, string) (federation.Revision, error) { return b.rev, nil },
		Longest:  b.allows,
		SourceIP: func(context.Context) netip.Addr { return netip.MustParseAddr("203.0.113.7") },
		Fresh: freshness.Keeper{Newest: record, Refresh: func(context.Context, string) error {
			if b.learn == nil {
				return reason.New(reason.RefreshLimited, "often enough")
			}
			b.learn()
			return nil
		}},
	})
	return b
}

func rule(name, role string, equals map[string][]string) federation.RuleDraft {
	return federation.RuleDraft{
		Name: name, IdP: "issuer", Roles: []string{role}, Session: federation.SessionDraft{DurationSeconds: 3600},
		Condition: &federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": equals}},
	}
}

// allows is what RAM was seen to let roles last.
func (b *bench) allows(_ context.Context, roles ...ram.RoleARN) (map[ram.RoleARN]time.Duration, error) {
	longest := map[ram.RoleARN]time.Duration{}
	for _, role := range roles {
		longest[role] = b.longest
	}
	return longest, b.silent
}

// Issue is STS.
func (b *bench) Issue(_ context.Context, grant mapping.Grant, proof issue.Proof, authn samldoc.AuthnStatement) (issue.Issued, error) {
	if b.err != nil {
		return issue.Issued{}, b.err
	}
	if grant.IsZero() {
		return issue.Issued{}, errors.New("a zero grant")
	}
	b.grants, b.proofs, b.authn = append(b.grants, grant), append(b.proofs, proof), authn
	return issue.Issued{
		Credentials: ram.Credentials{
			AccessKeyID: "STS.key", AccessKeySecret: "secret", SecurityToken: "token", Expiration: validatetest.Now().Add(grant.Duration()),
		},
		Length: grant.Length(),
		User:   openapi.AssumedRoleUser{Arn: grant.Role().String() + "/" + grant.SessionName(), AssumedRoleID: "344:" + grant.SessionName()},
	}, nil
}

// form is a good request, with these parameters changed; "" takes one away.
func (b *bench) form(changes map[string]string) url.Values {
	form := url.Values{}
	fields := map[string]string{
		"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": b.issuer.Token(nil),
		"subject_token_type": "urn:ietf:params:oauth:token-type:id_token", "resource": deploy,
	}
	maps.Copy(fields, changes)
	for name, value := range fields {
		if value != "" {
			form.Set(name, value)
		}
	}
	return form
}

func (b *bench) post(t *testing.T, path, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(audit.Begin(t.Context(), "1-2-3"), http.MethodPost, "https://sso.example"+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

func (b *bench) exchange(t *testing.T, changes map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	return b.post(t, "/oidc/token", b.form(changes).Encode())
}

var quiet = exchange.Config{Log: slog.New(slog.DiscardHandler), Now: time.Now}
