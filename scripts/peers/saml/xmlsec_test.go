package saml_test

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

const (
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsMore      = "http://www.w3.org/2001/04/xmldsig-more#"
	nsEncrypt   = "http://www.w3.org/2001/04/xmlenc#"
	exclusive   = "http://www.w3.org/2001/10/xml-exc-c14n#"
	keys        = "../../../shared/validate/validatetest/"
)

// method is a signature algorithm, with the test key that makes it.
type method struct {
	name, signature, digest string
	key                     string // a pair of files in validatetest
	make                    func(testing.TB) validatetest.IdP
	by                      validatetest.Method
	sha1                    bool
}

func methods() []method {
	return []method{
		{"rsa-sha256", nsMore + "rsa-sha256", nsEncrypt + "sha256", "idp", validatetest.New, validatetest.RSASHA256(), false},
		{"rsa-sha384", nsMore + "rsa-sha384", nsMore + "sha384", "idp", validatetest.New, validatetest.RSASHA384(), false},
		{"rsa-sha512", nsMore + "rsa-sha512", nsEncrypt + "sha512", "idp", validatetest.New, validatetest.RSASHA512(), false},
		{"ecdsa-sha256 on P-256", nsMore + "ecdsa-sha256", nsEncrypt + "sha256", "p256", validatetest.P256, validatetest.ECDSASHA256(), false},
		{"ecdsa-sha384 on P-384", nsMore + "ecdsa-sha384", nsMore + "sha384", "p384", validatetest.P384, validatetest.ECDSASHA384(), false},
		{"ecdsa-sha512 on P-384", nsMore + "ecdsa-sha512", nsEncrypt + "sha512", "p384", validatetest.P384, validatetest.ECDSASHA512(), false},
		{"rsa-sha1", nsSignature + "rsa-sha1", nsSignature + "sha1", "idp", validatetest.New, validatetest.RSASHA1(), true},
	}
}

// TestXmlsecVerifiesWhatWeSign: the test identity provider, on which every other
// test leans, signs as the standard says.
func TestXmlsecVerifiesWhatWeSign(t *testing.T) {
	for _, m := range methods() {
		for _, signed := range []string{"Assertion", "Response"} {
			t.Run(m.name+" "+signed, func(t *testing.T) {
				xml := m.make(t).XML(append(typical(), validatetest.Signed(true, true), validatetest.By(m.by))...)
				file := write(t, xml)
				verify(t, file, keys+m.key+"-cert.pem", signed)
			})
		}
	}
}

func TestXmlsecVerifiesOurRequest(t *testing.T) {
	key, certificate := pair(t, "idp")
	form, err := samldoc.AuthnRequest{
		ID: "_0123456789abcdef", Destination: "https://idp.example/sso?a=1&b=2", Issuer: "https://sso.example/saml/test/metadata",
		ACSURL: "https://sso.example/saml/test/acs", IssueInstant: validatetest.Now(), ForceAuthn: true,
	}.PostForm("state", key, certificate)
	if err != nil {
		t.Fatal(err)
	}
	xml, err := base64.StdEncoding.DecodeString(form.SAMLRequest)
	if err != nil {
		t.Fatal(err)
	}
	verify(t, write(t, xml), keys+"idp-cert.pem", "AuthnRequest")
}

// TestXmlsecRefusesWhatWasChanged: an opinion that never says no is none.
func TestXmlsecRefusesWhatWasChanged(t *testing.T) {
	xml := validatetest.New(t).XML(validatetest.After(func(response *etree.Element) {
		response.FindElement("./saml:Assertion/saml:Subject/saml:NameID").SetText("mallory@example.com")
	}))
	if out, err := xmlsec(t, verifyArguments(write(t, xml), keys+"idp-cert.pem", "Assertion")...); err == nil {
		t.Errorf("xmlsec1 believes a changed assertion: %s", out)
	}
}

