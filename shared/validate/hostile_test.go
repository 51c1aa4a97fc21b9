package validate_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// hostile are messages that anybody may post, made to cost more than they are
// worth. crewjam/saml v0.5.1 spends half a minute on the nesting.
func hostile(tb testing.TB) map[string]string {
	tb.Helper()
	noise := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(noise)
	head := `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r" Version="2.0" IssueInstant="2027-03-01T12:00:00Z">`
	fill := func(s string) string { return encode(head + strings.Repeat(s, 255_000/len(s))) }
	signed := validatetest.Stranger(tb)
	return map[string]string{
		"no base64":                            strings.Repeat("%", 300_000),
		"no XML":                               encode("hello"),
		"noise, 1 MB":                          base64.StdEncoding.EncodeToString(noise),
		"noise, 250 KB":                        encode("<" + base64.StdEncoding.EncodeToString(noise[:187_000])),
		"nesting, 500 KB":                      encode(strings.Repeat("<a>", 170_000)),
		"nesting, 250 KB":                      encode(strings.Repeat("<a>", 85_000)),
		"nesting in a response":                fill("<a>"),
		"elements, 20,000":                     fill(`<saml:Issuer/>`),
		"attributes, 10,000":                   encode(head[:len(head)-1] + manyAttributes(10_000, ` a%d="1"`)),
		"declarations, 10,000":                 encode(head[:len(head)-1] + manyAttributes(10_000, ` xmlns:a%d="urn:x"`)),
		"references, 50,000":                   fill("&amp;"),
		"open tag":                             encode(head + "<a " + strings.Repeat(" ", 250_000)),
		"open comment":                         encode(head + "<!--" + strings.Repeat("-", 250_000)),
		"billion laughs":                       encode(`<!DOCTYPE r [<!ENTITY a "ha">` + strings.Repeat(`<!ENTITY b "&a;&a;">`, 100) + `]>` + head),
		"text in pieces":                       encode(string(signed.XML(validatetest.Signed(false, false), pieces(800)))),
		"signed by a stranger, 850 attributes": signed.Response(validatetest.Signed(true, true), pieces(800)),
		"signed by a stranger, 240 KB":         signed.Response(validatetest.Signed(true, true), validatetest.Attribute("x", strings.Repeat("x", 240_000))),
		"prefixes everywhere":                  signed.Response(validatetest.Signed(true, true), prefixesEverywhere()),
	}
}

func pieces(n int) validatetest.Option {
	return validatetest.Before(func(r *etree.Element) {
		statement := r.FindElement("./saml:Assertion/saml:AttributeStatement")
		for i := range n {
			statement.CreateElement("saml:Attribute").CreateAttr("Name", fmt.Sprint(i))
			statement.CreateText(strings.Repeat(" ", 100))
		}
	})
}

func prefixesEverywhere() validatetest.Option {
	return validatetest.Before(func(r *etree.Element) {
		for i := range 22 {
			r.CreateAttr(fmt.Sprintf("xmlns:p%d", i), "urn:x"+strings.Repeat("y", 100))
		}
		statement := r.FindElement("./saml:Assertion/saml:AttributeStatement")
		for i := range 800 {
			statement.CreateElement("saml:Attribute").CreateAttr("Name", fmt.Sprint(i))
		}
	})
}

func manyAttributes(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String() + ">"
}

func TestHostileMessagesAreRefused(t *testing.T) {
	record := validatetest.New(t).Record()
	for name, encoded := range hostile(t) {
		_, err := guard().Response(t.Context(), record, validatetest.Expectation(), encoded)
		expected := []reason.Code{reason.MessageMalformed, reason.MessageTooLarge, reason.SignatureMissing, reason.SignatureInvalid}
		if !slices.Contains(expected, reason.Of(err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkHostile(b *testing.B) {
	record := validatetest.New(b).Record()
	for name, encoded := range hostile(b) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := guard().Response(b.Context(), record, validatetest.Expectation(), encoded); err == nil {
					b.Fatal("believed")
				}
			}
		})
	}
}

// BenchmarkTypical is 8 KB with twelve attributes, BenchmarkLarge 70 KB with 250
// values, both with the assertion signed by RSA-2048.
func BenchmarkTypical(b *testing.B) { benchmark(b, typical(12, 300)) }

func BenchmarkLarge(b *testing.B) { benchmark(b, typical(250, 180)) }

func BenchmarkTypicalSignedTwice(b *testing.B) {
	benchmark(b, append(typical(12, 300), validatetest.Signed(true, true)))
}

func typical(values, length int) opts {
	var options opts
	for i := range values {
		options = append(options, validatetest.Attribute(fmt.Sprintf("https://schemas.example/claims/%d", i), strings.Repeat("v", length)))
	}
	return options
}

func benchmark(b *testing.B, options opts) {
	b.Helper()
	idp := validatetest.New(b)
	encoded, record := idp.Response(options...), idp.Record()
	b.SetBytes(int64(len(encoded)))
	b.ReportAllocs()
	for b.Loop() {
		g := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
		if _, err := g.Response(b.Context(), record, validatetest.Expectation(), encoded); err != nil {
			b.Fatal(err)
		}
	}
}
