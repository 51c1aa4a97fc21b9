//go:build prices

package token_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"

	"github.com/fc-sso/fc-sso/scripts/peers/price"
	"github.com/fc-sso/fc-sso/shared/validate"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// ours is the guard with all checks, and the claims that rules and session names
// read. Its nonces take everything: what a store costs is no judge's.
func ours(tb testing.TB, m message) price.Judge {
	tb.Helper()
	ctx, guard := tb.Context(), validate.Guard{Nonces: forgetful{}, Now: validatetest.Now}
	return price.Judge{Name: "ours", Run: func() error {
		who, err := guard.Token(ctx, m.record, validate.TokenWant{}, m.compact)
		if err != nil {
			return err
		}
		for _, name := range []string{"sub", "repository_owner_id", "ref_protected", "repository"} {
			if len(who.Attribute(name)) != 1 {
				return errors.New("no claim " + name)
			}
		}
		return nil
	}}
}

type forgetful struct{}

func (forgetful) Use(context.Context, [32]byte, time.Time) error { return nil }

func registered(tb testing.TB, m message) price.Judge {
	tb.Helper()
	return golangJWT("golang-jwt RegisteredClaims", m, func() jwt.Claims { return &jwt.RegisteredClaims{} })
}

func mapped(tb testing.TB, m message) price.Judge {
	tb.Helper()
	return golangJWT("golang-jwt MapClaims", m, func() jwt.Claims { return jwt.MapClaims{} })
}

// golangJWT does of our checks what it can.
func golangJWT(name string, m message, claims func() jwt.Claims) price.Judge {
	keys := map[string]crypto.PublicKey{m.kid(): m.issuer.Public()}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{m.algorithm}), jwt.WithIssuer(validatetest.IssuerURL), jwt.WithAudience(validatetest.Audience),
		jwt.WithExpirationRequired(), jwt.WithIssuedAt(), jwt.WithStrictDecoding(), jwt.WithLeeway(time.Minute), jwt.WithTimeFunc(validatetest.Now))
	return price.Judge{Name: name, Run: func() error {
		_, err := parser.ParseWithClaims(m.compact, claims(), func(t *jwt.Token) (any, error) {
			kid, _ := t.Header["kid"].(string)
			return keys[kid], nil
		})
		return err
	}}
}

func (m message) kid() string {
	kid, _ := m.issuer.Header(nil)["kid"].(string)
	return kid
}

func theGoOIDC(tb testing.TB, m message) price.Judge {
	tb.Helper()
	ctx := tb.Context()
	verifier := oidc.NewVerifier(validatetest.IssuerURL, &oidc.StaticKeySet{PublicKeys: []crypto.PublicKey{m.issuer.Public()}},
		&oidc.Config{ClientID: validatetest.Audience, SupportedSigningAlgs: []string{m.algorithm}, Now: validatetest.Now})
	return price.Judge{Name: "go-oidc", Run: func() error {
		_, err := verifier.Verify(ctx, m.compact)
		return err
	}}
}

// bare is the floor: the signature out of base64, the hash, the public key's
// operation.
func bare(tb testing.TB, m message) price.Judge {
	tb.Helper()
	end := strings.LastIndexByte(m.compact, '.')
	verify := verifier(tb, m)
	return price.Judge{Name: "bare crypto", Run: func() error {
		signature, err := base64.RawURLEncoding.DecodeString(m.compact[end+1:])
		if err != nil {
			return err
		}
		return verify([]byte(m.compact[:end]), signature)
	}}
}

func verifier(tb testing.TB, m message) func(input, signature []byte) error {
	tb.Helper()
	switch key := m.issuer.Public().(type) {
	case *rsa.PublicKey:
		return func(input, signature []byte) error {
			digest := sha256.Sum256(input)
			if m.algorithm == "PS256" {
				return rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
			}
			return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
		}
	case *ecdsa.PublicKey:
		return func(input, signature []byte) error {
			digest := sha256.Sum256(input)
			return held(ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])))
		}
	case ed25519.PublicKey:
		return func(input, signature []byte) error { return held(ed25519.Verify(key, input, signature)) }
	}
	tb.Fatalf("the key is %T", m.issuer.Public())
	return nil
}

func held(ok bool) error {
	if !ok {
		return errors.New("not verified")
	}
	return nil
}
