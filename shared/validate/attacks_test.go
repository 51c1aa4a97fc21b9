package validate_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// attack makes one vector. Everything but expect and why has a default: the
// honest response to the request _request, judged by the test IdP's record.
type attack struct {
	name, expect, why string

	options []validatetest.Option
	edit    func(xml string) string                              // the written document
	make    func(t *testing.T, i, other validatetest.IdP) []byte // instead of options
	field   func(xml []byte) string                              // the form field, where base64 is the point

	record  func(*trust.Source, *trust.Keys)
	pending bool
	request string // "-": none under way
	now     time.Time
	post    int
	subject string
}

func TestVectorsAreWhatTheGeneratorMakes(t *testing.T) {
	made := map[string]archive{}
	for _, a := range attacks() {
		made[a.name] = a.archive(t)
	}
	holdVectors(t, "testdata/saml", made)
}

func (a attack) archive(t *testing.T) archive {
	t.Helper()
	idp, other := validatetest.New(t), validatetest.Stranger(t)
	source, keys := validatetest.Source(), idp.Keys()
	if a.record != nil {
		a.record(&source, &keys)
	}
	record := stored{Source: source, Keys: &keys}
	if a.pending {
		record.Keys = nil
	}
	written, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	xml := a.xml(t, idp, other)
	message := part{"response.xml", string(xml) + "\n"}
	if a.field != nil {
		message = part{"field.txt", a.field(xml) + "\n"}
	}
	return archive{head: a.head(), parts: []part{{"trust.json", string(written) + "\n"}, message}}
}

func (a attack) xml(t *testing.T, idp, other validatetest.IdP) []byte {
	t.Helper()
	if a.make != nil {
		return a.make(t, idp, other)
	}
	options := a.options
	if a.request == "-" {
		want := validatetest.Expectation()
		want.RequestID = ""
		options = append([]validatetest.Option{validatetest.For(want)}, options...)
	}
	xml := string(idp.XML(options...))
	if a.edit != nil {
		edited := a.edit(xml)
		if edited == xml {
			t.Fatalf("%s: the edit changes nothing", a.name)
		}
		xml = edited
	}
	return []byte(xml)
}

func (a attack) head() string {
	now, request, post := a.now, a.request, max(a.post, 1)
	if now.IsZero() {
		now = validatetest.Now()
	}
	if request == "" {
		request = "_request"
	}
	head := fmt.Sprintf("expect: %s\nnow: %s\nrequest: %s\npost: %d\n", a.expect, now.Format(time.RFC3339), request, post)
	if a.expect == "verified" {
		subject := a.subject
		if subject == "" {
			subject = "ada@example.com"
		}
		head += "subject: " + subject + "\n"
	}
	return head + "why: " + a.why + "\n"
}

// Short words for what the attacks are made of.

type (
	opts = []validatetest.Option
	el   = *etree.Element
)

func before(f func(el)) opts { return opts{validatetest.Before(f)} }
func after(f func(el)) opts  { return opts{validatetest.After(f)} }
func info(f func(el)) opts   { return opts{validatetest.Info(f)} }

func swap(oldnew ...string) func(string) string {
	return func(xml string) string { return strings.NewReplacer(oldnew...).Replace(xml) }
}

func assertionOf(r el) el { return r.SelectElement("saml:Assertion") }
func signatureOf(e el) el { return e.SelectElement("ds:Signature") }
func at(r el, path string) el {
	return r.FindElement("./" + path)
}

func set(path, attribute, value string) func(el) {
	return func(r el) {
		e := r
		if path != "" {
			e = at(r, path)
		}
		if value == "" {
			e.RemoveAttr(attribute)
			return
		}
		e.CreateAttr(attribute, value)
	}
}

func setText(path, value string) func(el) { return func(r el) { at(r, path).SetText(value) } }

func remove(path string) func(el) {
	return func(r el) { e := at(r, path); e.Parent().RemoveChild(e) }
}

func add(path, child string, attributes ...string) func(el) {
	return func(r el) {
		parent := r
		if path != "" {
			parent = at(r, path)
		}
		e := parent.CreateElement(child)
		for i := 0; i+1 < len(attributes); i += 2 {
			e.CreateAttr(attributes[i], attributes[i+1])
		}
	}
}

// evil makes another person's assertion of one, with an ID of its own and no
// signature.
func evil(assertion el) el {
	e := assertion.Copy()
	e.CreateAttr("ID", "_evil")
	at(e, "saml:Subject/saml:NameID").SetText("admin@example.com")
	if s := signatureOf(e); s != nil {
		e.RemoveChild(s)
	}
	return e
}

func bare(e el) el {
	c := e.Copy()
	c.RemoveChild(signatureOf(c))
	return c
}

func offset(d time.Duration) string {
	return validatetest.Now().Add(d).Format("2006-01-02T15:04:05.000Z")
}

func later(d time.Duration) time.Time { return validatetest.Now().Add(d) }

func certificateFile(name string) string {
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		return err.Error()
	}
	block, _ := pem.Decode(data)
	return base64.StdEncoding.EncodeToString(block.Bytes)
}

const (
	data       = "saml:Assertion/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
	conditions = "saml:Assertion/saml:Conditions"
	authn      = "saml:Assertion/saml:AuthnStatement"
	algorithm  = "Algorithm"
)

func attacks() []attack {
	var all []attack
	for _, group := range [][]attack{
		honest(), wrapping(), signatures(), references(), algorithms(), curves(), documents(),
		honestEncryption(), ciphertexts(), openings(),
		envelopes(), subjects(), audiences(), times(), requests(), records(),
		brokenSignatures(), nearlyOurs(), oddTimes(), brokenContexts(),
		otherBytes(), otherKeys(), otherPlaintexts(), otherConfirmations(), otherPurposes(),
	} {
		all = append(all, group...)
	}
	return all
}

