package samldoc

import (
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Policy is what one trust record permits beyond the rule.
type Policy struct {
	// AllowSHA1 takes what identity providers of the SHA-1 age produce:
	// rsa-sha1, sha1 digests, and RSA keys of 1024 bits.
	AllowSHA1 bool
	// AllowUnsignedCBC decrypts AES-CBC that no signature covers: who captured such
	// a message can change it and watch what becomes of it.
	AllowUnsignedCBC bool
}

const (
	dsigMore    = "http://www.w3.org/2001/04/xmldsig-more#"
	ecdsaSHA256 = dsigMore + "ecdsa-sha256"
	ecdsaSHA384 = dsigMore + "ecdsa-sha384"
	ecdsaSHA512 = dsigMore + "ecdsa-sha512"

	enveloped  = nsSignature + "enveloped-signature"
	exclusive  = nsExclusive
	exclusiveC = nsExclusive + "WithComments"
)

// Signed says whether the response or its assertion has a signature, by
// whomever and over whatever.
func (d *Document) Signed() (response, assertion bool) {
	inside := d.root.one(nsAssertion, "Assertion")
	return signatureOf(d.root) != nil, inside != nil && signatureOf(inside) != nil
}

// CheckSignatures refuses a signature of any but the one form that SAML allows
// (saml-core section 5.4), before a key is tried.
func (d *Document) CheckSignatures(policy Policy) error {
	for _, signed := range d.signed() {
		if err := checkSignature(signed, policy); err != nil {
			return err
		}
	}
	return nil
}

// signed lists the elements that carry a signature.
func (d *Document) signed() []*element {
	var list []*element
	for _, e := range append([]*element{d.root}, d.root.all(nsAssertion, "Assertion")...) {
		if signatureOf(e) != nil {
			list = append(list, e)
		}
	}
	return list
}

func signatureOf(e *element) *element { return e.one(nsSignature, "Signature") }

// checkSignature looks at the enveloped signature of e. One SignedInfo and one
// Reference, to e and nothing else: with several, libraries verify one and read
// another (CVE-2025-29774, CVE-2026-33487). No Object: it can hold anything.
func checkSignature(e *element, policy Policy) error {
	signature := signatureOf(e)
	parts, err := signature.exactly("ds:SignedInfo", "ds:SignatureValue", "?ds:KeyInfo")
	if err != nil {
		return err
	}
	info, err := parts[0].exactly("ds:CanonicalizationMethod", "ds:SignatureMethod", "ds:Reference")
	if err != nil {
		return err
	}
	if err := checkCanonicalization(info[0]); err != nil {
		return err
	}
	if err := checkMethod(info[1], policy); err != nil {
		return err
	}
	if _, err := parts[1].leaf(); err != nil {
		return err
	}
	return checkReference(info[2], e.attribute("ID"), policy)
}

func checkReference(reference *element, id string, policy Policy) error {
	if len(reference.attributes) != 1 {
		return malformed("%s must have the attribute URI and no other", reference)
	}
	if uri := reference.attribute("URI"); uri != "#"+id {
		return malformed("the signature refers to %.60q, it must refer to its parent %q", uri, "#"+id)
	}
	parts, err := reference.exactly("ds:Transforms", "ds:DigestMethod", "ds:DigestValue")
	if err != nil {
		return err
	}
	if err := checkTransforms(parts[0]); err != nil {
		return err
	}
	if err := checkDigest(parts[1], policy); err != nil {
		return err
	}
	value, err := parts[2].leaf() // CVE-2025-29775: a comment in the DigestValue
	if err == nil && strings.ContainsAny(value, " \t") {
		// XML allows them, goxmldsig does not, and they are under the signature.
		return algorithm("%s is indented, which cannot be verified: set the identity provider not to reformat what it signs", parts[2])
	}
	return err
}

// checkTransforms wants exactly the enveloped signature and then exclusive
// canonicalization. XPath smuggles digests (CVE-2024-45409), XSLT runs code
// (CVE-2022-34716), base64 and inclusive canonicalization read other bytes.
func checkTransforms(e *element) error {
	list, err := e.exactly("ds:Transform", "ds:Transform")
	if err != nil {
		return err
	}
	got, err := algorithmOf(list[0])
	if err != nil {
		return err
	}
	if got != enveloped || len(list[0].children) > 0 {
		return algorithm("the first transform is %.100q, it must be %s", got, enveloped)
	}
	return checkCanonicalization(list[1])
}

// checkCanonicalization allows the exclusive kind, with a prefix list.
func checkCanonicalization(e *element) error {
	got, err := algorithmOf(e)
	if err != nil {
		return err
	}
	if got != exclusive && got != exclusiveC {
		return algorithm("the canonicalization is %.100q, it must be %s", got, exclusive)
	}
	for i, child := range e.children {
		if i > 0 || !child.is(nsExclusive, "InclusiveNamespaces") || len(child.children) > 0 || len(child.attributes) > 1 {
			return algorithm("%s has no place in %s", child, e)
		}
	}
	return nil
}

// algorithmOf returns the one attribute that an algorithm's element has.
// encoding/xml, with which goxmldsig reads them, does not look at namespaces: of
// Algorithm and x:Algorithm it takes the last.
func algorithmOf(e *element) (string, error) {
	got, ok := e.lookup("", "Algorithm")
	if !ok || len(e.attributes) != 1 {
		return "", algorithm("%s must have the attribute Algorithm and no other", e)
	}
	return got, nil
}

func checkMethod(e *element, policy Policy) error {
	got, err := algorithmOf(e)
	switch {
	case err != nil:
		return err
	case len(e.children) > 0: // HMACOutputLength
		return algorithm("%s has no place in %s", e.children[0], e)
	case got == dsigMore+"rsa-sha256", got == dsigMore+"rsa-sha384", got == dsigMore+"rsa-sha512":
		return nil
	case got == ecdsaSHA256, got == ecdsaSHA384, got == ecdsaSHA512:
		return nil
	case got == nsSignature+"rsa-sha1" && policy.AllowSHA1:
		return nil
	case got == nsSignature+"rsa-sha1":
		return algorithm("the signature is rsa-sha1, which the record does not allow (allowSHA1)")
	}
	return algorithm("the signature method is %.100q", got)
}

func checkDigest(e *element, policy Policy) error {
	got, err := algorithmOf(e)
	switch {
	case err != nil:
		return err
	case len(e.children) > 0:
		return algorithm("%s has no place in %s", e.children[0], e)
	case got == nsEncrypt+"sha256", got == dsigMore+"sha384", got == nsEncrypt+"sha512":
		return nil
	case got == nsSignature+"sha1" && policy.AllowSHA1:
		return nil
	case got == nsSignature+"sha1":
		return algorithm("the digest is sha1, which the record does not allow (allowSHA1)")
	}
	return algorithm("the digest method is %.100q", got)
}

// exactly returns the children, which must be these in this order; one that
// begins with ? may be missing, and is nil then.
func (e *element) exactly(names ...string) ([]*element, error) {
	if strings.TrimSpace(e.text) != "" {
		return nil, malformed("%s must not hold text", e)
	}
	found, rest := make([]*element, len(names)), e.children
	for i, name := range names {
		name, optional := strings.CutPrefix(name, "?")
		switch {
		case len(rest) > 0 && rest[0].String() == name:
			found[i], rest = rest[0], rest[1:]
		case !optional:
			return nil, malformed("%s lacks its %s", e, name)
		}
	}
	if len(rest) > 0 {
		return nil, malformed("%s has no place in %s", rest[0], e)
	}
	return found, nil
}

func algorithm(format string, args ...any) error {
	return reason.New(reason.SignatureAlgorithm, format, args...)
}
