package validate_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// otherBytes say in other bytes what was signed, or nearly.
func otherBytes() []attack {
	raw := func(old, replacement string) func([]byte) string {
		return func(xml []byte) string {
			return base64.StdEncoding.EncodeToString(bytes.Replace(xml, []byte(old), []byte(replacement), 1))
		}
	}
	in := func(text string) func([]byte) string { return raw("ada@example.com<", "ada"+text+"@example.com<") }
	const malformed = "message_malformed"
	list := []attack{
		{name: "bytes-bom", expect: malformed, why: "a byte order mark before the root", field: raw("<", "\xef\xbb\xbf<")},
		{name: "bytes-utf-16", expect: malformed, why: "another encoding than is declared", edit: func(xml string) string { return `<?xml version="1.0" encoding="UTF-16"?>` + xml }},
		{name: "bytes-xml-1.1", expect: malformed, why: "XML 1.1 has other line ends and characters", edit: func(xml string) string { return `<?xml version="1.1"?>` + xml }},
		{name: "bytes-overlong", expect: malformed, why: "an overlong slash", field: in("\xc0\xaf")},
		{name: "bytes-surrogate", expect: malformed, why: "half a surrogate pair in UTF-8", field: in("\xed\xa0\x80")},
		{name: "bytes-beyond-unicode", expect: malformed, why: "a code point beyond the last", field: in("\xf4\x90\x80\x80")},
		{name: "bytes-zero", expect: malformed, why: "CVE-2025-25291 family: text that ends early for some", field: in("\x00")},
		{name: "bytes-not-a-character", expect: malformed, why: "U+FFFF is no character", field: in("\xef\xbf\xbf")},
		{name: "bytes-tab-in-attribute", expect: malformed, why: "XML makes a blank of it, encoding/xml does not", edit: swap("Name=\"mail\"", "Name=\"mail\t\"")},
		{name: "bytes-unquoted", expect: malformed, why: "a value without quotes", edit: swap(`Name="mail"`, `Name=mail`)},
		{name: "bytes-no-blank", expect: malformed, why: "two attributes without a blank between", edit: swap(`Version="2.0" IssueInstant`, `Version="2.0"IssueInstant`)},
		{name: "bytes-gt-in-tag", expect: malformed, why: "a tag in a tag", edit: swap(`<saml:Subject>`, `<saml:Subject<saml:Subject>>`)},
		{name: "good-bytes-quotes", expect: "verified", why: "the other quotes mean the same", edit: swap(`Name="mail"`, `Name='mail'`)},
		{name: "good-bytes-crlf", expect: "verified", why: "XML makes \\n of \\r\\n before anybody signs or reads", options: opts{validatetest.Attribute("a", "one\ntwo")}, edit: swap("one\ntwo", "one\r\ntwo")},
		{name: "good-bytes-reference", expect: "verified", why: "a character by its number is that character", edit: swap("ada@example.com</saml:NameID>", "&#97;d&#x61;@example.com</saml:NameID>")},
		{name: "good-bytes-empty-tag", expect: "verified", why: "an empty element has two spellings", edit: swap("/></samlp:Status>", "></samlp:StatusCode></samlp:Status>")},
		{name: "good-bytes-blanks-in-tags", expect: "verified", why: "blanks in tags mean nothing", edit: swap("<saml:Subject>", "<saml:Subject\n\t>", "</saml:Subject>", "</saml:Subject \r\n>")},
		{name: "good-bytes-attributes-swapped", expect: "verified", why: "the order of attributes means nothing", edit: swap(`Version="2.0" IssueInstant="2027-03-01T12:00:00.000Z"`, `IssueInstant="2027-03-01T12:00:00.000Z" Version="2.0"`)},
		{name: "bytes-cr-reference", expect: "signature_invalid", why: "a carriage return by its number stays one: the text was changed", edit: swap("ada@example.com</saml:NameID>", "ada@example.com&#xD;</saml:NameID>")},
		{name: "bytes-blank-in-nameid", expect: "signature_invalid", why: "blanks in text are text", edit: swap("ada@example.com</saml:NameID>", "ada@example.com </saml:NameID>")},
		{name: "bytes-xml-space", expect: "signature_invalid", why: "xml:space was added", edit: swap("<saml:NameID ", `<saml:NameID xml:space="preserve" `)},
		{name: "bytes-xml-base", expect: "signature_invalid", why: "xml:base was added", edit: swap("<saml:NameID ", `<saml:NameID xml:base="https://else.example/" `)},
		{name: "bytes-default-undeclared", expect: malformed, why: "an element out of SAML's namespace", edit: swap("<saml:NameID ", `<NameID xmlns="" `, "</saml:NameID>", "</NameID>")},
		{name: "bytes-default-declared", expect: "signature_invalid", why: "the same names by another prefix", edit: swap("<saml:NameID ", `<NameID xmlns="urn:oasis:names:tc:SAML:2.0:assertion" `, "</saml:NameID>", "</NameID>")},
		{name: "bytes-xmlns-declared", expect: malformed, why: "the prefix xmlns is nobody's to declare", edit: swap("<saml:NameID ", `<saml:NameID xmlns:xmlns="http://www.w3.org/2000/xmlns/" `)},
		{name: "bytes-xml-rebound", expect: malformed, why: "the prefix xml is bound for ever", edit: swap("<saml:NameID ", `<saml:NameID xmlns:xml="urn:x" `)},
		{name: "bytes-same-attribute-by-prefixes", expect: malformed, why: "one attribute by two prefixes of one namespace", edit: swap("<saml:NameID ", `<saml:NameID xmlns:p="urn:x" xmlns:q="urn:x" p:a="1" q:a="2" `)},
		{name: "bytes-nameid-in-two", expect: malformed, why: "CVE-2017-11427 family: an element divides the name", edit: swap("ada@example.com</saml:NameID>", "ada<x/>@example.com</saml:NameID>")},
	}
	for name, reference := range map[string]string{
		"surrogate": "&#xD800;", "zero": "&#0;", "beyond": "&#x110000;", "upper-x": "&#X61;", "sign": "&#+97;", "underscore": "&#9_7;",
		"empty": "&#;", "long": "&#x00000000000061;", "no-end": "&#97", "html": "&nbsp;", "control": "&#x1;", "not-a-character": "&#xFFFE;",
	} {
		list = append(list, attack{name: "bytes-reference-" + name, expect: malformed, why: "no reference to a character of XML", edit: swap("ada@example.com</saml:NameID>", "ada"+reference+"@example.com</saml:NameID>")})
	}
	slices.SortFunc(list, func(a, b attack) int { return strings.Compare(a.name, b.name) })
	return list
}

