package portal_test

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/issue"
	"github.com/fc-sso/fc-sso/shared/mapping"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// declared is the mint with the real one's opinion of what may be issued.
type declared struct {
	mint

	real issue.Issuer // without an STS: what it would ask, it must have refused
}

func (m *declared) Issue(ctx context.Context, grant mapping.Grant, proof issue.Proof, authn samldoc.AuthnStatement) (issue.Issued, error) {
	return m.real.Issue(ctx, grant, proof, authn)
}

// TestASignInBySAMLLeavesNoProofToPassOn: where RAM decides too, by the caller's own
// proof, neither credentials nor the console are to be had here.
func TestASignInBySAMLLeavesNoProofToPassOn(t *testing.T) {
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

// withDirect has production's STS judge Entra's tokens too.
func withDirect(t *testing.T) *stage {
	t.Helper()
	s := withOIDC(t)
	s.draft.Accounts[0].Issue = "direct"
	s.draft.Accounts[0].OIDCProviders = map[string]string{"issuer": "acs:ram::" + prod + ":oidc-provider/entra"}
	s.draft.Rules = []federation.RuleDraft{{
		Name: "Entra's people", IdP: "issuer", Roles: []string{admin},
		Condition: &federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": {"oidc:iss": {validatetest.IssuerURL}}}},
	}}
	return s
}

// carol signed in by a token that is good for so long, which her session keeps.
func (s *stage) carol(t *testing.T, lasts time.Duration) *http.Cookie {
	t.Helper()
	carol := s.bob(t, map[string]any{"sub": "carol", "exp": s.now.Add(lasts).Unix()})
	keeper := session.Keeper{Rows: s.rows, Now: func() time.Time { return s.now }, Rand: rand.Reader}
	if err := keeper.Keep(t.Context(), carol, session.NewToken("e30.e30.c2ln", carol.Identity().TokenEnds())); err != nil {
		t.Fatal(err)
	}
	return carol.Cookie()
}

// TestSTSIsShownTheTokenOfAPersonsSignIn where the account wants that, and nobody else.
func TestSTSIsShownTheTokenOfAPersonsSignIn(t *testing.T) {
	s := withDirect(t)
	carol := s.carol(t, 5*time.Minute)
	list := s.do(t, get("/", carol))
	wantOnPage(t, list, `href="/go/acme-prod/admin"`, `value="`+admin+`"`)
	form := url.Values{"role": {admin}, "token": {token(t, list.text)}}
	for name, r := range map[string]*http.Request{
		"the list":   fromOwnPage("/console", form, carol),
		"a bookmark": with(get("/go/acme-prod/admin", carol), "Sec-Fetch-Site", "none"),
	} {
		s.mint.shown = issue.Proof{}
		if a := s.do(t, r); a.StatusCode != http.StatusSeeOther || !strings.HasPrefix(a.leadsTo(), "https://signin.aliyun.com/") || s.mint.shown != issue.OIDCToken("issuer", "e30.e30.c2ln") {
			t.Errorf("%s: %s to %s: %s", name, a.Status, a.leadsTo(), s.log)
		}
	}
	s.mint.shown = issue.Proof{}
	wantOnPage(t, s.do(t, fromOwnPage("/credentials", form, carol)), "STS.example")
	if s.mint.shown != issue.OIDCToken("issuer", "e30.e30.c2ln") || len(s.mint.taken) != 3 {
		t.Errorf("taken %q", s.mint.taken)
	}
	log := s.log.String()
	if strings.Contains(log, "e30.e30.c2ln") || strings.Count(log, `"token_sha256":"`+validate.MessageSHA256("e30.e30.c2ln")+`"`) != 3 || strings.Count(log, `"way":"direct"`) != 3 {
		t.Errorf("the log says %s", log)
	}

	s.draft.Accounts[0].Issue = "assume-role"
	if s.do(t, fromOwnPage("/console", form, carol)); s.mint.shown != (issue.Proof{}) {
		t.Error("an account that issues otherwise is shown it")
	}
}

// TestWhoseTokenIsOverSignsInAgain, and is then where they wanted to be.
func TestWhoseTokenIsOverSignsInAgain(t *testing.T) {
	const link = "/oidc/issuer/login?stepup=acs%3Aram%3A%3A1234567890123456%3Arole%2Fadmin&to="
	for name, lasts := range map[string]time.Duration{ // a minute ago; 0: none was kept
		"over": time.Minute, "nearly over": time.Minute + session.TokenGoes, "not kept by then": 0,
	} {
		t.Run(name, func(t *testing.T) {
			s := withDirect(t)
			carol := s.bob(t, map[string]any{"sub": "carol"}).Cookie()
			if lasts > 0 {
				carol = s.carol(t, lasts)
			}
			s.now = s.now.Add(time.Minute)
			list := s.do(t, get("/", carol))
			wantOnPage(t, list, `href="/go/acme-prod/admin"`, admin)
			a := s.do(t, with(get("/go/acme-prod/admin?to=https://ecs.console.aliyun.com/", carol), "Sec-Fetch-Site", "same-origin"))
			if want := link + "%2Fgo%2Facme-prod%2Fadmin%3Fto%3Dhttps%253A%252F%252Fecs.console.aliyun.com%252F"; a.leadsTo() != want {
				t.Errorf("%s to %s, want %s", a.Status, a.leadsTo(), want)
			}
			form := url.Values{"role": {admin}, "token": {token(t, list.text)}}
			for path, to := range map[string]string{"/console": "%2Fgo%2Facme-prod%2Fadmin", "/credentials": "%2F"} {
				a := s.do(t, fromOwnPage(path, form, carol))
				if a.StatusCode != http.StatusForbidden || !strings.Contains(a.text, `href="`+link+to+`"`) || !strings.Contains(a.text, "what Entra said at your sign-in, and that has ended") {
					t.Errorf("%s: %s\n%s", path, a.Status, a.text)
				}
			}
			if len(s.mint.taken) > 0 || !strings.Contains(s.log.String(), `"step_up":"Entra's people"`) {
				t.Errorf("taken %q: %s", s.mint.taken, s.log)
			}
		})
	}
}

// TestNobodySignsInAgainAndAgain: after a sign-in that was begun for the role another one
// would help no more.
func TestNobodySignsInAgainAndAgain(t *testing.T) {
	s := withDirect(t)
	carol := s.bob(t, map[string]any{"sub": "carol"})
	ticketed, err := carol.Ticketed("/go/acme-prod/admin")
	if err != nil {
		t.Fatal(err)
	}
	wantRefusal(t, s.do(t, with(get(ticketed, carol.Cookie()), "Sec-Fetch-Site", "cross-site")), reason.ProofOver)
}

// TestWhatRAMSaysOfAPersonsTokenIsTheOperators: the portal has nobody told of a provider
// that RAM knows too little of.
func TestWhatRAMSaysOfAPersonsTokenIsTheOperators(t *testing.T) {
	s := withDirect(t)
	carol := s.carol(t, 5*time.Minute)
	const words = "AuthenticationFail.OIDCToken.PublicKeyFingerprintMismatch"
	s.mint.err = reason.New(reason.ProofRefused, "%s: %w", words, issue.ErrStaleProvider)
	a := s.do(t, with(get("/go/acme-prod/admin", carol), "Sec-Fetch-Site", "none"))
	wantRefusal(t, a, reason.ProofRefused)
	if strings.Contains(a.text, words) || !strings.Contains(s.log.String(), words) {
		t.Errorf("the page or the log: %s", s.log)
	}
}
