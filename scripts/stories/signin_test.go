// Package stories_test tells what people do with fc-sso and what must hold when
// they do, against the real binaries on the local stack. Each promise in the
// README has a story.
package stories_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

const (
	admin      = "acs:ram::1234567890123456:role/admin"
	readonly   = "acs:ram::1234567890123456:role/readonly"
	developer  = "acs:ram::2345678901234567:role/developer"
	devSupport = "acs:ram::2345678901234567:role/dev-support"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Partner: true})
	for _, body := range []string{"plain", "base64"} {
		t.Run("from the start page, bodies "+body, func(t *testing.T) {
			s.Runtime(t, body, "")
			signInAndTakeAll(t, s)
		})
	}
	s.Runtime(t, "alternate", "")
	for _, query := range []string{"decoded", "raw"} {
		t.Run("by a bookmark, queries "+query, func(t *testing.T) {
			s.Runtime(t, "", query)
			followABookmark(t, s)
		})
	}
	t.Run("from the identity provider", func(t *testing.T) { startAtTheIdP(t, s) })
	t.Run("with nothing to become", func(t *testing.T) { haveNoRole(t, s) })
	t.Run("in Chinese", func(t *testing.T) { readChinese(t, s) })
	t.Run("signing out ends the session", func(t *testing.T) { signOut(t, s) })
	t.Run("signing out at the identity provider ends all sessions", func(t *testing.T) { signOutAtTheIdP(t, s) })
	t.Run("an operator ends all sessions of a person", func(t *testing.T) {
		endEverywhere(t, s, func(*person.Person, *browser.Page) {
			operate(t, s, "sessions", "end", "-idp", "acme", "alice@acme.example")
		})
	})
	t.Run("signing out everywhere ends all sessions", func(t *testing.T) {
		endEverywhere(t, s, func(here *person.Person, roles *browser.Page) {
			form := must[browser.Form](t)(roles.Form("/signout"))
			page := must[*browser.Page](t)(here.Submit(t.Context(), roles, form, url.Values{"everywhere": {"yes"}}))
			if page.Status != http.StatusOK || !strings.Contains(page.Body, "in every browser") {
				t.Errorf("%s: status %d\n%.600s", page.URL, page.Status, page.Body)
			}
			must[*browser.Page](t)(here.SignIn(t.Context()))
			wantRoles(t, must[*browser.Page](t)(here.Open(t.Context(), s.URL+"/")), admin, readonly, developer)
		})
	})
	t.Run("a response is of use once", func(t *testing.T) { replay(t, s) })
	t.Run("another browser cannot finish it", func(t *testing.T) { finishElsewhere(t, s) })
	t.Run("a forged click does nothing", func(t *testing.T) { forgeAClick(t, s) })
	t.Run("every answer is guarded", func(t *testing.T) { readHeaders(t, s) })
	t.Run("what is no response is refused", func(t *testing.T) { postRubbish(t, s) })
	t.Run("an identity provider pushes people", func(t *testing.T) { pushPeople(t, s) })
	t.Run("what is not there yet says so", func(t *testing.T) { askForTheRest(t, s) })
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func wantRoles(t *testing.T, page *browser.Page, want ...string) {
	t.Helper()
	got := person.Roles(page)
	slices.Sort(got)
	slices.Sort(want)
	if page.Status != http.StatusOK || !slices.Equal(got, want) {
		t.Fatalf("%s: status %d %s, roles %q, want %q\ntrail %s", page.URL, page.Status, person.Reason(page), got, want, strings.Join(page.Trail, "\n"))
	}
}

func signInAndTakeAll(t *testing.T, s *stack.Stack) {
	t.Helper()
	alice := person.New(s.Ready, "acme", "alice")
	roles := must[*browser.Page](t)(alice.SignIn(t.Context()))
	wantRoles(t, roles, admin, readonly, developer)

	wantPacked(t, s, alice, roles)
	credentials := must[person.Credentials](t)(alice.Credentials(t.Context(), roles, admin))
	left := time.Until(credentials.Expiration)
	if !strings.HasPrefix(credentials.AccessKeyID, "STS.") || credentials.SecurityToken == "" || left < 55*time.Minute || left > time.Hour {
		t.Errorf("credentials %q, token of %d bytes, %v left", credentials.AccessKeyID, len(credentials.SecurityToken), left)
	}

	console := must[*browser.Page](t)(alice.Take(t.Context(), roles, "/console", admin))
	wantConsole(t, s, console, "admin", "alice@acme.example", "1234567890123456")
}

