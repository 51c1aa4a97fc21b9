package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"time"
)

// Files in the data folder. Those with a private key are readable to their
// owner alone.
const (
	signingKeyFile = "signing-key.pem" // the service provider's, key and certificate
	caKeyFile      = "ca-key.pem"
	caFile         = "ca.pem"
)

const (
	keyLifetime  = 10 * 365 * 24 * time.Hour
	leafLifetime = 30 * 24 * time.Hour
	backdate     = time.Hour // emulated clocks may be set back
)

// signingKey makes the service provider's signing key at the first start and
// returns its file.
func (d *dataFolder) signingKey(now time.Time) (string, error) {
	file := d.file(signingKeyFile)
	if _, err := readKey(file); !errors.Is(err, os.ErrNotExist) {
		return file, d.keyFault(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return "", err
	}
	template := certificateTemplate("fc-sso local stack", now, keyLifetime)
	return file, d.keyFault(writeKey(file, key, template))
}

// authority makes the local certificate authority at the first start.
func (d *dataFolder) authority(now time.Time) (tls.Certificate, error) {
	file := d.file(caKeyFile)
	pair, err := readKey(file)
	if errors.Is(err, os.ErrNotExist) {
		pair, err = makeAuthority(file, now)
	}
	if err != nil {
		return tls.Certificate{}, d.keyFault(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	return pair, d.keyFault(os.WriteFile(d.file(caFile), certificate, 0o644)) //nolint:gosec // a certificate is public
}

func makeAuthority(file string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := certificateTemplate("fc-sso local stack: certificate authority", now, keyLifetime)
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	// Whoever trusts this authority trusts it for this machine only.
	template.PermittedDNSDomainsCritical = true
	template.PermittedDNSDomains = []string{"localhost"}
	template.PermittedIPRanges = []*net.IPNet{
		{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)},
		{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)},
	}
	if err := writeKey(file, key, template); err != nil {
		return tls.Certificate{}, err
	}
	return readKey(file)
}

// serverCertificate is made anew at each start, for an address and a name of this machine.
func serverCertificate(authority tls.Certificate, host, name string, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := certificateTemplate(host, now, leafLifetime)
	template.IPAddresses, template.DNSNames = []net.IP{net.ParseIP(host)}, []string{name}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, key.Public(), authority.PrivateKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func certificateTemplate(name string, now time.Time, lifetime time.Duration) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		serial = big.NewInt(now.UnixNano())
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-backdate), NotAfter: now.Add(lifetime), KeyUsage: x509.KeyUsageDigitalSignature,
	}
}

// writeKey writes key and its self-signed certificate into one new file.
func writeKey(file string, key crypto.Signer, template *x509.Certificate) error {
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})...)
	// Whole or not at all: kill -9 may come between open and write.
	if err := os.WriteFile(file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

func readKey(file string) (tls.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return tls.Certificate{}, err
	}
	pair, err := tls.X509KeyPair(text, text)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s: %w", file, err)
	}
	return pair, nil
}

func (d *dataFolder) keyFault(err error) error {
	if err == nil {
		return nil
	}
	return complain("data folder "+d.path, err, "delete the file that it names, or give -data another folder")
}
