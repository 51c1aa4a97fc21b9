package login_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestASignInByANewKeySucceedsAtOnce, though its code was sent once.
func TestASignInByANewKeySucceedsAtOnce(t *testing.T) {
	s := newStage(t)
	callback, browser := s.arrive(t, "/oidc/test/login")
	s.op.issuer = validatetest.OtherIssuer(t).Named("next")
	s.learn = func() {
		s.learned = func(learned *trust.Issuer) { learned.FetchedAt = learned.FetchedAt.Add(time.Minute) }
		s.records["test"] = s.record(t, "test")
	}
	if a := s.do(get(callback, browser)); a.Code != http.StatusSeeOther || !strings.Contains(s.log.String(), `"refresh":"done"`) {
		t.Errorf("%d %s", a.Code, s.log)
	}
	wantRefusal(t, s.do(get(callback, browser)), reason.Replayed)
	if came, faults := s.op.requests(); came != 1 || faults != "" {
		t.Errorf("%d requests, faults %q", came, faults)
	}
}

// TestTheFirstSignInFetchesTheFirstKeys of a record that has none yet.
func TestTheFirstSignInFetchesTheFirstKeys(t *testing.T) {
	s := newStage(t)
	s.learn = func() {
		s.learned = func(*trust.Issuer) {}
		s.records["pending"] = s.record(t, "pending")
	}
	a := s.do(get(origin + "/oidc/pending/login"))
	if a.Code != http.StatusFound || !strings.HasPrefix(a.leadsTo(), s.op.URL+"/authorize?") {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}
