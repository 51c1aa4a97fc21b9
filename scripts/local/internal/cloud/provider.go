package cloud

import (
	"errors"
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
}

// AddOIDCProvider makes a provider, or replaces it.
func (c *Cloud) AddOIDCProvider(p OIDCProvider) error {
	made, err := p.checked()
	if err != nil {
		return fmt.Errorf("OIDC provider %s: %w", p.ARN, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	account := oidcProviderARN.FindStringSubmatch(made.ARN)[1]
	for arn, other := range c.issuers {
		if other.Issuer == made.Issuer && arn != made.ARN && oidcProviderARN.FindStringSubmatch(arn)[1] == account {
			return fmt.Errorf("OIDC provider %s: the account has %s for issuer %s, and may have one", made.ARN, arn, made.Issuer)
		}
	}
	c.issuers[made.ARN] = made
	return nil
}

// checked is the provider as RAM would keep it.
func (p OIDCProvider) checked() (OIDCProvider, error) {
	if p.Issuance == 0 {
		p.Issuance = issuanceDefault
	}
	p.ClientIDs = slices.Clone(p.ClientIDs)
	prints := make([]string, 0, len(p.Fingerprints))
	for _, text := range p.Fingerprints {
		prints = append(prints, strings.ToLower(strings.ReplaceAll(text, ":", "")))
	}
	p.Fingerprints = prints
	foreign := func(pattern *regexp.Regexp) func(string) bool {
		return func(text string) bool { return !pattern.MatchString(text) }
	}
	switch {
	case !oidcProviderARN.MatchString(p.ARN):
		return p, errors.New("not an OIDC provider's ARN")
	case p.Issuance < time.Hour || p.Issuance > issuanceMost || p.Issuance%time.Hour != 0:
		return p, fmt.Errorf("IssuanceLimitTime %v is not 1 to 168 hours", p.Issuance)
	case len(p.ClientIDs) > maxClientIDs || slices.ContainsFunc(p.ClientIDs, foreign(clientID)):
		return p, fmt.Errorf("client IDs are at most %d, of letters, digits and .-_:/", maxClientIDs)
	case len(p.Fingerprints) > maxFingerprints || slices.ContainsFunc(p.Fingerprints, foreign(fingerprint)):
		return p, fmt.Errorf("fingerprints are at most %d, of 40 hexadecimal digits", maxFingerprints)
	}
	return p, checkIssuer(p.Issuer)
}

// checkIssuer is RAM's rule, but for http on this machine.
func checkIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" || len(issuer) > maxIssuer || strings.ContainsAny(issuer, "?#@") {
		return fmt.Errorf("the issuer is an address of up to %d characters without ?, # and @", maxIssuer)
	}
	if !reachable(u) {
		return errors.New("the issuer must begin with https")
	}
	return nil
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
