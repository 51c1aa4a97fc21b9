package stories_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

// troubled are three identity providers, each of which somebody should be told of: one
// fails, one replaces its key where that is held, and one has a certificate that ends,
// and so does its web server's.
type troubled struct {
	address string       // of the first two
	secure  string       // of the third
	root    []byte       // its web server's certificate, in PEM
	begun   *atomic.Bool // the first two do that from now on
}

func newTroubled(t *testing.T) troubled {
	t.Helper()
	const long = 900 * 24 * time.Hour
	before, after, ends, server := certify(t, long), certify(t, long), certify(t, 20*time.Hour), certify(t, 20*time.Hour)
	begun := new(atomic.Bool)
	first := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !begun.Load():
			publishMetadata(w, r, before)
		case r.URL.Path == "/fails":
			http.Error(w, "no", http.StatusInternalServerError)
		default:
			publishMetadata(w, r, after)
		}
	}))
	t.Cleanup(first.Close)
	second := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { publishMetadata(w, r, ends) }))
	second.TLS = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{server}}
	second.StartTLS()
	t.Cleanup(second.Close)
	return troubled{first.URL, second.URL, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate[0]}), begun}
}

func publishMetadata(w http.ResponseWriter, r *http.Request, c tls.Certificate) {
	_, _ = fmt.Fprintf(w, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example%s">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example%[1]s/sso"/>
</IDPSSODescriptor></EntityDescriptor>`, r.URL.Path, base64.StdEncoding.EncodeToString(c.Certificate[0]))
}

// certify makes a certificate that has lived for a year, and ends after a while.
func certify(t *testing.T, left time.Duration) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-365 * 24 * time.Hour), NotAfter: time.Now().Add(left),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (s troubled) federation(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	text := strings.NewReplacer("PLAIN", s.address, "SECURE", s.secure).Replace(`identityProviders:
  - {id: fails, saml: {metadataURL: "PLAIN/fails"}}
  - {id: held, requireOverlap: true, saml: {metadataURL: "PLAIN/held"}}
  - {id: ends, fetch: {caFile: ca.pem}, saml: {metadataURL: "SECURE/ends"}}
accounts:
  - {id: "1234567890123456"}
rules:
  - {name: anybody, idp: ends, roles: ["acs:ram::1234567890123456:role/readonly"], condition: any}
`)
	for name, content := range map[string][]byte{"ca.pem": s.root, "federation.yaml": []byte(text)} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "federation.yaml")
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

// arrived are the events, by subject and kind; each must have come once.
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
		key := e.Subject + " " + strings.TrimPrefix(e.Type, "com.fc-sso.trust.")
		if _, twice := events[key]; twice || key != "record/"+e.Data.Record+" "+e.Data.Kind {
			t.Errorf("twice, or of another: %s", delivery.Text)
		}
		events[key] = e
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
	t.Parallel()
	for _, service := range []string{"mns", "eventbridge"} {
		idps := newTroubled(t)
		s := stack.Start(t, stack.Options{Federation: idps.federation(t), Env: []string{"SSO_ALERTS_TO=" + service + ":fc-sso"}})
		want := []string{"record/ends certificate_expires", "record/ends https_certificate_expires"}
		runTimer(t, s, 2)
		wantArrived(t, s, service, want)
		idps.begun.Store(true)
		s.Trouble(t, service, "broken off")
		runTimer(t, s, 4)
		wantArrived(t, s, service, want)
		s.Trouble(t, service, "")
		runTimer(t, s, 2)
		wantArrived(t, s, service, append(want, "record/fails source_failing", "record/held keys_held"))
		s.Stop()
	}
}

func wantArrived(t *testing.T, s *stack.Stack, service string, want []string) {
	t.Helper()
	got := slices.Sorted(maps.Keys(arrived(t, s, service)))
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", service, got, want)
	}
}

// TestAnAnswerThatIsLostCostsNoAlert: it comes twice, and says by its ID that it is one.
func TestAnAnswerThatIsLostCostsNoAlert(t *testing.T) {
	t.Parallel()
	for _, service := range []string{"mns", "eventbridge"} {
		idps := newTroubled(t)
		s := stack.Start(t, stack.Options{Federation: idps.federation(t), Env: []string{"SSO_ALERTS_TO=" + service + ":fc-sso"}})
		s.Trouble(t, service, "lost")
		runTimer(t, s, 1)
		s.Trouble(t, service, "")
		runTimer(t, s, 2)
		ids := map[string]int{}
		for _, delivery := range s.Delivered(t) {
			var e event
			if err := json.Unmarshal([]byte(delivery.Text), &e); err != nil {
				t.Fatal(err)
			}
			ids[e.ID]++
		}
		if counts := slices.Collect(maps.Values(ids)); !slices.Equal(counts, []int{3, 3}) { // twice in the first run
			t.Errorf("%s: %v", service, ids)
		}
		s.Stop()
	}
}
