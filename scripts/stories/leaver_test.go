package stories_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/scripts/stories/browser"
	"github.com/fc-sso/fc-sso/scripts/stories/person"
)

const development = "2345678901234567"

// TestALeaverIsOut measures it, by SCIM and by an event, with all caches as they are by
// default: sessions end within two seconds of the event, the next sign-in is refused
// within the minute, and the RAM user is disabled.
func TestALeaverIsOut(t *testing.T) {
	t.Parallel()
	s := stack.Start(t, stack.Options{Instances: 2})
	t.Run("by SCIM", func(t *testing.T) {
		alice := joined(t, s, "alice")
		id := scimUser(t, s, "alice@acme.example")
		scim(t, s, http.MethodPost, "/Groups", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"staff","members":[{"value":%q}]}`, id), http.StatusCreated)
		until(t, 20*time.Second, "her RAM user is made or adopted", func() bool { return ramUser(t, s, "alice").active })
		goes(t, s, alice, "alice", func() {
			scim(t, s, http.MethodPatch, "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Replace","path":"active","value":"False"}]}`, http.StatusOK)
		})
		scim(t, s, http.MethodPatch, "/Users/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":true}}]}`, http.StatusOK)
		comesBack(t, s, alice, "alice")
	})
	t.Run("by an event", func(t *testing.T) {
		bob := joined(t, s, "bob")
		bobNow := map[string]any{"idp": "acme", "id": "10042", "person": "bob@acme.example", "userName": "bob@acme.example", "email": "bob@acme.example", "displayName": "Bob"}
		tell := func(kind string, data map[string]any) {
			s.PutEvents(t, cloudEvent{
				ID: fmt.Sprint(kind, time.Now().UnixNano()), Source: "acme.hr", SpecVersion: "1.0", Type: "fcsso." + kind, DataContentType: "application/json",
				Time: time.Now().UTC().Format(time.RFC3339Nano), Data: data,
			})
		}
		tell("group.changed", map[string]any{"idp": "acme", "id": "g7", "name": "staff"})
		tell("person.changed", bobNow)
		tell("member.added", map[string]any{"idp": "acme", "id": "10042", "group": "g7"})
		until(t, 20*time.Second, "his RAM user is made or adopted", func() bool { return ramUser(t, s, "bob").active })
		goes(t, s, bob, "bob", func() { tell("person.left", bobNow) })
		tell("person.changed", bobNow)
		tell("member.added", map[string]any{"idp": "acme", "id": "10042", "group": "g7"})
		comesBack(t, s, bob, "bob")
	})
	t.Run("and the bad ones go", func(t *testing.T) { badOnesGo(t, s) })
}

// joined is somebody with a session.
func joined(t *testing.T, s *stack.Stack, name string) *person.Person {
	t.Helper()
	p := person.New(s.Ready, "acme", name)
	wantIn(t, must[*browser.Page](t)(p.SignIn(t.Context())))
	return p
}

func wantIn(t *testing.T, page *browser.Page) {
	t.Helper()
	if page.Status != http.StatusOK || len(person.Roles(page)) == 0 {
		t.Fatalf("%s: status %d %s, roles %q", page.URL, page.Status, person.Reason(page), person.Roles(page))
	}
}

// goes measures how long somebody who leaves is still in.
func goes(t *testing.T, s *stack.Stack, p *person.Person, name string, leave func()) {
	t.Helper()
	begun := time.Now()
	leave()
	until(t, 2*time.Second, "the session ends", func() bool {
		return person.Reason(must[*browser.Page](t)(p.Open(t.Context(), s.URL+"/"))) == "person_left"
	})
	session := time.Since(begun)
	until(t, time.Minute, "the next sign-in is refused", func() bool {
		return person.Reason(must[*browser.Page](t)(person.New(s.Ready, "acme", name).SignIn(t.Context()))) == "person_left"
	})
	login := time.Since(begun)
	for range 4 { // by each instance
		wantRefusal(t, must[*browser.Page](t)(person.New(s.Ready, "acme", name).SignIn(t.Context())), http.StatusForbidden, "person_left")
	}
	until(t, time.Minute, "the RAM user is disabled", func() bool { return ramUser(t, s, name).disabled })
	t.Logf("%s: session over %s after the event, sign-in refused after %s, RAM user disabled after %s",
		name, session.Round(time.Millisecond), login.Round(time.Millisecond), time.Since(begun).Round(time.Millisecond))
}

// comesBack: sessions of before stay over, and a new sign-in leads in.
func comesBack(t *testing.T, s *stack.Stack, p *person.Person, name string) {
	t.Helper()
	until(t, 20*time.Second, "the RAM user is active again", func() bool { return ramUser(t, s, name).active })
	if page := must[*browser.Page](t)(p.Open(t.Context(), s.URL+"/")); strings.Contains(page.Body, "Your roles") {
		t.Errorf("a session of before counts again: %s", page.Body)
	}
	wantIn(t, must[*browser.Page](t)(person.New(s.Ready, "acme", name).SignIn(t.Context())))
}

// standing is how RAM has somebody.
type standing struct{ active, disabled bool }

func ramUser(t *testing.T, s *stack.Stack, name string) standing {
	t.Helper()
	for _, u := range s.Directory(t, development).Users {
		if u.Name == name {
			denied := slices.Contains(u.Policies, "Custom/fc-sso-left")
			return standing{active: !denied && slices.Contains(u.Groups, "staff"), disabled: denied && u.LoginProfile == "" && len(u.Groups) == 0}
		}
	}
	return standing{}
}

// scimUser makes a person known as the identity provider would.
func scimUser(t *testing.T, s *stack.Stack, userName string) string {
	t.Helper()
	answer := scim(t, s, http.MethodPost, "/Users", fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":%q,"displayName":"Alice","active":true,"emails":[{"value":%q,"type":"work","primary":true}]}`, userName, userName), http.StatusCreated)
	var made struct{ ID string }
	if err := json.Unmarshal(answer, &made); err != nil {
		t.Fatal(err)
	}
	return made.ID
}

func scim(t *testing.T, s *stack.Stack, method, path, body string, status int) []byte {
	t.Helper()
	request := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), method, s.SCIM.URL+path, bytes.NewBufferString(body)))
	request.Header.Set("Authorization", "Bearer "+s.SCIM.Token)
	request.Header.Set("Content-Type", "application/scim+json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer := must[[]byte](t)(io.ReadAll(response.Body))
	if response.StatusCode != status {
		t.Fatalf("%s %s: %d, want %d: %s", method, path, response.StatusCode, status, answer)
	}
	return answer
}
