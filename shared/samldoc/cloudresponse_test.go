package samldoc_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

// noon is when all responses here are made.
var noon = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

// counted is randomness whose outcome is known: bytes 0, 1, 2 …
func counted() io.Reader {
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(i)
	}
	return bytes.NewReader(b)
}

func ours(t *testing.T) samldoc.OurIdP {
	t.Helper()
	return samldoc.OurIdP{Origin: "https://sso.example", Account: parsed(t, ram.ParseAccountID, "1234567890123456")}
}

func parsed[T any](t *testing.T, parse func(string) (T, error), text string) T {
	t.Helper()
	v, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func roleSession(t *testing.T) samldoc.RoleSession {
	t.Helper()
	return samldoc.RoleSession{
		Role:     parsed(t, ram.ParseRoleARN, "acs:ram::1234567890123456:role/admin"),
		Provider: parsed(t, ram.ParseSAMLProviderARN, "acs:ram::1234567890123456:saml-provider/fc-sso"),
		Name:     "ada@acme.com", Duration: 2 * time.Hour,
	}
}

func signedIn() samldoc.AuthnStatement {
	return samldoc.AuthnStatement{
		AuthnInstant: noon.Add(-time.Hour), SessionNotOnOrAfter: noon.Add(7 * time.Hour),
		ContextClass: "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract",
	}
}

func written(t *testing.T, r samldoc.CloudResponse, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	key, certificate := keyPair(t)
	encoded, err := r.Encode(key, certificate)
	if err != nil {
		t.Fatal(err)
	}
	return decode(t, encoded.Reveal())
}

// believed is what our own reader makes of it, when goxmldsig alone has said that all
// of the assertion is signed.
func believed(t *testing.T, document []byte) samldoc.Message {
	t.Helper()
	_, certificate := keyPair(t)
	tree := etree.NewDocument()
	if err := tree.ReadFromBytes(document); err != nil {
		t.Fatal(err)
	}
	judge := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{certificate}})
	if _, err := judge.Validate(tree.FindElement("./Response/Assertion")); err != nil {
		t.Fatal(err)
	}
	read, err := samldoc.Parse(document)
	if err != nil {
		t.Fatal(err)
	}
	verified, err := read.Verify([]*x509.Certificate{certificate}, samldoc.Policy{})
	if err != nil {
		t.Fatal(err)
	}
	if response, assertion := read.Signed(); response || !assertion {
		t.Errorf("signed: response %v, assertion %v", response, assertion)
	}
	return verified.Message()
}

func TestAResponseNamesOneRole(t *testing.T) {
	r, err := ours(t).ForRole(roleSession(t), signedIn(), noon, counted())
	document := written(t, r, err)
	golden(t, "role.xml", document)
	m := believed(t, document)
	checkOurs(t, m, r, "urn:alibaba:cloudcomputing", "https://signin.aliyun.com/saml-role/sso")
	const prefix = "https://www.aliyun.com/SAML-Role/Attributes/"
	want := map[string]string{
		prefix + "Role":            "acs:ram::1234567890123456:role/admin,acs:ram::1234567890123456:saml-provider/fc-sso",
		prefix + "RoleSessionName": "ada@acme.com",
		prefix + "SessionDuration": "7200",
	}
	for _, a := range m.Assertion.Attributes {
		if len(a.Values) != 1 || a.Values[0] != want[a.Name] {
			t.Errorf("%s is %q, not %q", a.Name, a.Values, want[a.Name])
		}
		delete(want, a.Name)
	}
	if len(want) > 0 {
		t.Errorf("it lacks %v", want)
	}
}

