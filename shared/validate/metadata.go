package validate

import (
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
	EntityID      string // known from before; "" the first time
	AllowLoopback bool   // http to this machine: the local stack's identity providers
}

// Metadata reads the metadata of one identity provider into the keys of its
// trust record. What it refuses is metadata_invalid and changes nothing.
func Metadata(xml []byte, now time.Time, want MetadataWant) (trust.Keys, error) {
	provider, err := samldoc.ParseMetadata(xml)
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
		Certificates:            slices.Compact(provider.Certificates),
		WantAuthnRequestsSigned: provider.WantAuthnRequestsSigned,
		FetchedAt:               now.UTC(),
	}
	for _, endpoint := range provider.SSO {
		if endpoint.Binding != trust.BindingRedirect && endpoint.Binding != trust.BindingPOST {
			continue // SOAP, artifact: for other profiles
		}
		if !want.allows(endpoint.Location) {
			return trust.Keys{}, invalid("the single sign-on service %.300q is not https", endpoint.Location)
		}
		learned.SSO = append(learned.SSO, trust.Endpoint{Binding: endpoint.Binding, Location: endpoint.Location})
	}
	if _, err := learned.Parse(); err != nil {
		return trust.Keys{}, invalid("%w", err)
	}
	return learned, nil
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
