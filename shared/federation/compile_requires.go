package federation

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
)

// Limits of requires. Below a minute nobody gets from their identity provider to
// the role; beyond thirty days no session at an identity provider lives.
const (
	MinMaxAge = time.Minute
	MaxMaxAge = 30 * 24 * time.Hour

	maxACRs      = 10
	maxACRLength = 255
)

// Requires says how a person must have signed in for the rule to give something.
type Requires struct {
	acr    []string
	maxAge time.Duration
}

// IsZero says that any sign-in will do.
func (r Requires) IsZero() bool { return len(r.acr) == 0 && r.maxAge == 0 }

// AuthnContexts are the classes of which the sign-in must have one; none: any.
func (r Requires) AuthnContexts() []string { return slices.Clone(r.acr) }

// MaxAge is how long ago the person may have proved at the identity provider who
// they are; 0: as long as the session lasts.
func (r Requires) MaxAge() time.Duration { return r.maxAge }

func (c *compiler) requires(path string, d *RequiresDraft, source trust.Source) Requires {
	if d == nil {
		return Requires{}
	}
	r := Requires{acr: slices.Clone(d.ACR), maxAge: time.Duration(d.MaxAgeSeconds) * time.Second}
	if r.IsZero() {
		c.problem(path, "requires asks for nothing", "add acr: [CLASS] or maxAge: 12h, or remove it")
	}
	if len(r.acr) > maxACRs {
		c.problem(path+".acr", fmt.Sprintf("%d classes, %d is the most", len(r.acr), maxACRs), "name those that the identity provider has")
	}
	for i, class := range r.acr[:min(len(r.acr), maxACR)] {
		c.class(fmt.Sprintf("%s.acr[%d]", path, i), class, r.acr[:i], source)
	}
	c.few(path+".acr", len(r.acr), maxACR)
	if r.maxAge != 0 && (r.maxAge < MinMaxAge || r.maxAge > MaxMaxAge) {
		c.problem(path+".maxAge", fmt.Sprintf("maxAge %s is not within 1m and 720h", short(r.maxAge)), "write how long ago the person may have signed in: 15m, 12h")
	}
	return r
}

// maxACR is more classes than an identity provider knows.
const maxACR = 50

// class is a URI in SAML (saml-core 3.3.2.2.1). OpenID Connect takes any word, but
// sends several parted by blanks.
func (c *compiler) class(path, class string, before []string, source trust.Source) {
	switch {
	case class == "" || len(class) > maxACRLength || strings.ContainsFunc(class, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		c.problem(path, fmt.Sprintf("%.200q is no name of a class", class), "copy it from the identity provider, without blanks")
	case slices.Contains(before, class):
		c.problem(path, fmt.Sprintf("class %s stands here twice", class), "remove one")
	case source.Kind() == trust.KindSAML && !isURI(class):
		c.problem(path, fmt.Sprintf("%s is no URI, and SAML names classes by URIs", class), "write it whole: urn:oasis:names:tc:SAML:2.0:ac:classes:MobileTwoFactorContract")
	}
}

func isURI(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && (u.Opaque != "" || u.Host != "")
}
