// Package keys opens our own signing key.
//
// In: a PEM file that came with the function's code: one private key, and one or
// more certificates of which the first is the key's. Out: a signer that does not
// let the key go, and the certificates. Refused: keys that are not RSA of 2048
// bits or more, a certificate of another key, several keys in one file.
package keys

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// minBits is what SAML's partners take today; Alibaba Cloud asks for no less.
const minBits = 2048

// Signing is our key with its certificates, the key's own first.
type Signing struct {
	Signer       crypto.Signer
	Certificates []*x509.Certificate
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
	var key *rsa.PrivateKey
	var certificates []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "PRIVATE KEY", "RSA PRIVATE KEY":
			if key != nil {
				return Signing{}, errors.New("it holds several private keys")
			}
			parsed, err := parseKey(block)
			if err != nil {
				return Signing{}, err
			}
			key = parsed
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
	return pair(key, certificates)
}

func parseKey(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "RSA PRIVATE KEY" {
		if block.Headers["DEK-Info"] != "" {
			return nil, errors.New("its private key is encrypted")
		}
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("its private key is not PKCS #1") // the cause may quote the key
		}
		return key, nil
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("its private key is not PKCS #8")
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("its private key is %T; only RSA is supported", parsed)
	}
	return key, nil
}

func pair(key *rsa.PrivateKey, certificates []*x509.Certificate) (Signing, error) {
	switch {
	case key == nil:
		return Signing{}, errors.New("it holds no private key (PEM, PRIVATE KEY)")
	case key.N.BitLen() < minBits:
		return Signing{}, fmt.Errorf("its private key has %d bits, at least %d are needed", key.N.BitLen(), minBits)
	case len(certificates) == 0:
		return Signing{}, errors.New("it holds no certificate (PEM, CERTIFICATE)")
	case !key.PublicKey.Equal(certificates[0].PublicKey):
		return Signing{}, errors.New("its first certificate is of another key")
	}
	return Signing{Signer: signer{key}, Certificates: certificates}, nil
}

// signer hides the key: it can be used, not read.
type signer struct{ crypto.Signer }

// String keeps the key out of logs.
func (signer) String() string { return "[redacted]" }

// GoString does so for %#v.
func (signer) GoString() string { return "[redacted]" }
