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
	s := stack.Start(t, stack.Options{Instances: 2})
	for _, query := range []string{"decoded", "raw"} {
		t.Run("from the start page, queries "+query, func(t *testing.T) {
			s.Runtime(t, "alternate", query)
			signInAtContoso(t, s)
		})
	}
	t.Run("by a bookmark", func(t *testing.T) { followABookmarkByContoso(t, s) })
	t.Run("from the provider's tile", func(t *testing.T) { startAtContoso(t, s) })
	t.Run("who says no is not signed in", func(t *testing.T) { sayNo(t, s) })
	t.Run("a callback is of use once", func(t *testing.T) { replayACallback(t, s) })
	t.Run("another browser cannot finish it", func(t *testing.T) { finishAtAnothers(t, s) })
	t.Run("another provider cannot answer it", func(t *testing.T) { answerForAnother(t, s) })
	t.Run("two people at one browser", func(t *testing.T) { shareABrowser(t, s) })
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

// callback is the address by which the provider sent somebody back.
func callback(t *testing.T, page *browser.Page) string {
	t.Helper()
	for _, stop := range page.Trail {
		if _, address, _ := strings.Cut(stop, " "); strings.Contains(address, "/callback?") {
			return address
		}
	}
	t.Fatalf("no callback on the way\n%s", strings.Join(page.Trail, "\n"))
	return ""
}

func replayACallback(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave := newDave(s)
	used := callback(t, must[*browser.Page](t)(dave.SignIn(t.Context())))
	for range 2 { // either instance
		wantRefusal(t, must[*browser.Page](t)(dave.Open(t.Context(), used)), http.StatusConflict, "replayed")
	}
	wantRoles(t, must[*browser.Page](t)(dave.Open(t.Context(), s.URL+"/")), devSupport)
}

// withheld is the callback that a browser was on its way to, and did not reach.
type withheld struct{ address string }

func (w *withheld) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.address == "" && strings.HasSuffix(r.URL.Path, "/callback") {
		w.address = r.URL.String()
		return &http.Response{StatusCode: http.StatusGatewayTimeout, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}

// intercept has dave sign in up to the callback, which is returned and not followed.
func intercept(t *testing.T, s *stack.Stack) (*person.Person, string) {
	t.Helper()
	dave, caught := newDave(s), &withheld{}
	dave.Browser = browser.New(caught)
	must[*browser.Page](t)(dave.Answer(t.Context(), formAtContoso(t, s, dave)))
	if caught.address == "" {
		t.Fatal("nobody came back")
	}
	return dave, caught.address
}

func finishAtAnothers(t *testing.T, s *stack.Stack) {
	t.Helper()
	dave, address := intercept(t, s)
	thief := newDave(s)
	formAtContoso(t, s, thief) // who has begun a sign-in too, and thus has a cookie
	wantRefusal(t, must[*browser.Page](t)(thief.Open(t.Context(), address)), http.StatusForbidden, "sign_in_other_browser")
	wantRefusal(t, must[*browser.Page](t)(browser.New(nil).Open(t.Context(), address)), http.StatusForbidden, "sign_in_other_browser")
	// The attempts have not used up the honest one.
	wantRoles(t, must[*browser.Page](t)(dave.Open(t.Context(), address)), devSupport)
}

// answerForAnother: who answers stands in the answer, and in its path.
func answerForAnother(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, issuer := range []string{"https://login.example", s.IDPs[1].Issuer + "/", ""} {
		dave, address := intercept(t, s)
		mixed := must[*url.URL](t)(url.Parse(address))
		query := mixed.Query()
		query.Set("iss", issuer)
		mixed.RawQuery = query.Encode()
		wantRefusal(t, must[*browser.Page](t)(dave.Open(t.Context(), mixed.String())), http.StatusUnauthorized, "issuer_mismatch")
	}
	dave, address := intercept(t, s)
	page := must[*browser.Page](t)(dave.Open(t.Context(), strings.Replace(address, "/oidc/contoso/", "/oidc/acme/", 1)))
	if page.Status/100 != 4 {
		t.Errorf("%s: %d %s", page.URL, page.Status, person.Reason(page))
	}
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
	if late.Status/100 == 2 || strings.Contains(late.Body, "STS.") {
		t.Errorf("after another person came: status %d", late.Status)
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

func rotateAtOnce(t *testing.T, s *stack.Stack) {
	t.Helper()
	s.TurnKeys(t, "contoso", "rotate")
	s.TurnKeys(t, "contoso", "forget")
	dave := newDave(s)
	wantRefusal(t, must[*browser.Page](t)(dave.SignIn(t.Context())), http.StatusUnauthorized, "key_unknown")
	operate(t, s, "trust", "refresh", "contoso")
	endInstances(t, s)
	wantRoles(t, must[*browser.Page](t)(newDave(s).SignIn(t.Context())), devSupport)
}

// operate runs ssoctl as an operator of the stack.
func operate(t *testing.T, s *stack.Stack, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(stack.Bin(t), "ssoctl"), arguments...)
	command.Env = append(os.Environ(), "SSO_LOCAL_STACK=1", "SSO_URL="+s.URL,
		"SSO_OTS_ENDPOINT="+s.Tablestore.Endpoint, "SSO_OTS_INSTANCE="+s.Tablestore.Instance,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+s.Tablestore.AccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+s.Tablestore.AccessKeySecret)
	said, err := command.CombinedOutput()
	if err != nil {
		t.Fatalf("ssoctl %s: %v\n%s", strings.Join(arguments, " "), err, said)
	}
}
