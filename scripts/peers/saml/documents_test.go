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
	options []validatetest.Option
}

func shapes() []shape {
	return []shape{
		{"typical, RSA-2048", typical()},
		{"large, RSA-2048", large()},
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
	for _, s := range shapes() {
		xml := validatetest.New(t).XML(s.options...)
		t.Logf("%s: %d bytes, %d elements", s.name, len(xml), strings.Count(string(xml), "</"))
	}
}
