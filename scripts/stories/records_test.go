package stories_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

// BenchmarkAThousandRecords is one run of the timer over sources that answer in a
// tenth of a second: how long it takes, what memory the function has held, and how
// often each source was asked.
func BenchmarkAThousandRecords(b *testing.B) { aThousandRecords(b, 0) }

// BenchmarkAThousandRecordsInTenAccounts is the same, and each record is in one of ten
// accounts whose RAM is looked after: a hundred providers each, which is RAM's limit.
func BenchmarkAThousandRecordsInTenAccounts(b *testing.B) { aThousandRecords(b, 10) }

func aThousandRecords(b *testing.B, accounts int) {
	b.Helper()
	const records = 1000
	sources := newSources(b, 100*time.Millisecond)
	s := stack.Start(b, stack.Options{Federation: sources.federation(b, records, accounts)})
	for b.Loop() {
		sources.forget()
		begun := time.Now()
		answer := s.Invoke(b, "metadata-rotation", map[string]string{
			"triggerTime": "2027-03-01T12:07:00Z", "triggerName": "hourly", "payload": `{"job":"rotate"}`,
		})
		b.ReportMetric(time.Since(begun).Seconds(), "s/run")
		if !strings.Contains(string(answer), `"status":200`) {
			b.Fatalf("%s", answer)
		}
	}
	asked, most := sources.count()
	if asked != records || most != 1 {
		b.Errorf("%d sources were asked, one of them %d times", asked, most)
	}
	for _, pid := range s.PIDs(b)["metadata-rotation"] {
		b.ReportMetric(float64(memoryOf(b, pid, "VmHWM"))/1e6, "MB")
	}
}

// sources publish the same metadata, but for the name in it.
type sources struct {
	*httptest.Server

	certificate string
	mu          sync.Mutex
	asked       map[string]int
}

func newSources(tb testing.TB, delay time.Duration) *sources {
	tb.Helper()
	_, certificate := selfSigned(tb)
	s := &sources{asked: map[string]int{}, certificate: base64.StdEncoding.EncodeToString(certificate)}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked[r.URL.Path]++
		s.mu.Unlock()
		time.Sleep(delay) // it is the source that takes its time
		_, _ = fmt.Fprintf(w, `<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example%s">
<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>%s</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example%[1]s/sso"/>
</IDPSSODescriptor></EntityDescriptor>`, r.URL.Path, s.certificate)
	}))
	tb.Cleanup(s.Close)
	return s
}

func (s *sources) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = map[string]int{}
}

// count is how many were asked, and the one that was asked most often how often.
func (s *sources) count() (asked, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.asked {
		most = max(most, n)
	}
	return len(s.asked), most
}

func (s *sources) federation(tb testing.TB, n, accounts int) string {
	tb.Helper()
	var text strings.Builder
	text.WriteString("identityProviders:\n")
	for i := range n {
		fmt.Fprintf(&text, "  - {id: idp-%d, saml: {metadataURL: \"%s/%d\"}}\n", i, s.URL, i)
	}
	text.WriteString("accounts:\n  - {id: \"1234567890123456\"}\n")
	for a := range accounts {
		fmt.Fprintf(&text, "  - id: \"20000000000000%02d\"\n    maintenanceRole: acs:ram::20000000000000%02[1]d:role/maintenance\n    samlProviders:\n", a)
		for i := a; i < n; i += accounts {
			fmt.Fprintf(&text, "      idp-%d: acs:ram::20000000000000%02d:saml-provider/idp-%[1]d\n", i, a)
		}
	}
	text.WriteString("rules:\n")
	text.WriteString("  - {name: anybody, idp: idp-0, roles: [\"acs:ram::1234567890123456:role/readonly\"], condition: any}\n")
	file := filepath.Join(tb.TempDir(), "federation.yaml")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}