// wantPacked: the roles page and what it links to go through the platform compressed where
// the client takes that, and as they are where it does not.
func wantPacked(t *testing.T, s *stack.Stack, p *person.Person, roles *browser.Page) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	get := func(path, accept string) (http.Header, []byte) {
		r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, nil))
		r.AddCookie(&http.Cookie{Name: "__Host-s", Value: p.Cookie(roles.URL.Hostname(), "__Host-s")})
		if accept != "" {
			r.Header.Set("Accept-Encoding", accept)
		}
		answer, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		return answer.Header, must[[]byte](t)(io.ReadAll(answer.Body))
	}
	style := regexp.MustCompile(`/static/app\.[0-9a-f]+\.css`).FindString(roles.Body)
	for path, word := range map[string]string{"/": "alice@acme.example", style: "box-sizing"} {
		plain, text := get(path, "")
		if plain.Get("Content-Encoding") != "" || !strings.HasSuffix(plain.Get("Vary"), "Accept-Encoding") || !bytes.Contains(text, []byte(word)) {
			t.Errorf("%s as it is: %v", path, plain)
		}
		answer, packed := get(path, "gzip, deflate, br")
		unpacked := must[[]byte](t)(io.ReadAll(must[*gzip.Reader](t)(gzip.NewReader(bytes.NewReader(packed)))))
		if answer.Get("Content-Encoding") != "gzip" || !bytes.Contains(unpacked, []byte(word)) || len(packed) > len(text)/2 {
			t.Errorf("%s compressed: %d of %d bytes, %v", path, len(packed), len(text), answer)
		}
	}
}

func wantConsole(t *testing.T, s *stack.Stack, page *browser.Page, words ...string) {
	t.Helper()
	if !strings.HasPrefix(page.URL.String(), s.Cloud.Signin+"/console") || page.Status != http.StatusOK {
		t.Fatalf("not the console: %s, status %d %s\ntrail %s", page.URL, page.Status, person.Reason(page), strings.Join(page.Trail, "\n"))
	}
	for _, word := range words {
		if !strings.Contains(page.Body, word) {
			t.Errorf("the console page does not say %q", word)
		}
	}
}

