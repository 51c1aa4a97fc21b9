package trust_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"math/big"
	"testing"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// authority signs certificates.
type authority struct {
	*x509.Certificate

	key *ecdsa.PrivateKey
}

func (a *authority) sign(t *testing.T, name string, ca bool) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return a.over(t, name, ca, key)
}

// over signs a certificate for a key that there is already; nil signs itself.
func (a *authority) over(t *testing.T, name string, ca bool, key *ecdsa.PrivateKey) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"issuer.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: ca, BasicConstraintsValid: true,
	}
	parent, by := template, key
	if a != nil {
		parent, by = a.Certificate, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	made, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{made, key}
}

func TestTheThumbprintIsThatOfTheLastCertificateSent(t *testing.T) {
	var nobody *authority
	root := nobody.sign(t, "Root", true)
	between := root.sign(t, "Between", true)
	server := between.sign(t, "server", false)
	elder := nobody.sign(t, "Elder", true)
	crossed := elder.over(t, "Root", true, root.key) // the same root, signed by another one
	foreign := nobody.sign(t, "Foreign", true)
	alone := nobody.sign(t, "alone", false)

	list := func(sent ...*authority) (list []*x509.Certificate) {
		for _, a := range sent {
			list = append(list, a.Certificate)
		}
		return list
	}
	verified := [][]*x509.Certificate{list(server, between, root), list(alone)}
	for name, c := range map[string]struct {
		sent []*x509.Certificate
		root bool
		ok   bool
	}{
		"with the root":             {list(server, between, root), true, true},
		"without it, as most":       {list(server, between), false, true},
		"a cross-signed one":        {list(server, between, crossed), false, true},
		"one that signed itself":    {list(alone), true, true},
		"one that has no part":      {list(server, between, foreign), false, false},
		"the root of another chain": {list(server, between, root, elder), false, false},
		"none":                      {nil, false, false},
	} {
		chain, err := trust.NewChain("issuer.example", c.sent, verified)
		if (err == nil) != c.ok || chain.Root != c.root {
			t.Errorf("%s: %+v, %v", name, chain, err)
		}
		if !c.ok {
			continue
		}
		last := c.sent[len(c.sent)-1]
		want := sha1.Sum(last.Raw)
		if chain.Thumbprint != hex.EncodeToString(want[:]) || chain.Subject != last.Subject.String() || !chain.NotAfter.Equal(c.sent[0].NotAfter) {
			t.Errorf("%s: %+v", name, chain)
		}
	}
}
