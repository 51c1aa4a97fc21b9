package session_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
)

func TestTargetsAreOurOwn(t *testing.T) {
	for to, want := range map[string]string{
		"":                    "/",
		"/":                   "/",
		"/go/acme-prod/admin": "/go/acme-prod/admin",
		"/go/acme-prod/admin?to=https://ecs.console.aliyun.com/": "/go/acme-prod/admin?to=https%3A%2F%2Fecs.console.aliyun.com%2F",
		"/go/a%20b/c":                 "/go/a%20b/c",
		"/idp/1234567890123456/start": "/idp/1234567890123456/start",
		"/idp/1234567890123456/start?to=https://ecs.console.aliyun.com/":                 "/idp/1234567890123456/start?to=https%3A%2F%2Fecs.console.aliyun.com%2F",
		"/idp/1234567890123456/start?request=_a.B-1":                                     "/idp/1234567890123456/start?request=_a.B-1",
		"/idp/1234567890123456/start?request=a1&relay=%26x%3D%0a\"<&fresh=1795700000123": "/idp/1234567890123456/start?fresh=1795700000123&relay=%26x%3D%0A%22%3C&request=a1",
	} {
		if got, err := session.Target(to); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", to, got, err, want)
		}
	}
	for _, to := range []string{
		"https://evil.example/", "//evil.example/go/", "//evil.example", `/\evil.example`, `/go/\evil.example`, `\\evil.example`,
		"/go/../signout", "/go//a", "/go/a/", "/console", "/go", "javascript:alert(1)", "/go/a/b#x", "/go/a\r\nSet-Cookie:x", "http:/go/a/b",
		"/go/%2e%2e/x", "/go/" + string(make([]byte, 3000)),
		"/idp/", "/idp/start", "/idp//start", "/idp/1234567890123456", "/idp/1234567890123456/sso", "/idp/1234567890123456/start/", "/idp/1234567890123456//start",
		"/idp/acme-prod/start", "/idp/12345678%390123456/start", "/idp/../go/start", "/idp/\u0661/start", "/idp/1234567890123456/start#x", "/idp/" + strings.Repeat("1", 33) + "/start",
		"/idp/1/start?x=y", "/idp/1/start?request=a&request=b", "/idp/1/start?request=", "/idp/1/start?relay=a", "/idp/1/start?fresh=1795700000123", "/idp/1/start?request=a&to=b",
		"/idp/1/start?request=a&ticket=b", "/idp/1/start?request=a&passive=1", "/idp/1/start?request=1a", "/idp/1/start?request=a%22b", "/idp/1/start?request=a;b", "/idp/1/start?request=\u0430",
		"/idp/1/start?request=" + strings.Repeat("a", 129), "/idp/1/start?request=a&relay=%zz",
		"/idp/1/start?request=a&relay=" + strings.Repeat("a", 2048), "/idp/1/start?request=a&relay=" + strings.Repeat("%26", 600)[:1800] + strings.Repeat("<", 200),
		"/idp/1/start?request=a&fresh=now", "/idp/1/start?request=a&fresh=-1", "/idp/1/start?request=a&fresh=%2b1", "/idp/1/start?request=a&fresh=0", "/idp/1/start?request=a&fresh=01", "/idp/1/start?request=a&fresh=9999999999999999999",
	} {
		_, err := session.Target(to)
		wantReason(t, err, reason.TargetNotAllowed)
	}
}

func TestATicketOpensWhatTheSessionWasBegunFor(t *testing.T) {
	d := newDesk()
	s, other := d.begin(t), d.begin(t)
	for _, target := range []string{"/go/acme-prod/admin", "/go/acme-prod/admin?to=https%3A%2F%2Fecs.console.aliyun.com%2F%3Fa%3Db", "/idp/1234567890123456/start", "/idp/1234567890123456/start?to=https%3A%2F%2Fecs.console.aliyun.com%2F"} {
		ticketed, err := s.Ticketed(target)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(ticketed)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Opens(u, d.now) {
			t.Errorf("%s does not open", ticketed)
		}
		if other.Opens(u, d.now) || s.Opens(u, d.now.Add(2*time.Minute)) {
			t.Errorf("%s opens for another session, or for ever", ticketed)
		}
		u.Path = "/go/acme-prod/other"
		if s.Opens(u, d.now) {
			t.Error("the ticket opens another role")
		}
	}
	plain := &url.URL{Path: "/go/acme-prod/admin"}
	if s.Opens(plain, d.now) {
		t.Error("no ticket opens")
	}
}

func TestAStartSaysSinceWhenTheSignInMustBe(t *testing.T) {
	at := time.UnixMilli(1795700000123)
	fresh := session.Start{Account: "1", Request: "a", Relay: "x", Fresh: at}.Path()
	for target, want := range map[string]time.Time{fresh: at, "/idp/1/start?request=a": {}, "/": {}, "/go/a/b?fresh=1795700000123": {}, "/idp/1/start?fresh=1795700000123": {}, "%": {}} {
		if got, ok := session.FreshSince(target); !got.Equal(want) || ok == want.IsZero() {
			t.Errorf("%s: %s, %t", target, got, ok)
		}
	}
}

// FuzzTargetsAreOurs: whatever somebody hangs on a sign-in, it leads to a path of ours in
// one spelling, which is taken again as it is.
func FuzzTargetsAreOurs(f *testing.F) {
	for _, to := range []string{"/", "/go/a/b?to=x", "/idp/1/start?request=a&relay=%26&fresh=1795700000123", "/idp/1/start?to=%0a", "//x", "/go/a%2fb/c"} {
		f.Add(to)
	}
	f.Fuzz(func(t *testing.T, to string) {
		got, err := session.Target(to)
		if err != nil {
			if code := reason.Of(err); code != reason.TargetNotAllowed || got != "" {
				t.Errorf("%q: %q, %v", to, got, err)
			}
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Host != "" || u.Scheme != "" || !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\r\n\\") {
			t.Errorf("%q leads to %q, %v", to, got, err)
		}
		if start, err := session.ParseStart(u); err == nil && (start.Path() != got || len(got) > 2048) {
			t.Errorf("%q is spelled %q, and %q", to, got, start.Path())
		}
		if again, err := session.Target(got); len(got) <= 2048 && (err != nil || again != got) {
			t.Errorf("%q leads to %q, and that to %q, %v", to, got, again, err)
		}
	})
}
