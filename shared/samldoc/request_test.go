package samldoc_test

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"encoding/xml"
	"flag"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fc-sso/fc-sso/shared/samldoc"
)

var update = flag.Bool("update", false, "write the golden files")

var request = samldoc.AuthnRequest{
	ID:           "_0123456789abcdef0123456789abcdef",
	Destination:  "https://idp.example/sso?idpid=C0&x=1",
	Issuer:       "https://sso.example/saml/okta/metadata",
	ACSURL:       "https://sso.example/saml/okta/acs",
	IssueInstant: time.Date(2026, 11, 23, 12, 0, 0, 5e6, time.FixedZone("", 2*3600)),
}

func TestRedirectedRequestIsSignedInTheQuery(t *testing.T) {
	key, certificate := keyPair(t)
	location, err := request.RedirectURL("opaque+/=", key)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "redirect.txt", []byte(location+"\n"))
	_, query, _ := strings.Cut(location, "x=1&")
	signed, _, _ := strings.Cut(query, "&Signature=")
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := base64.StdEncoding.DecodeString(values.Get("Signature"))
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte(signed))
	if err := rsa.VerifyPKCS1v15(certificate.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:], signature); err != nil {
		t.Error(err)
	}
	if values.Get("RelayState") != "opaque+/=" || values.Get("SigAlg") != dsig.RSASHA256SignatureMethod {
		t.Errorf("query %v", values)
	}
	deflated, err := base64.StdEncoding.DecodeString(values.Get("SAMLRequest"))
	if err != nil {
		t.Fatal(err)
	}
	document, err := io.ReadAll(flate.NewReader(bytes.NewReader(deflated)))
	if err != nil {
		t.Fatal(err)
	}
	checkRequest(t, document, request)
}

func TestPostedRequestIsSignedInside(t *testing.T) {
	key, certificate := keyPair(t)
	forced := request
	forced.ForceAuthn, forced.AuthnContexts = true, []string{"urn:oasis:names:tc:SAML:2.0:ac:classes:X509", "urn:x-acme:key"}
	form, err := forced.PostForm("state", key, certificate)
	if err != nil {
		t.Fatal(err)
	}
	if form.Action != request.Destination || form.RelayState != "state" {
		t.Errorf("form %+v", form)
	}
	document, err := base64.StdEncoding.DecodeString(form.SAMLRequest)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "post.xml", document)
	checkRequest(t, document, forced)
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(document); err != nil {
		t.Fatal(err)
	}
	if got := tree.Root().ChildElements()[1].Tag; got != "Signature" {
		t.Errorf("the second element is %s; the schema wants the signature there", got)
	}
	judge := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
	if _, err := judge.Validate(tree.Root()); err != nil {
		t.Error(err)
	}
}

func checkRequest(t *testing.T, document []byte, want samldoc.AuthnRequest) {
	t.Helper()
	var got saml.AuthnRequest
	if err := xml.Unmarshal(document, &got); err != nil {
		t.Fatal(err)
	}
	forced := got.ForceAuthn != nil && *got.ForceAuthn
	if got.ID != want.ID || got.Destination != want.Destination || got.Issuer.Value != want.Issuer ||
		got.AssertionConsumerServiceURL != want.ACSURL || got.Version != "2.0" || forced != want.ForceAuthn ||
		!got.IssueInstant.Equal(want.IssueInstant) || got.ProtocolBinding != saml.HTTPPostBinding {
		t.Errorf("the request reads %+v", got)
	}
	if classes := texts(t, document, "AuthnContextClassRef"); !slices.Equal(classes, want.AuthnContexts) {
		t.Errorf("it asks for %q, not for %q", classes, want.AuthnContexts)
	}
}

// texts reads every element of that name: crewjam knows one class of a request.
func texts(t *testing.T, document []byte, name string) []string {
	t.Helper()
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(document); err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range tree.FindElements("//" + name) {
		list = append(list, e.Text())
	}
	return list
}

func TestRequestsThatCannotBeSignedAreRefused(t *testing.T) {
	key, certificate := keyPair(t)
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := request.RedirectURL(strings.Repeat("x", 81), key); err == nil {
		t.Error("81 bytes of RelayState")
	}
	if _, err := request.RedirectURL("", elliptical); err == nil {
		t.Error("an ECDSA key, announced as RSA")
	}
	if _, err := request.RedirectURL("", nil); err == nil {
		t.Error("no key")
	}
	if _, err := request.PostForm("", key, nil); err == nil {
		t.Error("no certificate")
	}
	if _, err := (samldoc.AuthnRequest{}).PostForm("", key, certificate); err == nil {
		t.Error("an empty request")
	}
}

func TestOurMetadataSaysWhatWeAre(t *testing.T) {
	_, certificate := keyPair(t)
	us := samldoc.ServiceProvider{
		EntityID:     "https://sso.example/saml/okta/metadata",
		ACSURL:       "https://sso.example/saml/okta/acs",
		SLOURL:       "https://sso.example/saml/okta/slo",
		Certificates: []*x509.Certificate{certificate, certificate},
		Encryption:   []*x509.Certificate{certificate, certificate},
	}
	document, err := us.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "metadata.xml", document)
	var got saml.EntityDescriptor
	if err := xml.Unmarshal(document, &got); err != nil {
		t.Fatal(err)
	}
	sp := got.SPSSODescriptors[0]
	acs := sp.AssertionConsumerServices[0]
	switch {
	case got.EntityID != us.EntityID, acs.Location != us.ACSURL, acs.Binding != saml.HTTPPostBinding, acs.Index != 0:
		t.Errorf("metadata reads %+v", got)
	case sp.KeyDescriptors[1].Use != "signing", sp.KeyDescriptors[2].Use != "encryption", len(sp.KeyDescriptors[3].EncryptionMethods) != 8:
		t.Errorf("metadata reads %+v", sp.KeyDescriptors)
	case !*sp.AuthnRequestsSigned, !*sp.WantAssertionsSigned, len(sp.KeyDescriptors) != 4, len(sp.NameIDFormats) != 3:
		t.Errorf("metadata reads %+v", sp)
	}
	if _, err := (samldoc.ServiceProvider{EntityID: "x", ACSURL: "y"}).Metadata(); err == nil {
		t.Error("metadata without a key")
	}
}

func keyPair(t *testing.T) (*rsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key, err := x509.ParsePKCS8PrivateKey(readPEM(t, "sp-key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(readPEM(t, "sp-cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	return key.(*rsa.PrivateKey), certificate
}

func readPEM(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(data)
	return block.Bytes
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs from what is written:\n%s", name, got)
	}
}
