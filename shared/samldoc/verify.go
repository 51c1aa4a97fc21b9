package samldoc

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// ErrForeignKey says of a signature that no key of the record made it and that it
// does not claim one did: its KeyInfo shows another, or none. The identity provider
// may have a new one.
var ErrForeignKey = errors.New("by none of the record's keys")

// Verified is a response of which a trusted key signed at least the assertion.
// Only [Document.Verify] makes one; the zero value says nothing.
type Verified struct {
	message Message
	signer  *x509.Certificate
}

// Message returns what was signed, and of an unsigned envelope round a signed
// assertion what it claims: check that, and take nothing from it.
func (v Verified) Message() Message { return v.message }

// Signer returns the trusted certificate whose key signed. Its dates are the
// caller's to judge: trust comes from the record, not from the certificate, and
// identity providers in the field go on signing with expired ones.
func (v Verified) Signer() *x509.Certificate { return v.signer }

// Verify returns the message if every signature in it is one of keys'. KeyInfo
// is only a hint which to try first.
func (d *Document) Verify(keys []*x509.Certificate, policy Policy) (Verified, error) {
	plain := d.root.all(nsAssertion, "Assertion")
	responseSigned, assertionSigned := d.Signed()
	switch {
	case len(plain) != 1 || len(d.root.all(nsAssertion, "EncryptedAssertion")) > 0:
		return Verified{}, malformed("not exactly one assertion to verify")
	case !responseSigned && !assertionSigned:
		return Verified{}, reason.New(reason.SignatureMissing, "neither the response nor the assertion is signed")
	}
	if err := d.CheckSignatures(policy); err != nil {
		return Verified{}, err
	}
	read, signer := *d.root, d.cover.signer // the unsigned envelope, unless a signature covers it
	if d.cover.envelope != nil {
		read = *d.cover.envelope
	}
	for _, signed := range d.signed() {
		if signed == d.root && d.cover.envelope != nil {
			continue // it was verified before the assertion was decrypted
		}
		element, by, err := d.verify(signed, keys, policy)
		if err != nil {
			return Verified{}, err
		}
		if signed == d.root {
			read = *element
		} else if !responseSigned || d.inner != nil {
			read.children = replaced(read.children, signed, element)
		}
		signer = by
	}
	message, err := readMessage(&read)
	return Verified{message: message, signer: signer}, err
}

func replaced(list []*element, before, after *element) []*element {
	list = append([]*element(nil), list...)
	for i, e := range list {
		if e == before {
			list[i] = after
		}
	}
	return list
}

// verify tries each key on the signature of one element, and returns what
// goxmldsig verified, read again from the very bytes that were digested.
func (d *Document) verify(signed *element, keys []*x509.Certificate, policy Policy) (*element, *x509.Certificate, error) {
	value, keys, err := suitable(signatureOf(signed), keys, policy)
	if err != nil {
		return nil, nil, err
	}
	tree, err := d.detach(signed, value)
	if err != nil {
		return nil, nil, err
	}
	info := sync.OnceValues(func() ([]byte, error) { return d.signedInfo(signed) })
	ordered, shown := hinted(signatureOf(signed), keys)
	why := ErrForeignKey
	if shown > 0 {
		why = errors.New("by none of the record's keys, though it shows one of them")
	}
	for i, key := range ordered {
		if i >= shown && len(ordered) > 1 && !madeBy(key, signed, info, value) {
			continue
		}
		element, err := verifyWith(tree, key)
		if errors.Is(err, rsa.ErrVerification) {
			continue
		}
		if err != nil {
			why = otherContent(key)
			continue
		}
		if !same(signed, element, signatureOf(signed)) {
			return nil, nil, malformed("what was verified is not what was read")
		}
		return element, key, nil
	}
	return nil, nil, reason.New(reason.SignatureInvalid, "the signature of %s was made %w (%d tried)", signed, why, len(keys))
}

// madeBy says cheaply whether a key may have made a signature, of which
// goxmldsig has the last word: without it ten keys would make a stranger's
// message ten times as dear as an honest one.
func madeBy(key *x509.Certificate, signed *element, signedInfo func() ([]byte, error), value []byte) bool {
	info, err := signedInfo()
	return err == nil && key.CheckSignature(methodOf(signatureOf(signed)), info, value) == nil
}

