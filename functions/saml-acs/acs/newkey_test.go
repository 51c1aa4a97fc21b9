package acs_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// rotated is a stage whose identity provider has a new certificate, of which nobody
// has told us.
func rotated(t *testing.T) (*stage, validatetest.IdP) {
	t.Helper()
	s := newStage(t)
	next := validatetest.Stranger(t)
	s.learn = func() {
		s.records["initiated"] = s.idp.Record(named("initiated"), func(source *trust.Source, keys *trust.Keys) {
			source.SAML.AllowIdPInitiated = true
			keys.Certificates, keys.FetchedAt = next.Keys().Certificates, keys.FetchedAt.Add(time.Minute)
		})
	}
	return s, next
}

func TestASignInByANewCertificateSucceedsAtOnce(t *testing.T) {
	s, next := rotated(t)
	response := next.Response(validatetest.As("initiated"), validatetest.For(validate.Expectation{EntityID: origin + "/saml/initiated/metadata", ACSURL: origin + "/saml/initiated/acs"}))
	if a := s.do(post("initiated", form("SAMLResponse", response))); a.Code != http.StatusSeeOther || len(a.cookies()) != 1 || !strings.Contains(s.log.String(), `"refresh":"done"`) {
		t.Errorf("%d %s\n%s", a.Code, s.log, a.text)
	}
}

func TestASignOutByANewCertificateSucceedsAtOnce(t *testing.T) {
	s, next := rotated(t)
	if a := s.do(signOut("initiated", form("SAMLRequest", next.Logout(service("initiated"))))); a.Code != http.StatusOK {
		t.Errorf("%d %s\n%s", a.Code, s.log, a.text)
	}
}

// TestTheFirstSignInFetchesTheFirstKeys of a record that has none yet.
func TestTheFirstSignInFetchesTheFirstKeys(t *testing.T) {
	s := newStage(t)
	s.learn = func() { s.records["pending"] = s.idp.Record(named("pending")) }
	a := s.do(httptest.NewRequest(http.MethodGet, origin+"/saml/pending/login", nil))
	if a.Code != http.StatusFound || !strings.HasPrefix(a.leadsTo(), "https://idp.example/sso?") {
		t.Errorf("%d %v", a.Code, a.Header())
	}
}
