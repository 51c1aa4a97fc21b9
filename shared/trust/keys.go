package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
)

// The bindings that we speak (saml-bindings section 3.4 and 3.5).
const (
	BindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	BindingPOST     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

const (
	maxEntityID     = 1024 // saml-core section 8.3.6
	maxCertificates = 10
	maxEndpoints    = 50
	maxLocation     = 2048 // with our signed request behind it, it leaves in a header: FC carries 8 KB of them
)

// Keys is what the metadata of one identity provider said. Only
// validate.Metadata makes them from a document.
type Keys struct {
	EntityID                string     `json:"entityID"`
	SSO                     []Endpoint `json:"sso"`
	SLO                     []Endpoint `json:"slo,omitempty"` // where answers to its logout requests go
	Certificates            []string   `json:"certificates"`  // base64 DER, all for signing
	WantAuthnRequestsSigned bool       `json:"wantAuthnRequestsSigned,omitempty"`
	FetchedAt               time.Time  `json:"fetchedAt"`

	Retiring []Retiring[string]   `json:"retiring,omitempty"` // certificates that were published until lately
	Since    map[string]time.Time `json:"since,omitempty"`    // when each public key, by its SHA-256, was first seen

	Origin   string `json:"origin,omitempty"`   // [Source.Origin] of the source that they were learned from
	SignedBy string `json:"signedBy,omitempty"` // [Fingerprint] of the pinned certificate whose key signed the metadata
}

// Endpoint is one single sign-on or single logout service.
type Endpoint struct {
	Binding  string `json:"binding"`
	Location string `json:"location"`
}

// Parse checks the keys and gives their certificates.
func (k Keys) Parse() ([]*x509.Certificate, error) {
	if k.EntityID == "" || len(k.EntityID) > maxEntityID {
		return nil, fmt.Errorf("the entity ID has %d characters, not 1 to %d", len(k.EntityID), maxEntityID)
	}
	if strings.ContainsFunc(k.EntityID, func(c rune) bool { return !unicode.IsPrint(c) }) { // people compare it by eye
		return nil, fmt.Errorf("the entity ID %q has characters that cannot be seen", k.EntityID)
	}
	if len(k.SSO) == 0 || len(k.SSO) > maxEndpoints {
		return nil, fmt.Errorf("%d single sign-on services, not 1 to %d", len(k.SSO), maxEndpoints)
	}
	if len(k.SLO) > maxEndpoints {
		return nil, fmt.Errorf("%d single logout services, %d is the most", len(k.SLO), maxEndpoints)
	}
	for _, endpoint := range slices.Concat(k.SSO, k.SLO) {
		if len(endpoint.Location) > maxLocation {
			return nil, fmt.Errorf("service %.200q... has %d bytes, %d is the most", endpoint.Location, len(endpoint.Location), maxLocation)
		}
		if endpoint.Binding == "" || !webAddress(endpoint.Location) {
			return nil, fmt.Errorf("service %.200q with binding %.200q: not an https address with a binding", endpoint.Location, endpoint.Binding)
		}
	}
	if len(k.Certificates) == 0 || len(k.Certificates) > maxCertificates {
		return nil, fmt.Errorf("%d certificates, not 1 to %d", len(k.Certificates), maxCertificates)
	}
	return parseCertificates(k.Certificates)
}

// parseRetiring gives the certificates that are published no more.
func (k Keys) parseRetiring() ([]leaving, error) {
	if len(k.Retiring) > maxRetiring {
		return nil, fmt.Errorf("%d certificates retire, %d is the most", len(k.Retiring), maxRetiring)
	}
	var list []leaving
	for _, r := range k.Retiring {
		certificates, err := parseCertificates([]string{r.Key})
		if err != nil {
			return nil, fmt.Errorf("a retiring key: %w", err)
		}
		list = append(list, leaving{since: r.Since, certificate: certificates[0]})
	}
	return list, nil
}

// Fingerprint is the SHA-256 of a certificate in hex; "" of none.
func Fingerprint(certificate *x509.Certificate) string {
	if certificate == nil {
		return ""
	}
	sum := sha256.Sum256(certificate.Raw)
	return hex.EncodeToString(sum[:])
}

func parseCertificates(encoded []string) ([]*x509.Certificate, error) {
	certificates := make([]*x509.Certificate, 0, len(encoded))
	for i, text := range encoded {
		certificate, err := parseCertificate(text)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		if certificate.PublicKey == nil {
			return nil, errors.New("certificate without a public key that we know")
		}
		certificates = append(certificates, certificate)
	}
	return certificates, nil
}

// webAddress says whether a browser may be sent to s or metadata be read from
// it: https, or http to this machine itself, as the local stack has it. Whether
// the local stack is meant is for federation to ask.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil || u.Opaque != "" || u.Fragment != "" {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}
