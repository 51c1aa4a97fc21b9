package cloud_test

import (
	"crypto/rand"
	"encoding/base64"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

const (
	roleSSO      = "/saml-role/sso"
	worldACS     = "https://signin.alibabacloud.com/saml-role/sso"
	justDev      = `<saml:AttributeValue>` + oktaProvider + `, ` + adminRole + `</saml:AttributeValue>` // to be left out
	afterSession = `<saml:AttributeValue>ada@acme.com</saml:AttributeValue></saml:Attribute>`
)

// asking is what the attribute SessionDuration says, in a response's replacements.
func asking(seconds ...string) []string {
	var values strings.Builder
	for _, s := range seconds {
		values.WriteString("<saml:AttributeValue>" + s + "</saml:AttributeValue>")
	}
	return []string{afterSession, afterSession + `<saml:Attribute Name="https://www.aliyun.com/SAML-Role/Attributes/SessionDuration">` + values.String() + `</saml:Attribute>`, justDev, ""}
}

// abroad makes a response one for the international site.
func abroad() []string {
	return []string{chinaACS, worldACS, "urn:alibaba:cloudcomputing<", "urn:alibaba:cloudcomputing:international<", justDev, ""}
}

// fresh gives a response an ID that no other has.
func fresh() []string { return []string{`ID="a1"`, `ID="a` + rand.Text() + `"`} }

func saml(response string, relayState ...string) url.Values {
	return url.Values{"SAMLResponse": {response}, "RelayState": relayState}
}

// sent gives a response the address that it says it is sent to.
func sent(t *testing.T, response, to string) string {
	t.Helper()
	text, err := base64.StdEncoding.DecodeString(response)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(text), "<samlp:Response ", `<samlp:Response Destination="`+to+`" `, 1)))
}

// entered follows a sign-in to the console's page.
func (w *world) entered(t *testing.T, got *httptest.ResponseRecorder, page string) string {
	t.Helper()
	want := "http://localhost:9/console?service=" + url.QueryEscape(page)
	if got.Code != http.StatusSeeOther || got.Header().Get("Location") != want || len(got.Result().Cookies()) != 1 {
		t.Fatalf("%d %q, want %q\n%s", got.Code, got.Header().Get("Location"), want, got.Body)
	}
	return w.get("/console?service="+url.QueryEscape(page), got.Result().Cookies()...).Body.String()
}

// deny wants a page that says why, and no session.
func deny(t *testing.T, got *httptest.ResponseRecorder, status int, texts ...string) {
	t.Helper()
	if got.Code != status || len(got.Result().Cookies()) != 0 || got.Header().Get("Location") != "" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	for _, text := range texts {
		if page := html.UnescapeString(got.Body.String()); !strings.Contains(page, text) {
			t.Errorf("the page lacks %q:\n%s", text, page)
		}
	}
}

