package idp_test

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fc-sso/fc-sso/scripts/local/internal/idp"
)

// verified checks the answer's signatures with the certificate of the metadata,
// and returns the assertion that they cover.
func (s *site) verified(answer page, responseSigned bool) *etree.Element {
	s.t.Helper()
	text, err := base64.StdEncoding.DecodeString(answer.field("SAMLResponse"))
	s.sp.must(err)
	document := etree.NewDocument()
	s.sp.must(document.ReadFromBytes(text))
	verifier := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: certificates(s)})
	verifier.Clock = dsig.NewFakeClockAt(s.now)
	_, err = verifier.Validate(document.Root())
	if (err == nil) != responseSigned {
		s.t.Fatalf("response signed: %v, want %v\n%s", err, responseSigned, text)
	}
	assertion := document.Root().FindElement("./Assertion")
	if assertion == nil {
		s.t.Fatalf("no assertion in %s", text)
	}
	covered, err := verifier.Validate(assertion)
	if err != nil {
		s.t.Fatalf("assertion: %v\n%s", err, text)
	}
	for _, wanted := range []string{"rsa-sha256", "xml-exc-c14n#"} {
		if !strings.Contains(string(text), wanted) {
			s.t.Errorf("not %s", wanted)
		}
	}
	return covered
}

func attributes(assertion *etree.Element) map[string][]string {
	found := map[string][]string{}
	for _, a := range assertion.FindElements("./AttributeStatement/Attribute") {
		for _, v := range a.FindElements("./AttributeValue") {
			name := a.SelectAttrValue("Name", "")
			found[name] = append(found[name], v.Text())
		}
	}
	return found
}

func valueAt(assertion *etree.Element, path, attribute string) string {
	e := assertion.FindElement(path)
	if e == nil {
		return "(no " + path + ")"
	}
	if attribute == "" {
		return e.Text()
	}
	return e.SelectAttrValue(attribute, "")
}

