package samldoc_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

// spring is a request with all that Spring Security SAML can put into one. Alibaba
// Cloud's are of its shape, and say less: [TestARequestMaySayLess].
const spring = `<?xml version="1.0" encoding="UTF-8"?>` +
	`<saml2p:AuthnRequest xmlns:saml2p="urn:oasis:names:tc:SAML:2.0:protocol" AssertionConsumerServiceURL="https://signin.aliyun.com/saml/SSO"` +
	` Destination="https://sso.example/idp/1234567890123456/sso" ForceAuthn="false" ID="a2e4f0g1h2" IsPassive="false"` +
	` IssueInstant="2027-03-01T12:00:00.000Z" ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Version="2.0">` +
	`<saml2:Issuer xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">https://signin.aliyun.com/1234567890123456/saml/SSO</saml2:Issuer>` +
	`<saml2p:NameIDPolicy AllowCreate="true" Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"/>` +
	`<saml2p:RequestedAuthnContext Comparison="minimum"><saml2:AuthnContextClassRef xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">urn:x</saml2:AuthnContextClassRef></saml2p:RequestedAuthnContext>` +
	`<saml2p:Scoping ProxyCount="2"><saml2p:IDPList><saml2p:IDPEntry ProviderID="x" Loc="y"/></saml2p:IDPList></saml2p:Scoping>` +
	`</saml2p:AuthnRequest>`

func changed(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(spring) }

