package portal_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/store"
)

// TestAChangeHoldsWithinThirtySeconds: a rule that was removed and a provider that
// was suspended, over the real store and the book that the functions keep, for a
// page that was open all the time. Only the clock is the test's.
func TestAChangeHoldsWithinThirtySeconds(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*federation.Draft)
		want   reason.Code
	}{
		"rule removed":       {func(d *federation.Draft) { d.Rules = d.Rules[1:] }, reason.RoleNotGranted},
		"rule only audits":   {func(d *federation.Draft) { d.Rules[0].Mode = "audit" }, reason.RoleNotGranted},
		"provider suspended": {func(d *federation.Draft) { d.IdentityProviders[0].Suspended = true }, reason.IdPSuspended},
		"provider removed": {func(d *federation.Draft) {
			d.IdentityProviders, d.Rules = d.IdentityProviders[1:], nil
		}, reason.IdPUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t)
			trust := s.shelve(t)
			s.apply(t, trust)
			pages := []func(url.Values, *http.Cookie) *http.Request{
				func(f url.Values, c *http.Cookie) *http.Request { return fromOwnPage("/credentials", f, c) },
				func(f url.Values, c *http.Cookie) *http.Request { return fromOwnPage("/console", f, c) },
				func(_ url.Values, c *http.Cookie) *http.Request {
					return with(get("/go/acme-prod/admin", c), "Sec-Fetch-Site", "none")
				},
			}
			var open []*http.Request
			for _, request := range pages {
				cookie := s.ada(t).Cookie()
				form := url.Values{"token": {token(t, s.do(t, get("/", cookie)).text)}, "role": {admin}}
				if a := s.do(t, request(form, cookie)); a.StatusCode >= http.StatusBadRequest {
					t.Fatalf("before: %s", a.Status)
				}
				open = append(open, request(form, cookie))
			}
			tt.change(&s.draft)
			s.apply(t, trust)
			s.now = s.now.Add(30 * time.Second)
			taken := len(s.mint.taken)
			for _, r := range open {
				wantRefusal(t, s.do(t, r), tt.want)
			}
			if len(s.mint.taken) != taken {
				t.Error("STS was asked for the role")
			}
			if left := len(s.rows.All()); (left == 0) != (tt.want != reason.RoleNotGranted) {
				t.Errorf("%d sessions are left", left)
			}
		})
	}
}

// shelve puts the trust into a Tablestore of its own, behind a book.
func (s *stage) shelve(t *testing.T) *store.Trust {
	t.Helper()
	server := stack.Tablestore(t).Tablestore
	client := store.Open(store.Config{
		Endpoint: server.Endpoint, Instance: server.Instance, Now: time.Now,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: server.AccessKeyID, AccessKeySecret: ram.Secret(server.AccessKeySecret)}, nil
		},
	})
	if _, err := store.CreateTables(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	trust := store.NewTrust(client)
	s.read = book.New(trust, func() time.Time { return s.now })
	return trust
}

// apply does what ssoctl does.
func (s *stage) apply(t *testing.T, trust *store.Trust) {
	t.Helper()
	head, err := trust.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rev, problems := federation.Compile(s.draft, federation.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var items []store.Item
	for _, item := range rev.Items() {
		items = append(items, store.Item(item))
	}
	if err := trust.Commit(t.Context(), rev.ID(), items, head, store.Note{At: s.now}); err != nil {
		t.Fatal(err)
	}
}

// TestASessionEndsInTime: an hour without use, and its end in any case, to the
// second, whatever page the browser still shows.
func TestASessionEndsInTime(t *testing.T) {
	s := newStage(t)
	ada := s.ada(t)
	form := url.Values{"token": {token(t, s.do(t, get("/", ada.Cookie())).text)}, "role": {admin}}
	for ; s.now.Before(ada.Ends()); s.now = s.now.Add(session.Idle - time.Second) {
		wantOnPage(t, s.do(t, get("/", ada.Cookie())), "ada@acme.com")
	}
	s.now = ada.Ends().Add(-time.Second)
	wantOnPage(t, s.do(t, get("/", ada.Cookie())), "ada@acme.com")
	s.now = ada.Ends()
	wantEnded(t, s.do(t, fromOwnPage("/credentials", form, ada.Cookie())), "/")

	s = newStage(t)
	ada = s.ada(t)
	form.Set("token", token(t, s.do(t, get("/", ada.Cookie())).text))
	s.now = s.now.Add(session.Idle)
	wantEnded(t, s.do(t, fromOwnPage("/credentials", form, ada.Cookie())), "/")
}
