package stories_test

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// TestSignInByOpenIDConnect is what Alibaba Cloud itself does not offer: people of an
// OpenID Provider, at its page, and then among their roles.
func TestSignInByOpenIDConnect(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Instances: 2})
	for _, query := range []string{"decoded", "raw"} {
		t.Run("from the start page, queries "+query, func(t *testing.T) {
			s.Runtime(t, "alternate", query)
			signInAtContoso(t, s)
		})
	}
	t.Run("by a bookmark", func(t *testing.T) { followABookmarkByContoso(t, s) })
	t.Run("by an e-mail address", func(t *testing.T) { comeByAddress(t, s) })
	t.Run("from the provider's tile", func(t *testing.T) { startAtContoso(t, s) })
	t.Run("who says no is not signed in", func(t *testing.T) { sayNo(t, s) })
	t.Run("a callback is of use once", func(t *testing.T) { replayACallback(t, s) })
	t.Run("of many copies of a callback one signs in", func(t *testing.T) { raceACallback(t, s) })
	t.Run("another browser cannot finish it", func(t *testing.T) { finishAtAnothers(t, s) })
	t.Run("another provider cannot answer it", func(t *testing.T) { answerForAnother(t, s) })
	t.Run("two people at one browser", func(t *testing.T) { shareABrowser(t, s) })
	t.Run("a person's token is no workload's", func(t *testing.T) { exchangeAPersonsToken(t, s) })
	t.Run("where STS is shown their token", func(t *testing.T) { showTheirToken(t, s) })
	t.Run("what real providers do differently", func(t *testing.T) { signInDespiteQuirks(t, s) })
	t.Run("a key announced, used, and the old one gone", func(t *testing.T) { rotateInOrder(t, s) })
	t.Run("a key that nobody was told of", func(t *testing.T) { rotateAtOnce(t, s) })
}

func newDave(s *stack.Stack) *person.Person { return person.New(s.Ready, "contoso", "dave") }

func signInAtContoso(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave := newDave(s)
	roles := must[*browser.Page](t)(dave.SignIn(t.Context()))
	wantRoles(t, roles, devSupport)
	if !strings.Contains(roles.Body, "dave@contoso.example") {
		t.Error("the page does not say who is signed in")
	}
	credentials := must[person.Credentials](t)(dave.Credentials(t.Context(), roles, devSupport))
	if !strings.HasPrefix(credentials.AccessKeyID, "STS.") || credentials.SecurityToken == "" {
		t.Errorf("credentials %q", credentials.AccessKeyID)
	}
	console := must[*browser.Page](t)(dave.Take(t.Context(), roles, "/console", devSupport))
	wantConsole(t, s, console, "dev-support", "dave@contoso.example", "2345678901234567")
	wantRoles(t, must[*browser.Page](t)(person.New(s.Ready, "contoso", "erin").SignIn(t.Context())))
}

func followABookmarkByContoso(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave := newDave(s)
	bookmark := s.URL + "/go/acme-dev/dev-support?to=" + url.QueryEscape("https://ecs.console.aliyun.com/server?a=1&b=%C3%BC")
	chooser := must[*browser.Page](t)(dave.Open(t.Context(), bookmark))
	page := must[*browser.Page](t)(dave.Choose(t.Context(), chooser))
	if form, err := page.Form("/console"); err == nil { // it asks once, since the way led across another site
		page = must[*browser.Page](t)(dave.Submit(t.Context(), page, form, nil))
	}
	wantConsole(t, s, page, "dev-support", "ecs.console.aliyun.com")
	wantConsole(t, s, must[*browser.Page](t)(dave.Open(t.Context(), bookmark)), "dev-support")
}

func comeByAddress(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave := newDave(s)
	chooser := must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/"))
	for _, form := range chooser.Forms {
		if form.Fields.Has("email") {
			page := must[*browser.Page](t)(dave.Submit(t.Context(), chooser, form, url.Values{"email": {"dave@contoso.example"}}))
			wantRoles(t, must[*browser.Page](t)(dave.Authenticate(t.Context(), page)), devSupport)
			return
		}
	}
	t.Errorf("%s asks for no e-mail address", chooser.URL)
}

func startAtContoso(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave := newDave(s)
	form := must[*browser.Page](t)(dave.StartAtIdP(t.Context()))
	wantRoles(t, must[*browser.Page](t)(dave.Authenticate(t.Context(), form)), devSupport)
}

// form is the provider's, for a sign-in that dave has begun.
func formAtContoso(t *testing.T, s *stack.Stack, p *person.Person) *browser.Page {
	t.Helper()
	form := must[*browser.Page](t)(p.Open(t.Context(), s.URL+"/oidc/contoso/login"))
	must[browser.Form](t)(form.Form("/signin"))
	return form
}

