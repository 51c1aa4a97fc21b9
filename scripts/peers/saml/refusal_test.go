//go:build prices

package saml_test

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/scripts/peers/price"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// dearest is what one message of 256 KB may cost that nobody honest sent.
const dearest = 20 * time.Millisecond

// hostile are messages near the limits of size, elements, attributes and
// prefixes. Those with captured signatures are the dearest: the signature holds,
// so that all the rest is canonicalized before the digest does not.
func hostile(tb testing.TB) map[string][]byte {
	tb.Helper()
	captured := func(change func(*etree.Element)) []byte {
		return validatetest.New(tb).XML(validatetest.Signed(true, true), validatetest.After(func(response *etree.Element) {
			change(response.FindElement("./saml:Assertion/saml:AttributeStatement"))
		}))
	}
	stranger := validatetest.Stranger(tb).XML(validatetest.Signed(true, true), validatetest.Attribute("x", strings.Repeat("x", 240_000)))
	head := string(validatetest.New(tb).XML(validatetest.Signed(false, false)))
	head = head[:strings.Index(head, "<samlp:Status>")]
	return map[string][]byte{
		"encrypted, captured inside":  sealed(tb, 0),
		"encrypted, dear outside too": sealed(tb, 400),
		"nesting":                     []byte(head + strings.Repeat("<a>", 80_000)),
		"elements":                    []byte(head + strings.Repeat("<saml:Issuer/>", 17_000)),
		"attributes in one element":   []byte(head + "<a" + many(20_000, ` a%d="1"`) + "/>"),
		"declarations in one element": []byte(head + "<a" + many(9_000, ` xmlns:a%d="urn:x"`) + "/>"),
		"entities":                    []byte(head + strings.Repeat("&#x10000;", 27_000)),
		"an open attribute":           []byte(head + `<a b="` + strings.Repeat("x", 250_000)),
		"line ends":                   []byte(head + strings.Repeat("\r\n", 125_000)),
		"a stranger's text":           stranger,
		"captured, text": captured(func(e *etree.Element) {
			e.CreateElement("saml:Attribute").CreateAttr("Name", strings.Repeat("x", 240_000))
		}),
		"captured, escapes": captured(func(e *etree.Element) {
			e.CreateElement("saml:Attribute").CreateAttr("Name", strings.Repeat("&\n", 24_000))
		}),
		"captured, text in pieces":    captured(fill(840, 0, 250)),
		"captured, attributes":        captured(fill(135, 20, 0)),
		"captured, prefixes in force": captured(prefixed(14, 840, 2)),
		"captured, all at once": captured(func(e *etree.Element) {
			prefixed(14, 420, 5)(e)
			fill(420, 0, 450)(e)
		}),
		"captured, attributes of one":  captured(fill(97, 29, 0)),
		"captured, prefixes and names": captured(prefixed(14, 300, 8)),
		"captured, too many names":     captured(fill(700, 8, 0)),
		"captured, declared anew":      captured(declaredAnew(225)),
	}
}

// sealed is what anybody can encrypt for us: a captured assertion, filled up. CBC
// without a signature outside is opened before anything is known.
func sealed(tb testing.TB, outside int) []byte {
	tb.Helper()
	filled := func(xml string) string {
		document := parse(tb, []byte(xml))
		statement := document.FindElement("//saml:AttributeStatement")
		prefixed(14, 420, 5)(statement)
		fill(420-outside, 0, (145_000-outside*60)/420)(statement)
		return string(validatetest.New(tb).Write(document.Root()))
	}
	return validatetest.New(tb).XML(
		validatetest.Encrypted(validatetest.Encryption{Content: validatetest.AES256CBC, Plain: filled}),
		validatetest.After(func(response *etree.Element) {
			extensions := etree.NewElement("samlp:Extensions")
			response.InsertChildAt(1, extensions)
			for i := range outside {
				extensions.CreateElement("x:y").CreateAttr("xmlns:x", fmt.Sprint("urn:", i))
			}
		}))
}

