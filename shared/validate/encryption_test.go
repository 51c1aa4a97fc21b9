package validate_test

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

type encryption = validatetest.Encryption

// unsignedCBC is a record's consent to CBC that no signature covers.
func unsignedCBC(s *trust.Source, _ *trust.Keys) { s.SAML.AllowUnsignedCBC = true }

func encrypted(e encryption, more ...validatetest.Option) opts {
	return append(opts{validatetest.Encrypted(e)}, more...)
}

// honestEncryption is what identity providers send, and what the specification
// lets them.
func honestEncryption() []attack {
	outside, both := validatetest.Signed(true, false), validatetest.Signed(true, true)
	return []attack{
		{name: "good-encrypted-aes128-gcm", expect: "verified", why: "Shibboleth since version 4: signed inside", options: encrypted(encryption{Content: validatetest.AES128GCM})},
		{name: "good-encrypted-aes192-gcm", expect: "verified", why: "an algorithm of the list", options: encrypted(encryption{Content: validatetest.AES192GCM})},
		{name: "good-encrypted-aes256-gcm", expect: "verified", why: "an algorithm of the list", options: encrypted(encryption{})},
		{name: "good-encrypted-response-signed", expect: "verified", why: "the signature covers the ciphertext, inside there is none", options: encrypted(encryption{}, outside)},
		{name: "good-encrypted-both-signed", expect: "verified", why: "signed outside and inside, both must hold", options: encrypted(encryption{}, both)},
		{name: "good-encrypted-oaep-sha256", expect: "verified", why: "OAEP's digest is SHA-256, its mask SHA-1", options: encrypted(encryption{Digest: crypto.SHA256})},
		{name: "good-encrypted-oaep-mgf-sha256", expect: "verified", why: "OAEP by its newer name, with SHA-256 in both", options: encrypted(encryption{Digest: crypto.SHA256, Mask: crypto.SHA256})},
		{name: "good-encrypted-oaep-sha1-mgf-sha256", expect: "verified", why: "OAEP by its newer name, whose digest is SHA-1 unless it is named", options: encrypted(encryption{Mask: crypto.SHA256})},
		{name: "good-encrypted-cbc-beside", expect: "verified", why: "Okta: the key beside the data, the response signed", options: encrypted(encryption{Content: validatetest.AES256CBC, Beside: true}, outside)},
		{name: "good-encrypted-cbc-both-signed", expect: "verified", why: "CBC under a signature, and one inside", options: encrypted(encryption{Content: validatetest.AES128CBC}, both)},
		{name: "good-encrypted-cbc-signed-inside", expect: "verified", why: "AD FS, Entra ID: CBC, and the signature inside alone, with the record's consent", record: unsignedCBC, options: encrypted(encryption{Content: validatetest.AES256CBC})},
		{name: "good-encrypted-aes192-cbc", expect: "verified", why: "an algorithm of the list", options: encrypted(encryption{Content: validatetest.AES192CBC}, outside)},
		{name: "good-encrypted-next-key", expect: "verified", why: "for the key that will be ours, or was", options: encrypted(encryption{Next: true})},
		{name: "good-encrypted-in-context", expect: "verified", why: "the plaintext uses a namespace that is declared around it (xmlenc-core1 4.4)", options: encrypted(encryption{Plain: swap(` xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`, "")})},
		{name: "good-encrypted-for-several", expect: "verified", why: "of several recipients' keys ours is named", options: encrypted(encryption{Beside: true, Edit: func(box el) {
			ours := at(box, "xenc:EncryptedKey")
			theirs := ours.Copy()
			ours.CreateAttr("Recipient", validatetest.Expectation().EntityID)
			theirs.CreateAttr("Recipient", "https://else.example")
			theirs.CreateAttr("Id", "_theirs")
			box.InsertChildAt(1, theirs)
		}})},
		{name: "good-encrypted-base64-indented", expect: "verified", why: "blanks and line breaks in CipherValue mean nothing", options: encrypted(encryption{Edit: func(box el) {
			value := at(box, dataValue)
			value.SetText("\n  " + value.Text()[:64] + "\n  " + value.Text()[64:] + "\n")
		}})},
	}
}

