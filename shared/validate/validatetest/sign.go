package validatetest

import (
	"crypto"
	"crypto/ecdsa"
	_ "crypto/sha1" //nolint:gosec // for the responses of its age
	_ "crypto/sha256"
	_ "crypto/sha512"
	"encoding/asn1"
	"encoding/base64"
	"math/big"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// Method is a signature algorithm with its digest.
type Method struct {
	hash              crypto.Hash
	signature, digest string
}

// RSASHA256 is what everybody should use.
func RSASHA256() Method {
	return Method{crypto.SHA256, dsig.RSASHA256SignatureMethod, nsEncryption + "sha256"}
}

// RSASHA384 is rarer, and as good.
func RSASHA384() Method {
	return Method{crypto.SHA384, dsig.RSASHA384SignatureMethod, "http://www.w3.org/2001/04/xmldsig-more#sha384"}
}

// RSASHA512 is rarer, and as good.
func RSASHA512() Method {
	return Method{crypto.SHA512, dsig.RSASHA512SignatureMethod, nsEncryption + "sha512"}
}

// RSASHA1 is for the record that still allows it.
func RSASHA1() Method {
	return Method{crypto.SHA1, dsig.RSASHA1SignatureMethod, nsSignature + "sha1"}
}

// ECDSASHA256 is for [P256]; either curve goes with any of the three digests.
func ECDSASHA256() Method {
	return Method{crypto.SHA256, dsig.ECDSASHA256SignatureMethod, nsEncryption + "sha256"}
}

// ECDSASHA384 is for [P384].
func ECDSASHA384() Method {
	return Method{crypto.SHA384, dsig.ECDSASHA384SignatureMethod, "http://www.w3.org/2001/04/xmldsig-more#sha384"}
}

// ECDSASHA512 is rarer, and as good.
func ECDSASHA512() Method {
	return Method{crypto.SHA512, dsig.ECDSASHA512SignatureMethod, nsEncryption + "sha512"}
}

// Sign signs e, behind whose Issuer the signature goes, by SHA-256: for
// messages that the options cannot make.
func (i IdP) Sign(e *etree.Element) {
	i.tb.Helper()
	i.sign(e, i.message(nil))
}

// sign puts an enveloped signature behind the Issuer of e. It is written out
// here, not left to goxmldsig, so that a test can change the SignedInfo first.
func (i IdP) sign(e *etree.Element, m message) {
	signature := etree.NewElement("ds:Signature")
	set(signature, "xmlns:ds", nsSignature)
	info := signature.CreateElement("ds:SignedInfo")
	set(info.CreateElement("ds:CanonicalizationMethod"), "Algorithm", string(dsig.CanonicalXML10ExclusiveAlgorithmId))
	set(info.CreateElement("ds:SignatureMethod"), "Algorithm", m.method.signature)
	Reference(info, e.SelectAttrValue("ID", ""), i.digest(e, m.method), m.method)
	apply(m.info, info)
	value := i.signature(info, m.method)
	signature.CreateElement("ds:SignatureValue").SetText(base64.StdEncoding.EncodeToString(value))
	signature.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").
		SetText(base64.StdEncoding.EncodeToString(i.certificate.Raw))
	e.InsertChildAt(1, signature)
}

// Reference adds one Reference to a SignedInfo.
func Reference(info *etree.Element, id string, digest []byte, method Method) *etree.Element {
	reference := info.CreateElement("ds:Reference")
	set(reference, "URI", "#"+id)
	transforms := reference.CreateElement("ds:Transforms")
	set(transforms.CreateElement("ds:Transform"), "Algorithm", string(dsig.EnvelopedSignatureAltorithmId))
	set(transforms.CreateElement("ds:Transform"), "Algorithm", string(dsig.CanonicalXML10ExclusiveAlgorithmId))
	set(reference.CreateElement("ds:DigestMethod"), "Algorithm", method.digest)
	reference.CreateElement("ds:DigestValue").SetText(base64.StdEncoding.EncodeToString(digest))
	return reference
}

func (i IdP) digest(e *etree.Element, method Method) []byte {
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		i.tb.Fatal(err)
	}
	detached, err := etreeutils.NSDetatch(around, e)
	if err != nil {
		i.tb.Fatal(err)
	}
	canonical, err := dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("").Canonicalize(detached)
	if err != nil {
		i.tb.Fatal(err)
	}
	hash := method.hash.New()
	hash.Write(canonical)
	return hash.Sum(nil)
}

func (i IdP) signature(info *etree.Element, method Method) []byte {
	i.tb.Helper()
	// Without a source of randomness crypto/ecdsa signs by RFC 6979, so that the
	// vectors can be compared with what makes them; PKCS #1 v1.5 has none.
	value, err := i.key.Sign(nil, i.digest(info, method), method.hash)
	if err != nil {
		i.tb.Fatal(err)
	}
	if key, ok := i.key.(*ecdsa.PrivateKey); ok {
		return i.pair(value, (key.Params().BitSize+7)/8)
	}
	return value
}

// pair makes r and s, each of the same length, of ASN.1 (xmldsig-core1 6.4.3).
func (i IdP) pair(inASN1 []byte, length int) []byte {
	i.tb.Helper()
	var value struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(inASN1, &value); err != nil {
		i.tb.Fatal(err)
	}
	return append(value.R.FillBytes(make([]byte, length)), value.S.FillBytes(make([]byte, length))...)
}