func honest() []attack {
	second := validatetest.Expectation().EntityID
	return []attack{
		{name: "good-assertion-signed", expect: "verified", why: "Entra ID, AD FS: the assertion alone is signed"},
		{name: "good-response-signed", expect: "verified", why: "Google, Keycloak: the response alone is signed", options: opts{validatetest.Signed(true, false)}},
		{name: "good-both-signed", expect: "verified", why: "Okta: both are signed, both must hold", options: opts{validatetest.Signed(true, true)}},
		{name: "good-rsa-sha384", expect: "verified", why: "an algorithm of the list", options: opts{validatetest.By(validatetest.RSASHA384())}},
		{name: "good-rsa-sha512", expect: "verified", why: "an algorithm of the list", options: opts{validatetest.By(validatetest.RSASHA512())}},
		{name: "good-rsa-sha1-allowed", expect: "verified", why: "the record allows SHA-1", options: opts{validatetest.By(validatetest.RSASHA1())}, record: func(s *trust.Source, _ *trust.Keys) { s.SAML.AllowSHA1 = true }},
		{name: "good-no-key-info", expect: "verified", why: "KeyInfo is a hint: without it every key is tried", record: strangerFirst, options: after(remove("saml:Assertion/ds:Signature/ds:KeyInfo"))},
		{name: "good-key-value", expect: "verified", why: "KeyInfo may hold what is no certificate", options: after(func(r el) {
			e := at(r, "saml:Assertion/ds:Signature/ds:KeyInfo")
			e.RemoveChild(e.ChildElements()[0])
			e.CreateElement("ds:KeyName").SetText("k1")
		})},
		{name: "good-second-certificate", expect: "verified", why: "rollover: the second certificate of the record signed", record: strangerFirst},
		{name: "good-signature-value-indented", expect: "verified", why: "blanks and line breaks in SignatureValue mean nothing", edit: func(xml string) string {
			head, rest, _ := strings.Cut(xml, "<ds:SignatureValue>")
			return head + "<ds:SignatureValue>\n   " + rest[:40] + "\n   " + rest[40:]
		}},
		{name: "good-prefix-list", expect: "verified", why: "Okta's InclusiveNamespaces", options: opts{validatetest.Before(func(r el) { r.CreateAttr("xmlns:xs", "http://www.w3.org/2001/XMLSchema") }), validatetest.Info(func(i el) {
			// The list names a prefix that the canonical form does not render.
			e := at(i, "ds:Reference/ds:Transforms").ChildElements()[1].CreateElement("ec:InclusiveNamespaces")
			e.CreateAttr("xmlns:ec", "http://www.w3.org/2001/10/xml-exc-c14n#")
			e.CreateAttr("PrefixList", "unbound")
		})}},
		{name: "good-no-response-issuer", expect: "verified", why: "the response may leave its issuer out (saml-profiles 4.1.4.2)", options: before(remove("saml:Issuer"))},
		{name: "good-no-destination-unsigned", expect: "verified", why: "PingFederate: an unsigned response may leave Destination out", options: before(set("", "Destination", ""))},
		{name: "good-second-audience", expect: "verified", why: "of several audiences any one suffices", options: before(func(r el) {
			restriction := at(r, conditions+"/saml:AudienceRestriction")
			restriction.ChildElements()[0].SetText("https://else.example")
			restriction.CreateElement("saml:Audience").SetText(second)
		})},
		{name: "good-second-bearer", expect: "verified", why: "any one bearer confirmation that holds suffices (saml-core 2.4.1)", options: before(func(r el) {
			first := at(r, "saml:Assertion/saml:Subject/saml:SubjectConfirmation")
			first.Parent().AddChild(first.Copy())
			first.ChildElements()[0].CreateAttr("Recipient", "https://else.example/acs")
		})},
		{name: "good-sender-vouches-beside", expect: "verified", why: "another method beside a bearer confirmation is legal", options: before(add("saml:Assertion/saml:Subject", "saml:SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"))},
		{name: "good-one-time-use", expect: "verified", why: "OneTimeUse and ProxyRestriction are known conditions", options: before(func(r el) {
			at(r, conditions).CreateElement("saml:OneTimeUse")
			at(r, conditions).CreateElement("saml:ProxyRestriction").CreateAttr("Count", "0")
		})},
		{name: "good-late-within-skew", expect: "verified", why: "59 s late, the record allows 60 s", now: later(5*time.Minute + 59*time.Second)},
		{name: "good-early-within-skew", expect: "verified", why: "the identity provider's clock is 59 s ahead", now: later(-59 * time.Second)},
		{name: "good-unsolicited", expect: "verified", why: "the record allows responses unasked", request: "-", record: allowUnsolicited},
		{name: "good-subject-as-written", expect: "verified", why: "a NameID is taken as written: another spelling may be another person", options: opts{validatetest.Subject("Ada & <李> 😀")}, subject: "Ada & <李> 😀"},
	}
}

func strangerFirst(_ *trust.Source, k *trust.Keys) {
	k.Certificates = append([]string{certificateFile("../validatetest/other-cert.pem")}, k.Certificates...)
}

func allowUnsolicited(s *trust.Source, _ *trust.Keys) { s.SAML.AllowIdPInitiated = true }

