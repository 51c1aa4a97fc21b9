package idp

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// loadKey reads key and certificate, or makes them at the first start.
func loadKey(o Options, now time.Time) (*rsa.PrivateKey, *x509.Certificate, error) {
	name := keyFile(o)
	text, err := os.ReadFile(name) //nolint:gosec // a file of our own data folder
	if errors.Is(err, os.ErrNotExist) {
		if text, err = makeKey(o.Title, now); err == nil {
			err = writeSecret(name, text)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	key, cert, err := parseKey(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s is damaged (%w); delete it to have a new key made", name, err)
	}
	return key, cert, nil
}

func (p *IdP) turn(wish string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch wish {
	case "rotate":
		return p.rotate()
	case "forget":
		p.certs = p.certs[:1]
		return nil
	}
	return fmt.Errorf("%q is none of rotate, forget", wish)
}

func (p *IdP) rotate() error {
	text, err := makeKey(p.o.Title, p.now())
	if err != nil {
		return err
	}
	key, cert, err := parseKey(text)
	if err != nil {
		return err
	}
	p.key, p.certs = key, slices.Insert(p.certs, 0, cert)
	return writeSecret(keyFile(p.o), text)
}

func (p *IdP) signer() (*rsa.PrivateKey, *x509.Certificate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.key, p.certs[0]
}

func (p *IdP) published() []*x509.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.certs)
}

func keyFile(o Options) string { return filepath.Join(o.DataDir, "idp-"+o.ID+".pem") }

func makeKey(title string, now time.Time) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()),
		Subject:      pkix.Name{CommonName: title + " demo identity provider"},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.AddDate(5, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	return append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})...), nil
}

func parseKey(text []byte) (*rsa.PrivateKey, *x509.Certificate, error) {
	private, rest := pem.Decode(text)
	public, _ := pem.Decode(rest)
	if private == nil || public == nil {
		return nil, nil, errors.New("no key and certificate")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(private.Bytes)
	if err != nil {
		return nil, nil, err
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, nil, errors.New("not an RSA key")
	}
	cert, err := x509.ParseCertificate(public.Bytes)
	if err != nil {
		return nil, nil, err
	}
	return key, cert, nil
}

// writeSecret writes by rename: a kill leaves no half key.
func writeSecret(name string, content []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
