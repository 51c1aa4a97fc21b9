// Package keys opens our own keys.
//
// In: a PEM file that came with the function's code, one private key or more,
// each with its certificate; or the names of a key in KMS, which signs there, and
// of a secret with what decrypts; and the row that says which key signs. Out: a
// signer, all keys to decrypt with, none of which can be taken away, and the
// certificates. Refused: keys that are not RSA of 2048 bits or more, a key without
// its certificate, more keys than a change of keys needs, and an answer of KMS that
// is no signature by the key that was asked.
//
// Why several: identity providers learn a new key when they fetch our metadata,
// some of them never again by themselves. So the next key is published and
// decrypts while the current one still signs, and the last one still decrypts
// when the next one signs.
package keys

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"slices"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// minBits is what SAML's partners take today; Alibaba Cloud asks for no less.
const minBits = 2048

// mostKeys are the last, the current and the next. Each costs a private-key
// operation for every encrypted message.
const mostKeys = 3

// Signing is our keys. A certificate of a key that is not in the file is one
// that will sign elsewhere: it is published, and nothing is encrypted for it.
type Signing struct {
	Signer       crypto.Signer       // the first key
	Certificates []*x509.Certificate // all, the signer's first
	Decrypters   []crypto.Decrypter  // all keys, in the order of the file
	Encryption   []*x509.Certificate // theirs
}

// File opens the PEM file of that name. It warns about a key that others on the
// machine may read, but takes it: in the cloud files come out of a zip, whose
// rights say nothing.
func File(ctx context.Context, log *slog.Logger, name string) (Signing, error) {
	text, err := os.ReadFile(name) //nolint:gosec // the name is a setting, nobody else's
	if err != nil {
		return Signing{}, reason.New(reason.ConfigurationInvalid, "signing key: %w", err)
	}
	if info, err := os.Stat(name); err == nil && readByOthers(info.Mode()) {
		log.WarnContext(ctx, "others may read the signing key", "file", name, "mode", info.Mode().String())
	}
	signing, err := Parse(text)
	if err != nil {
		return Signing{}, reason.New(reason.ConfigurationInvalid, "signing key %s: %w", name, err)
	}
	return signing, nil
}

func readByOthers(mode fs.FileMode) bool { return mode.Perm()&0o077 != 0 }

// Parse reads the PEM text. Its errors tell of the file, never of the key.
func Parse(text []byte) (Signing, error) {
	var held []*rsa.PrivateKey
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY", "RSA PRIVATE KEY":
			key, err := parseKey(block)
			if err != nil {
				return Signing{}, fmt.Errorf("private key %d %w", len(held)+1, err)
			}
			held = append(held, key)
		case "CERTIFICATE":
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return Signing{}, fmt.Errorf("certificate %d: %w", len(certificates)+1, err)
			}
			certificates = append(certificates, certificate)
		default:
			return Signing{}, fmt.Errorf("a block of type %q does not belong in it", block.Type)
		}
	}
	return join(held, certificates)
}

func parseKey(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "RSA PRIVATE KEY" {
		if block.Headers["DEK-Info"] != "" {
			return nil, errors.New("is encrypted")
		}
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("is not PKCS #1") // the cause may quote the key
		}
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("is not PKCS #8")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("is %T; only RSA is supported", parsed)
	}
	return key, nil
}

// join finds each key's certificate.
func join(held []*rsa.PrivateKey, certificates []*x509.Certificate) (Signing, error) {
	switch {
	case len(held) == 0:
		return Signing{}, errors.New("it holds no private key (PEM, PRIVATE KEY)")
	case len(held) > mostKeys:
		return Signing{}, fmt.Errorf("it holds %d private keys, at most %d", len(held), mostKeys)
	case len(certificates) == 0:
		return Signing{}, errors.New("it holds no certificate (PEM, CERTIFICATE)")
	}
	signing := Signing{Signer: private{held[0]}}
	for i, key := range held {
		at := slices.IndexFunc(certificates, func(c *x509.Certificate) bool { return key.PublicKey.Equal(c.PublicKey) })
		switch {
		case key.N.BitLen() < minBits:
			return Signing{}, fmt.Errorf("private key %d has %d bits, at least %d are needed", i+1, key.N.BitLen(), minBits)
		case at < 0:
			return Signing{}, fmt.Errorf("private key %d has no certificate in it, or stands in it twice", i+1)
		}
		signing.Decrypters = append(signing.Decrypters, private{key})
		signing.Encryption = append(signing.Encryption, certificates[at])
		certificates = slices.Delete(slices.Clone(certificates), at, at+1)
	}
	signing.Certificates = slices.Concat(signing.Encryption, certificates)
	return signing, nil
}

// private hides the key: it can be used, not read.
type private struct{ key *rsa.PrivateKey }

func (p private) Public() crypto.PublicKey { return p.key.Public() }

func (p private) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return p.key.Sign(random, digest, opts)
}

func (p private) Decrypt(random io.Reader, text []byte, opts crypto.DecrypterOpts) ([]byte, error) {
	return p.key.Decrypt(random, text, opts)
}

// String keeps the key out of logs.
func (private) String() string { return "[redacted]" }

// GoString does so for %#v.
func (private) GoString() string { return "[redacted]" }
