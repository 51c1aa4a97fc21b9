package federation

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
)

const (
	maxDisplayName   = 100
	maxAttributeName = 1024
	maxAttributes    = 100
	aliasCharacters  = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
	domainCharacters = "abcdefghijklmnopqrstuvwxyz0123456789.-"
)

func (c *compiler) identityProviders(sources []trust.Source) {
	domains := map[string]string{}
	for i, s := range sources {
		path := fmt.Sprintf("identityProviders[%d]", i)
		c.identityProvider(path, s)
		if !trust.ValidID(s.ID) {
			c.problem(path+".id", fmt.Sprintf("id %.80q is not of the form [a-z0-9][a-z0-9_-]{0,62}", s.ID), "choose a short lower-case name; it becomes part of URLs and never changes")
		}
		if _, taken := c.idp[s.ID]; taken {
			c.problem(path+".id", fmt.Sprintf("two identity providers have the id %q", s.ID), "give each its own")
			continue
		}
		c.emailDomains(path, s, domains)
		c.idp[s.ID] = len(c.idps)
		c.idps = append(c.idps, s)
	}
}

func (c *compiler) identityProvider(path string, s trust.Source) {
	if len(s.DisplayName) > maxDisplayName {
		c.problem(path+".displayName", fmt.Sprintf("displayName has %d bytes, %d is the most", len(s.DisplayName), maxDisplayName), "shorten it: it stands on a button")
	}
	c.protocol(path, s)
	c.preset(path+".preset", s)
	c.attributes(path+".attributes", s)
	if s.Person != "" {
		c.template(path+".person", s.Person, s)
	}
	if s.Fetch.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(s.Fetch.CA)) {
		c.problem(path+".fetch.caFile", "the file has no certificate in PEM form", "name a file with -----BEGIN CERTIFICATE-----")
	}
}

// protocol judges the one side that a source has; of one that declares both, each
// is judged all the same, so that whichever stays is right.
func (c *compiler) protocol(path string, s trust.Source) {
	switch {
	case s.SAML.IsZero() && s.OIDC == nil:
		c.problem(path+".saml", "the identity provider declares neither saml nor oidc", "say which it speaks: saml: {metadataURL: …}, or oidc: {issuer: …, audiences: […]}")
	case !s.SAML.IsZero() && s.OIDC != nil:
		c.problem(path+".oidc", "the identity provider declares both saml and oidc", "make two of it, each with its own id")
	}
	if !s.SAML.IsZero() {
		c.saml(path+".saml", s.SAML)
	}
	if s.OIDC != nil {
		c.oidc(path+".oidc", s)
	}
}

func (c *compiler) preset(path string, s trust.Source) {
	preset, known := c.presets[s.Preset]
	kind := s.Kind()
	switch {
	case s.Preset == "":
	case !known:
		c.problem(path, fmt.Sprintf("there is no preset %.80q", s.Preset), "write one of "+strings.Join(PresetNames(), ", ")+", or leave it out")
	case kind != "" && !preset.speaks(kind):
		c.problem(path, fmt.Sprintf("preset %s is for %s, and the identity provider declares %s", s.Preset, otherKind(kind), kind),
			fmt.Sprintf("declare %s, or write one of %s", otherKind(kind), strings.Join(namesOf(func(p Preset) bool { return p.speaks(kind) }), ", ")))
	}
}

func otherKind(kind trust.Kind) trust.Kind {
	if kind == trust.KindSAML {
		return trust.KindOIDC
	}
	return trust.KindSAML
}

