package stories_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

// troubled are three identity providers, each of which somebody should be told of: one
// fails, one replaces its key where that is held, one has a certificate that ends.
type troubled struct {
	*httptest.Server

	begun atomic.Bool // the first two do that from now on
}

func newTroubled(t *testing.T) *troubled {
	t.Helper()
	const day = 24 * time.Hour
	before, after, ends := certificate(t, 900*day), certificate(t, 900*day), certificate(t, 20*time.Hour)
	s := &troubled{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch shown := before; {
		case r.URL.Path == "/fails" && s.begun.Load():
			http.Error(w, "no", http.StatusInternalServerError)
		default:
			if r.URL.Path == "/ends" {
				shown = ends
			} else if s.begun.Load() {
				shown = after
			}
			_, _ = fmt.Fprintf(w, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example%s">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example%[1]s/sso"/>
</IDPSSODescriptor></EntityDescriptor>`, r.URL.Path, shown)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// certificate has lived for a year, and ends after a while.
func certificate(t *testing.T, left time.Duration) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp.example"},
		NotBefore: time.Now().Add(-365 * 24 * time.Hour), NotAfter: time.Now().Add(left),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

func (s *troubled) federation(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "federation.yaml")
	text := strings.ReplaceAll(`identityProviders:
  - {id: fails, saml: {metadataURL: "IDPS/fails"}}
  - {id: held, requireOverlap: true, saml: {metadataURL: "IDPS/held"}}
  - {id: ends, saml: {metadataURL: "IDPS/ends"}}
accounts:
  - {id: "1234567890123456"}
rules:
  - {name: anybody, idp: ends, roles: ["acs:ram::1234567890123456:role/readonly"], condition: any}
`, "IDPS", s.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// event is what arrives, as far as this story looks at it.
type event struct {
	SpecVersion string `json:"specversion"`
	ID          string `json:"id"`
	Source      string `json:"source"`
	Type        string `json:"type"`
	Subject     string `json:"subject"`
	Data        struct{ Kind, Record, Detail, Advice string }
}

// arrived are the events, by subject and type; each must have come once.
func arrived(t *testing.T, s *stack.Stack, service string) map[string]event {
	t.Helper()
	events := map[string]event{}
	for _, delivery := range s.Delivered(t) {
		var e event
		if err := json.Unmarshal([]byte(delivery.Text), &e); err != nil || delivery.Service != service || delivery.Name != "fc-sso" {
			t.Fatalf("%+v: %v", delivery, err)
		}
		if e.SpecVersion != "1.0" || e.ID == "" || e.Source != s.URL || e.Data.Detail == "" || e.Data.Advice == "" {
			t.Errorf("%s", delivery.Text)
		}
		if _, twice := events[e.Subject+" "+e.Type]; twice {
			t.Errorf("twice: %s", delivery.Text)
		}
		events[e.Subject+" "+e.Type] = e
	}
	return events
}

func runTimer(t *testing.T, s *stack.Stack, times int) {
	t.Helper()
	for range times {
		answer := s.Invoke(t, "metadata-rotation", map[string]string{
			"triggerTime": "2027-03-01T12:07:00Z", "triggerName": "hourly", "payload": `{"job":"rotate"}`,
		})
		if !strings.Contains(string(answer), `"status":200`) {
			t.Fatalf("%s", answer)
		}
	}
}

// TestAlertsArriveOnce at the topic and at the bus: also where it was down when there
// was something to tell, and then later. Nothing else waits for it.
func TestAlertsArriveOnce(t *testing.T) {
	const kind = "com.fc-sso.trust."
	for _, service := range []string{"mns", "eventbridge"} {
		idps := newTroubled(t)
		s := stack.Start(t, stack.Options{Federation: idps.federation(t), Env: []string{"SSO_ALERTS_TO=" + service + ":fc-sso"}})
		runTimer(t, s, 2)
		if got := arrived(t, s, service); len(got) != 1 || got["record/ends "+kind+"certificate_expires"].Data.Record != "ends" {
			t.Errorf("%s, before: %v", service, got)
		}
		idps.begun.Store(true)
		s.Trouble(t, service, "broken off")
		runTimer(t, s, 4)
		if got := arrived(t, s, service); len(got) != 1 {
			t.Errorf("%s, while it was down: %v", service, got)
		}
		s.Trouble(t, service, "")
		runTimer(t, s, 2)
		got := arrived(t, s, service)
		for _, want := range []string{"record/ends " + kind + "certificate_expires", "record/held " + kind + "keys_held", "record/fails " + kind + "source_failing"} {
			if _, there := got[want]; !there || len(got) != 3 {
				t.Errorf("%s: no %s among %v", service, want, maps.Keys(got))
			}
		}
		s.Stop()
	}
}