// checkOurs holds a response to what all of ours have.
func checkOurs(t *testing.T, m samldoc.Message, r samldoc.CloudResponse, audience, acsURL string) {
	t.Helper()
	const issuer = "https://sso.example/idp/1234567890123456/metadata"
	a, end := m.Assertion, noon.Add(120*time.Second)
	if len(a.Subject.Confirmations) != 1 || a.Conditions == nil || len(a.AuthnStatements) != 1 {
		t.Fatalf("it reads %+v", a)
	}
	switch c := a.Subject.Confirmations[0]; {
	case m.Response.Issuer.Value != issuer, a.Issuer.Value != issuer:
		t.Errorf("it is from %q and %q", m.Response.Issuer, a.Issuer)
	case !slices.Equal(m.Response.Status.Codes, []string{"urn:oasis:names:tc:SAML:2.0:status:Success"}), m.Response.Destination != acsURL, r.ACSURL() != acsURL:
		t.Errorf("the envelope says %+v", m.Response)
	case m.Response.ID == "", a.ID == "", m.Response.Version != "2.0", a.Version != "2.0", !m.Response.IssueInstant.Equal(noon), !a.IssueInstant.Equal(noon):
		t.Errorf("response %+v, assertion %+v", m.Response, a)
	case c.Method != "urn:oasis:names:tc:SAML:2.0:cm:bearer", c.Recipient != acsURL, !c.NotOnOrAfter.Equal(end), !c.NotBefore.IsZero(), c.InResponseTo != m.Response.InResponseTo:
		t.Errorf("it is confirmed by %+v", c)
	case !a.Conditions.NotOnOrAfter.Equal(end), !a.Conditions.NotBefore.Equal(noon.Add(-30 * time.Second)):
		t.Errorf("it holds from %s to %s", a.Conditions.NotBefore, a.Conditions.NotOnOrAfter)
	case len(a.Conditions.Audiences) != 1, !slices.Equal(a.Conditions.Audiences[0], []string{audience}):
		t.Errorf("it is for %q", a.Conditions.Audiences)
	case a.AuthnStatements[0] != signedIn():
		t.Errorf("the person signed in as %+v", a.AuthnStatements[0])
	}
}

func TestTheInternationalSiteHasItsOwnAddresses(t *testing.T) {
	abroad := ours(t)
	abroad.International = true
	r, err := abroad.ForRole(roleSession(t), signedIn(), noon, counted())
	checkOurs(t, believed(t, written(t, r, err)), r, "urn:alibaba:cloudcomputing:international", "https://signin.alibabacloud.com/saml-role/sso")
	r, err = abroad.ForUser(samldoc.UserSignIn{UPN: parsed(t, ram.ParseUPN, "ada@acme.onaliyun.com")}, signedIn(), noon, counted())
	const entityID = "https://signin-intl.aliyun.com/1234567890123456/saml/SSO"
	checkOurs(t, believed(t, written(t, r, err)), r, entityID, "https://signin-intl.aliyun.com/saml/SSO")
}

func TestAResponseNamesOneRAMUser(t *testing.T) {
	const entityID = "https://signin.aliyun.com/1234567890123456/saml/SSO"
	u := samldoc.UserSignIn{UPN: parsed(t, ram.ParseUPN, "ada.l@acme.onaliyun.com"), InResponseTo: "a2f-1.b_c"}
	r, err := ours(t).ForUser(u, signedIn(), noon, counted())
	document := written(t, r, err)
	golden(t, "user.xml", document)
	m := believed(t, document)
	checkOurs(t, m, r, entityID, "https://signin.aliyun.com/saml/SSO")
	if m.Assertion.Subject.NameID != "ada.l@acme.onaliyun.com" || m.Response.InResponseTo != "a2f-1.b_c" || len(m.Assertion.Attributes) != 0 {
		t.Errorf("it reads %+v", m)
	}
	r, err = ours(t).ForUser(samldoc.UserSignIn{UPN: u.UPN, Bare: true}, signedIn(), noon, counted())
	if m := believed(t, written(t, r, err)); m.Assertion.Subject.NameID != "ada.l" || m.Response.InResponseTo != "" {
		t.Errorf("it reads %+v", m)
	}
}

// TestWhatIsNotKnownIsNotSaid: no end of the sign-in, no length of the session, and a
// class that is no URI; and a clock ahead of ours is not repeated.
func TestWhatIsNotKnownIsNotSaid(t *testing.T) {
	session := roleSession(t)
	session.Duration = 0
	r, err := ours(t).ForRole(session, samldoc.AuthnStatement{AuthnInstant: noon.Add(time.Minute), ContextClass: "2"}, noon, counted())
	a := believed(t, written(t, r, err)).Assertion
	want := samldoc.AuthnStatement{AuthnInstant: noon, ContextClass: "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"}
	if len(a.Attributes) != 2 || a.AuthnStatements[0] != want {
		t.Errorf("it reads %+v", a)
	}
}

