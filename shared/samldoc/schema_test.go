package samldoc_test

import (
	"crypto/x509"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/ram"
	"github.com/fc-sso/fc-sso/shared/samldoc"
)

// sequences are what the schemas of SAML 2.0 demand of the elements that we
// write: children in this order, ? at most once, * any number, and attributes.
// (saml-schema-metadata-2.0.xsd, saml-schema-protocol-2.0.xsd.)
var sequences = map[string]struct{ children, attributes string }{
	"md:EntityDescriptor": {"ds:Signature? md:Extensions? md:SPSSODescriptor? md:IDPSSODescriptor? md:Organization? md:ContactPerson*", "entityID validUntil cacheDuration ID"},
	"md:SPSSODescriptor": {
		"ds:Signature? md:Extensions? md:KeyDescriptor* md:Organization? md:ContactPerson* md:ArtifactResolutionService* md:SingleLogoutService* md:ManageNameIDService* md:NameIDFormat* md:AssertionConsumerService* md:AttributeConsumingService*",
		"ID validUntil cacheDuration protocolSupportEnumeration errorURL AuthnRequestsSigned WantAssertionsSigned",
	},
	"md:IDPSSODescriptor": {
		"ds:Signature? md:Extensions? md:KeyDescriptor* md:Organization? md:ContactPerson* md:ArtifactResolutionService* md:SingleLogoutService* md:ManageNameIDService* md:NameIDFormat* md:SingleSignOnService md:SingleSignOnService* md:NameIDMappingService* md:AssertionIDRequestService* md:AttributeProfile* saml:Attribute*",
		"ID validUntil cacheDuration protocolSupportEnumeration errorURL WantAuthnRequestsSigned",
	},
	"md:SingleSignOnService":      {"", "Binding Location ResponseLocation"},
	"md:KeyDescriptor":            {"ds:KeyInfo md:EncryptionMethod*", "use"},
	"md:EncryptionMethod":         {"xenc:KeySize? xenc:OAEPparams? ds:DigestMethod?", "Algorithm"},
	"md:SingleLogoutService":      {"", "Binding Location ResponseLocation"},
	"md:AssertionConsumerService": {"", "Binding Location ResponseLocation index isDefault"},
	"md:NameIDFormat":             {"", ""},
	"samlp:AuthnRequest": {
		"saml:Issuer? ds:Signature? samlp:Extensions? saml:Subject? samlp:NameIDPolicy? saml:Conditions? samlp:RequestedAuthnContext? samlp:Scoping?",
		"ID Version IssueInstant Destination Consent ForceAuthn IsPassive ProtocolBinding AssertionConsumerServiceIndex AssertionConsumerServiceURL AttributeConsumingServiceIndex ProviderName",
	},
	"samlp:RequestedAuthnContext": {"saml:AuthnContextClassRef*", "Comparison"},
	"samlp:LogoutResponse":        {"saml:Issuer? ds:Signature? samlp:Extensions? samlp:Status", "ID InResponseTo Version IssueInstant Destination Consent"},
	"samlp:Response": {
		"saml:Issuer? ds:Signature? samlp:Extensions? samlp:Status saml:Assertion*",
		"ID InResponseTo Version IssueInstant Destination Consent",
	},
	"saml:Assertion": {
		"saml:Issuer ds:Signature? saml:Subject? saml:Conditions? saml:Advice? saml:AuthnStatement* saml:AttributeStatement*",
		"ID Version IssueInstant",
	},
	"saml:Subject":                 {"saml:NameID? saml:SubjectConfirmation*", ""},
	"saml:NameID":                  {"", "Format NameQualifier SPNameQualifier SPProvidedID"},
	"saml:SubjectConfirmation":     {"saml:NameID? saml:SubjectConfirmationData?", "Method"},
	"saml:SubjectConfirmationData": {"", "NotBefore NotOnOrAfter Recipient InResponseTo Address"},
	"saml:Conditions":              {"saml:AudienceRestriction*", "NotBefore NotOnOrAfter"},
	"saml:AudienceRestriction":     {"saml:Audience saml:Audience*", ""},
	"saml:Audience":                {"", ""},
	"saml:AuthnStatement":          {"saml:SubjectLocality? saml:AuthnContext", "AuthnInstant SessionIndex SessionNotOnOrAfter"},
	"saml:AuthnContext":            {"saml:AuthnContextClassRef? saml:AuthenticatingAuthority*", ""},
	"saml:AttributeStatement":      {"saml:Attribute saml:Attribute*", ""},
	"saml:Attribute":               {"saml:AttributeValue*", "Name NameFormat FriendlyName"},
	"saml:AttributeValue":          {"", ""},
	"samlp:Status":                 {"samlp:StatusCode samlp:StatusMessage? samlp:StatusDetail?", ""},
	"samlp:StatusCode":             {"samlp:StatusCode?", "Value"},
	"saml:Issuer":                  {"", "Format NameQualifier SPNameQualifier SPProvidedID"},
	"saml:AuthnContextClassRef":    {"", ""},
	"ds:Signature":                 {"ds:SignedInfo ds:SignatureValue ds:KeyInfo? ds:Object*", "Id"},
	"ds:SignedInfo":                {"ds:CanonicalizationMethod ds:SignatureMethod ds:Reference*", "Id"},
	"ds:Reference":                 {"ds:Transforms? ds:DigestMethod ds:DigestValue", "Id URI Type"},
	"ds:Transforms":                {"ds:Transform*", ""},
	"ds:Transform":                 {"", "Algorithm"},
	"ds:CanonicalizationMethod":    {"", "Algorithm"},
	"ds:SignatureMethod":           {"", "Algorithm"},
	"ds:DigestMethod":              {"", "Algorithm"},
	"ds:DigestValue":               {"", ""},
	"ds:SignatureValue":            {"", "Id"},
	"ds:KeyInfo":                   {"ds:X509Data*", "Id"},
	"ds:X509Data":                  {"ds:X509Certificate*", ""},
	"ds:X509Certificate":           {"", ""},
}