// wrapping: the signed part is moved where a verifier finds it, a forged one put
// where a reader looks.
func wrapping() []attack {
	wrap := func(place func(r, signed el)) opts {
		return after(func(r el) { place(r, assertionOf(r)) })
	}
	in := func(parents ...string) opts {
		return wrap(func(r, signed el) {
			forged := evil(signed)
			r.InsertChildAt(signed.Index(), forged)
			r.RemoveChild(signed)
			parent := r
			for _, name := range parents {
				if next := parent.SelectElement(name); next != nil {
					parent = next
				} else {
					parent = parent.CreateElement(name)
					if strings.HasPrefix(name, "x:") {
						parent.CreateAttr("xmlns:x", "urn:x")
					}
				}
			}
			parent.AddChild(signed)
		})
	}
	return []attack{
		{name: "xsw1-response-in-signature", expect: "message_malformed", why: "XSW1 (USENIX 2012): the signed response inside the signature of a forged one", options: opts{validatetest.Signed(true, false), validatetest.After(func(r el) {
			original := bare(r)
			signatureOf(r).AddChild(original)
			forgeRoot(r)
		})}},
		{name: "xsw2-response-before-signature", expect: "message_malformed", why: "XSW2: the signed response beside the signature of a forged one", options: opts{validatetest.Signed(true, false), validatetest.After(func(r el) {
			r.InsertChildAt(1, bare(r))
			forgeRoot(r)
		})}},
		{name: "xsw3-forged-assertion-first", expect: "assertions_several", why: "XSW3, CVE-2022-41912: a forged assertion before the signed one", options: wrap(func(r, signed el) { r.InsertChildAt(signed.Index(), evil(signed)) })},
		{name: "xsw3-forged-assertion-last", expect: "assertions_several", why: "XSW3 the other way round", options: wrap(func(r, signed el) { r.AddChild(evil(signed)) })},
		{name: "xsw4-signed-inside-forged", expect: "message_malformed", why: "XSW4: the signed assertion inside the forged one", options: in("saml:Assertion")},
		{name: "xsw5-copy-at-the-end", expect: "assertions_several", why: "XSW5: the signed assertion changed, the original without signature last", options: wrap(func(r, signed el) {
			r.AddChild(bare(signed))
			at(signed, "saml:Subject/saml:NameID").SetText("admin@example.com")
			signed.CreateAttr("ID", "_evil")
		})},
		{name: "xsw6-original-in-signature", expect: "message_malformed", why: "XSW6: the original inside the forged assertion's signature", options: wrap(func(_, signed el) {
			original := bare(signed)
			at(signed, "saml:Subject/saml:NameID").SetText("admin@example.com")
			signed.CreateAttr("ID", "_evil")
			signatureOf(signed).AddChild(original)
		})},
		{name: "xsw7-original-in-extensions", expect: "message_malformed", why: "XSW7, CVE-2024-6800: the original in Extensions", options: in("samlp:Extensions")},
		{name: "xsw8-original-in-object", expect: "message_malformed", why: "XSW8: the original in an Object of the forged assertion's signature", options: wrap(func(_, signed el) {
			original := bare(signed)
			at(signed, "saml:Subject/saml:NameID").SetText("admin@example.com")
			signed.CreateAttr("ID", "_evil")
			signatureOf(signed).CreateElement("ds:Object").AddChild(original)
		})},
		{name: "xsw-in-status-detail", expect: "message_malformed", why: "CVE-2025-54369 (node-saml) and others: the original in StatusDetail", options: in("samlp:Status", "samlp:StatusDetail")},
		{name: "xsw-in-advice", expect: "message_malformed", why: "CVE-2025-47949 (samlify): the original in Advice", options: in("saml:Assertion", "saml:Advice")},
		{name: "xsw-in-confirmation-data", expect: "message_malformed", why: "the original in SubjectConfirmationData", options: in("saml:Assertion", "saml:Subject", "saml:SubjectConfirmation", "saml:SubjectConfirmationData")},
		{name: "xsw-in-attribute-value", expect: "message_malformed", why: "the original in an AttributeValue", options: in("saml:Assertion", "saml:AttributeStatement", "saml:Attribute", "saml:AttributeValue")},
		{name: "xsw-in-unknown-element", expect: "message_malformed", why: "the original in an element that SAML does not know", options: in("samlp:Extensions", "x:Anything")},
		{name: "xsw-same-id", expect: "message_malformed", why: "a forged assertion with the signed one's ID", options: wrap(func(r, signed el) {
			forged := evil(signed)
			forged.CreateAttr("ID", signed.SelectAttrValue("ID", ""))
			r.InsertChildAt(signed.Index(), forged)
		})},
		{name: "xsw-assertion-beside-encrypted", expect: "assertions_several", why: "CVE-2025-46572: a plain assertion beside an encrypted one", options: wrap(func(r, _ el) { r.CreateElement("saml:EncryptedAssertion") })},
	}
}

func forgeRoot(r el) {
	r.CreateAttr("ID", "_evil")
	forged := evil(assertionOf(r))
	forged.CreateAttr("ID", "_evil2")
	r.InsertChildAt(assertionOf(r).Index(), forged)
	r.RemoveChild(r.SelectElements("saml:Assertion")[1])
}

