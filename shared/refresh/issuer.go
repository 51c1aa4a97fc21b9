package refresh

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/fc-sso/fc-sso/shared/trust"
	"github.com/fc-sso/fc-sso/shared/validate"
)

// issuerTime is how long the documents of an issuer may take, both together.
const issuerTime = 5 * time.Second

// issuer fetches the discovery document, and the key set that it names.
func (r Refresher) issuer(ctx context.Context, source trust.Source) (compare, error) {
	ctx, cancel := context.WithTimeout(ctx, issuerTime)
	defer cancel()
	discovery, err := r.json(ctx, source, validate.DiscoveryAddress(source.OIDC.Issuer))
	if err != nil {
		return nil, err
	}
	var chains chains
	chains.add(validate.DiscoveryAddress(source.OIDC.Issuer), discovery)
	learned, err := validate.Discovery(discovery.Body, validate.IssuerWant{
		Issuer: source.OIDC.Issuer, Login: source.OIDC.Login != nil, AllowLoopback: r.AllowLoopback,
	})
	if err != nil {
		return nil, err
	}
	set, err := r.json(ctx, source, learned.JWKSURI)
	if err != nil {
		return nil, err
	}
	chains.add(learned.JWKSURI, set)
	learned, skipped, err := validate.JWKS(set.Body, r.Now(), learned)
	if err != nil {
		return nil, err
	}
	skipped = append(skipped, chains.skipped...)
	return func(stored []byte) (Result, error) {
		var known trust.Issuer
		if strict(stored, &known) != nil || known.Issuer != learned.Issuer {
			known = trust.Issuer{}
		}
		learned.Chains = chains.with(known.Chains)
		learned, change, err := trust.PlanIssuer(source, known, learned, r.Now())
		if r.Forget {
			learned.Retiring = nil
		}
		result := Result{Issuer: learned, Skipped: skipped, Changed: true, Change: change, Chains: learned.Chains}
		if err == nil && sameIssuer(known, learned) {
			result.Issuer, result.Changed = known, false
		}
		return result, err
	}, nil
}

func (r Refresher) json(ctx context.Context, source trust.Source, address string) (Fetched, error) {
	return r.Fetch(ctx, Document{Address: address, How: source.Fetch, Accept: "application/json", MaxSize: validate.MaxIssuerDocument})
}

// sameIssuer compares all but the hour at which it was fetched.
func sameIssuer(a, b trust.Issuer) bool {
	return a.Issuer == b.Issuer && a.JWKSURI == b.JWKSURI && a.ISSParameter == b.ISSParameter &&
		a.AuthorizationEndpoint == b.AuthorizationEndpoint && a.TokenEndpoint == b.TokenEndpoint &&
		slices.Equal(a.TokenAuth, b.TokenAuth) &&
		slices.EqualFunc(a.Keys, b.Keys, sameText) && sameRetiring(a.Retiring, b.Retiring, sameText) &&
		sameDates(a.Since, b.Since) && trust.SameChains(a.Chains, b.Chains)
}

func sameText(a, b json.RawMessage) bool { return bytes.Equal(a, b) }