// otherKeys play with the signature's value and with who made it.
func otherKeys() []attack {
	const path = "saml:Assertion/ds:Signature/"
	value := func(change func(string) string) opts {
		return after(func(r el) { e := at(r, path+"ds:SignatureValue"); e.SetText(change(e.Text())) })
	}
	keyInfo := func(change func(r, info el)) opts {
		return after(func(r el) { change(r, at(r, path+"ds:KeyInfo")) })
	}
	prefixes := func(list string, where ...string) opts {
		return info(func(i el) {
			for _, w := range where {
				e := at(i, w).CreateElement("ec:InclusiveNamespaces")
				e.CreateAttr("xmlns:ec", "http://www.w3.org/2001/10/xml-exc-c14n#")
				e.CreateAttr("PrefixList", list)
			}
		})
	}
	const last = "ds:Reference/ds:Transforms/ds:Transform[2]"
	stranger := certificateFile("../validatetest/other-cert.pem")
	return []attack{
		{name: "signature-value-unpadded", expect: "signature_invalid", why: "base64 without its padding", options: value(func(s string) string { return strings.TrimRight(s, "=") })},
		{name: "signature-value-trailing-bits", expect: "signature_invalid", why: "bits that no encoder sets", options: value(func(s string) string { return s[:len(s)-3] + "x==" })},
		{name: "signature-value-longer", expect: "signature_invalid", why: "a byte more than the key is long", options: value(func(s string) string { return "AAAA" + s })},
		{name: "signature-value-urls", expect: "signature_invalid", why: "the alphabet of URLs", options: value(func(s string) string { return "-_-_" + s[4:] })},
		{name: "digest-value-indented", expect: "signature_algorithm", why: "honest, but nothing that was changed on the way: goxmldsig reads no blanks there", options: info(func(i el) {
			e := at(i, "ds:Reference/ds:DigestValue")
			e.SetText("\n  " + e.Text() + "\n")
		})},
		{name: "good-digest-value-in-lines", expect: "verified", why: "line breaks it reads", options: info(func(i el) {
			e := at(i, "ds:Reference/ds:DigestValue")
			e.SetText("\n" + e.Text() + "\n")
		})},
		{name: "signature-value-no-break-space", expect: "signature_invalid", why: "a signature by nobody, among blanks", options: value(func(string) string { return "\u00a0" })},
		{name: "good-key-info-strangers-first", expect: "verified", why: "KeyInfo is a hint: a stranger's certificate in it changes nothing", record: strangerFirst, options: keyInfo(func(_, i el) {
			x := etree.NewElement("ds:X509Data")
			x.CreateElement("ds:X509Certificate").SetText(stranger)
			i.InsertChildAt(0, x)
		})},
		{name: "good-key-info-nonsense", expect: "verified", why: "what KeyInfo holds is not parsed", record: strangerFirst, options: keyInfo(func(_, i el) {
			i.Child = nil
			i.CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText("%%%")
			i.CreateElement("ds:RetrievalMethod").CreateAttr("URI", "http://169.254.169.254/")
			i.CreateElement("ds:KeyName").SetText("../../etc/passwd")
		})},
		{name: "key-info-with-assertion", expect: "message_malformed", why: "an assertion in KeyInfo", options: keyInfo(func(r, i el) { i.AddChild(evil(assertionOf(r))) })},
		{name: "key-info-with-signature", expect: "message_malformed", why: "a signature in KeyInfo", options: keyInfo(func(r, i el) { i.AddChild(signatureOf(assertionOf(r)).Copy()) })},
		{name: "key-info-twice", expect: "message_malformed", why: "two KeyInfo", options: keyInfo(func(_, i el) { i.Parent().AddChild(i.Copy()) })},
		{name: "good-prefix-list-twice", expect: "verified", why: "a prefix named twice, and used anyway", options: prefixes("saml saml  xml xmlns", last)},
		{name: "prefix-lists-two", expect: "signature_algorithm", why: "two lists of prefixes", options: prefixes("saml", last, last)},
		{name: "good-with-comments", expect: "verified", why: "exclusive canonicalization with comments, of which there are none", options: info(func(i el) {
			for _, e := range []el{at(i, "ds:CanonicalizationMethod"), at(i, last)} {
				e.CreateAttr(algorithm, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments")
			}
		})},
		{name: "with-comments-and-a-comment", expect: "message_malformed", why: "a comment is refused, whoever signed it", options: append(before(func(r el) { assertionOf(r).CreateComment("x") }), info(func(i el) {
			at(i, last).CreateAttr(algorithm, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments")
		})...)},
		{name: "good-both-signed-outer-removed", expect: "verified", why: "Okta's inner signature is enough: the envelope claims nothing that it does not", options: opts{validatetest.Signed(true, true), validatetest.After(remove("ds:Signature"))}},
		{name: "both-signed-inner-removed", expect: "signature_invalid", why: "the outer signature covers the inner one", options: opts{validatetest.Signed(true, true), validatetest.After(remove("saml:Assertion/ds:Signature"))}},
		{name: "signature-of-response-in-assertion", expect: "message_malformed", why: "the response's signature moved into the assertion", options: opts{validatetest.Signed(true, false), validatetest.After(func(r el) {
			s := signatureOf(r)
			r.RemoveChild(s)
			assertionOf(r).InsertChildAt(1, s)
		})}},
		{name: "signature-of-assertion-in-response", expect: "message_malformed", why: "the assertion's signature moved into the response", options: after(func(r el) {
			s := signatureOf(assertionOf(r))
			assertionOf(r).RemoveChild(s)
			r.InsertChildAt(1, s)
		})},
	}
}

// otherPlaintexts are encrypted for us by whoever likes.
func otherPlaintexts() []attack {
	holding := func(change func(string) string) opts { return encrypted(encryption{Plain: change}) }
	edited := func(change func(el)) opts { return encrypted(encryption{Edit: change}) }
	cut := func(path string, by int) func(el) {
		return func(box el) {
			value := at(box, path)
			v, _ := base64.StdEncoding.DecodeString(value.Text())
			value.SetText(base64.StdEncoding.EncodeToString(v[:len(v)-by]))
		}
	}
	return []attack{
		{name: "encrypted-response-inside", expect: "encryption_unsupported", why: "a whole response inside", options: holding(func(xml string) string {
			return `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">` + xml + `</samlp:Response>`
		})},
		{name: "good-encrypted-declaration-inside", expect: "verified", why: "an XML declaration before the assertion inside", options: holding(func(xml string) string { return `<?xml version="1.0" encoding="UTF-8"?>` + xml })},
		{name: "encrypted-gcm-tag-cut", expect: "decryption_failed", why: "a tag of 15 bytes", options: edited(cut(dataValue, 1))},
		{name: "encrypted-gcm-tag-gone", expect: "decryption_failed", why: "no tag", options: edited(cut(dataValue, 16))},
		{name: "encrypted-key-cut", expect: "decryption_failed", why: "a byte less than our key is long", options: edited(cut(keyValue, 1))},
		{name: "encrypted-key-other-size", expect: "decryption_failed", why: "RSA of 4096 bits, which we have not", options: edited(setText(keyValue, base64.StdEncoding.EncodeToString(make([]byte, 512))))},
		{name: "encrypted-key-huge", expect: "message_malformed", why: "RSA of 32,000 bits", options: edited(setText(keyValue, base64.StdEncoding.EncodeToString(make([]byte, 4000))))},
		{name: "encrypted-key-confusion", expect: "decryption_failed", why: "PKCS #1 v1.5 under OAEP's name", options: edited(setText(keyValue, base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{2}, 256))))},
		{name: "encrypted-gcm-as-cbc", expect: "message_malformed", why: "GCM's ciphertext under CBC's name", options: edited(set("xenc:EncryptedData/xenc:EncryptionMethod", algorithm, validatetest.AES256CBC))},
		{name: "encrypted-recipients-none-ours", expect: "encryption_unsupported", why: "two keys, both for others", options: edited(func(box el) {
			copies(1)(box)
			for i, key := range box.FindElements("./" + keyPath) {
				key.CreateAttr("Recipient", fmt.Sprintf("https://else.example/%d", i))
			}
		})},
		{name: "encrypted-recipients-both-ours", expect: "encryption_unsupported", why: "two keys, both for us", options: edited(func(box el) {
			copies(1)(box)
			for _, key := range box.FindElements("./" + keyPath) {
				key.CreateAttr("Recipient", validatetest.Expectation().EntityID)
			}
		})},
	}
}