func many(n int, format string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// fill adds elements with attributes and with blanks between them.
func fill(elements, attributes, blanks int) func(*etree.Element) {
	return func(statement *etree.Element) {
		for i := range elements {
			attribute := statement.CreateElement("saml:Attribute")
			attribute.CreateAttr("Name", fmt.Sprint(i))
			for j := range attributes {
				attribute.CreateAttr(fmt.Sprintf("z%d", attributes-j), "1")
			}
			statement.CreateText(strings.Repeat(" ", blanks))
		}
	}
}

func prefixed(prefixes, elements, attributes int) func(*etree.Element) {
	return func(statement *etree.Element) {
		for i := range prefixes {
			statement.CreateAttr(fmt.Sprintf("xmlns:p%d", i), fmt.Sprintf("urn:%d", i))
		}
		for i := range elements {
			attribute := statement.CreateElement("saml:Attribute")
			attribute.CreateAttr("Name", fmt.Sprint(i))
			for j := range attributes {
				attribute.CreateAttr(fmt.Sprintf("p%d:z", attributes-j), "1")
			}
		}
	}
}

func declaredAnew(elements int) func(*etree.Element) {
	return func(statement *etree.Element) {
		for i := range elements {
			attribute := statement.CreateElement("saml:Attribute")
			attribute.CreateAttr("Name", fmt.Sprint(i))
			for j := range 6 {
				attribute.CreateAttr(fmt.Sprintf("xmlns:p%d", j), fmt.Sprintf("u:%d.%d", i, j))
				attribute.CreateAttr(fmt.Sprintf("p%d:z", j), "1")
			}
		}
	}
}

func TestNoHostileMessageIsDear(t *testing.T) {
	for name, xml := range hostile(t) {
		if len(xml) > 262_144 {
			t.Errorf("%s has %d bytes: it would be refused by its size", name, len(xml))
		}
		got := price.Cost{CPU: dearest + 1}
		for range 3 { // a busy machine gets three tries
			if got.CPU > dearest {
				got = price.Race(t, []price.Judge{refusing(t, name, validatetest.New(t), xml)})[name]
			}
		}
		t.Logf("%-30s %6d bytes %8s %7.0f objects", name, len(xml), got.CPU.Round(time.Microsecond), got.Allocs)
		if got.CPU > dearest {
			t.Errorf("%s costs %v, at most %v", name, got.CPU, dearest)
		}
	}
}

func refusing(tb testing.TB, name string, idp validatetest.IdP, xml []byte, changes ...func(*trust.Source, *trust.Keys)) price.Judge {
	tb.Helper()
	encoded, record, decrypters := base64.StdEncoding.EncodeToString(xml), idp.Record(changes...), validatetest.Decrypters(tb)[:1]
	return price.Judge{Name: name, Run: func() error {
		guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now, Decrypters: decrypters}
		if who, err := guard.Response(tb.Context(), record, validatetest.Expectation(), encoded); err == nil {
			return fmt.Errorf("believed: %s", who.Subject())
		}
		return nil
	}}
}

// TestNoRefusalIsDearerThanAcceptance: whatever is wrong with a message, it costs
// no more than the good one. A tenth is left to the machine.
func TestNoRefusalIsDearerThanAcceptance(t *testing.T) {
	for _, s := range shapes() {
		t.Run(s.name, func(t *testing.T) {
			var dear []string
			for range 3 {
				if dear = s.dear(t); len(dear) == 0 {
					return
				}
			}
			t.Error(strings.Join(dear, "\n"))
		})
	}
}

func (s shape) dear(t *testing.T) []string {
	t.Helper()
	idp := s.idp(t)
	judges := []price.Judge{ours(t, idp, idp.XML(s.options...))}
	for name, change := range wrongs() {
		judges = append(judges, refusing(t, name, idp, change(t, s)))
	}
	judges = append(judges, refusing(t, "ten keys, none of them", idp, idp.XML(s.options...), tenOthers(t)))
	var dear []string
	got := price.Race(t, judges)
	for name, c := range got {
		t.Logf("%-30s %9.1f us, %.2f of the good one", name, float64(c.CPU.Nanoseconds())/1e3, price.Ratio(c, got["ours"]))
		if price.Ratio(c, got["ours"]) > 1.1 {
			dear = append(dear, fmt.Sprintf("%s: %.2f of the good one's time", name, price.Ratio(c, got["ours"])))
		}
	}
	return dear
}

// wrongs are good messages with one thing wrong.
func wrongs() map[string]func(*testing.T, shape) []byte {
	with := func(options ...validatetest.Option) func(*testing.T, shape) []byte {
		return func(t *testing.T, s shape) []byte {
			t.Helper()
			return s.idp(t).XML(append(s.options[:len(s.options):len(s.options)], options...)...)
		}
	}
	elsewhere := validatetest.Expectation()
	elsewhere.EntityID += "/other"
	return map[string]func(*testing.T, shape) []byte{
		"a stranger's": func(t *testing.T, s shape) []byte {
			t.Helper()
			return validatetest.Stranger(t).XML(append(s.options[:len(s.options):len(s.options)], validatetest.By(validatetest.RSASHA256()))...)
		},
		"unsigned":            with(validatetest.Signed(false, false)),
		"for another":         with(validatetest.For(elsewhere)),
		"of yesterday":        with(validatetest.At(validatetest.Now().AddDate(0, 0, -1))),
		"changed afterwards":  with(validatetest.After(changeStatement)),
		"without its subject": with(validatetest.Subject("")),
	}
}

func tenOthers(tb testing.TB) func(*trust.Source, *trust.Keys) {
	tb.Helper()
	other := validatetest.Stranger(tb).Keys().Certificates
	return func(_ *trust.Source, keys *trust.Keys) { keys.Certificates = slices.Repeat(other, 10) }
}

func changeStatement(response *etree.Element) {
	if value := response.FindElement("./saml:Assertion/saml:AttributeStatement/saml:Attribute/saml:AttributeValue"); value != nil {
		value.SetText(value.Text() + "x")
	}
	if value := response.FindElement("./saml:EncryptedAssertion/xenc:EncryptedData/xenc:CipherData/xenc:CipherValue"); value != nil {
		value.SetText(strings.ToUpper(value.Text()[:8]) + value.Text()[8:])
	}
}
