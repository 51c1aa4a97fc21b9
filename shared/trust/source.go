// Package trust holds what fc-sso knows of one identity provider: a [Record].
//
// In: two stored values, the [Source] that an administrator declared in
// federation.yaml and the [Keys] that its metadata said. Out: one immutable
// Record, or an error: what is stored is read as strictly as what arrives, for a
// record decides whose signature is believed. Refused: fields that this version
// does not know (a newer one may have meant them as a restriction), certificates
// that do not parse, endpoints that are no web addresses. A record without keys
// is pending: it has a name and a place, and verifies nobody.
package trust

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Bounds of what a source declares.
const (
	DefaultClockSkew = time.Minute
	MaxClockSkew     = 5 * time.Minute
)

const (
	maxID        = 63
	idCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_-"
)

// Source is what federation.yaml says of one identity provider.
type Source struct {
	ID           string            `json:"id"`
	DisplayName  string            `json:"displayName"`
	Preset       string            `json:"preset,omitempty"`
	SAML         SAML              `json:"saml,omitzero"`        // exactly one of SAML and OIDC is declared,
	OIDC         *OIDC             `json:"oidc,omitempty"`       // and Kind says which
	Attributes   map[string]string `json:"attributes,omitempty"` // alias: exact Attribute Name
	Person       string            `json:"person,omitempty"`     // template; joins SCIM users and sign-ins
	EmailDomains []string          `json:"emailDomains,omitempty"`
	// RequireOverlap holds a change of all keys at once until somebody approves it.
	RequireOverlap bool  `json:"requireOverlap,omitempty"`
	Suspended      bool  `json:"suspended,omitempty"`
	Fetch          Fetch `json:"fetch,omitzero"`
}

// SAML is the SAML side of a source. Exactly one of MetadataURL and Metadata is
// set: a file is taken in when the federation is applied.
type SAML struct {
	MetadataURL       string `json:"metadataURL,omitempty"`
	Metadata          []byte `json:"metadata,omitempty"`
	MetadataKey       string `json:"metadataKey,omitempty"` // PEM: certificates of which one must have signed the metadata
	AllowIdPInitiated bool   `json:"allowIdPInitiated,omitempty"`
	ClockSkewSeconds  int    `json:"clockSkewSeconds"`
	AllowSHA1         bool   `json:"allowSHA1,omitempty"`
	AllowUnsignedCBC  bool   `json:"allowUnsignedCBC,omitempty"` // encrypted assertions by AES-CBC in a response that nobody signed
}

// IsZero says that s declares nothing, whatever fields it will have one day.
func (s SAML) IsZero() bool { return reflect.ValueOf(s).IsZero() }

// Fetch says how a source inside a private network is reached.
type Fetch struct {
	AllowCIDRs []netip.Prefix `json:"allowCIDRs,omitempty"`
	CA         string         `json:"ca,omitempty"` // PEM; taken in when the federation is applied
}

// ValidID says whether s may be the id of an identity provider: it becomes part
// of URLs and of our entity ID, so it is plain and never changes.
func ValidID(s string) bool {
	if s == "" || len(s) > maxID || s[0] == '_' || s[0] == '-' {
		return false
	}
	return strings.Trim(s, idCharacters) == ""
}

// Origin names the place from which keys of this source are learned. Keys that
// were learned elsewhere are not believed: who changes metadataURL means it.
func (s Source) Origin() string {
	if s.OIDC != nil {
		return s.OIDC.Issuer
	}
	if s.SAML.MetadataURL != "" {
		return s.SAML.MetadataURL
	}
	sum := sha256.Sum256(s.SAML.Metadata)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// MetadataSigners are the certificates of which one must have signed the
// metadata; none where nobody need have.
func (s SAML) MetadataSigners() ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for rest := []byte(s.MetadataKey); len(bytes.TrimSpace(rest)) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil || block.Type != "CERTIFICATE" {
			return nil, errors.New("the file has something else than certificates in PEM form")
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(list)+1, err)
		}
		list = append(list, certificate)
	}
	if s.MetadataKey != "" && len(list) == 0 {
		return nil, errors.New("the file has no certificate")
	}
	return list, nil
}

// Believes says whether keys were learned from where s says and, where it pins
// certificates, from metadata that one of them signed. So keys stay while a
// second certificate is added, and go with the one that vouched for them.
func (s Source) Believes(keys Keys) bool {
	if keys.Origin != s.Origin() {
		return false
	}
	signers, err := s.SAML.MetadataSigners()
	if err != nil {
		return false
	}
	return len(signers) == 0 || slices.ContainsFunc(signers, func(c *x509.Certificate) bool { return Fingerprint(c) == keys.SignedBy })
}

// AttributeName resolves an alias to the exact Attribute Name; a name that is no
// alias is itself.
func (s Source) AttributeName(alias string) string {
	if name, ok := s.Attributes[alias]; ok {
		return name
	}
	return alias
}

func (s Source) check() error {
	if !ValidID(s.ID) {
		return fmt.Errorf("id %.80q is not of the form [a-z0-9][a-z0-9_-]{0,62}", s.ID)
	}
	if s.DisplayName == "" {
		return errors.New("displayName is missing")
	}
	if err := s.checkProtocol(); err != nil {
		return err
	}
	if slices.Contains(s.EmailDomains, "") {
		return errors.New("emailDomains has an empty domain")
	}
	return nil
}

func (s Source) checkProtocol() error {
	switch s.Kind() {
	case KindSAML:
		return s.SAML.check()
	case KindOIDC:
		return s.OIDC.check()
	default:
		return errors.New("one of saml and oidc must be declared, and only one")
	}
}

func (s SAML) check() error {
	if (s.MetadataURL == "") == (len(s.Metadata) == 0) {
		return errors.New("one of metadataURL and metadata must be set, and only one")
	}
	if s.MetadataURL != "" && !webAddress(s.MetadataURL) {
		return fmt.Errorf("metadataURL %.200q is no https address", s.MetadataURL)
	}
	if _, err := s.MetadataSigners(); err != nil {
		return fmt.Errorf("metadataKey: %w", err)
	}
	skew := time.Duration(s.ClockSkewSeconds) * time.Second
	if skew < 0 || skew > MaxClockSkew {
		return fmt.Errorf("clockSkewSeconds %d is not within 0 and %d", s.ClockSkewSeconds, int(MaxClockSkew.Seconds()))
	}
	return nil
}