// signedInfo is what a key signed: the SignedInfo of signed's signature in
// canonical form.
func (d *Document) signedInfo(signed *element) (canonical []byte, err error) {
	defer notPanic(&err)
	signature := slices.Index(signed.children, signatureOf(signed))
	info := d.treeOf(signed).ChildElements()[signature].ChildElements()[0]
	around, err := etreeutils.NSBuildParentContext(info)
	if err != nil {
		return nil, err
	}
	if info, err = etreeutils.NSDetatch(around, info); err != nil {
		return nil, err
	}
	return dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(info)
}

// otherContent is for a signature that fails in another way than by its key.
// crypto/x509 does not tell the two apart for ECDSA.
func otherContent(key *x509.Certificate) error {
	if key.PublicKeyAlgorithm == x509.ECDSA {
		return errors.New("by none of the record's keys, or for other content")
	}
	return errors.New("by a key of the record, but for other content: it was changed on the way")
}

// hinted puts the keys first that the signature's KeyInfo shows, and says how
// many they are.
func hinted(signature *element, keys []*x509.Certificate) (ordered []*x509.Certificate, first int) {
	shown := make(map[string]bool)
	if info := signature.one(nsSignature, "KeyInfo"); info != nil {
		for _, data := range info.all(nsSignature, "X509Data") {
			for _, certificate := range data.all(nsSignature, "X509Certificate") {
				der, _ := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(certificate.text), ""))
				shown[string(der)] = true
			}
		}
	}
	var rest []*x509.Certificate
	for _, key := range keys {
		if shown[string(key.Raw)] {
			ordered = append(ordered, key)
		} else {
			rest = append(rest, key)
		}
	}
	return append(ordered, rest...), len(ordered)
}

// detach gives goxmldsig one element: with the namespaces that its parent
// declares, without KeyInfo (goxmldsig would have it decide on the key, and
// wants a certificate in it), and with the signature as crypto/x509 takes it.
// What it does not change it shares with the document's tree, which goxmldsig copies
// before it touches anything.
func (d *Document) detach(signed *element, value []byte) (tree *etree.Element, err error) {
	defer notPanic(&err)
	original := d.treeOf(signed)
	around, err := etreeutils.NSBuildParentContext(original)
	if err != nil {
		return nil, malformed("namespaces of %s: %w", signed, err)
	}
	shell := &etree.Element{Space: original.Space, Tag: original.Tag, Attr: original.Attr}
	if tree, err = etreeutils.NSDetatch(around, shell); err != nil {
		return nil, malformed("namespaces of %s: %w", signed, err)
	}
	tree.Child = append([]etree.Token(nil), original.Child...)
	for i, child := range original.ChildElements() {
		if signed.children[i] == signatureOf(signed) {
			tree.Child[child.Index()] = plainSignature(child, value)
		}
	}
	return tree, nil
}

// treeOf finds the root or a child of it.
func (d *Document) treeOf(e *element) *etree.Element {
	if d.inner != nil && e == d.root.one(nsAssertion, "Assertion") {
		return d.inner
	}
	for i, child := range d.root.children {
		if child == e {
			return d.tree.Root().ChildElements()[i]
		}
	}
	return d.tree.Root()
}

func plainSignature(original *etree.Element, value []byte) *etree.Element {
	signature := original.Copy()
	parts := signature.ChildElements()
	parts[1].SetText(base64.StdEncoding.EncodeToString(value))
	for _, keyInfo := range parts[2:] {
		signature.RemoveChild(keyInfo)
	}
	return signature
}

// verifyWith leaves one key in goxmldsig's store and puts its clock inside that
// certificate's dates.
func verifyWith(tree *etree.Element, key *x509.Certificate) (e *element, err error) {
	defer notPanic(&err)
	judge := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{key}})
	judge.Clock = dsig.NewFakeClockAt(key.NotBefore)
	verified, err := judge.Validate(tree)
	if err != nil {
		return nil, err
	}
	return fromTree(verified)
}
