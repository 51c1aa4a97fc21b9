package saml_test

import (
	"bytes"
	"crypto/rand"
	"crypto/x509"
	"encoding/xml"
	"net/url"
	"testing"
	"time"

	crewjam "github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// cloudResponse is one of ours, with what Alibaba Cloud's side must know to read it.
type cloudResponse struct {
	xml               []byte
	audience, address string
	asked             string // the request that it answers
}

// hostileClass is passed on as it is, for it is a URI.
const hostileClass = `https://a.example/?a=1&b='2'&#60;&amp;%3C]]`

func us(t *testing.T) samldoc.OurIdP {
	t.Helper()
	account, err := ram.ParseAccountID("1234567890123456")
	if err != nil {
		t.Fatal(err)
	}
	return samldoc.OurIdP{Origin: "https://sso.example", Account: account}
}

func cloudResponses(t *testing.T) map[string]cloudResponse {
	t.Helper()
	authn := samldoc.AuthnStatement{
		AuthnInstant: validatetest.Now().Add(-time.Hour), SessionNotOnOrAfter: validatetest.Now().Add(time.Hour),
		ContextClass: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
	}
	hostile, us := authn, us(t)
	hostile.ContextClass = hostileClass
	abroad := us
	abroad.International = true
	session := roleSession(t)
	upn, err := ram.ParseUPN("ada@acme.onaliyun.com")
	if err != nil {
		t.Fatal(err)
	}
	user := samldoc.UserSignIn{UPN: upn, InResponseTo: "a2eg9c2gjji188814h7j2d7358fh3g9"}
	made := func(r samldoc.CloudResponse, err error) []byte {
		if err != nil {
			t.Fatal(err)
		}
		key, certificate := pair(t, "idp")
		encoded, err := r.Encode(key, certificate)
		if err != nil {
			t.Fatal(err)
		}
		return decoded(t, encoded.Reveal())
	}
	role := func(p samldoc.OurIdP, a samldoc.AuthnStatement) []byte {
		return made(p.ForRole(session, a, validatetest.Now(), rand.Reader))
	}
	return map[string]cloudResponse{
		"a role":          {role(us, authn), "urn:alibaba:cloudcomputing", "https://signin.aliyun.com/saml-role/sso", ""},
		"a role abroad":   {role(abroad, authn), "urn:alibaba:cloudcomputing:international", "https://signin.alibabacloud.com/saml-role/sso", ""},
		"a hostile class": {role(us, hostile), "urn:alibaba:cloudcomputing", "https://signin.aliyun.com/saml-role/sso", ""},
		"a user":          {made(us.ForUser(user, authn, validatetest.Now(), rand.Reader)), "https://signin.aliyun.com/1234567890123456/saml/SSO", "https://signin.aliyun.com/saml/SSO", user.InResponseTo},
	}
}

func roleSession(t *testing.T) samldoc.RoleSession {
	t.Helper()
	role, err := ram.ParseRoleARN("acs:ram::1234567890123456:role/admin")
	if err != nil {
		t.Fatal(err)
	}
	provider, err := ram.ParseSAMLProviderARN("acs:ram::1234567890123456:saml-provider/fc-sso")
	if err != nil {
		t.Fatal(err)
	}
	return samldoc.RoleSession{Role: role, Provider: provider, Name: "ada@acme.com", Duration: time.Hour}
}

// TestXmlsecVerifiesOurResponses, and not when they were changed.
func TestXmlsecVerifiesOurResponses(t *testing.T) {
	for name, r := range cloudResponses(t) {
		t.Run(name, func(t *testing.T) {
			verify(t, write(t, r.xml), keys+"idp-cert.pem", "Assertion")
			changed := bytes.Replace(r.xml, []byte("ada@"), []byte("eve@"), 1)
			if out, err := xmlsec(t, verifyArguments(write(t, changed), keys+"idp-cert.pem", "Assertion")...); err == nil {
				t.Errorf("xmlsec1 believes a changed assertion: %s", out)
			}
			if out, err := xmlsec(t, verifyArguments(write(t, r.xml), keys+"sp-cert.pem", "Assertion")...); err == nil {
				t.Errorf("xmlsec1 believes it of another key: %s", out)
			}
		})
	}
}

func TestOurResponsesHoldTheSchema(t *testing.T) {
	for name, r := range cloudResponses(t) {
		if err := lint(t, protocolSchema, r.xml); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCrewjamBelievesOurResponses as a service provider that knows our metadata, reads
// them as they were meant, and believes none that is for somebody else or too late.
func TestCrewjamBelievesOurResponses(t *testing.T) {
	for name, r := range cloudResponses(t) {
		t.Run(name, func(t *testing.T) {
			a, err := r.read(t, time.Minute, r.audience, r.address)
			if err != nil {
				t.Fatal(err)
			}
			if name := a.Subject.NameID.Value; name != "ada@acme.com" && name != "ada@acme.onaliyun.com" {
				t.Errorf("it is about %q", name)
			}
			if class := a.AuthnStatements[0].AuthnContext.AuthnContextClassRef.Value; name == "a hostile class" && class != hostileClass {
				t.Errorf("the class is %q", class)
			}
			for _, statement := range a.AttributeStatements {
				if got := statement.Attributes[0].Values[0].Value; len(statement.Attributes) != 3 || got != roleSession(t).Role.String()+","+roleSession(t).Provider.String() {
					t.Errorf("the role is %q", got)
				}
			}
			for why, try := range map[string]func() (*crewjam.Assertion, error){
				"too late":              func() (*crewjam.Assertion, error) { return r.read(t, 120*time.Second, r.audience, r.address) },
				"too early":             func() (*crewjam.Assertion, error) { return r.read(t, -31*time.Second, r.audience, r.address) },
				"for another":           func() (*crewjam.Assertion, error) { return r.read(t, 0, r.audience+"x", r.address) },
				"for another recipient": func() (*crewjam.Assertion, error) { return r.read(t, 0, r.audience, r.address+"x") },
			} {
				if _, err := try(); err == nil {
					t.Errorf("%s, and believed", why)
				}
			}
		})
	}
}

// read is crewjam's opinion so long after the response was made.
func (r cloudResponse) read(t *testing.T, later time.Duration, audience, address string) (*crewjam.Assertion, error) {
	t.Helper()
	now := validatetest.Now().Add(later)
	crewjam.TimeNow = func() time.Time { return now } //nolint:reassign // crewjam has no other clock
	crewjam.Clock = dsig.NewFakeClockAt(now)          //nolint:reassign // likewise
	crewjam.MaxClockSkew = 0                          //nolint:reassign // nor another way to set it
	acs, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	provider := &crewjam.ServiceProvider{EntityID: audience, AcsURL: *acs, IDPMetadata: ourEntity(t), AllowIDPInitiated: r.asked == ""}
	return provider.ParseXMLResponse(r.xml, []string{r.asked}, *acs)
}

// ourEntity is our metadata as RAM is given it, read by crewjam.
func ourEntity(t *testing.T) *crewjam.EntityDescriptor {
	t.Helper()
	_, certificate := pair(t, "idp")
	document, err := us(t).Introduction([]*x509.Certificate{certificate}).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	if err := lint(t, metadataSchema, document); err != nil {
		t.Error(err)
	}
	var entity crewjam.EntityDescriptor
	if err := xml.Unmarshal(document, &entity); err != nil {
		t.Fatal(err)
	}
	return &entity
}
