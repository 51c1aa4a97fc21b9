package validatetest

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

const nsEncryption11 = "http://www.w3.org/2009/xmlenc11#"

// The ways to encrypt an assertion.
const (
	AES128GCM = nsEncryption11 + "aes128-gcm"
	AES192GCM = nsEncryption11 + "aes192-gcm"
	AES256GCM = nsEncryption11 + "aes256-gcm"
	AES128CBC = nsEncryption + "aes128-cbc"
	AES192CBC = nsEncryption + "aes192-cbc"
	AES256CBC = nsEncryption + "aes256-cbc"
)

// Encryption says how an assertion is encrypted; the zero value by AES-256-GCM
// and RSA-OAEP, for our first key.
type Encryption struct {
	Content string      // the algorithm
	Digest  crypto.Hash // of OAEP: SHA-1 unless it says SHA-256
	Mask    crypto.Hash // likewise; SHA-256 takes the newer name of OAEP
	Next    bool        // for our second key
	PKCS1   bool        // the key by PKCS #1 v1.5, as nobody may
	Beside  bool        // the EncryptedKey beside the EncryptedData, as Okta has it

	Plain func(xml string) string                 // changes what is encrypted
	Edit  func(encryptedAssertion *etree.Element) // changes it afterwards, before the response is signed
}

// Encrypted encrypts the assertion once it is signed, and before the response is.
func Encrypted(e Encryption) Option { return func(m *message) { m.encryption = &e } }

// Signing is our own key, which signs, with its certificate.
func Signing(tb testing.TB) (crypto.Signer, *x509.Certificate) {
	tb.Helper()
	key, certificate := pair(tb, "sp")
	signer, ok := key.(crypto.Signer)
	if !ok {
		tb.Fatalf("%T does not sign", key)
	}
	return signer, certificate
}

// Decrypters are our keys, the current one and the next.
func Decrypters(tb testing.TB) []crypto.Decrypter {
	tb.Helper()
	var list []crypto.Decrypter
	for _, name := range []string{"sp", "sp-next"} {
		key, _ := pair(tb, name)
		decrypter, ok := key.(crypto.Decrypter)
		if !ok {
			tb.Fatalf("the test key is %T", key)
		}
		list = append(list, decrypter)
	}
	return list
}

// encrypt puts an EncryptedAssertion in the place of the assertion.
func (i IdP) encrypt(response *etree.Element, e Encryption) {
	i.tb.Helper()
	assertion := response.SelectElement("saml:Assertion")
	xml := string(i.alone(assertion))
	if e.Plain != nil {
		xml = e.Plain(xml)
	}
	box := i.box([]byte(xml), e)
	if e.Edit != nil {
		e.Edit(box)
	}
	response.InsertChildAt(assertion.Index(), box)
	response.RemoveChild(assertion)
}

// alone writes an element with the namespaces that it stands in.
func (i IdP) alone(e *etree.Element) []byte {
	i.tb.Helper()
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		i.tb.Fatal(err)
	}
	detached, err := etreeutils.NSDetatch(around, e)
	if err != nil {
		i.tb.Fatal(err)
	}
	return i.Write(detached)
}

func (i IdP) box(plain []byte, e Encryption) *etree.Element {
	i.tb.Helper()
	// Always the same bytes, so that vectors can be compared with what makes them.
	random := rand.NewChaCha8([32]byte{1})
	key := make([]byte, keyLength(e.Content))
	i.must(io.ReadFull(random, key))

	box := etree.NewElement("saml:EncryptedAssertion")
	data := box.CreateElement("xenc:EncryptedData")
	set(data, "xmlns:xenc", nsEncryption, "Id", "_data", "Type", nsEncryption+"Element")
	set(data.CreateElement("xenc:EncryptionMethod"), "Algorithm", content(e))
	info := data.CreateElement("ds:KeyInfo")
	set(info, "xmlns:ds", nsSignature)
	cipherValue(data, i.seal(key, plain, e, random))

	encryptedKey := i.encryptedKey(key, e, random)
	if !e.Beside {
		info.AddChild(encryptedKey)
		return box
	}
	set(info.CreateElement("ds:RetrievalMethod"), "Type", nsEncryption+"EncryptedKey", "URI", "#_key")
	box.AddChild(encryptedKey)
	return box
}