// otherConfirmations are who may bear an assertion, and for what.
func otherConfirmations() []attack {
	const subject = "saml:Assertion/saml:Subject"
	twice := func(change func(first, second el)) opts {
		return before(func(r el) {
			first := at(r, subject+"/saml:SubjectConfirmation")
			second := first.Copy()
			first.Parent().AddChild(second)
			change(first, second)
		})
	}
	const holder = "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
	return []attack{
		{name: "good-holder-of-key-beside", expect: "verified", why: "a bearer may bear it, whoever else may", options: twice(func(first, _ el) { first.CreateAttr("Method", holder) })},
		{name: "holder-of-key-beside-wrong-bearer", expect: "recipient_mismatch", why: "the holder's confirmation is ours, the bearer's another's", options: twice(func(first, second el) {
			first.CreateAttr("Method", holder)
			second.ChildElements()[0].CreateAttr("Recipient", "https://else.example/acs")
		})},
		{name: "confirmations-in-halves", expect: "recipient_mismatch", why: "one has our address, the other our request: each alone must hold", options: twice(func(first, second el) {
			first.ChildElements()[0].CreateAttr("Recipient", "https://else.example/acs")
			second.ChildElements()[0].CreateAttr("InResponseTo", "_theirs")
		})},
		{name: "bearer-in-capitals", expect: "confirmation_missing", why: "URIs are compared exactly", options: before(set(subject+"/saml:SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:Bearer"))},
		{name: "good-unsolicited-answers-empty", expect: "verified", why: "an empty InResponseTo answers nobody", request: "-", record: allowUnsolicited, options: before(set("", "InResponseTo", " ")), edit: swap(`InResponseTo=" "`, `InResponseTo=""`)},
		{name: "unsolicited-answers-blank", expect: "in_response_to_mismatch", why: "a blank is no answer to nobody", request: "-", record: allowUnsolicited, options: before(set("", "InResponseTo", " "))},
		{name: "answers-blank-behind", expect: "in_response_to_mismatch", why: "IDs are compared exactly", options: before(set("", "InResponseTo", "_request "))},
		{name: "answers-case", expect: "in_response_to_mismatch", why: "IDs are compared exactly", options: before(set(data, "InResponseTo", "_Request"))},
		{name: "good-id-with-blank", expect: "verified", why: "an ID that is no xs:ID, but signed and compared as it stands", options: before(set("saml:Assertion", "ID", "_a b"))},
	}
}

