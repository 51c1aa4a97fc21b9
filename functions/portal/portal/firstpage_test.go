package portal_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/book/booktest"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// company has fifty accounts with ten roles each, given by a rule for each team to whoever
// is in its group, half of them for longer than an hour; and rules for others.
func company() federation.Draft {
	first := validatetest.Source()
	first.DisplayName, first.Attributes = "Acme ID", map[string]string{"email": "emailAddress", "groups": "memberOf"}
	second := validatetest.Source()
	second.ID, second.DisplayName, second.SAML.MetadataURL = "contoso", "Contoso", "https://contoso.example/metadata"
	d := federation.Draft{IdentityProviders: []trust.Source{first, second}}
	for a := range 50 {
		id := accountNumber(a)
		d.Accounts = append(d.Accounts, federation.AccountDraft{
			ID: id, Alias: fmt.Sprintf("acme-%s-%02d", []string{"prod", "dev", "test"}[a%3], a), MaintenanceRole: "acs:ram::" + id + ":role/fc-sso-maintenance",
		})
	}
	for i, team := range teams() {
		rule := federation.RuleDraft{
			Name: "the " + team + " team works in every account", IdP: "test",
			Condition: &federation.ConditionDraft{Operators: map[string]map[string][]string{"StringEquals": {"saml:groups": {"cloud-" + team, "cloud-everything"}}}},
		}
		for a := range 50 {
			rule.Roles = append(rule.Roles, "acs:ram::"+accountNumber(a)+":role/"+team)
		}
		if i%2 == 0 {
			rule.Session.DurationSeconds = int(4 * time.Hour / time.Second)
		}
		d.Rules = append(d.Rules, rule)
	}
	return d
}

func accountNumber(a int) string { return fmt.Sprint(1234567890123456 + a*7919) }

func teams() []string {
	return []string{"admin", "audit", "billing", "deploy", "developer", "network", "readonly", "security", "sre", "support"}
}

// rich is somebody who is in every team, before a portal whose trust is warm.
func rich(tb testing.TB) (*stage, *http.Request) {
	tb.Helper()
	s := newStage(tb)
	shelf := &booktest.Shelf{}
	shelf.Put(tb, company())
	s.read = book.New(shelf, func() time.Time { return s.now })
	s.longest = map[string]time.Duration{}
	groups := make([]string, 0, 2*len(teams()))
	for _, team := range teams() {
		groups = append(groups, "cloud-"+team, "mail-"+team)
		for a := range 50 {
			s.longest["acs:ram::"+accountNumber(a)+":role/"+team] = 2 * time.Hour
		}
	}
	who := s.signIn(tb, validatetest.Subject("ada"), validatetest.Attribute("emailAddress", "ada@acme.com"), validatetest.Attribute("memberOf", groups...))
	r := with(get("/", who.Cookie()), "Accept-Encoding", "gzip, deflate, br, zstd")
	return s, r
}

// fetched is an answer as it goes over the network, and its text.
func fetched(tb testing.TB, s *stage, r *http.Request) (size int, text string) {
	tb.Helper()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	answer := w.Result()
	sent, err := httputil.DumpResponse(answer, true)
	if err != nil {
		tb.Fatal(err)
	}
	body := io.Reader(w.Body)
	if answer.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(bytes.NewReader(w.Body.Bytes())); err != nil {
			tb.Fatal(err)
		}
	}
	all, err := io.ReadAll(body)
	if answer.StatusCode != http.StatusOK || err != nil {
		tb.Fatalf("%s: %s, %v", r.URL, answer.Status, err)
	}
	return len(sent), string(all)
}

// firstPage is all that a browser fetches that was never here: the list, style, script
// and icon.
func firstPage(tb testing.TB, s *stage, r *http.Request) (size int, text string) {
	tb.Helper()
	size, text = fetched(tb, s, r)
	files := map[string]bool{}
	for _, path := range regexp.MustCompile(`/static/[a-z0-9.]+`).FindAllString(text, -1) {
		files[path] = true
	}
	if len(files) != 3 {
		tb.Fatalf("the page links to %v", files)
	}
	for path := range files {
		more, _ := fetched(tb, s, with(get(path), "Accept-Encoding", "gzip"))
		size += more
	}
	return size, text
}

func TestTheFirstPageOfFiveHundredRolesIsSmall(t *testing.T) {
	s, r := rich(t)
	size, text := firstPage(t, s, r)
	t.Logf("%d bytes, of which the list is %d before it is compressed", size, len(text))
	if size >= 60_000 {
		t.Errorf("%d bytes", size)
	}
	if n := strings.Count(text, `<button name="role"`); n != 500 || !strings.Contains(text, "500 roles in 50 accounts") || !strings.Contains(text, "allows at most 2 h") {
		t.Errorf("%d roles", n)
	}
}

// TestOnlyTheListIsCompressed: credentials are a secret.
func TestOnlyTheListIsCompressed(t *testing.T) {
	s := newStage(t)
	cookie := s.ada(t).Cookie()
	list := s.do(t, with(get("/", cookie), "Accept-Encoding", "gzip"))
	if list.Header.Get("Content-Encoding") != "gzip" || list.Header.Get("Vary") != "Accept-Language, Cookie, Accept-Encoding" {
		t.Errorf("the list: %v", list.Header)
	}
	form := map[string][]string{"token": {token(t, s.do(t, get("/", cookie)).text)}, "role": {admin}}
	keys := s.do(t, with(fromOwnPage("/credentials", form, cookie), "Accept-Encoding", "gzip"))
	wantOnPage(t, keys, "s3cr3t")
	if keys.Header.Get("Content-Encoding") != "" {
		t.Errorf("credentials: %v", keys.Header)
	}
}

// BenchmarkFirstPage is the whole way of 500 roles through the function: session, rules,
// page and compression. cpu-ns/op is what the function is paid for, with its garbage.
func BenchmarkFirstPage(b *testing.B) {
	s, r := rich(b)
	size, _ := firstPage(b, s, r)
	begun := spent(b)
	for b.Loop() {
		s.handler.ServeHTTP(httptest.NewRecorder(), r)
		s.log.Reset()
	}
	b.ReportMetric(float64(spent(b)-begun)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(size), "B/wire")
}

func spent(tb testing.TB) time.Duration {
	tb.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
