package stories_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

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

// raceACallback: all at once, at either instance.
func raceACallback(t *testing.T, s *stack.Stack) {
	t.Helper()
	const copies = 16
	for round := range 3 {
		dave, address := intercept(t, s)
		answers, errs := make([]arrival, copies), make([]error, copies)
		var all sync.WaitGroup
		for i := range copies {
			all.Go(func() { answers[i], errs[i] = arrive(t.Context(), address, dave.Cookie("127.0.0.1", "__Host-b")) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		won := 0
		for _, answer := range answers {
			switch answer {
			case arrival{http.StatusSeeOther, true}:
				won++
			case arrival{http.StatusConflict, false}:
			default:
				t.Errorf("round %d: %+v", round, answer)
			}
		}
		if won != 1 {
			t.Errorf("round %d: %d signed in", round, won)
		}
	}
}

// arrival is how a callback was answered.
type arrival struct {
	status  int
	session bool
}

func arrive(ctx context.Context, address, browserCookie string) (arrival, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return arrival{}, err
	}
	request.AddCookie(&http.Cookie{Name: "__Host-b", Value: browserCookie})
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return arrival{}, err
	}
	defer func() { _ = answer.Body.Close() }()
	given := slices.ContainsFunc(answer.Cookies(), func(c *http.Cookie) bool { return c.Name == "__Host-s" })
	return arrival{answer.StatusCode, given}, nil
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

// exchangeAPersonsToken: who signs people in exchanges nothing, unless the file says
// so, and then no token that was made for a browser.
func exchangeAPersonsToken(t *testing.T, s *stack.Stack) {
	t.Helper()
	exchange(t, s, tokenOfDave(t, s, "n")).want(t, "invalid_request", "login_only", "")
	const audience = "      audiences: [fc-sso]\n"
	edit(t, s, audience, audience+"      exchange: true\n")
	endInstances(t, s)
	exchange(t, s, tokenOfDave(t, s, "n")).want(t, "invalid_request", "nonce_unexpected", "")
	if got := exchange(t, s, tokenOfDave(t, s, "")); got.status != http.StatusOK {
		t.Errorf("%d %s", got.status, got.body)
	}
	edit(t, s, audience+"      exchange: true\n", audience)
	endInstances(t, s)
}

// tokenOfDave is an ID token that the bundle never saw: somebody else acts as its
// client, which is public.
func tokenOfDave(t *testing.T, s *stack.Stack, nonce string) string {
	t.Helper()
	const verifier = "a-verifier-of-43-characters-0123456789-abcd"
	sum := sha256.Sum256([]byte(verifier))
	redirectURI, caught := s.URL+"/oidc/contoso/callback", &withheld{}
	wish := url.Values{
		"response_type": {"code"}, "client_id": {"fc-sso"}, "redirect_uri": {redirectURI}, "scope": {"openid email"}, "state": {"s"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"},
	}
	if nonce != "" {
		wish.Set("nonce", nonce)
	}
	dave := newDave(s)
	dave.Browser = browser.New(caught)
	form := must[*browser.Page](t)(dave.Open(t.Context(), s.IDPs[1].Issuer+"/authorize?"+wish.Encode()))
	must[*browser.Page](t)(dave.Answer(t.Context(), form))
	answer := must[*url.URL](t)(url.Parse(caught.address)).Query()
	page := post(t.Context(), t, s.IDPs[1].Issuer+"/token", url.Values{
		"grant_type": {"authorization_code"}, "code": answer["code"], "redirect_uri": {redirectURI}, "client_id": {"fc-sso"}, "code_verifier": {verifier},
	})
	var tokens struct {
		ID string `json:"id_token"`
	}
	if err := json.Unmarshal([]byte(page.Body), &tokens); err != nil || tokens.ID == "" {
		t.Fatalf("%v: %d %s", err, page.Status, page.Body)
	}
	return tokens.ID
}
