package jose

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"

	"github.com/golang-jwt/jwt/v5"

	"github.com/fc-sso/fc-sso/shared/reason"
)

// Limits of a key set.
const (
	MaxSet      = 256 << 10
	maxKeys     = 100
	minRSA      = 2048 // RFC 7518 sections 3.3 and 3.5
	maxRSA      = 8192 // beyond it a signature costs more than it protects
	maxExponent = 1<<31 - 1
)

// Key verifies signatures, each algorithm that follows from it and no other. Only
// [ParseKey] makes one.
type Key struct {
	id         string
	public     crypto.PublicKey
	algorithms []string // by which it verifies
	text       []byte
}

// ID is the key's kid; "" where it has none.
func (k Key) ID() string { return k.id }

// Text is the key in the one form in which it is stored: what makes it, and no
// more.
func (k Key) Text() []byte { return bytes.Clone(k.text) }

// PublicKey is the key alone, whatever it is called and for: its SubjectPublicKeyInfo
// in DER (RFC 5280 section 4.1), as a certificate over it has it.
func (k Key) PublicKey() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.public)
	if err != nil { // it knows every kind that ParseKey makes
		return nil
	}
	return der
}

// Equal says that two keys verify the same under the same name.
func (k Key) Equal(other Key) bool { return bytes.Equal(k.text, other.text) }

// jwk is the stored form, its members in order (RFC 7518 section 6, RFC 8037).
type jwk struct {
	Kty string `json:"kty"`
	Kid string `json:"kid,omitempty"`
	Alg string `json:"alg,omitempty"`
	Crv string `json:"crv,omitempty"`
	N   string `json:"n,omitempty"`
	E   string `json:"e,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`
}

// ParseKey reads one JSON Web Key (RFC 7517) that verifies signatures.
func ParseKey(text []byte) (Key, error) { return parseKey(string(text)) }

func parseKey(text string) (Key, error) {
	o, err := parseObject(text)
	if err != nil {
		return Key{}, err
	}
	if err := purpose(o); err != nil {
		return Key{}, err
	}
	var stored jwk
	for name, to := range map[string]*string{"kty": &stored.Kty, "kid": &stored.Kid, "alg": &stored.Alg, "crv": &stored.Crv, "n": &stored.N, "e": &stored.E, "x": &stored.X, "y": &stored.Y} {
		value, ok := o.Text(name)
		if !ok && o.Has(name) {
			return Key{}, fmt.Errorf("%s is no text", name)
		}
		*to = value
	}
	key := Key{id: stored.Kid}
	if key.public, err = stored.public(); err != nil {
		return Key{}, err
	}
	if key.algorithms, err = algorithms(key.public, stored.Alg); err != nil {
		return Key{}, err
	}
	key.text, err = json.Marshal(stored)
	return key, err
}

// purpose obeys use and key_ops, and takes no key whose private part is known to
// the world (RFC 7517 section 4).
func purpose(o Object) error {
	if use, ok := o.Text("use"); o.Has("use") && (!ok || use != "sig") {
		return fmt.Errorf("it is not for signatures: use %.40q", use)
	}
	if operations, ok := o.TextList("key_ops"); o.Has("key_ops") && (!ok || !slices.Contains(operations, "verify")) {
		return errors.New("it is not for verifying: key_ops")
	}
	for _, secret := range []string{"d", "p", "q", "k"} {
		if o.Has(secret) {
			return errors.New("its private part is published: anybody could sign with it")
		}
	}
	return nil
}

func (j jwk) public() (crypto.PublicKey, error) {
	switch j.Kty {
	case "RSA":
		return j.rsa()
	case "EC":
		return j.ec()
	case "OKP":
		return j.ed25519()
	}
	return nil, fmt.Errorf("kty %.40q is none that verifies ID tokens", j.Kty)
}

func (j jwk) rsa() (crypto.PublicKey, error) {
	n, err := number("n", j.N)
	if err != nil {
		return nil, err
	}
	e, err := number("e", j.E)
	if err != nil {
		return nil, err
	}
	if bits := n.BitLen(); bits < minRSA || bits > maxRSA {
		return nil, fmt.Errorf("an RSA key of %d bits, not %d to %d", bits, minRSA, maxRSA)
	}
	if !e.IsInt64() || e.Int64() > maxExponent || e.Int64() < 3 || e.Bit(0) == 0 {
		return nil, fmt.Errorf("the exponent of an RSA key is %.40s", e)
	}
	return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
}

func (j jwk) ec() (crypto.PublicKey, error) {
	curves := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(), "P-521": elliptic.P521()}
	curve, ok := curves[j.Crv]
	if !ok {
		return nil, fmt.Errorf("crv %.40q is no curve of ES256, ES384 or ES512", j.Crv)
	}
	x, err := octets("x", j.X)
	if err != nil {
		return nil, err
	}
	y, err := octets("y", j.Y)
	if err != nil {
		return nil, err
	}
	if size := (curve.Params().BitSize + 7) / 8; len(x) != size || len(y) != size { // RFC 7518 section 6.2.1.2
		return nil, fmt.Errorf("a point of %d and %d bytes, it has %d", len(x), len(y), size)
	}
	return ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y)) // refuses what is not on the curve
}

