package samldoc_test

import (
	"crypto/x509"
	"encoding/xml"
	"strings"
	"testing"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fc-sso/fc-sso/shared/samldoc"
)

var logoutResponse = samldoc.LogoutResponse{
	ID:           "_0123456789abcdef0123456789abcdef",
	Destination:  "https://idp.example/slo",
	Issuer:       "https://sso.example/saml/okta/metadata",
	InResponseTo: "_logout-1",
	IssueInstant: request.IssueInstant,
}

func TestALogoutIsAnsweredAndSigned(t *testing.T) {
	key, certificate := keyPair(t)
	form, err := logoutResponse.PostForm("theirs", key, certificate)
	if err != nil {
		t.Fatal(err)
	}
	document := decode(t, form.SAMLResponse)
	golden(t, "logout.xml", document)
	var got saml.LogoutResponse
	if err := xml.Unmarshal(document, &got); err != nil {
		t.Fatal(err)
	}
	if form.Action != logoutResponse.Destination || form.RelayState != "theirs" || got.Destination != logoutResponse.Destination ||
		got.InResponseTo != "_logout-1" || got.Issuer.Value != logoutResponse.Issuer || got.Status.StatusCode.Value != saml.StatusSuccess {
		t.Errorf("form %+v, response %+v", form, got)
	}
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(document); err != nil {
		t.Fatal(err)
	}
	judge := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
	if _, err := judge.Validate(tree.Root()); err != nil {
		t.Error(err)
	}
}

func TestALogoutAnswerThatLacksSomethingIsNotWritten(t *testing.T) {
	key, certificate := keyPair(t)
	nowhere := logoutResponse
	nowhere.Destination = ""
	if _, err := nowhere.PostForm("", key, certificate); err == nil {
		t.Error("an answer to nobody")
	}
	if _, err := logoutResponse.PostForm(strings.Repeat("x", 81), key, certificate); err == nil {
		t.Error("81 bytes of RelayState")
	}
	if _, err := logoutResponse.PostForm("", nil, certificate); err == nil {
		t.Error("an unsigned answer")
	}
}
