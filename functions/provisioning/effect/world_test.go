package effect_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/functions/provisioning/effect"
	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/lifecycle"
	"github.com/fc-sso/fc-sso/shared/openapi"
	"github.com/fc-sso/fc-sso/shared/ram"
)

// accounts are how many the stack has: each scene has one of its own.
const accounts = 70

// startStack starts one for all scenes: what they are about is in RAM alone.
func startStack(t *testing.T) *stack.Stack {
	t.Helper()
	var text strings.Builder
	text.WriteString("identityProviders:\n  - {id: okta, saml: {metadataURL: \"http://127.0.0.1:1/\"}}\naccounts:\n")
	for n := range accounts {
		id := numbered(n)
		fmt.Fprintf(&text, "  - id: %q\n    maintenanceRole: acs:ram::%s:role/maintenance\n", id, id)
	}
	file := filepath.Join(t.TempDir(), "federation.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return stack.Start(t, stack.Options{Federation: file})
}

func numbered(n int) string { return fmt.Sprintf("20000000000000%02d", n) }

// scene is one account's RAM, and what is made of it.
type scene struct {
	*testing.T

	s       *stack.Stack
	id      string
	account federation.Account
	api     *openapi.Client
	effects *effect.Effects

	mu  sync.Mutex
	did []string // steps, in the operator's words; those that were not answered in brackets
}

func all() federation.Manage {
	return federation.Manage{Users: true, Groups: true, Delete: true, Deny: true}
}

func newScene(t *testing.T, s *stack.Stack, n int, manage federation.Manage) *scene {
	t.Helper()
	id := numbered(n)
	c := &scene{T: t, s: s, id: id, api: openapi.New(time.Now, rand.Reader)}
	c.account = account(t, manage, func(d *federation.AccountDraft) { d.ID, d.MaintenanceRole = id, "acs:ram::"+id+":role/maintenance" })
	c.again()
	return c
}

func (c *scene) key() ram.Credentials {
	return ram.Credentials{AccessKeyID: c.s.Cloud.AccessKeyID, AccessKeySecret: ram.Secret(c.s.Cloud.AccessKeySecret)}
}

// again begins as another invocation does: it knows nothing.
func (c *scene) again() {
	c.effects = effect.New(effect.Config{
		API: c.api, STSEndpoint: c.s.Cloud.STS, IMSEndpoint: c.s.Cloud.IMS, RAMEndpoint: c.s.Cloud.RAM, Now: time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) { return c.key(), nil },
		Wrote: func(_ context.Context, id ram.AccountID, s effect.Step, err error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			if id.String() != c.id {
				c.Errorf("%s was written in account %s", s.Words, id)
			}
			words := s.Words
			if err != nil {
				words = "[" + words + "]"
			}
			c.did = append(c.did, words)
		},
	})
}

// wanted is ada as she is wanted.
func (c *scene) wanted(status lifecycle.Status, change ...func(*effect.Wanted)) effect.Wanted {
	w := effect.Wanted{Account: c.account, IdP: "okta", Name: "ada", DisplayName: "Ada L", Email: "ada@acme.com", Status: status, There: status == lifecycle.Active, Groups: []string{"dev"}}
	for _, f := range change {
		f(&w)
	}
	return w
}

// user makes it so, and says what was done.
func (c *scene) user(w effect.Wanted) string {
	c.Helper()
	c.did = nil
	if err := c.effects.User(c.Context(), w); err != nil {
		c.Fatalf("%v, after %q", err, c.did)
	}
	return strings.Join(c.did, "\n")
}

func (c *scene) group(w effect.Group) string {
	c.Helper()
	c.did = nil
	w.Account, w.IdP = c.account, "okta"
	if err := c.effects.Group(c.Context(), w); err != nil {
		c.Fatalf("%v, after %q", err, c.did)
	}
	return strings.Join(c.did, "\n")
}

// settled fails where anything is left to do.
func (c *scene) settled(w effect.Wanted) {
	c.Helper()
	c.again()
	if did := c.user(w); did != "" {
		c.Errorf("there was more to do:\n%s", did)
	}
}

// ram is what somebody does there by hand.
func (c *scene) ram(action string, params ...string) {
	c.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(params); i += 2 {
		values.Set(params[i], params[i+1])
	}
	role, err := ram.ParseRoleARN("acs:ram::" + c.id + ":role/" + stack.DirectoryRole)
	if err != nil {
		c.Fatal(err)
	}
	credentials, err := c.api.AssumeRole(c.Context(), openapi.Assuming{Endpoint: c.s.Cloud.STS, Role: role, SessionName: "operator", Lasts: 15 * time.Minute, Credentials: c.key()})
	if err != nil {
		c.Fatal(err)
	}
	var answer struct{}
	err = c.api.Call(c.Context(), openapi.Request{Endpoint: c.s.Cloud.RAM, Version: "2015-05-01", Action: action, Params: values, Credentials: credentials}, &answer)
	if err != nil {
		c.Fatal(action, err)
	}
}

// has is all that RAM holds, without what is made at random.
func (c *scene) has() string {
	c.Helper()
	d := c.s.Directory(c.T, c.id)
	for i := range d.Users {
		d.Users[i].ID = ""
		for j := range d.Users[i].Keys {
			d.Users[i].Keys[j].ID = ""
		}
	}
	var lines []string
	for _, u := range d.Users {
		lines = append(lines, text(c.T, u))
	}
	for _, g := range d.Groups {
		g.ID = ""
		lines = append(lines, text(c.T, g))
	}
	for _, p := range d.Policies {
		lines = append(lines, "policy "+p.Name)
	}
	return strings.Join(lines, "\n")
}

func text(t *testing.T, v any) string {
	t.Helper()
	line, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(`"id":"",`, "", `,"id":""`, "", `"`, "", made, "OURS", filled, "OKTAS").Replace(string(line))
}

// wantHas compares what RAM holds.
func (c *scene) wantHas(want ...string) {
	c.Helper()
	if got := c.has(); got != strings.Join(want, "\n") {
		c.Errorf("RAM has\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}
