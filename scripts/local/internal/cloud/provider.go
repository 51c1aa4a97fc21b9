package cloud

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// RAM's limits of a provider.
const (
	maxIssuer       = 255
	maxClientIDs    = 50
	maxFingerprints = 5
	issuanceDefault = 12 * time.Hour
	issuanceMost    = 168 * time.Hour
)

var (
	oidcProviderARN = regexp.MustCompile(`^acs:ram::([0-9]{5,32}):oidc-provider/[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$`)
	clientID        = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.:/_-]{0,127}$`)
	fingerprint     = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// OIDCProvider is an issuer of ID tokens as an account's RAM knows it.
type OIDCProvider struct {
	ARN          string
	Issuer       string // https; http on this machine alone
	ClientIDs    []string
	Fingerprints []string      // SHA-1 of the last certificate that the issuer's server sends, in hex
	Issuance     time.Duration // IssuanceLimitTime: how old a token may be, 1 to 168 hours; 0 = 12 hours
	Description  string

	created, updated time.Time
}

// AddOIDCProvider makes a provider, or replaces it.
func (c *Cloud) AddOIDCProvider(p OIDCProvider) error {
	made, f := p.checked()
	if f == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		_, f = c.keepOIDC(made)
	}
	if f != nil {
		return fmt.Errorf("OIDC provider %s: %w", p.ARN, f)
	}
	return nil
}

// checked is the provider as RAM would keep it.
func (p OIDCProvider) checked() (OIDCProvider, *fault) {
	if p.Issuance == 0 {
		p.Issuance = issuanceDefault
	}
	p.ClientIDs = slices.Clone(p.ClientIDs)
	prints := make([]string, 0, len(p.Fingerprints))
	for _, text := range p.Fingerprints {
		prints = append(prints, plainPrint(text))
	}
	p.Fingerprints = prints
	foreign := func(pattern *regexp.Regexp) func(string) bool {
		return func(text string) bool { return !pattern.MatchString(text) }
	}
	switch {
	case !oidcProviderARN.MatchString(p.ARN):
		return p, malformed("OIDCProviderName.InvalidChars")
	case p.Issuance < time.Hour || p.Issuance > issuanceMost || p.Issuance%time.Hour != 0:
		return p, malformed("IssuanceLimitTime") // 1 to 168 hours
	case slices.ContainsFunc(p.ClientIDs, foreign(clientID)):
		return p, malformed("ClientIds")
	case len(p.ClientIDs) > maxClientIDs:
		return p, tooMany("OIDCProvider.ClientId", maxClientIDs)
	case slices.ContainsFunc(p.Fingerprints, foreign(fingerprint)):
		return p, malformed("Fingerprints")
	case len(p.Fingerprints) > maxFingerprints:
		return p, tooMany("OIDCProvider.Fingerprint", maxFingerprints)
	case !issuerAllowed(p.Issuer):
		return p, malformed("IssuerUrl")
	}
	return p, nil
}

// plainPrint is a fingerprint as they are compared: whatever its case, and without
// the colons of openssl.
func plainPrint(text string) string { return strings.ToLower(strings.ReplaceAll(text, ":", "")) }

// issuerAllowed is RAM's rule, but for http on this machine.
func issuerAllowed(issuer string) bool {
	u, err := url.Parse(issuer)
	return err == nil && u.Host != "" && len(issuer) <= maxIssuer && !strings.ContainsAny(issuer, "?#@") && reachable(u)
}

// reachable: what is not https is on this machine.
func reachable(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

func (c *Cloud) oidcProvider(arn string) (OIDCProvider, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, ok := c.issuers[arn]
	return p, ok
}
