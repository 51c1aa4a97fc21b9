package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"os"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/keys"
	"github.com/fc-sso/fc-sso/shared/own"
)

const (
	// ownLifetime is how long a certificate is good that we make for a key in KMS: those
	// who pin it should not have to care about it often, and alerts come in time.
	ownLifetime = 3 * 365 * 24 * time.Hour
	ownBackdate = time.Hour // clocks differ
)

// candidate is a private key that there is, in the file with its certificate or in KMS
// without.
type candidate struct {
	at          own.Place
	certificate *x509.Certificate
}

// candidates are all that there are, in the order of the file or of their making.
func (p program) candidates(ctx context.Context, o ourKeys) ([]candidate, error) {
	var list []candidate
	if o.key == "" {
		text, err := os.ReadFile(o.file)
		if err != nil {
			return nil, wrong("cannot read %s: %w", o.file, err)
		}
		file, err := keys.Parse(text)
		if err != nil {
			return nil, wrong("%s: %w", o.file, err)
		}
		for _, certificate := range file.Encryption { // those whose keys are there
			list = append(list, candidate{certificate: certificate})
		}
		return list, nil
	}
	versions, err := o.kms.Versions(ctx, o.key)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(versions, func(a, b keys.Version) int { return a.Made.Compare(b.Made) })
	for _, v := range versions {
		list = append(list, candidate{at: own.Place{Key: o.key, Version: v.ID}})
	}
	return list, nil
}

// next is the key that nobody was told of yet. A version that somebody was cut off
// after making is taken before another is made: KMS makes one in seven days.
func (p program) next(ctx context.Context, o ourKeys) (candidate, error) {
	candidates, err := p.candidates(ctx, o)
	if err != nil {
		return candidate{}, err
	}
	for i := len(candidates) - 1; i >= 0; i-- {
		if c := candidates[i]; !o.knows(c) {
			return c, nil
		}
		if o.key != "" { // versions before one that we know are older than it
			break
		}
	}
	if o.key == "" {
		return candidate{}, wrong("%s has no key beside those that are written down: append the next one and its certificate, deploy the file with the function, and run it again", o.file)
	}
	if o.dry {
		return candidate{}, nil
	}
	made, err := o.kms.NewVersion(ctx, o.key)
	return candidate{at: own.Place{Key: o.key, Version: made.ID}}, err
}

func (o *ourKeys) knows(c candidate) bool {
	return slices.ContainsFunc(o.row.All(), func(key own.Key) bool {
		return c.certificate != nil && key.ID == own.ID(c.certificate) || c.certificate == nil && key.KMS == c.at
	})
}

// certificate is the candidate's own, or one that its key signs itself. Nobody looks
// at more of it than the public key and the end.
func (p program) certificate(ctx context.Context, o ourKeys, c candidate) (*x509.Certificate, error) {
	if c.certificate != nil {
		return c.certificate, nil
	}
	public, err := o.kms.PublicKey(ctx, c.at)
	if err != nil {
		return nil, err
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	now := p.now()
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "fc-sso"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: now.Add(-ownBackdate), NotAfter: now.Add(ownLifetime), SignatureAlgorithm: x509.SHA256WithRSA,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, o.kms.Signer(ctx, c.at, public))
	if err != nil {
		return nil, fmt.Errorf("certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}