// TestHostileValuesStayValues: what an identity provider or a setting brought in is
// text, or it is not passed on.
func TestHostileValuesStayValues(t *testing.T) {
	const unspecified = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"
	for class, want := range map[string]string{
		`https://a.example/?a=1&b='2'&#60;&amp;%3C]]`: "",
		`urn:x:</saml:AuthnContextClassRef>`:          unspecified, `urn:x:"`: unspecified, "urn:x:\u4e2d": unspecified, "urn:x: y": unspecified,
		"urn:x:\x00": unspecified, "urn:x:\x1b[2J": unspecified, "urn:x:\r\n": unspecified, "urn:x:\ufffe": unspecified, "urn:x:\xff": unspecified,
		"": unspecified, "0": unspecified, "//a": unspecified, "urn:" + strings.Repeat("x", 300): unspecified,
	} {
		if want == "" {
			want = class
		}
		authn := signedIn()
		authn.ContextClass = class
		r, err := ours(t).ForRole(roleSession(t), authn, noon, counted())
		m := believed(t, written(t, r, err))
		if got := m.Assertion.AuthnStatements[0].ContextClass; got != want {
			t.Errorf("%q became %q", class, got)
		}
	}
	hostile := ours(t)
	hostile.Origin = `https://sso.example/<&"'>]]>`
	r, err := hostile.ForRole(roleSession(t), signedIn(), noon, counted())
	if m := believed(t, written(t, r, err)); m.Assertion.Issuer.Value != hostile.EntityID() {
		t.Errorf("it is from %q", m.Assertion.Issuer.Value)
	}
}

func TestAResponseThatIsWrongIsNotMade(t *testing.T) {
	other := parsed(t, ram.ParseAccountID, "6543210987654321")
	for name, spoil := range map[string]func(*samldoc.OurIdP, *samldoc.RoleSession, *samldoc.AuthnStatement){
		"no account": func(p *samldoc.OurIdP, _ *samldoc.RoleSession, _ *samldoc.AuthnStatement) {
			p.Account = ram.AccountID{}
		},
		"no origin":       func(p *samldoc.OurIdP, _ *samldoc.RoleSession, _ *samldoc.AuthnStatement) { p.Origin = "" },
		"half an origin":  func(p *samldoc.OurIdP, _ *samldoc.RoleSession, _ *samldoc.AuthnStatement) { p.Origin = "sso.example" },
		"a longer origin": func(p *samldoc.OurIdP, _ *samldoc.RoleSession, _ *samldoc.AuthnStatement) { p.Origin += "/" },
		"control in it":   func(p *samldoc.OurIdP, _ *samldoc.RoleSession, _ *samldoc.AuthnStatement) { p.Origin += "\x01" },
		"another account": func(p *samldoc.OurIdP, _ *samldoc.RoleSession, _ *samldoc.AuthnStatement) { p.Account = other },
		"no role":         func(_ *samldoc.OurIdP, s *samldoc.RoleSession, _ *samldoc.AuthnStatement) { s.Role = ram.RoleARN{} },
		"no provider": func(_ *samldoc.OurIdP, s *samldoc.RoleSession, _ *samldoc.AuthnStatement) {
			s.Provider = ram.SAMLProviderARN{}
		},
		"its provider": func(_ *samldoc.OurIdP, s *samldoc.RoleSession, _ *samldoc.AuthnStatement) {
			s.Provider = providerOf(t, other)
		},
		"no name":         func(_ *samldoc.OurIdP, s *samldoc.RoleSession, _ *samldoc.AuthnStatement) { s.Name = "" },
		"a name of XML":   func(_ *samldoc.OurIdP, s *samldoc.RoleSession, _ *samldoc.AuthnStatement) { s.Name = `a"<&` },
		"control in name": func(_ *samldoc.OurIdP, s *samldoc.RoleSession, _ *samldoc.AuthnStatement) { s.Name = "ada\x07" },
		"65 characters": func(_ *samldoc.OurIdP, s *samldoc.RoleSession, _ *samldoc.AuthnStatement) {
			s.Name = strings.Repeat("a", 65)
		},
		"a minute": func(_ *samldoc.OurIdP, s *samldoc.RoleSession, _ *samldoc.AuthnStatement) { s.Duration = time.Minute },
		"13 hours": func(_ *samldoc.OurIdP, s *samldoc.RoleSession, _ *samldoc.AuthnStatement) {
			s.Duration = 13 * time.Hour
		},
		"backwards": func(_ *samldoc.OurIdP, s *samldoc.RoleSession, _ *samldoc.AuthnStatement) { s.Duration = -time.Hour },
		"nobody signed in": func(_ *samldoc.OurIdP, _ *samldoc.RoleSession, a *samldoc.AuthnStatement) {
			a.AuthnInstant = time.Time{}
		},
	} {
		p, s, a := ours(t), roleSession(t), signedIn()
		spoil(&p, &s, &a)
		if r, err := p.ForRole(s, a, noon, rand.Reader); err == nil || r.ACSURL() != "" {
			t.Errorf("%s: it is made", name)
		}
	}
	ended := signedIn()
	ended.SessionNotOnOrAfter = noon
	if _, err := ours(t).ForRole(roleSession(t), ended, noon, rand.Reader); reason.Of(err) != reason.Expired {
		t.Errorf("of a sign-in that ended: %v", err)
	}
	if _, err := ours(t).ForRole(roleSession(t), signedIn(), noon, io.LimitReader(rand.Reader, 31)); err == nil {
		t.Error("it is made without randomness")
	}
	if _, err := ours(t).ForUser(samldoc.UserSignIn{}, signedIn(), noon, rand.Reader); err == nil {
		t.Error("it is made for nobody")
	}
	for _, id := range []string{"1a", "a b", `a"b`, "a:b", "a\x00", "é", strings.Repeat("a", 257)} {
		u := samldoc.UserSignIn{UPN: parsed(t, ram.ParseUPN, "ada@acme.com"), InResponseTo: id}
		if _, err := ours(t).ForUser(u, signedIn(), noon, rand.Reader); err == nil {
			t.Errorf("it answers %q", id)
		}
	}
}

