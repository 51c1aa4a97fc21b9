// Package samldoc reads and writes SAML 2.0 documents.
//
// In come the bytes of a response or of an identity provider's metadata, or of what
// Alibaba Cloud asks of us; out go plain values that say what the document says, and no
// opinion about whether it should be believed: that is validate's. The other way it
// writes our signed AuthnRequest, our own metadata, that by which an identity provider
// is introduced to RAM, and our signed responses for Alibaba Cloud.
//
// Refused is whatever two parsers could read in two ways: DOCTYPE, processing
// instructions, CDATA, unbound prefixes, doubled names and IDs, an element where
// the SAML schema has none, and everything beyond the limits.
//
// Why a scan of our own before any library: every signature wrapping of the last
// years was a difference between the parser that verified and the one that read.
// Here a strict scan fixes one meaning first and makes the tree that goxmldsig
// works on in the same walk, and what goxmldsig verified, which it reads from the
// bytes that it digested, must be that tree once more. Metadata, which may have
// comments, and what was encrypted are read by etree, which must find what the scan
// found.
package samldoc

import (
	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// The namespaces that have a meaning here.
const (
	nsAssertion = "urn:oasis:names:tc:SAML:2.0:assertion"
	nsProtocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	nsMetadata  = "urn:oasis:names:tc:SAML:2.0:metadata"
	nsSignature = "http://www.w3.org/2000/09/xmldsig#"
	nsEncrypt   = "http://www.w3.org/2001/04/xmlenc#"
	nsEncrypt11 = "http://www.w3.org/2009/xmlenc11#"
	nsExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#"
	nsInstance  = "http://www.w3.org/2001/XMLSchema-instance"
)

// Document is a response of which we know the one meaning, but not yet whether
// anybody signed it.
type Document struct {
	root    *element        // as our scan saw it
	tree    *etree.Document // the same, as goxmldsig wants it
	claimed Message

	// Of a document whose assertion was decrypted: root has it in its place, tree
	// does not.
	inner *etree.Element // the assertion
	cover Cover
}

// Parse reads a response. It refuses with message_malformed or
// message_too_large, and never spends more than a few passes over the bytes.
func Parse(xml []byte) (*Document, error) {
	root, tree, err := readProtocol(xml, "Response")
	if err != nil {
		return nil, err
	}
	claimed, err := readMessage(root)
	if err != nil {
		return nil, err
	}
	return &Document{root: root, tree: tree, claimed: claimed}, nil
}

// readProtocol is the one way by which a message of the protocol comes in: it
// has one meaning, the root that is asked for, and nothing out of its place.
func readProtocol(xml []byte, name string) (*element, *etree.Document, error) {
	root, tree, err := scanTree(xml, responseLimits())
	if err != nil {
		return nil, nil, err
	}
	if !root.is(nsProtocol, name) {
		return nil, nil, malformed("the root is %s, not a SAML 2.0 %s", root, name)
	}
	if err := checkIDs(root); err != nil {
		return nil, nil, err
	}
	return root, tree, checkShape(root)
}

// Claimed returns what the document says, whoever wrote it: for refusing early
// and for explaining, never for believing.
func (d *Document) Claimed() Message { return d.claimed }

// Assertions counts the assertions, plain and encrypted.
func (d *Document) Assertions() (plain, encrypted int) {
	return len(d.root.all(nsAssertion, "Assertion")), len(d.root.all(nsAssertion, "EncryptedAssertion"))
}

func malformed(format string, args ...any) error {
	return reason.New(reason.MessageMalformed, format, args...)
}

func tooLarge(format string, args ...any) error {
	return reason.New(reason.MessageTooLarge, format, args...)
}