func (j jwk) ed25519() (crypto.PublicKey, error) {
	x, err := octets("x", j.X)
	if err != nil {
		return nil, err
	}
	if j.Crv != "Ed25519" || len(x) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("crv %.40q with %d bytes, only Ed25519 with %d is known", j.Crv, len(x), ed25519.PublicKeySize)
	}
	return ed25519.PublicKey(x), nil
}

func octets(name, text string) ([]byte, error) {
	data, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(data) == 0 || broken(text) {
		return nil, fmt.Errorf("%s is missing or not base64url", name)
	}
	return data, nil
}

func number(name, text string) (*big.Int, error) {
	data, err := octets(name, text)
	return new(big.Int).SetBytes(data), err
}

// algorithms are those that follow from the key (RFC 7518 section 3.1, RFC 8037
// section 3.1); where it is for one alone, that one.
func algorithms(public crypto.PublicKey, only string) ([]string, error) {
	var all []string
	switch public := public.(type) {
	case *rsa.PublicKey:
		all = []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
	case *ecdsa.PublicKey:
		all = []string{map[int]string{256: "ES256", 384: "ES384", 521: "ES512"}[public.Curve.Params().BitSize]}
	case ed25519.PublicKey:
		all = []string{"EdDSA"}
	}
	switch {
	case only == "":
		return all, nil
	case slices.Contains(all, only):
		return []string{only}, nil
	}
	return nil, fmt.Errorf("alg %.40q is none of such a key", only)
}

// Fits says that the token could have been signed by the key: its algorithm is one
// of the key's.
func (k Key) Fits(t Token) bool { return slices.Contains(k.algorithms, t.Algorithm) }

// Verify says whether the key made the token's signature.
func (k Key) Verify(t Token) error {
	method := signingMethod(t.Algorithm)
	if method == nil || !k.Fits(t) {
		return reason.New(reason.SignatureAlgorithm, "the algorithm %.40q is none of key %.80q", t.Algorithm, k.id)
	}
	if err := method.Verify(t.signed, t.signature, k.public); err != nil {
		return reason.New(reason.SignatureInvalid, "key %.80q did not make the signature", k.id)
	}
	return nil
}

// Known says whether an algorithm is one by which identity providers sign.
func Known(algorithm string) bool { return signingMethod(algorithm) != nil }

// signingMethod is golang-jwt's. Of PSS it takes any length of salt, RFC 7518
// section 3.5 only that of the hash.
func signingMethod(algorithm string) jwt.SigningMethod {
	switch algorithm {
	case "RS256":
		return jwt.SigningMethodRS256
	case "RS384":
		return jwt.SigningMethodRS384
	case "RS512":
		return jwt.SigningMethodRS512
	case "PS256":
		return salted(jwt.SigningMethodPS256)
	case "PS384":
		return salted(jwt.SigningMethodPS384)
	case "PS512":
		return salted(jwt.SigningMethodPS512)
	case "ES256":
		return jwt.SigningMethodES256
	case "ES384":
		return jwt.SigningMethodES384
	case "ES512":
		return jwt.SigningMethodES512
	case "EdDSA":
		return jwt.SigningMethodEdDSA
	}
	return nil
}

func salted(method *jwt.SigningMethodRSAPSS) jwt.SigningMethod {
	return &jwt.SigningMethodRSAPSS{
		SigningMethodRSA: method.SigningMethodRSA,
		VerifyOptions:    &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: method.Hash},
	}
}

// Skipped is a key of a set that we cannot use, and why.
type Skipped struct {
	Index int
	Why   string
}

// ParseSet reads a JSON Web Key Set. A key that we cannot use hides no other (RFC
// 7517 section 5); a set without any that we can is refused.
func ParseSet(text []byte) (keys []Key, skipped []Skipped, err error) {
	if len(text) > MaxSet {
		return nil, nil, fmt.Errorf("the key set has %d bytes, %d is the most", len(text), MaxSet)
	}
	set, err := ParseObject(text)
	if err != nil {
		return nil, nil, fmt.Errorf("the key set: %w", err)
	}
	list := set.raw("keys")
	if len(list) == 0 || list[0] != '[' {
		return nil, nil, errors.New("the key set has no list of keys")
	}
	index := -1
	for raw := range items(list) {
		if index++; index == maxKeys {
			return nil, nil, fmt.Errorf("the key set has more than %d keys", maxKeys)
		}
		key, err := parseKey(raw)
		if err != nil {
			skipped = append(skipped, Skipped{index, err.Error()})
			continue
		}
		if !slices.ContainsFunc(keys, key.Equal) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, skipped, fmt.Errorf("the key set has no key that verifies ID tokens: %s", whySkipped(skipped))
	}
	return keys, skipped, nil
}

func whySkipped(skipped []Skipped) string {
	if len(skipped) == 0 {
		return "it is empty"
	}
	return skipped[0].Why
}
