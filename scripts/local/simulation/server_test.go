package simulation_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// clock is the one that everybody goes by.
type clock struct{ at atomic.Int64 }

func (c *clock) Now() time.Time { return time.Unix(0, c.at.Load()).UTC() }

func (c *clock) set(t time.Time) { c.at.Store(t.UnixNano()) }

// server serves TLS under an authority that may be changed while it runs.
type server struct {
	*httptest.Server

	chains []tls.Certificate
	now    atomic.Int32
}

// authorities are few, as in life, and many servers have certificates of them.
type authorities []authority

type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthorities(tb testing.TB, n int) authorities {
	tb.Helper()
	var all authorities
	for range n {
		key := newECKey(tb)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "root " + rand.Text()}, IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().AddDate(0, 0, -1), NotAfter: time.Now().AddDate(2, 0, 0),
		}
		all = append(all, authority{certify(tb, template, template, key.Public(), key), key})
	}
	return all
}

func newECKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func certify(tb testing.TB, template, parent *x509.Certificate, public any, by *ecdsa.PrivateKey) *x509.Certificate {
	tb.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, by)
	if err != nil {
		tb.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		tb.Fatal(err)
	}
	return made
}

// pem has all of them: who checks certificates by it notices no change.
func (a authorities) pem() []byte {
	var text []byte
	for _, one := range a {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one.certificate.Raw})...)
	}
	return text
}

// serve starts a server that can prove itself by each of the authorities.
func (a authorities) serve(tb testing.TB, handler http.Handler) *server {
	tb.Helper()
	s := &server{}
	for _, by := range a {
		key := newECKey(tb)
		leaf := certify(tb, &x509.Certificate{
			SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
			NotBefore: time.Now().AddDate(0, 0, -1), NotAfter: time.Now().AddDate(1, 0, 0),
		}, by.certificate, key.Public(), by.key)
		s.chains = append(s.chains, tls.Certificate{Certificate: [][]byte{leaf.Raw, by.certificate.Raw}, PrivateKey: key})
	}
	s.Server = httptest.NewUnstartedServer(handler)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that the other side gave up
	s.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.chains[s.now.Load()]}}, nil
	}}
	s.StartTLS()
	tb.Cleanup(s.Close)
	return s
}

// changeAuthority proves itself by the authority so many further on from now on.
func (s *server) changeAuthority(by int32) {
	n := int32(len(s.chains))
	s.now.Store((s.now.Load() + by + n) % n)
}

// root is the certificate that ends the chain now.
func (s *server) root() []byte { return slices.Clone(s.chains[s.now.Load()].Certificate[1]) }
