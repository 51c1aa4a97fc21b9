package stories_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

// functionTimeout is the portal's in s.yaml: who is slower is killed by the
// platform, and the person sees its JSON.
const functionTimeout = 10 * time.Second

// TestTroubleInTheCloudIsAPage: whatever STS and the console's sign-in answer, if
// they answer at all, a person reads a page with a reason and a reference, in
// time, and gets no part of any credentials.
func TestTroubleInTheCloudIsAPage(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	alice := person.New(s.Ready, "acme", "alice")
	roles := must[*browser.Page](t)(alice.SignIn(t.Context()))
	for _, kind := range []string{"hang", "drip", "page", "empty", "null", "half", "broken off", "error", "throttling"} {
		t.Run(kind, func(t *testing.T) {
			s.Trouble(t, "sts", kind)
			wantTrouble(t, alice, roles, "/credentials", "sts_unavailable")
			s.Trouble(t, "sts", "")
			s.Trouble(t, "signin", kind)
			wantTrouble(t, alice, roles, "/console", "console_unavailable")
			s.Trouble(t, "signin", "")
		})
	}
	// What is over is over: the same session goes on, by the same page.
	must[person.Credentials](t)(alice.Credentials(t.Context(), roles, admin))
	wantConsole(t, s, must[*browser.Page](t)(alice.Take(t.Context(), roles, "/console", admin)), "admin")
}

func wantTrouble(t *testing.T, alice *person.Person, roles *browser.Page, action, code string) {
	t.Helper()
	began := time.Now()
	page := must[*browser.Page](t)(alice.Take(t.Context(), roles, action, admin))
	wantRefusal(t, page, http.StatusServiceUnavailable, code)
	if took := time.Since(began); took > functionTimeout {
		t.Errorf("%s: the refusal came after %s", action, took)
	}
	if page.Header.Get("Retry-After") == "" || strings.Contains(page.Body, "STS.") || strings.Contains(page.Body, "proxy's page") {
		t.Errorf("%s: headers %v, page\n%s", action, page.Header, page.Body)
	}
}

// TestAStoreThatRefusesIsARefusal: a table that is not there, and clocks that are
// 16 minutes apart (Tablestore takes 15). Nobody is let in, nothing is lost.
func TestAStoreThatRefusesIsARefusal(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	alice := person.New(s.Ready, "acme", "alice")
	roles := must[*browser.Page](t)(alice.SignIn(t.Context()))
	begun := person.New(s.Ready, "acme", "alice")
	answer, form := answerOf(t, s, begun)
	for name, disturb := range map[string]func(){
		"clock": func() { s.Clock(t, 16*time.Minute) },
		"sessions gone": func() {
			s.Fault(t, map[string]any{"table": "sso_session", "kind": "error", "code": "OTSObjectNotExist"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			disturb()
			for what, page := range map[string]*browser.Page{
				"the roles":    must[*browser.Page](t)(alice.Open(t.Context(), s.URL+"/")),
				"credentials":  must[*browser.Page](t)(alice.Take(t.Context(), roles, "/credentials", admin)),
				"the sign-out": must[*browser.Page](t)(alice.Submit(t.Context(), roles, must[browser.Form](t)(roles.Form("/signout")), nil)),
				"a login":      must[*browser.Page](t)(browser.New(nil).Open(t.Context(), s.URL+"/saml/acme/login")),
				"a response":   must[*browser.Page](t)(begun.Submit(t.Context(), answer, form, nil)),
			} {
				t.Log(what)
				wantRefusal(t, page, http.StatusServiceUnavailable, "store_unavailable")
			}
			s.Clock(t, 0)
			s.ClearFaults(t)
		})
	}
	wantRoles(t, must[*browser.Page](t)(begun.Submit(t.Context(), answer, form, nil)), admin, readonly, developer)
	must[person.Credentials](t)(alice.Credentials(t.Context(), roles, admin))
}

// TestTheLongestBookmarkLeadsThrough: what is taken with a session is taken without
// one, carried through the identity provider and into the console; a byte more
// is refused by name either way. FC takes 4 KB of address and carries 8 KB of
// headers back; the destination is escaped twice on its way.
func TestTheLongestBookmarkLeadsThrough(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{})
	for _, piece := range []string{"x", "%41", "&b=/", "%25"} {
		for _, query := range []string{"decoded", "raw"} {
			t.Run(piece+" "+query, func(t *testing.T) {
				s.Runtime(t, "", query)
				bob := person.New(s.Ready, "acme", "bob")
				chooser := must[*browser.Page](t)(bob.Open(t.Context(), s.URL+"/go/acme-prod/readonly?to="+longest(piece, 1800)))
				page := must[*browser.Page](t)(bob.Choose(t.Context(), chooser))
				wantConsole(t, s, page, "readonly", "ecs.console.aliyun.com")

				tooLong := s.URL + "/go/acme-prod/readonly?to=" + longest(piece, 1800+len(url.QueryEscape(piece)))
				wantRefusal(t, must[*browser.Page](t)(bob.Open(t.Context(), tooLong)), http.StatusBadRequest, "target_not_allowed")
				wantRefusal(t, must[*browser.Page](t)(browser.New(nil).Open(t.Context(), tooLong)), http.StatusBadRequest, "target_not_allowed")
			})
		}
	}
}

// longest is a console page of at most so many bytes, escaped.
func longest(piece string, size int) string {
	const page = "https://ecs.console.aliyun.com/server?a="
	left := size - len(url.QueryEscape(page))
	return url.QueryEscape(page + strings.Repeat(piece, left/len(url.QueryEscape(piece))))
}