func content(e Encryption) string {
	if e.Content == "" {
		return AES256GCM
	}
	return e.Content
}

func keyLength(algorithm string) int {
	switch algorithm {
	case AES128GCM, AES128CBC:
		return 16
	case AES192GCM, AES192CBC:
		return 24
	}
	return 32
}

func cipherValue(parent *etree.Element, value []byte) {
	parent.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue").
		SetText(base64.StdEncoding.EncodeToString(value))
}

func (i IdP) seal(key, plain []byte, e Encryption, random io.Reader) []byte {
	i.tb.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		i.tb.Fatal(err)
	}
	if strings.HasSuffix(content(e), "-gcm") {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			i.tb.Fatal(err)
		}
		nonce := make([]byte, gcm.NonceSize())
		i.must(io.ReadFull(random, nonce))
		return gcm.Seal(nonce, nonce, plain, nil)
	}
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	plain = append(plain, make([]byte, padding)...)
	plain[len(plain)-1] = byte(padding)
	value := make([]byte, aes.BlockSize+len(plain))
	i.must(io.ReadFull(random, value[:aes.BlockSize]))
	cipher.NewCBCEncrypter(block, value[:aes.BlockSize]).CryptBlocks(value[aes.BlockSize:], plain) //nolint:gosec // the IV was just filled
	return value
}

func (i IdP) encryptedKey(key []byte, e Encryption, random io.Reader) *etree.Element {
	i.tb.Helper()
	name := "sp"
	if e.Next {
		name = "sp-next"
	}
	_, certificate := pair(i.tb, name)
	encrypted := etree.NewElement("xenc:EncryptedKey")
	set(encrypted, "xmlns:xenc", nsEncryption, "Id", "_key")
	method := encrypted.CreateElement("xenc:EncryptionMethod")
	set(method, "Algorithm", transport(e))
	if e.Digest == crypto.SHA256 {
		digest := method.CreateElement("ds:DigestMethod")
		set(digest, "xmlns:ds", nsSignature, "Algorithm", nsEncryption+"sha256")
	}
	if e.Mask == crypto.SHA256 {
		mask := method.CreateElement("xenc11:MGF")
		set(mask, "xmlns:xenc11", nsEncryption11, "Algorithm", nsEncryption11+"mgf1sha256")
	}
	cipherValue(encrypted, i.wrap(key, certificate, e, random))
	return encrypted
}

func transport(e Encryption) string {
	switch {
	case e.PKCS1:
		return nsEncryption + "rsa-1_5"
	case e.Mask == crypto.SHA256:
		return nsEncryption11 + "rsa-oaep"
	}
	return nsEncryption + "rsa-oaep-mgf1p"
}

func (i IdP) wrap(key []byte, certificate *x509.Certificate, e Encryption, random io.Reader) []byte {
	i.tb.Helper()
	public, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok {
		i.tb.Fatalf("the test key is %T", certificate.PublicKey)
	}
	if e.PKCS1 { // which is refused before anybody looks at the value
		return make([]byte, public.Size())
	}
	options := &rsa.OAEPOptions{Hash: max(e.Digest, crypto.SHA1), MGFHash: max(e.Mask, crypto.SHA1)}
	value, err := rsa.EncryptOAEPWithOptions(random, public, key, options)
	if err != nil {
		i.tb.Fatal(err)
	}
	return value
}

func (i IdP) must(_ int, err error) {
	i.tb.Helper()
	if err != nil {
		i.tb.Fatal(err)
	}
}
