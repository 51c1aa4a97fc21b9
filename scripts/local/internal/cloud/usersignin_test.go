package cloud_test

import (
	"bytes"
	"compress/flate"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

const (
	acme       = "1234567890123456"
	userSSO    = "/saml/SSO"
	acmeEntity = "https://signin.aliyun.com/1234567890123456/saml/SSO"
	userACS    = "https://signin.aliyun.com/saml/SSO"
	postSSO    = "https://okta.example/sso/post"
	getSSO     = "https://okta.example/sso/get?app=1"
)

// userAssertion is the samlAssertion for a RAM user instead of roles.
func userAssertion(replaced ...string) []string {
	attributes := samlAssertion[strings.Index(samlAssertion, "<saml:AttributeStatement>"):strings.Index(samlAssertion, "</saml:Assertion>")]
	return slices.Concat(replaced, []string{
		`ID="a1"`, `ID="u` + rand.Text() + `"`, ">ada<", ">ada@acme-prod.onaliyun.com<",
		chinaACS, acmeEntity, "urn:alibaba:cloudcomputing", acmeEntity, attributes, "",
	})
}

// where says in metadata where people sign in.
func (i samlIssuer) where(bindings ...string) string {
	var services strings.Builder
	for _, b := range bindings {
		location := postSSO
		if b == "HTTP-Redirect" {
			location = getSSO
		}
		services.WriteString(`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:` + b + `" Location="` + location + `"/>`)
	}
	return base64Of([]byte(strings.Replace(string(i.metadata(i.cert)), "</md:IDPSSODescriptor>", services.String()+"</md:IDPSSODescriptor>", 1)))
}

// organization is a world whose account acme signs its RAM users in by okta.
func organization(t *testing.T, settings ...string) (*world, samlIssuer) {
	t.Helper()
	w := newWorld(t)
	i := newSAMLIssuer(t)
	w.configure(i.where("HTTP-POST", "HTTP-Redirect"), settings...)
	w.must(w.AddUser(acme, "ada"))
	return w, i
}

func (w *world) configure(document string, settings ...string) {
	w.t.Helper()
	params := append([]string{"MetadataDocument", document, "SsoEnabled", "true"}, settings...)
	w.ims(w.keeper(acme), "SetUserSsoSettings", params...).want(w.t, "settings", http.StatusOK, "")
	w.must(w.AddAccount(acme, "acme-prod")) // a keeper's account has no alias
}

func TestAResponseSignsARAMUserIn(t *testing.T) {
	w, i := organization(t)
	page := w.entered(t, w.post(userSSO, saml(i.response(userAssertion()...), product)), "oss.console.aliyun.com/bucket")
	for _, want := range []string{"acme-prod", `<dd id="user">ada@acme-prod.onaliyun.com</dd>`, "6 h 0 min left", "acs:ram::1234567890123456:user/ada"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	byACS := sent(t, i.response(userAssertion(chinaACS, userACS)...), userACS)
	w.entered(t, w.post("/1234567890123456/saml/SSO", saml(byACS, "https://evil.example/")), "home.console.aliyun.com/")
	w.SetInternational(acme)
	const abroad = "https://signin-intl.aliyun.com/1234567890123456/saml/SSO"
	w.entered(t, w.post(userSSO, saml(i.response(userAssertion(chinaACS, abroad, "urn:alibaba:cloudcomputing", abroad)...))), "home.console.alibabacloud.com/")
}

func TestANameIDMeansARAMUserByTheAccountsSuffixes(t *testing.T) {
	const nobody = "The user does not exist"
	for name, c := range map[string]struct {
		nameID   string
		settings []string
		alias    string
		why      string // "": signed in
	}{
		"default domain":             {"ada@acme-prod.onaliyun.com", nil, "", ""},
		"default domain, with alias": {"ada@acme-prod.onaliyun.com", nil, "acme.com", ""},
		"domain alias":               {"ada@acme.com", nil, "acme.com", ""},
		"auxiliary domain":           {"ada@aux.example", []string{"AuxiliaryDomain", "aux.example"}, "", ""},
		"auxiliary, where an alias is": {
			"ada@aux.example",
			[]string{"AuxiliaryDomain", "aux.example"},
			"acme.com",
			`does not end in one of ["acme-prod.onaliyun.com" "acme.com"]`,
		},
		"without, switched off":    {"ada", []string{"SsoLoginWithDomain", "false"}, "", ""},
		"with, switched off":       {"ada@acme-prod.onaliyun.com", []string{"SsoLoginWithDomain", "false"}, "", "is with a domain, and SsoLoginWithDomain is off"},
		"without, switched on":     {"ada", nil, "", "is without a domain, and SsoLoginWithDomain is on"},
		"another domain":           {"ada@acme.com", nil, "", "does not end in one of"},
		"another account's domain": {"ada@fc-sso.onaliyun.com", nil, "", "does not end in one of"},
		"the ID's domain":          {"ada@1234567890123456.onaliyun.com", nil, "", "does not end in one of"},
		"two domains":              {"ada@acme.com@acme-prod.onaliyun.com", nil, "acme.com", "does not end in one of"},
		"nobody":                   {"eve@acme-prod.onaliyun.com", nil, "", `has no RAM user "eve"`},
		"another case":             {"Ada@acme-prod.onaliyun.com", nil, "", `has no RAM user "Ada"`},
		"a look-alike":             {"аda@acme-prod.onaliyun.com", nil, "", "has no RAM user"},
	} {
		t.Run(name, func(t *testing.T) {
			w, i := organization(t, c.settings...)
			if c.alias != "" {
				w.must(w.SetDomainAlias(acme, c.alias))
			}
			got := w.post(userSSO, saml(i.response(userAssertion(">ada<", ">"+c.nameID+"<")...)))
			if c.why == "" {
				w.entered(t, got, "home.console.aliyun.com/")
			} else {
				deny(t, got, http.StatusForbidden, nobody, c.why)
			}
		})
	}
}

func TestEachRefusalOfAUserSignInSaysItsCause(t *testing.T) {
	w, i := organization(t)
	other := newSAMLIssuer(t)
	w.must(w.AddAccount(otherAccount, ""))
	w.AddUserSSO(otherAccount, true) // without metadata
	user := func(replaced ...string) string { return i.response(userAssertion(replaced...)...) }
	of := func(account string) []string {
		return []string{"urn:alibaba:cloudcomputing", strings.Replace(acmeEntity, acme, account, 1)}
	}
	const invalid, expired = "The SAML Assertion is invalid.", "The SAML Assertion is expired."
	for _, c := range []struct {
		name, response string
		status         int
		says, why      string
	}{
		{"too short", "abc", 400, "The parameter SAMLResponse is wrongly formed.", ""},
		{"no response", base64Of([]byte("<a/>")), 401, invalid, "it is not a Response"},
		{"another's key", other.response(userAssertion()...), 401, invalid, "its signature is of no uploaded certificate"},
		{"another issuer", user("https://okta.example/e", "https://okta.example/f"), 401, invalid, `issuer "https://okta.example/f"`},
		{"for roles", user("urn:alibaba:cloudcomputing", "urn:alibaba:cloudcomputing"), 401, invalid, "its audiences name accounts []"},
		{"the address as audience", user("urn:alibaba:cloudcomputing", userACS), 401, invalid, "its audiences name accounts []"},
		{"two accounts", user("</saml:Audience>", "</saml:Audience><saml:Audience>https://signin.aliyun.com/2345678901234567/saml/SSO</saml:Audience>"), 401, invalid, `its audiences name accounts ["1234567890123456" "2345678901234567"]`},
		{"the other site", user("urn:alibaba:cloudcomputing", "https://signin-intl.aliyun.com/1234567890123456/saml/SSO"), 401, invalid, `and this is "` + acmeEntity + `"`},
		{"unknown account", user(of("99999999")...), 404, "The account does not exist", `"99999999"`},
		{"an account without metadata", user(of(otherAccount)...), 401, "The IdP Metadata of your SAML Provider is invalid.", "account " + otherAccount},
		{"an account without SSO", user(of(bundle)...), 403, "User-based SSO is not enabled", "account " + bundle},
		{"no recipient", user(`Recipient="`+chinaACS+`"`, ""), 401, invalid, `recipient ""`},
		{"another recipient", user(chinaACS, "http://localhost:9/saml/SSO"), 401, invalid, `recipient "http://localhost:9/saml/SSO"`},
		{"role sign-in as recipient", user(chinaACS, chinaACS), 401, invalid, `recipient "` + chinaACS + `"`},
		{"sent elsewhere", sent(t, user(), chinaACS), 401, invalid, `destination "` + chinaACS + `"`},
		{"not yet", user(`NotBefore="2026-11-23T17:59:00Z"`, `NotBefore="2026-11-23T18:00:01Z"`), 401, invalid, "it holds from"},
		{"the confirmation's end", user("18:05:00Z", "18:00:00Z"), 401, expired, "its confirmation ended"},
		{"the conditions' end", user("18:06:00Z", "18:00:00Z"), 401, expired, "its conditions ended"},
		{"an answer to nothing", user("<saml:SubjectConfirmationData", `<saml:SubjectConfirmationData InResponseTo="a7"`), 401, invalid, `it answers "a7", which account ` + acme + ` does not ask now`},
	} {
		t.Run(c.name, func(t *testing.T) { deny(t, w.post(userSSO, saml(c.response)), c.status, c.says, c.why) })
	}
	deny(t, w.post("/"+otherAccount+userSSO, saml(user())), http.StatusUnauthorized, invalid, "one is wanted that the address names or none")
	used := user()
	w.entered(t, w.post(userSSO, saml(used)), "home.console.aliyun.com/")
	deny(t, w.post(userSSO, saml(used)), http.StatusUnauthorized, invalid, "it was used already")
}

// request is what an identity provider is asked.
func (w *world) request(t *testing.T, text []byte) *etree.Element {
	t.Helper()
	document := etree.NewDocument()
	w.must(document.ReadFromBytes(text))
	return document.Root()
}

// byGet starts a sign-in and gives the request.
func (w *world) byGet(t *testing.T, more string) (*etree.Element, *url.URL) {
	t.Helper()
	got := w.get("/saml/logon?tenantID=" + acme + more)
	to, err := url.Parse(got.Header().Get("Location"))
	if err != nil || got.Code != http.StatusFound {
		t.Fatalf("%d %v %s", got.Code, err, got.Body)
	}
	packed, err := base64.StdEncoding.DecodeString(to.Query().Get("SAMLRequest"))
	w.must(err)
	text, err := io.ReadAll(flate.NewReader(bytes.NewReader(packed)))
	w.must(err)
	return w.request(t, text), to
}

func TestARAMUserStartsAtAlibabaCloud(t *testing.T) {
	w, i := organization(t)
	front := w.get("/acme-prod.onaliyun.com/login.htm?service=" + url.QueryEscape(product)).Body.String()
	for _, want := range []string{"Logon with Organization Account", `action="/saml/logon"`, `name="tenantID" value="` + acme + `"`, `name="service" value="` + product + `"`} {
		if !strings.Contains(front, want) {
			t.Errorf("the page lacks %q:\n%s", want, front)
		}
	}
	request, to := w.byGet(t, "&service="+url.QueryEscape(product))
	if q := to.Query(); to.Host+to.Path != "okta.example/sso/get" || q.Get("app") != "1" || q.Get("RelayState") != product || q.Has("Signature") || q.Has("SigAlg") {
		t.Errorf("sent to %s", to)
	}
	for name, want := range map[string]string{
		"AssertionConsumerServiceURL": userACS, "Destination": getSSO, "ForceAuthn": "false", "IsPassive": "false", "Version": "2.0",
		"IssueInstant": "2026-11-23T18:00:00.000Z", "ProtocolBinding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
	} {
		if got := request.SelectAttrValue(name, ""); got != want {
			t.Errorf("%s=%q, want %q", name, got, want)
		}
	}
	if request.SelectElement("Issuer").Text() != acmeEntity || request.SelectElement("Signature") != nil {
		t.Error("issuer or signature")
	}
	id := request.SelectAttrValue("ID", "")
	answering := func(id string) string {
		return i.response(userAssertion("<saml:SubjectConfirmationData", `<saml:SubjectConfirmationData InResponseTo="`+id+`"`)...)
	}
	claiming := func(response, id string) string {
		return sent(t, response, userACS+`" InResponseTo="`+id)
	}
	deny(t, w.post(userSSO, saml(claiming(answering(id), "a7"))), http.StatusUnauthorized, `the response answers "a7"`)
	deny(t, w.post(userSSO, saml(claiming(i.response(userAssertion()...), id))), http.StatusUnauthorized, `the response answers "`+id+`"`)
	w.entered(t, w.post(userSSO, saml(claiming(answering(id), id), product)), "oss.console.aliyun.com/bucket")
	deny(t, w.post(userSSO, saml(answering(id))), http.StatusUnauthorized, `it answers "`+id+`"`)

	late, to := w.byGet(t, "&service=https://evil.example/")
	if to.Query().Has("RelayState") {
		t.Errorf("sent to %s", to)
	}
	w.now = w.now.Add(10 * time.Minute)
	long := []string{"18:05:00Z", "18:30:00Z", "18:06:00Z", "18:30:00Z"}
	deny(t, w.post(userSSO, saml(i.response(userAssertion(append(long, "<saml:SubjectConfirmationData", `<saml:SubjectConfirmationData InResponseTo="`+late.SelectAttrValue("ID", "")+`"`)...)...))), http.StatusUnauthorized, "does not ask now")
}

func TestARequestIsPostedWhereThereIsNoOtherWay(t *testing.T) {
	for algorithm, method := range map[string]string{"rsa-sha1": "http://www.w3.org/2000/09/xmldsig#rsa-sha1", "rsa-sha256": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"} {
		t.Run(algorithm, func(t *testing.T) {
			w, i := organization(t)
			w.configure(i.where("HTTP-POST"), "AuthnSignAlgo", algorithm)
			page := html.UnescapeString(w.get("/saml/logon?tenantID=" + acme + "&service=" + url.QueryEscape(product)).Body.String())
			found := regexp.MustCompile(`name="SAMLRequest" value="([^"]+)"`).FindStringSubmatch(page)
			if found == nil || !strings.Contains(page, `action="`+postSSO+`"`) || !strings.Contains(page, `name="RelayState" value="`+product+`"`) {
				t.Fatal(page)
			}
			text, err := base64.StdEncoding.DecodeString(found[1])
			w.must(err)
			request := w.request(t, text)
			certificate := w.request(t, w.get("/saml/SpMetadata.xml?tenantID="+acme).Body.Bytes()).FindElement("./SPSSODescriptor/KeyDescriptor[@use='signing']//X509Certificate").Text()
			validation := dsig.NewDefaultValidationContext(&dsig.MemoryX509CertificateStore{Roots: certificates(t, certificate)})
			validation.Clock = dsig.NewFakeClockAt(w.now)
			signed, err := validation.Validate(request)
			if err != nil || signed.SelectElement("Issuer").Text() != acmeEntity || signed.SelectAttrValue("Destination", "") != postSSO {
				t.Errorf("%v\n%s", err, text)
			}
			if second := request.ChildElements()[1]; second.Tag != "Signature" || second.FindElement("./SignedInfo/SignatureMethod").SelectAttrValue("Algorithm", "") != method {
				t.Errorf("%s", text)
			}
		})
	}
}

func TestAnAccountIsAServiceProvider(t *testing.T) {
	w, _ := organization(t)
	at := func() *etree.Element { return w.request(t, w.get("/saml/SpMetadata.xml?tenantID="+acme).Body.Bytes()) }
	root := at()
	descriptor := root.FindElement("./SPSSODescriptor[@WantAssertionsSigned='true']")
	var formats []string
	for _, e := range descriptor.FindElements("./NameIDFormat") {
		formats = append(formats, e.Text()[strings.LastIndex(e.Text(), ":")+1:])
	}
	acs := descriptor.FindElement("./AssertionConsumerService[@index='0']")
	if root.SelectAttrValue("entityID", "") != acmeEntity || acs.SelectAttrValue("Location", "") != userACS || strings.Join(formats, " ") != "emailAddress transient persistent unspecified" {
		t.Errorf("%s %v %v", root.SelectAttrValue("entityID", ""), acs.Attr, formats)
	}
	w.SetInternational(acme)
	if got := at().SelectAttrValue("entityID", ""); got != "https://signin-intl.aliyun.com/1234567890123456/saml/SSO" {
		t.Error(got)
	}
	deny(t, w.get("/saml/SpMetadata.xml?tenantID=99999999"), http.StatusNotFound)
}

func TestWhereNobodyCanStart(t *testing.T) {
	w, i := organization(t)
	deny(t, w.get("/nobody.onaliyun.com/login.htm"), http.StatusNotFound)
	deny(t, w.get("/fc-sso.onaliyun.com/login.htm"), http.StatusForbidden, "User-based SSO is not enabled")
	deny(t, w.get("/saml/logon?tenantID=99999999"), http.StatusNotFound, "The account does not exist")
	deny(t, w.get("/saml/logon?tenantID="+bundle), http.StatusForbidden, "User-based SSO is not enabled")
	w.configure(i.where("HTTP-Artifact"))
	deny(t, w.get("/saml/logon?tenantID="+acme), http.StatusUnauthorized, "The IdP Metadata of your SAML Provider is invalid.", "no SingleSignOnService by redirect or post")
	w.configure("")
	deny(t, w.get("/saml/logon?tenantID="+acme), http.StatusUnauthorized, "The IdP Metadata of your SAML Provider is invalid.", "has none for user-based SSO")
}

func TestARAMUserHasANameAndAnAccount(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"", "ada@acme.com", "a/b", "艾达", strings.Repeat("a", 65)} {
		if w.AddUser(acme, name) == nil {
			t.Errorf("%q is taken", name)
		}
	}
	if w.AddUser("99999999", "ada") == nil || w.SetDomainAlias(acme, "no domain") == nil {
		t.Error("an unknown account, or no domain, is taken")
	}
}

// certificates reads what metadata says.
func certificates(t *testing.T, text string) []*x509.Certificate {
	t.Helper()
	der, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return []*x509.Certificate{certificate}
}
