package acs_test

import (
	"encoding/base64"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/session"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// signOut posts a logout request, as the person's browser does for the identity
// provider: without any cookie.
func signOut(idp string, fields url.Values) *http.Request {
	r := httptest.NewRequest(http.MethodPost, origin+"/saml/"+idp+"/slo", strings.NewReader(fields.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://idp.example")
	return r
}

// withLogout is a stage whose identity provider takes answers to its requests,
// and a session of ada@example.com.
func withLogout(t *testing.T) (*stage, session.Session) {
	t.Helper()
	s := newStage(t)
	s.records["test"] = s.idp.Record(func(_ *trust.Source, k *trust.Keys) {
		k.SLO = []trust.Endpoint{{Binding: trust.BindingPOST, Location: "https://idp.example/slo/done"}}
	})
	begun, err := s.keeper().Begin(t.Context(), s.idp.Identity())
	if err != nil {
		t.Fatal(err)
	}
	return s, begun
}

func (s *stage) wantSession(t *testing.T, begun session.Session, want reason.Code) {
	t.Helper()
	if _, err := s.keeper().Get(t.Context(), begun.Cookie().Value); reason.Of(err) != want {
		t.Errorf("the session: %v, want %q", err, want)
	}
}

func TestTheIdentityProviderSignsAPersonOut(t *testing.T) {
	s, begun := withLogout(t)
	s.now = s.now.Add(time.Minute)
	request := s.idp.Logout(service("test"))
	a := s.do(signOut("test", form("SAMLRequest", request, "RelayState", "theirs <&>")))
	if a.Code != http.StatusOK || len(a.cookies()) != 0 {
		t.Fatalf("%d %v\n%s", a.Code, a.Header(), a.text)
	}
	s.wantSession(t, begun, reason.SessionMissing)
	field := regexp.MustCompile(`name="SAMLResponse" value="([^"]+)"`).FindStringSubmatch(a.text)
	if field == nil || !strings.Contains(a.text, `action="https://idp.example/slo/done"`) || !strings.Contains(a.text, `name="RelayState" value="`+html.EscapeString("theirs <&>")) {
		t.Fatalf("no answer in\n%s", a.text)
	}
	answer, err := base64.StdEncoding.DecodeString(html.UnescapeString(field[1]))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`InResponseTo="_logout-`, `Destination="https://idp.example/slo/done"`, "status:Success", "<ds:Signature",
		">" + origin + "/saml/test/metadata</saml:Issuer>",
	} {
		if !strings.Contains(string(answer), want) {
			t.Errorf("the answer lacks %s:\n%s", want, answer)
		}
	}
	if !strings.Contains(a.Header().Get("Content-Security-Policy"), " https://idp.example ") {
		t.Errorf("policy %s", a.Header().Get("Content-Security-Policy"))
	}
	wantRefusal(t, s.do(signOut("test", form("SAMLRequest", request))), reason.Replayed)
}

func service(idp string) string { return origin + "/saml/" + idp + "/slo" }

func TestWithoutAPlaceToAnswerThePersonIsTold(t *testing.T) {
	s, _ := withLogout(t)
	a := s.do(signOut("initiated", form("SAMLRequest", s.idp.Logout(service("initiated")))))
	if a.Code != http.StatusOK || strings.Contains(a.text, "SAMLResponse") || !strings.Contains(a.text, "signed out") {
		t.Errorf("%d\n%s", a.Code, a.text)
	}
}

func TestALogoutThatIsNotBelievedEndsNothing(t *testing.T) {
	s, begun := withLogout(t)
	good := s.idp.Logout(service("test"))
	for name, c := range map[string]struct {
		request *http.Request
		want    reason.Code
	}{
		"of a stranger":      {signOut("test", form("SAMLRequest", validatetest.Stranger(t).Logout(service("test")))), reason.SignatureInvalid},
		"for another":        {signOut("test", form("SAMLRequest", s.idp.Logout(service("initiated")))), reason.DestinationMismatch},
		"unsigned":           {signOut("test", form("SAMLRequest", s.idp.Logout(service("test"), validatetest.Signed(false, false)))), reason.SignatureMissing},
		"a response":         {signOut("test", form("SAMLRequest", s.idp.Response())), reason.MessageMalformed},
		"in the wrong field": {signOut("test", form("SAMLResponse", good)), reason.RequestMalformed},
		"twice":              {signOut("test", form("SAMLRequest", good, "SAMLRequest", good)), reason.RequestMalformed},
		"long RelayState":    {signOut("test", form("SAMLRequest", good, "RelayState", strings.Repeat("x", 81))), reason.RequestMalformed},
		"unknown provider":   {signOut("unknown", form("SAMLRequest", good)), reason.IdPUnknown},
		"pending":            {signOut("pending", form("SAMLRequest", good)), reason.KeysUnavailable},
		"suspended":          {signOut("suspended", form("SAMLRequest", good)), reason.IdPSuspended},
	} {
		t.Run(name, func(t *testing.T) { wantRefusal(t, s.do(c.request), c.want) })
	}
	s.wantSession(t, begun, "")
	if len(s.nonces.Used()) != 0 {
		t.Error("a refused request used something up")
	}
}

func TestAStoreAtFaultIsNoLogout(t *testing.T) {
	s, begun := withLogout(t)
	s.rows.Err = reason.New(reason.StoreUnavailable, "down")
	wantRefusal(t, s.do(signOut("test", form("SAMLRequest", s.idp.Logout(service("test"))))), reason.StoreUnavailable)
	s.rows.Err = nil
	s.wantSession(t, begun, "")
}
