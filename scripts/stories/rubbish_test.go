package stories_test

import (
	"encoding/base64"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/scripts/local/stack"
)

// rubbish is what strangers post to an assertion consumer service.
func rubbish() map[string]string {
	noise := make([]byte, 700_000)
	generator := rand.NewChaCha8([32]byte{1})
	_, _ = generator.Read(noise)
	encode := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	nested := strings.Repeat("<a>", 70_000) + strings.Repeat("</a>", 70_000)
	unsigned := `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0" IssueInstant="2026-11-23T08:00:00Z">` +
		`<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>` +
		`<saml:Assertion ID="_2" Version="2.0" IssueInstant="2026-11-23T08:00:00Z"><saml:Issuer>x</saml:Issuer></saml:Assertion></samlp:Response>`
	return map[string]string{
		"nothing":                     "",
		"no base64":                   "<<<not base64>>>",
		"no XML":                      encode("hello"),
		"a megabyte of noise":         base64.StdEncoding.EncodeToString(noise),
		"250 KB of noise":             base64.StdEncoding.EncodeToString(noise[:180_000]),
		"500 KB of nesting":           encode(nested),
		"nesting within the size":     encode(nested[:180_000]),
		"signed by nobody":            encode(unsigned),
		"a document type declaration": encode(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`),
	}
}

// BenchmarkRubbish prints how long each refusal takes, over HTTP, through the
// emulated platform, beside the cheapest request there is.
func BenchmarkRubbish(b *testing.B) {
	s := stack.Start(b, stack.Options{})
	forms := map[string]url.Values{"an empty form": {}}
	for name, response := range rubbish() {
		forms[name] = url.Values{"SAMLResponse": {response}}
	}
	for name, form := range forms {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			var worst time.Duration
			for b.Loop() {
				begun := time.Now()
				if page := post(b.Context(), b, s.URL+"/saml/acme/acs", form); page.Status/100 != 4 {
					b.Fatalf("status %d", page.Status)
				}
				worst = max(worst, time.Since(begun))
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
		})
	}
}
