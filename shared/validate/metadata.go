package validate

import (
	"cmp"
	"crypto/x509"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/reason"
	"github.com/fc-sso/fc-sso/shared/samldoc"
	"github.com/fc-sso/fc-sso/shared/trust"
)

// MetadataWant is what fetched metadata must agree with.
type MetadataWant struct {
	EntityID      string              // known from before; "" the first time
	Signers       []*x509.Certificate // of which one must have signed; none: nobody need have
	AllowLoopback bool                // http to this machine: the local stack's identity providers
}

// Metadata reads the metadata of one identity provider into the keys of its
// trust record. What it refuses is metadata_invalid and changes nothing.
func Metadata(xml []byte, now time.Time, want MetadataWant) (trust.Keys, error) {
	provider, err := samldoc.ParseMetadata(xml, samldoc.Wanted{EntityID: want.EntityID, Signers: want.Signers})
	if err != nil {
		return trust.Keys{}, err
	}
	switch {
	case want.EntityID != "" && provider.EntityID != want.EntityID:
		return trust.Keys{}, invalid("the entity ID is %.300q, it was %q: an issuer never changes", provider.EntityID, want.EntityID)
	case !provider.ValidUntil.IsZero() && !now.Before(provider.ValidUntil):
		return trust.Keys{}, invalid("it was valid until %s", stamp(provider.ValidUntil))
	}
	learned := trust.Keys{
		EntityID:                provider.EntityID,
		Certificates:            distinct(provider.Certificates),
		WantAuthnRequestsSigned: provider.WantAuthnRequestsSigned,
		SLO:                     want.logoutServices(provider.SLO),
		SignedBy:                trust.Fingerprint(provider.Signer),
		FetchedAt:               now.UTC(),
	}
	if learned.SSO, err = want.signOnServices(provider.SSO); err != nil {
		return trust.Keys{}, err
	}
	if _, err := learned.Parse(); err != nil {
		return trust.Keys{}, invalid("%w", err)
	}
	return learned, nil
}

// signOnServices keeps those that people are sent to by their browsers; SOAP and
// artifacts are for other profiles.
func (w MetadataWant) signOnServices(all []samldoc.Endpoint) ([]trust.Endpoint, error) {
	var kept []trust.Endpoint
	for _, e := range all {
		if e.Binding != trust.BindingRedirect && e.Binding != trust.BindingPOST {
			continue
		}
		if !w.allows(e.Location) {
			return nil, invalid("the single sign-on service %.300q is not https", e.Location)
		}
		kept = append(kept, trust.Endpoint{Binding: e.Binding, Location: e.Location})
	}
	return kept, nil
}

// logoutServices keeps those that can be answered by a form. One that cannot is
// no reason to refuse the keys: people can sign in without it.
func (w MetadataWant) logoutServices(all []samldoc.Endpoint) []trust.Endpoint {
	var kept []trust.Endpoint
	for _, e := range all {
		answer := cmp.Or(e.ResponseLocation, e.Location)
		if e.Binding == trust.BindingPOST && w.allows(answer) {
			kept = append(kept, trust.Endpoint{Binding: e.Binding, Location: answer})
		}
	}
	return kept
}

// distinct drops certificates that stand twice: a key descriptor for each use is
// usual, and so is one certificate in all of them.
func distinct(certificates []string) []string {
	var list []string
	for _, c := range certificates {
		if !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// allows says whether people may be sent to location.
func (w MetadataWant) allows(location string) bool {
	u, err := url.Parse(location)
	if err != nil {
		return false
	}
	if u.Scheme == "http" && w.AllowLoopback {
		address, err := netip.ParseAddr(u.Hostname())
		return u.Hostname() == "localhost" || err == nil && address.IsLoopback()
	}
	return u.Scheme == "https"
}

func invalid(format string, args ...any) error {
	return reason.New(reason.MetadataInvalid, "the metadata: "+format, args...)
}
