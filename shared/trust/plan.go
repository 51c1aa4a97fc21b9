package trust

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/fc-sso/fc-sso/shared/jose"
)

// Change is what keys that were fetched mean for those that are known.
type Change struct {
	Replaces bool   // none of the known keys is among them
	Held     bool   // and the record wants somebody to say that it is meant
	Digest   string // names the fetched keys, for who says so
}

// Plan compares public keys, as [Keys.PublicKeys] and [Issuer.PublicKeys] name them.
// A certificate that was renewed over the same key replaces nothing.
//
// Where there were none, there is nothing to replace: the first keys are taken on the
// word of whoever declared their source.
func Plan(source Source, known, fetched []string) Change {
	replaces := len(known) > 0 && !slices.ContainsFunc(fetched, func(k string) bool { return slices.Contains(known, k) })
	return Change{Replaces: replaces, Held: replaces && source.RequireOverlap, Digest: digest(fetched)}
}

// digest is the same in whichever order a source publishes its keys.
func digest(keys []string) string {
	keys = slices.Compact(slices.Sorted(slices.Values(keys)))
	sum := sha256.Sum256([]byte(strings.Join(keys, "\n")))
	return hex.EncodeToString(sum[:16])
}

// PublicKeys are the SHA-256 of each public key.
func (k Keys) PublicKeys() ([]string, error) {
	certificates, err := k.Parse()
	return named(certificates, func(c *x509.Certificate) []byte { return c.RawSubjectPublicKeyInfo }), err
}

// PublicKeys are the SHA-256 of each public key.
func (i Issuer) PublicKeys() ([]string, error) {
	keys, err := i.Parse()
	return named(keys, jose.Key.PublicKey), err
}

func named[T any](keys []T, der func(T) []byte) []string {
	names := make([]string, 0, len(keys))
	for _, key := range keys {
		sum := sha256.Sum256(der(key))
		names = append(names, hex.EncodeToString(sum[:]))
	}
	return names
}
