package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/jose"
)

// State is where a key is in its life.
type State string

// The states. What is gone is not known any more.
const (
	Current State = "current"  // of those published the one that is known longest
	Next    State = "next"     // published beside it
	Retired State = "retiring" // published no more
)

// Life is one key that is believed.
type Life struct {
	Key   string // SHA-256 of the public key, in hex
	State State
	Since time.Time // when it was first seen; zero: before that was written down
	Until time.Time // of one that retires: when it is believed no more
	Ends  time.Time // of its certificate; zero where it has none
}

// leaving is a key that its source publishes no more.
type leaving struct {
	since       time.Time
	certificate *x509.Certificate // of the two the one that fits the record's protocol
	key         jose.Key
}

// Lives are the keys that are believed now, the current ones first. No source says
// which of its keys signs; those that are known longest are taken for it.
func (r Record) Lives(now time.Time) []Life {
	var list []Life
	for _, c := range r.certificates {
		list = append(list, Life{Key: sum(c.RawSubjectPublicKeyInfo), Since: r.keys.Since[sum(c.RawSubjectPublicKeyInfo)], Ends: c.NotAfter})
	}
	for _, k := range r.tokenKeys {
		list = append(list, Life{Key: sum(k.PublicKey()), Since: r.issuer.Since[sum(k.PublicKey())]})
	}
	oldest := func(a, b Life) int { return a.Since.Compare(b.Since) }
	slices.SortStableFunc(list, oldest)
	for i := range list {
		if list[i].State = Next; list[i].Since.Equal(list[0].Since) {
			list[i].State = Current
		}
	}
	for _, l := range r.leaving {
		if !Leaving(l.since, r.source.RetireTime(), now) {
			continue
		}
		life := Life{State: Retired, Until: l.since.Add(r.source.RetireTime())}
		if l.certificate != nil {
			life.Key, life.Ends = sum(l.certificate.RawSubjectPublicKeyInfo), l.certificate.NotAfter
			life.Since = r.keys.Since[life.Key]
		} else {
			life.Key = sum(l.key.PublicKey())
			life.Since = r.issuer.Since[life.Key]
		}
		list = append(list, life)
	}
	return list
}

// Published are the certificates that the provider publishes, as a copy.
func (r Record) Published() []*x509.Certificate { return slices.Clone(r.certificates) }

// Certificates are the provider's signing certificates that are believed now, as a
// copy: those that it publishes, and those that it did a moment ago.
func (r Record) Certificates(now time.Time) []*x509.Certificate {
	list := slices.Clone(r.certificates)
	for _, l := range r.leaving {
		if l.certificate != nil && Leaving(l.since, r.source.RetireTime(), now) {
			list = append(list, l.certificate)
		}
	}
	return list
}

// TokenKeys are the issuer's keys that are believed now, as [Record.Certificates].
func (r Record) TokenKeys(now time.Time) iter.Seq[jose.Key] {
	return func(yield func(jose.Key) bool) {
		for _, key := range r.tokenKeys {
			if !yield(key) {
				return
			}
		}
		for _, l := range r.leaving {
			if l.certificate == nil && Leaving(l.since, r.source.RetireTime(), now) && !yield(l.key) {
				return
			}
		}
	}
}

func sum(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// certificateName is the SHA-256 of a certificate's public key.
func certificateName(text string) (string, error) {
	certificate, err := parseCertificate(text)
	if err != nil {
		return "", err
	}
	return sum(certificate.RawSubjectPublicKeyInfo), nil
}

// tokenKeyName is the SHA-256 of a key of a key set.
func tokenKeyName(text json.RawMessage) (string, error) {
	key, err := jose.ParseKey(text)
	if err != nil {
		return "", fmt.Errorf("key: %w", err)
	}
	return sum(key.PublicKey()), nil
}

func parseCertificate(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("it is not base64: %w", err)
	}
	return x509.ParseCertificate(der)
}
