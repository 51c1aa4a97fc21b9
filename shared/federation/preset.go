package federation

import (
	"cmp"
	"maps"
	"math"
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
	Name    string
	Product string
	SAML    *SAMLPreset // none: the product speaks no SAML here
	OIDC    *OIDCPreset // none: it speaks no OpenID Connect here
}

// SAMLPreset is a product that speaks SAML.
type SAMLPreset struct {
	ClockSkew  time.Duration
	Attributes map[string]string // alias: exact Attribute Name
	Note       string            // what to see to at the identity provider
}

// OIDCPreset is a product that speaks OpenID Connect.
type OIDCPreset struct {
	Issuer     string            // of the service that everybody shares; none where each has its own
	TokenUse   string            // "" = trust.Once
	Attributes map[string]string // alias: claim
	Note       string
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
		{"adfs", "AD FS", &SAMLPreset{
			// NotBefore is the very second of the sign-in, and the clock that of a domain
			// controller, from which Kerberos itself tolerates five minutes.
			2 * time.Minute,
			named(xmlsoap+"ws/2005/05/identity/claims/emailaddress", xmlsoap+"claims/Group", xmlsoap+"ws/2005/05/identity/claims/name"),
			"issue a Name ID by a claim rule: without one nobody is named; it encrypts by AES-CBC, so sign the response too: SamlResponseSignature MessageAndAssertion",
		}, nil},
		{"entra", "Microsoft Entra ID", &SAMLPreset{
			skew,
			named(xmlsoap+"ws/2005/05/identity/claims/emailaddress", microsoft+"ws/2008/06/identity/claims/groups", microsoft+"identity/claims/displayname"),
			"groups come as object IDs, and above 150 not at all: assign groups to the application, or send app roles",
		}, &OIDCPreset{
			"", "", named("email", "groups", "name"),
			"the issuer is https://login.microsoftonline.com/TENANT/v2.0: set the manifest's accessTokenAcceptedVersion to 2; email and groups are optional claims, and above 200 groups none come",
		}},
		{"github", "GitHub Actions", nil, &OIDCPreset{
			"https://token.actions.githubusercontent.com", "", nil,
			"give the job id-token: write, and ask for a token with one of the audiences; compare oidc:sub, repo:OWNER/REPOSITORY:ref:refs/heads/BRANCH",
		}},
		{"gitlab", "GitLab", nil, &OIDCPreset{
			"https://gitlab.com", "", named("email", "groups_direct", "name"),
			"name the audience under id_tokens of the job; compare oidc:sub, project_path:GROUP/PROJECT:ref_type:branch:ref:BRANCH; a GitLab of your own is its own issuer",
		}},
		{"google", "Google Workspace", &SAMLPreset{
			skew, named("email", "groups", "name"),
			"map these attributes and the group membership in the SAML app: it sends none by itself",
		}, &OIDCPreset{
			"https://accounts.google.com", "", named("email", "", "name"),
			"no groups come by OpenID Connect: use SAML where rules need them, and compare oidc:hd, or anybody with a Google account is meant",
		}},
		{"idaas", "Alibaba Cloud IDaaS", &SAMLPreset{
			skew, named("email", "groups", "displayName"),
			"add these attributes to the application's assertion",
		}, &OIDCPreset{
			"", "", named("email", "groups", "name"),
			"copy the issuer from the application's sign-in page; add groups to the ID token's extended claims",
		}},
		{"keycloak", "Keycloak", &SAMLPreset{
			skew, named(ldapOID+"1.2.840.113549.1.9.1", "member", ""),
			"add the mappers X500 email and Group list, the latter with full group path off",
		}, &OIDCPreset{
			"", "", named("email", "groups", "name"),
			"the issuer is https://HOST/realms/REALM; add the mapper Group Membership with claim name groups and full group path off",
		}},
		{"kubernetes", "Kubernetes", nil, &OIDCPreset{
			"", trust.UntilExpiry, nil,
			"project a service account token with one of the audiences; the issuer is the cluster's --service-account-issuer and must be reachable; compare oidc:sub, system:serviceaccount:NAMESPACE:NAME",
		}},
		{"okta", "Okta", &SAMLPreset{
			skew, named("email", "groups", "displayName"),
			"add these attribute statements, and groups as a group attribute statement with a filter",
		}, &OIDCPreset{
			"", "", named("email", "groups", "name"),
			"the issuer is that of the authorization server, https://HOST or https://HOST/oauth2/default; add a groups claim with a filter to the ID token",
		}},
		{"shibboleth", "Shibboleth", &SAMLPreset{
			skew,
			named(ldapOID+"0.9.2342.19200300.100.1.3", ldapOID+"1.3.6.1.4.1.5923.1.5.1.1", ldapOID+"2.16.840.1.113730.3.1.241"),
			"release mail, isMemberOf and displayName to us in the attribute filter",
		}, nil},
		{"simplesamlphp", "SimpleSAMLphp", &SAMLPreset{
			skew, named("mail", "groups", "displayName"),
			"the names are those of the authentication source, unless an attribute map renames them",
		}, nil},
	}
}

