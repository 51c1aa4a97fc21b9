package samldoc

import (
	"crypto/x509"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// verifyMetadata wants a signature of one of signers over the entity, or over
// all that it stands in. The signature of an IDPSSODescriptor alone would not
// cover whose it is. SHA-1 is never taken here: what allowSHA1 permits an old
// identity provider for a message of minutes, it does not for its keys.
func verifyMetadata(xml []byte, way path, signers []*x509.Certificate) (*x509.Certificate, error) {
	if len(signers) == 0 {
		return nil, nil
	}
	signed, err := signedOn(way)
	if err != nil {
		return nil, err
	}
	if n := signed.count(); n > mostSigned {
		return nil, tooLarge("%d elements under the signature, at most %d can be verified", n, mostSigned)
	}
	if err := checkSignature(signed, Policy{}); err != nil {
		return nil, err
	}
	tree, err := parseTree(xml, way[0])
	if err != nil {
		return nil, err
	}
	// What verify returns means the same as signed, says verify itself: so the
	// scanned tree is read on, which remembers where comments stood.
	document := &Document{root: way[0], tree: tree}
	_, signer, err := document.verify(signed, signers, Policy{})
	return signer, err
}

// mostSigned stands before goxmldsig's limit of 1,000.
const mostSigned = 900

// signedOn finds the outermost signed element on the way down to the entity; the
// signature is its first child, as the metadata schema has it.
func signedOn(way path) (*element, error) {
	for i, e := range way[:len(way)-1] {
		all := e.all(nsSignature, "Signature")
		if len(all) == 0 || i > 1 {
			continue
		}
		if len(all) > 1 || e.children[0] != all[0] {
			return nil, malformed("the signature is not the first and only one of %s", e)
		}
		return e, nil
	}
	return nil, reason.New(reason.SignatureMissing, "nobody signed the entity or the whole document")
}

// count is how many elements e is, with all inside.
func (e *element) count() int {
	n := 1
	for _, child := range e.children {
		n += child.count()
	}
	return n
}
