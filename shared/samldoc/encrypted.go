package samldoc

import (
	"crypto"
	"crypto/aes"
	"crypto/rsa"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
)

const (
	// mostKeys bounds the EncryptedKeys of one assertion, one for each recipient.
	mostKeys = 4
	// longestKey is RSA of 8192 bits.
	longestKey = 1024
	gcmNonce   = 12
	gcmTag     = 16
)

// sealed is an encrypted assertion whose form was checked: nothing of it was
// decrypted yet, and everything of it may come from anybody.
type sealed struct {
	key       []byte // of the content, encrypted for us
	transport *rsa.OAEPOptions
	content   contentMethod
	data      []byte
}

// contentMethod is how the content is encrypted: AES with a key of that length,
// by GCM or, where authentic is false, by CBC.
type contentMethod struct {
	keyLength int
	authentic bool
}

// readSealed checks an EncryptedAssertion (saml-core 2.3.4, xmlenc-core1
// section 3), whose EncryptedKey stands in the EncryptedData's KeyInfo or, as
// Okta has it, beside it. Of several keys the one for this recipient counts.
func readSealed(e *element, recipient string) (sealed, error) {
	parts, siblings, err := sealedParts(e)
	if err != nil {
		return sealed{}, err
	}
	if kind := parts.attribute("Type"); kind != "" && kind != nsEncrypt+"Element" {
		return sealed{}, unsupported("what is encrypted is of the type %.100q, it must be an element", kind)
	}
	data, err := parts.exactly("xenc:EncryptionMethod", "?ds:KeyInfo", "xenc:CipherData")
	if err != nil {
		return sealed{}, err
	}
	keys, err := encryptedKeys(data[1], siblings)
	if err != nil {
		return sealed{}, err
	}
	key, err := keyFor(recipient, keys)
	if err != nil {
		return sealed{}, err
	}
	var s sealed
	if s.key, s.transport, err = readKey(key); err != nil {
		return sealed{}, err
	}
	if s.content, err = readContentMethod(data[0]); err != nil {
		return sealed{}, err
	}
	if s.data, err = cipherValue(data[2]); err != nil {
		return sealed{}, err
	}
	return s, s.content.checkLength(len(s.data))
}

// sealedParts takes an EncryptedAssertion apart: its one EncryptedData, and the
// keys that follow it.
func sealedParts(e *element) (data *element, keys []*element, err error) {
	if strings.TrimSpace(e.text) != "" || len(e.children) == 0 || !e.children[0].is(nsEncrypt, "EncryptedData") {
		return nil, nil, malformed("%s lacks its xenc:EncryptedData", e)
	}
	for _, key := range e.children[1:] {
		if !key.is(nsEncrypt, "EncryptedKey") {
			return nil, nil, malformed("%s has no place in %s", key, e)
		}
	}
	return e.children[0], e.children[1:], nil
}

// encryptedKeys collects those inside KeyInfo and beside it. A RetrievalMethod
// may point to one of the latter, and nowhere else: nothing is fetched.
func encryptedKeys(info *element, siblings []*element) ([]*element, error) {
	keys := siblings
	if info != nil {
		for _, child := range info.children {
			switch {
			case child.is(nsEncrypt, "EncryptedKey"):
				keys = append(keys[:len(keys):len(keys)], child)
			case child.is(nsSignature, "RetrievalMethod") && !pointsTo(child, siblings):
				return nil, malformed("the key is to be fetched from %.100q, only the xenc:EncryptedKey beside the data is looked at", child.attribute("URI"))
			case child.local == "AgreementMethod" || child.local == "DerivedKey":
				return nil, unsupported("the key is to be agreed upon or derived (%s)", child)
			}
		}
	}
	switch {
	case len(keys) == 0:
		return nil, malformed("there is no xenc:EncryptedKey to decrypt with")
	case len(keys) > mostKeys:
		return nil, tooLarge("%d encrypted keys, at most %d", len(keys), mostKeys)
	}
	return keys, nil
}

func pointsTo(retrieval *element, siblings []*element) bool {
	if kind := retrieval.attribute("Type"); len(retrieval.children) > 0 || kind != "" && kind != nsEncrypt+"EncryptedKey" {
		return false
	}
	for _, key := range siblings {
		if id := key.attribute("Id"); id != "" && retrieval.attribute("URI") == "#"+id {
			return true
		}
	}
	return false
}

// keyFor chooses among several recipients' keys by name, not by trying: what
// one message costs does not depend on how many keys it brings.
func keyFor(recipient string, keys []*element) (*element, error) {
	if len(keys) == 1 {
		return keys[0], nil
	}
	var ours []*element
	for _, key := range keys {
		if key.attribute("Recipient") == recipient {
			ours = append(ours, key)
		}
	}
	if len(ours) != 1 {
		return nil, unsupported("%d encrypted keys, of which %d name %q as the recipient, one must", len(keys), len(ours), recipient)
	}
	return ours[0], nil
}

