package yamlfile

import (
	"fmt"
	"net/netip"

	"go.yaml.in/yaml/v3"

	"github.com/fc-sso/fc-sso/shared/federation"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// What the schema tells of texts before the compiler judges them whole.
const (
	idForm      = `^[a-z0-9][a-z0-9_-]{0,62}$`
	accountID   = `^[0-9]{5,32}$`
	roleARN     = `^acs:ram::[0-9]{5,32}:role/[A-Za-z0-9._-]{1,64}$`
	samlARN     = `^acs:ram::[0-9]{5,32}:saml-provider/[A-Za-z0-9._-]{1,128}$`
	oidcARN     = `^acs:ram::[0-9]{5,32}:oidc-provider/[A-Za-z0-9._-]{1,128}$`
	webAddress  = `^https?://`
	secretPlace = `^env:SSO_SECRET_[A-Z0-9_]+$` //nolint:gosec // the form of a name, no secret
)

func (r *reader) identityProvider(s *trust.Source) object {
	return object{
		"id":          r.text(&s.ID).like(idForm).needed().says("Short name; it becomes part of URLs and of our entity ID, and never changes."),
		"displayName": r.text(&s.DisplayName).says("What stands on the sign-in button; the id by default."),
		"preset":      r.text(&s.Preset).oneOf(federation.PresetNames()...).says("The product, whose names of attributes and ways need not be written out; what the file says wins."),
		"saml": r.object(func() object {
			s.SAML.ClockSkewSeconds = federation.ByPreset
			return r.saml(&s.SAML)
		}).instead("oidc").says("The identity provider speaks SAML 2.0."),
		"oidc": r.object(func() object {
			s.OIDC = &trust.OIDC{}
			return r.oidc(s.OIDC)
		}).instead("saml").says("The identity provider speaks OpenID Connect: its ID tokens are believed."),
		"attributes":     r.textMap(&s.Attributes).says("Short names for rules and templates: alias, and the exact Attribute Name or claim that it stands for."),
		"person":         r.text(&s.Person).says("Template that joins a sign-in with the person in SCIM."),
		"emailDomains":   r.texts(&s.EmailDomains).says("Domains whose people the sign-in page sends here; a domain belongs to one identity provider."),
		"requireOverlap": r.boolean(&s.RequireOverlap).says("true holds a change of all keys at once until somebody approves it."),
		"suspended":      r.boolean(&s.Suspended).says("true switches the identity provider off: nobody signs in, no token is taken."),
		"fetch":          r.object(func() object { return r.fetch(&s.Fetch) }).says("How metadata is reached inside a private network."),
	}
}

func (r *reader) saml(s *trust.SAML) object {
	return object{
		"metadataURL":       r.text(&s.MetadataURL).like(webAddress).says("Where the identity provider publishes its metadata, by https."),
		"metadataFile":      r.file(func(content []byte) { s.Metadata = content }).instead("metadataURL").says("Instead of metadataURL: a file beside this one, taken in at apply."),
		"metadataKey":       r.file(func(content []byte) { s.MetadataKey = string(content) }).says("A file with the certificate that must have signed the metadata."),
		"allowIdPInitiated": r.boolean(&s.AllowIdPInitiated).says("true lets people start from the identity provider's own portal."),
		"clockSkew":         r.seconds(&s.ClockSkewSeconds).says("How far the clocks may differ, at most 5m; 60s by default."),
		"allowSHA1":         r.boolean(&s.AllowSHA1).says("true permits signatures with SHA-1, for an identity provider that cannot do better."),
		"allowUnsignedCBC":  r.boolean(&s.AllowUnsignedCBC).says("true permits AES-CBC that no signature covers, which who holds the message may change unseen."),
	}
}

func (r *reader) oidc(o *trust.OIDC) object {
	return object{
		"issuer":    r.text(&o.Issuer).like(webAddress).says("The exact text of the claim iss, with or without its last slash; a preset may know it."),
		"audiences": r.texts(&o.Audiences).needed().says("Who a token must be for: it names one of them in its claim aud."),
		"tokenUse":  r.text(&o.TokenUse).oneOf(trust.Once, trust.UntilExpiry).says("How often one token may be exchanged: once by default, until-expiry for what is read from a file again and again."),
		"maxAge":    r.positive(&o.MaxAgeSeconds).says("How long after it was issued a token is taken: 1m to 24h, 1h by default."),
		"login": r.object(func() object {
			o.Login = &trust.Login{}
			return r.login(o.Login)
		}).says("People may sign in by it with a browser."),
		"exchange": r.boolean(&o.Exchange).says("true lets workloads exchange tokens although people sign in by the same record."),
	}
}

func (r *reader) login(l *trust.Login) object {
	return object{
		"clientID":     r.text(&l.ClientID).needed().says("Our client at the identity provider, which is one of audiences too."),
		"clientSecret": r.text((*string)(&l.ClientSecret)).like(secretPlace).says("Where its secret is: env:SSO_SECRET_NAME; never the secret itself."),
		"scopes":       r.texts(&l.Scopes).says("What to ask for; openid and email by default."),
	}
}

func (r *reader) fetch(f *trust.Fetch) object {
	return object{
		"allowCIDRs": field{shape: shape{kind: kindNetworks}, read: func(path string, _, node *yaml.Node) {
			r.each(path, node, func(path string, item *yaml.Node) {
				f.AllowCIDRs = r.prefix(path, item, f.AllowCIDRs)
			})
		}}.says("Private networks that the address may resolve to."),
		"caFile": r.file(func(content []byte) { f.CA = string(content) }).says("A file with the certificate of a private certification authority."),
	}
}

func (r *reader) prefix(path string, node *yaml.Node, to []netip.Prefix) []netip.Prefix {
	text, ok := r.scalar(path, node)
	if !ok {
		return to
	}
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		r.fault(path, node, fmt.Sprintf("%.80q is no network", text), "write it as in 10.1.0.0/16 or fd00:1::/32")
		return to
	}
	return append(to, prefix.Masked())
}

