package portal_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// believers are accounts that take us for an identity provider: for roles, for users.
func (s *stage) believers(t *testing.T) {
	t.Helper()
	s.draft.Accounts[0].FederatedProvider = "acs:ram::" + prod + ":saml-provider/fc-sso"
	s.draft.Accounts = append(s.draft.Accounts, federation.AccountDraft{
		ID: "3456789012345678", Site: "international", UserSSO: &federation.UserSSO{Suffixes: []string{"acme.onaliyun.com"}},
	})
	for range 2 {
		certificates, err := validatetest.New(t).Keys().Parse()
		if err != nil {
			t.Fatal(err)
		}
		s.certificates = append(s.certificates, certificates...)
	}
}

// TestWhoIsNothingToAnAccountHasNoMetadataForIt: and refusals name no key.
func TestWhoIsNothingToAnAccountHasNoMetadataForIt(t *testing.T) {
	s := newStage(t)
	s.believers(t)
	for _, account := range []string{dev, "4567890123456789", "acme-prod", "0", "%2e%2e", strings.Repeat("1", 5000)} {
		wantRefusal(t, s.do(t, get("/idp/"+account+"/metadata")), reason.AccountUnknown)
	}
	s.unsigned = reason.New(reason.OwnKeysUnavailable, "KMS hangs")
	a := s.do(t, get("/idp/"+prod+"/metadata"))
	wantRefusal(t, a, reason.OwnKeysUnavailable)
	if strings.Contains(a.text, "EntityDescriptor") || strings.Contains(a.text, "KMS") {
		t.Error(a.text)
	}
	s.unsigned, s.err = nil, reason.New(reason.StoreUnavailable, "down")
	wantRefusal(t, s.do(t, get("/idp/"+prod+"/metadata")), reason.StoreUnavailable)
}

// TestAnAccountIsToldOfUs, by an entity ID of its own and all certificates, the signer's
// first; of a third RAM would take none.
func TestAnAccountIsToldOfUs(t *testing.T) {
	s := newStage(t)
	s.believers(t)
	third, err := validatetest.New(t).Keys().Parse()
	if err != nil {
		t.Fatal(err)
	}
	for _, published := range [][]*x509.Certificate{s.certificates, s.certificates[:1], append(slices.Clone(s.certificates), third...)} {
		s.certificates = published
		for _, account := range []string{prod, "3456789012345678"} {
			a := s.do(t, get("/idp/"+account+"/metadata"))
			var told struct {
				EntityID     string   `xml:"entityID,attr"`
				Certificates []string `xml:"IDPSSODescriptor>KeyDescriptor>KeyInfo>X509Data>X509Certificate"`
				SSO          []struct {
					Location string `xml:",attr"`
				} `xml:"IDPSSODescriptor>SingleSignOnService"`
			}
			if err := xml.Unmarshal([]byte(a.text), &told); err != nil || a.StatusCode != http.StatusOK || a.Header.Get("Content-Type") != "application/samlmetadata+xml" {
				t.Fatalf("%s %v %v", a.Status, a.Header, err)
			}
			if base := origin + "/idp/" + account; told.EntityID != base+"/metadata" || len(told.SSO) != 2 || told.SSO[0].Location != base+"/sso" {
				t.Errorf("%+v", told)
			}
			var want []string
			for _, certificate := range published[:min(2, len(published))] {
				want = append(want, base64.StdEncoding.EncodeToString(certificate.Raw))
			}
			if !slices.Equal(told.Certificates, want) {
				t.Errorf("%d certificates, %d published", len(told.Certificates), len(published))
			}
		}
	}
}