func TestAResponseOfOneRoleOpensTheConsole(t *testing.T) {
	w := newWorld(t)
	i := newSAMLIssuer(t)
	w.upload(i)
	page := w.entered(t, w.post(roleSSO, saml(sent(t, i.response(justDev, ""), chinaACS), product)), "oss.console.aliyun.com/bucket")
	for _, want := range []string{"acme-prod", ">dev<", "ada@acme.com", "1 h 0 min left", "acs:ram::1234567890123456:assumed-role/dev/ada@acme.com"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	swapped := i.response(`ID="a1"`, `ID="a2"`, devRole+","+oktaProvider, oktaProvider+" , "+devRole, justDev, "")
	w.entered(t, w.post(roleSSO, saml(swapped)), "home.console.aliyun.com/")
	twice := i.response(`ID="a1"`, `ID="a3"`, oktaProvider+", "+adminRole, oktaProvider+","+devRole)
	w.entered(t, w.post(roleSSO, saml(twice, "https://evil.example/")), "home.console.aliyun.com/")
}

func TestEachSiteTakesItsOwnResponses(t *testing.T) {
	w := newWorld(t)
	i := newSAMLIssuer(t)
	w.must(w.AddSAMLProvider(oktaProvider, i.metadata(i.cert)))
	w.must(w.AddRole(cloud.Role{ARN: devRole, Trust: cloud.TrustingFederated(nil, cloud.Federated{Provider: oktaProvider, Equals: map[string][]string{"saml:recipient": {chinaACS, worldACS}}})}))
	at := func(host, response string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, roleSSO, strings.NewReader(saml(response).Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Host = host
		return w.signin(r)
	}
	china, world := i.response(justDev, ""), i.response(append(fresh(), abroad()...)...)
	deny(t, at("signin.alibabacloud.com", china), http.StatusUnauthorized, "The SAML Assertion is invalid.", `recipient "`+chinaACS+`" is not this site's`)
	deny(t, at("signin.aliyun.com:443", world), http.StatusUnauthorized, "The SAML Assertion is invalid.", `recipient "`+worldACS+`" is not this site's`)
	w.entered(t, at("signin.aliyun.com", china), "home.console.aliyun.com/")
	w.entered(t, at("localhost:9", world), "home.console.alibabacloud.com/")
}

func TestAConsoleSessionIsAsLongAsAskedAndTheRoleAllows(t *testing.T) {
	for name, c := range map[string]struct {
		asked     []string
		most      time.Duration
		want, why string
	}{
		"as long as the role may":         {nil, 2 * time.Hour, "2 h 0 min left", ""},
		"no longer than the account lets": {nil, 12 * time.Hour, "6 h 0 min left", ""},
		"as asked":                        {asking("900"), time.Hour, "15 min left", ""},
		"at the role's maximum":           {asking("7200"), 2 * time.Hour, "2 h 0 min left", ""},
		"too short":                       {asking("899"), time.Hour, "", "The DurationSeconds is invalid."},
		"longer than any role may":        {asking("43201"), 12 * time.Hour, "", "The DurationSeconds is invalid."},
		"longer than this role may":       {asking("3601"), time.Hour, "", "The Min/Max value of DurationSeconds is 15min/1hr."},
		"twice":                           {asking("900", "900"), time.Hour, "", "The DurationSeconds is invalid."},
		"no number":                       {asking("1h"), time.Hour, "", "The DurationSeconds is invalid."},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			i := newSAMLIssuer(t)
			w.upload(i)
			w.must(w.AddRole(cloud.Role{ARN: devRole, MaxSession: c.most, Trust: cloud.TrustingFederated(nil, cloud.Federated{Provider: oktaProvider})}))
			if c.asked == nil {
				c.asked = []string{justDev, ""}
			}
			got := w.post(roleSSO, saml(i.response(c.asked...)))
			if c.why != "" {
				deny(t, got, http.StatusBadRequest, c.why)
			} else if page := w.entered(t, got, "home.console.aliyun.com/"); !strings.Contains(page, c.want) {
				t.Errorf("want %s:\n%s", c.want, page)
			}
		})
	}
}