// otherPurposes are messages that the identity provider signed for something else.
func otherPurposes() []attack {
	const malformed = "message_malformed"
	signed := func(root func(i validatetest.IdP) el) func(*testing.T, validatetest.IdP, validatetest.IdP) []byte {
		return func(_ *testing.T, i, _ validatetest.IdP) []byte {
			r := root(i)
			i.Sign(r)
			return i.Write(r)
		}
	}
	renamed := func(tag string) func(validatetest.IdP) el {
		return func(i validatetest.IdP) el {
			document := etree.NewDocument()
			_ = document.ReadFromBytes(i.XML(validatetest.Signed(false, false)))
			root := document.Root()
			root.Tag = tag
			return root
		}
	}
	list := []attack{
		{name: "purpose-logout-request", expect: malformed, why: "a signed logout request at the assertion consumer service", make: func(_ *testing.T, i, _ validatetest.IdP) []byte {
			xml, _ := base64.StdEncoding.DecodeString(i.Logout(validatetest.Expectation().ACSURL))
			return xml
		}},
		{name: "purpose-assertion-alone", expect: malformed, why: "a signed assertion without response", make: func(_ *testing.T, i, _ validatetest.IdP) []byte {
			document := etree.NewDocument()
			_ = document.ReadFromBytes(i.XML())
			document.Root().CreateAttr("x", "")
			a := assertionOf(document.Root()).Copy()
			a.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
			return i.Write(a)
		}},
		{name: "purpose-metadata", expect: malformed, why: "signed metadata", make: signed(func(validatetest.IdP) el {
			e := etree.NewElement("md:EntityDescriptor")
			e.CreateAttr("xmlns:md", "urn:oasis:names:tc:SAML:2.0:metadata")
			e.CreateAttr("ID", "_m")
			e.CreateElement("md:IDPSSODescriptor")
			return e
		})},
		{name: "purpose-soap", expect: malformed, why: "a response inside an envelope of SOAP (ECP)", edit: func(xml string) string {
			return `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>` + xml + `</s:Body></s:Envelope>`
		}},
		{name: "purpose-attribute-query", expect: "authn_statement_missing", why: "the answer to a question about somebody who did not sign in", options: before(remove(authn))},
	}
	for _, tag := range []string{"LogoutResponse", "AuthnRequest", "ArtifactResponse", "NameIDMappingResponse", "response"} {
		list = append(list, attack{name: "purpose-" + strings.ToLower(tag), expect: malformed, why: "a signed message of another name", make: signed(renamed(tag))})
	}
	return list
}