func sayNo(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave := newDave(s)
	form := formAtContoso(t, s, dave)
	no := must[*browser.Page](t)(dave.Submit(t.Context(), form, must[browser.Form](t)(form.Form("/cancel")), nil))
	wantRefusal(t, no, http.StatusForbidden, "sign_in_declined")
	wantRoles(t, must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/")))
	wantRoles(t, must[*browser.Page](t)(dave.SignIn(t.Context())), devSupport) // another time, yes
}

// shareABrowser: the second person takes the session's place, and what the first one
// left on the screen is worth nothing.
func shareABrowser(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave, erin := newDave(s), person.New(s.Ready, "contoso", "erin")
	erin.Browser = dave.Browser
	left := must[*browser.Page](t)(dave.SignIn(t.Context()))
	home := must[*browser.Page](t)(dave.Open(t.Context(), s.IDPs[1].Issuer+"/"))
	must[*browser.Page](t)(dave.Submit(t.Context(), home, must[browser.Form](t)(home.Form("/signout")), nil))
	page := must[*browser.Page](t)(erin.Authenticate(t.Context(), formAtContoso(t, s, erin)))
	wantRoles(t, page)
	if !strings.Contains(page.Body, "erin@contoso.example") || strings.Contains(page.Body, "dave@contoso.example") {
		t.Errorf("whose page is it?\n%.600s", page.Body)
	}
	late := must[*browser.Page](t)(dave.Take(t.Context(), left, "/credentials", devSupport))
	if !strings.Contains(late.Body, "erin@contoso.example") || strings.Contains(late.Body, "STS.") { // led to the page of who is here
		t.Errorf("after another person came: status %d\n%.600s", late.Status, late.Body)
	}
}

// signInDespiteQuirks: an issuer with a slash is another issuer, which the file has to
// say.
func signInDespiteQuirks(t *testing.T, s *stack.Stack) {
	t.Helper()
	issuer := "      issuer: " + s.IDPs[1].Issuer
	s.Quirks(t, "contoso", map[string]any{"issuer_slash": true, "audience_list": true, "no_jti": true})
	edit(t, s, issuer+"\n", issuer+"/\n")
	endInstances(t, s)
	dave := newDave(s)
	roles := must[*browser.Page](t)(dave.SignIn(t.Context()))
	wantRoles(t, roles, devSupport)
	wantRefusal(t, must[*browser.Page](t)(dave.Open(t.Context(), callback(t, roles))), http.StatusConflict, "replayed")
	s.Quirks(t, "contoso", map[string]any{})
	edit(t, s, issuer+"/\n", issuer+"\n")
	endInstances(t, s)
}

// rotateInOrder is how it should be: each key is published before it signs. The
// sources are read once on the way, as the timer will.
func rotateInOrder(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.TurnKeys(t, "contoso", "announce")
	operate(t, s, "trust", "refresh", "contoso")
	endInstances(t, s)
	wantRoles(t, must[*browser.Page](t)(newDave(s).SignIn(t.Context())), devSupport)
	s.TurnKeys(t, "contoso", "rotate")
	wantRoles(t, must[*browser.Page](t)(newDave(s).SignIn(t.Context())), devSupport)
	s.TurnKeys(t, "contoso", "forget")
	wantRoles(t, must[*browser.Page](t)(newDave(s).SignIn(t.Context())), devSupport)
}

// rotateAtOnce: the sign-in that meets the key fetches it, if it can be fetched.
func rotateAtOnce(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.Quirks(t, "contoso", map[string]any{"keys": "fail"})
	s.TurnKeys(t, "contoso", "rotate")
	s.TurnKeys(t, "contoso", "forget")
	wantRefusal(t, must[*browser.Page](t)(newDave(s).SignIn(t.Context())), http.StatusUnauthorized, "key_unknown")
	s.Quirks(t, "contoso", map[string]any{})
	for range 2 { // either instance
		wantRoles(t, must[*browser.Page](t)(newDave(s).SignIn(t.Context())), devSupport)
	}
}

// operate runs ssoctl as an operator of the stack, and is what it says.
func operate(t *testing.T, s *stack.Stack, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(stack.Bin(t), "ssoctl"), arguments...)
	command.Env = append(os.Environ(), "SSO_LOCAL_STACK=1", "SSO_URL="+s.URL,
		"SSO_OTS_ENDPOINT="+s.Tablestore.Endpoint, "SSO_OTS_INSTANCE="+s.Tablestore.Instance,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+s.Tablestore.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+s.Tablestore.AccessKeySecret)
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("ssoctl %s: %v\n%s", strings.Join(arguments, " "), err, said)
	}
	return string(said)
}
