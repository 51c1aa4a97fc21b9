package idp_test

import (
	"crypto/x509"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/scripts/local/internal/idp"
)

// certificates are those of the identity provider's own metadata.
func certificates(s *site) []*x509.Certificate {
	s.t.Helper()
	document := etree.NewDocument()
	s.sp.must(document.ReadFromString(s.get("/metadata").text))
	var found []*x509.Certificate
	for _, e := range document.FindElements("//X509Certificate") {
		der, err := base64.StdEncoding.DecodeString(e.Text())
		s.sp.must(err)
		cert, err := x509.ParseCertificate(der)
		s.sp.must(err)
		found = append(found, cert)
	}
	return found
}

func TestTheKeySurvivesAndStaysPrivate(t *testing.T) {
	dir := t.TempDir()
	same := func(string, string, string) idp.Options {
		return idp.Acme("http://localhost:9000", "http://127.0.0.1:8080", dir)
	}
	first, second := newSite(t, same), newSite(t, same)
	if !certificates(first)[0].Equal(certificates(second)[0]) {
		t.Error("another key at the second start")
	}
	name := filepath.Join(dir, "idp-acme.pem")
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := idp.New(same("", "", "")); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("a damaged key: %v", err)
	}
}