func TestAPersonWithSeveralRolesChoosesOne(t *testing.T) {
	w := newWorld(t)
	i := newSAMLIssuer(t)
	w.upload(i)
	const there, provider = "acs:ram::2345678901234567:role/ops", "acs:ram::2345678901234567:saml-provider/okta"
	w.must(w.AddAccount("2345678901234567", "acme-dev"))
	w.must(w.AddSAMLProvider(provider, i.metadata(i.cert)))
	w.must(w.AddRole(cloud.Role{ARN: there, Trust: cloud.TrustingFederated(nil, cloud.Federated{Provider: provider})}))
	handle := regexp.MustCompile(`name="handle" value="([^"]+)"`)
	offered := func(id string) (string, url.Values) {
		got := w.post(roleSSO, saml(i.response(`ID="a1"`, `ID="`+id+`"`, oktaProvider+", "+adminRole, there+","+provider), product))
		found := handle.FindStringSubmatch(got.Body.String())
		if got.Code != http.StatusOK || found == nil || len(got.Result().Cookies()) != 0 {
			t.Fatalf("%d %s", got.Code, got.Body)
		}
		return got.Body.String(), url.Values{"handle": found[1:], "role": {"1"}}
	}
	page, form := offered("a1")
	for _, want := range []string{"<h1>Role-based SSO</h1>", "acme-prod", "acme-dev", "> dev<", "> ops<", "<button>Sign In</button>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if in := w.entered(t, w.post("/saml-role/choice", form), "oss.console.aliyun.com/bucket"); !strings.Contains(in, ">ops<") || !strings.Contains(in, "acme-dev") {
		t.Error(in)
	}
	deny(t, w.post("/saml-role/choice", form), http.StatusForbidden, "This choice has expired.")
	_, form = offered("a2")
	form.Set("role", "2")
	deny(t, w.post("/saml-role/choice", form), http.StatusForbidden, "This choice has expired.")
	_, form = offered("a3")
	w.must(w.AddRole(cloud.Role{ARN: there, Trust: cloud.Trusting(portal)}))
	deny(t, w.post("/saml-role/choice", form), http.StatusUnauthorized, "There is no permission", there)
	_, form = offered("a4")
	w.now = w.now.Add(10 * time.Minute)
	deny(t, w.post("/saml-role/choice", form), http.StatusForbidden, "This choice has expired.")
}

