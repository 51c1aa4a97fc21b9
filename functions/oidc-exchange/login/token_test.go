package login_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
)

// direct adds an account whose STS is shown the tokens of these identity providers.
func direct(idps ...string) func(*federation.Draft) {
	const account = "2345678901234567"
	return func(draft *federation.Draft) {
		draft.IdentityProviders = append(draft.IdentityProviders, declared("other"))
		draft.IdentityProviders[1].OIDC.Issuer += "/other"
		providers := map[string]string{}
		for _, idp := range idps {
			providers[idp] = "acs:ram::" + account + ":oidc-provider/" + idp
			draft.Rules = append(draft.Rules, federation.RuleDraft{
				Name: idp + " tries", IdP: idp, Roles: []string{"acs:ram::" + account + ":role/try"}, Condition: &federation.ConditionDraft{Any: true},
			})
		}
		draft.Accounts = append(draft.Accounts, federation.AccountDraft{ID: account, Issue: "direct", OIDCProviders: providers})
	}
}

// kept is what a session keeps of its sign-in.
func (s *stage) kept(t *testing.T, cookie *http.Cookie) session.Token {
	t.Helper()
	found, err := s.keeper().Get(t.Context(), cookie.Value)
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.keeper().Token(t.Context(), found)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestATokenIsKeptWhereSTSIsShownIt, and nowhere else.
func TestATokenIsKeptWhereSTSIsShownIt(t *testing.T) {
	for name, tt := range map[string]struct {
		declare func(*federation.Draft)
		claims  map[string]any
		kept    bool
		said    string
	}{
		"no account has issue: direct": {nil, nil, false, ""},
		"one has, for another":         {direct("other"), nil, false, ""},
		"one has":                      {direct("test"), nil, true, `"token":"kept"`},
		"one that is over, though our clock may be wrong": {direct("test"), map[string]any{"iat": ago(time.Minute), "exp": ago(time.Second)}, false, `"token":"over"`},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.revise = tt.declare
			token := s.kept(t, s.signIn(t, tt.claims))
			if got := token.Reveal(); (got == s.op.lastToken()) != tt.kept || token.IsZero() == tt.kept {
				t.Errorf("kept is %.40q", got)
			}
			log := s.log.String()
			if !strings.Contains(log, tt.said) || tt.said == "" && strings.Contains(log, `"token":`) || strings.Contains(log, s.op.lastToken()) {
				t.Errorf("the log says %.2000s", log)
			}
		})
	}
}

// TestWhetherATokenIsKeptIsKnownOrNobodySignsIn: what cannot be read is no answer.
func TestWhetherATokenIsKeptIsKnownOrNobodySignsIn(t *testing.T) {
	s := newStage(t)
	callback, browser := s.arrive(t, "/oidc/test/login")
	s.unread = reason.New(reason.StoreUnavailable, "down")
	wantRefusal(t, s.do(get(callback, browser)), reason.StoreUnavailable)
	if _, err := s.rules(context.Background(), "test"); err == nil {
		t.Error("the rules can be read")
	}
}