func followABookmark(t *testing.T, s *stack.Stack) {
	t.Helper()
	bob := person.New(s.Ready, "acme", "bob")
	bookmark := s.URL + "/go/acme-prod/readonly?to=" + url.QueryEscape("https://ecs.console.aliyun.com/server?a=1&b=%C3%BC")
	chooser := must[*browser.Page](t)(bob.Open(t.Context(), bookmark))
	page := must[*browser.Page](t)(bob.Choose(t.Context(), chooser))
	if form, err := page.Form("/console"); err == nil { // it asks once, since the way led across another site
		page = must[*browser.Page](t)(bob.Submit(t.Context(), page, form, nil))
	}
	wantConsole(t, s, page, "readonly", "bob@acme.example", "ecs.console.aliyun.com")

	again := must[*browser.Page](t)(bob.Open(t.Context(), bookmark))
	wantConsole(t, s, again, "readonly")

	wantNearly(t, must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/")), "acme-prod · admin", "needs groups “platform” or “sre”")
	refused := must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/go/acme-prod/admin"))
	wantRefusal(t, refused, http.StatusForbidden, "role_not_granted")
	elsewhere := must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/go/acme-prod/readonly?to=https%3A%2F%2Fevil.example%2F"))
	wantRefusal(t, elsewhere, http.StatusBadRequest, "target_not_allowed")
}

// wantNearly looks for a role that the person lacks something for, among those that cannot
// be taken; without words it wants none.
func wantNearly(t *testing.T, page *browser.Page, words ...string) {
	t.Helper()
	_, rows, told := strings.Cut(page.Body, `aria-labelledby="nearly"`)
	rows, _, _ = strings.Cut(rows, "</ul>")
	if told != (len(words) > 0) || strings.Contains(rows, "<button") || strings.Contains(rows, "acs:ram::") {
		t.Errorf("%s: told of what is nearly had: %v %s", page.URL, told, rows)
	}
	for _, word := range words {
		if !strings.Contains(rows, word) {
			t.Errorf("%s: not told %q: %s", page.URL, word, rows)
		}
	}
}

func wantRefusal(t *testing.T, page *browser.Page, status int, code string) {
	t.Helper()
	if page.Status != status || person.Reason(page) != code {
		t.Errorf("%s: status %d %q, want %d %q", page.URL, page.Status, person.Reason(page), status, code)
	}
	if !regexp.MustCompile(`<code>[0-9A-Z]{4}-[0-9A-Z]{4}(-[0-9A-Z]+)?</code>`).MatchString(page.Body) {
		t.Errorf("%s: no reference on the page", page.URL)
	}
	if set := page.Header.Values("Set-Cookie"); len(set) > 0 || page.Header.Get("Location") != "" {
		t.Errorf("%s: a refusal with cookie %q or redirect %q", page.URL, set, page.Header.Get("Location"))
	}
}

func startAtTheIdP(t *testing.T, s *stack.Stack) {
	t.Helper()
	frank := person.New(s.Ready, "fabrikam", "frank")
	form := must[*browser.Page](t)(frank.StartAtIdP(t.Context()))
	roles := must[*browser.Page](t)(frank.Authenticate(t.Context(), form))
	wantRoles(t, roles, devSupport)
	console := must[*browser.Page](t)(frank.Take(t.Context(), roles, "/console", devSupport))
	wantConsole(t, s, console, "dev-support", "frank@fabrikam.example", "2345678901234567")
}

func haveNoRole(t *testing.T, s *stack.Stack) {
	t.Helper()
	near := map[string][]string{"erin": {"acme-dev · dev-support", "needs groups “partners”"}}
	for idp, name := range map[string]string{"fabrikam": "grace", "contoso": "erin"} {
		roles := must[*browser.Page](t)(person.New(s.Ready, idp, name).SignIn(t.Context()))
		wantRoles(t, roles)
		wantNearly(t, roles, near[name]...)
		if !strings.Contains(roles.Body, name+"@"+idp+".example") {
			t.Error("the empty list does not say who is signed in")
		}
	}
}

func readChinese(t *testing.T, s *stack.Stack) {
	t.Helper()
	wang := person.New(s.Ready, "acme", "wangfang")
	wang.Language = "zh-CN,zh;q=0.9"
	roles := must[*browser.Page](t)(wang.SignIn(t.Context()))
	if !strings.Contains(roles.Body, `lang="zh-CN"`) || !strings.Contains(roles.Body, "角色") {
		t.Errorf("not in Chinese:\n%.400s", roles.Body)
	}
}

func signOut(t *testing.T, s *stack.Stack) {
	t.Helper()
	bob := person.New(s.Ready, "acme", "bob")
	roles := must[*browser.Page](t)(bob.SignIn(t.Context()))
	form := must[browser.Form](t)(roles.Form("/signout"))
	must[*browser.Page](t)(bob.Submit(t.Context(), roles, form, nil))
	page := must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/"))
	wantRoles(t, page)
	// The form of the old page is worth nothing any more.
	late := must[*browser.Page](t)(bob.Take(t.Context(), roles, "/credentials", readonly))
	if late.Status/100 == 2 || strings.Contains(late.Body, "STS.") {
		t.Errorf("after the sign-out: status %d", late.Status)
	}
}

func signOutAtTheIdP(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, who := range [][2]string{{"acme", "alice"}, {"fabrikam", "frank"}} {
		phone, laptop := person.New(s.Ready, who[0], who[1]), person.New(s.Ready, who[0], who[1])
		colleague := person.New(s.Ready, "acme", "bob")
		for _, p := range []*person.Person{phone, laptop, colleague} {
			must[*browser.Page](t)(p.SignIn(t.Context()))
		}
		end := must[*browser.Page](t)(phone.SignOutAtIdP(t.Context()))
		if end.Status != http.StatusOK || !strings.Contains(end.Body, "signed out everywhere") {
			t.Fatalf("%s: status %d %s\n%s", end.URL, end.Status, person.Reason(end), end.Body)
		}
		wantEnded(t, s, phone, laptop)
		wantRoles(t, must[*browser.Page](t)(colleague.Open(t.Context(), s.URL+"/")), readonly, developer)
		again := must[*browser.Page](t)(laptop.SignIn(t.Context()))
		if len(person.Roles(again)) == 0 {
			t.Errorf("%s cannot sign in again", who[1])
		}
	}
}

// endEverywhere has the sessions of a person end while they are at work with two browsers:
// the next page and the next click of the other one are told so.
func endEverywhere(t *testing.T, s *stack.Stack, end func(here *person.Person, roles *browser.Page)) {
	t.Helper()
	here, phone, tablet := person.New(s.Ready, "acme", "alice"), person.New(s.Ready, "acme", "alice"), person.New(s.Ready, "acme", "alice")
	colleague := person.New(s.Ready, "acme", "bob")
	roles := must[*browser.Page](t)(here.SignIn(t.Context()))
	must[*browser.Page](t)(phone.SignIn(t.Context()))
	open := must[*browser.Page](t)(tablet.SignIn(t.Context()))
	must[*browser.Page](t)(colleague.SignIn(t.Context()))
	end(here, roles)
	wantEnded(t, s, phone)
	click := must[*browser.Page](t)(tablet.Take(t.Context(), open, "/credentials", readonly))
	if click.Status != http.StatusUnauthorized || !strings.Contains(click.Body, "Your session has ended") || strings.Contains(click.Body, "STS.") {
		t.Errorf("%s: status %d\n%.600s", click.URL, click.Status, click.Body)
	}
	wantRoles(t, must[*browser.Page](t)(colleague.Open(t.Context(), s.URL+"/")), readonly, developer)
	wantRoles(t, must[*browser.Page](t)(phone.SignIn(t.Context())), admin, readonly, developer)
}

// wantEnded wants each to be told once that their session ended, and to be nobody then.
func wantEnded(t *testing.T, s *stack.Stack, people ...*person.Person) {
	t.Helper()
	for _, p := range people {
		page := must[*browser.Page](t)(p.Open(t.Context(), s.URL+"/"))
		if page.Status != http.StatusUnauthorized || !strings.Contains(page.Body, "Your session has ended") || strings.Contains(page.Body, "STS.") {
			t.Errorf("%s: status %d\n%.600s", page.URL, page.Status, page.Body)
		}
		wantRoles(t, must[*browser.Page](t)(p.Open(t.Context(), s.URL+"/")))
	}
}

// answerOf signs in at Acme up to the page that carries the response to the bundle.
func answerOf(t *testing.T, s *stack.Stack, p *person.Person) (*browser.Page, browser.Form) {
	t.Helper()
	login := must[*browser.Page](t)(p.Open(t.Context(), s.URL+"/saml/acme/login"))
	answer := must[*browser.Page](t)(p.Answer(t.Context(), login))
	return answer, must[browser.Form](t)(answer.Form("/acs"))
}

func replay(t *testing.T, s *stack.Stack) {
	t.Helper()
	alice := person.New(s.Ready, "acme", "alice")
	answer, form := answerOf(t, s, alice)
	wantRoles(t, must[*browser.Page](t)(alice.Submit(t.Context(), answer, form, nil)), admin, readonly, developer)
	wantRefusal(t, must[*browser.Page](t)(alice.Submit(t.Context(), answer, form, nil)), http.StatusConflict, "replayed")
}

func finishElsewhere(t *testing.T, s *stack.Stack) {
	t.Helper()
	alice, mallory := person.New(s.Ready, "acme", "alice"), browser.New(nil)
	answer, form := answerOf(t, s, alice)
	wantRefusal(t, must[*browser.Page](t)(mallory.Submit(t.Context(), answer, form, nil)), http.StatusForbidden, "sign_in_other_browser")
	// Nor does it without the RelayState: this identity provider is asked first.
	wantRefusal(t, must[*browser.Page](t)(mallory.Submit(t.Context(), answer, form, url.Values{"RelayState": nil})), http.StatusUnauthorized, "unsolicited_response")
	// The attempts have not used up the honest one.
	wantRoles(t, must[*browser.Page](t)(alice.Submit(t.Context(), answer, form, nil)), admin, readonly, developer)
}

func forgeAClick(t *testing.T, s *stack.Stack) {
	t.Helper()
	alice := person.New(s.Ready, "acme", "alice")
	roles := must[*browser.Page](t)(alice.SignIn(t.Context()))
	forged := url.Values{"token": {"0000"}}
	for _, form := range roles.Forms {
		if form.Action.Path != "/credentials" {
			continue
		}
		page := must[*browser.Page](t)(alice.Submit(t.Context(), roles, form, forged))
		wantRefusal(t, page, http.StatusForbidden, "request_forged")
		foreign := *roles
		foreign.URL = must[*url.URL](t)(url.Parse("http://localhost:1/"))
		page = must[*browser.Page](t)(alice.Submit(t.Context(), &foreign, form, nil))
		if page.Status/100 != 4 {
			t.Errorf("a click from another site: status %d", page.Status)
		}
	}
}

// readHeaders asks each function for what it gives and for what it refuses, as another
// site's script does: the platform would allow it to read whatever has no word on that.
func readHeaders(t *testing.T, s *stack.Stack) {
	t.Helper()
	for _, path := range []string{
		"/", "/healthz", "/nothing", "//evil.example", "/?to=https://evil.example", "/?lang=%0d%0aX-Evil:1", "/go/acme-prod/%0d%0aX-Evil:1", "/idp/1234567890123456/metadata", "/token",
		"/saml/acme/metadata", "/saml/acme/login", "/saml/acme/login?to=%0d%0aX-Evil:1", "/saml/%0d%0aX-Evil:1/login", "/saml/acme/acs", "/saml/healthz",
		"/oidc/contoso/login", "/oidc/contoso/callback", "/oidc/contoso/callback?error=%0d%0aX-Evil:1", "/oidc/token", "/oidc/healthz", "/sts", "/sts?Action=%0d%0aX-Evil:1", "/scim/v2/Users", "/scim/healthz",
	} {
		request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+path, http.NoBody))
		request.Header.Set("Origin", "https://evil.example")
		answer, err := http.DefaultTransport.RoundTrip(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin": s.URL, "Access-Control-Allow-Credentials": "", "X-Evil": "",
			"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			if got := strings.Join(answer.Header.Values(name), "|"); got != want {
				t.Errorf("%s: %s: %s is %q, not %q", path, answer.Status, name, got, want)
			}
		}
		if policy := answer.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "frame-ancestors 'none'") || len(answer.Header.Values("Set-Cookie")) > 1 {
			t.Errorf("%s: %s: %v", path, answer.Status, answer.Header)
		}
		if location := answer.Header.Get("Location"); answer.StatusCode >= http.StatusInternalServerError && answer.StatusCode != http.StatusNotImplemented || strings.Contains(location, "//evil") {
			t.Errorf("%s: %s to %q", path, answer.Status, location)
		}
	}
}

