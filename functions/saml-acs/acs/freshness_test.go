package acs_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/book"
	"github.com/fc-sso/fc-sso/shared/book/booktest"
	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// TestASuspensionHoldsWithinThirtySeconds: for who begins to sign in, and for who
// was on the way. Only the clock is the test's.
func TestASuspensionHoldsWithinThirtySeconds(t *testing.T) {
	s := newStage(t)
	shelf := &booktest.Shelf{Keys: map[string][]byte{"test": stored(t, s.idp)}}
	s.trust = book.New(shelf, func() time.Time { return s.now })
	source := validatetest.Source()
	shelf.Put(t, federation.Draft{IdentityProviders: []trust.Source{source}})
	_, _, _ = s.login(t, "/saml/test/login")
	source.Suspended = true
	shelf.Put(t, federation.Draft{IdentityProviders: []trust.Source{source}})

	s.now = s.now.Add(29 * time.Second)
	id, relayState, browser := s.login(t, "/saml/test/login")
	response := s.idp.Response(validatetest.For(expectation("test", id)))
	s.now = s.now.Add(time.Second)
	wantRefusal(t, s.do(httptest.NewRequest(http.MethodGet, origin+"/saml/test/login", nil)), reason.IdPSuspended)
	wantRefusal(t, s.do(post("test", form("SAMLResponse", response, "RelayState", relayState), browser)), reason.IdPSuspended)
}

// stored are an identity provider's keys as rotation learned them.
func stored(t *testing.T, idp validatetest.IdP) []byte {
	t.Helper()
	keys := idp.Keys()
	keys.Origin = validatetest.Source().Origin()
	text, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
