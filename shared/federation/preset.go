package federation

import (
	"maps"
	"math"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// ByPreset is the ClockSkewSeconds of a draft that leaves the choice to the
// preset; 0 is a choice of its own.
const ByPreset = math.MinInt

// Preset is what one product calls things and how it behaves, so that a file
// need not repeat it. What the file says wins. A preset never permits more than
// the file does: SHA-1 and unasked responses are for an administrator to write.
type Preset struct {
	Name       string
	Product    string
	ClockSkew  time.Duration
	Attributes map[string]string // alias: exact Attribute Name
	Note       string            // what to see to at the identity provider
}

// The claim names that products of one house share.
const (
	xmlsoap   = "http://schemas.xmlsoap.org/"
	microsoft = "http://schemas.microsoft.com/"
	ldapOID   = "urn:oid:"
)

// Presets are all of them, by name.
func Presets() []Preset {
	const skew = trust.DefaultClockSkew
	return []Preset{
		{
			// NotBefore is the very second of the sign-in, and the clock that of a domain
			// controller, from which Kerberos itself tolerates five minutes.
			"adfs", "AD FS", 2 * time.Minute,
			named(xmlsoap+"ws/2005/05/identity/claims/emailaddress", xmlsoap+"claims/Group", xmlsoap+"ws/2005/05/identity/claims/name"),
			"issue a Name ID by a claim rule: without one nobody is named; it encrypts by AES-CBC, so sign the response too: SamlResponseSignature MessageAndAssertion",
		},
		{
			"entra", "Microsoft Entra ID", skew,
			named(xmlsoap+"ws/2005/05/identity/claims/emailaddress", microsoft+"ws/2008/06/identity/claims/groups", microsoft+"identity/claims/displayname"),
			"groups come as object IDs, and above 150 not at all: assign groups to the application, or send app roles",
		},
		{
			"google", "Google Workspace", skew, named("email", "groups", "name"),
			"map these attributes and the group membership in the SAML app: it sends none by itself",
		},
		{
			"idaas", "Alibaba Cloud IDaaS", skew, named("email", "groups", "displayName"),
			"add these attributes to the application's assertion",
		},
		{
			"keycloak", "Keycloak", skew, named(ldapOID+"1.2.840.113549.1.9.1", "member", ""),
			"add the mappers X500 email and Group list, the latter with full group path off",
		},
		{
			"okta", "Okta", skew, named("email", "groups", "displayName"),
			"add these attribute statements, and groups as a group attribute statement with a filter",
		},
		{
			"shibboleth", "Shibboleth", skew,
			named(ldapOID+"0.9.2342.19200300.100.1.3", ldapOID+"1.3.6.1.4.1.5923.1.5.1.1", ldapOID+"2.16.840.1.113730.3.1.241"),
			"release mail, isMemberOf and displayName to us in the attribute filter",
		},
		{
			"simplesamlphp", "SimpleSAMLphp", skew, named("mail", "groups", "displayName"),
			"the names are those of the authentication source, unless an attribute map renames them",
		},
	}
}

func named(email, groups, name string) map[string]string {
	attributes := map[string]string{"email": email, "groups": groups, "name": name}
	maps.DeleteFunc(attributes, func(_, exact string) bool { return exact == "" })
	return attributes
}

// preset is that of the name; for no or an unknown one, what all have in common.
func preset(name string) Preset {
	all := Presets()
	if i := slices.IndexFunc(all, func(p Preset) bool { return p.Name == name }); i >= 0 {
		return all[i]
	}
	return Preset{ClockSkew: trust.DefaultClockSkew}
}

// complete writes into a source what its preset says and the file leaves open.
func (p Preset) complete(s *trust.Source) {
	if s.SAML.ClockSkewSeconds == ByPreset {
		s.SAML.ClockSkewSeconds = int(p.ClockSkew / time.Second)
	}
	if s.Attributes == nil && len(p.Attributes) > 0 {
		s.Attributes = map[string]string{}
	}
	for alias, name := range p.Attributes {
		if _, said := s.Attributes[alias]; !said {
			s.Attributes[alias] = name
		}
	}
}
