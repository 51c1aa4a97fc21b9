package stories_test

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// staffAreUsers lets Acme's people be the RAM users that the demo's RAM has for them.
const staffAreUsers = `  - name: staff are RAM users
    idp: acme
    user: {account: "2345678901234567", principal: '{{email | before "@"}}@acme-dev.onaliyun.com', domains: [acme-dev.onaliyun.com]}
    condition: any
`

// TestNobodyNoticesThatRoleCredentialsRotate: each invocation has others, and those
// of the one before are refused by everybody. What a function kept of them would end
// here, in its clients of Tablestore, STS, KMS, IMS and of Function Compute itself.
func TestNobodyNoticesThatRoleCredentialsRotate(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Instances: 1, KMS: true})
	edit(t, s, "      audiences: [fc-sso]\n", "      audiences: [fc-sso]\n      exchange: true\n")
	edit(t, s, "\nrules:\n", directAccounts+staffAreUsers)
	endInstances(t, s)
	s.EachItsOwn(t, 0)
	for range 2 { // what the first invocations keep, the second ones would use
		t.Run("the timer", func(t *testing.T) { runTimer(t, s, 1) })
		t.Run("by SAML, with requests that KMS signs", func(t *testing.T) { signInAtAcme(t, s) })
		t.Run("by OpenID Connect, with a token that STS is shown", func(t *testing.T) { takeByToken(t, s) })
		t.Run("by responses that KMS signs", func(t *testing.T) { takeByResponse(t, s) })
		t.Run("an exchange", func(t *testing.T) {
			if got := exchange(t, s, tokenOfDave(t, s, ""), "resource", devSupport); got.status != http.StatusOK {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
		t.Run("a key that is fetched for a sign-in", func(t *testing.T) {
			s.TurnKeys(t, "contoso", "rotate")
			wantRoles(t, must[*browser.Page](t)(newDave(s).SignIn(t.Context())), devSupport, labTry, intlTry)
		})
	}
	t.Run("credentials that end in the middle of it", func(t *testing.T) { endInTheMiddle(t, s) })
}

func signInAtAcme(t *testing.T, s *stack.Stack) {
	t.Helper()
	alice := person.New(s.Ready, "acme", "alice")
	roles := must[*browser.Page](t)(alice.SignIn(t.Context()))
	wantRoles(t, roles, admin, readonly, developer)
	if got := must[person.Credentials](t)(alice.Credentials(t.Context(), roles, admin)); !strings.HasPrefix(got.AccessKeyID, "STS.") {
		t.Errorf("credentials %q", got.AccessKeyID)
	}
	wantConsole(t, s, must[*browser.Page](t)(alice.Take(t.Context(), roles, "/console", admin)), "admin", "alice@acme.example")
}

func takeByToken(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave := newDave(s)
	roles := must[*browser.Page](t)(dave.SignIn(t.Context()))
	wantRoles(t, roles, devSupport, labTry, intlTry)
	for _, arn := range []string{devSupport, labTry} {
		if got := must[person.Credentials](t)(dave.Credentials(t.Context(), roles, arn)); !strings.HasPrefix(got.AccessKeyID, "STS.") {
			t.Errorf("credentials %q", got.AccessKeyID)
		}
		wantConsole(t, s, must[*browser.Page](t)(dave.Take(t.Context(), roles, "/console", arn)), "dave@contoso.example")
	}
}

// takeByResponse is a federated account's console and credentials, and a RAM user's.
func takeByResponse(t *testing.T, s *stack.Stack) {
	t.Helper()
	wang, page, form := holder(t, s, "wangfang", auditor)
	wantConsole(t, s, must[*browser.Page](t)(wang.Submit(t.Context(), page, form, nil)), "auditor", global)
	roles := must[*browser.Page](t)(wang.Open(t.Context(), s.URL+"/"))
	if got := must[person.Credentials](t)(wang.Credentials(t.Context(), roles, auditor)); !strings.HasPrefix(got.AccessKeyID, "STS.") {
		t.Errorf("credentials %q", got.AccessKeyID)
	}
	page = must[*browser.Page](t)(wang.Open(t.Context(), s.URL+"/idp/2345678901234567/start"))
	form = must[browser.Form](t)(page.Form("/saml/SSO"))
	wantConsole(t, s, must[*browser.Page](t)(wang.Submit(t.Context(), page, form, nil)), "user/wangfang")
}

// endInTheMiddle has what an invocation was given refused after its first call, after
// its second and so on. It has no others: what it answers is that it could not, never
// that the person may not; nothing is issued on the way there, and once in the end.
func endInTheMiddle(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.EachItsOwn(t, 0)
	alice := person.New(s.Ready, "acme", "alice")
	roles := must[*browser.Page](t)(alice.SignIn(t.Context()))
	page := func(p *browser.Page, err error) (int, string) {
		got := must[*browser.Page](t)(p, err)
		return got.Status, person.Reason(got)
	}
	for name, ask := range map[string]func(uses int) (status int, code string){
		"an exchange": func(uses int) (int, string) {
			s.EachItsOwn(t, 0)
			token := tokenOfDave(t, s, "")
			s.EachItsOwn(t, uses)
			got := exchange(t, s, token, "resource", devSupport)
			return got.status, got.Code
		},
		"credentials": func(int) (int, string) { return page(alice.Take(t.Context(), roles, "/credentials", admin)) },
		"the console": func(int) (int, string) { return page(alice.Take(t.Context(), roles, "/console", admin)) },
	} {
		refused := 0
		for uses := 1; ; uses++ {
			s.EachItsOwn(t, uses)
			made := issued(t, s)
			status, code := ask(uses)
			if status == http.StatusOK && made() == 1 && refused > 0 {
				break
			}
			if status != http.StatusServiceUnavailable || made() != 0 || !slices.Contains([]string{"store_unavailable", "sts_unavailable"}, code) || uses > 10 {
				t.Fatalf("%s with %d calls: status %d %s, %d issued, %d refused before", name, uses, status, code, made(), refused)
			}
			refused++
		}
	}
	s.EachItsOwn(t, 0)
}

// issued counts the credentials that STS has made for functions since then.
func issued(t *testing.T, s *stack.Stack) func() int {
	t.Helper()
	count := func() int {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(s.Data, "logs", "emulators.log"))
		if err != nil {
			t.Fatal(err)
		}
		lines := slices.Collect(strings.Lines(string(text)))
		return len(slices.DeleteFunc(lines, func(line string) bool {
			return !strings.Contains(line, `"service":"sts"`) || !strings.Contains(line, `"action":"AssumeRole`) || !strings.Contains(line, `"refusal":""`)
		}))
	}
	before := count()
	return func() int { return count() - before }
}