const (
	dataValue = "xenc:EncryptedData/xenc:CipherData/xenc:CipherValue"
	keyPath   = "xenc:EncryptedData/ds:KeyInfo/xenc:EncryptedKey"
	keyValue  = keyPath + "/xenc:CipherData/xenc:CipherValue"
)

// ciphertexts are forms of encryption that are refused before anything is
// decrypted.
func ciphertexts() []attack {
	edited := func(edit func(el)) opts { return encrypted(encryption{Edit: edit}) }
	return []attack{
		{name: "encrypted-rsa-1_5", expect: "encryption_unsupported", why: "Bleichenbacher: RSA with PKCS #1 v1.5", options: encrypted(encryption{PKCS1: true})},
		{name: "encrypted-rsa-1_5-signed", expect: "encryption_unsupported", why: "the same under a signature", options: encrypted(encryption{PKCS1: true}, validatetest.Signed(true, true))},
		{name: "encrypted-3des", expect: "encryption_unsupported", why: "triple DES", options: edited(set("xenc:EncryptedData/xenc:EncryptionMethod", algorithm, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"))},
		{name: "encrypted-oaep-md5", expect: "encryption_unsupported", why: "OAEP with MD5", options: edited(add(keyPath+"/xenc:EncryptionMethod", "ds:DigestMethod", algorithm, "http://www.w3.org/2001/04/xmldsig-more#md5"))},
		{name: "encrypted-oaep-label", expect: "encryption_unsupported", why: "OAEP with a label, which nobody sends", options: edited(add(keyPath+"/xenc:EncryptionMethod", "xenc:OAEPparams"))},
		{name: "encrypted-content-type", expect: "encryption_unsupported", why: "what is encrypted is the content of an element", options: edited(set("xenc:EncryptedData", "Type", "http://www.w3.org/2001/04/xmlenc#Content"))},
		{name: "encrypted-key-agreement", expect: "encryption_unsupported", why: "a key to be agreed upon", options: edited(add("xenc:EncryptedData/ds:KeyInfo", "xenc:AgreementMethod", algorithm, "http://www.w3.org/2009/xmlenc11#ECDH-ES"))},
		{name: "encrypted-keys-two", expect: "encryption_unsupported", why: "two keys, and nobody says which is ours", options: edited(copies(1))},
		{name: "encrypted-keys-two-ours", expect: "encryption_unsupported", why: "two keys, both of them ours", options: edited(func(box el) {
			at(box, keyPath).CreateAttr("Recipient", validatetest.Expectation().EntityID)
			copies(1)(box)
		})},
		{name: "encrypted-oaep-digests-two", expect: "encryption_unsupported", why: "SHA-256 or SHA-1", options: edited(func(box el) {
			sha1 := add(keyPath+"/xenc:EncryptionMethod", "ds:DigestMethod", algorithm, "http://www.w3.org/2000/09/xmldsig#sha1")
			add(keyPath+"/xenc:EncryptionMethod", "ds:DigestMethod", algorithm, "http://www.w3.org/2001/04/xmlenc#sha256")(box)
			sha1(box)
		})},
		{name: "encrypted-oaep-mgf1p-mask", expect: "encryption_unsupported", why: "the older name of OAEP has the mask in it", options: encrypted(encryption{Mask: crypto.SHA256, Edit: set(keyPath+"/xenc:EncryptionMethod", algorithm, "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p")})},
		{name: "encrypted-oaep-parameters-nested", expect: "encryption_unsupported", why: "an element inside DigestMethod", options: edited(func(box el) {
			add(keyPath+"/xenc:EncryptionMethod", "ds:DigestMethod", algorithm, "http://www.w3.org/2000/09/xmldsig#sha1")(box)
			add(keyPath+"/xenc:EncryptionMethod/ds:DigestMethod", "ds:DigestMethod")(box)
		})},
		{name: "encrypted-keys-many", expect: "message_too_large", why: "DoS by keys, each of which costs a private-key operation", options: edited(copies(50))},
		{name: "encrypted-key-missing", expect: "message_malformed", why: "no key", options: edited(remove(keyPath))},
		{name: "encrypted-key-by-network", expect: "message_malformed", why: "SSRF: a key to be fetched", options: encrypted(encryption{Beside: true, Edit: set("xenc:EncryptedData/ds:KeyInfo/ds:RetrievalMethod", "URI", "http://169.254.169.254/")})},
		{name: "encrypted-key-elsewhere", expect: "message_malformed", why: "RetrievalMethod to another ID than the key's", options: encrypted(encryption{Beside: true, Edit: set("xenc:EncryptedData/ds:KeyInfo/ds:RetrievalMethod", "URI", "#_data")})},
		{name: "encrypted-by-reference", expect: "message_malformed", why: "SSRF: CipherReference", options: edited(func(box el) {
			e := at(box, "xenc:EncryptedData/xenc:CipherData")
			e.Child = nil
			e.CreateElement("xenc:CipherReference").CreateAttr("URI", "http://169.254.169.254/")
		})},
		{name: "encrypted-empty", expect: "message_malformed", why: "crewjam/saml v0.5.1 panics: no ciphertext", options: edited(setText(dataValue, ""))},
		{name: "encrypted-gcm-too-short", expect: "message_malformed", why: "crewjam/saml v0.5.1 panics: shorter than nonce and tag", options: edited(setText(dataValue, "AAAAAAAAAAAAAAAA"))},
		{name: "encrypted-cbc-no-block", expect: "message_malformed", why: "crewjam/saml v0.5.1 panics: no whole number of blocks", options: encrypted(encryption{Content: validatetest.AES256CBC, Edit: setText(dataValue, strings.Repeat("AAAA", 15))})},
		{name: "encrypted-key-empty", expect: "message_malformed", why: "no key in EncryptedKey", options: edited(setText(keyValue, ""))},
		{name: "encrypted-no-base64", expect: "message_malformed", why: "the ciphertext is no base64", options: edited(setText(dataValue, "%%%%"))},
		{name: "encrypted-data-two", expect: "message_malformed", why: "two EncryptedData in one EncryptedAssertion", options: edited(func(box el) {
			second := at(box, "xenc:EncryptedData").Copy()
			second.CreateAttr("Id", "_data2")
			remove("ds:KeyInfo")(second)
			box.AddChild(second)
		})},
		{name: "encrypted-assertion-in-encrypted", expect: "message_malformed", why: "an assertion in plain inside the EncryptedAssertion", options: edited(add("", "saml:Assertion", "ID", "_evil"))},
		{name: "encrypted-twice", expect: "assertions_several", why: "two encrypted assertions", options: encrypted(encryption{}, validatetest.After(func(r el) {
			second := r.SelectElement("saml:EncryptedAssertion").Copy()
			at(second, "xenc:EncryptedData").CreateAttr("Id", "_data2")
			at(second, keyPath).CreateAttr("Id", "_key2")
			r.AddChild(second)
		}))},
		{name: "encrypted-under-bad-signature", expect: "signature_invalid", why: "the ciphertext was changed under the signature: it is not decrypted", options: encrypted(encryption{Content: validatetest.AES256CBC}, validatetest.Signed(true, false), validatetest.After(func(r el) {
			flip("saml:EncryptedAssertion/" + dataValue)(r)
		}))},
		{name: "encrypted-under-strange-signature", expect: "signature_invalid", why: "a stranger's signature round our identity provider's ciphertext", make: func(_ *testing.T, i, other validatetest.IdP) []byte {
			return i.XML(append(encrypted(encryption{}), validatetest.After(func(r el) { other.Sign(r) }))...)
		}},
	}
}

// openings are ciphertexts that do not open, or hold what they must not.
func openings() []attack {
	cbc := func(e encryption) opts {
		e.Content = validatetest.AES256CBC
		return encrypted(e)
	}
	holding := func(change func(string) string) opts { return encrypted(encryption{Plain: change}) }
	as := func(plain string) func(string) string { return func(string) string { return plain } }
	return []attack{
		{name: "encrypted-for-another", expect: "decryption_failed", why: "the key was encrypted for somebody else", options: encrypted(encryption{Edit: flip(keyValue)})},
		{name: "encrypted-under-zero-key", expect: "decryption_failed", why: "a key that does not open, and content under the key of zeros that a careless reader goes on with", options: encrypted(encryption{Edit: underZeroKey})},
		{name: "encrypted-gcm-changed", expect: "decryption_failed", why: "CVE-2011-1096 family: a bit of the ciphertext was changed", options: encrypted(encryption{Edit: flip(dataValue)})},
		{name: "encrypted-cbc-without-consent", expect: "encryption_unsigned", why: "Jager and Somorovsky 2011: nothing is decrypted that anybody may have changed", options: cbc(encryption{})},
		{name: "encrypted-cbc-without-consent-changed", expect: "encryption_unsigned", why: "the same answer whatever the ciphertext would have become", options: cbc(encryption{Edit: flip(dataValue)})},
		{name: "encrypted-cbc-changed", expect: "decryption_failed", record: unsignedCBC, why: "CVE-2011-1096: a bit was changed, and only the signature inside could tell", options: cbc(encryption{Edit: flip(dataValue)})},
		{name: "encrypted-cbc-padding", expect: "decryption_failed", record: unsignedCBC, why: "padding oracle: the last block is nonsense", options: cbc(encryption{Edit: func(box el) {
			value := at(box, dataValue)
			v, _ := base64.StdEncoding.DecodeString(value.Text())
			value.SetText(base64.StdEncoding.EncodeToString(append(v, v[:16]...)))
		}})},
		{name: "encrypted-cbc-not-xml", expect: "decryption_failed", record: unsignedCBC, why: "the same answer where the padding holds and the XML does not", options: cbc(encryption{Plain: as("hello, hello, hello")})},
		{name: "encrypted-cbc-unsigned", expect: "decryption_failed", record: unsignedCBC, why: "the same answer where all holds and nobody signed", options: append(cbc(encryption{}), validatetest.Signed(false, false))},
		{name: "encrypted-cbc-stranger", expect: "decryption_failed", record: unsignedCBC, why: "the same answer where a stranger signed inside", make: func(_ *testing.T, _, other validatetest.IdP) []byte { return other.XML(cbc(encryption{})...) }},
		{name: "encrypted-key-length", expect: "decryption_failed", why: "a key of 32 bytes for AES-128", options: encrypted(encryption{Edit: set("xenc:EncryptedData/xenc:EncryptionMethod", algorithm, validatetest.AES128GCM)})},
		{name: "encrypted-unsigned", expect: "signature_missing", why: "anybody can encrypt for us: ciphertext proves nothing", options: encrypted(encryption{}, validatetest.Signed(false, false))},
		{name: "encrypted-stranger-signed", expect: "signature_invalid", why: "signed inside by a stranger", make: func(_ *testing.T, _, other validatetest.IdP) []byte { return other.XML(encrypted(encryption{})...) }},
		{name: "encrypted-subject-changed", expect: "signature_invalid", why: "changed between signing and encrypting", options: holding(swap("ada@example.com</saml:NameID>", "admin@example.com</saml:NameID>"))},
		{name: "encrypted-inside-bad-outside-good", expect: "signature_invalid", why: "the response's signature holds, the one inside does not: both must", options: append(holding(swap("ada@example.com</saml:NameID>", "admin@example.com</saml:NameID>")), validatetest.Signed(true, true))},
		{name: "encrypted-comment-only", expect: "message_malformed", why: "crewjam/saml v0.5.1 panics: a plaintext without element", options: holding(as("<!-- -->"))},
		{name: "encrypted-text-only", expect: "message_malformed", why: "a plaintext that is no XML", options: holding(as("hello"))},
		{name: "encrypted-two-roots", expect: "message_malformed", why: "two assertions in one plaintext", options: holding(func(xml string) string { return xml + xml })},
		{name: "encrypted-doctype", expect: "message_malformed", why: "XXE inside", options: holding(func(xml string) string { return "<!DOCTYPE x>" + xml })},
		{name: "encrypted-comment-in-nameid", expect: "message_malformed", why: "CVE-2017-11427 inside", options: holding(swap("ada@example.com</saml:NameID>", "ada<!-- -->@example.com</saml:NameID>"))},
		{name: "encrypted-comment", expect: "message_malformed", why: "inside, too, no real assertion has comments", options: holding(swap("<saml:Subject>", "<!-- --><saml:Subject>"))},
		{name: "encrypted-too-deep", expect: "message_too_large", why: "40 elements inside each other, inside", options: holding(swap("<saml:AttributeValue>", "<saml:AttributeValue>"+strings.Repeat(`<x xmlns="urn:x">`, 40)+strings.Repeat("</x>", 40)))},
		{name: "encrypted-under-rsa-sha1", expect: "signature_algorithm", why: "SHA-1 round the ciphertext only by the record's consent", options: encrypted(encryption{}, validatetest.Signed(true, false), validatetest.By(validatetest.RSASHA1()))},
		{name: "encrypted-wrapped", expect: "message_malformed", why: "signature wrapping inside: the signed assertion in the Advice of another", options: holding(func(xml string) string {
			return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_evil" Version="2.0" IssueInstant="` + offset(0) + `"><saml:Issuer>x</saml:Issuer><saml:Advice>` + xml + `</saml:Advice></saml:Assertion>`
		})},
		{name: "encrypted-id-of-response", expect: "message_malformed", why: "the assertion inside has the response's ID", options: encrypted(encryption{}, validatetest.Before(func(r el) { assertionOf(r).CreateAttr("ID", r.SelectAttrValue("ID", "")) }))},
		{name: "encrypted-id-of-data", expect: "message_malformed", why: "the assertion inside has the EncryptedData's ID", options: encrypted(encryption{}, validatetest.Before(set("saml:Assertion", "ID", "_data")))},
		{name: "encrypted-namespace-unbound", expect: "message_malformed", why: "a prefix that is declared neither inside nor around", options: holding(swap("<saml:Subject>", `<saml:Subject x:k="1">`))},
		{name: "encrypted-nothing-known", expect: "encryption_unsupported", why: "the plaintext is another element", options: holding(as(`<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">x</saml:Issuer>`))},
		{name: "encrypted-nested", expect: "encryption_unsupported", why: "an encrypted assertion inside an encrypted assertion", options: holding(as(`<saml:EncryptedAssertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"/>`))},
		{name: "encrypted-id-inside", expect: "encryption_unsupported", why: "an encrypted NameID inside the encrypted assertion", options: holding(swap("<saml:SubjectConfirmation ", "<saml:EncryptedID/><saml:SubjectConfirmation "))},
		{name: "encrypted-audience", expect: "audience_mismatch", why: "every later check reads what was decrypted", options: encrypted(encryption{}, before(setText(conditions+"/saml:AudienceRestriction/saml:Audience", "https://else.example"))...)},
		{name: "encrypted-replayed", expect: "replayed", why: "the same message twice", post: 2, options: encrypted(encryption{})},
	}
}

func copies(n int) func(el) {
	return func(box el) {
		key := at(box, keyPath)
		for i := range n {
			more := key.Copy()
			more.CreateAttr("Id", "_key"+strings.Repeat("x", i+1))
			key.Parent().AddChild(more)
		}
	}
}

// flip changes a bit in the middle of a value.
func flip(path string) func(el) {
	return func(e el) {
		value := at(e, path)
		v, _ := base64.StdEncoding.DecodeString(value.Text())
		v[len(v)/2] ^= 1
		value.SetText(base64.StdEncoding.EncodeToString(v))
	}
}

func underZeroKey(box el) {
	flip(keyValue)(box)
	gcm, _ := cipher.NewGCM(zeroBlock())
	sealed := gcm.Seal(nil, make([]byte, gcm.NonceSize()), []byte(`<saml:Assertion/>`), nil)
	at(box, dataValue).SetText(base64.StdEncoding.EncodeToString(append(make([]byte, gcm.NonceSize()), sealed...)))
}

func zeroBlock() cipher.Block {
	block, _ := aes.NewCipher(make([]byte, 32))
	return block
}

// What fails in the opening is told in one text, so that nobody can ask how far
// we came.
func TestWhateverDoesNotOpenIsRefusedInOneText(t *testing.T) {
	texts := map[string]bool{}
	for _, v := range vectors(t) {
		if v.expect != string(reason.DecryptionFailed) {
			continue
		}
		_, err := v.guard(t).Response(t.Context(), v.record, validatetest.Expectation(), v.field)
		if err == nil {
			t.Fatalf("%s: believed", v.name)
		}
		texts[err.Error()] = true
	}
	if len(texts) != 1 {
		t.Errorf("%d texts: %v", len(texts), texts)
	}
}

func TestWithoutOurKeysNothingOpens(t *testing.T) {
	idp := validatetest.New(t)
	g := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now}
	for _, options := range []opts{encrypted(encryption{}), encrypted(encryption{Content: validatetest.AES256CBC}, validatetest.Signed(true, true))} {
		_, err := g.Response(t.Context(), idp.Record(), validatetest.Expectation(), idp.Response(options...))
		if reason.Of(err) != reason.DecryptionFailed {
			t.Error(err)
		}
	}
}

// An assertion that was decrypted and encrypted anew is the same assertion.
func TestAnAssertionEncryptedAnewIsReplayed(t *testing.T) {
	idp := validatetest.New(t)
	g := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now, Decrypters: validatetest.Decrypters(t)}
	want := unasked()
	record := idp.Record(allowUnsolicited)
	same := validatetest.Before(set("saml:Assertion", "ID", "_the-same"))
	for i, code := range []reason.Code{"", reason.Replayed} {
		encoded := idp.Response(validatetest.For(want), same, validatetest.Encrypted(encryption{Next: i == 1}))
		_, err := g.Response(t.Context(), record, want, encoded)
		if code == "" && err != nil || code != "" && reason.Of(err) != code {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// Explain decrypts by the same order: never under a signature that fails.
func TestExplainDoesNotOpenWhatABadSignatureCovers(t *testing.T) {
	idp := validatetest.New(t)
	g := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now, Decrypters: validatetest.Decrypters(t)}
	for name, c := range map[string]struct {
		options opts
		opened  bool
	}{
		"good signature": {encrypted(encryption{}, validatetest.Signed(true, true)), true},
		"bad signature":  {encrypted(encryption{}, validatetest.Signed(true, true), validatetest.After(set("", "Consent", "urn:x"))), false},
		"SHA-1":          {encrypted(encryption{}, validatetest.Signed(true, true), validatetest.By(validatetest.RSASHA1())), false},
	} {
		report, err := g.Explain(idp.Record(), validatetest.Expectation(), idp.Response(c.options...))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Findings[6:22] {
			if (f.Outcome == validate.Holds) != c.opened || (f.Outcome == validate.NotAsked) == c.opened {
				t.Errorf("%s: %d %s: %s %s", name, f.Number, f.Name, f.Outcome, f.Detail)
			}
		}
	}
}
