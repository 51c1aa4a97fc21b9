package workload

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // RAM's fingerprints are SHA-1
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"
)

// Secure is a platform that serves TLS, under a certification authority that may be
// changed while it runs.
type Secure struct {
	Issuer

	chain [2]tls.Certificate
	now   *atomic.Int32
	roots []byte
}

// NewSecure starts one; it ends with the test.
func NewSecure(tb testing.TB) Secure {
	tb.Helper()
	s := Secure{now: new(atomic.Int32)}
	for i := range s.chain {
		s.chain[i] = certify(tb)
		root := s.chain[i].Certificate[1]
		s.roots = append(s.roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root})...)
	}
	s.Issuer = open(tb, s.serve(tb))
	return s
}

func (s Secure) serve(tb testing.TB) func(http.Handler) string {
	tb.Helper()
	return func(platform http.Handler) string {
		server := httptest.NewUnstartedServer(platform)
		server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that the other side gave up
		server.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.chain[s.now.Load()]}}, nil
		}}
		server.StartTLS()
		tb.Cleanup(server.Close)
		return server.URL
	}
}

// ChangeAuthority serves a certificate of the other authority from now on.
func (s Secure) ChangeAuthority() { s.now.Store(1 - s.now.Load()) }

// Fingerprint is what RAM must know of the authority that is served now.
func (s Secure) Fingerprint() string {
	sum := sha1.Sum(s.chain[s.now.Load()].Certificate[1]) //nolint:gosec // RAM's fingerprints are SHA-1
	return hex.EncodeToString(sum[:])
}

// certify makes a server's certificate with its root behind it.
func certify(tb testing.TB) tls.Certificate {
	tb.Helper()
	until := time.Now().Add(24 * time.Hour)
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root " + rand.Text()}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	rootKey, leafKey := newKey(tb), newKey(tb)
	made := tls.Certificate{PrivateKey: leafKey}
	for _, c := range []struct {
		template *x509.Certificate
		key      *ecdsa.PrivateKey
	}{{leaf, leafKey}, {root, rootKey}} {
		der, err := x509.CreateCertificate(rand.Reader, c.template, root, c.key.Public(), rootKey)
		if err != nil {
			tb.Fatal(err)
		}
		made.Certificate = append(made.Certificate, der)
	}
	return made
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

// Federation writes a file in which ISSUER stands for the issuer, and ca.pem beside
// it with both authorities: who checks certificates by it notices no change. It
// returns the file's name.
func (s Secure) Federation(tb testing.TB, text string) string {
	tb.Helper()
	file := s.Issuer.Federation(tb, text)
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "ca.pem"), s.roots, 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// Direct is a federation in which RAM decides too.
const Direct = `
identityProviders:
  - id: ci
    oidc: {issuer: ISSUER, audiences: [sts.aliyuncs.com]}
    fetch: {caFile: ca.pem}
  - id: pods
    oidc: {issuer: ISSUER, audiences: [pods], tokenUse: until-expiry}
    fetch: {caFile: ca.pem}
accounts:
  - id: "2345678901234567"
    alias: acme-dev
    issue: direct
    oidcProviders:
      ci: acs:ram::2345678901234567:oidc-provider/platform
      pods: acs:ram::2345678901234567:oidc-provider/platform
rules:
  - name: the shop tries things out from any branch
    idp: ci
    roles: [acs:ram::2345678901234567:role/try]
    condition: {StringLike: {"oidc:sub": "repo:acme/shop:ref:refs/heads/*"}}
    session: {name: try}
  - name: the shop's pods keep their pictures
    idp: pods
    roles: [acs:ram::2345678901234567:role/pictures]
    condition: {StringEquals: {"oidc:sub": system:serviceaccount:shop:web}}
    session: {name: shop-web}
`

// The roles and providers of [Direct].
const (
	DirectTry      = "acs:ram::2345678901234567:role/try"
	DirectPictures = "acs:ram::2345678901234567:role/pictures"
	DirectProvider = "acs:ram::2345678901234567:oidc-provider/platform"
)