func signatures() []attack {
	return []attack{
		{name: "signature-excluded", expect: "signature_missing", why: "no signature at all", options: opts{validatetest.Signed(false, false)}},
		{name: "signature-removed", expect: "signature_missing", why: "the signature was cut out", options: after(remove("saml:Assertion/ds:Signature"))},
		{name: "signature-empty", expect: "message_malformed", why: "an empty Signature element", options: after(func(r el) { signatureOf(assertionOf(r)).Child = nil })},
		{name: "signature-twice", expect: "message_malformed", why: "two signatures in one parent", options: after(func(r el) { a := assertionOf(r); a.InsertChildAt(1, signatureOf(a).Copy()) })},
		{name: "signature-late", expect: "message_malformed", why: "the signature stands neither behind the issuer nor last", options: after(func(r el) { a := assertionOf(r); s := signatureOf(a); a.RemoveChild(s); a.InsertChildAt(2, s) })},
		{name: "good-signature-last", expect: "verified", why: "the signature stands last, as Auth0 puts it", options: after(func(r el) { a := assertionOf(r); s := signatureOf(a); a.RemoveChild(s); a.AddChild(s) })},
		{name: "signature-in-subject", expect: "message_malformed", why: "the signature stands where SAML has no place for it", options: after(func(r el) {
			a := assertionOf(r)
			s := signatureOf(a)
			a.RemoveChild(s)
			at(a, "saml:Subject").AddChild(s)
		})},
		{name: "signature-in-other-namespace", expect: "message_malformed", why: "namespace confusion: a Signature that is not XML Signature's", edit: swap(`xmlns:ds="http://www.w3.org/2000/09/xmldsig#"`, `xmlns:ds="urn:not-xmldsig"`)},
		{name: "stranger-signed", expect: "signature_invalid", why: "signed by a key that the record does not know, whose certificate the message shows", make: func(_ *testing.T, _, other validatetest.IdP) []byte { return other.XML() }},
		{name: "stranger-shows-our-certificate", expect: "signature_invalid", why: "certificate faking: a stranger's signature beside the trusted certificate", make: func(_ *testing.T, i, other validatetest.IdP) []byte {
			return other.XML(validatetest.After(func(r el) {
				at(r, "saml:Assertion/ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate").SetText(i.Keys().Certificates[0])
			}))
		}},
		{name: "retrieval-method", expect: "signature_invalid", why: "KeyInfo that says where to fetch the key is not followed", make: func(_ *testing.T, _, other validatetest.IdP) []byte {
			return other.XML(validatetest.After(func(r el) {
				e := at(r, "saml:Assertion/ds:Signature/ds:KeyInfo")
				e.RemoveChild(e.ChildElements()[0])
				e.CreateElement("ds:RetrievalMethod").CreateAttr("URI", "http://169.254.169.254/key")
			}))
		}},
		{name: "subject-changed", expect: "signature_invalid", why: "the signed assertion was changed", options: after(setText("saml:Assertion/saml:Subject/saml:NameID", "admin@example.com"))},
		{name: "attribute-added", expect: "signature_invalid", why: "an attribute was added to the signed assertion", options: after(add("saml:Assertion/saml:AttributeStatement", "saml:Attribute", "Name", "groups"))},
		{name: "envelope-changed", expect: "signature_invalid", why: "the assertion's signature holds, the response's does not: both must", options: opts{validatetest.Signed(true, true), validatetest.After(func(r el) { r.CreateAttr("Consent", "urn:x") })}},
		{name: "inner-signature-bad", expect: "signature_invalid", why: "the response's signature holds, the assertion's does not: both must", make: func(_ *testing.T, i, _ validatetest.IdP) []byte {
			return i.XML(validatetest.After(func(r el) {
				setText("saml:Assertion/saml:Subject/saml:NameID", "admin@example.com")(r)
				i.Sign(r)
			}))
		}},
		{name: "inner-signature-stranger", expect: "signature_invalid", why: "IdP mix-up: our identity provider's envelope round a stranger's assertion", make: func(_ *testing.T, i, other validatetest.IdP) []byte {
			return other.XML(validatetest.After(func(r el) { i.Sign(r) }))
		}},
		{name: "outer-signature-stranger", expect: "signature_invalid", why: "IdP mix-up: a stranger's envelope round our identity provider's assertion", make: func(_ *testing.T, i, other validatetest.IdP) []byte {
			return i.XML(validatetest.After(func(r el) { other.Sign(r) }))
		}},
		{name: "signature-value-empty", expect: "signature_invalid", why: "an empty SignatureValue", options: after(setText("saml:Assertion/ds:Signature/ds:SignatureValue", ""))},
		{name: "signature-value-zero", expect: "signature_invalid", why: "zero, as CVE-2022-21449 has it for ECDSA", options: after(setText("saml:Assertion/ds:Signature/ds:SignatureValue", strings.Repeat("A", 342)+"=="))},
		{name: "digest-value-changed", expect: "signature_invalid", why: "the digest of a forged assertion put into SignedInfo", options: after(setText("saml:Assertion/ds:Signature/ds:SignedInfo/ds:Reference/ds:DigestValue", strings.Repeat("A", 43)+"="))},
		{name: "signed-by-none-suitable", expect: "signature_algorithm", why: "the record's key has 1024 bits", record: func(_ *trust.Source, k *trust.Keys) { k.Certificates = []string{certificateFile("short-cert.pem")} }},
		{name: "record-with-ecdsa-key", expect: "signature_algorithm", why: "key confusion: an RSA signature, an ECDSA certificate", record: func(_ *trust.Source, k *trust.Keys) { k.Certificates = []string{certificateFile("ecdsa-cert.pem")} }},
	}
}

