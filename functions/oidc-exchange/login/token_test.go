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

// TestASignInForATokenBringsOneOrSaysSo: an identity provider whose tokens are over as
// soon as they are here is asked once.
func TestASignInForATokenBringsOneOrSaysSo(t *testing.T) {
	in := func(d time.Duration) map[string]any { return map[string]any{"iat": ago(time.Minute), "exp": ago(-d)} }
	for name, tt := range map[string]struct {
		claims map[string]any
		fault  string
		want   reason.Code
	}{
		"one that lasts":              {in(31 * time.Second), "", ""},
		"one that is nearly over":     {in(30 * time.Second), "", reason.ProofOver},
		"one that is over":            {in(-time.Second), "", reason.ProofOver},
		"the person would rather not": {nil, "access_denied", reason.SignInDeclined},
		"the provider is at fault":    {nil, "invalid_request", reason.StatusNotSuccess},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			s.revise = direct("test")
			before := s.signIn(t, in(time.Second))
			address, browser := s.stepUp(t, "acs:ram::2345678901234567:role/try", before)
			callback := s.through(t, address)
			if tt.fault != "" {
				callback = query(t, callback, "code", "", "error", tt.fault)
			}
			s.op.claims = tt.claims
			a := s.do(get(callback, browser, before))
			if tt.want == "" {
				if a.Code != http.StatusSeeOther || !strings.Contains(a.leadsTo(), "ticket=") || s.kept(t, a.cookies()[0]).Reveal() != s.op.lastToken() {
					t.Errorf("%d to %s: %s", a.Code, a.leadsTo(), s.log)
				}
				return
			}
			wantRefusal(t, a, tt.want)
			if signedOut := strings.Contains(a.text, "You are not signed in"); signedOut != (tt.want == reason.StatusNotSuccess) {
				t.Errorf("the page says that nobody is signed in: %t", signedOut)
			}
		})
	}
}

// A role that is taken in another way wants no token.
func TestOnlyWhatSTSIsShownIsASignInBegunFor(t *testing.T) {
	s := newStage(t)
	s.revise = direct("test")
	before := s.signIn(t, map[string]any{"acr": "mfa"})
	address, browser := s.stepUp(t, admin, before)
	s.op.claims = map[string]any{"iat": ago(time.Minute), "exp": ago(-time.Second)}
	if a := s.do(get(s.through(t, address), browser, before)); a.Code != http.StatusSeeOther {
		t.Errorf("%d %s", a.Code, s.log)
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