func readKey(e *element) ([]byte, *rsa.OAEPOptions, error) {
	parts, err := e.exactly("xenc:EncryptionMethod", "?ds:KeyInfo", "xenc:CipherData", "?xenc:ReferenceList", "?xenc:CarriedKeyName")
	if err != nil {
		return nil, nil, err
	}
	transport, err := readTransport(parts[0])
	if err != nil {
		return nil, nil, err
	}
	value, err := cipherValue(parts[2])
	if err == nil && (len(value) == 0 || len(value) > longestKey) {
		err = malformed("the encrypted key has %d bytes, not 1 to %d", len(value), longestKey)
	}
	return value, transport, err
}

// readTransport allows RSA-OAEP in its two spellings (xmlenc-core1 section
// 5.5.2). RSA with PKCS #1 v1.5 is never taken: its padding is an oracle
// (Bleichenbacher 1998), whatever is done about it.
func readTransport(method *element) (*rsa.OAEPOptions, error) {
	options := &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	parameters, err := method.parameters("xenc:KeySize", "ds:DigestMethod", "xenc11:MGF")
	if err != nil {
		return nil, err
	}
	digest, mgf := parameters["ds:DigestMethod"], parameters["xenc11:MGF"]
	switch got := method.attribute("Algorithm"); {
	case got == nsEncrypt+"rsa-oaep-mgf1p" && mgf == nil:
	case got == nsEncrypt11+"rsa-oaep":
	case got == nsEncrypt+"rsa-1_5":
		return nil, unsupported("the key is encrypted by RSA with PKCS #1 v1.5: set the identity provider to RSA-OAEP")
	default:
		return nil, unsupported("the key is encrypted by %.100q", got)
	}
	if digest != nil {
		options.Hash = digestHash(digest.attribute("Algorithm"))
	}
	if mgf != nil {
		options.MGFHash = maskHash(mgf.attribute("Algorithm"))
	}
	if options.Hash == 0 || options.MGFHash == 0 {
		return nil, unsupported("the digest or mask of RSA-OAEP is neither of SHA-1 nor of SHA-256")
	}
	return options, nil
}

// SHA-1 is as good as any inside OAEP, and what everybody uses there.
func digestHash(algorithm string) crypto.Hash {
	switch algorithm {
	case nsSignature + "sha1":
		return crypto.SHA1
	case nsEncrypt + "sha256":
		return crypto.SHA256
	}
	return 0
}

func maskHash(algorithm string) crypto.Hash {
	switch algorithm {
	case nsEncrypt11 + "mgf1sha1":
		return crypto.SHA1
	case nsEncrypt11 + "mgf1sha256":
		return crypto.SHA256
	}
	return 0
}

// parameters returns the children of an EncryptionMethod by name, each once and
// of these names alone.
func (e *element) parameters(names ...string) (map[string]*element, error) {
	found := make(map[string]*element, len(e.children))
	for _, child := range e.children {
		listed, _ := listedIn(strings.Join(names, " "), child.String())
		if !listed || found[child.String()] != nil || len(child.children) > 0 {
			return nil, unsupported("%s in %s", child, e)
		}
		found[child.String()] = child
	}
	return found, nil
}

func readContentMethod(method *element) (contentMethod, error) {
	if _, err := method.parameters("xenc:KeySize"); err != nil {
		return contentMethod{}, err
	}
	switch got := method.attribute("Algorithm"); got {
	case nsEncrypt11 + "aes128-gcm":
		return contentMethod{keyLength: 16, authentic: true}, nil
	case nsEncrypt11 + "aes192-gcm":
		return contentMethod{keyLength: 24, authentic: true}, nil
	case nsEncrypt11 + "aes256-gcm":
		return contentMethod{keyLength: 32, authentic: true}, nil
	case nsEncrypt + "aes128-cbc":
		return contentMethod{keyLength: 16}, nil
	case nsEncrypt + "aes192-cbc":
		return contentMethod{keyLength: 24}, nil
	case nsEncrypt + "aes256-cbc":
		return contentMethod{keyLength: 32}, nil
	default:
		return contentMethod{}, unsupported("the assertion is encrypted by %.100q", got)
	}
}

// checkLength refuses what cannot be decrypted, before anything is: slices out
// of bounds are how libraries panic here.
func (c contentMethod) checkLength(length int) error {
	least := 2 * aes.BlockSize
	if c.authentic {
		least = gcmNonce + gcmTag + 1
	}
	if length < least || !c.authentic && length%aes.BlockSize != 0 {
		return malformed("the ciphertext has %d bytes, which is too short or no whole number of blocks", length)
	}
	return nil
}

// cipherValue reads CipherData. A CipherReference would have to be fetched.
func cipherValue(data *element) ([]byte, error) {
	parts, err := data.exactly("xenc:CipherValue")
	if err != nil {
		return nil, err
	}
	return decodeText(parts[0])
}

func unsupported(format string, args ...any) error {
	return reason.New(reason.EncryptionRefused, format, args...)
}