func providerOf(t *testing.T, account ram.AccountID) ram.SAMLProviderARN {
	t.Helper()
	return parsed(t, ram.ParseSAMLProviderARN, fmt.Sprintf("acs:ram::%s:saml-provider/fc-sso", account))
}

func TestAResponseIsSignedByTheKeyThatItShows(t *testing.T) {
	key, certificate := keyPair(t)
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	r, err := ours(t).ForRole(roleSession(t), signedIn(), noon, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() (ram.Secret, error){
		"another's key":    func() (ram.Secret, error) { return r.Encode(stranger, certificate) },
		"an ECDSA key":     func() (ram.Secret, error) { return r.Encode(elliptical, certificate) },
		"no key":           func() (ram.Secret, error) { return r.Encode(nil, certificate) },
		"no certificate":   func() (ram.Secret, error) { return r.Encode(key, nil) },
		"a zero response":  func() (ram.Secret, error) { return samldoc.CloudResponse{}.Encode(key, certificate) },
		"a key that fails": func() (ram.Secret, error) { return r.Encode(failing{key}, certificate) },
	} {
		if got, err := try(); err == nil || got != "" {
			t.Errorf("%s signs", name)
		}
	}
	encoded, err := r.Encode(distant{key}, certificate) // as KMS does
	if err != nil {
		t.Fatal(err)
	}
	believed(t, decode(t, encoded.Reveal()))
	if strings.Contains(fmt.Sprintf("%v %+v %s", encoded, encoded, encoded), encoded.Reveal()) {
		t.Error("it prints")
	}
}

// distant is a key of which we have no more than a signer.
type distant struct{ crypto.Signer }

type failing struct{ crypto.Signer }

func (failing) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, io.ErrUnexpectedEOF
}

func TestNoTwoResponsesAreTheSame(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		r, err := ours(t).ForRole(roleSession(t), signedIn(), noon, rand.Reader)
		m := believed(t, written(t, r, err))
		for _, id := range []string{m.Response.ID, m.Assertion.ID} {
			if seen[id] || len(id) != 33 {
				t.Errorf("the ID %s is there twice, or too short", id)
			}
			seen[id] = true
		}
	}
}

func TestAResponseThatWasChangedIsNotBelieved(t *testing.T) {
	r, err := ours(t).ForRole(roleSession(t), signedIn(), noon, counted())
	document := written(t, r, err)
	_, certificate := keyPair(t)
	for before, after := range map[string]string{"role/admin": "role/owner", "ada@acme.com": "eve@acme.com", ">7200<": ">9999<", "12:02:00": "12:59:00"} {
		changed := bytes.ReplaceAll(document, []byte(before), []byte(after))
		read, err := samldoc.Parse(changed)
		if err != nil || bytes.Equal(changed, document) {
			t.Fatal(before, err)
		}
		if _, err := read.Verify([]*x509.Certificate{certificate}, samldoc.Policy{}); reason.Of(err) != reason.SignatureInvalid {
			t.Errorf("with %s: %v", after, err)
		}
	}
}

func TestWeAreIntroducedAsOurResponsesSay(t *testing.T) {
	_, certificate := keyPair(t)
	document, err := ours(t).Introduction([]*x509.Certificate{certificate}).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	got, err := samldoc.ParseMetadata(document, samldoc.Wanted{})
	if err != nil {
		t.Fatal(err)
	}
	sso := got.SSO
	if got.EntityID != ours(t).EntityID() || len(sso) != 2 || sso[0].Location != "https://sso.example/idp/1234567890123456/sso" || sso[1].Location != sso[0].Location ||
		!slices.Equal(got.Certificates, []string{base64.StdEncoding.EncodeToString(certificate.Raw)}) {
		t.Errorf("we read %+v", got)
	}
}
