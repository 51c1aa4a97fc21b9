package saml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/beevik/etree"

	"github.com/fc-sso/fc-sso/shared/validate/validatetest"
)

// shape is a response as identity providers make them, to be judged by several.
type shape struct {
	name    string
	idp     func(testing.TB) validatetest.IdP
	options []validatetest.Option
	bar     float64 // of crewjam's time, at most; 0: none is set
	objects float64 // at most; 0: none is set
}

func shapes() []shape {
	encrypted := append(typical(), validatetest.Encrypted(validatetest.Encryption{Content: validatetest.AES128GCM}))
	return []shape{
		{"typical, RSA-2048", validatetest.New, typical(), 0.35, 4000},
		{"large, RSA-2048", validatetest.New, large(), 0.45, 0},
		{"typical, ECDSA P-256", validatetest.P256, append(typical(), validatetest.By(validatetest.ECDSASHA256())), 0, 0},
		{"encrypted, RSA-2048", validatetest.New, encrypted, 0, 0},
	}
}

// typical has 8 KB: twelve attributes, typed and named as Okta and Entra ID do.
func typical() []validatetest.Option {
	var list []validatetest.Option
	for i := range 12 {
		list = append(list, validatetest.Attribute(
			fmt.Sprintf("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/claim%02d", i), strings.Repeat("value ", 12)))
	}
	return append(list, validatetest.Before(typed))
}

// large has 70 KB: 50 groups and 200 pairs of role and provider.
func large() []validatetest.Option {
	groups, roles := make([]string, 50), make([]string, 200)
	for i := range groups {
		groups[i] = fmt.Sprintf("CN=Cloud Engineers %02d,OU=Groups,OU=Example,DC=corp,DC=example,DC=com", i)
	}
	for i := range roles {
		roles[i] = fmt.Sprintf("acs:ram::12345678901%05d:role/fc-sso-administrator,acs:ram::12345678901%05d:saml-provider/example", i, i)
	}
	return append(typical()[:10],
		validatetest.Attribute("groups", groups...),
		validatetest.Attribute("https://www.aliyun.com/SAML-Role/Attributes/Role", roles...),
		validatetest.Before(typed))
}

// typed adds to each attribute what products add.
func typed(response *etree.Element) {
	for _, attribute := range response.FindElements("./saml:Assertion/saml:AttributeStatement/saml:Attribute") {
		attribute.CreateAttr("NameFormat", "urn:oasis:names:tc:SAML:2.0:attrname-format:uri")
		for _, value := range attribute.ChildElements() {
			value.CreateAttr("xmlns:xs", "http://www.w3.org/2001/XMLSchema")
			value.CreateAttr("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
			value.CreateAttr("xsi:type", "xs:string")
		}
	}
}

func TestShapesHaveTheirSize(t *testing.T) {
	for name, size := range map[string]int{"typical, RSA-2048": 8_000, "large, RSA-2048": 70_000} {
		for _, s := range shapes() {
			if got := len(s.idp(t).XML(s.options...)); s.name == name && (got < size*9/10 || got > size*11/10) {
				t.Errorf("%s has %d bytes, not about %d", name, got, size)
			}
		}
	}
}