func TestWhatWeWriteFollowsTheSchemas(t *testing.T) {
	key, certificate := keyPair(t)
	metadata, err := samldoc.ServiceProvider{
		EntityID: "https://sso.example/saml/okta/metadata", ACSURL: "https://sso.example/saml/okta/acs",
		SLOURL: "https://sso.example/saml/okta/slo", Certificates: []*x509.Certificate{certificate, certificate},
		Encryption: []*x509.Certificate{certificate},
	}.Metadata()
	if err != nil {
		t.Fatal(err)
	}
	introduced, err := introduction(t).Metadata()
	if err != nil {
		t.Fatal(err)
	}
	asking := request
	asking.ForceAuthn, asking.AuthnContexts = true, []string{"urn:x"}
	form, err := asking.PostForm("", key, certificate)
	if err != nil {
		t.Fatal(err)
	}
	logout, err := logoutResponse.PostForm("", key, certificate)
	if err != nil {
		t.Fatal(err)
	}
	role, err := ours(t).ForRole(roleSession(t), signedIn(), noon, counted())
	asRole := written(t, role, err)
	user, err := ours(t).ForUser(samldoc.UserSignIn{UPN: parsed(t, ram.ParseUPN, "ada@acme.com"), InResponseTo: "_1"}, signedIn(), noon, counted())
	asUser := written(t, user, err)
	for _, document := range [][]byte{metadata, introduced, decode(t, form.SAMLRequest), decode(t, logout.SAMLResponse), asRole, asUser} {
		tree := etree.NewDocument()
		if err := tree.ReadFromBytes(document); err != nil {
			t.Fatal(err)
		}
		checkSequence(t, tree.Root())
	}
}

func decode(t *testing.T, field string) []byte {
	t.Helper()
	document, err := base64.StdEncoding.DecodeString(field)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func checkSequence(t *testing.T, e *etree.Element) {
	t.Helper()
	want, ok := sequences[e.FullTag()]
	if !ok {
		t.Fatalf("%s is in no schema that we write by", e.FullTag())
	}
	for _, a := range e.Attr {
		if a.Space != "xmlns" && !slices.Contains(strings.Fields(want.attributes), a.Key) {
			t.Errorf("%s has no attribute %s", e.FullTag(), a.FullKey())
		}
	}
	rest := e.ChildElements()
	for _, part := range strings.Fields(want.children) {
		name, many, optional := strings.TrimRight(part, "*?"), strings.HasSuffix(part, "*"), strings.HasSuffix(part, "?")
		n := 0
		for len(rest) > 0 && rest[0].FullTag() == name && (n == 0 || many) {
			checkSequence(t, rest[0])
			rest, n = rest[1:], n+1
		}
		if n == 0 && !many && !optional {
			t.Errorf("%s lacks %s", e.FullTag(), name)
		}
	}
	for _, late := range rest {
		t.Errorf("%s has no place for %s here", e.FullTag(), late.FullTag())
	}
}
