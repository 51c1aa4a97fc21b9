package trust

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Record is one identity provider, ready to be trusted or, without keys, not
// yet. Only Parse makes one; its zero value is nobody.
type Record struct {
	revision     string
	source       Source
	keys         Keys
	certificates []*x509.Certificate
	issuer       Issuer
	tokenKeys    []jose.Key
	leaving      []leaving // published no more, some of them believed for a while
}

// Parse makes the record of revision from its stored parts. keys is empty
// where none were learned yet; keys that were learned from another origin than the
// one that the source now names, or vouched for by a certificate that it does not
// pin, count as none.
func Parse(revision string, source, keys []byte) (Record, error) {
	record := Record{revision: revision}
	if revision == "" {
		return Record{}, reason.New(reason.ConfigurationInvalid, "trust record without a revision")
	}
	if err := decode(source, &record.source); err != nil {
		return Record{}, reason.New(reason.ConfigurationInvalid, "trust record: source: %w", err)
	}
	if err := record.source.check(); err != nil {
		return Record{}, reason.New(reason.ConfigurationInvalid, "trust record %.80q: source: %w", record.source.ID, err)
	}
	if len(keys) == 0 {
		return record, nil
	}
	return record.withKeys(keys)
}

// withKeys adds what was learned. What was learned of an id when it spoke the other
// protocol says nothing of it.
func (r Record) withKeys(stored []byte) (Record, error) {
	switch {
	case LearnedKind(stored) != r.Kind():
		return r, nil
	case r.Kind() == KindOIDC:
		return r.withIssuer(stored)
	}
	var keys Keys
	if err := decode(stored, &keys); err != nil {
		return Record{}, reason.New(reason.MetadataInvalid, "trust record %q: keys: %w", r.source.ID, err)
	}
	certificates, err := keys.Parse()
	if err != nil {
		return Record{}, reason.New(reason.MetadataInvalid, "trust record %q: keys: %w", r.source.ID, err)
	}
	if (keys.Origin != "" || r.source.SAML.MetadataKey != "") && !r.source.Believes(keys) {
		return r, nil
	}
	if r.leaving, err = keys.parseRetiring(); err != nil {
		return Record{}, reason.New(reason.MetadataInvalid, "trust record %q: keys: %w", r.source.ID, err)
	}
	r.keys, r.certificates = keys, certificates
	return r, nil
}

func (r Record) withIssuer(stored []byte) (Record, error) {
	var issuer Issuer
	if err := decode(stored, &issuer); err != nil {
		return Record{}, reason.New(reason.MetadataInvalid, "trust record %q: keys: %w", r.source.ID, err)
	}
	keys, err := issuer.Parse()
	if err != nil {
		return Record{}, reason.New(reason.MetadataInvalid, "trust record %q: keys: %w", r.source.ID, err)
	}
	retiring, err := issuer.parseRetiring()
	if err != nil {
		return Record{}, reason.New(reason.MetadataInvalid, "trust record %q: keys: %w", r.source.ID, err)
	}
	if issuer.Issuer == r.source.OIDC.Issuer { // else they are of the one that the source named before
		r.issuer, r.tokenKeys, r.leaving = issuer, keys, retiring
	}
	return r, nil
}

// LearnedKind tells the two kinds of stored keys apart: only an issuer has a key
// set. What is neither is left to the reader of SAML's.
func LearnedKind(stored []byte) Kind {
	var has struct {
		JWKSURI  string `json:"jwksURI"`
		EntityID string `json:"entityID"`
	}
	if json.Unmarshal(stored, &has) == nil && has.JWKSURI != "" && has.EntityID == "" {
		return KindOIDC
	}
	return KindSAML
}