func TestAcmeAnswersASignedRequest(t *testing.T) {
	for name, send := range map[string]func(*site) page{
		"redirect": func(s *site) page { return s.get("/sso?" + s.sp.redirect(s.sp.request(s.IdP, nil), "state+1&2")) },
		"post": func(s *site) page {
			return s.submit("/sso", url.Values{"SAMLRequest": {s.sp.posted(s.sp.request(s.IdP, nil))}, "RelayState": {"state+1&2"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, idp.Acme)
			form := send(s)
			if form.status != http.StatusOK || !strings.Contains(form.text, `type="password"`) {
				t.Fatalf("no form: %d %s", form.status, form.text)
			}
			answer := s.password(form, "alice", "alice-demo")
			if !strings.Contains(answer.text, `action="`+s.sp.url+`/saml/acme/acs"`) || answer.field("RelayState") != "state+1&2" {
				t.Fatalf("no answer: %d %s", answer.status, answer.text)
			}
			a := s.verified(answer, true)
			end := s.now.Add(5 * time.Minute).Format("2006-01-02T15:04:05.000Z")
			for path, want := range map[string][2]string{
				"./Issuer":                      {"", s.EntityID()},
				"./Subject/NameID":              {"", "alice@acme.example"},
				"./Subject/SubjectConfirmation": {"Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer"},
				"./Subject/SubjectConfirmation/SubjectConfirmationData":    {"InResponseTo", "_request-1"},
				"./Subject//SubjectConfirmationData":                       {"Recipient", s.sp.url + "/saml/acme/acs"},
				"./Conditions":                                             {"NotOnOrAfter", end},
				"./Conditions/AudienceRestriction/Audience":                {"", s.sp.url + "/saml/acme/metadata"},
				"./AuthnStatement/AuthnContext/AuthnContextClassRef":       {"", "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"},
				"./AuthnStatement":                                         {"AuthnInstant", s.now.Format("2006-01-02T15:04:05.000Z")},
				"./Subject/NameID[@Format]":                                {"Format", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"},
				"./Subject/SubjectConfirmation/SubjectConfirmationData[1]": {"NotOnOrAfter", end},
			} {
				if got := valueAt(a, path, want[0]); got != want[1] {
					t.Errorf("%s %s: %q, want %q", path, want[0], got, want[1])
				}
			}
			if got := attributes(a); strings.Join(got["memberOf"], " ") != "platform sre staff" || got["mail"][0] != "alice@acme.example" {
				t.Errorf("attributes: %v", got)
			}
		})
	}
}

func TestFabrikamStartsByItselfAndNamesRoles(t *testing.T) {
	s := newSite(t, idp.Fabrikam)
	answer := s.password(s.get("/start?RelayState=x"), "frank", "frank-demo")
	a := s.verified(answer, false)
	if got := valueAt(a, "./Subject//SubjectConfirmationData", "InResponseTo"); got != "" {
		t.Errorf("an answer to nobody answers %q", got)
	}
	if got := valueAt(a, "./Subject/NameID", "Format"); got != "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent" {
		t.Error(got)
	}
	want := "acs:ram::2345678901234567:role/dev-support,acs:ram::2345678901234567:saml-provider/fabrikam"
	if got := attributes(a)["https://www.aliyun.com/SAML-Role/Attributes/Role"]; len(got) != 2 || got[0] != want {
		t.Errorf("roles: %v", got)
	}
	if a.Space != "" || answer.field("RelayState") != "x" {
		t.Errorf("not the partner's dialect: %q", a.Space)
	}
}

func TestChineseNamesArriveWhole(t *testing.T) {
	s := newSite(t, idp.Acme)
	a := s.verified(s.password(s.get("/sso?"+s.sp.redirect(s.sp.request(s.IdP, nil), "")), "WangFang", "wangfang-demo"), true)
	if got := attributes(a)["displayName"]; len(got) != 1 || got[0] != "王芳" {
		t.Error(got)
	}
}

func TestAcmeDoesNotStartByItself(t *testing.T) {
	s := newSite(t, idp.Acme)
	if got := s.get("/start"); got.status != http.StatusForbidden {
		t.Error(got.status)
	}
	if home := s.get("/"); !strings.Contains(home.text, `href="`+s.sp.url+`/saml/acme/login"`) {
		t.Error("the tile does not lead to the service")
	}
}

func TestAWrongPasswordShowsTheFormAgain(t *testing.T) {
	s := newSite(t, idp.Acme)
	form := s.get("/sso?" + s.sp.redirect(s.sp.request(s.IdP, nil), ""))
	for _, who := range [][2]string{{"alice", "bob-demo"}, {"alice", ""}, {"nobody", "alice-demo"}, {"", ""}} {
		again := s.password(form, who[0], who[1])
		if again.status != http.StatusUnauthorized || !strings.Contains(again.text, "User name or password is wrong") || again.field("SAMLResponse") != "" {
			t.Errorf("%v: %d %s", who, again.status, again.text)
		}
		form = again
	}
	if s.password(form, "alice", "alice-demo").field("SAMLResponse") == "" {
		t.Error("the right password after wrong ones does not sign in")
	}
}

func TestTheSecondTimeTakesNoPassword(t *testing.T) {
	s := newSite(t, idp.Acme)
	s.password(s.get("/sso?"+s.sp.redirect(s.sp.request(s.IdP, nil), "")), "alice", "alice-demo")
	s.now = s.now.Add(time.Minute)
	second := s.get("/sso?" + s.sp.redirect(s.sp.request(s.IdP, nil), ""))
	a := s.verified(second, true)
	if valueAt(a, "./AuthnStatement", "AuthnInstant") == s.now.Format("2006-01-02T15:04:05.000Z") {
		t.Error("an old sign-in is told as new")
	}
	forced := s.get("/sso?" + s.sp.redirect(s.sp.request(s.IdP, func(e *etree.Element) { e.CreateAttr("ForceAuthn", "true") }), ""))
	if forced.field("SAMLResponse") != "" || !strings.Contains(forced.text, "password again") {
		t.Fatalf("ForceAuthn was not honoured: %s", forced.text)
	}
	a = s.verified(s.password(forced, "alice", "alice-demo"), true)
	if valueAt(a, "./AuthnStatement", "AuthnInstant") != s.now.Format("2006-01-02T15:04:05.000Z") {
		t.Error("a new sign-in is told as old")
	}
	s.submit("/signout", nil)
	if s.get("/sso?"+s.sp.redirect(s.sp.request(s.IdP, nil), "")).field("SAMLResponse") != "" {
		t.Error("signed out, and answered")
	}
}

const (
	byPassword = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
	byPhone    = "urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract"
)

// asking is a request for one of these classes of sign-in.
func (s *site) asking(forced bool, classes ...string) page {
	return s.get("/sso?" + s.sp.redirect(s.sp.request(s.IdP, func(e *etree.Element) {
		if forced {
			e.CreateAttr("ForceAuthn", "true")
		}
		requested := e.CreateElement("samlp:RequestedAuthnContext")
		for _, class := range classes {
			requested.CreateElement("saml:AuthnContextClassRef").SetText(class)
		}
	}), ""))
}

func (s *site) code(form page) page {
	phone := regexp.MustCompile(`<code id="phone">(\d{6})</code>`).FindStringSubmatch(form.text)
	if phone == nil {
		s.t.Fatalf("no code is shown: %d %s", form.status, form.text)
	}
	return s.submit("/factor", url.Values{"request": {form.field("request")}, "code": {phone[1]}})
}

func class(assertion *etree.Element) string {
	return assertion.FindElement("./AuthnStatement/AuthnContext/AuthnContextClassRef").Text()
}

func TestAClassThatIsAskedForIsGivenOrDeclined(t *testing.T) {
	for name, options := range map[string]func(baseURL, bundleURL, dataDir string) idp.Options{"acme": idp.Acme, "fabrikam": idp.Fabrikam} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, options)
			user := s.Users()[0]
			form := s.password(s.asking(false, "urn:x:unknown", byPhone), user.Username, user.Password)
			wrong := s.submit("/factor", url.Values{"request": {form.field("request")}, "code": {"wrong"}})
			if wrong.status != http.StatusUnauthorized || wrong.field("SAMLResponse") != "" || !strings.Contains(wrong.text, "The code is wrong") {
				t.Fatalf("a wrong code: %d %s", wrong.status, wrong.text)
			}
			responseSigned := name == "acme"
			if got := class(s.verified(s.code(wrong), responseSigned)); got != byPhone {
				t.Errorf("class %s", got)
			}
			// The session has both, and is told as what is asked for.
			if got := class(s.verified(s.asking(false, byPassword), responseSigned)); got != byPassword {
				t.Errorf("class %s", got)
			}
			s.now = s.now.Add(time.Minute)
			forced := s.password(s.asking(true, byPhone), user.Username, user.Password)
			if got := s.verified(s.code(forced), responseSigned); valueAt(got, "./AuthnStatement", "AuthnInstant")[:19] != s.now.Format("2006-01-02T15:04:05") {
				t.Errorf("AuthnInstant %s at %s", valueAt(got, "./AuthnStatement", "AuthnInstant"), s.now)
			}
			declined, err := base64.StdEncoding.DecodeString(s.asking(false, "urn:x:unknown").field("SAMLResponse"))
			if err != nil || !strings.Contains(string(declined), "status:NoAuthnContext") || strings.Contains(string(declined), "Assertion ") || !strings.Contains(string(declined), "SignatureValue") {
				t.Errorf("%s, %v", declined, err)
			}
		})
	}
}