func TestEachRefusalOfARoleSignInSaysItsCause(t *testing.T) {
	w := newWorld(t)
	i, other := newSAMLIssuer(t), newSAMLIssuer(t)
	w.upload(i)
	const empty = "acs:ram::1234567890123456:saml-provider/empty"
	w.must(w.AddSAMLProvider(empty, nil))
	plain := etree.NewDocument()
	w.must(plain.ReadFromString(strings.ReplaceAll(samlAssertion, justDev, "")))
	dev := func(replaced ...string) string {
		return i.response(append(replaced, append(fresh(), justDev, "")...)...)
	}
	const invalid, expired = "The SAML Assertion is invalid.", "The SAML Assertion is expired."
	for _, c := range []struct {
		name, response string
		status         int
		says, why      string
	}{
		{"none", "", 400, "The parameter SAMLResponse is wrongly formed.", ""},
		{"too long", strings.Repeat("a", 100_001), 400, "The parameter SAMLResponse is wrongly formed.", "4 to 100000 characters"},
		{"no base64", "====", 401, invalid, "it is not in Base64"},
		{"no XML", base64.StdEncoding.EncodeToString([]byte("hello")), 401, invalid, "it is not a Response"},
		{"no success", base64.StdEncoding.EncodeToString([]byte(`<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol"/>`)), 401, invalid, "its status is not success"},
		{"two assertions", i.envelope(i.signed(), i.signed(`ID="a1"`, `ID="a2"`)), 401, invalid, "it has not exactly one assertion"},
		{"unsigned", i.envelope(plain.Root()), 401, invalid, "the assertion is not signed"},
		{"another's key", other.response(justDev, ""), 401, invalid, "its signature is of no uploaded certificate"},
		{"without ID", dev(`ID="a1" `, ""), 401, invalid, "ID"},
		{"another issuer", dev("<saml:Issuer>https://okta.example/e", "<saml:Issuer>https://okta.example/f"), 401, invalid, `issuer "https://okta.example/f", and the metadata is of "https://okta.example/e"`},
		{"no sign-in", dev(`<saml:AuthnStatement AuthnInstant="2026-11-23T18:00:00Z"/>`, ""), 401, invalid, "it has no AuthnStatement"},
		{"two NameIDs", dev("</saml:NameID>", "</saml:NameID><saml:NameID>eve</saml:NameID>"), 401, invalid, "not exactly one NameID"},
		{"two confirmations' data", dev("<saml:SubjectConfirmationData", `<saml:SubjectConfirmationData Recipient="x"/><saml:SubjectConfirmationData`), 401, invalid, "one bearer's SubjectConfirmation with its data"},
		{"no end", dev(`NotOnOrAfter="2026-11-23T18:05:00Z" `, ""), 401, invalid, "its confirmation has no NotOnOrAfter"},
		{"no recipient", dev(`Recipient="`+chinaACS+`"`, ""), 401, invalid, `recipient "" and audiences`},
		{"another recipient", dev(chinaACS, "http://localhost:9/saml-role/sso"), 401, invalid, `recipient "http://localhost:9/saml-role/sso" and audiences`},
		{"no audience", dev("<saml:Audience>urn:alibaba:cloudcomputing</saml:Audience>", ""), 401, invalid, "it has not exactly one AudienceRestriction"},
		{"another audience", dev("urn:alibaba:cloudcomputing<", "urn:alibaba:cloudcomputing:international<"), 401, invalid, "are not one site's"},
		{"sent elsewhere", sent(t, dev(), worldACS), 401, invalid, `destination "` + worldACS + `"`},
		{"not yet", dev(`NotBefore="2026-11-23T17:59:00Z"`, `NotBefore="2026-11-23T18:00:01Z"`), 401, invalid, "it holds from"},
		{"the confirmation's end", dev("18:05:00Z", "18:00:00Z"), 401, expired, "its confirmation ended"},
		{"the conditions' end", dev("18:06:00Z", "18:00:00Z"), 401, expired, "its conditions ended"},
		{"no role", dev(devRole+`,`+oktaProvider, ""), 401, invalid, `"" is not a role and a SAML provider`},
		{"no attribute Role", dev("Attributes/Role\"", "Attributes/Rolle\""), 401, invalid, "it names no role"},
		{"a role alone", dev(devRole+`,`+oktaProvider, devRole), 401, invalid, "is not a role and a SAML provider"},
		{"three", dev(devRole+`,`+oktaProvider, devRole+","+oktaProvider+","+devRole), 401, invalid, "is not a role and a SAML provider"},
		{"unknown provider", dev(devRole+`,`+oktaProvider, devRole+","+oktaProvider+"2"), 404, "Cannot find the SAML identity provider with ARN: " + oktaProvider + "2. Please verify that the SAML provider information in the IDP role configuration is correct.", ""},
		{"a provider's name in other case", dev(devRole+`,`+oktaProvider, devRole+","+strings.Replace(oktaProvider, "okta", "Okta", 1)), 404, "Cannot find the SAML identity provider with ARN: ", ""},
		{"unknown provider of one of two", i.response(oktaProvider+", "+adminRole, oktaProvider+"2,"+adminRole), 404, "Cannot find the SAML identity provider with ARN: " + oktaProvider + "2.", ""},
		{"no metadata", dev(devRole+`,`+oktaProvider, devRole+","+empty), 401, "The IdP Metadata of your SAML Provider is invalid.", ""},
		{"no session name", dev(">ada@acme.com<", "><"), 400, "The RoleSessionName is invalid.", `[""]`},
		{"a session name in Chinese", dev(">ada@acme.com<", ">艾达<"), 400, "The RoleSessionName is invalid.", "艾达"},
		{"two session names", dev("<saml:AttributeValue>ada@acme.com</saml:AttributeValue>", "<saml:AttributeValue>ada</saml:AttributeValue><saml:AttributeValue>eve</saml:AttributeValue>"), 400, "The RoleSessionName is invalid.", `["ada" "eve"]`},
		{"a role that is not there", dev(devRole, devRole+"2"), 404, "The role not exists: " + devRole + "2", ""},
		{"a role that trusts functions alone", dev(devRole, adminRole), 401, "There is no permission", oktaProvider},
		{"a role that trusts the other site", dev(abroad()...), 401, "There is no permission", "recipient " + worldACS},
	} {
		t.Run(c.name, func(t *testing.T) { deny(t, w.post(roleSSO, saml(c.response)), c.status, c.says, c.why) })
	}
	deny(t, w.post(roleSSO, url.Values{}), http.StatusBadRequest, "Parameter SAMLResponse is required.")
	deny(t, w.post(roleSSO, url.Values{"SAMLResponse": {dev(), dev()}}), http.StatusBadRequest, "The parameter SAMLResponse is wrongly formed.", "2 of them")
	deny(t, w.post(roleSSO+"?"+saml(dev()).Encode(), url.Values{}), http.StatusBadRequest, "Parameter SAMLResponse is required.")
	deny(t, w.get(roleSSO+"?"+saml(dev()).Encode()), http.StatusNotFound)
	used := dev()
	w.entered(t, w.post(roleSSO, saml(used)), "home.console.aliyun.com/")
	deny(t, w.post(roleSSO, saml(used)), http.StatusUnauthorized, invalid, "it was used already")
}