// PresetNames are the names of all of them.
func PresetNames() []string { return namesOf(func(Preset) bool { return true }) }

func namesOf(which func(Preset) bool) []string {
	var names []string
	for _, p := range Presets() {
		if which(p) {
			names = append(names, p.Name)
		}
	}
	return names
}

func (p Preset) speaks(kind trust.Kind) bool {
	return kind == trust.KindSAML && p.SAML != nil || kind == trust.KindOIDC && p.OIDC != nil
}

// attributes are what the product calls things, by each protocol that it speaks.
func (p Preset) attributes() []map[string]string {
	var all []map[string]string
	if p.SAML != nil {
		all = append(all, p.SAML.Attributes)
	}
	if p.OIDC != nil {
		all = append(all, p.OIDC.Attributes)
	}
	return all
}

func named(email, groups, name string) map[string]string {
	attributes := map[string]string{"email": email, "groups": groups, "name": name}
	maps.DeleteFunc(attributes, func(_, exact string) bool { return exact == "" })
	return attributes
}

// presetsByName is for a draft of ten thousand: made once, asked often.
func presetsByName() map[string]Preset {
	byName := map[string]Preset{}
	for _, p := range Presets() {
		byName[p.Name] = p
	}
	return byName
}

// complete writes into a source what its preset says and the file leaves open,
// and what all products have in common.
func (p Preset) complete(s *trust.Source) {
	if !s.SAML.IsZero() {
		side := p.SAML
		if side == nil {
			side = &SAMLPreset{ClockSkew: trust.DefaultClockSkew}
		}
		side.complete(s)
	}
	if s.OIDC != nil {
		side := p.OIDC
		if side == nil {
			side = &OIDCPreset{}
		}
		side.complete(s)
	}
}

func (p SAMLPreset) complete(s *trust.Source) {
	if s.SAML.ClockSkewSeconds == ByPreset {
		s.SAML.ClockSkewSeconds = int(p.ClockSkew / time.Second)
	}
	addAttributes(s, p.Attributes)
}

func (p OIDCPreset) complete(s *trust.Source) {
	s.OIDC.Issuer = cmp.Or(s.OIDC.Issuer, p.Issuer)
	s.OIDC.TokenUse = cmp.Or(s.OIDC.TokenUse, p.TokenUse, trust.Once)
	s.OIDC.MaxAgeSeconds = cmp.Or(s.OIDC.MaxAgeSeconds, int(trust.DefaultMaxAge/time.Second))
	if login := s.OIDC.Login; login != nil && login.Scopes == nil {
		login.Scopes = []string{scopeOpenID, "email"}
	}
	addAttributes(s, p.Attributes)
}

func addAttributes(s *trust.Source, attributes map[string]string) {
	if s.Attributes == nil && len(attributes) > 0 {
		s.Attributes = map[string]string{}
	}
	for alias, name := range attributes {
		if _, said := s.Attributes[alias]; !said {
			s.Attributes[alias] = name
		}
	}
}