func deflated(t *testing.T, xml string) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(xml)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func encoded(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func TestAlibabaCloudsRequestIsRead(t *testing.T) {
	byGET, err := samldoc.DecodeRedirect(encoded(deflated(t, spring)))
	if err != nil {
		t.Fatal(err)
	}
	byPOST, err := samldoc.DecodePOST(encoded([]byte(spring)))
	if err != nil || !bytes.Equal(byGET, byPOST) {
		t.Fatal(err)
	}
	got, err := ours(t).ReadRequest(byGET)
	if err != nil || got.ID() != "a2e4f0g1h2" || got.ForceAuthn() || got.IsPassive() || got.IsZero() {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = ours(t).ReadRequest([]byte(changed(`ForceAuthn="false"`, `ForceAuthn="1"`, `IsPassive="false"`, `IsPassive="true"`)))
	if err != nil || !got.ForceAuthn() || !got.IsPassive() {
		t.Errorf("%+v, %v", got, err)
	}
	abroad := ours(t)
	abroad.International = true
	if _, err := abroad.ReadRequest([]byte(changed("//signin.aliyun.com/1", "//signin-intl.aliyun.com/1"))); err != nil {
		t.Error(err)
	}
}

// TestARequestMaySayLess: the issuer alone, and line breaks round it, as a request of
// Alibaba Cloud was seen to have once a gateway had printed it.
func TestARequestMaySayLess(t *testing.T) {
	_, rest, _ := strings.Cut(spring, "</saml2:Issuer>")
	least := changed(strings.TrimSuffix(rest, "</saml2p:AuthnRequest>"), "",
		` Destination="https://sso.example/idp/1234567890123456/sso"`, "", ` ForceAuthn="false"`, "", ` IsPassive="false"`, "", "/saml/SSO</", "/saml/SSO\n\t</")
	if got, err := ours(t).ReadRequest([]byte(least)); err != nil || got.ID() != "a2e4f0g1h2" || got.ForceAuthn() || got.IsPassive() {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestTheAddressForTheAnswerIsNotTheRequests: whatever it wants, the answer goes to the
// one address that Alibaba Cloud has.
func TestTheAddressForTheAnswerIsNotTheRequests(t *testing.T) {
	got, err := ours(t).ReadRequest([]byte(changed(`URL="https://signin.aliyun.com/saml/SSO"`, `URL="https://evil.example/"`)))
	if err != nil {
		t.Fatal(err)
	}
	u := samldoc.UserSignIn{UPN: parsed(t, ram.ParseUPN, "ada@acme.com"), InResponseTo: got.ID()}
	r, err := ours(t).ForUser(u, signedIn(), noon, counted())
	if document := written(t, r, err); r.ACSURL() != "https://signin.aliyun.com/saml/SSO" || bytes.Contains(document, []byte("evil")) {
		t.Errorf("%s\n%s", r.ACSURL(), document)
	}
}

func TestAStrangersRequestIsRefused(t *testing.T) {
	const issuer = "https://signin.aliyun.com/1234567890123456/saml/SSO"
	signature := `<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>`
	for name, c := range map[string]struct {
		xml  string
		code reason.Code
	}{
		"another account's":       {changed(issuer, strings.Replace(issuer, "1234567890123456", "6543210987654321", 1)), reason.IssuerMismatch},
		"the other site's":        {changed("//signin.aliyun.com/1", "//signin-intl.aliyun.com/1"), reason.IssuerMismatch},
		"role SSO's":              {changed(issuer, "urn:alibaba:cloudcomputing"), reason.IssuerMismatch},
		"in another case":         {changed(issuer, strings.Replace(issuer, "SSO", "sso", 1)), reason.IssuerMismatch},
		"with a no-break space":   {changed(issuer, issuer+"\u00a0"), reason.IssuerMismatch},
		"nobody's":                {changed(issuer, ""), reason.IssuerMismatch},
		"for another address":     {changed("/idp/1234567890123456/sso", "/idp/6543210987654321/sso"), reason.DestinationMismatch},
		"of SAML 1.1":             {changed(`Version="2.0"`, `Version="1.1"`), reason.VersionUnsupported},
		"without ID":              {changed(` ID="a2e4f0g1h2"`, ""), reason.MessageMalformed},
		"an empty ID":             {changed(`"a2e4f0g1h2"`, `""`), reason.MessageMalformed},
		"an ID that is no name":   {changed(`"a2e4f0g1h2"`, `"2a"`), reason.MessageMalformed},
		"markup in the ID":        {changed(`"a2e4f0g1h2"`, `"a&quot;&lt;b"`), reason.MessageMalformed},
		"a long ID":               {changed(`"a2e4f0g1h2"`, `"`+strings.Repeat("a", 300)+`"`), reason.MessageMalformed},
		"without time":            {changed(` IssueInstant="2027-03-01T12:00:00.000Z"`, ""), reason.MessageMalformed},
		"at no time":              {changed("2027-03-01T", "yesterday"), reason.MessageMalformed},
		"neither true nor false":  {changed(`ForceAuthn="false"`, `ForceAuthn="TRUE"`), reason.MessageMalformed},
		"a response":              {changed("AuthnRequest", "Response"), reason.MessageMalformed},
		"of another namespace":    {changed("urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.0:protocol"), reason.MessageMalformed},
		"a comment in the issuer": {changed("/saml/SSO</", "/saml/SSO<!-- -->.evil.example</"), reason.MessageMalformed},
		"a document type":         {changed("<saml2p:AuthnRequest ", `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><saml2p:AuthnRequest `), reason.MessageMalformed},
		"two issuers":             {changed("<saml2p:NameIDPolicy", `<saml2:Issuer xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">x</saml2:Issuer><saml2p:NameIDPolicy`), reason.MessageMalformed},
		"an assertion inside":     {changed("<saml2p:NameIDPolicy", `<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion"/><saml2p:NameIDPolicy`), reason.MessageMalformed},
		"a late issuer":           {changed("<saml2:Issuer", `<saml2p:Extensions/><saml2:Issuer`), reason.MessageMalformed},
		"two signatures":          {changed("<saml2p:NameIDPolicy", signature+signature+"<saml2p:NameIDPolicy"), reason.MessageMalformed},
		"too many elements":       {changed("<saml2p:NameIDPolicy", "<saml2p:Extensions>"+strings.Repeat("<x/>", 100)+"</saml2p:Extensions><saml2p:NameIDPolicy"), reason.MessageTooLarge},
		"too deep":                {changed("<saml2p:NameIDPolicy", "<saml2p:Extensions>"+strings.Repeat("<x>", 20)+strings.Repeat("</x>", 20)+"</saml2p:Extensions><saml2p:NameIDPolicy"), reason.MessageTooLarge},
		"too long":                {changed("<saml2p:NameIDPolicy", "<saml2p:Extensions>"+strings.Repeat(" ", 17<<10)+"</saml2p:Extensions><saml2p:NameIDPolicy"), reason.MessageTooLarge},
		"an ID twice":             {changed(`<saml2p:IDPEntry`, `<saml2p:IDPEntry ID="a2e4f0g1h2"`), reason.MessageMalformed},
		"nothing":                 {"", reason.MessageMalformed},
	} {
		if got, err := ours(t).ReadRequest([]byte(c.xml)); reason.Of(err) != c.code || !got.IsZero() {
			t.Errorf("%s: %+v, %v, want %s", name, got, err, c.code)
		}
	}
	if _, err := (samldoc.OurIdP{}).ReadRequest([]byte(spring)); err == nil {
		t.Error("nobody was asked")
	}
	if _, err := ours(t).ReadRequest([]byte(changed("<saml2p:NameIDPolicy", signature+"<saml2p:NameIDPolicy"))); err != nil {
		t.Errorf("a signature says nothing, and is no fault: %v", err)
	}
}

func TestAFieldThatHidesSomethingIsRefused(t *testing.T) {
	plain := deflated(t, spring)
	for name, c := range map[string]struct {
		field string
		code  reason.Code
	}{
		"nothing":           {"", reason.MessageMalformed},
		"no base64":         {"<saml2p:AuthnRequest/>", reason.MessageMalformed},
		"line breaks":       {encoded(plain)[:76] + "\r\n" + encoded(plain)[76:], reason.MessageMalformed},
		"a blank for +":     {encoded(plain)[:8] + " " + encoded(plain)[9:], reason.MessageMalformed},
		"no padding":        {strings.TrimRight(encoded(append(plain, make([]byte, 3-len(plain)%3+1)...)), "="), reason.MessageMalformed},
		"not deflated":      {encoded([]byte(spring)), reason.MessageMalformed},
		"cut off":           {encoded(plain[:len(plain)-9]), reason.MessageMalformed},
		"something behind":  {encoded(append(bytes.Clone(plain), "<evil/>"...)), reason.MessageMalformed},
		"two messages":      {encoded(append(bytes.Clone(plain), plain...)), reason.MessageMalformed},
		"a bomb":            {encoded(deflated(t, strings.Repeat("<", 8<<20))), reason.MessageTooLarge},
		"one byte too many": {encoded(deflated(t, strings.Repeat("<", 16<<10+1))), reason.MessageTooLarge},
		"a long field":      {strings.Repeat("A", 1<<20), reason.MessageTooLarge},
	} {
		if got, err := samldoc.DecodeRedirect(c.field); reason.Of(err) != c.code || got != nil {
			t.Errorf("%s: %d bytes, %v, want %s", name, len(got), err, c.code)
		}
	}
	if got, err := samldoc.DecodeRedirect(encoded(deflated(t, strings.Repeat("<", 16<<10)))); err != nil || len(got) != 16<<10 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// FuzzRequestsAreRead: whatever comes, no more comes out than a name that an answer of
// ours can hold.
func FuzzRequestsAreRead(f *testing.F) {
	f.Add([]byte(spring))
	f.Add([]byte(changed(`"a2e4f0g1h2"`, `"a&#x9;b"`)))
	f.Fuzz(func(t *testing.T, xml []byte) {
		got, err := ours(t).ReadRequest(xml)
		if err != nil {
			if code := reason.Of(err); code == reason.Internal || !got.IsZero() {
				t.Errorf("%+v, %v", got, err)
			}
			return
		}
		u := samldoc.UserSignIn{UPN: parsed(t, ram.ParseUPN, "ada@acme.com"), InResponseTo: got.ID()}
		if _, err := ours(t).ForUser(u, signedIn(), noon, counted()); err != nil {
			t.Error(err)
		}
	})
}