func TestTheRoleSitesSayWhoTheyAre(t *testing.T) {
	w := newWorld(t)
	at := func(host string) *etree.Element {
		r := httptest.NewRequest(http.MethodGet, "/saml-role/sp-metadata.xml", nil)
		r.Host = host
		document := etree.NewDocument()
		w.must(document.ReadFromBytes(w.signin(r).Body.Bytes()))
		return document.Root()
	}
	for host, want := range map[string][2]string{
		"localhost:9": {"urn:alibaba:cloudcomputing", chinaACS}, "signin.aliyun.com": {"urn:alibaba:cloudcomputing", chinaACS},
		"signin.alibabacloud.com": {"urn:alibaba:cloudcomputing:international", worldACS},
	} {
		root := at(host)
		acs := root.FindElement("./SPSSODescriptor/AssertionConsumerService[@index='1'][@isDefault='true'][@Binding='urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST']")
		if root.SelectAttrValue("entityID", "") != want[0] || acs == nil || acs.SelectAttrValue("Location", "") != want[1] {
			t.Errorf("%s: %s, %v", host, root.SelectAttrValue("entityID", ""), acs)
		}
	}
	descriptor := at("localhost:9").FindElement("./SPSSODescriptor[@WantAssertionsSigned='true']")
	var formats, requested []string
	for _, e := range descriptor.FindElements("./NameIDFormat") {
		formats = append(formats, strings.TrimPrefix(e.Text(), "urn:oasis:names:tc:SAML:"))
	}
	for _, e := range descriptor.FindElements("./AttributeConsumingService[@index='1']/RequestedAttribute") {
		requested = append(requested, strings.TrimPrefix(e.SelectAttrValue("Name", ""), "https://www.aliyun.com/SAML-Role/Attributes/")+" "+e.SelectAttrValue("FriendlyName", "")+" "+e.SelectAttrValue("isRequired", ""))
	}
	const nf = "nameid-format:"
	if got := strings.Join(formats, " "); got != "2.0:"+nf+"transient 2.0:"+nf+"persistent 1.1:"+nf+"emailAddress 1.1:"+nf+"unspecified 1.1:"+nf+"X509SubjectName 1.1:"+nf+"WindowsDomainQualifiedName 2.0:"+nf+"kerberos 2.0:"+nf+"entity" {
		t.Error(got)
	}
	if got := strings.Join(requested, ", "); got != "Role RoleEntitlement true, RoleSessionName RoleSessionName true, SessionDuration SessionDuration false" {
		t.Error(got)
	}
	keys := descriptor.FindElements("./KeyDescriptor")
	if len(keys) != 1 || keys[0].SelectAttrValue("use", "") != "signing" || descriptor.FindElement("./SingleLogoutService") != nil || descriptor.SelectAttr("AuthnRequestsSigned") != nil {
		t.Errorf("%d keys", len(keys))
	}
}
