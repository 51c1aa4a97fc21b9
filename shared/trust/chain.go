package trust

import (
	"bytes"
	"crypto/sha1" //nolint:gosec // RAM's fingerprints are SHA-1
	"crypto/x509"
	"encoding/hex"
	"errors"
	"slices"
	"time"
)

// Chain is how a server of an issuer proves itself, as RAM looks at it.
type Chain struct {
	Host       string    `json:"host"`       // with its port where that is not 443
	Thumbprint string    `json:"thumbprint"` // SHA-1 of the last certificate that it sends, in hex: RAM's fingerprint
	Root       bool      `json:"root"`       // that is a root; else the authority may replace it when it likes
	Subject    string    `json:"subject"`    // of that one
	NotBefore  time.Time `json:"notBefore"`  // of the server's own certificate
	NotAfter   time.Time `json:"notAfter"`   //
}

// NewChain reads what a server of host sent. verified are the chains by which it was
// believed (crypto/tls's VerifiedChains): a last certificate whose key is in none of
// them is no root of anything, and to pin it would pin what anybody may send along.
func NewChain(host string, sent []*x509.Certificate, verified [][]*x509.Certificate) (Chain, error) {
	if len(sent) == 0 {
		return Chain{}, errors.New("the server sent no certificate")
	}
	last := sent[len(sent)-1]
	same := func(c *x509.Certificate) bool {
		return bytes.Equal(c.RawSubject, last.RawSubject) && bytes.Equal(c.RawSubjectPublicKeyInfo, last.RawSubjectPublicKeyInfo)
	}
	if !slices.ContainsFunc(verified, func(chain []*x509.Certificate) bool { return slices.ContainsFunc(chain, same) }) {
		return Chain{}, errors.New("the last certificate that the server sends has no part in why it is believed")
	}
	thumbprint := sha1.Sum(last.Raw) //nolint:gosec // RAM's fingerprints are SHA-1
	return Chain{
		Host: host, Thumbprint: hex.EncodeToString(thumbprint[:]), Subject: last.Subject.String(),
		Root:      bytes.Equal(last.RawIssuer, last.RawSubject) && last.CheckSignature(last.SignatureAlgorithm, last.RawTBSCertificate, last.Signature) == nil,
		NotBefore: sent[0].NotBefore.UTC(), NotAfter: sent[0].NotAfter.UTC(),
	}, nil
}

func (c Chain) same(other Chain) bool {
	return c.Host == other.Host && c.Thumbprint == other.Thumbprint && c.NotAfter.Equal(other.NotAfter)
}

// SameChains says that servers prove themselves as they did.
func SameChains(a, b []Chain) bool { return slices.EqualFunc(a, b, Chain.same) }
