package validate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// FuzzDecrypt: no bytes make the guard panic, neither as an encrypted response
// nor as what was encrypted, and what it believes is what the test key signed.
func FuzzDecrypt(f *testing.F) {
	idp, decrypters := validatetest.New(f), validatetest.Decrypters(f)[:1]
	record := idp.Record()
	for i, method := range contentMethods() {
		f.Add(idp.XML(validatetest.Encrypted(encryption{Content: method, Beside: i%2 == 0})), byte(i), false)
	}
	xml := string(idp.XML())
	begin, end := strings.Index(xml, "<saml:Assertion"), strings.Index(xml, "</samlp:Response>")
	f.Add([]byte(xml[begin:end]), byte(0), true)
	f.Add([]byte(xml[begin:end]), byte(3), true)
	for _, plain := range []string{"", "<", "<!-- -->", "<saml:EncryptedAssertion/>", "<x/>", "hello"} {
		f.Add([]byte(plain), byte(1), true)
	}
	honest := saying(f, record, []byte(xml))
	f.Fuzz(func(t *testing.T, xml []byte, method byte, inside bool) {
		if inside {
			methods := contentMethods()
			xml = validatetest.New(t).XML(validatetest.Encrypted(encryption{
				Content: methods[int(method)%len(methods)], Plain: func(string) string { return string(xml) },
			}))
		}
		g := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now, Decrypters: decrypters}
		if said := sayingTo(t, g, record, xml); said != "" && said != honest {
			t.Errorf("believed:\n%s\nof what was signed:\n%s", said, honest)
		}
	})
}

func contentMethods() []string {
	return []string{
		validatetest.AES128GCM, validatetest.AES192GCM, validatetest.AES256GCM,
		validatetest.AES128CBC, validatetest.AES192CBC, validatetest.AES256CBC,
	}
}

// hostileCiphertexts are messages that anybody may make who has our
// certificate: what is inside can be as hostile as what is outside.
func hostileCiphertexts(tb testing.TB) map[string]string {
	tb.Helper()
	stranger := validatetest.Stranger(tb)
	holding := func(method, plain string) string {
		return stranger.Response(validatetest.Encrypted(encryption{Content: method, Plain: func(string) string { return plain }}))
	}
	attributes := func(n int) string {
		return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"` + manyAttributes(n, ` a%d="1"`)
	}
	list := map[string]string{
		"many keys": stranger.Response(validatetest.Encrypted(encryption{Edit: copies(200)})),
	}
	for name, method := range map[string]string{"GCM": validatetest.AES256GCM, "CBC": validatetest.AES256CBC} {
		list[name+", nothing, 180 KB"] = holding(method, strings.Repeat("x", 180_000))
		list[name+", nesting, 180 KB"] = holding(method, strings.Repeat("<a>", 60_000))
		list[name+", attributes"] = holding(method, attributes(10_000))
		list[name+", signed by a stranger, 650 attributes"] = stranger.Response(pieces(650), validatetest.Encrypted(encryption{Content: method}))
		list[name+", signed by a stranger, 180 KB"] = stranger.Response(
			validatetest.Attribute("x", strings.Repeat("x", 180_000)), validatetest.Encrypted(encryption{Content: method}))
	}
	return list
}

func TestHostileCiphertextsAreRefused(t *testing.T) {
	record, decrypters := validatetest.New(t).Record(unsignedCBC), validatetest.Decrypters(t)
	for name, encoded := range hostileCiphertexts(t) {
		g := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now, Decrypters: decrypters}
		_, err := g.Response(t.Context(), record, validatetest.Expectation(), encoded)
		expected := []reason.Code{reason.MessageMalformed, reason.MessageTooLarge, reason.DecryptionFailed, reason.SignatureInvalid}
		if !slices.Contains(expected, reason.Of(err)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkHostileCiphertexts(b *testing.B) {
	record, decrypters := validatetest.New(b).Record(unsignedCBC), validatetest.Decrypters(b)[:1]
	for name, encoded := range hostileCiphertexts(b) {
		b.Run(name, func(b *testing.B) {
			g := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now, Decrypters: decrypters}
			for b.Loop() {
				if _, err := g.Response(b.Context(), record, validatetest.Expectation(), encoded); err == nil {
					b.Fatal("believed")
				}
			}
		})
	}
}

// BenchmarkEncrypted is the typical response, encrypted, and refusals of the
// same size: none may cost more than what is believed.
func BenchmarkEncrypted(b *testing.B) {
	idp, decrypters := validatetest.New(b), validatetest.Decrypters(b)[:1]
	record := idp.Record(unsignedCBC)
	for _, method := range []string{validatetest.AES256GCM, validatetest.AES256CBC} {
		for name, edit := range map[string]func(el){"believed": nil, "key changed": flip(keyValue), "content changed": flip(dataValue)} {
			encoded := idp.Response(append(typical(12, 300), validatetest.Encrypted(encryption{Content: method, Edit: edit}))...)
			b.Run(fmt.Sprintf("%s, %s", method[strings.Index(method, "#")+1:], name), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					g := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now, Decrypters: decrypters}
					if _, err := g.Response(b.Context(), record, validatetest.Expectation(), encoded); (err == nil) != (edit == nil) {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
