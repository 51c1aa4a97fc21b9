package samldoc_test

import (
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

// plain is the least that Parse takes: who signed it is not its question.
const plain = `<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion"` +
	` ID="_r" Version="2.0" IssueInstant="2026-11-23T10:00:00Z"><a:Issuer>https://idp.example/</a:Issuer>` +
	`<p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>` +
	`<a:Assertion ID="_a" Version="2.0" IssueInstant="2026-11-23T10:00:00Z"><a:Issuer>https://idp.example/</a:Issuer>` +
	`<a:Subject><a:NameID>ada</a:NameID></a:Subject></a:Assertion></p:Response>`

func TestPlainDocumentsAreRead(t *testing.T) {
	for name, xml := range map[string]string{
		"as it is":            plain,
		"declaration":         `<?xml version="1.0" encoding="utf-8" standalone='no' ?>` + "\r\n" + plain + "\n",
		"version alone":       `<?xml version = "1.0"?>` + plain,
		"blanks in tags":      swap(` ID="_a"`, ` ID = '_a' `, `</p:Response>`, "</p:Response\n>"),
		"entities":            swap(`>ada<`, `>&#x61;&#100;&amp;&lt;&gt;&apos;&quot;a<`),
		"xml:lang":            swap(`<a:Subject>`, `<a:Subject xml:lang="en" xmlns:xml="http://www.w3.org/XML/1998/namespace">`),
		"unused prefix":       swap(`<a:Subject>`, `<a:Subject xmlns:xs="urn:x" xmlns="urn:y">`),
		"default undeclared":  swap(`<a:Subject>`, `<a:Subject xmlns="">`),
		"value that is an ID": swap(`</a:Subject>`, `</a:Subject><a:AttributeStatement><a:Attribute Name="x"><a:AttributeValue><a:NameID>t</a:NameID></a:AttributeValue></a:Attribute></a:AttributeStatement>`),
		"thirty-two deep":     swap(`</a:Subject>`, `</a:Subject><a:Advice>`+nest(29)+`</a:Advice>`),
		"no assertion":        plain[:strings.Index(plain, "<a:Assertion")] + `</p:Response>`,
		"beyond ASCII":        swap(`>ada<`, `>Ada 李 😀<`),
	} {
		if _, err := samldoc.Parse([]byte(xml)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEntitiesAndLineEndsMeanOneThing(t *testing.T) {
	doc, err := samldoc.Parse([]byte(swap(`>ada<`, ">a&#13;\r\nb\rc&amp;amp;&#x1F600;<")))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := doc.Claimed().Assertion.Subject.NameID, "a\r\nb\nc&amp;😀"; got != want {
		t.Errorf("NameID %q, want %q", got, want)
	}
}

func TestWhatHasTwoReadingsIsRefused(t *testing.T) {
	for name, xml := range map[string]string{
		"empty":                        "",
		"no XML":                       "hello",
		"byte order mark":              "\uFEFF" + plain,
		"blank first":                  " " + plain,
		"not UTF-8":                    swap(`>ada<`, ">\xff<"),
		"surrogate half":               swap(`>ada<`, ">\xed\xa0\x80<"),
		"NUL":                          swap(`>ada<`, ">a\x00b<"),
		"control character":            swap(`>ada<`, ">a\x08b<"),
		"U+FFFE":                       swap(`>ada<`, ">a\uFFFEb<"),
		"DOCTYPE":                      `<!DOCTYPE p:Response [<!ENTITY x "y">]>` + plain,
		"DOCTYPE after":                plain + `<!DOCTYPE x>`,
		"unknown entity":               swap(`>ada<`, `>&x;<`),
		"empty entity":                 swap(`>ada<`, `>&;<`),
		"entity without end":           swap(`>ada<`, `>&amp<`),
		"bare ampersand":               swap(`>ada<`, `>a & b<`),
		"character 0":                  swap(`>ada<`, `>&#0;<`),
		"character beyond Unicode":     swap(`>ada<`, `>&#x110000;<`),
		"surrogate reference":          swap(`>ada<`, `>&#xD800;<`),
		"capital X reference":          swap(`>ada<`, `>&#X41;<`),
		"signed reference":             swap(`>ada<`, `>&#+65;<`),
		"processing instruction":       swap(`<a:Subject>`, `<?x y?><a:Subject>`),
		"second declaration":           swap(`<a:Subject>`, `<?xml version="1.0"?><a:Subject>`),
		"XML 1.1":                      `<?xml version="1.1"?>` + plain,
		"Latin-1":                      `<?xml version="1.0" encoding="ISO-8859-1"?>` + plain,
		"declaration out of order":     `<?xml encoding="UTF-8" version="1.0"?>` + plain,
		"declaration without end":      `<?xml version="1.0"`,
		"declaration without content":  `<?xml ?>` + plain,
		"comment":                      swap(`>ada<`, `>ada<!-- -->.evil<`),
		"comment outside":              plain + `<!-- -->`,
		"CDATA":                        swap(`>ada<`, `><![CDATA[ada]]><`),
		"]]> in text":                  swap(`>ada<`, `>a]]>b<`),
		"text after the root":          plain + "x",
		"second root":                  plain + plain,
		"not closed":                   strings.TrimSuffix(plain, `</p:Response>`),
		"closed twice":                 plain + `</p:Response>`,
		"closed crosswise":             swap(`</a:NameID></a:Subject>`, `</a:Subject></a:NameID>`),
		"closed by another prefix":     swap(`</a:Subject>`, `</b:Subject>`),
		"tag without end":              plain + "<x",
		"attribute twice":              swap(` ID="_a"`, ` ID="_a" ID="_b"`),
		"attribute twice by namespace": swap(`<a:Subject>`, `<a:Subject xmlns:x="urn:x" xmlns:y="urn:x" x:k="1" y:k="2">`),
		"prefix declared twice":        swap(`<a:Subject>`, `<a:Subject xmlns:x="urn:x" xmlns:x="urn:y">`),
		"prefix not declared":          swap(`<a:Subject>`, `<a:Subject x:k="1">`),
		"element prefix not declared":  swap(`<a:NameID>ada</a:NameID>`, `<b:NameID>ada</b:NameID>`),
		"prefix declared as nothing":   swap(`<a:Subject>`, `<a:Subject xmlns:x="">`),
		"xml declared anew":            swap(`<a:Subject>`, `<a:Subject xmlns:xml="urn:x">`),
		"xmlns declared":               swap(`<a:Subject>`, `<a:Subject xmlns:xmlns="urn:x">`),
		"XML namespace by another":     swap(`<a:Subject>`, `<a:Subject xmlns:x="http://www.w3.org/XML/1998/namespace">`),
		"xmlns namespace by default":   swap(`<a:Subject>`, `<a:Subject xmlns="http://www.w3.org/2000/xmlns/">`),
		"relative namespace":           swap(`<a:Subject>`, `<a:Subject xmlns:x="1">`),
		"no quotes":                    swap(` ID="_a"`, ` ID=_a`),
		"no value":                     swap(` ID="_a"`, ` ID`),
		"no blank between":             swap(` ID="_a" `, ` ID="_a"`),
		"< in a value":                 swap(` ID="_a"`, ` ID="<"`),
		"line break in a value":        swap(` ID="_a"`, " ID=\"_\na\""),
		"two colons":                   swap(`<a:Subject>`, `<a:b:Subject>`),
		"colons first":                 swap(`<a:Subject>`, `<a:Subject ::foo="bar">`),
		"name beyond ASCII":            swap(`<a:Subject>`, `<a:Subject é="1">`),
		"ID twice":                     swap(`ID="_a"`, `ID="_r"`),
		"ID empty":                     swap(`ID="_a"`, `ID=""`),
		"Id":                           swap(`ID="_a"`, `ID="_a" Id="_b"`),
		"xml:id":                       swap(`ID="_a"`, `ID="_a" xml:id="_b"`),
		"namespaced ID":                swap(`ID="_a"`, `ID="_a" a:ID="_b"`),
		"no ID":                        swap(` ID="_a"`, ``),
		"no time":                      swap(`2026-11-23T10:00:00Z"><a:Issuer>https://idp.example/</a:Issuer><p`, `now"><a:Issuer>https://idp.example/</a:Issuer><p`),
		"wrong root":                   strings.ReplaceAll(plain, "p:Response", "p:response"),
		"root of no namespace":         strings.ReplaceAll(plain, "protocol", "protocol2"),
		"text where none belongs":      swap(`<a:Subject>`, `x<a:Subject>`),
		"element in text":              swap(`>ada<`, `>ada<a:Audience/><`),
		"Subject twice":                swap(`</a:Subject>`, `</a:Subject><a:Subject/>`),
		"Issuer late":                  swap(`</a:Subject>`, `</a:Subject><a:Issuer>x</a:Issuer>`, `<a:Assertion ID="_a" Version="2.0" IssueInstant="2026-11-23T10:00:00Z"><a:Issuer>https://idp.example/</a:Issuer>`, `<a:Assertion ID="_a" Version="2.0" IssueInstant="2026-11-23T10:00:00Z">`),
		"foreign element":              swap(`<a:Subject>`, `<x xmlns="urn:x"/><a:Subject>`),
		"assertion in Advice":          swap(`</a:Subject>`, `</a:Subject><a:Advice><a:Assertion/></a:Advice>`),
		"assertion deeper in Advice":   swap(`</a:Subject>`, `</a:Subject><a:Advice><x xmlns="urn:x"><a:Assertion/></x></a:Advice>`),
		"assertion in Extensions":      swap(`<p:Status>`, `<p:Extensions><a:Assertion/></p:Extensions><p:Status>`),
		"assertion in StatusDetail":    swap(`</p:Status>`, `<p:StatusDetail><a:Assertion/></p:StatusDetail></p:Status>`),
		"assertion in an assertion":    swap(`<a:Subject>`, `<a:Assertion/><a:Subject>`),
		"signature in Advice":          swap(`</a:Subject>`, `</a:Subject><a:Advice><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></a:Advice>`),
		"no status":                    swap(`<p:Status><p:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></p:Status>`, ``),
	} {
		if _, err := samldoc.Parse([]byte(xml)); reason.Of(err) != reason.MessageMalformed {
			t.Errorf("%s: %v, want %s", name, err, reason.MessageMalformed)
		}
	}
}

func TestLimitsAreHeld(t *testing.T) {
	for name, xml := range map[string]string{
		"bytes":      swap(`>ada<`, `>`+strings.Repeat("a", 1<<18)+`<`),
		"depth":      swap(`</a:Subject>`, `</a:Subject><a:Advice>`+nest(30)+`</a:Advice>`),
		"elements":   swap(`</a:Subject>`, `</a:Subject><a:AttributeStatement>`+strings.Repeat(`<a:Attribute Name="x"/>`, 900)+`</a:AttributeStatement>`),
		"attributes": swap(`<a:Subject>`, `<a:Subject`+strings.Repeat(` x="1"`, 33)+`>`),
		"prefixes":   swap(`<a:Subject><a:NameID>`, `<a:Subject`+prefixes("x", 10)+`><a:NameID`+prefixes("y", 9)+`>`),
		"qualified":  swap(`<a:Subject>`, `<a:Subject`+strings.Repeat(` xml:x="1"`, 9)+`>`),
		"in all":     swap(`</a:Subject>`, `</a:Subject><a:Advice>`+strings.Repeat(`<x xmlns="urn:x" a="" b="" c="" d=""/>`, 600)+`</a:Advice>`),
	} {
		if _, err := samldoc.Parse([]byte(xml)); reason.Of(err) != reason.MessageTooLarge {
			t.Errorf("%s: %v, want %s", name, err, reason.MessageTooLarge)
		}
	}
}

func TestFormFieldIsStrictBase64(t *testing.T) {
	for name, c := range map[string]struct {
		form string
		want reason.Code
	}{
		"empty":          {"", reason.MessageMalformed},
		"no base64":      {"%%%%", reason.MessageMalformed},
		"URL alphabet":   {"PD94-_==", reason.MessageMalformed},
		"no padding":     {"PGE", reason.MessageMalformed},
		"loose bits":     {"PGF=", reason.MessageMalformed},
		"no XML":         {"aGVsbG8=", reason.MessageMalformed},
		"only blanks":    {" \r\n", reason.MessageMalformed},
		"too long":       {strings.Repeat("PGE+", 100_000), reason.MessageTooLarge},
		"too much XML":   {strings.Repeat("PGE+", 87_400), reason.MessageTooLarge},
		"broken lines":   {"PGE+\r\nPGE+ \tPGE+", ""},
		"in one piece":   {"PGE+", ""},
		"padding inside": {"PGE=PGE+", reason.MessageMalformed},
	} {
		_, err := samldoc.DecodePOST(c.form)
		if c.want == "" && err != nil || c.want != "" && reason.Of(err) != c.want {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func swap(oldnew ...string) string { return strings.NewReplacer(oldnew...).Replace(plain) }

func nest(n int) string {
	return strings.Repeat(`<x:x xmlns:x="urn:x">`, 1) + strings.Repeat(`<x:x>`, n-1) + strings.Repeat(`</x:x>`, n)
}

func prefixes(stem string, n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(` xmlns:` + stem + string(rune('a'+i)) + `="urn:x"`)
	}
	return b.String()
}
