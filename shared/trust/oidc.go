package trust

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/ram"
)

// Kind is the protocol that an identity provider speaks.
type Kind string

// The kinds.
const (
	KindSAML Kind = "saml"
	KindOIDC Kind = "oidc"
)

// How often one token may be used.
const (
	Once        = "once"
	UntilExpiry = "until-expiry" // Kubernetes and SDKs read one token again and again
)

// Bounds of how old a token may be.
const (
	DefaultMaxAge = time.Hour
	MinMaxAge     = time.Minute
	MaxMaxAge     = 24 * time.Hour
)

// OIDC is the OpenID Connect side of a source.
type OIDC struct {
	Issuer        string   `json:"issuer"`    // the exact text of the claim iss
	Audiences     []string `json:"audiences"` // a token must name one of them
	TokenUse      string   `json:"tokenUse"`  // Once or UntilExpiry
	MaxAgeSeconds int      `json:"maxAgeSeconds"`
	Login         *Login   `json:"login,omitempty"`    // people may sign in with a browser
	Exchange      bool     `json:"exchange,omitempty"` // beside login, workloads may exchange tokens
}

// Login is our client at the identity provider.
type Login struct {
	ClientID     string          `json:"clientID"`
	ClientSecret SecretReference `json:"clientSecret,omitempty"`
	Scopes       []string        `json:"scopes,omitempty"`
}

// SecretReference says where a secret is: env:SSO_SECRET_NAME. What is written
// there by mistake may be the secret itself, so that only a valid reference
// prints; encoded it is what it is, for nothing is stored that was not checked.
type SecretReference string

// Variable is the environment variable that holds the secret. Only names that
// begin SSO_SECRET_ are for that: no file can make a function read, and send away,
// what else its environment holds.
func (s SecretReference) Variable() (name string, ok bool) {
	const characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
	name, ok = strings.CutPrefix(string(s), "env:")
	rest, ours := strings.CutPrefix(name, "SSO_SECRET_")
	if !ok || !ours || rest == "" || strings.Trim(rest, characters) != "" {
		return "", false
	}
	return name, true
}

func (s SecretReference) String() string {
	if _, ok := s.Variable(); ok || s == "" {
		return string(s)
	}
	return ram.Secret(s).String()
}

// Format keeps what is no reference out of every verb.
func (s SecretReference) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// Kind is the protocol that the source speaks; "" where it declares none or two.
func (s Source) Kind() Kind {
	switch {
	case s.OIDC == nil && !s.SAML.IsZero():
		return KindSAML
	case s.OIDC != nil && s.SAML.IsZero():
		return KindOIDC
	default:
		return ""
	}
}

// ValidIssuer says whether s may be an issuer: an https address, or http on this
// machine, as it stands in a token, byte for byte. Discovery appends a path to
// it, so that it has neither query nor fragment (OpenID Connect Discovery 3).
func ValidIssuer(s string) bool {
	visible := strings.IndexFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) < 0
	return visible && len(s) <= maxLocation && webAddress(s) && !strings.ContainsAny(s, "?#")
}

func (o OIDC) check() error {
	if !ValidIssuer(o.Issuer) {
		return fmt.Errorf("issuer %.200q is no https address without query", o.Issuer)
	}
	if len(o.Audiences) == 0 || slices.Contains(o.Audiences, "") {
		return errors.New("audiences has none, or an empty one")
	}
	if o.TokenUse != Once && o.TokenUse != UntilExpiry {
		return fmt.Errorf("tokenUse %.80q is neither %s nor %s", o.TokenUse, Once, UntilExpiry)
	}
	if age := time.Duration(o.MaxAgeSeconds) * time.Second; age < MinMaxAge || age > MaxMaxAge {
		return fmt.Errorf("maxAgeSeconds %d is not within %d and %d", o.MaxAgeSeconds, int(MinMaxAge.Seconds()), int(MaxMaxAge.Seconds()))
	}
	if o.Login == nil {
		return nil
	}
	return o.Login.check(o.Audiences)
}

func (l Login) check(audiences []string) error {
	if !slices.Contains(audiences, l.ClientID) {
		return fmt.Errorf("login.clientID %.200q is none of the audiences", l.ClientID)
	}
	if _, ok := l.ClientSecret.Variable(); !ok && l.ClientSecret != "" {
		return errors.New("login.clientSecret is no reference env:SSO_SECRET_NAME")
	}
	return nil
}

// cloneOIDC gives a copy that shares nothing with o; nil of none.
func cloneOIDC(o *OIDC) *OIDC {
	if o == nil {
		return nil
	}
	c := *o
	c.Audiences = slices.Clone(o.Audiences)
	if o.Login != nil {
		login := *o.Login
		login.Scopes = slices.Clone(o.Login.Scopes)
		c.Login = &login
	}
	return &c
}