func (c *compiler) saml(path string, s trust.SAML) {
	switch {
	case s.MetadataURL != "" && len(s.Metadata) > 0:
		c.problem(path, "both metadataURL and metadataFile are set", "keep the one that the identity provider keeps up to date")
	case s.MetadataURL != "":
		c.metadataURL(path+".metadataURL", s.MetadataURL)
	case len(s.Metadata) == 0:
		c.problem(path+".metadataURL", "neither metadataURL nor metadataFile is set", "say where the identity provider publishes its metadata")
	}
	if _, err := s.MetadataSigners(); err != nil {
		c.problem(path+".metadataKey", err.Error(), "name a file with the -----BEGIN CERTIFICATE----- of who signs the metadata")
	}
	skew := time.Duration(s.ClockSkewSeconds) * time.Second
	if skew < 0 || skew > trust.MaxClockSkew {
		c.problem(path+".clockSkew", fmt.Sprintf("clockSkew %s is not within 0s and 5m", short(skew)), "set the clocks right; 60s is enough where they are")
	}
}

func (c *compiler) metadataURL(path, text string) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		c.problem(path, fmt.Sprintf("%.200q is no web address", text), "write https://HOST/PATH")
		return
	}
	if u.Scheme == "https" || u.Scheme == "http" && c.options.AllowLoopback && loopback(u.Hostname()) {
		return
	}
	c.problem(path, fmt.Sprintf("%.200q is not fetched by https", text), "write https://: who changes metadata on its way signs in as anybody")
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

func (c *compiler) attributes(path string, s trust.Source) {
	if !c.few(path, len(s.Attributes), maxAttributes) {
		return
	}
	for _, alias := range slices.Sorted(maps.Keys(s.Attributes)) {
		path, name := path+"."+alias, s.Attributes[alias]
		switch {
		case slices.Contains(SubjectVariables(s), alias):
			c.problem(path, alias+" is no alias: it stands for the subject", "choose another name")
		case alias == "" || strings.Trim(alias, aliasCharacters) != "":
			c.problem(path, fmt.Sprintf("alias %.80q has other characters than letters, digits, _ and -", alias), "choose a short name and let it stand for the exact one")
		case name == "" || len(name) > maxAttributeName:
			c.problem(path, fmt.Sprintf("the Attribute Name has %d characters, not 1 to %d", len(name), maxAttributeName), "copy it from the identity provider")
		}
	}
}

// emailDomains refuses a domain that two identity providers claim: the sign-in
// page sends a person by it.
func (c *compiler) emailDomains(path string, s trust.Source, taken map[string]string) {
	for j, domain := range s.EmailDomains {
		path := fmt.Sprintf("%s.emailDomains[%d]", path, j)
		if !validDomain(domain) {
			c.problem(path, fmt.Sprintf("%.200q is no domain", domain), "write it as in acme.com, without @; an international one as xn--")
			continue
		}
		if other, ok := taken[domain]; ok {
			c.problem(path, fmt.Sprintf("%s belongs to %s already", domain, other), "leave it to one of them")
			continue
		}
		taken[domain] = s.ID
	}
}

func validDomain(domain string) bool {
	const maxDomain = 253
	if len(domain) > maxDomain || strings.Trim(domain, domainCharacters) != "" || !strings.Contains(domain, ".") {
		return false
	}
	return !slices.ContainsFunc(strings.Split(domain, "."), func(label string) bool {
		return label == "" || strings.Trim(label, "-") != label
	})
}

func (c *compiler) template(path, text string, s trust.Source) Template {
	if len(s.Attributes) > maxAttributes { // which is said already
		return Template{}
	}
	variables := variablesOf(s)
	t, err := ParseTemplate(text, variables)
	if _, ok := errors.AsType[callError](err); ok {
		c.problem(path, err.Error(), "functions are "+functionUsages())
	} else if err != nil {
		c.problem(path, err.Error(), "variables of "+s.ID+" are {{"+strings.Join(variables, "}}, {{")+"}}")
	}
	return t
}

func variablesOf(s trust.Source) []string {
	return append(SubjectVariables(s), slices.Sorted(maps.Keys(s.Attributes))...)
}

// PersonTemplate is what tells one person of a source from all others, where the file
// says so; compiled, it is known to be right.
func PersonTemplate(s trust.Source) (Template, error) { return ParseTemplate(s.Person, variablesOf(s)) }