func TestARequestIsAnsweredOnce(t *testing.T) {
	s := newSite(t, idp.Acme)
	form := s.get("/sso?" + s.sp.redirect(s.sp.request(s.IdP, nil), ""))
	s.password(form, "alice", "alice-demo")
	if again := s.get("/signin?" + form.url.RawQuery); again.status != http.StatusGone {
		t.Error(again.status)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	s := newSite(t, idp.Acme)
	set := func(name, value string) func(*etree.Element) {
		return func(e *etree.Element) { e.CreateAttr(name, value) }
	}
	for name, change := range map[string]func(*etree.Element){
		"another's ACS":       set("AssertionConsumerServiceURL", "https://evil.example/acs"),
		"artifact ACS":        set("AssertionConsumerServiceURL", s.sp.url+"/artifact"),
		"another destination": set("Destination", "https://login.example/sso"),
		"no destination":      func(e *etree.Element) { e.RemoveAttr("Destination") },
		"stale":               set("IssueInstant", s.now.Add(-6*time.Minute).Format(time.RFC3339)),
		"from the future":     set("IssueInstant", s.now.Add(6*time.Minute).Format(time.RFC3339)),
		"version":             set("Version", "1.1"),
		"no ID":               set("ID", ""),
		"binding":             set("ProtocolBinding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact"),
		"passive":             set("IsPassive", "true"),
		"at least a class": func(e *etree.Element) {
			e.CreateElement("samlp:RequestedAuthnContext").CreateAttr("Comparison", "minimum")
		},
		"issuer":          func(e *etree.Element) { e.FindElement("./Issuer").SetText("https://evil.example") },
		"another message": func(e *etree.Element) { e.Tag = "LogoutRequest" },
		"too large":       set("Consent", strings.Repeat("x", 70<<10)),
	} {
		t.Run(name, func(t *testing.T) {
			if got := s.get("/sso?" + s.sp.redirect(s.sp.request(s.IdP, change), "")); got.status != http.StatusBadRequest {
				t.Errorf("redirect: %d", got.status)
			}
			if got := s.submit("/sso", url.Values{"SAMLRequest": {s.sp.posted(s.sp.request(s.IdP, change))}}); got.status != http.StatusBadRequest {
				t.Errorf("post: %d", got.status)
			}
		})
	}
}

func TestSignaturesThatAreRefused(t *testing.T) {
	s := newSite(t, idp.Acme)
	stranger := newServiceProvider(t)
	stranger.url = s.sp.url
	good := s.sp.redirect(s.sp.request(s.IdP, nil), "a")
	unsigned, _, _ := strings.Cut(good, "&SigAlg=")
	sha1 := s.sp.sign("SAMLRequest=" + s.sp.deflated(s.sp.request(s.IdP, nil)) + "&SigAlg=" + url.QueryEscape("http://www.w3.org/2000/09/xmldsig#rsa-sha1"))
	for name, query := range map[string]string{
		"unsigned":            unsigned,
		"RelayState changed":  strings.Replace(good, "RelayState=a", "RelayState=b", 1),
		"RelayState added":    s.sp.sign("SAMLRequest="+s.sp.deflated(s.sp.request(s.IdP, nil))+"&SigAlg="+url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256")) + "&RelayState=b",
		"SHA-1":               sha1,
		"two requests":        good + "&SAMLRequest=" + s.sp.deflated(s.sp.request(s.IdP, nil)),
		"a stranger's":        stranger.redirect(s.sp.request(s.IdP, nil), "a"),
		"nothing at all":      "",
		"signature no base64": strings.Replace(good, "&Signature=", "&Signature=%21", 1),
	} {
		if got := s.get("/sso?" + query); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	for name, request := range map[string]string{
		"unsigned":     base64.StdEncoding.EncodeToString(s.sp.text(s.sp.request(s.IdP, nil))),
		"a stranger's": stranger.posted(s.sp.request(s.IdP, nil)),
		"no base64":    "<xml/>",
		"DOCTYPE":      base64.StdEncoding.EncodeToString([]byte(`<!DOCTYPE a><a/>`)),
		"empty":        "",
	} {
		if got := s.submit("/sso", url.Values{"SAMLRequest": {request}}); got.status != http.StatusBadRequest {
			t.Errorf("post, %s: %d", name, got.status)
		}
	}
}

func TestTheServiceOutOfReachIsSaid(t *testing.T) {
	o := idp.Fabrikam("http://localhost:9", "http://127.0.0.1:1", t.TempDir())
	s := newSite(t, func(base, _, dir string) idp.Options {
		o.BaseURL, o.DataDir = base, dir
		return o
	})
	if got := s.get("/start"); got.status != http.StatusBadGateway || !strings.Contains(got.text, "cannot be read") {
		t.Errorf("%d %s", got.status, got.text)
	}
}

func TestMetadataReadsInAnotherLibrary(t *testing.T) {
	s := newSite(t, idp.Acme)
	var m saml.EntityDescriptor
	s.sp.must(xml.Unmarshal([]byte(s.get("/metadata").text), &m))
	d := m.IDPSSODescriptors[0]
	if m.EntityID != s.EntityID() || d.WantAuthnRequestsSigned == nil || !*d.WantAuthnRequestsSigned || len(d.SingleSignOnServices) != 2 || len(certificates(s)) != 1 {
		t.Errorf("%+v", m)
	}
}

func TestAddressesOutsideThisMachineAreRefused(t *testing.T) {
	for _, o := range []idp.Options{
		idp.Acme("https://idp.example", "http://127.0.0.1:8080", t.TempDir()),
		idp.Acme("http://localhost:9000", "https://sso.example", t.TempDir()),
		idp.Acme("http://localhost:9000", "ftp://127.0.0.1", t.TempDir()),
	} {
		if _, err := idp.New(o); err == nil || !strings.Contains(err.Error(), "not an address on this machine") {
			t.Errorf("%s %s: %v", o.BaseURL, o.SPMetadataURL, err)
		}
	}
}

func TestNamesOfOtherMachinesAreRefused(t *testing.T) {
	o := idp.Acme("http://localhost:9000", "http://127.0.0.1:8080", t.TempDir())
	for _, elsewhere := range []string{"http://login.example", "http://localhost.example:9000", "http://xlocalhost:9000"} {
		o.Elsewhere = elsewhere
		if _, err := idp.New(o); err == nil || !strings.Contains(err.Error(), "not a name of this machine") {
			t.Errorf("%s: %v", elsewhere, err)
		}
	}
}
