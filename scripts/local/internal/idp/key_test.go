package idp_test

import (
	"crypto/x509"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
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

// TestANewKeySignsAtOnce: who knows only the old certificate believes nothing more.
func TestANewKeySignsAtOnce(t *testing.T) {
	s := newSite(t, idp.Acme)
	turn := func(wish string) int {
		recorder := httptest.NewRecorder()
		s.Admin().ServeHTTP(recorder, httptest.NewRequest(http.MethodPost, "/keys", strings.NewReader(wish)))
		return recorder.Code
	}
	old := certificates(s)[0]
	if status := turn(`{"do":"rotate"}`); status != http.StatusOK {
		t.Fatal(status)
	}
	both := certificates(s)
	if len(both) != 2 || both[0].Equal(old) || !both[1].Equal(old) {
		t.Errorf("%d certificates are published", len(both))
	}
	if status := turn(`{"do":"forget"}`); status != http.StatusOK {
		t.Fatal(status)
	}
	if left := certificates(s); len(left) != 1 || !left[0].Equal(both[0]) {
		t.Errorf("%d certificates are published", len(left))
	}
	for _, wish := range []string{`{"do":"lose"}`, `x`} {
		if status := turn(wish); status != http.StatusBadRequest {
			t.Errorf("%s: %d", wish, status)
		}
	}
}