// TestWeAcceptWhatXmlsecSigns: its canonicalization, digests and signatures, in
// assertion, response and both. No KeyInfo says which of two keys it was.
func TestWeAcceptWhatXmlsecSigns(t *testing.T) {
	for _, m := range methods() {
		for name, signed := range map[string][]string{"assertion": {"Assertion"}, "response": {"Response"}, "both": {"Assertion", "Response"}} {
			t.Run(m.name+" "+name, func(t *testing.T) {
				idp := m.make(t)
				xml := idp.XML(append(typical(), validatetest.Signed(false, false), validatetest.Before(m.template(signed)))...)
				file := write(t, xml)
				for _, element := range signed { // inside out
					file = m.sign(t, file, element)
				}
				m.accept(t, idp, read(t, file))
			})
		}
	}
}

func (m method) accept(t *testing.T, idp validatetest.IdP, xml []byte) {
	t.Helper()
	guard := validate.Guard{Nonces: validatetest.NewNonces(), Now: validatetest.Now, Decrypters: validatetest.Decrypters(t)}
	record := idp.Record(func(source *trust.Source, keys *trust.Keys) {
		source.SAML.AllowSHA1, source.SAML.AllowUnsignedCBC = m.sha1, true
		keys.Certificates = append(validatetest.Stranger(t).Keys().Certificates, keys.Certificates...)
	})
	who, err := guard.Response(t.Context(), record, validatetest.Expectation(), base64.StdEncoding.EncodeToString(xml))
	if err != nil || who.Subject() != "ada@example.com" {
		t.Errorf("%q, %v\n%s", who.Subject(), err, xml)
	}
}

// template puts an unfilled signature behind the issuer of each element.
func (m method) template(elements []string) func(*etree.Element) {
	return func(response *etree.Element) {
		for _, name := range elements {
			parent := response
			if name == "Assertion" {
				parent = response.SelectElement("saml:Assertion")
			}
			parent.InsertChildAt(1, m.unfilled(parent.SelectAttrValue("ID", "")))
		}
	}
}

func (m method) unfilled(id string) *etree.Element {
	signature := etree.NewElement("dsig:Signature")
	signature.CreateAttr("xmlns:dsig", nsSignature)
	info := signature.CreateElement("dsig:SignedInfo")
	info.CreateElement("dsig:CanonicalizationMethod").CreateAttr("Algorithm", exclusive)
	info.CreateElement("dsig:SignatureMethod").CreateAttr("Algorithm", m.signature)
	reference := info.CreateElement("dsig:Reference")
	reference.CreateAttr("URI", "#"+id)
	transforms := reference.CreateElement("dsig:Transforms")
	transforms.CreateElement("dsig:Transform").CreateAttr("Algorithm", nsSignature+"enveloped-signature")
	transforms.CreateElement("dsig:Transform").CreateAttr("Algorithm", exclusive)
	reference.CreateElement("dsig:DigestMethod").CreateAttr("Algorithm", m.digest)
	reference.CreateElement("dsig:DigestValue")
	signature.CreateElement("dsig:SignatureValue")
	return signature
}

func (m method) sign(t *testing.T, file, element string) string {
	t.Helper()
	signed := filepath.Join(t.TempDir(), "signed.xml")
	arguments := append([]string{
		"--sign", "--privkey-pem", keys + m.key + "-key.pem," + keys + m.key + "-cert.pem",
		"--output", signed, "--node-xpath", xpath(element),
	}, idAttributes()...)
	if out, err := xmlsec(t, append(arguments, file)...); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return signed
}

func verify(t *testing.T, file, certificate, element string) {
	t.Helper()
	if out, err := xmlsec(t, verifyArguments(file, certificate, element)...); err != nil {
		t.Errorf("xmlsec1 does not verify the %s: %v\n%s", element, err, out)
	}
}

func verifyArguments(file, certificate, element string) []string {
	arguments := []string{"--verify", "--enabled-key-data", "key-name,rsa,ec", "--pubkey-cert-pem", certificate, "--node-xpath", xpath(element)}
	return append(append(arguments, idAttributes()...), file)
}

func xpath(element string) string {
	return "//*[local-name()='" + element + "']/*[local-name()='Signature']"
}

