package samldoc

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	_ "crypto/sha1" //nolint:gosec // OAEP's digest, of which nothing is asked that SHA-1 lacks
	_ "crypto/sha256"
	"crypto/x509"
	"errors"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Opener is what an encrypted assertion is opened with.
type Opener struct {
	Keys      []crypto.Decrypter // ours, all of them good
	Recipient string             // our entity ID

	// What the signature inside has to hold by where nothing outside does.
	Trusted []*x509.Certificate
	Policy  Policy
}

// Cover is the signature of a response round an encrypted assertion. Only
// [Document.Cover] makes one; the zero value covers nothing.
type Cover struct {
	envelope *element // as it was verified
	signer   *x509.Certificate
}

// Cover verifies the signature of the response before anything inside is
// decrypted. The zero value is for a response that has none.
func (d *Document) Cover(keys []*x509.Certificate, policy Policy) (Cover, error) {
	if signatureOf(d.root) == nil {
		return Cover{}, nil
	}
	if err := checkSignature(d.root, policy); err != nil {
		return Cover{}, err
	}
	envelope, signer, err := d.verify(d.root, keys, policy)
	return Cover{envelope: envelope, signer: signer}, err
}

// Decrypt returns the document with the assertion in the place of the encrypted
// one. Whether that assertion is signed, or the cover, is for
// [Document.Verify].
//
// Nothing may tell an attacker, who asks again and again with a ciphertext that
// he changed, how far we came (Jager and Somorovsky 2011). With GCM, and under
// a cover, a changed ciphertext never decrypts. CBC without a cover, which AD FS,
// Entra ID and old Shibboleths send by default, is decrypted only by the record's
// consent. There the signature inside belongs to the opening, and padding, XML
// and signature fail as one; what is left, and why it takes consent, is how long
// it took, and that a signature does not cover the text in its own KeyInfo, where
// a change that still is XML does no harm and so shows.
func (d *Document) Decrypt(with Opener, cover Cover) (opened *Document, err error) {
	defer func() {
		if recover() != nil { // a library's: every length was checked
			opened, err = nil, undecryptable()
		}
	}()
	envelope := d.root
	if cover.envelope != nil {
		envelope = cover.envelope
	}
	box := envelope.one(nsAssertion, "EncryptedAssertion")
	if box == nil {
		return nil, malformed("there is no encrypted assertion")
	}
	s, err := readSealed(box, with.Recipient)
	if err != nil {
		return nil, err
	}
	malleable := !s.content.authentic && cover.envelope == nil
	if malleable && !with.Policy.AllowUnsignedCBC {
		return nil, reason.New(reason.EncryptionUnsigned, "the assertion is encrypted by AES-CBC, and the response is not signed")
	}
	plain, ok := s.open(with.Keys)
	if !ok {
		return nil, undecryptable()
	}
	opened, err = d.replaceEncrypted(plain, cover)
	if malleable {
		if err == nil {
			_, err = opened.Verify(with.Trusted, with.Policy)
		}
		if err != nil {
			return nil, undecryptable()
		}
	}
	return opened, err
}

// undecryptable is the one refusal for whatever fails.
func undecryptable() error {
	return reason.New(reason.DecryptionFailed, "the encrypted assertion does not open: it was encrypted for another key than ours, changed, or (with CBC) not signed inside")
}

// open decrypts. Each of our keys is tried whatever the others gave, and with
// no key the content is tried all the same, so that every way takes its time.
func (s sealed) open(keys []crypto.Decrypter) (plain []byte, ok bool) {
	contentKey, found := make([]byte, s.content.keyLength), false
	for _, key := range keys {
		// rsa.PrivateKey needs no randomness for OAEP, others may.
		if k, err := key.Decrypt(rand.Reader, s.key, s.transport); err == nil && len(k) == s.content.keyLength {
			contentKey, found = k, true
		}
	}
	plain, err := s.content.open(contentKey, s.data)
	return plain, found && err == nil
}