func (r *reader) account(a *federation.AccountDraft) object {
	return object{
		"id":                r.text(&a.ID).like(accountID).needed().says("The account's number, quoted or not: it is read as text."),
		"alias":             r.text(&a.Alias).says("The name that people know the account by; it stands in links, /go/ALIAS/ROLE."),
		"site":              r.text(&a.Site).oneOf(string(federation.China), string(federation.International)).says("The part of Alibaba Cloud that the account belongs to; china by default."),
		"issue":             r.text(&a.Issue).oneOf(federation.Issues()...).says("How credentials come about: assume-role (default), by the bundle's own role; direct, the caller's own proof goes on to STS; federated, the bundle is a SAML provider of the account."),
		"maintenanceRole":   r.text(&a.MaintenanceRole).like(roleARN).says("ARN of the role by which the bundle keeps the account's RAM up to date."),
		"samlProviders":     r.textMap(&a.SAMLProviders).like(samlARN).says("What the account's RAM calls SAML identity providers: id, and ARN."),
		"oidcProviders":     r.textMap(&a.OIDCProviders).like(oidcARN).says("What the account's RAM calls OIDC identity providers: id, and ARN."),
		"federatedProvider": r.text(&a.FederatedProvider).like(samlARN).says("ARN of the SAML provider that the bundle itself is in the account."),
		"userSSO": r.object(func() object {
			a.UserSSO = &federation.UserSSO{WithDomain: true} // RAM's own default of SsoLoginWithDomain
			return r.userSSO(a.UserSSO)
		}).says("User-based SSO: people become RAM users of the same name."),
		"manage": r.object(func() object { return r.manage(&a.Manage) }).says("What may be written into the account's RAM; nothing by default."),
	}
}

func (r *reader) userSSO(u *federation.UserSSO) object {
	return object{
		"suffixes":   r.texts(&u.Suffixes).needed().says("Login suffixes that RAM takes: the default domain, the domain alias or the auxiliary domain."),
		"withDomain": r.boolean(&u.WithDomain).says("RAM's SsoLoginWithDomain: true (default) where RAM wants user@suffix, false where it wants user alone."),
	}
}

func (r *reader) manage(m *federation.Manage) object {
	return object{
		"create": r.boolean(&m.Create).says("true creates identity providers that the account's RAM does not have."),
		"repair": r.boolean(&m.Repair).says("true puts back what somebody changed by hand."),
		"users":  r.boolean(&m.Users).says("true lets events and first sign-ins make RAM users where a rule says create, rename them, and disable them when their people leave."),
		"groups": r.boolean(&m.Groups).says("true lets events make RAM groups and fill them with those users. A group that RAM had before is filled only if its comments there begin with fc-sso and the id of the identity provider."),
		"delete": r.boolean(&m.Delete).says("true deletes RAM users of people who are gone for good, if they were made here; else they are disabled."),
		"deny":   r.boolean(&m.Deny).says("true forbids disabled RAM users everything by a policy, fc-sso-left: credentials that they were given before live on until they expire."),
	}
}