func references() []attack {
	digest := make([]byte, 32)
	sha256 := validatetest.RSASHA256()
	transform := func(i el, position int, algorithm string) {
		at(i, "ds:Reference/ds:Transforms").ChildElements()[position].CreateAttr("Algorithm", algorithm)
	}
	return []attack{
		{name: "reference-to-everything", expect: "message_malformed", why: `URI "" means the whole document`, options: info(set("ds:Reference", "URI", " ")), edit: swap(`URI=" "`, `URI=""`)},
		{name: "reference-to-another", expect: "message_malformed", why: "the signature covers another element than its parent", options: info(set("ds:Reference", "URI", "#_other"))},
		{name: "reference-to-the-network", expect: "message_malformed", why: "SSRF by Reference URI", options: info(set("ds:Reference", "URI", "http://169.254.169.254/"))},
		{name: "reference-by-xpointer", expect: "message_malformed", why: "XPointer instead of an ID", options: info(set("ds:Reference", "URI", "#xpointer(/)"))},
		{name: "references-two", expect: "message_malformed", why: "CVE-2026-33487: of two references a library checks one and returns the other", options: info(func(i el) { validatetest.Reference(i, "_other", digest, sha256) })},
		{name: "references-two-same", expect: "message_malformed", why: "two references to the parent", options: info(func(i el) { i.AddChild(i.SelectElement("ds:Reference").Copy()) })},
		{name: "references-none", expect: "message_malformed", why: "a signature over nothing", options: info(func(i el) { i.RemoveChild(i.SelectElement("ds:Reference")) })},
		{name: "signed-infos-two", expect: "message_malformed", why: "CVE-2025-29774: several SignedInfo", options: after(func(r el) {
			s := signatureOf(assertionOf(r))
			s.InsertChildAt(0, s.ChildElements()[0].Copy())
		})},
		{name: "object-in-signature", expect: "message_malformed", why: "an Object is unsigned and holds anything", options: after(add("saml:Assertion/ds:Signature", "ds:Object"))},
		{name: "comment-in-digest-value", expect: "message_malformed", why: "CVE-2025-29775", edit: swap("<ds:DigestValue>", "<ds:DigestValue><!-- AAAA -->")},
		{name: "digest-value-split", expect: "message_malformed", why: "an element inside DigestValue", options: info(add("ds:Reference/ds:DigestValue", "ds:X"))},
		{name: "transform-xpath", expect: "signature_algorithm", why: "CVE-2024-45409: digest smuggling by XPath", options: info(func(i el) { transform(i, 1, "http://www.w3.org/TR/1999/REC-xpath-19991116") })},
		{name: "transform-xslt", expect: "signature_algorithm", why: "CVE-2022-34716: XSLT runs code", options: info(func(i el) { transform(i, 1, "http://www.w3.org/TR/1999/REC-xslt-19991116") })},
		{name: "transform-base64", expect: "signature_algorithm", why: "base64 reads other bytes", options: info(func(i el) { transform(i, 1, "http://www.w3.org/2000/09/xmldsig#base64") })},
		{name: "transform-inclusive", expect: "signature_algorithm", why: "inclusive canonicalization depends on the surroundings", options: info(func(i el) { transform(i, 1, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315") })},
		{name: "transform-not-enveloped", expect: "signature_algorithm", why: "canonicalization twice, no enveloped signature", options: info(func(i el) { transform(i, 0, "http://www.w3.org/2001/10/xml-exc-c14n#") })},
		{name: "transforms-three", expect: "message_malformed", why: "more transforms than two", options: info(func(i el) {
			e := at(i, "ds:Reference/ds:Transforms")
			e.AddChild(e.ChildElements()[1].Copy())
		})},
		{name: "transforms-one", expect: "message_malformed", why: "without canonicalization named", options: info(func(i el) {
			e := at(i, "ds:Reference/ds:Transforms")
			e.RemoveChild(e.ChildElements()[1])
		})},
		{name: "transforms-none", expect: "message_malformed", why: "without Transforms", options: info(remove("ds:Reference/ds:Transforms"))},
		{name: "canonicalization-inclusive", expect: "signature_algorithm", why: "SignedInfo by inclusive canonicalization", options: info(set("ds:CanonicalizationMethod", algorithm, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"))},
	}
}

func algorithms() []attack {
	method := func(a string) opts {
		return after(func(r el) {
			at(r, "saml:Assertion/ds:Signature/ds:SignedInfo/ds:SignatureMethod").CreateAttr(algorithm, a)
		})
	}
	return []attack{
		{name: "rsa-sha1", expect: "signature_algorithm", why: "SHA-1 only by the record's consent", options: opts{validatetest.By(validatetest.RSASHA1())}},
		{name: "sha1-digest", expect: "signature_algorithm", why: "a SHA-1 digest under an RSA-SHA256 signature", options: info(set("ds:Reference/ds:DigestMethod", algorithm, "http://www.w3.org/2000/09/xmldsig#sha1"))},
		{name: "md5-digest", expect: "signature_algorithm", why: "a digest that nobody should know", options: info(set("ds:Reference/ds:DigestMethod", algorithm, "http://www.w3.org/2001/04/xmldsig-more#md5"))},
		{name: "ecdsa-with-rsa-key", expect: "signature_algorithm", why: "key confusion: the method says ECDSA, the record's key is RSA", options: method("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256")},
		{name: "hmac-sha256", expect: "signature_algorithm", why: "key confusion: HMAC with the public key as secret", options: method("http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")},
		{name: "hmac-truncated", expect: "signature_algorithm", why: "HMACOutputLength 0", options: after(func(r el) {
			at(r, "saml:Assertion/ds:Signature/ds:SignedInfo/ds:SignatureMethod").CreateElement("ds:HMACOutputLength").SetText("0")
		})},
		{name: "method-none", expect: "signature_algorithm", why: "no algorithm", options: method("none")},
		{name: "rsa-sha1-allowed-but-changed", expect: "signature_invalid", why: "consent to SHA-1 is no consent to anything else", options: opts{validatetest.By(validatetest.RSASHA1()), validatetest.After(setText("saml:Assertion/saml:Subject/saml:NameID", "admin@example.com"))}, record: func(s *trust.Source, _ *trust.Keys) { s.SAML.AllowSHA1 = true }},
	}
}

func documents() []attack {
	raw := func(xml []byte) string { return base64.StdEncoding.EncodeToString(xml) }
	return []attack{
		{name: "comment-in-nameid", expect: "message_malformed", why: "CVE-2017-11427..11430: a comment splits the NameID, the signature holds", options: opts{validatetest.Subject("admin@example.com.evil.test")}, edit: swap("admin@example.com.evil", "admin@example.com<!-- -->.evil")},
		{name: "comment-in-attribute", expect: "message_malformed", why: "CVE-2018-7340: the same in an attribute", edit: swap("ada@example.com</saml:AttributeValue>", "ada<!-- -->@example.com</saml:AttributeValue>")},
		{name: "comment-anywhere", expect: "message_malformed", why: "no real response has comments", edit: func(xml string) string { return xml + "<!-- -->" }},
		{name: "cdata-in-nameid", expect: "message_malformed", why: "canonicalization makes text of it", edit: swap("</saml:NameID>", "<![CDATA[]]></saml:NameID>")},
		{name: "processing-instruction", expect: "message_malformed", why: "it splits text as a comment does", edit: swap("</saml:NameID>", "<?x?></saml:NameID>")},
		{name: "doctype", expect: "message_malformed", why: "XXE: no DOCTYPE", edit: func(xml string) string { return `<!DOCTYPE r SYSTEM "http://169.254.169.254/">` + xml }},
		{name: "doctype-entity", expect: "message_malformed", why: "an entity of its own in the NameID", edit: func(xml string) string {
			return `<!DOCTYPE r [<!ENTITY e "admin@example.com">]>` + strings.Replace(xml, ">ada@example.com</saml:NameID>", ">&e;</saml:NameID>", 1)
		}},
		{name: "doctype-attribute-default", expect: "message_malformed", why: "attribute defaults give an element an ID", edit: func(xml string) string {
			return `<!DOCTYPE r [<!ATTLIST saml:Subject ID ID "_x">]>` + xml
		}},
		{name: "entity-undeclared", expect: "message_malformed", why: "an entity without DOCTYPE", edit: swap(">ada@example.com</saml:NameID>", ">&admin;</saml:NameID>")},
		{name: "duplicate-id", expect: "message_malformed", why: "response and assertion of one ID", options: before(func(r el) { assertionOf(r).CreateAttr("ID", r.SelectAttrValue("ID", "")) })},
		{name: "id-alias", expect: "message_malformed", why: "CVE-2025-66567: an Id that another library would follow", options: after(set("saml:Assertion/saml:Subject", "Id", "_x"))},
		{name: "xml-id", expect: "message_malformed", why: "xml:id is an ID to some libraries", options: after(set("saml:Assertion/saml:Subject", "xml:id", "_x"))},
		{name: "id-missing", expect: "message_malformed", why: "an assertion without ID", options: append(opts{validatetest.Signed(true, false)}, before(set("saml:Assertion", "ID", ""))...)},
		{name: "attribute-pollution", expect: "message_malformed", why: "CVE-2025-66568 family: one attribute twice, by two prefixes", edit: swap("<saml:Subject>", `<saml:Subject xmlns:a="urn:x" xmlns:b="urn:x" a:k="1" b:k="2">`)},
		{name: "attribute-twice", expect: "message_malformed", why: "one ID attribute twice", edit: swap(`<saml:Assertion `, `<saml:Assertion ID="_x" `)},
		{name: "void-canonicalization", expect: "message_malformed", why: "CVE-2025-66568: a relative namespace makes libxml2 canonicalize to nothing", edit: swap("<samlp:Response ", `<samlp:Response xmlns:v="1" `)},
		{name: "prefix-unbound", expect: "message_malformed", why: "CVE-2020-29509: prefixes without declaration", edit: swap("<saml:Subject>", `<saml:Subject x:k="1">`)},
		{name: "prefix-emptied", expect: "message_malformed", why: "CVE-2020-29510: an empty prefix binding", edit: swap("<saml:Subject>", `<saml:Subject xmlns:saml="">`)},
		{name: "colons-lead", expect: "message_malformed", why: "CVE-2020-29511: names that encoding/xml reads in its own way", edit: swap("<samlp:Response ", `<samlp:Response ::foo="bar" `)},
		{name: "prefix-rebound", expect: "message_malformed", why: "saml: means something else inside the assertion", edit: swap("<saml:Subject>", `<saml:Subject xmlns:saml="urn:x">`)},
		{name: "foreign-nameid", expect: "message_malformed", why: "namespace confusion: a NameID of another namespace beside SAML's", options: before(func(r el) {
			e := at(r, "saml:Assertion/saml:Subject").CreateElement("x:NameID")
			e.CreateAttr("xmlns:x", "urn:x")
			e.SetText("admin@example.com")
		})},
		{name: "second-root", expect: "message_malformed", why: "CVE-2025-25291: two documents in one", edit: func(xml string) string { return xml + xml }},
		{name: "text-after-root", expect: "message_malformed", why: "text outside the root", edit: func(xml string) string { return xml + "x" }},
		{name: "not-xml", expect: "message_malformed", why: "no XML", field: func([]byte) string { return raw([]byte("hello")) }},
		{name: "not-base64", expect: "message_malformed", why: "no base64", field: func([]byte) string { return "<samlp:Response>" }},
		{name: "base64-of-urls", expect: "message_malformed", why: "the alphabet of URLs is not the binding's", field: func(xml []byte) string {
			return strings.NewReplacer("+", "-", "/", "_").Replace(raw(append([]byte("<?xml version='1.0'?>"), bytes.Replace(xml, []byte("ada@"), []byte("ÿÿÿÿ@"), 1)...)))
		}},
		{name: "deflated", expect: "message_malformed", why: "CVE-2025-25293: DEFLATE belongs to the Redirect binding", field: func([]byte) string { return "c8rMS8ksS1UoLkosSVUoLU5NAQA=" }},
		{name: "latin-1", expect: "message_malformed", why: "bytes that are not UTF-8", field: func(xml []byte) string { return raw(bytes.Replace(xml, []byte("ada@"), []byte("\xe9@"), 1)) }},
		{name: "too-deep", expect: "message_too_large", why: "40 elements inside each other", edit: swap("<samlp:Status>", "<samlp:Extensions>"+strings.Repeat(`<x xmlns="urn:x">`, 40)+strings.Repeat("</x>", 40)+"</samlp:Extensions><samlp:Status>")},
		{name: "response-1.1-root", expect: "message_malformed", why: "a SAML 1.1 response", edit: swap("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.0:protocol")},
		{name: "encrypted-id", expect: "encryption_unsupported", why: "an encrypted NameID", options: before(func(r el) {
			remove("saml:Assertion/saml:Subject/saml:NameID")(r)
			at(r, "saml:Assertion/saml:Subject").InsertChildAt(0, etree.NewElement("saml:EncryptedID"))
		})},
		{name: "encrypted-attribute", expect: "encryption_unsupported", why: "an encrypted attribute", options: before(add("saml:Assertion/saml:AttributeStatement", "saml:EncryptedAttribute"))},
	}
}

func envelopes() []attack {
	status := "samlp:Status/samlp:StatusCode"
	return []attack{
		{name: "status-failed", expect: "status_not_success", why: "the identity provider refused, without an assertion", options: before(func(r el) {
			at(r, status).CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Responder")
			at(r, status).CreateElement("samlp:StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed")
			at(r, "samlp:Status").CreateElement("samlp:StatusMessage").SetText("the password has expired")
			r.RemoveChild(assertionOf(r))
		})},
		{name: "status-success-inside", expect: "status_not_success", why: "only the top-level code counts", options: before(func(r el) {
			at(r, status).CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Requester")
			at(r, status).CreateElement("samlp:StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Success")
		})},
		{name: "status-failed-with-assertion", expect: "status_not_success", why: "a signed assertion does not make up for it", options: before(set(status, "Value", "urn:oasis:names:tc:SAML:2.0:status:Requester"))},
		{name: "assertion-missing", expect: "assertion_missing", why: "success, and nobody", options: before(remove("saml:Assertion"))},
		{name: "assertions-two-signed", expect: "assertions_several", why: "CVE-2022-41912: two, both signed", make: func(_ *testing.T, i, _ validatetest.IdP) []byte {
			return i.XML(validatetest.Signed(false, false), validatetest.After(func(r el) {
				second := evil(assertionOf(r))
				r.AddChild(second)
				i.Sign(assertionOf(r))
				i.Sign(second)
			}))
		}},
		{name: "version-response", expect: "version_unsupported", why: "the response is SAML 2.1", options: before(set("", "Version", "2.1"))},
		{name: "version-assertion", expect: "version_unsupported", why: "the assertion is SAML 1.1", options: before(set("saml:Assertion", "Version", "1.1"))},
		{name: "issuer-assertion", expect: "issuer_mismatch", why: "the assertion is another's", options: before(setText("saml:Assertion/saml:Issuer", "https://else.example"))},
		{name: "issuer-response", expect: "issuer_mismatch", why: "the response is another's", options: before(setText("saml:Issuer", "https://else.example"))},
		{name: "issuer-empty", expect: "issuer_mismatch", why: "the assertion's issuer is empty", options: before(setText("saml:Assertion/saml:Issuer", ""))},
		{name: "issuer-format", expect: "issuer_mismatch", why: "an issuer is an entity", options: before(set("saml:Assertion/saml:Issuer", "Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"))},
		{name: "issuer-of-another-record", expect: "issuer_mismatch", why: "IdP mix-up: one key, two entity IDs", record: func(_ *trust.Source, k *trust.Keys) { k.EntityID = "https://idp-b.example" }},
		{name: "issuer-case", expect: "issuer_mismatch", why: "entity IDs are compared exactly", record: func(_ *trust.Source, k *trust.Keys) { k.EntityID = "https://IDP.example/saml" }},
		{name: "destination", expect: "destination_mismatch", why: "the response was sent to another", options: before(set("", "Destination", "https://else.example/acs"))},
		{name: "destination-prefix", expect: "destination_mismatch", why: "our URL is only the beginning", options: before(set("", "Destination", "https://sso.example/saml/test/acs.evil.example"))},
		{name: "destination-missing-signed", expect: "destination_mismatch", why: "a signed response must say where it goes (saml-bindings 3.5.5.2)", options: opts{validatetest.Signed(true, false), validatetest.Before(set("", "Destination", ""))}},
	}
}

func subjects() []attack {
	confirmation := "saml:Assertion/saml:Subject/saml:SubjectConfirmation"
	return []attack{
		{name: "subject-missing", expect: "subject_missing", why: "an assertion about nobody", options: before(remove("saml:Assertion/saml:Subject"))},
		{name: "nameid-missing", expect: "subject_missing", why: "AD FS without a NameID rule", options: before(remove("saml:Assertion/saml:Subject/saml:NameID"))},
		{name: "nameid-empty", expect: "subject_missing", why: "an empty name", options: before(setText("saml:Assertion/saml:Subject/saml:NameID", ""))},
		{name: "subjects-two", expect: "message_malformed", why: "two subjects", options: before(func(r el) { s := at(r, "saml:Assertion/saml:Subject"); assertionOf(r).AddChild(s.Copy()) })},
		{name: "nameids-two", expect: "message_malformed", why: "two names", options: before(func(r el) {
			s := at(r, "saml:Assertion/saml:Subject")
			s.AddChild(s.ChildElements()[0].Copy())
		})},
		{name: "confirmation-missing", expect: "confirmation_missing", why: "nobody may bear it", options: before(remove(confirmation))},
		{name: "holder-of-key", expect: "confirmation_missing", why: "holder-of-key is no bearer", options: before(set(confirmation, "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"))},
		{name: "sender-vouches", expect: "confirmation_missing", why: "sender-vouches is no bearer", options: before(set(confirmation, "Method", "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"))},
		{name: "confirmation-without-end", expect: "confirmation_missing", why: "NotOnOrAfter is required (saml-profiles 4.1.4.2)", options: before(set(data, "NotOnOrAfter", ""))},
		{name: "recipient", expect: "recipient_mismatch", why: "made for another service", options: before(set(data, "Recipient", "https://else.example/acs"))},
		{name: "recipient-missing", expect: "recipient_mismatch", why: "made for everybody", options: before(set(data, "Recipient", ""))},
		{name: "recipient-prefix", expect: "recipient_mismatch", why: "our URL is only the beginning", options: before(set(data, "Recipient", "https://sso.example/saml/test/acs/x"))},
		{name: "recipient-alibaba-cloud", expect: "recipient_mismatch", why: "to be posted to Alibaba Cloud itself", options: before(set(data, "Recipient", "https://signin.aliyun.com/saml-role/sso"))},
		{name: "authn-missing", expect: "authn_statement_missing", why: "nobody signed in", options: before(remove(authn))},
	}
}

func audiences() []attack {
	audience := conditions + "/saml:AudienceRestriction/saml:Audience"
	return []attack{
		{name: "audience", expect: "audience_mismatch", why: "made for another service provider", options: before(setText(audience, "https://else.example"))},
		{name: "audience-alibaba-cloud", expect: "audience_mismatch", why: "what was made for Alibaba Cloud itself is not for us", options: before(setText(audience, "urn:alibaba:cloudcomputing"))},
		{name: "made-for-alibaba-cloud", expect: "destination_mismatch", why: "a whole response for Alibaba Cloud's role sign-in, as /sts takes it, is none for the ACS", request: "-", record: allowUnsolicited, options: opts{validatetest.For(alibabaCloud())}},
		{name: "audience-of-other-record", expect: "audience_mismatch", why: "our own entity ID for another identity provider", options: before(setText(audience, "https://sso.example/saml/other/metadata"))},
		{name: "audience-missing", expect: "audience_mismatch", why: "no restriction means everybody", options: before(remove(conditions + "/saml:AudienceRestriction"))},
		{name: "audience-empty", expect: "audience_mismatch", why: "a restriction to nobody", options: before(remove(audience))},
		{name: "conditions-missing", expect: "audience_mismatch", why: "no conditions, no audience", options: before(remove(conditions))},
		{name: "audience-restrictions-two", expect: "audience_mismatch", why: "all restrictions must hold (saml-core 2.5.1.4)", options: before(func(r el) {
			at(r, conditions).CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText("https://else.example")
		})},
		{name: "condition-unknown", expect: "condition_unknown", why: "a condition that we do not know (saml-core 2.5.1.1)", options: before(func(r el) {
			c := at(r, conditions).CreateElement("saml:Condition")
			c.CreateAttr("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
			c.CreateAttr("xsi:type", "x:Lunchtime")
		})},
		{name: "condition-foreign", expect: "condition_unknown", why: "a condition of another namespace", options: before(add(conditions, "x:Lunchtime", "xmlns:x", "urn:x"))},
	}
}

func times() []attack {
	return []attack{
		{name: "expired", expect: "expired", why: "61 s late, the record allows 60 s", now: later(6*time.Minute + time.Second)},
		{name: "expired-at-the-edge", expect: "expired", why: "NotOnOrAfter excludes its own instant", now: later(6 * time.Minute)},
		{name: "not-yet", expect: "not_yet_valid", why: "issued 61 s in the future", now: later(-61 * time.Second)},
		{name: "conditions-expired", expect: "expired", why: "the confirmation holds, the conditions do not", options: before(set(conditions, "NotOnOrAfter", offset(-2*time.Minute)))},
		{name: "conditions-not-yet", expect: "not_yet_valid", why: "the conditions begin in two minutes", options: before(set(conditions, "NotBefore", offset(2*time.Minute)))},
		{name: "conditions-inverted", expect: "expired", why: "a window that ends before it begins", options: before(func(r el) {
			set(conditions, "NotBefore", offset(30*time.Second))(r)
			set(conditions, "NotOnOrAfter", offset(-30*time.Second))(r)
		})},
		{name: "confirmation-expired", expect: "expired", why: "the conditions hold, the confirmation does not", options: before(set(data, "NotOnOrAfter", offset(-2*time.Minute)))},
		{name: "confirmation-not-yet", expect: "not_yet_valid", why: "NotBefore of a confirmation is held to", options: before(set(data, "NotBefore", offset(2*time.Minute)))},
		{name: "response-old", expect: "expired", why: "the response was made 12 minutes ago", options: before(set("", "IssueInstant", offset(-12*time.Minute)))},
		{name: "assertion-old", expect: "expired", why: "the assertion was made two hours ago", options: before(set("saml:Assertion", "IssueInstant", offset(-2*time.Hour)))},
		{name: "assertion-from-the-future", expect: "not_yet_valid", why: "the assertion is issued in an hour", options: before(set("saml:Assertion", "IssueInstant", offset(time.Hour)))},
		{name: "time-without-zone", expect: "message_malformed", why: "a time without zone has no one meaning", options: before(set(data, "NotOnOrAfter", "2027-03-01T12:05:00"))},
		{name: "time-nonsense", expect: "message_malformed", why: "no time", options: before(set(conditions, "NotBefore", "yesterday"))},
		{name: "sign-in-in-the-future", expect: "not_yet_valid", why: "AuthnInstant in an hour", options: before(set(authn, "AuthnInstant", offset(time.Hour)))},
		{name: "session-ended", expect: "expired", why: "SessionNotOnOrAfter has passed", options: before(set(authn, "SessionNotOnOrAfter", offset(-time.Second)))},
		{name: "lifetime-a-day", expect: "lifetime_too_long", why: "what is used once must not live longer than its nonce", options: before(func(r el) {
			set(data, "NotOnOrAfter", offset(24*time.Hour))(r)
			set(conditions, "NotOnOrAfter", offset(24*time.Hour))(r)
		})},
		{name: "lifetime-forever", expect: "lifetime_too_long", why: "a second confirmation of the year 9999", options: before(func(r el) {
			remove(conditions + "[@NotOnOrAfter]")(r)
			c := assertionOf(r).CreateElement("saml:Conditions")
			c.CreateElement("saml:AudienceRestriction").CreateElement("saml:Audience").SetText(validatetest.Expectation().EntityID)
			first := at(r, "saml:Assertion/saml:Subject/saml:SubjectConfirmation")
			second := first.Copy()
			second.ChildElements()[0].CreateAttr("NotOnOrAfter", "9999-12-31T23:59:59Z")
			first.Parent().AddChild(second)
		})},
	}
}

func requests() []attack {
	return []attack{
		{name: "unsolicited", expect: "unsolicited_response", why: "nobody asked, and the record does not allow it", request: "-"},
		{name: "unsolicited-answering", expect: "in_response_to_mismatch", why: "login CSRF: an answer to somebody else's request, posted unasked", request: "-", record: allowUnsolicited, options: opts{validatetest.For(validatetest.Expectation())}},
		{name: "unsolicited-answering-inside", expect: "in_response_to_mismatch", why: "the envelope says unasked, the signed confirmation does not", request: "-", record: allowUnsolicited, options: before(set(data, "InResponseTo", "_request"))},
		{name: "answers-another", expect: "in_response_to_mismatch", why: "the answer to another sign-in", request: "_mine"},
		{name: "answers-nobody", expect: "in_response_to_mismatch", why: "an unasked response while a sign-in is under way", options: opts{validatetest.For(unasked())}},
		{name: "answers-outside-only", expect: "in_response_to_mismatch", why: "only the unsigned envelope names our request", options: before(set(data, "InResponseTo", ""))},
		{name: "answers-inside-only", expect: "in_response_to_mismatch", why: "the envelope does not name our request", options: before(set("", "InResponseTo", ""))},
		{name: "answers-two", expect: "in_response_to_mismatch", why: "the envelope answers us, the signed confirmation somebody else", options: before(set(data, "InResponseTo", "_theirs"))},
		{name: "replayed", expect: "replayed", why: "the same message twice", post: 2},
		{name: "replayed-unsolicited", expect: "replayed", why: "the same message twice, unasked", post: 2, request: "-", record: allowUnsolicited},
	}
}

func unasked() validate.Expectation {
	want := validatetest.Expectation()
	want.RequestID = ""
	return want
}

func records() []attack {
	return []attack{
		{name: "good-retiring-key", expect: "verified", why: "the certificate was published until 59 minutes ago", record: retiringSince(-59 * time.Minute)},
		{name: "retired-key", expect: "signature_invalid", why: "an hour after it was published last nobody believes it", record: retiringSince(-time.Hour)},
		{name: "retiring-some-day", expect: "signature_invalid", why: "it retires from tomorrow on: a clock was wrong, and nobody knows for how long it is to be believed", record: retiringSince(24 * time.Hour)},
		{name: "record-suspended", expect: "idp_suspended", why: "the administrator suspended the record", record: func(s *trust.Source, _ *trust.Keys) { s.Suspended = true }},
		{name: "record-pending", expect: "keys_unavailable", why: "the metadata was not fetched yet", pending: true},
		{name: "record-of-openid-connect", expect: "idp_unknown", why: "the provider of this id speaks OpenID Connect, whatever keys of SAML its id had before", record: func(s *trust.Source, _ *trust.Keys) {
			s.SAML, s.OIDC = trust.SAML{}, &trust.OIDC{Issuer: validatetest.EntityID, Audiences: []string{"client"}, TokenUse: trust.Once, MaxAgeSeconds: 3600}
		}},
	}
}

// retiringSince gives the record another certificate, and lets its own retire.
func retiringSince(after time.Duration) func(*trust.Source, *trust.Keys) {
	return func(_ *trust.Source, k *trust.Keys) {
		k.Retiring = []trust.Retiring[string]{{Key: k.Certificates[0], Since: validatetest.Now().Add(after)}}
		k.Certificates = []string{certificateFile("../validatetest/other-cert.pem")}
	}
}
