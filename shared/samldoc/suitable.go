package samldoc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// suitable returns the value of a signature whose form was checked, as
// crypto/x509 takes it, and the keys that can have made it: those of the kind
// that its method names, so that no key is ever used for another algorithm.
func suitable(signature *element, keys []*x509.Certificate, policy Policy) ([]byte, []*x509.Certificate, error) {
	value, err := decodeText(signature.one(nsSignature, "SignatureValue"))
	if err != nil {
		return nil, nil, reason.New(reason.SignatureInvalid, "%w", err)
	}
	if strings.HasPrefix(methodURI(signature), dsigMore+"ecdsa-") {
		return suitableECDSA(value, keys)
	}
	keys, err = suitableRSA(keys, policy)
	return value, keys, err
}

func methodURI(signature *element) string {
	return signature.one(nsSignature, "SignedInfo").one(nsSignature, "SignatureMethod").attribute("Algorithm")
}

// methodOf is a method that [checkMethod] let through, as crypto/x509 names it.
func methodOf(signature *element) x509.SignatureAlgorithm {
	switch methodURI(signature) {
	case dsigMore + "rsa-sha256":
		return x509.SHA256WithRSA
	case dsigMore + "rsa-sha384":
		return x509.SHA384WithRSA
	case dsigMore + "rsa-sha512":
		return x509.SHA512WithRSA
	case ecdsaSHA256:
		return x509.ECDSAWithSHA256
	case ecdsaSHA384:
		return x509.ECDSAWithSHA384
	case ecdsaSHA512:
		return x509.ECDSAWithSHA512
	case nsSignature + "rsa-sha1":
		return x509.SHA1WithRSA
	}
	return x509.UnknownSignatureAlgorithm
}

func suitableRSA(keys []*x509.Certificate, policy Policy) ([]*x509.Certificate, error) {
	least := 2048
	if policy.AllowSHA1 {
		least = 1024
	}
	var list []*x509.Certificate
	for _, certificate := range keys {
		if key, ok := certificate.PublicKey.(*rsa.PublicKey); ok && key.N.BitLen() >= least {
			list = append(list, certificate)
		}
	}
	if len(list) == 0 {
		return nil, algorithm("none of the record's %d certificates has an RSA key of %d bits or more: it was made %w", len(keys), least, ErrForeignKey)
	}
	return list, nil
}

// suitableECDSA turns r and s, each as long as the curve's order and one behind
// the other (xmldsig-core1 section 6.4.3), into the ASN.1 that crypto/x509
// takes. ASN.1 in the message is refused with every other length: it is no
// XML Signature, and goxmldsig, which would take it, knows no other.
func suitableECDSA(value []byte, keys []*x509.Certificate) ([]byte, []*x509.Certificate, error) {
	var known, list []*x509.Certificate
	for _, certificate := range keys {
		length := lengthECDSA(certificate)
		if length > 0 {
			known = append(known, certificate)
		}
		if length == len(value) {
			list = append(list, certificate)
		}
	}
	if len(known) == 0 {
		return nil, nil, algorithm("none of the record's %d certificates has an ECDSA key on P-256 or P-384: it was made %w", len(keys), ErrForeignKey)
	}
	if len(list) == 0 {
		return nil, nil, reason.New(reason.SignatureInvalid,
			"the ECDSA signature has %d bytes; r and s have 64 on P-256, 96 on P-384, and the record has no key for it: it was made %w", len(value), ErrForeignKey)
	}
	r, s := new(big.Int).SetBytes(value[:len(value)/2]), new(big.Int).SetBytes(value[len(value)/2:])
	if r.Sign() == 0 || s.Sign() == 0 {
		return nil, nil, reason.New(reason.SignatureInvalid, "r or s of the ECDSA signature is zero") // CVE-2022-21449
	}
	inASN1, err := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	return inASN1, list, err
}

// lengthECDSA is that of r and s together; 0 for any other key.
func lengthECDSA(certificate *x509.Certificate) int {
	key, ok := certificate.PublicKey.(*ecdsa.PublicKey)
	switch {
	case ok && key.Curve == elliptic.P256():
		return 2 * 32
	case ok && key.Curve == elliptic.P384():
		return 2 * 48
	}
	return 0
}

// decodeText reads base64, in which XML allows blanks and line breaks.
func decodeText(e *element) ([]byte, error) {
	text, err := e.leaf()
	if err != nil {
		return nil, err
	}
	value, err := base64.StdEncoding.Strict().DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, malformed("%s is not base64: %w", e, err)
	}
	return value, nil
}
