package cloud_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"github.com/fc-sso/fc-sso/scripts/local/internal/cloud"
)

const (
	oktaProvider = "acs:ram::1234567890123456:saml-provider/okta"
	devRole      = "acs:ram::1234567890123456:role/dev"
	chinaACS     = "https://signin.aliyun.com/saml-role/sso"
)

// samlIssuer is an identity provider that makes responses for Alibaba Cloud.
type samlIssuer struct {
	t    *testing.T
	key  *rsa.PrivateKey
	cert []byte
}

func newSAMLIssuer(t *testing.T) samlIssuer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return samlIssuer{t, key, cert}
}

func (i samlIssuer) metadata(certs ...[]byte) []byte {
	var keys strings.Builder
	for _, der := range certs {
		keys.WriteString(`<md:KeyDescriptor><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>` +
			base64.StdEncoding.EncodeToString(der) + `</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`)
	}
	return []byte(`<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://okta.example/e"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">` +
		keys.String() + `</md:IDPSSODescriptor></md:EntityDescriptor>`)
}

const samlAssertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="a1" Version="2.0" IssueInstant="2026-11-23T18:00:00Z">` +
	`<saml:Issuer>https://okta.example/e</saml:Issuer>` +
	`<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent">ada</saml:NameID>` +
	`<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-11-23T18:05:00Z" Recipient="` + chinaACS + `"/></saml:SubjectConfirmation></saml:Subject>` +
	`<saml:Conditions NotBefore="2026-11-23T17:59:00Z" NotOnOrAfter="2026-11-23T18:06:00Z"><saml:AudienceRestriction><saml:Audience>urn:alibaba:cloudcomputing</saml:Audience></saml:AudienceRestriction></saml:Conditions>` +
	`<saml:AuthnStatement AuthnInstant="2026-11-23T18:00:00Z"/>` +
	`<saml:AttributeStatement><saml:Attribute Name="https://www.aliyun.com/SAML-Role/Attributes/Role"><saml:AttributeValue>` + devRole + `,` + oktaProvider + `</saml:AttributeValue><saml:AttributeValue>` + oktaProvider + `, ` + adminRole + `</saml:AttributeValue></saml:Attribute>` +
	`<saml:Attribute Name="https://www.aliyun.com/SAML-Role/Attributes/RoleSessionName"><saml:AttributeValue>ada@acme.com</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>` +
	`</saml:Assertion>`

// response signs a response's assertion after these replacements.
func (i samlIssuer) response(replaced ...string) string {
	return i.envelope(i.signed(replaced...))
}

func (i samlIssuer) signed(replaced ...string) *etree.Element {
	i.t.Helper()
	document := etree.NewDocument()
	if err := document.ReadFromString(strings.NewReplacer(replaced...).Replace(samlAssertion)); err != nil {
		i.t.Fatal(err)
	}
	signing, err := dsig.NewSigningContext(i.key, [][]byte{i.cert})
	if err != nil {
		i.t.Fatal(err)
	}
	signing.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	assertion, err := signing.SignEnveloped(document.Root())
	if err != nil {
		i.t.Fatal(err)
	}
	return assertion
}

