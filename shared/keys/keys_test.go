package keys_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/keys"
	"github.com/fc-sso/fc-sso/shared/reason"
)

func newRSA(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func certificate(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func pkcs8(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func pkcs1(key *rsa.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

func TestAKeyWithItsCertificateSigns(t *testing.T) {
	key, other := newRSA(t, 2048), newRSA(t, 2048)
	for name, text := range map[string][]byte{
		"PKCS #8":              slices.Concat(pkcs8(t, key), certificate(t, key)),
		"PKCS #1, behind":      slices.Concat(certificate(t, key), pkcs1(key)),
		"with the next one":    slices.Concat(pkcs8(t, key), certificate(t, key), certificate(t, other)),
		"with text in between": slices.Concat([]byte("made by openssl\n"), pkcs8(t, key), []byte("\n"), certificate(t, key)),
	} {
		signing, err := keys.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		sum := sha256.Sum256([]byte("message"))
		signature, err := signing.Signer.Sign(rand.Reader, sum[:], crypto.SHA256)
		if err != nil {
			t.Fatal(err)
		}
		if err := signing.Certificates[0].CheckSignature(x509.SHA256WithRSA, []byte("message"), signature); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsNoSigningKeyIsRefused(t *testing.T) {
	key, other, weak := newRSA(t, 2048), newRSA(t, 2048), newRSA(t, 1024)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, text := range map[string][]byte{
		"no private key":           certificate(t, key),
		"no certificate":           pkcs8(t, key),
		"1 has no certificate":     slices.Concat(pkcs8(t, key), certificate(t, other)),
		"2 has no certificate":     slices.Concat(pkcs8(t, key), pkcs1(other), certificate(t, key)),
		"stands in it twice":       slices.Concat(pkcs8(t, key), pkcs8(t, key), certificate(t, key)),
		"4 private keys":           slices.Concat(pkcs8(t, key), pkcs8(t, other), pkcs1(key), pkcs1(other), certificate(t, key)),
		"has 1024 bits":            slices.Concat(pkcs8(t, weak), certificate(t, weak)),
		"only RSA":                 slices.Concat(pkcs8(t, curve), certificate(t, curve)),
		"not PKCS #8":              []byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
		"not PKCS #1":              []byte("-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n"),
		"is encrypted":             []byte("-----BEGIN RSA PRIVATE KEY-----\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"),
		"does not belong":          pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: []byte{0}}),
		"certificate 1: x509":      []byte("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		"no private key (PEM, PRI": nil,
	} {
		if _, err := keys.Parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// While one key takes over from another, both decrypt, and both are published.
func TestAllKeysDecryptAndTheFirstSigns(t *testing.T) {
	key, next, elsewhere := newRSA(t, 2048), newRSA(t, 2048), newRSA(t, 2048)
	signing, err := keys.Parse(slices.Concat(pkcs8(t, key), certificate(t, elsewhere), certificate(t, next), pkcs1(next), certificate(t, key)))
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(signing.Signer.Public()) || !key.PublicKey.Equal(signing.Certificates[0].PublicKey) || len(signing.Certificates) != 3 {
		t.Error("the first key does not sign, or not all are published")
	}
	for i, k := range []*rsa.PrivateKey{key, next} {
		text, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, &k.PublicKey, []byte("message"), nil)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := signing.Decrypters[i].Decrypt(rand.Reader, text, &rsa.OAEPOptions{Hash: crypto.SHA256})
		if err != nil || string(plain) != "message" {
			t.Errorf("key %d: %q, %v", i+1, plain, err)
		}
		if !k.PublicKey.Equal(signing.Encryption[i].PublicKey) {
			t.Errorf("certificate %d is of another key", i+1)
		}
	}
	if len(signing.Decrypters) != 2 || len(signing.Encryption) != 2 {
		t.Errorf("%d keys, %d certificates to encrypt for", len(signing.Decrypters), len(signing.Encryption))
	}
}

func TestAFileThatOthersMayReadIsReported(t *testing.T) {
	key := newRSA(t, 2048)
	file := filepath.Join(t.TempDir(), "signing.pem")
	if err := os.WriteFile(file, slices.Concat(pkcs8(t, key), certificate(t, key)), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	if _, err := keys.File(t.Context(), log, file); err != nil || out.Len() > 0 {
		t.Errorf("%v, %s", err, out.String())
	}
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := keys.File(t.Context(), log, file); err != nil || !strings.Contains(out.String(), "others may read") {
		t.Errorf("%v, %s", err, out.String())
	}
}

func TestAMissingFileIsAFaultOfTheConfiguration(t *testing.T) {
	_, err := keys.File(t.Context(), slog.New(slog.DiscardHandler), "no-such-file.pem")
	if reason.Of(err) != reason.ConfigurationInvalid || !strings.Contains(err.Error(), "no-such-file.pem") {
		t.Error(err)
	}
}

func TestTheKeyDoesNotPrint(t *testing.T) {
	key := newRSA(t, 2048)
	signing, err := keys.Parse(slices.Concat(pkcs8(t, key), certificate(t, key)))
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, value := range []any{signing.Signer, signing.Decrypters[0]} {
			if text := fmt.Sprintf(verb, value); text != "[redacted]" {
				t.Errorf("%s prints %.40s", verb, text)
			}
		}
	}
}