// decode reads exactly one JSON value that has no field unknown to v.
func decode(data []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(v); err != nil {
		return fmt.Errorf("stored value: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("stored value: more than one JSON value")
	}
	return nil
}

// IsZero says that r is nobody.
func (r Record) IsZero() bool { return r.source.ID == "" }

// ID is the id in federation.yaml and in URLs.
func (r Record) ID() string { return r.source.ID }

// Kind is the protocol that the provider speaks.
func (r Record) Kind() Kind { return r.source.Kind() }

// DisplayName is the name that a person reads.
func (r Record) DisplayName() string { return r.source.DisplayName }

// Revision is the federation's revision that the record belongs to.
func (r Record) Revision() string { return r.revision }

// EntityID is the issuer of the provider's assertions; empty while pending.
func (r Record) EntityID() string { return r.keys.EntityID }

// Pending says that no keys are known: nothing can be verified.
func (r Record) Pending() bool { return len(r.certificates) == 0 && len(r.tokenKeys) == 0 }

// Same says whether other has the same declaration and the same keys: what was
// learned bears the hour at which it was.
func (r Record) Same(other Record) bool {
	return r.ID() == other.ID() && r.revision == other.revision &&
		r.keys.FetchedAt.Equal(other.keys.FetchedAt) && r.issuer.FetchedAt.Equal(other.issuer.FetchedAt)
}

// Suspended says that the administrator switched the record off, or that an event did.
func (r Record) Suspended() bool { return r.source.Suspended }

// AllowIdPInitiated permits responses that nobody asked for.
func (r Record) AllowIdPInitiated() bool { return r.source.SAML.AllowIdPInitiated }

// AllowSHA1 permits signatures with SHA-1.
func (r Record) AllowSHA1() bool { return r.source.SAML.AllowSHA1 }

// AllowUnsignedCBC permits assertions encrypted by AES-CBC in a response that is
// not signed.
func (r Record) AllowUnsignedCBC() bool { return r.source.SAML.AllowUnsignedCBC }

// OIDC is what was declared of an issuer of ID tokens, as a copy; the zero value
// where the provider speaks SAML.
func (r Record) OIDC() OIDC {
	if r.source.OIDC == nil {
		return OIDC{}
	}
	return *cloneOIDC(r.source.OIDC)
}

// Issuer is what the issuer publishes of itself, its keys apart; the zero value
// while pending.
func (r Record) Issuer() Issuer {
	i := r.issuer
	i.Keys, i.Retiring, i.Since = nil, nil, nil
	i.TokenAuth, i.Chains = slices.Clone(i.TokenAuth), slices.Clone(i.Chains)
	return i
}

// ClockSkew is by how much the provider's clock may differ from ours.
func (r Record) ClockSkew() time.Duration {
	if r.source.OIDC != nil {
		return DefaultClockSkew
	}
	return time.Duration(r.source.SAML.ClockSkewSeconds) * time.Second
}

// WantAuthnRequestsSigned says that the provider asks for signed requests.
func (r Record) WantAuthnRequestsSigned() bool { return r.keys.WantAuthnRequestsSigned }

// SSO is where the provider takes sign-in requests by binding; the first in its
// metadata where it names several.
func (r Record) SSO(binding string) (location string, ok bool) {
	for _, endpoint := range r.keys.SSO {
		if endpoint.Binding == binding {
			return endpoint.Location, true
		}
	}
	return "", false
}

// SLO is where the provider takes answers to its logout requests, by form.
func (r Record) SLO() (location string, ok bool) {
	for _, endpoint := range r.keys.SLO {
		if endpoint.Binding == BindingPOST {
			return endpoint.Location, true
		}
	}
	return "", false
}

// Attribute resolves an alias to the exact Attribute Name; a name that is no
// alias is itself.
func (r Record) Attribute(alias string) string { return r.source.AttributeName(alias) }

// EmailDomains are the domains whose people sign in here, as a copy.
func (r Record) EmailDomains() []string { return slices.Clone(r.source.EmailDomains) }

// Source is what was declared, as a copy.
func (r Record) Source() Source { return r.source.Clone() }

// Clone gives a copy that shares nothing with s.
func (s Source) Clone() Source {
	s.SAML.Metadata = bytes.Clone(s.SAML.Metadata)
	s.OIDC = cloneOIDC(s.OIDC)
	s.Attributes = maps.Clone(s.Attributes)
	s.EmailDomains = slices.Clone(s.EmailDomains)
	s.Fetch.AllowCIDRs = slices.Clone(s.Fetch.AllowCIDRs)
	return s
}
