package samldoc_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"slices"
	"testing"

	"github.com/crewjam/saml"

	"github.com/fc-sso/fc-sso/shared/samldoc"
)

func introduction(t *testing.T) samldoc.Introduction {
	t.Helper()
	_, certificate := keyPair(t)
	return samldoc.Introduction{
		EntityID: "https://idp.example/entity?a=1&b=<2>",
		SSO: []samldoc.Endpoint{
			{Binding: saml.HTTPRedirectBinding, Location: "https://idp.example/sso?a=1&b=2"},
			{Binding: saml.HTTPPostBinding, Location: "https://idp.example/sso"},
		},
		Certificates: []*x509.Certificate{certificate, certificate},
	}
}

// TestAnIntroductionIsReadAsItWasMeant by our own reader and by another.
func TestAnIntroductionIsReadAsItWasMeant(t *testing.T) {
	want := introduction(t)
	document, err := want.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "introduction.xml", document)
	got, err := samldoc.ParseMetadata(document, samldoc.Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	certificate := base64.StdEncoding.EncodeToString(want.Certificates[0].Raw)
	if got.EntityID != want.EntityID || !slices.Equal(got.SSO, want.SSO) || !slices.Equal(got.Certificates, []string{certificate, certificate}) ||
		!got.ValidUntil.IsZero() || len(got.SLO) > 0 || got.WantAuthnRequestsSigned {
		t.Errorf("we read %+v", got)
	}
	var other saml.EntityDescriptor
	if err := xml.Unmarshal(document, &other); err != nil {
		t.Fatal(err)
	}
	if len(other.IDPSSODescriptors) != 1 || other.EntityID != want.EntityID {
		t.Fatalf("another reads %+v", other)
	}
	idp := other.IDPSSODescriptors[0]
	if len(idp.KeyDescriptors) != 2 || idp.KeyDescriptors[0].Use != "signing" || len(idp.SingleSignOnServices) != 2 ||
		idp.SingleSignOnServices[0].Location != want.SSO[0].Location {
		t.Errorf("another reads %+v", idp)
	}
}

func TestAnIntroductionThatRAMWouldRefuseIsNotWritten(t *testing.T) {
	for name, spoil := range map[string]func(*samldoc.Introduction){
		"nobody":             func(i *samldoc.Introduction) { i.EntityID = "" },
		"nowhere":            func(i *samldoc.Introduction) { i.SSO = nil },
		"without a key":      func(i *samldoc.Introduction) { i.Certificates = nil },
		"three certificates": func(i *samldoc.Introduction) { i.Certificates = append(i.Certificates, i.Certificates[0]) },
	} {
		i := introduction(t)
		spoil(&i)
		if _, err := i.Metadata(); err == nil {
			t.Errorf("%s: it is written", name)
		}
	}
}
