package saml_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

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
		got := race(t, []judge{refusing(t, name, validatetest.New(t), xml)})[name]
		t.Logf("%-30s %6d bytes %8s %7.0f objects", name, len(xml), got.cpu.Round(time.Microsecond), got.allocs)
		if got.cpu > dearest {
			t.Errorf("%s costs %v, at most %v", name, got.cpu, dearest)
		}
	}
}

func refusing(tb testing.TB, name string, idp validatetest.IdP, xml []byte) judge {
	tb.Helper()
	encoded, record := base64.StdEncoding.EncodeToString(xml), idp.Record()
	return judge{name, func() error {
		guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
		if who, err := guard.Response(tb.Context(), record, validatetest.Expectation(), encoded); err == nil {
			return fmt.Errorf("believed: %s", who.Subject())
		}
		return nil
	}}
}