func postRubbish(t *testing.T, s *stack.Stack) {
	t.Helper()
	for name, response := range rubbish() {
		t.Run(name, func(t *testing.T) {
			page := post(t.Context(), t, s.URL+"/saml/acme/acs", url.Values{"SAMLResponse": {response}})
			if page.Status/100 != 4 || person.Reason(page) == "" {
				t.Fatalf("status %d %q", page.Status, person.Reason(page))
			}
			wantRefusal(t, page, page.Status, person.Reason(page))
		})
	}
}

// post sends a form as a program would, without a page before it.
func post(ctx context.Context, tb testing.TB, address string, form url.Values) *browser.Page {
	tb.Helper()
	b := browser.New(nil)
	target, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	from := &browser.Page{URL: &url.URL{Scheme: "http", Host: "localhost:1", Path: "/"}}
	page, err := b.Submit(ctx, from, browser.Form{Method: http.MethodPost, Action: target}, form)
	if err != nil {
		tb.Fatal(err)
	}
	return page
}

func askForTheRest(t *testing.T, s *stack.Stack) {
	t.Helper()
	if page := post(t.Context(), t, s.URL+"/scim/v2/Users", url.Values{"a": {"b"}}); page.Status != http.StatusUnauthorized || !strings.Contains(page.Body, "scim_token") {
		t.Errorf("/scim/v2/Users: status %d %.200s", page.Status, page.Body)
	}
	for path, function := range map[string]string{
		"/token": "portal",
	} {
		page := post(t.Context(), t, s.URL+path, url.Values{"a": {"b"}})
		if page.Status != http.StatusNotImplemented || !strings.Contains(page.Body, function) {
			t.Errorf("%s: status %d %.200s", path, page.Status, page.Body)
		}
	}
	if answer := string(s.Invoke(t, "provisioning", map[string]any{})); !strings.Contains(answer, "provisioning") || !strings.Contains(answer, "200") { // what is no event is kept, and not repeated
		t.Errorf("provisioning answered %s", answer)
	}
}