func (i samlIssuer) envelope(assertions ...*etree.Element) string {
	i.t.Helper()
	root := etree.NewElement("samlp:Response")
	root.CreateAttr("xmlns:samlp", "urn:oasis:names:tc:SAML:2.0:protocol")
	root.CreateElement("samlp:Status").CreateElement("samlp:StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Success")
	for _, a := range assertions {
		root.AddChild(a)
	}
	text, err := etree.NewDocumentWithRoot(root).WriteToString()
	if err != nil {
		i.t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString([]byte(text))
}

func (w *world) withSAML(assertion string, more ...pair) answer {
	w.t.Helper()
	form := url.Values{"Action": {"AssumeRoleWithSAML"}, "Version": {"2015-04-01"}, "RoleArn": {devRole}, "SAMLProviderArn": {oktaProvider}, "SAMLAssertion": {assertion}}
	for _, p := range more {
		form.Set(p.name, p.value)
		if p.value == "" {
			form.Del(p.name)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.sts(r)
}

func (w *world) upload(i samlIssuer) {
	w.t.Helper()
	w.must(w.AddSAMLProvider(oktaProvider, i.metadata(i.cert)))
	w.must(w.AddRole(cloud.Role{ARN: devRole, Trust: cloud.TrustingFederated(nil, cloud.Federated{Provider: oktaProvider, Equals: map[string][]string{"saml:recipient": {chinaACS}}})}))
}

func TestAResponseBecomesASessionOfARoleThatTrustsItsIssuer(t *testing.T) {
	w := newWorld(t)
	i := newSAMLIssuer(t)
	w.upload(i)
	got := w.withSAML(i.response())
	info := `"SAMLAssertionInfo":{"SubjectType":"persistent","Subject":"ada","Recipient":"https://signin.aliyun.com/saml-role/sso","Issuer":"https://okta.example/e"}`
	if got.status != http.StatusOK || got.json.AssumedRoleUser.Arn != "acs:sts::1234567890123456:assumed-role/dev/ada@acme.com" || !strings.Contains(got.body, info) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	ada := signer{got.json.Credentials.AccessKeyId, got.json.Credentials.AccessKeySecret, got.json.Credentials.SecurityToken, w.now}
	if me := w.sts(ada.v1(whoAmI())); me.json.Arn != "acs:ram::1234567890123456:assumed-role/dev/ada@acme.com" {
		t.Error(me.body)
	}
	if got := w.withSAML(i.response(), pair{"Format", "XML"}, pair{"DurationSeconds", "900"}); !strings.Contains(got.body, "<AssumeRoleWithSAMLResponse>") || !strings.Contains(got.body, "<Expiration>2026-11-23T18:15:00Z") {
		t.Error(got.body)
	}
	text, err := base64.StdEncoding.DecodeString(i.response()) // as many write it: declared once, on top
	if err != nil {
		t.Fatal(err)
	}
	const declared = ` xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"`
	moved := strings.Replace(strings.Replace(string(text), declared, "", 1), "<samlp:Response", "<samlp:Response"+declared, 1)
	if got := w.withSAML(base64.StdEncoding.EncodeToString([]byte(moved))); got.status != http.StatusOK {
		t.Errorf("a namespace declared outside the assertion: %s", got.body)
	}
	next := newSAMLIssuer(t)
	w.must(w.AddSAMLProvider(oktaProvider, i.metadata(next.cert, i.cert)))
	if got := w.withSAML(next.response()); got.status != http.StatusOK {
		t.Errorf("signed with the first of two keys: %s", got.body)
	}
	if got := w.withSAML(i.response()); got.status != http.StatusOK {
		t.Errorf("signed with the second of two keys: %s", got.body)
	}
}

// TestAResponsesSessionIsNarrowed by a policy and a length that come beside it, never
// widened: what the role may is the role's.
func TestAResponsesSessionIsNarrowed(t *testing.T) {
	w := newWorld(t)
	i := newSAMLIssuer(t)
	w.upload(i)
	w.must(w.AddRole(cloud.Role{
		ARN: devRole, Trust: cloud.TrustingFederated(nil, cloud.Federated{Provider: oktaProvider, Equals: map[string][]string{"saml:recipient": {chinaACS}}}),
		Permission: allowing("sts:*"), MaxSession: 2 * time.Hour,
	}))
	w.must(w.AddRole(cloud.Role{ARN: "acs:ram::1234567890123456:role/second", Trust: cloud.Trusting(devRole)}))
	w.narrows(func(more ...pair) answer { return w.withSAML(i.response(), more...) })
	for seconds, until := range map[string]string{"900": "18:15:00Z", "7200": "20:00:00Z"} {
		if got := w.withSAML(i.response(), pair{"DurationSeconds", seconds}); got.json.Credentials.Expiration != "2026-11-23T"+until {
			t.Errorf("%s s: %s", seconds, got.body)
		}
	}
}

func allowing(actions string) string {
	return `{"Version":"1","Statement":[{"Effect":"Allow","Action":"` + actions + `","Resource":"*"}]}`
}

// narrows takes a session, whose role may go on to a second one, within policies.
func (w *world) narrows(take func(...pair) answer) {
	w.t.Helper()
	for policy, status := range map[string]int{
		"": http.StatusOK, allowing("*"): http.StatusOK, allowing("sts:AssumeRole"): http.StatusOK, allowing("oss:Get*"): http.StatusForbidden,
	} {
		got := take(pair{"Policy", policy})
		if got.status != http.StatusOK {
			w.t.Fatalf("within %s: %d %s", policy, got.status, got.body)
		}
		s := signer{got.json.Credentials.AccessKeyId, got.json.Credentials.AccessKeySecret, got.json.Credentials.SecurityToken, w.now}
		if next := w.sts(s.v1(assume("acs:ram::1234567890123456:role/second", "alice")...)); next.status != status {
			w.t.Errorf("within %s: %s", policy, next.body)
		}
	}
}

func TestEachRefusalOfAResponseHasItsCode(t *testing.T) {
	w := newWorld(t)
	i, other := newSAMLIssuer(t), newSAMLIssuer(t)
	w.upload(i)
	const empty = "acs:ram::1234567890123456:saml-provider/empty"
	w.must(w.AddSAMLProvider(empty, nil))
	plain := etree.NewDocument()
	if err := plain.ReadFromString(samlAssertion); err != nil {
		t.Fatal(err)
	}
	changed := func(from, to string) string {
		text, err := base64.StdEncoding.DecodeString(i.response())
		if err != nil || !strings.Contains(string(text), from) {
			t.Fatalf("%v: no %s", err, from)
		}
		return base64.StdEncoding.EncodeToString([]byte(strings.Replace(string(text), from, to, 1)))
	}
	good := i.response()
	words := map[string]string{
		"InvalidParameter.RoleSessionName": "The RoleSessionName is invalid.", "InvalidParameter.DurationSeconds": "The DurationSeconds is invalid.",
		"InvalidParameter.PolicyGrammar": "Invalid Policy.", "InvalidParameter.PolicySize": "The max size of policy string is 2048.",
		"EntityNotExist.SAMLProvider": "Can not find SAML provider.", "AuthenticationFail.IDPMetadata.Invalid": "The IdP Metadata of your SAML Provider is invalid.",
		"AuthenticationFail.SAMLAssertion.Invalid": "The SAML Assertion is invalid.", "AuthenticationFail.SAMLAssertion.Expired": "The SAML Assertion is expired.",
	}
	const invalid, expired = "AuthenticationFail.SAMLAssertion.Invalid", "AuthenticationFail.SAMLAssertion.Expired"
	for _, c := range []struct {
		name, assertion string
		more            []pair
		status          int
		code            string
	}{
		{"no role", good, []pair{{"RoleArn", ""}}, 400, "MissingParameter.RoleArn"},
		{"no provider", good, []pair{{"SAMLProviderArn", ""}}, 400, "MissingParameter.SAMLProviderArn"},
		{"no assertion", good, []pair{{"SAMLAssertion", ""}}, 400, "MissingParameter.SAMLAssertion"},
		{"provider's form", good, []pair{{"SAMLProviderArn", "okta"}}, 400, "InvalidParameter.SAMLProviderArn"},
		{"assertion too short", "abc", nil, 400, "InvalidParameter.SAMLAssertion"},
		{"assertion too long", strings.Repeat("a", 100_001), nil, 400, "InvalidParameter.SAMLAssertion"},
		{"too short", good, []pair{{"DurationSeconds", "899"}}, 400, "InvalidParameter.DurationSeconds"},
		{"too long for the role", good, []pair{{"DurationSeconds", "3601"}}, 400, "InvalidParameter.DurationSeconds"},
		{"duration's form", good, []pair{{"DurationSeconds", "1h"}}, 400, "InvalidParameter.DurationSeconds"},
		{"policy's form", good, []pair{{"Policy", "{}"}}, 400, "InvalidParameter.PolicyGrammar"},
		{"policy's size", good, []pair{{"Policy", strings.Repeat(" ", 2049)}}, 400, "InvalidParameter.PolicySize"},
		{"no such provider", good, []pair{{"SAMLProviderArn", oktaProvider + "2"}}, 404, "EntityNotExist.SAMLProvider"},
		{"no metadata", good, []pair{{"SAMLProviderArn", empty}}, 401, "AuthenticationFail.IDPMetadata.Invalid"},

		{"no base64", "====", nil, 401, invalid},
		{"no XML", base64.StdEncoding.EncodeToString([]byte("hello")), nil, 401, invalid},
		{"an assertion alone", base64.StdEncoding.EncodeToString([]byte(samlAssertion)), nil, 401, invalid},
		{"unsigned", i.envelope(plain.Root()), nil, 401, invalid},
		{"another's key", other.response(), nil, 401, invalid},
		{"changed behind the signature", changed(">ada<", ">eve<"), nil, 401, invalid},
		{"no success", changed("status:Success", "status:Responder"), nil, 401, invalid},
		{"two assertions", i.envelope(i.signed(), i.signed(`ID="a1"`, `ID="a2"`)), nil, 401, invalid},
		{"another issuer", i.response("<saml:Issuer>https://okta.example/e", "<saml:Issuer>https://okta.example/f"), nil, 401, invalid},
		{"another audience", i.response("urn:alibaba:cloudcomputing", "https://sso.example/saml/okta/metadata"), nil, 401, invalid},
		{"the other site's audience", i.response("urn:alibaba:cloudcomputing<", "urn:alibaba:cloudcomputing:international<"), nil, 401, invalid},
		{"another recipient", i.response(chinaACS, "https://sso.example/saml/okta/acs"), nil, 401, invalid},
		{"no bearer", i.response("cm:bearer", "cm:sender-vouches"), nil, 401, invalid},
		{"no end", i.response(`NotOnOrAfter="2026-11-23T18:05:00Z" `, ""), nil, 401, invalid},
		{"nobody", i.response(">ada<", "> <"), nil, 401, invalid},
		{"no sign-in", i.response(`<saml:AuthnStatement AuthnInstant="2026-11-23T18:00:00Z"/>`, ""), nil, 401, invalid},
		{"not yet", i.response(`NotBefore="2026-11-23T17:59:00Z"`, `NotBefore="2026-11-23T18:00:01Z"`), nil, 401, invalid},
		{"the confirmation's end", i.response("18:05:00Z", "18:00:00Z"), nil, 401, expired},
		{"the conditions' end", i.response("18:06:00Z", "18:00:00Z"), nil, 401, expired},
		{"a role that it does not name", good, []pair{{"RoleArn", longRole}}, 401, invalid},
		{"no session name", i.response(">ada@acme.com<", "><"), nil, 400, "InvalidParameter.RoleSessionName"},
		{"two session names", i.response("<saml:AttributeValue>ada@acme.com</saml:AttributeValue>", "<saml:AttributeValue>ada</saml:AttributeValue><saml:AttributeValue>eve</saml:AttributeValue>"), nil, 400, "InvalidParameter.RoleSessionName"},

		{"a role that is not there", i.response(devRole, devRole+"2"), []pair{{"RoleArn", devRole + "2"}}, 404, "EntityNotExist.Role"},
		{"a role that trusts functions alone", good, []pair{{"RoleArn", adminRole}}, 401, "AuthenticationFail.NoPermission"},
		{"a role that trusts the other site", i.response(chinaACS, "https://signin.alibabacloud.com/saml-role/sso", "urn:alibaba:cloudcomputing<", "urn:alibaba:cloudcomputing:international<"), nil, 401, "AuthenticationFail.NoPermission"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := w.withSAML(c.assertion, c.more...); got.status != c.status || got.json.Code != c.code || got.json.Message == "" || !strings.HasPrefix(got.json.Message, words[c.code]) {
				t.Errorf("got %d %s, want %d %s, %s", got.status, got.body, c.status, c.code, words[c.code])
			}
		})
	}
}

func TestRAMRefusesMetadataThatItWouldNotKeep(t *testing.T) {
	w := newWorld(t)
	i := newSAMLIssuer(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	third, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	one := string(i.metadata(i.cert))
	descriptor := one[strings.Index(one, "<md:IDPSSO"):strings.Index(one, "</md:Entity")]
	for name, metadata := range map[string]string{
		"empty":              "",
		"no XML":             "<",
		"another document":   "<a/>",
		"no entity ID":       strings.Replace(one, "entityID", "ID", 1),
		"two descriptors":    strings.Replace(one, descriptor, descriptor+descriptor, 1),
		"no certificate":     string(i.metadata()),
		"three certificates": string(i.metadata(i.cert, i.cert, third)),
		"no certificate's":   string(i.metadata([]byte("x"))),
	} {
		if err := w.AddSAMLProvider(oktaProvider, []byte(metadata)); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	w.upload(i)
	w.must(w.AddSAMLProvider(oktaProvider, nil))
	if got := w.withSAML(i.response()); got.status != http.StatusOK {
		t.Errorf("what was uploaded is lost: %s", got.body)
	}
	if err := w.AddSAMLProvider(ciProvider, nil); err == nil {
		t.Error("an OIDC provider's ARN was taken")
	}
}
