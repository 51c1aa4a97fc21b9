package validate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fc-sso/fc-sso/shared/jose"
	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// MaxIssuerDocument is how large a discovery document or a key set may be. The
// largest that was seen has 20 KB.
const MaxIssuerDocument = jose.MaxSet

// IssuerWant is what the documents of an issuer must agree with.
type IssuerWant struct {
	Issuer        string // as it was declared, byte for byte
	Login         bool   // people sign in: they are sent to its endpoints
	AllowLoopback bool   // http to this machine: the local stack's identity providers
}

// DiscoveryAddress is where an issuer says what it is (OpenID Connect Discovery 4):
// its last slash gives way to the path.
func DiscoveryAddress(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
}

// Discovery reads the discovery document of an issuer, which names everything but
// its keys. What it refuses is metadata_invalid and changes nothing.
//
// The issuer in it must be the one that was declared: an issuer that names another
// could speak for that one (Discovery 4.3), and tokens bear the name exactly so.
func Discovery(text []byte, want IssuerWant) (trust.Issuer, error) {
	if len(text) > MaxIssuerDocument {
		return trust.Issuer{}, undiscovered("it has %d bytes, %d is the most", len(text), MaxIssuerDocument)
	}
	o, err := jose.ParseObject(text)
	if err != nil {
		return trust.Issuer{}, undiscovered("%w", err)
	}
	learned := trust.Issuer{ISSParameter: slices.Equal(o.Texts("authorization_response_iss_parameter_supported"), []string{"true"})}
	if learned.Issuer, _ = o.Text("issuer"); learned.Issuer != want.Issuer {
		return trust.Issuer{}, undiscovered("issuer is %.300q, %q was declared: they must be the same, a last slash included", learned.Issuer, want.Issuer)
	}
	if learned.JWKSURI, err = want.endpoint(o, "jwks_uri", true); err != nil {
		return trust.Issuer{}, err
	}
	if learned.AuthorizationEndpoint, err = want.endpoint(o, "authorization_endpoint", want.Login); err != nil {
		return trust.Issuer{}, err
	}
	if learned.TokenEndpoint, err = want.endpoint(o, "token_endpoint", want.Login); err != nil {
		return trust.Issuer{}, err
	}
	if learned.TokenAuth, err = tokenAuth(o); err != nil {
		return trust.Issuer{}, err
	}
	return learned, nil
}

// endpoint is an address that the issuer names. One that nobody will be sent to is
// left out where it is none: Kubernetes names a URN as its authorization endpoint.
func (w IssuerWant) endpoint(o jose.Object, name string, needed bool) (string, error) {
	address, _ := o.Text(name)
	switch {
	case trust.ValidEndpoint(address) && MetadataWant{AllowLoopback: w.AllowLoopback}.allows(address):
		return address, nil
	case !needed:
		return "", nil
	case !o.Has(name):
		return "", undiscovered("%s is missing", name)
	}
	return "", undiscovered("%s is %.300q, an https address is wanted", name, strings.Join(o.Texts(name), " "))
}

// tokenAuth are the ways in which a client of ours may prove itself, of those that
// we know. An issuer that names none means the first (Discovery 3).
func tokenAuth(o jose.Object) ([]string, error) {
	const name = "token_endpoint_auth_methods_supported"
	known := []string{"client_secret_basic", "client_secret_post", "none"}
	if !o.Has(name) {
		return known[:1], nil
	}
	offered, ok := o.TextList(name)
	if !ok {
		return nil, undiscovered("%s is no list of texts", name)
	}
	return slices.DeleteFunc(known, func(method string) bool { return !slices.Contains(offered, method) }), nil
}

// JWKS adds the keys of an issuer's key set to what its discovery document said,
// in an order of our own: a set that was only shuffled is the same. A key that is
// of no use to us hides no other, and skipped says why it is of none. A set without
// any that is of use is refused as metadata_invalid.
func JWKS(text []byte, now time.Time, of trust.Issuer) (learned trust.Issuer, skipped []string, err error) {
	keys, unusable, err := jose.ParseSet(text)
	if err != nil {
		return trust.Issuer{}, nil, reason.New(reason.MetadataInvalid, "the issuer's keys: %w", err)
	}
	for _, u := range unusable {
		skipped = append(skipped, fmt.Sprintf("key %d: %s", u.Index+1, u.Why))
	}
	of.Keys, of.FetchedAt = nil, now.UTC()
	for _, key := range keys {
		of.Keys = append(of.Keys, key.Text())
	}
	slices.SortFunc(of.Keys, func(a, b json.RawMessage) int { return bytes.Compare(a, b) })
	if _, err := of.Parse(); err != nil {
		return trust.Issuer{}, nil, reason.New(reason.MetadataInvalid, "the issuer: %w", err)
	}
	return of, skipped, nil
}

func undiscovered(format string, args ...any) error {
	return reason.New(reason.MetadataInvalid, "the discovery document: "+format, args...)
}
