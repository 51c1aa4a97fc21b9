package keys

import (
	"context"
	"crypto"
	"crypto/x509"
	"log/slog"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/own"
	"github.com/fc-sso/fc-sso/shared/reason"
)

// Ring is our keys as one function holds them: those of its file, or those that KMS
// has. Which of them signs the stored row says; where there is none, the first of the
// file does.
type Ring struct {
	log    *slog.Logger
	row    func(ctx context.Context, idp string) (own.Keys, error)
	file   Signing
	kms    KMS
	key    string  // in KMS; "": the file signs
	secret *secret // nil: the file decrypts, or nothing
}

// Row reads our own keys as they count now; it is asked with the identity provider
// whose record the same request reads, "" where it reads none.
type Row = func(ctx context.Context, idp string) (own.Keys, error)

// Places are where our keys are.
type Places struct {
	File   string // name of the key file; "": KMS signs
	KMS    KMS
	Key    string // ID of the key in KMS that signs
	Secret string // name of the secret with what decrypts; "": nothing does
}

// Open is the ring of the key in KMS or, where none is named, of the file.
func Open(ctx context.Context, log *slog.Logger, row Row, at Places, now func() time.Time) (*Ring, error) {
	if at.Key != "" {
		return OfKMS(log, row, at.KMS, at.Key, at.Secret, now), nil
	}
	file, err := File(ctx, log, at.File)
	if err != nil {
		return nil, err
	}
	return OfFile(log, row, file), nil
}

// OfFile is the ring of a key file.
func OfFile(log *slog.Logger, row Row, file Signing) *Ring {
	return &Ring{log: log, row: row, file: file}
}

// OfKMS is the ring of a signing key in KMS and a secret with what decrypts; "" where
// nothing does.
func OfKMS(log *slog.Logger, row Row, kms KMS, key, secretName string, now func() time.Time) *Ring {
	r := &Ring{log: log, row: row, kms: kms, key: key}
	if secretName != "" {
		r.secret = &secret{kms: kms, name: secretName, now: now}
	}
	return r
}

// Signing is what signs now, with all that others are told of our keys.
//
// A key that retires stands in for the one that signs where this function does not
// hold that: the deployment lags behind the row, and everybody still takes it.
func (r *Ring) Signing(ctx context.Context, idp string) (Signing, error) {
	keys, err := r.row(ctx, idp)
	if err != nil {
		return Signing{}, err
	}
	if keys.IsZero() && r.key == "" {
		return r.file, nil
	}
	for _, state := range []own.State{own.Current, own.Retiring} {
		key, there := keys.In(state)
		signer := r.signer(ctx, key)
		if !there || signer == nil {
			continue
		}
		if state == own.Retiring {
			r.log.WarnContext(ctx, "the key that is to sign is not held: one that retires signs", "key", key.ID)
		}
		return Signing{
			Signer: signer, Certificates: firstly(key.Certificate, keys.Certificates()),
			Decrypters: r.Decrypters(), Encryption: r.encryption(keys),
		}, nil
	}
	if keys.IsZero() {
		return Signing{}, reason.New(reason.OwnKeysUnavailable, "nobody wrote down which version of KMS key %s signs: run ssoctl keys rotate", r.key)
	}
	current, _ := keys.In(own.Current)
	return Signing{}, reason.New(reason.OwnKeysUnavailable, "key %.16s is to sign, and this function holds it neither in its file nor by its KMS key", current.ID)
}

// Signer is what signs now, for who reads no record with it.
func (r *Ring) Signer(ctx context.Context) (crypto.Signer, *x509.Certificate, error) {
	signing, err := r.Signing(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	return signing.Signer, signing.Certificates[0], nil
}

// Certificates are those that others are told of, likewise; the signer's first.
func (r *Ring) Certificates(ctx context.Context) ([]*x509.Certificate, error) {
	signing, err := r.Signing(ctx, "")
	return signing.Certificates, err
}

// signer is the private key of one of ours, nil where this function has not got it.
func (r *Ring) signer(ctx context.Context, key own.Key) crypto.Signer {
	if key.InKMS() {
		if key.KMS.Key != r.key {
			return nil
		}
		return r.kms.Signer(ctx, key.KMS, key.Certificate.PublicKey)
	}
	for i, certificate := range r.file.Encryption {
		if signer, ok := r.file.Decrypters[i].(crypto.Signer); ok && own.ID(certificate) == key.ID {
			return signer
		}
	}
	return nil
}

// Held are the handles of the keys that this function can sign with, once the row says
// so. Nothing is asked for them.
func (r *Ring) Held() []string {
	if r.key != "" {
		return []string{own.Key{KMS: own.Place{Key: r.key}}.Handle()}
	}
	var held []string
	for _, certificate := range r.file.Encryption {
		held = append(held, own.ID(certificate))
	}
	return held
}

func firstly(first *x509.Certificate, all []*x509.Certificate) []*x509.Certificate {
	rest := slices.DeleteFunc(all, first.Equal)
	return append([]*x509.Certificate{first}, rest...)
}

// Decrypters are all keys at hand that decrypt.
func (r *Ring) Decrypters() []crypto.Decrypter {
	if r.secret != nil {
		return r.secret.keys().Decrypters
	}
	return r.file.Decrypters
}

// Refresh looks for keys that a message needs and none of these is, and says whether
// there are others now. The file has what it has.
func (r *Ring) Refresh(ctx context.Context, had []crypto.Decrypter) (newer bool, err error) {
	if r.secret == nil {
		return false, nil
	}
	return r.secret.refresh(ctx, had)
}

// encryption are the certificates of keys that decrypt. One whose key is gone is not
// shown any more, though its file may still be there.
func (r *Ring) encryption(keys own.Keys) []*x509.Certificate {
	shown := slices.Clone(r.file.Encryption)
	if r.secret != nil {
		shown = r.secret.keys().Encryption
	}
	gone := map[string]bool{}
	for _, key := range keys.All() {
		gone[key.ID] = key.State == own.Gone
	}
	return slices.DeleteFunc(slices.Clone(shown), func(c *x509.Certificate) bool { return gone[own.ID(c)] })
}
