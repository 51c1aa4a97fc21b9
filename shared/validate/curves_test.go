package validate_test

import (
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// curves are about ECDSA: the form of the value, and keys for other algorithms.
func curves() []attack {
	const p256, p384 = "p256", "p384"
	sha256, sha384, sha512 := validatetest.ECDSASHA256(), validatetest.ECDSASHA384(), validatetest.ECDSASHA512()
	return []attack{
		curve(p256, sha256, attack{name: "good-ecdsa-p256-sha256", expect: "verified", why: "r and s, 32 bytes each (xmldsig-core1 6.4.3)"}),
		curve(p384, sha384, attack{name: "good-ecdsa-p384-sha384", expect: "verified", why: "r and s, 48 bytes each"}),
		curve(p384, sha256, attack{name: "good-ecdsa-p384-sha256", expect: "verified", why: "Java signs with SHA-256 whatever the curve is"}),
		curve(p256, sha512, attack{name: "good-ecdsa-p256-sha512", expect: "verified", why: "ECDSA cuts the digest to the curve's length"}),
		curve(p256, sha256, attack{name: "good-ecdsa-both-signed", expect: "verified", why: "both are signed, both must hold", options: opts{validatetest.Signed(true, true)}}),
		curve(p256, sha256, attack{name: "good-ecdsa-beside-rsa", expect: "verified", why: "rollover from RSA to ECDSA: the record has both", record: strangerFirst}),
		curve(p256, sha256, attack{name: "ecdsa-asn1", expect: "signature_invalid", why: "ASN.1, as goxmldsig takes it and XML Signature does not", options: after(value(inASN1))}),
		curve(p256, sha256, attack{name: "ecdsa-zero", expect: "signature_invalid", why: "CVE-2022-21449: r and s are zero", options: after(value(func(v []byte) []byte { return make([]byte, len(v)) }))}),
		curve(p256, sha256, attack{name: "ecdsa-zero-s", expect: "signature_invalid", why: "CVE-2022-21449: s alone is zero", options: after(value(func(v []byte) []byte { return append(v[:32:32], make([]byte, 32)...) }))}),
		curve(p256, sha256, attack{name: "ecdsa-s-too-large", expect: "signature_invalid", why: "s plus the order of the curve verifies where nobody reduces it", options: after(value(func(v []byte) []byte { return append(v[:32:32], strings.Repeat("\xff", 32)...) }))}),
		curve(p256, sha256, attack{name: "ecdsa-cut", expect: "signature_invalid", why: "a byte is missing", options: after(value(func(v []byte) []byte { return v[:63] }))}),
		curve(p256, sha256, attack{name: "ecdsa-padded", expect: "signature_invalid", why: "r and s with zeros before them, as long as P-384 has them", options: after(value(func(v []byte) []byte {
			zeros := make([]byte, 16)
			return append(append(append(zeros, v[:32]...), zeros[:16:16]...), v[32:]...)
		}))}),
		curve(p256, sha256, attack{name: "ecdsa-empty", expect: "signature_invalid", why: "an empty value", options: after(value(func([]byte) []byte { return nil }))}),
		curve(p256, sha256, attack{name: "ecdsa-subject-changed", expect: "signature_invalid", why: "the signed assertion was changed", options: after(setText("saml:Assertion/saml:Subject/saml:NameID", "admin@example.com"))}),
		curve(p256, sha256, attack{name: "ecdsa-other-curve", expect: "signature_invalid", why: "the record's key is on P-384", record: only("../validatetest/p384-cert.pem")}),
		curve(p256, sha256, attack{name: "ecdsa-stranger", expect: "signature_invalid", why: "the record has another key on P-256", record: only("ecdsa-cert.pem")}),
		curve(p256, sha256, attack{name: "ecdsa-p521", expect: "signature_algorithm", why: "the record's key is on P-521, which nobody needs", record: only("p521-cert.pem")}),
		curve(p256, sha256, attack{name: "ecdsa-sha1", expect: "signature_algorithm", why: "consent to SHA-1 is for the RSA of its age", record: func(s *trust.Source, _ *trust.Keys) { s.SAML.AllowSHA1 = true }, options: info(set("ds:SignatureMethod", algorithm, "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"))}),
	}
}

// curve lets the identity provider with that key make the response, and makes
// its certificate the record's.
func curve(key string, method validatetest.Method, a attack) attack {
	options, change := append(opts{validatetest.By(method)}, a.options...), a.record
	a.make = func(t *testing.T, _, _ validatetest.IdP) []byte {
		t.Helper()
		if key == "p384" {
			return validatetest.P384(t).XML(options...)
		}
		return validatetest.P256(t).XML(options...)
	}
	a.record = func(s *trust.Source, k *trust.Keys) {
		only("../validatetest/"+key+"-cert.pem")(s, k)
		if change != nil {
			change(s, k)
		}
	}
	return a
}

func only(certificate string) func(*trust.Source, *trust.Keys) {
	return func(_ *trust.Source, k *trust.Keys) { k.Certificates = []string{certificateFile(certificate)} }
}

// value changes the bytes of the assertion's SignatureValue.
func value(change func([]byte) []byte) func(el) {
	return func(r el) {
		e := at(r, "saml:Assertion/ds:Signature/ds:SignatureValue")
		v, _ := base64.StdEncoding.DecodeString(e.Text())
		e.SetText(base64.StdEncoding.EncodeToString(change(v)))
	}
}

func inASN1(v []byte) []byte {
	der, _ := asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(v[:len(v)/2]), new(big.Int).SetBytes(v[len(v)/2:])})
	return der
}
