package book_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/store"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// server is the embedded Tablestore server behind a proxy that counts.
type server struct {
	*stack.Stack
	trust *store.Trust
	calls atomic.Int64
	now   time.Time
}

func newServer(tb testing.TB) *server {
	tb.Helper()
	s := &server{Stack: stack.Tablestore(tb), now: time.Now()}
	target, err := url.Parse(s.Tablestore.Endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0) // a lost answer is what a fault is for
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.calls.Add(1)
		proxy.ServeHTTP(w, r)
	}))
	tb.Cleanup(front.Close)
	client := store.Open(store.Config{
		Endpoint: front.URL, Instance: s.Tablestore.Instance, Now: time.Now, Budget: time.Second,
		Credentials: func(context.Context) (ram.Credentials, error) {
			return ram.Credentials{AccessKeyID: s.Tablestore.AccessKeyID, AccessKeySecret: ram.Secret(s.Tablestore.AccessKeySecret)}, nil
		},
	})
	if _, err := store.CreateTables(tb.Context(), client); err != nil {
		tb.Fatal(err)
	}
	s.trust = store.NewTrust(client)
	return s
}

func (s *server) book() *book.Book { return book.New(s.trust, func() time.Time { return s.now }) }

// apply does what ssoctl does.
func (s *server) apply(tb testing.TB, draft federation.Draft) federation.Revision {
	tb.Helper()
	revision, problems := federation.Compile(draft, federation.Options{})
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	var rows []store.Item
	for _, item := range revision.Items() {
		rows = append(rows, store.Item(item))
	}
	head, err := s.trust.Head(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.trust.Commit(tb.Context(), revision.ID(), rows, head, store.Note{At: s.now}); err != nil {
		tb.Fatal(err)
	}
	return revision
}

// count says how many calls do makes.
func (s *server) count(tb testing.TB, do func() error) int64 {
	tb.Helper()
	before := s.calls.Load()
	if err := do(); err != nil {
		tb.Fatal(err)
	}
	return s.calls.Load() - before
}

// many is a federation of n identity providers, accounts and rules. Every
// identity provider has a rule, which gives a role of an account.
func many(n int) federation.Draft {
	var d federation.Draft
	for i := range n {
		s := validatetest.Source()
		s.ID = fmt.Sprintf("idp-%d", i)
		s.DisplayName, s.SAML.MetadataURL = "Identity provider "+s.ID, "https://"+s.ID+".example/metadata"
		s.EmailDomains = []string{s.ID + ".example"}
		account := fmt.Sprintf("1%015d", i)
		d.IdentityProviders = append(d.IdentityProviders, s)
		d.Accounts = append(d.Accounts, federation.AccountDraft{ID: account, Alias: fmt.Sprintf("account-%d", i)})
		d.Rules = append(d.Rules, federation.RuleDraft{
			Name: fmt.Sprint("rule ", i), IdP: s.ID, Roles: []string{"acs:ram::" + account + ":role/admin"},
			Condition: &federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": {"saml:groups": {"a", "b"}}}},
		})
	}
	return d
}

// gathered is a federation with all n rules at one identity provider.
func gathered(n int) federation.Draft {
	d := many(n)
	for i := range d.Rules {
		d.Rules[i].IdP = d.IdentityProviders[0].ID
	}
	return d
}

// read are the ways in which the functions read the book.
func read(idp string) map[string]func(context.Context, *book.Book) error {
	return map[string]func(context.Context, *book.Book) error{
		"record": func(ctx context.Context, b *book.Book) error {
			_, err := b.Record(ctx, idp)
			return err
		},
		"part": func(ctx context.Context, b *book.Book) error {
			reading, err := b.Read(ctx)
			if err != nil {
				return err
			}
			_, err = reading.Part(ctx, idp)
			return err
		},
		"list": func(ctx context.Context, b *book.Book) error {
			reading, err := b.Read(ctx)
			if err != nil {
				return err
			}
			_, err = reading.IdentityProviders(ctx)
			return err
		},
	}
}

// TestWhatASignInCostsDoesNotGrow is the budget in calls to Tablestore, which is
// the same with one identity provider and with a thousand.
func TestWhatASignInCostsDoesNotGrow(t *testing.T) {
	s := newServer(t)
	for _, n := range []int{1, 1000} {
		s.apply(t, many(n))
		for name, do := range read(fmt.Sprintf("idp-%d", n-1)) {
			b := s.book()
			for _, step := range []struct {
				name   string
				passed time.Duration
				want   int64
			}{{"cold", 0, 2}, {"warm", 29 * time.Second, 0}, {"after 30 s", time.Second, 1}} {
				s.now = s.now.Add(step.passed)
				if got := s.count(t, func() error { return do(t.Context(), b) }); got != step.want {
					t.Errorf("%d records, %s, %s: %d calls, the budget is %d", n, name, step.name, got, step.want)
				}
			}
		}
	}
}

// TestManyRulesOfOneIdentityProviderAreReadByThePage: 1,000 rules and accounts.
func TestManyRulesOfOneIdentityProviderAreReadByThePage(t *testing.T) {
	s := newServer(t)
	s.apply(t, gathered(1000))
	b := s.book()
	for name, do := range read("idp-0") {
		if got := s.count(t, func() error { return do(t.Context(), b) }); got > 2 {
			t.Errorf("%s: %d calls", name, got)
		}
	}
	reading, err := b.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	part, err := reading.Part(t.Context(), "idp-0")
	if err != nil || len(part.Rules()) != 1000 || len(part.Accounts()) != 1000 {
		t.Errorf("%d rules, %d accounts, %v", len(part.Rules()), len(part.Accounts()), err)
	}
	all, err := reading.IdentityProviders(t.Context())
	if err != nil || len(all) != 1000 || all[999].ID != "idp-999" {
		t.Errorf("%d identity providers, %v", len(all), err)
	}
}

// TestTheStoresBookIsNotUsedStale: over the real store, and with its faults.
func TestTheStoresBookIsNotUsedStale(t *testing.T) {
	s := newServer(t)
	b := s.book()
	_, err := b.Record(t.Context(), "idp-0")
	refused(t, err, reason.FederationMissing)
	s.apply(t, many(2))
	_, err = b.Record(t.Context(), "idp-0")
	refused(t, err, "")

	suspended := many(2)
	suspended.IdentityProviders[0].Suspended = true
	s.apply(t, suspended)
	s.now = s.now.Add(29 * time.Second)
	if record, err := b.Record(t.Context(), "idp-0"); err != nil || record.Suspended() {
		t.Errorf("read before its time: %+v, %v", record, err)
	}
	s.Fault(t, map[string]any{"table": "sso_trust", "kind": "lost"})
	s.now = s.now.Add(time.Second)
	_, err = b.Record(t.Context(), "idp-0")
	refused(t, err, reason.StoreUnavailable)
	s.ClearFaults(t)
	if record, err := b.Record(t.Context(), "idp-0"); err != nil || !record.Suspended() {
		t.Errorf("after 30 s: %+v, %v", record, err)
	}
}

// TestNewKeysAreSeen: what rotation learned counts within 30 seconds, whatever
// version its row says.
func TestNewKeysAreSeen(t *testing.T) {
	s := newServer(t)
	s.apply(t, draft())
	b := s.book()
	for version := range int64(2) {
		entityID := fmt.Sprint("https://idp.example/", version)
		if err := s.trust.PutKeys(t.Context(), "test", learnedOf(t, entityID), version); err != nil {
			t.Fatal(err)
		}
		s.now = s.now.Add(30 * time.Second)
		if record, err := b.Record(t.Context(), "test"); err != nil || record.EntityID() != entityID {
			t.Fatalf("version %d: %+v, %v", version, record, err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1, 1000, 10_000} {
		for name, made := range map[string]func(int) federation.Draft{"spread": many, "one idp": gathered} {
			s := newServer(b)
			s.apply(b, made(n))
			for _, way := range []string{"record", "part", "list"} {
				s.bench(b, fmt.Sprintf("%s/%s/%d/cold", way, name, n), s.book, read("idp-0")[way])
				warm := s.book()
				s.bench(b, fmt.Sprintf("%s/%s/%d/warm", way, name, n), func() *book.Book { return warm }, read("idp-0")[way])
			}
		}
	}
}

func (s *server) bench(b *testing.B, name string, open func() *book.Book, do func(context.Context, *book.Book) error) {
	b.Helper()
	b.Run(name, func(b *testing.B) {
		if err := do(b.Context(), open()); err != nil { // a warm book is warm then
			b.Fatal(err)
		}
		before := s.calls.Load()
		for b.Loop() {
			if err := do(b.Context(), open()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(s.calls.Load()-before)/float64(b.N), "calls/op")
	})
}
