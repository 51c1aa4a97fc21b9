package session_test

import (
	"net/url"
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
		"/go/a%20b/c": "/go/a%20b/c",
	} {
		if got, err := session.Target(to); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", to, got, err, want)
		}
	}
	for _, to := range []string{
		"https://evil.example/", "//evil.example/go/", "//evil.example", `/\evil.example`, `/go/\evil.example`, `\\evil.example`,
		"/go/../signout", "/go//a", "/go/a/", "/console", "/go", "javascript:alert(1)", "/go/a/b#x", "/go/a\r\nSet-Cookie:x", "http:/go/a/b",
		"/go/%2e%2e/x", "/go/" + string(make([]byte, 3000)),
	} {
		_, err := session.Target(to)
		wantReason(t, err, reason.TargetNotAllowed)
	}
}

func TestATicketOpensWhatTheSessionWasBegunFor(t *testing.T) {
	d := newDesk()
	s, other := d.begin(t), d.begin(t)
	for _, target := range []string{"/go/acme-prod/admin", "/go/acme-prod/admin?to=https%3A%2F%2Fecs.console.aliyun.com%2F%3Fa%3Db"} {
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