// What was signed for signing in signs nobody out.
func TestAResponseIsNoLogoutRequest(t *testing.T) {
	idp := validatetest.New(t)
	for _, v := range vectors(t) {
		out, err := v.guard(t).Logout(t.Context(), v.record, validatetest.Expectation().ACSURL, v.field)
		if err == nil && v.name != "purpose-logout-request" || err != nil && !out.IsZero() {
			t.Errorf("%s signs %s out: %v", v.name, out.Subject(), err)
		}
	}
	want := validatetest.Expectation()
	for _, request := range []string{idp.Logout(validatetest.Service), idp.Logout(want.ACSURL)} {
		if _, err := guard().Response(t.Context(), idp.Record(), want, request); reason.Of(err) != reason.MessageMalformed {
			t.Errorf("a logout request signs somebody in: %v", err)
		}
	}
}

// The nonce of one identity provider is none of another's, however their names
// and IDs run together.
func TestNoncesOfTwoIdentityProvidersDoNotMeet(t *testing.T) {
	idp, g, want := validatetest.New(t), guard(), unasked()
	for _, names := range [][2]string{{"https://idp.example/a", "b_1"}, {"https://idp.example/ab", "_1"}, {"https://idp.example/", "ab_1"}} {
		record := idp.Record(allowUnsolicited, func(_ *trust.Source, k *trust.Keys) { k.EntityID = names[0] })
		encoded := idp.Response(validatetest.For(want), validatetest.Before(func(r el) {
			setText("saml:Issuer", names[0])(r)
			setText("saml:Assertion/saml:Issuer", names[0])(r)
			set("saml:Assertion", "ID", names[1])(r)
		}))
		if _, err := g.Response(t.Context(), record, want, encoded); err != nil {
			t.Errorf("%q: %v", names, err)
		}
	}
}

// A name is taken as it is written, as long and as odd as it may be.
func TestOddNamesAreTakenAsTheyAre(t *testing.T) {
	for _, name := range []string{
		"ada\u202e@example.com", "ada\u0085@example.com", "a\r\nlevel=error", " ada ", strings.Repeat("x", 10_000), "<script>", "ada\u200b", "\u00e5da", "a\u030ada",
	} {
		if who := validatetest.New(t).Identity(validatetest.Subject(name)); who.Subject() != name {
			t.Errorf("%.40q is read as %.40q", name, who.Subject())
		}
	}
}