// open takes data whose length was checked.
func (c contentMethod) open(key, data []byte) ([]byte, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	if c.authentic {
		gcm, err := cipher.NewGCM(block)
		if err != nil {
			return nil, err
		}
		return gcm.Open(nil, data[:gcmNonce], data[gcmNonce:], nil)
	}
	plain := make([]byte, len(data)-aes.BlockSize)
	cipher.NewCBCDecrypter(block, data[:aes.BlockSize]).CryptBlocks(plain, data[aes.BlockSize:])
	// The last byte says how many are padding; the others may be anything
	// (xmlenc-core1 section 5.2).
	padding := int(plain[len(plain)-1])
	if padding == 0 || padding > aes.BlockSize {
		return nil, errors.New("padding")
	}
	return plain[:len(plain)-padding], nil
}

// replaceEncrypted reads the plaintext, by the rules for any response, as what
// stands in the place of the encrypted assertion: with the namespaces declared
// around it (xmlenc-core1 section 4.4).
func (d *Document) replaceEncrypted(plain []byte, cover Cover) (*Document, error) {
	inner, around, err := d.readPlain(plain, cover)
	if err != nil {
		return nil, inside(err)
	}
	if !inner.is(nsAssertion, "Assertion") {
		return nil, unsupported("what was encrypted is %s, it must be a saml:Assertion", inner)
	}
	opened := &Document{root: withAssertion(d.root, inner), tree: d.tree, cover: cover}
	if cover.envelope != nil {
		opened.cover.envelope = withAssertion(cover.envelope, inner)
	}
	if err := checkIDs(d.root, inner); err != nil {
		return nil, inside(err)
	}
	if err := checkShape(opened.root); err != nil {
		return nil, inside(err)
	}
	if opened.inner, err = parseInside(plain, around, inner); err != nil {
		return nil, inside(err)
	}
	opened.claimed, err = readMessage(opened.root)
	return opened, err
}

// readPlain scans the plaintext where it stands, and says what is declared there.
func (d *Document) readPlain(plain []byte, cover Cover) (*element, scope, error) {
	box := d.root.one(nsAssertion, "EncryptedAssertion")
	around := d.around(box)
	inner, err := scanIn(plain, responseLimits().after(d.root), around)
	if err != nil || cover.envelope == nil || signatureOf(inner) != nil {
		return inner, around, err
	}
	// Nothing but the signature of the response says what the prefixes mean.
	around = d.covered(box)
	inner, err = scanIn(plain, responseLimits().after(d.root), around)
	return inner, around, err
}

func inside(err error) error {
	return reason.New(reason.Of(err), "inside the encrypted assertion: %w", err)
}

// withAssertion copies an envelope, with the assertion in the place of the
// encrypted one.
func withAssertion(envelope, assertion *element) *element {
	changed := *envelope
	changed.children = replaced(envelope.children, envelope.one(nsAssertion, "EncryptedAssertion"), assertion)
	return &changed
}

// around returns the namespaces declared on a child of the root and on the root.
func (d *Document) around(child *element) scope {
	return append(declarations(d.tree.Root()), declarations(d.treeOf(child))...)
}

// covered returns those of them that a signature of the root covers: exclusive
// canonicalization leaves out what the two do not use for their own names, so
// that anybody may change it.
func (d *Document) covered(child *element) scope {
	root, box := d.tree.Root(), d.treeOf(child)
	outer, _ := declarations(root).resolve(root.Space) // both were resolved before
	inner, _ := d.around(child).resolve(box.Space)
	return scope{{root.Space, outer}, {box.Space, inner}}
}

// parseInside reads the plaintext with etree, inside an element that declares
// what is declared around it.
func parseInside(plain []byte, around scope, scanned *element) (*etree.Element, error) {
	tree, err := readTree(plain)
	if err != nil {
		return nil, err
	}
	holder, inner := etree.NewElement("holder"), tree.Root()
	for _, b := range around {
		if b.prefix == "" {
			holder.CreateAttr("xmlns", b.space)
		} else {
			holder.CreateAttr("xmlns:"+b.prefix, b.space)
		}
	}
	holder.AddChild(inner)
	return inner, sameTree(scanned, inner)
}