func idAttributes() []string {
	return []string{
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest",
		"--id-attr:ID", "urn:oasis:names:tc:SAML:2.0:assertion:Assertion",
	}
}

// xmlsec runs Debian's xmlsec1, which scripts/test installs.
func xmlsec(t *testing.T, arguments ...string) ([]byte, error) {
	t.Helper()
	return exec.CommandContext(t.Context(), "xmlsec1", arguments...).CombinedOutput()
}

func write(t *testing.T, xml []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "message.xml")
	if err := os.WriteFile(file, xml, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func pair(tb testing.TB, name string) (crypto.Signer, *x509.Certificate) {
	tb.Helper()
	private, _ := pem.Decode(read(tb, keys+name+"-key.pem"))
	key, err := x509.ParsePKCS8PrivateKey(private.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		tb.Fatalf("the key is %T", key)
	}
	public, _ := pem.Decode(read(tb, keys+name+"-cert.pem"))
	certificate, err := x509.ParseCertificate(public.Bytes)
	if err != nil {
		tb.Fatal(err)
	}
	return signer, certificate
}

// contents are the ways to encrypt an assertion, by their names for xmlsec1.
func contents() map[string]string {
	return map[string]string{
		validatetest.AES128GCM: "aes-128", validatetest.AES192GCM: "aes-192", validatetest.AES256GCM: "aes-256",
		validatetest.AES128CBC: "aes-128", validatetest.AES192CBC: "aes-192", validatetest.AES256CBC: "aes-256",
	}
}

func TestXmlsecOpensWhatWeEncrypt(t *testing.T) {
	for content := range contents() {
		xml := validatetest.New(t).XML(validatetest.Encrypted(validatetest.Encryption{Content: content}))
		out, err := xmlsec(t, "--decrypt", "--privkey-pem", keys+"sp-key.pem", write(t, xml))
		if err != nil || !bytes.Contains(out, []byte("ada@example.com")) {
			t.Errorf("%s: %v\n%s", content, err, out)
		}
	}
}

// TestWeOpenWhatXmlsecEncrypts: an assertion that the test identity provider
// signed, encrypted by xmlsec1.
func TestWeOpenWhatXmlsecEncrypts(t *testing.T) {
	for content, session := range contents() {
		idp := validatetest.New(t)
		response := etree.NewDocument()
		if err := response.ReadFromBytes(idp.XML()); err != nil {
			t.Fatal(err)
		}
		assertion := response.Root().SelectElement("saml:Assertion")
		box := etree.NewElement("saml:EncryptedAssertion")
		response.Root().InsertChildAt(assertion.Index(), box)
		response.Root().RemoveChild(assertion)
		assertion.CreateAttr("xmlns:saml", "urn:oasis:names:tc:SAML:2.0:assertion")
		plain := write(t, idp.Write(assertion))
		out, err := exec.CommandContext(t.Context(), "xmlsec1", "--encrypt", "--pubkey-cert-pem", keys+"sp-cert.pem",
			"--session-key", session, "--xml-data", plain, write(t, unencrypted(content))).Output()
		if err != nil {
			t.Fatalf("%s: %v", content, err)
		}
		encrypted := etree.NewDocument()
		if err := encrypted.ReadFromBytes(out); err != nil {
			t.Fatal(err)
		}
		box.AddChild(encrypted.Root())
		xml, err := response.WriteToBytes()
		if err != nil {
			t.Fatal(err)
		}
		method{}.accept(t, idp, xml)
	}
}

func unencrypted(content string) []byte {
	return []byte(`<xenc:EncryptedData xmlns:xenc="` + nsEncrypt + `" Type="` + nsEncrypt + `Element">` +
		`<xenc:EncryptionMethod Algorithm="` + content + `"/><ds:KeyInfo xmlns:ds="` + nsSignature + `"><xenc:EncryptedKey>` +
		`<xenc:EncryptionMethod Algorithm="` + nsEncrypt + `rsa-oaep-mgf1p"/>` +
		`<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>` +
		`<xenc:CipherData><xenc:CipherValue/></xenc:CipherData></xenc:EncryptedData>`)
}
