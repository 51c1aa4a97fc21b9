package federation

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// What an OIDC provider in RAM can hold (IMS, CreateOIDCProvider).
const (
	maxIssuer    = 255
	maxAudience  = 128
	maxAudiences = 50
)

const maxScopes = 20

const scopeOpenID = "openid" // without it there is no ID token (OpenID Connect Core 3.1.2.1)

func (c *compiler) oidc(path string, s trust.Source) {
	o := *s.OIDC
	c.issuer(path+".issuer", o.Issuer)
	c.audiences(path+".audiences", s)
	if o.TokenUse != trust.Once && o.TokenUse != trust.UntilExpiry {
		c.problem(path+".tokenUse", fmt.Sprintf("there is no tokenUse %.80q", o.TokenUse), "write once, or until-expiry for a token that is read from a file again and again")
	}
	if age := time.Duration(o.MaxAgeSeconds) * time.Second; age < trust.MinMaxAge || age > trust.MaxMaxAge {
		c.problem(path+".maxAge", fmt.Sprintf("maxAge %s is not within 1m and 24h", short(age)), "write how long after it was issued a token is still taken; 1h is the default")
	}
	if o.Login != nil {
		c.login(path+".login", *o.Login, o.Audiences)
	}
}

const copyIssuer = "copy it from issuer in the provider's /.well-known/openid-configuration"

// issuer refuses what discovery could not append a path to. What is accepted stays
// as it is written: a token's iss is compared byte for byte.
func (c *compiler) issuer(path, issuer string) {
	u, err := url.Parse(issuer)
	switch {
	case issuer == "":
		c.problem(path, "the issuer is missing", copyIssuer)
	case len(issuer) > maxIssuer:
		c.problem(path, fmt.Sprintf("the issuer has %d characters, %d is the most in RAM", len(issuer), maxIssuer), copyIssuer)
	case err != nil:
		c.problem(path, "the issuer has a blank or another character that no address has", copyIssuer)
	case u.User != nil: // with a password perhaps, which is not repeated
		c.problem(path, "the issuer has a user name before its host", copyIssuer)
	case u.Scheme == "http" && (!c.options.AllowLoopback || !loopback(u.Hostname())):
		c.problem(path, fmt.Sprintf("issuer %q is not reached by https", issuer), "write https://: who changes its keys on their way signs in as anybody")
	case strings.ContainsAny(issuer, "?#"):
		c.problem(path, fmt.Sprintf("issuer %.200q has a query or a fragment", issuer), "leave off what begins with ? or #: an issuer has neither")
	case !trust.ValidIssuer(issuer):
		c.problem(path, fmt.Sprintf("issuer %.200q is no https address", issuer), copyIssuer)
	}
}

// audiences refuses what would let one token be judged by two records: which of
// them decides must not be chance.
func (c *compiler) audiences(path string, s trust.Source) {
	audiences := s.OIDC.Audiences
	if len(audiences) == 0 {
		c.problem(path, "audiences is missing: a token for anybody would be taken", "name who tokens must be for, as the identity provider writes it into aud; sts.aliyuncs.com is usual")
	}
	if len(audiences) > maxAudiences {
		c.problem(path, fmt.Sprintf("%d audiences, %d is the most in RAM", len(audiences), maxAudiences), "make two records of it")
	}
	seen := map[string]bool{}
	for i, audience := range audiences[:min(len(audiences), maxAudiences)] {
		path := fmt.Sprintf("%s[%d]", path, i)
		other, taken := c.audience[[2]string{s.OIDC.Issuer, audience}]
		switch {
		case audience == "" || len(audience) > maxAudience:
			c.problem(path, fmt.Sprintf("the audience has %d characters, not 1 to %d", len(audience), maxAudience), "copy it from the claim aud")
		case seen[audience]:
			c.problem(path, fmt.Sprintf("audience %q stands here twice", audience), "remove one")
		case taken:
			c.problem(path, fmt.Sprintf("%s takes tokens of this issuer for audience %q already", other, audience), "give each record audiences of its own: a token must belong to one")
		default:
			c.audience[[2]string{s.OIDC.Issuer, audience}] = s.ID
		}
		seen[audience] = true
	}
}

func (c *compiler) login(path string, l trust.Login, audiences []string) {
	switch {
	case l.ClientID == "":
		c.problem(path+".clientID", "login has no clientID", "copy it from the application at the identity provider")
	case !slices.Contains(audiences, l.ClientID):
		c.problem(path+".clientID", fmt.Sprintf("clientID %.128q is none of audiences", l.ClientID), "add it there: the ID token of a sign-in names it in aud")
	}
	// What stands there may be the secret itself: it is not repeated.
	if _, ok := l.ClientSecret.Variable(); !ok && l.ClientSecret != "" {
		c.problem(path+".clientSecret", "clientSecret is no reference to a variable SSO_SECRET_…", `write "env:SSO_SECRET_NAME" and give the function that variable; a secret that stood in a file is to be replaced`)
	}
	if l.Scopes != nil && !slices.Contains(l.Scopes, scopeOpenID) {
		c.problem(path+".scopes", "scopes lacks openid", "add it: without it there is no ID token")
	}
	if !c.few(path+".scopes", len(l.Scopes), maxScopes) {
		return
	}
	for i, scope := range l.Scopes {
		path := fmt.Sprintf("%s.scopes[%d]", path, i)
		switch {
		case scope == "" || strings.ContainsFunc(scope, outsideScope):
			c.problem(path, fmt.Sprintf("%.80q is no scope", scope), "write one word each")
		case slices.Contains(l.Scopes[:i], scope):
			c.problem(path, fmt.Sprintf("scope %.80q stands here twice", scope), "remove one")
		}
	}
}

// outsideScope: RFC 6749 section 3.3.
func outsideScope(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
